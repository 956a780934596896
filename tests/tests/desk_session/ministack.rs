//! The session against ministack's Cognito: user pool, hosted login page, identity pool, as a lake on AWS has them.
//!
//! What ministack lacks is said in lines that begin with `not run`.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use desk::home::Home;
use desk::reading::{Clients, IdTokens, NoToken, ReadFault};
use desk::session::{Prompt, Session, SessionProblem, SignedIn, SystemClock, Vault};
use futures::FutureExt;
use futures::future::BoxFuture;
use lake::{Profile, Source};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use url::Url;

use crate::provider::{free_redirect, profile_of};
use crate::robot::{self, Browser, Page};

/// How long Python may take to start ministack, or to set it up.
const LIMIT: Duration = Duration::from_secs(90);

/// A running ministack with a lake's user pool, identity pool and bucket. Killed when dropped.
struct Ministack {
    url: String,
    made: Value,
    redirect: String,
    folder: TempDir,
    _process: Child,
}

impl Ministack {
    async fn start() -> Result<Self, String> {
        let python = python().ok_or("there is no Python with ministack; `cargo xtask test` makes one")?;
        let program = python.with_file_name(if cfg!(windows) { "ministack.exe" } else { "ministack" });
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let redirect = free_redirect();
        let port = Url::parse(&free_redirect()).ok().and_then(|url| url.port()).ok_or("no free port")?;
        let url = format!("http://127.0.0.1:{port}");
        let process = Command::new(program)
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            .env("IOT_MTLS_ENABLED", "false")
            .env("SERVICES", "cognito-idp,cognito-identity,iam,sts,s3,dynamodb")
            // It then holds callers to their keys, tokens and policies.
            .env("AUTH", "true")
            .env("STATE_DIR", folder.path().join("state"))
            .env("TMPDIR", folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("ministack: {error}"))?;
        answers(&url).await?;
        let made = made(&python, &url, &redirect).await?;
        Ok(Self { url, made, redirect, folder, _process: process })
    }

    fn text(&self, name: &str) -> &str {
        self.made[name].as_str().expect("the script printed it")
    }

    /// What this lake's `GET /lake` would say.
    fn profile(&self) -> Profile {
        let issuer = format!("https://{}", self.text("provider"));
        let mut profile = profile_of(&issuer, &self.redirect);
        profile.region = self.text("region").to_owned();
        profile.client_id = self.text("client").to_owned();
        profile.logout_url = format!("{}/logout", self.url);
        profile.logout_uris = vec![self.redirect.clone()];
        profile.identity_pool_id = self.text("identity_pool").to_owned();
        profile.identity_provider = self.text("provider").to_owned();
        profile.bucket = self.text("bucket").to_owned();
        let here = Some(self.url.clone());
        profile.endpoints = lake::Endpoints {
            front_door: self.url.clone(),
            cognito_idp: here.clone(),
            cognito_identity: here.clone(),
            s3: here.clone(),
            dynamodb: here,
        };
        profile
    }

    fn session_file(&self) -> PathBuf {
        self.folder.path().join("session")
    }

    fn session(&self) -> Session<SystemClock> {
        let home = Home::open(&self.folder.path().join("home")).expect("a home");
        let profile = self.profile();
        let read_from = Url::parse(&self.url).expect("a URL");
        desk::connect::check(&profile, &read_from).expect("a profile that may be used");
        Session::new(&home, profile, Vault::File(self.session_file()), SystemClock)
    }

    /// Ends a refresh token at the pool, as an administrator or another program of the user can.
    async fn revoke(&self, refresh_token: &str) {
        let call = robot::client()
            .post(&self.url)
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", "AWSCognitoIdentityProviderService.RevokeToken")
            .body(json!({ "Token": refresh_token, "ClientId": self.text("client") }).to_string());
        let answer = call.send().await.expect("ministack answers");
        assert!(answer.status().is_success(), "RevokeToken: {}", answer.status());
    }
}

