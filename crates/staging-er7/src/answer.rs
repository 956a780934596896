use std::collections::BTreeMap;

use lake::{Detail, Fault, Header, HubEvent, PayloadRef, Payloads, Replaces};

use crate::SERVICE_VERSION;

/// What staging made of a message. The JSON holds what the message holds, so this has no Debug.
pub enum Answer {
    /// Its JSON.
    Staged {
        /// `er7/1`, one line.
        json: Vec<u8>,
        /// The header as parsed.
        header: Box<Header>,
        /// Finding codes, counted.
        finding_codes: BTreeMap<String, u32>,
    },
    /// Why there is none.
    Error {
        /// `er7-error/1`, one line.
        json: Vec<u8>,
        /// `prepare`, `parse` or `run`.
        stage: String,
        /// The stable code.
        code: String,
        /// Whether another attempt may succeed.
        retryable: bool,
    },
}

impl Answer {
    /// Puts the JSON into the transient bucket under a key of message and attempt, and makes the event to publish for the
    /// ingested event or restage that asked. Of several runs of one attempt the first JSON stays.
    pub async fn put<P: Payloads>(self, payloads: &P, asked: &HubEvent) -> Result<HubEvent, Fault> {
        let (zone, json, detail) = match self {
            Self::Staged { json, header, finding_codes } => (
                "staged",
                json,
                Detail::Staged {
                    header: *header,
                    finding_codes,
                    service_version: SERVICE_VERSION.to_owned(),
                    replaces: replaces(asked),
                },
            ),
            Self::Error { json, stage, code, retryable } => (
                "error",
                json,
                Detail::Error { stage, code, service_version: SERVICE_VERSION.to_owned(), retryable },
            ),
        };
        let key = format!("{zone}/{}.{}.json", asked.message_id, asked.attempt);
        let payload = payloads.put(&asked.source, &key, json).await?;
        Ok(answering(asked, payload, detail))
    }
}

/// The answer for a run that ended without one: it failed, or its time was over. Another attempt may succeed.
pub fn failed_run(asked: &HubEvent, code: &str, reason: &str) -> Answer {
    let json = serde_json::json!({
        "schema": "er7-error/1",
        "lake": {
            "message_id": asked.message_id,
            "source": asked.source,
            "digest": asked.digest,
            "received_at": asked.received_at,
            "attempt": asked.attempt,
            "service_version": SERVICE_VERSION,
        },
        "stage": "run",
        "code": code,
        "reason": reason,
        "path": null,
        "span": null,
        "hint": "Nothing is known to be wrong with the message. Ask for another attempt.",
        "retryable": true,
    });
    Answer::Error {
        json: json.to_string().into_bytes(),
        stage: "run".to_owned(),
        code: code.to_owned(),
        retryable: true,
    }
}

fn answering(asked: &HubEvent, payload: PayloadRef, detail: Detail) -> HubEvent {
    HubEvent {
        source: asked.source.clone(),
        message_id: asked.message_id,
        received_at: asked.received_at,
        attempt: asked.attempt,
        digest: asked.digest,
        raw_digest: asked.raw_digest,
        payload: Some(payload),
        detail,
    }
}

fn replaces(asked: &HubEvent) -> Option<Replaces> {
    match &asked.detail {
        Detail::Ingested { replaces, .. } | Detail::Restage { replaces, .. } => replaces.clone(),
        Detail::Staged { .. } | Detail::Error { .. } | Detail::SetAside { .. } | Detail::Redeliver { .. } => {
            None
        }
    }
}
