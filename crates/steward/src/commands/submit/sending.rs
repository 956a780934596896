//! Filling the queue and emptying it, while saying how far it is.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use desk::account::Account;
use desk::queue::drain::{DrainEnd, Limits, Means, Progress, Tokens, drain};
use desk::queue::{
    Drainer, Held, Intake, Look, Queue, QueueProblem, Review, Scanned, Stage, Submission, SubmissionId,
};
use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;
use lake::Source;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::Context;
use crate::ending::Halt;
use crate::output::printable;
use crate::stop::Stop;

/// How often it is looked whether the other program has finished.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// One run of the command.
pub(super) struct Sending<'a> {
    pub(super) context: &'a Context,
    pub(super) account: &'a Account,
    pub(super) queue: &'a Arc<Mutex<Queue>>,
    /// The lake does not answer, so that it is not known who is signed in.
    pub(super) is_out_of_reach: bool,
}

/// Waits until no other program sends from this home; `None` when stopped before.
pub(super) async fn become_the_drainer(
    context: &Context,
    queue: &Arc<Mutex<Queue>>,
) -> Result<Option<Drainer>, Halt> {
    let mut was_told = false;
    loop {
        let taken = queue.lock().unwrap_or_else(PoisonError::into_inner).try_to_drain()?;
        if taken.is_some() || context.stop.is_asked() {
            return Ok(taken);
        }
        if !was_told {
            context.say.note("Another program sends from this home; this one goes on when it has finished.");
            was_told = true;
        }
        tokio::select! {
            () = context.stop.asked() => {}
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }
}

/// Work on the queue's file, on a thread that may wait for the disk.
pub(super) async fn on<T: Send + 'static>(
    queue: &Arc<Mutex<Queue>>,
    work: impl FnOnce(&mut Queue) -> Result<T, QueueProblem> + Send + 'static,
) -> Result<T, Halt> {
    let queue = Arc::clone(queue);
    let done =
        tokio::task::spawn_blocking(move || work(&mut queue.lock().unwrap_or_else(PoisonError::into_inner)));
    Ok(done.await??)
}

