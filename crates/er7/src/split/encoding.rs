//! UTF-16 and UTF-32 as UTF-8, in a stream, each byte still knowing its place in the file.

use super::places::Places;
use super::scan::Scan;
use serde::Serialize;

/// How a file's text is written, as far as its first four bytes tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum Encoding {
    /// One byte a unit: UTF-8, ISO-8859, Windows-1252 and others. Which of them is told for each message,
    /// later.
    #[default]
    #[serde(rename = "bytes")]
    Bytes,
    /// UTF-16, low byte first.
    #[serde(rename = "utf-16le")]
    Utf16Little,
    /// UTF-16, high byte first.
    #[serde(rename = "utf-16be")]
    Utf16Big,
    /// UTF-32, low byte first.
    #[serde(rename = "utf-32le")]
    Utf32Little,
    /// UTF-32, high byte first.
    #[serde(rename = "utf-32be")]
    Utf32Big,
}

impl Encoding {
    /// From the byte order mark in the first four bytes; without one, from the zeros beside what must then be
    /// two ASCII characters.
    #[must_use]
    pub fn detect(start: &[u8]) -> Self {
        match start {
            [0xFF, 0xFE, 0, 0, ..] | [1..=0x7F, 0, 0, 0, ..] => Self::Utf32Little,
            [0, 0, 0xFE, 0xFF, ..] | [0, 0, 0, 1..=0x7F, ..] => Self::Utf32Big,
            [0xFF, 0xFE, ..] | [1..=0x7F, 0, 1..=0x7F, 0, ..] => Self::Utf16Little,
            [0xFE, 0xFF, ..] | [0, 1..=0x7F, 0, 1..=0x7F, ..] => Self::Utf16Big,
            _ => Self::Bytes,
        }
    }

    /// Bytes of a code unit.
    fn unit(self) -> usize {
        match self {
            Self::Bytes => 1,
            Self::Utf16Little | Self::Utf16Big => 2,
            Self::Utf32Little | Self::Utf32Big => 4,
        }
    }

    /// What `rest` starts with. `rest` is not empty and the encoding is not `Bytes`.
    fn decode(self, rest: &[u8]) -> Decoded {
        match self {
            Self::Bytes => Decoded::Broken { width: 1 },
            Self::Utf16Little => utf16(rest, u16::from_le_bytes),
            Self::Utf16Big => utf16(rest, u16::from_be_bytes),
            Self::Utf32Little => utf32(rest, u32::from_le_bytes),
            Self::Utf32Big => utf32(rest, u32::from_be_bytes),
        }
    }
}

enum Decoded {
    Character {
        character: char,
        width: usize,
    },
    Broken {
        width: usize,
    },
    /// The bytes end within a character.
    Short,
}

fn utf16(rest: &[u8], unit: fn([u8; 2]) -> u16) -> Decoded {
    let Some(first) = rest.first_chunk().copied().map(unit) else { return Decoded::Short };
    if let Some(character) = char::from_u32(u32::from(first)) {
        return Decoded::Character { character, width: 2 };
    }
    // A low half first can never become a character, whatever follows.
    if first >= 0xDC00 {
        return Decoded::Broken { width: 2 };
    }
    let Some(second) = rest.get(2..).and_then(<[u8]>::first_chunk).copied().map(unit) else {
        return Decoded::Short;
    };
    match char::decode_utf16([first, second]).next() {
        Some(Ok(character)) => Decoded::Character { character, width: 4 },
        _ => Decoded::Broken { width: 2 },
    }
}

fn utf32(rest: &[u8], unit: fn([u8; 4]) -> u32) -> Decoded {
    let Some(first) = rest.first_chunk().copied().map(unit) else { return Decoded::Short };
    char::from_u32(first)
        .map_or(Decoded::Broken { width: 4 }, |character| Decoded::Character { character, width: 4 })
}

