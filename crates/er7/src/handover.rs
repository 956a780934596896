//! [`Prepared`] as bytes, to hand it from one function to another: compact, versioned, refusing what it did not write.
//!
//! Layout: magic, version, the numbers as LEB128 (lengths, codes, corrections, edit map), the message, and the
//! first eight bytes of the SHA-256 of all that.

use crate::codes;
use crate::digest::raw_digest;
use crate::places::{Layer, Places, Run};
use crate::prepare::{Correction, Prepared};
use crate::wide;
use std::borrow::Cow;

const MAGIC: &[u8] = b"er7p\x01";
const CHECK: usize = 8;

/// The bytes are not what [`Prepared::to_bytes`] of this version wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("these bytes are no prepared message of this version; prepare the message again")]
pub struct NotPrepared;

impl Prepared<'_> {
    /// All of it in bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes.len() + 256);
        out.extend_from_slice(MAGIC);
        text(&mut out, self.charset.unwrap_or_default().as_bytes());
        number(&mut out, self.corrections.len() as u64);
        for correction in &self.corrections {
            text(&mut out, correction.code.as_bytes());
            number(&mut out, correction.count);
            number(&mut out, correction.span.0);
            number(&mut out, correction.span.1);
        }
        number(&mut out, self.places.layers.len() as u64);
        for layer in &self.places.layers {
            number(&mut out, layer.runs.len() as u64);
            let mut last = (0, 0);
            for run in &layer.runs {
                number(&mut out, run.out.saturating_sub(last.0) as u64);
                number(&mut out, run.source.saturating_sub(last.1) as u64);
                out.push(run.out_unit);
                out.push(run.source_unit);
                last = (run.out, run.source);
            }
        }
        text(&mut out, &self.bytes);
        let check = raw_digest(&out);
        out.extend(check.as_bytes().iter().take(CHECK));
        out
    }
}

impl<'a> Prepared<'a> {
    /// Reads what [`Prepared::to_bytes`] wrote, borrowing the message.
    ///
    /// # Errors
    /// [`NotPrepared`] for anything else, whole or in part.
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, NotPrepared> {
        let (body, check) =
            bytes.len().checked_sub(CHECK).and_then(|at| bytes.split_at_checked(at)).ok_or(NotPrepared)?;
        if raw_digest(body).as_bytes().get(..CHECK) != Some(check) {
            return Err(NotPrepared);
        }
        let mut reader = Reader { rest: body.strip_prefix(MAGIC).ok_or(NotPrepared)? };
        let prepared = reader.prepared().ok_or(NotPrepared)?;
        if reader.rest.is_empty() { Ok(prepared) } else { Err(NotPrepared) }
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn prepared(&mut self) -> Option<Prepared<'a>> {
        let charset = match self.text()? {
            b"" => None,
            name => Some(wide::charset_named(name)?),
        };
        let mut corrections = Vec::new();
        for _ in 0..self.number()? {
            let code = codes::describe(std::str::from_utf8(self.text()?).ok()?)?.code;
            let count = self.number()?;
            corrections.push(Correction { code, count, span: (self.number()?, self.number()?) });
        }
        let mut places = Places::default();
        for _ in 0..self.number()? {
            places.layers.push(self.layer()?);
        }
        let bytes = Cow::Borrowed(self.text()?);
        Some(Prepared { bytes, corrections, places, charset })
    }

    fn layer(&mut self) -> Option<Layer> {
        let mut layer = Layer::default();
        let mut last = (0_usize, 0_usize);
        for _ in 0..self.number()? {
            let out = last.0.checked_add(usize::try_from(self.number()?).ok()?)?;
            let source = last.1.checked_add(usize::try_from(self.number()?).ok()?)?;
            layer.runs.push(Run { out, source, out_unit: self.byte()?, source_unit: self.byte()? });
            last = (out, source);
        }
        Some(layer)
    }

    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    fn number(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(text)
    }
}

fn number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7F) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn text(out: &mut Vec<u8>, bytes: &[u8]) {
    number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}
