//! Escape sequences (HL7 v2 chapter 2, "Use of escape sequences in text fields"): the delimiters and `\X..\` are
//! resolved, every other one stays as it is.

use crate::cut;
use crate::delimiters::Delimiters;
use crate::digest::hex_digit;
use crate::json;
use memchr::memchr;
use std::ops::Range;

/// Resolves `value` (UTF-8) into text.
pub(crate) fn resolve(value: &[u8], delimiters: &Delimiters, out: &mut Vec<u8>) {
    pieces(value, delimiters, |piece| match piece {
        Piece::Text(text) | Piece::Resolved(text) => out.extend_from_slice(text),
        Piece::Odd(_) => {}
    });
}

/// Resolves `value` (UTF-8) into the inside of a JSON string; tells each unknown or lone escape by its place.
pub(crate) fn resolve_json(
    value: &[u8],
    delimiters: &Delimiters,
    out: &mut Vec<u8>,
    mut odd: impl FnMut(Range<usize>),
) {
    pieces(value, delimiters, |piece| match piece {
        Piece::Text(text) | Piece::Resolved(text) => json::escaped(out, text),
        Piece::Odd(range) => odd(range),
    });
}

enum Piece<'a> {
    Text(&'a [u8]),
    Resolved(&'a [u8]),
    Odd(Range<usize>),
}

fn pieces<'a>(value: &'a [u8], delimiters: &Delimiters, mut tell: impl FnMut(Piece<'_>)) {
    let Some(escape) = delimiters.escape else { return tell(Piece::Text(value)) };
    let mut own = [0; 4];
    let own = escape.character.encode_utf8(&mut own).as_bytes();
    let mut at = 0;
    loop {
        let rest: &'a [u8] = cut(value, at, value.len());
        let Some(start) = memchr(escape.byte, rest) else { return tell(Piece::Text(rest)) };
        let inside = cut(rest, start + 1, rest.len());
        tell(Piece::Text(cut(rest, 0, start)));
        let Some(length) = memchr(escape.byte, inside) else {
            tell(Piece::Odd(at + start..at + start + 1));
            tell(Piece::Resolved(own));
            return tell(Piece::Text(inside));
        };
        let sequence = cut(inside, 0, length);
        let end = start + length + 2;
        let mut buffer = [0; 4];
        if let Some(character) = delimiter_named(sequence, delimiters) {
            tell(Piece::Resolved(character.encode_utf8(&mut buffer).as_bytes()));
        } else if let Some(bytes) = hexadecimal(sequence) {
            match String::from_utf8(bytes) {
                Ok(text) => tell(Piece::Resolved(text.as_bytes())),
                Err(error) => {
                    let text: String = error.as_bytes().iter().map(|&byte| char::from(byte)).collect();
                    tell(Piece::Resolved(text.as_bytes()));
                }
            }
        } else {
            if !is_known(sequence) {
                tell(Piece::Odd(at + start..at + end));
            }
            tell(Piece::Resolved(own));
            tell(Piece::Text(sequence));
            tell(Piece::Resolved(own));
        }
        at += end;
    }
}

/// The delimiter that `F`, `S`, `R`, `E`, `T` or `P` names.
fn delimiter_named(sequence: &[u8], delimiters: &Delimiters) -> Option<char> {
    let &[name] = sequence else { return None };
    let delimiter = match name {
        b'F' => Some(delimiters.field),
        b'S' => Some(delimiters.component),
        b'R' => delimiters.repetition,
        b'E' => delimiters.escape,
        b'T' => delimiters.subcomponent,
        b'P' => delimiters.truncation,
        _ => None,
    };
    delimiter.map(|delimiter| delimiter.character)
}

/// The bytes of `X..`, whole pairs of digits.
fn hexadecimal(sequence: &[u8]) -> Option<Vec<u8>> {
    let digits = sequence.strip_prefix(b"X")?;
    if digits.is_empty() || digits.len() % 2 != 0 {
        return None;
    }
    digits
        .chunks_exact(2)
        .map(|pair| match pair {
            &[high, low] => Some(hex_digit(high)? << 4 | hex_digit(low)?),
            _ => None,
        })
        .collect()
}

/// Whether HL7 defines the sequence although it stays as it is: highlighting, formatting, character sets, local ones.
fn is_known(sequence: &[u8]) -> bool {
    match sequence {
        b"H" | b"N" => true,
        [b'C' | b'M', digits @ ..] => !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit),
        [b'Z', rest @ ..] => !rest.is_empty() && rest.iter().all(u8::is_ascii_graphic),
        [b'.', first, second, number @ ..] => {
            let command =
                matches!(&[*first, *second], b"br" | b"sp" | b"in" | b"ti" | b"fi" | b"nf" | b"ce" | b"sk");
            command && number.iter().all(|&byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b' '))
        }
        _ => false,
    }
}
