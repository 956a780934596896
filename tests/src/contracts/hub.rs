//! What every hub does, whatever it stands on. The adapter's test wires a [`Recorder`] to the hub: as the handler of
//! `core` (all events) and of `staging` (`FilterPolicy::staging`), and as what is told of deliveries that failed for
//! good. Each check works in institutions of its own, named after `run`.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use jiff::Timestamp;
use lake::{Detail, EventKind, Fault, Header, Hub, HubEvent, MessageId, SetAsideReason, Source};
use tokio::sync::watch;
use tokio::time::timeout;

use super::samples::{event, id, ingested, source};

/// How long a delivery may take before a check fails; real hubs retry slowly.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs all checks, one after the other.
pub async fn suite(hub: &impl Hub, recorder: &Recorder, run: &str) {
    each_subscriber_gets_what_its_policy_accepts(hub, recorder, run).await;
    all_that_is_published_arrives(hub, recorder, run).await;
    a_failed_delivery_is_tried_again(hub, recorder, run).await;
    what_fails_for_good_is_told_and_can_be_redelivered(hub, recorder, run).await;
    what_fails_too_often_is_told_and_holds_up_nobody(hub, recorder, run).await;
    telling_is_repeated_until_heard(hub, recorder, run).await;
    redelivery_stays_within_an_institution(hub, recorder, run).await;
}

/// How a subscriber treats a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    /// Fails so many times, then succeeds.
    FailsTimes(u32),
    /// Fails always; each time trying again might help.
    FailsAlways,
    /// Fails in a way that trying again does not mend.
    Refuses,
}

/// A delivery that was tried, or told of as failed for good.
#[derive(Clone, Debug, PartialEq)]
struct Record {
    subscriber: String,
    event: HubEvent,
}

/// A subscriber that keeps what it is given and fails as told.
pub struct Recorder {
    moods: Mutex<HashMap<(String, MessageId), Mood>>,
    deaf: Mutex<HashMap<MessageId, u32>>,
    tried: watch::Sender<Vec<Record>>,
    died: watch::Sender<Vec<Record>>,
}

impl Default for Recorder {
    fn default() -> Self {
        Self {
            moods: Mutex::default(),
            deaf: Mutex::default(),
            tried: watch::Sender::new(Vec::new()),
            died: watch::Sender::new(Vec::new()),
        }
    }
}

impl Recorder {
    /// To be called for each delivery, with its subscriber; the answer is the delivery's.
    pub async fn deliver(&self, subscriber: &str, event: HubEvent) -> Result<(), Fault> {
        let key = (subscriber.to_owned(), event.message_id);
        let answer = {
            let mut moods = self.moods.lock().unwrap_or_else(PoisonError::into_inner);
            match moods.get_mut(&key) {
                None | Some(Mood::FailsTimes(0)) => Ok(()),
                Some(Mood::FailsTimes(left)) => {
                    *left -= 1;
                    Err(down())
                }
                Some(Mood::FailsAlways) => Err(down()),
                Some(Mood::Refuses) => {
                    Err(Fault::Refused { part: "the recorder", reason: "it was told to".to_owned() })
                }
            }
        };
        self.tried.send_modify(|tried| tried.push(Record { subscriber: key.0, event }));
        answer
    }

    /// To be called for each delivery that failed for good; again until it answers `Ok`.
    pub async fn undelivered(&self, subscriber: &str, event: HubEvent) -> Result<(), Fault> {
        if let Some(left) =
            self.deaf.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&event.message_id)
            && *left > 0
        {
            *left -= 1;
            return Err(down());
        }
        self.died.send_modify(|died| died.push(Record { subscriber: subscriber.to_owned(), event }));
        Ok(())
    }

    fn set(&self, subscriber: &str, message: MessageId, mood: Mood) {
        self.moods
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert((subscriber.to_owned(), message), mood);
    }

    async fn until_tried(&self, subscriber: &str, message: MessageId, times: usize, why: &str) {
        wait_for(&self.tried, why, |tried| count(tried, subscriber, message) >= times).await;
    }

    async fn until_died(&self, subscriber: &str, message: MessageId, why: &str) {
        wait_for(&self.died, why, |died| count(died, subscriber, message) > 0).await;
    }

    fn tries(&self, subscriber: &str, message: MessageId) -> usize {
        count(&self.tried.borrow(), subscriber, message)
    }
}

