//! The states of the screens, one after the other, each as it comes about by itself: for axe, for pictures, for people.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use thirtyfour::Key;

use super::browser::Browsing;
use super::bus::Keyring;
use super::computer::{Computer, Setup};
use super::display::Size;
use super::journey::journey;
use super::lake::LakeBeside;
use super::page::{Name, Page};
use super::wait::until;
use crate::robot;
use crate::running::{Running, adt};

/// How long sending may wait for a lake that is back.
const RESUMED: Duration = Duration::from_secs(90);

/// A state of a screen.
#[derive(Clone, Copy, Debug)]
pub struct State {
    /// The screen, as the steward calls it.
    pub screen: &'static str,
    /// Its picture's name.
    pub name: &'static str,
    /// What is to be seen.
    pub says: &'static str,
}

/// States that come about on one computer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// From the first start to what became of the sample messages, and every screen on the way.
    MainPath,
    /// What can be in the way before somebody is signed in.
    Beginnings,
    /// A computer without a keyring and without a browser.
    Bare,
    /// A long submission, with all that can hold it up.
    Sending,
    /// Somebody who may only read.
    Reader,
    /// Somebody who may only send.
    Writer,
    /// What was left behind is damaged; the lake is gone.
    BadDays,
}

/// The part that stands for all.
pub const MAIN_PATH: Part = Part::MainPath;
/// The others.
pub const OTHER_PARTS: &[Part] =
    &[Part::Beginnings, Part::Bare, Part::Sending, Part::Reader, Part::Writer, Part::BadDays];

/// A theme, put on by the driver whatever the steward chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Dark words on a light page.
    Light,
    /// Light words on a dark page.
    Dark,
    /// The steward's.
    AsChosen,
}

impl Theme {
    /// Puts it on, and waits until it is drawn.
    pub async fn put_on(self, page: &Page) {
        let name = match self {
            Self::Light => "light",
            Self::Dark => "dark",
            Self::AsChosen => "",
        };
        let drawn: bool = page
            .script_that_calls_back(
                "const [name, done] = arguments;
                 const root = document.documentElement;
                 if (name) root.dataset.theme = name; else root.removeAttribute('data-theme');
                 const settled = () => document.getAnimations()
                   .filter((one) => one.effect?.getTiming().iterations !== Infinity).map((one) => one.finished);
                 requestAnimationFrame(() => requestAnimationFrame(() =>
                   Promise.allSettled(settled()).then(() => requestAnimationFrame(() => done(true)))));",
                vec![serde_json::json!(name)],
            )
            .await;
        assert!(drawn, "the theme is drawn");
    }
}

/// Goes through a part on a fresh computer; each state is looked at as it stands.
pub async fn go(part: Part, size: Size, look: &mut impl AsyncFnMut(&Computer, State)) {
    let usual = Setup { size, ..Setup::default() };
    let mut tour = Tour { look, screen: "" };
    match part {
        Part::MainPath => journey("tour of the main path", usual, async |it| tour.main_path(it).await).await,
        Part::Beginnings => journey("tour of beginnings", usual, async |it| tour.beginnings(it).await).await,
        Part::Bare => {
            let bare = Setup { keyring: Keyring::Absent, browsing: Browsing::Absent, ..usual };
            journey("tour of a bare computer", bare, async |it| tour.bare(it).await).await;
        }
        Part::Sending => journey("tour of sending", usual, async |it| tour.sending(it).await).await,
        Part::Reader => journey("tour of a reader", usual, async |it| tour.reader(it).await).await,
        Part::Writer => journey("tour of a writer", usual, async |it| tour.writer(it).await).await,
        Part::BadDays => journey("tour of bad days", usual, async |it| tour.bad_days(it).await).await,
    }
}

struct Tour<'a, L> {
    look: &'a mut L,
    screen: &'static str,
}

