use std::io;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};

use super::door::{MESSAGE, call, get, hand_in, line, post, profile, request, service};
use super::lake::{Memory, Step};

const NOW: &str = "2026-03-04T05:06:07Z";

#[tokio::test(start_paused = true)]
async fn every_row_of_the_contract_has_its_code_and_its_words() {
    let service = service(&Memory::new(NOW));
    let json = "application/json";
    let raw = "application/hl7-v2";
    let cases = [
        ("good", "a", raw, MESSAGE.to_owned(), 201, "ingested", Some("Message ingested")),
        (
            "again",
            "a",
            json,
            line(MESSAGE.as_bytes()),
            409,
            "duplicate",
            Some("Rejected due to being a duplicate"),
        ),
        (
            "no right",
            "reader",
            raw,
            MESSAGE.to_owned(),
            403,
            "denied",
            Some("Insufficient privileges to write"),
        ),
        ("ill-formed right", "a b", raw, MESSAGE.to_owned(), 403, "denied", None),
        ("forged", "forged", raw, MESSAGE.to_owned(), 401, "unauthenticated", None),
        ("keys out of reach", "down", raw, MESSAGE.to_owned(), 503, "unavailable", None),
        ("empty", "a", raw, String::new(), 400, "invalid", None),
        ("empty in JSON", "a", json, line(b""), 400, "invalid", None),
        ("no JSON", "a", json, "{".to_owned(), 400, "invalid", None),
        ("another JSON", "a", json, "{\"message\":\"\"}".to_owned(), 400, "invalid", None),
        ("an array", "a", json, " [\"QQ==\", null, null]".to_owned(), 400, "invalid", None),
        ("not base64", "a", json, "{\"msg\":\"not base64!\"}".to_owned(), 400, "invalid", None),
        (
            "odd encoding",
            "a",
            json,
            "{\"msg\":\"QQ==\",\"encoding\":\"<x>\"}".to_owned(),
            400,
            "invalid",
            None,
        ),
        ("odd target", "a", json, "{\"msg\":\"QQ==\",\"replaces\":\"7\"}".to_owned(), 400, "invalid", None),
        ("unknown type", "a", "text/plain", MESSAGE.to_owned(), 415, "invalid", None),
        ("no HL7 is taken in too", "a", raw, "hello".to_owned(), 201, "ingested", None),
        ("unpadded base64", "a", json, "{\"msg\":\"QQ\"}".to_owned(), 201, "ingested", None),
        ("several messages", "a", raw, format!("{MESSAGE}{MESSAGE}"), 201, "ingested", None),
    ];
    for (what, token, kind, body, code, outcome, status) in cases {
        let seen = post(&service, "/er7", token, kind, body).await;
        assert_eq!(seen.code.as_u16(), code, "{what}: {}", seen.text);
        assert_eq!(seen.outcome(), outcome, "{what}");
        assert_eq!(seen.headers[header::CONTENT_TYPE], "application/json", "{what}: programs read it");
        if let Some(status) = status {
            assert_eq!(seen.json()["status"], status, "{what}: older clients read this");
        }
        if code >= 400 && code != 409 {
            assert!(!seen.json()["reason"].as_str().unwrap().is_empty(), "{what}: people are told why");
        }
        assert_eq!(seen.headers.contains_key(header::RETRY_AFTER), code == 503, "{what}: when to come back");
    }
}

#[tokio::test(start_paused = true)]
async fn a_denial_names_the_attribute_and_no_institution() {
    let service = service(&Memory::new(NOW));
    hand_in(&service, "secret_clinic", MESSAGE).await;
    let denied = hand_in(&service, "reader", MESSAGE).await;
    assert!(denied.text.contains("custom:write"), "the administrator learns what to set");
    assert!(!denied.text.contains("secret_clinic"), "and nobody who else is here");
}

#[tokio::test(start_paused = true)]
async fn the_token_may_stand_with_or_without_its_scheme() {
    let service = service(&Memory::new(NOW));
    for (value, code) in [
        (Some("a"), 201),
        (Some("bearer b"), 201),
        (Some("Bearer  c"), 201),
        (Some("Bearer"), 401),
        (Some("Bearer "), 401),
        (Some(""), 401),
        (None, 401),
    ] {
        let mut request = Request::post("/er7").header("content-type", "application/hl7-v2");
        if let Some(value) = value {
            request = request.header("authorization", value);
        }
        let seen = call(&service, request.body(Body::from(MESSAGE)).unwrap()).await;
        assert_eq!(seen.code.as_u16(), code, "{value:?}: {}", seen.text);
        assert_eq!(seen.headers.contains_key(header::WWW_AUTHENTICATE), code == 401, "{value:?}: RFC 6750");
    }
}

