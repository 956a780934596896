//! What staging made of messages that are in the lake, as far as the catalog was asked. A separate, later fact: it never
//! changes what became of handing a message over.

use lake::{Head, MessageId, State};
use rusqlite::params;
use serde::Serialize;

use super::store::{Queue, QueueProblem};
use super::submissions::SubmissionId;

/// Where a message stands that is in the lake by a submission of this home.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum StagingState {
    /// No answer from staging is known yet.
    Waiting,
    /// Parsed JSON is there.
    Ready,
    /// It could not be staged.
    Attention {
        /// Why: one of [`er7::codes`], where the catalog told it.
        error_code: Option<String>,
    },
    /// A delivery within the lake failed for good.
    Stuck,
    /// It needed attention and is closed: set aside, or replaced by a fix.
    Closed,
}

/// How many of the messages that are in the lake by a submission stand where. They add up to its `ingested`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StagingCounts {
    /// Staging has not answered yet, or was not asked about.
    pub waiting: u64,
    /// Ready to use.
    pub ready: u64,
    /// Could not be staged.
    pub attention: u64,
    /// A delivery within the lake failed for good.
    pub stuck: u64,
    /// Needed attention, and were set aside or replaced since.
    pub closed: u64,
    /// As `waiting`, but nobody who is signed in may see what becomes of them.
    pub not_visible: u64,
}

/// The numbers in the file, of messages in the lake; never renumber. `WAITING` is that of all other messages too.
pub(super) mod number {
    pub(in crate::queue) const WAITING: i64 = 0;
    pub(in crate::queue) const READY: i64 = 1;
    pub(in crate::queue) const ATTENTION: i64 = 2;
    pub(in crate::queue) const STUCK: i64 = 3;
    pub(in crate::queue) const CLOSED: i64 = 4;
    pub(in crate::queue) const ALL: [i64; 5] = [WAITING, READY, ATTENTION, STUCK, CLOSED];
}

/// Which of the messages in the lake are to be asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsettled {
    /// Those of which nothing is known.
    Waiting,
    /// Those, and those that needed attention or were stuck when last asked about: somebody may have seen to them.
    NotReady,
}

impl StagingState {
    /// What a head of the catalog says; none while staging has not answered.
    pub fn of(head: &Head) -> Option<Self> {
        if !head.ingested {
            return None;
        }
        match head.state {
            State::Received => None,
            State::Ready => Some(Self::Ready),
            State::Attention => Some(Self::Attention { error_code: head.error_code.clone() }),
            State::Stuck => Some(Self::Stuck),
            State::SetAside | State::Replaced => Some(Self::Closed),
        }
    }

    /// The word for programs.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Ready => "ready",
            Self::Attention { .. } => "attention",
            Self::Stuck => "stuck",
            Self::Closed => "closed",
        }
    }

    pub(super) fn read(number: i64, error_code: Option<String>) -> Self {
        match number {
            number::READY => Self::Ready,
            number::ATTENTION => Self::Attention { error_code },
            number::STUCK => Self::Stuck,
            number::CLOSED => Self::Closed,
            _ => Self::Waiting,
        }
    }

    fn number(&self) -> i64 {
        match self {
            Self::Waiting => number::WAITING,
            Self::Ready => number::READY,
            Self::Attention { .. } => number::ATTENTION,
            Self::Stuck => number::STUCK,
            Self::Closed => number::CLOSED,
        }
    }

    /// Why it needs attention, where it does and the catalog told.
    pub fn error_code(&self) -> Option<&str> {
        match self {
            Self::Attention { error_code } => error_code.as_deref(),
            _ => None,
        }
    }
}

impl StagingCounts {
    /// All of them: what is in the lake.
    pub fn sum(&self) -> u64 {
        self.waiting + self.ready + self.attention + self.stuck + self.closed + self.not_visible
    }

    pub(super) fn add(&mut self, number: i64, messages: u64) {
        let place = match number {
            number::READY => &mut self.ready,
            number::ATTENTION => &mut self.attention,
            number::STUCK => &mut self.stuck,
            number::CLOSED => &mut self.closed,
            _ => &mut self.waiting,
        };
        *place += messages;
    }
}

impl Queue {
    /// The messages of a submission that are to be asked about, received after `after`, oldest first, at most `limit`.
    pub fn unsettled(
        &self,
        id: SubmissionId,
        which: Unsettled,
        after: Option<MessageId>,
        limit: usize,
    ) -> Result<Vec<MessageId>, QueueProblem> {
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let most = match which {
            Unsettled::Waiting => number::WAITING,
            Unsettled::NotReady => number::STUCK,
        };
        // Ids of version 7 sort as the times of receipt do.
        let found: Vec<String> = self
            .connection
            .prepare_cached(
                "SELECT message_id FROM messages INDEXED BY messages_unsettled
                 WHERE submission = ?1 AND state = 2 AND staging <> 1 AND staging <= ?2 AND message_id > ?3
                 ORDER BY message_id LIMIT ?4",
            )
            .and_then(|mut statement| {
                statement.query_map(params![id.0, most, after, limit], |row| row.get(0))?.collect()
            })
            .map_err(self.problem())?;
        Ok(found.iter().filter_map(|id| MessageId::parse(id).ok()).collect())
    }

    /// Writes down what staging made of messages of a submission, in one commit. Returns how many changed.
    pub fn settle(
        &mut self,
        id: SubmissionId,
        settled: &[(MessageId, StagingState)],
    ) -> Result<usize, QueueProblem> {
        let mut changed = 0;
        self.change(|transaction| {
            let mut statement = transaction.prepare_cached(
                "UPDATE messages SET staging = ?3, error_code = ?4
                 WHERE message_id = ?2 AND submission = ?1 AND state = 2 AND (staging <> ?3 OR error_code IS NOT ?4)",
            )?;
            for (message_id, state) in settled {
                changed += statement.execute(params![
                    id.0,
                    message_id.to_string(),
                    state.number(),
                    state.error_code()
                ])?;
            }
            Ok(())
        })?;
        Ok(changed)
    }
}
