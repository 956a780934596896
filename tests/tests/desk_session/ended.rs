//! A sign-in that ends while a program works: between the provider's new refresh token and its being kept, or because
//! somebody has ended it elsewhere. The steward signs in again; no message is lost and none comes in twice.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine;
use desk::home::Home;
use desk::session::{Session, SystemClock, Vault};
use lake::{MessageId, Profile};
use lake_tests::running::adt;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::provider::{self, Provider, free_redirect, profile_of};
use crate::robot;

/// How long one command may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);
/// Shorter than what every program renews before: each use of the session renews it.
const ALWAYS_RENEWED: u32 = 100;
/// Enough for three batches.
const MESSAGES: usize = 250;

/// A front door that keeps a ledger and looks at no token.
#[derive(Default)]
struct Door {
    ledger: Mutex<HashMap<String, Value>>,
}

impl Door {
    async fn start() -> (Arc<Self>, String) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://127.0.0.1:{}", listener.local_addr().expect("bound").port());
        let door = Arc::new(Self::default());
        let (batches, asked) = (Arc::clone(&door), Arc::clone(&door));
        let router = Router::new()
            .route("/er7/batch", post(async move |body: Bytes| batches.batch(&body)))
            .route("/er7/known", post(async move |Json(body): Json<Value>| Json(asked.known(&body))));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (door, url)
    }

    fn batch(&self, body: &[u8]) -> String {
        let lines = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| format!("{}\n", self.one(line))).collect()
    }

    fn one(&self, line: &[u8]) -> Value {
        let line: Value = serde_json::from_slice(line).expect("JSON");
        let message = line["msg"].as_str().expect("a message");
        let message = base64::engine::general_purpose::STANDARD.decode(message).expect("base64");
        let digest = er7::digest(&message).to_string();
        let mut ledger = self.ledger.lock().expect("not poisoned");
        if let Some(first) = ledger.get(&digest) {
            return json!({ "outcome": "duplicate", "digest": digest, "match": "exact", "first": first });
        }
        let now = jiff::Timestamp::now();
        let number = u8::try_from(ledger.len()).expect("a few messages");
        let first = json!({ "message_id": MessageId::mint(now, [number; 10]), "received_at": now });
        let mut answer = json!({ "outcome": "ingested", "digest": digest, "source": "my_hospital_123" });
        for name in ["message_id", "received_at"] {
            answer[name] = first[name].clone();
        }
        ledger.insert(digest, first);
        answer
    }

    fn known(&self, body: &Value) -> Value {
        let ledger = self.ledger.lock().expect("not poisoned");
        let known = body["digests"].as_array().expect("digests").iter().map(|digest| {
            let mut known = json!({ "digest": digest, "state": "unknown" });
            if let Some(first) = digest.as_str().and_then(|digest| ledger.get(digest)) {
                known["state"] = json!("settled");
                known["message_id"] = first["message_id"].clone();
                known["received_at"] = first["received_at"].clone();
            }
            known
        });
        json!({ "known": known.collect::<Vec<_>>() })
    }

    fn messages(&self) -> usize {
        self.ledger.lock().expect("not poisoned").len()
    }
}

/// A steward at a lake whose provider gives a new refresh token at each renewal.
struct Steward {
    provider: Provider,
    door: Arc<Door>,
    profile: Profile,
    folder: TempDir,
}

/// What a command did.
struct Ran {
    code: Option<i32>,
    last: Value,
    said: String,
}

impl Steward {
    async fn signed_in() -> Result<Self, String> {
        let redirect = free_redirect();
        let provider = Provider::start(&redirect, ALWAYS_RENEWED).await?;
        let (door, url) = Door::start().await;
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let mut profile = profile_of(&provider.issuer, &redirect);
        profile.endpoints.front_door = url;
        let steward = Self { provider, door, profile, folder };
        steward.home().save_profile("here", steward.profile.clone()).expect("saved");
        let messages: String = (0..MESSAGES).map(|n| adt(&format!("CTL-{n}"), 2)).collect();
        std::fs::write(steward.file(), messages).expect("written");
        steward.sign_in().await;
        Ok(steward)
    }

