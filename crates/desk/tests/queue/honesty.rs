//! A front door that takes messages and loses answers at random, and a program that goes away at random: what the queue
//! says is never more than what is so.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use desk::queue::Unheaded;
use desk::queue::drain::{DrainEnd, Limits};
use er7::Digest;
use fastrand::Rng;
use jiff::Timestamp;
use lake::MessageId;
use serde_json::json;

use crate::server::{Desk, Reply, Request, Server, digests, limits, message};

const MESSAGES: usize = 150;
const RUNS: usize = 8;

/// What the lake really has.
#[derive(Default)]
struct Ledger(Mutex<HashMap<Digest, (MessageId, Timestamp)>>);

impl Ledger {
    /// Takes a message in, and answers as the lake does.
    fn take(&self, digest: Digest) -> serde_json::Value {
        let mut ledger = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let random = digest.as_bytes()[..10].try_into().expect("ten bytes");
        if let Some((message_id, received_at)) = ledger.get(&digest) {
            let first = json!({ "message_id": message_id.to_string(), "received_at": received_at });
            return json!({ "outcome": "duplicate", "status": "", "digest": digest, "match": "exact", "first": first });
        }
        let now = Timestamp::now();
        let message_id = MessageId::mint(now, random);
        ledger.insert(digest, (message_id, now));
        json!({
            "outcome": "ingested", "digest": digest, "message_id": message_id.to_string(), "source": "clinic", "received_at": now,
        })
    }

    fn id(&self, digest: Digest) -> Option<MessageId> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&digest).map(|(id, _)| *id)
    }

    fn known(&self, body: &[u8]) -> String {
        let asked: serde_json::Value = serde_json::from_slice(body).expect("a question is JSON");
        let ledger = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let one = |text: &serde_json::Value| {
            let digest: Digest = text.as_str().expect("a digest").parse().expect("a digest");
            match ledger.get(&digest) {
                Some((id, at)) => {
                    json!({ "digest": digest, "state": "settled", "message_id": id.to_string(), "received_at": at })
                }
                None => json!({ "digest": digest, "state": "unknown" }),
            }
        };
        let known: Vec<_> = asked["digests"].as_array().expect("digests").iter().map(one).collect();
        json!({ "outcome": "known", "known": known }).to_string()
    }
}

/// One of the ways in which a day goes wrong.
fn answer(request: &Request, ledger: &Ledger, random: &Mutex<Rng>, is_kind: bool) -> Reply {
    let die = if is_kind { 100 } else { random.lock().unwrap_or_else(PoisonError::into_inner).u32(0..12) };
    if request.path == "/er7/known" {
        return match die {
            0..=3 => Reply::Close,
            4 => Reply::Answer(200, "", "<!doctype html>".to_owned()),
            _ => Reply::Answer(200, "", ledger.known(&request.body)),
        };
    }
    let is_batch = request.path == "/er7/batch";
    let all = if is_batch { digests(&request.body) } else { vec![er7::digest(&request.body)] };
    let take = |some: &[Digest]| {
        some.iter().map(|digest| ledger.take(*digest).to_string()).collect::<Vec<_>>().join("\n")
    };
    match die {
        0 => Reply::Close,
        1 => Reply::Answer(429, "", String::new()),
        2 => Reply::Answer(503, "", json!({ "outcome": "unavailable", "reason": "busy" }).to_string()),
        3 => {
            take(&all[..all.len() / 2]);
            Reply::Close
        }
        4 => {
            take(&all);
            Reply::Answer(500, "", "oops".to_owned())
        }
        5 => Reply::Half(take(&all)),
        // A line is missing, and nobody says which was taken.
        6 if is_batch => {
            let lines = take(&all);
            Reply::Answer(200, "", lines.lines().skip(1).collect::<Vec<_>>().join("\n"))
        }
        _ => Reply::Answer(200, "", take(&all)),
    }
}

fn small_jobs() -> Limits {
    Limits { batch_messages: 10, at_once: 4, check_for: std::time::Duration::from_millis(60), ..limits() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queue_never_says_more_than_is_so() {
    for seed in 1..=4 {
        let ledger = Arc::new(Ledger::default());
        let is_kind = Arc::new(AtomicBool::new(false));
        let asked = Arc::new(AtomicUsize::new(0));
        let random = Mutex::new(Rng::with_seed(seed));
        let (lake, kind, count) = (Arc::clone(&ledger), Arc::clone(&is_kind), Arc::clone(&asked));
        let server = Server::start(move |request, _| {
            count.fetch_add(1, Ordering::Relaxed);
            answer(request, &lake, &random, kind.load(Ordering::Relaxed))
        })
        .await;
        let desk = Desk::new();
        desk.write("many.hl7", &(0..MESSAGES).flat_map(message).collect::<Vec<u8>>());
        let id = desk.take_in(&server.url, Unheaded::LeaveOut);
        let mut program = Rng::with_seed(seed + 1_000);
        for run in 1..=RUNS {
            is_kind.store(run == RUNS, Ordering::Relaxed);
            // The program goes away after so many requests, if it does not end before.
            let last = asked.load(Ordering::Relaxed)
                + if run == RUNS { usize::MAX / 2 } else { program.usize(2..12) };
            let gone = async {
                while asked.load(Ordering::Relaxed) < last {
                    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                }
            };
            tokio::select! {
                _ = desk.send(&server.url, id, small_jobs()) => {}
                () = gone => {}
            }
            assert_honest(&desk, id, &ledger, &format!("seed {seed}, run {run}"));
        }
        let end = desk.send(&server.url, id, small_jobs()).await;
        assert_eq!(end, DrainEnd::Finished, "seed {seed}: a kind lake takes all");
        let counts = desk.counts(id);
        assert_eq!(
            counts.ingested, MESSAGES as u64,
            "seed {seed}: each is told to be ours, once: {counts:?}"
        );
    }
}

fn assert_honest(desk: &Desk, id: desk::queue::SubmissionId, ledger: &Ledger, when: &str) {
    desk.counts(id);
    for line in desk.lines(id) {
        let really = line.digest.and_then(|digest| ledger.id(digest));
        match line.outcome {
            "ingested" => assert_eq!(line.message_id, really, "{when}: the lake has message {}", line.index),
            "not_sent" => assert_eq!(really, None, "{when}: message {} is not in the lake", line.index),
            "unconfirmed" => {}
            other => panic!("{when}: message {} is told to be {other}: {}", line.index, line.reason),
        }
    }
}
