//! The files of a submission of which something is to be told: without messages, not readable, not as they say.

use rusqlite::Row;
use serde::Serialize;

use super::store::{Queue, QueueProblem};
use super::submissions::SubmissionId;

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

impl ProblemKind {
    /// The word in the queue's file.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::CountsDiffer => "counts-differ",
        }
    }

    fn of(word: &str) -> Self {
        if word == Self::CountsDiffer.word() { Self::CountsDiffer } else { Self::Unreadable }
    }
}

/// A part of a list of files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FilePage<T> {
    /// How many there are in all.
    pub total: u64,
    /// The part that was asked for.
    pub files: Vec<T>,
}

impl Queue {
    /// The files of a submission without any message, at most `limit` from the one at `offset`.
    pub fn files_without_messages(
        &self,
        id: SubmissionId,
        offset: u64,
        limit: usize,
    ) -> Result<FilePage<FileLine>, QueueProblem> {
        let read = |row: &Row<'_>| {
            Ok(FileLine { file: shown(&row.get::<_, Vec<u8>>(0)?), kind: row.get(1)?, messages: 0 })
        };
        self.file_page(
            "SELECT coalesce(sum(left_out), 0) FROM totals WHERE submission = ?1",
            "SELECT path, kind FROM files WHERE submission = ?1 AND messages = 0 ORDER BY id LIMIT ?2 OFFSET ?3",
            (id, offset, limit),
            read,
        )
    }

    /// What the steward should know of files and folders, at most `limit` from the one at `offset`.
    pub fn problems(
        &self,
        id: SubmissionId,
        offset: u64,
        limit: usize,
    ) -> Result<FilePage<FileProblem>, QueueProblem> {
        let read = |row: &Row<'_>| {
            Ok(FileProblem {
                file: shown(&row.get::<_, Vec<u8>>(0)?),
                kind: ProblemKind::of(&row.get::<_, String>(1)?),
                reason: row.get(2)?,
            })
        };
        self.file_page(
            "SELECT count(*) FROM problems WHERE submission = ?1",
            "SELECT path, kind, reason FROM problems WHERE submission = ?1 ORDER BY path, reason LIMIT ?2 OFFSET ?3",
            (id, offset, limit),
            read,
        )
    }

    fn file_page<T>(
        &self,
        count: &str,
        page: &str,
        (id, offset, limit): (SubmissionId, u64, usize),
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<FilePage<T>, QueueProblem> {
        let (offset, limit) =
            (i64::try_from(offset).unwrap_or(i64::MAX), i64::try_from(limit).unwrap_or(i64::MAX));
        let found = || -> rusqlite::Result<FilePage<T>> {
            let total: i64 = self.connection.prepare_cached(count)?.query_row([id.0], |row| row.get(0))?;
            let mut statement = self.connection.prepare_cached(page)?;
            let files = statement.query_map([id.0, limit, offset], read)?.collect::<rusqlite::Result<_>>()?;
            Ok(FilePage { total: total.unsigned_abs(), files })
        };
        found().map_err(self.problem())
    }
}

/// A path as people read it.
pub(super) fn shown(blob: &[u8]) -> String {
    String::from_utf8_lossy(blob).into_owned()
}
