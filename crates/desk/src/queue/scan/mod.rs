//! Looking through files and folders: every message gets a row in the queue, before any is sent.

mod rows;

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use er7::split::{Piece, Splitter, Wrapper, WrapperKind};
use rusqlite::params;
use serde::Serialize;

use super::files::ProblemKind;
use super::intake::Unheaded;
use super::store::{Queue, QueueProblem};
use super::submissions::SubmissionId;
use crate::files::{self, STANDARD_INPUT, Walk};
use rows::{FileRows, Found, Known, Rows};

/// How far a scan has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ScanProgress {
    /// Files looked through.
    pub files: u64,
    /// Messages found.
    pub messages: u64,
    /// Bytes read.
    pub bytes: u64,
}

/// Whose files are looked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Those of a submission that was looked through before, too.
    Again,
    /// Only those of one that was not to its end: one that has been meanwhile is left as it is ([`Scanned::Over`]), for it
    /// may be being sent.
    ForTheRest,
}

impl Look {
    fn stages(self) -> &'static str {
        match self {
            Self::Again => "('scanning', 'scanned')",
            Self::ForTheRest => "('scanning')",
        }
    }
}

/// How a scan ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scanned {
    /// Every message is in the queue.
    Whole,
    /// Stopped before all files were looked through; the next scan adds what is missing.
    Stopped,
    /// The submission was called off meanwhile, or had come to its end before.
    Over,
    /// Another program of this home is looking through it.
    Elsewhere,
}

/// What is sent of a file for one message. The numbers are in the queue's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// The span as text: what the splitter yields.
    Span = 0,
    /// The whole file.
    WholeFile = 1,
    /// The span's bytes as they are: its text is broken, and the lake says where.
    RawSpan = 2,
}

impl Cut {
    /// What this number in the file means.
    pub(super) fn of(number: i64) -> Self {
        match number {
            1 => Self::WholeFile,
            2 => Self::RawSpan,
            _ => Self::Span,
        }
    }
}

impl Queue {
    /// Looks through the files and folders of a submission. Files that it has already and that have not changed since are
    /// not read again, so that a scan that was cut short, or is repeated, adds what is new. Ends early, to be taken up
    /// again, when `stop` says so. One program at a time looks through a submission. The queue is locked for others only while
    /// rows are written, never while files are read.
    pub fn scan(
        &mut self,
        id: SubmissionId,
        look: Look,
        paths: &[PathBuf],
        message_bytes: usize,
        stop: &dyn Fn() -> bool,
        tell: &mut dyn FnMut(ScanProgress),
    ) -> Result<Scanned, QueueProblem> {
        let Some(_held) = self.try_to_scan(id)? else { return Ok(Scanned::Elsewhere) };
        let submission = self.submission(id)?;
        let mut begun = 0;
        self.change(|transaction| {
            begun = transaction.execute(
                &format!(
                    "UPDATE submissions SET stage = 'scanning', ended_at = NULL, review = NULL
                     WHERE id = ?1 AND stage IN {}",
                    look.stages()
                ),
                [id.0],
            )?;
            if begun > 0 {
                transaction.execute("DELETE FROM problems WHERE submission = ?1", [id.0])?;
            }
            Ok(())
        })?;
        if begun == 0 {
            return Ok(Scanned::Over);
        }
        let problem = self.problem();
        let rows = Rows::new(self.counting()?, id.0, paths.len()).map_err(&problem)?;
        let mut scan =
            Scan { rows, unheaded: submission.unheaded, message_bytes, progress: ScanProgress::default() };
        let ended = scan.run(&submission.folder, paths, stop, tell).map_err(problem)?;
        if ended == Scanned::Whole { self.finish_scan(id) } else { Ok(ended) }
    }

    fn finish_scan(&mut self, id: SubmissionId) -> Result<Scanned, QueueProblem> {
        // Nobody but a scan adds rows, so that what is summed up is what there is.
        let review = self.sum_up(id)?;
        let review =
            serde_json::to_string(&review).map_err(|error| QueueProblem::Broken(error.to_string()))?;
        let mut finished = 0;
        self.change(|transaction| {
            finished = transaction.execute(
                "UPDATE submissions SET stage = 'scanned', review = ?2 WHERE id = ?1 AND stage = 'scanning'",
                params![id.0, review],
            )?;
            Ok(())
        })?;
        Ok(if finished > 0 { Scanned::Whole } else { Scanned::Over })
    }
}

struct Scan<'a> {
    rows: Rows<'a>,
    unheaded: Unheaded,
    message_bytes: usize,
    progress: ScanProgress,
}

