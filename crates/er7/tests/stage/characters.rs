//! Defects of characters: sets, escapes, delimiters, controls, damage on the way.

use crate::common::{HEAD, assert_found, assert_not_found, found, message, refused, staged, value};
use serde_json::{Value, json};

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
fn wide_sets_are_known() {
    let text = |declared: &str| format!("\u{feff}{HEAD}||||||{declared}\rPID|1||José");
    let little = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let four = |text: &str| text.chars().flat_map(|one| u32::from(one).to_be_bytes()).collect::<Vec<u8>>();
    for (declared, width) in [
        ("UNICODE UTF-16", 16),
        ("UTF-16LE", 16),
        ("UNICODE UTF-32", 32),
        ("utf-32", 32),
        ("UNICODE UTF-8~UNICODE UTF-16", 16),
    ] {
        let text = text(declared);
        let (same, other) = match width {
            16 => (little(&text), four(&text)),
            _ => (four(&text), little(&text)),
        };
        assert_not_found(&same, "charset");
        assert_not_found(&text.replace('é', "e").into_bytes(), "charset");
        if declared.contains("UTF-8") {
            continue;
        }
        let details = |bytes: &[u8]| -> Vec<Value> {
            found(bytes, "charset").into_iter().map(|(_, _, detail)| detail).collect()
        };
        let latin = [format!("{HEAD}||||||{declared}\rPID|1||Jos").as_bytes(), b"\xe9"].concat();
        for bytes in [other, text.clone().into_bytes(), latin] {
            assert_eq!(details(&bytes), [json!("contradicted")], "{declared} of other bytes");
        }
    }
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
fn control_character() {
    for control in ["\0", "\x1a", "\x07", "\t", "\x7f", "\u{80}", "\u{85}", "\u{9f}"] {
        let bytes = message(&format!("PID|1||a{control}b"));
        assert_found(&bytes, "control-character", json!("PID-3"), control.as_bytes(), Value::Null);
        assert_eq!(value(&bytes, 1, "PID-3.1"), format!("a{control}b"), "never stripped");
    }
    let latin = [format!("{HEAD}||||||8859/1\rPID|1||").as_bytes(), b"a\x85\xb0"].concat();
    assert_found(&latin, "control-character", json!("PID-3"), b"\x85", Value::Null);
    let windows = [format!("{HEAD}||||||CP1252\rPID|1||").as_bytes(), b"\x85\xa0\x81"].concat();
    let once = [(json!("PID-3"), b"\x81".to_vec(), Value::Null)];
    assert_eq!(found(&windows, "control-character"), once, "0x85 is an ellipsis there, 0x81 is no character");
    assert_not_found(&message("PID|1||20\u{a0}\u{b0}\u{a7}"), "control-character");
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
