use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Digest, Header, MessageId, Source};

/// One append-only fact about a message, written once under its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogEvent {
    /// The institution.
    pub source: Source,
    /// The message.
    pub message_id: MessageId,
    /// When the front door received the message.
    pub received_at: Timestamp,
    /// SHA-256 of the canonical bytes of the message, where the event knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// SHA-256 of the submitted bytes, where the event knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_digest: Option<Digest>,
    /// When the core recorded the event.
    pub recorded_at: Timestamp,
    /// The attempt it belongs to.
    pub attempt: u32,
    /// What happened.
    #[serde(flatten)]
    pub detail: CatalogDetail,
}

/// Where the core stored an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The lake bucket.
    pub bucket: String,
    /// The object's key.
    pub key: String,
    /// The object's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// Its SHA-256, lower-case hex.
    pub sha256: Digest,
    /// Its bytes.
    pub size: u64,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum CatalogDetail {
    /// `ingested`: the submitted bytes are in the lake.
    Ingested {
        /// Where.
        #[serde(flatten)]
        place: Place,
        /// The header as the front door saw it.
        header: Header,
        /// Cognito `sub` of the sender.
        submitted_by: String,
        /// The encoding that the sender named.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        encoding: Option<String>,
        /// The message that this one was sent instead of, and whether it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaces: Option<crate::Replaces>,
    },
    /// `staged#n`: its JSON is in the lake.
    Staged {
        /// Where.
        #[serde(flatten)]
        place: Place,
        /// The header as parsed.
        header: Header,
        /// Finding codes, counted.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        finding_codes: BTreeMap<String, u32>,
        /// The staging service's version.
        service_version: String,
    },
    /// `error#n`: why not is in the lake.
    Error {
        /// Where.
        #[serde(flatten)]
        place: Place,
        /// `prepare`, `parse` or `run`.
        stage: String,
        /// The stable code.
        error_code: String,
        /// The staging service's version.
        service_version: String,
        /// Whether another attempt may succeed.
        retryable: bool,
    },
    /// `restage#n`: a steward asked for attempt n.
    Restage {
        /// Cognito `sub` of the steward.
        requested_by: String,
    },
    /// `set-aside` (`set-aside#n` from the second attempt on): a steward closed the error.
    SetAside {
        /// Cognito `sub` of the steward.
        requested_by: String,
        /// Why.
        reason: String,
        /// The steward's note.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// `undelivered#SUBSCRIBER.EVENT#n`: a delivery failed for good.
    Undelivered {
        /// Which subscriber (`core`, `staging`).
        subscriber: String,
        /// The kind of the hub event.
        hub_event: String,
        /// How it failed, without content.
        reason: String,
    },
    /// `redeliver#TIME`: a steward asked that failed deliveries be tried again.
    Redeliver {
        /// Cognito `sub` of the steward.
        requested_by: String,
        /// When.
        requested_at: Timestamp,
    },
    /// `replacement#ID`: a replacement of this message was ingested.
    ReplacementSent {
        /// The replacement.
        by: MessageId,
    },
    /// `replaced#ID`: a replacement of this message was staged.
    Replaced {
        /// The replacement.
        by: MessageId,
    },
    /// `finding#CODE`: the core noticed something about this message among others.
    Finding {
        /// The stable code.
        code: String,
        /// The other message, if there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        other: Option<MessageId>,
    },
}

impl CatalogDetail {
    /// Whether the event shows that its attempt began. What a steward or the core says of a message does not: an attempt
    /// may have been minted whose restage never reached the hub, and the message would wait for it for ever.
    pub(crate) fn tells_of_an_attempt(&self) -> bool {
        match self {
            Self::Ingested { .. } | Self::Staged { .. } | Self::Error { .. } | Self::Restage { .. } => true,
            Self::Undelivered { hub_event, .. } => {
                matches!(hub_event.as_str(), "ingested" | "staged" | "error" | "restage")
            }
            Self::SetAside { .. }
            | Self::Redeliver { .. }
            | Self::ReplacementSent { .. }
            | Self::Replaced { .. }
            | Self::Finding { .. } => false,
        }
    }
}

impl CatalogEvent {
    /// The sort key under which the event is written once.
    pub fn name(&self) -> String {
        let n = self.attempt;
        match &self.detail {
            CatalogDetail::Ingested { .. } => "ingested".to_owned(),
            CatalogDetail::Staged { .. } => format!("staged#{n}"),
            CatalogDetail::Error { .. } => format!("error#{n}"),
            CatalogDetail::Restage { .. } => format!("restage#{n}"),
            CatalogDetail::SetAside { .. } if n <= 1 => "set-aside".to_owned(),
            CatalogDetail::SetAside { .. } => format!("set-aside#{n}"),
            CatalogDetail::Undelivered { subscriber, hub_event, .. } => {
                format!("undelivered#{subscriber}.{hub_event}#{n}")
            }
            CatalogDetail::Redeliver { requested_at, .. } => format!("redeliver#{requested_at}"),
            CatalogDetail::ReplacementSent { by } => format!("replacement#{by}"),
            CatalogDetail::Replaced { by } => format!("replaced#{by}"),
            CatalogDetail::Finding { code, .. } => format!("finding#{code}"),
        }
    }
}
