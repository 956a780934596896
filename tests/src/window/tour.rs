//! The states of the screens, one after the other, each as it comes about by itself: for axe, for pictures, for people.

mod beginnings;
mod patience;
mod sending;

use std::fs;
use std::path::PathBuf;

use thirtyfour::Key;

use super::browser::Browsing;
use super::bus::Keyring;
use super::computer::{Computer, Setup};
use super::display::Size;
use super::journey::journey;
use super::page::{Name, Page};
use super::wait::until;
use crate::robot;
use crate::running::adt;

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
    /// What comes only after minutes.
    Patience,
}

/// The part that stands for all.
pub const MAIN_PATH: Part = Part::MainPath;
/// The others.
pub const OTHER_PARTS: &[Part] =
    &[Part::Beginnings, Part::Bare, Part::Sending, Part::Reader, Part::Writer, Part::BadDays];

/// Those of the others that take minutes.
pub const LONG_PARTS: &[Part] = &[Part::Patience];

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
        Part::Patience => journey("tour of patience", usual, async |it| tour.patience(it).await).await,
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
        page.chord(&[Key::Control], '/').await;
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
