//! What is found in files as they are seen in the field.

use er7::split::{FileKind, Piece, Splitter, Summary};

/// A piece as a short word and its text.
fn pieces(file: &[u8]) -> (Vec<(&'static str, &[u8])>, Summary) {
    let mut splitter = Splitter::new(file);
    let mut found = Vec::new();
    for piece in splitter.by_ref() {
        let piece = piece.expect("a slice can be read");
        let span = piece.span();
        let text = &file[span.start as usize..span.end as usize];
        let word = match &piece {
            Piece::Message(message) => {
                assert_eq!(message.bytes(), text, "a message is the bytes of its span");
                "message"
            }
            Piece::Oversize { .. } => "oversize",
            Piece::Undecodable { .. } => "undecodable",
            Piece::Wrapper(_) => "wrapper",
            Piece::Preamble { .. } => "preamble",
            Piece::Gap(_) => "gap",
            Piece::NotHl7 { .. } => "not-hl7",
        };
        found.push((word, text));
    }
    (found, splitter.summary())
}

fn codes(file: &[u8]) -> Vec<&'static str> {
    Splitter::new(file)
        .filter_map(|piece| piece.expect("a slice can be read").remark())
        .map(|remark| remark.code)
        .collect()
}

#[test]
fn one_message_is_the_whole_file() {
    for file in
        [&b"MSH|^~\\&|A\rPID|1"[..], b"MSH|^~\\&|A\r\nPID|1\r\n", b"MSH|^~\\&|A\nPID|1\n", b"MSH|", b"MSH^~|"]
    {
        let (found, summary) = pieces(file);
        assert_eq!(found, [("message", file)], "nothing is cut from {file:?}");
        assert_eq!(
            (summary.kind, summary.found(), summary.bytes),
            (FileKind::Single, 1, file.len() as u64),
            "{file:?}"
        );
    }
}

#[test]
fn messages_may_follow_each_other() {
    let (found, summary) = pieces(b"MSH|1\r\nPID|\r\n\r\n \t\r\nMSH|2\r\n\r\nNTE|x\r\n\r\n");
    let expected: [(&str, &[u8]); 4] = [
        ("message", b"MSH|1\r\nPID|\r\n"),
        ("gap", b"\r\n \t\r\n"),
        ("message", b"MSH|2\r\n\r\nNTE|x\r\n"),
        ("gap", b"\r\n"),
    ];
    assert_eq!(found, expected, "blank lines belong to a message only when it goes on after them");
    assert_eq!((summary.kind, summary.messages, summary.gap_bytes), (FileKind::Many, 2, 8), "in numbers");
}

#[test]
fn framing_is_cut_off() {
    let (found, summary) = pieces(b"\x0bMSH|1\rPID|\r\x1c\r\x0bMSH|2\rPID|x\x1c\r\x1c\x0bMSH|3\r\x1c");
    let expected: [(&str, &[u8]); 7] = [
        ("gap", b"\x0b"),
        ("message", b"MSH|1\rPID|\r"),
        ("gap", b"\x1c\r\x0b"),
        ("message", b"MSH|2\rPID|x"),
        ("gap", b"\x1c\r\x1c\x0b"),
        ("message", b"MSH|3\r"),
        ("gap", b"\x1c"),
    ];
    assert_eq!(found, expected, "MLLP bytes belong to no message");
    assert_eq!(summary.kind, FileKind::Mllp, "the file is framed");
    assert_eq!(codes(b"\x0bMSH|1\r\x1c\r"), ["mllp-framing"; 2], "framing before and after is told");
}

#[test]
fn framing_bytes_inside_a_message_stay() {
    let file = b"MSH|1\rNTE|a\x1cb\x0bc\r\x1c\rNTE|2\x1c\rNTE|3\r";
    assert_eq!(pieces(file).0, [("message", &file[..])], "only the canonical form decides about them");
    assert!(codes(file).is_empty(), "which is nothing to remark upon: {:?}", codes(file));
}

#[test]
fn messages_with_framing_but_no_line_end_between_are_told() {
    let file = b"MSH|1\rPID|1||x\x1c\x0bMSH|2\rPID|1||y\r";
    assert_eq!(pieces(file).0, [("message", &file[..])], "nothing is split where no segment ends");
    assert_eq!(codes(file), ["run-together"], "which is told");
    assert_eq!(
        codes(&crate::wide::encode("\u{FEFF}MSH|1\rPID|1\x1c\x0bMSH|2", 0)).last(),
        Some(&"run-together"),
        "of any text"
    );
    let long = [&b"MSH|1\rPID|"[..], &b"\x1c \x0b".repeat(1_000_000)].concat();
    assert!(codes(&long).is_empty(), "looked for in one pass");
}

