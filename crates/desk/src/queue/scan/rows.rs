//! The rows of a scan on their way into the queue's file: gathered while files are read, written in one short commit.

use std::collections::{BTreeMap, HashSet};
use std::fs::Metadata;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::{Cut, facts};
use crate::queue::files::ProblemKind;
use crate::queue::outcome::MessageState;
use crate::queue::submissions::blob_of;
use crate::queue::tally::{FileCount, Tally};

/// So many rows go into one commit.
pub(super) const ROWS_A_COMMIT: usize = 2_000;
/// No commit is put off for longer while files are found.
const COMMIT_EVERY: Duration = Duration::from_millis(500);
/// So many sending systems of a file are counted apart; the rest counts as `other`.
const SENDERS: usize = 1_000;

/// What has been found and is not written yet.
pub(super) struct Rows<'a> {
    connection: &'a Connection,
    submission: i64,
    /// No file of it can be in the queue already: nothing is there, and nothing is named twice.
    is_fresh: bool,
    files: Vec<FileRows>,
    /// Those of `files`, so that a file that is named twice is read once.
    names: HashSet<(Vec<u8>, i64, i64)>,
    problems: Vec<(Vec<u8>, ProblemKind, String)>,
    gathered: usize,
    written_at: Instant,
}

/// A file, and what was found in it since the last commit.
pub(super) struct FileRows {
    path: Vec<u8>,
    size: i64,
    modified: i64,
    device: Option<i64>,
    inode: Option<i64>,
    row: Row,
    /// Messages of it that are written already.
    written: usize,
    pub(super) messages: Vec<Found>,
    senders: BTreeMap<String, u64>,
    /// Its kind and encoding, once it was read to its end.
    pub(super) end: Option<(Option<String>, Option<String>)>,
    /// It changed while it was read: what was found in it is not what is there.
    pub(super) is_unsettled: bool,
}

/// Whether a file has a row in the queue.
#[derive(Clone, Copy)]
enum Row {
    New,
    /// An earlier scan was cut short in it, after so many messages and before anything of it could be sent.
    CutShort(i64, i64),
    /// The part of it before was written by this scan.
    GoesOn(i64),
    /// The folder named it twice, as folders may that change while they are read.
    Twice,
}

/// A message's row before it is written.
pub(super) struct Found {
    pub(super) span: (u64, u64),
    pub(super) cut: Cut,
    pub(super) bytes: u64,
    pub(super) digest: Option<er7::Digest>,
    pub(super) looks_wrong: bool,
    pub(super) refused: Option<String>,
}

/// Whether the submission has a file already.
pub(super) enum Known {
    /// As it is, to its end.
    Read {
        /// Messages in it.
        messages: u64,
    },
    /// Not to its end, and messages of it were sent: what became of them must not be lost.
    SentInPart,
    /// It is to be read.
    Not(FileRows),
}

impl<'a> Rows<'a> {
    /// For a scan of so many paths; on a connection that leaves the counting to us.
    pub(super) fn new(connection: &'a Connection, submission: i64, paths: usize) -> rusqlite::Result<Self> {
        let has_files: bool = connection.query_row(
            "SELECT EXISTS (SELECT 1 FROM files WHERE submission = ?1)",
            [submission],
            |row| row.get(0),
        )?;
        Ok(Self {
            connection,
            submission,
            is_fresh: !has_files && paths == 1,
            files: Vec::new(),
            names: HashSet::new(),
            problems: Vec::new(),
            gathered: 0,
            written_at: Instant::now(),
        })
    }

    /// Looks a file up.
    pub(super) fn known(&self, shown: &Path, metadata: &Metadata) -> rusqlite::Result<Known> {
        let (size, modified, device, inode) = facts(metadata);
        let path = blob_of(shown);
        let name = (path, size, modified);
        if self.names.contains(&name) {
            return Ok(Known::Read { messages: 0 });
        }
        let there = if self.is_fresh { None } else { self.find(&name)? };
        let row = match there {
            Some((_, true, messages, _)) => return Ok(Known::Read { messages: messages.unsigned_abs() }),
            Some((_, false, _, true)) => return Ok(Known::SentInPart),
            Some((row, false, messages, false)) => Row::CutShort(row, messages),
            None => Row::New,
        };
        Ok(Known::Not(FileRows {
            path: name.0,
            size,
            modified,
            device,
            inode,
            row,
            written: 0,
            messages: Vec::new(),
            senders: BTreeMap::new(),
            end: None,
            is_unsettled: false,
        }))
    }

