//! The account of a submission as a file to keep or pass on: CSV (RFC 4180) or JSON. No content; names of files, because the
//! steward asked for them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::files::{FileLine, FileProblem};
use super::outcome::{Counts, Line};
use super::staging::StagingState;
use super::store::QueueProblem;
use super::submissions::SubmissionId;

/// What a table's columns are; the last two as far as the catalog was asked.
const HEADINGS: [&str; 11] = [
    "file",
    "index",
    "outcome",
    "message_id",
    "digest",
    "reason",
    "next_step",
    "received_at",
    "submission",
    "staging",
    "error_code",
];

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportFormat {
    /// A table, one message a row.
    Csv,
    /// One object: `messages`, `files` (those without messages, and what could not be read or does not agree), `summary`.
    Json,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportProblem {
    /// Neither of the two formats.
    #[error("{0} ends neither in .csv nor in .json; name the report so that its kind is known")]
    Ending(PathBuf),
    /// The account itself cannot be read.
    #[error(transparent)]
    Queue(#[from] QueueProblem),
    /// It cannot be written.
    #[error("the report {path} cannot be written: {}", in_words(error))]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
}

/// A report that is being written: messages, then files; it appears under its name when it is finished, and leaves nothing
/// behind when it is not.
pub struct Report {
    out: BufWriter<File>,
    format: ReportFormat,
    path: PathBuf,
    part: Part,
    is_first: bool,
    /// Whether files are listed already, after the messages.
    lists_files: bool,
}

/// The unfinished file; removed unless it got its name.
struct Part {
    path: PathBuf,
    is_named: bool,
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.is_named
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!(%error, "an unfinished report is left behind");
        }
    }
}

/// One file as JSON has it.
#[derive(Serialize)]
struct ToldFile<'a> {
    file: &'a str,
    what: &'a str,
    reason: &'a str,
    submission: i64,
}

/// One message as JSON has it.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    line: &'a Line,
    #[serde(skip_serializing_if = "Option::is_none")]
    staging: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'a str>,
}

impl<'a> Told<'a> {
    fn of(line: &'a Line, staging: Option<&'a StagingState>) -> Self {
        Self {
            line,
            staging: staging.map(StagingState::word),
            error_code: staging.and_then(StagingState::error_code),
        }
    }
}

impl ReportFormat {
    /// By the ending of the file's name.
    pub fn of(path: &Path) -> Result<Self, ReportProblem> {
        let ending = path.extension().unwrap_or_default();
        if ending.eq_ignore_ascii_case("csv") {
            Ok(Self::Csv)
        } else if ending.eq_ignore_ascii_case("json") {
            Ok(Self::Json)
        } else {
            Err(ReportProblem::Ending(path.to_owned()))
        }
    }
}

impl Report {
    /// Begins a report, readable by its owner only.
    pub fn create(path: &Path) -> Result<Self, ReportProblem> {
        let format = ReportFormat::of(path)?;
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let begun = options.open(&part).and_then(|file| {
            let part = Part { path: part, is_named: false };
            let mut out = BufWriter::new(file);
            match format {
                ReportFormat::Csv => write_row(&mut out, &HEADINGS)?,
                ReportFormat::Json => out.write_all(b"{\"messages\":[")?,
            }
            Ok((out, part))
        });
        let (out, part) = begun.map_err(|error| ReportProblem::File { path: path.to_owned(), error })?;
        Ok(Self { out, format, path: path.to_owned(), part, is_first: true, lists_files: false })
    }

    /// Adds a message, with what staging made of it where that was asked.
    pub fn line(&mut self, line: &Line, staging: Option<&StagingState>) -> Result<(), ReportProblem> {
        let is_first = std::mem::replace(&mut self.is_first, false);
        let out = &mut self.out;
        let written = match self.format {
            ReportFormat::Csv => write_row(
                out,
                &[
                    &line.file,
                    &line.index.to_string(),
                    line.outcome,
                    &line.message_id.map(|id| id.to_string()).unwrap_or_default(),
                    &line.digest.map(|digest| digest.to_string()).unwrap_or_default(),
                    &line.reason,
                    line.next_step,
                    &line.received_at.map(|at| at.to_string()).unwrap_or_default(),
                    &line.submission.to_string(),
                    staging.map(StagingState::word).unwrap_or_default(),
                    staging.and_then(StagingState::error_code).unwrap_or_default(),
                ],
            ),
            ReportFormat::Json => out
                .write_all(if is_first { b"\n" } else { b",\n" })
                .and_then(|()| Ok(serde_json::to_writer(out, &Told::of(line, staging))?)),
        };
        written.map_err(|error| ReportProblem::File { path: self.path.clone(), error })
    }

