//! UTF-16 and UTF-32 to UTF-8, with the way back.

use crate::places::{Layer, Run};
use std::ops::Range;

/// Text that was UTF-16 or UTF-32.
pub(crate) struct Transcoded {
    pub(crate) text: String,
    pub(crate) charset: &'static str,
    pub(crate) layer: Layer,
    /// The byte order mark, where there was one.
    pub(crate) mark: Option<Range<usize>>,
}

/// Decodes `bytes`, which [`crate::form::is_wide`]. `Err` is the place where they are broken.
pub(crate) fn transcode(bytes: &[u8]) -> Result<Transcoded, Range<usize>> {
    let (kind, mark) = Kind::of(bytes).ok_or(0..bytes.len().min(4))?;
    let mut transcoded = Transcoded {
        text: String::with_capacity(bytes.len() / 2),
        charset: kind.charset(),
        layer: Layer::default(),
        mark: (mark > 0).then_some(0..mark),
    };
    let mut at = mark;
    while at < bytes.len() {
        let rest = crate::cut(bytes, at, bytes.len());
        let (character, width) = kind.decode(rest).ok_or(at..(at + kind.unit()).min(bytes.len()))?;
        let source_unit = u8::try_from(width).unwrap_or(4);
        let out_unit = u8::try_from(character.len_utf8()).unwrap_or(4);
        transcoded.layer.add(Run { out: transcoded.text.len(), source: at, out_unit, source_unit });
        transcoded.text.push(character);
        at += width;
    }
    Ok(transcoded)
}

#[derive(Clone, Copy)]
enum Kind {
    Utf16Little,
    Utf16Big,
    Utf32Little,
    Utf32Big,
}

impl Kind {
    /// By the mark, else by the zeros around the first character, which HL7 has in ASCII.
    fn of(bytes: &[u8]) -> Option<(Self, usize)> {
        match bytes {
            [0xFF, 0xFE, 0, 0, ..] => Some((Self::Utf32Little, 4)),
            [0, 0, 0xFE, 0xFF, ..] => Some((Self::Utf32Big, 4)),
            [0xFF, 0xFE, ..] => Some((Self::Utf16Little, 2)),
            [0xFE, 0xFF, ..] => Some((Self::Utf16Big, 2)),
            [1..=0x7F, 0, 0, 0, ..] => Some((Self::Utf32Little, 0)),
            [0, 0, 0, 1..=0x7F, ..] => Some((Self::Utf32Big, 0)),
            [1..=0x7F, 0, 1..=0x7F, 0, ..] => Some((Self::Utf16Little, 0)),
            [0, 1..=0x7F, 0, 1..=0x7F, ..] => Some((Self::Utf16Big, 0)),
            _ => None,
        }
    }

    const fn charset(self) -> &'static str {
        match self {
            Self::Utf16Little => "utf-16le",
            Self::Utf16Big => "utf-16be",
            Self::Utf32Little => "utf-32le",
            Self::Utf32Big => "utf-32be",
        }
    }

    const fn unit(self) -> usize {
        match self {
            Self::Utf16Little | Self::Utf16Big => 2,
            Self::Utf32Little | Self::Utf32Big => 4,
        }
    }

    /// The first character and how many bytes it takes.
    fn decode(self, rest: &[u8]) -> Option<(char, usize)> {
        match self {
            Self::Utf16Little => utf16(rest, u16::from_le_bytes),
            Self::Utf16Big => utf16(rest, u16::from_be_bytes),
            Self::Utf32Little => utf32(rest, u32::from_le_bytes),
            Self::Utf32Big => utf32(rest, u32::from_be_bytes),
        }
    }
}

fn utf16(rest: &[u8], unit: fn([u8; 2]) -> u16) -> Option<(char, usize)> {
    let first = unit(*rest.first_chunk()?);
    if let Some(character) = char::from_u32(u32::from(first)) {
        return Some((character, 2));
    }
    let second = unit(*rest.get(2..)?.first_chunk()?);
    let character = char::decode_utf16([first, second]).next()?.ok()?;
    Some((character, 4))
}

fn utf32(rest: &[u8], unit: fn([u8; 4]) -> u32) -> Option<(char, usize)> {
    char::from_u32(unit(*rest.first_chunk()?)).map(|character| (character, 4))
}

/// The name of a charset that this module decodes, as the handover carries it.
pub(crate) fn charset_named(name: &[u8]) -> Option<&'static str> {
    ["utf-16le", "utf-16be", "utf-32le", "utf-32be"].into_iter().find(|known| known.as_bytes() == name)
}
