//! What every lake bucket does, whatever it stands on, as its only writer sees it. Two runs on one bucket need two
//! names.

use futures::future::join_all;
use lake::{Fault, ObjectKey, PayloadRef, Payloads, PutOutcome, Source, Store};

use super::samples::{at, digest, id, source};

/// Runs all checks, one after the other. `payloads` is the transient bucket that the store copies from.
pub async fn suite(store: &impl Store, payloads: &impl Payloads, run: &str) {
    what_is_kept_can_be_read_back(store, payloads, run).await;
    the_first_bytes_stay_for_ever(store, payloads, run).await;
    of_many_keepers_at_once_one_writes(store, payloads, run).await;
    a_missing_payload_is_a_fault(store, payloads, run).await;
    other_bytes_than_the_event_says_are_not_kept(store, payloads, run).await;
}

/// All zones, small and large; a restage reads from the lake bucket as from the transient one.
pub async fn what_is_kept_can_be_read_back(store: &impl Store, payloads: &impl Payloads, run: &str) {
    let source = source(run, "kept");
    for (name, size) in [("small", 900), ("large", 3_000_000)] {
        let payload = put(payloads, &source, name, vec![b'x'; size]).await;
        for key in [
            ObjectKey::ingestion(&source, at(0), id(name)),
            ObjectKey::staging(&source, at(0), id(name), 1),
            ObjectKey::error(&source, at(0), id(name), 2),
        ] {
            let kept = store.keep(&payload, &key).await.expect("the payload is kept");
            assert_eq!(kept.put, PutOutcome::Created, "{name} is written to {key}");
            assert_eq!((kept.sha256, kept.size), (payload.sha256, payload.size), "as it is");
            let place = PayloadRef { bucket: kept.bucket, key: key.to_string(), ..payload.clone() };
            let bytes = payloads.get(&place).await.expect("it can be read there");
            assert!(bytes == vec![b'x'; size], "and has the bytes of the payload");
        }
    }
}

/// Keeping again, or others under the same key, changes nothing and tells so.
pub async fn the_first_bytes_stay_for_ever(store: &impl Store, payloads: &impl Payloads, run: &str) {
    let source = source(run, "stays");
    let key = ObjectKey::ingestion(&source, at(0), id("stays"));
    let first = put(payloads, &source, "first", b"first".to_vec()).await;
    let other = put(payloads, &source, "other", b"other".to_vec()).await;
    let created = store.keep(&first, &key).await.expect("the first is kept");
    for payload in [&first, &other] {
        let kept = store.keep(payload, &key).await.expect("keeping again is no fault");
        assert_eq!(kept.put, PutOutcome::Existed, "nothing is written a second time");
        assert_eq!(kept.sha256, first.sha256, "the answer tells of the first bytes");
        assert_eq!(kept.version_id, created.version_id, "in their version");
    }
}

/// Redelivered events may race each other.
pub async fn of_many_keepers_at_once_one_writes(store: &impl Store, payloads: &impl Payloads, run: &str) {
    let source = source(run, "race");
    let key = ObjectKey::ingestion(&source, at(0), id("race"));
    let mut offers = Vec::new();
    for n in 0..16 {
        offers.push(put(payloads, &source, &format!("offer {n}"), format!("bytes {n}").into_bytes()).await);
    }
    let kept: Vec<_> = join_all(offers.iter().map(|offer| store.keep(offer, &key)))
        .await
        .into_iter()
        .map(|kept| kept.expect("every keeper is answered"))
        .collect();
    let created: Vec<_> = kept.iter().filter(|kept| kept.put == PutOutcome::Created).collect();
    assert_eq!(created.len(), 1, "one writes");
    assert!(kept.iter().all(|kept| kept.sha256 == created[0].sha256), "all are told of what it wrote");
}

/// A payload that has gone is told, unless its object is there already.
pub async fn a_missing_payload_is_a_fault(store: &impl Store, payloads: &impl Payloads, run: &str) {
    let source = source(run, "gone");
    let there = put(payloads, &source, "there", b"there".to_vec()).await;
    let gone = PayloadRef { key: format!("{source}/gone"), ..there.clone() };
    let key = ObjectKey::ingestion(&source, at(0), id("gone"));
    let fault = store.keep(&gone, &key).await.expect_err("there is nothing to keep");
    assert!(matches!(fault, Fault::Missing { .. }), "{fault} tells that it is missing");
    store.keep(&there, &key).await.expect("the key is still free");
    let kept = store.keep(&gone, &key).await.expect("once the object is there its payload is not needed");
    assert_eq!(kept.put, PutOutcome::Existed, "so an event that comes late is no failure");
}

/// A payload that is not what the event was about does not get into the lake.
pub async fn other_bytes_than_the_event_says_are_not_kept(
    store: &impl Store,
    payloads: &impl Payloads,
    run: &str,
) {
    let source = source(run, "other");
    let payload = put(payloads, &source, "other", b"other".to_vec()).await;
    let wrong = PayloadRef { sha256: digest("something else"), ..payload.clone() };
    let key = ObjectKey::ingestion(&source, at(0), id("other"));
    let fault = store.keep(&wrong, &key).await.expect_err("the digests do not agree");
    assert!(matches!(fault, Fault::Damaged { .. }), "{fault} tells of damage");
    let kept = store.keep(&payload, &key).await.expect("the right one is kept");
    assert_eq!(kept.put, PutOutcome::Created, "since nothing had been written");
}

async fn put(payloads: &impl Payloads, source: &Source, name: &str, bytes: Vec<u8>) -> PayloadRef {
    payloads.put(source, &format!("{source}/{name}"), bytes).await.expect("the payload is put")
}
