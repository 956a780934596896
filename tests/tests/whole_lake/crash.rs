//! `kill -9` at any moment: what was acknowledged is there, nothing is there twice, nobody hears "duplicate" of what is
//! nowhere.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use desk::front_door::Try;
use lake::{MessageId, Outcome, State};
use tokio::sync::Mutex;

use lake_tests::running::{Running, adt};

/// How many rounds of kill and restart; `LAKE_CRASH_ROUNDS` asks for more.
fn rounds() -> usize {
    std::env::var("LAKE_CRASH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(3)
}

const SENDERS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn a_lake_killed_at_any_moment_loses_nothing_and_doubles_nothing() {
    let mut lake = Running::fresh().await;
    let acknowledged: Arc<Mutex<BTreeMap<String, MessageId>>> = Arc::default();
    let mut sent: Vec<String> = Vec::new();
    for round in 0..rounds() {
        let answers_before_the_kill = 5 + round * 40;
        let texts: Vec<String> = (0..400).map(|n| adt(&format!("KILL-{round}-{n}"), n % 3)).collect();
        sent.extend(texts.iter().cloned());
        let answered = Arc::new(AtomicUsize::new(0));
        let senders = send_all(&lake, texts, &acknowledged, &answered).await;
        let limit = Instant::now() + Duration::from_secs(60);
        while answered.load(Ordering::Relaxed) < answers_before_the_kill {
            assert!(Instant::now() < limit, "round {round}: the lake answers");
            tokio::task::yield_now().await;
        }
        lake.kill().await;
        for sender in senders {
            sender.await.expect("a sender ends");
        }
        lake.start_again().await;
    }

    // Everything is sent once more: what was acknowledged is known under its id, the rest is taken in or known.
    let token = lake.token("admin@example.com").await;
    let before = acknowledged.lock().await.clone();
    assert!(!before.is_empty(), "some were acknowledged before the kills");
    for text in &sent {
        let message = Bytes::from(text.clone());
        let answer = settled_answer(&lake, &token, message).await;
        let id = match &answer {
            Outcome::Ingested { message_id, .. } => *message_id,
            Outcome::Duplicate { first_message_id: Some(first), .. } => *first,
            other => panic!("neither in nor known: {other:?}"),
        };
        if let Some(told) = before.get(text) {
            assert!(matches!(answer, Outcome::Duplicate { .. }), "acknowledged before, so it is known");
            assert_eq!(id, *told, "under the id that was told");
        }
        acknowledged.lock().await.insert(text.clone(), id);
    }
    let heads = lake.settled_heads("admin@example.com", sent.len()).await;
    assert_eq!(heads.len(), sent.len(), "every message once");
    assert!(heads.iter().all(|head| head.state == State::Ready), "and every one staged");
    let told: BTreeSet<MessageId> = acknowledged.lock().await.values().copied().collect();
    let kept: BTreeSet<MessageId> = heads.iter().map(|head| head.message_id).collect();
    assert_eq!(told, kept, "the ids that senders were told are the ids in the catalog");
}

async fn send_all(
    lake: &Running,
    texts: Vec<String>,
    acknowledged: &Arc<Mutex<BTreeMap<String, MessageId>>>,
    answered: &Arc<AtomicUsize>,
) -> Vec<tokio::task::JoinHandle<()>> {
    let token = lake.token("admin@example.com").await;
    let queue = Arc::new(Mutex::new(texts));
    (0..SENDERS)
        .map(|_| {
            let (door, token, queue) = (lake.door.clone(), token.clone(), Arc::clone(&queue));
            let (acknowledged, answered) = (Arc::clone(acknowledged), Arc::clone(answered));
            tokio::spawn(async move {
                while let Some(text) = { queue.lock().await.pop() } {
                    let message = Bytes::from(text.clone());
                    let digest = er7::digest(&message);
                    match door.submit(&token, message, digest, None).await {
                        Try::Answered(Outcome::Ingested { message_id, .. }) => {
                            acknowledged.lock().await.insert(text, message_id);
                            answered.fetch_add(1, Ordering::Relaxed);
                        }
                        Try::NotSent { .. } | Try::Unconfirmed { .. } => return, // the lake is gone
                        other => panic!("a new message is ingested or the lake is gone: {other:?}"),
                    }
                }
            })
        })
        .collect()
}

/// Sends until the lake answers for good. A lake that starts ends the leases that the kill cut off, so nobody waits for them.
async fn settled_answer(lake: &Running, token: &desk::secret::Secret, message: Bytes) -> Outcome {
    let limit = Instant::now() + Duration::from_secs(30);
    loop {
        match lake.door.submit(token, message.clone(), er7::digest(&message), None).await {
            Try::Answered(outcome) => return outcome,
            Try::NotSent { .. } => {
                assert!(Instant::now() < limit, "cut-off claims are free after the restart")
            }
            other => panic!("an answer for good, or to be asked again: {other:?}"),
        }
    }
}
