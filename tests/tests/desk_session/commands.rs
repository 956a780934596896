//! The built `steward` against a lake: what each sample user may do from a terminal, and with which exit code.

use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use lake::Profile;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use url::Url;

use crate::local::Place;
use crate::robot;

/// How long one command, or staging, may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// A lake, and the terminals of its users.
pub(crate) struct Desk {
    pub(crate) place: Place,
}

/// What a command did.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) lines: Vec<Value>,
    pub(crate) output: Vec<u8>,
    pub(crate) said: String,
}

impl Desk {
    pub(crate) async fn start() -> Self {
        let desk = Self { place: Place::start().await };
        let url = desk.place.profile().endpoints.front_door;
        let connected = desk.run("nobody", &["connect", &url, "--name", "here"]).await;
        assert_eq!(connected.code, Some(0), "connect: {}", connected.said);
        assert_eq!(connected.lines[0]["schema"], "lake-profile/1", "the profile is shown");
        desk
    }

    /// As [`Desk::start`], but what is known of the lake here is changed before anybody signs in.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Profile)) -> Self {
        let desk = Self { place: Place::start().await };
        let mut profile = desk.place.profile();
        change(&mut profile);
        desk.place.home.save_profile("here", profile).expect("saved");
        desk
    }

    /// Writes a file that can be named to a command.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.place.folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        path.display().to_string()
    }

    pub(crate) fn command(&self, user: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(lake_tests::running::steward());
        command
            .args(arguments)
            .args(["--output", "json"])
            .env("STEWARD_HOME", self.place.home.path())
            .env("STEWARD_SESSION_FILE", self.place.folder.path().join(format!("session-{user}")))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    pub(crate) async fn run(&self, user: &str, arguments: &[&str]) -> Ran {
        let running = self.command(user, arguments).output();
        let Output { status, stdout, stderr } =
            tokio::time::timeout(LIMIT, running).await.expect("it ends in time").expect("it runs");
        let said = String::from_utf8_lossy(&stderr).into_owned();
        let lines = stdout.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
        Ran { code: status.code(), lines: lines.collect(), output: stdout, said }
    }

    pub(crate) async fn stop(self) {
        self.place.lake.stop().await;
    }

    pub(crate) async fn sign_in(&self, user: &str) -> Value {
        self.sign_in_by(self.command(user, &["sign-in", "--no-browser"]), user).await
    }

    /// Signs in through a command that shows the address.
    pub(crate) async fn sign_in_by(&self, mut command: Command, user: &str) -> Value {
        let _turn = robot::turn().await;
        let mut process = command.spawn().expect("it starts");
        let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines();
        let shown = lines.next_line().await.expect("readable").expect("an address");
        let shown: Value = serde_json::from_str(&shown).expect("JSON");
        let address: Url = shown["authorize_url"].as_str().expect("a URL").parse().expect("a URL");
        robot::sign_in(&address, &format!("{user}@example.com")).await;
        let told = lines.next_line().await.expect("readable").expect("who signed in");
        let status = tokio::time::timeout(LIMIT, process.wait()).await.expect("it ends").expect("it ran");
        assert!(status.success(), "{user} signs in: {status}");
        serde_json::from_str(&told).expect("JSON")
    }

    pub(crate) async fn submit(&self, user: &str, message: &str) -> String {
        let tokens = self.place.lake.issuer().issue_tokens(&format!("{user}@example.com")).await;
        let tokens = tokens.expect("the issuer works").expect("a sample user");
        let token = desk::secret::Secret::new(tokens.id_token.expect("an ID token").expose().to_owned());
        let url: Url = self.place.profile().endpoints.front_door.parse().expect("a URL");
        let door = desk::front_door::FrontDoor::new(url).expect("a client");
        let bytes = bytes::Bytes::from(message.to_owned());
        let digest = er7::digest(&bytes);
        match door.submit(&token, bytes, digest, None).await {
            desk::front_door::Try::Answered(lake::Outcome::Ingested { message_id, .. }) => {
                message_id.to_string()
            }
            other => panic!("{user} hands a message over: {other:?}"),
        }
    }

    /// Waits until nothing of the institution waits for staging.
    pub(crate) async fn settle(&self, user: &str, count: usize) {
        let limit = Instant::now() + LIMIT;
        loop {
            let ran = self.run(user, &["catalog"]).await;
            let settled = ran.lines.iter().filter(|head| head["state"] != "received").count();
            if settled >= count {
                return;
            }
            assert!(Instant::now() < limit, "{settled} of {count} are settled: {}", ran.said);
            tokio::time::sleep(Duration::from_millis(100)).await; // between two looks
        }
    }
}