/// Hands a stream to the scan as UTF-8, or as it is.
pub(super) struct Decoder {
    encoding: Encoding,
    /// Place in the file of the next byte to decode.
    at: u64,
    /// The start of a character whose rest has not come.
    carried: Vec<u8>,
    /// Characters that take equal widths, so that places are found by arithmetic.
    run: String,
    run_places: Places,
}

impl Decoder {
    pub(super) fn new(encoding: Encoding) -> Self {
        Self { encoding, at: 0, carried: Vec::new(), run: String::new(), run_places: Places::same(0) }
    }

    pub(super) fn encoding(&self) -> Encoding {
        self.encoding
    }

    pub(super) fn feed(&mut self, bytes: &[u8], scan: &mut Scan) {
        if self.encoding == Encoding::Bytes {
            scan.feed(bytes, Places::same(self.at));
            self.at += bytes.len() as u64;
            return;
        }
        let mut bytes = bytes;
        // At most four bytes finish the character that was cut.
        while !self.carried.is_empty() {
            let Some((first, rest)) = bytes.split_first() else { break };
            self.carried.push(*first);
            bytes = rest;
            let carried = std::mem::take(&mut self.carried);
            let taken = self.decode(&carried, scan);
            self.carried = carried.get(taken..).unwrap_or_default().to_vec();
        }
        let taken = self.decode(bytes, scan);
        self.carried.extend_from_slice(bytes.get(taken..).unwrap_or_default());
        self.hand_over(scan);
    }

    /// What is still carried can no longer become a character.
    pub(super) fn finish(&mut self, scan: &mut Scan) {
        let mut carried = std::mem::take(&mut self.carried).len();
        while carried > 0 {
            let width = carried.min(self.encoding.unit());
            self.broken(width, scan);
            carried -= width;
        }
    }

    /// Decodes whole characters; returns how many bytes they took.
    fn decode(&mut self, bytes: &[u8], scan: &mut Scan) -> usize {
        let mut taken = 0;
        loop {
            match self.encoding.decode(bytes.get(taken..).unwrap_or_default()) {
                Decoded::Character { character, width } => {
                    self.character(character, width, scan);
                    taken += width;
                }
                Decoded::Broken { width } => {
                    self.broken(width, scan);
                    taken += width;
                }
                Decoded::Short => return taken,
            }
        }
    }

    fn character(&mut self, character: char, width: usize, scan: &mut Scan) {
        let places =
            Places { start: self.at, text_width: character.len_utf8() as u64, file_width: width as u64 };
        if self.run.is_empty() || !places.continues(&self.run_places) {
            self.hand_over(scan);
            self.run_places = places;
        }
        self.run.push(character);
        self.at += width as u64;
    }

    /// A replacement character stands for the broken place, so that the line goes on; its message is never
    /// yielded.
    fn broken(&mut self, width: usize, scan: &mut Scan) {
        self.hand_over(scan);
        scan.broken(self.at);
        let places = Places { start: self.at, text_width: 3, file_width: width as u64 };
        scan.feed("\u{FFFD}".as_bytes(), places);
        self.at += width as u64;
    }

    fn hand_over(&mut self, scan: &mut Scan) {
        scan.feed(self.run.as_bytes(), self.run_places);
        self.run.clear();
    }
}

/// Decodes the bytes of a span that starts at `start` of a file in this encoding; `Err` is the place in the
/// file that is no text.
pub(super) fn decode_span(encoding: Encoding, bytes: Vec<u8>, start: u64) -> Result<Vec<u8>, u64> {
    if encoding == Encoding::Bytes {
        return Ok(bytes);
    }
    let mut text = String::with_capacity(bytes.len() / 2);
    let mut at = 0;
    while at < bytes.len() {
        match encoding.decode(bytes.get(at..).unwrap_or_default()) {
            Decoded::Character { character, width } => {
                text.push(character);
                at += width;
            }
            Decoded::Broken { .. } | Decoded::Short => return Err(start + at as u64),
        }
    }
    Ok(text.into_bytes())
}
