//! Looking through files and folders: every message gets a row in the queue, before any is sent.

use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, UNIX_EPOCH};

use er7::split::{Piece, Splitter, Summary};
use lake::{MessageId, Source};
use rusqlite::{Connection, OptionalExtension, params};

use super::outcome::MessageState;
use super::store::{Queue, QueueProblem};
use super::submissions::{SubmissionId, blob_of};
use crate::files::{self, Problem, STANDARD_INPUT, Walk};

/// So many rows go into one commit.
const ROWS_A_COMMIT: usize = 2_000;
/// No commit is put off for longer.
const COMMIT_EVERY: Duration = Duration::from_millis(500);
/// So many sending systems are counted apart; the rest counts as `other`.
const SENDERS: usize = 1_000;

/// What to do with a file that has no message header in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unheaded {
    /// List it, do not send it.
    LeaveOut,
    /// Send the whole file as one message.
    Send,
}

/// What a steward hands over.
#[derive(Clone, Debug)]
pub struct Intake {
    /// The lake, by its local name.
    pub lake: String,
    /// Where it answers.
    pub front_door: String,
    /// The institution it goes to, as the session says now; none where it has no right, or does not answer.
    pub source: Option<Source>,
    /// What relative paths are relative to.
    pub folder: PathBuf,
    /// Files and folders.
    pub paths: Vec<PathBuf>,
    /// What to do with files without a message header.
    pub unheaded: Unheaded,
    /// The message that is replaced.
    pub replaces: Option<MessageId>,
}

impl Intake {
    /// The paths as text.
    pub fn shown_paths(&self) -> Vec<String> {
        self.paths.iter().map(|path| path.to_string_lossy().into_owned()).collect()
    }
}

/// How far a scan has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct ScanProgress {
    /// Files looked through.
    pub files: u64,
    /// Messages found.
    pub messages: u64,
    /// Bytes read.
    pub bytes: u64,
}

impl Queue {
    /// Looks through the files and folders of a submission. Files that it has already and that have not changed since are
    /// not read again, so that a scan that was cut short, or is repeated, adds what is new. Ends early, to be taken up
    /// again, when `stop` says so; then `false` is returned and nothing may be sent yet.
    pub fn scan(
        &mut self,
        id: SubmissionId,
        paths: &[PathBuf],
        message_bytes: usize,
        stop: &dyn Fn() -> bool,
        tell: &mut dyn FnMut(ScanProgress),
    ) -> Result<bool, QueueProblem> {
        let submission = self.submission(id)?;
        let problem = self.problem();
        self.connection
            .execute("UPDATE submissions SET stage = 'scanning', ended_at = NULL WHERE id = ?1", [id.0])
            .map_err(&problem)?;
        let mut scan = Scan {
            connection: &self.connection,
            submission: id.0,
            unheaded: submission.unheaded,
            message_bytes,
            senders: BTreeMap::new(),
            uncommitted: 0,
            committed_at: Instant::now(),
            progress: ScanProgress::default(),
        };
        let finished = scan.run(&submission.folder, paths, stop, tell);
        if finished.is_err() && !self.connection.is_autocommit() {
            // The disk may be full: what was committed before holds.
            drop(self.connection.execute_batch("ROLLBACK"));
        }
        finished.map_err(problem)
    }
}

struct Scan<'a> {
    connection: &'a Connection,
    submission: i64,
    unheaded: Unheaded,
    message_bytes: usize,
    senders: BTreeMap<String, u64>,
    uncommitted: usize,
    committed_at: Instant,
    progress: ScanProgress,
}

/// A message's row before it is written.
struct Found {
    span: (u64, u64),
    whole: bool,
    bytes: u64,
    digest: Option<er7::Digest>,
    looks_wrong: bool,
    refused: Option<String>,
}