impl Sending<'_> {
    /// Work on the queue's file, on a thread that may wait for the disk.
    pub(super) async fn on<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Queue) -> Result<T, QueueProblem> + Send + 'static,
    ) -> Result<T, Halt> {
        on(self.queue, work).await
    }

    /// The unfinished submission of the same paths to the same lake and institution, or a new one; whether it is a new one.
    pub(super) async fn begin_or_take_up(&self, intake: Intake) -> Result<(SubmissionId, bool), Halt> {
        let is_out_of_reach = self.is_out_of_reach;
        let (id, left) = self
            .on(move |queue| {
                let left = queue.unfinished(&intake.lake, &intake.front_door)?;
                match left.into_iter().find(|left| is_same(left, &intake, is_out_of_reach)) {
                    Some(left) => {
                        queue.let_go(left.id)?;
                        queue.goes_to(left.id, intake.source.as_ref())?;
                        Ok((left.id, Some(left.unfinished)))
                    }
                    None => Ok((queue.begin(&intake, Timestamp::now())?, None)),
                }
            })
            .await?;
        if let Some(left) = left.filter(|left| *left > 0) {
            let left = HumanCount(left);
            self.context.say.note(&format!("Going on with submission {}: {left} messages were left.", id.0));
        }
        Ok((id, left.is_none()))
    }

    /// A new submission, whatever was left.
    pub(super) async fn begin(&self, intake: Intake) -> Result<SubmissionId, Halt> {
        self.on(move |queue| queue.begin(&intake, Timestamp::now())).await
    }

    /// Looks through the files.
    pub(super) async fn scan(&self, id: SubmissionId, paths: Vec<PathBuf>) -> Result<Scanned, Halt> {
        let message_bytes = self.account.profile().limits.message_bytes;
        let stop = self.context.stop.clone();
        let bar = spinner();
        let paths = Arc::new(paths);
        let mut was_told = false;
        let scanned = loop {
            let (shown, paths, stop) = (bar.clone(), Arc::clone(&paths), stop.clone());
            let scanned = self.on(move |queue| {
                queue.scan(id, Look::Again, &paths, message_bytes, &|| stop.is_asked(), &mut |progress| {
                    shown.set_message(format!(
                        "looking through files: {} files, {} messages",
                        HumanCount(progress.files),
                        HumanCount(progress.messages)
                    ));
                    shown.tick();
                })
            });
            match scanned.await {
                Ok(Scanned::Elsewhere) if self.context.stop.is_asked() => break Ok(Scanned::Stopped),
                Ok(Scanned::Elsewhere) => {
                    if !was_told {
                        self.context.say.note(
                            "Another program looks through these files; this one goes on when it has finished.",
                        );
                        was_told = true;
                    }
                    tokio::select! {
                        () = self.context.stop.asked() => {}
                        () = tokio::time::sleep(LOOK_AGAIN) => {}
                    }
                }
                ended => break ended,
            }
        };
        bar.finish_and_clear();
        let scanned = scanned?;
        if scanned == Scanned::Whole {
            let (review, submission, problems) = self
                .on(move |queue| Ok((queue.review(id)?, queue.submission(id)?, queue.problems(id, 0, 100)?)))
                .await?;
            for problem in problems.files {
                self.context.say.problem(&format!("{}: {}", printable(&problem.file), problem.reason));
            }
            self.say_review(&review, &submission);
        }
        Ok(scanned)
    }

    /// What earlier runs left for the same lake and institution, looked through to the end.
    pub(super) async fn leftovers(
        &self,
        but: SubmissionId,
        source: Option<&Source>,
    ) -> Result<Vec<SubmissionId>, Halt> {
        let lake = self.account.name.clone();
        let front_door = self.account.profile().endpoints.front_door.clone();
        let left = self.on(move |queue| queue.unfinished(&lake, &front_door)).await?;
        let mut set = Vec::new();
        for left in left.into_iter().filter(|left| left.id != but) {
            let id = left.id;
            match left.held {
                Some(Held::Review | Held::Paused) => {
                    self.context.say.note(&format!(
                        "Submission {} waits for a yes in the window, or is paused there; it is left alone.",
                        id.0
                    ));
                    continue;
                }
                Some(Held::Stopped) | None => {}
            }
            if left.source.as_ref() != source {
                self.context.say.note(&match &left.source {
                    Some(whose) => format!(
                        "Submission {} waits for somebody who sends for {whose}; it is left alone.",
                        id.0
                    ),
                    None => format!(
                        "Submission {} was begun while the lake was out of reach, and is for nobody yet: run its command again, or say yes to it in the window.",
                        id.0
                    ),
                });
                continue;
            }
            self.on(move |queue| queue.let_go(id)).await?;
            if left.stage == Stage::Scanning {
                match self.scan(id, left.named).await? {
                    Scanned::Whole => {}
                    Scanned::Over | Scanned::Elsewhere => continue,
                    Scanned::Stopped => {
                        self.stopped(&[id]).await?;
                        break;
                    }
                }
            }
            let open = HumanCount(left.unfinished);
            self.context.say.note(&format!("Taking up submission {} too: {open} messages were left.", id.0));
            set.push(id);
        }
        Ok(set)
    }

    /// Sends, and shows how far it is.
    pub(super) async fn drain(
        &self,
        held: &Drainer,
        set: &[SubmissionId],
        limits: Limits,
    ) -> Result<DrainEnd, Halt> {
        let (sender, receiver) = watch::channel(Progress::default());
        let stop = cancelled_by(&self.context.stop);
        let showing = tokio::spawn(show(receiver));
        let tokens: Arc<dyn Tokens> = self.account.session.clone();
        let door = self.account.door.clone();
        let means = Means { door, tokens, limits, stop, progress: sender };
        let end = drain(Arc::clone(self.queue), held, set.to_vec(), means).await;
        showing.await?;
        let end = end?;
        match end {
            DrainEnd::Stopped => return self.stopped(set).await,
            DrainEnd::Finished => self.say_what_is_open(set).await?,
            _ => self.say_end(&end),
        }
        Ok(end)
    }

    /// Leaves all for the next run, and for no other program: a window that is open beside must not go on with what was
    /// just stopped here.
    pub(super) async fn stopped(&self, set: &[SubmissionId]) -> Result<DrainEnd, Halt> {
        let set = set.to_vec();
        self.on(move |queue| set.iter().try_for_each(|id| queue.hold(*id, Held::Stopped))).await?;
        Ok(DrainEnd::Stopped)
    }

    async fn say_what_is_open(&self, set: &[SubmissionId]) -> Result<(), Halt> {
        let set = set.to_vec();
        let open =
            self.on(move |queue| set.iter().try_fold(0, |open, id| Ok(open + queue.counted(*id)?.1))).await?;
        if open > 0 {
            self.context.say.note(&format!(
                "{} messages are not settled. Run `steward submit` again later: it goes on where it stopped.",
                HumanCount(open)
            ));
        }
        Ok(())
    }

    /// Leaves all for a later run: the lake is out of reach.
    pub(super) async fn put_off(&self, id: SubmissionId, why: String) -> Result<DrainEnd, Halt> {
        let reason = format!("the lake is out of reach: {why}");
        self.on(move |queue| queue.put_down(id, &reason, Timestamp::now())).await?;
        let end = DrainEnd::OutOfReach(why);
        self.say_end(&end);
        Ok(end)
    }

    fn say_end(&self, end: &DrainEnd) {
        match end {
            DrainEnd::SignIn(why) => {
                self.context.say.problem(&format!(
                    "the lake takes no more messages from this sign-in ({why}). Sign in, then run the same command again: it goes on where it stopped"
                ));
            }
            DrainEnd::OutOfReach(why) => {
                self.context.say.problem(&format!(
                    "the lake at {} is out of reach ({why}). Run the same command again when it answers: it goes on where it stopped",
                    self.account.door.base()
                ));
            }
            DrainEnd::Finished | DrainEnd::Stopped => {}
        }
    }

    fn say_review(&self, review: &Review, submission: &Submission) {
        let count = |number: u64, one: &str, many: &str| {
            format!("{} {}", HumanCount(number), if number == 1 { one } else { many })
        };
        let mut parts =
            vec![count(review.files, "file", "files"), count(review.messages, "message", "messages")];
        for (number, what) in [
            (review.look_wrong, "look wrong"),
            (review.duplicates, "equal others here"),
            (review.refused, "cannot be sent"),
        ] {
            parts.extend((number > 0).then(|| format!("{} {what}", HumanCount(number))));
        }
        for (number, what) in [(review.not_hl7, "not HL7"), (review.empty, "empty")] {
            parts.extend((number > 0).then(|| format!("{} {what}", count(number, "file is", "files are"))));
        }
        if review.counts_differ > 0 {
            parts.push(format!(
                "{} another number of messages than it says",
                count(review.counts_differ, "file holds", "files hold")
            ));
        }
        if review.messages == 0 {
            return self.context.say.note(&format!("{}. There is nothing to send.", parts.join(", ")));
        }
        let to = match &submission.source {
            Some(source) => format!("Goes to {source}"),
            None if self.is_out_of_reach => {
                "Goes to the institution of whoever is signed in when the lake answers,".to_owned()
            }
            None => "Goes to no institution: this sign-in may not send".to_owned(),
        };
        let say = self.context.say;
        say.note(&format!("{}. {to} in {}.", parts.join(", "), submission.lake));
        let senders =
            review.senders.iter().take(5).map(|(name, messages)| format!("{} ({messages})", printable(name)));
        let senders = senders.collect::<Vec<_>>().join(", ");
        if !senders.is_empty() {
            say.detail(&format!("Sending systems: {senders}"));
        }
    }
}

