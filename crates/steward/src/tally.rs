//! What was found and what would become of it, in numbers, and the exit code that follows from them.

use std::collections::BTreeMap;
use std::fmt;

use er7::split::{FileKind, Summary};
use serde::Serialize;

use crate::ending::Ending;
use crate::input::Problem;
use crate::output::{Say, printable};
use crate::staging::Fate;
use crate::stop::Stop;

/// So many names of files are kept for the summary; each was said when it was met.
const NAMED: usize = 100;

/// Counts. Messages found = ready + attention + refused.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Tally {
    /// Files read to their end.
    files: u64,
    /// Files by what they are: `single`, `many`, `batch`, `mllp`, `not-hl7`, `empty`.
    file_kinds: BTreeMap<String, u64>,
    /// Files with something in them, but no message.
    not_hl7: u64,
    /// Files with nothing in them.
    empty: u64,
    /// Files and folders that could not be read, or not to their end.
    unreadable: u64,
    /// Messages.
    found: u64,
    /// Messages that would be ready to use.
    ready: u64,
    /// Messages that would be taken and then need attention.
    attention: u64,
    /// Messages that the front door would refuse.
    refused: u64,
    /// The first files of those without a message.
    not_hl7_files: Vec<String>,
    /// The first files and folders that could not be read, and why.
    unreadable_files: Vec<Unreadable>,
    #[serde(skip)]
    missing: u64,
}

#[derive(Debug, Serialize)]
struct Unreadable {
    file: String,
    reason: String,
}

impl Tally {
    /// Counts one message.
    pub(crate) fn count(&mut self, fate: &Fate) {
        self.found += 1;
        match fate {
            Fate::Ready(..) => self.ready += 1,
            Fate::Attention(..) | Fate::Undecodable(_) => self.attention += 1,
            Fate::TooLarge => self.refused += 1,
        }
    }

    /// Counts one file and says what is odd about it as a whole.
    pub(crate) fn file(&mut self, file: &str, summary: &Summary, say: &Say) {
        self.files += 1;
        *self.file_kinds.entry(kind(summary.kind).to_owned()).or_default() += 1;
        let shown = printable(file);
        if summary.found() == 0 {
            match summary.kind {
                FileKind::Empty => {
                    self.empty += 1;
                    say.note(&format!("{shown}: is empty; there is nothing to submit"));
                }
                _ => {
                    self.not_hl7 += 1;
                    say.note(&format!("{shown}: holds no HL7 message (no line starts with MSH)"));
                    keep(&mut self.not_hl7_files, || file.to_owned());
                }
            }
        }
        if summary.count_mismatches > 0 {
            say.note(&format!(
                "{shown}: the batch says that it holds another number of messages than it does"
            ));
        }
        if summary.found() > 0 && summary.preamble_bytes > 0 {
            let bytes = summary.preamble_bytes;
            say.note(&format!(
                "{shown}: {bytes} bytes of other text stand outside the messages; they belong to none"
            ));
        }
    }

    /// Counts and says what could not be read.
    pub(crate) fn problem(&mut self, problem: Problem, say: &Say) {
        say.problem(&printable(&problem.to_string()));
        self.unreadable += 1;
        self.missing += u64::from(problem.is_missing);
        let Problem { path, reason, .. } = problem;
        keep(&mut self.unreadable_files, || Unreadable { file: path.to_string_lossy().into_owned(), reason });
    }

    /// How the command ends. A file without a message is no failure beside others, but finding none at all is one.
    pub(crate) fn ending(&self, stop: &Stop) -> Ending {
        let nothing_read = self.files == 0 && self.found == 0;
        match () {
            () if stop.is_asked() => Ending::Stopped,
            () if nothing_read && self.missing > 0 => Ending::WrongUse,
            () if self.found == 0 || self.ready < self.found || self.unreadable > 0 => Ending::SomeFailed,
            () => Ending::AllWell,
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { files, found, ready, attention, refused, not_hl7, empty, unreadable, .. } = self;
        write!(formatter, "{} in {}", counted(*found, "message"), counted(*files, "file"))?;
        if *found > 0 {
            write!(formatter, ": {ready} would be ready")?;
        }
        if *attention > 0 {
            write!(formatter, ", {attention} would need attention")?;
        }
        if *refused > 0 {
            write!(formatter, ", {refused} would be refused (too large)")?;
        }
        for (count, what) in [(not_hl7, "without HL7"), (empty, "empty"), (unreadable, "not read")] {
            if *count > 0 {
                write!(formatter, "; {count} {what}")?;
            }
        }
        Ok(())
    }
}

/// A count with its noun: `1 file`, `2 files`.
fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

fn kind(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Single => "single",
        FileKind::Many => "many",
        FileKind::Batch => "batch",
        FileKind::Mllp => "mllp",
        FileKind::NotHl7 => "not-hl7",
        FileKind::Empty => "empty",
    }
}

fn keep<T>(list: &mut Vec<T>, one: impl FnOnce() -> T) {
    if list.len() < NAMED {
        list.push(one());
    }
}
