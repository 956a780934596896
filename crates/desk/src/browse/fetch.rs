//! One object's bytes, with its fingerprint checked while they stream.

use bytes::Bytes;
use er7::Digest;
use lake::{CatalogDetail, CatalogEvent, Head, ObjectKey, Place, Zone};
use sha2::{Digest as _, Sha256};

use crate::reading::{Clients, Entry, ObjectBody, ObjectFacts, ReadFault};

/// An object being read.
pub struct Fetch {
    body: ObjectBody,
    hash: Sha256,
    read: u64,
    expected: Option<Digest>,
}

/// What the bytes were held against, once all were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The fingerprint that the catalog recorded when the lake stored them.
    Catalog(Digest),
    /// The checksum that the lake's storage keeps.
    Storage(Digest),
    /// Nothing: neither has one.
    Nothing(Digest),
}

/// Why the bytes cannot be had, or cannot be trusted.
#[derive(Debug, thiserror::Error)]
pub enum FetchProblem {
    /// They could not be read.
    #[error(transparent)]
    Read(#[from] ReadFault),
    /// They are not those that the lake recorded.
    #[error(
        "the bytes read are not those that the lake recorded: fingerprint {found}, recorded {recorded}. Do not use them; tell the lake's administrator"
    )]
    Differs {
        /// Of the bytes read.
        found: Digest,
        /// Of the bytes recorded.
        recorded: Digest,
    },
    /// Fewer or more than announced.
    #[error("{read} bytes came of {size}: the answer broke off. Try again")]
    Length {
        /// Bytes read.
        read: u64,
        /// Bytes announced.
        size: u64,
    },
}

impl Fetch {
    /// Opens an object; `expected` is its fingerprint as the catalog recorded it ([`recorded_digest`]).
    pub async fn open(clients: &Clients, key: &str, expected: Option<Digest>) -> Result<Self, ReadFault> {
        let body = clients.objects.open(key, None).await?;
        Ok(Self { body, hash: Sha256::new(), read: 0, expected })
    }

    /// What is known of it.
    pub fn facts(&self) -> &ObjectFacts {
        &self.body.facts
    }

    /// The next bytes; `None` at the end, which is for [`Fetch::finish`] to judge.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ReadFault> {
        let bytes = self.body.next().await?;
        if let Some(bytes) = &bytes {
            self.hash.update(bytes);
            self.read += bytes.len() as u64;
        }
        Ok(bytes)
    }

    /// Holds what was read against what was recorded.
    pub fn finish(self) -> Result<Proof, FetchProblem> {
        let size = self.body.facts.size;
        if self.read != size {
            return Err(FetchProblem::Length { read: self.read, size });
        }
        let found = Digest::from_bytes(self.hash.finalize().into());
        let stored = self.body.facts.checksum_sha256.as_deref().and_then(stored_digest);
        match self.expected.or(stored) {
            Some(recorded) if recorded != found => Err(FetchProblem::Differs { found, recorded }),
            Some(_) if self.expected.is_some() => Ok(Proof::Catalog(found)),
            Some(_) => Ok(Proof::Storage(found)),
            None => Ok(Proof::Nothing(found)),
        }
    }

    /// Reads to the end, keeping nothing.
    pub async fn prove(mut self) -> Result<Proof, FetchProblem> {
        while self.next().await?.is_some() {}
        self.finish()
    }
}

/// The key of one zone's object of a message; without an attempt the latest that the zone has. `None` if it has none.
pub fn key_of(head: &Head, zone: Zone, attempt: Option<u32>) -> Option<ObjectKey> {
    let (source, at, id) = (&head.source, head.received_at, head.message_id);
    match zone {
        Zone::Ingestion => Some(ObjectKey::ingestion(source, at, id)),
        Zone::Staging => {
            let attempt = attempt.unwrap_or(head.staged_attempt);
            (attempt > 0).then(|| ObjectKey::staging(source, at, id, attempt))
        }
        Zone::Error => {
            let attempt = attempt.unwrap_or(head.error_attempt);
            (attempt > 0).then(|| ObjectKey::error(source, at, id, attempt))
        }
    }
}

/// Where an event says that the lake stored an object.
pub fn place_of(event: &CatalogEvent) -> Option<&Place> {
    match &event.detail {
        CatalogDetail::Ingested { place, .. }
        | CatalogDetail::Staged { place, .. }
        | CatalogDetail::Error { place, .. } => Some(place),
        _ => None,
    }
}

/// The fingerprint that the catalog recorded for a key.
pub fn recorded_digest(entry: &Entry, key: &str) -> Option<Digest> {
    entry.events.iter().filter_map(place_of).find(|place| place.key == key).map(|place| place.sha256)
}

/// S3 keeps it as base64; that of an upload in parts ends in `-N` and is of something else.
fn stored_digest(checksum: &str) -> Option<Digest> {
    let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, checksum).ok()?;
    Some(Digest::from_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_checksum_of_the_whole_is_one() {
        let empty = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        assert_eq!(stored_digest(empty), Some(er7::raw_digest(b"")), "SHA-256 of nothing");
        assert_eq!(stored_digest(&format!("{empty}-3")), None, "a checksum of parts is another thing");
        assert_eq!(stored_digest("AAAA"), None, "too short");
    }
}
