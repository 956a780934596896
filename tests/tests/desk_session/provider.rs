//! The session against an OpenID provider that somebody else wrote: npm's certified oidc-provider.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use desk::home::Home;
use desk::session::{Prompt, Session, SessionProblem, SignedIn, SystemClock, Vault};
use lake::{Endpoints, Limits, Profile};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::oneshot;
use url::Url;

use crate::robot::{self, Browser};

/// How long npm may take to install it, node to start it, and it to answer.
const LIMIT: Duration = Duration::from_secs(120);

/// What a provider gives an ID token where nothing else is asked for.
const HOUR: u32 = 3600;

/// A running provider. Killed when dropped.
pub(crate) struct Provider {
    pub(crate) issuer: String,
    _process: Child,
    /// Kept open: it would end when it could say no more.
    output: Lines<BufReader<ChildStdout>>,
}

impl Provider {
    /// A provider that sends the browser back to `redirect`, with ID tokens that last so many seconds; or why there is none.
    pub(crate) async fn start(redirect: &str, id_token_seconds: u32) -> Result<Self, String> {
        start(&installed().await?, redirect, id_token_seconds).await
    }

    /// Has the answer to the Nth next request for tokens go nowhere.
    pub(crate) async fn hold(&self, after: u32) {
        let asked = robot::client().get(format!("{}/hold?after={after}", self.issuer)).send().await;
        assert!(asked.expect("it answers").status().is_success(), "it holds");
    }

    /// Waits until it has held an answer.
    pub(crate) async fn has_held(&mut self) {
        let output = &mut self.output;
        let held = async {
            // It remarks on its settings in between.
            while output.next_line().await.expect("readable").expect("it runs") != "held" {}
        };
        tokio::time::timeout(LIMIT, held).await.expect("in time");
    }
}

/// Signs a user in at a provider's own login and consent pages.
pub(crate) async fn sign_in(session: &Session<SystemClock>) -> SignedIn {
    let (show, shown) = oneshot::channel();
    let robot = async move {
        let address: Url = shown.await.expect("an address is shown");
        let mut browser = Browser::new();
        let login = browser.open(address).await;
        let consent = browser.fill_in(login, &[("login", "anna"), ("password", "any")]).await;
        browser.fill_in(consent, &[]).await
    };
    let signing_in =
        session.sign_in(Prompt::Login, |address| show.send(address.clone()).map_err(|_| "nobody waits"));
    let (signed_in, last) = tokio::join!(signing_in, robot);
    assert!(last.text.contains("Lake Steward"), "the last page is ours");
    signed_in.expect("the sign-in goes through")
}

/// Installs it once into the target folder, with the script that runs it; whichever test comes first.
async fn installed() -> Result<PathBuf, String> {
    let in_words = |error: std::io::Error| error.to_string();
    let test = std::env::current_exe().map_err(in_words)?;
    let folder = test.ancestors().nth(3).ok_or("no target folder")?.join("oidc-provider");
    std::fs::create_dir_all(&folder).map_err(in_words)?;
    let lock = File::options().create(true).truncate(false).write(true).open(folder.join("lock"));
    let lock = lock.map_err(in_words)?;
    let _turn = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock))
        .await
        .map_err(|error| error.to_string())?
        .map_err(in_words)?;
    if !folder.join("node_modules/oidc-provider/package.json").is_file() {
        let installing = Command::new("npm")
            .args(["install", "--no-audit", "--no-fund", "--prefix"])
            .arg(&folder)
            .arg("oidc-provider@9")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .status();
        let installed = tokio::time::timeout(LIMIT, installing).await;
        let status = installed.map_err(|_| "npm takes too long")?.map_err(|error| format!("npm: {error}"))?;
        if !status.success() {
            return Err(format!("npm cannot install oidc-provider ({status})"));
        }
    }
    let script = folder.join("provider.mjs");
    let wanted = include_str!("provider.mjs");
    if std::fs::read_to_string(&script).ok().as_deref() != Some(wanted) {
        std::fs::write(&script, wanted).map_err(in_words)?;
    }
    Ok(script)
}

