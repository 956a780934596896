//! What this program is doing at this moment, and what that means for each submission.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use lake::{MessageId, Source};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::{Phase, is_at, is_for, lock};
use crate::account::Account;
use crate::queue::drain::Progress;
use crate::queue::{Held, ScanProgress, Stage, StagingCounts, Standing, Submission, SubmissionId};

/// What is going on.
#[derive(Default)]
pub(super) struct Now {
    /// In whose name.
    pub(super) account: Option<Arc<Account>>,
    pub(super) rights: Rights,
    /// What is being sent.
    pub(super) run: Option<Run>,
    /// Why nothing is sent although there is something to send.
    pub(super) waits: Option<Waits>,
    /// Submissions whose files are being looked through.
    looking: BTreeMap<SubmissionId, Looking>,
    /// Submissions to which whoever is signed in has said yes.
    pub(super) agreed: BTreeSet<SubmissionId>,
    /// Submissions that are to be asked about once more, and after which message.
    pub(super) look_again: BTreeMap<SubmissionId, Option<MessageId>>,
}

/// What the account may do.
#[derive(Clone, Default)]
pub(super) struct Rights {
    pub(super) reads: Option<Source>,
    pub(super) writes: Option<Source>,
}

/// A run of the drainer.
pub(super) struct Run {
    pub(super) set: Vec<SubmissionId>,
    pub(super) stop: CancellationToken,
    /// Cancelled when the run has ended.
    pub(super) ended: CancellationToken,
    pub(super) progress: watch::Receiver<Progress>,
}

/// Why nothing is sent.
#[derive(Clone)]
pub(super) enum Waits {
    /// Another program of this home sends.
    AnotherProgram,
    /// The lake takes no token of this sign-in.
    SignIn(String),
    /// The lake does not answer.
    Lake { why: String, next_try: NextTry },
    /// This computer gets in the way.
    Computer { why: String, next_try: NextTry },
}

/// When it is tried again.
#[derive(Clone, Copy)]
pub(super) struct NextTry {
    /// By the clock on the wall, for showing.
    at: Timestamp,
    /// By the clock that is never put: what waits does not wait for an hour more because that one was put back.
    pub(super) due: Instant,
}

impl NextTry {
    pub(super) fn after(wait: Duration) -> Self {
        let at = Timestamp::now().saturating_add(wait).unwrap_or(Timestamp::MAX);
        Self { at, due: Instant::now() + wait }
    }
}

/// A scan.
#[derive(Clone, Default)]
pub(super) struct Looking {
    stop: Arc<AtomicBool>,
    progress: Arc<Mutex<ScanProgress>>,
    /// Why it does not get on.
    trouble: Arc<Mutex<Option<(String, NextTry)>>>,
    /// The steward wants it tried at once, or stopped.
    asked: Arc<Notify>,
}

impl Looking {
    pub(super) fn has_to_stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    pub(super) fn tell(&self, progress: ScanProgress) {
        *lock(&self.progress) = progress;
        self.get_on();
    }

    pub(super) fn cannot(&self, why: String, next_try: NextTry) {
        *lock(&self.trouble) = Some((why, next_try));
    }

    pub(super) fn get_on(&self) {
        *lock(&self.trouble) = None;
    }

    pub(super) async fn is_asked_again(&self) {
        self.asked.notified().await;
    }

    fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        self.asked.notify_one();
    }
}

impl Now {
    /// The time of the next try has come. Why the last one failed stays true until one gets on.
    pub(super) fn is_due(&mut self) {
        self.waits.take_if(|waits| matches!(waits, Waits::AnotherProgram));
    }

    /// Stops the run; what is returned is cancelled when it has ended.
    pub(super) fn stop_run(&mut self) -> Option<CancellationToken> {
        let run = self.run.as_ref()?;
        run.stop.cancel();
        Some(run.ended.clone())
    }

    /// A scan begins; `None` if the submission is being looked through already.
    pub(super) fn look_through(&mut self, id: SubmissionId) -> Option<Looking> {
        if self.looking.contains_key(&id) {
            return None;
        }
        let looking = Looking::default();
        self.looking.insert(id, looking.clone());
        Some(looking)
    }

    pub(super) fn has_looked_through(&mut self, id: SubmissionId) {
        self.looking.remove(&id);
    }

