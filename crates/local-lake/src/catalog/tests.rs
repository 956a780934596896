use std::sync::mpsc;
use std::time::{Duration, Instant};

use dynoxide::actions::{query, scan};
use er7::Header;
use jiff::Timestamp;
use lake::{CatalogDetail, Place, State};
use serde_json::Value;

use super::*;

fn settings() -> CatalogSettings {
    CatalogSettings { table: "catalog".to_owned(), shards: NonZeroU32::new(2).unwrap() }
}

fn opened(folder: &tempfile::TempDir) -> LocalCatalog {
    LocalCatalog::open(&folder.path().join("catalog.sqlite"), settings()).expect("a fresh catalog opens")
}

fn source() -> Source {
    Source::parse("north_clinic").unwrap()
}

fn received(number: u32) -> Timestamp {
    Timestamp::from_millisecond(1_772_582_400_000 + i64::from(number)).unwrap()
}

fn id(number: u32) -> MessageId {
    let mut random = [0; 10];
    random[6..].copy_from_slice(&number.to_be_bytes());
    MessageId::mint(received(number), random)
}

fn event(number: u32, detail: CatalogDetail) -> CatalogEvent {
    CatalogEvent {
        source: source(),
        message_id: id(number),
        received_at: received(number),
        digest: None,
        raw_digest: None,
        recorded_at: received(number),
        attempt: 1,
        detail,
    }
}

fn place(number: u32) -> Place {
    let key = format!("ingestion/protocol=hl7v2/source=north_clinic/date=2026-03-04/{}.er7", id(number));
    let text = format!("\"{}\"", "ab".repeat(32));
    let sha256 = serde_json::from_str(&text).unwrap();
    Place { bucket: "lake".to_owned(), key, version_id: Some("1".to_owned()), sha256, size: 1_300 }
}

fn header(number: u32) -> Header {
    let member = |text: &str| Some(text.to_owned());
    Header {
        message_type: member("ADT"),
        trigger_event: member("A01"),
        structure: member("ADT_A01"),
        control_id: Some(format!("MSG{number:06}")),
        version: member("2.5"),
        sending_application: member("REGISTRATION"),
        sending_facility: member(""),
        ..Header::default()
    }
}

fn ingested(number: u32) -> CatalogEvent {
    let detail = CatalogDetail::Ingested {
        place: place(number),
        header: header(number),
        submitted_by: "5d0c6b1e-0000-4000-8000-000000000001".to_owned(),
        encoding: Some("utf-8".to_owned()),
        replaces: None,
    };
    event(number, detail)
}

fn staged(number: u32) -> CatalogEvent {
    let detail = CatalogDetail::Staged {
        place: place(number),
        header: header(number),
        finding_codes: [("charset".to_owned(), 1), ("timestamp".to_owned(), 2)].into(),
        service_version: "0.1.0".to_owned(),
    };
    event(number, detail)
}

fn failed(number: u32) -> CatalogEvent {
    let detail = CatalogDetail::Error {
        place: place(number),
        stage: "parse".to_owned(),
        error_code: "no-message-header".to_owned(),
        service_version: "0.1.0".to_owned(),
        retryable: false,
    };
    event(number, detail)
}

/// All items of the table or of one index, as plain JSON, in key order.
async fn items(catalog: &LocalCatalog, index: Option<&'static str>) -> Vec<Value> {
    let answer = catalog
        .read(move |storage| {
            let request = scan::ScanRequest {
                table_name: "catalog".to_owned(),
                index_name: index.map(str::to_owned),
                ..scan::ScanRequest::default()
            };
            at_once(scan::execute(storage, request))
        })
        .await
        .expect("a reader is free")
        .expect("the table can be scanned");
    let mut found = serde_json::to_value(answer.items).unwrap().as_array().cloned().unwrap_or_default();
    found.sort_by_key(|item| item["source_message"]["S"].to_string() + &item["event"]["S"].to_string());
    found
}

