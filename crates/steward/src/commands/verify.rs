//! `steward verify` and `steward doctor`.

use std::pin::pin;

use clap::Args;
use desk::account::Account;
use desk::audit::Action;
use desk::browse::{Checked, Expectation, Finding, Ledger, Mark, Probe, examine, verify_day, verify_message};
use futures::TryStreamExt;
use jiff::civil::Date;
use lake::{MessageId, Source};
use serde_json::json;

use super::{Context, account, words};
use crate::arguments::Format;
use crate::ending::{Ending, Halt};
use crate::output::{Column, Data, Table};

/// Hold what the lake stored against what it recorded
///
/// For one message, or all received on a day (UTC): `=` as recorded, `*` differs, `-` missing, `+` there but not
/// recorded, `?` not visible to this sign-in. The objects are read to their end; nothing of them is shown or kept.
#[derive(Args)]
#[command(after_help = "Examples:
  steward verify 019cb3c1-7d00-7000-8000-000000000000
  steward verify --date 2026-03-04

Exit status: 0 if all is as recorded or not visible, 1 otherwise.")]
pub(crate) struct Verify {
    /// One message
    #[arg(value_name = "MESSAGE_ID", value_parser = words::parse_id, conflicts_with = "date", required_unless_present = "date")]
    message_id: Option<MessageId>,
    /// All messages received on this day
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = words::parse_day)]
    date: Option<Date>,
}

/// Find out what this sign-in may and may not do, and whether the lake answers
///
/// Asks the lake for what should be allowed and for what should be refused, and tells each answer. No question can
/// change anything.
#[derive(Args)]
#[command(after_help = "Examples:
  steward doctor
  steward doctor --output json | jq 'select(.as_told | not)'

Exit status: 0 if the lake allows and refuses what it should, 1 if not, 4 if it does not answer.")]
pub(crate) struct Doctor {}

const CHECKED: &[Column] = &[
    Column { heading: "", width: 1 },
    Column { heading: "WHAT", width: 9 },
    Column { heading: "MESSAGE", width: 36 },
    Column { heading: "WHY", width: 60 },
];

impl Verify {
    pub(super) async fn run(self, context: Context) -> Result<Ending, Halt> {
        account::with_account(&context, async |account| {
            let source = account.reads().await?;
            let writes = account.signed_in().await?.claims.write;
            // The ledger answers for the institution that one writes for.
            let ledger = if writes.as_ref() == Some(&source) { Ledger::Asked } else { Ledger::Closed };
            let what = self.date.map_or_else(
                || self.message_id.map_or_else(String::new, |id| id.to_string()),
                |day| day.to_string(),
            );
            account.record(Action::Get, format!("verify {what}")).await?;
            let mut report = Report::new(&context);
            let ending = match (self.message_id, self.date) {
                (Some(message_id), _) => one(account, &source, message_id, ledger, &mut report).await?,
                (None, Some(day)) => all_of(&context, account, &source, day, ledger, &mut report).await?,
                (None, None) => Ending::WrongUse,
            };
            report.data.flush()?;
            context.say.note(&report.words());
            Ok(if ending == Ending::AllWell && report.wrong > 0 { Ending::SomeFailed } else { ending })
        })
        .await
    }
}

async fn one(
    account: &Account,
    source: &Source,
    message_id: MessageId,
    ledger: Ledger,
    report: &mut Report,
) -> Result<Ending, Halt> {
    let checked = verify_message(account, source, message_id, ledger).await?;
    let checked =
        checked.ok_or_else(|| Halt::Failed(format!("your institution has no message {message_id}")))?;
    for one in &checked {
        report.show(one)?;
    }
    Ok(Ending::AllWell)
}

