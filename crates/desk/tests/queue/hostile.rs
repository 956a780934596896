//! Servers that are slow, refuse, lie or break off: each ends in a named outcome, with few requests.

use std::time::Duration;

use desk::queue::Unheaded;
use desk::queue::drain::DrainEnd;
use jiff::{SignedDuration, Timestamp};

use crate::server::{Desk, Reply, Request, Server, batch_ingested, ingested, known, limits, message};

/// What one message comes to at a server: its outcome, the requests that handed it over, how the run ended.
async fn one(
    answer: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static,
) -> (&'static str, usize, DrainEnd) {
    let server = Server::start(answer).await;
    let desk = Desk::new();
    desk.write("one.hl7", &message(1));
    let id = desk.take_in(&server.url, Unheaded::LeaveOut);
    let end = desk.send(&server.url, id, limits()).await;
    let lines = desk.lines(id);
    assert_eq!(lines.len(), 1, "one message was found");
    assert_eq!(desk.counts(id).found, 1, "one message is accounted for");
    (lines[0].outcome, server.submissions(), end)
}

/// A ledger in this state about a message received now; all else is `post`.
fn with_ledger(
    state: &'static str,
    post: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static,
) -> impl Fn(&Request, usize) -> Reply + Send + Sync + 'static {
    move |request, before| match request.path.as_str() {
        "/er7/known" => Reply::Answer(200, "", known(&request.body, state, Timestamp::now())),
        _ => post(request, before),
    }
}

fn ok(request: &Request) -> Reply {
    Reply::Answer(201, "", ingested(er7::digest(&request.body)))
}

#[tokio::test]
async fn an_answer_in_small_pieces_is_an_answer() {
    let (outcome, requests, _) = one(|request, _| match ok(request) {
        Reply::Answer(status, _, body) => Reply::Slow(status, body),
        other => other,
    })
    .await;
    assert_eq!((outcome, requests), ("ingested", 1), "slow is not wrong");
}

#[tokio::test]
async fn what_surely_did_not_arrive_is_not_sent() {
    let gone = Server::start(|_, _| Reply::Close).await.url;
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    drop(gone);
    let desk = Desk::new();
    desk.write("one.hl7", &message(1));
    let nobody = format!("http://{free}").parse().expect("a URL");
    let id = desk.take_in(&nobody, Unheaded::LeaveOut);
    let end = desk.send(&nobody, id, limits()).await;
    assert_eq!(desk.lines(id)[0].outcome, "not_sent", "nobody listens there");
    assert!(matches!(end, DrainEnd::OutOfReach(_)), "nothing answered at all: {end:?}");

    let (outcome, requests, _) =
        one(|_, _| Reply::Answer(403, "", "{\"message\":\"Forbidden\"}".into())).await;
    assert_eq!((outcome, requests), ("not_sent", 1), "a 403 that is not the lake's is not `denied`");
    let (outcome, requests, _) =
        one(|_, _| Reply::Answer(302, "Location: http://127.0.0.1:1/login\r\n", String::new())).await;
    assert_eq!(
        (outcome, requests),
        ("not_sent", 1),
        "a redirect is not followed, the token goes nowhere else"
    );
    let (outcome, requests, _) = one(|_, _| Reply::Answer(429, "", "slow down".into())).await;
    assert_eq!((outcome, requests), ("not_sent", 3), "a gateway's 429, to the last try");
}

#[tokio::test]
async fn a_busy_lake_is_waited_for_as_it_asks() {
    let begun = std::time::Instant::now();
    let (outcome, requests, _) = one(|request, before| match before {
        0 => Reply::Answer(429, "Retry-After: 1\r\n", String::new()),
        _ => ok(request),
    })
    .await;
    assert_eq!((outcome, requests), ("ingested", 2), "one more try is enough");
    assert!(begun.elapsed() >= Duration::from_secs(1), "Retry-After is kept to");
}

