//! `steward submissions`.

use clap::Args;
use desk::queue::{Queue, SubmissionId};

use super::Context;
use crate::arguments::Format;
use crate::ending::{Ending, Halt};
use crate::output::{Column, Table};

/// Submissions that are held at a time.
const PAGE: usize = 50;

const COLUMNS: &[Column] = &[
    Column { heading: "no.", width: 5 },
    Column { heading: "begun", width: 20 },
    Column { heading: "lake", width: 12 },
    Column { heading: "state", width: 9 },
    Column { heading: "found", width: 8 },
    Column { heading: "in the lake", width: 11 },
    Column { heading: "left", width: 6 },
    Column { heading: "from", width: 40 },
];

/// Earlier submissions of this home, newest first
///
/// What was handed over from this computer, and what became of it. One that is not ended goes on with the next `steward submit`, or is
/// called off here.
#[derive(Args)]
#[command(after_help = "Examples:
  steward submissions
  steward submissions --call-off 7       send nothing more of it")]
pub(crate) struct Submissions {
    /// Send nothing more of this submission
    #[arg(long, value_name = "NUMBER")]
    call_off: Option<i64>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    limit: usize,
}

impl Submissions {
    pub(super) fn run(self, context: &Context) -> Result<Ending, Halt> {
        let (mut queue, aside) = Queue::open(&context.home()?)?;
        if let Some(aside) = aside {
            context.say.problem(&format!("the queue was damaged and is kept aside as {}", aside.display()));
        }
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
                            &format!("{:.0}", one.begun_at),
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
}