fn count(records: &[Record], subscriber: &str, message: MessageId) -> usize {
    let same = |record: &&Record| record.subscriber == subscriber && record.event.message_id == message;
    records.iter().filter(same).count()
}

async fn wait_for(records: &watch::Sender<Vec<Record>>, why: &str, holds: impl Fn(&[Record]) -> bool) {
    let mut records = records.subscribe();
    let waited = timeout(PATIENCE, records.wait_for(|records| holds(records))).await;
    assert!(waited.is_ok_and(|records| records.is_ok()), "waited {PATIENCE:?} in vain: {why}");
}

fn down() -> Fault {
    Fault::Unavailable { part: "the recorder", reason: "it was told to fail".to_owned() }
}

/// Core hears of everything, staging of what it can work on; each event arrives as it was published.
pub async fn each_subscriber_gets_what_its_policy_accepts(hub: &impl Hub, recorder: &Recorder, run: &str) {
    let source = source(run, "kinds");
    let events = one_of_each_kind(&source);
    for event in &events {
        hub.publish(event).await.expect("the event is published");
    }
    for event in &events {
        recorder.until_tried("core", event.message_id, 1, "core is given every event").await;
        if matches!(event.kind(), EventKind::Ingested | EventKind::Restage) {
            recorder.until_tried("staging", event.message_id, 1, "staging is given its kinds").await;
        }
    }
    let tried = recorder.tried.borrow().clone();
    for record in tried.iter().filter(|record| record.event.source == source) {
        assert!(events.contains(&record.event), "an event arrives as it was published");
        let for_staging = matches!(record.event.kind(), EventKind::Ingested | EventKind::Restage);
        assert!(
            record.subscriber == "core" || for_staging,
            "staging is not given {}",
            record.event.kind().as_str()
        );
    }
}

/// Whatever is published at once arrives, each at least once.
pub async fn all_that_is_published_arrives(hub: &impl Hub, recorder: &Recorder, run: &str) {
    let source = source(run, "many");
    let events: Vec<_> = (0..500).map(|n| ingested(&source, &format!("{source} {n}"))).collect();
    for published in join_all(events.iter().map(|event| hub.publish(event))).await {
        published.expect("the event is published");
    }
    for event in &events {
        for subscriber in ["core", "staging"] {
            recorder.until_tried(subscriber, event.message_id, 1, "all that is published arrives").await;
        }
    }
}

/// A failure that may pass is not the end.
pub async fn a_failed_delivery_is_tried_again(hub: &impl Hub, recorder: &Recorder, run: &str) {
    let event = ingested(&source(run, "retry"), &format!("{run} retry"));
    recorder.set("staging", event.message_id, Mood::FailsTimes(2));
    hub.publish(&event).await.expect("the event is published");
    recorder.until_tried("staging", event.message_id, 3, "two failures are followed by a third try").await;
    recorder.until_tried("core", event.message_id, 1, "the other subscriber is given it too").await;
    assert_eq!(
        count(&recorder.died.borrow(), "staging", event.message_id),
        0,
        "a retry is no failure for good"
    );
}

/// A failure that cannot pass ends in a dead letter, which comes back when asked for.
pub async fn what_fails_for_good_is_told_and_can_be_redelivered(
    hub: &impl Hub,
    recorder: &Recorder,
    run: &str,
) {
    let source = source(run, "refused");
    let event = ingested(&source, &format!("{run} refused"));
    recorder.set("staging", event.message_id, Mood::Refuses);
    hub.publish(&event).await.expect("the event is published");
    recorder.until_died("staging", event.message_id, "what is refused is told of").await;
    let tries = recorder.tries("staging", event.message_id);
    recorder.set("staging", event.message_id, Mood::FailsTimes(0));
    let count = hub.redeliver(&source, event.message_id).await.expect("redelivery is asked for");
    assert_eq!(count, 1, "the one delivery that failed is put back");
    recorder.until_tried("staging", event.message_id, tries + 1, "it is delivered again").await;
    let count = hub.redeliver(&source, event.message_id).await.expect("redelivery is asked for");
    assert_eq!(count, 0, "what succeeded is not delivered again");
}

