//! UTF-16 and UTF-32.

use er7::split::{Encoding, FileKind, Piece, SpanError, Splitter, read_span};
use std::io::Cursor;

/// With its byte order mark: 0 UTF-16LE, 1 UTF-16BE, 2 UTF-32LE, 3 UTF-32BE.
pub(crate) fn encode(text: &str, encoding: usize) -> Vec<u8> {
    let text = format!("\u{FEFF}{text}");
    match encoding {
        0 => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        1 => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        2 => text.chars().flat_map(|character| u32::from(character).to_le_bytes()).collect(),
        _ => text.chars().flat_map(|character| u32::from(character).to_be_bytes()).collect(),
    }
}

const FILE: &str = "log\rMSH|^~\\&|Ä\rPID|1||日本𝄞x\r\n\r\nMSH|2\rNTE|é\r\x1c\r";

#[test]
fn messages_come_out_as_utf_8_with_places_in_the_file() {
    for (number, encoding) in
        [Encoding::Utf16Little, Encoding::Utf16Big, Encoding::Utf32Little, Encoding::Utf32Big]
            .into_iter()
            .enumerate()
    {
        let file = encode(FILE, number);
        let mut splitter = Splitter::new(&file[..]);
        let pieces: Vec<Piece> = splitter.by_ref().map(|piece| piece.expect("a slice can be read")).collect();
        let summary = splitter.summary();
        assert_eq!(
            (summary.encoding, summary.kind, summary.messages),
            (encoding, FileKind::Mllp, 2),
            "{pieces:?}"
        );
        let [
            Piece::Gap(mark),
            Piece::Preamble { .. },
            Piece::Message(first),
            Piece::Gap(_),
            Piece::Message(second),
            Piece::Gap(_),
        ] = &pieces[..]
        else {
            panic!("mark, text, message, gap, message, framing: {pieces:?}");
        };
        assert!(mark.byte_order_mark, "the mark is told");
        assert_eq!(first.bytes(), "MSH|^~\\&|Ä\rPID|1||日本𝄞x\r\n".as_bytes(), "UTF-8 is submitted");
        assert_eq!(second.bytes(), "MSH|2\rNTE|é\r".as_bytes(), "UTF-8 is submitted");
        let unit = if number < 2 { 2 } else { 4 };
        assert_eq!(first.span().start, 5 * unit, "five characters stand before the first message");
        for message in [first, second] {
            let again = read_span(&mut Cursor::new(&file), message.span()).expect("the file is still there");
            assert_eq!(again, message.bytes(), "read again, it is the same");
        }
    }
}

#[test]
fn a_file_without_a_mark_is_known_by_its_zeros() {
    for number in 0..4 {
        let mark = if number < 2 { 2 } else { 4 };
        let file = encode("MSH|1\rPID|é", number).split_off(mark);
        let mut splitter = Splitter::new(&file[..]);
        let found: Vec<Piece> = splitter.by_ref().map(|piece| piece.expect("a slice can be read")).collect();
        assert!(
            matches!(&found[..], [Piece::Message(message)] if message.bytes() == "MSH|1\rPID|é".as_bytes()),
            "encoding {number}: {found:?}"
        );
    }
}

#[test]
fn a_broken_place_harms_only_its_message() {
    let mut file = encode("MSH|1\rMSH|2?3\rMSH|4\r", 0);
    // A lone low half instead of the question mark, which is character 11 of the text, the mark before it
    // counted as 0.
    let place = 2 + 2 * 11;
    file[place..place + 2].copy_from_slice(&0xDC00_u16.to_le_bytes());
    let mut splitter = Splitter::new(&file[..]);
    let found: Vec<Piece> = splitter.by_ref().map(|piece| piece.expect("a slice can be read")).collect();
    assert!(
        matches!(&found[..], [Piece::Gap(_), Piece::Message(_), Piece::Undecodable { at, .. }, Piece::Message(_)] if *at == place as u64),
        "the second is broken at {place}: {found:?}"
    );
    let remark = found[2].remark().expect("it is told");
    assert_eq!((remark.code, remark.span.start), ("undecodable", place as u64), "with code and place");
    let summary = splitter.summary();
    assert_eq!(
        (summary.undecodable, summary.messages, summary.first_undecodable),
        (1, 2, Some(place as u64)),
        "in numbers"
    );
    let again = read_span(&mut Cursor::new(&file), found[2].span());
    assert!(matches!(again, Err(SpanError::Undecodable { at }) if at == place as u64), "{again:?}");
}

#[test]
fn a_file_that_ends_within_a_character_is_broken_there() {
    for (number, cut) in [(0, 1), (1, 1), (2, 1), (2, 3), (3, 2)] {
        let mut file = encode("MSH|1\rPID|1", number);
        file.truncate(file.len() - cut);
        let last = Splitter::new(&file[..]).last().expect("there is a piece").expect("a slice can be read");
        let start_of_character = file.len() - (if number < 2 { 2 } else { 4 } - cut);
        assert!(
            matches!(last, Piece::Undecodable { at, .. } if at == start_of_character as u64),
            "encoding {number}, cut {cut}: {last:?}"
        );
    }
}

#[test]
fn a_changed_file_is_told_when_read_again() {
    let error = read_span(&mut Cursor::new(b"MSH|1\r"), 2..20).expect_err("the file is shorter");
    assert!(matches!(error, SpanError::Shorter { end: 20 }), "{error}");
}
