use axum::http::StatusCode;
use lake::{Detail, EventKind, ObjectKey, SetAsideReason};

use super::door::{MESSAGE, hand_in, post, service};
use super::lake::Memory;

const NOW: &str = "2026-03-04T05:06:07Z";

#[tokio::test(start_paused = true)]
async fn a_restage_mints_an_attempt_and_points_at_the_lake_bucket() {
    let memory = Memory::new(NOW);
    let service = service(&memory);
    let id = hand_in(&service, "a", MESSAGE).await.json()["message_id"].as_str().unwrap().to_owned();
    for attempt in [2, 3] {
        let seen = post(&service, &format!("/messages/{id}/restage"), "a", "application/json", "").await;
        assert_eq!((seen.code, seen.outcome().as_str()), (StatusCode::ACCEPTED, "accepted"), "{}", seen.text);
        assert_eq!(seen.json()["attempt"], attempt, "each asks for an attempt of its own");
        let event = memory.published().pop().unwrap();
        assert_eq!((event.kind(), event.attempt), (EventKind::Restage, attempt), "staging hears of it");
        let payload = event.payload.expect("it says where the bytes are");
        let key = ObjectKey::ingestion(&event.source, event.received_at, event.message_id);
        assert_eq!(
            (payload.bucket.as_str(), payload.key),
            ("lake-bucket", key.to_string()),
            "in the ingestion zone"
        );
        assert_eq!(payload.sha256, er7::raw_digest(MESSAGE.as_bytes()), "the bytes that were submitted");
    }
}

#[tokio::test(start_paused = true)]
async fn a_set_aside_has_a_reason_of_the_four() {
    let memory = Memory::new(NOW);
    let service = service(&memory);
    let id = hand_in(&service, "a", MESSAGE).await.json()["message_id"].as_str().unwrap().to_owned();
    let path = format!("/messages/{id}/set-aside");
    let long = format!(r#"{{"reason":"other","note":"{}"}}"#, "é".repeat(501));
    for (body, code) in [
        ("", 400),
        (r#"{"reason":"because"}"#, 400),
        (r#"["other",null]"#, 400),
        (long.as_str(), 400),
        (r#"{"reason":"other","note":" "}"#, 202),
        (r#"{"reason":"resent-by-sender","note":" again at noon "}"#, 202),
    ] {
        let seen = post(&service, &path, "a", "application/json", body.to_owned()).await;
        assert_eq!(seen.code.as_u16(), code, "{body:.60}: {}", seen.text);
    }
    let events = memory.published();
    let set_aside: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.detail {
            Detail::SetAside { reason, note, .. } => Some((*reason, note.as_deref())),
            _ => None,
        })
        .collect();
    let expected = [(SetAsideReason::Other, None), (SetAsideReason::ResentBySender, Some("again at noon"))];
    assert_eq!(set_aside, expected, "only sound ones are published, without empty notes");
}

#[tokio::test(start_paused = true)]
async fn a_redeliver_is_published() {
    let memory = Memory::new(NOW);
    let service = service(&memory);
    let id = hand_in(&service, "a", MESSAGE).await.json()["message_id"].as_str().unwrap().to_owned();
    let seen = post(&service, &format!("/messages/{id}/redeliver"), "a", "application/json", "").await;
    assert_eq!(seen.code, StatusCode::ACCEPTED, "{}", seen.text);
    assert_eq!(memory.published().pop().unwrap().kind(), EventKind::Redeliver, "the core hears of it");
}

#[tokio::test(start_paused = true)]
async fn unknown_messages_and_those_of_others_look_the_same() {
    let memory = Memory::new(NOW);
    let service = service(&memory);
    let mine = hand_in(&service, "a", MESSAGE).await.json()["message_id"].as_str().unwrap().to_owned();
    let never = "01890a5d-ac96-774b-bcce-b302099a8057";
    for wish in ["restage", "set-aside", "redeliver"] {
        let body = if wish == "set-aside" { r#"{"reason":"other"}"# } else { "" };
        let mut told = Vec::new();
        for (token, id) in [("b", mine.as_str()), ("a", never), ("a", "x"), ("a", "%ff")] {
            let seen =
                post(&service, &format!("/messages/{id}/{wish}"), token, "application/json", body).await;
            assert_eq!(
                (seen.code, seen.outcome().as_str()),
                (StatusCode::NOT_FOUND, "not_found"),
                "{wish} {id}"
            );
            told.push(seen.text);
        }
        told.dedup();
        assert_eq!(told.len(), 1, "{wish}: nothing tells another's message from none");
        let denied =
            post(&service, &format!("/messages/{mine}/{wish}"), "reader", "application/json", body).await;
        assert_eq!(denied.code, StatusCode::FORBIDDEN, "{wish} needs the right to write");
    }
    assert_eq!(memory.published().len(), 1, "nothing but the message itself was published");
}

#[tokio::test(start_paused = true)]
async fn who_is_not_signed_in_hears_that_first() {
    let memory = Memory::new(NOW);
    let service = service(&memory);
    let set_aside = "/messages/01890a5d-ac96-774b-bcce-b302099a8057/set-aside";
    for path in ["/er7", "/er7/batch", "/er7/known", set_aside] {
        let seen = post(&service, path, "forged", "text/plain", "x").await;
        assert_eq!(
            seen.code,
            StatusCode::UNAUTHORIZED,
            "{path}: the token comes before the form: {}",
            seen.text
        );
    }
}
