//! What whoever watches a submission is shown: each of these is one consistent picture, read in one transaction.

use jiff::Timestamp;
use serde::Serialize;

use crate::queue::drain::Progress;
use crate::queue::{
    FileLine, FilePage, FileProblem, Review, ScanProgress, StagingCounts, Submission, SubmissionId,
};

/// What a submission is doing now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "phase", rename_all = "kebab-case")]
pub enum Phase {
    /// Its files are being looked through.
    LookingThrough,
    /// Looked through; it waits for the steward's yes ([`Submitting::send`](super::Submitting::send)).
    Review,
    /// It is sent, or about to be.
    Sending,
    /// The steward paused it, or stopped the command line while that sent it; `send` goes on.
    Paused,
    /// Another program of this home (the command line) sends now; its submissions are shown as they go on, and this one
    /// is sent when that program has finished.
    AnotherProgramSends,
    /// Nobody is signed in who may send it: it goes on by itself after
    /// [`use_account`](super::Submitting::use_account).
    WaitsForSignIn {
        /// Why, in plain words with the next step.
        why: String,
    },
    /// It goes to another lake than the one in use: it goes on by itself when that one is used.
    WaitsForItsLake {
        /// The profile's name.
        lake: String,
    },
    /// It goes to another institution than whoever is signed in may send for: it goes on by itself when somebody signs in
    /// who may.
    WaitsForAnotherSender {
        /// The institution.
        institution: String,
    },
    /// The lake is out of reach or busy: it goes on by itself; `send` tries at once.
    WaitsForLake {
        /// What happened, in plain words.
        why: String,
        /// When it is tried next; none while that goes on.
        next_try: Option<Timestamp>,
    },
    /// Everything was handed over, but some answers did not come: the lake is asked about these messages.
    Checking,
    /// This computer gets in the way (the disk is full, a file cannot be written): tried again by itself; `send` tries at
    /// once.
    WaitsForThisComputer {
        /// What happened, in plain words with the next step.
        why: String,
        /// When it is tried next; none while that goes on.
        next_try: Option<Timestamp>,
    },
    /// The steward called it off.
    Cancelled,
    /// Every message has its outcome for good.
    Ended,
}

/// One submission at one moment: all numbers are of the same instant and add up.
#[derive(Clone, Debug, Serialize)]
pub struct Snapshot {
    /// What was handed over, and what became of its messages.
    pub submission: Submission,
    /// What it is doing.
    pub phase: Phase,
    /// What was found in its files; none before all were looked through.
    pub review: Option<Review>,
    /// How far looking through is, while it goes on.
    pub scan: Option<ScanProgress>,
    /// How fast sending is and what is left, while it goes on. Counts are in `submission` only.
    pub progress: Option<Progress>,
    /// What staging made of the messages in the lake.
    pub staging: StagingCounts,
    /// Files without any message: how many, and the first of them.
    pub left_out: FilePage<FileLine>,
    /// What could not be read or does not agree: how many, and the first of them.
    pub problems: FilePage<FileProblem>,
}

/// One of the earlier submissions.
#[derive(Clone, Debug, Serialize)]
pub struct Earlier {
    /// What was handed over, and what became of its messages.
    pub submission: Submission,
    /// What it is doing.
    pub phase: Phase,
    /// What staging made of the messages in the lake.
    pub staging: StagingCounts,
}

/// A submission has come to its end: every message has its outcome for good, or it was called off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Which.
    pub id: SubmissionId,
    /// What became of its messages.
    pub counts: crate::queue::Counts,
    /// Whether it was called off.
    pub how: EndedHow,
}

/// How a submission came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedHow {
    /// Everything was tried.
    Finished,
    /// The steward called it off.
    CalledOff,
}
