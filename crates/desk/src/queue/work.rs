//! The queue from the drainer's side: what is to be tried, and what became of it. Each step is one commit.

use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;

use er7::Digest;
use jiff::{SignedDuration, Timestamp};
use lake::MessageId;
use rusqlite::{Row, Transaction, params};

use super::outcome::MessageState;
use super::scan::Cut;
use super::store::{Queue, QueueProblem};
use super::submissions::{SubmissionId, call_off_messages, path_of, time};
use super::tally::Tally;

/// The longest reason that is kept, in characters; the lake's own are shorter.
const REASON: usize = 300;

const CALLED_OFF: &str = "SELECT EXISTS (SELECT 1 FROM submissions WHERE id = ?1 AND stage = 'cancelled')";

/// A message that is to be tried.
#[derive(Clone, Debug)]
pub(super) struct Work {
    pub(super) row: i64,
    pub(super) submission: SubmissionId,
    pub(super) path: PathBuf,
    pub(super) size: i64,
    pub(super) modified: i64,
    pub(super) cut: Cut,
    pub(super) span: (u64, u64),
    pub(super) bytes: u64,
    pub(super) digest: Digest,
    pub(super) replaces: Option<MessageId>,
    /// It is not known what became of an earlier try.
    pub(super) is_unsure: bool,
}

/// A message of which it is not known what became.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unsure {
    pub(super) row: i64,
    pub(super) digest: Digest,
    pub(super) tries: u32,
    pub(super) tried_at: Timestamp,
}

/// What became of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Became {
    Ingested {
        message_id: MessageId,
        received_at: Timestamp,
    },
    Duplicate {
        message_id: Option<MessageId>,
        received_at: Option<Timestamp>,
    },
    /// The lake has it, after a try of ours of which nobody knows what became.
    Settled {
        message_id: MessageId,
        received_at: Timestamp,
    },
    Denied(String),
    Invalid(String),
    NotSent(String),
    NotSentYet(String),
    Unconfirmed(String),
}

/// How the lake's clock relates to this computer's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ClockOffset {
    /// The lake's time minus ours.
    pub(super) ahead: SignedDuration,
    /// How far that may be off.
    pub(super) tolerance: SignedDuration,
}

impl Queue {
    /// Makes what an earlier run left ready to be taken up: what was being tried when a program was killed is unconfirmed,
    /// what was put off waits again. Only the drainer may call it.
    pub(super) fn take_up(&mut self, id: SubmissionId) -> Result<(), QueueProblem> {
        self.change(|transaction| {
            transaction.execute(
                "UPDATE messages SET state = 8, unsure_since = coalesce(unsure_since, tried_at), reason = 'the program ended before the answer came'
                 WHERE submission = ?1 AND state = 1",
                [id.0],
            )?;
            transaction.execute(
                "UPDATE messages INDEXED BY messages_in_doubt SET state = 8, reason = 'the program ended before the answer came'
                 WHERE submission = ?1 AND state IN (0, 7) AND unsure_since IS NOT NULL",
                [id.0],
            )?;
            transaction.execute("UPDATE messages SET tries = 0 WHERE submission = ?1 AND state = 8", [id.0])?;
            transaction.execute(
                "UPDATE messages SET state = 0, tries = 0, reason = NULL WHERE submission = ?1 AND state = 7",
                [id.0],
            )?;
            transaction.execute("UPDATE submissions SET waits = NULL WHERE id = ?1", [id.0])?;
            Ok(())
        })
    }

