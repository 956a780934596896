//! The staged and the error JSON as designed, and what holds for every code.

use crate::common::{leaves, message, refused, stage, staged};
use er7::codes;
use serde_json::{Value, json};

#[test]
fn the_staged_json_is_as_designed() {
    let bytes = message("PID|1||100001^^^^MRN1~99||DOE^van&der^J\\T\\K|\"\"|20200101|M");
    let (staged, json) = stage(&bytes).expect("a sound message");
    assert_eq!(json["schema"], "er7/1", "the schema is named");
    assert_eq!(
        json["lake"],
        json!({"message_id": "0190f3a2-0000-7000-8000-000000000001", "source": "my_hospital_123", "digest": er7::digest(&bytes).to_string(),
               "received_at": "2026-01-02T03:04:05.678Z", "attempt": 1, "service_version": "test"}),
        "the stamp is written as given"
    );
    assert_eq!(
        json["header"],
        json!({"message_type": "ORU", "trigger_event": "R01", "structure": "ORU_R01", "control_id": "7", "version": "2.5.1", "processing_id": "P",
               "sending_application": "LAB", "sending_facility": "NORTH", "receiving_application": "EHR", "receiving_facility": "SOUTH",
               "sent_at": "20260102030405+0000"}),
        "the header holds MSH-3 to MSH-12"
    );
    assert_eq!(json["charset"], "utf-8", "ASCII is UTF-8");
    assert_eq!(json["corrections"], json!([]), "nothing to correct");
    assert_eq!(json["findings"], json!([]), "nothing to notice");
    assert_eq!(
        json["segments"][1],
        json!({"id": "PID", "fields": {"PID-1.1": "1", "PID-3.1": "100001", "PID-3.5": "MRN1", "PID-3[2].1": "99", "PID-5.1": "DOE",
               "PID-5.2": "van", "PID-5.2.2": "der", "PID-5.3": "J&K", "PID-6.1": "\"\"", "PID-7.1": "20200101", "PID-8.1": "M"}}),
        "only non-empty values, null is one, escapes are resolved"
    );
    assert_eq!(json["segments"][0]["fields"]["MSH-1.1"], "|", "MSH-1 is the separator");
    assert_eq!(json["segments"][0]["fields"]["MSH-2.1"], "^~\\&", "MSH-2 is not split");
    assert_eq!((staged.segments, staged.charset), (2, "utf-8"), "the summary agrees");
    let keys: Vec<&str> = vec!["schema", "lake", "header", "charset", "corrections", "findings", "segments"];
    let mut out = Vec::new();
    er7::parse(&er7::prepare(&bytes).expect("sound"), &crate::common::stamp(&bytes), &mut out)
        .expect("sound");
    let text = String::from_utf8(out).expect("UTF-8");
    let places: Vec<Option<usize>> = keys.iter().map(|key| text.find(&format!("\"{key}\":"))).collect();
    assert!(places.is_sorted(), "the keys stand in the order of the design: {places:?}");
}

#[test]
fn the_error_json_is_as_designed() {
    let bytes = b"PID|1||DOE\r";
    let error = refused(bytes);
    let mut out = Vec::new();
    error.write_json(&crate::common::stamp(bytes), &mut out);
    let json: Value = serde_json::from_slice(&out).expect("error JSON is JSON");
    assert_eq!(json["schema"], "er7-error/1", "the schema is named");
    assert_eq!(
        (&json["stage"], &json["code"]),
        (&json!("prepare"), &json!("no-message-header")),
        "stage and code"
    );
    assert_eq!(json["lake"]["source"], "my_hospital_123", "the stamp is written");
    assert_eq!(
        (&json["path"], &json["span"], &json["retryable"]),
        (&Value::Null, &Value::Null, &json!(false)),
        "there is no place"
    );
    assert!(json["reason"].as_str().is_some_and(|text| !text.contains("DOE")), "the reason holds no content");
    assert!(json["hint"].as_str().is_some_and(|text| !text.is_empty()), "the hint says what to do");
}

#[test]
fn every_code_is_described() {
    for code in codes::ALL {
        assert!(code.what.ends_with('.') && code.hint.ends_with('.'), "{} has two sentences", code.code);
        assert_eq!(
            codes::describe(code.code).map(|found| found.code),
            Some(code.code),
            "{} is found",
            code.code
        );
        assert!(
            code.code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
            "{} is a plain name",
            code.code
        );
    }
    assert!(codes::describe("no-such-code").is_none(), "only stable codes are described");
}

#[test]
fn absent_empty_and_null_are_kept_apart() {
    let fields = staged(&message("PID||\"\"|x^\"\""))["segments"][1]["fields"].clone();
    assert_eq!(
        fields,
        json!({"PID-2.1": "\"\"", "PID-3.1": "x", "PID-3.2": "\"\""}),
        "null is a value, empty is none"
    );
}

#[test]
fn at_most_a_hundred_places_a_code_then_counted() {
    let bytes = message(&format!("NTE|1||{}\rNTE|1||{}", "\x07".repeat(250), "\\Q\\".repeat(250)));
    let (staged, json) = stage(&bytes).expect("staged");
    for code in ["control-character", "escape-sequence"] {
        let of_code: Vec<&Value> =
            json["findings"].as_array().expect("array").iter().filter(|one| one["code"] == code).collect();
        assert_eq!(of_code.len(), 101, "a hundred places and a count of {code}");
        assert_eq!(of_code[100]["more"], 150, "the rest is counted");
        assert_eq!(staged.finding_codes.get(code), Some(&250), "all are counted");
    }
}

#[test]
fn nothing_is_lost_between_boundaries() {
    let bytes = message("PID|a~b^c&d~|e^^f|\rPV1|^|&|~|x");
    let keys: Vec<String> = leaves(&staged(&bytes))
        .into_iter()
        .filter(|(place, _)| place.0 > 0)
        .map(|(place, value)| format!("{place:?}={value}"))
        .collect();
    assert_eq!(
        keys,
        [
            "(1, \"PID\", 1, 1, 1, 1)=a",
            "(1, \"PID\", 1, 2, 1, 1)=b",
            "(1, \"PID\", 1, 2, 2, 1)=c",
            "(1, \"PID\", 1, 2, 2, 2)=d",
            "(1, \"PID\", 2, 1, 1, 1)=e",
            "(1, \"PID\", 2, 1, 3, 1)=f",
            "(2, \"PV1\", 4, 1, 1, 1)=x",
        ],
        "delimiters alone are no values"
    );
}
