use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{Place, Replaces};

fn received_at() -> Timestamp {
    "2026-03-04T23:59:59.999Z".parse().unwrap()
}

fn id(number: u8) -> MessageId {
    MessageId::mint(received_at(), [number; 10])
}

fn event(attempt: u32, detail: CatalogDetail) -> CatalogEvent {
    CatalogEvent {
        source: Source::parse("my_hospital_123").unwrap(),
        message_id: id(0),
        received_at: received_at(),
        digest: Some(Digest::from_bytes([1; 32])),
        raw_digest: Some(Digest::from_bytes([2; 32])),
        recorded_at: received_at(),
        attempt,
        detail,
    }
}

/// What another message's event says of this one: its digests are not known there.
fn from_other(detail: CatalogDetail) -> CatalogEvent {
    CatalogEvent { digest: None, raw_digest: None, ..event(1, detail) }
}

fn place() -> Place {
    Place {
        bucket: "b".into(),
        key: "k".into(),
        version_id: None,
        sha256: Digest::from_bytes([2; 32]),
        size: 7,
    }
}

fn header(control_id: &str) -> Header {
    Header { control_id: Some(control_id.to_owned()), ..Header::default() }
}

fn ingested_replacing(replaces: Option<Replaces>) -> CatalogEvent {
    let (header, submitted_by) = (header("peeked"), "sub".to_owned());
    event(1, CatalogDetail::Ingested { place: place(), header, submitted_by, encoding: None, replaces })
}

fn ingested() -> CatalogEvent {
    ingested_replacing(None)
}

fn staged(attempt: u32) -> CatalogEvent {
    let finding_codes = BTreeMap::from([(format!("found-by-{attempt}"), attempt)]);
    let service_version = "1".to_owned();
    let header = header(&format!("parsed-{attempt}"));
    event(attempt, CatalogDetail::Staged { place: place(), header, finding_codes, service_version })
}

fn error(attempt: u32) -> CatalogEvent {
    let (stage, error_code) = ("parse".to_owned(), format!("code-{attempt}"));
    let service_version = "1".to_owned();
    event(
        attempt,
        CatalogDetail::Error { place: place(), stage, error_code, service_version, retryable: false },
    )
}

fn restage(attempt: u32) -> CatalogEvent {
    event(attempt, CatalogDetail::Restage { requested_by: "sub".into() })
}

fn set_aside(attempt: u32) -> CatalogEvent {
    event(attempt, CatalogDetail::SetAside { requested_by: "sub".into(), reason: "other".into(), note: None })
}

fn undelivered(subscriber: &str, hub_event: &str, attempt: u32) -> CatalogEvent {
    let (subscriber, hub_event) = (subscriber.to_owned(), hub_event.to_owned());
    event(attempt, CatalogDetail::Undelivered { subscriber, hub_event, reason: "timed out".into() })
}

fn redeliver(attempt: u32) -> CatalogEvent {
    event(attempt, CatalogDetail::Redeliver { requested_by: "sub".into(), requested_at: received_at() })
}

fn replacement_sent(by: u8) -> CatalogEvent {
    from_other(CatalogDetail::ReplacementSent { by: id(by) })
}

fn replaced(by: u8) -> CatalogEvent {
    from_other(CatalogDetail::Replaced { by: id(by) })
}

fn reuse() -> CatalogEvent {
    from_other(CatalogDetail::Finding { code: "control-id-reuse".into(), other: None })
}

fn head(events: &[CatalogEvent]) -> Head {
    let mut head = Head::new(&events[0]);
    for event in events {
        head.apply(event);
    }
    head
}

