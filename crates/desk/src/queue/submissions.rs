//! Submissions as the queue keeps them: begun, counted, listed, taken up again.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use lake::{MessageId, Source};
use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;

use super::outcome::{Counts, Line, MessageState};
use super::scan::{Intake, Unheaded};
use super::store::{Queue, QueueProblem};

/// Which submission of this home.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct SubmissionId(pub i64);

/// How far a submission has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Files are being looked through, or were when the program ended.
    Scanning,
    /// Every message is in the queue.
    Scanned,
    /// Every message has its outcome for good.
    Ended,
    /// The steward called it off.
    Cancelled,
}

/// One submission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Submission {
    /// Its number in this home.
    pub id: SubmissionId,
    /// The lake, by its local name.
    pub lake: String,
    /// The institution it goes to; none where the sender had no right, or the lake was out of reach.
    pub source: Option<Source>,
    /// When it was begun.
    pub begun_at: Timestamp,
    /// When it came to its end.
    pub ended_at: Option<Timestamp>,
    /// How far it has come.
    pub stage: Stage,
    /// What was named.
    pub paths: Vec<String>,
    /// What became of its messages.
    #[serde(flatten)]
    pub counts: Counts,
    /// Messages that taking it up again can change.
    pub unfinished: u64,
    /// Where the lake answered.
    #[serde(skip)]
    pub front_door: String,
    /// What relative paths are relative to.
    #[serde(skip)]
    pub folder: PathBuf,
    /// What was to be done with files without any MSH.
    #[serde(skip)]
    pub unheaded: Unheaded,
    /// The message that is replaced.
    #[serde(skip)]
    pub replaces: Option<MessageId>,
}

/// One file of a submission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileLine {
    /// The file as it was named or found.
    pub file: String,
    /// What sort of file; none where it was not read to its end.
    pub kind: Option<String>,
    /// Messages in it.
    pub messages: u64,
}

/// Something about a file or folder of a submission that the steward should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileProblem {
    /// The file or folder as it was named or found.
    pub file: String,
    /// What sort of problem.
    pub kind: ProblemKind,
    /// What is the matter and what to do, in plain words.
    pub reason: String,
}

/// What sort of problem a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// It could not be read, or not as a whole.
    Unreadable,
    /// It was read, but a batch or file trailer (BTS-1, FTS-1) counts otherwise than what is there.
    CountsDiffer,
}

const SUBMISSION: &str = "SELECT id, lake, source, begun_at, ended_at, stage, paths, front_door, folder, send_anyway, replaces FROM submissions";

impl Queue {
    /// One submission.
    pub fn submission(&self, id: SubmissionId) -> Result<Submission, QueueProblem> {
        let problem = self.problem();
        let found = self
            .connection
            .query_row(&format!("{SUBMISSION} WHERE id = ?1"), [id.0], read_submission)
            .optional()
            .map_err(&problem)?;
        let mut submission = found.ok_or(QueueProblem::Unknown(id.0))?;
        (submission.counts, submission.unfinished) = self.counted(id)?;
        Ok(submission)
    }

    /// The submissions older than `before`, newest first, at most `limit`.
    pub fn submissions(
        &self,
        before: Option<SubmissionId>,
        limit: usize,
    ) -> Result<Vec<Submission>, QueueProblem> {
        let problem = self.problem();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let before = before.map_or(i64::MAX, |id| id.0);
        let ids: Vec<i64> = self
            .connection
            .prepare_cached("SELECT id FROM submissions WHERE id < ?1 ORDER BY id DESC LIMIT ?2")
            .and_then(|mut statement| statement.query_map([before, limit], |row| row.get(0))?.collect())
            .map_err(&problem)?;
        ids.into_iter().map(|id| self.submission(SubmissionId(id))).collect()
    }

    /// The submissions to this lake that did not come to their end, oldest first.
    pub fn unfinished(&self, lake: &str, front_door: &str) -> Result<Vec<Submission>, QueueProblem> {
        let ids: Vec<i64> = self
            .connection
            .prepare_cached(
                "SELECT id FROM submissions WHERE lake = ?1 AND front_door = ?2 AND stage IN ('scanning', 'scanned') ORDER BY id",
            )
            .and_then(|mut statement| {
                statement.query_map(params![lake, front_door], |row| row.get(0))?.collect()
            })
            .map_err(self.problem())?;
        ids.into_iter().map(|id| self.submission(SubmissionId(id))).collect()
    }

