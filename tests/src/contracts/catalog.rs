//! What every catalog does, whatever it stands on. Each check works in institutions of its own, named after `run`, so
//! that a table may be used again; two runs on one table need two names.

use std::collections::BTreeSet;
use std::future::Future;

use er7::Header;
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use lake::{Catalog, CatalogDetail, CatalogEvent, Digest, Head, MessageId, Place, Replaces, Source, State};

/// Runs all checks, one after the other.
pub async fn suite(catalog: &impl Catalog, run: &str) {
    an_unknown_message_has_no_head(catalog, run).await;
    events_add_up_to_the_head(catalog, run).await;
    recording_again_changes_nothing(catalog, run).await;
    the_first_event_of_a_name_stays(catalog, run).await;
    any_order_ends_in_the_same_head(catalog, run).await;
    concurrent_callers_lose_nothing(catalog, run).await;
    one_call_may_tell_of_several_messages(catalog, run).await;
    a_message_is_found_by_its_control_id(catalog, run).await;
    a_control_id_that_changes_is_found_under_the_new_one(catalog, run).await;
    institutions_never_meet(catalog, run).await;
    texts_come_back_as_they_were(catalog, run).await;
}

/// Nothing is known of a message that was never recorded.
pub async fn an_unknown_message_has_no_head(catalog: &impl Catalog, run: &str) {
    let lake = Institution::new(run, "unknown");
    let head = catalog.head(&lake.source, lake.message(1).id).await.expect("an absence is an answer");
    assert_eq!(head, None, "no head without an event");
    let found = catalog.by_control_id(&lake.source, "MSG000001", 10).await.expect("so is an empty list");
    assert!(found.is_empty(), "no message with this control id either");
}

/// Ingested, then staged: the facts of both, and the state that follows.
pub async fn events_add_up_to_the_head(catalog: &impl Catalog, run: &str) {
    let lake = Institution::new(run, "adds-up");
    let message = lake.message(1);
    for (event, state) in [(message.ingested(), State::Received), (message.staged(1), State::Ready)] {
        record(catalog, &[event]).await;
        assert_eq!(head(catalog, &message).await.state, state, "the state that the facts tell");
    }
    let head = head(catalog, &message).await;
    let expected = folded(&[message.ingested(), message.staged(1)]);
    assert_eq!(comparable(&head), comparable(&expected), "the head is the sum of its events");
    assert_eq!(head.message_type.as_deref(), Some("ADT"), "and holds the facts of the header");
    assert_eq!(head.finding_codes.get("timestamp"), Some(&2), "and the findings, counted");
}

/// A hub event that comes again is recorded once.
pub async fn recording_again_changes_nothing(catalog: &impl Catalog, run: &str) {
    let lake = Institution::new(run, "again");
    let message = lake.message(1);
    let all = [message.ingested(), message.error(1), message.restage(2), message.staged(2)];
    record(catalog, &all).await;
    let first = head(catalog, &message).await;
    record(catalog, &all).await;
    for event in &all {
        record(catalog, std::slice::from_ref(event)).await;
    }
    assert_eq!(head(catalog, &message).await, first, "not even the revision moves");
}

/// Of two events of one name the first one stays, and the head follows the one that stayed.
pub async fn the_first_event_of_a_name_stays(catalog: &impl Catalog, run: &str) {
    let lake = Institution::new(run, "first-stays");
    let message = lake.message(1);
    record(catalog, &[message.ingested()]).await;
    let mut other = message.ingested();
    if let CatalogDetail::Ingested { place, .. } = &mut other.detail {
        place.size = 999_999;
    }
    record(catalog, &[other]).await;
    assert_eq!(
        head(catalog, &message).await.size,
        SIZE,
        "the first bytes stay for ever, and so does their event"
    );
}