/// The interpreter that `cargo xtask test` names, or that of `venv` in the folder that cargo builds into.
fn python() -> Option<PathBuf> {
    let beside_the_build = || {
        let this = std::env::current_exe().ok()?;
        let program = if cfg!(windows) { "venv/Scripts/python.exe" } else { "venv/bin/python" };
        this.ancestors().map(|folder| folder.join(program)).find(|python| python.exists())
    };
    std::env::var_os("LAKE_PYTHON").map(PathBuf::from).or_else(beside_the_build)
}

async fn answers(url: &str) -> Result<(), String> {
    let until = Instant::now() + LIMIT;
    let health = format!("{url}/_ministack/health");
    while !robot::client().get(&health).send().await.is_ok_and(|answer| answer.status().is_success()) {
        if Instant::now() > until {
            return Err("ministack does not answer in time".to_owned());
        }
        tokio::time::sleep(Duration::from_millis(100)).await; // between two looks
    }
    Ok(())
}

async fn made(python: &Path, url: &str, redirect: &str) -> Result<Value, String> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let setting_up = Command::new(python)
        .arg(tests.join("tests/desk_session/ministack.py"))
        .arg(url)
        .arg(redirect)
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(LIMIT, setting_up).await.map_err(|_| "setting it up takes too long")?;
    let output = output.map_err(|error| error.to_string())?;
    serde_json::from_slice(&output.stdout)
        .map_err(|_| format!("it was not set up: {}", String::from_utf8_lossy(&output.stderr)))
}

/// Signs in; `robot` plays the user from the page that the browser was sent to, to the last one.
async fn sign_in(
    session: &Session<SystemClock>,
    robot: impl AsyncFnOnce(Browser, Page) -> Page,
) -> (Result<SignedIn, SessionProblem>, Page) {
    let (show, shown) = oneshot::channel();
    let playing = async move {
        let address: Url = shown.await.expect("an address is shown");
        let mut browser = Browser::new();
        let page = browser.open(address).await;
        robot(browser, page).await
    };
    let signing_in =
        session.sign_in(Prompt::Login, |address| show.send(address.clone()).map_err(|_| "nobody waits"));
    tokio::join!(signing_in, playing)
}

async fn sign_in_as(session: &Session<SystemClock>, user: &str) -> SignedIn {
    let fields = [("username", user), ("password", robot::PASSWORD)];
    let (signed_in, last) =
        sign_in(session, async |mut browser, page| browser.fill_in(page, &fields).await).await;
    assert!(last.text.contains("Lake Steward"), "{user}: the last page is ours");
    signed_in.expect("the sign-in goes through")
}

/// Institutions that a session reads and writes.
fn rights(signed_in: &SignedIn) -> (Option<&str>, Option<&str>) {
    let claims = &signed_in.claims;
    (claims.read.as_ref().map(Source::as_str), claims.write.as_ref().map(Source::as_str))
}

struct Tokens(Session<SystemClock>);

