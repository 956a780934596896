use std::future::Future;
use std::sync::Arc;

use axum::http::{HeaderMap, header};
use lake::{Claims, Source};

use crate::answer::Answer;
use crate::door::Door;

/// Who holds a bearer token.
pub trait Authenticator: Send + Sync + 'static {
    /// What a token says of its holder, once it is verified.
    fn authenticate(&self, token: &str) -> impl Future<Output = Result<Claims, TokenProblem>> + Send;
}

impl<T: Authenticator> Authenticator for Arc<T> {
    fn authenticate(&self, token: &str) -> impl Future<Output = Result<Claims, TokenProblem>> + Send {
        T::authenticate(self, token)
    }
}

/// Randomness, passed in so that tests can foresee it.
pub trait Random: Send + Sync + 'static {
    /// Fills the bytes with unforeseeable ones (from the operating system, or a generator seeded by it).
    fn fill(&self, bytes: &mut [u8]);
}

impl<T: Random + ?Sized> Random for Arc<T> {
    fn fill(&self, bytes: &mut [u8]) {
        T::fill(self, bytes);
    }
}

/// Why a token proves nothing. No problem tells what the token holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenProblem {
    /// There is none.
    #[error("no token: send the ID token in the header Authorization, as Bearer")]
    Missing,
    /// It is no signed JWT of the expected form.
    #[error("the token is not a JWT signed with RS256 that this lake can read; sign in again")]
    Malformed,
    /// Its time is over.
    #[error("the token has expired; sign in again or refresh it")]
    Expired,
    /// Its time has not come: a clock is wrong.
    #[error("the token is not valid yet; check the clocks of this lake and of the issuer")]
    NotYetValid,
    /// It is an access token, or another kind that is no ID token.
    #[error("this is not an ID token (token_use must be `id`); send the ID token, not the access token")]
    WrongKind,
    /// The issuer publishes no such key.
    #[error("the token is signed with a key that the issuer does not publish; sign in again")]
    UnknownKey,
    /// The signature does not fit.
    #[error("the signature of the token is wrong; sign in again")]
    BadSignature,
    /// Another issuer made it.
    #[error("the token comes from another issuer; sign in to this lake")]
    WrongIssuer,
    /// It was made for another client.
    #[error("the token was made for another client; sign in to this lake")]
    WrongAudience,
    /// The issuer's keys are out of reach, so that nothing can be said of the token.
    #[error("the keys of the issuer cannot be read now; try again")]
    KeysUnavailable,
}

impl TokenProblem {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "token-missing",
            Self::Malformed => "token-malformed",
            Self::Expired => "token-expired",
            Self::NotYetValid => "token-not-yet-valid",
            Self::WrongKind => "token-wrong-kind",
            Self::UnknownKey => "token-unknown-key",
            Self::BadSignature => "token-bad-signature",
            Self::WrongIssuer => "token-wrong-issuer",
            Self::WrongAudience => "token-wrong-audience",
            Self::KeysUnavailable => "keys-unavailable",
        }
    }
}

/// A sender who may write.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    /// The institution, from the claim alone.
    pub(crate) source: Source,
    /// Cognito `sub`.
    pub(crate) subject: String,
}

impl Sender {
    /// Reads the token of a request and the right to write in it.
    pub(crate) async fn of<D: Door>(door: &D, headers: &HeaderMap) -> Result<Self, Answer> {
        let token = bearer(headers).ok_or(Answer::Unauthenticated { problem: TokenProblem::Missing })?;
        let claims = door.authenticator().authenticate(token).await.map_err(|problem| match problem {
            TokenProblem::KeysUnavailable => Answer::unavailable("the issuer's keys cannot be read now"),
            problem => Answer::Unauthenticated { problem },
        })?;
        let source = claims.write.ok_or(Answer::Denied)?;
        Ok(Self { source, subject: claims.subject })
    }
}

/// The token of `Authorization: Bearer TOKEN` (RFC 6750, section 2.1), or of the bare token.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?.trim();
    let token = match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        Some(_) => value,
        None if value.eq_ignore_ascii_case("bearer") => "",
        None => value,
    };
    (!token.is_empty()).then_some(token)
}
