//! The lake on a steward's computer, run by a process of its own instead of by the desktop.

use std::net::TcpListener;
use std::path::Path;

use serde_json::Value;

use super::computer::Computer;
use super::group::{Group, Start};
use crate::running::steward;

/// A running lake. Killed when dropped.
#[derive(Debug)]
pub struct LakeBeside {
    /// Where it answers.
    pub url: String,
    _process: Group,
}

impl LakeBeside {
    /// Starts it on the computer's home and ports; the desktop joins it.
    pub async fn start(computer: &Computer) -> Self {
        let data = computer.home().join("lake");
        let (program, port) = (steward(), computer.port().to_string());
        let words = [text(&program), "lake", "start", "--port", &port, "--data", text(&data)];
        let start = Start::new(&words, &computer.folder().join("system/lake.log"));
        let (process, line) = start.environment(&computer.environment()).first_line().await;
        let ready: Value = serde_json::from_str(&line).expect("its first line is JSON");
        let url = ready["lake"].as_str().expect("it says where it answers").to_owned();
        Self { url, _process: process }
    }

    /// Kills it as `kill -9` does.
    pub fn kill(self) {
        drop(self);
    }
}

/// The first of three ports that follow each other and were free a moment ago.
pub(super) fn three_free_ports() -> u16 {
    let is_free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    let candidates = (0..200).map(|_| {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        listener.local_addr().expect("an address").port()
    });
    let mut fitting = candidates.filter(|port| (*port < u16::MAX - 2) && (*port..*port + 3).all(is_free));
    fitting.next().expect("three free ports that follow each other")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}
