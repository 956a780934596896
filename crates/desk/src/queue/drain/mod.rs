//! Sending what the queue holds: so many jobs at once as the lake keeps up with, each result written down before it is
//! told, and what is not known settled by the lake's ledger.

mod check;
mod job;
mod pace;
mod progress;
mod reread;
mod tokens;

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use er7::Digest;
use jiff::Timestamp;
use lake::Profile;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::store::{Drainer, Queue, QueueProblem};
use super::submissions::SubmissionId;
use super::work::{ClockOffset, Work};
use crate::front_door::FrontDoor;
use check::{Rounds, Since};
use job::{Done, Health, Shared};
use pace::Pace;
use progress::Meter;
pub use progress::Progress;
use tokens::OwnTokens;
pub use tokens::{Bearer, Tokens};

/// A larger message goes alone.
const ALONE_FROM_BYTES: u64 = 256 * 1024;
/// What a line of a batch takes beside its message.
const LINE_BYTES: u64 = 100;
/// How long answers are waited for after a stop.
const LAST_ANSWERS: Duration = Duration::from_secs(8);

/// How sending goes about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests under way at once, at most.
    pub at_once: usize,
    /// Tries a message in one run.
    pub tries: u32,
    /// The first wait between two tries.
    pub first_wait: Duration,
    /// The longest, if the lake does not ask for a longer one.
    pub longest_wait: Duration,
    /// Jobs in a row without any answer, after which the lake counts as out of reach.
    pub silent_jobs: u32,
    /// How long the lake holds a message for a sender that it lost.
    pub lease: Duration,
    /// How long the lake is asked about an unconfirmed message, after its last try.
    pub check_for: Duration,
    /// How often.
    pub check_every: Duration,
    /// Most messages in a batch.
    pub batch_messages: usize,
    /// Largest batch body.
    pub batch_bytes: usize,
}

impl Limits {
    /// What suits this lake.
    pub fn of(profile: &Profile) -> Self {
        Self {
            at_once: 32,
            tries: 6,
            first_wait: Duration::from_millis(250),
            longest_wait: Duration::from_secs(20),
            silent_jobs: 3,
            lease: Duration::from_secs(60),
            check_for: Duration::from_secs(90),
            check_every: Duration::from_secs(2),
            batch_messages: profile.limits.batch_messages.max(1),
            batch_bytes: profile.limits.batch_bytes,
        }
    }
}

