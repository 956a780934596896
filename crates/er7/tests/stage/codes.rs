//! Defects of structure and of values, each with a synthetic message.

use crate::common::{HEAD, assert_found, assert_not_found, found, message, staged, value};
use serde_json::{Value, json};

#[test]
fn value_type() {
    assert_found(&message("OBX|1||X||5"), "value-type", json!("OBX-2"), b"", json!("missing"));
    assert_found(&message("OBX|1|QQ|X||5"), "value-type", json!("OBX-2"), b"QQ", json!("invalid"));
    assert_not_found(&message("OBX|1||X||\rOBX|2|NM|X||5\rOBX|3|CNE|X||5"), "value-type");
    assert_eq!(value(&message("OBX|1|QQ|X||5"), 1, "OBX-5.1"), "5", "the value stays");
}

#[test]
fn embedded_document() {
    let document = "QUJD".repeat(60_000);
    assert_not_found(&message(&format!("OBX|1|ED|X||^AP^PDF^Base64^{document}")), "embedded-document");
    assert_not_found(&message(&format!("OBX|1|ED|X||{document}")), "embedded-document");
    assert_not_found(&message("OBX|1|ED|X||^AP^PDF^Base64^QUJD\\.br\\QUI="), "embedded-document");
    let cut = format!("{document}Q");
    assert_found(
        &message(&format!("OBX|1|ED|X||^AP^PDF^Base64^{cut}")),
        "embedded-document",
        json!("OBX-5.5"),
        cut.as_bytes(),
        json!("not-base64"),
    );
    assert_found(
        &message(&format!("OBX|1|ED|X||{cut}")),
        "embedded-document",
        json!("OBX-5"),
        cut.as_bytes(),
        json!("not-base64"),
    );
    assert_eq!(value(&message(&format!("OBX|1|ED|X||^AP^PDF^Base64^{cut}")), 1, "OBX-5.5"), cut, "verbatim");
}

#[test]
fn timestamp() {
    for (text, detail) in [
        ("20260230", "impossible"),
        ("20261301", "impossible"),
        ("202601012460+0000", "impossible"),
        ("00000000", "impossible"),
        ("2026010", "odd-precision"),
        ("yesterday", "odd-precision"),
        ("20260101120000.12345+0000", "odd-precision"),
    ] {
        assert_found(
            &message(&format!("PID|1||||||{text}")),
            "timestamp",
            json!("PID-7"),
            text.as_bytes(),
            json!(detail),
        );
        assert_eq!(value(&message(&format!("PID|1||||||{text}")), 1, "PID-7.1"), text, "verbatim");
    }
    for text in
        ["2026", "202601", "20260101", "20240229", "2026010112+0000", "20260101120000.1234-0500", "\"\""]
    {
        assert_not_found(&message(&format!("PID|1||||||{text}")), "timestamp");
    }
    assert_found(
        &message("OBX|1|DT|X||20260230"),
        "timestamp",
        json!("OBX-5"),
        b"20260230",
        json!("impossible"),
    );
    assert_not_found(&message("OBX|1|ST|X||20260230"), "timestamp");
    let without_zone = b"MSH|^~\\&|||||20260102030405||ADT^A01|1|P|2.5\rEVN||20260102030405";
    assert_eq!(
        found(without_zone, "timestamp"),
        [(json!("MSH-7"), b"20260102030405".to_vec(), json!("no-zone"))],
        "once a message, at MSH-7"
    );
    assert_not_found(&message("EVN||20260102030405"), "timestamp");
    for (sent_at, is_zone) in [
        ("20260102030405-0500", true),
        ("20260102030405.1234+0000", true),
        ("2026-01-02", false),
        ("2026-01-02 03:04:05", false),
        ("-0500", false),
        (".1-0500", false),
        ("20260102030405.-0500", false),
        ("20260102030405+05:00", false),
        ("20260102030405+é00", false),
    ] {
        let bytes = format!("MSH|^~\\&|||||{sent_at}||ADT^A01|1|P|2.5\rEVN||20260102030405");
        let told = found(bytes.as_bytes(), "timestamp").iter().any(|(path, ..)| *path == json!("EVN-2"));
        assert_eq!(told, !is_zone, "{sent_at:?} in MSH-7 gives a zone: {is_zone}");
    }
}

#[test]
fn version() {
    for (version, detail) in [("", "read-as-2.5.1"), ("2.9", "read-as-2.8"), ("Epic 2018", "read-as-2.5.1")] {
        let bytes = format!("MSH|^~\\&|A||||||ADT^A01|1|P|{version}|").into_bytes();
        assert_found(&bytes, "version", json!("MSH-12"), version.as_bytes(), json!(detail));
    }
    for version in ["2.1", "2.3.1", "2.5.1", "2.8", "2.5^USA"] {
        assert_not_found(format!("MSH|^~\\&|A||||||ADT^A01|1|P|{version}").as_bytes(), "version");
    }
}

