//! Submitting from a program that stays open: the desktop.
//!
//! A submission is begun, looked through, shown for review, sent after the steward's yes, and followed in the lake's
//! catalog until each message is ready to use or needs attention. All of it is in the queue's file: what was being done
//! when the program ended goes on when it is opened again, and what waits for a yes or was paused waits on.

mod following;
mod looking;
mod sending;
mod standing;
mod telling;
mod view;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use lake::Source;
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use view::{Earlier, EndedHow, Ending, Phase, Snapshot};

use crate::account::Account;
use crate::home::Home;
pub use crate::queue::{
    Counts, FileLine, FilePage, FileProblem, Intake, Line, LinePage, MessageState, ProblemKind, QueueProblem,
    ReportProblem, Review, ScanProgress, StagingCounts, StagingState, Submission, SubmissionId, Unheaded,
    Which,
};
use crate::queue::{Held, Keep, Queue, Report, Stage};

/// Fills and empties the queue of a home for as long as the program is open. Cheap to clone; when the last clone is
/// dropped, or after [`Submitting::shut_down`], nothing is sent any more.
///
/// One program sends from a home at a time: while another (the command line) does, this one reads along. The lock is held
/// only while something is sent, so that the command line can be used beside an idle window.
#[derive(Clone)]
pub struct Submitting(Arc<Inner>);

struct Inner {
    /// For sending.
    sends: Arc<Mutex<Queue>>,
    /// For what the steward asks for, and for looking through files.
    asks: Mutex<Queue>,
    /// For showing, and for what staging made of messages.
    shows: Mutex<Queue>,
    state: Mutex<standing::Now>,
    /// There may be something to send.
    to_send: Notify,
    /// There may be something to ask the catalog about.
    to_follow: Notify,
    changes: broadcast::Sender<SubmissionId>,
    ends: broadcast::Sender<Ending>,
    tasks: TaskTracker,
    /// Cancelled at the end of the program.
    over: CancellationToken,
}

/// How long a run that is stopped may take to write down its last answers.
const LAST_ANSWERS: Duration = Duration::from_secs(10);
/// What a lake takes that has not told its limits.
const USUAL_MESSAGE_BYTES: usize = 4 * 1024 * 1024;
/// Files that a snapshot names.
const FILES: usize = 100;
/// Messages of a report in memory at a time.
const REPORT_PAGE: usize = 500;

impl Submitting {
    /// Opens the queue of this home; to be called within a tokio run time. Earlier submissions that are too old or too
    /// many are forgotten, see [`Keep`]. Second: where a damaged queue was kept aside.
    pub fn open(home: &Home) -> Result<(Self, Option<PathBuf>), QueueProblem> {
        let (mut sends, aside) = Queue::open(home)?;
        sends.forget_old(Keep::default(), Timestamp::now())?;
        let inner = Inner {
            asks: Mutex::new(sends.another()?),
            shows: Mutex::new(sends.another()?),
            sends: Arc::new(Mutex::new(sends)),
            state: Mutex::default(),
            to_send: Notify::new(),
            to_follow: Notify::new(),
            changes: broadcast::channel(256).0,
            ends: broadcast::channel(64).0,
            tasks: TaskTracker::new(),
            over: CancellationToken::new(),
        };
        let submitting = Self(Arc::new(inner));
        submitting.spawn(sending::send);
        submitting.spawn(following::follow);
        submitting.spawn(telling::tell);
        Ok((submitting, aside))
    }

