//! The account of a run: every message, then the sums.

use std::sync::{Arc, Mutex};

use desk::queue::{
    Counts, Line, MessageState, Queue, QueueProblem, Report, ReportProblem, StagingState, SubmissionId,
};
use serde::Serialize;

use super::follow::Follow;
use super::sending::on;
use crate::arguments::Format;
use crate::commands::Context;
use crate::ending::Halt;
use crate::output::{Column, Data, Table, end_of};

/// Messages or files that are held at a time.
pub(super) const PAGE: usize = 500;
/// A table shows every message of a submission of at most so many; of a larger one, what somebody should look at.
const ALL_SHOWN: u64 = 60;

/// Columns for a file's path.
const FILE_COLUMNS: usize = 36;

const COLUMNS: &[Column] = &[
    Column { heading: "file", width: FILE_COLUMNS },
    Column { heading: "message", width: 7 },
    Column { heading: "outcome", width: 11 },
    Column { heading: "message id", width: 36 },
    Column { heading: "why, and what next", width: 50 },
];

/// How many files and folders could not be read.
#[derive(Clone, Copy, Default)]
pub(super) struct Problems(pub(super) usize);

/// Tells what became of messages.
pub(in crate::commands) struct Tell<'a> {
    pub(in crate::commands) context: &'a Context,
    pub(in crate::commands) queue: &'a Arc<Mutex<Queue>>,
    /// Asks what staging makes of them; none where nobody wants to wait for that.
    pub(in crate::commands) follow: Option<Follow<'a>>,
}

/// What was told.
pub(in crate::commands) struct Account {
    pub(in crate::commands) counts: Counts,
    pub(super) problems: Problems,
    /// Why there is no report, although one was asked for.
    pub(in crate::commands) report: Option<ReportProblem>,
}

/// The report, for as long as it can be written: why it cannot is said after the sums, which are not kept back for it.
pub(super) struct Reporting {
    report: Option<Report>,
    problem: Option<ReportProblem>,
}

impl Reporting {
    pub(super) fn add(&mut self, add: impl FnOnce(&mut Report) -> Result<(), ReportProblem>) {
        if let Some(report) = &mut self.report
            && let Err(problem) = add(report)
        {
            self.problem = Some(problem);
            self.report = None;
        }
    }

    fn finish(self, counts: &Counts) -> Option<ReportProblem> {
        self.problem.or_else(|| self.report.and_then(|report| report.finish(counts).err()))
    }
}

/// One message.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    line: &'a Line,
    #[serde(skip_serializing_if = "Option::is_none")]
    staging: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'a str>,
}

/// The last object.
#[derive(Serialize)]
struct Summary {
    summary: Counts,
}

impl Tell<'_> {
    /// Writes every message of these submissions, and the sums.
    pub(in crate::commands) async fn all(
        &self,
        set: &[SubmissionId],
        report: Option<Report>,
    ) -> Result<Account, Halt> {
        let mut data = self.context.data().outlives_its_reader();
        let mut report = Reporting { report, problem: None };
        let mut table = Table::new(COLUMNS);
        let mut counts = Counts::default();
        let mut written = 0;
        let mut problems = 0;
        for id in set.iter().copied() {
            let submission = on(self.queue, move |queue| queue.submission(id)).await?;
            counts += submission.counts;
            let mut after = 0;
            loop {
                let lines = on(self.queue, move |queue| queue.lines(id, after, PAGE)).await?;
                let Some(last) = lines.last() else { break };
                after = last.row;
                let stagings = match &self.follow {
                    Some(follow) => follow.all(&lines).await,
                    None => Vec::new(),
                };
                self.keep(id, &lines, &stagings).await?;
                let mut stagings = stagings.into_iter();
                for line in &lines {
                    let staging = stagings.next().flatten();
                    written += 1;
                    report.add(|report| report.line(line, staging.as_ref()));
                    match data.format() {
                        Format::Json => data.object(&Told {
                            line,
                            staging: staging.as_ref().map(StagingState::word),
                            error_code: staging.as_ref().and_then(StagingState::error_code),
                        })?,
                        Format::Table if is_shown(line, staging.as_ref(), submission.counts.found) => {
                            row(&mut table, &mut data, line, staging.as_ref())?;
                        }
                        Format::Table => {}
                    }
                }
                data.flush()?;
            }
        }
        for id in set.iter().copied() {
            problems += self.files(id, &mut report).await?;
        }
        if written != counts.found {
            return Err(QueueProblem::DoesNotAddUp { found: counts.found, accounted: written }.into());
        }
        let report = report.finish(&counts);
        match data.format() {
            Format::Json => data.object(&Summary { summary: counts })?,
            Format::Table => data.heading(&sum(&counts))?,
        }
        data.flush()?;
        Ok(Account { counts, problems: Problems(problems), report })
    }

    /// Writes down in the queue what staging made of messages.
    async fn keep(
        &self,
        id: SubmissionId,
        lines: &[Line],
        stagings: &[Option<StagingState>],
    ) -> Result<(), Halt> {
        let settled = lines.iter().zip(stagings).filter_map(|(line, staging)| {
            let staging = staging.clone().filter(|staging| *staging != StagingState::Waiting)?;
            Some((line.message_id.filter(|_| line.state == MessageState::Ingested)?, staging))
        });
        let settled: Vec<_> = settled.collect();
        if !settled.is_empty() {
            on(self.queue, move |queue| queue.settle(id, &settled)).await?;
        }
        Ok(())
    }
}

fn is_shown(line: &Line, staging: Option<&StagingState>, found: u64) -> bool {
    let is_well = matches!(line.state, MessageState::Ingested | MessageState::Duplicate);
    found <= ALL_SHOWN || !is_well || staging.is_some_and(|staging| *staging != StagingState::Ready)
}

fn row(table: &mut Table, data: &mut Data, line: &Line, staging: Option<&StagingState>) -> Result<(), Halt> {
    let id = line.message_id.map(|id| id.to_string()).unwrap_or_default();
    let why = [line.reason.as_str(), line.next_step].into_iter().filter(|part| !part.is_empty());
    let mut why = why.collect::<Vec<_>>().join(". ");
    if let Some(staging) = staging {
        let described = staging.error_code().and_then(er7::codes::describe);
        why = match (staging, described) {
            (StagingState::Ready, _) => "ready to use".to_owned(),
            (StagingState::Attention { .. }, Some(code)) => format!("needs attention: {}", code.what),
            (other, _) => other.word().to_owned(),
        };
    }
    let file = end_of(&line.file, FILE_COLUMNS);
    Ok(table
        .row(data, &[&file, &(line.index + 1).to_string(), &line.outcome.replace('_', " "), &id, &why])?)
}

/// The account in a line: every message is in one place, and the places add up.
pub(in crate::commands) fn sum(counts: &Counts) -> String {
    let Counts { files, not_hl7, found, ingested, duplicate, denied, invalid, not_sent, unconfirmed } =
        counts;
    let mut sum = format!(
        "{found} messages found in {files} files = {ingested} ingested + {duplicate} duplicate + {denied} denied + \
         {invalid} invalid + {not_sent} not sent + {unconfirmed} unconfirmed"
    );
    if *not_hl7 > 0 {
        sum.push_str(&format!("; {not_hl7} files are not HL7"));
    }
    sum
}