impl Scan<'_> {
    fn run(
        &mut self,
        folder: &Path,
        paths: &[PathBuf],
        stop: &dyn Fn() -> bool,
        tell: &mut dyn FnMut(ScanProgress),
    ) -> rusqlite::Result<Scanned> {
        for given in paths {
            if given.as_os_str() == STANDARD_INPUT {
                let reason =
                    "standard input cannot be read again after a break; save it as a file and submit that";
                self.unreadable(given, reason);
                continue;
            }
            let named = folder.join(given);
            for found in Walk::new(vec![named.clone()]) {
                let go_on = match found {
                    _ if stop() => Step::Stop,
                    Err(problem) => {
                        self.unreadable(&as_named(&problem.path, &named, given), &problem.reason);
                        Step::GoOn
                    }
                    Ok(path) => self.file(&path, &as_named(&path, &named, given), stop, tell)?,
                };
                tell(self.progress);
                if !self.rows.flush_when_due()? {
                    return Ok(Scanned::Over);
                }
                if matches!(go_on, Step::Stop) {
                    self.rows.flush()?;
                    return Ok(Scanned::Stopped);
                }
            }
        }
        let is_there = self.rows.flush()?;
        tell(self.progress);
        Ok(if is_there { Scanned::Whole } else { Scanned::Over })
    }

    /// Reads one file.
    fn file(
        &mut self,
        path: &Path,
        shown: &Path,
        stop: &dyn Fn() -> bool,
        tell: &mut dyn FnMut(ScanProgress),
    ) -> rusqlite::Result<Step> {
        let (mut file, before) = match files::open_with_facts(path) {
            Ok(opened) => opened,
            Err(reason) => {
                self.unreadable(shown, &reason);
                return Ok(Step::GoOn);
            }
        };
        let mut rows = match self.rows.known(shown, &before)? {
            Known::Read { messages } => {
                self.progress.files += 1;
                self.progress.messages += messages;
                return Ok(Step::GoOn);
            }
            Known::SentInPart => {
                self.unreadable(
                    shown,
                    "was not read to its end when it was looked through before; submit it again",
                );
                return Ok(Step::GoOn);
            }
            Known::Not(rows) => rows,
        };
        let mut splitter = Splitter::with_limit(&mut file, self.message_bytes);
        let mut mismatches = Mismatches::default();
        for piece in splitter.by_ref() {
            match piece {
                Ok(Piece::Wrapper(wrapper)) => mismatches.note(&wrapper),
                Ok(piece) => match self.found(&piece, path, &mut rows) {
                    Ok(found) => self.take(found, &mut rows),
                    Err(reason) => self.unreadable(shown, &reason),
                },
                Err(error) => {
                    self.unreadable(shown, &error.to_string());
                    self.rows.add(rows);
                    return Ok(Step::GoOn);
                }
            }
            if rows.messages.len() >= rows::ROWS_A_COMMIT {
                tell(self.progress);
                let Some(rest) = self.rows.flush_part(rows)? else { return Ok(Step::Stop) };
                rows = rest;
            }
            if stop() {
                self.rows.add(rows);
                return Ok(Step::Stop);
            }
        }
        let summary = splitter.summary();
        if summary.found() == 0 && self.unheaded == Unheaded::Send {
            match self.whole(&mut file, &before) {
                Ok(found) => self.take(Some(found), &mut rows),
                Err(error) => self.unreadable(shown, &error.to_string()),
            }
        }
        rows.end = Some((word(&summary.kind), word(&summary.encoding)));
        if file.metadata().is_ok_and(|after| facts(&after) != facts(&before)) {
            rows.is_unsettled = true;
            self.unreadable(shown, "was written to while it was read; submit it again when it is complete");
        }
        if let Some(reason) = mismatches.in_words() {
            self.rows.problem(shown, ProblemKind::CountsDiffer, &reason);
        }
        self.rows.add(rows);
        self.progress.files += 1;
        self.progress.bytes += summary.bytes;
        Ok(Step::GoOn)
    }

    fn take(&mut self, found: Option<Found>, rows: &mut FileRows) {
        if let Some(found) = found {
            rows.messages.push(found);
            self.progress.messages += 1;
        }
    }

    /// The row of a piece that is a message.
    fn found(&self, piece: &Piece, path: &Path, rows: &mut FileRows) -> Result<Option<Found>, String> {
        let span = piece.span();
        let found = Found {
            span: (span.start, span.end),
            cut: Cut::Span,
            bytes: span.end - span.start,
            digest: None,
            looks_wrong: true,
            refused: None,
        };
        Ok(match piece {
            Piece::Message(message) => {
                let bytes = message.bytes();
                rows.count_sender(&er7::peek_header(bytes));
                Some(Found {
                    bytes: bytes.len() as u64,
                    digest: Some(er7::digest(bytes)),
                    looks_wrong: er7::prepare(bytes).is_err() || !er7::has_usable_delimiters(bytes),
                    ..found
                })
            }
            Piece::Oversize { .. } => Some(Found { refused: Some(too_large(self.message_bytes)), ..found }),
            Piece::Undecodable { .. } if found.bytes > self.message_bytes as u64 => {
                Some(Found { cut: Cut::RawSpan, refused: Some(too_large(self.message_bytes)), ..found })
            }
            // The lake takes it as it is, and says where it is broken.
            Piece::Undecodable { .. } => {
                let bytes = files::open(path).and_then(|mut file| {
                    read_raw(&mut file, &span).map_err(|error| format!("cannot be read: {error}"))
                })?;
                Some(Found { cut: Cut::RawSpan, digest: Some(er7::digest(&bytes)), ..found })
            }
            _ => None,
        })
    }

    /// The file as it is, as one message.
    fn whole(&self, file: &mut File, metadata: &Metadata) -> io::Result<Found> {
        let size = metadata.len();
        let found = Found {
            span: (0, size),
            cut: Cut::WholeFile,
            bytes: size,
            digest: None,
            looks_wrong: true,
            refused: None,
        };
        if size > self.message_bytes as u64 {
            return Ok(Found { refused: Some(too_large(self.message_bytes)), ..found });
        }
        let bytes = read_whole(file, size)?;
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Found { refused: Some("the file is empty".to_owned()), ..found });
        }
        Ok(Found { digest: Some(er7::digest(&bytes)), ..found })
    }

    fn unreadable(&mut self, shown: &Path, reason: &str) {
        self.rows.problem(shown, ProblemKind::Unreadable, reason);
    }
}

