//! Where tokens come from, and what it means when none does.

use futures::FutureExt;
use futures::future::BoxFuture;
use lake::Clock;

use crate::secret::Secret;
use crate::session::{Session, SessionProblem};

/// Where the drainer has ID tokens from.
pub trait Tokens: Send + Sync + 'static {
    /// A token that should be good for a while.
    fn token(&self) -> BoxFuture<'_, Result<Secret, SessionProblem>>;
    /// Another one: the lake has refused this.
    fn instead_of<'a>(&'a self, refused: &'a Secret) -> BoxFuture<'a, Result<Secret, SessionProblem>>;
}

impl<K: Clock> Tokens for Session<K> {
    fn token(&self) -> BoxFuture<'_, Result<Secret, SessionProblem>> {
        async { Ok(self.signed_in().await?.id_token) }.boxed()
    }

    fn instead_of<'a>(&'a self, refused: &'a Secret) -> BoxFuture<'a, Result<Secret, SessionProblem>> {
        async { Ok(self.renew_refused(refused).await?.id_token) }.boxed()
    }
}

/// Why there is no token, in words that hold in the window as well as in a terminal.
pub(super) fn in_words(problem: &SessionProblem) -> String {
    match problem {
        SessionProblem::SignedOut => "nobody is signed in to this lake".to_owned(),
        SessionProblem::Ended => "the sign-in has ended".to_owned(),
        SessionProblem::Keyring { reason } => format!("the system's keyring cannot be used: {reason}"),
        other => other.to_string(),
    }
}
