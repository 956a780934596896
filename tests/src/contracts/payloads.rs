//! What every transient bucket does, whatever it stands on. Keys are named after `run`; two runs on one bucket need
//! two names.

use futures::future::join_all;
use lake::{Fault, PayloadRef, Payloads};

use super::samples::{digest, source};

/// Runs all checks, one after the other.
pub async fn suite(payloads: &impl Payloads, run: &str) {
    bytes_come_back_as_they_were(payloads, run).await;
    the_first_bytes_stay(payloads, run).await;
    of_many_puts_at_once_one_stays(payloads, run).await;
    what_is_not_there_is_missing(payloads, run).await;
    other_bytes_than_the_event_says_are_damage(payloads, run).await;
}

/// Of any size, to the largest that the lake makes of a message of 4 MiB.
pub async fn bytes_come_back_as_they_were(payloads: &impl Payloads, run: &str) {
    let source = source(run, "sizes");
    for size in [0, 1, 1_300, 65_535, 65_536, 65_537, 300_000, 4 * 1024 * 1024, 20 * 1024 * 1024] {
        let bytes: Vec<u8> = (0..size).map(|n: usize| (n * 31 + n / 251).to_le_bytes()[0]).collect();
        let key = format!("{source}/{size}.er7");
        let put = payloads.put(&source, &key, bytes.clone()).await.expect("the bytes are put");
        assert_eq!(put.sha256, er7::raw_digest(&bytes), "the reference has the digest of {size} bytes");
        assert_eq!((put.key.as_str(), put.size), (key.as_str(), size as u64), "and key and size");
        let got = payloads.get(&put).await.expect("what was put can be had");
        assert!(got == bytes, "{size} bytes come back as they were");
    }
}

/// A payload that is put again stays as it was first, and its reference tells so.
pub async fn the_first_bytes_stay(payloads: &impl Payloads, run: &str) {
    let source = source(run, "first");
    let key = format!("{source}/text.er7");
    let first = payloads.put(&source, &key, b"first".to_vec()).await.expect("the first bytes are put");
    let again = payloads.put(&source, &key, b"first".to_vec()).await.expect("putting again is no fault");
    assert_eq!(again, first, "the same bytes again change nothing");
    let other = payloads.put(&source, &key, b"other".to_vec()).await.expect("nor is putting others");
    assert_eq!(other, first, "whose answer tells of the bytes that are there");
    assert_eq!(payloads.get(&other).await.expect("they can be had"), b"first", "and these are the first");
}

/// Puts that race agree in the end.
pub async fn of_many_puts_at_once_one_stays(payloads: &impl Payloads, run: &str) {
    let source = source(run, "race");
    let key = format!("{source}/text.er7");
    let puts = (0..16).map(|n| payloads.put(&source, &key, format!("bytes {n}").into_bytes()));
    let answers: Vec<_> =
        join_all(puts).await.into_iter().map(|put| put.expect("every put is answered")).collect();
    assert!(answers.iter().all(|answer| *answer == answers[0]), "all are told of the same bytes");
    let bytes = payloads.get(&answers[0]).await.expect("they can be had");
    assert_eq!(er7::raw_digest(&bytes), answers[0].sha256, "which are those that are there");
}

/// Absence is a fault that trying again does not mend.
pub async fn what_is_not_there_is_missing(payloads: &impl Payloads, run: &str) {
    let source = source(run, "missing");
    let put = payloads.put(&source, &format!("{source}/a"), b"a".to_vec()).await.expect("bytes are put");
    let absent = PayloadRef { key: format!("{source}/b"), ..put };
    let fault = payloads.get(&absent).await.expect_err("nothing lies there");
    assert!(matches!(fault, Fault::Missing { .. }), "{fault} tells that it is missing");
}

/// Nobody works on bytes that are not those the event was about.
pub async fn other_bytes_than_the_event_says_are_damage(payloads: &impl Payloads, run: &str) {
    let source = source(run, "damage");
    let put = payloads.put(&source, &format!("{source}/a"), b"a".to_vec()).await.expect("bytes are put");
    let other = PayloadRef { sha256: digest("b"), ..put };
    let fault = payloads.get(&other).await.expect_err("the digests do not agree");
    assert!(matches!(fault, Fault::Damaged { .. }), "{fault} tells of damage");
    assert!(!fault.retryable(), "which trying again does not mend");
}
