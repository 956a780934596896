//! What a line is, told from its first bytes.

use super::piece::WrapperKind;
use std::ops::Range;

pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
pub(super) const FRAME_START: u8 = 0x0B;
pub(super) const FRAME_END: u8 = 0x1C;

/// So many bytes tell what a line is.
const PROBE_BYTES: usize = 4;

/// The first bytes of a line after what may precede a header, each with its place in the file.
#[derive(Clone, Copy, Default)]
pub(super) struct Probe {
    bytes: [u8; PROBE_BYTES],
    ends: [u64; PROBE_BYTES],
    start: u64,
    length: usize,
}

impl Probe {
    pub(super) fn push(&mut self, byte: u8, place: Range<u64>) {
        if self.length == 0 {
            self.start = place.start;
        }
        if let (Some(last), Some(end)) = (self.bytes.get_mut(self.length), self.ends.get_mut(self.length)) {
            (*last, *end) = (byte, place.end);
            self.length += 1;
        }
    }

    pub(super) fn seen(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Nothing that comes can change what the line is.
    pub(super) fn is_full(&self) -> bool {
        self.length == PROBE_BYTES
    }

    pub(super) fn start(&self) -> Option<u64> {
        (self.length > 0).then_some(self.start)
    }

    pub(super) fn bytes_with_ends(self) -> impl Iterator<Item = (u8, u64)> {
        self.bytes.into_iter().zip(self.ends).take(self.length)
    }
}

pub(super) enum LineKind {
    Header,
    Wrapper(WrapperKind),
    Other,
}

impl LineKind {
    /// From the first four bytes of a line, fewer when it is shorter.
    pub(super) fn of(start: &[u8]) -> Self {
        let Some((name, rest)) = start.split_at_checked(3) else { return Self::Other };
        let next = rest.first();
        if name == b"MSH" && next.is_some_and(|next| is_separator(*next)) {
            return Self::Header;
        }
        match WrapperKind::of(name) {
            Some(kind) if !next.is_some_and(u8::is_ascii_alphanumeric) => Self::Wrapper(kind),
            _ => Self::Other,
        }
    }
}

/// Whether a line with these first bytes is [`LineKind::Other`], and nothing stands in them that may be a gap, a mark or an end.
pub(super) fn is_plain_start(rest: &[u8]) -> bool {
    let Some(start) = rest.first_chunk::<PROBE_BYTES>() else { return false };
    start.iter().all(|byte| byte.is_ascii_graphic()) && matches!(LineKind::of(start), LineKind::Other)
}

fn is_separator(byte: u8) -> bool {
    !byte.is_ascii_alphanumeric() && !matches!(byte, b' ' | 0x09..=0x0D | FRAME_END)
}
