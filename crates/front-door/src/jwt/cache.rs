use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use lake::{Claims, Digest};

use super::over;

/// Most tokens that are remembered.
const TOKENS: usize = 10_000;

/// Tokens that were verified, by their SHA-256, until they expire. The tokens themselves are not kept.
#[derive(Default)]
pub(super) struct Verified(Mutex<HashMap<Digest, Claims>>);

impl Verified {
    /// What a token said when it was verified; the caller looks at the time.
    pub(super) fn find(&self, token: &Digest) -> Option<Claims> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(token).cloned()
    }

    /// Remembers a verified token. When there are too many, those that have expired go, and if none has, all.
    pub(super) fn keep(&self, token: Digest, claims: Claims, now: Timestamp) {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() >= TOKENS {
            tokens.retain(|_, claims| !over(claims.expires_at, now));
        }
        if tokens.len() >= TOKENS {
            tokens.clear(); // they are verified once more: slower, never wrong
        }
        tokens.insert(token, claims);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_holds_more_than_its_bound() {
        let verified = Verified::default();
        let now = Timestamp::from_second(1_000_000).unwrap();
        let claims = |seconds| Claims {
            subject: "s".to_owned(),
            read: None,
            write: None,
            expires_at: Timestamp::from_second(seconds).unwrap(),
        };
        for number in 0..TOKENS {
            let expires = if number % 2 == 0 { 0 } else { 2_000_000 };
            verified.keep(er7::raw_digest(&number.to_be_bytes()), claims(expires), now);
        }
        verified.keep(er7::raw_digest(b"one more"), claims(2_000_000), now);
        assert_eq!(verified.len(), TOKENS / 2 + 1, "the expired half made room");
        assert!(verified.find(&er7::raw_digest(b"one more")).is_some(), "the newest is remembered");
    }
}
