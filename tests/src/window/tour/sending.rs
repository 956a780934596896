//! A long submission with all that holds it up, stewards with fewer rights, and bad days.

use std::fs;
use std::time::Duration;

use super::{State, Tour, menu, messages, write};
use crate::robot;
use crate::running::adt;
use crate::window::computer::Computer;
use crate::window::lake::LakeBeside;
use crate::window::page::{Name, Page};
use crate::window::wait::{LIMIT, until};

/// How long it may take to look through so many messages on a busy machine.
const LOOKED_THROUGH: Duration = Duration::from_secs(120);

impl<L: AsyncFnMut(&Computer, State)> Tour<'_, L> {
    pub(super) async fn sending(&mut self, computer: &mut Computer) {
        let lake = LakeBeside::start(computer).await;
        let page = computer.begin("admin").await;
        self.screen = "Submit";
        self.reviews(computer, &page).await;
        let many = write(computer, "many.hl7", &messages(30_000));
        computer.drop_files(&[&many]).await;
        page.screen("Looking through your files").await;
        self.see(computer, "submit-looking-through", "Files are looked through; counts grow.").await;
        page.see_within(LOOKED_THROUGH, "heading", "Send 30,000 messages?").await;
        page.press("Send").await;
        page.screen("Sending").await;
        until("some messages are in the lake", LIMIT, async || {
            (!page.has("img", Name::Begins("30,000 found: 30,000 not sent yet")).await).then_some(())
        })
        .await;
        self.see(computer, "submit-sending", "Messages are being sent.").await;
        page.press("Cancel").await;
        page.see("dialog", Name::Begins("Cancel the rest")).await;
        self.see(computer, "submit-cancel", "What cancelling means is said before.").await;
        page.press("Keep it").await;
        page.press("Pause").await;
        page.screen("Paused").await;
        self.see(computer, "submit-paused", "Paused.").await;
        self.screen = "Today";
        page.follow("Today").await;
        page.reads("1 unfinished submission").await;
        page.see("link", Name::Has("Received ")).await;
        self.see(computer, "today-unfinished", "A submission is not finished.").await;
        page.press(Name::Begins("Resume the submission")).await;
        page.screen("Sending").await;
        self.held_up(computer, &page, lake).await;
    }

    async fn reviews(&mut self, computer: &mut Computer, page: &Page) {
        let letter = write(computer, "letter.txt", "Dear colleague,\n");
        computer.drop_files(&[&letter]).await;
        page.screen("Nothing to send").await;
        self.see(computer, "submit-nothing-to-send", "No message was found.").await;
        page.press("Choose other files").await;
        page.screen("Submit").await;
        let folder = computer.files().join("mixed");
        fs::create_dir(&folder).expect("a folder");
        let (damaged, fine) = ("MSH||\\&|A|B\rPID|1\r", adt("FINE", 3));
        for (name, text) in [
            ("damaged.hl7", damaged),
            ("a.hl7", &fine),
            ("copy of a.hl7", &fine),
            ("notes.txt", "notes"),
            ("empty.hl7", ""),
        ] {
            fs::write(folder.join(name), text).expect("a file");
        }
        std::os::unix::fs::symlink("/nowhere/at all.hl7", folder.join("moved.hl7")).expect("a link");
        computer.drop_files(&[&folder]).await;
        page.screen("Send 3 messages?").await;
        self.see(computer, "submit-review-with-remarks", "A review with something of every kind.").await;
        page.press("Cancel").await;
        page.screen("Submit").await;
    }

    async fn held_up(&mut self, computer: &mut Computer, page: &Page, lake: LakeBeside) {
        self.screen = "Lock";
        menu(page, "Lock now").await;
        page.screen("Locked").await;
        page.see("heading", "Sending goes on").await;
        self.see(computer, "locked-while-sending", "Locked; what is being sent goes on.").await;
        {
            let _turn = robot::turn().await;
            page.press("Unlock by signing in").await;
            let address = computer.browser.next_address().await;
            computer.browser.sign_in(address, "admin").await;
        }
        page.screen("Sending").await;
        self.screen = "Submit";
        lake.kill().await;
        page.screen("Waiting for the lake").await;
        let says = "The lake is gone; sending goes on by itself when it is back.";
        self.see(computer, "submit-waits-for-lake", says).await;
        page.press("Cancel").await;
        page.press("Cancel the rest").await;
        page.screen("Cancelled").await;
        self.see(computer, "submit-cancelled", "Cancelled: what was sent stays, the rest is told.").await;
    }

    pub(super) async fn reader(&mut self, computer: &mut Computer) {
        self.screen = "Submit";
        let page = computer.begin("reader").await;
        page.follow(Name::Begins("Submit")).await;
        page.reads("This sign-in may not send").await;
        self.see(computer, "submit-reader", "Who may only read can look through files.").await;
        let file = write(computer, "one.hl7", &adt("ONE", 1));
        computer.drop_files(&[&file]).await;
        page.reads("The files were looked through; nothing was sent.").await;
        self.see(computer, "submit-reader-review", "A review without anything to send with.").await;
    }

    pub(super) async fn writer(&mut self, computer: &mut Computer) {
        self.screen = "Today";
        let page = computer.begin("writer").await;
        page.reads("This sign-in may not read messages").await;
        self.see(computer, "today-writer", "Who may only send sees no counts of the lake.").await;
        self.screen = "Submit";
        let file = write(computer, "one.hl7", &adt("ONE", 1));
        computer.drop_files(&[&file]).await;
        page.screen("Send 1 message?").await;
        page.press("Send").await;
        page.screen("Finished").await;
        self.see(computer, "submit-writer", "What became of it in the lake cannot be told.").await;
        self.screen = "Messages";
        page.follow("Messages").await;
        page.reads("This sign-in may not read messages").await;
        self.see(computer, "messages-writer", "Who may only send sees no messages.").await;
    }

    pub(super) async fn bad_days(&mut self, computer: &mut Computer) {
        self.screen = "Today";
        let lake = LakeBeside::start(computer).await;
        let page = computer.begin("admin").await;
        page.reads("Nothing has come in yet").await;
        lake.kill().await;
        page.press("Count again").await;
        page.reads("The lake does not answer").await;
        self.see(computer, "today-lake-gone", "The lake does not answer.").await;
        self.screen = "Messages";
        page.follow("Messages").await;
        page.reads("The lake does not answer").await;
        self.see(computer, "messages-lake-gone", "The lake does not answer.").await;
        computer.close_desktop().await;

        self.screen = "Today";
        for name in ["queue.sqlite", "settings.json"] {
            fs::write(computer.home().join(name), "damaged").expect("a file");
        }
        // What SQLite would put it right again from.
        for name in ["queue.sqlite-wal", "queue.sqlite-shm"] {
            fs::remove_file(computer.home().join(name)).ok();
        }
        let page = computer.start_desktop().await;
        page.screen("Today").await;
        page.reads("The list of earlier submissions was damaged").await;
        self.see(computer, "today-damaged-files", "Files of the program were damaged: said, and kept aside.")
            .await;
        computer.close_desktop().await;

        self.screen = "Sign in";
        let lake = computer.home().join("lake");
        fs::rename(&lake, computer.home().join("lake-aside")).expect("a folder of ours");
        fs::write(&lake, "no folder").expect("a file");
        let page = computer.start_desktop().await;
        page.reads("The practice lake did not start").await;
        self.see(computer, "practice-lake-failed", "The practice lake does not start: why, and what to do.")
            .await;
    }
}
