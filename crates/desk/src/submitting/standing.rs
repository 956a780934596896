//! What this program is doing at this moment, and what that means for each submission.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use lake::Source;
use tokio::sync::watch;
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
    /// Submissions that are to be asked about once more.
    pub(super) look_again: BTreeSet<SubmissionId>,
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
    Lake { why: String, next_try: Timestamp },
    /// This computer gets in the way.
    Computer { why: String, next_try: Timestamp },
}

/// A scan.
#[derive(Clone, Default)]
pub(super) struct Looking {
    stop: Arc<AtomicBool>,
    progress: Arc<Mutex<ScanProgress>>,
}

impl Looking {
    pub(super) fn has_to_stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    pub(super) fn tell(&self, progress: ScanProgress) {
        *lock(&self.progress) = progress;
    }
}

impl Now {
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
        if let Some(looking) = self.looking.get(&id) {
            looking.stop.store(true, Ordering::Relaxed);
        }
    }

    pub(super) fn stop_looking_through_all(&mut self) {
        self.looking.values().for_each(|looking| looking.stop.store(true, Ordering::Relaxed));
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
            (Stage::Scanning, _) => return Phase::LookingThrough,
            (Stage::Scanned, Some(Held::Review)) => return Phase::Review,
            (Stage::Scanned, Some(Held::Paused | Held::Stopped)) => return Phase::Paused,
            (Stage::Scanned, None) => {}
        }
        if let Some(why) = self.why_nobody_sends(submission) {
            return Phase::WaitsForSignIn { why };
        }
        let runs = self.run.as_ref().is_some_and(|run| run.set.contains(&submission.id));
        match &self.waits {
            Some(Waits::AnotherProgram) => Phase::AnotherProgramSends,
            Some(Waits::SignIn(why)) => Phase::WaitsForSignIn { why: why.clone() },
            Some(Waits::Lake { why, next_try }) => {
                let next_try = Some(*next_try).filter(|_| !runs);
                Phase::WaitsForLake { why: why.clone(), next_try }
            }
            Some(Waits::Computer { why, next_try }) => {
                let next_try = Some(*next_try).filter(|_| !runs);
                Phase::WaitsForThisComputer { why: why.clone(), next_try }
            }
            None if standing.to_send == 0 && standing.open > 0 => Phase::Checking,
            None => Phase::Sending,
        }
    }

    fn why_nobody_sends(&self, submission: &Submission) -> Option<String> {
        let Some(account) = &self.account else {
            return Some("Nobody is signed in. It goes on after the sign-in.".to_owned());
        };
        if !is_at(submission, account) {
            return Some(format!(
                "It goes to the lake \u{201c}{}\u{201d}. Use that lake to go on.",
                submission.lake
            ));
        }
        if is_for(submission, self.rights.writes.as_ref()) {
            return None;
        }
        let whose = submission.source.as_ref().map_or("another institution", Source::as_str);
        Some(format!("It goes to {whose}. Sign in as somebody who may send for that institution."))
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