#[test]
fn every_way_through_the_lake_ends_in_its_state() {
    let cases: Vec<(&str, Vec<CatalogEvent>, State)> = vec![
        ("just received", vec![ingested()], State::Received),
        ("staged", vec![ingested(), staged(1)], State::Ready),
        ("not staged", vec![ingested(), error(1)], State::Attention),
        ("asked again", vec![ingested(), error(1), restage(2)], State::Received),
        ("asked again, in vain", vec![ingested(), error(1), restage(2), error(2)], State::Attention),
        ("asked again, with success", vec![ingested(), error(1), restage(2), staged(2)], State::Ready),
        (
            "a good one asked again, in vain",
            vec![ingested(), staged(1), restage(2), error(2)],
            State::Attention,
        ),
        ("set aside", vec![ingested(), error(1), set_aside(1)], State::SetAside),
        ("set aside, asked again", vec![ingested(), error(1), set_aside(1), restage(2)], State::Received),
        (
            "set aside, asked again, in vain",
            vec![ingested(), error(1), set_aside(1), restage(2), error(2)],
            State::Attention,
        ),
        (
            "set aside while asked again, then in vain",
            vec![ingested(), error(1), restage(2), set_aside(2), error(2)],
            State::SetAside,
        ),
        (
            "set aside although a minted attempt never reached the hub",
            vec![ingested(), error(1), set_aside(2)],
            State::SetAside,
        ),
        ("redeliver tells of no attempt", vec![ingested(), staged(1), redeliver(2)], State::Ready),
        ("staging was not told", vec![ingested(), undelivered("staging", "ingested", 1)], State::Stuck),
        (
            "staging was told later",
            vec![ingested(), undelivered("staging", "ingested", 1), staged(1)],
            State::Ready,
        ),
        (
            "a restage made up for it",
            vec![ingested(), undelivered("staging", "ingested", 1), restage(2), error(2)],
            State::Attention,
        ),
        (
            "the core was not told of the bytes",
            vec![undelivered("core", "ingested", 1), staged(1)],
            State::Stuck,
        ),
        ("and then was", vec![undelivered("core", "ingested", 1), staged(1), ingested()], State::Ready),
        (
            "the core was not told of the result",
            vec![ingested(), undelivered("core", "staged", 1)],
            State::Stuck,
        ),
        (
            "the core was not told of a set-aside",
            vec![ingested(), error(1), undelivered("core", "set-aside", 1)],
            State::Stuck,
        ),
        (
            "and then was",
            vec![ingested(), error(1), undelivered("core", "set-aside", 1), set_aside(1)],
            State::SetAside,
        ),
        (
            "a lost wish to redeliver loses nothing",
            vec![ingested(), staged(1), undelivered("core", "redeliver", 1)],
            State::Ready,
        ),
        ("a fix was sent", vec![ingested(), error(1), replacement_sent(1)], State::Attention),
        ("the fix was staged", vec![ingested(), error(1), replacement_sent(1), replaced(1)], State::Replaced),
        (
            "a fix of what was set aside",
            vec![ingested(), error(1), set_aside(1), replaced(1)],
            State::Replaced,
        ),
    ];
    for (what, events, state) in cases {
        assert_eq!(head(&events).state, state, "{what}");
    }
}

#[test]
fn of_two_results_of_one_attempt_the_staged_one_holds() {
    for events in [[ingested(), staged(1), error(1)], [ingested(), error(1), staged(1)]] {
        let head = head(&events);
        assert_eq!(head.state, State::Ready, "a message that was staged is ready");
        assert_eq!(head.error_code, None, "an error that does not hold has no code in the head");
    }
}

#[test]
fn the_newest_attempt_gives_header_and_findings() {
    let head = head(&[reuse(), staged(2), ingested(), staged(1)]);
    assert_eq!(head.control_id.as_deref(), Some("parsed-2"), "the newest parse knows the header best");
    let codes: Vec<_> = head.finding_codes.keys().map(String::as_str).collect();
    assert_eq!(codes, ["control-id-reuse", "found-by-2"], "older parse findings go, the lake's own stay");
    assert_eq!(head.latest_attempt, 2, "the newest attempt counts, not the last event");
}

#[test]
fn the_error_code_is_that_of_the_newest_error_that_stands() {
    assert_eq!(
        head(&[error(2), error(1)]).error_code.as_deref(),
        Some("code-2"),
        "a late older error is old"
    );
    assert_eq!(head(&[staged(1), error(2)]).error_code.as_deref(), Some("code-2"), "a newer error stands");
}

#[test]
fn an_unknown_replaced_message_is_a_finding() {
    let replaces = |known| Some(Replaces { message_id: id(9), known });
    let unknown = head(&[ingested_replacing(replaces(false))]);
    assert!(
        unknown.finding_codes.contains_key("replaces-unknown"),
        "the steward is told that it closes nothing"
    );
    assert_eq!(unknown.replaces, Some(id(9)), "what was named is kept");
    assert!(
        head(&[ingested_replacing(replaces(true))]).finding_codes.is_empty(),
        "a known one is no finding"
    );
}

