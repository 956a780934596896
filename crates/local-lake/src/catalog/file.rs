use std::path::{Path, PathBuf};

use dynoxide::actions::{create_table, describe_table, vector_lifecycle::VectorIndexLifecycle};
use dynoxide::storage::Storage;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use super::{at_once, create_request};

/// The layout of items that this version reads and writes, in SQLite's `user_version`.
const LAYOUT: i64 = 1;

/// Up to this many bytes a file is checked page by page when it is opened; of a larger one only the beginning, the
/// schema and the end, so that opening stays quick. SQLite reports damage elsewhere when it comes upon it.
const CHECKED_WHOLE: u64 = 16 * 1024 * 1024;

/// Why a catalog's database file cannot be used. Nothing in the file has been changed.
#[derive(Debug, thiserror::Error)]
pub enum CatalogProblem {
    /// The file cannot be read, made or written.
    #[error("the catalog {} cannot be used: {reason}. Check the file's permissions and the room on the disk", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The file is damaged.
    #[error("the catalog {} is damaged: {reason}. Restore it from a copy, or move the data folder away", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How it shows.
        reason: String,
    },
    /// The file holds something else.
    #[error("{} is not a lake's catalog: {reason}. Choose another data folder", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// How it shows.
        reason: String,
    },
    /// The file was written by a later version of this software.
    #[error("the catalog {} was written by a later version ({found}). Start the later version, or choose another data folder", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// What was found.
        found: String,
    },
}

/// Opens the writer's connection: the file looked at first, the table made if it is not there, every commit durable.
pub(super) fn open(path: &Path, table: &str) -> Result<Storage, CatalogProblem> {
    let is_new = look(path)?;
    let storage = connect(path)?;
    make_durable(path, &storage)?;
    if is_new {
        storage.conn().pragma_update(None, "user_version", LAYOUT).map_err(|error| sqlite(path, &error))?;
    }
    match description(path, &storage, table)? {
        Some(found) => compare(path, table, &found)?,
        None => create(path, &storage, table)?,
    }
    Ok(storage)
}

/// A connection that can only read.
pub(super) fn open_reader(path: &Path) -> Result<Storage, CatalogProblem> {
    let storage = connect(path)?;
    storage.conn().pragma_update(None, "query_only", true).map_err(|error| sqlite(path, &error))?;
    Ok(storage)
}

/// Dynoxide sets the write-ahead log, and leaves `synchronous` at what SQLite was built with. Durability must not
/// hang on a build's default, so it is set here, on dynoxide's own connection (`synchronous` belongs to a connection,
/// not to the file), and read back from it: FULL syncs the log at every commit
/// (<https://sqlite.org/pragma.html#pragma_synchronous>).
fn make_durable(path: &Path, storage: &Storage) -> Result<(), CatalogProblem> {
    let failed = |error| sqlite(path, &error);
    storage.conn().pragma_update(None, "synchronous", "FULL").map_err(failed)?;
    let (journal, synchronous) = durability(storage).map_err(failed)?;
    if journal == "wal" && synchronous == 2 {
        return Ok(());
    }
    let reason = format!(
        "its commits would not be durable here (journal mode {journal}, synchronous {synchronous}); \
         the file system may not allow a write-ahead log"
    );
    Err(CatalogProblem::Unusable { path: path.to_owned(), reason })
}

/// Journal mode and `synchronous` (2 is FULL) as this very connection has them.
pub(super) fn durability(storage: &Storage) -> rusqlite::Result<(String, i64)> {
    let journal = storage.conn().pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    let synchronous = storage.conn().pragma_query_value(None, "synchronous", |row| row.get(0))?;
    Ok((journal, synchronous))
}

