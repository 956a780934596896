//! The queue's file, `queue.sqlite` in the home: opened so that a commit is on the disk before anything relies on it.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OptionalExtension};

use crate::home::Home;

/// The file's name in the home.
const FILE_NAME: &str = "queue.sqlite";
/// The lock's name in the home.
const LOCK_NAME: &str = "queue.lock";
/// `PRAGMA application_id`: "LKSQ".
const APPLICATION_ID: i64 = 0x4c4b_5351;
/// `PRAGMA user_version`: raised by a change that older programs cannot read.
const SCHEMA_VERSION: i64 = 1;
/// `PRAGMA synchronous` as SQLite reads FULL back.
const SYNCHRONOUS_FULL: i64 = 2;
/// How long another program's commit is waited for.
const BUSY_LIMIT: Duration = Duration::from_secs(20);

/// Paths, spans, digests, outcomes. There is no column for content, and never will be.
const SCHEMA: &str = "
CREATE TABLE submissions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  lake TEXT NOT NULL,             -- the profile's name here
  front_door TEXT NOT NULL,       -- where it answered: a name may come to mean another lake
  source TEXT,                    -- the institution it goes to; NULL where the sender had no right
  folder BLOB NOT NULL,           -- what relative paths are relative to
  paths TEXT NOT NULL,            -- as named, a JSON list
  send_anyway INTEGER NOT NULL,   -- 1: files without any MSH too
  replaces TEXT,
  begun_at INTEGER NOT NULL,      -- all times: milliseconds since 1970, UTC
  ended_at INTEGER,
  stage TEXT NOT NULL             -- scanning, scanned, ended, cancelled
);
CREATE TABLE files (
  id INTEGER PRIMARY KEY,
  submission INTEGER NOT NULL REFERENCES submissions(id) ON DELETE CASCADE,
  path BLOB NOT NULL,
  size INTEGER NOT NULL,
  modified INTEGER NOT NULL,      -- nanoseconds since 1970
  device INTEGER,
  inode INTEGER,
  kind TEXT,                      -- NULL until read to its end
  encoding TEXT,
  messages INTEGER NOT NULL DEFAULT 0,
  UNIQUE (submission, path, size, modified)
);
CREATE TABLE problems (
  submission INTEGER NOT NULL REFERENCES submissions(id) ON DELETE CASCADE,
  path BLOB NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (submission, path, reason)
);
CREATE TABLE senders (
  submission INTEGER NOT NULL REFERENCES submissions(id) ON DELETE CASCADE,
  name TEXT NOT NULL,             -- MSH-3 and MSH-4
  messages INTEGER NOT NULL,
  PRIMARY KEY (submission, name)
);
CREATE TABLE messages (
  id INTEGER PRIMARY KEY,
  submission INTEGER NOT NULL REFERENCES submissions(id) ON DELETE CASCADE,
  file INTEGER NOT NULL REFERENCES files(id) ON DELETE CASCADE,
  number INTEGER NOT NULL,        -- which message of the file, from 0
  span_start INTEGER NOT NULL,
  span_end INTEGER NOT NULL,
  whole INTEGER NOT NULL,         -- 1: not a message that the splitter found, but the file as it is
  bytes INTEGER NOT NULL,         -- as submitted
  digest BLOB,                    -- NULL where the bytes could not be had
  looks_wrong INTEGER NOT NULL,   -- 1: staging would not take it
  state INTEGER NOT NULL,
  reason TEXT,
  message_id TEXT,
  received_at INTEGER,
  tries INTEGER NOT NULL DEFAULT 0,
  tried_at INTEGER,               -- the latest try began
  unsure_since INTEGER,           -- the first try began of which it is not known what became
  UNIQUE (file, number)
);
CREATE INDEX messages_waiting ON messages (submission, id) WHERE state = 0;
CREATE INDEX messages_unsure ON messages (submission, id) WHERE state IN (1, 8);
CREATE INDEX messages_by_state ON messages (submission, state);
CREATE INDEX messages_by_message_id ON messages (message_id) WHERE message_id IS NOT NULL;
";

/// Why the queue cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum QueueProblem {
    /// The file system refused.
    #[error(
        "the queue {path} cannot be used: {error}. See that there is room and that you may write there, then try again"
    )]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// SQLite refused.
    #[error(
        "the queue {path} cannot be used: {error}. See that there is room and that you may write there, then try again"
    )]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        #[source]
        error: rusqlite::Error,
    },
    /// The file is damaged and another program has it open.
    #[error(
        "the queue {path} is damaged, and another program uses it. Close that program, then try again: the file will be kept aside"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// A later program wrote it.
    #[error("the queue {path} was written by a later version of Lake Steward ({found}). Use that version")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
    },
    /// Commits would not last.
    #[error(
        "the queue {path} would not survive a power cut: its file system does not keep SQLite's promises. Choose another home"
    )]
    NotDurable {
        /// The file.
        path: PathBuf,
    },
    /// Found and accounted for differ.
    #[error(
        "the queue's account does not add up: {found} messages were found, {accounted} accounted for. This is a fault of the program; nothing was lost, report it"
    )]
    DoesNotAddUp {
        /// Messages found in files.
        found: u64,
        /// Messages with an outcome.
        accounted: u64,
    },
    /// No such submission.
    #[error("there is no submission {0} here. `steward submissions` lists them")]
    Unknown(i64),
    /// A thread broke off.
    #[error("the program broke off: {0}; nothing was lost, this is a fault of the program")]
    Broken(String),
}

