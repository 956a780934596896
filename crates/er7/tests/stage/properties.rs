//! What holds for any bytes: no panic, idempotence, one form for digest and Prepare, spans that point home.

use crate::common::{leaves, stage, stamp};
use proptest::prelude::*;
use serde_json::Value;

/// Pieces of which messages are made, sound and broken ones.
const PIECES: &[&[u8]] = &[
    b"MSH|^~\\&|",
    b"MSH|^~\\&#|A|B|C|D|20260230||ADT^A01|1|P|2.5.1\r",
    b"MSH$%*@!$",
    b"\x1c\x0bMSH|^~\\&|",
    b"\nMSH#^~\\&#",
    b"MSH|",
    b"MSH",
    b"FHS|^~\\&|",
    b"BTS|1",
    b"PID|1||",
    b"OBX|1|TX|",
    b"OBX|2|ED|X||^A^B^Base64^QUJD=",
    b"OBX|1|TS|X||2020",
    b"NTE|1||",
    b"ZZZ|",
    b"pid|",
    b" PV1|",
    b"P",
    b"note",
    b"\r",
    b"\n",
    b"\r\n",
    b"\r\r",
    b"\n\n",
    b" \t",
    b"\x0b",
    b"\x1c",
    b"\x1c\r",
    b"\xEF\xBB\xBF",
    b"\xFF\xFE",
    b"\0",
    b"\x1a",
    b"\xC2\x85",
    b"\xC2\xA7",
    b"|",
    b"^",
    b"~",
    b"&",
    b"\\",
    b"\\T\\",
    b"\\X41\\",
    b"\\XFF\\",
    b"\\.br\\",
    b"\\Q\\",
    b"\"",
    b"\"\"",
    b"&amp;",
    b"\xC3\xA9",
    b"\xE9",
    b"\x81\x7C",
    b"\xEF\xBF\xBD",
    b"\xE2\x82\xAC",
    b"20200101",
    b"a",
    b"7",
];

const STARTS: &[&[u8]] = &[
    b"MSH|^~\\&|",
    b"MSH|^~\\&#|",
    b"MSH|^~\\&||||||||||||||||8859/1|",
    b"MSH|^~\\&||||||||||||||||ISO IR87|",
    b"\x0bMSH#*~\\&#",
    b"MSH\xC2\xA7^~\\&\xC2\xA7",
];

fn pieces() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(proptest::sample::select(PIECES), 0..40).prop_map(|pieces| pieces.concat())
}

/// Text around a message that has a header: nearly always staged.
fn messages() -> impl Strategy<Value = Vec<u8>> {
    (proptest::sample::select(STARTS), pieces()).prop_map(|(start, rest)| [start, &rest].concat())
}

fn submitted() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => pieces(),
        4 => messages(),
        1 => proptest::collection::vec(any::<u8>(), 0..200),
        1 => messages().prop_map(|bytes| wide(&String::from_utf8_lossy(&bytes))),
    ]
}