async fn all_of(
    context: &Context,
    account: &Account,
    source: &Source,
    day: Date,
    ledger: Ledger,
    report: &mut Report,
) -> Result<Ending, Halt> {
    let mut checked = pin!(verify_day(account, source, day, ledger));
    while let Some(one) = checked.try_next().await? {
        report.show(&one)?;
        if context.stop.is_asked() {
            return Ok(Ending::Stopped);
        }
    }
    Ok(Ending::AllWell)
}

struct Report {
    data: Data,
    table: Table,
    same: u64,
    unseen: u64,
    wrong: u64,
}

impl Report {
    fn new(context: &Context) -> Self {
        Self { data: context.data(), table: Table::new(CHECKED), same: 0, unseen: 0, wrong: 0 }
    }

    fn show(&mut self, one: &Checked) -> Result<(), Halt> {
        match one.mark {
            Mark::Same => self.same += 1,
            Mark::Unseen => self.unseen += 1,
            Mark::Differs | Mark::Missing | Mark::Orphan => self.wrong += 1,
        }
        match self.data.format() {
            Format::Json => self.data.object(&json!({
                "mark": one.mark.sign(), "what": one.part.name(), "message_id": one.message_id,
                "key": one.key, "reason": one.why,
            }))?,
            Format::Table => {
                let id = one.message_id.to_string();
                let why = match (&one.key, one.mark) {
                    (Some(key), Mark::Differs | Mark::Missing | Mark::Orphan) => {
                        format!("{} ({key})", one.why)
                    }
                    _ => one.why.clone(),
                };
                self.table.row(&mut self.data, &[one.mark.sign(), one.part.name(), &id, &why])?;
            }
        }
        Ok(())
    }

    fn words(&self) -> String {
        format!("{} as recorded, {} not, {} not visible to you", self.same, self.wrong, self.unseen)
    }
}

const PROBES: &[Column] = &[
    Column { heading: "", width: 3 },
    Column { heading: "THE LAKE", width: 10 },
    Column { heading: "TO", width: 60 },
];

impl Doctor {
    pub(super) async fn run(self, context: Context) -> Result<Ending, Halt> {
        account::with_account(&context, async |account| {
            let mut data = context.data();
            let mut table = Table::new(PROBES);
            let (mut wrong, mut silent) = (0, 0);
            examine(account, |probe: Probe| {
                match &probe.found {
                    Finding::NoAnswer(_) => silent += 1,
                    _ if !probe.is_as_expected() => wrong += 1,
                    _ => {}
                }
                match data.format() {
                    Format::Json => data.object(&line(&probe))?,
                    Format::Table => {
                        let sign = if probe.is_as_expected() { "ok" } else { "BAD" };
                        let why = match &probe.found {
                            Finding::NoAnswer(reason) => format!("{}: {reason}", probe.asked),
                            _ if !probe.is_as_expected() => {
                                format!("{} (should be {})", probe.asked, word(probe.expected))
                            }
                            _ => probe.asked.clone(),
                        };
                        table.row(&mut data, &[sign, found(&probe), &why])?;
                    }
                }
                data.flush()?;
                Ok::<(), Halt>(())
            })
            .await?;
            Ok(match (silent, wrong) {
                (0, 0) => Ending::AllWell,
                (0, _) => Ending::SomeFailed,
                _ => Ending::OutOfReach,
            })
        })
        .await
    }
}

fn line(probe: &Probe) -> serde_json::Value {
    let reason = match &probe.found {
        Finding::NoAnswer(reason) => reason.as_str(),
        _ => "",
    };
    json!({
        "probe": probe.name, "asked": probe.asked, "expected": word(probe.expected), "found": found(probe),
        "as_told": probe.is_as_expected(), "reason": reason,
    })
}

fn word(expected: Expectation) -> &'static str {
    match expected {
        Expectation::Allowed => "allowed",
        Expectation::Refused => "refused",
    }
}

fn found(probe: &Probe) -> &'static str {
    match probe.found {
        Finding::Allowed => "allowed",
        Finding::Refused => "refused",
        Finding::NoAnswer(_) => "no-answer",
    }
}