fn is_same(left: &Submission, intake: &Intake, is_out_of_reach: bool) -> bool {
    // What waits in the window is the window's.
    !matches!(left.held, Some(Held::Review | Held::Paused))
        && left.named == intake.paths
        && left.folder == intake.folder
        && left.unheaded == intake.unheaded
        && left.replaces == intake.replaces
        // Begun while the lake was out of reach, it was for nobody yet. Whoever may not send takes over nobody's.
        && (left.source.is_none() || is_out_of_reach || left.source == intake.source)
}

/// A token that is cancelled when the program is asked to stop.
fn cancelled_by(stop: &Stop) -> CancellationToken {
    let token = CancellationToken::new();
    let (stop, cancel) = (stop.clone(), token.clone());
    tokio::spawn(async move {
        stop.asked().await;
        cancel.cancel();
    });
    token
}

async fn show(mut progress: watch::Receiver<Progress>) {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    let style =
        ProgressStyle::with_template("{bar:30} {msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style);
    while progress.changed().await.is_ok() {
        let Progress { all, done, rate, remaining, .. } = *progress.borrow_and_update();
        bar.set_length(all);
        bar.set_position(done);
        let left = remaining.map(|left| format!(", {} left", HumanDuration(left))).unwrap_or_default();
        bar.set_message(format!("{} of {} messages, {rate:.0}/s{left}", HumanCount(done), HumanCount(all)));
    }
    bar.finish_and_clear();
}

fn spinner() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style =
        ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
    bar.with_style(style)
}