    /// Marks the next waiting messages as being tried and returns them; none of a submission that is held, or not looked
    /// through to its end: whoever asks, nothing of it is sent. Messages that equal one that is under way wait: so of
    /// equal messages one is ingested, and the others hear of it.
    pub(super) fn claim(
        &mut self,
        submissions: &[SubmissionId],
        under_way: &HashSet<Digest>,
        most: usize,
        at: Timestamp,
    ) -> Result<Vec<Work>, QueueProblem> {
        let mut claimed = Vec::new();
        let mut taken = HashSet::new();
        let page = i64::try_from(most + under_way.len()).unwrap_or(i64::MAX);
        self.change_counted(|transaction, tally| {
            let mut try_it = transaction
                .prepare_cached("UPDATE messages SET state = 1, tried_at = ?2, tries = tries + 1 WHERE id = ?1")?;
            for id in submissions {
                let mut after = 0;
                while claimed.len() < most {
                    let waiting: Vec<(Work, PathBuf)> = transaction
                        .prepare_cached(
                            "SELECT messages.id, path, size, modified, whole, span_start, span_end, bytes, digest, replaces,
                                    unsure_since IS NOT NULL, folder, submissions.id
                             FROM messages JOIN files ON files.id = messages.file
                                  JOIN submissions ON submissions.id = messages.submission
                             WHERE messages.submission = ?1 AND state = 0 AND staging = 0 AND messages.id > ?2
                               AND stage = 'scanned' AND held IS NULL
                             ORDER BY messages.id LIMIT ?3",
                        )?
                        .query_map([id.0, after, page], read_work)?
                        .collect::<rusqlite::Result<_>>()?;
                    let Some((last, _)) = waiting.last() else { break };
                    after = last.row;
                    for (work, folder) in waiting {
                        if claimed.len() >= most || under_way.contains(&work.digest) || !taken.insert(work.digest) {
                            continue;
                        }
                        try_it.execute(params![work.row, at.as_millisecond()])?;
                        tally.moved(id.0, work.row, (MessageState::Waiting as i64, 0), MessageState::Trying);
                        claimed.push(Work { path: folder.join(&work.path), ..work });
                    }
                }
            }
            Ok(())
        })?;
        Ok(claimed)
    }