#[tokio::test]
async fn commits_are_synced_on_the_connection_that_writes() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = opened(&folder);
    let (journal, synchronous) = catalog.write(file::durability).await.unwrap().unwrap();
    assert_eq!(journal, "wal", "readers must not wait for the writer");
    assert_eq!(synchronous, 2, "FULL: the log is synced at every commit, so an answer outlives a power cut");
}

#[tokio::test]
async fn a_message_is_a_head_its_events_and_a_day() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = opened(&folder);
    catalog.record(&[ingested(1)]).await.unwrap();
    catalog.record(&[failed(1)]).await.unwrap();
    let all = items(&catalog, None).await;
    let names: Vec<_> = all.iter().map(|item| item["event"]["S"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names, ["error#1", "ingested", "message", "2026-03-04"], "two events, the head, the day");
    assert_eq!(all[3]["source_message"]["S"], "north_clinic#days", "days have their own partition");
    let head = &all[2];
    let shard = CatalogKeys::shard(id(1), settings().shards);
    for (name, value) in [
        ("source_message", format!("north_clinic#{}", id(1))),
        ("source_day", format!("north_clinic#2026-03-04#{shard}")),
        ("position", format!("2026-03-04T00:00:00.001Z#{}", id(1))),
        ("open_source", "north_clinic#open".to_owned()),
        ("source_control", "north_clinic#MSG000001".to_owned()),
        ("state", "attention".to_owned()),
    ] {
        assert_eq!(head[name]["S"], value, "{name} as the contract has it");
    }
    assert!(head.get("sending_facility").is_none(), "empty strings are left out");
    for event in &all[..2] {
        for key in ["source_day", "open_source", "source_control", "position"] {
            assert!(event.get(key).is_none(), "an event must be in no index, but has {key}");
        }
    }
}

#[tokio::test]
async fn indexes_hold_heads_only_and_open_only_those_with_something_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = opened(&folder);
    catalog.record(&[ingested(1), staged(1)]).await.unwrap();
    catalog.record(&[ingested(2), failed(2)]).await.unwrap();
    for (index, expected) in [("by_day", 2), ("by_control", 2), ("open", 1)] {
        let found = items(&catalog, Some(index)).await;
        assert_eq!(found.len(), expected, "heads in {index}");
        assert!(found.iter().all(|item| item["event"]["S"] == "message"), "{index} lists heads only");
    }
    let mut again = staged(2);
    again.attempt = 2;
    catalog.record(&[again]).await.unwrap();
    assert!(items(&catalog, Some("open")).await.is_empty(), "a message that became ready leaves `open`");
    let head = catalog.head(&source(), id(2)).await.unwrap().expect("recorded");
    assert_eq!(head.state, State::Ready, "the newer attempt holds");
}

#[tokio::test]
async fn what_was_answered_is_there_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = opened(&folder);
    catalog.record(&[ingested(7), staged(7)]).await.unwrap();
    let before = catalog.head(&source(), id(7)).await.unwrap();
    drop(catalog);
    let catalog = opened(&folder);
    assert_eq!(catalog.head(&source(), id(7)).await.unwrap(), before, "nothing changed by opening again");
    assert!(before.is_some(), "and it was there");
}

#[tokio::test]
async fn calls_of_many_share_transactions_and_all_are_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = opened(&folder);
    let calls = (0..300).map(|number| {
        let catalog = catalog.clone();
        async move { catalog.record(&[ingested(number)]).await }
    });
    for outcome in futures::future::join_all(calls).await {
        outcome.expect("each call is answered");
    }
    let heads = items(&catalog, Some("by_control")).await;
    assert_eq!(heads.len(), 300, "no call was lost in a shared transaction");
}

