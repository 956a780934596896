//! Rows of a table that may show any part of a submission: as many rows into the chosen ones as the scroll bar says, at
//! about the same cost wherever that is.

use rusqlite::{Row, params};
use serde::Serialize;

use super::files::shown;
use super::outcome::{Line, MessageState};
use super::staging::{StagingState, number};
use super::store::{Queue, QueueProblem};
use super::submissions::{SubmissionId, time};

/// Which messages of a submission: what each count on the screen stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Which {
    /// Every message that was found.
    All,
    /// In the lake by this submission, whatever staging makes of it.
    InTheLake,
    /// The lake had it already.
    Duplicate,
    /// No right to write.
    Denied,
    /// Not taken by the lake.
    Invalid,
    /// Surely not in the lake by this submission, those that wait to be sent among them.
    NotSent,
    /// Not known yet.
    Unconfirmed,
    /// In the lake; staging has not answered yet.
    Waiting,
    /// In the lake and ready to use.
    Ready,
    /// In the lake, and could not be staged.
    NeedsAttention,
    /// In the lake, and a delivery within it failed for good.
    Stuck,
    /// In the lake; needed attention and was set aside or replaced.
    Closed,
}

/// A part of the chosen messages, in the order of files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LinePage {
    /// How many messages are chosen in all, at the moment of reading.
    pub total: u64,
    /// The part that was asked for; shorter only where the chosen ones end.
    pub rows: Vec<Line>,
}

const LINE: &str = "SELECT messages.id, path, number, span_start, span_end, state, message_id, digest, reason, received_at,
    staging, error_code, waits
  FROM messages JOIN files ON files.id = messages.file JOIN submissions ON submissions.id = messages.submission";

impl Which {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::All,
        Self::InTheLake,
        Self::Duplicate,
        Self::Denied,
        Self::Invalid,
        Self::NotSent,
        Self::Unconfirmed,
        Self::Waiting,
        Self::Ready,
        Self::NeedsAttention,
        Self::Stuck,
        Self::Closed,
    ];

    /// Whether a message that stands so is among them.
    fn holds(self, state: MessageState, staging: i64) -> bool {
        let in_the_lake = state == MessageState::Ingested;
        match self {
            Self::All => true,
            Self::InTheLake => in_the_lake,
            Self::Duplicate => state == MessageState::Duplicate,
            Self::Denied => state == MessageState::Denied,
            Self::Invalid => state == MessageState::Invalid,
            Self::NotSent => state.word() == MessageState::NotSent.word(),
            Self::Unconfirmed => state.word() == MessageState::Unconfirmed.word(),
            Self::Waiting => in_the_lake && staging == number::WAITING,
            Self::Ready => in_the_lake && staging == number::READY,
            Self::NeedsAttention => in_the_lake && staging == number::ATTENTION,
            Self::Stuck => in_the_lake && staging == number::STUCK,
            Self::Closed => in_the_lake && staging == number::CLOSED,
        }
    }
}

