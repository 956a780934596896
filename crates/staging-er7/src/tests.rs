use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::Timestamp;
use lake::{
    Detail, Digest, Fault, Header, Hub, HubEvent, MessageId, PayloadRef, Payloads, Replaces, SetAsideReason,
    Source,
};
use proptest::prelude::*;
use serde_json::Value;

use crate::{Answer, Inline, Staging, Task, Workers, failed_run, parse, prepare, stage};

const MESSAGE: &str =
    "MSH|^~\\&|LAB|WEST|LAKE|L|20260304||ADT^A01^ADT_A01|77|P|2.5\nPID|1||100001^^^MRN1\r\n";

/// Payloads and hub in memory.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    payloads: BTreeMap<String, Vec<u8>>,
    published: Vec<HubEvent>,
}

impl Memory {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn published(&self) -> Vec<HubEvent> {
        self.state().published.clone()
    }

    fn json(&self, event: &HubEvent) -> Value {
        let key = &event.payload.as_ref().expect("an answer refers to its JSON").key;
        serde_json::from_slice(&self.state().payloads[key]).expect("it is JSON")
    }
}

impl Payloads for Memory {
    async fn put(&self, _source: &Source, key: &str, bytes: Vec<u8>) -> Result<PayloadRef, Fault> {
        let mut state = self.state();
        let kept = state.payloads.entry(key.to_owned()).or_insert(bytes);
        let (sha256, size) = (er7::raw_digest(kept), kept.len() as u64);
        Ok(PayloadRef { bucket: "transient".into(), key: key.to_owned(), sha256, size })
    }

    async fn get(&self, payload: &PayloadRef) -> Result<Vec<u8>, Fault> {
        let missing = || Fault::Missing { part: "memory", what: payload.key.clone() };
        self.state().payloads.get(&payload.key).cloned().ok_or_else(missing)
    }
}

impl Hub for Memory {
    async fn publish(&self, event: &HubEvent) -> Result<(), Fault> {
        self.state().published.push(event.clone());
        Ok(())
    }

    async fn redeliver(&self, _source: &Source, _message_id: MessageId) -> Result<u32, Fault> {
        Ok(0)
    }
}

fn event(payload: Option<PayloadRef>, attempt: u32, detail: Detail) -> HubEvent {
    let received_at: Timestamp = "2026-03-04T05:06:07.008Z".parse().unwrap();
    HubEvent {
        source: Source::parse("my_hospital_123").unwrap(),
        message_id: MessageId::mint(received_at, [1; 10]),
        received_at,
        attempt,
        digest: Digest::from_bytes([1; 32]),
        raw_digest: Digest::from_bytes([2; 32]),
        payload,
        detail,
    }
}

fn ingested(payload: PayloadRef, replaces: Option<Replaces>) -> HubEvent {
    let submitted_by = "sub".to_owned();
    event(
        Some(payload),
        1,
        Detail::Ingested { header: Header::default(), submitted_by, encoding: None, replaces },
    )
}

async fn put(memory: &Memory, bytes: &[u8]) -> PayloadRef {
    let source = Source::parse("my_hospital_123").unwrap();
    memory.put(&source, &format!("ingested/{}", er7::raw_digest(bytes)), bytes.to_vec()).await.unwrap()
}

fn staging(memory: &Memory) -> Staging<Memory, Memory> {
    Staging::new(memory.clone(), memory.clone(), Inline)
}

/// What is published for these bytes.
async fn answer(bytes: &[u8]) -> (HubEvent, Value) {
    let memory = Memory::default();
    let asked = ingested(put(&memory, bytes).await, None);
    staging(&memory).handle(&asked).await.expect("nothing is down");
    let [answer] = <[HubEvent; 1]>::try_from(memory.published()).expect("one answer is published");
    let json = memory.json(&answer);
    (answer, json)
}

