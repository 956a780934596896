//! The lake's one SQLite file, `lake.sqlite`: ledger, hub queues, S3 index and small objects.
//!
//! Durability first: write-ahead log with `synchronous=FULL`, so that a commit is on the disk before it is
//! answered (<https://www.sqlite.org/pragma.html#pragma_synchronous>). Speed by group commit: one writer thread
//! runs all jobs that are waiting in one transaction, each in a savepoint of its own, and answers them after the
//! commit; while the disk is syncing, the next group gathers.

mod readers;
mod writer;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use lake::Fault;
use rusqlite::{Connection, OpenFlags};

use readers::Readers;
use writer::Writer;

/// The file's name in the data folder.
pub const FILE_NAME: &str = "lake.sqlite";

/// The version of all tables together (`PRAGMA user_version`). A change that older programs cannot read raises it.
pub const SCHEMA_VERSION: i64 = 1;

/// `PRAGMA application_id` of a lake's file: "LKST".
const APPLICATION_ID: i64 = 0x4c4b_5354;

/// `PRAGMA synchronous` as SQLite reads it back for FULL.
const SYNCHRONOUS_FULL: i64 = 2;

/// How long opening waits for somebody who is just closing the file.
const OPEN_LIMIT: Duration = Duration::from_secs(5);

const PART: &str = "the lake's database";

/// Why the database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// SQLite could not open or set up the file.
    #[error("cannot open {path}: {source}")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The file system refused.
    #[error("cannot open {path}: {source}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file was written by a newer program.
    #[error(
        "{path} has version {found}, this program knows versions up to {known}: use the program that wrote it, or newer"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// The file is an SQLite file of something else.
    #[error("{path} is not a lake's database: choose another data folder")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Commits would not be durable.
    #[error("{path}: SQLite keeps {pragma} at {found} where {wanted} is needed for durable commits")]
    NotDurable {
        /// The file.
        path: PathBuf,
        /// The setting.
        pragma: &'static str,
        /// As read back.
        found: String,
        /// As it must be.
        wanted: &'static str,
    },
}

impl OpenError {
    fn is_busy(&self) -> bool {
        let Self::Sqlite { source, .. } = self else { return false };
        source.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
    }
}

/// How the database runs; the default is what was measured best.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Most jobs that wait for the writer.
    pub queue: usize,
    /// Most jobs in one commit.
    pub group: usize,
    /// Connections for reading.
    pub readers: usize,
    /// Pages in the write-ahead log before they are copied back (4 KiB each).
    pub checkpoint_pages: u32,
    /// How long a call may take, waiting included.
    pub limit: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { queue: 4096, group: 512, readers: 3, checkpoint_pages: 4096, limit: Duration::from_secs(30) }
    }
}

/// What the database has done since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Commits: one sync of the write-ahead log each.
    pub commits: u64,
    /// Jobs in them.
    pub jobs: u64,
}

#[derive(Default)]
struct Tally {
    commits: AtomicU64,
    jobs: AtomicU64,
}

/// One open SQLite file. Clones share it.
#[derive(Clone)]
pub struct Database {
    writer: Writer,
    readers: Readers,
    tally: Arc<Tally>,
}

impl Database {
    /// Opens or creates the file, with the tables that the modules' `schemas` name
    /// (statements that may be run again: `CREATE TABLE IF NOT EXISTS …`).
    pub fn open(path: &Path, schemas: &[&str]) -> Result<Self, OpenError> {
        Self::open_with(path, schemas, Settings::default())
    }

    /// As [`Database::open`], with other settings.
    pub fn open_with(path: &Path, schemas: &[&str], settings: Settings) -> Result<Self, OpenError> {
        let limit = Instant::now() + OPEN_LIMIT;
        loop {
            match Self::try_open(path, schemas, settings) {
                // A connection that is just closing holds the file for a moment, and SQLite does not wait for that one.
                Err(error) if error.is_busy() && Instant::now() < limit => {
                    std::thread::park_timeout(Duration::from_millis(10));
                }
                opened => return opened,
            }
        }
    }

    fn try_open(path: &Path, schemas: &[&str], settings: Settings) -> Result<Self, OpenError> {
        let of_sqlite = |source| OpenError::Sqlite { path: path.to_owned(), source };
        let connection = Connection::open(path).map_err(of_sqlite)?;
        check_version(path, &connection)?;
        configure(path, &connection, settings)?;
        create_tables(&connection, schemas).map_err(of_sqlite)?;
        sync_folder_of(path)?;
        let mut reading = Vec::with_capacity(settings.readers);
        for _ in 0..settings.readers.max(1) {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let reader = Connection::open_with_flags(path, flags).map_err(of_sqlite)?;
            prepare_reader(&reader).map_err(of_sqlite)?;
            reading.push(reader);
        }
        let tally = Arc::new(Tally::default());
        let writer = Writer::start(connection, settings, Arc::clone(&tally))
            .map_err(|source| OpenError::File { path: path.to_owned(), source })?;
        Ok(Self { writer, readers: Readers::new(reading, settings.limit), tally })
    }

    /// Runs a job on the writer thread, in a transaction shared with the jobs that wait beside it; answers after the
    /// commit, when the job's work is on the disk. A job that fails is undone alone. After [`Fault::Unavailable`] the
    /// work may or may not have been done: a job must be such that it can be repeated.
    pub async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Fault> {
        self.writer.run(job).await
    }

