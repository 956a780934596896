use futures::future::join_all;
use lake::{Detail, MessageId};

use super::door::{MESSAGE, call, hand_in, line, post, request, service};
use super::lake::Memory;
use axum::http::{Method, StatusCode};

const NOW: &str = "2026-03-04T05:06:07.008009Z";

#[tokio::test(start_paused = true)]
async fn of_64_equal_submissions_at_once_exactly_one_is_ingested() {
    for round in 0..10 {
        let memory = Memory::new(NOW);
        let service = service(&memory);
        let seen = join_all((0..64).map(|_| hand_in(&service, "a", MESSAGE))).await;
        let count = |code| seen.iter().filter(|seen| seen.code == code).count();
        assert_eq!(count(StatusCode::CREATED), 1, "round {round}: one sender hears that it was ingested");
        assert_eq!(
            count(StatusCode::CONFLICT),
            63,
            "round {round}: the others hear that it is there already"
        );
        assert_eq!(memory.published().len(), 1, "round {round}: it is published once");
        let first = seen.iter().find(|seen| seen.code == StatusCode::CREATED).unwrap().json();
        for other in seen.iter().filter(|seen| seen.code == StatusCode::CONFLICT) {
            assert_eq!(
                other.json()["first"]["message_id"],
                first["message_id"],
                "all hear of the same first"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_ingested_message_is_published_with_reference_and_header() {
    let memory = Memory::new(NOW);
    let service = service(&memory);
    let seen = post(&service, "/er7", "a", "application/json; charset=utf-8", line(MESSAGE.as_bytes())).await;
    assert_eq!(seen.code, StatusCode::CREATED, "a good message is ingested: {}", seen.text);
    let body = seen.json();
    let event = memory.published().remove(0);
    assert_eq!(body["message_id"], event.message_id.to_string(), "sender and hub hear the same id");
    assert_eq!(body["source"], "a", "the institution comes from the token");
    assert_eq!(
        body["digest"],
        er7::digest(MESSAGE.as_bytes()).to_string(),
        "the digest is of the canonical bytes"
    );
    assert_eq!(body["received_at"], "2026-03-04T05:06:07.008Z", "times count whole milliseconds");
    assert_eq!(event.message_id.minted_at(), event.received_at, "the id tells the time of receipt");
    let payload = event.payload.expect("the event refers to the bytes");
    assert_eq!(
        memory.payload(&payload.key).unwrap(),
        MESSAGE.as_bytes(),
        "the bytes are those that were sent"
    );
    assert_eq!(payload.sha256, er7::raw_digest(MESSAGE.as_bytes()), "and the reference says which");
    let Detail::Ingested { header, submitted_by, encoding, .. } = event.detail else {
        panic!("it is ingested")
    };
    assert_eq!(header.control_id.as_deref(), Some("77"), "the header is peeked");
    assert_eq!(
        (submitted_by.as_str(), encoding.as_deref()),
        ("sub of a", Some("utf-8")),
        "who and how is recorded"
    );
}

#[tokio::test(start_paused = true)]
async fn copies_with_other_line_ends_are_one_message() {
    let service = service(&Memory::new(NOW));
    assert_eq!(hand_in(&service, "a", MESSAGE).await.code, StatusCode::CREATED, "the first is new");
    let exact = hand_in(&service, "a", MESSAGE).await;
    assert_eq!(
        (exact.code, exact.json()["match"].as_str()),
        (StatusCode::CONFLICT, Some("exact")),
        "byte for byte"
    );
    for (ends, copy) in [
        ("CRLF", MESSAGE.replace('\r', "\r\n")),
        ("LF", MESSAGE.replace('\r', "\n")),
        ("no final end", MESSAGE.trim_end().to_owned()),
        ("framing", format!("\u{b}{MESSAGE}\u{1c}\r")),
    ] {
        let seen = hand_in(&service, "a", copy).await;
        assert_eq!(seen.code, StatusCode::CONFLICT, "{ends}: the same message in another form");
        assert_eq!(
            seen.json()["match"],
            "canonical",
            "{ends}: and the sender is told in what it is the same"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_message_from_two_institutions_is_two() {
    let memory = Memory::new(NOW);
    let service = service(&memory);
    for source in ["a", "b"] {
        let seen = hand_in(&service, source, MESSAGE).await;
        assert_eq!(seen.code, StatusCode::CREATED, "{source} has not sent it before");
        assert_eq!(seen.json()["source"], source, "each gets its own");
    }
    assert_eq!(memory.published().len(), 2, "both are published");
}

#[tokio::test(start_paused = true)]
async fn what_is_replaced_is_looked_up_under_the_senders_own_institution() {
    let memory = Memory::new(NOW);
    let service = service(&memory);
    let first = hand_in(&service, "a", MESSAGE).await.json()["message_id"].as_str().unwrap().to_owned();
    for (source, known) in [("a", true), ("b", false)] {
        let fixed = format!("{MESSAGE}NTE|1||{source}\r");
        let mut request = request(Method::POST, "/er7", source, "application/hl7-v2", fixed);
        request.headers_mut().insert("x-replaces", first.parse().unwrap());
        let seen = call(&service, request).await;
        assert_eq!(seen.code, StatusCode::CREATED, "an unknown target does not stop a message");
        let Detail::Ingested { replaces, .. } = memory.published().pop().unwrap().detail else {
            panic!("ingested")
        };
        let replaces = replaces.expect("the target is handed on");
        assert_eq!(replaces.message_id, MessageId::parse(&first).unwrap(), "as it was named");
        assert_eq!(replaces.known, known, "{source}: another institution's message is not known");
    }
}
