//! `steward audit [verify]`.

use clap::{Args, Subcommand};
use desk::audit::{Audit as Trail, Verified};

use super::{Context, words};
use crate::arguments::Format;
use crate::ending::{Ending, Halt};
use crate::output::{Column, Table};

/// Show what was done from this computer: who, when, with which lake; never content
#[derive(Args)]
#[command(after_help = "Examples:
  steward audit
  steward audit verify     whether anybody changed, removed or inserted a line

A line that was cut off at the end of the trail cannot be noticed from this computer alone.")]
pub(crate) struct Audit {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Subcommand)]
enum What {
    /// Check that every line follows from the one before
    Verify,
}

const COLUMNS: &[Column] = &[
    Column { heading: "WHEN", width: 24 },
    Column { heading: "WHAT", width: 9 },
    Column { heading: "LAKE", width: 12 },
    Column { heading: "WHO", width: 36 },
    Column { heading: "DETAIL", width: 40 },
];

impl Audit {
    pub(super) fn run(self, context: &Context) -> Result<Ending, Halt> {
        let trail = Trail::of(&context.home()?);
        match self.what {
            None => show(context, &trail),
            Some(What::Verify) => verify(context, &trail),
        }
    }
}

fn show(context: &Context, trail: &Trail) -> Result<Ending, Halt> {
    let mut data = context.data();
    let mut table = Table::new(COLUMNS);
    let mut damaged = 0u64;
    for event in trail.events()? {
        // A line that a crash cut off must not hide those after it.
        let Ok(event) = event else {
            damaged += 1;
            continue;
        };
        match data.format() {
            Format::Json => data.object(&event)?,
            Format::Table => {
                let who = event.subject.as_deref().unwrap_or_default();
                let cells = [&words::local(event.at), event.action.as_str(), &event.lake, who, &event.detail];
                table.row(&mut data, &cells)?;
            }
        }
        if context.stop.is_asked() {
            data.flush()?;
            return Ok(Ending::Stopped);
        }
    }
    data.flush()?;
    if damaged > 0 {
        context
            .say
            .problem(&format!("{damaged} lines of the trail cannot be read; see `steward audit verify`"));
        return Ok(Ending::SomeFailed);
    }
    Ok(Ending::AllWell)
}

fn verify(context: &Context, trail: &Trail) -> Result<Ending, Halt> {
    let verified = trail.verify()?;
    let mut data = context.data();
    match (data.format(), &verified) {
        (Format::Json, _) => data.object(&verified)?,
        (Format::Table, Verified::Sound { events }) => {
            data.line(&format!("All {events} lines follow from each other."))?;
        }
        (Format::Table, Verified::Broken { line }) => data.line(&format!(
            "Line {line} does not follow from the one before it: somebody changed, removed or inserted a line."
        ))?,
    }
    data.flush()?;
    Ok(if matches!(verified, Verified::Sound { .. }) { Ending::AllWell } else { Ending::SomeFailed })
}