    /// Runs a job that only reads, on a thread for blocking work; it sees every commit that was answered before.
    /// One that takes longer than the limit is interrupted.
    pub async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Fault> {
        self.readers.run(job).await
    }

    /// What `PRAGMA synchronous` says on the writer's connection; 2 is FULL.
    pub async fn synchronous(&self) -> Result<i64, Fault> {
        self.write(|connection| connection.pragma_query_value(None, "synchronous", |row| row.get(0))).await
    }

    /// What was done since the database was opened.
    pub fn counts(&self) -> Counts {
        Counts {
            commits: self.tally.commits.load(Ordering::Relaxed),
            jobs: self.tally.jobs.load(Ordering::Relaxed),
        }
    }

    /// Finishes what waits, copies the write-ahead log back and closes. Later calls answer [`Fault::Unavailable`].
    pub async fn close(&self) -> Result<(), Fault> {
        self.readers.close().await;
        self.writer.close().await
    }
}

/// Says why SQLite could not, without content: a full disk, a locked or failing file can be tried again; anything
/// else is a defect or damage.
pub(crate) fn fault_of(error: &rusqlite::Error) -> Fault {
    use rusqlite::ErrorCode;
    let reason = match error {
        // The message of a failed statement may quote values; its code never does.
        rusqlite::Error::SqliteFailure(failure, _) => failure.to_string(),
        rusqlite::Error::SqlInputError { error, .. } => error.to_string(),
        other => other.to_string(),
    };
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            Fault::Damaged { part: PART, what: FILE_NAME.to_owned(), reason }
        }
        Some(
            ErrorCode::DiskFull
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::SystemIoFailure
            | ErrorCode::OperationInterrupted
            | ErrorCode::OperationAborted
            | ErrorCode::OutOfMemory
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly,
        ) => Fault::Unavailable { part: PART, reason },
        _ => Fault::Refused { part: PART, reason },
    }
}

/// A time as the tables hold it: nanoseconds since 1970, enough to the year 2262.
pub(crate) fn nanoseconds(at: Timestamp) -> i64 {
    let nanoseconds = at.as_nanosecond();
    i64::try_from(nanoseconds).unwrap_or(if nanoseconds < 0 { i64::MIN } else { i64::MAX })
}

/// A time as [`nanoseconds`] wrote it.
pub(crate) fn timestamp(nanoseconds: i64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(nanoseconds)).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn unavailable(reason: &str) -> Fault {
    Fault::Unavailable { part: PART, reason: reason.to_owned() }
}

fn check_version(path: &Path, connection: &Connection) -> Result<(), OpenError> {
    let of_sqlite = |source| OpenError::Sqlite { path: path.to_owned(), source };
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let found = number("user_version").map_err(of_sqlite)?;
    let application = number("application_id").map_err(of_sqlite)?;
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(of_sqlite)?;
    if tables > 0 && application != APPLICATION_ID {
        return Err(OpenError::Foreign { path: path.to_owned() });
    }
    if found > SCHEMA_VERSION {
        return Err(OpenError::Newer { path: path.to_owned(), found, known: SCHEMA_VERSION });
    }
    Ok(())
}

fn configure(path: &Path, connection: &Connection, settings: Settings) -> Result<(), OpenError> {
    let of_sqlite = |source| OpenError::Sqlite { path: path.to_owned(), source };
    connection.busy_timeout(Duration::from_secs(5)).map_err(of_sqlite)?;
    let journal: String = connection
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
        .map_err(of_sqlite)?;
    if !journal.eq_ignore_ascii_case("wal") {
        let path = path.to_owned();
        return Err(OpenError::NotDurable { path, pragma: "journal_mode", found: journal, wanted: "WAL" });
    }
    connection.pragma_update(None, "synchronous", "FULL").map_err(of_sqlite)?;
    let synchronous: i64 =
        connection.pragma_query_value(None, "synchronous", |row| row.get(0)).map_err(of_sqlite)?;
    if synchronous != SYNCHRONOUS_FULL {
        let found = synchronous.to_string();
        return Err(OpenError::NotDurable {
            path: path.to_owned(),
            pragma: "synchronous",
            found,
            wanted: "2 (FULL)",
        });
    }
    let set = || {
        connection.pragma_update(None, "wal_autocheckpoint", settings.checkpoint_pages)?;
        // After a burst the log file shrinks again instead of keeping its largest size for ever.
        connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
        // Undo information of savepoints stays in memory: it need not survive a crash.
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        connection.pragma_update(None, "cache_size", -16 * 1024)?;
        connection.pragma_update(None, "foreign_keys", "OFF")?;
        connection.set_prepared_statement_cache_capacity(128);
        Ok(())
    };
    set().map_err(of_sqlite)
}

fn prepare_reader(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "cache_size", -4 * 1024)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

fn create_tables(connection: &Connection, schemas: &[&str]) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    for schema in schemas {
        transaction.execute_batch(schema)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    transaction.commit()
}

/// The file's name must survive a power loss too.
fn sync_folder_of(path: &Path) -> Result<(), OpenError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let sync = || File::open(folder)?.sync_all();
    if cfg!(unix) {
        sync().map_err(|source| OpenError::File { path: folder.to_owned(), source })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