async fn start(script: &Path, redirect: &str, id_token_seconds: u32) -> Result<Provider, String> {
    let mut process = Command::new("node")
        .arg(script)
        .arg(redirect)
        .arg(id_token_seconds.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("node: {error}"))?;
    let mut lines = BufReader::new(process.stdout.take().ok_or("no output")?).lines();
    let line = tokio::time::timeout(LIMIT, lines.next_line()).await;
    let line = line.map_err(|_| "node takes too long")?.map_err(|error| error.to_string())?;
    let ready: Value =
        serde_json::from_str(&line.ok_or("it ended at once")?).map_err(|error| error.to_string())?;
    Ok(Provider {
        issuer: ready["issuer"].as_str().unwrap_or_default().to_owned(),
        _process: process,
        output: lines,
    })
}

/// A lake of which only the sign-in is there.
pub(crate) fn profile_of(issuer: &str, redirect: &str) -> Profile {
    Profile {
        schema: "lake-profile/1".to_owned(),
        name: "Only a sign-in".to_owned(),
        lake_version: "0".to_owned(),
        region: "eu-central-1".to_owned(),
        issuer: issuer.to_owned(),
        client_id: "lake-steward".to_owned(),
        scopes: ["openid", "email", "profile"].map(str::to_owned).to_vec(),
        redirect_uris: vec![redirect.to_owned()],
        logout_url: format!("{issuer}/session/end"),
        logout_uris: Vec::new(),
        identity_pool_id: "pool".to_owned(),
        identity_provider: "provider".to_owned(),
        bucket: "bucket".to_owned(),
        catalog: "catalog".to_owned(),
        catalog_shards: 1,
        endpoints: Endpoints {
            front_door: issuer.to_owned(),
            cognito_idp: None,
            cognito_identity: None,
            s3: None,
            dynamodb: None,
        },
        limits: Limits::default(),
    }
}

/// A redirect URI on a port that was free a moment ago.
pub(crate) fn free_redirect() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("http://localhost:{}/callback", listener.local_addr().expect("bound").port())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certified_provider_signs_in_renews_and_revokes() {
    let redirect = free_redirect();
    let provider = match Provider::start(&redirect, HOUR).await {
        Ok(provider) => provider,
        Err(reason) => {
            return crate::not_run(&reason);
        }
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let home = Home::open(folder.path()).expect("a home");
    let vault = Vault::File(folder.path().join("session"));
    let session = Session::new(&home, profile_of(&provider.issuer, &redirect), vault, SystemClock);
    let signed_in = sign_in(&session).await;
    assert_eq!(signed_in.user.as_deref(), Some("anna@example.com"), "the name for people");
    let read = signed_in.claims.read.as_ref().map(lake::Source::as_str);
    assert_eq!(read, Some("my_hospital_123"), "the right to read");
    assert_eq!(signed_in.claims.write, None, "what is no institution's name is no right");

    robot::next_second().await;
    let renewed = session.renew_refused(&signed_in.id_token).await.expect("renewed by the refresh token");
    assert!(renewed.id_token.expose() != signed_in.id_token.expose(), "a new token");
    let old = signed_in.refresh_token.expect("it was given").expose().to_owned();
    let new = renewed.refresh_token.expect("it was given").expose().to_owned();
    assert!(old != new, "this provider changes refresh tokens, and the new one is kept");
    session.renew_refused(&renewed.id_token).await.expect("the new one renews again");

    let kept = std::fs::read(folder.path().join("session")).expect("kept");
    let (_, revoked) = session.sign_out().await.expect("signed out");
    revoked.expect("the provider was told");
    std::fs::write(folder.path().join("session"), kept).expect("writable");
    let stolen = session.renew_refused(&renewed.id_token).await;
    assert!(
        matches!(stolen, Err(SessionProblem::Ended)),
        "a copy of the session is worth nothing: {stolen:?}"
    );
}
