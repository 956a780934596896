//! How the program is started: twice, with files, with what it left behind.

use std::fs;

use lake_tests::running::adt;
use lake_tests::window::{Setup, journey};

/// Now and then the message bus has not yet heard of the end of one program when the next one asks for its place.
const KILLS: usize = 20;

#[tokio::test]
async fn a_second_start_goes_to_the_first_window() {
    journey("second start", Setup::default(), async |computer| {
        let page = computer.begin("admin").await;
        let file = computer.files().join("opened.hl7");
        fs::write(&file, adt("OPENED", 1)).expect("a file");
        computer.start_once_more(&[&file]).await;
        page.screen("Send 1 message?").await;
        computer.start_once_more(&[]).await;
        page.screen("Send 1 message?").await;
        let windows = computer.display.titles();
        let ours = windows.iter().filter(|title| title.contains("Lake Steward")).count();
        assert_eq!(ours, 1, "still one window: {windows:?}");
    })
    .await;
}

#[tokio::test]
async fn a_file_opened_with_the_program_is_looked_through_as_soon_as_that_can_be() {
    journey("start with a file", Setup::default(), async |computer| {
        let file = computer.files().join("opened.hl7");
        fs::write(&file, adt("OPENED", 1)).expect("a file");
        computer.begin("admin").await;
        computer.close_desktop().await;
        let page = computer.start_desktop_with(&[&file]).await;
        page.screen("Send 1 message?").await;
    })
    .await;
}

#[tokio::test]
async fn a_start_that_fails_says_why_in_a_window() {
    journey("start in vain", Setup::default(), async |computer| {
        let home = computer.home();
        if home.exists() {
            fs::remove_dir_all(&home).expect("a folder of ours");
        }
        fs::write(&home, "no folder").expect("a file in its place");
        computer.start_in_vain("This program's folder cannot be used").await;
        fs::remove_file(&home).expect("moved away, as it was told");
        computer.start_desktop().await.screen("Welcome to Lake Steward").await;
    })
    .await;
}

#[tokio::test]
#[ignore = "takes longer: cargo xtask prove window"]
async fn a_start_just_after_a_kill_has_its_window() {
    journey("starts after kills", Setup::default(), async |computer| {
        for _ in 0..KILLS {
            let page = computer.start_desktop().await;
            page.screen("Welcome to Lake Steward").await;
            computer.kill_desktop().await;
        }
    })
    .await;
}
