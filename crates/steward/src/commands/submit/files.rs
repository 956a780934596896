//! The files of a run that are no messages: those without any, and what could not be read or does not agree.

use desk::queue::{FileLine, ProblemKind, SubmissionId};
use indicatif::HumanCount;

use super::sending::on;
use super::tell::{PAGE, Reporting, Tell};
use crate::ending::Halt;
use crate::output::printable;

impl Tell<'_> {
    /// Tells of the files of a submission that are no messages; how many could not be read.
    pub(super) async fn files(&self, id: SubmissionId, report: &mut Reporting) -> Result<usize, Halt> {
        let mut offset = 0;
        loop {
            let page = on(self.queue, move |queue| queue.files_without_messages(id, offset, PAGE)).await?;
            for file in &page.files {
                report.add(|report| report.left_out(id, file));
                if offset == 0 {
                    self.say_left_out(file);
                }
            }
            offset += page.files.len() as u64;
            if page.files.is_empty() || offset >= page.total {
                self.say_more(page.total);
                break;
            }
        }
        let mut unread = 0;
        offset = 0;
        loop {
            let page = on(self.queue, move |queue| queue.problems(id, offset, PAGE)).await?;
            for problem in &page.files {
                unread += usize::from(problem.kind == ProblemKind::Unreadable);
                report.add(|report| report.problem(id, problem));
            }
            offset += page.files.len() as u64;
            if page.files.is_empty() || offset >= page.total {
                return Ok(unread);
            }
        }
    }

    fn say_left_out(&self, file: &FileLine) {
        let what = match file.kind.as_deref() {
            Some("not-hl7") => "holds no HL7 message and was not sent (--send-anyway sends it)",
            Some("empty") => "is empty",
            _ => return,
        };
        self.context.say.note(&format!("{}: {what}", printable(&file.file)));
    }

    fn say_more(&self, total: u64) {
        let more = total.saturating_sub(PAGE as u64);
        if more > 0 {
            let more = HumanCount(more);
            self.context
                .say
                .note(&format!("and {more} more files without messages; a JSON report lists them"));
        }
    }
}
