//! ID tokens: RS256 signatures checked against the issuer's published keys (RFC 7517, RFC 7519, OIDC Core 1.0, section 3.1.3.7;
//! Amazon Cognito, "Verifying JSON web tokens").

mod cache;
mod keys;
#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Validation};
use lake::{Claims, Clock};
use serde::Deserialize;

use self::cache::Verified;
use self::keys::Keys;
pub use self::keys::{FixedKeys, KeySource};
use crate::{Authenticator, TokenProblem};
pub use jsonwebtoken::jwk::JwkSet;

/// How far clocks may differ.
const LEEWAY: SignedDuration = SignedDuration::from_secs(60);
/// Longest token that is looked at, in bytes. Cognito's are about 1 KiB.
const TOKEN_BYTES: usize = 16 * 1024;

/// Verifies the ID tokens of one issuer for one client.
pub struct IdTokens<S, K> {
    issuer: String,
    client_id: String,
    keys: Keys<S>,
    verified: Verified,
    clock: K,
}

/// The claims that matter. `aud` is one text or several (RFC 7519, section 4.1.3).
#[derive(Deserialize)]
struct Payload {
    #[serde(default)]
    iss: Option<String>,
    #[serde(default)]
    aud: Audience,
    #[serde(default)]
    token_use: Option<String>,
    #[serde(default)]
    sub: Option<String>,
    exp: f64,
    #[serde(default)]
    nbf: Option<f64>,
    #[serde(default)]
    iat: Option<f64>,
    #[serde(default, rename = "custom:read")]
    read: Option<String>,
    #[serde(default, rename = "custom:write")]
    write: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
    #[default]
    None,
}

impl Audience {
    fn names(&self, client_id: &str) -> bool {
        match self {
            Self::One(name) => name == client_id,
            Self::Many(names) => names.iter().any(|name| name == client_id),
            Self::None => false,
        }
    }
}

impl<S: KeySource, K: Clock> IdTokens<S, K> {
    /// Tokens of this issuer (`iss`, exactly) made for this client (`aud`).
    pub fn new(issuer: impl Into<String>, client_id: impl Into<String>, keys: S, clock: K) -> Self {
        Self {
            issuer: issuer.into(),
            client_id: client_id.into(),
            keys: Keys::new(keys),
            verified: Verified::default(),
            clock,
        }
    }

    async fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, TokenProblem> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenProblem::Malformed)?;
        let kid = header.kid.as_deref().ok_or(TokenProblem::UnknownKey)?;
        // No other algorithm, never `none` or a shared secret, and no extension that must be understood (RFC 7515, 4.1.11).
        if header.alg != Algorithm::RS256 || header.crit.is_some() {
            return Err(TokenProblem::Malformed);
        }
        let key = self.keys.find(kid, now).await?;
        let mut validation = Validation::new(Algorithm::RS256);
        // The claims are checked below: with the clock that was passed in, and with a name for each problem.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        let payload = jsonwebtoken::decode::<Payload>(token, &key, &validation)
            .map_err(|error| match error.kind() {
                ErrorKind::InvalidSignature => TokenProblem::BadSignature,
                _ => TokenProblem::Malformed,
            })?
            .claims;
        self.check(&payload, now)?;
        Ok(Claims {
            subject: payload.sub.filter(|sub| !sub.is_empty()).ok_or(TokenProblem::Malformed)?,
            read: Claims::right(payload.read.as_deref()),
            write: Claims::right(payload.write.as_deref()),
            expires_at: time(payload.exp)?,
        })
    }

    fn check(&self, payload: &Payload, now: Timestamp) -> Result<(), TokenProblem> {
        if payload.iss.as_deref() != Some(self.issuer.as_str()) {
            return Err(TokenProblem::WrongIssuer);
        }
        // Before the audience: an access token names its client elsewhere.
        if payload.token_use.as_deref() != Some("id") {
            return Err(TokenProblem::WrongKind);
        }
        if !payload.aud.names(&self.client_id) {
            return Err(TokenProblem::WrongAudience);
        }
        if over(time(payload.exp)?, now) {
            return Err(TokenProblem::Expired);
        }
        for begins in [payload.nbf, payload.iat].into_iter().flatten() {
            if time(begins)?.duration_since(now) > LEEWAY {
                return Err(TokenProblem::NotYetValid);
            }
        }
        Ok(())
    }
}

impl<S: KeySource, K: Clock> Authenticator for IdTokens<S, K> {
    async fn authenticate(&self, token: &str) -> Result<Claims, TokenProblem> {
        if token.len() > TOKEN_BYTES {
            return Err(TokenProblem::Malformed);
        }
        let now = self.clock.now();
        let digest = er7::raw_digest(token.as_bytes());
        if let Some(claims) = self.verified.find(&digest) {
            return if over(claims.expires_at, now) { Err(TokenProblem::Expired) } else { Ok(claims) };
        }
        let claims = self.verify(token, now).await?;
        self.verified.keep(digest, claims.clone(), now);
        Ok(claims)
    }
}

/// Whether a token that ends then has ended, with leeway.
fn over(expires_at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(expires_at) >= LEEWAY
}

/// A NumericDate (RFC 7519, section 2): seconds, perhaps with a fraction.
fn time(seconds: f64) -> Result<Timestamp, TokenProblem> {
    SignedDuration::try_from_secs_f64(seconds)
        .ok()
        .and_then(|duration| Timestamp::from_duration(duration).ok())
        .ok_or(TokenProblem::Malformed)
}