fn wide(text: &str) -> Vec<u8> {
    std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

/// `PROPTEST_CASES` makes it longer.
fn config() -> ProptestConfig {
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 1500;
    }
    config
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_bytes_are_staged_or_refused(bytes in submitted()) {
        let header = er7::peek_header(&bytes);
        if let Ok((staged, json)) = stage(&bytes) {
            prop_assert_eq!(json["segments"].as_array().map(Vec::len), Some(staged.segments as usize), "all segments are written");
            let first = &json["segments"][0];
            prop_assert_eq!(first["id"].as_str(), Some("MSH"), "the header comes first");
            prop_assert_eq!(&staged.header, &serde_json::from_value(json["header"].clone()).expect("a header"), "one header");
            let _ = leaves(&json);
        }
        for fact in serde_json::to_value(header).expect("JSON").as_object().expect("object").values() {
            let fact = fact.as_str().expect("a fact is text");
            prop_assert!(!fact.is_empty() && fact.chars().count() <= 199, "facts are bounded");
            prop_assert!(!fact.chars().any(char::is_control), "facts are printable");
        }
    }

    #[test]
    fn canonical_bytes_are_their_own_canonical_bytes(bytes in submitted()) {
        let once = er7::canonical(&bytes);
        let twice = er7::canonical(&once);
        prop_assert_eq!(&*once, &*twice, "idempotent");
        prop_assert_eq!(er7::digest(&bytes), er7::raw_digest(&once), "the digest is that of the canonical bytes");
    }

    #[test]
    fn prepare_is_idempotent(bytes in submitted()) {
        if let Ok(prepared) = er7::prepare(&bytes) {
            let again = er7::prepare(prepared.bytes());
            prop_assert!(again.is_ok(), "prepared bytes can be prepared: {:?}", again);
            let again = again.expect("just checked");
            prop_assert_eq!(again.bytes(), prepared.bytes(), "prepared bytes do not change");
            prop_assert_eq!(again.corrections().len(), 0, "nothing is left to correct");
        }
    }

    #[test]
    fn equal_canonical_bytes_are_staged_alike(bytes in submitted()) {
        let canonical = er7::canonical(&bytes);
        match (er7::prepare(&bytes), er7::prepare(&canonical)) {
            (Ok(raw), Ok(canonical)) => prop_assert_eq!(raw.bytes(), canonical.bytes(), "the same bytes"),
            (Err(raw), Err(canonical)) => prop_assert_eq!(raw.code, canonical.code, "the same error"),
            (raw, canonical) => prop_assert!(false, "one is refused: {:?} {:?}", raw, canonical),
        }
        match (stage(&bytes), stage(&canonical)) {
            (Ok((_, raw)), Ok((_, canonical))) => prop_assert_eq!(content(raw), content(canonical), "the same content"),
            (Err(raw), Err(canonical)) => prop_assert_eq!(raw.code, canonical.code, "the same error"),
            _ => prop_assert!(false, "one is refused, the other is not"),
        }
    }

    #[test]
    fn spans_lie_in_the_submitted_bytes_and_mark_what_they_name(bytes in submitted()) {
        let (json, leaves) = match stage(&bytes) {
            Ok((_, json)) => { let leaves = leaves(&json); (json, leaves) }
            Err(error) => {
                if let Some((start, end)) = error.span {
                    prop_assert!(start <= end && end <= bytes.len() as u64, "{:?} lies in {} bytes", error.span, bytes.len());
                }
                return Ok(());
            }
        };
        for place in json["corrections"].as_array().expect("array").iter().chain(json["findings"].as_array().expect("array")) {
            if place["span"].is_null() {
                prop_assert!(place["more"].as_u64().is_some_and(|more| more > 0), "only a count has no span: {}", place);
                continue;
            }
            let (start, end) = (place["span"][0].as_u64().expect("start") as usize, place["span"][1].as_u64().expect("end") as usize);
            prop_assert!(start <= end && end <= bytes.len(), "{} lies in {} bytes", place, bytes.len());
            let marked = &bytes[start..end];
            let is_plain = std::str::from_utf8(&bytes).is_ok() && !bytes.contains(&0);
            match place["code"].as_str().expect("code") {
                "line-feed-in-text" if is_plain => prop_assert_eq!(marked, b"\n", "a line feed"),
                "control-character" if is_plain => prop_assert!(matches!(marked, [0..0x20 | 0x7F] | [0xC2, 0x80..=0x9F]), "a control: {:?}", marked),
                "byte-order-mark" if is_plain => prop_assert_eq!(marked, b"\xEF\xBB\xBF", "a mark"),
                "line-ends" if is_plain => prop_assert!(marked == b"\n" || marked == b"\r\n", "a line end: {:?}", marked),
                "mllp-framing" if is_plain => prop_assert!(marked.iter().all(|byte| [0x0B, 0x1C].contains(byte)), "framing: {:?}", marked),
                "timestamp" if is_plain => {
                    let marked = std::str::from_utf8(marked).expect("whole characters");
                    prop_assert!(leaves.values().any(|value| value == marked) || marked.contains(['\\', '\n']), "{} marks a value", place);
                }
                "z-segment" | "unknown-segment" if is_plain => {
                    prop_assert!(marked.to_ascii_uppercase().ends_with(&place["path"].as_str().expect("path").as_bytes()[2..]), "{} marks a name", place);
                }
                _ => {}
            }
        }
    }

    #[test]
    fn what_is_handed_over_comes_back_and_nothing_else_does(bytes in submitted(), noise in proptest::collection::vec(any::<u8>(), 0..60), at in any::<proptest::sample::Index>()) {
        prop_assert!(er7::Prepared::from_bytes(&noise).is_err(), "noise is refused");
        if let Ok(prepared) = er7::prepare(&bytes) {
            let mut handed = prepared.to_bytes();
            prop_assert!(er7::Prepared::from_bytes(&handed).expect("it comes back") == prepared, "unchanged");
            let at = at.index(handed.len());
            prop_assert!(er7::Prepared::from_bytes(&handed[..at]).is_err(), "a part is refused");
            handed[at] ^= 1;
            prop_assert!(er7::Prepared::from_bytes(&handed).is_err(), "a changed bit is refused");
        }
    }
}

/// What does not depend on the form in which it was submitted.
fn content(mut json: Value) -> Value {
    for part in ["lake", "corrections"] {
        json[part] = Value::Null;
    }
    for finding in json["findings"].as_array_mut().expect("findings") {
        finding["span"] = Value::Null;
    }
    json
}

#[test]
fn an_error_leaves_the_output_as_it_was() {
    let prepared = er7::prepare(b"MSH|1~\\&|A").expect("the form is sound");
    let mut out = b"before".to_vec();
    let error = er7::parse(&prepared, &stamp(b""), &mut out).expect_err("a digit cannot separate components");
    assert_eq!(error.code, "unusable-delimiters", "that is what is wrong");
    assert_eq!(out, b"before", "nothing is appended");
}
