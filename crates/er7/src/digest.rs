//! Fingerprints: SHA-256 of a message's canonical bytes, and of its bytes as they are.

use crate::form::{self, Sink};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

/// The canonical bytes of one submitted message: framing, byte order mark, line ends, blank lines and final
/// terminators are made one; everything else is kept byte for byte. Never decodes. Borrows when nothing changes
/// or when only the ends are cut.
///
/// Idempotent. Input with a UTF-16/32 byte order mark or a NUL among its first four bytes is its own canonical form.
#[must_use]
pub fn canonical(submitted: &[u8]) -> Cow<'_, [u8]> {
    form::apply(submitted).bytes
}

/// SHA-256 of the [`canonical`] bytes, computed without making a copy of them.
#[must_use]
pub fn digest(submitted: &[u8]) -> Digest {
    let mut hash = HashSink { submitted, hash: Sha256::new() };
    form::walk(submitted, &mut hash);
    Digest(hash.hash.finalize().into())
}

/// SHA-256 of the bytes as they are.
#[must_use]
pub fn raw_digest(submitted: &[u8]) -> Digest {
    Digest(Sha256::digest(submitted).into())
}

/// A SHA-256, 32 bytes; written as 64 lower-case hexadecimal digits, in JSON too.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Digest {
    /// A digest of these 32 bytes, as a store or a checksum header gives them.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Digest({self})")
    }
}

/// The text is not a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a digest is 64 hexadecimal digits (SHA-256); check that it was copied whole")]
pub struct DigestError;

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let mut bytes = [0; 32];
        if text.len() != 64 {
            return Err(DigestError);
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let &[high, low] = pair else { return Err(DigestError) };
            *byte = hex_digit(high).ok_or(DigestError)? << 4 | hex_digit(low).ok_or(DigestError)?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

pub(crate) fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

struct HashSink<'a> {
    submitted: &'a [u8],
    hash: Sha256,
}

impl Sink for HashSink<'_> {
    fn keep(&mut self, range: Range<usize>) {
        self.hash.update(self.submitted.get(range).unwrap_or_default());
    }

    fn segment_end(&mut self, _at: usize) {
        self.hash.update(b"\r");
    }

    fn corrected(&mut self, _code: &'static str, _times: u64, _span: Range<usize>) {}
}