/// The same events in any order, some twice, end in the same head (a fifth of all orders, evenly spread).
pub async fn any_order_ends_in_the_same_head(catalog: &impl Catalog, run: &str) {
    let lake = Institution::new(run, "any-order");
    let number_of_events = history(&lake.message(0)).len();
    let orders = permutations(number_of_events);
    let checks = orders.iter().step_by(5).enumerate().map(|(number, order)| {
        let message = lake.message(u32::try_from(number).expect("few enough orders"));
        async move {
            let events = history(&message);
            for (step, place) in order.iter().enumerate() {
                let told_before = &events[order[step / 2]];
                record(catalog, &[events[*place].clone(), told_before.clone()]).await;
            }
            let expected = comparable(&folded(&events));
            assert_eq!(comparable(&head(catalog, &message).await), expected, "in the order {order:?}");
        }
    });
    in_groups(checks, 40).await;
}

/// Many callers at once tell of one message: everything they told is in the head.
pub async fn concurrent_callers_lose_nothing(catalog: &impl Catalog, run: &str) {
    let lake = Institution::new(run, "concurrent");
    let message = lake.message(1);
    let codes: BTreeSet<String> = (0..16).map(|number| format!("noticed-{number:02}")).collect();
    let mut events = vec![message.ingested()];
    events.extend(codes.iter().map(|code| message.noticed(code)));
    let twice = events.iter().chain(&events);
    join_all(twice.map(|event| record(catalog, std::slice::from_ref(event)))).await;
    let head = head(catalog, &message).await;
    assert!(head.ingested, "the first event was not lost");
    let found: BTreeSet<String> = head.finding_codes.into_keys().collect();
    assert!(found.is_superset(&codes), "no update was lost: {found:?}");
}

/// Events of up to eight messages are recorded by one call.
pub async fn one_call_may_tell_of_several_messages(catalog: &impl Catalog, run: &str) {
    let lake = Institution::new(run, "several");
    let messages: Vec<_> = (0..8).map(|number| lake.message(number)).collect();
    let events: Vec<_> = messages.iter().map(Message::ingested).collect();
    record(catalog, &events).await;
    for message in &messages {
        assert!(head(catalog, message).await.ingested, "each message of the call has its head");
    }
}

/// Control ids may be used again: all messages with one are found, oldest first, no more than asked for.
pub async fn a_message_is_found_by_its_control_id(catalog: &impl Catalog, run: &str) {
    let lake = Institution::new(run, "by-control");
    for number in [3, 1, 2, 4] {
        let mut event = lake.message(number).ingested();
        set_control_id(&mut event, if number == 4 { "OTHER" } else { "SAME#1" });
        record(catalog, &[event]).await;
    }
    let expected: Vec<_> = [1, 2, 3].map(|number| lake.message(number).id).into();
    wait_for("all three messages by their control id, oldest first", || async {
        ids(catalog, &lake, "SAME#1", 10).await == expected
    })
    .await;
    assert_eq!(ids(catalog, &lake, "SAME#1", 2).await, expected[..2], "no more than asked for");
    assert!(ids(catalog, &lake, "SAME#1", 0).await.is_empty(), "none when none are asked for");
    assert!(ids(catalog, &lake, "SAME", 10).await.is_empty(), "a beginning of a control id is another one");
    assert!(ids(catalog, &lake, "", 10).await.is_empty(), "an empty control id finds nothing");
}

/// Staging may read another control id than the front door saw.
pub async fn a_control_id_that_changes_is_found_under_the_new_one(catalog: &impl Catalog, run: &str) {
    let lake = Institution::new(run, "control-changes");
    let message = lake.message(1);
    let (mut before, mut after) = (message.ingested(), message.staged(1));
    set_control_id(&mut before, "SEEN-FIRST");
    set_control_id(&mut after, "PARSED");
    record(catalog, &[before]).await;
    record(catalog, &[after]).await;
    wait_for("the message under its new control id only", || async {
        ids(catalog, &lake, "PARSED", 10).await == [message.id]
            && ids(catalog, &lake, "SEEN-FIRST", 10).await.is_empty()
    })
    .await;
}

/// What one institution recorded is not found by another, even under the same ids.
pub async fn institutions_never_meet(catalog: &impl Catalog, run: &str) {
    let (mine, theirs) = (Institution::new(run, "mine"), Institution::new(run, "mine.too"));
    record(catalog, &[mine.message(1).ingested()]).await;
    let same_id = catalog.head(&theirs.source, mine.message(1).id).await.expect("an absence is an answer");
    assert_eq!(same_id, None, "an id is looked up under one institution only");
    let control_id = mine.message(1).control_id();
    assert!(ids(catalog, &theirs, &control_id, 10).await.is_empty(), "and so is a control id");
}

