//! How fast the lake's own parts take a message from claim to both its objects, everything durable, beside a bare loop
//! of synced writes: `cargo run --release -p local-lake --example write_path [MESSAGES] [AT_ONCE]`.

#![expect(clippy::print_stdout, reason = "a table on standard output is what this program is for")]

use std::collections::HashMap;
use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::{SignedDuration, Timestamp};
use lake::{
    Clock, Detail, Digest, Fault, FilterPolicy, Header, Hub, HubEvent, Ledger, MessageId, NewClaim,
    ObjectKey, Payloads, SettledMessage, Source, Store,
};
use local_lake::database::{Database, FILE_NAME};
use local_lake::hub::{Handler, LocalHub, Settings, Subscription};
use local_lake::ledger::LocalLedger;
use local_lake::objects::Objects;
use local_lake::payloads::LocalPayloads;
use local_lake::store::LocalStore;
use local_lake::{hub, ledger, objects};
use tokio::sync::Semaphore;

/// Bytes of a message, and of the JSON that staging makes of it.
const MESSAGE: usize = 1_300;
const STAGED: usize = 4_000;

#[derive(Clone)]
struct Parts {
    ledger: LocalLedger,
    payloads: LocalPayloads,
    store: LocalStore,
    hub: LocalHub,
    source: Source,
    /// One permit for each object in the lake.
    kept: Arc<Semaphore>,
}

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u32>());
    let messages = arguments.next().transpose()?.unwrap_or(20_000);
    let at_once = arguments.next().transpose()?.unwrap_or(64);
    let folder = std::env::temp_dir().join(format!("lake-write-path-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let measured = measure(&folder, messages, at_once).await;
    std::fs::remove_dir_all(&folder)?;
    measured
}

async fn measure(folder: &Path, messages: u32, at_once: u32) -> Result<(), Box<dyn Error>> {
    let bare = bare_writes(&folder.join("bare"), 2_000)?;
    let database = Database::open(&folder.join(FILE_NAME), &[ledger::SCHEMA, objects::SCHEMA, hub::SCHEMA])?;
    let parts = open(&database, folder).await?;
    let deliveries = parts.hub.start(handlers(&parts), Arc::new(|_| Box::pin(async { Ok(()) })));
    let before = database.counts();
    let begun = Instant::now();
    stream::iter(0..messages)
        .map(|n| submit(&parts, n))
        .buffer_unordered(usize::try_from(at_once)?)
        .try_collect::<()>()
        .await?;
    let submitted = begun.elapsed();
    let all = parts.kept.acquire_many(messages * 2);
    drop(tokio::time::timeout(Duration::from_secs(600), all).await??);
    let kept = begun.elapsed();
    let counts = database.counts();
    deliveries.stop(Duration::from_secs(10)).await;
    let waiting: u64 = parts.hub.depths().await?.iter().map(|depth| depth.waiting).sum();
    let closing = Instant::now();
    database.close().await?;
    let rate = |elapsed: Duration| f64::from(messages) / elapsed.as_secs_f64();
    let (commits, jobs) = (counts.commits - before.commits, counts.jobs - before.jobs);
    println!("bare loop, {MESSAGE} bytes written and synced: {bare:.0}/s");
    println!("{messages} messages, {at_once} at once");
    println!("  submitted (claim, payload, publish, settle): {:.0}/s", rate(submitted));
    println!("  both objects kept: {:.0}/s", rate(kept));
    println!(
        "  {jobs} jobs in {commits} commits, {:.0} commits/s",
        f64::from(u32::try_from(commits)?) / kept.as_secs_f64()
    );
    println!("  left in queues: {waiting}; closing took {:?}", closing.elapsed());
    Ok(())
}

/// What a disk gives one writer that syncs each message by itself.
fn bare_writes(path: &Path, count: u32) -> Result<f64, Box<dyn Error>> {
    let mut file = File::create(path)?;
    let bytes = [b'x'; MESSAGE];
    let begun = Instant::now();
    for _ in 0..count {
        file.write_all(&bytes)?;
        file.sync_data()?;
    }
    Ok(f64::from(count) / begun.elapsed().as_secs_f64())
}

async fn open(database: &Database, folder: &Path) -> Result<Parts, Box<dyn Error>> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let objects = Objects::open(database.clone(), &folder.join("objects"), Arc::clone(&clock)).await?;
    let subscriptions = vec![
        Subscription { name: "core", policy: FilterPolicy::default() },
        Subscription { name: "staging", policy: FilterPolicy::staging()? },
    ];
    Ok(Parts {
        ledger: LocalLedger::new(database.clone()),
        payloads: LocalPayloads::open(objects.clone(), "transient").await?,
        store: LocalStore::open(objects, "lake").await?,
        hub: LocalHub::open(database.clone(), clock, subscriptions, Settings::default()).await?,
        source: Source::parse("my_hospital_123")?,
        kept: Arc::new(Semaphore::new(0)),
    })
}