/// What a run works with.
pub struct Means {
    /// Where messages are handed over.
    pub door: FrontDoor,
    /// In whose name. A run sends only while that sends for the institution of its submissions.
    pub tokens: Arc<dyn Tokens>,
    /// How it goes about it.
    pub limits: Limits,
    /// Ends the run early when cancelled.
    pub stop: CancellationToken,
    /// Told of every step.
    pub progress: watch::Sender<Progress>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DrainEnd {
    /// Everything was tried.
    Finished,
    /// The steward stopped it; the rest waits.
    Stopped,
    /// The lake takes no token of this session; the rest waits.
    SignIn(String),
    /// The lake does not answer; the rest waits.
    OutOfReach(String),
}

/// Sends what the submissions, all of one institution, hold, until all is tried, `stop` is cancelled or the lake is out of reach. Safe to call again at
/// any time, after any end: it goes on where it stopped.
pub async fn drain(
    queue: Arc<Mutex<Queue>>,
    _held: &Drainer,
    submissions: Vec<SubmissionId>,
    means: Means,
) -> Result<DrainEnd, QueueProblem> {
    let Means { door, tokens, limits, stop, progress } = means;
    let taken_up = submissions.clone();
    let (open, source) = on(&queue, move |queue| {
        let mut all = 0;
        let mut sources = BTreeSet::new();
        for id in taken_up {
            sources.insert(queue.submission(id)?.source);
            queue.take_up(id)?;
            all += queue.counted(id)?.1;
        }
        let source = sources.pop_first().flatten();
        if sources.is_empty() {
            Ok((all, source))
        } else {
            Err(QueueProblem::Broken("a run has one institution, and these have several".to_owned()))
        }
    })
    .await?;
    let shared = Arc::new(Shared {
        door,
        tokens: OwnTokens::new(tokens, source),
        limits,
        pace: Pace::new(limits.at_once),
        stop,
        takes_batches: AtomicBool::new(limits.batch_messages > 1),
    });
    let mut run = Run {
        meter: Meter::new(progress, open),
        queue,
        shared,
        submissions,
        planned: VecDeque::new(),
        under_way: HashSet::new(),
        silent: 0,
        silence: String::new(),
        was_heard: false,
        knocks: 0,
        broken: None,
        offset: None,
        since: Since::now(),
    };
    let ended = run.run().await;
    // Whatever happened, the queue says why the rest waits.
    run.put_down().await?;
    ended?;
    Ok(run.end())
}

struct Run {
    queue: Arc<Mutex<Queue>>,
    shared: Arc<Shared>,
    submissions: Vec<SubmissionId>,
    /// Claimed, not begun.
    planned: VecDeque<Vec<Work>>,
    /// Digests that are claimed.
    under_way: HashSet<Digest>,
    /// Jobs in a row without any answer, and why the last had none.
    silent: u32,
    silence: String,
    was_heard: bool,
    /// How often the lake was asked whether it is there.
    knocks: u32,
    broken: Option<DrainEnd>,
    offset: Option<ClockOffset>,
    since: Since,
    meter: Meter,
}

impl Run {
    async fn run(&mut self) -> Result<(), QueueProblem> {
        // What an earlier run does not know the end of is asked first: it may be there already.
        self.check_all(Rounds::One).await?;
        // Dropped with the run, so that a run that is given up sends nothing more.
        let mut jobs = JoinSet::new();
        loop {
            if self.silent >= self.shared.limits.silent_jobs && jobs.is_empty() {
                self.knock().await;
            }
            while self.may_begin() && jobs.len() < self.shared.pace.limit() {
                if self.planned.is_empty() {
                    self.plan(jobs.len()).await?;
                }
                let Some(works) = self.planned.pop_front() else { break };
                let works = self.still_wanted(works).await?;
                if !works.is_empty() {
                    jobs.spawn(self.shared.clone().work_off(works));
                }
            }
            if jobs.is_empty() {
                if self.has_to_end() || !self.check_all(Rounds::WhileItHelps).await? {
                    return Ok(());
                }
                continue;
            }
            let Some(first) = self.next_done(&mut jobs).await else { return Ok(()) };
            let mut done = vec![first];
            done.extend(std::iter::from_fn(|| jobs.try_join_next()));
            self.take(done).await?;
        }
    }

    /// The next job that ends. After a stop, answers are waited for a while; `None` then.
    async fn next_done(&self, jobs: &mut JoinSet<Done>) -> Option<Result<Done, JoinError>> {
        let stop = self.shared.stop.clone();
        let too_late = async move {
            stop.cancelled().await;
            tokio::time::sleep(LAST_ANSWERS).await;
        };
        tokio::select! {
            done = jobs.join_next() => done,
            () = too_late => None,
        }
    }

    /// After several jobs without an answer nothing is begun until the lake has been asked whether it is there.
    fn may_begin(&self) -> bool {
        !self.has_to_end() && self.silent < self.shared.limits.silent_jobs
    }

    fn has_to_end(&self) -> bool {
        self.broken.is_some() || self.shared.stop.is_cancelled()
    }

    /// Claims what the next jobs need, in one commit, and parts it into jobs.
    async fn plan(&mut self, running: usize) -> Result<(), QueueProblem> {
        let limits = self.shared.limits;
        let limit = self.shared.pace.limit();
        // Some for the jobs after these too: a commit costs about as much for many messages as for few.
        let jobs = limit.saturating_sub(running).max(limit.div_ceil(2));
        let batch = if self.shared.takes_batches.load(std::sync::atomic::Ordering::Relaxed) {
            limits.batch_messages
        } else {
            1
        };
        let (submissions, under_way) = (self.submissions.clone(), self.under_way.clone());
        let works = on(&self.queue, move |queue| {
            queue.claim(&submissions, &under_way, jobs * batch, Timestamp::now())
        })
        .await?;
        self.under_way.extend(works.iter().map(|work| work.digest));
        let mut job = Vec::new();
        let mut body = 0;
        for work in works {
            let line = work.bytes.div_ceil(3) * 4 + LINE_BYTES;
            let is_alone = work.bytes >= ALONE_FROM_BYTES || work.replaces.is_some();
            if is_alone || job.len() >= batch || body + line > limits.batch_bytes as u64 {
                self.planned.extend((!job.is_empty()).then(|| std::mem::take(&mut job)));
                body = 0;
            }
            if is_alone {
                self.planned.push_back(vec![work]);
            } else {
                body += line;
                job.push(work);
            }
        }
        self.planned.extend((!job.is_empty()).then_some(job));
        Ok(())
    }

