use super::*;

fn one_of_each() -> Vec<Outcome> {
    let received_at = Timestamp::UNIX_EPOCH;
    let digest = Digest::from_bytes([1; 32]);
    let reason = || "why".to_owned();
    vec![
        Outcome::Ingested {
            message_id: MessageId::mint(received_at, [1; 10]),
            digest,
            source: Source::parse("a").unwrap(),
            received_at,
        },
        Outcome::Duplicate {
            digest,
            equality: Match::Exact,
            first_message_id: None,
            first_received_at: None,
        },
        Outcome::Denied { reason: reason() },
        Outcome::Invalid { reason: reason(), limit_bytes: Some(1) },
        Outcome::NotSent { reason: reason() },
        Outcome::Unconfirmed { reason: reason() },
    ]
}

#[test]
fn the_word_of_an_outcome_is_the_one_in_its_json() {
    for outcome in one_of_each() {
        let json = serde_json::to_value(&outcome).unwrap();
        assert_eq!(json["outcome"], outcome.word(), "programs see one word");
        assert_eq!(
            serde_json::from_value::<Outcome>(json).unwrap(),
            outcome,
            "{} reads back",
            outcome.word()
        );
    }
}

#[test]
fn whoever_has_something_to_do_is_told_what() {
    for outcome in one_of_each() {
        let done = matches!(outcome, Outcome::Ingested { .. });
        assert_eq!(outcome.next_step().is_empty(), done, "{}", outcome.word());
    }
}

#[test]
fn staging_is_a_fact_of_its_own() {
    let stuck = Staging::Stuck { undelivered: vec!["core.ingested#1".to_owned()] };
    let json = serde_json::to_string(&stuck).unwrap();
    assert_eq!(
        json, r#"{"staging":"stuck","undelivered":["core.ingested#1"]}"#,
        "the form that reports hold"
    );
    assert_eq!(serde_json::from_str::<Staging>(&json).unwrap(), stuck, "and that is read back");
}