#[tokio::test]
async fn a_good_message_is_staged_with_header_findings_and_stamp() {
    let (event, json) = answer(MESSAGE.as_bytes()).await;
    let Detail::Staged { header, finding_codes, service_version, .. } = &event.detail else {
        panic!("it is staged")
    };
    assert_eq!(header.control_id.as_deref(), Some("77"), "the catalog hears the header");
    assert_eq!(service_version, env!("CARGO_PKG_VERSION"), "and who parsed it");
    let findings = json["findings"].as_array().unwrap();
    let counted: u32 = finding_codes.values().sum();
    assert!(counted as usize >= findings.len(), "codes are counted, {finding_codes:?} against {findings:?}");
    assert_eq!(json["schema"], "er7/1", "the JSON is of its schema");
    assert_eq!(json["lake"]["message_id"], event.message_id.to_string(), "stamped with the message");
    assert_eq!(json["lake"]["received_at"], "2026-03-04T05:06:07.008Z", "its time of receipt");
    assert_eq!(json["lake"]["attempt"], 1, "and the attempt");
    assert_eq!(json["segments"][1]["fields"]["PID-3.1"], "100001", "and holds the message");
    assert_eq!(json["corrections"][0]["code"], "line-ends", "and what was corrected");
}

#[tokio::test]
async fn what_is_wrong_with_a_message_is_published_and_is_no_fault() {
    let two = format!("{MESSAGE}{MESSAGE}");
    let batch = format!("BHS|^~\\&|\r{MESSAGE}BTS|1\r");
    for (bytes, stage, code) in [
        (&b"hello"[..], None, "no-message-header"),
        (b" \r\n ", None, "empty"),
        (b"MSH", None, "unusable-delimiters"),
        (two.as_bytes(), None, "several-messages"),
        (batch.as_bytes(), None, "several-messages"),
        (b"\xff\xfeM\0S", Some("prepare"), "undecodable"),
    ] {
        let (event, json) = answer(bytes).await;
        let Detail::Error { stage: at, code: found, retryable, .. } = &event.detail else {
            panic!("{code}: an error")
        };
        assert_eq!(found, code, "the stable code");
        assert_eq!(json["code"], code, "the same in the JSON");
        assert_eq!(json["stage"], at.as_str(), "{code}: and the step");
        assert!(stage.is_none_or(|stage| stage == at), "{code}: refused in {at}");
        assert!(!retryable, "{code}: the same bytes fail again");
        assert_eq!(json["schema"], "er7-error/1", "{code}: of its schema");
        assert!(!json["reason"].as_str().unwrap().is_empty(), "{code}: with a reason");
    }
}

#[tokio::test]
async fn a_restage_answers_its_own_attempt_and_hands_on_what_is_replaced() {
    let memory = Memory::default();
    let payload = put(&memory, MESSAGE.as_bytes()).await;
    let replaces =
        Some(Replaces { message_id: MessageId::mint(Timestamp::UNIX_EPOCH, [9; 10]), known: true });
    let restage = Detail::Restage { requested_by: "sub".into(), replaces: replaces.clone() };
    staging(&memory).handle(&ingested(payload.clone(), replaces.clone())).await.unwrap();
    staging(&memory).handle(&event(Some(payload), 3, restage)).await.unwrap();
    let published = memory.published();
    assert_eq!(
        [published[0].attempt, published[1].attempt],
        [1, 3],
        "an answer belongs to the attempt that asked"
    );
    for answer in &published {
        let Detail::Staged { replaces: told, .. } = &answer.detail else { panic!("it is staged") };
        assert_eq!(told, &replaces, "the core hears what to close");
    }
    assert_ne!(published[0].payload, published[1].payload, "each attempt has JSON of its own");
}

#[tokio::test]
async fn hearing_of_a_message_twice_gives_the_same_answer() {
    let memory = Memory::default();
    let asked = ingested(put(&memory, MESSAGE.as_bytes()).await, None);
    for _ in 0..2 {
        staging(&memory).handle(&asked).await.unwrap();
    }
    let published = memory.published();
    assert_eq!(published[0], published[1], "the core cannot tell them apart");
    assert_eq!(memory.state().payloads.len(), 2, "one message, one JSON");
}

#[tokio::test]
async fn other_events_are_passed_over() {
    let memory = Memory::default();
    let reason = SetAsideReason::Other;
    let other = event(None, 1, Detail::SetAside { requested_by: "sub".into(), reason, note: None });
    staging(&memory).handle(&other).await.expect("it is not for staging");
    assert!(memory.published().is_empty(), "so nothing is said");
}

