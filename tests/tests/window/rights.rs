//! What stewards with fewer rights are shown, and told.

use lake_tests::window::{Name, Setup, journey};

use crate::steps::{messages, sum_is};

#[tokio::test]
async fn a_reader_sees_everything_and_sends_nothing() {
    journey("reader", Setup::default(), async |computer| {
        let page = computer.begin("reader").await;
        page.reads("You may read").await;
        page.follow(Name::Begins("Submit")).await;
        page.reads("This sign-in may not send").await;
        let folder = messages(computer, "mine", 2);
        computer.drop_files(&[&folder]).await;
        page.reads("The files were looked through; nothing was sent.").await;
        assert!(!page.has("button", "Send").await, "there is nothing to send with");
        page.press("Leave it").await;
        page.screen("Submit").await;
        page.follow("Today").await;
        page.reads("Nothing has come in yet").await;
    })
    .await;
}

#[tokio::test]
async fn a_writer_sends_and_sees_nothing_of_the_lake() {
    journey("writer", Setup::default(), async |computer| {
        let page = computer.begin("writer").await;
        page.reads("This sign-in may not read messages").await;
        page.press("Submit files").await;
        page.screen("Submit").await;
        let folder = messages(computer, "mine", 2);
        computer.drop_files(&[&folder]).await;
        page.screen("Send 2 messages?").await;
        page.press("Send").await;
        page.screen("Finished").await;
        sum_is(&page, "found", &[("in the lake", 2)]).await;
        sum_is(&page, "in the lake", &[("cannot be told: this sign-in may not read", 2)]).await;
        page.follow("Messages").await;
        page.reads("Ask the lake’s administrator for the right to read").await;
    })
    .await;
}
