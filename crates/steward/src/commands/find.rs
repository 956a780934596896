//! `steward find`.

use std::pin::pin;
use std::sync::Arc;

use clap::Args;
use desk::audit::Action;
use desk::browse::{DayRange, FoundIn, Term, search};
use futures::TryStreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::civil::Date;
use lake::Zone;
use serde_json::json;

use super::{Context, account, words};
use crate::arguments::Format;
use crate::ending::{Ending, Halt};
use crate::output::{Column, Table};

/// Find messages by what is in them
///
/// Looks through the messages that are ready to use, received on these days (UTC). A value is compared whole, letters of either
/// case alike; `*` at its start or end stands for any text. The place can be a path or what it means. Shown is where
/// it was found, never the value; nothing is kept.
#[derive(Args)]
#[command(after_help = "Examples:
  steward find 100001 --from 2026-03-01 --to 2026-03-04
  steward find PID-5.1=DOE --from 2026-03-01
  steward find 'date of birth=1970*' --from 2026-03-01
  steward find 'OBX-3=*glucose*' --from 2026-03-01 --output json")]
pub(crate) struct Find {
    /// A value, or PATH=VALUE
    #[arg(value_name = "TERM", hide_possible_values = true)]
    term: String,
    /// From this day on
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = words::parse_day)]
    from: Date,
    /// Up to this day; else that one day
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = words::parse_day)]
    to: Option<Date>,
}

const COLUMNS: &[Column] = &[
    Column { heading: "MESSAGE", width: 36 },
    Column { heading: "WHERE", width: 16 },
    Column { heading: "WHAT THAT IS", width: 40 },
];

impl Find {
    pub(super) async fn run(self, context: Context) -> Result<Ending, Halt> {
        if self.to.is_some_and(|to| self.from > to) {
            context.say.problem("--from is after --to");
            return Ok(Ending::WrongUse);
        }
        let term = match Term::parse(&self.term) {
            Ok(term) => Arc::new(term),
            Err(problem) => {
                context.say.problem(&problem.to_string());
                return Ok(Ending::WrongUse);
            }
        };
        let paths = term.paths();
        if !paths.is_empty() {
            context.say.detail(&format!("looked at: {}", paths.join(", ")));
        }
        account::with_account(&context, async |account| {
            let source = account.reads().await?;
            let range = DayRange { from: Some(self.from), to: Some(self.to.unwrap_or(self.from)) };
            let objects = &account.clients.objects;
            let days = range.newest_first(objects.days(Zone::Staging, &source).await?);
            let count = days.len();
            account.record(Action::Find, format!("{count} days")).await?;

            let progress = progress(&context);
            let mut tally = Tally::default();
            let mut data = context.data();
            let mut table = Table::new(COLUMNS);
            let mut found = pin!(search(objects, &source, days, &term));
            let ending = loop {
                let next = tokio::select! {
                    next = found.try_next() => next?,
                    () = context.stop.asked() => break Ending::Stopped,
                };
                let Some(one) = next else { break tally.ending() };
                tally.count(&one);
                progress.set_message(tally.words());
                progress.tick();
                if let Some(fault) = &one.fault {
                    context.say.problem(&format!("{}: {fault}", one.key));
                }
                if one.paths.is_empty() {
                    continue;
                }
                for path in &one.paths {
                    let id = one.key.message_id;
                    match data.format() {
                        Format::Json => data
                            .object(&json!({ "message_id": id, "path": path, "attempt": one.key.attempt }))?,
                        Format::Table => table.row(&mut data, &[&id.to_string(), path, &name(path)])?,
                    }
                }
                data.flush()?;
            };
            progress.finish_and_clear();
            data.flush()?;
            context.say.note(&tally.words());
            let hits = tally.messages;
            account
                .record(Action::Find, format!("{} messages searched, {hits} found", tally.searched))
                .await?;
            Ok(ending)
        })
        .await
    }
}

#[derive(Default)]
struct Tally {
    searched: u64,
    messages: u64,
    places: u64,
    unreadable: u64,
}

impl Tally {
    fn count(&mut self, one: &FoundIn) {
        self.searched += 1;
        self.messages += u64::from(!one.paths.is_empty());
        self.places += one.paths.len() as u64 + one.more;
        self.unreadable += u64::from(one.fault.is_some());
    }

    fn words(&self) -> String {
        let mut words =
            format!("{} searched, {} found, at {} places", self.searched, self.messages, self.places);
        if self.unreadable > 0 {
            words.push_str(&format!(", {} could not be read", self.unreadable));
        }
        words
    }

    fn ending(&self) -> Ending {
        if self.unreadable > 0 { Ending::SomeFailed } else { Ending::AllWell }
    }
}

/// On a terminal's standard error only.
fn progress(context: &Context) -> ProgressBar {
    let bar = if context.is_watched() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    bar.set_style(ProgressStyle::default_spinner());
    bar
}

fn name(path: &str) -> String {
    let version = er7::dictionary::for_version(b"").version;
    er7::dictionary::name_of_path(path, version).map_or_else(String::new, |name| name.to_string())
}