    /// Adds a file without any message. A table lists messages only.
    pub fn left_out(&mut self, submission: SubmissionId, file: &FileLine) -> Result<(), ReportProblem> {
        let reason = match file.kind.as_deref() {
            Some("not-hl7") => "holds no HL7 message and was not sent",
            Some("empty") => "is empty",
            // What could not be read to its end is among the problems.
            _ => return Ok(()),
        };
        let what = file.kind.as_deref().unwrap_or_default();
        self.file(&ToldFile { file: &file.file, what, reason, submission: submission.0 })
    }

    /// Adds a file that could not be read, or does not agree. A table lists messages only.
    pub fn problem(&mut self, submission: SubmissionId, problem: &FileProblem) -> Result<(), ReportProblem> {
        let FileProblem { file, kind, reason } = problem;
        self.file(&ToldFile { file, what: kind.word(), reason, submission: submission.0 })
    }

    fn file(&mut self, file: &ToldFile<'_>) -> Result<(), ReportProblem> {
        if self.format == ReportFormat::Csv {
            return Ok(());
        }
        let before: &[u8] = if self.lists_files { b",\n" } else { b"\n],\"files\":[\n" };
        self.lists_files = true;
        let out = &mut self.out;
        let written = out.write_all(before).and_then(|()| Ok(serde_json::to_writer(out, file)?));
        written.map_err(|error| ReportProblem::File { path: self.path.clone(), error })
    }

    /// Ends the report and gives it its name.
    pub fn finish(mut self, counts: &Counts) -> Result<(), ReportProblem> {
        let mut finish = || -> io::Result<()> {
            if self.format == ReportFormat::Json {
                let before: &[u8] =
                    if self.lists_files { b"\n],\"summary\":" } else { b"\n],\"files\":[],\"summary\":" };
                self.out.write_all(before)?;
                serde_json::to_writer(&mut self.out, counts)?;
                self.out.write_all(b"}\n")?;
            }
            self.out.flush()?;
            self.out.get_ref().sync_all()?;
            fs::rename(&self.part.path, &self.path)?;
            self.part.is_named = true;
            Ok(())
        };
        finish().map_err(|error| ReportProblem::File { path: self.path.clone(), error })
    }
}

fn in_words(error: &io::Error) -> String {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::StorageFull | Kind::QuotaExceeded => {
            "there is no space left. Make room, or name another place".to_owned()
        }
        Kind::PermissionDenied => "you may not write there. Name another place".to_owned(),
        Kind::ReadOnlyFilesystem => "it is on a disk that can only be read. Name another place".to_owned(),
        Kind::NotFound => "its folder is not there. Make that first, or name another place".to_owned(),
        Kind::IsADirectory => "a folder of that name is there. Name another place".to_owned(),
        _ => format!("{error}. Mend that, or name another place"),
    }
}

fn write_row(out: &mut impl Write, cells: &[&str]) -> io::Result<()> {
    for (index, cell) in cells.iter().enumerate() {
        out.write_all(if index == 0 { b"" } else { b"," })?;
        out.write_all(csv_cell(cell).as_bytes())?;
    }
    out.write_all(b"\r\n")
}

/// A cell that no spreadsheet takes for a formula, quoted where RFC 4180 asks for it.
fn csv_cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { "'" } else { "" };
    if text.contains([',', '"', '\r', '\n']) {
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    } else {
        format!("{guard}{text}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_no_formula_and_keeps_its_text() {
        for (text, cell) in [
            ("plain", "plain"),
            ("=1+1.hl7", "'=1+1.hl7"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-2", "'-2"),
            ("+x", "'+x"),
            ("\tx", "'\tx"),
            ("a,b", "\"a,b\""),
            ("say \"no\"", "\"say \"\"no\"\"\""),
            ("=cmd|' /C calc'!A0,x", "\"'=cmd|' /C calc'!A0,x\""),
            ("", ""),
        ] {
            assert_eq!(csv_cell(text), cell, "the cell of {text:?}");
        }
    }
}
