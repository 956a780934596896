use std::collections::HashMap;

use super::scopes::Scopes;

/// How long a code may be redeemed, in seconds.
const LIFETIME: i64 = 300;
/// Most codes at once; of more, the oldest give way.
const MOST: usize = 1024;

/// What a code stands for.
#[derive(Clone)]
pub(super) struct Code {
    pub(super) subject: String,
    pub(super) redirect_uri: String,
    pub(super) code_challenge: String,
    pub(super) scopes: Scopes,
    pub(super) nonce: Option<String>,
    pub(super) auth_time: i64,
    /// The origin of the tokens that it will give, to take them back should it be replayed.
    pub(super) origin: String,
}

/// The codes handed out, under the hash of each. They need not outlive the process: a sign-in takes a minute.
#[derive(Default)]
pub(super) struct Codes {
    codes: HashMap<[u8; 32], Entry>,
}

struct Entry {
    code: Code,
    ends: i64,
    uses: u32,
}

/// What redeeming a code came to.
pub(super) enum Redeemed {
    /// The first time.
    Fresh(Code),
    /// Not the first time: what it gave, of this origin, must be taken back (RFC 6749, 4.1.2).
    Replayed(String),
    /// No such code, or no longer.
    Unknown,
}

impl Codes {
    pub(super) fn add(&mut self, fingerprint: [u8; 32], code: Code, now: i64) {
        self.codes.retain(|_, entry| now < entry.ends);
        if self.codes.len() >= MOST {
            let oldest = self.codes.iter().min_by_key(|(_, entry)| entry.ends).map(|(key, _)| *key);
            oldest.and_then(|key| self.codes.remove(&key));
        }
        self.codes.insert(fingerprint, Entry { code, ends: now + LIFETIME, uses: 0 });
    }

    /// Redeems a code: whatever comes of it, it is used up.
    pub(super) fn redeem(&mut self, fingerprint: &[u8; 32], now: i64) -> Redeemed {
        let Some(entry) = self.codes.get_mut(fingerprint).filter(|entry| now < entry.ends) else {
            return Redeemed::Unknown;
        };
        entry.uses += 1;
        if entry.uses == 1 {
            Redeemed::Fresh(entry.code.clone())
        } else {
            Redeemed::Replayed(entry.code.origin.clone())
        }
    }

    /// Whether a code was redeemed more than once, even while its first use was under way.
    pub(super) fn was_replayed(&self, fingerprint: &[u8; 32]) -> bool {
        self.codes.get(fingerprint).is_some_and(|entry| entry.uses > 1)
    }
}