    /// Those of these submissions of which something may be sent at this moment.
    pub(super) fn may_be_sent(
        &self,
        submissions: BTreeSet<SubmissionId>,
    ) -> Result<BTreeSet<SubmissionId>, QueueProblem> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT 1 FROM submissions WHERE id = ?1 AND stage = 'scanned' AND held IS NULL")
            .map_err(self.problem())?;
        let mut wanted = BTreeSet::new();
        for id in submissions {
            if statement.exists([id.0]).map_err(self.problem())? {
                wanted.insert(id);
            }
        }
        Ok(wanted)
    }

    /// Lets messages that were claimed and surely not begun wait again, as if they had not been claimed. Those of a submission
    /// that was called off meanwhile are not sent.
    pub(super) fn put_back(&mut self, works: &[Work]) -> Result<(), QueueProblem> {
        self.change(|transaction| {
            {
                let mut put_back = transaction.prepare_cached(
                    "UPDATE messages SET state = 0, tries = max(tries - 1, 0) WHERE id = ?1 AND state = 1",
                )?;
                for work in works {
                    put_back.execute([work.row])?;
                }
            }
            let submissions: BTreeSet<SubmissionId> = works.iter().map(|work| work.submission).collect();
            for id in submissions {
                let is_called_off: bool = transaction.query_row(CALLED_OFF, [id.0], |row| row.get(0))?;
                if is_called_off {
                    call_off_messages(transaction, id)?;
                }
            }
            Ok(())
        })
    }

    /// Writes down what became of tries, and returns where each message stands now.
    pub(super) fn record(
        &mut self,
        results: &[(i64, Became)],
        offset: ClockOffset,
    ) -> Result<Vec<MessageState>, QueueProblem> {
        let mut states = Vec::with_capacity(results.len());
        self.change_counted(|transaction, tally| {
            for (row, became) in results {
                states.push(write_result(transaction, tally, *row, became, offset)?);
            }
            Ok(())
        })?;
        Ok(states)
    }

    /// Messages of which it is not known what became, after row `after`, at most `most`.
    pub(super) fn unsure(
        &self,
        submissions: &[SubmissionId],
        after: i64,
        most: usize,
    ) -> Result<Vec<Unsure>, QueueProblem> {
        let mut found = Vec::new();
        for id in submissions {
            let left = i64::try_from(most.saturating_sub(found.len())).unwrap_or(i64::MAX);
            let read = |row: &Row<'_>| {
                Ok(Unsure {
                    row: row.get(0)?,
                    digest: Digest::from_bytes(row.get(1)?),
                    tries: row.get(2)?,
                    tried_at: time(row.get::<_, Option<i64>>(3)?.unwrap_or_default()),
                })
            };
            let page: Vec<Unsure> = self
                .connection
                .prepare_cached(
                    "SELECT id, digest, tries, tried_at FROM messages
                     WHERE submission = ?1 AND state = 8 AND staging = 0 AND digest IS NOT NULL AND id > ?2 ORDER BY id LIMIT ?3",
                )
                .and_then(|mut statement| statement.query_map([id.0, after, left], read)?.collect())
                .map_err(self.problem())?;
            found.extend(page);
        }
        found.sort_unstable_by_key(|unsure| unsure.row);
        found.truncate(most);
        Ok(found)
    }

    /// Lets unconfirmed messages be tried again; that nobody knows what became of the first try stays written. Those of a
    /// submission that was called off are not. Returns how many may.
    pub(super) fn try_again(&mut self, rows: &[i64]) -> Result<usize, QueueProblem> {
        let mut changed = 0;
        self.change(|transaction| {
            let mut statement = transaction.prepare_cached(
                "UPDATE messages SET state = 0 WHERE id = ?1 AND state = 8
                 AND EXISTS (SELECT 1 FROM submissions WHERE id = messages.submission AND stage = 'scanned' AND held IS NULL)",
            )?;
            for row in rows {
                changed += statement.execute([row])?;
            }
            Ok(())
        })?;
        Ok(changed)
    }

    /// Ends a run: nothing is under way any more. What still waits says why; a submission in which nothing is open is ended.
    /// Only the drainer may call it.
    pub fn put_down(
        &mut self,
        id: SubmissionId,
        waits_because: &str,
        at: Timestamp,
    ) -> Result<(), QueueProblem> {
        self.change(|transaction| {
            transaction.execute(
                "UPDATE messages SET state = 8, unsure_since = coalesce(unsure_since, tried_at), reason = coalesce(reason, 'the answer was not waited for')
                 WHERE submission = ?1 AND state = 1",
                [id.0],
            )?;
            transaction.execute(
                "UPDATE messages INDEXED BY messages_in_doubt SET state = 8, reason = coalesce(reason, 'the answer was not waited for')
                 WHERE submission = ?1 AND state IN (0, 7) AND unsure_since IS NOT NULL",
                [id.0],
            )?;
            transaction.execute("UPDATE submissions SET waits = ?2 WHERE id = ?1", params![id.0, waits_because])?;
            let is_called_off: bool = transaction.query_row(CALLED_OFF, [id.0], |row| row.get(0))?;
            if is_called_off {
                call_off_messages(transaction, id)?;
            }
            transaction.execute(
                "UPDATE submissions SET stage = 'ended', ended_at = ?2 WHERE id = ?1 AND stage = 'scanned'
                 AND NOT EXISTS (SELECT 1 FROM messages WHERE submission = ?1 AND state IN (0, 1, 7, 8))",
                params![id.0, at.as_millisecond()],
            )?;
            Ok(())
        })
    }

    /// Changes the file in one commit.
    pub(super) fn change(
        &mut self,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), QueueProblem> {
        let problem = self.problem();
        let begun = self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate);
        let transaction = begun.map_err(&problem)?;
        change(&transaction).map_err(&problem)?;
        transaction.commit().map_err(problem)
    }
}

fn read_work(row: &Row<'_>) -> rusqlite::Result<(Work, PathBuf)> {
    let replaces: Option<String> = row.get(9)?;
    let work = Work {
        row: row.get(0)?,
        submission: SubmissionId(row.get(12)?),
        path: path_of(&row.get::<_, Vec<u8>>(1)?),
        size: row.get(2)?,
        modified: row.get(3)?,
        cut: Cut::of(row.get(4)?),
        span: (row.get::<_, i64>(5)?.unsigned_abs(), row.get::<_, i64>(6)?.unsigned_abs()),
        bytes: row.get::<_, i64>(7)?.unsigned_abs(),
        digest: Digest::from_bytes(row.get(8)?),
        replaces: replaces.and_then(|id| MessageId::parse(&id).ok()),
        is_unsure: row.get(10)?,
    };
    Ok((work, path_of(&row.get::<_, Vec<u8>>(11)?)))
}

