use std::collections::HashSet;

use futures::StreamExt;
use futures::stream;
use lake::{BATCH_BYTES, BATCH_MESSAGES, Digest};
use tokio::time::Instant;

use crate::answer::Answer;
use crate::door::Door;
use crate::sender::Sender;
use crate::submission::Submission;
use crate::submit::submit_until;

/// How many messages of one batch are under way at once.
const AT_ONCE: usize = 50;

/// The lines of a batch, each read or refused by itself.
pub(crate) struct Batch(Vec<Result<Submission, Answer>>);

impl Batch {
    /// Reads newline-delimited JSON, at most 100 lines; blank lines at the end are none.
    pub(crate) fn of_ndjson(body: &[u8]) -> Result<Self, Answer> {
        if body.len() > BATCH_BYTES {
            return Err(Self::too_large());
        }
        let body = body.trim_ascii_end();
        if body.is_empty() {
            return Err(Answer::invalid("the batch is empty"));
        }
        let lines = body.split(|byte| *byte == b'\n');
        if lines.clone().nth(BATCH_MESSAGES).is_some() {
            return Err(Answer::invalid(&format!("a batch has at most {BATCH_MESSAGES} lines")));
        }
        Ok(Self(lines.map(Submission::of_json).collect()))
    }

    pub(crate) fn too_large() -> Answer {
        Answer::too_large(BATCH_BYTES, "the batch")
    }

    /// Hands every message in and answers for each, in order. Of equal ones the first goes first, the others hear of it.
    /// What is not done at `deadline` is answered `unavailable`.
    pub(crate) async fn submit<D: Door>(self, door: &D, sender: &Sender, deadline: Instant) -> Vec<Answer> {
        let mut answers = vec![Self::too_late(); self.0.len()];
        let (mut first, mut repeated) = (Vec::new(), Vec::new());
        let mut seen: HashSet<Digest> = HashSet::new();
        for (slot, line) in answers.iter_mut().zip(self.0) {
            match line {
                Ok(submission) if seen.insert(submission.digest) => first.push((slot, submission)),
                Ok(submission) => repeated.push((slot, submission)),
                Err(refused) => *slot = refused,
            }
        }
        for round in [first, repeated] {
            // Each line is cut off by itself, so that what was done by then is told, and none is begun after that.
            let (slots, lines): (Vec<_>, Vec<_>) = round.into_iter().unzip();
            let lines = lines.into_iter().map(|line| submit_until(door, sender, line, deadline));
            let mut under_way = stream::iter(lines).buffered(AT_ONCE);
            for slot in slots {
                if let Some(Some(answer)) = under_way.next().await {
                    *slot = answer;
                }
            }
        }
        answers
    }

    fn too_late() -> Answer {
        Answer::unavailable(
            "the time for this batch was over; whether this message arrived, GET /er7/DIGEST tells",
        )
    }
}