pub(crate) fn column<'a>(ran: &'a Ran, name: &str) -> Vec<&'a str> {
    ran.lines.iter().filter_map(|line| line[name].as_str()).collect()
}

pub(crate) const ADMISSION: &str = "MSH|^~\\&|WARD|NORTH|LAKE|REGION|20260301083000+0100||ADT^A01^ADT_A01|CTL-1|P|2.5\r\
     EVN|A01|20260301083000+0100\rPID|1||100001^^^NORTH^MR||SAMPLE^ANNA||19800412|F\rPV1|1|I|W2\r";

#[tokio::test(flavor = "multi_thread")]
async fn nobody_can_do_anything_before_signing_in() {
    let desk = Desk::start().await;
    let id = "019cb3c1-7d00-7000-8000-000000000000";
    for arguments in [
        &["whoami"][..],
        &["list"],
        &["catalog"],
        &["errors"],
        &["trace", id],
        &["get", id, "--zone", "ingestion"],
        &["find", "x", "--from", "2026-03-04"],
        &["restage", id],
        &["verify", id],
        &["doctor"],
    ] {
        let ran = desk.run("nobody", arguments).await;
        assert_eq!(ran.code, Some(3), "{arguments:?} without a sign-in: {}", ran.said);
        assert!(ran.said.contains("sign-in"), "{arguments:?} names the next step: {}", ran.said);
        assert!(ran.output.is_empty(), "{arguments:?} shows nothing");
    }
    let wrong = desk.run("nobody", &["list", "nowhere"]).await;
    assert_eq!(wrong.code, Some(2), "no such zone: {}", wrong.said);
    let unknown = desk.run("nobody", &["whoami", "--profile", "elsewhere"]).await;
    assert_eq!(unknown.code, Some(2), "no such profile: {}", unknown.said);
    assert!(unknown.said.contains("here"), "the known ones are named: {}", unknown.said);
    desk.place.lake.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_user_sees_and_does_what_the_lake_allows() {
    let desk = Desk::start().await;
    for (user, read, write) in [
        ("admin", Some("my_hospital_123"), Some("my_hospital_123")),
        ("reader", Some("my_hospital_123"), None),
        ("writer", None, Some("my_hospital_123")),
        ("other", Some("other_clinic_456"), Some("other_clinic_456")),
    ] {
        let told = desk.sign_in(user).await;
        assert_eq!((told["read"].as_str(), told["write"].as_str()), (read, write), "{user}'s rights: {told}");
        let doctor = desk.run(user, &["doctor"]).await;
        let odd: Vec<_> = doctor.lines.iter().filter(|probe| probe["as_told"] != true).collect();
        assert_eq!((doctor.code, doctor.lines.len()), (Some(0), 12), "{user}: {odd:?} {}", doctor.said);
    }
    let ready = desk.submit("admin", ADMISSION).await;
    let failed = desk.submit("writer", "this is no HL7").await;
    let theirs = desk.submit("other", ADMISSION).await;
    desk.settle("admin", 2).await;
    desk.settle("other", 1).await;

    let catalog = desk.run("reader", &["catalog"]).await;
    let mut seen = column(&catalog, "message_id");
    assert_eq!(catalog.code, Some(0), "a reader reads: {}", catalog.said);
    seen.sort_unstable();
    let mut ours = [ready.as_str(), failed.as_str()];
    ours.sort_unstable();
    assert_eq!(seen, ours, "both of the own institution, none of the other");
    let by_id = desk.run("reader", &["catalog", "--control-id", "CTL-1"]).await;
    assert_eq!(column(&by_id, "message_id"), [ready.as_str()], "by control id");
    let narrowed =
        desk.run("reader", &["catalog", "--type", "ADT^A01", "--state", "ready", "--sender", "north"]).await;
    assert_eq!(column(&narrowed, "message_id"), [ready.as_str()], "by type, state and sender");
    let errors = desk.run("reader", &["errors"]).await;
    assert_eq!(column(&errors, "error_code"), ["no-message-header"], "what needs attention, and why");

    let raw = desk.run("reader", &["get", &ready, "--zone", "ingestion"]).await;
    assert_eq!((raw.code, raw.output.as_slice()), (Some(0), ADMISSION.as_bytes()), "the bytes as submitted");
    let staged = desk.run("reader", &["get", &ready, "--zone", "staging"]).await;
    assert_eq!(staged.lines[0]["schema"], "er7/1", "the JSON: {}", staged.said);
    let none = desk.run("reader", &["get", &failed, "--zone", "staging"]).await;
    assert_eq!((none.code, none.output.len()), (Some(1), 0), "nothing is ready of it: {}", none.said);
    let trace = desk.run("reader", &["trace", &ready]).await;
    let kinds: Vec<_> =
        trace.lines[0]["events"].as_array().expect("events").iter().map(|e| &e["kind"]).collect();
    assert_eq!(kinds, ["ingested", "staged"], "its history, oldest first");
    assert!(!String::from_utf8_lossy(&trace.output).contains("SAMPLE"), "no content in a history");

    let received = catalog.lines[0]["received_at"].as_str().expect("a time");
    let day = received.split('T').next().expect("a day").to_owned();
    let objects = desk.run("reader", &["list", &format!("staging/{day}")]).await;
    let key = objects.lines[0]["key"].as_str().expect("a key").to_owned();
    assert!(key.contains("source=my_hospital_123") && objects.lines.len() == 1, "the day's objects: {key}");
    let found = desk.run("reader", &["find", "date of birth=1980*", "--from", &day]).await;
    assert_eq!(column(&found, "path"), ["PID-7.1"], "found by what it means: {}", found.said);
    assert!(!String::from_utf8_lossy(&found.output).contains("1980"), "places are shown, not values");
    let verified = desk.run("admin", &["verify", "--date", &day]).await;
    assert_eq!(verified.code, Some(0), "all is as recorded: {:?}", verified.lines);
    assert!(column(&verified, "mark").iter().all(|mark| *mark == "="), "{:?}", verified.lines);
    assert_eq!(verified.lines.len(), 8, "of two messages: entry, two objects, ledger");
    let unseen = desk.run("reader", &["verify", &ready]).await;
    assert_eq!(unseen.lines.last().expect("the ledger")["mark"], "?", "a reader cannot ask the ledger");

    // Of the other institution: refused by the lake, told alike whether it is there or not, put on record.
    let foreign = key.replace("my_hospital_123", "other_clinic_456");
    for arguments in [&["get", &foreign][..], &["get", &foreign.replace("staging", "ingestion")]] {
        let refused = desk.run("reader", arguments).await;
        assert_eq!((refused.code, refused.output.len()), (Some(3), 0), "{arguments:?}: {}", refused.said);
    }
    let unknown = desk.run("reader", &["trace", &theirs]).await;
    assert_eq!(unknown.code, Some(1), "another institution's message is not known here: {}", unknown.said);
    for arguments in [&["catalog"][..], &["list"], &["errors"], &["get", &ready, "--zone", "ingestion"]] {
        let refused = desk.run("writer", arguments).await;
        assert_eq!(refused.code, Some(3), "a writer cannot read, {arguments:?}: {}", refused.said);
    }
    for arguments in [
        &["restage", &failed][..],
        &["set-aside", &failed, "--reason", "not-needed"],
        &["redeliver", &failed],
    ] {
        let refused = desk.run("reader", arguments).await;
        assert_eq!(refused.code, Some(3), "a reader cannot change, {arguments:?}: {}", refused.said);
        let foreign = desk.run("other", arguments).await;
        assert_eq!(foreign.code, Some(1), "nor can another institution, {arguments:?}: {}", foreign.said);
    }

    let aside = desk.run("writer", &["set-aside", &failed, "--reason", "test-message"]).await;
    assert_eq!((aside.code, aside.lines[0]["result"].as_str()), (Some(0), Some("asked")), "{}", aside.said);
    let again = desk.run("admin", &["restage", &ready]).await;
    assert_eq!(again.code, Some(0), "another attempt: {}", again.said);
    let limit = Instant::now() + LIMIT;
    loop {
        let state = desk.run("admin", &["trace", &failed]).await.lines[0]["head"]["state"].clone();
        let attempt = desk.run("admin", &["trace", &ready]).await.lines[0]["head"]["staged_attempt"].clone();
        if (state.as_str(), attempt.as_u64()) == (Some("set-aside"), Some(2)) {
            break;
        }
        assert!(Instant::now() < limit, "set aside and staged again: {state}, attempt {attempt}");
        tokio::time::sleep(Duration::from_millis(100)).await; // between two looks
    }
    assert_eq!(desk.run("admin", &["errors"]).await.lines.len(), 0, "nothing needs attention any more");

    let audit = desk.run("nobody", &["audit"]).await;
    let actions = column(&audit, "action");
    for action in ["sign-in", "get", "find", "change", "refused"] {
        assert!(actions.contains(&action), "{action} is on record: {actions:?}");
    }
    let trail = String::from_utf8_lossy(&audit.output).into_owned();
    assert!(!trail.contains("SAMPLE") && !trail.contains("1980"), "no content on record");
    let sound = desk.run("nobody", &["audit", "verify"]).await;
    assert_eq!((sound.code, sound.lines[0]["result"].as_str()), (Some(0), Some("sound")), "{}", sound.said);

    let out = desk.run("reader", &["sign-out", "--no-browser"]).await;
    assert_eq!((out.code, &out.lines[0]["revoked"]), (Some(0), &Value::Bool(true)), "{}", out.said);
    assert_eq!(desk.run("reader", &["whoami"]).await.code, Some(3), "signed out");

    // Everything that was written beside the lake's own folder, searched for what must not be there.
    for entry in std::fs::read_dir(desk.place.home.path()).expect("the home") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            let text = std::fs::read(&path).expect("readable");
            let text = String::from_utf8_lossy(&text).into_owned();
            for secret in ["SAMPLE", "19800412", "eyJ"] {
                assert!(!text.contains(secret), "{secret} is in {}", path.display());
            }
        }
    }
    let Place { lake, home, folder } = desk.place;
    lake.stop().await;
    let desk_home = home.path().to_owned();
    let gone = Command::new(lake_tests::running::steward())
        .args(["catalog", "--home"])
        .arg(desk_home)
        .arg("--session-file")
        .arg(folder.path().join("session-admin"))
        .output()
        .await
        .expect("it runs");
    let said = String::from_utf8_lossy(&gone.stderr).into_owned();
    assert_eq!(gone.status.code(), Some(4), "the lake is out of reach: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_not_those_recorded_are_noticed() {
    let desk = Desk::start().await;
    desk.sign_in("admin").await;
    let id = desk.submit("admin", ADMISSION).await;
    desk.settle("admin", 1).await;
    let target = desk.place.folder.path().join("message.hl7");
    let path = target.display().to_string();
    let written = desk.run("admin", &["get", &id, "--zone", "ingestion", "--to", &path]).await;
    assert_eq!(written.code, Some(0), "written to a file: {}", written.said);
    assert_eq!(std::fs::read(&target).expect("the file"), ADMISSION.as_bytes(), "the bytes as submitted");
    let again = desk.run("admin", &["get", &id, "--zone", "ingestion", "--to", &path]).await;
    assert_eq!(again.code, Some(2), "a file that is there is not written over: {}", again.said);
    desk.place.lake.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lake_that_is_forgotten_has_no_session_left() {
    let desk = Desk::start().await;
    desk.sign_in("admin").await;
    let url = desk.place.profile().endpoints.front_door;
    let forgotten = desk.run("admin", &["profiles", "forget", "here"]).await;
    let told = "No lake is known yet: `steward lake start`, or `steward connect URL`.";
    assert_eq!((forgotten.code, forgotten.said.trim()), (Some(0), told), "the lake was reached and told");
    let kept =
        std::fs::read_to_string(desk.place.folder.path().join("session-admin")).expect("a session file");
    assert_eq!(kept, "{}", "nothing of the session is kept");
    let again = desk.run("admin", &["profiles", "forget", "here"]).await;
    assert_eq!(again.code, Some(2), "it is not known any more: {}", again.said);

    desk.run("admin", &["connect", &url, "--name", "here"]).await;
    assert_eq!(desk.run("admin", &["whoami"]).await.code, Some(3), "who connects again signs in again");
    desk.sign_in("admin").await;
    let mut forget = desk.command("admin", &["profiles", "forget", "here"]);
    desk.place.lake.stop().await;
    let forgotten = forget.output().await.expect("it runs");
    let said = String::from_utf8_lossy(&forgotten.stderr);
    assert!(forgotten.status.success(), "it is forgotten though the lake is gone: {said}");
    assert!(said.contains("could not be ended everywhere"), "which is said: {said}");
}