/// Tries have an end, and other events go their way meanwhile.
pub async fn what_fails_too_often_is_told_and_holds_up_nobody(
    hub: &impl Hub,
    recorder: &Recorder,
    run: &str,
) {
    let source = source(run, "often");
    let bad = ingested(&source, &format!("{run} bad"));
    recorder.set("core", bad.message_id, Mood::FailsAlways);
    hub.publish(&bad).await.expect("the event is published");
    recorder.until_tried("core", bad.message_id, 1, "the bad one is tried").await;
    let good = ingested(&source, &format!("{run} good"));
    hub.publish(&good).await.expect("the event is published");
    recorder.until_tried("core", good.message_id, 1, "an event behind a failing one is delivered").await;
    recorder.until_died("core", bad.message_id, "what fails too often is told of").await;
    assert!(recorder.tries("core", bad.message_id) > 1, "after more than one try");
}

/// What records the failure may fail itself.
pub async fn telling_is_repeated_until_heard(hub: &impl Hub, recorder: &Recorder, run: &str) {
    let event = ingested(&source(run, "deaf"), &format!("{run} deaf"));
    recorder.set("core", event.message_id, Mood::Refuses);
    recorder.deaf.lock().unwrap_or_else(PoisonError::into_inner).insert(event.message_id, 2);
    hub.publish(&event).await.expect("the event is published");
    recorder.until_died("core", event.message_id, "it is told again until it is heard").await;
}

/// Nobody sets another's deliveries going.
pub async fn redelivery_stays_within_an_institution(hub: &impl Hub, recorder: &Recorder, run: &str) {
    let (ours, theirs) = (source(run, "ours"), source(run, "theirs"));
    let event = ingested(&ours, &format!("{run} ours"));
    recorder.set("core", event.message_id, Mood::Refuses);
    hub.publish(&event).await.expect("the event is published");
    recorder.until_died("core", event.message_id, "it fails for good").await;
    let foreign = hub.redeliver(&theirs, event.message_id).await.expect("redelivery is asked for");
    assert_eq!(foreign, 0, "another institution's message is unknown");
    let unknown = hub.redeliver(&ours, id("unknown")).await.expect("redelivery is asked for");
    assert_eq!(unknown, 0, "so is a message without dead letters");
    let own = hub.redeliver(&ours, event.message_id).await.expect("redelivery is asked for");
    assert_eq!(own, 1, "its own is put back");
}

fn one_of_each_kind(source: &Source) -> Vec<HubEvent> {
    let requested_by = || "f3c1".to_owned();
    let details = [
        Detail::Staged {
            header: Header::default(),
            finding_codes: [("timestamp".to_owned(), 2)].into(),
            service_version: "0.1.0".to_owned(),
            replaces: None,
        },
        Detail::Error {
            stage: "parse".to_owned(),
            code: "no-message-header".to_owned(),
            service_version: "0.1.0".to_owned(),
            retryable: false,
        },
        Detail::Restage { requested_by: requested_by(), replaces: None },
        Detail::SetAside {
            requested_by: requested_by(),
            reason: SetAsideReason::Other,
            note: Some("ünnötig \"here\"".to_owned()),
        },
        Detail::Redeliver { requested_by: requested_by(), requested_at: Timestamp::UNIX_EPOCH },
    ];
    let numbered = details.into_iter().enumerate();
    let others = numbered.map(|(n, detail)| event(source, &format!("{source} {n}"), 2, detail));
    others.chain([ingested(source, &format!("{source} ingested"))]).collect()
}