/// Looks at the file without changing it; true when there is none yet, or an empty one.
fn look(path: &Path) -> Result<bool, CatalogProblem> {
    let unusable = |reason: std::io::Error| CatalogProblem::Unusable {
        path: path.to_owned(),
        reason: reason.to_string(),
    };
    let size = match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => metadata.len(),
        Ok(_) => {
            return Err(CatalogProblem::Foreign {
                path: path.to_owned(),
                reason: "it is not a file".to_owned(),
            });
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(unusable(error)),
    };
    if size == 0 {
        return Ok(true);
    }
    let looked = |error| sqlite(path, &error);
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(looked)?;
    connection.busy_timeout(std::time::Duration::from_secs(5)).map_err(looked)?;
    let layout: i64 =
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(looked)?;
    if layout > LAYOUT {
        let found = format!("layout {layout}; this version knows {LAYOUT}");
        return Err(CatalogProblem::Newer { path: path.to_owned(), found });
    }
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema WHERE type = 'table'", [], |row| row.get(0))
        .map_err(looked)?;
    let ours: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema WHERE name IN ('_tables', '_config')", [], |row| {
            row.get(0)
        })
        .map_err(looked)?;
    if tables == 0 {
        return Ok(true); // the process ended between making the file and its tables
    }
    if ours != 2 {
        let reason = "it is a database of another program".to_owned();
        return Err(CatalogProblem::Foreign { path: path.to_owned(), reason });
    }
    if size <= CHECKED_WHOLE {
        let verdict: String =
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(looked)?;
        if verdict != "ok" {
            return Err(CatalogProblem::Damaged { path: path.to_owned(), reason: verdict });
        }
    }
    Ok(layout < LAYOUT)
}

fn connect(path: &Path) -> Result<Storage, CatalogProblem> {
    let Some(text) = path.to_str() else {
        let reason = "its path is not UTF-8, which the database needs".to_owned();
        return Err(CatalogProblem::Unusable { path: path.to_owned(), reason });
    };
    Storage::new(text).map_err(|error| problem(path, &error))
}

fn description(path: &Path, storage: &Storage, table: &str) -> Result<Option<Value>, CatalogProblem> {
    let known = storage.table_exists(table).map_err(|error| problem(path, &error))?;
    if !known {
        return Ok(None);
    }
    let described: Result<Value, _> = serde_json::from_value(serde_json::json!({"TableName": table}))
        .map_err(|error| dynoxide::DynoxideError::InternalServerError(error.to_string()))
        .and_then(|request| {
            at_once(describe_table::execute(storage, request, &VectorIndexLifecycle::default()))
        })
        .and_then(|answer| {
            serde_json::to_value(answer)
                .map_err(|error| dynoxide::DynoxideError::InternalServerError(error.to_string()))
        });
    described.map(Some).map_err(|error| problem(path, &error))
}

/// The keys of table and indexes must be those that this version works with.
fn compare(path: &Path, table: &str, found: &Value) -> Result<(), CatalogProblem> {
    let expected = create_request(table).unwrap_or_default();
    let found = found.get("Table").unwrap_or(found);
    let indexes = |definition: &Value| -> Vec<String> {
        let listed = definition.get("GlobalSecondaryIndexes").and_then(Value::as_array);
        let mut names: Vec<String> = listed
            .into_iter()
            .flatten()
            .map(|index| format!("{} {}", index["IndexName"], index["KeySchema"]))
            .collect();
        names.sort();
        names
    };
    if expected.get("KeySchema") == found.get("KeySchema") && indexes(&expected) == indexes(found) {
        return Ok(());
    }
    let reason = format!("the table {table} has other keys or indexes than a catalog");
    Err(CatalogProblem::Foreign { path: path.to_owned(), reason })
}

fn create(path: &Path, storage: &Storage, table: &str) -> Result<(), CatalogProblem> {
    let request =
        create_request(table).and_then(serde_json::from_value).map_err(|error| CatalogProblem::Unusable {
            path: path.to_owned(),
            reason: format!("its definition is refused: {error}"),
        })?;
    at_once(create_table::execute(storage, request)).map(drop).map_err(|error| problem(path, &error))
}

fn problem(path: &Path, error: &dynoxide::DynoxideError) -> CatalogProblem {
    match error {
        dynoxide::DynoxideError::SqliteError(error) => sqlite(path, error),
        // the only way in which an opening is refused for what the file says of itself
        other if other.to_string().contains("newer") => {
            CatalogProblem::Newer { path: path.to_owned(), found: other.to_string() }
        }
        other => CatalogProblem::Unusable { path: path.to_owned(), reason: other.to_string() },
    }
}

fn sqlite(path: &Path, error: &rusqlite::Error) -> CatalogProblem {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    let (path, reason) = (path.to_owned(), error.to_string());
    match error.sqlite_error_code() {
        Some(DatabaseCorrupt | NotADatabase) => CatalogProblem::Damaged { path, reason },
        _ => CatalogProblem::Unusable { path, reason },
    }
}
