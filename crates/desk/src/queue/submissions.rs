//! Submissions as the queue keeps them: begun, held, listed, called off, forgotten.

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use lake::{MessageId, Source};
use rusqlite::{OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use super::intake::{Intake, Unheaded};
use super::outcome::{Counts, MessageState};
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

/// Why nothing of a submission is sent although it could be. No drainer of any program hands over a message of one that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Held {
    /// The steward has not said yes yet.
    Review,
    /// The steward paused it in the window.
    Paused,
    /// The steward stopped the command line while that sent it; its next run goes on.
    Stopped,
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
    /// Why it is not sent now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
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
    /// What was named, as the system names it.
    #[serde(skip)]
    pub named: Vec<PathBuf>,
    /// What was to be done with files without any MSH.
    #[serde(skip)]
    pub unheaded: Unheaded,
    /// The message that is replaced.
    #[serde(skip)]
    pub replaces: Option<MessageId>,
    /// The largest message that the lake takes, in bytes, where that was known when it was begun.
    #[serde(skip)]
    pub message_bytes: Option<usize>,
}

/// What is kept of submissions that came to their end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// So many, the newest.
    pub newest: usize,
    /// Those that ended no longer ago.
    pub no_longer_than: SignedDuration,
}

impl Default for Keep {
    /// The 1,000 newest, two years.
    fn default() -> Self {
        Self { newest: 1_000, no_longer_than: SignedDuration::from_hours(2 * 365 * 24) }
    }
}

const SUBMISSION: &str = "SELECT id, lake, source, begun_at, ended_at, stage, paths, front_door, folder, send_anyway, replaces, held, message_bytes FROM submissions";

/// A path as it is kept: as text where it is text, by its bytes where it is not.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum NamedPath {
    Text(String),
    Bytes(Vec<u8>),
}

impl Queue {
    /// One submission, its account checked.
    pub fn submission(&self, id: SubmissionId) -> Result<Submission, QueueProblem> {
        let mut submission = self.uncounted(id)?;
        (submission.counts, submission.unfinished) = self.counted(id)?;
        Ok(submission)
    }

    /// One submission of a list.
    fn listed(&self, id: SubmissionId) -> Result<Submission, QueueProblem> {
        let mut submission = self.uncounted(id)?;
        let standing = self.standing_unchecked(id)?;
        (submission.counts, submission.unfinished) = (standing.counts, standing.open);
        Ok(submission)
    }

    fn uncounted(&self, id: SubmissionId) -> Result<Submission, QueueProblem> {
        let problem = self.problem();
        let found = self
            .connection
            .prepare_cached(&format!("{SUBMISSION} WHERE id = ?1"))
            .and_then(|mut statement| statement.query_row([id.0], read_submission).optional())
            .map_err(&problem)?;
        found.ok_or(QueueProblem::Unknown(id.0))
    }