#[test]
fn byte_order_marks_and_blanks_before_a_message_are_cut_off() {
    let (found, _) = pieces(b"\xEF\xBB\xBF  MSH|1\r\xEF\xBB\xBFMSH|2\r\t\x0b MSH|3\r");
    let expected: [(&str, &[u8]); 6] = [
        ("gap", b"\xEF\xBB\xBF  "),
        ("message", b"MSH|1\r"),
        ("gap", b"\xEF\xBB\xBF"),
        ("message", b"MSH|2\r"),
        ("gap", b"\t\x0b "),
        ("message", b"MSH|3\r"),
    ];
    assert_eq!(found, expected, "each message starts with MSH");
    assert_eq!(codes(b"\xEF\xBB\xBFMSH|1"), ["byte-order-mark"], "the mark is told");
}

#[test]
fn text_before_the_first_message_is_told() {
    let (found, summary) = pieces(b"\n\n2024-01-01 received\n\n  from X\n\nMSH|1\rPID|\r");
    let expected: [(&str, &[u8]); 4] = [
        ("gap", b"\n\n"),
        ("preamble", b"2024-01-01 received\n\n  from X\n"),
        ("gap", b"\n"),
        ("message", b"MSH|1\rPID|\r"),
    ];
    assert_eq!(found, expected, "the text is kept apart, with its place");
    assert_eq!((summary.kind, summary.preamble_bytes), (FileKind::Single, 30), "in numbers");
    assert_eq!(codes(b"x\rMSH|1"), ["preamble"], "and has a code");
}

#[test]
fn batches_are_unwrapped_and_counted() {
    let file = b"FHS|^~\\&\rBHS|^~\\&\rMSH|1\rPID|\rMSH|2\rBTS|2|ok\rBHS|^~\\&\rMSH|3\rBTS|5\rFTS|2\r";
    let (found, summary) = pieces(file);
    let expected: [(&str, &[u8]); 9] = [
        ("wrapper", b"FHS|^~\\&\r"),
        ("wrapper", b"BHS|^~\\&\r"),
        ("message", b"MSH|1\rPID|\r"),
        ("message", b"MSH|2\r"),
        ("wrapper", b"BTS|2|ok\r"),
        ("wrapper", b"BHS|^~\\&\r"),
        ("message", b"MSH|3\r"),
        ("wrapper", b"BTS|5\r"),
        ("wrapper", b"FTS|2\r"),
    ];
    assert_eq!(found, expected, "wrappers belong to no message");
    assert_eq!(
        (summary.kind, summary.found(), summary.wrappers, summary.count_mismatches),
        (FileKind::Batch, 3, 6, 1),
        "numbers"
    );
    let mismatched: Vec<_> = Splitter::new(&file[..])
        .filter_map(|piece| match piece.expect("a slice can be read") {
            Piece::Wrapper(wrapper) if wrapper.is_mismatch() => Some((wrapper.declared, wrapper.counted)),
            _ => None,
        })
        .collect();
    assert_eq!(mismatched, [(Some(5), 1)], "the second BTS says 5 of 1");
}

#[test]
fn trailers_without_headers_count_too() {
    for (file, mismatches) in [
        (&b"MSH|1\rBTS|1\rFTS|1\r"[..], 0),
        (b"MSH|1\rFTS|1|END\r", 0),
        (b"MSH|1\rBTS\rFTS|\r", 0),
        (b"MSH|1\rBTS|one\r", 0),
        (b"MSH|1\rBTS|0\r", 1),
        (b"BHS|^~\\&\rBTS|2\r", 1),
        (b"FHS|^~\\&\rFTS|0\r", 0),
        (b"FTS|1\r", 1),
        (b"MSH|1\rBTS| 1 \rMSH|2\rMSH|3\rBTS|2\rFTS|2", 0),
        (b"MSH|1\rBTS|99999999999999999999999999\r", 0),
    ] {
        let found = pieces(file).1.count_mismatches;
        assert_eq!(found, mismatches, "mismatches in {:?}", String::from_utf8_lossy(file));
    }
    assert!(codes(b"MSH|1\rBTS|2\r").contains(&"batch-count-mismatch"), "a mismatch has its code");
}

#[test]
fn text_after_a_wrapper_belongs_to_no_message() {
    let (found, _) = pieces(b"MSH|1\rBTS|1\rEnd of file\r");
    let expected: [(&str, &[u8]); 3] =
        [("message", b"MSH|1\r"), ("wrapper", b"BTS|1\r"), ("preamble", b"End of file\r")];
    assert_eq!(found, expected, "it is kept apart");
}

