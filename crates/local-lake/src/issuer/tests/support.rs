//! A lake's issuer and identity pool without a network, and a browser and a client that talk to them.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http_body_util::BodyExt;
use jiff::Timestamp;
use lake::Clock;
use serde_json::Value;
use tower::ServiceExt;
use url::{Url, form_urlencoded};

use crate::credentials::{self, CredentialMint, Secret};
use crate::database::Database;
use crate::identity::IdentityPool;
use crate::issuer::{self, Issuer, Settings, fingerprint};
use crate::randomness::SystemRandomness;
use crate::users::{self, SampleUsers, Users};

pub(crate) const ISSUER: &str = "http://localhost:47100";
pub(crate) const CALLBACK: &str = "http://localhost:47114/callback";
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// A clock that goes only when told to.
pub(crate) struct Hand(AtomicI64);

impl Hand {
    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::Relaxed)).expect("a time that exists")
    }
}

pub(crate) struct Lake {
    pub(crate) issuer: Issuer,
    pub(crate) pool: IdentityPool,
    pub(crate) mint: Arc<CredentialMint>,
    pub(crate) clock: Arc<Hand>,
    pub(crate) database: Database,
    folder: tempfile::TempDir,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Lake {
    pub(crate) async fn one_click() -> Self {
        Self::start(SampleUsers::OneClick, tempfile::tempdir().expect("a folder")).await
    }

    pub(crate) async fn with_password() -> Self {
        let samples = SampleUsers::Password(Secret::new(PASSWORD.to_owned()));
        Self::start(samples, tempfile::tempdir().expect("a folder")).await
    }

    /// Stops and starts again on the same data folder, at the same time.
    pub(crate) async fn restart(self, samples: SampleUsers) -> Self {
        let now = self.clock.0.load(Ordering::Relaxed);
        self.database.close().await.expect("the database closes");
        let again = Self::start(samples, self.folder).await;
        again.clock.0.store(now, Ordering::Relaxed);
        again
    }

    async fn start(samples: SampleUsers, folder: tempfile::TempDir) -> Self {
        let schemas = [credentials::SCHEMA, users::SCHEMA, issuer::SCHEMA];
        let database = Database::open(&folder.path().join("lake.sqlite"), &schemas).expect("a database");
        let randomness = Arc::new(SystemRandomness);
        let clock = Arc::new(Hand(AtomicI64::new(1_790_000_000)));
        let users = Users::open(&database, samples, &SystemRandomness).await.expect("users");
        let settings = Settings::local(ISSUER.to_owned(), "Lake for practice".to_owned());
        let issuer = Issuer::open(settings, database.clone(), users, clock.clone(), randomness.clone());
        let issuer = issuer.await.expect("an issuer");
        let mint = CredentialMint::open(&database, &SystemRandomness).await.expect("a mint");
        let mint = Arc::new(mint);
        let pool =
            IdentityPool::open(&database, issuer.clone(), mint.clone(), clock.clone(), randomness).await;
        Self { issuer, pool: pool.expect("a pool"), mint, clock, database, folder }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let router = self.issuer.router().merge(self.pool.router());
        let response = router.oneshot(request).await.expect("the router answers");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("the body ends").to_bytes();
        let body = String::from_utf8(body.to_vec()).expect("text");
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, path: &str, headers: &[(header::HeaderName, &str)]) -> Answer {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        self.send(request.body(Body::empty()).expect("a request")).await
    }

    pub(crate) async fn post(
        &self,
        path: &str,
        form: &[(&str, &str)],
        headers: &[(header::HeaderName, &str)],
    ) -> Answer {
        let mut request =
            Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        self.send(request.body(Body::from(body)).expect("a request")).await
    }

    /// The login page for a request.
    pub(crate) async fn login_page(&self, changes: &[(&str, Option<&str>)]) -> Answer {
        self.get(&format!("/login?{}", query(changes)), &[]).await
    }

    /// Signs in on the login page, as a browser would.
    pub(crate) async fn sign_in(&self, username: &str, changes: &[(&str, Option<&str>)]) -> Answer {
        self.submit(username, PASSWORD, changes).await
    }

    pub(crate) async fn submit(
        &self,
        username: &str,
        password: &str,
        changes: &[(&str, Option<&str>)],
    ) -> Answer {
        let page = self.login_page(changes).await;
        let mut form = hidden_fields(&page.body);
        form.push(("username".to_owned(), username.to_owned()));
        form.push(("password".to_owned(), password.to_owned()));
        let form: Vec<_> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.post("/login", &form, &[]).await
    }

    /// Signs in and redeems the code.
    pub(crate) async fn tokens(&self, username: &str, scope: &str) -> Value {
        let signed_in = self.sign_in(username, &[("scope", Some(scope))]).await;
        let answer = self.redeem(&signed_in.returned()["code"], &[]).await;
        assert_eq!(answer.status, StatusCode::OK, "the code is redeemed: {}", answer.body);
        answer.json()
    }

    pub(crate) async fn redeem(&self, code: &str, changes: &[(&str, Option<&str>)]) -> Answer {
        let form = changed(
            &[
                ("grant_type", "authorization_code"),
                ("client_id", "lake-steward"),
                ("code", code),
                ("redirect_uri", CALLBACK),
                ("code_verifier", VERIFIER),
            ],
            changes,
        );
        let form: Vec<_> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.post("/oauth2/token", &form, &[]).await
    }

    pub(crate) async fn refresh(&self, token: &str) -> Answer {
        let form = [("grant_type", "refresh_token"), ("client_id", "lake-steward"), ("refresh_token", token)];
        self.post("/oauth2/token", &form, &[]).await
    }

    pub(crate) async fn user_info(&self, access_token: &str) -> Answer {
        self.get("/oauth2/userInfo", &[(header::AUTHORIZATION, &format!("Bearer {access_token}"))]).await
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    pub(crate) fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(&name).map_or("", |value| value.to_str().expect("a readable header"))
    }

    /// What was returned to the client: the parameters of the redirect, which must go to its callback.
    pub(crate) fn returned(&self) -> HashMap<String, String> {
        let location = self.header(header::LOCATION);
        let (target, _) = location.split_once('?').unwrap_or((location, ""));
        assert_eq!(target, CALLBACK, "status {}, body {}", self.status, self.body);
        Url::parse(location).expect("a URL").query_pairs().into_owned().collect()
    }
}

/// A sound authorization request, as a query, with parameters changed or left out.
pub(crate) fn query(changes: &[(&str, Option<&str>)]) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(fingerprint(VERIFIER.as_bytes()));
    let parameters = changed(
        &[
            ("response_type", "code"),
            ("client_id", "lake-steward"),
            ("redirect_uri", CALLBACK),
            ("scope", "openid email profile"),
            ("state", "the state"),
            ("nonce", "the nonce"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ],
        changes,
    );
    form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

fn changed(given: &[(&str, &str)], changes: &[(&str, Option<&str>)]) -> Vec<(String, String)> {
    let kept = given.iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    let added = changes.iter().filter_map(|(name, value)| value.map(|value| (*name, value)));
    kept.copied().chain(added).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The hidden fields of a page, read as any HTML client would.
pub(crate) fn hidden_fields(page: &str) -> Vec<(String, String)> {
    let attribute = |tag: &str, name: &str| {
        let (_, rest) = tag.split_once(&format!("{name}=\""))?;
        let (value, _) = rest.split_once('"')?;
        let plain = value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
        Some(plain.replace("&amp;", "&"))
    };
    page.split("<input ")
        .skip(1)
        .filter_map(|rest| rest.split_once('>').map(|(tag, _)| tag))
        .filter(|tag| tag.contains("type=\"hidden\""))
        .filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value")?)))
        .collect()
}

/// The claims of a token, unchecked.
pub(crate) fn claims(token: &Value) -> Value {
    let token = token.as_str().expect("a token");
    let part = token.split('.').nth(1).expect("three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}
