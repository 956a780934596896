//! Where tokens come from, and what it means when none does.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use lake::{Clock, Source};

use crate::secret::Secret;
use crate::session::{Session, SessionProblem, SignedIn};

/// An ID token, and for whom it sends.
#[derive(Clone, Debug)]
pub struct Bearer {
    /// The token.
    pub token: Secret,
    /// The institution to which the lake will ascribe what is sent with it (`custom:write`); none: it may not send.
    pub writes: Option<Source>,
}

/// Where the drainer has ID tokens from.
pub trait Tokens: Send + Sync + 'static {
    /// A token that should be good for a while.
    fn token(&self) -> BoxFuture<'_, Result<Bearer, SessionProblem>>;
    /// Another one: the lake has refused this.
    fn instead_of<'a>(&'a self, refused: &'a Secret) -> BoxFuture<'a, Result<Bearer, SessionProblem>>;
}

impl<K: Clock> Tokens for Session<K> {
    fn token(&self) -> BoxFuture<'_, Result<Bearer, SessionProblem>> {
        async { Ok(self.signed_in().await?.into()) }.boxed()
    }

    fn instead_of<'a>(&'a self, refused: &'a Secret) -> BoxFuture<'a, Result<Bearer, SessionProblem>> {
        async { Ok(self.renew_refused(refused).await?.into()) }.boxed()
    }
}

impl From<SignedIn> for Bearer {
    fn from(signed_in: SignedIn) -> Self {
        Self { token: signed_in.id_token, writes: signed_in.claims.write }
    }
}

/// The tokens of one institution. A session belongs to a home, and all its programs share it: whoever signs in while a run
/// goes on may send for another institution, and nothing of this run may go there.
pub(super) struct OwnTokens {
    tokens: Arc<dyn Tokens>,
    source: Option<Source>,
}

impl OwnTokens {
    pub(super) fn new(tokens: Arc<dyn Tokens>, source: Option<Source>) -> Self {
        Self { tokens, source }
    }

    pub(super) async fn token(&self) -> Result<Secret, SessionProblem> {
        self.own(self.tokens.token().await?)
    }

    pub(super) async fn instead_of(&self, refused: &Secret) -> Result<Secret, SessionProblem> {
        self.own(self.tokens.instead_of(refused).await?)
    }

    fn own(&self, bearer: Bearer) -> Result<Secret, SessionProblem> {
        if bearer.writes == self.source {
            return Ok(bearer.token);
        }
        let name = |source: &Option<Source>| {
            source.as_ref().map_or_else(|| "no institution".to_owned(), ToString::to_string)
        };
        Err(SessionProblem::AnotherSender { sends: name(&bearer.writes), goes: name(&self.source) })
    }
}

/// Why there is no token, in words that hold in the window as well as in a terminal.
pub(super) fn in_words(problem: &SessionProblem) -> String {
    match problem {
        SessionProblem::SignedOut => "nobody is signed in to this lake".to_owned(),
        SessionProblem::Ended => "the sign-in has ended".to_owned(),
        SessionProblem::Clock { off } => format!("this computer's clock is wrong: {off}"),
        SessionProblem::Keyring { reason } => format!("the system's keyring cannot be used: {reason}"),
        SessionProblem::AnotherSender { sends, goes } => {
            format!("whoever is signed in now sends for {sends}, and this goes to {goes}")
        }
        other => other.to_string(),
    }
}