/// The durable queue of one home. Holds one connection; any number of programs may have it open.
pub struct Queue {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    lock: PathBuf,
}

/// Says that no other program sends from this home. Let go when dropped, or when the process ends in any way.
#[derive(Debug)]
pub struct Drainer(#[expect(dead_code, reason = "the lock lasts as long as the file is open")] File);

impl Queue {
    /// Opens the queue of this home, making it if needed. A damaged file is kept aside under the name that is returned, and an
    /// empty one takes its place.
    pub fn open(home: &Home) -> Result<(Self, Option<PathBuf>), QueueProblem> {
        let (path, lock) = (home.join(FILE_NAME), home.join(LOCK_NAME));
        match Self::open_at(&path, &lock) {
            Err(problem) if problem.is_damage() => {}
            opened => return opened.map(|queue| (queue, None)),
        }
        // Nobody may be writing into the file that is moved away.
        let Some(_held) =
            take_lock(&lock).map_err(|error| QueueProblem::File { path: lock.clone(), error })?
        else {
            return Err(QueueProblem::Damaged { path });
        };
        let aside = keep_aside(&path).map_err(|error| QueueProblem::File { path: path.clone(), error })?;
        Ok((Self::open_at(&path, &lock)?, Some(aside)))
    }

    /// Becomes the one program that sends from this home; `None` while another is.
    pub fn try_to_drain(&self) -> Result<Option<Drainer>, QueueProblem> {
        let file =
            take_lock(&self.lock).map_err(|error| QueueProblem::File { path: self.lock.clone(), error })?;
        Ok(file.map(Drainer))
    }

    fn open_at(path: &Path, lock: &Path) -> Result<Self, QueueProblem> {
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(path).map_err(|error| QueueProblem::File { path: path.to_owned(), error })?;
        let sqlite = |error| QueueProblem::Sqlite { path: path.to_owned(), error };
        let connection = Connection::open(path).map_err(sqlite)?;
        connection.busy_timeout(BUSY_LIMIT).map_err(sqlite)?;
        let mut queue = Self { connection, path: path.to_owned(), lock: lock.to_owned() };
        queue.set_up()?;
        Ok(queue)
    }

    fn set_up(&mut self) -> Result<(), QueueProblem> {
        let path = self.path.clone();
        let sqlite = |error| QueueProblem::Sqlite { path: path.clone(), error };
        let connection = &mut self.connection;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(sqlite)?;
        connection.pragma_update(None, "synchronous", "FULL").map_err(sqlite)?;
        connection.pragma_update(None, "foreign_keys", true).map_err(sqlite)?;
        let pragma = |connection: &Connection, name: &str| -> rusqlite::Result<i64> {
            connection.pragma_query_value(None, name, |row| row.get(0))
        };
        let journal: String =
            connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).map_err(sqlite)?;
        if journal != "wal" || pragma(connection, "synchronous").map_err(sqlite)? != SYNCHRONOUS_FULL {
            return Err(QueueProblem::NotDurable { path: path.clone() });
        }
        let checked: String =
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(sqlite)?;
        if checked != "ok" {
            return Err(QueueProblem::Damaged { path: path.clone() });
        }
        let begun = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate);
        let transaction = begun.map_err(sqlite)?;
        let has_tables = transaction
            .query_row("SELECT 1 FROM sqlite_schema LIMIT 1", [], |_| Ok(()))
            .optional()
            .map_err(sqlite)?
            .is_some();
        if !has_tables {
            transaction.execute_batch(SCHEMA).map_err(sqlite)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(sqlite)?;
            transaction.pragma_update(None, "user_version", SCHEMA_VERSION).map_err(sqlite)?;
        } else if pragma(&transaction, "application_id").map_err(sqlite)? != APPLICATION_ID {
            return Err(QueueProblem::Damaged { path: path.clone() });
        }
        let found = pragma(&transaction, "user_version").map_err(sqlite)?;
        if found > SCHEMA_VERSION {
            return Err(QueueProblem::Newer { path: path.clone(), found });
        }
        transaction.commit().map_err(sqlite)
    }

    /// Wraps what SQLite says.
    pub(super) fn problem(&self) -> impl Fn(rusqlite::Error) -> QueueProblem + use<> {
        let path = self.path.clone();
        move |error| QueueProblem::Sqlite { path: path.clone(), error }
    }
}

impl QueueProblem {
    fn is_damage(&self) -> bool {
        match self {
            Self::Damaged { .. } => true,
            Self::Sqlite { error, .. } => {
                matches!(
                    error.sqlite_error_code(),
                    Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
                )
            }
            _ => false,
        }
    }
}

fn take_lock(path: &Path) -> io::Result<Option<File>> {
    let file = File::options().create(true).truncate(false).write(true).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(error),
    }
}

/// Renames the damaged file and what SQLite keeps beside it; never over an earlier one.
fn keep_aside(path: &Path) -> io::Result<PathBuf> {
    let name = |number: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".damaged-{number}"));
        PathBuf::from(name)
    };
    let aside = (1..=u32::MAX).map(name).find(|aside| !aside.exists());
    let aside = aside.ok_or_else(|| io::Error::other("there are too many damaged files beside it"))?;
    fs::rename(path, &aside)?;
    for ending in ["-wal", "-shm"] {
        let with = |base: &Path| {
            let mut name = base.as_os_str().to_owned();
            name.push(ending);
            PathBuf::from(name)
        };
        match fs::rename(with(path), with(&aside)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(aside)
}