    /// The submissions older than `before`, newest first, at most `limit`.
    pub fn submissions(
        &self,
        before: Option<SubmissionId>,
        limit: usize,
    ) -> Result<Vec<Submission>, QueueProblem> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let before = before.map_or(i64::MAX, |id| id.0);
        let ids: Vec<i64> = self
            .connection
            .prepare_cached("SELECT id FROM submissions WHERE id < ?1 ORDER BY id DESC LIMIT ?2")
            .and_then(|mut statement| statement.query_map([before, limit], |row| row.get(0))?.collect())
            .map_err(self.problem())?;
        ids.into_iter().map(|id| self.listed(SubmissionId(id))).collect()
    }

    /// The submissions to this lake that did not come to their end, held ones among them, oldest first.
    pub fn unfinished(&self, lake: &str, front_door: &str) -> Result<Vec<Submission>, QueueProblem> {
        let mut unfinished = self.all_unfinished()?;
        unfinished.retain(|submission| submission.lake == lake && submission.front_door == front_door);
        Ok(unfinished)
    }

    /// The submissions to any lake that did not come to their end, oldest first.
    pub fn all_unfinished(&self) -> Result<Vec<Submission>, QueueProblem> {
        let ids: Vec<i64> = self
            .connection
            .prepare_cached("SELECT id FROM submissions WHERE stage IN ('scanning', 'scanned') ORDER BY id")
            .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
            .map_err(self.problem())?;
        ids.into_iter().map(|id| self.listed(SubmissionId(id))).collect()
    }

    /// The submissions that were called off after `since` and of which some messages are unconfirmed, oldest first.
    pub fn called_off_in_doubt(&self, since: Timestamp) -> Result<Vec<Submission>, QueueProblem> {
        let ids: Vec<i64> = self
            .connection
            .prepare_cached(
                "SELECT id FROM submissions WHERE stage = 'cancelled' AND ended_at > ?1 AND EXISTS
                   (SELECT 1 FROM messages WHERE submission = submissions.id AND state IN (1, 8)) ORDER BY id",
            )
            .and_then(|mut statement| {
                statement.query_map([since.as_millisecond()], |row| row.get(0))?.collect()
            })
            .map_err(self.problem())?;
        ids.into_iter().map(|id| self.listed(SubmissionId(id))).collect()
    }

    /// Begins a submission; nothing is read yet.
    pub fn begin(&mut self, intake: &Intake, at: Timestamp) -> Result<SubmissionId, QueueProblem> {
        self.insert(intake, None, None, at)
    }

    /// Begins a submission of which nothing is sent before [`Queue::let_go`]; nothing is read yet.
    pub fn begin_for_review(
        &mut self,
        intake: &Intake,
        message_bytes: usize,
        at: Timestamp,
    ) -> Result<SubmissionId, QueueProblem> {
        self.insert(intake, Some(Held::Review), Some(message_bytes), at)
    }

    fn insert(
        &mut self,
        intake: &Intake,
        held: Option<Held>,
        message_bytes: Option<usize>,
        at: Timestamp,
    ) -> Result<SubmissionId, QueueProblem> {
        let paths = intake.paths.iter().map(|path| named(path)).collect::<Vec<_>>();
        let paths = serde_json::to_string(&paths).map_err(|error| QueueProblem::Broken(error.to_string()))?;
        self.connection
            .execute(
                "INSERT INTO submissions (lake, front_door, source, folder, paths, send_anyway, replaces, begun_at, stage, held, message_bytes)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'scanning', ?9, ?10)",
                params![
                    intake.lake,
                    intake.front_door,
                    intake.source.as_ref().map(Source::as_str),
                    blob_of(&intake.folder),
                    paths,
                    i64::from(intake.unheaded == Unheaded::Send),
                    intake.replaces.map(|id| id.to_string()),
                    at.as_millisecond(),
                    held.map(Held::word),
                    message_bytes.and_then(|bytes| i64::try_from(bytes).ok()),
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

    /// Holds a submission that has not come to its end, for this reason; durable. One that is held already keeps its
    /// reason.
    pub fn hold(&mut self, id: SubmissionId, why: Held) -> Result<(), QueueProblem> {
        self.connection
            .execute(
                "UPDATE submissions SET held = ?2 WHERE id = ?1 AND held IS NULL AND stage IN ('scanning', 'scanned')",
                params![id.0, why.word()],
            )
            .map_err(self.problem())?;
        Ok(())
    }

    /// Lets a submission be sent.
    pub fn let_go(&mut self, id: SubmissionId) -> Result<(), QueueProblem> {
        self.connection
            .execute("UPDATE submissions SET held = NULL WHERE id = ?1", [id.0])
            .map_err(self.problem())?;
        Ok(())
    }

    /// Calls a submission off: what was not tried stays not sent. What is unconfirmed stays so. Nothing changes after its
    /// end.
    pub fn cancel(&mut self, id: SubmissionId, at: Timestamp) -> Result<(), QueueProblem> {
        let mut changed = 0;
        self.change(|transaction| {
            changed = transaction.execute(
                "UPDATE submissions SET stage = 'cancelled', ended_at = ?2, held = NULL WHERE id = ?1 AND stage IN ('scanning', 'scanned')",
                params![id.0, at.as_millisecond()],
            )?;
            if changed > 0 { call_off_messages(transaction, id) } else { Ok(()) }
        })?;
        if changed == 0 { self.submission(id).map(drop) } else { Ok(()) }
    }

    /// Forgets submissions that came to their end and are neither among the newest nor young enough; their messages are
    /// in the lake or not, this computer then does not know of them any more. What has not come to its end stays. Returns
    /// how many went.
    pub fn forget_old(&mut self, keep: Keep, now: Timestamp) -> Result<usize, QueueProblem> {
        let newest = i64::try_from(keep.newest).unwrap_or(i64::MAX);
        let oldest = now.checked_sub(keep.no_longer_than).unwrap_or(Timestamp::MIN);
        let old: Vec<i64> = self
            .connection
            .prepare_cached(
                "SELECT id FROM submissions WHERE stage IN ('ended', 'cancelled') AND
                   (coalesce(ended_at, begun_at) < ?2 OR id NOT IN
                     (SELECT id FROM submissions WHERE stage IN ('ended', 'cancelled') ORDER BY id DESC LIMIT ?1))",
            )
            .and_then(|mut statement| {
                statement.query_map([newest, oldest.as_millisecond()], |row| row.get(0))?.collect()
            })
            .map_err(self.problem())?;
        // One at a time, so that others can write in between.
        for id in &old {
            self.connection.execute("DELETE FROM submissions WHERE id = ?1", [id]).map_err(self.problem())?;
        }
        Ok(old.len())
    }
}

/// Of a submission that is called off: what may have arrived stays unconfirmed, the rest is surely not sent.
pub(super) fn call_off_messages(
    transaction: &rusqlite::Transaction<'_>,
    id: SubmissionId,
) -> rusqlite::Result<()> {
    let (waiting, not_yet) = (MessageState::Waiting as i64, MessageState::NotSentYet as i64);
    transaction.execute(
        "UPDATE messages INDEXED BY messages_in_doubt SET state = ?2, reason = coalesce(reason, 'the answer was not waited for')
         WHERE submission = ?1 AND state IN (?3, ?4) AND unsure_since IS NOT NULL",
        params![id.0, MessageState::Unconfirmed as i64, waiting, not_yet],
    )?;
    transaction.execute(
        "UPDATE messages SET state = ?2, reason = 'the submission was called off' WHERE submission = ?1 AND state IN (?3, ?4)",
        params![id.0, MessageState::NotSent as i64, waiting, not_yet],
    )?;
    Ok(())
}

impl Held {
    /// The word in the queue's file.
    fn word(self) -> &'static str {
        match self {
            Self::Review => "review",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
        }
    }

    /// What this version does not know is held all the same.
    fn of(word: &str) -> Self {
        match word {
            "paused" => Self::Paused,
            "stopped" => Self::Stopped,
            _ => Self::Review,
        }
    }
}

fn read_submission(row: &Row<'_>) -> rusqlite::Result<Submission> {
    let stage: String = row.get(5)?;
    let paths: String = row.get(6)?;
    let source: Option<String> = row.get(2)?;
    let replaces: Option<String> = row.get(10)?;
    let held: Option<String> = row.get(11)?;
    let named: Vec<NamedPath> = serde_json::from_str(&paths).unwrap_or_default();
    let named: Vec<PathBuf> = named.into_iter().map(NamedPath::into_path).collect();
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
        held: held.as_deref().map(Held::of),
        paths: named.iter().map(|path| path.to_string_lossy().into_owned()).collect(),
        counts: Counts::default(),
        unfinished: 0,
        front_door: row.get(7)?,
        folder: path_of(&row.get::<_, Vec<u8>>(8)?),
        named,
        unheaded: if row.get::<_, bool>(9)? { Unheaded::Send } else { Unheaded::LeaveOut },
        replaces: replaces.and_then(|id| MessageId::parse(&id).ok()),
        message_bytes: row.get::<_, Option<i64>>(12)?.and_then(|bytes| usize::try_from(bytes).ok()),
    })
}

/// Milliseconds as a time; what cannot be one is the beginning of time.
pub(super) fn time(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn named(path: &Path) -> NamedPath {
    match path.to_str() {
        Some(text) => NamedPath::Text(text.to_owned()),
        None => NamedPath::Bytes(blob_of(path)),
    }
}

impl NamedPath {
    fn into_path(self) -> PathBuf {
        match self {
            Self::Text(text) => PathBuf::from(text),
            Self::Bytes(bytes) => path_of(&bytes),
        }
    }
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
