//! A newcomer's way: from the first start to messages that are ready to use, by one click each.

use lake_tests::window::{Computer, Name, Setup, dialog, journey, until};

use crate::steps::{STAGED, sum_is};

#[tokio::test]
async fn a_newcomer_comes_from_the_first_start_to_ready_messages() {
    journey("main path", Setup::default(), main_path).await;
}

async fn main_path(computer: &mut Computer) {
    let page = computer.begin("admin").await;
    for told in ["Practice lake", "my_hospital_123", "You may read and send", "admin@example.com"] {
        page.reads(told).await;
    }
    page.reads("Nothing has come in yet").await;

    page.press("Try it with sample files").await;
    page.screen("Send 11 messages?").await;
    page.reads("my_hospital_123").await;
    page.press("Send").await;
    page.screen("Finished").await;
    sum_is(&page, "found", &[("in the lake", 10), ("duplicate", 1)]).await;
    sum_is(&page, "in the lake", &[("ready to use", 9), ("need attention", 1)]).await;
    // Sent once it says so: the file without a message is listed apart, and was not sent.
    page.click("tab", Name::Begins("Without a message")).await;
    page.reads("9 shopping list.txt").await;
    page.click("tab", Name::Begins("Messages")).await;

    page.press("Show which").await;
    until("one message needs attention", STAGED, async || (rows(computer).await == 1).then_some(())).await;
    page.click("row", Name::Has("7 damaged header.hl7")).await;
    page.see("complementary", "Details").await;
    page.press("Show its history").await;
    page.reads("Received").await;
    page.press("Close the details").await;

    page.press("Save report").await;
    let report = computer.files().join("report.csv");
    dialog::answer(&computer.display, &report).await;
    page.reads("Saved as report.csv").await;
    let report = std::fs::read_to_string(&report).expect("the report");
    assert_eq!(report.lines().count(), 12, "a heading and a line for each message: {report}");

    page.follow("Today").await;
    page.screen("Today").await;
    page.see("link", Name::Has("Received 10")).await;
    page.see("link", Name::Has("Ready to use 9")).await;
    page.see("link", Name::Has("Need attention 1")).await;
    page.follow(Name::Has("Need attention 1")).await;
    page.screen("Messages").await;
    until("the one that needs attention is listed", STAGED, async || {
        (rows(computer).await == 1).then_some(())
    })
    .await;

    assert_eq!(
        computer.display.titles().iter().filter(|title| title.contains("Lake Steward")).count(),
        1,
        "one window"
    );
    let notices = computer.notices();
    assert!(notices.contains("11 messages: 10 in the lake, 1 duplicate"), "a notice with counts: {notices}");
    assert!(!notices.contains(".hl7"), "and no name of a file: {notices}");
    computer.close_desktop().await;
}

/// Rows of the table on the screen, without its head.
async fn rows(computer: &Computer) -> usize {
    computer.page().count("row", Name::Has("")).await.saturating_sub(1)
}
