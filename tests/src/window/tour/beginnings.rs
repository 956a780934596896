//! What can be in the way before somebody is signed in.

use std::net::TcpListener;

use super::{State, Tour, menu, write};
use crate::robot;
use crate::running::{Running, adt};
use crate::window::browser::Browsing;
use crate::window::computer::Computer;
use crate::window::page::{Name, Page};

impl<L: AsyncFnMut(&Computer, State)> Tour<'_, L> {
    pub(super) async fn beginnings(&mut self, computer: &mut Computer) {
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

    pub(super) async fn bare(&mut self, computer: &mut Computer) {
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
}
