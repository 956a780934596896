use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Digest, Header, MessageId, Source};

/// What a hub event tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// The front door took a message.
    Ingested,
    /// Staging made JSON of it.
    Staged,
    /// Staging could not.
    Error,
    /// A steward asks for another attempt.
    Restage,
    /// A steward closes an error without a replacement.
    SetAside,
    /// A steward asks that failed deliveries be tried again.
    Redeliver,
}

impl EventKind {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Ingested, Self::Staged, Self::Error, Self::Restage, Self::SetAside, Self::Redeliver];

    /// The value of the message attribute `event`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ingested => "ingested",
            Self::Staged => "staged",
            Self::Error => "error",
            Self::Restage => "restage",
            Self::SetAside => "set-aside",
            Self::Redeliver => "redeliver",
        }
    }
}

/// Where a payload lies: hub events and state-machine data carry this, never content (the claim-check pattern).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayloadRef {
    /// The bucket: the transient one, or the lake bucket for a restage.
    pub bucket: String,
    /// The key in it.
    pub key: String,
    /// SHA-256 of the bytes, lower-case hex.
    pub sha256: Digest,
    /// Their number.
    pub size: u64,
}

/// The message that this one is sent instead of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replaces {
    /// The id that the sender named.
    pub message_id: MessageId,
    /// Whether the front door knows it under the sender's own source; an unknown one is a finding.
    pub known: bool,
}

/// Why an error is closed without a replacement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SetAsideReason {
    /// It was only a test.
    TestMessage,
    /// The sending system has sent it again itself.
    ResentBySender,
    /// Nobody needs it.
    NotNeeded,
    /// Something else; the note says what.
    Other,
}

impl SetAsideReason {
    /// The word in requests and in the catalog.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TestMessage => "test-message",
            Self::ResentBySender => "resent-by-sender",
            Self::NotNeeded => "not-needed",
            Self::Other => "other",
        }
    }
}

/// What a service publishes. The body of the hub message is this as JSON; its attributes are [`HubEvent::attributes`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HubEvent {
    /// The institution.
    pub source: Source,
    /// The message.
    pub message_id: MessageId,
    /// When the front door received it.
    pub received_at: Timestamp,
    /// Which attempt at staging this belongs to: 1, or minted by a restage.
    pub attempt: u32,
    /// SHA-256 of the canonical bytes.
    pub digest: Digest,
    /// SHA-256 of the submitted bytes.
    pub raw_digest: Digest,
    /// The bytes: submitted (ingested, restage), staged JSON (staged) or error JSON (error).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<PayloadRef>,
    /// What the kind adds.
    #[serde(flatten)]
    pub detail: Detail,
}

/// What each kind of event adds; tagged `event`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Detail {
    /// The front door took a message.
    Ingested {
        /// MSH-3 to MSH-12, printable, at most 199 characters each.
        header: Header,
        /// Cognito `sub` of the sender.
        submitted_by: String,
        /// The `encoding` that the sender named; recorded, not used.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        encoding: Option<String>,
        /// The message that this one is sent instead of.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaces: Option<Replaces>,
    },
    /// Staging made JSON of it.
    Staged {
        /// The header as parsed.
        header: Header,
        /// Finding codes, counted.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        finding_codes: BTreeMap<String, u32>,
        /// The staging service's version.
        service_version: String,
        /// Handed on from the ingested event.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaces: Option<Replaces>,
    },
    /// Staging could not.
    Error {
        /// `prepare` or `parse`, or `run` when the run itself failed or timed out.
        stage: String,
        /// The stable code.
        code: String,
        /// The staging service's version.
        service_version: String,
        /// Whether another attempt may succeed.
        retryable: bool,
    },
    /// A steward asks for another attempt; `attempt` is the minted number, `payload` the object in the ingestion zone.
    Restage {
        /// Cognito `sub` of the steward.
        requested_by: String,
        /// Handed on to the staged event.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaces: Option<Replaces>,
    },
    /// A steward closes an error without a replacement; `attempt` is the newest one minted.
    SetAside {
        /// Cognito `sub` of the steward.
        requested_by: String,
        /// Why.
        reason: SetAsideReason,
        /// The steward's note, at most 500 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// A steward asks that failed deliveries be tried again.
    Redeliver {
        /// Cognito `sub` of the steward.
        requested_by: String,
        /// When.
        requested_at: Timestamp,
    },
}

impl HubEvent {
    /// The kind of the event.
    pub fn kind(&self) -> EventKind {
        match self.detail {
            Detail::Ingested { .. } => EventKind::Ingested,
            Detail::Staged { .. } => EventKind::Staged,
            Detail::Error { .. } => EventKind::Error,
            Detail::Restage { .. } => EventKind::Restage,
            Detail::SetAside { .. } => EventKind::SetAside,
            Detail::Redeliver { .. } => EventKind::Redeliver,
        }
    }

    /// The message attributes that filter policies see.
    pub fn attributes(&self) -> BTreeMap<&'static str, String> {
        let kind = self.kind();
        let format = if matches!(kind, EventKind::Staged | EventKind::Error) { "json" } else { "er7" };
        BTreeMap::from([
            ("event", kind.as_str().to_owned()),
            ("protocol", "hl7v2".to_owned()),
            ("format", format.to_owned()),
            ("source", self.source.to_string()),
            ("message_id", self.message_id.to_string()),
        ])
    }
}

/// An SNS subscription filter policy over message attributes, exact strings only
/// (<https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html>):
/// every named attribute must be there and have one of the values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FilterPolicy(pub BTreeMap<String, Vec<String>>);

impl FilterPolicy {
    /// Whether an event with these attributes is delivered.
    pub fn accepts(&self, attributes: &BTreeMap<&'static str, String>) -> bool {
        self.0
            .iter()
            .all(|(name, values)| attributes.get(name.as_str()).is_some_and(|value| values.contains(value)))
    }

    /// The staging service's subscription, as `infra/staging-filter-policy.json` defines it for every hub.
    pub fn staging() -> Result<Self, serde_json::Error> {
        serde_json::from_str(include_str!("../../../infra/staging-filter-policy.json"))
    }
}

#[cfg(test)]
mod tests;
