//! A local lake in a process of its own, and stewards who are signed in to it.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use wait_timeout::ChildExt;

/// No command here takes longer.
pub(crate) const LIMIT: Duration = Duration::from_secs(120);

/// A lake that runs until it is dropped.
pub(crate) struct Lake {
    pub(crate) folder: tempfile::TempDir,
    process: Child,
    pub(crate) url: String,
}

/// Somebody with a home.
pub(crate) struct Steward {
    pub(crate) home: PathBuf,
    pub(crate) folder: PathBuf,
}

impl Lake {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut process = program(folder.path(), &folder.path().join("lake-home"))
            .args(["lake", "start", "--port", "0", "--data"])
            .arg(folder.path().join("lake"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("its output");
        BufReader::new(stdout).read_line(&mut line).expect("its first line");
        let ready: Value = serde_json::from_str(&line).expect("the first line is JSON");
        let url = ready["lake"].as_str().expect("where it answers").to_owned();
        Self { folder, process, url }
    }

    /// Connects and signs in a sample user.
    pub(crate) async fn steward(&self, user: &str) -> Steward {
        let name = user.split('@').next().unwrap_or(user);
        let folder = self.folder.path().join(name);
        fs::create_dir(&folder).expect("a folder");
        let steward = Steward { home: folder.join("home"), folder };
        let (connected, _) = steward.run(&["connect", &self.url, "--name", "lake"]);
        assert!(connected.status.success(), "connected: {connected:?}");
        steward.sign_in_to(&steward, user).await;
        steward
    }
}

impl Steward {
    /// Signs in to somebody's home with a session file of one's own.
    pub(crate) async fn sign_in_to(&self, other: &Steward, user: &str) {
        let mut signing_in = other
            .command(&["sign-in", "--no-browser"])
            .env("STEWARD_SESSION_FILE", self.home.join("session"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        BufReader::new(signing_in.stdout.take().expect("its output"))
            .read_line(&mut line)
            .expect("the address");
        let told: Value = serde_json::from_str(&line).expect("JSON");
        log_in(told["authorize_url"].as_str().expect("an address"), user).await;
        let ended = signing_in.wait_timeout(LIMIT).expect("it can be waited for").expect("it ends in time");
        let mut said = String::new();
        drop(signing_in.stderr.take().expect("its words").read_to_string(&mut said));
        assert!(ended.success(), "{user} is signed in: {said}");
    }
}

impl Lake {
    /// Ends the lake at once.
    pub(crate) fn kill(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Drop for Lake {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Does what a browser does with the login page.
async fn log_in(authorize_url: &str, user: &str) {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let answer = client.get(authorize_url).send().await.expect("the login page");
    let at = answer.url().clone();
    let page = answer.text().await.expect("its text");
    let mut fields: HashMap<String, String> = HashMap::new();
    for input in page.split("<input").skip(1) {
        let input = input.split('>').next().unwrap_or_default();
        let value = |name: &str| {
            input
                .split_once(&format!("{name}=\""))
                .and_then(|(_, rest)| rest.split('"').next())
                .map(str::to_owned)
        };
        if value("type").as_deref() == Some("hidden") {
            let text = value("value").unwrap_or_default().replace("&amp;", "&");
            fields.insert(value("name").expect("a name"), text);
        }
    }
    fields.insert("username".to_owned(), user.to_owned());
    fields.insert("password".to_owned(), String::new());
    let action = page.split_once("action=\"").and_then(|(_, rest)| rest.split('"').next());
    let action = at.join(&action.unwrap_or_default().replace("&amp;", "&")).expect("an address");
    let origin = at.origin().ascii_serialization();
    let answer = client.post(action).header("Origin", origin).form(&fields).send().await;
    assert!(answer.expect("an answer").status().is_success(), "the browser is led back");
}

impl Steward {
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program(&self.folder, &self.home);
        command.args(arguments);
        command
    }

    /// Runs a command to its end; its output and its JSON lines.
    pub(crate) fn run(&self, arguments: &[&str]) -> (Output, Vec<Value>) {
        let output = self.command(arguments).output().expect("the program runs");
        let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let lines = lines.map(|line| serde_json::from_slice(line).expect("a line is JSON")).collect();
        (output, lines)
    }

    /// Runs a command whose last line is a summary; exit code, lines before, summary.
    pub(crate) fn submit(&self, arguments: &[&str]) -> (i32, Vec<Value>, Value) {
        let (output, mut lines) = self.run(&[&["submit"], arguments].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let last = lines.pop().unwrap_or_else(|| panic!("there is a summary; it said: {said}"));
        let summary = last["summary"].clone();
        assert_adds_up(&summary);
        assert_eq!(summary["found"], lines.len(), "one line a message");
        (output.status.code().unwrap_or(-1), lines, summary)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.folder.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, bytes).expect("written");
    }
}

/// Found = the sum of the six.
pub(crate) fn assert_adds_up(summary: &Value) {
    let number = |name: &str| summary[name].as_u64().unwrap_or_else(|| panic!("{name} in {summary}"));
    let sum: u64 =
        ["ingested", "duplicate", "denied", "invalid", "not_sent", "unconfirmed"].map(number).iter().sum();
    assert_eq!(number("found"), sum, "found = the sum of the six: {summary}");
}

/// A synthetic message.
pub(crate) fn message(number: usize) -> Vec<u8> {
    format!("MSH|^~\\&|APP|CLINIC|LAKE||20260101||ADT^A01|{number}|P|2.5\rPID|1||{number}^^^MRN\r")
        .into_bytes()
}

fn program(folder: &Path, home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_steward"));
    command.current_dir(folder).env("STEWARD_HOME", home).env("STEWARD_SESSION_FILE", home.join("session"));
    command.stdin(Stdio::null());
    command
}
