use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{AlgorithmParameters, JwkSet};
use lake::Fault;
use tokio::sync::{Mutex, RwLock};

use crate::TokenProblem;

/// How long an unknown key id is not asked for again, so that forged tokens cannot make the issuer busy.
const PAUSE: SignedDuration = SignedDuration::from_secs(30);

/// Where the issuer's keys come from: its JWKS document.
pub trait KeySource: Send + Sync + 'static {
    /// The keys as they are published now. It has its own limit of time.
    fn fetch(&self) -> impl Future<Output = Result<JwkSet, Fault>> + Send;
}

impl<T: KeySource> KeySource for Arc<T> {
    fn fetch(&self) -> impl Future<Output = Result<JwkSet, Fault>> + Send {
        T::fetch(self)
    }
}

/// Keys that are known from the start and stay.
pub struct FixedKeys(pub JwkSet);

impl KeySource for FixedKeys {
    async fn fetch(&self) -> Result<JwkSet, Fault> {
        Ok(self.0.clone())
    }
}

/// The issuer's keys, read when an unknown one is named.
pub(super) struct Keys<S> {
    source: S,
    known: RwLock<HashMap<String, DecodingKey>>,
    /// When the keys were asked for last; held while they are asked for, so that one asks for all.
    asked: Mutex<Option<Timestamp>>,
}

impl<S: KeySource> Keys<S> {
    pub(super) fn new(source: S) -> Self {
        Self { source, known: RwLock::default(), asked: Mutex::default() }
    }

    /// The key of this id; the issuer is asked once when it is unknown.
    pub(super) async fn find(&self, kid: &str, now: Timestamp) -> Result<DecodingKey, TokenProblem> {
        if let Some(key) = self.known.read().await.get(kid) {
            return Ok(key.clone());
        }
        let mut asked = self.asked.lock().await;
        if let Some(key) = self.known.read().await.get(kid) {
            return Ok(key.clone()); // another asked meanwhile
        }
        if asked.is_some_and(|asked| now.duration_since(asked).abs() < PAUSE) {
            return Err(TokenProblem::UnknownKey);
        }
        let published = self.source.fetch().await.map_err(|fault| {
            tracing::warn!(%fault, "the issuer's keys could not be read");
            TokenProblem::KeysUnavailable
        })?;
        *asked = Some(now);
        // Replaced, not added to: a key that is withdrawn is no longer good.
        let keys: HashMap<_, _> = published.keys.iter().filter_map(usable).collect();
        let found = keys.get(kid).cloned();
        *self.known.write().await = keys;
        found.ok_or(TokenProblem::UnknownKey)
    }
}

/// An RSA key with an id; other keys are passed over.
fn usable(key: &jsonwebtoken::jwk::Jwk) -> Option<(String, DecodingKey)> {
    let AlgorithmParameters::RSA(_) = key.algorithm else { return None };
    Some((key.common.key_id.clone()?, DecodingKey::from_jwk(key).ok()?))
}