#[tokio::test]
async fn one_call_that_cannot_be_recorded_harms_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = opened(&folder);
    catalog.record(&[ingested(1)]).await.unwrap();
    let key = CatalogKeys::message(&source(), id(1));
    let broken = AttributeValue::S(key.clone()).to_key_string().unwrap();
    catalog
        .write(move |storage| {
            storage.put_item("catalog", &broken, "S:message", r#"{"state":{"S":"no such state"}}"#, 40)
        })
        .await
        .unwrap()
        .expect("the head can be spoiled");
    let (release, held) = hold_writer(&catalog);
    held.await.unwrap();
    let (spoiled, sound) = ([staged(1)], [ingested(2)]);
    let both = async { tokio::join!(catalog.record(&spoiled), catalog.record(&sound)) };
    let release = async {
        tokio::task::yield_now().await;
        release.send(()).expect("the writer waits for this");
    };
    let ((spoiled, sound), ()) = tokio::join!(both, release);
    match spoiled {
        Err(Fault::Damaged { what, .. }) => assert_eq!(what, key, "the fault names the item"),
        other => panic!("a head that cannot be read is a fault, not {other:?}"),
    }
    sound.expect("the other call of the same transaction is recorded");
    assert!(catalog.head(&source(), id(2)).await.unwrap().is_some(), "and can be read");
}

#[tokio::test]
async fn reads_do_not_wait_for_the_writer() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = opened(&folder);
    catalog.record(&[ingested(1)]).await.unwrap();
    let (release, held) = hold_writer(&catalog);
    held.await.unwrap();
    let read = tokio::time::timeout(Duration::from_secs(5), catalog.head(&source(), id(1))).await;
    release.send(()).expect("the writer waits for this");
    assert!(
        read.expect("a read must not wait for an open write transaction").unwrap().is_some(),
        "the last commit is seen"
    );
}

/// Keeps the writer in an open write transaction until the sender is used.
fn hold_writer(catalog: &LocalCatalog) -> (mpsc::Sender<()>, tokio::sync::oneshot::Receiver<()>) {
    let (release, released) = mpsc::channel();
    let (holding, held) = tokio::sync::oneshot::channel();
    let catalog = catalog.clone();
    tokio::spawn(async move {
        let work = move |storage: &Storage| {
            storage.begin_transaction().unwrap();
            holding.send(()).unwrap();
            released.recv_timeout(Duration::from_secs(20)).expect("the test lets go");
            storage.rollback().unwrap();
        };
        catalog.write(work).await.unwrap();
    });
    (release, held)
}

#[test]
fn a_file_that_is_no_catalog_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.sqlite");
    let refused = |expected: &str| {
        let before = std::fs::read(&path).unwrap();
        let problem =
            LocalCatalog::open(&path, settings()).err().expect("the file must be refused").to_string();
        assert!(problem.contains(expected), "the message says why: {problem}");
        assert!(problem.contains("catalog.sqlite"), "and which file: {problem}");
        assert_eq!(std::fs::read(&path).unwrap(), before, "the file is left as it was");
    };
    std::fs::write(&path, b"MSH|^~\\&|not a database, but long enough to look like one").unwrap();
    refused("is damaged");
    std::fs::remove_file(&path).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE photos (name TEXT)").unwrap();
    drop(other);
    refused("another program");
}

#[test]
fn a_damaged_a_changed_and_a_later_catalog_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.sqlite");
    drop(LocalCatalog::open(&path, settings()).unwrap());
    let sound = std::fs::read(&path).unwrap();
    let problem = || LocalCatalog::open(&path, settings()).err().expect("the file must be refused");

    let mut cut = sound.clone();
    cut.truncate(sound.len() / 2);
    std::fs::write(&path, &cut).unwrap();
    assert!(matches!(problem(), CatalogProblem::Damaged { .. }), "half a file is damaged: {}", problem());

    std::fs::write(&path, &sound).unwrap();
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 2).unwrap();
    assert!(matches!(problem(), CatalogProblem::Newer { .. }), "a later layout: {}", problem());

    std::fs::write(&path, &sound).unwrap();
    let stamp = "UPDATE _config SET value = '9999' WHERE key = 'schema_version'";
    assert_eq!(
        rusqlite::Connection::open(&path).unwrap().execute(stamp, []).unwrap(),
        1,
        "the stamp is there"
    );
    assert!(matches!(problem(), CatalogProblem::Newer { .. }), "a later database layer: {}", problem());

    std::fs::write(&path, &sound).unwrap();
    let storage = Storage::new(path.to_str().unwrap()).unwrap();
    storage.delete_table_metadata("catalog").unwrap();
    storage.drop_data_table("catalog").unwrap();
    for index in ["by_day", "open", "by_control"] {
        storage.drop_gsi_table("catalog", index).unwrap();
    }
    let plain = json!({"TableName": "catalog", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]});
    let request = serde_json::from_value(plain).unwrap();
    at_once(dynoxide::actions::create_table::execute(&storage, request)).unwrap();
    drop(storage);
    assert!(matches!(problem(), CatalogProblem::Foreign { .. }), "other keys: {}", problem());
}