    pub(super) fn stop_looking_through(&mut self, id: SubmissionId) {
        self.looking.get(&id).into_iter().for_each(Looking::stop);
    }

    /// Files that could not be looked through are tried at once.
    pub(super) fn look_through_at_once(&self, id: SubmissionId) {
        self.looking.get(&id).into_iter().for_each(|looking| looking.asked.notify_one());
    }

    pub(super) fn stop_looking_through_all(&mut self) {
        self.looking.values().for_each(Looking::stop);
    }

    pub(super) fn scan(&self, id: SubmissionId) -> Option<ScanProgress> {
        self.looking.get(&id).map(|looking| *lock(&looking.progress))
    }

    pub(super) fn progress(&self, submission: &Submission) -> Option<Progress> {
        let run = self.run.as_ref().filter(|run| run.set.contains(&submission.id))?;
        Some(*run.progress.borrow()).filter(|_| submission.held.is_none() && submission.unfinished > 0)
    }

    /// What a submission is doing.
    pub(super) fn phase(&self, submission: &Submission, standing: &Standing) -> Phase {
        match (submission.stage, submission.held) {
            (Stage::Cancelled, _) => return Phase::Cancelled,
            (Stage::Ended, _) => return Phase::Ended,
            (Stage::Scanning, _) => return self.looks_through(submission.id),
            (Stage::Scanned, Some(Held::Review)) => return Phase::Review,
            (Stage::Scanned, Some(Held::Paused | Held::Stopped)) => return Phase::Paused,
            (Stage::Scanned, None) => {}
        }
        if let Some(phase) = self.nobody_sends(submission) {
            return phase;
        }
        let run = self.run.as_ref().filter(|run| run.set.contains(&submission.id));
        let runs = run.is_some();
        let is_checking = standing.to_send == 0 && standing.open > 0;
        let gets_on = run.is_some_and(|run| is_checking || run.progress.borrow().done > 0);
        match self.waits.as_ref().filter(|_| !gets_on) {
            Some(Waits::AnotherProgram) => Phase::AnotherProgramSends,
            Some(Waits::SignIn(why)) => Phase::WaitsForSignIn { why: why.clone() },
            Some(Waits::Lake { why, next_try }) => {
                let next_try = Some(next_try.at).filter(|_| !runs);
                Phase::WaitsForLake { why: why.clone(), next_try }
            }
            Some(Waits::Computer { why, next_try }) => {
                let next_try = Some(next_try.at).filter(|_| !runs);
                Phase::WaitsForThisComputer { why: why.clone(), next_try }
            }
            None if is_checking => Phase::Checking,
            None => Phase::Sending,
        }
    }

    fn looks_through(&self, id: SubmissionId) -> Phase {
        let trouble = self.looking.get(&id).and_then(|looking| lock(&looking.trouble).clone());
        trouble.map_or(Phase::LookingThrough, |(why, next_try)| Phase::WaitsForThisComputer {
            why,
            next_try: Some(next_try.at),
        })
    }

    /// Whoever is signed in, if anybody is, cannot send it.
    fn nobody_sends(&self, submission: &Submission) -> Option<Phase> {
        let Some(account) = &self.account else {
            return Some(Phase::WaitsForSignIn { why: "Nobody is signed in.".to_owned() });
        };
        if !is_at(submission, account) {
            return Some(Phase::WaitsForItsLake { lake: submission.lake.clone() });
        }
        if is_for(submission, self.rights.writes.as_ref()) {
            return None;
        }
        let institution = submission.source.as_ref().map(ToString::to_string).unwrap_or_default();
        Some(Phase::WaitsForAnotherSender { institution })
    }

    /// What staging made of messages, as far as whoever is signed in may see it.
    pub(super) fn visible(&self, submission: &Submission, mut staging: StagingCounts) -> StagingCounts {
        if !self.may_see(submission) {
            staging.not_visible = std::mem::take(&mut staging.waiting);
        }
        staging
    }

    /// Whether whoever is signed in may see what staging makes of this submission's messages.
    pub(super) fn may_see(&self, submission: &Submission) -> bool {
        self.account.as_ref().is_some_and(|account| is_at(submission, account))
            && submission.source.is_some()
            && submission.source == self.rights.reads
    }
}