fn write_result(
    transaction: &Transaction<'_>,
    tally: &mut Tally,
    row: i64,
    became: &Became,
    offset: ClockOffset,
) -> rusqlite::Result<MessageState> {
    let Before { submission, standing, unsure_since, tried_at } = before(transaction, row)?;
    let since = |at: Timestamp| format!("the lake has it since {}", at.strftime("%Y-%m-%d %H:%M UTC"));
    let (state, reason, message_id, received_at) = match became {
        Became::Ingested { message_id, received_at } => {
            (MessageState::Ingested, None, Some(*message_id), Some(*received_at))
        }
        Became::Duplicate { message_id, received_at } => {
            (MessageState::Duplicate, received_at.map(since), *message_id, *received_at)
        }
        Became::Settled { message_id, received_at } => {
            let first_try = time(unsure_since.or(tried_at).unwrap_or_default());
            let state = if is_ours(transaction, row, *message_id, *received_at, first_try, offset)? {
                MessageState::Ingested
            } else {
                MessageState::Duplicate
            };
            let reason = (state == MessageState::Duplicate).then(|| since(*received_at));
            (state, reason, Some(*message_id), Some(*received_at))
        }
        Became::Denied(reason) => (MessageState::Denied, Some(reason.clone()), None, None),
        Became::Invalid(reason) => (MessageState::Invalid, Some(reason.clone()), None, None),
        // An earlier try may still have brought it there.
        Became::NotSent(reason) | Became::NotSentYet(reason) if unsure_since.is_some() => {
            (MessageState::Unconfirmed, Some(reason.clone()), None, None)
        }
        Became::NotSent(reason) => (MessageState::NotSent, Some(reason.clone()), None, None),
        Became::NotSentYet(reason) => (MessageState::NotSentYet, Some(reason.clone()), None, None),
        Became::Unconfirmed(reason) => (MessageState::Unconfirmed, Some(reason.clone()), None, None),
    };
    transaction
        .prepare_cached(
            "UPDATE messages SET state = ?2, reason = ?3, message_id = ?4, received_at = ?5,
                unsure_since = iif(?2 = 8, coalesce(unsure_since, tried_at), unsure_since) WHERE id = ?1",
        )?
        .execute(params![
            row,
            state as i64,
            reason.map(|reason| reason.chars().take(REASON).collect::<String>()),
            message_id.map(|id| id.to_string()),
            received_at.map(Timestamp::as_millisecond),
        ])?;
    tally.moved(submission, row, standing, state);
    Ok(state)
}

/// How a message stood before its result.
struct Before {
    submission: i64,
    /// State and staging.
    standing: (i64, i64),
    /// When the first try began of which it is not known what became.
    unsure_since: Option<i64>,
    /// When the latest try began.
    tried_at: Option<i64>,
}

fn before(transaction: &Transaction<'_>, row: i64) -> rusqlite::Result<Before> {
    transaction
        .prepare_cached(
            "SELECT submission, state, staging, unsure_since, tried_at FROM messages WHERE id = ?1",
        )?
        .query_row([row], |row| {
            Ok(Before {
                submission: row.get(0)?,
                standing: (row.get(1)?, row.get(2)?),
                unsure_since: row.get(3)?,
                tried_at: row.get(4)?,
            })
        })
}

/// Whether a message that the lake has came there by an unsure try of ours: it was received after that try began, by the
/// lake's clock, and no other message of this home is known to be it. Received earlier, somebody else was first.
/// (Somebody of the same institution may have sent the same bytes within that time; the ledger does not tell the two
/// apart, and either way the lake has it once.)
fn is_ours(
    transaction: &Transaction<'_>,
    row: i64,
    message_id: MessageId,
    received_at: Timestamp,
    first_try: Timestamp,
    offset: ClockOffset,
) -> rusqlite::Result<bool> {
    let taken: bool = transaction
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM messages WHERE message_id = ?1 AND state = 2 AND id <> ?2)",
        )?
        .query_row(params![message_id.to_string(), row], |row| row.get(0))?;
    let earliest = first_try.saturating_add(offset.ahead.saturating_sub(offset.tolerance));
    Ok(!taken && earliest.is_ok_and(|earliest| received_at.as_millisecond() >= earliest.as_millisecond()))
}
