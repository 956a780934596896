//! The whole lake as its clients see it: the real `steward lake start` in a process of its own, real tokens from its login
//! page, real kills.

// By `cfg(test)` clippy knows that what helps the tests in here is test code too.
#[cfg(test)]
mod bad_days;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod privacy;
#[cfg(test)]
mod steps;
#[cfg(test)]
mod stuck;

use bytes::Bytes;
use desk::front_door::Try;
use futures::future::join_all;
use lake::{Match, Outcome, State};
use lake_tests::running::{Running, adt};

#[tokio::test(flavor = "multi_thread")]
async fn of_64_equal_submissions_at_once_exactly_one_is_ingested_ten_times_over() {
    let lake = Running::fresh().await;
    let token = lake.token("admin@example.com").await;
    for round in 0..10 {
        let message = Bytes::from(adt(&format!("EQUAL-{round}"), 1));
        let digest = er7::digest(&message);
        let tries = join_all((0..64).map(|_| lake.door.submit(&token, message.clone(), digest, None))).await;
        let count = |word: &str| {
            tries.iter().filter(|one| matches!(one, Try::Answered(outcome) if outcome.word() == word)).count()
        };
        assert_eq!((count("ingested"), count("duplicate")), (1, 63), "round {round}: {tries:?}");
    }
    assert_eq!(lake.heads("admin@example.com").await.len(), 10, "ten messages, not 640");
}

#[tokio::test(flavor = "multi_thread")]
async fn line_ends_make_no_new_message_and_another_institution_does() {
    let lake = Running::fresh().await;
    let (admin, other) = (lake.token("admin@example.com").await, lake.token("other@example.com").await);
    let carriage_returns = Bytes::from(adt("ENDS-1", 3));
    let both = Bytes::from(String::from_utf8(carriage_returns.to_vec()).unwrap().replace('\r', "\r\n"));
    let digest = er7::digest(&carriage_returns);
    assert_eq!(er7::digest(&both), digest, "CRLF is CR in canonical bytes");
    let first = lake.door.submit(&admin, carriage_returns.clone(), digest, None).await;
    assert!(matches!(first, Try::Answered(Outcome::Ingested { .. })), "new: {first:?}");
    let again = lake.door.submit(&admin, both, digest, None).await;
    let Try::Answered(Outcome::Duplicate { equality, .. }) = again else {
        panic!("known already: {again:?}")
    };
    assert_eq!(equality, Match::Canonical, "equal but for line ends");
    let theirs = lake.door.submit(&other, carriage_returns, digest, None).await;
    assert!(
        matches!(theirs, Try::Answered(Outcome::Ingested { .. })),
        "of two institutions it is two: {theirs:?}"
    );
    for user in ["admin@example.com", "other@example.com"] {
        let heads = lake.settled_heads(user, 1).await;
        assert_eq!(
            heads.iter().map(|head| head.state).collect::<Vec<_>>(),
            [State::Ready],
            "{user} sees one, ready"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn four_mebibytes_with_a_document_become_ready_and_one_byte_more_is_refused() {
    let lake = Running::fresh().await;
    let token = lake.token("admin@example.com").await;
    let mut message = adt("LARGE-1", 1).into_bytes();
    message.extend_from_slice(b"OBX|1|ED|18842-5^DISCHARGE SUMMARY^LN||^AP^PDF^Base64^");
    let fill = lake::MESSAGE_BYTES - message.len() - 1;
    message.extend(std::iter::repeat_n(b'A', fill / 4 * 4));
    message.extend(std::iter::repeat_n(b'|', lake::MESSAGE_BYTES - message.len() - 1));
    message.push(b'\r');
    assert_eq!(message.len(), lake::MESSAGE_BYTES, "as large as a message may be");
    let whole = Bytes::from(message.clone());
    let answer = lake.door.submit(&token, whole.clone(), er7::digest(&whole), None).await;
    assert!(matches!(answer, Try::Answered(Outcome::Ingested { .. })), "at the limit: {answer:?}");
    message.push(b'\r');
    let larger = Bytes::from(message);
    let answer = lake.door.submit(&token, larger.clone(), er7::digest(&larger), None).await;
    let Try::Answered(Outcome::Invalid { limit_bytes, .. }) = answer else {
        panic!("over the limit: {answer:?}")
    };
    assert_eq!(limit_bytes, Some(lake::MESSAGE_BYTES as u64), "the limit is named");
    let heads = lake.settled_heads("admin@example.com", 1).await;
    assert_eq!(heads.first().map(|head| head.state), Some(State::Ready), "staged at its full size");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_one_folder_and_a_stopped_lake_comes_back_with_all_it_had() {
    let mut lake = Running::fresh().await;
    let token = lake.token("admin@example.com").await;
    let message = Bytes::from(adt("BACK-1", 1));
    let first = lake.door.submit(&token, message.clone(), er7::digest(&message), None).await;
    let Try::Answered(Outcome::Ingested { message_id, .. }) = first else { panic!("new: {first:?}") };
    let joined = lake.join().await;
    assert_eq!(joined, lake.url, "a second start finds the first");
    lake.stop_by_term().await;
    lake.start_again().await;
    let token = lake.token("admin@example.com").await;
    let again = lake.door.submit(&token, message.clone(), er7::digest(&message), None).await;
    let Try::Answered(Outcome::Duplicate { first_message_id, .. }) = again else {
        panic!("known: {again:?}")
    };
    assert_eq!(first_message_id, Some(message_id), "the ledger outlives the process");
    assert_eq!(lake.settled_heads("admin@example.com", 1).await.len(), 1, "and so does the catalog");
}