impl Scan<'_> {
    fn run(
        &mut self,
        folder: &Path,
        paths: &[PathBuf],
        stop: &dyn Fn() -> bool,
        tell: &mut dyn FnMut(ScanProgress),
    ) -> rusqlite::Result<bool> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        self.connection.execute("DELETE FROM problems WHERE submission = ?1", [self.submission])?;
        let named: Vec<PathBuf> = paths.iter().map(|path| folder.join(path)).collect();
        let has_stopped = |scan: &mut Self| -> rusqlite::Result<bool> {
            scan.write_senders()?;
            scan.connection.execute_batch("COMMIT")?;
            Ok(false)
        };
        for (given, named) in paths.iter().zip(named) {
            if given.as_os_str() == STANDARD_INPUT {
                let reason =
                    "standard input cannot be read again after a break; save it as a file and submit that";
                self.problem(&Problem::new(given, reason))?;
                continue;
            }
            for found in Walk::new(vec![named.clone()]) {
                if stop() {
                    return has_stopped(self);
                }
                match found {
                    Err(problem) => {
                        let path = as_named(&problem.path, &named, given);
                        self.problem(&Problem { path, ..problem })?;
                    }
                    Ok(path) => {
                        if !self.file(&path, &as_named(&path, &named, given), stop)? {
                            return has_stopped(self);
                        }
                    }
                }
                tell(self.progress);
            }
        }
        self.write_senders()?;
        self.connection
            .execute("UPDATE submissions SET stage = 'scanned' WHERE id = ?1", [self.submission])?;
        self.connection.execute_batch("COMMIT")?;
        tell(self.progress);
        Ok(true)
    }

    /// Reads one file; `false` when stopped in the middle of it.
    fn file(&mut self, path: &Path, shown: &Path, stop: &dyn Fn() -> bool) -> rusqlite::Result<bool> {
        let mut file = match files::open(path) {
            Ok(file) => file,
            Err(reason) => return self.problem(&Problem::new(shown, reason)).map(|()| true),
        };
        let before = match file.metadata() {
            Ok(before) => before,
            Err(error) => return self.problem(&Problem::new(shown, error.to_string())).map(|()| true),
        };
        let Some(row) = self.begin_file(shown, &before)? else { return Ok(true) };
        let mut splitter = Splitter::with_limit(&mut file, self.message_bytes);
        let mut number = 0;
        for piece in splitter.by_ref() {
            match piece {
                Ok(piece) => {
                    if let Some(found) = self.found(&piece) {
                        self.message(row, number, &found)?;
                        number += 1;
                    }
                }
                Err(error) => {
                    self.end_file(row, None, number)?;
                    return self.problem(&Problem::new(shown, error.to_string())).map(|()| true);
                }
            }
            if self.uncommitted >= ROWS_A_COMMIT || self.committed_at.elapsed() > COMMIT_EVERY {
                self.end_file(row, None, number)?;
                self.commit()?;
            }
            if stop() {
                self.end_file(row, None, number)?;
                return Ok(false);
            }
        }
        let summary = splitter.summary();
        if summary.found() == 0 && self.unheaded == Unheaded::Send {
            match self.whole(&mut file, &before) {
                Ok(found) => {
                    self.message(row, number, &found)?;
                    number += 1;
                }
                Err(error) => self.problem(&Problem::new(shown, error.to_string()))?,
            }
        }
        self.end_file(row, Some(&summary), number)?;
        if file.metadata().is_ok_and(|after| facts(&after) != facts(&before)) {
            self.unsettled(row)?;
            let reason = "was written to while it was read; submit it again when it is complete";
            self.problem(&Problem::new(shown, reason))?;
        }
        self.progress.files += 1;
        self.progress.bytes += summary.bytes;
        Ok(true)
    }

    /// A row for the file; `None` if the submission has read it already as it is.
    fn begin_file(&mut self, shown: &Path, metadata: &Metadata) -> rusqlite::Result<Option<i64>> {
        let (size, modified, device, inode) = facts(metadata);
        let path = blob_of(shown);
        let there: Option<(i64, bool)> = self
            .connection
            .prepare_cached(
                "SELECT id, kind IS NOT NULL FROM files WHERE submission = ?1 AND path = ?2 AND size = ?3 AND modified = ?4",
            )?
            .query_row(params![self.submission, path, size, modified], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        match there {
            Some((_, true)) => Ok(None),
            Some((row, false)) => {
                // Cut short before anything of it could be sent.
                self.connection.prepare_cached("DELETE FROM messages WHERE file = ?1")?.execute([row])?;
                Ok(Some(row))
            }
            None => {
                self.connection
                    .prepare_cached(
                        "INSERT INTO files (submission, path, size, modified, device, inode) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    )?
                    .execute(params![self.submission, path, size, modified, device, inode])?;
                self.uncommitted += 1;
                Ok(Some(self.connection.last_insert_rowid()))
            }
        }
    }

    fn end_file(&mut self, row: i64, summary: Option<&Summary>, messages: i64) -> rusqlite::Result<()> {
        let kind = summary.map(|summary| word(&summary.kind));
        let encoding = summary.map(|summary| word(&summary.encoding));
        self.connection
            .prepare_cached("UPDATE files SET kind = ?2, encoding = ?3, messages = ?4 WHERE id = ?1")?
            .execute(params![row, kind, encoding, messages])?;
        Ok(())
    }

    fn found(&mut self, piece: &Piece) -> Option<Found> {
        let span = piece.span();
        let found = Found {
            span: (span.start, span.end),
            whole: false,
            bytes: 0,
            digest: None,
            looks_wrong: true,
            refused: None,
        };
        match piece {
            Piece::Message(message) => {
                let bytes = message.bytes();
                self.count_sender(&er7::peek_header(bytes));
                Some(Found {
                    bytes: bytes.len() as u64,
                    digest: Some(er7::digest(bytes)),
                    looks_wrong: er7::prepare(bytes).is_err(),
                    ..found
                })
            }
            Piece::Oversize { span } => Some(Found {
                bytes: span.end - span.start,
                refused: Some(too_large(self.message_bytes)),
                ..found
            }),
            Piece::Undecodable { at, .. } => Some(Found {
                bytes: span.end - span.start,
                refused: Some(format!("the text is broken at byte {at} of the file")),
                ..found
            }),
            _ => None,
        }
    }

    /// The file as it is, as one message.
    fn whole(&self, file: &mut File, metadata: &Metadata) -> io::Result<Found> {
        let size = metadata.len();
        let found = Found {
            span: (0, size),
            whole: true,
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

    fn message(&mut self, file: i64, number: i64, found: &Found) -> rusqlite::Result<()> {
        let state = if found.refused.is_some() { MessageState::Invalid } else { MessageState::Waiting };
        self.connection
            .prepare_cached(
                "INSERT INTO messages (submission, file, number, span_start, span_end, whole, bytes, digest, looks_wrong, state, reason)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            )?
            .execute(params![
                self.submission,
                file,
                number,
                i64::try_from(found.span.0).unwrap_or(i64::MAX),
                i64::try_from(found.span.1).unwrap_or(i64::MAX),
                found.whole,
                i64::try_from(found.bytes).unwrap_or(i64::MAX),
                found.digest.as_ref().map(er7::Digest::as_bytes),
                found.looks_wrong,
                state as i64,
                found.refused,
            ])?;
        self.uncommitted += 1;
        self.progress.messages += 1;
        Ok(())
    }

    /// The file changed while it was read: what was found in it is not what is there.
    fn unsettled(&mut self, file: i64) -> rusqlite::Result<()> {
        self.connection
            .prepare_cached("UPDATE messages SET state = ?2, reason = ?3 WHERE file = ?1 AND state = ?4")?
            .execute(params![
                file,
                MessageState::NotSent as i64,
                "the file was written to while it was read",
                MessageState::Waiting as i64
            ])?;
        Ok(())
    }

    fn problem(&mut self, problem: &Problem) -> rusqlite::Result<()> {
        self.connection
            .prepare_cached("INSERT OR IGNORE INTO problems (submission, path, reason) VALUES (?1, ?2, ?3)")?
            .execute(params![self.submission, blob_of(&problem.path), problem.reason])?;
        self.uncommitted += 1;
        Ok(())
    }

    fn count_sender(&mut self, header: &er7::Header) {
        let parts = [&header.sending_application, &header.sending_facility];
        let name = parts.iter().filter_map(|part| part.as_deref()).collect::<Vec<_>>().join(" / ");
        let name = if name.is_empty() { "not named".to_owned() } else { name };
        let is_known = self.senders.len() < SENDERS || self.senders.contains_key(&name);
        *self.senders.entry(if is_known { name } else { "other".to_owned() }).or_default() += 1;
    }

    fn write_senders(&mut self) -> rusqlite::Result<()> {
        for (name, messages) in std::mem::take(&mut self.senders) {
            self.connection
                .prepare_cached(
                    "INSERT INTO senders (submission, name, messages) VALUES (?1, ?2, ?3)
                     ON CONFLICT (submission, name) DO UPDATE SET messages = messages + excluded.messages",
                )?
                .execute(params![self.submission, name, i64::try_from(messages).unwrap_or(i64::MAX)])?;
        }
        Ok(())
    }

    fn commit(&mut self) -> rusqlite::Result<()> {
        self.connection.execute_batch("COMMIT; BEGIN IMMEDIATE")?;
        self.uncommitted = 0;
        self.committed_at = Instant::now();
        Ok(())
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
pub(super) fn read_whole(file: &mut File, size: u64) -> io::Result<Vec<u8>> {
    file.rewind()?;
    let mut bytes = Vec::new();
    file.take(size.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == size { Ok(bytes) } else { Err(io::Error::other("its size has changed")) }
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
fn word(value: &impl serde::Serialize) -> Option<String> {
    serde_json::to_value(value).ok()?.as_str().map(str::to_owned)
}
