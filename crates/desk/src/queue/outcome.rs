//! What became of a message, as the queue keeps it, and the sums.

use jiff::Timestamp;
use lake::MessageId;
use serde::Serialize;

use super::staging::StagingState;

/// Where a message of the queue stands. The numbers are in the file; never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageState {
    /// Not tried yet.
    Waiting = 0,
    /// Being tried. Found at a start, it means that a program was killed and nobody knows.
    Trying = 1,
    /// The lake has it by this submission.
    Ingested = 2,
    /// The lake had it already.
    Duplicate = 3,
    /// The sender has no right to write.
    Denied = 4,
    /// The lake does not take these bytes.
    Invalid = 5,
    /// Surely not in the lake by this submission, and sending it again cannot help.
    NotSent = 6,
    /// Not in the lake by this submission; it is sent when the submission is taken up again.
    NotSentYet = 7,
    /// Bytes left and no answer came; the ledger is asked.
    Unconfirmed = 8,
}

impl MessageState {
    /// All states.
    pub const ALL: [Self; 9] = [
        Self::Waiting,
        Self::Trying,
        Self::Ingested,
        Self::Duplicate,
        Self::Denied,
        Self::Invalid,
        Self::NotSent,
        Self::NotSentYet,
        Self::Unconfirmed,
    ];

    pub(super) fn of(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|state| *state as i64 == number)
    }

    /// The word for programs: one of the six outcomes.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ingested => "ingested",
            Self::Duplicate => "duplicate",
            Self::Denied => "denied",
            Self::Invalid => "invalid",
            Self::Waiting | Self::NotSent | Self::NotSentYet => "not_sent",
            Self::Trying | Self::Unconfirmed => "unconfirmed",
        }
    }

    /// Whether taking the submission up again can change it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Trying | Self::NotSentYet | Self::Unconfirmed)
    }

    /// What the steward does next; empty when there is nothing to do.
    pub fn next_step(self) -> &'static str {
        match self {
            Self::Ingested => "",
            Self::Duplicate => "Nothing to do: the lake already has this message.",
            Self::Denied => "Ask the lake's administrator for the right to send for your institution.",
            Self::Invalid => "Correct the file as the reason says, then submit it again.",
            Self::NotSent => "Mend what the reason says, then submit the file again; nothing was stored.",
            Self::Waiting | Self::NotSentYet => {
                "Mend what the reason says, then send it again: it goes on where it stopped."
            }
            Self::Trying | Self::Unconfirmed => {
                "Send it again later: the lake is asked whether it arrived; nothing is doubled."
            }
        }
    }
}

/// Messages by what became of them. Found = the sum of the six.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Files read.
    pub files: u64,
    /// Files without any message that were not sent.
    pub not_hl7: u64,
    /// Messages found.
    pub found: u64,
    /// In the lake by this submission.
    pub ingested: u64,
    /// The lake had them already.
    pub duplicate: u64,
    /// No right to write.
    pub denied: u64,
    /// Not taken by the lake.
    pub invalid: u64,
    /// Surely not in the lake by this submission, those that wait among them.
    pub not_sent: u64,
    /// Not known yet.
    pub unconfirmed: u64,
}

impl Counts {
    /// The sum of the six outcomes.
    pub fn accounted(&self) -> u64 {
        self.ingested + self.duplicate + self.denied + self.invalid + self.not_sent + self.unconfirmed
    }

    /// Whether every message is in the lake.
    pub fn all_in_the_lake(&self) -> bool {
        self.found == self.ingested + self.duplicate
    }

    pub(super) fn add(&mut self, state: MessageState, messages: u64) {
        let place = match state {
            MessageState::Ingested => &mut self.ingested,
            MessageState::Duplicate => &mut self.duplicate,
            MessageState::Denied => &mut self.denied,
            MessageState::Invalid => &mut self.invalid,
            MessageState::Waiting | MessageState::NotSent | MessageState::NotSentYet => &mut self.not_sent,
            MessageState::Trying | MessageState::Unconfirmed => &mut self.unconfirmed,
        };
        *place += messages;
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.files += other.files;
        self.not_hl7 += other.not_hl7;
        self.found += other.found;
        self.ingested += other.ingested;
        self.duplicate += other.duplicate;
        self.denied += other.denied;
        self.invalid += other.invalid;
        self.not_sent += other.not_sent;
        self.unconfirmed += other.unconfirmed;
    }
}

/// One message of a submission and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The file as it was named or found.
    pub file: String,
    /// Which message of the file, from 0.
    pub index: u64,
    /// Where in the file, in bytes.
    pub span: (u64, u64),
    /// One of the six outcomes.
    pub outcome: &'static str,
    /// The lake's id of it; of a duplicate, the id of the first.
    pub message_id: Option<MessageId>,
    /// The canonical digest; none where the bytes could not be had.
    pub digest: Option<er7::Digest>,
    /// Why; empty when all is well.
    pub reason: String,
    /// What to do; empty when there is nothing.
    pub next_step: &'static str,
    /// When the lake received it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received_at: Option<Timestamp>,
    /// The submission.
    pub submission: i64,
    /// Where it stands in the queue.
    #[serde(skip)]
    pub state: MessageState,
    /// What staging made of it, as far as is known; none where it is not in the lake by this submission.
    #[serde(skip)]
    pub staging: Option<StagingState>,
    /// Its place in the queue's file, for paging.
    #[serde(skip)]
    pub row: i64,
}
