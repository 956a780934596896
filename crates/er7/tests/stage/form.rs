//! Defects of form: line ends, blank lines, marks, framing, what stands around the message.

use crate::common::{HEAD, assert_found, assert_not_found, message, refused, staged, value};
use serde_json::{Value, json};

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
    for framing in [&b"\x1c"[..], b"\x1c\x0b", b"\x0b\x1c", b"\x1c \x0b", b"\x1c\xEF\xBB\xBF"] {
        let bytes = [framing, message("PID|1").as_slice()].concat();
        assert_found(&bytes, "mllp-framing", Value::Null, &framing[..1], Value::Null);
        assert_eq!(er7::peek_header(&bytes), er7::peek_header(&message("PID|1")), "behind {framing:?}");
    }
    let behind_end = [b"\x1c\x0b", message("PID|1").as_slice()].concat();
    assert_eq!(
        er7::digest(&behind_end),
        er7::digest(&message("PID|1")),
        "nor is the end of the frame before"
    );
    let other_separator = b"\x1cMSH#^~\\&#A\nPID#1\x1c\n";
    assert_eq!(
        er7::canonical(other_separator),
        &b"MSH#^~\\&#A\rPID#1"[..],
        "the separator is known behind it"
    );
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
    let framed =
        |between: &[u8]| [b"\x0b", &*message("PID|1\r"), between, &*message("PID|2\r\x1c\r")].concat();
    let framed_trailer = message("PID|1\r\x1c\x0bBTS|1\r\x1c\r");
    let framed = [b"\x1c\r\x0b", &b"\x1c\x0b"[..], b"\x1c", b"\x1c\x1c \x0b"].map(framed);
    for bytes in [two, batch, trailer, framed_trailer].into_iter().chain(framed) {
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
fn several_messages_with_separators_of_their_own() {
    for end in ["\n", "\n\n", "\n\x1c\n\x0b", "\r", "\r\n"] {
        for next in ["MSH#^~\\&#A", "  MSH#^~\\&#A", "BHS#^~\\&#A", "BTS#1", "FTS#1"] {
            // A trailer says nothing but its name: with another separator it may be a word of a text.
            if next.contains("TS#") && !end.contains('\r') {
                continue;
            }
            let bytes = message(&format!("PID|1||x{end}{next}\nPID#1##y\n"));
            let canonical = er7::canonical(&bytes).into_owned();
            for bytes in [bytes, canonical] {
                let error = refused(&bytes);
                let (start, end) = error.span.expect("it says where");
                assert_eq!(error.code, "several-messages", "{next:?} is no text of the message before");
                assert_eq!(bytes[start as usize..end as usize], next.trim().as_bytes()[..3], "marked");
            }
        }
    }
    for text in [
        "MSH",
        "MSH was sent",
        "MSHA#1",
        "MSH-10 is missing",
        "MSH: see MSH-3",
        "BHS-1, or",
        "BTS came",
        "BTS-1",
        "FTS",
        "msh#1",
        "x MSH#1",
    ] {
        let bytes = message(&format!("NTE|1||first\n{text} and more\rPID|1"));
        assert_found(&bytes, "line-feed-in-text", json!("NTE-3"), b"\n", Value::Null);
    }
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
