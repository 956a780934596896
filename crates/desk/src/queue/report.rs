//! The account of a submission as a file to keep or pass on: CSV (RFC 4180) or JSON. No content; names of files, because the
//! steward asked for them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::outcome::{Counts, Line};
use super::store::QueueProblem;

const HEADINGS: [&str; 10] = [
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
];

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportFormat {
    /// A table, one message a row.
    Csv,
    /// One object: `messages`, `summary`.
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
    #[error("the report {path} cannot be written: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
}

/// A report that is being written; it appears under its name when it is finished.
pub struct Report {
    out: BufWriter<File>,
    format: ReportFormat,
    path: PathBuf,
    part: PathBuf,
    is_first: bool,
}

/// One message as JSON has it.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    line: &'a Line,
    #[serde(skip_serializing_if = "Option::is_none")]
    staging: Option<&'a str>,
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
            let mut out = BufWriter::new(file);
            match format {
                ReportFormat::Csv => write_row(&mut out, &HEADINGS)?,
                ReportFormat::Json => out.write_all(b"{\"messages\":[")?,
            }
            Ok(out)
        });
        let out = begun.map_err(|error| ReportProblem::File { path: path.to_owned(), error })?;
        Ok(Self { out, format, path: path.to_owned(), part, is_first: true })
    }

    /// Adds a message, with what staging made of it where that is known.
    pub fn line(&mut self, line: &Line, staging: Option<&str>) -> Result<(), ReportProblem> {
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
                    staging.unwrap_or_default(),
                ],
            ),
            ReportFormat::Json => out
                .write_all(if is_first { b"\n" } else { b",\n" })
                .and_then(|()| Ok(serde_json::to_writer(out, &Told { line, staging })?)),
        };
        written.map_err(|error| ReportProblem::File { path: self.path.clone(), error })
    }

    /// Ends the report and gives it its name.
    pub fn finish(mut self, counts: &Counts) -> Result<(), ReportProblem> {
        let mut finish = || {
            if self.format == ReportFormat::Json {
                self.out.write_all(b"\n],\"summary\":")?;
                serde_json::to_writer(&mut self.out, counts)?;
                self.out.write_all(b"}\n")?;
            }
            self.out.flush()?;
            self.out.get_ref().sync_all()?;
            fs::rename(&self.part, &self.path)
        };
        finish().map_err(|error| ReportProblem::File { path: self.path.clone(), error })
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
