//! A process that dies by `kill -9` at one chosen point between claim, publish and settle. The point is reached in a child
//! that is this test program again; the parent then looks at what the child left behind.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use front_door::{Authenticator, FrontDoor, Patience, Room, TokenProblem};
use jiff::{SignedDuration, Timestamp};
use lake::{
    Claimed, Claims, Clock, Digest, Fault, FilterPolicy, Hub, HubEvent, Ledger, LedgerRecord, Limits,
    MessageId, NewClaim, PayloadRef, Payloads, Profile, SettledMessage, Source,
};
use local_lake::database::Database;
use local_lake::hub::{self, LocalHub, Subscription};
use local_lake::ledger::{self, LocalLedger};
use local_lake::objects::{self, Objects};
use local_lake::payloads::LocalPayloads;
use serde_json::Value;
use tower::ServiceExt;

const CHILD: &str = "LAKE_TEST_DIES_AT";
const FOLDER: &str = "LAKE_TEST_FOLDER";
/// One second before midnight, so that a takeover falls on the next day.
const BEFORE_MIDNIGHT: &str = "2026-03-04T23:59:59Z";
const MESSAGE: &str = "MSH|^~\\&|WARD|NORTH|LAKE|REGION|20260304235959||ADT^A01|STEP-1|P|2.5\rPID|1||1\r";

/// Where the child dies: before or after each step, in the order of the steps.
const POINTS: [&str; 6] =
    ["before-claim", "after-claim", "after-payload", "after-publish", "before-settle", "after-settle"];

#[test]
fn a_crash_between_claim_publish_and_settle_neither_loses_nor_doubles() {
    for point in POINTS {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let this = std::env::current_exe().expect("this program has a path");
        let child = Command::new(this)
            .args(["--exact", "steps::the_child_dies_at_its_point", "--nocapture"])
            .env(CHILD, point)
            .env(FOLDER, folder.path())
            .output()
            .expect("the child runs");
        assert!(!child.status.success(), "{point}: the child must not live to its end");
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(what_is_left(point, folder.path()));
    }
}

/// Does nothing unless it is started as the child.
#[test]
fn the_child_dies_at_its_point() {
    let (Ok(point), Ok(folder)) = (std::env::var(CHILD), std::env::var(FOLDER)) else { return };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let at = BEFORE_MIDNIGHT.parse().expect("a time");
        let parts = Parts::open(std::path::Path::new(&folder), at, &point).await;
        parts.submit().await;
    });
    panic!("the child outlived its point {point}");
}

async fn what_is_left(point: &str, folder: &std::path::Path) {
    let at: Timestamp = BEFORE_MIDNIGHT.parse().expect("a time");

    // At once: the claim may be held; nobody hears "duplicate" of a message that did not settle.
    let soon = Parts::open(folder, at + SignedDuration::from_secs(2), "nowhere").await;
    let held =
        soon.ledger.inner.known(&soon.source, &[er7::digest(MESSAGE.as_bytes())]).await.expect("readable");
    let held = held.into_iter().next().flatten();
    let (status, body) = soon.submit().await;
    match point {
        "before-claim" => assert_eq!(status, StatusCode::CREATED, "{point}: nothing was there: {body}"),
        "after-settle" => assert_eq!(status, StatusCode::CONFLICT, "{point}: it had settled: {body}"),
        _ => assert_eq!(
            status,
            StatusCode::SERVICE_UNAVAILABLE,
            "{point}: a claim is held, nothing is certain: {body}"
        ),
    }
    soon.database.close().await.expect("it closes");

    // After the lease, and after midnight: the message gets in under the id and time of the first claim.
    let later = Parts::open(folder, at + SignedDuration::from_secs(90), "nowhere").await;
    let (status, body) = later.submit().await;
    if matches!(point, "before-claim" | "after-settle") {
        assert_eq!(status, StatusCode::CONFLICT, "{point}: it is in: {body}");
    } else {
        assert_eq!(status, StatusCode::CREATED, "{point}: the claim is taken over: {body}");
        let first = held.expect("the claim was durable");
        assert_eq!(body["message_id"], first.message_id.to_string(), "{point}: with its id");
        assert_eq!(
            body["received_at"],
            first.received_at.to_string(),
            "{point}: and its time of receipt, the day before"
        );
    }
    let (status, _) = later.submit().await;
    assert_eq!(status, StatusCode::CONFLICT, "{point}: and from now on it is a duplicate");
    let depths = later.hub.inner.depths().await.expect("readable");
    let waiting = depths.iter().find(|depth| depth.subscriber == "core").map(|depth| depth.waiting);
    assert!(waiting.is_some_and(|waiting| waiting >= 1), "{point}: the subscribers will be told: {depths:?}");
}

struct Parts {
    database: Database,
    ledger: Arc<DyingLedger>,
    payloads: Arc<DyingPayloads>,
    hub: Arc<DyingHub>,
    at: Timestamp,
    source: Source,
}

/// Dies when the chosen point is reached.
#[derive(Clone)]
struct Dies(String);

impl Dies {
    fn at(&self, point: &str) {
        if self.0 == point {
            let me = std::process::id().to_string();
            Command::new("kill").args(["-9", &me]).status().expect("kill");
            loop {
                std::thread::park(); // the signal is on its way
            }
        }
    }
}

