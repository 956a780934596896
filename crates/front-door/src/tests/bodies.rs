use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Method, StatusCode};
use futures::stream::{self, StreamExt};
use lake::MESSAGE_BYTES;
use tokio::time::Instant;

use super::door::{MESSAGE, call, door, hand_in, line, post, request, service};
use super::lake::{Memory, Step};
use crate::{Room, router};

const NOW: &str = "2026-03-04T05:06:07Z";

/// A message of so many bytes.
fn message_of(bytes: usize) -> Vec<u8> {
    let mut message = MESSAGE.as_bytes().to_vec();
    message.extend_from_slice(b"OBX|1|ED|DOC||");
    message.resize(bytes, b'A');
    message
}

#[tokio::test(start_paused = true)]
async fn four_mebibytes_pass_and_one_byte_more_does_not() {
    let service = service(&Memory::new(NOW));
    let (fits, too_large) = (message_of(MESSAGE_BYTES), message_of(MESSAGE_BYTES + 1));
    let json = "application/json";
    // Some encoders escape the slashes of base64, of which any bytes make one in 64.
    let any_bytes: Vec<u8> = (0..MESSAGE_BYTES).map(|at| (at * 7 % 251) as u8).collect();
    let escaped = line(&any_bytes).replace('/', "\\/");
    for (what, seen, code) in [
        ("bytes", hand_in(&service, "a", fits.clone()).await, 201),
        ("base64", post(&service, "/er7", "b", json, line(&fits)).await, 201),
        ("base64 with escapes", post(&service, "/er7", "c", json, escaped).await, 201),
        ("bytes, one more", hand_in(&service, "a", too_large.clone()).await, 413),
        ("base64, one more", post(&service, "/er7", "b", json, line(&too_large)).await, 413),
        (
            "base64, far more",
            post(&service, "/er7", "b", json, line(&message_of(3 * MESSAGE_BYTES))).await,
            413,
        ),
    ] {
        assert_eq!(seen.code.as_u16(), code, "{what}: {:.200}", seen.text);
        if code == 413 {
            assert_eq!(seen.json()["limit_bytes"], MESSAGE_BYTES, "{what}: the limit is told");
            assert_eq!(seen.outcome(), "invalid", "{what}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_without_a_length_is_read_up_to_the_limit() {
    let memory = Memory::new(NOW);
    let service = service(&memory);
    let endless = stream::repeat(Ok::<_, Infallible>(Bytes::from_static(&[b'A'; 64 * 1024])));
    let seen = hand_in(&service, "a", Body::from_stream(endless)).await;
    assert_eq!(seen.code, StatusCode::PAYLOAD_TOO_LARGE, "an endless body ends at the limit");
    let parts = MESSAGE.as_bytes().chunks(7).map(|part| Ok::<_, Infallible>(Bytes::from_static(part)));
    let parts = Body::from_stream(stream::iter(parts.collect::<Vec<_>>()));
    assert_eq!(hand_in(&service, "a", parts).await.code, StatusCode::CREATED, "parts make a whole");
    let id = memory.published()[0].message_id;
    assert_eq!(memory.payload(&format!("ingested/{id}")).unwrap(), MESSAGE.as_bytes(), "in order");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_not_waited_for_for_ever() {
    let service = service(&Memory::new(NOW));
    let drip = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"MSH"))]).chain(stream::pending());
    let began = Instant::now();
    let seen = hand_in(&service, "a", Body::from_stream(drip)).await;
    assert_eq!(seen.code, StatusCode::REQUEST_TIMEOUT, "the connection is given up");
    assert_eq!(seen.outcome(), "unavailable", "which says nothing of the message");
    assert!(began.elapsed() <= Duration::from_secs(25), "within its time, not {:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn compressed_bodies_are_refused() {
    let service = service(&Memory::new(NOW));
    for (coding, code) in [("gzip", 415), ("identity", 201)] {
        let mut request = request(Method::POST, "/er7", "a", "application/hl7-v2", MESSAGE);
        request.headers_mut().insert("content-encoding", coding.parse().unwrap());
        assert_eq!(call(&service, request).await.code.as_u16(), code, "{coding}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_room_the_answer_is_busy_and_with_room_again_it_is_not() {
    let memory = Memory::new(NOW);
    for room in [Room::new(1, 64 * 1024 * 1024), Room::new(100, 1024)] {
        let mut narrow = door(&memory);
        narrow.room = room;
        let service = router(narrow);
        let message = format!("{MESSAGE}NTE|{}\r", memory.payloads());
        let stopped = memory.stop_at(Step::BeforePut);
        let first = {
            let (service, message) = (service.clone(), message.clone());
            tokio::spawn(async move { hand_in(&service, "a", message).await.code })
        };
        stopped.reached.notified().await;
        let busy = hand_in(&service, "b", message.clone()).await;
        assert_eq!(busy.code, StatusCode::TOO_MANY_REQUESTS, "there is room for one: {}", busy.text);
        assert_eq!(busy.headers["retry-after"], "1", "it is worth coming back soon");
        stopped.go_on.notify_one();
        assert_eq!(first.await.unwrap(), StatusCode::CREATED, "the one inside is served");
        assert_eq!(
            hand_in(&service, "b", message).await.code,
            StatusCode::CREATED,
            "then there is room again"
        );
    }
}
