//! The queue's file, `queue.sqlite` in the home: opened so that a commit is on the disk before anything relies on it.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use super::schema::{self, Strange};
use super::submissions::SubmissionId;
use super::tally::Tally;
use crate::home::{self, Home};

/// The file's name in the home.
const FILE_NAME: &str = "queue.sqlite";
/// The lock's name in the home.
const LOCK_NAME: &str = "queue.lock";
/// `PRAGMA synchronous` as SQLite reads FULL back.
const SYNCHRONOUS_FULL: i64 = 2;
/// Pages of the write-ahead log before they are copied back: most pages change many times until then.
const CHECKPOINT_PAGES: i64 = 4_096;
/// Pages that a connection keeps at hand, in KiB.
const CACHE_KB: i64 = 8_192;
/// How long another program's commit is waited for. Ours take a fraction of a second; who holds the file for longer is a backup,
/// say, and the steward is told of it.
const BUSY_LIMIT: Duration = Duration::from_secs(8);
/// So many statements of a connection are kept ready.
const STATEMENTS: usize = 64;

/// Why the queue cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum QueueProblem {
    /// The file system refused.
    #[error("the queue {path} cannot be used: {}", home::in_words(error))]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// SQLite refused.
    #[error("the queue {path} cannot be used: {}", in_words(error))]
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
    #[error("there is no submission {0} on this computer")]
    Unknown(i64),
    /// The submission cannot be sent now.
    #[error("submission {id} cannot be sent: {reason}")]
    NotNow {
        /// Which.
        id: i64,
        /// Why, and what to do.
        reason: &'static str,
    },
    /// A part of the program broke off.
    #[error("the program broke off: {0}; nothing was lost, this is a fault of the program")]
    Broken(String),
}

/// The durable queue of one home. Any number of programs may have it open.
pub struct Queue {
    pub(super) connection: Connection,
    /// For [`Queue::change_counted`]; opened when it is first needed.
    counting: Option<Connection>,
    pub(super) path: PathBuf,
    lock: PathBuf,
}