    /// Begins a submission; nothing is read yet.
    pub fn begin(&mut self, intake: &Intake, at: Timestamp) -> Result<SubmissionId, QueueProblem> {
        let paths = serde_json::to_string(&intake.shown_paths())
            .map_err(|error| QueueProblem::Broken(error.to_string()))?;
        self.connection
            .execute(
                "INSERT INTO submissions (lake, front_door, source, folder, paths, send_anyway, replaces, begun_at, stage)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'scanning')",
                params![
                    intake.lake,
                    intake.front_door,
                    intake.source.as_ref().map(Source::as_str),
                    blob_of(&intake.folder),
                    paths,
                    i64::from(intake.unheaded == Unheaded::Send),
                    intake.replaces.map(|id| id.to_string()),
                    at.as_millisecond(),
                ],
            )
            .map_err(self.problem())?;
        Ok(SubmissionId(self.connection.last_insert_rowid()))
    }

    /// Says for which institution a submission is that was begun while that was not known.
    pub fn goes_to(&mut self, id: SubmissionId, source: Option<&Source>) -> Result<(), QueueProblem> {
        self.connection
            .execute(
                "UPDATE submissions SET source = ?2 WHERE id = ?1 AND source IS NULL",
                params![id.0, source.map(Source::as_str)],
            )
            .map_err(self.problem())?;
        Ok(())
    }

    /// Calls a submission off: what was not tried stays not sent. What is unconfirmed stays so.
    pub fn cancel(&mut self, id: SubmissionId, at: Timestamp) -> Result<(), QueueProblem> {
        let problem = self.problem();
        let transaction = self.connection.transaction().map_err(&problem)?;
        transaction
            .execute(
                "UPDATE messages SET state = ?2, reason = 'the submission was called off' WHERE submission = ?1 AND state IN (?3, ?4)",
                params![
                    id.0,
                    MessageState::NotSent as i64,
                    MessageState::Waiting as i64,
                    MessageState::NotSentYet as i64
                ],
            )
            .map_err(&problem)?;
        let changed = transaction
            .execute(
                "UPDATE submissions SET stage = 'cancelled', ended_at = ?2 WHERE id = ?1 AND stage IN ('scanning', 'scanned')",
                params![id.0, at.as_millisecond()],
            )
            .map_err(&problem)?;
        transaction.commit().map_err(&problem)?;
        if changed == 0 { self.submission(id).map(drop) } else { Ok(()) }
    }

    /// The counts of a submission, checked: what was found in files is what is accounted for. With them, how many
    /// messages taking it up again can change.
    pub fn counted(&self, id: SubmissionId) -> Result<(Counts, u64), QueueProblem> {
        let problem = self.problem();
        let mut counts = Counts::default();
        let mut open = 0;
        let states: Vec<(i64, i64)> = self
            .connection
            .prepare_cached("SELECT state, count(*) FROM messages WHERE submission = ?1 GROUP BY state")
            .and_then(|mut statement| {
                statement.query_map([id.0], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
            })
            .map_err(&problem)?;
        for (number, messages) in states {
            let messages = u64::try_from(messages).unwrap_or_default();
            let Some(state) = MessageState::of(number) else { continue };
            counts.add(state, messages);
            open += if state.is_open() { messages } else { 0 };
        }
        let (files, not_hl7, found): (i64, i64, i64) = self
            .connection
            .prepare_cached(
                "SELECT count(*), coalesce(sum(kind = 'not-hl7' AND messages = 0), 0), coalesce(sum(messages), 0)
                 FROM files WHERE submission = ?1",
            )
            .and_then(|mut statement| {
                statement.query_row([id.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            })
            .map_err(&problem)?;
        counts.files = files.unsigned_abs();
        counts.not_hl7 = not_hl7.unsigned_abs();
        counts.found = found.unsigned_abs();
        if counts.found != counts.accounted() {
            return Err(QueueProblem::DoesNotAddUp { found: counts.found, accounted: counts.accounted() });
        }
        Ok((counts, open))
    }

    /// The messages of a submission after row `after`, in the order of files, at most `limit`.
    pub fn lines(&self, id: SubmissionId, after: i64, limit: usize) -> Result<Vec<Line>, QueueProblem> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.connection
            .prepare_cached(
                "SELECT messages.id, path, number, span_start, span_end, state, message_id, digest, reason, received_at
                 FROM messages JOIN files ON files.id = messages.file
                 WHERE messages.submission = ?1 AND messages.id > ?2 ORDER BY messages.id LIMIT ?3",
            )
            .and_then(|mut statement| {
                statement.query_map([id.0, after, limit], |row| read_line(row, id))?.collect()
            })
            .map_err(self.problem())
    }

    /// The files of a submission without any message, at most `limit`.
    pub fn files_without_messages(
        &self,
        id: SubmissionId,
        limit: usize,
    ) -> Result<Vec<FileLine>, QueueProblem> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let read = |row: &Row<'_>| {
            Ok(FileLine { file: shown(&row.get::<_, Vec<u8>>(0)?), kind: row.get(1)?, messages: 0 })
        };
        self.connection
            .prepare_cached(
                "SELECT path, kind FROM files WHERE submission = ?1 AND messages = 0 ORDER BY id LIMIT ?2",
            )
            .and_then(|mut statement| statement.query_map([id.0, limit], read)?.collect())
            .map_err(self.problem())
    }

