//! A process that is killed in mid-load loses nothing that it had acknowledged.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use lake::{
    Claimed, Digest, Hub, KnownState, Ledger, MessageId, NewClaim, ObjectKey, PayloadRef, Payloads,
    PutOutcome, SettledMessage, Source, Store,
};
use local_lake::hub::{Handler, OnDead};
use tokio::sync::watch;

use crate::parts::Parts;
use crate::queues::ingested;

/// Set for the process that is to be killed: the folder it works in, and the name of its round.
const FOLDER: &str = "LAKE_TEST_KILLED_FOLDER";
const ROUND: &str = "LAKE_TEST_KILLED_ROUND";

/// What each line begins with that tells of something acknowledged.
const MARK: &str = "acknowledged ";

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_loses_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut told = HashSet::new();
    for (round, lines) in [300, 900, 37].into_iter().enumerate() {
        told.extend(run_and_kill(folder.path(), round, lines));
        let delivered = verify(folder.path(), &told).await;
        told.extend(delivered.into_iter().map(|delivery| format!("handled {delivery}")));
    }
    assert!(told.iter().any(|line| line.starts_with("settled ")), "the load came to its end for some");
    assert!(told.iter().any(|line| line.starts_with("handled ")), "deliveries were under way");
}

/// The process to be killed; as a test of its own it does nothing.
#[tokio::test(flavor = "multi_thread")]
async fn load_until_killed() {
    let (Ok(folder), Ok(round)) = (std::env::var(FOLDER), std::env::var(ROUND)) else { return };
    let parts = Parts::open(Path::new(&folder)).await;
    let handler = |subscriber: &'static str| -> Handler {
        Arc::new(move |event| {
            async move {
                println!("\n{MARK}handled {subscriber} {}", event.message_id);
                Ok(())
            }
            .boxed()
        })
    };
    let handlers = HashMap::from([("core", handler("core")), ("staging", handler("staging"))]);
    let _deliveries = parts.hub.start(handlers, on_dead());
    let workers = (0..16).map(|worker| {
        let (parts, round) = (&parts, &round);
        async move {
            for n in 0_u64.. {
                one_message(parts, &format!("{round}.{worker}.{n}")).await;
            }
        }
    });
    join_all(workers).await;
}

/// Starts this program anew with the load alone, kills it after so many lines, answers with all it has told.
fn run_and_kill(folder: &Path, round: usize, lines: usize) -> Vec<String> {
    let program = std::env::current_exe().expect("this program's path");
    let mut command = Command::new(program);
    command.args(["--exact", "kill::load_until_killed", "--nocapture", "--test-threads=1"]);
    command.env(FOLDER, folder).env(ROUND, round.to_string());
    let mut child = Killed(command.stdout(Stdio::piped()).spawn().expect("the load starts"));
    let mut output = BufReader::new(child.0.stdout.take().expect("its output is piped"));
    let mut told = Vec::new();
    let mut line = String::new();
    while output.read_line(&mut line).expect("its output is text") > 0 {
        // A line without its end was cut off by the kill.
        if let Some(line) = line.strip_prefix(MARK).and_then(|line| line.strip_suffix('\n')) {
            told.push(line.to_owned());
            if told.len() == lines {
                child.0.kill().expect("it is killed with SIGKILL"); // what is in the pipe is read on
            }
        }
        line.clear();
    }
    assert!(told.len() >= lines, "the load ended by itself after {} lines", told.len());
    told
}

/// No process is left behind, also when the test fails.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

async fn one_message(parts: &Parts, name: &str) {
    let claim = claim(name, 1);
    let tell = |what: &str| println!("\n{MARK}{what} {name}");
    parts.ledger.claim(&claim).await.expect("claimed");
    tell("claimed");
    let payload =
        parts.payloads.put(&claim.source, &key_of(name), bytes_of(name)).await.expect("the payload is put");
    tell("put");
    parts.hub.publish(&ingested(name)).await.expect("published");
    tell("published");
    let kept = parts.store.keep(&payload, &object_key(&claim)).await.expect("kept");
    assert_eq!(kept.put, PutOutcome::Created, "each is kept once");
    tell("kept");
    let settled = settled(&claim);
    assert!(
        parts.ledger.settle(&claim.source, claim.owner, claim.message_id, &settled).await.expect("settled"),
        "the owner settles"
    );
    tell("settled");
}

