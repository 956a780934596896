//! Sending, again and again, whatever is there to be sent, as long as somebody is signed in.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::standing::{NextTry, Run, Waits};
use super::{Inner, is_at, is_for, lock, on_a_thread};
use crate::account::Account;
use crate::queue::drain::{DrainEnd, Limits, Means, Progress, Tokens, drain};
use crate::queue::{Drainer, Held, QueueProblem, Stage, SubmissionId};

/// How often it is looked whether another program has finished.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// The first wait for what does not answer.
pub(super) const FIRST_WAIT: Duration = Duration::from_secs(2);
/// The longest.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Sends until the program ends.
pub(super) async fn send(inner: Arc<Inner>) {
    let mut wait = FIRST_WAIT;
    while !inner.over.is_cancelled() {
        let pause = pause(&inner);
        if pause.is_none_or(|pause| !pause.is_zero()) {
            tokio::select! {
                () = inner.to_send.notified() => wait = FIRST_WAIT,
                () = at_most(pause) => inner.now().is_due(),
                () = inner.over.cancelled() => return,
            }
            continue;
        }
        let Some(account) = inner.now().account.clone() else { continue };
        let (set, next) = run(&inner, &account).await;
        let next = next.unwrap_or_else(|problem| {
            // It says itself what to do.
            Next::Wait(Waits::Computer {
                why: format!("{problem}."),
                next_try: NextTry::after(Duration::ZERO),
            })
        });
        let waits = match next {
            Next::Again => None,
            Next::Wait(waits) => Some(waits.after(wait)),
            Next::Rest => {
                inner.now().waits = None;
                // Until there is something to send: a yes of the steward, or another sign-in.
                tokio::select! {
                    () = inner.to_send.notified() => {}
                    () = inner.over.cancelled() => return,
                }
                continue;
            }
        };
        wait = if waits.is_some() { (wait * 2).min(LONGEST_WAIT) } else { FIRST_WAIT };
        {
            let mut now = inner.now();
            // A sign-out or another sign-in that came meanwhile has its own say.
            if now.account.as_ref().is_some_and(|current| Arc::ptr_eq(current, &account)) {
                now.waits = waits;
            }
        }
        // Not before: whoever looks at once is to see why it waits, and a file that nobody can write tells of nothing more.
        set.iter().for_each(|id| inner.hint(*id));
    }
}

/// What comes after a run.
enum Next {
    /// Another look at what is to be sent.
    Again,
    /// Another one later.
    Wait(Waits),
    /// There is nothing to send.
    Rest,
}

/// How long to wait now; `None`: until somebody says so.
fn pause(inner: &Inner) -> Option<Duration> {
    let now = inner.now();
    now.account.as_ref()?;
    match &now.waits {
        None => Some(Duration::ZERO),
        Some(Waits::SignIn(_)) => None,
        Some(Waits::AnotherProgram) => Some(LOOK_AGAIN),
        Some(Waits::Lake { next_try, .. } | Waits::Computer { next_try, .. }) => {
            Some(next_try.due.saturating_duration_since(Instant::now()))
        }
    }
}

async fn at_most(pause: Option<Duration>) {
    match pause {
        Some(pause) => tokio::time::sleep(pause).await,
        None => std::future::pending().await,
    }
}

impl Waits {
    fn after(self, wait: Duration) -> Self {
        let next_try = NextTry::after(wait);
        match self {
            Self::Lake { why, .. } => Self::Lake { why, next_try },
            Self::Computer { why, .. } => Self::Computer { why, next_try },
            other => other,
        }
    }
}

/// One run of the drainer over all that may be sent; what that was, and what comes next.
async fn run(inner: &Arc<Inner>, account: &Arc<Account>) -> (Vec<SubmissionId>, Result<Next, QueueProblem>) {
    match begin(inner, account).await {
        Ok(Some((set, Some(held)))) => {
            let next = send_all(inner, account, &set, held).await;
            (set, next)
        }
        Ok(Some((set, None))) => (set, Ok(Next::Wait(Waits::AnotherProgram))),
        Ok(None) => (Vec::new(), Ok(Next::Rest)),
        Err(problem) => (Vec::new(), Err(problem)),
    }
}

