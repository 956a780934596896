use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::{MessageId, Source};

/// One of the three parts of the lake bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Zone {
    /// Messages as they were submitted, unchanged.
    Ingestion,
    /// Messages as parsed JSON.
    Staging,
    /// Why a message could not be staged.
    Error,
}

impl Zone {
    /// All zones, in the order a message passes them.
    pub const ALL: [Self; 3] = [Self::Ingestion, Self::Staging, Self::Error];

    /// The first part of every key in this zone.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ingestion => "ingestion",
            Self::Staging => "staging",
            Self::Error => "error",
        }
    }

    /// Reads a zone's name as it stands in keys.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|zone| zone.as_str() == text)
    }

    /// The prefix under which one institution's objects of this zone lie, with its final `/`.
    pub fn source_prefix(self, source: &Source) -> String {
        format!("{}/protocol=hl7v2/source={source}/", self.as_str())
    }

    /// The prefix under which one institution's objects of one UTC day lie, with its final `/`.
    pub fn day_prefix(self, source: &Source, day: Date) -> String {
        format!("{}date={day}/", self.source_prefix(source))
    }
}

/// The UTC day of a time: the date in every key and in the `by_day` index.
pub fn day_of(received_at: Timestamp) -> Date {
    received_at.to_zoned(TimeZone::UTC).date()
}

/// The key of one object in the lake bucket:
/// `ZONE/protocol=hl7v2/source=SOURCE/date=YYYY-MM-DD/MESSAGE_ID.er7`, in staging and error `MESSAGE_ID.ATTEMPT.json`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectKey {
    /// The part of the bucket.
    pub zone: Zone,
    /// The institution.
    pub source: Source,
    /// The UTC day of `received_at`.
    pub day: Date,
    /// The message.
    pub message_id: MessageId,
    /// Which attempt at staging; 0 in the ingestion zone.
    pub attempt: u32,
}

impl ObjectKey {
    /// The submitted bytes.
    pub fn ingestion(source: &Source, received_at: Timestamp, message_id: MessageId) -> Self {
        Self {
            zone: Zone::Ingestion,
            source: source.clone(),
            day: day_of(received_at),
            message_id,
            attempt: 0,
        }
    }

    /// The staged JSON of one attempt.
    pub fn staging(source: &Source, received_at: Timestamp, message_id: MessageId, attempt: u32) -> Self {
        Self { zone: Zone::Staging, source: source.clone(), day: day_of(received_at), message_id, attempt }
    }

    /// The error JSON of one attempt.
    pub fn error(source: &Source, received_at: Timestamp, message_id: MessageId, attempt: u32) -> Self {
        Self { zone: Zone::Error, source: source.clone(), day: day_of(received_at), message_id, attempt }
    }

    /// Reads a key; `None` when it is not one that this lake writes.
    pub fn parse(key: &str) -> Option<Self> {
        let mut parts = key.split('/');
        let zone = Zone::parse(parts.next()?)?;
        if parts.next()? != "protocol=hl7v2" {
            return None;
        }
        let source = Source::parse(parts.next()?.strip_prefix("source=")?).ok()?;
        let day: Date = parts.next()?.strip_prefix("date=")?.parse().ok()?;
        let name = parts.next()?;
        if parts.next().is_some() {
            return None;
        }
        let (message_id, attempt) = match zone {
            Zone::Ingestion => (name.strip_suffix(".er7")?, 0),
            Zone::Staging | Zone::Error => {
                let (id, attempt) = name.strip_suffix(".json")?.split_once('.')?;
                (id, attempt.parse().ok()?)
            }
        };
        let read = Self { zone, source, day, message_id: MessageId::parse(message_id).ok()?, attempt };
        (read.to_string() == key).then_some(read)
    }

    /// The media type that the object is stored with.
    pub fn content_type(&self) -> &'static str {
        match self.zone {
            Zone::Ingestion => "application/hl7-v2",
            Zone::Staging | Zone::Error => "application/json",
        }
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}{}", self.zone.day_prefix(&self.source, self.day), self.message_id)?;
        match self.zone {
            Zone::Ingestion => out.write_str(".er7"),
            Zone::Staging | Zone::Error => write!(out, ".{}.json", self.attempt),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts() -> (Source, Timestamp, MessageId) {
        let at: Timestamp = "2026-03-04T23:59:59.999Z".parse().unwrap();
        (Source::parse("my_hospital_123").unwrap(), at, MessageId::mint(at, [1; 10]))
    }

    #[test]
    fn keys_follow_the_contract_and_can_be_read_back() {
        let (source, at, id) = parts();
        for key in [
            ObjectKey::ingestion(&source, at, id),
            ObjectKey::staging(&source, at, id, 1),
            ObjectKey::error(&source, at, id, 12),
        ] {
            assert_eq!(ObjectKey::parse(&key.to_string()), Some(key.clone()), "{key} reads back as itself");
        }
        let key = ObjectKey::error(&source, at, id, 12).to_string();
        assert_eq!(
            key,
            format!("error/protocol=hl7v2/source=my_hospital_123/date=2026-03-04/{id}.12.json"),
            "the contract's shape"
        );
    }

    #[test]
    fn foreign_keys_are_not_read() {
        let (source, at, id) = parts();
        let good = ObjectKey::staging(&source, at, id, 1).to_string();
        for bad in [
            good.replace(".1.json", ".01.json"),
            good.replace("staging", "stage"),
            format!("{good}/x"),
            good.replace("hl7v2", "dicom"),
        ] {
            assert_eq!(ObjectKey::parse(&bad), None, "{bad} is not a key that the lake writes");
        }
    }
}
