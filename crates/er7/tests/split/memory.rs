//! Bounded memory and linear work, on files that are made while they are read.

use er7::split::{Piece, Splitter};
use std::io::Read;

/// Repeats `unit` until `length` bytes were read.
struct Repeats<'a> {
    unit: &'a [u8],
    at: u64,
    length: u64,
}

impl Read for Repeats<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = usize::try_from(self.length - self.at).unwrap_or(usize::MAX);
        let mut filled = 0;
        let wanted = buffer.len().min(left);
        while filled < wanted {
            let place = (self.at as usize + filled) % self.unit.len();
            let count = (wanted - filled).min(self.unit.len() - place);
            buffer[filled..filled + count].copy_from_slice(&self.unit[place..place + count]);
            filled += count;
        }
        self.at += filled as u64;
        Ok(filled)
    }
}

const MEBIBYTE: usize = 1 << 20;
const LIMIT: usize = 4 * MEBIBYTE;

/// What a file of `length` bytes takes at its peak, how many messages it has, and the largest.
fn run(unit: &[u8], length: u64, limit: usize) -> (usize, u64, usize) {
    // Long enough that copying it is not what takes the time.
    let unit = &unit.repeat(65_536 / unit.len() + 1);
    let mut splitter = Splitter::with_limit(Repeats { unit, at: 0, length }, limit);
    let (mut at, mut found, mut largest) = (0, 0, 0);
    for piece in splitter.by_ref() {
        let piece = piece.expect("this reader never fails");
        assert_eq!(piece.span().start, at, "pieces leave no hole");
        at = piece.span().end;
        match piece {
            Piece::Message(message) => {
                found += 1;
                largest = largest.max(message.bytes().len());
            }
            Piece::Oversize { .. } => found += 1,
            _ => {}
        }
    }
    assert_eq!(at, length, "pieces cover the file");
    (splitter.peak_bytes(), found, largest)
}

#[test]
fn a_gigabyte_of_messages_takes_three_times_the_largest() {
    let length = if cfg!(debug_assertions) { 200 * MEBIBYTE as u64 } else { 1 << 30 };
    let unit: Vec<u8> =
        [400, 1_300, 2 * MEBIBYTE, 64_000, LIMIT - 200, 9_000].into_iter().flat_map(message_of).collect();
    let (peak, found, largest) = run(&unit, length, LIMIT);
    println!("{length} bytes, {found} messages, the largest {largest}; {peak} bytes at the peak");
    assert!(found > 50, "messages are found: {found}");
    assert!(largest > LIMIT / 2, "some are large: {largest}");
    assert!(peak <= 3 * largest + MEBIBYTE, "{peak} bytes for messages of up to {largest}");
}

/// A message of about so many bytes, in segments of up to 1,000.
fn message_of(size: usize) -> Vec<u8> {
    let mut message = b"MSH|^~\\&|A|B|C|D|20240101||ADT^A01|1|P|2.5\rPID|1||".to_vec();
    while message.len() < size {
        message.extend_from_slice(b"\rOBX|1|ST|");
        message.resize(message.len() + (size.saturating_sub(message.len())).min(1_000), b'x');
    }
    message.push(b'\r');
    message
}

#[test]
fn hostile_files_take_no_more_than_the_limit_allows() {
    let (limit, length) = (MEBIBYTE / 2, 3 * MEBIBYTE as u64);
    let mut huge_message = b"MSH|^~\\&|".to_vec();
    huge_message.resize(3 * MEBIBYTE, b'~');
    let mut blanks_after_message = b"MSH|1\r".to_vec();
    blanks_after_message.resize(3 * MEBIBYTE, b'\n');
    let mut framing_in_message = b"MSH|1\rNTE|".to_vec();
    framing_in_message.resize(3 * MEBIBYTE, 0x1C);
    for (what, unit) in [
        ("no message", &b"x"[..]),
        ("line ends only", b"\n"),
        ("carriage returns only", b"\r"),
        ("blanks only", b" "),
        ("framing only", b"\x0b\x1c"),
        ("marks only", b"\xEF\xBB\xBF"),
        ("half marks", b"\xEF\xBB"),
        ("separators only", b"|^~\\&"),
        ("headers only", b"MSH|\r"),
        ("headers without line ends", b"MSH|"),
        ("wrappers only", b"BTS|1\r"),
        ("wrappers and text", b"BTS|1\rx\r"),
        ("framing between letters", b"a\x1c"),
        ("one huge segment", &huge_message),
        ("blank lines after a message", &blanks_after_message),
        ("framing after a message", &framing_in_message),
        ("UTF-16 of lone halves", b"\xFF\xFE\x00\xDC"),
    ] {
        let (peak, ..) = run(unit, length, limit);
        assert!(peak <= 3 * limit + 4 * MEBIBYTE, "{what}: {peak} bytes at the peak");
    }
}