#[tokio::test]
async fn bytes_that_left_without_an_answer_are_unconfirmed_until_the_ledger_settles_them() {
    let html = "<!doctype html><title>Sign in</title>";
    type Post = fn(&Request, usize) -> Reply;
    let no_answers: [(&str, Post); 8] = [
        ("closed after reading", |_, _| Reply::Close),
        ("hung after reading", |_, _| Reply::Hang),
        ("500", |_, _| Reply::Answer(500, "", "Internal Server Error".into())),
        ("a gateway's 503", |_, _| {
            Reply::Answer(503, "Retry-After: 60\r\n", "{\"message\":\"Service Unavailable\"}".into())
        }),
        ("a login page", move |_, _| Reply::Answer(200, "", "<!doctype html><title>Sign in</title>".into())),
        ("half a body", |request, _| Reply::Half(ingested(er7::digest(&request.body)))),
        ("garbage", |_, _| Reply::Answer(201, "", "\u{0}\u{1}{]".into())),
        ("another message's answer", |_, _| Reply::Answer(201, "", ingested(er7::digest(b"MSH|another")))),
    ];
    for (what, post) in no_answers {
        let (outcome, requests, _) = one(with_ledger("settled", post)).await;
        assert_eq!((outcome, requests), ("ingested", 1), "{what}, and the ledger has it since we tried");
        let (outcome, requests, _) = one(with_ledger("unknown", post)).await;
        assert_eq!(outcome, "unconfirmed", "{what}, and the ledger does not know it: nothing is claimed");
        assert!((1..=3).contains(&requests), "{what}: {requests} requests, no storm");
        let (outcome, requests, _) = one(move |request, before| match request.path.as_str() {
            "/er7/known" => Reply::Answer(200, "", html.to_owned()),
            _ => post(request, before),
        })
        .await;
        assert_eq!(
            (outcome, requests),
            ("unconfirmed", 1),
            "{what}, and nobody to ask: it is not sent again"
        );
    }
}