    async fn sign_in(&self) -> String {
        let vault = Vault::File(self.session_file());
        let session = Session::new(&self.home(), self.profile.clone(), vault, SystemClock);
        let signed_in = provider::sign_in(&session).await;
        signed_in.refresh_token.expect("it was given").expose().to_owned()
    }

    fn home(&self) -> Home {
        Home::open(&self.folder.path().join("home")).expect("a home")
    }

    fn session_file(&self) -> PathBuf {
        self.folder.path().join("session")
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("messages.hl7")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(lake_tests::running::steward());
        command
            .args(arguments)
            .args(["--output", "json"])
            .env("STEWARD_HOME", self.home().path())
            .env("STEWARD_SESSION_FILE", self.session_file())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// One request at a time, each with a token of its own.
    fn submit(&self) -> Command {
        self.command(&["submit", path(&self.file()), "--at-once", "1"])
    }
}

async fn ran(mut command: Command) -> Ran {
    let output = tokio::time::timeout(LIMIT, command.output()).await.expect("it ends").expect("it runs");
    let lines = output.stdout.split(|byte| *byte == b'\n');
    let last = lines.rev().find_map(|line| serde_json::from_slice(line).ok());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Ran { code: output.status.code(), last: last.unwrap_or_default(), said }
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a path of ours")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_killed_before_it_keeps_a_new_refresh_token_loses_the_sign_in_and_no_message() {
    let mut steward = match Steward::signed_in().await {
        Ok(steward) => steward,
        Err(reason) => return crate::not_run(&reason),
    };
    // The first renewal is the command's, before anything is sent; the third is before the second batch.
    for (renewal, sent) in [(1, 0), (3, 100)] {
        steward.provider.hold(renewal).await;
        let mut submitting = steward.submit().spawn().expect("it starts");
        steward.provider.has_held().await;
        submitting.kill().await.expect("a process of ours");
        assert_eq!(steward.door.messages(), sent, "killed at renewal {renewal}");

        // The provider sees a refresh token for the second time, takes it for stolen, and ends the session.
        let ended = ran(steward.submit()).await;
        assert_eq!(ended.code, Some(3), "nothing could be tried: {}", ended.said);
        assert!(ended.said.contains("has ended. Sign in again"), "the next step is named: {}", ended.said);
        let nobody = ran(steward.command(&["whoami"])).await;
        assert_eq!(nobody.code, Some(3), "what is worth nothing is not kept: {}", nobody.said);
        assert!(nobody.said.contains("nobody is signed in"), "that is said: {}", nobody.said);
        let waiting = ran(steward.command(&["submissions"])).await;
        let found = if sent == 0 { Value::Null } else { json!(MESSAGES) };
        assert_eq!(waiting.last["found"], found, "what was looked through is known: {}", waiting.last);
        steward.sign_in().await;
    }
    let resumed = ran(steward.submit()).await;
    assert_eq!(resumed.code, Some(0), "signed in again, it goes on: {} {}", resumed.last, resumed.said);
    let summary = &resumed.last["summary"];
    assert_eq!(summary["found"], MESSAGES, "every message is accounted for: {summary}");
    assert_eq!(summary["ingested"], MESSAGES, "each as sent by us, once: {summary}");
    assert_eq!(steward.door.messages(), MESSAGES, "and the lake has every one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_was_ended_elsewhere_stops_the_next_command_before_it_sends() {
    let steward = match Steward::signed_in().await {
        Ok(steward) => steward,
        Err(reason) => return crate::not_run(&reason),
    };
    let refresh_token = steward.sign_in().await;
    let form = [("token", refresh_token.as_str()), ("client_id", steward.profile.client_id.as_str())];
    let revoking = robot::client().post(format!("{}/token/revocation", steward.provider.issuer)).form(&form);
    assert!(revoking.send().await.expect("it answers").status().is_success(), "revoked");
    let ended = ran(steward.submit()).await;
    assert_eq!(ended.code, Some(3), "nothing could be tried: {}", ended.said);
    assert!(ended.said.contains("has ended. Sign in again"), "the next step is named: {}", ended.said);
    assert_eq!(steward.door.messages(), 0, "nothing was sent");
    steward.sign_in().await;
    let sent = ran(steward.submit()).await;
    assert_eq!(
        (sent.code, steward.door.messages()),
        (Some(0), MESSAGES),
        "signed in, all goes: {}",
        sent.said
    );
}