    /// What could not be read: paths and reasons, at most `limit`.
    pub fn problems(&self, id: SubmissionId, limit: usize) -> Result<Vec<(String, String)>, QueueProblem> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let read = |row: &Row<'_>| Ok((shown(&row.get::<_, Vec<u8>>(0)?), row.get(1)?));
        self.connection
            .prepare_cached("SELECT path, reason FROM problems WHERE submission = ?1 ORDER BY path LIMIT ?2")
            .and_then(|mut statement| statement.query_map([id.0, limit], read)?.collect())
            .map_err(self.problem())
    }
}

fn read_submission(row: &Row<'_>) -> rusqlite::Result<Submission> {
    let stage: String = row.get(5)?;
    let paths: String = row.get(6)?;
    let source: Option<String> = row.get(2)?;
    let replaces: Option<String> = row.get(10)?;
    Ok(Submission {
        id: SubmissionId(row.get(0)?),
        lake: row.get(1)?,
        source: source.and_then(|source| Source::parse(&source).ok()),
        begun_at: time(row.get(3)?),
        ended_at: row.get::<_, Option<i64>>(4)?.map(time),
        stage: match stage.as_str() {
            "scanning" => Stage::Scanning,
            "scanned" => Stage::Scanned,
            "cancelled" => Stage::Cancelled,
            _ => Stage::Ended,
        },
        paths: serde_json::from_str(&paths).unwrap_or_default(),
        counts: Counts::default(),
        unfinished: 0,
        front_door: row.get(7)?,
        folder: path_of(&row.get::<_, Vec<u8>>(8)?),
        unheaded: if row.get::<_, bool>(9)? { Unheaded::Send } else { Unheaded::LeaveOut },
        replaces: replaces.and_then(|id| MessageId::parse(&id).ok()),
    })
}

fn read_line(row: &Row<'_>, submission: SubmissionId) -> rusqlite::Result<Line> {
    let state = MessageState::of(row.get(5)?).unwrap_or(MessageState::Unconfirmed);
    let message_id: Option<String> = row.get(6)?;
    let usual = if state == MessageState::Waiting { "not sent yet" } else { "" };
    Ok(Line {
        row: row.get(0)?,
        file: shown(&row.get::<_, Vec<u8>>(1)?),
        index: row.get::<_, i64>(2)?.unsigned_abs(),
        span: (row.get::<_, i64>(3)?.unsigned_abs(), row.get::<_, i64>(4)?.unsigned_abs()),
        outcome: state.word(),
        message_id: message_id.and_then(|id| MessageId::parse(&id).ok()),
        digest: row.get::<_, Option<[u8; 32]>>(7)?.map(er7::Digest::from_bytes),
        reason: row.get::<_, Option<String>>(8)?.unwrap_or_else(|| usual.to_owned()),
        next_step: state.next_step(),
        received_at: row.get::<_, Option<i64>>(9)?.map(time),
        submission: submission.0,
        state,
        staging: None,
    })
}

/// Milliseconds as a time; what cannot be one is the beginning of time.
pub(super) fn time(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// A path as bytes, so that any name that a file can have is kept.
pub(super) fn blob_of(path: &Path) -> Vec<u8> {
    #[cfg(unix)]
    {
        std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()).to_vec()
    }
    #[cfg(not(unix))]
    {
        path.to_string_lossy().into_owned().into_bytes()
    }
}

/// The path of these bytes.
pub(super) fn path_of(blob: &[u8]) -> PathBuf {
    #[cfg(unix)]
    {
        PathBuf::from(std::ffi::OsString::from(
            <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(blob),
        ))
    }
    #[cfg(not(unix))]
    {
        PathBuf::from(String::from_utf8_lossy(blob).into_owned())
    }
}

fn shown(blob: &[u8]) -> String {
    String::from_utf8_lossy(blob).into_owned()
}