#[tokio::test]
async fn bytes_that_are_not_there_are_a_fault_and_nothing_is_published() {
    let memory = Memory::default();
    let lost =
        PayloadRef { bucket: "b".into(), key: "lost".into(), sha256: Digest::from_bytes([0; 32]), size: 1 };
    let fault = staging(&memory).handle(&ingested(lost, None)).await.expect_err("there are no bytes");
    assert!(matches!(fault, Fault::Missing { .. }), "the hub hears which part it was: {fault}");
    assert!(memory.published().is_empty(), "no verdict on a message that was not read");
}

/// Workers that only count, or are gone.
#[derive(Clone, Default)]
struct Counting {
    ran: Arc<Mutex<u32>>,
    gone: bool,
}

impl Workers for Counting {
    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        *self.ran.lock().unwrap() += 1;
        (!self.gone).then(work)
    }
}

#[tokio::test]
async fn large_messages_are_left_to_the_workers() {
    let memory = Memory::default();
    let mut large = MESSAGE.as_bytes().to_vec();
    large.resize(64 * 1024 + 1, b'A');
    for (bytes, gone, expected) in [(MESSAGE.as_bytes(), true, 0), (&large, false, 1)] {
        let workers = Counting { gone, ..Counting::default() };
        let asked = ingested(put(&memory, bytes).await, None);
        let staging = Staging::new(memory.clone(), memory.clone(), workers.clone());
        staging.handle(&asked).await.expect("it is staged");
        assert_eq!(*workers.ran.lock().unwrap(), expected, "{} bytes", bytes.len());
    }
    let gone = Staging::new(memory.clone(), memory.clone(), Counting { gone: true, ..Counting::default() });
    let fault = gone.handle(&ingested(put(&memory, &large).await, None)).await.expect_err("no one works");
    assert!(fault.retryable(), "the hub tries again: {fault}");
}

#[tokio::test]
async fn a_run_that_failed_is_an_error_that_another_attempt_may_mend() {
    let memory = Memory::default();
    let asked = ingested(put(&memory, MESSAGE.as_bytes()).await, None);
    let answer = failed_run(&asked, "timed-out", "the run took too long").put(&memory, &asked).await.unwrap();
    let Detail::Error { stage, retryable, .. } = &answer.detail else { panic!("it is an error") };
    assert_eq!((stage.as_str(), *retryable), ("run", true), "the run failed, not the message");
    let (_, refused) = self::answer(b"hello").await;
    let keys = |json: &Value| json.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let mut made = keys(&memory.json(&answer));
    let mut theirs = keys(&refused);
    made.sort();
    theirs.sort();
    assert_eq!(made, theirs, "its JSON has the fields of every other error");
}

#[test]
fn what_prepare_did_not_make_is_not_parsed() {
    let task = Task::of(&event(None, 1, Detail::Restage { requested_by: String::new(), replaces: None }));
    let fault = parse(&task, b"not prepared").err().expect("these bytes are of another making");
    assert!(matches!(fault, Fault::Damaged { .. }), "it is a fault of the lake: {fault}");
}

/// Text that is nearly HL7, and bytes that are not.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let segment =
        "(MSH\\|\\^~\\\\&\\||PID\\|1\\||OBX\\|1\\|TX\\||ZZ1|)[ -~\\r\\n\\x0b\\x1c]{0,40}[\\r\\n]{0,2}";
    let text = prop::collection::vec(segment, 0..6).prop_map(|segments| segments.concat().into_bytes());
    prop_oneof![text, prop::collection::vec(any::<u8>(), 0..200)]
}

fn json(answer: Answer) -> Vec<u8> {
    match answer {
        Answer::Staged { json, .. } | Answer::Error { json, .. } => json,
    }
}

proptest! {
    #[test]
    fn two_steps_with_a_handover_make_what_one_does(body in bodies()) {
        let task = Task::of(&event(None, 1, Detail::Restage { requested_by: String::new(), replaces: None }));
        let at_once = json(stage(&task, &body));
        let in_steps = match prepare(&task, &body) {
            Ok(prepared) => json(parse(&task, &prepared).unwrap()),
            Err(error) => json(error),
        };
        prop_assert!(at_once == in_steps, "a laptop and AWS make the same JSON");
        prop_assert!(serde_json::from_slice::<Value>(&at_once).is_ok(), "and it is JSON, whatever the bytes");
    }
}
