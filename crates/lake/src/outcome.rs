use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Digest, MessageId, Source};

/// How a duplicate equals the message that is already there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Match {
    /// Byte for byte.
    Exact,
    /// In canonical bytes (line ends, framing and the like differ).
    Canonical,
}

/// What became of one try to hand a message to the front door: a fact, never an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The lake has it, by this submission.
    Ingested {
        /// The message's id.
        message_id: MessageId,
        /// Its canonical digest.
        digest: Digest,
        /// The institution it was received for.
        source: Source,
        /// When it was received.
        received_at: Timestamp,
    },
    /// The lake had it already.
    Duplicate {
        /// The canonical digest.
        digest: Digest,
        /// How it equals the first.
        #[serde(rename = "match")]
        equality: Match,
        /// The id of the first; older lakes do not say.
        first_message_id: Option<MessageId>,
        /// When the first was received.
        first_received_at: Option<Timestamp>,
    },
    /// The sender has no right to write.
    Denied {
        /// Which attribute is missing.
        reason: String,
    },
    /// The front door will not take these bytes, now or later.
    Invalid {
        /// What is wrong.
        reason: String,
        /// The limit that was passed, in bytes, if that was it.
        limit_bytes: Option<u64>,
    },
    /// It surely did not arrive; sending again is safe and needed.
    NotSent {
        /// Why.
        reason: String,
    },
    /// Bytes left and no answer came; the ledger will tell. Never guessed.
    Unconfirmed {
        /// What happened.
        reason: String,
    },
}

impl Outcome {
    /// The word for programs (`ingested`, `duplicate`, `denied`, `invalid`, `not_sent`, `unconfirmed`).
    pub fn word(&self) -> &'static str {
        match self {
            Self::Ingested { .. } => "ingested",
            Self::Duplicate { .. } => "duplicate",
            Self::Denied { .. } => "denied",
            Self::Invalid { .. } => "invalid",
            Self::NotSent { .. } => "not_sent",
            Self::Unconfirmed { .. } => "unconfirmed",
        }
    }

    /// What the sender does next, in plain words; empty when there is nothing to do.
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::Ingested { .. } => "",
            Self::Duplicate { .. } => "Nothing to do: the lake already has this message.",
            Self::Denied { .. } => "Ask the lake's administrator for the right to send for your institution.",
            Self::Invalid { .. } => "Correct the file as the reason says, then send it again.",
            Self::NotSent { .. } => "Send it again when the reason is mended; nothing was stored.",
            Self::Unconfirmed { .. } => "Wait: whether it arrived is being checked with the lake.",
        }
    }
}

/// What staging made of an ingested message: a separate, later fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "staging", rename_all = "snake_case")]
pub enum Staging {
    /// No answer yet.
    Waiting,
    /// Parsed JSON is in the lake.
    Ready {
        /// Which attempt made it.
        attempt: u32,
    },
    /// It could not be staged.
    Attention {
        /// Which attempt failed.
        attempt: u32,
        /// The stable error code.
        code: String,
    },
    /// A delivery within the lake failed for good; an administrator or `redeliver` can help.
    Stuck {
        /// Which deliveries.
        undelivered: Vec<String>,
    },
}

#[cfg(test)]
mod tests;
