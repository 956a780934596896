//! The core on a store, a catalog and a hub in memory.

mod lake;

use std::collections::BTreeMap;

use ::lake::{
    Catalog, Detail, Digest, Fault, Header, HubEvent, MessageId, ObjectKey, PayloadRef, Replaces,
    SetAsideReason, Source, State,
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use self::lake::{Memory, now};
use crate::Core;

type MemoryCore = Core<Memory, Memory, Memory, Memory>;

fn source() -> Source {
    Source::parse("my_hospital_123").unwrap()
}

fn received_at(number: u8) -> Timestamp {
    now() - SignedDuration::from_secs(3600) + SignedDuration::from_secs(number.into())
}

fn id(number: u8) -> MessageId {
    MessageId::mint(received_at(number), [number; 10])
}

fn header(control_id: &str) -> Header {
    Header {
        control_id: Some(control_id.to_owned()),
        sending_application: Some("LAB".to_owned()),
        sending_facility: Some("WEST".to_owned()),
        ..Header::default()
    }
}

fn event(number: u8, attempt: u32, what: &str, detail: Detail) -> HubEvent {
    let raw_digest = Digest::from_bytes([number; 32]);
    let sha256 = if what == "ingested" {
        raw_digest
    } else {
        er7::raw_digest(format!("{what}{number}.{attempt}").as_bytes())
    };
    let payload =
        PayloadRef { bucket: "transient".into(), key: format!("{what}/{number}.{attempt}"), sha256, size: 9 };
    HubEvent {
        source: source(),
        message_id: id(number),
        received_at: received_at(number),
        attempt,
        digest: Digest::from_bytes([number + 100; 32]),
        raw_digest,
        payload: matches!(what, "ingested" | "staged" | "error").then_some(payload),
        detail,
    }
}

fn replacing(target: Option<u8>) -> Option<Replaces> {
    target.map(|target| Replaces { message_id: id(target), known: true })
}

fn ingested(number: u8, control_id: &str, replaces: Option<Replaces>) -> HubEvent {
    let (header, submitted_by) = (header(control_id), "sub".to_owned());
    event(number, 1, "ingested", Detail::Ingested { header, submitted_by, encoding: None, replaces })
}

fn staged(number: u8, attempt: u32, control_id: &str, replaces: Option<Replaces>) -> HubEvent {
    let finding_codes = BTreeMap::from([("charset".to_owned(), 1)]);
    let (header, service_version) = (header(control_id), "1".to_owned());
    event(number, attempt, "staged", Detail::Staged { header, finding_codes, service_version, replaces })
}

fn error(number: u8, attempt: u32) -> HubEvent {
    let (stage, code, service_version) = ("parse".to_owned(), "no-message-header".to_owned(), "1".to_owned());
    event(number, attempt, "error", Detail::Error { stage, code, service_version, retryable: false })
}

fn restage(number: u8, attempt: u32) -> HubEvent {
    event(number, attempt, "restage", Detail::Restage { requested_by: "sub".into(), replaces: None })
}

fn set_aside(number: u8, attempt: u32) -> HubEvent {
    let detail = Detail::SetAside { requested_by: "sub".into(), reason: SetAsideReason::Other, note: None };
    event(number, attempt, "set-aside", detail)
}

fn redeliver(number: u8) -> HubEvent {
    event(number, 1, "redeliver", Detail::Redeliver { requested_by: "sub".into(), requested_at: now() })
}

fn core(memory: &Memory) -> MemoryCore {
    Core::new(memory.clone(), memory.clone(), memory.clone(), memory.clone())
}

async fn told(events: &[HubEvent]) -> Memory {
    let memory = Memory::default();
    let core = core(&memory);
    for event in events {
        core.handle(event).await.expect("nothing is down");
    }
    memory
}

async fn state(memory: &Memory, number: u8) -> Option<State> {
    memory.head(&source(), id(number)).await.unwrap().map(|head| head.state)
}

#[tokio::test]
async fn each_kind_of_event_is_stored_and_recorded() {
    let memory = told(&[
        ingested(1, "c", None),
        error(1, 1),
        set_aside(1, 1),
        restage(1, 2),
        staged(1, 2, "c", None),
        redeliver(1),
    ])
    .await;
    let (at, source, id) = (received_at(1), source(), id(1));
    let objects = [
        ObjectKey::error(&source, at, id, 1).to_string(),
        ObjectKey::ingestion(&source, at, id).to_string(),
        ObjectKey::staging(&source, at, id, 2).to_string(),
    ];
    assert_eq!(memory.object_keys(), objects, "what carries bytes is kept under its key");
    let names: Vec<_> = memory.event_names(id);
    let redelivered = format!("redeliver#{}", now());
    let expected = ["error#1", "ingested", &redelivered, "restage#2", "set-aside", "staged#2"];
    assert_eq!(names, expected, "every event is recorded under its name");
    assert_eq!(memory.redelivered(), [id], "and the hub is asked to deliver again");
    assert_eq!(state(&memory, 1).await, Some(State::Ready), "the head follows");
}

#[tokio::test]
async fn a_replacement_closes_its_target_when_it_is_staged_and_not_before() {
    let replaces = || replacing(Some(1));
    let memory = told(&[ingested(1, "a", None), error(1, 1), ingested(2, "b", replaces())]).await;
    let head = memory.head(&source(), id(1)).await.unwrap().unwrap();
    assert_eq!(
        (head.state, head.replacement_sent),
        (State::Attention, Some(id(2))),
        "until then a fix was sent"
    );
    core(&memory).handle(&error(2, 1)).await.unwrap();
    assert_eq!(state(&memory, 1).await, Some(State::Attention), "a fix that fails fixes nothing");
    core(&memory).handle(&staged(2, 2, "b", replaces())).await.unwrap();
    let head = memory.head(&source(), id(1)).await.unwrap().unwrap();
    assert_eq!((head.state, head.replaced_by), (State::Replaced, Some(id(2))), "a staged fix closes it");
}

#[tokio::test]
async fn a_target_that_is_heard_of_before_its_own_events_is_complete_in_the_end() {
    let replaces = || replacing(Some(1));
    let late =
        told(&[staged(2, 1, "b", replaces()), ingested(2, "b", replaces()), ingested(1, "a", None)]).await;
    let head = late.head(&source(), id(1)).await.unwrap().unwrap();
    assert_eq!(head.received_at, received_at(1), "the target keeps its own time of receipt");
    assert_eq!(head.digest, Digest::from_bytes([101; 32]), "and its own digest");
    assert_eq!(head.state, State::Replaced, "and is closed");
}

#[tokio::test]
async fn an_unknown_target_is_a_finding_and_nothing_is_written_of_it() {
    let unknown = Some(Replaces { message_id: id(9), known: false });
    let memory = told(&[ingested(1, "a", unknown.clone()), staged(1, 1, "a", unknown)]).await;
    assert_eq!(state(&memory, 9).await, None, "an unknown message gets no history by being named");
    let head = memory.head(&source(), id(1)).await.unwrap().unwrap();
    assert!(head.finding_codes.contains_key("replaces-unknown"), "the sender of the fix sees it");
}

async fn reusing(memory: &Memory) -> Vec<MessageId> {
    let mut found = Vec::new();
    for number in 1..20 {
        let head = memory.head(&source(), id(number)).await.unwrap();
        if head.is_some_and(|head| head.finding_codes.contains_key("control-id-reuse")) {
            found.push(id(number));
        }
    }
    found
}

#[tokio::test]
async fn all_but_the_earliest_message_with_a_control_id_carry_the_finding() {
    for order in [[1, 2, 3], [3, 2, 1], [2, 3, 1], [2, 1, 3], [3, 1, 2], [1, 3, 2]] {
        let events: Vec<_> = order.iter().map(|number| ingested(*number, "77", None)).collect();
        let memory = told(&events).await;
        assert_eq!(reusing(&memory).await, [id(2), id(3)], "in the order {order:?}");
    }
}

#[tokio::test]
async fn a_replacement_may_keep_the_control_id_of_what_it_replaces() {
    for order in [[1, 2, 3, 4], [4, 3, 2, 1], [2, 3, 1, 4], [3, 4, 1, 2]] {
        let events = |target_of_4: Option<u8>| -> Vec<HubEvent> {
            let target = |number| if number == 4 { target_of_4 } else { (number > 1).then_some(1) };
            let both = |number| {
                let replaces = || replacing(target(number));
                [staged(number, 1, "77", replaces()), ingested(number, "77", replaces())]
            };
            order.into_iter().flat_map(both).collect()
        };
        assert_eq!(
            reusing(&told(&events(Some(1))).await).await,
            [],
            "corrections of one message, as {order:?}"
        );
        let other = told(&events(None)).await;
        assert_eq!(reusing(&other).await, [id(4)], "another message with its id is told, as {order:?}");
    }
}

#[tokio::test]
async fn another_sender_or_no_control_id_is_no_reuse() {
    let mut elsewhere = ingested(2, "77", None);
    if let Detail::Ingested { header, .. } = &mut elsewhere.detail {
        header.sending_facility = Some("EAST".to_owned());
    }
    let none = |number| {
        let mut event = ingested(number, "", None);
        if let Detail::Ingested { header, .. } = &mut event.detail {
            header.control_id = None;
        }
        event
    };
    let memory = told(&[ingested(1, "77", None), elsewhere, none(3), none(4)]).await;
    assert_eq!(reusing(&memory).await, [], "ids of different senders do not meet");
}

#[tokio::test]
async fn a_control_id_used_very_often_costs_a_bounded_look() {
    let events: Vec<_> = (1..60).map(|number| ingested(number, "1", None)).collect();
    let memory = told(&events).await;
    assert_eq!(memory.most_looked_at(), 24, "only some of the oldest are looked at");
    assert!(reusing(&memory).await.contains(&id(19)), "and late ones still carry the finding");
}

#[tokio::test]
async fn what_is_undelivered_shows_until_it_is_made_up_for() {
    let memory = Memory::default();
    let core = core(&memory);
    core.handle(&ingested(1, "a", None)).await.unwrap();
    let reason = format!("timed\nout {}", "x".repeat(1000));
    core.undelivered(&ingested(1, "a", None), "staging", &reason).await.unwrap();
    assert_eq!(state(&memory, 1).await, Some(State::Stuck), "staging never heard of it");
    assert!(
        memory.event_names(id(1)).contains(&"undelivered#staging.ingested#1".to_owned()),
        "with its name"
    );
    core.handle(&staged(1, 1, "a", None)).await.unwrap();
    assert_eq!(state(&memory, 1).await, Some(State::Ready), "until it did");
}

#[tokio::test]
async fn other_bytes_than_were_acknowledged_are_not_recorded() {
    let memory = Memory::default();
    let mut other = ingested(1, "a", None);
    other.payload.as_mut().unwrap().sha256 = Digest::from_bytes([99; 32]);
    let fault = core(&memory).handle(&other).await.expect_err("the digests do not agree");
    assert!(
        matches!(fault, Fault::Damaged { .. }) && !fault.retryable(),
        "it will not mend by itself: {fault}"
    );
    assert_eq!(state(&memory, 1).await, None, "nothing is claimed of such a message");
}

#[tokio::test]
async fn an_event_without_its_payload_is_a_fault() {
    let mut hollow = staged(1, 1, "a", None);
    hollow.payload = None;
    let fault = core(&Memory::default()).handle(&hollow).await.expect_err("there is nothing to keep");
    assert!(!fault.to_string().is_empty() && !fault.retryable(), "it ends as undelivered");
}

/// What can happen to three messages, of which the third may replace the first, and which may share a control id.
fn lives() -> impl Strategy<Value = Vec<Told>> {
    let control_id = prop::sample::select(vec!["77", "88"]);
    let target = prop::sample::select(vec![None, Some(1)]);
    (prop::collection::vec(control_id, 3), target).prop_flat_map(|(control_ids, target)| {
        let of_one = |number: u8| {
            let control_id = control_ids[usize::from(number) - 1];
            let replaces = || replacing(if number == 3 { target } else { None });
            // Every message is ingested, sooner or later: that is what its sender was told.
            let first = Told::Event(ingested(number, control_id, replaces()));
            let more = vec![
                Told::Event(staged(number, 1, control_id, replaces())),
                Told::Event(error(number, 1)),
                Told::Event(set_aside(number, 1)),
                Told::Event(restage(number, 2)),
                Told::Event(staged(number, 2, control_id, replaces())),
                Told::Event(error(number, 2)),
                Told::Event(redeliver(number)),
                Told::Undelivered(ingested(number, control_id, replaces()), "staging"),
                Told::Undelivered(staged(number, 1, control_id, replaces()), "core"),
            ];
            prop::sample::subsequence(more, 0..=7).prop_map(move |more| [vec![first.clone()], more].concat())
        };
        (of_one(1), of_one(2), of_one(3)).prop_map(|(a, b, c)| [a, b, c].concat())
    })
}

/// One call of the core.
#[derive(Clone, Debug)]
enum Told {
    Event(HubEvent),
    Undelivered(HubEvent, &'static str),
}

fn shuffled(told: Vec<Told>) -> impl Strategy<Value = (Vec<Told>, Vec<Told>)> {
    let again = prop::collection::vec(prop::sample::select(told.clone()), 0..6);
    let all = again.prop_map({
        let told = told.clone();
        move |again| [told.clone(), again].concat()
    });
    (Just(told), all.prop_shuffle())
}

async fn retold(all: &[Told]) -> Memory {
    let memory = Memory::default();
    let core = core(&memory);
    for told in all {
        let done = match told {
            Told::Event(event) => core.handle(event).await,
            Told::Undelivered(event, subscriber) => core.undelivered(event, subscriber, "timed out").await,
        };
        done.expect("nothing is down");
    }
    memory
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn hub_events_in_any_order_any_number_of_times_make_the_same_catalog((once, again) in lives().prop_flat_map(shuffled)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (once, again) = runtime.block_on(async { (retold(&once).await, retold(&again).await) });
        prop_assert_eq!(once.contents(), again.contents(), "events, heads and objects are the same");
    }
}