    /// Those that nobody has paused or called off since they were claimed; the others are put back.
    async fn still_wanted(&mut self, works: Vec<Work>) -> Result<Vec<Work>, QueueProblem> {
        let submissions: BTreeSet<SubmissionId> = works.iter().map(|work| work.submission).collect();
        let wanted = on(&self.queue, move |queue| queue.may_be_sent(submissions)).await?;
        let (wanted, unwanted): (Vec<Work>, Vec<Work>) =
            works.into_iter().partition(|work| wanted.contains(&work.submission));
        if !unwanted.is_empty() {
            for work in &unwanted {
                self.under_way.remove(&work.digest);
            }
            on(&self.queue, move |queue| queue.put_back(&unwanted)).await?;
        }
        Ok(wanted)
    }

    /// Writes down what jobs found, in one commit.
    async fn take(&mut self, ended: Vec<Result<Done, JoinError>>) -> Result<(), QueueProblem> {
        let mut results = Vec::new();
        let mut broken = None;
        for ended in ended {
            let done = match ended {
                Ok(done) => done,
                // What became of its messages is not known; the queue says so at the end of the run.
                Err(error) => {
                    broken = Some(QueueProblem::Broken(error.to_string()));
                    continue;
                }
            };
            results.extend(done.results);
            for digest in &done.digests {
                self.under_way.remove(digest);
            }
            match done.health {
                Health::NothingAsked => {}
                Health::Answers => (self.silent, self.was_heard) = (0, true),
                Health::Silent(why) => {
                    self.silent += 1;
                    self.silence = why;
                }
                Health::SignIn(why) => {
                    self.broken.get_or_insert(DrainEnd::SignIn(why));
                }
            }
        }
        self.write_down(results).await?;
        broken.map_or(Ok(()), Err)
    }

    async fn put_down(&mut self) -> Result<(), QueueProblem> {
        let why = match &self.broken {
            _ if self.shared.stop.is_cancelled() => "stopped before it was sent".to_owned(),
            Some(DrainEnd::SignIn(why)) => why.clone(),
            Some(DrainEnd::OutOfReach(why)) => format!("the lake is out of reach: {why}"),
            _ => "not sent yet".to_owned(),
        };
        // Claimed, and surely not begun.
        let unbegun: Vec<i64> = self.planned.drain(..).flatten().map(|work| work.row).collect();
        let submissions = self.submissions.clone();
        on(&self.queue, move |queue| {
            let waits = unbegun.into_iter().map(|row| (row, super::work::Became::NotSentYet(why.clone())));
            queue.record(&waits.collect::<Vec<_>>(), ClockOffset::default())?;
            for id in submissions {
                queue.put_down(id, &why, Timestamp::now())?;
                queue.counted(id)?; // it adds up, or the run fails
            }
            Ok(())
        })
        .await?;
        self.meter.finish();
        Ok(())
    }

    fn end(self) -> DrainEnd {
        match self.broken {
            _ if self.shared.stop.is_cancelled() => DrainEnd::Stopped,
            Some(end) => end,
            None if self.silent > 0 && !self.was_heard => DrainEnd::OutOfReach(self.silence),
            None => DrainEnd::Finished,
        }
    }
}

/// Work on the queue's file, on a thread that may wait for the disk.
async fn on<T: Send + 'static>(
    queue: &Arc<Mutex<Queue>>,
    work: impl FnOnce(&mut Queue) -> Result<T, QueueProblem> + Send + 'static,
) -> Result<T, QueueProblem> {
    let queue = queue.clone();
    // A thread that panicked within a transaction left it rolled back.
    let done =
        tokio::task::spawn_blocking(move || work(&mut queue.lock().unwrap_or_else(PoisonError::into_inner)));
    done.await.map_err(|error| QueueProblem::Broken(error.to_string()))?
}
