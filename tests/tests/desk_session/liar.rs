//! Issuers that lie: every false ID token is refused, and keys that change are read again.

use std::sync::{Arc, Mutex};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use desk::home::Home;
use desk::session::{Prompt, Session, SessionProblem, SignedIn, SystemClock, Vault};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use url::Url;

use crate::provider::{free_redirect, profile_of};
use crate::robot;

/// What is false in its ID tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lie {
    None,
    Nonce,
    NoNonce,
    Audience,
    Issuer,
    Signature,
    Unsigned,
    Expired,
    /// Nobody typed a password: it remembers somebody of an hour ago.
    OldLogin,
    /// No lie: it signs with a key that it published only after it was first asked for its keys.
    NewKey,
}

struct Liar {
    lie: Lie,
    issuer: String,
    nonce: Mutex<String>,
    keys: [KeyPair; 2],
    key_requests: Mutex<u32>,
}

impl Liar {
    async fn start(lie: Lie) -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let issuer = format!("http://localhost:{}", listener.local_addr().expect("bound").port());
        let key = || KeyPair::generate(KeySize::Rsa2048).expect("a key");
        let liar = Arc::new(Self {
            lie,
            issuer,
            nonce: Mutex::default(),
            keys: [key(), key()],
            key_requests: Mutex::new(0),
        });
        let (described, keyed, asked) = (Arc::clone(&liar), Arc::clone(&liar), Arc::clone(&liar));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(async move || Json(described.description())))
            .route("/keys", get(async move || Json(keyed.key_set())))
            .route("/token", post(async move || Json(asked.tokens())));
        tokio::spawn(async move { axum::serve(listener, router).await });
        liar
    }

    fn description(&self) -> Value {
        let at = |path: &str| format!("{}/{path}", self.issuer);
        json!({
            "issuer": self.issuer, "authorization_endpoint": at("authorize"), "token_endpoint": at("token"),
            "jwks_uri": at("keys"), "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        })
    }

    fn key_set(&self) -> Value {
        let mut requests = self.key_requests.lock().expect("not poisoned");
        *requests += 1;
        let published = if *requests == 1 { &self.keys[..1] } else { &self.keys[..] };
        let keys: Vec<Value> = published
            .iter()
            .enumerate()
            .map(|(number, key)| {
                let public = PublicKeyComponents::<Vec<u8>>::from(key.public_key());
                let (n, e) = (URL_SAFE_NO_PAD.encode(public.n), URL_SAFE_NO_PAD.encode(public.e));
                json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": format!("key-{number}"), "n": n, "e": e })
            })
            .collect();
        json!({ "keys": keys })
    }

    fn tokens(&self) -> Value {
        let now = jiff::Timestamp::now().as_second();
        let nonce = self.nonce.lock().expect("not poisoned").clone();
        let lies = |lie| self.lie == lie;
        let mut claims = json!({
            "iss": if lies(Lie::Issuer) { "https://evil.example" } else { &self.issuer },
            "aud": if lies(Lie::Audience) { "another-client" } else { "lake-steward" },
            "nonce": if lies(Lie::Nonce) { "of another sign-in" } else { &nonce },
            "sub": "anna", "iat": now, "exp": if lies(Lie::Expired) { now - 600 } else { now + 3600 },
            "custom:read": "my_hospital_123",
        });
        if lies(Lie::OldLogin) {
            claims["auth_time"] = json!(now - 3600);
        }
        if lies(Lie::NoNonce) {
            claims.as_object_mut().expect("an object").remove("nonce");
        }
        let (kid, key) = match self.lie {
            Lie::NewKey => ("key-1", &self.keys[1]),
            Lie::Signature => ("key-0", &self.keys[1]),
            _ => ("key-0", &self.keys[0]),
        };
        let algorithm = if lies(Lie::Unsigned) { "none" } else { "RS256" };
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(&json!({ "alg": algorithm, "kid": kid })), part(&claims));
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).expect("signed");
        let signature = if lies(Lie::Unsigned) { String::new() } else { URL_SAFE_NO_PAD.encode(signature) };
        json!({ "access_token": "a", "token_type": "Bearer", "id_token": format!("{text}.{signature}") })
    }
}

/// A whole sign-in of a new session.
async fn sign_in(lie: Lie) -> Result<SignedIn, SessionProblem> {
    let liar = Liar::start(lie).await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let home = Home::open(folder.path()).expect("a home");
    let profile = profile_of(&liar.issuer, &free_redirect());
    sign_in_to(&Session::new(&home, profile, Vault::Memory, SystemClock), liar).await
}

/// A whole sign-in; the browser's part is played by asking the redirect at once.
async fn sign_in_to(session: &Session<SystemClock>, liar: Arc<Liar>) -> Result<SignedIn, SessionProblem> {
    let (show, shown) = oneshot::channel();
    tokio::spawn(async move {
        let address: Url = shown.await.expect("an address is shown");
        let asked = |name: &str| {
            let found = address.query_pairs().find(|(found, _)| found == name);
            found.expect("the address has it").1.into_owned()
        };
        *liar.nonce.lock().expect("not poisoned") = asked("nonce");
        let mut back = Url::parse(&asked("redirect_uri")).expect("a URL");
        back.query_pairs_mut().append_pair("code", "c").append_pair("state", &asked("state"));
        robot::client().get(back).send().await.expect("the port answers");
    });
    session.sign_in(Prompt::IfNeeded, |address| show.send(address.clone()).map_err(|_| "nobody waits")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_false_token_is_refused() {
    let honest = sign_in(Lie::None).await.expect("an honest issuer's token is taken");
    assert_eq!(honest.claims.subject, "anna", "and read");
    for lie in [Lie::Nonce, Lie::NoNonce, Lie::Audience, Lie::Issuer, Lie::Signature, Lie::Unsigned] {
        let refused = sign_in(lie).await;
        assert!(matches!(refused, Err(SessionProblem::IssuerAnswer { .. })), "{lie:?}: {refused:?}");
    }
    let expired = sign_in(Lie::Expired).await;
    assert!(matches!(expired, Err(SessionProblem::Clock { .. })), "looks ended already: {expired:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_have_changed_are_read_again() {
    let signed_in = sign_in(Lie::NewKey).await.expect("the new key is read when it is met");
    assert_eq!(signed_in.claims.subject, "anna", "and the token is taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_passes_the_prompt_over_unlocks_nothing() {
    let liar = Liar::start(Lie::OldLogin).await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let home = Home::open(folder.path()).expect("a home");
    let profile = profile_of(&liar.issuer, &free_redirect());
    let session = Session::new(&home, profile, Vault::Memory, SystemClock);
    sign_in_to(&session, Arc::clone(&liar)).await.expect("whom the browser remembers may sign in");
    session.lock().expect("locked");
    let refused = sign_in_to(&session, liar).await;
    assert!(
        matches!(refused, Err(SessionProblem::IssuerAnswer { .. })),
        "nobody typed a password: {refused:?}"
    );
    assert!(session.is_locked(), "still locked");
}
