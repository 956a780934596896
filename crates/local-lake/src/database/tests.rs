use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::future::join_all;
use rusqlite::ErrorCode;
use tempfile::TempDir;
use tokio::sync::{Notify, oneshot};

use super::*;

const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS thing (id INTEGER PRIMARY KEY, body BLOB)";

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn path(folder: &TempDir) -> PathBuf {
    folder.path().join(FILE_NAME)
}

fn open(folder: &TempDir) -> Database {
    Database::open(&path(folder), &[SCHEMA]).unwrap()
}

async fn insert(database: &Database, id: i64, size: usize) -> Result<(), Fault> {
    let body = vec![7_u8; size];
    database
        .write(move |connection| {
            connection.execute("INSERT INTO thing (id, body) VALUES (?1, ?2)", rusqlite::params![id, body])
        })
        .await
        .map(|_| ())
}

async fn ids(database: &Database) -> Vec<i64> {
    let job = |connection: &Connection| {
        let mut statement = connection.prepare("SELECT id FROM thing ORDER BY id")?;
        statement.query_map([], |row| row.get(0))?.collect()
    };
    database.read(job).await.unwrap()
}

#[tokio::test]
async fn commits_are_durable_and_what_was_written_is_read() {
    let folder = folder();
    let database = open(&folder);
    assert_eq!(database.synchronous().await, Ok(SYNCHRONOUS_FULL), "every commit is synced");
    let journal: String = database
        .read(|connection| connection.pragma_query_value(None, "journal_mode", |row| row.get(0)))
        .await
        .unwrap();
    assert_eq!(journal, "wal", "readers do not wait for the writer");
    insert(&database, 1, 10).await.unwrap();
    assert_eq!(ids(&database).await, [1], "an answered write is seen by the next read");
    database.close().await.unwrap();
    let log = folder.path().join("lake.sqlite-wal");
    assert!(std::fs::metadata(log).map_or(0, |log| log.len()) == 0, "closing copies the log back");
    assert_eq!(ids(&open(&folder)).await, [1], "and the next start has it all");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_jobs_share_a_commit() {
    let folder = folder();
    let database = open(&folder);
    let before = database.counts();
    for written in join_all((0..1000).map(|id| insert(&database, id, 10))).await {
        written.unwrap();
    }
    let after = database.counts();
    assert_eq!(after.jobs - before.jobs, 1000, "every job was run");
    let commits = after.commits - before.commits;
    assert!(commits <= 100, "a thousand jobs at once take few commits, not {commits}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_or_panicking_job_harms_no_other() {
    let folder = folder();
    let database = open(&folder);
    // Held up, so that the jobs behind it share one transaction.
    let (go, wait) = oneshot::channel::<()>();
    let holding = database.write(move |_| Ok(wait.blocking_recv().is_ok()));
    let jobs = (0..30_i64).map(|id| {
        let database = &database;
        async move {
            database
                .write(move |connection| {
                    connection.execute("INSERT INTO thing (id) VALUES (?1)", [id])?;
                    match id % 3 {
                        0 => Ok(()),
                        1 => connection.execute("INSERT INTO thing (id) VALUES (0)", []).map(|_| ()),
                        _ => panic!("a job that panics, as this test wants"),
                    }
                })
                .await
                .is_ok()
        }
    });
    let release = async { go.send(()) };
    let (held, answers, _) = tokio::join!(holding, join_all(jobs), release);
    assert_eq!(held, Ok(true), "the first job ran to its end");
    let expected: Vec<bool> = (0..30).map(|id| id % 3 == 0).collect();
    assert_eq!(answers, expected, "each job is told of its own end");
    let kept: Vec<i64> = (0..30).filter(|id| id % 3 == 0).collect();
    assert_eq!(ids(&database).await, kept, "what failed left nothing, what succeeded is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_a_passing_fault_and_the_writer_survives_it() {
    let folder = folder();
    let database = open(&folder);
    let limit_pages = |pages: i64| {
        database.write(move |connection| {
            connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |row| row.get::<_, i64>(0))
        })
    };
    insert(&database, 1, 10).await.unwrap();
    limit_pages(40).await.unwrap();
    let answers = join_all((2..30).map(|id| insert(&database, id, 20_000))).await;
    let faults: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().err()).collect();
    assert!(!faults.is_empty(), "not all of it fits");
    for fault in faults {
        assert!(fault.retryable(), "a full disk may pass: {fault}");
    }
    limit_pages(1_000_000).await.unwrap();
    let there = ids(&database).await;
    for (id, answer) in (2..30).zip(&answers) {
        assert_eq!(there.contains(&id), answer.is_ok(), "row {id} is there if and only if that was answered");
    }
    insert(&database, 100, 20_000).await.expect("with room again, writing goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_and_a_slow_writer_end_in_a_fault_within_the_limit() {
    let folder = folder();
    let settings = Settings { queue: 1, limit: Duration::from_secs(1), ..Settings::default() };
    let database = Database::open_with(&path(&folder), &[SCHEMA], settings).unwrap();
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let slow = database.write(move |_| Ok(wait.recv().is_ok()));
    let answers = join_all((0..5).map(|id| insert(&database, id, 10)));
    let (slow, answers) = tokio::join!(slow, answers);
    assert!(slow.is_err_and(|fault| fault.retryable()), "a commit that takes too long is a passing fault");
    for answer in answers {
        assert!(answer.is_err_and(|fault| fault.retryable()), "and so is a full queue");
    }
    go.send(()).unwrap();
    database.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_takes_too_long_is_interrupted() {
    let folder = folder();
    let settings = Settings { readers: 1, limit: Duration::from_millis(100), ..Settings::default() };
    let database = Database::open_with(&path(&folder), &[SCHEMA], settings).unwrap();
    let ended = Arc::new((Notify::new(), AtomicU32::new(0)));
    let told = Arc::clone(&ended);
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    let answer = database
        .read(move |connection| {
            let result = connection.query_row(endless, [], |row| row.get::<_, i64>(0));
            let interrupted = result.as_ref().err().and_then(rusqlite::Error::sqlite_error_code)
                == Some(ErrorCode::OperationInterrupted);
            told.1.store(u32::from(interrupted), Ordering::SeqCst);
            told.0.notify_one();
            result
        })
        .await;
    assert!(answer.is_err_and(|fault| fault.retryable()), "the caller does not wait for ever");
    tokio::time::timeout(Duration::from_secs(10), ended.0.notified()).await.expect("the read ends");
    assert_eq!(ended.1.load(Ordering::SeqCst), 1, "and is stopped rather than left running");
    assert!(ids(&database).await.is_empty(), "its connection serves the next one");
}

#[tokio::test]
async fn after_closing_calls_are_refused_politely() {
    let folder = folder();
    let database = open(&folder);
    database.close().await.unwrap();
    assert!(insert(&database, 1, 1).await.is_err_and(|fault| fault.retryable()), "no write after closing");
    let read = database.read(|_| Ok(())).await;
    assert!(read.is_err_and(|fault| fault.retryable()), "no read after closing");
    database.close().await.expect("closing twice is closing once");
}

#[tokio::test]
async fn a_newer_file_is_refused_naming_both_versions() {
    let folder = folder();
    open(&folder).close().await.unwrap();
    let newer = SCHEMA_VERSION + 41;
    Connection::open(path(&folder)).unwrap().pragma_update(None, "user_version", newer).unwrap();
    let error = Database::open(&path(&folder), &[SCHEMA]).err().expect("a newer file is not opened");
    let text = error.to_string();
    for part in [newer.to_string(), format!("up to {SCHEMA_VERSION}"), FILE_NAME.to_owned()] {
        assert!(text.contains(&part), "{text:?} names {part}");
    }
    let found: i64 = Connection::open(path(&folder))
        .unwrap()
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(found, newer, "and the file is left as it was");
}

#[tokio::test]
async fn a_file_of_something_else_is_refused() {
    let folder = folder();
    Connection::open(path(&folder)).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    let foreign = Database::open(&path(&folder), &[SCHEMA]).err();
    assert!(matches!(foreign, Some(OpenError::Foreign { .. })), "another program's database: {foreign:?}");
    std::fs::write(
        path(&folder),
        b"this is no database, but a text that is long enough to be read as a header",
    )
    .unwrap();
    let text = Database::open(&path(&folder), &[SCHEMA]).err();
    assert!(matches!(text, Some(OpenError::Sqlite { .. })), "a text file: {text:?}");
    let missing = Database::open(&folder.path().join("no/such/folder/x"), &[SCHEMA]).err();
    assert!(matches!(missing, Some(OpenError::Sqlite { .. })), "a folder that is not there: {missing:?}");
}