async fn send_all(
    inner: &Arc<Inner>,
    account: &Arc<Account>,
    set: &[SubmissionId],
    held: Drainer,
) -> Result<Next, QueueProblem> {
    let (stop, ended) = (CancellationToken::new(), CancellationToken::new());
    let (progress, watched) = watch::channel(Progress::default());
    {
        let mut now = inner.now();
        // Another sign-in came in between.
        if !now.account.as_ref().is_some_and(|current| Arc::ptr_eq(current, account)) {
            return Ok(Next::Again);
        }
        now.run =
            Some(Run { set: set.to_vec(), stop: stop.clone(), ended: ended.clone(), progress: watched });
    }
    let _ended = ended.drop_guard();
    let tokens: Arc<dyn Tokens> = account.session.clone();
    let limits = Limits::of(account.profile());
    let means = Means { door: account.door.clone(), tokens, limits, stop, progress };
    let end = drain(Arc::clone(&inner.sends), &held, set.to_vec(), means).await;
    drop(held);
    inner.now().run = None;
    let next_try = NextTry::after(Duration::ZERO);
    Ok(match end? {
        // A steward who signs out, or says yes to another one, stops a run; what is left is looked at anew.
        DrainEnd::Stopped => Next::Again,
        DrainEnd::SignIn(why) => Next::Wait(Waits::SignIn(format!("{why}. Sign in again, and it goes on."))),
        DrainEnd::OutOfReach(why) => Next::Wait(Waits::Lake { why, next_try }),
        DrainEnd::Finished if is_anything_left(inner, set).await? => {
            let why = "the lake was too busy for some messages, or has not told what became of them";
            Next::Wait(Waits::Lake { why: why.to_owned(), next_try })
        }
        DrainEnd::Finished => Next::Again,
    })
}

/// What may be sent now, and the right to send it unless another program has it; `None` if there is nothing.
async fn begin(
    inner: &Arc<Inner>,
    account: &Arc<Account>,
) -> Result<Option<(Vec<SubmissionId>, Option<Drainer>)>, QueueProblem> {
    let (inner, account) = (Arc::clone(inner), Arc::clone(account));
    on_a_thread(move || {
        let (writes, agreed) = {
            let now = inner.now();
            (now.rights.writes.clone(), now.agreed.clone())
        };
        let mut queue = lock(&inner.sends);
        let held = queue.try_to_drain()?;
        let mut set = queue.all_unfinished()?;
        // Begun by the command line while the lake was out of reach, it is nobody's yet: whoever is signed in now is asked.
        for submission in &mut set {
            let is_nobodys = submission.source.is_none() && !agreed.contains(&submission.id);
            // Another program may just be sending it.
            let is_ours = held.is_some() && is_at(submission, &account);
            if is_nobodys && is_ours && submission.stage == Stage::Scanned && submission.held.is_none() {
                queue.hold(submission.id, Held::Review)?;
                submission.held = Some(Held::Review);
            }
        }
        set.retain(|submission| {
            submission.stage == Stage::Scanned
                && submission.held.is_none()
                && is_at(submission, &account)
                && is_for(submission, writes.as_ref())
        });
        if set.is_empty() {
            return Ok(None);
        }
        Ok(Some((set.into_iter().map(|submission| submission.id).collect(), held)))
    })
    .await
}

async fn is_anything_left(inner: &Arc<Inner>, set: &[SubmissionId]) -> Result<bool, QueueProblem> {
    let (inner, set) = (Arc::clone(inner), set.to_vec());
    on_a_thread(move || {
        let queue = lock(&inner.sends);
        for id in set {
            let submission = queue.submission(id)?;
            if submission.stage == Stage::Scanned && submission.held.is_none() && submission.unfinished > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    })
    .await
}
