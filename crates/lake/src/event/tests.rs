use super::*;

fn hub_event(detail: Detail) -> HubEvent {
    let received_at: Timestamp = "2026-03-04T05:06:07.008Z".parse().unwrap();
    HubEvent {
        source: Source::parse("my_hospital_123").unwrap(),
        message_id: MessageId::mint(received_at, [1; 10]),
        received_at,
        attempt: 1,
        digest: Digest::from_bytes([1; 32]),
        raw_digest: Digest::from_bytes([2; 32]),
        payload: None,
        detail,
    }
}

fn one_of_each() -> Vec<HubEvent> {
    let requested_by = "sub".to_owned();
    let service_version = "1".to_owned();
    let header = Header { control_id: Some("1".into()), ..Header::default() };
    let requested_at = Timestamp::UNIX_EPOCH;
    let details = [
        Detail::Ingested {
            header: header.clone(),
            submitted_by: "sub".into(),
            encoding: None,
            replaces: None,
        },
        Detail::Staged {
            header,
            finding_codes: BTreeMap::from([("charset".to_owned(), 2)]),
            service_version: service_version.clone(),
            replaces: None,
        },
        Detail::Error { stage: "parse".into(), code: "empty".into(), service_version, retryable: false },
        Detail::Restage { requested_by: requested_by.clone(), replaces: None },
        Detail::SetAside {
            requested_by: requested_by.clone(),
            reason: SetAsideReason::NotNeeded,
            note: None,
        },
        Detail::Redeliver { requested_by, requested_at },
    ];
    details.into_iter().map(hub_event).collect()
}

#[test]
fn staging_hears_of_ingested_messages_and_restages_alone() {
    let policy = FilterPolicy::staging().expect("the definition in infra is a filter policy");
    for event in one_of_each() {
        let wanted = matches!(event.kind(), EventKind::Ingested | EventKind::Restage);
        assert_eq!(policy.accepts(&event.attributes()), wanted, "{:?}", event.kind());
    }
}

#[test]
fn a_policy_asks_for_every_attribute_that_it_names() {
    let policy: FilterPolicy = serde_json::from_str(r#"{"event":["ingested"],"colour":["red"]}"#).unwrap();
    let attributes = one_of_each()[0].attributes();
    assert!(!policy.accepts(&attributes), "an attribute that an event does not have is not matched");
    assert!(FilterPolicy::default().accepts(&attributes), "without a policy everything is delivered");
}

#[test]
fn a_policy_compares_whole_values_and_case() {
    let accepts = |json: &str| {
        let policy: FilterPolicy = serde_json::from_str(json).unwrap();
        policy.accepts(&one_of_each()[0].attributes())
    };
    assert!(accepts(r#"{"source":["x","my_hospital_123"]}"#), "one of the values is enough");
    assert!(!accepts(r#"{"source":["my_hospital"]}"#), "a beginning is not a match");
    assert!(!accepts(r#"{"event":["Ingested"]}"#), "case counts");
    assert!(!accepts(r#"{"event":[]}"#), "no value matches nothing");
}

#[test]
fn events_survive_json_with_their_kind_as_a_word() {
    for event in one_of_each() {
        let json = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<HubEvent>(&json).unwrap(), event, "{:?} reads back", event.kind());
        let word = format!(r#""event":"{}""#, event.kind().as_str());
        assert!(json.contains(&word), "the body names its kind as the attribute does: {word}");
    }
}
