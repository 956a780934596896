//! Sending with all that gets in its way: the steward, a killed program, a killed lake, another program.

use std::time::Duration;

use lake_tests::running::steward;
use lake_tests::window::{Computer, LakeBeside, Name, Page, Setup, journey, until};

use crate::steps::{STAGED, batch, sum, sum_is, sum_is_within};

/// More than is sent between two looks, also on a quick machine.
const MANY: usize = 3_000;
/// How long sending or staging so many may take on a busy one.
pub(crate) const SENT: Duration = Duration::from_secs(240);

#[tokio::test]
async fn a_steward_pauses_resumes_and_cancels() {
    journey("pause, resume, cancel", Setup::default(), async |computer| {
        let page = sending(computer).await;
        page.press("Pause").await;
        page.screen("Paused").await;
        let paused = sum(&page, "found").await;
        assert_eq!(paused.total, MANY as u64, "all are accounted for");
        page.press("Cancel").await;
        page.see("dialog", Name::Begins("Cancel the rest")).await;
        page.press("Keep it").await;
        page.gone("dialog", Name::Begins("Cancel the rest")).await;
        page.press("Resume").await;
        page.screen("Sending").await;
        page.press("Pause").await;
        page.screen("Paused").await;
        page.press("Cancel").await;
        page.press("Cancel the rest").await;
        page.screen("Cancelled").await;
        let cancelled = sum(&page, "found").await;
        assert_eq!(cancelled.total, MANY as u64, "still all of them: {cancelled:?}");
        assert!(
            cancelled.parts.iter().any(|(name, count)| name == "not sent" && *count > 0),
            "the rest stays: {cancelled:?}"
        );
        // The same files once more: what is there is a duplicate, the rest is sent.
        page.press("Submit more").await;
        page.screen("Submit").await;
        computer.drop_files(&[&computer.files().join("many.hl7")]).await;
        page.screen("Send 3,000 messages?").await;
        page.press("Send").await;
        page.see_within(SENT, "heading", "Finished").await;
        let again = sum(&page, "found").await;
        let names: Vec<&str> = again.parts.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["in the lake", "duplicate"], "nothing is lost, nothing is twice: {again:?}");
    })
    .await;
}

#[tokio::test]
async fn a_killed_desktop_goes_on_where_it_was() {
    journey("killed while sending", Setup::default(), async |computer| {
        let page = sending(computer).await;
        some_are_in(&page).await;
        computer.kill_desktop().await;

        let page = computer.start_desktop().await;
        // The keyring has the sign-in, and the steward has said yes before: it goes on by itself.
        page.screen("Today").await;
        page.reads("1 unfinished submission").await;
        page.press(Name::Begins("Open the submission")).await;
        page.see_within(SENT, "heading", "Finished").await;
        sum_is(&page, "found", &[("in the lake", MANY as u64)]).await;
        sum_is_within(SENT, &page, "in the lake", &[("ready to use", MANY as u64)]).await;
    })
    .await;
}

#[tokio::test]
async fn a_killed_lake_is_waited_for() {
    journey("the lake killed and back", Setup::default(), async |computer| {
        let lake = LakeBeside::start(computer).await;
        let page = sending(computer).await;
        some_are_in(&page).await;
        lake.kill().await;
        page.screen("Waiting for the lake").await;
        page.reads("It goes on by itself as soon as the lake answers").await;
        let _lake = LakeBeside::start(computer).await;
        page.press("Try now").await;
        page.see_within(SENT, "heading", "Finished").await;
        sum_is(&page, "found", &[("in the lake", MANY as u64)]).await;
    })
    .await;
}

#[tokio::test]
#[ignore = "takes longer: cargo xtask prove window"]
async fn another_program_sends_first() {
    journey("another program sends", Setup::default(), async |computer| {
        let page = computer.begin("admin").await;
        // So many that the command is at it when the desktop looks.
        let (theirs, ours) = (batch(computer, "theirs.hl7", 4 * MANY), batch(computer, "ours.hl7", 10));
        let mut command = tokio::process::Command::new(steward())
            .arg("submit")
            .arg(&theirs)
            .envs(computer.environment())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("steward starts");
        page.follow(Name::Begins("Submit")).await;
        until("the command's submission is listed", STAGED, async || {
            page.has("row", Name::Has("Sending")).await.then_some(())
        })
        .await;
        computer.drop_files(&[&ours]).await;
        page.screen("Send 10 messages?").await;
        page.press("Send").await;
        page.screen("Waiting for another program").await;
        let ended =
            tokio::time::timeout(SENT, command.wait()).await.expect("it ends").expect("a process of ours");
        assert!(ended.success(), "the command sent its messages: {ended}");
        page.see_within(SENT, "heading", "Finished").await;
        sum_is(&page, "found", &[("in the lake", 10)]).await;
    })
    .await;
}

/// Signed in, and a large submission is being sent.
async fn sending(computer: &mut Computer) -> Page {
    let page = computer.begin("admin").await;
    let many = batch(computer, "many.hl7", MANY);
    computer.drop_files(&[&many]).await;
    page.screen("Send 3,000 messages?").await;
    page.press("Send").await;
    page.screen("Sending").await;
    page
}

/// Waits until some messages are in the lake and some are not.
async fn some_are_in(page: &Page) {
    until("some messages are in the lake", STAGED, async || {
        let sum = sum(page, "found").await;
        sum.parts.iter().any(|(name, count)| name == "in the lake" && *count > 0).then_some(())
    })
    .await;
}