    /// Row, whether it was read to its end, messages, and whether any of them was tried.
    fn find(
        &self,
        (path, size, modified): &(Vec<u8>, i64, i64),
    ) -> rusqlite::Result<Option<(i64, bool, i64, bool)>> {
        self.connection
            .prepare_cached(
                "SELECT id, kind IS NOT NULL, messages,
                        EXISTS (SELECT 1 FROM messages WHERE file = files.id AND tried_at IS NOT NULL)
                 FROM files WHERE submission = ?1 AND path = ?2 AND size = ?3 AND modified = ?4",
            )?
            .query_row(params![self.submission, path, size, modified], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })
            .optional()
    }

    /// Adds a file, or the last part of one.
    pub(super) fn add(&mut self, file: FileRows) {
        self.gathered += file.messages.len() + 1;
        self.names.insert((file.path.clone(), file.size, file.modified));
        self.files.push(file);
    }

    pub(super) fn problem(&mut self, shown: &Path, kind: ProblemKind, reason: &str) {
        self.gathered += 1;
        self.problems.push((blob_of(shown), kind, reason.to_owned()));
    }

    /// Writes what is gathered if that is much, or a while ago; `false` if the submission is over.
    pub(super) fn flush_when_due(&mut self) -> rusqlite::Result<bool> {
        if self.gathered >= ROWS_A_COMMIT || self.written_at.elapsed() > COMMIT_EVERY {
            self.flush()
        } else {
            Ok(true)
        }
    }

    /// Writes what is gathered and a part of a file; returns what the rest of the file is added to, or none if the
    /// submission is over.
    pub(super) fn flush_part(&mut self, part: FileRows) -> rusqlite::Result<Option<FileRows>> {
        self.add(part);
        if !self.write()? {
            return Ok(None);
        }
        let rest = self.files.pop();
        self.clear();
        Ok(rest)
    }

    /// Writes what is gathered; `false` if the submission is over or another program looks through it, and nothing of it is
    /// to be written.
    pub(super) fn flush(&mut self) -> rusqlite::Result<bool> {
        let is_there = self.write()?;
        self.clear();
        Ok(is_there)
    }

    fn clear(&mut self) {
        self.files.clear();
        self.names.clear();
        self.problems.clear();
        self.gathered = 0;
        self.written_at = Instant::now();
    }

    fn write(&mut self) -> rusqlite::Result<bool> {
        let transaction = Transaction::new_unchecked(self.connection, TransactionBehavior::Immediate)?;
        let is_there: bool = transaction
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM submissions WHERE id = ?1 AND stage = 'scanning')")?
            .query_row([self.submission], |row| row.get(0))?;
        if !is_there {
            return Ok(false);
        }
        let mut senders = BTreeMap::<String, u64>::new();
        let mut tally = Tally::default();
        for file in &mut self.files {
            // What was read of the queue before is not true any more: somebody else has gone on with it.
            if !file.is_as_read(&transaction)? {
                return Ok(false);
            }
            file.write(&transaction, self.submission, &mut tally)?;
            // At its end only: a file that was cut short is read from its start again.
            if file.end.is_some() {
                for (name, messages) in std::mem::take(&mut file.senders) {
                    *senders.entry(name).or_default() += messages;
                }
            }
        }
        for (name, messages) in senders {
            transaction
                .prepare_cached(
                    "INSERT INTO senders (submission, name, messages) VALUES (?1, ?2, ?3)
                     ON CONFLICT (submission, name) DO UPDATE SET messages = messages + excluded.messages",
                )?
                .execute(params![self.submission, name, i64::try_from(messages).unwrap_or(i64::MAX)])?;
        }
        for (path, kind, reason) in &self.problems {
            transaction
                .prepare_cached(
                    "INSERT OR IGNORE INTO problems (submission, path, kind, reason) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![self.submission, path, kind.word(), reason])?;
        }
        tally.write(&transaction)?;
        transaction.commit()?;
        Ok(true)
    }
}

impl FileRows {
    pub(super) fn count_sender(&mut self, header: &er7::Header) {
        let parts = [&header.sending_application, &header.sending_facility];
        let name = parts.iter().filter_map(|part| part.as_deref()).collect::<Vec<_>>().join(" / ");
        let name = if name.is_empty() { "not named".to_owned() } else { name };
        let is_known = self.senders.len() < SENDERS || self.senders.contains_key(&name);
        *self.senders.entry(if is_known { name } else { "other".to_owned() }).or_default() += 1;
    }