/// Looks for everything that was told; answers with the deliveries that were made now.
async fn verify(folder: &Path, told: &HashSet<String>) -> HashSet<String> {
    let parts = Parts::open(folder).await;
    let mut published = HashMap::new();
    for line in told {
        let (what, name) = line.split_once(' ').expect("two words");
        let claim = claim(name, 2);
        match what {
            "claimed" => {
                let answer = parts.ledger.claim(&claim).await.expect("answered");
                assert!(!matches!(answer, Claimed::Mine { .. }), "the claim on {name} is not lost");
            }
            "put" => {
                let bytes = parts.payloads.get(&payload_of(name, "transient", &key_of(name))).await;
                assert!(bytes.is_ok_and(|bytes| bytes == bytes_of(name)), "the payload of {name} is whole");
            }
            "published" => drop(published.insert(ingested(name).message_id, name)),
            "kept" => {
                let key = object_key(&claim).to_string();
                let bytes = parts.payloads.get(&payload_of(name, "lake", &key)).await;
                assert!(bytes.is_ok_and(|bytes| bytes == bytes_of(name)), "the object of {name} is whole");
            }
            "settled" => {
                let known = parts.ledger.known(&claim.source, &[claim.digest]).await.expect("answered");
                let state = known.first().cloned().flatten().map(|known| known.state);
                assert_eq!(state, Some(KnownState::Settled), "{name} stays settled");
                let message = parts.ledger.message(&claim.source, claim.message_id).await.expect("answered");
                assert_eq!(message, Some(settled(&claim)), "and its message is there");
            }
            "handled" => {}
            other => panic!("an unknown word: {other}"),
        }
    }
    let handled: HashSet<String> =
        told.iter().filter_map(|line| line.strip_prefix("handled ")).map(str::to_owned).collect();
    let wanted: HashSet<String> = published
        .keys()
        .flat_map(|id| ["core", "staging"].map(|subscriber| format!("{subscriber} {id}")))
        .filter(|delivery| !handled.contains(delivery))
        .collect();
    until_delivered(&parts, &wanted).await;
    parts.database.close().await.expect("the database closes");
    wanted
}

/// Whatever was published and not handled before the kill is delivered now.
async fn until_delivered(parts: &Parts, wanted: &HashSet<String>) {
    let left = watch::Sender::new(wanted.clone());
    let mut leaving = left.subscribe();
    let left = Arc::new(left);
    let handler = |subscriber: &'static str| -> Handler {
        let left = Arc::clone(&left);
        Arc::new(move |event| {
            let left = Arc::clone(&left);
            async move {
                let delivery = format!("{subscriber} {}", event.message_id);
                left.send_if_modified(|left| left.remove(&delivery));
                Ok(())
            }
            .boxed()
        })
    };
    let handlers = HashMap::from([("core", handler("core")), ("staging", handler("staging"))]);
    let deliveries = parts.hub.start(handlers, on_dead());
    let waited = tokio::time::timeout(Duration::from_secs(20), leaving.wait_for(HashSet::is_empty)).await;
    assert!(waited.is_ok(), "every delivery that was published and not handled is made after the kill");
    drop(waited);
    deliveries.stop(Duration::from_secs(20)).await;
}

fn on_dead() -> OnDead {
    Arc::new(|letter| async move { panic!("no delivery fails here: {letter:?}") }.boxed())
}

fn claim(name: &str, claimant: u8) -> NewClaim {
    let event = ingested(name);
    NewClaim {
        source: Source::parse("my_hospital_123").expect("a sound name"),
        digest: event.digest,
        message_id: event.message_id,
        received_at: event.received_at,
        owner: [claimant; 16],
        lease_until: event.received_at + SignedDuration::from_secs(60),
    }
}

fn settled(claim: &NewClaim) -> SettledMessage {
    SettledMessage {
        digest: claim.digest,
        raw_digest: claim.digest,
        size: 7,
        received_at: claim.received_at,
        attempt: 1,
        replaces: None,
    }
}

fn object_key(claim: &NewClaim) -> ObjectKey {
    ObjectKey::ingestion(&claim.source, Timestamp::UNIX_EPOCH, MessageId::clone(&claim.message_id))
}

fn key_of(name: &str) -> String {
    format!("{name}.er7")
}

fn payload_of(name: &str, bucket: &str, key: &str) -> PayloadRef {
    let bytes = bytes_of(name);
    let sha256: Digest = er7::raw_digest(&bytes);
    PayloadRef { bucket: bucket.to_owned(), key: key.to_owned(), sha256, size: bytes.len() as u64 }
}

/// One in ten is large enough to lie in a file.
fn bytes_of(name: &str) -> Vec<u8> {
    let size = if name.ends_with('7') { 100_000 } else { 1_300 };
    name.bytes().cycle().take(size).collect()
}
