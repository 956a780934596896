//! The transient bucket on the object store: payloads of hub events on their way.

use std::collections::BTreeMap;

use bytes::Bytes;
use lake::{Digest, Fault, PayloadRef, Payloads, Source};
use sha2::{Digest as _, Sha256};

use crate::objects::{Address, Objects, Target};

const PART: &str = "the transient bucket";

/// Bytes that are hashed at once on an async thread; more go to a thread for blocking work.
const HASH_AT_ONCE: usize = 256 * 1024;

/// The payloads. Clones share them.
#[derive(Clone)]
pub struct LocalPayloads {
    objects: Objects,
    bucket: String,
}

impl LocalPayloads {
    /// Payloads in this bucket, which is made if there is none.
    pub async fn open(objects: Objects, bucket: &str) -> Result<Self, Fault> {
        objects.ensure_bucket(bucket).await?;
        Ok(Self { objects, bucket: bucket.to_owned() })
    }
}

impl Payloads for LocalPayloads {
    async fn put(&self, source: &Source, key: &str, bytes: Vec<u8>) -> Result<PayloadRef, Fault> {
        let content = self.objects.content(bytes).await?;
        let target = Target {
            bucket: self.bucket.clone(),
            key: key.to_owned(),
            tags: BTreeMap::from([("source".to_owned(), source.to_string())]),
            ..Target::default()
        };
        let (object, _) =
            self.objects.put_if_absent(target, content).await.map_err(|error| error.into_fault(key))?;
        Ok(PayloadRef {
            bucket: self.bucket.clone(),
            key: object.key,
            sha256: object.sha256,
            size: object.size,
        })
    }

    async fn get(&self, payload: &PayloadRef) -> Result<Vec<u8>, Fault> {
        let address = Address { bucket: &payload.bucket, key: &payload.key, version: None };
        let (_, body) = self.objects.get(address).await.map_err(|error| error.into_fault(&payload.key))?;
        let bytes = body.into_bytes().await?;
        let (sha256, bytes) = hash(bytes).await?;
        if sha256 == payload.sha256 {
            Ok(bytes.into())
        } else {
            Err(Fault::Damaged {
                part: PART,
                what: payload.key.clone(),
                reason: format!("its SHA-256 is {sha256}, the event says {}", payload.sha256),
            })
        }
    }
}

async fn hash(bytes: Bytes) -> Result<(Digest, Bytes), Fault> {
    let hash = |bytes: Bytes| (Digest::from_bytes(Sha256::digest(&bytes).into()), bytes);
    if bytes.len() <= HASH_AT_ONCE {
        return Ok(hash(bytes));
    }
    tokio::task::spawn_blocking(move || hash(bytes))
        .await
        .map_err(|_| Fault::Refused { part: PART, reason: "hashing panicked".to_owned() })
}