#[test]
fn segments_and_fields_beyond_the_dictionary() {
    let bytes = message("QQQ|1\rZPI|1|x\rNTE|1|||||||||x\rOBX|1");
    assert_found(&bytes, "unknown-segment", json!("QQQ"), b"QQQ", Value::Null);
    assert_found(&bytes, "z-segment", json!("ZPI"), b"ZPI", Value::Null);
    assert_found(&bytes, "field-beyond-definition", json!("NTE-10"), b"x", Value::Null);
    assert_eq!(value(&bytes, 3, "NTE-10.1"), "x", "kept");
    let z = staged(&bytes)["findings"]
        .as_array()
        .and_then(|all| all.iter().find(|one| one["code"] == "z-segment").cloned());
    assert_eq!(z.expect("found")["severity"], "information", "Z segments are nothing to worry about");
}

#[test]
fn segment_name() {
    let bytes = message("PV1\rpid|1||7\r  NTE|1\rP V1|1\r||x\r5.1|N\rsome words\rOBX|1");
    for (path, marked, detail) in [
        ("PV1", &b"PV1"[..], "only-name"),
        ("PID", b"pid", "small-letters"),
        ("NTE", b"  NTE", "blanks"),
        ("PV1", b"P V1", "blanks"),
        ("?", b"", "no-name"),
        ("?", b"5.1", "no-name"),
        ("?", b"some words", "no-name"),
    ] {
        assert_found(&bytes, "segment-name", json!(path), marked, json!(detail));
    }
    let json = staged(&bytes);
    let ids: Vec<&str> = json["segments"]
        .as_array()
        .expect("array")
        .iter()
        .filter_map(|segment| segment["id"].as_str())
        .collect();
    assert_eq!(
        ids,
        ["MSH", "PV1", "PID", "NTE", "PV1", "?", "?", "?", "OBX"],
        "every line stays in its place"
    );
    assert_eq!(json["segments"][5]["fields"], json!({"?-2.1": "x"}), "fields keep their numbers");
    assert_eq!(
        json["segments"][6]["fields"],
        json!({"?-0.1": "5.1", "?-1.1": "N"}),
        "what stands where the name should be is number 0"
    );
    assert_eq!(json["segments"][7]["fields"], json!({"?-0.1": "some words"}), "a line of text is kept");
    let in_no_segment = message("some\x1a words|x\x1ay");
    for path in ["?-0", "?-1"] {
        assert_found(&in_no_segment, "control-character", json!(path), b"\x1a", Value::Null);
    }
    assert_found(format!("  {HEAD}").as_bytes(), "segment-name", json!("MSH"), b"  MSH", json!("blanks"));
}

#[test]
fn run_together() {
    let bytes = message("PV1|1|I|2.5PID|1||DOE");
    assert_found(&bytes, "run-together", json!("PV1-3"), b"PID", json!("segment-in-field"));
    assert_eq!(value(&bytes, 1, "PV1-3.1"), "2.5PID", "never fixed");
    assert_found(
        &message("NTE|1||x|PID||1|2|3|4|5|6"),
        "run-together",
        json!("NTE-4"),
        b"PID",
        json!("segment-in-field"),
    );
    assert_found(&message("PID|1\rOB"), "run-together", json!("?"), b"OB", json!("cut-off"));
    for next in [
        "MSH|^~\\&|LAB",
        "MSH#^~\\&#LAB",
        "MSH|^~\\&|1|2|3|4|5|6|7|8|9|10|11|12|13|14|15|16|17|18|19|20|21|22|23|24",
    ] {
        for framing in ["\x1c\x0b", "\x0b", "\x1c \x0b\x0b"] {
            let bytes = message(&format!("PV1|1|I|2.5{framing}{next}\rPID|1"));
            let places = found(&bytes, "run-together");
            let once = [(json!("PV1-3"), b"MSH".to_vec(), json!("segment-in-field"))];
            assert_eq!(places, once, "a message behind {framing:?} is told, once");
        }
    }
    assert_not_found(&message("PV1|1|I|2.5\x1c\x0bMSHA|1\x1cMSH 1"), "run-together");
    for sound in ["OBX|1|CE|X^INFLUENZA A BY PCR||7", "QPD|1|PID|7", "NTE|1||HOSP_PID|7"] {
        assert_not_found(&message(sound), "run-together");
    }
}