/// Says that no other program sends from this home. Let go when dropped, or when the process ends in any way.
#[derive(Debug)]
pub struct Drainer(#[expect(dead_code, reason = "the lock lasts as long as the file is open")] File);

/// Says that no other program looks through the files of a submission. Let go when dropped, or when the process ends in any way.
pub(super) struct ScanLock {
    path: PathBuf,
    _file: File,
}

impl Drop for ScanLock {
    /// The file goes with the lock. Who opened it in this very moment holds a lock of a file that is gone: that two then look
    /// through the same files, each of their commits finds out.
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(%error, "the lock of a scan stays; it is empty");
        }
    }
}

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

    /// Becomes the one program that looks through the files of a submission; `None` while another does.
    pub(super) fn try_to_scan(&self, id: SubmissionId) -> Result<Option<ScanLock>, QueueProblem> {
        let path = self.lock.with_file_name(format!("scan-{}.lock", id.0));
        let file = take_lock(&path).map_err(|error| QueueProblem::File { path: path.clone(), error })?;
        Ok(file.map(|file| ScanLock { path, _file: file }))
    }

    /// Another connection to the same file, for work beside this one's.
    pub fn another(&self) -> Result<Self, QueueProblem> {
        let another = Self::on(connect(&self.path)?, &self.path, &self.lock);
        another.make_durable(&another.connection)?;
        Ok(another)
    }

    /// A connection on which the file does not count by itself what changes: a trigger costs as much as the change. Nor does
    /// it look up again the submission and the file of each message: whoever writes here has just read or written them.
    pub(super) fn counting(&mut self) -> Result<&mut Connection, QueueProblem> {
        let counting = match self.counting.take() {
            Some(counting) => counting,
            None => {
                let counting = connect(&self.path)?;
                self.make_durable(&counting)?;
                for checks in
                    [DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY]
                {
                    counting.set_db_config(checks, false).map_err(self.problem())?;
                }
                counting
            }
        };
        Ok(self.counting.insert(counting))
    }

    /// Changes many rows in one commit, and the counts with them: `change` says what it changes. For the three changes that every
    /// message goes through; all others are counted by triggers.
    pub(super) fn change_counted(
        &mut self,
        change: impl FnOnce(&Transaction<'_>, &mut Tally) -> rusqlite::Result<()>,
    ) -> Result<(), QueueProblem> {
        let problem = self.problem();
        let begun = self.counting()?.transaction_with_behavior(TransactionBehavior::Immediate);
        let transaction = begun.map_err(&problem)?;
        let mut tally = Tally::default();
        change(&transaction, &mut tally).and_then(|()| tally.write(&transaction)).map_err(&problem)?;
        transaction.commit().map_err(problem)
    }

    /// Reads at one moment: whatever others write meanwhile, all of `read` sees the same.
    pub fn at_one_moment<T>(
        &self,
        read: impl FnOnce(&Self) -> Result<T, QueueProblem>,
    ) -> Result<T, QueueProblem> {
        let transaction = self.connection.unchecked_transaction().map_err(self.problem())?;
        let found = read(self)?;
        transaction.commit().map_err(self.problem())?;
        Ok(found)
    }

    /// A number that another one follows as soon as somebody else has changed the file: another program, or another
    /// connection of this one.
    pub fn version(&self) -> Result<i64, QueueProblem> {
        self.connection.pragma_query_value(None, "data_version", |row| row.get(0)).map_err(self.problem())
    }

    fn open_at(path: &Path, lock: &Path) -> Result<Self, QueueProblem> {
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(path).map_err(|error| QueueProblem::File { path: path.to_owned(), error })?;
        let mut queue = Self::on(connect(path)?, path, lock);
        queue.make_durable(&queue.connection)?;
        queue.set_up()?;
        Ok(queue)
    }

    fn on(connection: Connection, path: &Path, lock: &Path) -> Self {
        Self { connection, counting: None, path: path.to_owned(), lock: lock.to_owned() }
    }

    fn make_durable(&self, connection: &Connection) -> Result<(), QueueProblem> {
        let set = || -> rusqlite::Result<(String, i64)> {
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.pragma_update(None, "foreign_keys", true)?;
            connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
            connection.pragma_update(None, "cache_size", -CACHE_KB)?;
            let journal = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
            let synchronous = connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
            Ok((journal, synchronous))
        };
        let (journal, synchronous) = set().map_err(self.problem())?;
        if journal != "wal" || synchronous != SYNCHRONOUS_FULL {
            return Err(QueueProblem::NotDurable { path: self.path.clone() });
        }
        Ok(())
    }

    fn set_up(&mut self) -> Result<(), QueueProblem> {
        let path = self.path.clone();
        let sqlite = |error| QueueProblem::Sqlite { path: path.clone(), error };
        let connection = &mut self.connection;
        let checked: String =
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(sqlite)?;
        if checked != "ok" {
            return Err(QueueProblem::Damaged { path: path.clone() });
        }
        let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let transaction = begun.map_err(sqlite)?;
        match schema::bring_up(&transaction) {
            Ok(()) => {}
            Err(Strange::Sqlite(error)) => return Err(sqlite(error)),
            Err(Strange::Damaged) => return Err(QueueProblem::Damaged { path }),
            Err(Strange::Newer(found)) => return Err(QueueProblem::Newer { path, found }),
        }
        transaction.commit().map_err(sqlite)
    }

    /// Wraps what SQLite says.
    pub(super) fn problem(&self) -> impl Fn(rusqlite::Error) -> QueueProblem + use<> {
        let path = self.path.clone();
        move |error| QueueProblem::Sqlite { path: path.clone(), error }
    }
}

fn connect(path: &Path) -> Result<Connection, QueueProblem> {
    let opened = || -> rusqlite::Result<Connection> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(BUSY_LIMIT)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(connection)
    };
    opened().map_err(|error| QueueProblem::Sqlite { path: path.to_owned(), error })
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

/// What SQLite says, with the next step. Whatever it is, the file is as it was after the last commit.
fn in_words(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => {
            "there is no space left. Make room, then try again: nothing is lost, it goes on where it stopped".to_owned()
        }
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            format!("it cannot be written ({error}). See that you may write in its folder and that there is room, then try again")
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another program has been writing to it for long. Try again when that has finished".to_owned()
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            "it is damaged. Close all programs that use it, then try again: it will be kept aside under another name".to_owned()
        }
        _ => format!("{error}. See that there is room and that you may write there, then try again: nothing is lost"),
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
