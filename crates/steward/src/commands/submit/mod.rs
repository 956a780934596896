//! `steward submit PATH…`.

mod files;
mod follow;
mod sending;
mod tell;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use clap::Args;
use desk::account::Standing;
use desk::audit::Action;
use desk::queue::drain::{DrainEnd, Limits};
use desk::queue::{Counts, Intake, Keep, Queue, Report, Scanned, SubmissionId, Unheaded};
use lake::{MessageId, Source};

use super::{Context, account};
use crate::ending::{Ending, Halt};
use follow::Follow;
use sending::Sending;
use tell::Problems;
pub(super) use tell::Tell;

/// Send every message of files and folders to the lake
///
/// Looks through everything first, then sends message by message through a queue in the home folder, so that nothing is lost or sent
/// twice whatever happens: after a break, run the same command again and it goes on where it stopped. Files without any message
/// header are listed, not sent. JSON: one object a message, then one with `summary`.
#[derive(Args)]
#[command(after_help = "Examples:
  steward submit inbox/                             everything in a folder
  steward submit day.hl7 --report day.csv           with a report to keep
  steward submit fixed.hl7 --replaces MESSAGE_ID    instead of a message that failed
  steward submit inbox/ --wait                      until each is ready to use or needs attention")]
pub(crate) struct Submit {
    /// Files and folders
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Requests under way at once, at most; fewer when the lake is busy
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=256))]
    at_once: u16,
    /// The message that this one is sent instead of; the files must hold exactly one message
    #[arg(long, value_name = "MESSAGE_ID", value_parser = message_id)]
    replaces: Option<MessageId>,
    /// Send files without any message header too, each as one message
    #[arg(long)]
    send_anyway: bool,
    /// Write a report of every message to this file, .csv or .json
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Wait until each message is ready to use or needs attention
    #[arg(long)]
    wait: bool,
}

fn message_id(text: &str) -> Result<MessageId, String> {
    MessageId::parse(text).map_err(|error| error.to_string())
}

impl Submit {
    pub(super) async fn run(self, context: Context) -> Result<Ending, Halt> {
        // Where a report cannot be written, nothing is sent.
        let report = self.report.as_deref().map(Report::create).transpose();
        let report = report.map_err(|problem| Halt::Setup(problem.to_string()))?;
        let opened = account::open(&context)?;
        let (source, out_of_reach) = match opened.signed_in().await {
            Ok(signed_in) => (signed_in.claims.write, None),
            // What is handed over now goes out when the lake answers.
            Err(problem) if problem.standing() == Standing::OutOfReach => (None, Some(problem.to_string())),
            Err(problem) => return Err(problem.into()),
        };
        let (queue, aside) = Queue::open(&context.home()?)?;
        if let Some(aside) = aside {
            let aside = aside.display();
            context.say.problem(&format!(
                "the queue was damaged and is kept aside as {aside}; earlier submissions are not known any more"
            ));
        }
        let queue = Arc::new(Mutex::new(queue));
        let Some(held) = sending::become_the_drainer(&context, &queue).await? else {
            return Ok(Ending::Stopped);
        };
        let is_out_of_reach = out_of_reach.is_some();
        let sending = Sending { context: &context, account: &opened, queue: &queue, is_out_of_reach };
        sending.on(|queue| queue.forget_old(Keep::default(), jiff::Timestamp::now())).await?;
        let limits = Limits { at_once: usize::from(self.at_once), ..Limits::of(opened.profile()) };

        let (id, looked_through) = self.take_in(&sending, source.clone()).await?;
        let mut set = vec![id];
        let end = match out_of_reach {
            _ if !looked_through => sending.stopped(&set).await,
            Some(why) => sending.put_off(id, why).await,
            None => {
                set.extend(sending.leftovers(id, source.as_ref()).await?);
                sending.drain(&held, &set, limits).await
            }
        };
        // On record however it ended, and before it is told: whoever reads along may have had enough.
        let recorded = self.record(&sending, id, &set).await;
        let end = end?;
        // Telling may take as long as whoever reads along likes, and waiting for the lake too: others may send meanwhile.
        drop(held);
        let tell = Tell { context: &context, queue: &queue, follow: self.follow(&sending).await };
        let told = tell.all(&set, report).await?;
        recorded?;
        if let Some(problem) = &told.report {
            context.say.problem(&problem.to_string());
            context.say.note(&format!("`steward submissions {} --report FILE` writes it again.", id.0));
        } else if self.report.is_some() {
            opened.record(Action::Export, format!("report of submission {}", id.0)).await?;
        }
        let waiting = tell.follow.as_ref().map(Follow::given_up).unwrap_or_default();
        if waiting.messages > 0 && !context.stop.is_asked() {
            context.say.problem(&format!(
                "what becomes of {} messages is not known yet: {}. They are in the lake, and `steward catalog` tells later",
                waiting.messages,
                waiting.why()
            ));
        }
        let ending = ending(&context, &end, &told.counts, told.problems);
        Ok(match ending {
            Ending::AllWell if told.report.is_some() => Ending::SomeFailed,
            Ending::AllWell if waiting.messages > 0 => waiting.ending(),
            ending => ending,
        })
    }