impl Queue {
    /// The messages of a submission after row `after`, in the order of files, at most `limit`.
    pub fn lines(&self, id: SubmissionId, after: i64, limit: usize) -> Result<Vec<Line>, QueueProblem> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.connection
            .prepare_cached(&format!(
                "{LINE} WHERE messages.submission = ?1 AND messages.id > ?2 ORDER BY messages.id LIMIT ?3"
            ))
            .and_then(|mut statement| {
                statement.query_map([id.0, after, limit], |row| read_line(row, id))?.collect()
            })
            .map_err(self.problem())
    }

    /// Some of the messages of a submission: at most `limit`, from the one that is `offset` messages into the chosen ones.
    /// Reads of the chosen ones before it what one block counts (1,024 rows) at most.
    pub fn page(
        &self,
        id: SubmissionId,
        which: Which,
        offset: u64,
        limit: usize,
    ) -> Result<LinePage, QueueProblem> {
        let read = || -> rusqlite::Result<LinePage> {
            let transaction = self.connection.unchecked_transaction()?;
            let (total, block, before) = self.block_at(id, which, offset)?;
            let skip = usize::try_from(offset.saturating_sub(before)).unwrap_or(usize::MAX);
            let rows = if offset >= total || limit == 0 {
                Vec::new()
            } else {
                self.rows_from(id, which, block << 10, skip.saturating_add(limit))?
            };
            let mut statement = self.connection.prepare_cached(&format!("{LINE} WHERE messages.id = ?1"))?;
            let rows = rows
                .into_iter()
                .skip(skip)
                .map(|row| statement.query_row([row], |row| read_line(row, id)))
                .collect::<rusqlite::Result<_>>()?;
            transaction.commit()?;
            Ok(LinePage { total, rows })
        };
        read().map_err(self.problem())
    }

    /// How many are chosen in all; the block that holds the one at `offset`; how many chosen ones come before that block.
    fn block_at(&self, id: SubmissionId, which: Which, offset: u64) -> rusqlite::Result<(u64, i64, u64)> {
        let mut statement = self.connection.prepare_cached(
            "SELECT block, state, staging, messages FROM standings WHERE submission = ?1 AND messages > 0",
        )?;
        let mut rows = statement.query([id.0])?;
        let mut blocks = std::collections::BTreeMap::<i64, u64>::new();
        while let Some(row) = rows.next()? {
            let (state, staging) = (MessageState::of(row.get(1)?), row.get(2)?);
            if state.is_some_and(|state| which.holds(state, staging)) {
                *blocks.entry(row.get(0)?).or_default() += row.get::<_, i64>(3)?.unsigned_abs();
            }
        }
        let total = blocks.values().sum();
        let mut before = 0;
        for (block, messages) in blocks {
            if before + messages > offset {
                return Ok((total, block, before));
            }
            before += messages;
        }
        Ok((total, 0, 0))
    }

    /// The first chosen rows from this row on, at most `most`, merged from the sorted rows of each standing.
    fn rows_from(
        &self,
        id: SubmissionId,
        which: Which,
        from: i64,
        most: usize,
    ) -> rusqlite::Result<Vec<i64>> {
        let limit = i64::try_from(most).unwrap_or(i64::MAX);
        if which == Which::All {
            return self
                .connection
                .prepare_cached(
                    "SELECT id FROM messages WHERE submission = ?1 AND id >= ?2 ORDER BY id LIMIT ?3",
                )?
                .query_map([id.0, from, limit], |row| row.get(0))?
                .collect();
        }
        let mut statement = self.connection.prepare_cached(
            "SELECT id FROM messages INDEXED BY messages_by_standing
             WHERE submission = ?1 AND state = ?2 AND staging = ?3 AND id >= ?4 ORDER BY id LIMIT ?5",
        )?;
        let mut found = Vec::new();
        for state in MessageState::ALL {
            for staging in number::ALL.into_iter().filter(|staging| which.holds(state, *staging)) {
                // Only what is in the lake has any other.
                if staging != number::WAITING && state != MessageState::Ingested {
                    continue;
                }
                let rows = statement
                    .query_map(params![id.0, state as i64, staging, from, limit], |row| row.get(0))?;
                found.extend(rows.collect::<rusqlite::Result<Vec<i64>>>()?);
            }
        }
        found.sort_unstable();
        found.truncate(most);
        Ok(found)
    }
}

fn read_line(row: &Row<'_>, submission: SubmissionId) -> rusqlite::Result<Line> {
    let state = MessageState::of(row.get(5)?).unwrap_or(MessageState::Unconfirmed);
    let message_id: Option<String> = row.get(6)?;
    let usual = match state {
        MessageState::Waiting => {
            row.get::<_, Option<String>>(12)?.unwrap_or_else(|| "not sent yet".to_owned())
        }
        _ => String::new(),
    };
    let staging = (state == MessageState::Ingested)
        .then(|| Ok::<_, rusqlite::Error>(StagingState::read(row.get(10)?, row.get(11)?)))
        .transpose()?;
    Ok(Line {
        row: row.get(0)?,
        file: shown(&row.get::<_, Vec<u8>>(1)?),
        index: row.get::<_, i64>(2)?.unsigned_abs(),
        span: (row.get::<_, i64>(3)?.unsigned_abs(), row.get::<_, i64>(4)?.unsigned_abs()),
        outcome: state.word(),
        message_id: message_id.and_then(|id| lake::MessageId::parse(&id).ok()),
        digest: row.get::<_, Option<[u8; 32]>>(7)?.map(er7::Digest::from_bytes),
        reason: row.get::<_, Option<String>>(8)?.unwrap_or(usual),
        next_step: state.next_step(),
        received_at: row.get::<_, Option<i64>>(9)?.map(time),
        submission: submission.0,
        state,
        staging,
    })
}