    /// Whether the file's row, if there was one, is as it was when it was read or written before.
    fn is_as_read(&self, transaction: &Transaction<'_>) -> rusqlite::Result<bool> {
        let (row, messages) = match self.row {
            Row::New | Row::Twice => return Ok(true),
            Row::CutShort(row, messages) => (row, messages),
            Row::GoesOn(row) => (row, i64::try_from(self.written).unwrap_or(i64::MAX)),
        };
        transaction
            .prepare_cached("SELECT 1 FROM files WHERE id = ?1 AND messages = ?2 AND kind IS NULL")?
            .exists([row, messages])
    }

    fn write(
        &mut self,
        transaction: &Transaction<'_>,
        submission: i64,
        tally: &mut Tally,
    ) -> rusqlite::Result<()> {
        let written = self.written;
        self.written += self.messages.len();
        let messages = i64::try_from(self.written).unwrap_or(i64::MAX);
        let (kind, encoding) = self.end.clone().unwrap_or_default();
        let now = FileCount { kind: kind.as_deref(), messages };
        let unread = |messages| Some(FileCount { kind: None, messages });
        let row = match self.row {
            Row::New => {
                // Most files are one message: a row that is whole at once is half the work of one that is changed.
                let added = transaction
                    .prepare_cached(
                        "INSERT INTO files (submission, path, size, modified, device, inode, kind, encoding, messages)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING",
                    )?
                    .execute(params![
                        submission,
                        self.path,
                        self.size,
                        self.modified,
                        self.device,
                        self.inode,
                        kind,
                        encoding,
                        messages
                    ])?;
                if added == 0 {
                    self.row = Row::Twice;
                    self.forget();
                    return Ok(());
                }
                tally.file(submission, None, now);
                transaction.last_insert_rowid()
            }
            Row::GoesOn(row) => {
                tally.file(submission, unread(i64::try_from(written).unwrap_or(i64::MAX)), now);
                change_file(transaction, row, &kind, &encoding, messages)?;
                row
            }
            Row::CutShort(row, before) => {
                let mut drop = transaction
                    .prepare_cached("DELETE FROM messages WHERE file = ?1 RETURNING id, state, staging")?;
                let mut dropped = drop.query([row])?;
                while let Some(message) = dropped.next()? {
                    tally.dropped(submission, message.get(0)?, (message.get(1)?, message.get(2)?));
                }
                tally.file(submission, unread(before), now);
                change_file(transaction, row, &kind, &encoding, messages)?;
                row
            }
            Row::Twice => {
                self.forget();
                return Ok(());
            }
        };
        for (place, found) in self.messages.iter().enumerate() {
            tally.found(
                submission,
                found.write(transaction, submission, row, written + place)?,
                found.state(),
            );
        }
        self.messages.clear();
        self.row = Row::GoesOn(row);
        if self.is_unsettled {
            let mut settle = transaction.prepare_cached(
                "UPDATE messages SET state = ?2, reason = ?3 WHERE file = ?1 AND state = ?4 RETURNING id, staging",
            )?;
            let (waiting, not_sent) = (MessageState::Waiting as i64, MessageState::NotSent);
            let why = "the file was written to while it was read";
            let mut settled = settle.query(params![row, not_sent as i64, why, waiting])?;
            while let Some(message) = settled.next()? {
                tally.moved(submission, message.get(0)?, (waiting, message.get(1)?), not_sent);
            }
        }
        Ok(())
    }

    /// The other one of the same name is in the queue.
    fn forget(&mut self) {
        self.messages.clear();
        self.senders.clear();
    }
}

fn change_file(
    transaction: &Transaction<'_>,
    row: i64,
    kind: &Option<String>,
    encoding: &Option<String>,
    messages: i64,
) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("UPDATE files SET kind = ?2, encoding = ?3, messages = ?4 WHERE id = ?1")?
        .execute(params![row, kind, encoding, messages])?;
    Ok(())
}

impl Found {
    fn state(&self) -> MessageState {
        if self.refused.is_some() { MessageState::Invalid } else { MessageState::Waiting }
    }

    /// Writes it; its row.
    fn write(
        &self,
        transaction: &Transaction<'_>,
        submission: i64,
        file: i64,
        number: usize,
    ) -> rusqlite::Result<i64> {
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        transaction
            .prepare_cached(
                "INSERT INTO messages (submission, file, number, span_start, span_end, whole, bytes, digest, looks_wrong, state, reason)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            )?
            .execute(params![
                submission,
                file,
                whole(number as u64),
                whole(self.span.0),
                whole(self.span.1),
                self.cut as i64,
                whole(self.bytes),
                self.digest.as_ref().map(er7::Digest::as_bytes),
                self.looks_wrong,
                self.state() as i64,
                self.refused,
            ])?;
        Ok(transaction.last_insert_rowid())
    }
}