    async fn record(
        &self,
        sending: &Sending<'_>,
        id: SubmissionId,
        set: &[SubmissionId],
    ) -> Result<(), Halt> {
        let set = set.to_vec();
        let counts = sending.on(move |queue| {
            set.iter().try_fold(Counts::default(), |mut counts, id| {
                counts += queue.counted(*id)?.0;
                Ok(counts)
            })
        });
        let counts = counts.await?;
        let detail = format!(
            "submission {}: {} found, {} ingested, {} duplicate, {} denied, {} invalid, {} not sent, {} unconfirmed",
            id.0,
            counts.found,
            counts.ingested,
            counts.duplicate,
            counts.denied,
            counts.invalid,
            counts.not_sent,
            counts.unconfirmed
        );
        Ok(sending.account.record(Action::Submit, detail).await?)
    }

    /// What asks the catalog about messages, where that is wanted and this sign-in may read it.
    async fn follow<'a>(&self, sending: &Sending<'a>) -> Option<Follow<'a>> {
        if !self.wait {
            return None;
        }
        let Sending { account, context, .. } = *sending;
        let source = account.signed_in().await.ok().and_then(|signed_in| signed_in.claims.read);
        if source.is_none() {
            context.say.note(
                "The lake's catalog cannot be read by this sign-in, so what became of the messages there cannot be told.",
            );
        }
        Some(Follow::new(account, &context.stop, source?))
    }

    /// The submission of these paths: the one that an earlier run left, or a new one; with all its messages in the queue.
    /// `false` when it was stopped before.
    async fn take_in(
        &self,
        sending: &Sending<'_>,
        source: Option<Source>,
    ) -> Result<(SubmissionId, bool), Halt> {
        let folder = std::env::current_dir()
            .map_err(|error| Halt::Setup(format!("the current folder cannot be used: {error}")))?;
        let unheaded = if self.send_anyway { Unheaded::Send } else { Unheaded::LeaveOut };
        let profile = sending.account.profile();
        let intake = Intake {
            lake: sending.account.name.clone(),
            front_door: profile.endpoints.front_door.clone(),
            source,
            folder,
            paths: self.paths.clone(),
            unheaded,
            replaces: self.replaces,
        };
        let (id, is_new) = sending.begin_or_take_up(intake.clone()).await?;
        let scanned = sending.scan(id, self.paths.clone()).await?;
        if self.replaces.is_none() || scanned != Scanned::Whole || self.is_one(sending, id).await? {
            return Ok((id, scanned == Scanned::Whole));
        }
        if is_new {
            return Err(self.not_one(sending, id).await?);
        }
        // An earlier run began with what the files held then: what became of that stays, and what they hold now is another fix.
        let before = sending.on(move |queue| Ok(queue.submission(id)?.counts)).await?;
        sending.on(move |queue| queue.cancel(id, jiff::Timestamp::now())).await?;
        let is_there = before.ingested + before.duplicate;
        if is_there + before.unconfirmed > 0 {
            return Err(Halt::Setup(format!(
                "the files have changed since submission {} sent what they held before ({} in the lake, {} being checked). Look at that with `steward submissions {}`; run the command again if the new text is to be sent all the same",
                id.0, is_there, before.unconfirmed, id.0
            )));
        }
        let id = sending.begin(intake).await?;
        let scanned = sending.scan(id, self.paths.clone()).await?;
        if scanned == Scanned::Whole && !self.is_one(sending, id).await? {
            return Err(self.not_one(sending, id).await?);
        }
        Ok((id, scanned == Scanned::Whole))
    }

    async fn is_one(&self, sending: &Sending<'_>, id: SubmissionId) -> Result<bool, Halt> {
        sending.on(move |queue| Ok(queue.submission(id)?.counts.found == 1)).await
    }

    /// Calls off a submission that is to replace one message and holds none or several.
    async fn not_one(&self, sending: &Sending<'_>, id: SubmissionId) -> Result<Halt, Halt> {
        let found = sending.on(move |queue| Ok(queue.submission(id)?.counts.found)).await?;
        sending.on(move |queue| queue.cancel(id, jiff::Timestamp::now())).await?;
        Ok(Halt::Setup(format!(
            "--replaces takes exactly one message, and there are {found}; nothing was sent"
        )))
    }
}

fn ending(context: &Context, end: &DrainEnd, counts: &Counts, problems: Problems) -> Ending {
    let nothing_tried = counts.found == counts.not_sent;
    match end {
        DrainEnd::Stopped => Ending::Stopped,
        _ if context.stop.is_asked() => Ending::Stopped,
        DrainEnd::SignIn(_) if nothing_tried => Ending::NotAllowed,
        DrainEnd::OutOfReach(_) if counts.found == counts.not_sent + counts.unconfirmed => Ending::OutOfReach,
        _ if counts.found == 0 && counts.files == 0 && problems.0 > 0 => Ending::WrongUse,
        _ if !counts.all_in_the_lake() || problems.0 > 0 => Ending::SomeFailed,
        _ => Ending::AllWell,
    }
}
