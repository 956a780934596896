use std::time::Duration;

use axum::http::StatusCode;
use lake::BATCH_BYTES;
use serde_json::Value;
use tokio::time::Instant;

use super::door::{MESSAGE, Seen, door, get, hand_in, line, post, service};
use super::lake::{Memory, Step};

const NOW: &str = "2026-03-04T05:06:07Z";

fn numbered(number: usize) -> String {
    line(format!("{MESSAGE}NTE|{number}\r").as_bytes())
}

async fn batch(service: &axum::Router, lines: &[String]) -> Seen {
    post(service, "/er7/batch", "a", "application/x-ndjson", lines.join("\n")).await
}

fn outcomes(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["outcome"].as_str().expect("each line has an outcome")).collect()
}

#[tokio::test(start_paused = true)]
async fn each_line_has_its_own_outcome_in_order() {
    let memory = Memory::new(NOW);
    let service = service(&memory);
    let lines = [
        numbered(1),
        "{".to_owned(),
        numbered(2),
        numbered(1),
        String::new(),
        line(b""),
        numbered(2),
        numbered(3),
        format!("[{:?}, null, null]", "TVNIfF5+XCZ8"),
    ];
    let seen = batch(&service, &lines).await;
    assert_eq!(seen.code, StatusCode::OK, "{}", seen.text);
    assert_eq!(seen.headers["content-type"], "application/x-ndjson", "a line for a line");
    let told = seen.lines();
    assert_eq!(
        outcomes(&told),
        [
            "ingested",
            "invalid",
            "ingested",
            "duplicate",
            "invalid",
            "invalid",
            "duplicate",
            "ingested",
            "invalid"
        ],
        "one bad line harms no other, and of equal ones the first wins"
    );
    assert_eq!(told[3]["first"]["message_id"], told[0]["message_id"], "the copy hears of the first");
    assert_eq!(memory.published().len(), 3, "each message is published once");
}

#[tokio::test(start_paused = true)]
async fn a_hundred_lines_are_taken_and_one_more_is_not() {
    let service = service(&Memory::new(NOW));
    let lines: Vec<String> = (0..101).map(numbered).collect();
    let too_many = batch(&service, &lines).await;
    assert_eq!(
        (too_many.code, too_many.outcome().as_str()),
        (StatusCode::BAD_REQUEST, "invalid"),
        "101 are refused"
    );
    let seen = batch(&service, &lines[..100]).await;
    assert!(outcomes(&seen.lines()).iter().all(|outcome| *outcome == "ingested"), "100 are taken");
    assert_eq!(seen.lines().len(), 100, "and each is answered");
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_none_is_refused_as_a_whole() {
    let service = service(&Memory::new(NOW));
    let cases = [
        ("application/x-ndjson", String::new(), 400),
        ("application/x-ndjson", "\n\n".to_owned(), 400),
        ("application/json", numbered(1), 415),
        ("application/x-ndjson", " ".repeat(BATCH_BYTES + 1), 413),
    ];
    for (kind, body, code) in cases {
        let seen = post(&service, "/er7/batch", "a", kind, body).await;
        assert_eq!((seen.code.as_u16(), seen.outcome().as_str()), (code, "invalid"), "{kind}: {}", seen.text);
        assert_eq!(
            seen.json().get("limit_bytes").is_some(),
            code == 413,
            "the limit is told where it counts"
        );
    }
    let denied = post(&service, "/er7/batch", "reader", "application/x-ndjson", numbered(1)).await;
    assert_eq!(denied.code, StatusCode::FORBIDDEN, "without the right no line is looked at");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_done_in_time_is_unavailable_and_the_rest_is_told() {
    let memory = Memory::new(NOW);
    let service = service(&memory);
    let stopped = memory.stop_at(Step::BeforePublish);
    let began = Instant::now();
    let seen = batch(&service, &[numbered(1), numbered(2), numbered(3), numbered(1)]).await;
    let told = seen.lines();
    let mut sorted = outcomes(&told);
    assert_eq!(sorted.len(), 4, "every line is answered");
    sorted.sort_unstable();
    assert_eq!(sorted[..2], ["ingested", "ingested"], "two of three messages went through");
    assert!(sorted[2..].contains(&"unavailable"), "the one that hangs is not known");
    assert!(began.elapsed() <= Duration::from_secs(26), "within the deadline, not {:?}", began.elapsed());
    drop(stopped);
}

#[tokio::test(start_paused = true)]
async fn no_line_is_begun_after_the_deadline() {
    let memory = Memory::new(NOW);
    let mut late = door(&memory);
    late.patience.batch = Duration::ZERO;
    let late = crate::router(late);
    let seen = batch(&late, &[numbered(1), numbered(2), numbered(1)]).await;
    assert_eq!(outcomes(&seen.lines()), ["unavailable"; 3], "there was no time for any");
    let digest = er7::digest(format!("{MESSAGE}NTE|1\r").as_bytes());
    let known = get(&late, &format!("/er7/{digest}"), "a").await.json();
    assert_eq!(known["state"], "unknown", "and none left a claim: {known}");
    assert_eq!(memory.claims_begun(), 0, "as none was asked for");
}

#[tokio::test(start_paused = true)]
async fn a_line_that_is_cut_off_before_it_is_published_can_be_handed_in_again_at_once() {
    for step in Step::ALL {
        let memory = Memory::new(NOW);
        let service = service(&memory);
        let stopped = memory.stop_at(step);
        let seen = batch(&service, &[numbered(1)]).await;
        assert_eq!(outcomes(&seen.lines()), ["unavailable"], "{step:?}: cut off");
        let again = hand_in(&service, "a", format!("{MESSAGE}NTE|1\r")).await;
        let expected = match step {
            Step::BeforeClaim | Step::AfterClaim | Step::BeforePut | Step::AfterPut => 201,
            Step::BeforePublish | Step::AfterPublish | Step::BeforeSettle => 503,
            Step::AfterSettle => 409,
        };
        assert_eq!(again.code.as_u16(), expected, "{step:?}: {}", again.text);
        drop(stopped);
    }
}
