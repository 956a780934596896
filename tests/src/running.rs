//! A local lake in a process of its own, and a robot that signs in by its login page.
//!
//! For tests and benches: what goes wrong here ends them, by a panic that says what was expected.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "this is test code in a library")]

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use desk::front_door::FrontDoor;
use desk::reading::{Clients, IdTokens, NoToken};
use desk::secret::Secret;
use futures::FutureExt;
use futures::future::BoxFuture;
use lake::{Head, Profile, Source, State};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

const PASSWORD: &str = "correct horse battery";
/// How long a start, a stop or staging may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// A running lake. Killed when dropped.
#[derive(Debug)]
pub struct Running {
    /// Where its front door answers.
    pub url: String,
    /// A client of it.
    pub door: FrontDoor,
    /// How to reach it.
    pub profile: Profile,
    process: Child,
    folder: TempDir,
}

impl Running {
    /// A new lake in a new folder.
    pub async fn fresh() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (process, url) = start(folder.path()).await;
        let (door, profile) = meet(&url).await;
        Self { url, door, profile, process, folder }
    }

    /// A new lake in a new folder that says all it can in the file `log` of that folder.
    pub async fn fresh_with_log() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let log = std::fs::File::create(folder.path().join("log")).expect("a file");
        let (process, url) = start_saying(folder.path(), log.into(), "trace").await;
        let (door, profile) = meet(&url).await;
        Self { url, door, profile, process, folder }
    }

    /// Kills it as `kill -9` does.
    pub async fn kill(&mut self) {
        self.process.start_kill().expect("a process of ours");
        timeout(LIMIT, self.process.wait()).await.expect("it ends at once").expect("a process of ours");
    }

    /// Stops it by TERM; it must end by itself, and well.
    pub async fn stop_by_term(&mut self) {
        let pid = self.process.id().expect("it runs").to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().await.expect("kill");
        assert!(sent.success(), "TERM reaches the process");
        let ended =
            timeout(LIMIT, self.process.wait()).await.expect("it stops in time").expect("a process of ours");
        assert!(ended.success(), "a stop by TERM is a clean end: {ended}");
    }

    /// Starts it again on the same folder.
    pub async fn start_again(&mut self) {
        let (process, url) = start(self.folder.path()).await;
        (self.door, self.profile) = meet(&url).await;
        (self.process, self.url) = (process, url);
    }

    /// Starts a second process on the same folder; the lake that it names. The second is then killed.
    pub async fn join(&self) -> String {
        let (mut second, url) = start(self.folder.path()).await;
        second.kill().await.expect("a process of ours");
        url
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.id().expect("it runs")
    }

    /// Its folder: `lake` is the lake's, `home` the steward's.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// An ID token of a sample user, by way of the login page.
    pub async fn token(&self, user: &str) -> Secret {
        sign_in(&self.profile, user).await
    }

    /// All heads that a user may see.
    pub async fn heads(&self, user: &str) -> Vec<Head> {
        let token = self.token(user).await;
        let catalog = Clients::new(&self.profile, Arc::new(Fixed(token))).catalog;
        let name = if user.starts_with("other") { "other_clinic_456" } else { "my_hospital_123" };
        let source = Source::parse(name).expect("a sound name");
        let mut heads = Vec::new();
        for day in catalog.days(&source).await.expect("the days can be read") {
            let mut next = None;
            loop {
                let page = catalog.day(&source, day, 0, next, 500).await.expect("a day can be read");
                heads.extend(page.heads);
                next = page.next;
                if next.is_none() {
                    break;
                }
            }
        }
        heads
    }

    /// All heads that a user may see, once there are `count` and none waits for staging.
    pub async fn settled_heads(&self, user: &str, count: usize) -> Vec<Head> {
        let limit = Instant::now() + LIMIT;
        loop {
            let heads = self.heads(user).await;
            let waiting = heads.iter().filter(|head| !head.ingested || head.state == State::Received).count();
            if heads.len() >= count && waiting == 0 {
                return heads;
            }
            assert!(Instant::now() < limit, "{} heads of {count}, {waiting} wait", heads.len());
            tokio::time::sleep(Duration::from_millis(50)).await; // between two looks
        }
    }
}

/// A synthetic admission with so many notes.
pub fn adt(control_id: &str, notes: usize) -> String {
    let mut text = format!(
        "MSH|^~\\&|WARD|NORTH|LAKE|REGION|20260301083000+0100||ADT^A01^ADT_A01|{control_id}|P|2.5\r\
         EVN|A01|20260301083000+0100\rPID|1||{control_id}^^^NORTH^MR||SAMPLE^ANNA||19800412|F\rPV1|1|I|W2\r"
    );
    for note in 1..=notes {
        text.push_str(&format!("NTE|{note}||A NOTE\r"));
    }
    text
}