impl<L: AsyncFnMut(&Computer, State)> Tour<'_, L> {
    async fn see(&mut self, computer: &Computer, name: &'static str, says: &'static str) {
        (self.look)(computer, State { screen: self.screen, name, says }).await;
    }

    async fn main_path(&mut self, computer: &mut Computer) {
        self.screen = "Connect";
        let page = computer.start_desktop().await;
        page.screen("Welcome to Lake Steward").await;
        self.see(computer, "connect-first-start", "The first start: practise, or name a lake.").await;
        page.press("Practise on this computer").await;
        self.sign_in_states(computer, &page).await;
        self.first_today(computer, &page).await;
        self.samples(computer, &page).await;
        self.after_samples(computer, &page).await;
        self.settings(computer, &page).await;
        self.screen = "Lock";
        menu(&page, "Lock now").await;
        page.screen("Locked").await;
        self.see(computer, "locked", "Locked: nothing of the lake is shown.").await;
    }

    async fn sign_in_states(&mut self, computer: &mut Computer, page: &Page) {
        self.screen = "Sign in";
        page.screen("Sign in to the practice lake").await;
        page.see("button", "Sign in").await;
        self.see(computer, "sign-in", "Nobody is signed in yet.").await;
        let _turn = robot::turn().await;
        page.press("Sign in").await;
        page.screen("Sign in in your browser").await;
        self.see(computer, "sign-in-waiting", "The sign-in page is open in the browser.").await;
        let address = computer.browser.next_address().await;
        computer.browser.sign_in(address, "admin").await;
    }

    async fn first_today(&mut self, computer: &mut Computer, page: &Page) {
        self.screen = "Today";
        page.reads("Nothing has come in yet").await;
        self.see(computer, "today-empty", "Nothing is in the lake yet.").await;
        page.press(Name::Has("admin@example.com")).await;
        page.see("menuitem", Name::Begins("Lock now")).await;
        self.see(computer, "menu", "The steward’s own menu.").await;
        page.keys(&[Key::Escape]).await;
        page.key('?').await;
        page.see("dialog", "Keyboard shortcuts").await;
        self.see(computer, "shortcuts", "Everything goes by keyboard.").await;
        page.keys(&[Key::Escape]).await;
        page.gone("dialog", "Keyboard shortcuts").await;
        self.screen = "Messages";
        page.follow("Messages").await;
        page.screen("Messages").await;
        page.reads("No such message").await;
        self.see(computer, "messages-empty", "Nothing was received on the days asked for.").await;
        self.screen = "Submit";
        page.follow(Name::Begins("Submit")).await;
        page.reads("Nothing submitted yet").await;
        self.see(computer, "submit-empty", "Where a submission begins.").await;
        let file = write(computer, "one.hl7", &adt("ONE", 1));
        let drag = computer.drag(&[&file]);
        drag.hover(600, 400).await;
        page.reads("Let go to look through 1 file or folder").await;
        self.see(computer, "submit-files-over-the-window", "Files are held over the window.").await;
        drag.leave();
    }

    async fn samples(&mut self, computer: &mut Computer, page: &Page) {
        page.press("Use sample files").await;
        page.screen("Send 11 messages?").await;
        self.see(computer, "submit-review", "The review: nothing is sent before the steward says so.").await;
        page.press("Send").await;
        page.screen("Finished").await;
        page.see("img", Name::Has("10 in the lake: 9 ready to use, 1 need attention")).await;
        self.see(computer, "submit-finished", "What became of every message, in sums that add up.").await;
        page.click("tab", Name::Begins("Without a message")).await;
        page.reads("9 shopping list.txt").await;
        self.see(computer, "submit-not-hl7", "Files that hold no message are listed apart.").await;
        page.click("tab", Name::Begins("Messages")).await;
        page.press("Show which").await;
        page.see("grid", "Needs attention").await;
        page.click("row", Name::Has("damaged header.hl7")).await;
        page.see("complementary", "Details").await;
        page.press("Show its history").await;
        page.reads("Fingerprint").await;
        until("the history is told", super::LIMIT, async || {
            (page.count("listitem", Name::Has("Received")).await > 0).then_some(())
        })
        .await;
        self.see(computer, "submit-one-message", "One message: why, what to do, and its history.").await;
        page.press("All submissions").await;
        page.screen("Submit").await;
        page.see("row", Name::Has("Finished")).await;
        self.see(computer, "submit-history", "Earlier submissions of this computer.").await;
    }

    async fn after_samples(&mut self, computer: &mut Computer, page: &Page) {
        self.screen = "Today";
        page.follow("Today").await;
        page.see("link", Name::Has("Received 10")).await;
        self.see(computer, "today", "What came in, what is ready, what needs somebody.").await;
        self.screen = "Messages";
        page.follow("Messages").await;
        page.screen("Messages").await;
        page.see("row", Name::Has("Ready to use")).await;
        self.see(computer, "messages", "The messages of a day.").await;
        page.click("row", Name::Has("Needs attention")).await;
        page.see("complementary", "Details").await;
        until("the history is told", super::LIMIT, async || {
            (page.count("listitem", Name::Has("Received")).await > 0).then_some(())
        })
        .await;
        self.see(computer, "messages-history", "The history of one message.").await;
    }

    async fn settings(&mut self, computer: &mut Computer, page: &Page) {
        self.screen = "Settings";
        page.follow("Settings").await;
        page.screen("Settings").await;
        page.reads("In use").await;
        self.see(computer, "settings-lakes", "The lakes that are known here.").await;
        for (tab, name, says, sign) in [
            ("This computer", "settings-computer", "Theme, size of text, idle lock.", "Appearance"),
            (
                "Diagnostics",
                "settings-diagnostics",
                "What can be handed to support: no names, no content.",
                "Free disk space",
            ),
            ("About", "about", "What the program is.", "Version"),
        ] {
            page.click("tab", tab).await;
            page.reads(sign).await;
            self.see(computer, name, says).await;
        }
    }

    async fn beginnings(&mut self, computer: &mut Computer) {
        self.screen = "Connect";
        let elsewhere = Running::fresh().await;
        let page = computer.start_desktop().await;
        page.screen("Welcome to Lake Steward").await;
        let file = write(computer, "early.hl7", &adt("EARLY", 1));
        computer.drop_files(&[&file]).await;
        page.reads("1 file kept.").await;
        self.see(computer, "connect-file-kept", "A file that was dropped too early is kept.").await;
        for (address, reads, name, says) in [
            (
                "http://lake.example.org",
                "not encrypted",
                "connect-not-encrypted",
                "An address that is not safe is refused.",
            ),
            (
                "https://127.0.0.1:9",
                "No lake answers there",
                "connect-no-lake",
                "Nothing answers at that address.",
            ),
        ] {
            page.fill_in("textbox", Name::Begins("Address of the lake"), address).await;
            page.press("Look at this lake").await;
            page.reads(reads).await;
            self.see(computer, name, says).await;
        }
        page.fill_in("textbox", Name::Begins("Address of the lake"), &elsewhere.url).await;
        page.press("Look at this lake").await;
        page.screen("Is this the right lake?").await;
        self.see(
            computer,
            "connect-offer",
            "Who will see the sign-in and who gets the messages, before either happens.",
        )
        .await;
        page.press("Do not use it").await;
        page.press("Practise on this computer").await;
        self.sign_in_refusals(computer, &page).await;
    }

    async fn sign_in_refusals(&mut self, computer: &mut Computer, page: &Page) {
        self.screen = "Sign in";
        page.screen("Sign in to the practice lake").await;
        let _turn = robot::turn().await;
        let taken: Vec<_> =
            (47113..=47115).map(|port| TcpListener::bind(("127.0.0.1", port)).expect("free")).collect();
        page.press("Sign in").await;
        page.reads("The browser has no way back to this program").await;
        self.see(computer, "sign-in-ports-taken", "All ways back from the browser are taken.").await;
        drop(taken);
        page.press("Sign in").await;
        let mut address = computer.browser.next_address().await;
        let asked: Vec<(String, String)> = address.query_pairs().into_owned().collect();
        let of = |name: &str| asked.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let mut back = url::Url::parse(&of("redirect_uri").expect("the way back")).expect("an address");
        back.query_pairs_mut()
            .append_pair("error", "access_denied")
            .append_pair("state", &of("state").expect("a state"));
        address.set_query(None);
        computer.browser.open(back).await;
        page.screen("Sign in to the practice lake").await;
        page.see("button", "Sign in").await;
        self.see(computer, "sign-in-refused", "The sign-in came to nothing.").await;
        page.press("Sign in").await;
        let address = computer.browser.next_address().await;
        computer.browser.sign_in(address, "admin").await;
        page.screen("Send 1 message?").await;
        self.screen = "Connect";
        menu(page, "Choose another lake").await;
        page.screen("Choose a lake").await;
        self.see(computer, "connect-known-lakes", "The lakes that are known, and others.").await;
    }

    async fn bare(&mut self, computer: &mut Computer) {
        self.screen = "Sign in";
        let page = computer.start_desktop().await;
        page.press("Practise on this computer").await;
        page.screen("Sign in to the practice lake").await;
        page.reads("Your sign-in cannot be kept").await;
        self.see(computer, "sign-in-no-keyring", "This computer has no keyring: said before, not after.")
            .await;
        let _turn = robot::turn().await;
        page.press("Sign in").await;
        page.reads("No browser could be opened").await;
        self.see(computer, "sign-in-no-browser", "No browser opens: the address can be copied.").await;
        page.press("Cancel").await;
        page.see("button", "Sign in").await;
        computer.browser.becomes(Browsing::Works);
        page.press("Sign in").await;
        let address = computer.browser.next_address().await;
        computer.browser.sign_in(address, "admin").await;
        self.screen = "Today";
        page.screen("Today").await;
        page.reads("Nothing has come in yet").await;
        self.see(computer, "today-session-in-memory", "Signed in until the program is closed.").await;
    }

    async fn sending(&mut self, computer: &mut Computer) {
        let lake = LakeBeside::start(computer).await;
        let page = computer.begin("admin").await;
        self.screen = "Submit";
        self.reviews(computer, &page).await;
        let many = write(computer, "many.hl7", &messages(12_000));
        computer.drop_files(&[&many]).await;
        page.screen("Looking through your files").await;
        self.see(computer, "submit-looking-through", "Files are looked through; counts grow.").await;
        page.screen("Send 12,000 messages?").await;
        page.press("Send").await;
        page.screen("Sending").await;
        until("some messages are in the lake", super::LIMIT, async || {
            (!page.has("img", Name::Begins("12,000 found: 12,000 not sent yet")).await).then_some(())
        })
        .await;
        self.see(computer, "submit-sending", "Messages are being sent.").await;
        page.press("Cancel").await;
        page.see("dialog", Name::Begins("Cancel the rest")).await;
        self.see(computer, "submit-cancel", "What cancelling means is said before.").await;
        page.press("Go on sending").await;
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
        self.screen = "Submit";
        lake.kill();
        page.screen("Waiting for the lake").await;
        self.see(
            computer,
            "submit-waits-for-lake",
            "The lake is gone; sending goes on by itself when it is back.",
        )
        .await;
        self.screen = "Lock";
        menu(page, "Lock now").await;
        page.screen("Locked").await;
        page.see("heading", "Sending goes on").await;
        self.see(computer, "locked-while-sending", "Locked; what is being sent goes on.").await;
        let _lake = LakeBeside::start(computer).await;
        {
            let _turn = robot::turn().await;
            page.press("Unlock by signing in").await;
            let address = computer.browser.next_address().await;
            computer.browser.sign_in(address, "admin").await;
        }
        // By itself, at the latest a minute after the lake is back.
        page.see_within(RESUMED, "heading", "Sending").await;
        page.press("Cancel").await;
        page.press("Cancel the rest").await;
        page.screen("Cancelled").await;
        self.screen = "Submit";
        self.see(computer, "submit-cancelled", "Cancelled: what was sent stays, the rest is told.").await;
    }

    async fn reader(&mut self, computer: &mut Computer) {
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

    async fn writer(&mut self, computer: &mut Computer) {
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

    async fn bad_days(&mut self, computer: &mut Computer) {
        self.screen = "Today";
        let lake = LakeBeside::start(computer).await;
        let page = computer.begin("admin").await;
        page.reads("Nothing has come in yet").await;
        lake.kill();
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

/// Chooses something of the steward's own menu.
async fn menu(page: &Page, item: &str) {
    page.press(Name::Has("@example.com")).await;
    page.click("menuitem", Name::Begins(item)).await;
}

fn write(computer: &Computer, name: &str, text: &str) -> PathBuf {
    let path = computer.files().join(name);
    fs::write(&path, text).expect("a file");
    path
}

fn messages(count: usize) -> String {
    (1..=count).map(|n| adt(&format!("TOUR-{n}"), 2)).collect()
}
