//! The lake on a steward's computer, run by a process of its own instead of by the desktop.

use std::path::Path;

use serde_json::Value;

use super::computer::Computer;
use super::group::{Group, Start};
use super::wait::{LIMIT, until};
use crate::running::steward;

/// A running lake. Killed when dropped.
#[derive(Debug)]
pub struct LakeBeside {
    /// Where it answers.
    pub url: String,
    process: Group,
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
        Self { url, process }
    }

    /// Stops it where it is: it takes requests and answers none.
    pub fn freeze(&self) {
        self.go(false);
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.go(true);
    }

    fn go(&self, on: bool) {
        let members = self.process.members().into_iter();
        members.filter(|member| member.program == steward()).for_each(|member| member.go(on));
    }

    /// Kills it as `kill -9` does, and waits until its ports are free for another.
    pub async fn kill(self) {
        let lakes = self.process.members().into_iter().filter(|member| member.program == steward());
        for lake in lakes {
            lake.kill();
            until("a killed lake is gone", LIMIT, async || lake.is_gone().then_some(())).await;
        }
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}
