//! The steward's browser: what the desktop opens addresses with, and the robot that reads them there.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use url::Url;

use super::wait::{LIMIT, until};
use crate::robot::{self, Page};

/// What becomes of an address that the desktop wants shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Browsing {
    /// A browser shows it: the robot.
    Works,
    /// `xdg-open` is there, but knows no browser.
    Fails,
    /// There is not even `xdg-open`.
    Absent,
}

/// The browser of one computer. Its cookies stay.
#[derive(Debug)]
pub struct StewardsBrowser {
    programs: PathBuf,
    addresses: PathBuf,
    seen: usize,
    window: robot::Browser,
}

impl StewardsBrowser {
    pub(super) fn install(browsing: Browsing, folder: &Path) -> Self {
        let (programs, addresses) = (folder.join("bin"), folder.join("addresses"));
        fs::create_dir(&programs).expect("a folder");
        let browser = Self { programs, addresses, seen: 0, window: robot::Browser::new() };
        browser.becomes(browsing);
        browser
    }

    /// Makes it work, fail or go away from now on.
    pub fn becomes(&self, browsing: Browsing) {
        let program = self.programs.join("xdg-open");
        let script = match browsing {
            Browsing::Works => {
                format!("#!/bin/sh\numask 077\nprintf '%s\\n' \"$1\" >>'{}'\n", self.addresses.display())
            }
            Browsing::Fails => "#!/bin/sh\nexit 3\n".to_owned(),
            Browsing::Absent => {
                if program.exists() {
                    fs::remove_file(&program).expect("a file of ours");
                }
                return;
            }
        };
        fs::write(&program, script).expect("a file");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).expect("a file of ours");
    }

    /// The next address that the desktop has opened.
    pub async fn next_address(&mut self) -> Url {
        let seen = self.seen;
        let line = until("the desktop opens an address in the browser", LIMIT, async || {
            let text = fs::read_to_string(&self.addresses).unwrap_or_default();
            let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
            whole.lines().nth(seen).map(ToOwned::to_owned)
        });
        let line = line.await;
        self.seen += 1;
        Url::parse(&line).expect("an address")
    }

    /// Opens an address and goes through the login page as a sample user, if it is shown; the last page.
    pub async fn sign_in(&mut self, address: Url, user: &str) -> Page {
        let page = self.window.open(address).await;
        if !page.text.contains("<form") {
            return page;
        }
        self.window.fill_in(page, &[("username", &format!("{user}@example.com"))]).await
    }

    /// Opens an address and gives up on its login page; the last page.
    pub async fn cancel(&mut self, address: Url) -> Page {
        let page = self.window.open(address).await;
        self.window.fill_in(page, &[("cancel", "yes")]).await
    }

    /// Opens an address.
    pub async fn open(&mut self, address: Url) -> Page {
        self.window.open(address).await
    }

    /// Where the desktop looks for programs: here first and only, so that nothing real is ever opened.
    pub(super) fn path(&self) -> OsString {
        self.programs.clone().into()
    }
}
