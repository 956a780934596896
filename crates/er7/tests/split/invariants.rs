//! What holds for any bytes.

use er7::split::{Encoding, FileKind, Piece, Splitter, Summary, read_span};
use proptest::prelude::*;
use std::io::{Cursor, Read};

/// Hands out at most so many bytes a time.
struct Slowly<'a> {
    rest: &'a [u8],
    step: usize,
}

impl Read for Slowly<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.step.min(self.rest.len()).min(buffer.len());
        let (now, later) = self.rest.split_at(count);
        buffer[..count].copy_from_slice(now);
        self.rest = later;
        Ok(count)
    }
}

fn split(file: &[u8], step: usize, limit: usize) -> (Vec<Piece>, Summary) {
    let mut splitter = Splitter::with_limit(Slowly { rest: file, step }, limit);
    let pieces = splitter.by_ref().map(|piece| piece.expect("this reader never fails")).collect();
    (pieces, splitter.summary())
}

/// Everything that must be true of any file. The entry point of fuzzing, too.
pub(crate) fn fuzz_split(file: &[u8]) {
    let (pieces, summary) = split(file, usize::MAX, usize::MAX);
    let mut at = 0;
    for piece in &pieces {
        let span = piece.span();
        assert!(
            span.start == at && span.start < span.end,
            "pieces leave no hole and none is empty: {pieces:?}"
        );
        at = span.end;
    }
    assert_eq!(at, file.len() as u64, "pieces cover the file: {pieces:?}");
    assert_eq!(summary.bytes, at, "the summary knows the size");
    for step in [1, 2, 3, 7] {
        assert!(
            split(file, step, usize::MAX) == (pieces.clone(), summary.clone()),
            "read {step} bytes at a time, it is the same"
        );
    }
    let mut found = 0;
    for piece in &pieces {
        match piece {
            Piece::Message(message) => {
                found += 1;
                assert!(message.bytes().starts_with(b"MSH"), "a message starts with its header");
                check_message(file, &summary, message.span(), message.bytes());
            }
            Piece::Undecodable { span, at } => {
                found += 1;
                assert!(span.contains(at), "the broken place {at} is in {span:?}");
                assert!(
                    read_span(&mut Cursor::new(file), span.clone()).is_err(),
                    "what is broken cannot be read later"
                );
            }
            Piece::NotHl7 { .. } => {
                assert!(
                    pieces.len() == 1 && summary.kind == FileKind::NotHl7,
                    "it is all there is: {pieces:?}"
                );
            }
            Piece::Oversize { .. } => panic!("nothing is over no limit: {pieces:?}"),
            Piece::Preamble { .. } | Piece::Wrapper(_) | Piece::Gap(_) => {}
        }
    }
    assert_eq!(summary.found(), found, "messages are counted");
    check_small_limit(file, &pieces);
}

fn check_message(file: &[u8], summary: &Summary, span: std::ops::Range<u64>, bytes: &[u8]) {
    if summary.encoding == Encoding::Bytes {
        assert_eq!(bytes, &file[span.start as usize..span.end as usize], "the bytes are those of the file");
    }
    let again = read_span(&mut Cursor::new(file), span).expect("what was found can be read again");
    assert_eq!(again, bytes, "read again, it is the same");
    // A field separator of 0x1C is no separator for the splitter: as a rule it is framing.
    let odd_separator = bytes.windows(4).any(|bytes| bytes == b"MSH\x1c");
    if !odd_separator && let Err(error) = er7::prepare(bytes) {
        let known = ["unusable-delimiters", "undecodable"].contains(&error.code);
        assert!(known, "the front door takes it for one message with a header: {error:?}");
    }
    let (alone, _) = split(bytes, usize::MAX, usize::MAX);
    assert!(
        matches!(&alone[..], [Piece::Message(same)] if same.bytes() == bytes),
        "a message by itself is one message: {alone:?}"
    );
}

fn check_small_limit(file: &[u8], pieces: &[Piece]) {
    let limit = 24;
    let (limited, _) = split(file, 5, limit);
    let expected: Vec<Piece> = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Message(message) if message.bytes().len() > limit => {
                Piece::Oversize { span: message.span() }
            }
            other => other.clone(),
        })
        .collect();
    assert_eq!(limited, expected, "a limit takes the bytes of what is over it, and changes nothing else");
}

/// Text of the parts that matter to the splitter, and some others.
fn hostile_file() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        4 => Just(&b"MSH|^~\\&|"[..]),
        1 => Just(&b"MSH#^~\\&#"[..]),
        1 => Just(&b"MSH"[..]),
        3 => Just(&b"\r"[..]),
        3 => Just(&b"\n"[..]),
        2 => Just(&b"\r\n"[..]),
        2 => Just(&b"\x0b"[..]),
        2 => Just(&b"\x1c"[..]),
        1 => Just(&b" "[..]),
        1 => Just(&b"\t"[..]),
        2 => Just(&b"\xEF\xBB\xBF"[..]),
        1 => Just(&b"\xEF\xBB"[..]),
        2 => Just(&b"PID|1||x"[..]),
        1 => Just(&b"FHS|"[..]),
        1 => Just(&b"BHS|"[..]),
        1 => Just(&b"BTS|1"[..]),
        1 => Just(&b"FTS|1|"[..]),
        1 => Just(&b"\x00"[..]),
        1 => Just(&b"\xff"[..]),
        1 => Just(&b"log"[..]),
    ];
    prop::collection::vec(part, 0..24).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hold_for_any_bytes(file in prop::collection::vec(any::<u8>(), 0..200)) {
        fuzz_split(&file);
    }

    #[test]
    fn hold_for_hostile_files(file in hostile_file()) {
        fuzz_split(&file);
    }

    #[test]
    fn hold_for_wide_files(file in hostile_file(), encoding in 0_usize..4, cut in 0_usize..3, flip in any::<prop::sample::Index>(), broken in any::<bool>()) {
        let mut file = crate::wide::encode(&String::from_utf8_lossy(&file), encoding);
        file.truncate(file.len().saturating_sub(cut));
        if broken && !file.is_empty() {
            let place = flip.index(file.len());
            file[place] ^= 0xD8;
        }
        fuzz_split(&file);
    }
}

#[test]
fn hold_for_the_kept_files() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus_split");
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).expect("the kept files are in the repository") {
        let path = entry.expect("a folder can be listed").path();
        fuzz_split(&std::fs::read(&path).expect("a kept file can be read"));
        count += 1;
    }
    assert!(count >= 10, "the kept files are there: {count}");
}
