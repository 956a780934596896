//! Locking: what is on the screen is hidden, what is being sent goes on, and only a sign-in unlocks.

use std::time::Duration;

use lake_tests::window::{Computer, Name, Page, Setup, journey};

use crate::session::menu;
use crate::steps::{batch, messages, sum_is};

#[tokio::test]
async fn a_locked_screen_hides_everything_and_sending_goes_on() {
    journey("locked while sending", Setup::default(), async |computer| {
        let page = computer.begin("admin").await;
        let many = batch(computer, "many.hl7", 2_000);
        computer.drop_files(&[&many]).await;
        page.screen("Send 2,000 messages?").await;
        page.press("Send").await;
        page.screen("Sending").await;
        menu(&page, "admin@example.com", "Lock now").await;
        page.screen("Locked").await;
        page.reads("Sending goes on").await;
        hides(&page).await;
        // The lock outlives the program.
        let later = messages(computer, "later", 1);
        computer.drop_files(&[&later]).await;
        page.reads("1 folder kept.").await;
        page.gone("heading", "Sending goes on").await;
        unlock(computer, &page).await;
        page.screen("Send 1 message?").await;
        page.follow(Name::Begins("Submit")).await;
        page.click("row", Name::Has("2,000")).await;
        page.keys(&[thirtyfour::Key::Enter]).await;
        page.screen("Finished").await;
        sum_is(&page, "found", &[("in the lake", 2_000)]).await;
    })
    .await;
}

#[tokio::test]
async fn a_lock_outlives_the_program() {
    journey("locked and killed", Setup::default(), async |computer| {
        let page = computer.begin("admin").await;
        menu(&page, "admin@example.com", "Lock now").await;
        page.screen("Locked").await;
        computer.kill_desktop().await;
        let page = computer.start_desktop().await;
        page.screen("Locked").await;
        hides(&page).await;
        unlock(computer, &page).await;
        page.screen("Today").await;
    })
    .await;
}

#[tokio::test]
#[ignore = "waits a minute and more: cargo xtask prove window"]
async fn the_screen_locks_when_nobody_is_there() {
    journey("idle lock", Setup::default(), async |computer| {
        let page = computer.begin("admin").await;
        page.follow("Settings").await;
        page.click("tab", Name::Begins("This computer")).await;
        page.choose("Lock the screen when nobody is there", "After 1 minute").await;
        page.follow("Today").await;
        page.screen("Today").await;
        page.see_within(Duration::from_secs(100), "heading", "Locked").await;
        hides(&page).await;
        unlock(computer, &page).await;
        page.screen("Today").await;
    })
    .await;
}

/// Neither numbers nor names of the lake are there, and no way to them.
async fn hides(page: &Page) {
    assert!(!page.has("navigation", Name::Has("")).await, "no way to the screens");
    assert!(!page.has("grid", Name::Has("")).await && !page.has("row", Name::Has("")).await, "no table");
    let text = page.text().await;
    for hidden in ["my_hospital_123", "many.hl7", "WARD"] {
        assert!(!text.contains(hidden), "`{hidden}` is hidden");
    }
}

/// Unlocks; the browser asks for a sign-in although it is signed in.
async fn unlock(computer: &mut Computer, page: &Page) {
    let _turn = lake_tests::robot::turn().await;
    page.press("Unlock by signing in").await;
    let address = computer.browser.next_address().await;
    assert!(
        address.query().is_some_and(|query| query.contains("prompt=login")),
        "it asks again: {}",
        address.path()
    );
    computer.browser.sign_in(address, "admin").await;
}