impl Parts {
    async fn open(folder: &std::path::Path, at: Timestamp, dies_at: &str) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(Still(at));
        let schemas = [ledger::SCHEMA, objects::SCHEMA, hub::SCHEMA];
        let database = Database::open(&folder.join("lake.sqlite"), &schemas).expect("a database");
        let objects = Objects::open(database.clone(), &folder.join("objects"), Arc::clone(&clock))
            .await
            .expect("objects");
        let subscriptions = vec![Subscription { name: "core", policy: FilterPolicy::default() }];
        let hub = LocalHub::open(database.clone(), clock, subscriptions, hub::Settings::default())
            .await
            .expect("a hub");
        let dies = Dies(dies_at.to_owned());
        Self {
            database: database.clone(),
            ledger: Arc::new(DyingLedger { inner: LocalLedger::new(database), dies: dies.clone() }),
            payloads: Arc::new(DyingPayloads {
                inner: LocalPayloads::open(objects, "transient").await.expect("payloads"),
                dies: dies.clone(),
            }),
            hub: Arc::new(DyingHub { inner: hub, dies }),
            at,
            source: Source::parse("my_hospital_123").expect("a sound name"),
        }
    }

    async fn submit(&self) -> (StatusCode, Value) {
        let router = front_door::router(FrontDoor {
            ledger: Arc::clone(&self.ledger),
            payloads: Arc::clone(&self.payloads),
            hub: Arc::clone(&self.hub),
            clock: Still(self.at),
            authenticator: Anyone(self.source.clone()),
            random: Counting(AtomicU8::new(1)),
            profile: profile(),
            patience: Patience { claim: Duration::from_millis(100), ..Patience::default() },
            room: Room::default(),
        });
        let request = Request::post("/er7")
            .header("authorization", "Bearer anyone")
            .header("content-type", "application/hl7-v2")
            .body(Body::from(MESSAGE))
            .expect("a request");
        let response = router.oneshot(request).await.expect("an answer");
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), 64 * 1024).await.expect("a body");
        (status, serde_json::from_slice(&body).expect("JSON"))
    }
}

struct DyingLedger {
    inner: LocalLedger,
    dies: Dies,
}

impl Ledger for DyingLedger {
    async fn claim(&self, claim: &NewClaim) -> Result<Claimed, Fault> {
        self.dies.at("before-claim");
        let claimed = self.inner.claim(claim).await;
        self.dies.at("after-claim");
        claimed
    }

    async fn settle(
        &self,
        source: &Source,
        owner: [u8; 16],
        message_id: MessageId,
        settled: &SettledMessage,
    ) -> Result<bool, Fault> {
        self.dies.at("before-settle");
        let done = self.inner.settle(source, owner, message_id, settled).await;
        self.dies.at("after-settle");
        done
    }

    async fn release(&self, source: &Source, digest: &Digest, owner: [u8; 16]) -> Result<(), Fault> {
        self.inner.release(source, digest, owner).await
    }

    async fn known(&self, source: &Source, digests: &[Digest]) -> Result<Vec<Option<LedgerRecord>>, Fault> {
        self.inner.known(source, digests).await
    }

    async fn message(&self, source: &Source, message_id: MessageId) -> Result<Option<SettledMessage>, Fault> {
        self.inner.message(source, message_id).await
    }

    async fn mint_attempt(
        &self,
        source: &Source,
        message_id: MessageId,
    ) -> Result<Option<SettledMessage>, Fault> {
        self.inner.mint_attempt(source, message_id).await
    }
}

struct DyingPayloads {
    inner: LocalPayloads,
    dies: Dies,
}

impl Payloads for DyingPayloads {
    async fn put(&self, source: &Source, key: &str, bytes: Vec<u8>) -> Result<PayloadRef, Fault> {
        let put = self.inner.put(source, key, bytes).await;
        self.dies.at("after-payload");
        put
    }

    async fn get(&self, payload: &PayloadRef) -> Result<Vec<u8>, Fault> {
        self.inner.get(payload).await
    }
}

struct DyingHub {
    inner: LocalHub,
    dies: Dies,
}

impl Hub for DyingHub {
    async fn publish(&self, event: &HubEvent) -> Result<(), Fault> {
        let published = self.inner.publish(event).await;
        self.dies.at("after-publish");
        published
    }

    async fn redeliver(&self, source: &Source, message_id: MessageId) -> Result<u32, Fault> {
        self.inner.redeliver(source, message_id).await
    }
}

struct Anyone(Source);

impl Authenticator for Anyone {
    async fn authenticate(&self, _token: &str) -> Result<Claims, TokenProblem> {
        let source = Some(self.0.clone());
        let expires_at = "2030-01-01T00:00:00Z".parse().expect("a time");
        Ok(Claims { subject: "anyone".to_owned(), read: source.clone(), write: source, expires_at })
    }
}

struct Still(Timestamp);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// Other bytes at every call, and other ones in parent and child.
struct Counting(AtomicU8);

impl front_door::Random for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let start = u64::from(self.0.fetch_add(1, Ordering::Relaxed)) * u64::from(std::process::id()).max(1);
        let counted = start.to_le_bytes().into_iter().cycle();
        bytes.iter_mut().zip(counted).for_each(|(byte, counted)| *byte = counted);
    }
}

fn profile() -> Profile {
    serde_json::from_value(serde_json::json!({
        "schema": "lake-profile/1", "name": "test", "lake_version": "0", "region": "us-east-1", "issuer": "http://localhost:1",
        "client_id": "c", "scopes": [], "redirect_uris": [], "logout_url": "", "logout_uris": [], "identity_pool_id": "",
        "identity_provider": "", "bucket": "lake", "catalog": "catalog", "catalog_shards": 1,
        "endpoints": { "front_door": "http://localhost:1" }, "limits": Limits::default(),
    }))
    .expect("a profile")
}