    /// In whose name is sent and read from now on; `None`: nobody is signed in. What runs in another name is stopped first:
    /// returns when it has put down its pen, at most ten seconds later. To be called again after every sign-in.
    ///
    /// Submissions to this lake and institution that were being sent when the program ended or was killed go on by
    /// themselves; those in review, or paused by the steward, do not.
    pub async fn use_account(&self, account: Option<Arc<Account>>) -> Result<(), QueueProblem> {
        let stopped = {
            let mut now = self.0.now();
            now.account = None;
            now.rights = standing::Rights::default();
            now.waits = None;
            now.agreed.clear();
            now.stop_run()
        };
        if let Some(ended) = stopped {
            // One that does not end in time goes on to its end without anybody waiting for it; its lock keeps others off.
            drop(tokio::time::timeout(LAST_ANSWERS, ended.cancelled()).await);
        }
        if let Some(account) = account {
            let claims = account.signed_in().await.ok().map(|signed_in| signed_in.claims);
            let rights = standing::Rights {
                reads: claims.as_ref().and_then(|claims| claims.read.clone()),
                writes: claims.and_then(|claims| claims.write),
            };
            let mut now = self.0.now();
            now.rights = rights;
            now.account = Some(account);
        }
        self.look_through_what_was_left().await?;
        self.0.wake();
        Ok(())
    }

    /// Begins a submission, looks through its files in the background, and then waits for the steward's yes
    /// ([`Phase::Review`]).
    pub async fn begin(&self, intake: Intake) -> Result<SubmissionId, QueueProblem> {
        let bytes = self.0.message_bytes();
        let paths = intake.paths.clone();
        let id = self.ask(move |queue| queue.begin_for_review(&intake, bytes, Timestamp::now())).await?;
        self.look_through(id, paths, bytes);
        Ok(id)
    }

    /// The steward says yes: after the review, to go on after a pause, or to try again at once what waits. A submission
    /// without an institution gets that of the account. Nothing changes while files are still being looked through, and
    /// after the end.
    pub async fn send(&self, id: SubmissionId) -> Result<(), QueueProblem> {
        self.0.now().look_through_at_once(id);
        let (account, writes) = {
            let now = self.0.now();
            (now.account.clone(), now.rights.writes.clone())
        };
        self.ask(move |queue| {
            let submission = queue.submission(id)?;
            if submission.stage != Stage::Scanned {
                return Ok(());
            }
            // Whoever is signed in at one lake says nothing of their institution at another.
            if account.is_some_and(|account| is_at(&submission, &account)) {
                queue.goes_to(id, writes.as_ref())?;
            }
            queue.let_go(id)
        })
        .await?;
        {
            let mut now = self.0.now();
            now.waits = None;
            now.agreed.insert(id);
            // A run that has begun without it begins anew with it.
            if now.run.as_ref().is_some_and(|run| !run.set.contains(&id)) {
                now.stop_run();
            }
        }
        self.0.wake();
        Ok(())
    }

    /// Pauses what is being sent, or waits to be. Durable: it stays paused over restarts until [`Submitting::send`]. What
    /// is under way is still written down. Nothing changes in review and after the end.
    pub async fn pause(&self, id: SubmissionId) -> Result<(), QueueProblem> {
        self.ask(move |queue| queue.hold(id, Held::Paused)).await?;
        self.0.hint(id);
        Ok(())
    }

    /// Calls a submission off, in any phase: what was not tried stays not sent; what is unconfirmed stays so and is never
    /// sent again. Nothing changes after the end.
    pub async fn cancel(&self, id: SubmissionId) -> Result<(), QueueProblem> {
        self.0.now().stop_looking_through(id);
        self.ask(move |queue| queue.cancel(id, Timestamp::now())).await?;
        self.0.hint(id);
        Ok(())
    }

    /// The submission at this moment. Cheap at any size: to be read again at every hint.
    pub async fn snapshot(&self, id: SubmissionId) -> Result<Snapshot, QueueProblem> {
        let (submission, standing, review, left_out, problems) = self
            .show(move |queue| {
                let submission = queue.submission(id)?;
                let is_looked_through = submission.stage != Stage::Scanning;
                let review = if is_looked_through { Some(queue.review(id)?) } else { None };
                Ok((
                    submission,
                    queue.standing(id)?,
                    review,
                    queue.files_without_messages(id, 0, FILES)?,
                    queue.problems(id, 0, FILES)?,
                ))
            })
            .await?;
        let now = self.0.now();
        Ok(Snapshot {
            phase: now.phase(&submission, &standing),
            review,
            scan: now.scan(id),
            progress: now.progress(&submission),
            staging: now.visible(&submission, standing.staging),
            left_out,
            problems,
            submission,
        })
    }

