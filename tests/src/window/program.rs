//! The desktop as a running program, under WebDriver.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use thirtyfour::{Capabilities, WebDriver};

use super::group::{Group, Member, Start};
use super::page::Page;
use super::wait::{LIMIT, until};

/// How long the program may take until its page answers, on a busy machine.
const START: Duration = Duration::from_secs(60);

/// A running program with a web view. Killed when dropped.
#[derive(Debug)]
pub struct Program {
    driver: WebDriver,
    binary: PathBuf,
    group: Group,
}

impl Program {
    /// Starts a program with files that it is to open, and WebDriver at a port; what it says goes to the end of a file.
    pub(super) async fn start(
        binary: &Path,
        files: &[&Path],
        environment: &[(OsString, OsString)],
        port: u16,
        log: &Path,
    ) -> Self {
        let group = Start::new(&["WebKitWebDriver", &format!("--port={port}")], log)
            .environment(environment)
            .environment(&[
                ("TAURI_WEBVIEW_AUTOMATION".into(), "true".into()),
                // As the desktop draws where nobody drives it. Pictures are taken of the display, not by WebDriver.
                ("WEBKIT_DISABLE_COMPOSITING_MODE".into(), "1".into()),
            ])
            .group();
        let url = format!("http://127.0.0.1:{port}");
        let http = crate::robot::client();
        until("WebKitWebDriver answers", LIMIT, async || {
            http.get(format!("{url}/status")).send().await.ok().filter(|answer| answer.status().is_success())
        })
        .await;
        let mut wanted = Capabilities::new();
        let options = json!({ "binary": binary, "args": files });
        wanted.set("webkitgtk:browserOptions", options).expect("JSON");
        let connecting = WebDriver::builder(&url, wanted).request_timeout(START).connect();
        let driver = connecting.await.unwrap_or_else(|error| {
            panic!("the program does not come up: {error}{}", group.last_words());
        });
        Self { driver, binary: binary.to_owned(), group }
    }

    /// What its window shows.
    pub fn page(&self) -> Page {
        Page::new(self.driver.clone())
    }

    /// The program itself, without its helpers.
    pub fn process(&self) -> Member {
        let members = self.members().into_iter();
        let ours = members.filter(|member| member.program == self.binary).min_by_key(|member| member.pid);
        ours.expect("the program runs")
    }

    /// The end of what it said.
    pub fn last_words(&self) -> String {
        self.group.last_words()
    }

    /// Whether the program runs.
    pub fn runs(&self) -> bool {
        self.members().iter().any(|member| member.program == self.binary)
    }

    /// The program and its helpers: the web view's processes.
    pub fn members(&self) -> Vec<Member> {
        let is_driver = |member: &Member| member.program.ends_with("WebKitWebDriver");
        let is_shell = |member: &Member| {
            member
                .program
                .file_name()
                .is_some_and(|name| ["sh", "dash", "bash", "cat", "env"].iter().any(|shell| name == *shell))
        };
        self.group.members().into_iter().filter(|member| !is_driver(member) && !is_shell(member)).collect()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // The group ends the session; asking the driver could take long.
        drop(self.driver.clone().leak());
    }
}

/// The desktop that was built beside this program, or the one that `LAKE_STEWARD_DESKTOP` names.
pub(super) fn desktop() -> PathBuf {
    if let Some(named) = std::env::var_os("LAKE_STEWARD_DESKTOP") {
        return named.into();
    }
    let test = std::env::current_exe().expect("this program has a path");
    let folders = test.ancestors().skip(1).take(2);
    let built = folders.map(|folder| folder.join("lake-steward")).find(|program| program.is_file());
    built.unwrap_or_else(|| {
        panic!("no lake-steward beside {}: build it first (cargo build -p lake-steward)", test.display())
    })
}
