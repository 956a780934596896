use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use jiff::Timestamp;
use lake::{Detail, Digest, Header, Hub, HubEvent, MessageId, PayloadRef, Source};
use lake_tests::contracts::hub::{self, Recorder};
use local_lake::hub::{Deliveries, Handler, LocalHub, OnDead, Stopped};
use tokio::sync::{Semaphore, mpsc};

use crate::parts::Parts;

const LIMIT: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn the_hub_keeps_its_contract() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let parts = Parts::open(folder.path()).await;
    let recorder = Arc::new(Recorder::default());
    let deliveries = start_recording(&parts.hub, &recorder);
    hub::suite(&parts.hub, &recorder, "local").await;
    assert_eq!(deliveries.stop(LIMIT).await, Stopped::Drained, "nothing is left under way");
    let waiting: u64 = parts.hub.depths().await.expect("the depths").iter().map(|depth| depth.waiting).sum();
    let delivered = "all that was handled is acknowledged once the deliveries have stopped";
    assert!(
        waiting <= 1,
        "{delivered} (the last redelivery may still be waiting for its next try): {waiting}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_acknowledged_is_delivered_after_a_restart() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let event = ingested("hangs");
    let parts = Parts::open(folder.path()).await;
    let (seen, mut sees) = mpsc::channel(4);
    let hanging: Handler = Arc::new(move |event| {
        let seen = seen.clone();
        async move {
            seen.send(event).await.expect("the test listens");
            std::future::pending().await
        }
        .boxed()
    });
    let deliveries = parts.hub.start(HashMap::from([("core", hanging)]), nobody_is_told());
    parts.hub.publish(&event).await.expect("the event is published");
    sees.recv().await.expect("the handler is given the event");
    let stopped = deliveries.stop(Duration::from_millis(1)).await;
    assert_eq!(stopped, Stopped::GivenUp, "a handler that hangs does not keep the lake from stopping");
    parts.database.close().await.expect("the database closes");
    drop(parts);

    let parts = Parts::open(folder.path()).await;
    let depths = parts.hub.depths().await.expect("the depths");
    let waiting: Vec<_> = depths.iter().map(|depth| (depth.subscriber, depth.waiting)).collect();
    assert_eq!(waiting, [("core", 1), ("staging", 1)], "both deliveries have outlived the restart");
    let (heard, mut hears) = mpsc::channel(4);
    let handler: Handler = Arc::new(move |event| {
        let heard = heard.clone();
        async move {
            heard.send(event).await.expect("the test listens");
            Ok(())
        }
        .boxed()
    });
    let handlers = HashMap::from([("core", Arc::clone(&handler)), ("staging", handler)]);
    let deliveries = parts.hub.start(handlers, nobody_is_told());
    for _ in 0..2 {
        let again = tokio::time::timeout(LIMIT, hears.recv()).await.expect("delivered in time");
        assert_eq!(again, Some(event.clone()), "what was not acknowledged is delivered again, as it was");
    }
    assert_eq!(deliveries.stop(LIMIT).await, Stopped::Drained, "what was handled is acknowledged");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_panics_is_tried_again_and_harms_no_other() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let parts = Parts::open(folder.path()).await;
    let (seen, mut sees) = mpsc::channel(16);
    let panicking: Handler = Arc::new(move |event| {
        let seen = seen.clone();
        async move {
            let bad = event.submitted_by() == "panics";
            seen.send(event).await.expect("the test listens");
            assert!(!bad, "a handler that panics, as this test wants");
            Ok(())
        }
        .boxed()
    });
    let (told, mut hears) = mpsc::channel(4);
    let on_dead: OnDead = Arc::new(move |letter| {
        let told = told.clone();
        async move {
            told.send(letter).await.expect("the test listens");
            Ok(())
        }
        .boxed()
    });
    let deliveries = parts.hub.start(HashMap::from([("core", panicking)]), on_dead);
    parts.hub.publish(&ingested("panics")).await.expect("the event is published");
    parts.hub.publish(&ingested("fine")).await.expect("the event is published");
    let letter =
        tokio::time::timeout(LIMIT, hears.recv()).await.expect("told in time").expect("a dead letter");
    assert_eq!((letter.event, letter.subscriber.as_str()), (ingested("panics"), "core"), "told of the one");
    assert!(letter.reason.contains("panicked"), "with how it failed: {}", letter.reason);
    deliveries.stop(LIMIT).await;
    let mut tries = HashMap::new();
    while let Ok(event) = sees.try_recv() {
        *tries.entry(event.submitted_by().to_owned()).or_insert(0) += 1;
    }
    assert_eq!(tries, HashMap::from([("panics".to_owned(), 4), ("fine".to_owned(), 1)]), "tries of each");
}