    /// The submissions older than `before`, newest first, at most `limit`.
    pub async fn earlier(
        &self,
        before: Option<SubmissionId>,
        limit: usize,
    ) -> Result<Vec<Earlier>, QueueProblem> {
        let found = self
            .show(move |queue| {
                let found = queue.submissions(before, limit)?.into_iter();
                found
                    .map(|submission| Ok((queue.standing_unchecked(submission.id)?, submission)))
                    .collect::<Result<Vec<_>, _>>()
            })
            .await?;
        let now = self.0.now();
        let earlier = found.into_iter().map(|(standing, submission)| Earlier {
            phase: now.phase(&submission, &standing),
            staging: now.visible(&submission, standing.staging),
            submission,
        });
        Ok(earlier.collect())
    }

    /// Hints: something of this submission changed; about five a second for each at most, the last change always told.
    /// The watcher reads again; one that hears that it lagged behind reads everything again.
    pub fn changes(&self) -> broadcast::Receiver<SubmissionId> {
        self.0.changes.subscribe()
    }

    /// For the notice at the end: each submission that comes to its end while this program is open, once.
    pub fn ends(&self) -> broadcast::Receiver<Ending> {
        self.0.ends.subscribe()
    }

    /// Rows of the table: `limit` of the chosen messages from the one that is `offset` messages into them, in the order of
    /// files. Costs the same at any offset. What nobody who is signed in may see is not said to be on its way.
    pub async fn lines(
        &self,
        id: SubmissionId,
        which: Which,
        offset: u64,
        limit: usize,
    ) -> Result<LinePage, QueueProblem> {
        // A page is a moment of its own.
        let inner = Arc::clone(&self.0);
        on_a_thread(move || {
            let (mut page, submission) = {
                let queue = lock(&inner.shows);
                (queue.page(id, which, offset, limit)?, queue.submission(id)?)
            };
            if !inner.now().may_see(&submission) {
                let untold = page.rows.iter_mut().filter(|row| row.staging == Some(StagingState::Waiting));
                untold.for_each(|row| row.staging = None);
            }
            Ok(page)
        })
        .await
    }

    /// Files without any message, from the one at `offset`.
    pub async fn left_out(
        &self,
        id: SubmissionId,
        offset: u64,
        limit: usize,
    ) -> Result<FilePage<FileLine>, QueueProblem> {
        self.show(move |queue| queue.files_without_messages(id, offset, limit)).await
    }

    /// What could not be read or does not agree, from the one at `offset`.
    pub async fn problems(
        &self,
        id: SubmissionId,
        offset: u64,
        limit: usize,
    ) -> Result<FilePage<FileProblem>, QueueProblem> {
        self.show(move |queue| queue.problems(id, offset, limit)).await
    }

    /// Asks the catalog once more what became of this submission's messages, those that needed attention or were stuck
    /// when last looked at among them. Answers at once; what is found shows in snapshots.
    pub async fn look_again(&self, id: SubmissionId) -> Result<(), QueueProblem> {
        self.0.now().look_again.insert(id, None);
        self.0.to_follow.notify_one();
        Ok(())
    }

    /// Writes the account of a submission, as it is at this moment, to a file: CSV or JSON by its ending, one message a
    /// row, with what staging made of it. Returns the counts, which are those of the rows.
    pub async fn report(&self, id: SubmissionId, path: &Path) -> Result<Counts, ReportProblem> {
        // A connection of its own: a long report keeps nobody from looking at the screen.
        let queue = self.show(Queue::another).await?;
        let path = path.to_owned();
        let written = tokio::task::spawn_blocking(move || write_report(&queue, id, &path)).await;
        written.map_err(|error| ReportProblem::from(QueueProblem::Broken(error.to_string())))?
    }