#[tokio::test]
async fn what_was_there_before_the_first_try_is_a_duplicate() {
    let (outcome, ..) = one(|request, _| match request.path.as_str() {
        "/er7/known" => {
            let earlier = Timestamp::now() - SignedDuration::from_mins(5);
            Reply::Answer(200, "", known(&request.body, "settled", earlier))
        }
        _ => Reply::Close,
    })
    .await;
    assert_eq!(outcome, "duplicate", "somebody else had sent it");
    let (outcome, requests, _) =
        one(|_, _| Reply::Answer(400, "", r#"{"status":"Rejected due to being a duplicate"}"#.into())).await;
    assert_eq!((outcome, requests), ("duplicate", 1), "an older lake says so with 400");
}

#[tokio::test]
async fn a_lost_answer_and_a_second_try_that_hears_duplicate_is_our_own_message() {
    let (outcome, requests, _) = one(|request, before| match (request.path.as_str(), before) {
        ("/er7/known", _) => Reply::Answer(200, "", known(&request.body, "unknown", Timestamp::now())),
        (_, 0) => Reply::Close,
        _ => {
            let digest = er7::digest(&request.body);
            let now = Timestamp::now();
            let id = lake::MessageId::mint(now, [7; 10]);
            Reply::Answer(
                409,
                "",
                format!(
                    r#"{{"status":"Rejected due to being a duplicate","outcome":"duplicate","digest":"{digest}","match":"exact","first":{{"message_id":"{id}","received_at":"{now}"}}}}"#
                ),
            )
        }
    })
    .await;
    assert_eq!((outcome, requests), ("ingested", 2), "received after our first try, it is ours");
}

#[tokio::test]
async fn a_claim_that_does_not_settle_is_taken_over_after_its_lease() {
    let (outcome, requests, _) = one(|request, before| match (request.path.as_str(), before) {
        ("/er7/known", _) => Reply::Answer(200, "", known(&request.body, "pending", Timestamp::now())),
        (_, 0) => Reply::Close,
        _ => ok(request),
    })
    .await;
    assert_eq!((outcome, requests), ("ingested", 2), "handed over again once the lease is over");
    let busy = |_: &Request, _| Reply::Answer(503, "", r#"{"outcome":"unavailable","reason":"busy"}"#.into());
    let (outcome, requests, _) = one(with_ledger("pending", busy)).await;
    assert_eq!(outcome, "unconfirmed", "the lake said busy to the last, but holds it half-way");
    assert!(requests <= 6, "{requests} requests, no storm");
    let (outcome, requests, _) = one(with_ledger("unknown", busy)).await;
    assert_eq!((outcome, requests), ("not_sent", 3), "the lake said busy to the last, and does not know it");
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let refuse = |_: &Request, _| Reply::Answer(401, "", r#"{"message":"Unauthorized"}"#.into());
    let (outcome, requests, end) = one(refuse).await;
    assert_eq!((outcome, requests), ("not_sent", 2), "one renewal, then no more");
    assert!(matches!(end, DrainEnd::SignIn(_)), "the steward has to sign in: {end:?}");
    let (outcome, requests, _) = one(move |request, before| match request.token.as_str() {
        "second" => ok(request),
        _ => refuse(request, before),
    })
    .await;
    assert_eq!((outcome, requests), ("ingested", 2), "the renewed token is taken");
}

/// Many messages at such a server.
async fn many(
    messages: usize,
    answer: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static,
) -> (desk::queue::Counts, Server, DrainEnd) {
    let server = Server::start(answer).await;
    let desk = Desk::new();
    let all: Vec<u8> = (0..messages).flat_map(message).collect();
    desk.write("many.hl7", &all);
    let id = desk.take_in(&server.url, Unheaded::LeaveOut);
    let end = desk.send(&server.url, id, limits()).await;
    (desk.counts(id), server, end)
}

#[tokio::test]
async fn an_older_lake_without_batches_gets_one_message_at_a_time() {
    let (counts, server, _) = many(20, |request, _| match request.path.as_str() {
        "/er7/batch" => Reply::Answer(404, "", r#"{"message":"Not Found"}"#.into()),
        _ => ok(request),
    })
    .await;
    assert_eq!(counts.ingested, 20, "all arrived");
    assert_eq!((server.count("/er7"), server.count("/er7/batch")), (20, 1), "the batch was tried once");
    let (counts, ..) = many(20, |request, _| match request.path.as_str() {
        "/er7/batch" => Reply::Answer(
            413,
            "",
            r#"{"outcome":"invalid","reason":"the batch is too large","limit_bytes":10}"#.into(),
        ),
        _ => ok(request),
    })
    .await;
    assert_eq!((counts.ingested, counts.invalid), (20, 0), "a refused batch is not a refused message");
}

#[tokio::test]
async fn lines_of_a_batch_have_their_own_outcomes() {
    let (counts, server, _) = many(10, |request, before| match (request.path.as_str(), before) {
        ("/er7/known", _) => Reply::Answer(200, "", known(&request.body, "settled", Timestamp::now())),
        ("/er7/batch", 0) => {
            let mut lines: Vec<String> = batch_ingested(&request.body).lines().map(str::to_owned).collect();
            lines[1] = r#"{"outcome":"invalid","reason":"empty"}"#.to_owned();
            lines[2] = r#"{"outcome":"denied","reason":"custom:write"}"#.to_owned();
            lines[3] = r#"{"outcome":"unavailable"}"#.to_owned();
            lines[4] = r#"{"outcome":"unavailable"}"#.to_owned();
            lines.swap(5, 6);
            lines.truncate(9);
            Reply::Answer(200, "", lines.join("\n"))
        }
        ("/er7/batch", _) => Reply::Answer(200, "", batch_ingested(&request.body)),
        _ => ok(request),
    })
    .await;
    assert_eq!((counts.found, counts.ingested, counts.invalid, counts.denied), (10, 8, 1, 1), "{counts:?}");
    assert_eq!(server.submissions(), 2, "only the unavailable ones went again");
    assert_eq!(server.count("/er7/known"), 1, "the swapped and the missing ones were asked about");
}

#[tokio::test]
async fn a_dead_lake_is_given_up_and_the_rest_waits() {
    let (counts, server, end) = many(2_000, |_, _| Reply::Answer(500, "", String::new())).await;
    assert!(matches!(end, DrainEnd::OutOfReach(_)), "it is out of reach: {end:?}");
    assert_eq!((counts.found, counts.ingested), (2_000, 0), "all is accounted for");
    assert!(counts.not_sent >= 1_500, "the rest was not tried: {counts:?}");
    let requests = server.submissions();
    assert!(requests <= 8, "{requests} requests, no storm");
}

#[tokio::test]
async fn a_moment_without_answers_is_lived_through() {
    let (counts, server, end) = many(2_000, |request, before| match (request.path.as_str(), before) {
        ("/er7/known", 0) => Reply::Close,
        ("/er7/known", _) => Reply::Answer(200, "", known(&request.body, "unknown", Timestamp::now())),
        ("/er7/batch", 0..=3) => Reply::Answer(503, "", "{}".into()),
        ("/er7/batch", _) => Reply::Answer(200, "", batch_ingested(&request.body)),
        _ => ok(request),
    })
    .await;
    assert_eq!(
        (counts.ingested, end),
        (2_000, DrainEnd::Finished),
        "all arrived in the same run: {counts:?}"
    );
    assert!(server.submissions() <= 30, "{} requests, no storm", server.submissions());
}
