//! What is about to be sent, in numbers, for the steward to say yes or no to.

use rusqlite::{OptionalExtension, Row};
use serde::{Deserialize, Serialize};

use super::store::{Queue, QueueProblem};
use super::submissions::SubmissionId;

/// So many senders are named.
const SENDERS: i64 = 20;

/// What a scan found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Review {
    /// Files read.
    pub files: u64,
    /// Files with something in them, but no message.
    pub not_hl7: u64,
    /// Files with nothing in them.
    pub empty: u64,
    /// Files and folders that could not be read, or not as a whole.
    pub unreadable: u64,
    /// Files whose batch or file trailer counts otherwise than what is in them.
    pub counts_differ: u64,
    /// Messages.
    pub messages: u64,
    /// Bytes to send.
    pub bytes: u64,
    /// Messages that would need attention after they were received.
    pub look_wrong: u64,
    /// Messages that cannot be sent: too large, or empty.
    pub refused: u64,
    /// Messages that equal an earlier one of this submission.
    pub duplicates: u64,
    /// Sending systems with most messages, and how many.
    pub senders: Vec<(String, u64)>,
}

impl Queue {
    /// What the scan of a submission found, as it was when it had ended; before, what was found so far.
    pub fn review(&self, id: SubmissionId) -> Result<Review, QueueProblem> {
        match self.kept_review(id)? {
            Some(review) => Ok(review),
            None => self.sum_up(id),
        }
    }

    /// What the scan of a submission found, if it has ended. Costs the same whatever was found.
    pub fn kept_review(&self, id: SubmissionId) -> Result<Option<Review>, QueueProblem> {
        let kept: Option<Option<String>> = self
            .connection
            .prepare_cached("SELECT review FROM submissions WHERE id = ?1")
            .and_then(|mut statement| statement.query_row([id.0], |row| row.get(0)).optional())
            .map_err(self.problem())?;
        Ok(kept.flatten().and_then(|review| serde_json::from_str(&review).ok()))
    }

    /// Goes over every message of a submission.
    pub(super) fn sum_up(&self, id: SubmissionId) -> Result<Review, QueueProblem> {
        let number = |row: &Row<'_>, column: usize| row.get::<_, i64>(column).map(i64::unsigned_abs);
        let read = || -> rusqlite::Result<Review> {
            let mut review = self.connection.query_row(
                "SELECT count(*), coalesce(sum(kind = 'not-hl7' AND messages = 0), 0), coalesce(sum(kind = 'empty' AND messages = 0), 0)
                 FROM files WHERE submission = ?1",
                [id.0],
                |row| {
                    let (files, not_hl7, empty) = (number(row, 0)?, number(row, 1)?, number(row, 2)?);
                    Ok(Review { files, not_hl7, empty, ..Review::default() })
                },
            )?;
            (review.messages, review.bytes, review.look_wrong, review.refused, review.duplicates) =
                self.connection.query_row(
                    "SELECT count(*), coalesce(sum(bytes), 0), coalesce(sum(looks_wrong AND state <> 5), 0),
                            coalesce(sum(state = 5), 0), count(digest) - count(DISTINCT digest)
                     FROM messages WHERE submission = ?1",
                    [id.0],
                    |row| {
                        Ok((
                            number(row, 0)?,
                            number(row, 1)?,
                            number(row, 2)?,
                            number(row, 3)?,
                            number(row, 4)?,
                        ))
                    },
                )?;
            (review.unreadable, review.counts_differ) = self.connection.query_row(
                "SELECT coalesce(sum(kind <> 'counts-differ'), 0), coalesce(sum(kind = 'counts-differ'), 0)
                 FROM problems WHERE submission = ?1",
                [id.0],
                |row| Ok((number(row, 0)?, number(row, 1)?)),
            )?;
            review.senders = self
                .connection
                .prepare("SELECT name, messages FROM senders WHERE submission = ?1 ORDER BY messages DESC, name LIMIT ?2")?
                .query_map([id.0, SENDERS], |row| Ok((row.get(0)?, number(row, 1)?)))?
                .collect::<rusqlite::Result<_>>()?;
            Ok(review)
        };
        read().map_err(self.problem())
    }
}
