use er7::{LakeStamp, Prepared, StagingError};
use lake::{Digest, Fault, HubEvent};

use crate::{Answer, SERVICE_VERSION};

/// What a result says of its message: the same in both steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    message_id: String,
    source: String,
    digest: Digest,
    received_at: String,
    attempt: u32,
}

impl Task {
    /// The task that an ingested event or a restage gives.
    pub fn of(event: &HubEvent) -> Self {
        Self {
            message_id: event.message_id.to_string(),
            source: event.source.to_string(),
            digest: event.digest,
            received_at: event.received_at.to_string(),
            attempt: event.attempt,
        }
    }

    fn stamp(&self) -> LakeStamp<'_> {
        LakeStamp {
            message_id: &self.message_id,
            source: &self.source,
            digest: self.digest,
            received_at: &self.received_at,
            attempt: self.attempt,
            service_version: SERVICE_VERSION,
        }
    }

    fn error(&self, error: &StagingError) -> Answer {
        let mut json = Vec::with_capacity(1024);
        error.write_json(&self.stamp(), &mut json);
        Answer::Error {
            json,
            stage: error.stage.as_str().to_owned(),
            code: error.code.to_owned(),
            retryable: error.retryable,
        }
    }

    fn staged(&self, prepared: &Prepared<'_>) -> Answer {
        // JSON of ER7 is about two and a half times its size.
        let mut json = Vec::with_capacity(prepared.bytes().len().saturating_mul(5) / 2 + 1024);
        match er7::parse(prepared, &self.stamp(), &mut json) {
            Ok(staged) => Answer::Staged {
                json,
                header: Box::new(staged.header),
                finding_codes: staged
                    .finding_codes
                    .into_iter()
                    .map(|(code, count)| (code.to_owned(), count))
                    .collect(),
            },
            Err(error) => self.error(&error),
        }
    }
}

/// The first step by itself: the corrected message as bytes that [`parse`] takes, or the error to publish.
pub fn prepare(task: &Task, submitted: &[u8]) -> Result<Vec<u8>, Answer> {
    er7::prepare(submitted).map(|prepared| prepared.to_bytes()).map_err(|error| task.error(&error))
}

/// The second step by itself, on what [`prepare`] gave. A fault when the bytes are not of its making.
pub fn parse(task: &Task, prepared: &[u8]) -> Result<Answer, Fault> {
    let prepared = Prepared::from_bytes(prepared).map_err(|wrong| Fault::Damaged {
        part: "prepared message",
        what: format!("{}, attempt {}", task.message_id, task.attempt),
        reason: wrong.to_string(),
    })?;
    Ok(task.staged(&prepared))
}

/// Both steps, without bytes handed over in between.
pub fn stage(task: &Task, submitted: &[u8]) -> Answer {
    match er7::prepare(submitted) {
        Ok(prepared) => task.staged(&prepared),
        Err(error) => task.error(&error),
    }
}
