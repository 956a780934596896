//! Messages for a table that asks for more as it is scrolled, and the history of one message.

use std::collections::VecDeque;

use jiff::Timestamp;
use lake::{Head, MessageId};

use crate::account::{Account, AccountProblem};
use crate::browse::{DayRange, EventKind, HeadFilter};

/// Messages looked at in one [`MessageList::next`] at most, so that a filter that nothing matches gives the word back.
pub const LOOKED_AT_ONCE: u64 = 5_000;

/// Which messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those of some days, newest first.
    Days {
        /// Which days, in UTC.
        days: DayRange,
        /// Which of them.
        filter: HeadFilter,
    },
    /// Those with something left to do (needs attention, stuck), newest first.
    Open {
        /// Which of them.
        filter: HeadFilter,
    },
    /// Those with this control id (MSH-10), oldest first.
    ControlId(String),
}

/// A list that stands where it was left. At most a page a shard of it is in memory.
pub struct MessageList {
    ready: VecDeque<Head>,
}

impl MessageList {
    /// Begins a list of the institution that this session reads. It keeps reading as that session, whatever becomes of
    /// `account`; after another sign-in open it anew.
    pub async fn open(account: &Account, which: Which) -> Result<Self, AccountProblem> {
        todo!()
    }

    /// The next messages, at most `most`. Fewer, even none, before the end: [`LOOKED_AT_ONCE`] were looked at and few of
    /// them matched; ask again. After a fault the list stands where it stood: ask again.
    pub async fn next(&mut self, most: usize) -> Result<Vec<Head>, AccountProblem> {
        todo!()
    }

    /// Whether everything was given.
    pub fn is_done(&self) -> bool {
        todo!()
    }

    /// Messages looked at so far, matching or not.
    pub fn looked_at(&self) -> u64 {
        todo!()
    }

    /// Up to which time of receipt the messages were looked at.
    pub fn looked_to(&self) -> Option<Timestamp> {
        todo!()
    }
}

/// The history of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// What is known of it.
    pub head: Head,
    /// What happened, oldest first.
    pub events: Vec<TraceEvent>,
}

/// Something that happened to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceEvent {
    /// When it was recorded.
    pub at: Timestamp,
    /// What sort, for an icon.
    pub kind: EventKind,
    /// What happened, in words of the screen.
    pub sentence: String,
    /// The message that it is about besides this one: what it was sent instead of, or what was sent instead.
    pub other: Option<MessageId>,
    /// The key of the object that the lake stored then.
    pub key: Option<String>,
}

/// The history of one message of the institution that this session reads; none if it has no such message (yet).
pub async fn trace(account: &Account, message_id: MessageId) -> Result<Option<Trace>, AccountProblem> {
    todo!()
}