#[tokio::test(start_paused = true)]
async fn other_paths_and_methods_are_answered_in_the_same_form() {
    let service = service(&Memory::new(NOW));
    for (method, path, code, outcome) in [
        (Method::GET, "/", 404, "not_found"),
        (Method::GET, "/er8", 404, "not_found"),
        (Method::GET, "/er7", 405, "invalid"),
        (Method::DELETE, "/lake", 405, "invalid"),
        (Method::POST, "/messages/x/forget", 404, "not_found"),
    ] {
        let seen = call(&service, request(method, path, "a", "application/json", Body::empty())).await;
        assert_eq!((seen.code.as_u16(), seen.outcome().as_str()), (code, outcome), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn profile_and_health_need_no_token() {
    let service = service(&Memory::new(NOW));
    let ask = |path: &str| call(&service, Request::get(path).body(Body::empty()).unwrap());
    let (lake, health) = (ask("/lake"), ask("/health"));
    let (lake, health) = (lake.await, health.await);
    assert_eq!(
        serde_json::from_str::<lake::Profile>(&lake.text).unwrap(),
        profile(),
        "it is the profile document"
    );
    assert_eq!(
        (health.code, health.outcome().as_str()),
        (StatusCode::OK, "healthy"),
        "and the front door is there"
    );
}

#[tokio::test(start_paused = true)]
async fn the_ledger_answers_for_the_senders_own_institution() {
    let memory = Memory::new(NOW);
    let service = service(&memory);
    let id = hand_in(&service, "a", MESSAGE).await.json()["message_id"].clone();
    let (here, nowhere) = (er7::digest(MESSAGE.as_bytes()), er7::digest(b"else"));
    let one = get(&service, &format!("/er7/{here}"), "a").await;
    assert_eq!((one.code, one.outcome().as_str()), (StatusCode::OK, "known"), "{}", one.text);
    assert_eq!((&one.json()["state"], &one.json()["message_id"]), (&"settled".into(), &id), "it is settled");
    assert_eq!(
        get(&service, &format!("/er7/{here}"), "b").await.json()["state"],
        "unknown",
        "others do not see it"
    );
    assert_eq!(
        get(&service, &format!("/er7/{here}"), "reader").await.code,
        StatusCode::FORBIDDEN,
        "it is for writers"
    );
    assert_eq!(get(&service, "/er7/xyz", "a").await.code, StatusCode::BAD_REQUEST, "a digest has a form");

    let ask = async |digests: serde_json::Value| {
        let body = serde_json::json!({ "digests": digests }).to_string();
        post(&service, "/er7/known", "a", "application/json", body).await
    };
    let many = ask(serde_json::json!([nowhere, here])).await.json();
    let states: Vec<_> =
        many["known"].as_array().unwrap().iter().map(|known| known["state"].clone()).collect();
    assert_eq!(states, ["unknown", "settled"], "in the order asked");
    assert_eq!(many["known"][0].get("message_id"), None, "of the unknown nothing is said");
    assert_eq!(ask(serde_json::json!(vec![here; 100])).await.code, StatusCode::OK, "100 at once are taken");
    assert_eq!(ask(serde_json::json!(vec![here; 101])).await.code, StatusCode::BAD_REQUEST, "101 are not");
    assert_eq!(ask(serde_json::json!(["x"])).await.code, StatusCode::BAD_REQUEST, "each must be a digest");
}

/// Everything that is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn neither_content_nor_tokens_are_logged_or_repeated() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let memory = Memory::new(NOW);
    let service = service(&memory);
    let message = MESSAGE.replace("100001", "CANARY");
    let broken = r#"{"msg":"CANARY!","replaces":"CANARY","encoding":7}"#;
    let mut told = String::new();
    memory.fail_at(Step::BeforePublish, 1);
    for (token, kind, body) in [
        ("a", "application/hl7-v2", message.as_str()),
        ("a", "application/hl7-v2", message.as_str()),
        ("a", "application/json", broken),
        ("a", "application/json", r#"{"msg":"QQ==","replaces":"CANARY"}"#),
        ("CANARY TOKEN", "application/hl7-v2", message.as_str()),
    ] {
        told += &post(&service, "/er7", token, kind, body.to_owned()).await.text;
    }
    told += &get(&service, "/er7/CANARY", "a").await.text;
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("BeforePublish"), "the log does record faults: {logged}");
    assert!(!logged.contains("CANARY"), "nothing of a message or token is logged: {logged}");
    assert!(!told.contains("CANARY"), "nor repeated in answers: {told}");
}