#[test]
fn files_without_any_message_are_told_apart() {
    for (file, kind) in [
        (&b""[..], FileKind::Empty),
        (b"\r\n \t\n", FileKind::Empty),
        (b"\xEF\xBB\xBF", FileKind::Empty),
        (b"a,b,c\n1,2,3\n", FileKind::NotHl7),
        (b"MSH", FileKind::NotHl7),
        (b"MSHA|1", FileKind::NotHl7),
        (b"MSH |1", FileKind::NotHl7),
        (b"xMSH|1", FileKind::NotHl7),
        (b"\x00\x01\x02\xff", FileKind::NotHl7),
        (b"FHS|^~\\&\rBHS|^~\\&\rBTS|0\rFTS|1\r", FileKind::NotHl7),
    ] {
        let (found, summary) = pieces(file);
        assert_eq!((summary.kind, summary.found()), (kind, 0), "{file:?} is {found:?}");
        if kind == FileKind::NotHl7 && summary.wrappers == 0 {
            assert_eq!(found, [("not-hl7", file)], "one piece is the whole file");
        }
    }
}

#[test]
fn a_message_over_the_limit_is_told_without_its_bytes() {
    let file = b"MSH|1\rMSH|2345678\r\r\r\r\r\r\r\rMSH|3\r\n\n\n\n\n\n\n\n\n\n\n\n\nNTE|\rMSH|4\r\n\n\n\n\n\n\n\n\n\n";
    let mut splitter = Splitter::with_limit(&file[..], 9);
    let words: Vec<_> =
        splitter.by_ref().map(|piece| format!("{:?}", piece.expect("a slice can be read"))).collect();
    let starts: Vec<&str> =
        words.iter().map(|word| word.split([' ', '(']).next().unwrap_or_default()).collect();
    assert_eq!(starts, ["Message", "Oversize", "Gap", "Oversize", "Message", "Gap"], "{words:?}");
    let summary = splitter.summary();
    assert_eq!((summary.messages, summary.oversize, summary.found()), (2, 2, 4), "all four are counted");
}

/// The one message of a file.
fn only(file: &[u8]) -> Vec<u8> {
    let mut messages = Splitter::new(file).filter_map(|piece| match piece.expect("a slice can be read") {
        Piece::Message(message) => Some(message.into_bytes()),
        _ => None,
    });
    let first = messages.next().expect("there is a message");
    assert!(messages.next().is_none(), "there is only one");
    first
}

#[test]
fn the_digest_is_the_same_however_the_message_was_framed() {
    let plain = "MSH|^~\\&|A|B|||20240101||ADT^A01|1|P|2.5\rPID|1||1||Müller^Jörg\rNTE|1||x\r";
    let digest = er7::digest(plain.as_bytes());
    let framed = [
        plain.trim_end().to_owned(),
        plain.replace('\r', "\n"),
        plain.replace('\r', "\r\n"),
        plain.replace('\r', "\r\n\r\n"),
        format!("\u{FEFF}{plain}"),
        format!(" \t{plain}"),
        format!("\x0b{plain}\x1c\r"),
        format!("\x0b{}\x1c\r\n", plain.trim_end()),
        format!("\x0b{plain}\x1c\x1c"),
        format!("\u{FEFF}\x0b\u{FEFF}{plain}\x1c\r\x0b"),
        format!("received at noon\n\n{plain}\n\n"),
        format!("FHS|^~\\&|\rBHS|^~\\&|\r{plain}BTS|1\rFTS|1\r"),
        format!("\x0bBHS|^~\\&|\r{plain}\x1c\r\x0bBTS|1\r\x1c\r"),
    ];
    for file in &framed {
        assert_eq!(er7::digest(&only(file.as_bytes())), digest, "{file:?}");
        for encoding in 0..4 {
            let wide = crate::wide::encode(file, encoding);
            assert_eq!(er7::digest(&only(&wide)), digest, "{file:?} in encoding {encoding}");
        }
    }
}

#[test]
fn a_message_never_shows_its_text() {
    let shown: String = Splitter::new(&b"MSH|CANARY\r"[..]).map(|piece| format!("{piece:?}")).collect();
    assert!(shown.contains("Message") && !shown.contains("CANARY"), "debug output holds no content: {shown}");
}

#[test]
fn a_reader_that_fails_ends_in_one_error() {
    struct Fails(usize);
    impl std::io::Read for Fails {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.0 += 1;
            match self.0 {
                1 => Err(std::io::ErrorKind::Interrupted.into()),
                2 => {
                    buffer[..12].copy_from_slice(b"MSH|1\rMSH|2\r");
                    Ok(12)
                }
                _ => Err(std::io::Error::other("gone")),
            }
        }
    }
    let found: Vec<_> = Splitter::new(Fails(0)).collect();
    assert_eq!(found.len(), 2, "the message that was whole, and the error: {found:?}");
    assert!(
        matches!(&found[1], Err(error) if error.at == 12 && error.to_string().contains("gone")),
        "{found:?}"
    );
}
