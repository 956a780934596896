//! Submitting from a program that stays open: the desktop.
//!
//! A submission is begun, looked through, shown for review, sent after the steward's yes, and followed in the lake's
//! catalog until each message is ready to use or needs attention. All of it is in the queue's file: what was being done
//! when the program ended goes on when it is opened again, and what waits for a yes or was paused waits on.

mod view;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::broadcast;

pub use view::{Earlier, EndedHow, Ending, Phase, Snapshot};

use crate::account::Account;
use crate::home::Home;
pub use crate::queue::{
    Counts, FileLine, FilePage, FileProblem, Intake, Line, LinePage, MessageState, ProblemKind, QueueProblem,
    ReportProblem, Review, ScanProgress, StagingCounts, StagingState, Submission, SubmissionId, Unheaded,
    Which,
};

/// Fills and empties the queue of a home for as long as the program is open. Cheap to clone; when the last clone is
/// dropped, or after [`Submitting::shut_down`], nothing is sent any more.
///
/// One program sends from a home at a time: while another (the command line) does, this one reads along. The lock is held
/// only while something is sent, so that the command line can be used beside an idle window.
#[derive(Clone)]
pub struct Submitting {
    changes: broadcast::Sender<SubmissionId>,
    ends: broadcast::Sender<Ending>,
}

impl Submitting {
    /// Opens the queue of this home; to be called within a tokio run time. Earlier submissions that are too old or too
    /// many are forgotten. Second: where a damaged queue was
    /// kept aside.
    pub fn open(_home: &Home) -> Result<(Self, Option<PathBuf>), QueueProblem> {
        Ok((Self { changes: broadcast::channel(256).0, ends: broadcast::channel(64).0 }, None))
    }

    /// In whose name is sent and read from now on; `None`: nobody is signed in. What runs in another name is stopped first:
    /// returns when it has put down its pen, at most ten seconds later. To be called again after every sign-in.
    ///
    /// Submissions to this lake and institution that were being sent when the program ended or was killed go on by
    /// themselves; those in review, or paused by the steward, do not.
    pub async fn use_account(&self, _account: Option<Arc<Account>>) -> Result<(), QueueProblem> {
        not_yet()
    }

    /// Begins a submission, looks through its files in the background, and then waits for the steward's yes
    /// ([`Phase::Review`]).
    pub async fn begin(&self, _intake: Intake) -> Result<SubmissionId, QueueProblem> {
        not_yet()
    }

    /// The steward says yes: after the review, to go on after a pause, or to try again at once what waits. A submission
    /// without an institution gets that of the account. Refused while files are still being looked through, after its
    /// end, and where a fix (`replaces`) is not exactly one message.
    pub async fn send(&self, _id: SubmissionId) -> Result<(), QueueProblem> {
        not_yet()
    }

    /// Pauses what is being sent, or waits to be. Durable: it stays paused over restarts until [`Submitting::send`]. What
    /// is under way is still written down. Nothing changes in review and after the end.
    pub async fn pause(&self, _id: SubmissionId) -> Result<(), QueueProblem> {
        not_yet()
    }

    /// Calls a submission off, in any phase: what was not tried stays not sent; what is unconfirmed is still asked about
    /// for a while, never sent again. Nothing changes after the end.
    pub async fn cancel(&self, _id: SubmissionId) -> Result<(), QueueProblem> {
        not_yet()
    }

    /// The submission at this moment. Cheap at any size: to be read again at every hint.
    pub async fn snapshot(&self, _id: SubmissionId) -> Result<Snapshot, QueueProblem> {
        not_yet()
    }

    /// The submissions older than `before`, newest first, at most `limit`.
    pub async fn earlier(
        &self,
        _before: Option<SubmissionId>,
        _limit: usize,
    ) -> Result<Vec<Earlier>, QueueProblem> {
        not_yet()
    }

    /// Hints: something of this submission changed; about five a second for each at most, the last change always told.
    /// The watcher reads again; one that hears that it lagged behind reads everything again.
    pub fn changes(&self) -> broadcast::Receiver<SubmissionId> {
        self.changes.subscribe()
    }

    /// For the notice at the end: each submission that comes to its end while this program is open, once.
    pub fn ends(&self) -> broadcast::Receiver<Ending> {
        self.ends.subscribe()
    }

    /// Rows of the table: `limit` of the chosen messages from the one that is `offset` messages into them, in the order of
    /// files. Costs the same at any offset.
    pub async fn lines(
        &self,
        _id: SubmissionId,
        _which: Which,
        _offset: u64,
        _limit: usize,
    ) -> Result<LinePage, QueueProblem> {
        not_yet()
    }

    /// Files without any message, from the one at `offset`.
    pub async fn left_out(
        &self,
        _id: SubmissionId,
        _offset: u64,
        _limit: usize,
    ) -> Result<FilePage<FileLine>, QueueProblem> {
        not_yet()
    }

    /// What could not be read or does not agree, from the one at `offset`.
    pub async fn problems(
        &self,
        _id: SubmissionId,
        _offset: u64,
        _limit: usize,
    ) -> Result<FilePage<FileProblem>, QueueProblem> {
        not_yet()
    }

    /// Asks the catalog once more what became of this submission's messages, those that needed attention or were stuck
    /// when last looked at among them. Answers at once; what is found shows in snapshots.
    pub async fn look_again(&self, _id: SubmissionId) -> Result<(), QueueProblem> {
        not_yet()
    }

    /// Writes the account of a submission, as it is at this moment, to a file: CSV or JSON by its ending, one message a
    /// row, with what staging made of it. Returns the counts, which are those of the rows.
    pub async fn report(&self, _id: SubmissionId, _path: &Path) -> Result<Counts, ReportProblem> {
        Ok(not_yet()?)
    }

    /// Stops cleanly, as at the end of the program; at most ten seconds.
    pub async fn shut_down(&self) {}
}

fn not_yet<T>() -> Result<T, QueueProblem> {
    Err(QueueProblem::Broken("submitting is not there yet".to_owned()))
}