/// Every character comes back; empty texts are left out; the longest header facts fit.
pub async fn texts_come_back_as_they_were(catalog: &impl Catalog, run: &str) {
    let lake = Institution::new(run, "texts");
    let message = lake.message(1);
    let odd = "Ä#\"\\\u{1f600} ".repeat(33);
    let mut event = message.ingested();
    set_control_id(&mut event, &odd);
    if let CatalogDetail::Ingested { header, .. } = &mut event.detail {
        header.sending_application = Some(odd.clone());
        header.sending_facility = Some(String::new());
    }
    record(catalog, &[event]).await;
    let head = head(catalog, &message).await;
    assert_eq!(head.sending_application.as_deref(), Some(odd.as_str()), "not a character is changed");
    assert_eq!(head.sending_facility, None, "an empty text is left out");
    wait_for("the message by a long control id of odd characters", || async {
        ids(catalog, &lake, &odd, 10).await == [message.id]
    })
    .await;
}

const SIZE: u64 = 1_300;

struct Institution {
    source: Source,
}

impl Institution {
    fn new(run: &str, name: &str) -> Self {
        let source = Source::parse(&format!("{run}.{name}")).expect("`run` is a short plain name");
        Self { source }
    }

    /// The message with this number; a later number was received later.
    fn message(&self, number: u32) -> Message {
        let start: Timestamp = "2026-03-04T23:59:59.990Z".parse().expect("a time");
        let received_at = start + SignedDuration::from_millis(number.into());
        let mut random = [0; 10];
        random[6..].copy_from_slice(&number.to_be_bytes());
        Message { source: self.source.clone(), id: MessageId::mint(received_at, random), received_at, number }
    }
}

struct Message {
    source: Source,
    id: MessageId,
    received_at: Timestamp,
    number: u32,
}

impl Message {
    fn control_id(&self) -> String {
        format!("MSG{:06}", self.number)
    }

    fn event(&self, attempt: u32, detail: CatalogDetail) -> CatalogEvent {
        CatalogEvent {
            source: self.source.clone(),
            message_id: self.id,
            received_at: self.received_at,
            digest: Some(digest()),
            raw_digest: Some(digest()),
            recorded_at: self.received_at,
            attempt,
            detail,
        }
    }

    fn place(&self, zone: &str) -> Place {
        let key = format!("{zone}/protocol=hl7v2/source={}/date=2026-03-04/{}", self.source, self.id);
        Place {
            bucket: "lake".to_owned(),
            key,
            version_id: Some("1".to_owned()),
            sha256: digest(),
            size: SIZE,
        }
    }

    fn header(&self) -> Header {
        Header {
            message_type: Some("ADT".to_owned()),
            trigger_event: Some("A01".to_owned()),
            control_id: Some(self.control_id()),
            version: Some("2.5".to_owned()),
            sending_application: Some("REGISTRATION".to_owned()),
            ..Header::default()
        }
    }

    fn ingested(&self) -> CatalogEvent {
        let detail = CatalogDetail::Ingested {
            place: self.place("ingestion"),
            header: self.header(),
            submitted_by: "5d0c6b1e-0000-4000-8000-000000000001".to_owned(),
            encoding: Some("utf-8".to_owned()),
            replaces: Some(Replaces { message_id: self.id, known: false }),
        };
        self.event(1, detail)
    }

    fn staged(&self, attempt: u32) -> CatalogEvent {
        let detail = CatalogDetail::Staged {
            place: self.place("staging"),
            header: self.header(),
            finding_codes: [("charset".to_owned(), attempt), ("timestamp".to_owned(), 2)].into(),
            service_version: "0.1.0".to_owned(),
        };
        self.event(attempt, detail)
    }

    fn error(&self, attempt: u32) -> CatalogEvent {
        let detail = CatalogDetail::Error {
            place: self.place("error"),
            stage: "parse".to_owned(),
            error_code: format!("code-{attempt}"),
            service_version: "0.1.0".to_owned(),
            retryable: false,
        };
        self.event(attempt, detail)
    }