/// The `steward` that was built beside this test.
pub fn steward() -> PathBuf {
    let test = std::env::current_exe().expect("this program has a path");
    let built = test.ancestors().nth(2).expect("tests lie in target/PROFILE/deps").join("steward");
    assert!(built.is_file(), "{} is not there: build it first (cargo build -p steward)", built.display());
    built
}

async fn start(folder: &Path) -> (Child, String) {
    start_saying(folder, Stdio::null(), "warn").await
}

async fn start_saying(folder: &Path, log: Stdio, level: &str) -> (Child, String) {
    let mut process = Command::new(steward())
        .args(["lake", "start", "--port", "0", "--sample-password", PASSWORD, "--data"])
        .arg(folder.join("lake"))
        .env("STEWARD_HOME", folder.join("home"))
        .stdout(Stdio::piped())
        .stderr(log)
        .env("LAKE_LOG", format!("{level},s3s=off,hyper=off"))
        .kill_on_drop(true)
        .spawn()
        .expect("steward starts");
    let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines();
    let line = timeout(LIMIT, lines.next_line()).await.expect("ready in time").expect("readable");
    let line: Value = serde_json::from_str(&line.expect("a first line")).expect("JSON");
    assert_eq!(line["ready"], true, "the first line says that it is ready");
    (process, line["lake"].as_str().expect("a URL").to_owned())
}

async fn meet(url: &str) -> (FrontDoor, Profile) {
    let profile = desk::connect::connect(url).await.expect("the lake describes itself");
    (FrontDoor::new(url.parse().expect("a URL")).expect("a client"), profile)
}

/// Signs in as a browser would: the page, the form, the code; then the tokens.
async fn sign_in(profile: &Profile, user: &str) -> Secret {
    let verifier = "a-verifier-that-is-long-enough-for-rfc-7636-0123456789";
    let challenge = base64::Engine::encode(
        &base64::engine::general_purpose::URL_SAFE_NO_PAD,
        <sha2::Sha256 as sha2::Digest>::digest(verifier),
    );
    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .expect("a client");
    let redirect = profile.redirect_uris.first().expect("a redirect URI");
    let mut page = url::Url::parse(&format!("{}/oauth2/authorize", profile.issuer)).expect("a URL");
    page.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &profile.client_id)
        .append_pair("redirect_uri", redirect)
        .append_pair("scope", &profile.scopes.join(" "))
        .append_pair("state", "s")
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256");
    let mut shown = http.get(page.clone()).send().await.expect("the issuer answers");
    while let Some(location) = shown.headers().get("location").and_then(|location| location.to_str().ok()) {
        page = page.join(location).expect("a URL");
        shown = http.get(page.clone()).send().await.expect("the issuer answers");
    }
    let cookies: Vec<String> = (shown.headers().get_all("set-cookie").iter())
        .filter_map(|cookie| Some(cookie.to_str().ok()?.split(';').next()?.to_owned()))
        .collect();
    let html = shown.text().await.expect("a page");
    let mut fields = hidden_fields(&html);
    fields.push(("username".to_owned(), user.to_owned()));
    fields.push(("password".to_owned(), PASSWORD.to_owned()));
    let action = attribute(html.split("<form").nth(1).expect("a form"), "action").expect("it goes somewhere");
    let answer = http
        .post(page.join(&action).expect("a URL"))
        .header("cookie", cookies.join("; "))
        .form(&fields)
        .send()
        .await
        .expect("the issuer answers");
    let location = answer.headers().get("location").and_then(|location| location.to_str().ok());
    let back = url::Url::parse(location.expect("a redirect with the code")).expect("a URL");
    let code = back.query_pairs().find(|(name, _)| name == "code").expect("a code").1.into_owned();
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", &profile.client_id),
        ("redirect_uri", redirect),
        ("code", &code),
        ("code_verifier", verifier),
    ];
    let tokens =
        http.post(format!("{}/oauth2/token", profile.issuer)).form(&form).send().await.expect("an answer");
    let tokens: Value = tokens.json().await.expect("tokens");
    Secret::new(tokens["id_token"].as_str().expect("an ID token").to_owned())
}

fn hidden_fields(html: &str) -> Vec<(String, String)> {
    html.split("<input")
        .skip(1)
        .filter_map(|input| input.split('>').next())
        .filter(|input| attribute(input, "type").as_deref() == Some("hidden"))
        .filter_map(|input| Some((attribute(input, "name")?, attribute(input, "value").unwrap_or_default())))
        .collect()
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    Some(value.replace("&amp;", "&").replace("&#38;", "&").replace("&quot;", "\"").replace("&#34;", "\""))
}

struct Fixed(Secret);

impl IdTokens for Fixed {
    fn id_token(&self) -> BoxFuture<'_, Result<String, NoToken>> {
        async { Ok(self.0.expose().to_owned()) }.boxed()
    }
}
