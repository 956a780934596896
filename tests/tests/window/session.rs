//! Signing in and out, and everything that keeps somebody from it.

use std::net::TcpListener;
use std::time::Duration;

use lake_tests::robot;
use lake_tests::running::{adt, steward};
use lake_tests::window::{Browsing, Computer, Keyring, LakeBeside, Name, Page, Setup, journey, until};

use crate::steps::{STAGED, sum_is};

#[tokio::test]
async fn who_signs_out_is_asked_again() {
    journey("sign-out", Setup::default(), async |computer| {
        let page = computer.begin("admin").await;
        menu(&page, "admin@example.com", "Sign out").await;
        page.screen("Sign in to the practice lake").await;
        let logout = computer.browser.next_address().await;
        assert!(logout.path().contains("logout"), "the browser signs out too: {}", logout.path());
        computer.browser.open(logout).await;
        computer.sign_in("reader").await;
        page.screen("Today").await;
        page.reads("reader@example.com").await;

        // A sign-out elsewhere on this computer holds here.
        let ended = tokio::process::Command::new(steward())
            .arg("sign-out")
            .envs(computer.environment())
            .output()
            .await
            .expect("steward runs");
        assert!(ended.status.success(), "the command signs out: {}", String::from_utf8_lossy(&ended.stderr));
        // Whoever looks again is told; a desktop that has noticed by itself has nothing left to look at.
        until("the desktop has noticed", STAGED, async || {
            if page.has("heading", "Sign in to the practice lake").await {
                return Some(());
            }
            page.try_click("button", "Count again").await;
            None
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_sign_in_can_be_given_up_here_and_there() {
    journey("a sign-in given up", Setup::default(), async |computer| {
        let page = at_the_sign_in(computer).await;
        let turn = robot::turn().await;
        page.press("Sign in").await;
        page.screen("Sign in in your browser").await;
        page.see("timer", Name::Has(":")).await;
        // Who cancels sooner has no page opened at all.
        let stale = computer.browser.next_address().await;
        page.press("Cancel").await;
        page.screen("Sign in to the practice lake").await;

        page.press("Sign in").await;
        let address = computer.browser.next_address().await;
        assert_ne!(stale, address, "each sign-in is its own");
        computer.browser.cancel(address).await;
        page.screen("Sign in to the practice lake").await;
        page.see("button", "Sign in").await;
        drop(turn);
        computer.sign_in("admin").await;
        page.screen("Today").await;
    })
    .await;
}

#[tokio::test]
async fn without_a_browser_the_address_can_be_copied() {
    let setup = Setup { browsing: Browsing::Absent, ..Setup::default() };
    journey("no browser", setup, async |computer| {
        let page = at_the_sign_in(computer).await;
        let _turn = robot::turn().await;
        page.press("Sign in").await;
        page.reads("No browser could be opened").await;
        page.see("button", Name::Begins("Copy")).await;
        page.press("Cancel").await;
        page.screen("Sign in to the practice lake").await;
    })
    .await;
}

#[tokio::test]
async fn taken_ports_are_named() {
    journey("ports taken", Setup::default(), async |computer| {
        let page = at_the_sign_in(computer).await;
        let turn = robot::turn().await;
        // A sign-in that nobody finishes holds one for five minutes.
        let taken = until("the three ports are to be had", Duration::from_secs(6 * 60), async || {
            let bound = (47113..=47115).map(|port| TcpListener::bind(("127.0.0.1", port)).ok());
            bound.collect::<Option<Vec<_>>>()
        })
        .await;
        page.press("Sign in").await;
        page.reads("The browser has no way back to this program").await;
        page.reads("47113, 47114, 47115").await;
        drop(taken);
        drop(turn);
        computer.sign_in("admin").await;
        page.screen("Today").await;
    })
    .await;
}

#[tokio::test]
async fn without_a_keyring_a_sign_in_lasts_until_the_end() {
    let setup = Setup { keyring: Keyring::Absent, ..Setup::default() };
    journey("no keyring", setup, async |computer| {
        let page = at_the_sign_in(computer).await;
        page.reads("Your sign-in cannot be kept").await;
        computer.sign_in("admin").await;
        page.screen("Today").await;
        page.reads("you will be asked to sign in again when the program was closed").await;
        page.press("Put away").await;
        computer.close_desktop().await;
        let page = computer.start_desktop().await;
        page.screen("Sign in to the practice lake").await;
    })
    .await;
}

#[tokio::test]
async fn a_sign_in_that_the_lake_ends_is_asked_for_again() {
    journey("the sign-in ends", Setup::default(), async |computer| {
        let lake = LakeBeside::start(computer).await;
        let page = computer.begin("admin").await;
        page.reads("Nothing has come in yet").await;
        // Another lake stands there now: it knows neither the token nor its renewal.
        lake.kill().await;
        std::fs::rename(computer.home().join("lake"), computer.home().join("old lake"))
            .expect("a folder of ours");
        let _lake = LakeBeside::start(computer).await;
        let file = computer.files().join("one.hl7");
        std::fs::write(&file, adt("AFTER", 1)).expect("a file");
        computer.drop_files(&[&file]).await;
        page.screen("Send 1 message?").await;
        page.press("Send").await;
        page.reads("Sign in again").await;
        computer.sign_in("admin").await;
        page.follow(Name::Begins("Submit")).await;
        page.click("row", Name::Has("Finished")).await;
        page.keys(&[thirtyfour::Key::Enter]).await;
        page.screen("Finished").await;
        sum_is(&page, "found", &[("in the lake", 1)]).await;
    })
    .await;
}

#[tokio::test]
async fn with_a_keyring_a_sign_in_outlives_the_program() {
    journey("keyring", Setup::default(), async |computer| {
        let _ = computer.begin("admin").await;
        computer.close_desktop().await;
        let page = computer.start_desktop().await;
        page.screen("Today").await;
        page.reads("admin@example.com").await;
    })
    .await;
}

#[tokio::test]
#[ignore = "waits five minutes: cargo xtask prove window"]
async fn a_sign_in_that_nobody_finishes_ends() {
    journey("nobody signs in", Setup::default(), async |computer| {
        let page = at_the_sign_in(computer).await;
        page.press("Sign in").await;
        page.screen("Sign in in your browser").await;
        page.reads_within(Duration::from_secs(6 * 60), "Nobody signed in").await;
        page.reads("The browser did not come back within 5 minutes").await;
        computer.browser.next_address().await;
        computer.sign_in("admin").await;
        page.screen("Today").await;
    })
    .await;
}

/// Chooses something of the menu in the banner.
pub(crate) async fn menu(page: &Page, user: &str, item: &str) {
    page.press(Name::Has(user)).await;
    page.click("menuitem", Name::Begins(item)).await;
}

/// The practice lake runs, and nobody is signed in.
async fn at_the_sign_in(computer: &mut Computer) -> Page {
    let page = computer.start_desktop().await;
    page.press("Practise on this computer").await;
    page.screen("Sign in to the practice lake").await;
    until("the lake is ready for a sign-in", STAGED, async || {
        page.has("button", "Sign in").await.then_some(())
    })
    .await;
    page
}
