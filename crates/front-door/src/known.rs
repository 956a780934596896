use jiff::Timestamp;
use lake::{Digest, KnownState, Ledger, LedgerRecord, MessageId};
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, to_json};
use crate::door::Door;
use crate::sender::Sender;
use crate::submission::is_object;

/// Most digests in one question.
const DIGESTS: usize = 100;
/// Largest body of a question, in bytes.
pub(crate) const BODY_BYTES: usize = 16 * 1024;

#[derive(Deserialize)]
struct Question {
    digests: Vec<String>,
}

#[derive(Serialize)]
struct One {
    outcome: &'static str,
    #[serde(flatten)]
    known: Known,
}

#[derive(Serialize)]
struct Many {
    outcome: &'static str,
    known: Vec<Known>,
}

/// What the ledger knows of one digest under the sender's own institution.
#[derive(Serialize)]
struct Known {
    digest: Digest,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<MessageId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    received_at: Option<Timestamp>,
}

/// The digests of `{"digests": [HEX, …]}`.
pub(crate) fn question(body: &[u8]) -> Result<Vec<Digest>, Answer> {
    let question: Option<Question> = serde_json::from_slice(body).ok().filter(|_| is_object(body));
    let question = question
        .ok_or_else(|| Answer::invalid("the body is not JSON of the form {\"digests\": [HEX, …]}"))?;
    if question.digests.len() > DIGESTS {
        return Err(Answer::invalid(&format!("at most {DIGESTS} digests can be asked for at once")));
    }
    question.digests.iter().map(|text| digest(text)).collect()
}

/// One digest as it stands in a path or a question.
pub(crate) fn digest(text: &str) -> Result<Digest, Answer> {
    text.parse().map_err(|_| Answer::invalid("a digest is SHA-256 in 64 hexadecimal digits"))
}

/// The body that tells of one digest.
pub(crate) async fn one<D: Door>(door: &D, sender: &Sender, digest: Digest) -> Result<Vec<u8>, Answer> {
    let known = look_up(door, sender, &[digest]).await?.into_iter().next();
    let known = known.unwrap_or_else(|| Known::of(digest, None));
    Ok(to_json(&One { outcome: "known", known }))
}

/// The body that tells of several, in the order asked.
pub(crate) async fn many<D: Door>(door: &D, sender: &Sender, digests: &[Digest]) -> Result<Vec<u8>, Answer> {
    Ok(to_json(&Many { outcome: "known", known: look_up(door, sender, digests).await? }))
}

async fn look_up<D: Door>(door: &D, sender: &Sender, digests: &[Digest]) -> Result<Vec<Known>, Answer> {
    let records = door.ledger().known(&sender.source, digests).await.map_err(|fault| {
        tracing::warn!(source = %sender.source, %fault, "the ledger was asked in vain");
        Answer::fault(&fault)
    })?;
    Ok(digests.iter().zip(records).map(|(digest, record)| Known::of(*digest, record)).collect())
}

impl Known {
    fn of(digest: Digest, record: Option<LedgerRecord>) -> Self {
        let state = match record.as_ref().map(|record| record.state) {
            None => "unknown",
            Some(KnownState::Pending) => "pending",
            Some(KnownState::Settled) => "settled",
        };
        let (message_id, received_at) = match record {
            Some(record) => (Some(record.message_id), Some(record.received_at)),
            None => (None, None),
        };
        Self { digest, state, message_id, received_at }
    }
}
