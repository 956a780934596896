//! No room for the queue's file, at any moment: said clearly, nothing lost, nothing handed over twice, and on it goes.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use base64::Engine;
use er7::Digest;
use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use lake::MessageId;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::drain::{Bearer, DrainEnd, Limits, Means, Progress, Tokens, drain};
use super::{Intake, Look, Queue, QueueProblem, Scanned, SubmissionId, Unheaded};
use crate::front_door::FrontDoor;
use crate::home::Home;
use crate::secret::Secret;
use crate::session::SessionProblem;

const MESSAGES: usize = 1_200;

/// What the lake has, and how often somebody handed over what it had.
#[derive(Clone, Default)]
struct Ledger(Arc<Mutex<(Taken, u64)>>);

type Taken = HashMap<Digest, (MessageId, Timestamp)>;

impl Ledger {
    fn take(&self, bytes: &[u8]) -> Value {
        let digest = er7::digest(bytes);
        let mut ledger = self.0.lock().unwrap();
        if ledger.0.contains_key(&digest) {
            ledger.1 += 1;
        }
        let now = Timestamp::now();
        let new = || (MessageId::mint(now, digest.as_bytes()[..10].try_into().unwrap()), now);
        let (id, at) = *ledger.0.entry(digest).or_insert_with(new);
        json!({ "outcome": "ingested", "message_id": id.to_string(), "digest": digest, "source": "clinic", "received_at": at })
    }

    async fn serve(&self) -> Url {
        let batch = async |State(ledger): State<Self>, body: Bytes| {
            let lines = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            let one = |line: &[u8]| {
                let line: Value = serde_json::from_slice(line).unwrap();
                let bytes = base64::engine::general_purpose::STANDARD.decode(line["msg"].as_str().unwrap());
                ledger.take(&bytes.unwrap()).to_string()
            };
            lines.map(one).collect::<Vec<_>>().join("\n")
        };
        let known = async |State(ledger): State<Self>, body: Bytes| {
            let asked: Value = serde_json::from_slice(&body).unwrap();
            let ledger = ledger.0.lock().unwrap();
            let one = |digest: &Value| match ledger.0.get(&digest.as_str().unwrap().parse().unwrap()) {
                Some((id, at)) => {
                    json!({ "digest": digest, "state": "settled", "message_id": id.to_string(), "received_at": at })
                }
                None => json!({ "digest": digest, "state": "unknown" }),
            };
            json!({ "known": asked["digests"].as_array().unwrap().iter().map(one).collect::<Vec<_>>() })
                .to_string()
        };
        let router = Router::new()
            .route(
                "/er7",
                post(async |State(ledger): State<Self>, body: Bytes| ledger.take(&body).to_string()),
            )
            .route("/er7/batch", post(batch))
            .route("/er7/known", post(known))
            .with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }
}

struct Anything;

impl Tokens for Anything {
    fn token(&self) -> BoxFuture<'_, Result<Bearer, SessionProblem>> {
        let token = Secret::new("anything".to_owned());
        async { Ok(Bearer { token, writes: lake::Source::parse("clinic").ok() }) }.boxed()
    }

    fn instead_of<'a>(&'a self, _refused: &'a Secret) -> BoxFuture<'a, Result<Bearer, SessionProblem>> {
        self.token()
    }
}

struct Place {
    queue: Arc<Mutex<Queue>>,
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let files = folder.path().join("in");
        std::fs::create_dir(&files).unwrap();
        for file in 0..MESSAGES / 10 {
            let message =
                |number: usize| format!("MSH|^~\\&|A|B|||1||ADT^A01|{number}|P|2.5\rPID|1||{number}\r");
            let all: String = (file * 10..file * 10 + 10).map(message).collect();
            std::fs::write(files.join(format!("{file:03}.hl7")), all).unwrap();
        }
        let home = Home::open(&folder.path().join("home")).unwrap();
        let queue = Queue::open(&home).unwrap().0;
        Self { queue: Arc::new(Mutex::new(queue)), folder }
    }

    fn begin(&self, url: &Url) -> SubmissionId {
        let intake = Intake {
            lake: "test".to_owned(),
            front_door: url.to_string(),
            source: lake::Source::parse("clinic").ok(),
            folder: self.folder.path().to_owned(),
            paths: vec![PathBuf::from("in")],
            unheaded: Unheaded::LeaveOut,
            replaces: None,
        };
        self.queue.lock().unwrap().begin(&intake, Timestamp::now()).unwrap()
    }

    /// Room for so many pages more; SQLite says then what it says of a full disk.
    fn room(&self, pages: u32) {
        let mut queue = self.queue.lock().unwrap();
        let there: u32 = queue.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        let most = there.saturating_add(pages);
        queue.connection.pragma_update(None, "max_page_count", most).unwrap();
        queue.counting().unwrap().pragma_update(None, "max_page_count", most).unwrap();
    }

    fn scan(&self, id: SubmissionId) -> Result<Scanned, QueueProblem> {
        self.queue.lock().unwrap().scan(
            id,
            Look::Again,
            &[PathBuf::from("in")],
            4 << 20,
            &|| false,
            &mut |_| {},
        )
    }

    async fn send(&self, url: &Url, id: SubmissionId) -> Result<DrainEnd, QueueProblem> {
        let held = self.queue.lock().unwrap().try_to_drain().unwrap().expect("nobody else sends");
        let limits = Limits {
            at_once: 4,
            tries: 3,
            first_wait: Duration::from_millis(5),
            longest_wait: Duration::from_millis(20),
            silent_jobs: 3,
            lease: Duration::from_millis(100),
            check_for: Duration::from_secs(5),
            check_every: Duration::from_millis(20),
            batch_messages: 100,
            batch_bytes: 4 << 20,
        };
        let door = FrontDoor::new(url.clone()).unwrap();
        let (progress, _watch) = watch::channel(Progress::default());
        let (tokens, stop) = (Arc::new(Anything), CancellationToken::new());
        let means = Means { door, tokens, limits, stop, progress };
        let run = drain(Arc::clone(&self.queue), &held, vec![id], means);
        tokio::time::timeout(Duration::from_secs(60), run).await.expect("a run ends in bounded time")
    }
}

