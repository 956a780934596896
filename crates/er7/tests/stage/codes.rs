//! One synthetic message a code of the defects list, and what becomes of it.

use crate::common::{leaves, refused, stage, staged};
use er7::codes;
use serde_json::{Value, json};

/// The findings or corrections of a code: path, marked bytes, detail.
fn found(bytes: &[u8], code: &str) -> Vec<(Value, Vec<u8>, Value)> {
    let json = staged(bytes);
    let places = json["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .chain(json["corrections"].as_array().expect("corrections"));
    places
        .filter(|place| place["code"] == code)
        .map(|place| {
            let offset = |index: usize| place["span"][index].as_u64().expect("a span") as usize;
            (place["path"].clone(), bytes[offset(0)..offset(1)].to_vec(), place["detail"].clone())
        })
        .collect()
}

#[track_caller]
fn assert_found(bytes: &[u8], code: &str, path: Value, marked: &[u8], detail: Value) {
    let places = found(bytes, code);
    assert!(
        places.contains(&(path.clone(), marked.to_vec(), detail.clone())),
        "{code} at {path} marking {:?} ({detail}) in {places:?}",
        String::from_utf8_lossy(marked)
    );
}

#[track_caller]
fn assert_not_found(bytes: &[u8], code: &str) {
    let places = found(bytes, code);
    assert!(places.is_empty(), "no {code} here: {places:?}");
}

fn value(bytes: &[u8], segment: usize, key: &str) -> Value {
    staged(bytes)["segments"][segment]["fields"][key].clone()
}

const HEAD: &str = "MSH|^~\\&|LAB|NORTH|EHR|SOUTH|20260102030405+0000||ORU^R01^ORU_R01|7|P|2.5.1";

fn message(rest: &str) -> Vec<u8> {
    format!("{HEAD}\r{rest}").into_bytes()
}

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
fn line_ends() {
    for (end, marked) in [("\n", "\n"), ("\r\n", "\r\n")] {
        let bytes = format!("{HEAD}{end}PID|1{end}PV1|1|I{end}").into_bytes();
        assert_found(&bytes, "line-ends", Value::Null, marked.as_bytes(), Value::Null);
        assert_eq!(staged(&bytes)["corrections"][0]["count"], 3, "each line end counts");
        assert_eq!(er7::canonical(&bytes), format!("{HEAD}\rPID|1\rPV1|1|I").into_bytes(), "one form");
        assert_eq!(
            er7::digest(&bytes),
            er7::digest(format!("{HEAD}\rPID|1\rPV1|1|I\r").as_bytes()),
            "one digest"
        );
    }
    assert_not_found(&message("PID|1\r"), "line-ends");
}

#[test]
fn line_feed_in_text() {
    let bytes = message("NTE|1||first\nsecond line\nPID|1");
    assert_found(&bytes, "line-feed-in-text", json!("NTE-3"), b"\n", Value::Null);
    assert_eq!(value(&bytes, 1, "NTE-3.1"), "first\nsecond line", "it stays in the text");
    assert_eq!(staged(&bytes)["segments"][2]["id"], "PID", "the next segment is intact");
    let bytes = message("NTE|1||first\rsecond line\rPID|1");
    assert_eq!(staged(&bytes)["segments"].as_array().map(Vec::len), Some(4), "a CR always ends a segment");
}

#[test]
fn blank_lines() {
    let bytes = format!("\r\n{HEAD}\r\r \t\rPID|1\r\r\r").into_bytes();
    assert_found(&bytes, "blank-lines", Value::Null, b"\r\n", Value::Null);
    assert_eq!(er7::canonical(&bytes), format!("{HEAD}\rPID|1").into_bytes(), "they are left out");
    assert_not_found(&message("PID|1"), "blank-lines");
}

#[test]
fn byte_order_mark() {
    let plain = message("PID|1||A\u{e9}");
    let with_mark = [b"\xEF\xBB\xBF", plain.as_slice()].concat();
    assert_found(&with_mark, "byte-order-mark", Value::Null, b"\xEF\xBB\xBF", Value::Null);
    assert_eq!(er7::digest(&with_mark), er7::digest(&plain), "the mark is no part of the message");
    let text = String::from_utf8(plain.clone()).expect("UTF-8");
    let little: Vec<u8> =
        std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> =
        std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
    let four: Vec<u8> = std::iter::once('\u{FEFF}')
        .chain(text.chars())
        .flat_map(|character| u32::from(character).to_le_bytes())
        .collect();
    for (bytes, mark, charset) in [(little, 2, "utf-16le"), (big, 2, "utf-16be"), (four, 4, "utf-32le")] {
        assert_found(&bytes, "byte-order-mark", Value::Null, &bytes[..mark], Value::Null);
        let json = staged(&bytes);
        assert_eq!(json["segments"], staged(&plain)["segments"], "the same content");
        assert_eq!(json["charset"], charset, "what the bytes were is told");
        assert_eq!(er7::canonical(&bytes), bytes, "its own canonical form");
        assert_eq!(er7::peek_header(&bytes), er7::peek_header(&plain), "the header can be peeked at");
    }
}

#[test]
fn undecodable() {
    for bytes in [
        &b"\xFF\xFEM\0S\0H"[..],
        b"\xFE\xFF\0M\xD8\0\0S",
        b"\0\0\0",
        b"\xFF\xFE\0\0M\0\0\0\0\0\x11\0\0\xD8\0\0",
    ] {
        let error = refused(bytes);
        assert_eq!((error.code, error.stage), ("undecodable", er7::Stage::Prepare), "broken: {bytes:?}");
        assert!(
            error.span.is_some_and(|(start, end)| start <= end && end <= bytes.len() as u64),
            "it says where: {:?}",
            error.span
        );
    }
}

#[test]
fn mllp_framing() {
    let bytes = [b"\x0b", message("PID|1").as_slice(), b"\r\x1c\r"].concat();
    assert_found(&bytes, "mllp-framing", Value::Null, b"\x0b", Value::Null);
    assert_eq!(er7::digest(&bytes), er7::digest(&message("PID|1")), "framing is no part of the message");
    let inside = message("PID|1|a\x0bb\x1cc");
    assert_not_found(&inside, "mllp-framing");
    assert_found(&inside, "control-character", json!("PID-2"), b"\x1c", Value::Null);
}

#[test]
fn preamble() {
    let bytes = [b"2026-01-02 received\r\n", message("PID|1").as_slice()].concat();
    assert_found(&bytes, "preamble", Value::Null, b"2026-01-02 received", Value::Null);
    assert_eq!(staged(&bytes)["segments"].as_array().map(Vec::len), Some(2), "it is no segment");
}

#[test]
fn several_messages() {
    let two = [message("PID|1\r"), message("PID|2")].concat();
    let batch = [b"FHS|^~\\&\rBHS|^~\\&\r", message("PID|1\rBTS|1\rFTS|1").as_slice()].concat();
    let trailer = message("PID|1\nBTS|1");
    for bytes in [two, batch, trailer] {
        let error = refused(&bytes);
        assert_eq!(
            (error.code, error.stage),
            ("several-messages", er7::Stage::Prepare),
            "one body, one message"
        );
        let (start, end) = error.span.expect("it says where");
        let marked = &bytes[start as usize..end as usize];
        assert!([&b"MSH"[..], b"FHS", b"BTS"].contains(&marked), "the surplus header is marked: {marked:?}");
    }
}

#[test]
fn charset_is_chosen_a_message() {
    let with =
        |declared: &str, text: &[u8]| [format!("{HEAD}||||||{declared}\rPID|1||").as_bytes(), text].concat();
    let latin = with("8859/1", b"Jos\xe9");
    assert_eq!(staged(&latin)["charset"], "iso-8859-1", "MSH-18 is believed");
    assert_eq!(value(&latin, 1, "PID-3.1"), "José", "decoded");
    assert_not_found(&latin, "charset");
    let latin5 = with("8859/9", b"\xdeen");
    assert_eq!(value(&latin5, 1, "PID-3.1"), "Şen", "Turkish");
    let unstated = with("", b"Jos\xe9|\x80\x81");
    assert_eq!(
        (staged(&unstated)["charset"].clone(), value(&unstated, 1, "PID-4.1")),
        (json!("windows-1252"), json!("€\u{81}")),
        "the last resort"
    );
    assert_found(&unstated, "charset", Value::Null, b"\xe9", json!("not-stated"));
    let wrong = with("8859/1", "José".as_bytes());
    assert_found(&wrong, "charset", json!("MSH-18"), b"8859/1", json!("contradicted"));
    assert_eq!(staged(&wrong)["charset"], "utf-8", "strict UTF-8 comes first");
    assert_found(&with("KLINGON", b"a"), "charset", json!("MSH-18"), b"KLINGON", json!("unknown"));
    assert_not_found(&with("UNICODE UTF-8", "José".as_bytes()), "charset");
    assert_not_found(&with("8859/1", b"plain"), "charset");
}

#[test]
fn sets_whose_second_bytes_look_like_delimiters_are_decoded_first() {
    let with = |declared: &str, text: &[u8]| {
        [format!("{HEAD}||||||{declared}\rPID|1||").as_bytes(), text, b"^B|C"].concat()
    };
    // 0x83 0x7C is the katakana PO, 0x83 0x5C is SO: their second bytes are the separator and the escape character.
    let shift_jis = with("SHIFT_JIS", b"\x83\x7c\x83\x5c");
    let gb18030 = with("GB 18030-2000", b"\x81\x7c\x81\x5e");
    let big5 = with("BIG-5", b"\xa4\x7c\xa4\x5c");
    let iso_2022 = with("ASCII~ISO IR87", b"\x1b$B%]%=\x1b(B");
    for (bytes, charset, expected) in [
        (shift_jis, "shift_jis", "ポソ"),
        (gb18030, "gb18030", "亅乛"),
        (big5, "big5", "弋么"),
        (iso_2022, "iso-2022-jp", "ポソ"),
    ] {
        let json = staged(&bytes);
        assert_eq!(json["charset"], charset, "MSH-18 is believed");
        let fields = &json["segments"][1]["fields"];
        assert_eq!(fields["PID-3.1"], expected, "decoded before splitting ({charset})");
        assert_eq!(
            (&fields["PID-3.2"], &fields["PID-4.1"]),
            (&json!("B"), &json!("C")),
            "what follows is intact ({charset})"
        );
    }
}

#[test]
fn spans_point_home_through_every_layer() {
    let latin =
        [format!("{HEAD}||||||8859/1\r\n\r\nPID|1||").as_bytes(), b"\xe9\xe9\r\nOBX|1||X||\xe9\x1a"].concat();
    assert_found(&latin, "control-character", json!("OBX-5"), b"\x1a", Value::Null);
    let wide: Vec<u8> = format!("\u{feff}{HEAD}\r\nNTE|1||\u{1F600}é\u{1a}b")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_found(&wide, "control-character", json!("NTE-3"), b"\x1a\0", Value::Null);
}

#[test]
fn escape_sequences() {
    let text = r"\F\\S\\R\\E\\T\|\X41C3A9\|\X0D0A\|\.br\\H\x\N\|\Q\|a\b|\\|\X4\|\P\|C:\dir\T\x|\T\\T\";
    let bytes = message(&format!("NTE|{text}"));
    let expect = [
        ("NTE-1.1", r"|^~\&"),
        ("NTE-2.1", "Aé"),
        ("NTE-3.1", "\r\n"),
        ("NTE-4.1", r"\.br\\H\x\N\"),
        ("NTE-5.1", r"\Q\"),
        ("NTE-6.1", r"a\b"),
        ("NTE-7.1", r"\\"),
        ("NTE-8.1", r"\X4\"),
        ("NTE-9.1", r"\P\"),
        ("NTE-10.1", r"C:\dir\T\x"),
        ("NTE-11.1", "&&"),
    ];
    for (key, expected) in expect {
        assert_eq!(value(&bytes, 1, key), expected, "{key}");
    }
    for (path, marked) in [
        ("NTE-5", r"\Q\"),
        ("NTE-6", r"\"),
        ("NTE-7", r"\\"),
        ("NTE-8", r"\X4\"),
        ("NTE-9", r"\P\"),
        ("NTE-10", r"\dir\"),
    ] {
        assert_found(&bytes, "escape-sequence", json!(path), marked.as_bytes(), Value::Null);
    }
    assert!(
        !found(&bytes, "escape-sequence").iter().any(|(path, ..)| path == "NTE-4"),
        "formatting is known"
    );
    let truncation = b"MSH|^~\\&#|A\rNTE|\\P\\";
    assert_eq!(value(truncation, 1, "NTE-1.1"), "#", "the fifth character has a sequence");
}

#[test]
fn encoding_characters() {
    for (head, detail, severity) in [
        ("MSH|^~", "short", "warning"),
        ("MSH|^^^^", "repeated", "warning"),
        ("MSH|^~\\&#!", "long", "warning"),
        ("MSH|^~A&", "not-punctuation", "warning"),
        ("MSH|*~\\&", "unusual", "information"),
        ("MSH#^~\\&", "unusual", "information"),
    ] {
        let separator = head.get(3..4).expect("a separator");
        let bytes = format!("{head}{separator}X").into_bytes();
        assert_found(&bytes, "encoding-characters", json!("MSH-2"), &head.as_bytes()[4..], json!(detail));
        let finding = staged(&bytes)["findings"]
            .as_array()
            .and_then(|all| all.iter().find(|one| one["code"] == "encoding-characters").cloned());
        assert_eq!(finding.expect("found")["severity"], severity, "{head}");
    }
    assert_not_found(b"MSH|^~\\&#|A", "encoding-characters");
    let short = b"MSH|^~|A\rPID|a&b\\T\\~c";
    assert_eq!(value(short, 1, "PID-1.1"), "a&b\\T\\", "what is missing never splits or escapes");
    assert_eq!(value(short, 1, "PID-1[2].1"), "c", "what is there does");
    let equal = b"MSH|^^\\&|A\rPID|a^b";
    assert_eq!(value(equal, 1, "PID-1.2"), "b", "of equal characters the first role holds");
    let beyond = "MSH§^¤\\&§LAB§\rPID§a¤b§\\F\\".as_bytes();
    assert_eq!(
        (value(beyond, 0, "MSH-1.1"), value(beyond, 1, "PID-1[2].1"), value(beyond, 1, "PID-2.1")),
        (json!("§"), json!("b"), json!("§")),
        "not only ASCII"
    );
    let after_text = [b"\xE2\x82\xAC\r", "MSH|€".as_bytes()].concat();
    assert_found(&after_text, "encoding-characters", json!("MSH-2"), "€".as_bytes(), json!("short"));
    let unstated = "€€\rMSH|€~\\&|A\rPID|é".as_bytes();
    assert_found(unstated, "charset", Value::Null, "€".as_bytes(), json!("not-stated"));
    assert_eq!(staged(beyond)["header"]["sending_application"], "LAB", "in the header too");
}

#[test]
fn unusable_delimiters() {
    for (bytes, path) in [
        (&b"MSH"[..], "MSH-1"),
        (b"MSHA^~\\&A", "MSH-1"),
        (b"MSH ^~\\& ", "MSH-1"),
        (b"MSH|", "MSH-2"),
        (b"MSH||A", "MSH-2"),
        (b"MSH|a~\\&|", "MSH-2"),
        (b"MSH| ~\\&|", "MSH-2"),
    ] {
        let error = refused(bytes);
        assert_eq!(
            (error.code, error.path.as_deref()),
            ("unusable-delimiters", Some(path)),
            "{:?}",
            String::from_utf8_lossy(bytes)
        );
        assert!(
            error.span.is_some_and(|(start, end)| start <= end && end <= bytes.len() as u64),
            "it says where"
        );
    }
}

#[test]
fn delimiter_in_text() {
    for kind in ["TX", "FT", "ST"] {
        let bytes = message(&format!("OBX|1|{kind}|X||http://lab.example/?a=1&b=2"));
        assert_found(
            &bytes,
            "delimiter-in-text",
            json!("OBX-5"),
            b"http://lab.example/?a=1&b=2",
            Value::Null,
        );
    }
    assert_not_found(&message("OBX|1|CE|X||a^b"), "delimiter-in-text");
    assert_not_found(&message("OBX|1|TX|X||a\\T\\b"), "delimiter-in-text");
}

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
}

#[test]
fn control_character() {
    for control in ["\0", "\x1a", "\x07", "\t", "\x7f"] {
        let bytes = message(&format!("PID|1||a{control}b"));
        assert_found(&bytes, "control-character", json!("PID-3"), control.as_bytes(), Value::Null);
        assert_eq!(value(&bytes, 1, "PID-3.1"), format!("a{control}b"), "never stripped");
    }
}

#[test]
fn version() {
    for (version, detail) in [("", "blank"), ("2.9", "unknown"), ("Epic 2018", "unknown")] {
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
    for sound in ["OBX|1|CE|X^INFLUENZA A BY PCR||7", "QPD|1|PID|7", "NTE|1||HOSP_PID|7"] {
        assert_not_found(&message(sound), "run-together");
    }
}

#[test]
fn transport_damage() {
    assert_found(
        b"MSH|^~\\\\&|A\rPID|1",
        "transport-damage",
        json!("MSH-2"),
        b"^~\\\\&",
        json!("doubled-backslash"),
    );
    assert_found(
        &message("NTE|1||a &lt;b&gt; c"),
        "transport-damage",
        json!("NTE-3.1.2"),
        b"&lt;b",
        json!("html-entity"),
    );
    assert_found(
        &message("NTE|1||Jos\u{FFFD}"),
        "transport-damage",
        json!("NTE-3"),
        "\u{FFFD}".as_bytes(),
        json!("replacement-character"),
    );
    assert_found(
        b"MSH|^~\\$|A\rNTE|1||a&#39;b",
        "transport-damage",
        json!("NTE-3"),
        b"&",
        json!("html-entity"),
    );
    assert_not_found(&message("NTE|1||a&b"), "transport-damage");
}

#[test]
fn no_message_header_and_empty() {
    for bytes in [&b"PID|1"[..], b"hello", b"%PDF-1.7\n\xff", b"XMSH|^~\\&|"] {
        assert_eq!(refused(bytes).code, "no-message-header", "{:?}", String::from_utf8_lossy(bytes));
    }
    for bytes in [&b""[..], b" \t\r\n \n", b"\xEF\xBB\xBF", b"\x1c\r"] {
        assert_eq!(refused(bytes).code, "empty", "{bytes:?}");
    }
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