#[test]
fn a_head_names_at_most_64_findings() {
    let mut many = staged(1);
    if let CatalogDetail::Staged { finding_codes, .. } = &mut many.detail {
        *finding_codes = (0..200).map(|number| (format!("code-{number:03}"), 1)).collect();
    }
    let head = head(&[ingested_replacing(Some(Replaces { message_id: id(9), known: false })), many, reuse()]);
    assert_eq!(head.finding_codes.len(), FINDING_CODES, "the bound holds with the lake's own codes in it");
    assert!(
        head.finding_codes.contains_key("control-id-reuse"),
        "the lake's own codes have room of their own"
    );
}

#[test]
fn heads_and_events_survive_json_and_leave_out_what_is_empty() {
    let events = [
        ingested(),
        staged(1),
        error(2),
        restage(2),
        set_aside(2),
        undelivered("core", "staged", 3),
        redeliver(1),
        replacement_sent(1),
        replaced(1),
        reuse(),
    ];
    for event in &events {
        let json = serde_json::to_string(event).unwrap();
        assert_eq!(
            &serde_json::from_str::<CatalogEvent>(&json).unwrap(),
            event,
            "{} reads back",
            event.name()
        );
        assert!(!json.contains("null"), "{} writes nothing empty", event.name());
    }
    let head = head(&events);
    let json = serde_json::to_string(&head).unwrap();
    assert_eq!(serde_json::from_str::<Head>(&json).unwrap(), head, "a head reads back");
    assert!(!json.contains("null") && !json.contains("\"\""), "empty attributes are left out");
}

#[test]
fn every_event_has_a_name_of_its_own() {
    let events = [
        ingested(),
        staged(1),
        staged(2),
        error(1),
        error(2),
        restage(2),
        set_aside(1),
        set_aside(2),
        undelivered("core", "staged", 1),
        undelivered("core", "ingested", 1),
        undelivered("staging", "ingested", 1),
        redeliver(1),
        replacement_sent(1),
        replacement_sent(2),
        replaced(1),
        reuse(),
    ];
    let names: BTreeSet<String> = events.iter().map(CatalogEvent::name).collect();
    assert_eq!(names.len(), events.len(), "two facts never share a name: {names:?}");
    for contract in ["ingested", "staged#1", "error#2", "restage#2", "set-aside", "undelivered#core.staged#1"]
    {
        assert!(names.contains(contract), "the contract names {contract}");
    }
}

/// A plausible life of one message: what is there of each attempt, and what stewards and the hub add.
fn life() -> impl Strategy<Value = Vec<CatalogEvent>> {
    let attempt = |number: u32| {
        let of_one = vec![
            staged(number),
            error(number),
            set_aside(number),
            redeliver(number),
            undelivered("staging", "ingested", number),
            undelivered("staging", "restage", number),
            undelivered("core", "staged", number),
            undelivered("core", "error", number),
            undelivered("core", "set-aside", number),
            undelivered("core", "restage", number),
        ];
        prop::sample::subsequence(of_one, 0..=6).prop_map(move |mut events| {
            if number > 1 {
                events.push(restage(number));
            }
            events
        })
    };
    let of_message = vec![
        ingested(),
        undelivered("core", "ingested", 1),
        replacement_sent(1),
        replacement_sent(2),
        replaced(1),
        replaced(2),
        reuse(),
    ];
    let of_message = prop::sample::subsequence(of_message, 1..=7);
    (attempt(1), attempt(2), attempt(3), of_message).prop_map(|(a, b, c, d)| [a, b, c, d].concat())
}

/// The events of a life in some order, some of them again.
fn shuffled(events: Vec<CatalogEvent>) -> impl Strategy<Value = (Vec<CatalogEvent>, Vec<CatalogEvent>)> {
    let again = prop::collection::vec(prop::sample::select(events.clone()), 0..8);
    let told = again.prop_map({
        let events = events.clone();
        move |again| [events.clone(), again].concat()
    });
    (Just(events), told.prop_shuffle())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_order_and_number_of_deliveries_do_not_matter((told, retold) in life().prop_flat_map(shuffled)) {
        prop_assert_eq!(head(&told), head(&retold), "the same facts add up to the same head");
    }
}