enum Step {
    GoOn,
    Stop,
}

/// Trailers of one file that count otherwise than we do.
#[derive(Default)]
struct Mismatches {
    first: Option<Wrapper>,
    more: u64,
}

impl Mismatches {
    fn note(&mut self, wrapper: &Wrapper) {
        if !wrapper.is_mismatch() {
            return;
        }
        if self.first.is_none() {
            self.first = Some(wrapper.clone());
        } else {
            self.more += 1;
        }
    }

    fn in_words(&self) -> Option<String> {
        let first = self.first.as_ref()?;
        let (trailer, what) = match first.kind {
            WrapperKind::FileTrailer => ("file trailer (FTS)", "batches"),
            _ => ("batch trailer (BTS)", "messages"),
        };
        let declared = first.declared?;
        let more = match self.more {
            0 => String::new(),
            1 => ", and one more trailer differs".to_owned(),
            more => format!(", and {more} more trailers differ"),
        };
        Some(format!(
            "its {trailer} says {declared} {what}, and there are {counted}{more}; ask the sender whether something is missing",
            counted = first.counted
        ))
    }
}

/// What tells a file from what it was before: size, time of change, device, inode.
pub(super) fn facts(metadata: &Metadata) -> (i64, i64, Option<i64>, Option<i64>) {
    let size = i64::try_from(metadata.len()).unwrap_or(i64::MAX);
    let since = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let modified = since.and_then(|since| i64::try_from(since.as_nanos()).ok()).unwrap_or_default();
    #[cfg(unix)]
    let (device, inode) = {
        use std::os::unix::fs::MetadataExt;
        (Some(metadata.dev().cast_signed()), Some(metadata.ino().cast_signed()))
    };
    #[cfg(not(unix))]
    let (device, inode) = (None, None);
    (size, modified, device, inode)
}

/// All bytes of a file of this size, from its start; a byte more shows that it has grown.
pub(super) fn read_whole(file: &mut (impl Read + Seek), size: u64) -> io::Result<Vec<u8>> {
    file.rewind()?;
    let mut bytes = Vec::new();
    file.take(size.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == size { Ok(bytes) } else { Err(io::Error::other("its size has changed")) }
}

/// The bytes of a span, as they are.
pub(super) fn read_raw(file: &mut (impl Read + Seek), span: &Range<u64>) -> io::Result<Vec<u8>> {
    let length = span.end.saturating_sub(span.start);
    file.seek(SeekFrom::Start(span.start))?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == length { Ok(bytes) } else { Err(io::Error::other("its size has changed")) }
}

fn too_large(limit: usize) -> String {
    format!("the message is larger than the {limit} bytes that the lake takes")
}

/// The path as the steward would write it: below what was named.
fn as_named(found: &Path, named: &Path, given: &Path) -> PathBuf {
    match found.strip_prefix(named) {
        Ok(rest) if rest.as_os_str().is_empty() => given.to_owned(),
        Ok(rest) => given.join(rest),
        Err(_) => found.to_owned(),
    }
}

/// The word of a unit variant as JSON has it.
fn word(value: &impl Serialize) -> Option<String> {
    serde_json::to_value(value).ok()?.as_str().map(str::to_owned)
}
