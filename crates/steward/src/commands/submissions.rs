//! `steward submissions`.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use clap::Args;
use desk::account::Account;
use desk::audit::Action;
use desk::queue::{Queue, Report, SubmissionId};

use super::submit::Tell;
use super::{Context, offline};
use crate::arguments::Format;
use crate::ending::{Ending, Halt};
use crate::output::{Column, Table};

/// Submissions that are held at a time.
const PAGE: usize = 50;

const COLUMNS: &[Column] = &[
    Column { heading: "no.", width: 4 },
    Column { heading: "begun (UTC)", width: 16 },
    Column { heading: "lake", width: 10 },
    Column { heading: "state", width: 9 },
    Column { heading: "found", width: 7 },
    Column { heading: "in lake", width: 7 },
    Column { heading: "left", width: 5 },
    Column { heading: "from", width: 40 },
];

/// Earlier submissions of this home, newest first
///
/// What was handed over from this computer, and what became of it; of one submission, message by message. One that is not ended
/// goes on with the next `steward submit`, or is called off here.
#[derive(Args)]
#[command(after_help = "Examples:
  steward submissions
  steward submissions 7                      what became of each message of it
  steward submissions 7 --report day.csv     the report of it, again
  steward submissions --call-off 7           send nothing more of it")]
pub(crate) struct Submissions {
    /// This one only, message by message
    #[arg(value_name = "NUMBER", conflicts_with_all = ["call_off", "limit"])]
    number: Option<i64>,
    /// Write a report of every message of it to this file, .csv or .json
    #[arg(long, value_name = "FILE", requires = "number")]
    report: Option<PathBuf>,
    /// Send nothing more of this submission
    #[arg(long, value_name = "NUMBER")]
    call_off: Option<i64>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    limit: usize,
}

impl Submissions {
    pub(super) async fn run(self, context: Context) -> Result<Ending, Halt> {
        match self.number {
            Some(number) => self.one(&context, SubmissionId(number)).await,
            None => offline(move || self.all(&context)).await,
        }
    }

    fn all(self, context: &Context) -> Result<Ending, Halt> {
        let mut queue = open(context)?;
        if let Some(number) = self.call_off {
            let id = SubmissionId(number);
            let Some(_held) = queue.try_to_drain()? else {
                return Err(Halt::Setup("another program sends from this home; stop that one".to_owned()));
            };
            queue.cancel(id, jiff::Timestamp::now())?;
        }
        let mut data = context.data();
        let mut table = Table::new(COLUMNS);
        let mut before = None;
        let mut left = self.limit;
        while left > 0 && !context.stop.is_asked() {
            let page = queue.submissions(before, PAGE.min(left))?;
            let Some(last) = page.last() else { break };
            before = Some(last.id);
            left = left.saturating_sub(page.len());
            for one in &page {
                match data.format() {
                    Format::Json => data.object(one)?,
                    Format::Table => table.row(
                        &mut data,
                        &[
                            &one.id.0.to_string(),
                            &one.begun_at.strftime("%Y-%m-%d %H:%M").to_string(),
                            &one.lake,
                            &serde_json::to_value(one.stage)
                                .ok()
                                .and_then(|stage| stage.as_str().map(str::to_owned))
                                .unwrap_or_default(),
                            &one.counts.found.to_string(),
                            &(one.counts.ingested + one.counts.duplicate).to_string(),
                            &one.unfinished.to_string(),
                            &one.paths.join(" "),
                        ],
                    )?,
                }
            }
            data.flush()?;
        }
        Ok(Ending::AllWell)
    }

    async fn one(&self, context: &Context, id: SubmissionId) -> Result<Ending, Halt> {
        let queue = open(context)?;
        let lake = queue.submission(id)?.lake;
        let report = self.report.as_deref().map(Report::create).transpose();
        let report = report.map_err(|problem| Halt::Setup(problem.to_string()))?;
        let queue = Arc::new(Mutex::new(queue));
        let told = Tell { context, queue: &queue, follow: None }.all(&[id], report).await?;
        if let Some(problem) = told.report {
            return Err(problem.into());
        }
        if self.report.is_some() {
            let account = Account::open(&context.home()?, Some(&lake), context.vault())?;
            account.record(Action::Export, format!("report of submission {}", id.0)).await?;
        }
        Ok(Ending::AllWell)
    }
}

fn open(context: &Context) -> Result<Queue, Halt> {
    let (queue, aside) = Queue::open(&context.home()?)?;
    if let Some(aside) = aside {
        context.say.problem(&format!("the queue was damaged and is kept aside as {}", aside.display()));
    }
    Ok(queue)
}
