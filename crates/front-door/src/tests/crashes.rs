use std::sync::Arc;

use axum::http::{StatusCode, header};
use jiff::Timestamp;

use super::door::{MESSAGE, get, hand_in, sender, service, shared_door};
use super::lake::{Memory, Step};
use crate::answer::Answer;
use crate::submission::Submission;
use crate::submit::submit;

/// Shortly before midnight: what is taken over belongs to the day before.
const NOW: &str = "2026-03-04T23:59:30Z";
/// More than a lease.
const LATER: i64 = 61;

fn submission() -> Submission {
    Submission::of_bytes(MESSAGE.as_bytes().to_vec(), None, None).ok().unwrap()
}

/// Ends a submission dead at a step, as a power cut would.
async fn crash_at(memory: &Memory, step: Step) {
    let stopped = memory.stop_at(step);
    let door = shared_door(memory);
    let under_way = tokio::spawn(async move { submit(&*door, &sender("a"), submission()).await });
    stopped.reached.notified().await;
    under_way.abort();
    assert!(under_way.await.unwrap_err().is_cancelled(), "it ended at {step:?}");
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_step_loses_nothing_doubles_nothing_and_lies_to_nobody() {
    for step in Step::ALL {
        let memory = Memory::new(NOW);
        crash_at(&memory, step).await;
        let service = service(&memory);
        let digest = er7::digest(MESSAGE.as_bytes());
        let known = get(&service, &format!("/er7/{digest}"), "a").await.json();
        let expected = match step {
            Step::BeforeClaim => "unknown",
            Step::AfterSettle => "settled",
            _ => "pending",
        };
        assert_eq!(known["state"], expected, "{step:?}: the ledger tells how far it came");

        let retry = hand_in(&service, "a", MESSAGE).await;
        let expected = match step {
            Step::BeforeClaim => StatusCode::CREATED,
            Step::AfterSettle => StatusCode::CONFLICT,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        };
        assert_eq!(retry.code, expected, "{step:?}: while the lease lasts nobody hears more than is true");
        let waits = retry.headers.contains_key(header::RETRY_AFTER);
        assert_eq!(
            waits,
            expected == StatusCode::SERVICE_UNAVAILABLE,
            "{step:?}: who is to wait is told how long"
        );

        memory.advance(LATER);
        let last = hand_in(&service, "a", MESSAGE).await;
        let expected = match step {
            Step::BeforeClaim | Step::AfterSettle => StatusCode::CONFLICT,
            _ => StatusCode::CREATED,
        };
        assert_eq!(last.code, expected, "{step:?}: after the lease the message is taken in");
        let told = if expected == StatusCode::CREATED { last.json() } else { last.json()["first"].clone() };
        assert_eq!(
            told["received_at"], "2026-03-04T23:59:30Z",
            "{step:?}: received when it was first received"
        );
        if known["message_id"].is_string() {
            assert_eq!(told["message_id"], known["message_id"], "{step:?}: the id stays");
        }
        let published = memory.published();
        assert!(!published.is_empty(), "{step:?}: what is settled was published");
        for event in &published {
            assert_eq!(told["message_id"], event.message_id.to_string(), "{step:?}: under one id alone");
            assert_eq!(event.received_at.to_string(), "2026-03-04T23:59:30Z", "{step:?}: of the first day");
        }
        assert_eq!(memory.payloads(), 1, "{step:?}: the bytes are kept once");
    }
}

#[tokio::test(start_paused = true)]
async fn who_was_too_slow_hears_duplicate_and_not_ingested() {
    for step in [Step::AfterClaim, Step::BeforePut, Step::BeforePublish, Step::BeforeSettle] {
        let memory = Memory::new(NOW);
        let stopped = memory.stop_at(step);
        let door = shared_door(&memory);
        let slow = {
            let door = Arc::clone(&door);
            tokio::spawn(async move { submit(&*door, &sender("a"), submission()).await })
        };
        stopped.reached.notified().await;
        memory.advance(LATER);
        let quick = submit(&*door, &sender("a"), submission()).await;
        let Answer::Ingested { message_id, .. } = quick else { panic!("{step:?}: the claim is taken over") };
        stopped.go_on.notify_one();
        let Answer::Duplicate { message_id: first, .. } = slow.await.unwrap() else {
            panic!("{step:?}: one message has one 201")
        };
        assert_eq!(first, message_id, "{step:?}: both speak of the same message");
        assert!(memory.published().iter().all(|event| event.message_id == message_id), "{step:?}: one id");
    }
}

#[tokio::test(start_paused = true)]
async fn first_bytes_stay_when_another_form_of_the_message_takes_over() {
    let memory = Memory::new(NOW);
    crash_at(&memory, Step::AfterPut).await;
    memory.advance(LATER);
    let service = service(&memory);
    let copy = MESSAGE.replace('\r', "\r\n");
    assert_eq!(hand_in(&service, "a", copy.clone()).await.code, StatusCode::CREATED, "the copy takes over");
    let event = memory.published().pop().unwrap();
    assert_eq!(
        event.raw_digest,
        er7::raw_digest(MESSAGE.as_bytes()),
        "the event speaks of the bytes that are kept"
    );
    let again = hand_in(&service, "a", copy).await;
    assert_eq!(again.json()["match"], "canonical", "and so does the answer to the next");
}

#[tokio::test(start_paused = true)]
async fn after_a_fault_the_next_try_goes_on_at_once_under_the_same_id() {
    for step in [Step::AfterClaim, Step::BeforePut, Step::AfterPut, Step::BeforePublish, Step::AfterPublish] {
        let memory = Memory::new(NOW);
        let service = service(&memory);
        memory.fail_at(step, 1);
        let failed = hand_in(&service, "a", MESSAGE).await;
        assert_eq!(failed.code, StatusCode::SERVICE_UNAVAILABLE, "{step:?}: a part is down");
        assert_eq!(failed.outcome(), "unavailable", "{step:?}: nothing is said of the message");
        memory.advance(1);
        let next = hand_in(&service, "a", MESSAGE).await;
        assert_eq!(next.code, StatusCode::CREATED, "{step:?}: the claim was released");
        assert_eq!(next.json()["received_at"], "2026-03-04T23:59:30Z", "{step:?}: with its time of receipt");
        let ids: Vec<_> = memory.published().iter().map(|event| event.message_id.to_string()).collect();
        assert!(ids.iter().all(|id| next.json()["message_id"] == id.as_str()), "{step:?}: and its id");
    }
}

#[tokio::test(start_paused = true)]
async fn settling_is_tried_again_and_when_it_fails_the_claim_is_kept() {
    let memory = Memory::new(NOW);
    let service = service(&memory);
    memory.fail_at(Step::BeforeSettle, 2);
    assert_eq!(hand_in(&service, "a", MESSAGE).await.code, StatusCode::CREATED, "the third time is in time");

    memory.fail_at(Step::AfterSettle, 1);
    let other = format!("{MESSAGE}NTE|1\r");
    assert_eq!(
        hand_in(&service, "a", other).await.code,
        StatusCode::CREATED,
        "a lost answer is asked for again"
    );

    let third = format!("{MESSAGE}NTE|2\r");
    memory.fail_at(Step::BeforeSettle, 3);
    let failed = hand_in(&service, "a", third.clone()).await;
    assert_eq!(failed.code, StatusCode::SERVICE_UNAVAILABLE, "published, not settled: not ingested");
    let id = memory.published().pop().unwrap().message_id.to_string();
    memory.advance(LATER);
    assert_eq!(
        hand_in(&service, "a", third).await.json()["message_id"],
        id,
        "taken over under the published id"
    );
}

#[tokio::test(start_paused = true)]
async fn a_sender_that_hangs_up_does_not_stop_its_message() {
    let memory = Memory::new(NOW);
    let service = service(&memory);
    let stopped = memory.stop_at(Step::BeforePublish);
    let caller = {
        let service = service.clone();
        tokio::spawn(async move { hand_in(&service, "a", MESSAGE).await.code })
    };
    stopped.reached.notified().await;
    caller.abort();
    assert!(caller.await.is_err(), "the sender is gone");
    stopped.go_on.notify_one();
    let seen = hand_in(&service, "a", MESSAGE).await;
    assert_eq!(seen.code, StatusCode::CONFLICT, "its message was taken in all the same");
    let received: Timestamp = NOW.parse().unwrap();
    assert_eq!(memory.published()[0].received_at, received, "and published");
}