    fn restage(&self, attempt: u32) -> CatalogEvent {
        self.event(attempt, CatalogDetail::Restage { requested_by: "steward".to_owned() })
    }

    fn set_aside(&self, attempt: u32) -> CatalogEvent {
        let (requested_by, reason) = ("steward".to_owned(), "not-needed".to_owned());
        self.event(attempt, CatalogDetail::SetAside { requested_by, reason, note: None })
    }

    fn undelivered(&self, hub_event: &str, attempt: u32) -> CatalogEvent {
        let (subscriber, reason) = ("core".to_owned(), "timed out".to_owned());
        let hub_event = hub_event.to_owned();
        self.event(attempt, CatalogDetail::Undelivered { subscriber, hub_event, reason })
    }

    fn noticed(&self, code: &str) -> CatalogEvent {
        self.event(1, CatalogDetail::Finding { code: code.to_owned(), other: None })
    }
}

/// A history with a turn at every step: failed, tried again, undelivered, failed again, closed.
fn history(message: &Message) -> Vec<CatalogEvent> {
    vec![
        message.ingested(),
        message.error(1),
        message.restage(2),
        message.undelivered("error", 2),
        message.error(2),
        message.set_aside(2),
    ]
}

fn set_control_id(event: &mut CatalogEvent, control_id: &str) {
    let header = match &mut event.detail {
        CatalogDetail::Ingested { header, .. } | CatalogDetail::Staged { header, .. } => Some(header),
        _ => None,
    };
    header.expect("only these two have a header").control_id = Some(control_id.to_owned());
}

fn digest() -> Digest {
    Digest::from_bytes([0xab; 32])
}

fn folded(events: &[CatalogEvent]) -> Head {
    let mut head = Head::new(&events[0]);
    events.iter().for_each(|event| head.apply(event));
    head
}

/// A head without what the order of events may change.
fn comparable(head: &Head) -> Head {
    Head { revision: 0, ..head.clone() }
}

async fn record(catalog: &impl Catalog, events: &[CatalogEvent]) {
    catalog.record(events).await.expect("a sound event is recorded");
}

async fn head(catalog: &impl Catalog, message: &Message) -> Head {
    let head = catalog.head(&message.source, message.id).await.expect("the catalog answers");
    head.expect("a recorded message has a head")
}

async fn ids(
    catalog: &impl Catalog,
    institution: &Institution,
    control_id: &str,
    limit: usize,
) -> Vec<MessageId> {
    let found = catalog.by_control_id(&institution.source, control_id, limit).await;
    found.expect("the catalog answers").into_iter().map(|head| head.message_id).collect()
}

/// Indexes may follow the table a little later (DynamoDB's global secondary indexes do).
async fn wait_for<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let until = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
    while !holds().await {
        assert!(tokio::time::Instant::now() < until, "waited 10 s in vain for {what}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

async fn in_groups<F: Future<Output = ()>>(work: impl Iterator<Item = F>, size: usize) {
    let mut work = work.peekable();
    while work.peek().is_some() {
        join_all(work.by_ref().take(size)).await;
    }
}

/// All orders of the numbers below `count`.
fn permutations(count: usize) -> Vec<Vec<usize>> {
    let Some(last) = count.checked_sub(1) else { return vec![Vec::new()] };
    let shorter = permutations(last);
    let insert = |order: &Vec<usize>, place: usize| {
        let mut longer = order.clone();
        longer.insert(place, last);
        longer
    };
    shorter.iter().flat_map(|order| (0..count).map(move |place| insert(order, place))).collect()
}

#[cfg(test)]
mod local_lake {
    use std::num::NonZeroU32;

    use local_lake::catalog::{CatalogSettings, LocalCatalog};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_local_catalog_keeps_the_contract() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let settings = CatalogSettings { table: "catalog".to_owned(), shards: NonZeroU32::MIN };
        let catalog = LocalCatalog::open(&folder.path().join("catalog.sqlite"), settings)
            .expect("a fresh catalog opens");
        super::suite(&catalog, "run").await;
    }
}
