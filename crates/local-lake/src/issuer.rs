//! An OIDC issuer on loopback, shaped like Amazon Cognito's hosted UI: the authorization code flow with PKCE, a login
//! page without script, rotating refresh tokens.
//!
//! Sources: RFC 6749 (OAuth 2.0), RFC 7636 (PKCE), RFC 7009 (revocation), RFC 9700 (security), OpenID Connect Core 1.0
//! and Discovery 1.0; for names and shapes "Amazon Cognito user pools, managed login endpoints".

mod attempts;
mod authorize;
mod codes;
mod discovery;
mod keys;
mod login;
mod logout;
mod page;
mod parameters;
mod refresh;
mod request;
mod scopes;
mod sessions;
mod token;
mod tokens;
mod userinfo;
mod verify;

use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::hmac;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use jsonwebtoken::jwk::JwkSet;
use lake::{Clock, Fault};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::database::Database;
use crate::randomness::{Randomness, random_bytes, random_uuid};
use crate::users::Users;
use attempts::Attempts;
use codes::Codes;
use keys::SigningKey;
use scopes::Scopes;
use sessions::Sessions;

pub use refresh::SCHEMA;
pub use tokens::Tokens;
pub use verify::{TokenKind, TokenProblem};

/// The id of the one public client, the steward's desktop and command line.
pub const CLIENT_ID: &str = "lake-steward";

/// Where an issuer answers and to whom it returns.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The issuer, and the origin of its pages: `http://localhost:N`, without a slash at the end.
    pub issuer_url: String,
    /// The lake's name as people read it on the login page.
    pub lake_name: String,
    /// The registered redirect URIs; a request must give one of them to the letter.
    pub redirect_uris: Vec<String>,
    /// The registered logout URIs; the same.
    pub logout_uris: Vec<String>,
}

impl Settings {
    /// What the steward's programs expect of a lake on this computer.
    pub fn local(issuer_url: String, lake_name: String) -> Self {
        let on_each_port = |path: &str| {
            [47113, 47114, 47115].iter().map(|port| format!("http://localhost:{port}/{path}")).collect()
        };
        let mut logout_uris: Vec<String> = on_each_port("signed-out");
        logout_uris.insert(0, format!("{issuer_url}/signed-out"));
        Self { issuer_url, lake_name, redirect_uris: on_each_port("callback"), logout_uris }
    }
}

/// The issuer. Clones share it.
#[derive(Clone)]
pub struct Issuer(Arc<Inner>);

struct Inner {
    settings: Settings,
    database: Database,
    users: Users,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
    key: SigningKey,
    /// Seals the login form; new at each start, so a form left open does not outlive the process.
    forms: hmac::Key,
    codes: Mutex<Codes>,
    sessions: Mutex<Sessions>,
    attempts: Mutex<Attempts>,
    /// Password hashes take memory and time: only a few are made at once.
    hashing: Semaphore,
}

/// How many passwords are checked at once, with 19 MiB each.
const HASHES_AT_ONCE: usize = 2;
/// No request to the issuer is longer.
const BODY_BYTES: usize = 64 * 1024;

impl Issuer {
    /// Opens the issuer of this data folder; at the first start its signing key is made.
    pub async fn open(
        settings: Settings,
        database: Database,
        users: Users,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
    ) -> Result<Self, Fault> {
        let key = SigningKey::open(&database).await?;
        let forms = hmac::Key::new(hmac::HMAC_SHA256, &random_bytes::<32>(randomness.as_ref())?);
        Ok(Self(Arc::new(Inner {
            settings,
            database,
            users,
            clock,
            randomness,
            key,
            forms,
            codes: Mutex::default(),
            sessions: Mutex::default(),
            attempts: Mutex::default(),
            hashing: Semaphore::new(HASHES_AT_ONCE),
        })))
    }

    /// The issuer's endpoints and pages, to be merged into the listener that answers at the issuer's URL.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/.well-known/openid-configuration", get(discovery::configuration))
            .route("/.well-known/jwks.json", get(discovery::jwks))
            .route("/oauth2/authorize", get(authorize::authorize))
            .route("/login", get(login::show).post(login::sign_in))
            .route("/oauth2/token", post(token::token))
            .route("/oauth2/revoke", post(token::revoke))
            .route("/oauth2/userInfo", get(userinfo::user_info).post(userinfo::user_info))
            .route("/logout", get(logout::logout))
            .route("/signed-out", get(logout::signed_out))
            .layer(DefaultBodyLimit::max(BODY_BYTES))
            .with_state(self.clone())
    }

    /// The public keys that tokens are checked with (RFC 7517).
    pub fn jwks(&self) -> JwkSet {
        JwkSet { keys: vec![self.0.key.jwk().clone()] }
    }

    /// The issuer as tokens name it (`iss`).
    pub fn issuer_url(&self) -> &str {
        &self.0.settings.issuer_url
    }

    /// The id of the one client (`aud` of ID tokens).
    pub fn client_id(&self) -> &str {
        CLIENT_ID
    }

    /// The scopes to ask for; without `profile` tokens carry no rights.
    pub fn scopes(&self) -> Vec<String> {
        Scopes::all().iter().map(str::to_owned).collect()
    }

    /// Where it answers and to whom it returns.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The users who can sign in.
    pub fn users(&self) -> &Users {
        &self.0.users
    }

    /// Tokens with all scopes for a user of this lake, as the login page would give; `None` if there is no such user.
    /// For the demonstration, which has no browser: it stays in this process, no endpoint leads here.
    pub async fn issue_tokens(&self, username: &str) -> Result<Option<Tokens>, Fault> {
        let Some(user) = self.0.users.named(username) else { return Ok(None) };
        let grant = tokens::Grant {
            user: user.clone(),
            scopes: Scopes::all(),
            auth_time: self.now(),
            origin: self.random_uuid()?,
            nonce: None,
        };
        self.grant_tokens(&grant).await.map(Some)
    }

    /// Now, in seconds since 1970.
    fn now(&self) -> i64 {
        self.0.clock.now().as_second()
    }

    fn random_uuid(&self) -> Result<String, Fault> {
        random_uuid(self.0.randomness.as_ref())
    }

    fn random_bytes<const N: usize>(&self) -> Result<[u8; N], Fault> {
        random_bytes(self.0.randomness.as_ref())
    }

    fn codes<T>(&self, job: impl FnOnce(&mut Codes) -> T) -> T {
        job(&mut self.0.codes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn sessions<T>(&self, job: impl FnOnce(&mut Sessions) -> T) -> T {
        job(&mut self.0.sessions.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn attempts<T>(&self, job: impl FnOnce(&mut Attempts) -> T) -> T {
        job(&mut self.0.attempts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// SHA-256 of a secret: all that is kept of codes, sessions and refresh tokens. They are random, so no salt is needed.
fn fingerprint(secret: &[u8]) -> [u8; 32] {
    Sha256::digest(secret).into()
}

#[cfg(test)]
pub(crate) mod tests;