#[test]
fn positions_sort_as_times_do() {
    let whole = Timestamp::from_second(1_772_582_400).unwrap();
    let later = Timestamp::from_millisecond(1_772_582_400_001).unwrap();
    let (first, second) = (CatalogKeys::position(whole, id(1)), CatalogKeys::position(later, id(1)));
    assert!(first < second, "{first} comes before {second}: the fraction is always written");
}

#[test]
fn shards_are_used_evenly_and_stay_below_their_number() {
    let shards = NonZeroU32::new(4).unwrap();
    let mut counts = [0_u32; 4];
    for number in 0..400 {
        counts[CatalogKeys::shard(id(number), shards) as usize] += 1;
    }
    assert_eq!(counts, [100; 4], "the last bits of the id decide");
}

#[tokio::test]
async fn a_control_id_that_fits_no_key_is_kept_but_not_listed() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = opened(&folder);
    let mut long = ingested(1);
    let CatalogDetail::Ingested { header, .. } = &mut long.detail else { panic!("made above") };
    header.control_id = Some("x".repeat(3_000));
    catalog.record(&[long]).await.expect("an overlong control id must not stop a message");
    let head = catalog.head(&source(), id(1)).await.unwrap().expect("recorded");
    assert_eq!(head.control_id.map(|id| id.len()), Some(3_000), "kept whole");
    assert!(items(&catalog, Some("by_control")).await.is_empty(), "no index key can hold it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement: cargo test --release -p local-lake -- --ignored --nocapture records_per_second"]
async fn records_per_second() {
    const MESSAGES: u32 = 20_000;
    let folder = tempfile::tempdir_in(std::env::var_os("BENCH_DIR").unwrap_or_else(|| ".".into())).unwrap();
    let catalog = opened(&folder);
    for callers in [1, 16, 64, 256] {
        let base = callers * 1_000_000;
        let messages = if callers == 1 { MESSAGES / 10 } else { MESSAGES };
        let started = Instant::now();
        let next = Arc::new(std::sync::atomic::AtomicU32::new(0));
        let work = (0..callers).map(|_| {
            let (catalog, next) = (catalog.clone(), next.clone());
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    if number >= messages {
                        return;
                    }
                    catalog.record(&[ingested(base + number)]).await.unwrap();
                    catalog.record(&[staged(base + number)]).await.unwrap();
                }
            })
        });
        futures::future::join_all(work).await;
        let took = started.elapsed().as_secs_f64();
        println!("{callers:>4} callers: {:>6.0} messages/s (ingested + staged)", f64::from(messages) / took);
    }
    let day = CatalogKeys::day(&source(), received(0), id(0), settings().shards);
    let started = Instant::now();
    let page = catalog
        .read(move |storage| {
            let request = query::QueryRequest {
                table_name: "catalog".to_owned(),
                index_name: Some("by_day".to_owned()),
                key_condition_expression: Some("source_day = :day".to_owned()),
                expression_attribute_values: Some([(":day".to_owned(), AttributeValue::S(day))].into()),
                limit: Some(100),
                ..query::QueryRequest::default()
            };
            at_once(query::execute(storage, request)).map(|page| page.count)
        })
        .await
        .unwrap()
        .unwrap();
    println!("a page of {page} heads by index: {:.2} ms", started.elapsed().as_secs_f64() * 1_000.0);
}