/// What the file counts is what is in it.
fn assert_counted(place: &Place) {
    let queue = place.queue.lock().unwrap();
    let rows = |sql: &str| -> Vec<[i64; 5]> {
        let mut statement = queue.connection.prepare(sql).unwrap();
        let read =
            |row: &rusqlite::Row<'_>| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?]);
        statement.query_map([], read).unwrap().map(Result::unwrap).collect()
    };
    let kept = rows(
        "SELECT submission, state, staging, block, messages FROM standings WHERE messages <> 0 ORDER BY 1, 2, 3, 4",
    );
    let there = rows(
        "SELECT submission, state, staging, id >> 10, count(*) FROM messages GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4",
    );
    assert_eq!(kept, there, "messages are counted as they stand");
    let kept = rows("SELECT submission, files, not_hl7, left_out, found FROM totals");
    let there = rows(
        "SELECT submission, count(*), sum(kind IS 'not-hl7' AND messages = 0), sum(messages = 0), sum(messages) FROM files GROUP BY 1",
    );
    assert_eq!(kept.iter().filter(|one| one[1] > 0).count(), there.len(), "of each submission with files");
    assert!(there.iter().all(|one| kept.contains(one)), "files are counted: {kept:?}, {there:?}");
}

fn assert_says_what_to_do(problem: &QueueProblem) {
    let said = problem.to_string();
    assert!(said.contains("queue.sqlite") && said.contains("no space left"), "where and what: {said}");
    assert!(said.contains("Make room, then try again"), "the next step: {said}");
}

#[tokio::test]
async fn a_scan_without_room_goes_on_when_there_is_some() {
    let url = Ledger::default().serve().await;
    let place = Place::new();
    let id = place.begin(&url);
    let mut failed = 0;
    for pages in [0, 1, 5, 20] {
        place.room(pages);
        match place.scan(id) {
            Err(problem) => {
                assert_says_what_to_do(&problem);
                failed += 1;
            }
            Ok(ended) => assert_eq!(ended, Scanned::Whole, "nobody stopped it"),
        }
    }
    assert!(failed >= 2, "so little room is not enough: {failed}");
    place.room(100_000);
    assert_eq!(place.scan(id).unwrap(), Scanned::Whole, "with room it comes to its end");
    let counts = place.queue.lock().unwrap().counted(id).unwrap().0;
    assert_eq!(
        (counts.found, counts.files),
        (MESSAGES as u64, MESSAGES as u64 / 10),
        "each once: {counts:?}"
    );
    assert_counted(&place);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_without_room_hands_nothing_over_twice() {
    let ledger = Ledger::default();
    let url = ledger.serve().await;
    let place = Place::new();
    let id = place.begin(&url);
    assert_eq!(place.scan(id).unwrap(), Scanned::Whole, "there is room for that");
    let mut failed = 0;
    for pages in [0, 1, 2, 3, 4, 6, 8] {
        place.room(pages);
        match place.send(&url, id).await {
            Err(problem) => {
                assert_says_what_to_do(&problem);
                failed += 1;
            }
            Ok(end) => assert_eq!(end, DrainEnd::Finished, "the lake answers"),
        }
        assert_counted(&place);
        // Whatever the file says meanwhile, it adds up and claims nothing that the lake does not have.
        let counts = place.queue.lock().unwrap().counted(id).unwrap().0;
        let has = ledger.0.lock().unwrap().0.len() as u64;
        assert!(counts.ingested <= has, "{counts:?}, the lake has {has}");
        assert!(
            counts.not_sent <= MESSAGES as u64 - has,
            "none that the lake has is told to be not sent: {counts:?}"
        );
    }
    assert!(failed >= 2, "so little room is not enough: {failed}");
    place.room(100_000);
    assert_eq!(place.send(&url, id).await.unwrap(), DrainEnd::Finished, "with room it comes to its end");
    let counts = place.queue.lock().unwrap().counted(id).unwrap().0;
    assert_eq!(counts.ingested, MESSAGES as u64, "all are in the lake: {counts:?}");
    let (has, twice) = {
        let ledger = ledger.0.lock().unwrap();
        (ledger.0.len(), ledger.1)
    };
    assert_eq!((has, twice), (MESSAGES, 0), "each was handed over once");
}
