use jiff::Timestamp;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use lake::Claims;
use serde::Deserialize;

use super::scopes::Scopes;
use super::{CLIENT_ID, Issuer};

/// What a token is for (`token_use`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// Says who signed in.
    Id,
    /// For the issuer's own endpoints.
    Access,
}

/// Why a token proves nothing. Never with a word of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenProblem {
    /// It is no signed token of the form that this issuer gives.
    #[error("it is not a token of this lake's form")]
    Malformed,
    /// Signed by nobody, by another key or in another way, or altered since.
    #[error("its signature is not this lake's")]
    Signature,
    /// Another issuer's.
    #[error("it is another issuer's")]
    Issuer,
    /// Made for another client.
    #[error("it was made for another client")]
    Audience,
    /// An access token where an ID token is needed, or the other way round.
    #[error("it is of the wrong kind (token_use)")]
    Kind,
    /// It has ended.
    #[error("it ended at {at} (seconds since 1970)")]
    Expired {
        /// Its `exp`.
        at: i64,
    },
}

/// What a token proves.
pub(crate) struct Verified {
    pub(crate) claims: Claims,
    pub(super) scopes: Option<Scopes>,
    pub(super) origin: String,
}

impl Issuer {
    /// Checks a token: form, algorithm, key, signature, issuer, client, kind, end.
    pub(crate) fn verify(
        &self,
        token: &str,
        kind: TokenKind,
        now: Timestamp,
    ) -> Result<Verified, TokenProblem> {
        let header = decode_header(token).map_err(|_| TokenProblem::Malformed)?;
        let kid = &self.0.key.jwk().common.key_id;
        if header.alg != Algorithm::RS256 || header.crit.is_some() || header.kid != *kid {
            return Err(TokenProblem::Signature);
        }
        let key = DecodingKey::from_jwk(self.0.key.jwk()).map_err(|_| TokenProblem::Signature)?;
        let said = decode::<Said>(token, &key, &signature_only()).map_err(|error| match error.kind() {
            ErrorKind::InvalidSignature | ErrorKind::InvalidAlgorithm => TokenProblem::Signature,
            _ => TokenProblem::Malformed,
        })?;
        said.claims.check(self.issuer_url(), kind, now)
    }
}

/// The library checks the signature; the rest is checked here, by the clock that was passed in and with a name for
/// each problem.
fn signature_only() -> Validation {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation
}

#[derive(Deserialize)]
struct Said {
    iss: String,
    sub: String,
    exp: i64,
    token_use: String,
    origin_jti: String,
    aud: Option<String>,
    client_id: Option<String>,
    scope: Option<String>,
    #[serde(rename = "custom:read")]
    read: Option<String>,
    #[serde(rename = "custom:write")]
    write: Option<String>,
}

impl Said {
    fn check(self, issuer: &str, kind: TokenKind, now: Timestamp) -> Result<Verified, TokenProblem> {
        if self.iss != issuer {
            return Err(TokenProblem::Issuer);
        }
        let (token_use, client) = match kind {
            TokenKind::Id => ("id", self.aud.as_deref()),
            TokenKind::Access => ("access", self.client_id.as_deref()),
        };
        if self.token_use != token_use {
            return Err(TokenProblem::Kind);
        }
        if client != Some(CLIENT_ID) {
            return Err(TokenProblem::Audience);
        }
        if now.as_second() >= self.exp {
            return Err(TokenProblem::Expired { at: self.exp });
        }
        Ok(Verified {
            claims: Claims {
                read: Claims::right(self.read.as_deref()),
                write: Claims::right(self.write.as_deref()),
                expires_at: Timestamp::from_second(self.exp).map_err(|_| TokenProblem::Malformed)?,
                subject: self.sub,
            },
            scopes: self.scope.as_deref().and_then(Scopes::parse),
            origin: self.origin_jti,
        })
    }
}
