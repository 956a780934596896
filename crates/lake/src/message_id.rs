use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The lake's own name of a message: a UUIDv7 (RFC 9562), so that ids sort by the time they were minted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MessageId(Uuid);

/// A text that is no message id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a message id is a UUID of version 7, in lower case with hyphens")]
pub struct NotAMessageId;

impl MessageId {
    /// Mints an id from the time of receipt and ten random bytes.
    pub fn mint(at: Timestamp, random: [u8; 10]) -> Self {
        let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// When the id was minted, to the millisecond. The front door counts `received_at` in whole milliseconds, so this is
    /// also the time of receipt, known to whoever knows the id.
    pub fn minted_at(self) -> Timestamp {
        let [a, b, c, d, e, f, ..] = *self.0.as_bytes();
        let millis = i64::from_be_bytes([0, 0, a, b, c, d, e, f]);
        Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Reads an id in its canonical form (lower case, hyphens).
    pub fn parse(text: &str) -> Result<Self, NotAMessageId> {
        let id = Uuid::try_parse(text).map_err(|_| NotAMessageId)?;
        let canonical = id.as_hyphenated().encode_lower(&mut Uuid::encode_buffer()) == text;
        if canonical && id.get_version_num() == 7 { Ok(Self(id)) } else { Err(NotAMessageId) }
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(out)
    }
}

impl FromStr for MessageId {
    type Err = NotAMessageId;
    fn from_str(text: &str) -> Result<Self, NotAMessageId> {
        Self::parse(text)
    }
}

impl TryFrom<String> for MessageId {
    type Error = NotAMessageId;
    fn try_from(text: String) -> Result<Self, NotAMessageId> {
        Self::parse(&text)
    }
}

impl From<MessageId> for String {
    fn from(id: MessageId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_the_time_they_were_minted() {
        let earlier = MessageId::mint(Timestamp::from_millisecond(1_000).unwrap(), [0xff; 10]);
        let later = MessageId::mint(Timestamp::from_millisecond(1_001).unwrap(), [0; 10]);
        assert!(earlier < later, "the time comes first in a UUIDv7");
        assert!(earlier.to_string() < later.to_string(), "the text sorts as the id does");
    }

    #[test]
    fn an_id_tells_when_it_was_minted() {
        let at: Timestamp = "2026-03-04T23:59:59.999Z".parse().unwrap();
        assert_eq!(MessageId::mint(at, [0xff; 10]).minted_at(), at, "the milliseconds of the time come back");
    }

    #[test]
    fn only_the_canonical_form_is_read() {
        let id = MessageId::mint(Timestamp::from_millisecond(1_700_000_000_000).unwrap(), [7; 10]);
        assert_eq!(MessageId::parse(&id.to_string()), Ok(id), "what is written can be read");
        assert!(MessageId::parse(&id.to_string().to_uppercase()).is_err(), "one id has one text");
        assert!(MessageId::parse("6fa459ea-ee8a-4ca4-894e-db77e160355e").is_err(), "a version 4 is not ours");
    }
}
