use lake::{
    Clock, Detail, Fault, Hub, HubEvent, Ledger, MessageId, ObjectKey, PayloadRef, SetAsideReason,
    SettledMessage,
};
use serde::Deserialize;

use crate::answer::Answer;
use crate::door::Door;
use crate::sender::Sender;
use crate::submission;
use crate::submit::whole_milliseconds;

/// Largest body of a wish, in bytes.
pub(crate) const BODY_BYTES: usize = 8 * 1024;
/// Longest note, in characters.
const NOTE_CHARACTERS: usize = 500;

/// What a steward asks for one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Another attempt at staging.
    Restage,
    /// The error is closed without a replacement.
    SetAside { reason: SetAsideReason, note: Option<String> },
    /// Failed deliveries are tried again.
    Redeliver,
}

#[derive(Deserialize)]
struct SetAsideRequest {
    reason: SetAsideReason,
    #[serde(default)]
    note: Option<String>,
}

impl Wish {
    /// Reads `{"reason": …, "note"?: …}`.
    pub(crate) fn set_aside(body: &[u8]) -> Result<Self, Answer> {
        let request: Option<SetAsideRequest> =
            serde_json::from_slice(body).ok().filter(|_| submission::is_object(body));
        let request = request.ok_or_else(|| {
            Answer::invalid(
                "the body is not JSON of the form {\"reason\": \"test-message\", \"resent-by-sender\", \"not-needed\" or \
                 \"other\", \"note\"?: TEXT}",
            )
        })?;
        let note = request.note.map(|note| note.trim().to_owned()).filter(|note| !note.is_empty());
        if note.as_ref().is_some_and(|note| note.chars().count() > NOTE_CHARACTERS) {
            return Err(Answer::invalid(&format!("`note` has at most {NOTE_CHARACTERS} characters")));
        }
        Ok(Self::SetAside { reason: request.reason, note })
    }

    fn words(&self) -> &'static str {
        match self {
            Self::Restage => "Another attempt was asked for",
            Self::SetAside { .. } => "Set aside",
            Self::Redeliver => "Failed deliveries are tried again",
        }
    }
}

/// Publishes a wish for a settled message of the sender's own institution.
pub(crate) async fn wish<D: Door>(door: &D, sender: &Sender, id: &str, wish: Wish) -> Answer {
    let Ok(message_id) = MessageId::parse(id) else { return unknown() };
    match publish(door, sender, message_id, wish).await {
        Ok(answer) => answer,
        Err(fault) => {
            tracing::warn!(source = %sender.source, %message_id, %fault, "a steward's wish was not published");
            Answer::fault(&fault)
        }
    }
}

async fn publish<D: Door>(
    door: &D,
    sender: &Sender,
    message_id: MessageId,
    wish: Wish,
) -> Result<Answer, Fault> {
    let source = &sender.source;
    let found = match wish {
        Wish::Restage => door.ledger().mint_attempt(source, message_id).await?,
        Wish::SetAside { .. } | Wish::Redeliver => door.ledger().message(source, message_id).await?,
    };
    let Some(message) = found else { return Ok(unknown()) };
    let status = wish.words();
    let requested_by = sender.subject.clone();
    let (payload, detail) = match wish {
        Wish::Restage => (
            Some(submitted_bytes(door, sender, message_id, &message)),
            Detail::Restage { requested_by, replaces: message.replaces },
        ),
        Wish::SetAside { reason, note } => (None, Detail::SetAside { requested_by, reason, note }),
        Wish::Redeliver => {
            (None, Detail::Redeliver { requested_by, requested_at: whole_milliseconds(door.clock().now()) })
        }
    };
    let attempt = message.attempt;
    let event = HubEvent {
        source: source.clone(),
        message_id,
        received_at: message.received_at,
        attempt,
        digest: message.digest,
        raw_digest: message.raw_digest,
        payload,
        detail,
    };
    door.hub().publish(&event).await?;
    Ok(Answer::Accepted { status, message_id, attempt })
}

/// A restage reads what the core keeps for ever, not what waited in the transient bucket.
fn submitted_bytes<D: Door>(
    door: &D,
    sender: &Sender,
    message_id: MessageId,
    message: &SettledMessage,
) -> PayloadRef {
    PayloadRef {
        bucket: door.profile().bucket.clone(),
        key: ObjectKey::ingestion(&sender.source, message.received_at, message_id).to_string(),
        sha256: message.raw_digest,
        size: message.size,
    }
}

/// What is no id, an id of another institution and one that never was look the same.
fn unknown() -> Answer {
    Answer::NotFound { reason: "no message of this institution has this id".to_owned() }
}
