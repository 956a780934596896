//! An identity pool on loopback, shaped like Amazon Cognito Identity: an ID token of this lake's issuer in, temporary
//! AWS credentials out, with the rights that the token names.
//!
//! Sources: Amazon Cognito Federated Identities API reference (`GetId`, `GetCredentialsForIdentity`); AWS JSON 1.1
//! protocol (Smithy 2.0); "Using attributes for access control" for the mapping of claims to principal tags.

mod answer;

use std::collections::HashMap;
use std::sync::Arc;

use aws_lc_rs::hmac;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;
use lake::{Claims, Clock, Fault};
use serde::Deserialize;
use serde_json::json;

use crate::credentials::{CredentialMint, Principal, kept_random};
use crate::database::Database;
use crate::issuer::{Issuer, TokenKind, TokenProblem};
use crate::randomness::{Randomness, random_bytes};
use answer::Refusal;

/// The region that a local lake says it is in: the one that SDKs take without asking.
pub const REGION: &str = "us-east-1";

/// No request is longer, in bytes.
const BODY_BYTES: usize = 64 * 1024;

/// The identity pool. Clones share it.
#[derive(Clone)]
pub struct IdentityPool(Arc<Inner>);

struct Inner {
    id: String,
    provider: String,
    identities: hmac::Key,
    issuer: Issuer,
    mint: Arc<CredentialMint>,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
}

impl IdentityPool {
    /// The pool of this data folder, for the tokens of this issuer.
    pub async fn open(
        database: &Database,
        issuer: Issuer,
        mint: Arc<CredentialMint>,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
    ) -> Result<Self, Fault> {
        let seed = kept_random::<32>(database, "identity-pool", randomness.as_ref()).await?;
        let identities = hmac::Key::new(hmac::HMAC_SHA256, &seed);
        let provider = issuer.issuer_url().split("://").last().unwrap_or_default().to_owned();
        let id = named(&identities, "pool");
        Ok(Self(Arc::new(Inner { id, provider, identities, issuer, mint, clock, randomness })))
    }

    /// The pool's id, `REGION:UUID`; the same for as long as the data folder lives.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// The key of `Logins` under which the issuer's ID token is handed over: the issuer without its scheme, as
    /// `cognito-idp.REGION.amazonaws.com/POOL` is at AWS.
    pub fn provider(&self) -> &str {
        &self.0.provider
    }

    /// `POST /`, to be merged into the listener that AWS SDKs are pointed at.
    pub fn router(&self) -> Router {
        Router::new().route("/", post(call)).layer(DefaultBodyLimit::max(BODY_BYTES)).with_state(self.clone())
    }

    /// The identity of a user: stable, and telling nothing of the `sub` that it follows from.
    fn identity_of(&self, subject: &str) -> String {
        named(&self.0.identities, &format!("identity {subject}"))
    }

    fn get_id(&self, asked: &Asked) -> Result<Response, Refusal> {
        let pool = asked.pool.as_deref().ok_or(Refusal::missing("IdentityPoolId"))?;
        if pool != self.0.id {
            return Err(Refusal::unknown("IdentityPool", pool));
        }
        let claims = self.claims(&asked.logins)?;
        Ok(answer::ok(&json!({"IdentityId": self.identity_of(&claims.subject)})))
    }

    fn get_credentials(&self, asked: &Asked) -> Result<Response, Refusal> {
        let identity = asked.identity.as_deref().ok_or(Refusal::missing("IdentityId"))?;
        let everyone = self.0.issuer.users().all();
        if !everyone.iter().any(|user| self.identity_of(&user.subject) == identity) {
            return Err(Refusal::unknown("Identity", identity));
        }
        if asked.role.is_some() {
            return Err(Refusal::parameter(
                "CustomRoleArn is for pools with several roles; this one has one",
            ));
        }
        let claims = self.claims(&asked.logins)?;
        if self.identity_of(&claims.subject) != identity {
            return Err(Refusal::denied(
                "Logins don't match. Please include at least one valid login for this identity or identity pool.",
            ));
        }
        let principal =
            Principal::Steward { subject: claims.subject, read: claims.read, write: claims.write };
        let random = random_bytes(self.0.randomness.as_ref()).map_err(|_| Refusal::internal())?;
        let made =
            self.0.mint.mint(&principal, self.0.clock.now(), random).map_err(|_| Refusal::internal())?;
        Ok(answer::ok(&json!({
            "IdentityId": identity,
            "Credentials": {
                "AccessKeyId": made.access_key_id,
                "SecretKey": made.secret_access_key.expose(),
                "SessionToken": made.session_token.expose(),
                "Expiration": made.expires_at.as_second(),
            }
        })))
    }

    /// What the one login that this pool knows proves.
    fn claims(&self, logins: &HashMap<String, String>) -> Result<Claims, Refusal> {
        if logins.is_empty() {
            return Err(Refusal::denied("Unauthenticated access is not supported for this identity pool."));
        }
        let Some(token) = logins.get(&self.0.provider).filter(|_| logins.len() == 1) else {
            return Err(Refusal::denied("Token is not from a supported provider of this identity pool."));
        };
        let now = self.0.clock.now();
        match self.0.issuer.verify(token, TokenKind::Id, now) {
            Ok(verified) if self.0.issuer.users().of_subject(&verified.claims.subject).is_some() => {
                Ok(verified.claims)
            }
            Ok(_) => Err(Refusal::denied("Invalid login token. The user is no longer one of this lake.")),
            Err(TokenProblem::Expired { at }) => Err(Refusal::denied(format!(
                "Invalid login token. Token expired: {at} <= {}",
                now.as_second()
            ))),
            Err(problem) => Err(Refusal::denied(format!("Invalid login token: {problem}."))),
        }
    }
}

/// The parameters of both calls.
#[derive(Deserialize)]
struct Asked {
    #[serde(rename = "IdentityPoolId")]
    pool: Option<String>,
    #[serde(rename = "IdentityId")]
    identity: Option<String>,
    #[serde(rename = "Logins", default)]
    logins: HashMap<String, String>,
    #[serde(rename = "CustomRoleArn")]
    role: Option<String>,
}

async fn call(State(pool): State<IdentityPool>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let operation = target.strip_prefix("AWSCognitoIdentityService.");
    let asked = || serde_json::from_slice::<Asked>(&body).map_err(|_| Refusal::unreadable());
    let answered = match operation {
        Some("GetId") => asked().and_then(|asked| pool.get_id(&asked)),
        Some("GetCredentialsForIdentity") => asked().and_then(|asked| pool.get_credentials(&asked)),
        _ => Err(Refusal::operation()),
    };
    answered.unwrap_or_else(Refusal::into_response)
}

/// An id in Cognito's shape that follows from the pool's key and a text.
fn named(key: &hmac::Key, what: &str) -> String {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(hmac::sign(key, what.as_bytes()).as_ref()).for_each(|(to, from)| *to = *from);
    format!("{REGION}:{}", uuid::Builder::from_random_bytes(bytes).into_uuid())
}

#[cfg(test)]
mod tests;
