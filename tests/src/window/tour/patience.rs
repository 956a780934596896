//! What comes only to who waits: another program at work, a computer in the way, a lake that does not say, nobody who
//! signs in.

use std::process::Stdio;
use std::time::Duration;

use rusqlite::Connection;

use super::{State, Tour, menu, messages, write};
use crate::robot;
use crate::running::{adt, steward};
use crate::window::computer::Computer;
use crate::window::lake::LakeBeside;
use crate::window::page::{Name, Page};

/// How long a program waits for another one's change of the queue, and a request for its answer; with some room.
const WAITED: Duration = Duration::from_secs(90);
/// How long sending, or giving up on it, takes on a busy machine.
const SENT: Duration = Duration::from_secs(240);
/// How long a sign-in is waited for, with some room.
const NOBODY_COMES: Duration = Duration::from_secs(6 * 60);

impl<L: AsyncFnMut(&Computer, State)> Tour<'_, L> {
    pub(super) async fn patience(&mut self, computer: &mut Computer) {
        let lake = LakeBeside::start(computer).await;
        let page = computer.begin("admin").await;
        self.screen = "Submit";
        self.another_program(computer, &page).await;
        self.this_computer(computer, &page).await;
        self.no_answer(computer, &page, &lake).await;
        self.no_sign_in(computer, &page, lake).await;
    }

    async fn another_program(&mut self, computer: &Computer, page: &Page) {
        let theirs = write(computer, "theirs.hl7", &messages(12_000));
        let mut command = tokio::process::Command::new(steward())
            .arg("submit")
            .arg(&theirs)
            .envs(computer.environment())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("steward starts");
        page.follow(Name::Begins("Submit")).await;
        page.see("row", Name::Has("Sending")).await;
        computer.drop_files(&[&write(computer, "ours.hl7", &adt("OURS", 1))]).await;
        page.screen("Send 1 message?").await;
        page.press("Send").await;
        page.screen("Waiting for another program").await;
        self.see(computer, "submit-another-program", "Another program sends first.").await;
        let ended = tokio::time::timeout(SENT, command.wait()).await.expect("it ends");
        assert!(ended.expect("a process of ours").success(), "the command sent its messages");
        page.see_within(SENT, "heading", "Finished").await;
    }

    async fn this_computer(&mut self, computer: &Computer, page: &Page) {
        let many = write(computer, "many.hl7", &messages(30_000));
        computer.drop_files(&[&many]).await;
        page.see_within(WAITED, "heading", Name::Begins("Send 30,000")).await;
        page.press("Send").await;
        page.screen("Sending").await;
        // As a program would that was stopped in the middle of a change.
        let other = Connection::open(computer.home().join("queue.sqlite")).expect("the queue's file");
        other.busy_timeout(WAITED).expect("it waits for its turn");
        other.execute_batch("BEGIN IMMEDIATE").expect("its turn comes");
        // What is to be written down is tried for a while, and so is why it could not be.
        page.see_within(SENT, "heading", "Waiting for this computer").await;
        self.see(computer, "submit-waits-for-computer", "The queue's file cannot be written.").await;
        other.execute_batch("ROLLBACK").expect("let go");
        drop(other);
        page.press("Cancel").await;
        page.press("Cancel the rest").await;
        page.see_within(WAITED, "heading", "Cancelled").await;
    }

    async fn no_answer(&mut self, computer: &Computer, page: &Page, lake: &LakeBeside) {
        computer.drop_files(&[&write(computer, "late.hl7", &adt("LATE", 1))]).await;
        page.screen("Send 1 message?").await;
        lake.freeze();
        page.press("Send").await;
        page.see_within(WAITED, "heading", "Checking what arrived").await;
        page.see("row", Name::Has("Checking")).await;
        let says = "No answer came: the lake is asked whether it has the message.";
        self.see(computer, "submit-checking", says).await;
        lake.thaw();
        page.see_within(SENT, "heading", "Finished").await;
    }

    async fn no_sign_in(&mut self, computer: &mut Computer, page: &Page, lake: LakeBeside) {
        computer.drop_files(&[&write(computer, "after.hl7", &adt("AFTER", 1))]).await;
        page.screen("Send 1 message?").await;
        // Another lake stands there now, which knows nobody.
        lake.kill().await;
        let (old, aside) = (computer.home().join("lake"), computer.home().join("old lake"));
        std::fs::rename(old, aside).expect("a folder of ours");
        let _lake = LakeBeside::start(computer).await;
        page.press("Send").await;
        page.reads_within(WAITED, "Sign in again").await;
        self.see(computer, "submit-sign-in-ended", "The lake has ended the sign-in.").await;
        if page.has("button", Name::Has("@example.com")).await {
            menu(page, "Sign out").await;
            computer.browser.next_address().await;
        }
        self.screen = "Sign in";
        let turn = robot::turn().await;
        page.press("Sign in").await;
        page.screen("Sign in in your browser").await;
        // The port is one of three; others may sign in meanwhile.
        drop(turn);
        page.reads_within(NOBODY_COMES, "Nobody signed in").await;
        self.see(computer, "sign-in-timed-out", "Nobody finished the sign-in within five minutes.").await;
    }
}