    /// Stops cleanly, as at the end of the program; at most ten seconds.
    pub async fn shut_down(&self) {
        self.0.over.cancel();
        {
            let mut now = self.0.now();
            now.account = None;
            now.stop_run();
            now.stop_looking_through_all();
        }
        self.0.tasks.close();
        if tokio::time::timeout(LAST_ANSWERS, self.0.tasks.wait()).await.is_err() {
            tracing::warn!("sending did not stop in time; what is open is asked about at the next start");
        }
    }

    fn spawn<W: Future<Output = ()> + Send + 'static>(&self, work: impl FnOnce(Arc<Inner>) -> W) {
        let over = self.0.over.clone();
        let work = work(Arc::clone(&self.0));
        self.0.tasks.spawn(async move {
            tokio::select! {
                () = work => {}
                // A run is stopped by its own token first, so that its last answers are written down.
                () = async { over.cancelled().await; tokio::time::sleep(LAST_ANSWERS).await } => {}
            }
        });
    }

    /// Reads at one moment, on a thread that may wait for the disk.
    async fn show<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Queue) -> Result<T, QueueProblem> + Send + 'static,
    ) -> Result<T, QueueProblem> {
        let inner = Arc::clone(&self.0);
        on_a_thread(move || lock(&inner.shows).at_one_moment(read)).await
    }

    /// Changes what the steward asked for.
    async fn ask<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Queue) -> Result<T, QueueProblem> + Send + 'static,
    ) -> Result<T, QueueProblem> {
        let inner = Arc::clone(&self.0);
        on_a_thread(move || change(&mut lock(&inner.asks))).await
    }
}

impl Inner {
    fn now(&self) -> MutexGuard<'_, standing::Now> {
        lock(&self.state)
    }

    fn wake(&self) {
        self.to_send.notify_one();
        self.to_follow.notify_one();
    }

    /// Nobody may be watching; then nobody misses it.
    fn hint(&self, id: SubmissionId) {
        drop(self.changes.send(id));
    }

    fn message_bytes(&self) -> usize {
        self.now()
            .account
            .as_ref()
            .map_or(USUAL_MESSAGE_BYTES, |account| account.profile().limits.message_bytes)
    }
}

fn write_report(queue: &Queue, id: SubmissionId, path: &Path) -> Result<Counts, ReportProblem> {
    let mut report = Report::create(path)?;
    let mut failed = None;
    let counts = queue.at_one_moment(|queue| {
        let counts = queue.submission(id)?.counts;
        let mut after = 0;
        loop {
            let lines = queue.lines(id, after, REPORT_PAGE)?;
            let Some(last) = lines.last() else { break };
            after = last.row;
            failed = lines.iter().find_map(|line| report.line(line, line.staging.as_ref()).err());
            if failed.is_some() {
                return Ok(counts);
            }
        }
        let mut offset = 0;
        loop {
            let page = queue.files_without_messages(id, offset, REPORT_PAGE)?;
            offset += page.files.len() as u64;
            failed = page.files.iter().find_map(|file| report.left_out(id, file).err());
            if failed.is_some() || page.files.is_empty() {
                break;
            }
        }
        let mut offset = 0;
        while failed.is_none() {
            let page = queue.problems(id, offset, REPORT_PAGE)?;
            offset += page.files.len() as u64;
            failed = page.files.iter().find_map(|problem| report.problem(id, problem).err());
            if page.files.is_empty() {
                break;
            }
        }
        Ok(counts)
    })?;
    match failed {
        Some(problem) => Err(problem),
        None => report.finish(&counts).map(|()| counts),
    }
}

/// The institution of a submission is this one, or not decided yet.
fn is_for(submission: &Submission, institution: Option<&Source>) -> bool {
    submission.source.is_none() || submission.source.as_ref() == institution
}

fn is_at(submission: &Submission, account: &Account) -> bool {
    submission.lake == account.name && submission.front_door == account.profile().endpoints.front_door
}

/// Nothing is left half done while such a lock is held, so that a panic elsewhere does not end this.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Work that may wait for the disk.
async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, QueueProblem> + Send + 'static,
) -> Result<T, QueueProblem> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| QueueProblem::Broken(error.to_string()))?
}