impl IdTokens for Tokens {
    fn id_token(&self) -> BoxFuture<'_, Result<String, NoToken>> {
        async {
            let signed_in = self.0.signed_in().await;
            signed_in
                .map(|s| s.id_token.expose().to_owned())
                .map_err(|error| NoToken::SignIn(error.to_string()))
        }
        .boxed()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cognito_user_pool_signs_in_renews_gives_credentials_and_ends() {
    let ministack = match Ministack::start().await {
        Ok(ministack) => ministack,
        Err(reason) => {
            return crate::not_run(&reason);
        }
    };
    its_login_page_signs_in_with_the_rights_of_the_user(&ministack).await;
    its_temporary_credentials_read_what_the_policy_lets_them(&ministack).await;
    it_renews_until_the_session_is_ended(&ministack).await;
}

async fn its_login_page_signs_in_with_the_rights_of_the_user(ministack: &Ministack) {
    let session = ministack.session();
    let (signed_in, _) = sign_in(&session, async |mut browser, page| {
        let wrong = [("username", "admin@example.com"), ("password", "wrong")];
        let again = browser.fill_in(page, &wrong).await;
        assert!(again.text.contains("<form"), "a wrong password shows the form again");
        let right = [("username", "admin@example.com"), ("password", robot::PASSWORD)];
        browser.fill_in(again, &right).await
    })
    .await;
    let signed_in = signed_in.expect("the second try goes through");
    assert_eq!(signed_in.user.as_deref(), Some("admin@example.com"), "the name for people");
    let own = Some("my_hospital_123");
    assert_eq!(rights(&signed_in), (own, own), "custom attributes are claims of the ID token");
    let shared = ministack.session().signed_in().await.expect("another program finds the session");
    assert!(shared.id_token.expose() == signed_in.id_token.expose(), "the same one");

    for user in ["nobody@example.com", "blank@example.com"] {
        let signed_in = sign_in_as(&session, user).await;
        assert_eq!(rights(&signed_in), (None, None), "{user}: absent, blank or no name is no right");
    }
    let (invited, last) = sign_in(&session, async |mut browser, page| {
        let given = [("username", "invited@example.com"), ("password", robot::PASSWORD)];
        let page = browser.fill_in(page, &given).await;
        let chosen = "another horse battery";
        browser.fill_in(page, &[("new_password", chosen), ("confirm_password", chosen)]).await
    })
    .await;
    assert!(last.text.contains("Lake Steward"), "after choosing a password the last page is ours");
    let invited = invited.expect("an invited user signs in");
    assert_eq!(rights(&invited), (own, None), "with the rights of the invitation");
}

async fn its_temporary_credentials_read_what_the_policy_lets_them(ministack: &Ministack) {
    let session = ministack.session();
    sign_in_as(&session, "admin@example.com").await;
    let clients = Clients::new(&ministack.profile(), Arc::new(Tokens(session)));
    let mut body = clients.objects.open(ministack.text("own"), None).await.expect("the own message");
    let bytes = body.next().await.expect("readable").expect("not empty");
    assert_eq!(bytes.as_ref(), b"MSH|^~\\&|A\r", "as it was stored");
    let refused = [
        clients.objects.open(ministack.text("foreign"), None).await.map(drop),
        clients.objects.try_to_list("").await,
        clients.objects.try_to_write(ministack.text("own")).await,
    ];
    for answer in refused {
        assert!(matches!(answer, Err(ReadFault::Forbidden { .. })), "by the policy: {answer:?}");
    }
    eprintln!(
        "not run: the lake's own access policy (ministack's identity pool puts no principal tags on a session; it \
         has neither policy variables nor s3:prefix nor dynamodb:LeadingKeys)"
    );
}

async fn it_renews_until_the_session_is_ended(ministack: &Ministack) {
    let session = ministack.session();
    let first = sign_in_as(&session, "admin@example.com").await;
    robot::next_second().await;
    let renewed = session.renew_refused(&first.id_token).await.expect("renewed by the refresh token");
    assert!(renewed.id_token.expose() != first.id_token.expose(), "a new token");
    assert_eq!(rights(&renewed), rights(&first), "with the same rights");
    let refresh_token = first.refresh_token.expect("it was given");
    let kept = renewed.refresh_token.expect("it is kept");
    assert!(kept.expose() == refresh_token.expose(), "Cognito keeps the refresh token");

    ministack.revoke(refresh_token.expose()).await;
    let ended = session.renew_refused(&renewed.id_token).await;
    assert!(matches!(ended, Err(SessionProblem::Ended)), "the pool has ended it: {ended:?}");
    let gone = ministack.session().signed_in().await;
    assert!(matches!(gone, Err(SessionProblem::SignedOut)), "for every program: {gone:?}");

    sign_in_as(&session, "admin@example.com").await;
    let (logout, revoked) = session.sign_out().await.expect("signed out");
    let logout = logout.expect("the lake has a logout page");
    let page = robot::client().get(logout).send().await.expect("it answers");
    assert!(page.status().is_redirection(), "the logout page takes the browser back: {}", page.status());
    let file = std::fs::read_to_string(ministack.session_file()).expect("a session file");
    assert!(!file.contains("refresh_token"), "nothing is kept");
    // Cognito has one (`/oauth2/revoke`); ministack has neither it nor a word of it in its description.
    assert!(
        matches!(&revoked, Err(SessionProblem::IssuerAnswer { reason }) if reason.contains("no way to end")),
        "that nothing was revoked is said: {revoked:?}"
    );
    eprintln!("not run: revocation by sign-out (ministack has no /oauth2/revoke; RevokeToken stood in)");
}