fn handlers(parts: &Parts) -> HashMap<&'static str, Handler> {
    let core = parts.clone();
    let core: Handler = Arc::new(move |event| {
        let parts = core.clone();
        Box::pin(async move { keep(&parts, event).await })
    });
    let staging = parts.clone();
    let staging: Handler = Arc::new(move |event| {
        let parts = staging.clone();
        Box::pin(async move { stage(&parts, event).await })
    });
    HashMap::from([("core", core), ("staging", staging)])
}

async fn submit(parts: &Parts, n: u32) -> Result<(), Fault> {
    let bytes = filled(MESSAGE, n, b"MSH|^~\\&|");
    let digest = er7::raw_digest(&bytes);
    let now = Timestamp::now();
    let claim = NewClaim {
        source: parts.source.clone(),
        digest,
        message_id: id_of(now, &digest),
        received_at: now,
        owner: [1; 16],
        lease_until: now + SignedDuration::from_secs(60),
    };
    parts.ledger.claim(&claim).await?;
    let key = format!("{}/{}.er7", parts.source, claim.message_id);
    let payload = parts.payloads.put(&parts.source, &key, bytes).await?;
    let event = HubEvent {
        source: parts.source.clone(),
        message_id: claim.message_id,
        received_at: now,
        attempt: 1,
        digest,
        raw_digest: digest,
        payload: Some(payload),
        detail: Detail::Ingested {
            header: header(),
            submitted_by: "5a3c9e0e-0000-4000-8000-3f3f3f3f3f3f".to_owned(),
            encoding: Some("utf-8".to_owned()),
            replaces: None,
        },
    };
    parts.hub.publish(&event).await?;
    let settled = SettledMessage {
        digest,
        raw_digest: digest,
        size: u64::try_from(MESSAGE).unwrap_or_default(),
        received_at: now,
        attempt: 1,
        replaces: None,
    };
    parts.ledger.settle(&parts.source, claim.owner, claim.message_id, &settled).await?;
    Ok(())
}

async fn keep(parts: &Parts, event: HubEvent) -> Result<(), Fault> {
    let (source, at, id) = (&event.source, event.received_at, event.message_id);
    let key = match event.detail {
        Detail::Ingested { .. } => ObjectKey::ingestion(source, at, id),
        _ => ObjectKey::staging(source, at, id, event.attempt),
    };
    if let Some(payload) = &event.payload {
        parts.store.keep(payload, &key).await?;
        parts.kept.add_permits(1);
    }
    Ok(())
}

async fn stage(parts: &Parts, event: HubEvent) -> Result<(), Fault> {
    let Some(payload) = &event.payload else { return Ok(()) };
    let bytes = parts.payloads.get(payload).await?;
    let json = bytes.iter().cycle().take(STAGED).copied().collect();
    let key = format!("{}/{}.{}.json", event.source, event.message_id, event.attempt);
    let staged = parts.payloads.put(&event.source, &key, json).await?;
    let detail = Detail::Staged {
        header: header(),
        finding_codes: [("charset".to_owned(), 1)].into(),
        service_version: "0.1.0".to_owned(),
        replaces: None,
    };
    parts.hub.publish(&HubEvent { payload: Some(staged), detail, ..event }).await
}

fn header() -> Header {
    let some = |text: &str| Some(text.to_owned());
    Header {
        message_type: some("ADT"),
        trigger_event: some("A01"),
        structure: some("ADT_A01"),
        control_id: some("MSG000001"),
        version: some("2.5"),
        processing_id: some("P"),
        sending_application: some("REGISTRATION"),
        sending_facility: some("NORTH WING"),
        receiving_application: some("LAKE"),
        receiving_facility: some("ARCHIVE"),
        sent_at: some("20260304235959"),
    }
}

fn id_of(at: Timestamp, digest: &Digest) -> MessageId {
    let mut random = [0; 10];
    random.iter_mut().zip(digest.as_bytes()).for_each(|(random, byte)| *random = *byte);
    MessageId::mint(at, random)
}

fn filled(size: usize, n: u32, start: &[u8]) -> Vec<u8> {
    let unique = format!("{n:010}|");
    start.iter().copied().chain(unique.bytes().cycle()).take(size).collect()
}