/// A handler that tells of each delivery that begins, by the size of its payload, and ends it when the gate lets one through.
fn gated() -> (Handler, Arc<Semaphore>, mpsc::Receiver<u64>) {
    let gate = Arc::new(Semaphore::new(0));
    let (begun, begins) = mpsc::channel(1024);
    let handler: Handler = {
        let gate = Arc::clone(&gate);
        Arc::new(move |event| {
            let (gate, begun) = (Arc::clone(&gate), begun.clone());
            async move {
                begun.send(event.payload.map_or(0, |payload| payload.size)).await.expect("the test listens");
                gate.acquire().await.expect("the gate stays").forget();
                Ok(())
            }
            .boxed()
        })
    };
    (handler, gate, begins)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_are_handled_at_once_than_told() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let parts = Parts::open(folder.path()).await;
    let (handler, gate, mut begins) = gated();
    let at_once = local_lake::hub::Settings::default().at_once;
    let total = at_once + 10;
    for n in 0..total {
        parts.hub.publish(&ingested(&format!("n{n}"))).await.expect("the event is published");
    }
    let deliveries = parts.hub.start(HashMap::from([("core", handler)]), nobody_is_told());
    for _ in 0..at_once {
        begins.recv().await.expect("a delivery begins");
    }
    tokio::task::yield_now().await;
    assert!(begins.try_recv().is_err(), "no delivery beyond the limit begins while none has ended");
    gate.add_permits(total);
    for _ in 0..10 {
        begins.recv().await.expect("the others follow");
    }
    assert_eq!(deliveries.stop(LIMIT).await, Stopped::Drained, "all come to their end");
    let depths = parts.hub.depths().await.expect("the depths");
    assert_eq!(depths.first().map(|depth| depth.waiting), Some(0), "and all are acknowledged");
}

#[tokio::test(flavor = "multi_thread")]
async fn large_messages_are_handled_a_few_at_a_time() {
    const MIB: u64 = 1024 * 1024;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let parts = Parts::open(folder.path()).await;
    let (handler, gate, mut begins) = gated();
    let bytes_at_once = local_lake::hub::Settings::default().bytes_at_once;
    let deliveries = parts.hub.start(HashMap::from([("core", handler)]), nobody_is_told());
    let mut begin = async |count: usize| {
        let mut sizes = Vec::new();
        while sizes.len() < count {
            sizes
                .extend(tokio::time::timeout(LIMIT, begins.recv()).await.expect("a delivery begins in time"));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(begins.try_recv().is_err(), "no other delivery begins beside {sizes:?}");
        sizes.iter().sum::<u64>()
    };
    let publish = async |name: &str, count: usize, size: u64| {
        for n in 0..count {
            parts.hub.publish(&of_size(&format!("{name} {n}"), size)).await.expect("the event is published");
        }
    };
    publish("small", 20, 1024).await;
    let small = begin(20).await;
    publish("large", 24, 4 * MIB - 20 * 1024).await;
    let large = begin(2).await;
    assert!(small + large <= bytes_at_once, "bytes under way: {small} and {large}");
    gate.add_permits(20 + 22);
    begin(22).await;
    publish("huge", 1, 20 * MIB).await;
    gate.add_permits(2);
    begin(1).await; // larger than all room, it is handled by itself
    gate.add_permits(1);
    assert_eq!(deliveries.stop(LIMIT).await, Stopped::Drained, "all come to their end");
    let depths = parts.hub.depths().await.expect("the depths");
    assert_eq!(depths.first().map(|depth| depth.waiting), Some(0), "and all are acknowledged");
}

/// An event about a message of its own, which has so many bytes.
fn of_size(name: &str, size: u64) -> HubEvent {
    let event = ingested(name);
    let payload = PayloadRef {
        bucket: "transient".to_owned(),
        key: format!("ingested/{}", event.message_id),
        sha256: event.raw_digest,
        size,
    };
    HubEvent { payload: Some(payload), ..event }
}

pub(crate) fn start_recording(hub: &LocalHub, recorder: &Arc<Recorder>) -> Deliveries {
    let handler = |subscriber: &'static str| -> Handler {
        let recorder = Arc::clone(recorder);
        Arc::new(move |event| {
            let recorder = Arc::clone(&recorder);
            async move { recorder.deliver(subscriber, event).await }.boxed()
        })
    };
    let recorder = Arc::clone(recorder);
    let on_dead: OnDead = Arc::new(move |letter| {
        let recorder = Arc::clone(&recorder);
        async move { recorder.undelivered(&letter.subscriber, letter.event).await }.boxed()
    });
    hub.start(HashMap::from([("core", handler("core")), ("staging", handler("staging"))]), on_dead)
}

fn nobody_is_told() -> OnDead {
    Arc::new(|letter| async move { panic!("no delivery fails for good here: {letter:?}") }.boxed())
}

trait SubmittedBy {
    fn submitted_by(&self) -> &str;
}

impl SubmittedBy for HubEvent {
    fn submitted_by(&self) -> &str {
        match &self.detail {
            Detail::Ingested { submitted_by, .. } => submitted_by,
            _ => "",
        }
    }
}

/// An event about a message of its own.
pub(crate) fn ingested(name: &str) -> HubEvent {
    let digest: Digest = er7::raw_digest(name.as_bytes());
    let mut random = [0; 10];
    random.copy_from_slice(&digest.as_bytes()[..10]);
    HubEvent {
        source: Source::parse("my_hospital_123").expect("a sound name"),
        message_id: MessageId::mint(Timestamp::UNIX_EPOCH, random),
        received_at: Timestamp::UNIX_EPOCH,
        attempt: 1,
        digest,
        raw_digest: digest,
        payload: None,
        detail: Detail::Ingested {
            header: Header::default(),
            submitted_by: name.to_owned(),
            encoding: None,
            replaces: None,
        },
    }
}
