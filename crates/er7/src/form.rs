//! The form of a message, in bytes: one walk that digest and Prepare share, so that they cannot differ.
//!
//! In this order: byte order mark, and 0x0B and 0x1C before a header segment, and 0x1C before a line end or the end; CRLF is
//! CR; lines of nothing but blanks are dropped; a LF ends a segment when a segment's start follows, any other LF is
//! data, CR always ends one; final terminators are dropped. Where a run of line ends holds both, CR wins.

use crate::codes;
use crate::cut;
use crate::places::{Layer, Run};
use crate::prepare::Correction;
use memchr::memchr2;
use std::borrow::Cow;
use std::ops::Range;

/// What the walk tells as it goes, in the order of the bytes.
pub(crate) trait Sink {
    /// These submitted bytes are kept as they are.
    fn keep(&mut self, range: Range<usize>);
    /// A CR stands where the submitted bytes at `at` ended a segment otherwise.
    fn segment_end(&mut self, at: usize);
    /// A correction was made `times`, the first time at `span`.
    fn corrected(&mut self, code: &'static str, times: u64, span: Range<usize>);
}

/// What [`apply`] made: the bytes, where they came from, and what was corrected.
pub(crate) struct Formed<'a> {
    pub(crate) bytes: Cow<'a, [u8]>,
    pub(crate) layer: Layer,
    pub(crate) corrections: Vec<Correction>,
}

/// The walk with its result collected. Borrows when the result is one piece of the input.
pub(crate) fn apply(submitted: &[u8]) -> Formed<'_> {
    let mut collect = Collect {
        submitted,
        first: None,
        owned: Vec::new(),
        layer: Layer::default(),
        corrections: Vec::new(),
    };
    walk(submitted, &mut collect);
    let bytes = if collect.owned.is_empty() {
        Cow::Borrowed(submitted.get(collect.first.unwrap_or_default()).unwrap_or_default())
    } else {
        Cow::Owned(collect.owned)
    };
    Formed { bytes, layer: collect.layer, corrections: collect.corrections }
}

/// Whether these bytes are, or seem to be, UTF-16 or UTF-32: such input is its own canonical form.
pub(crate) fn is_wide(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xFF\xFE")
        || bytes.starts_with(b"\xFE\xFF")
        || bytes.iter().take(4).any(|&byte| byte == 0)
}

/// Walks the form. Linear; allocates nothing.
pub(crate) fn walk(bytes: &[u8], sink: &mut impl Sink) {
    if is_wide(bytes) {
        return sink.keep(0..bytes.len());
    }
    let separator = first_header(bytes).map_or(b'|', |header| header.separator);
    let mut kept = Kept { start: 0, end: 0 };
    let mut blank = BlankLines::default();
    let mut line_end: Option<Range<usize>> = None; // of the last line that is kept
    let mut at = 0;
    while at < bytes.len() {
        let line = Line::read(bytes, at);
        let content = line.content(bytes, line_end.is_none(), sink);
        if content.is_blank(bytes) {
            blank.add(&line);
        } else {
            if let Some(line_end) = line_end {
                join(bytes, line_end, &line, content.starts_segment(bytes, separator), &mut kept, sink);
            }
            blank.report(sink);
            content.keep(&mut kept, bytes, sink);
            line_end = Some(line.end..line.next);
        }
        at = line.next;
    }
    kept.flush(sink);
    if let Some(line_end) = line_end
        && !matches!(cut(bytes, line_end.start, line_end.end), b"\r" | b"")
    {
        sink.corrected(codes::LINE_ENDS.code, 1, line_end);
    }
    blank.report(sink);
}

/// Puts one line end between two lines that are kept: from `line_end` to the start of `line`.
#[inline]
fn join(
    bytes: &[u8],
    line_end: Range<usize>,
    line: &Line,
    starts_segment: bool,
    kept: &mut Kept,
    sink: &mut impl Sink,
) {
    let between = cut(bytes, line_end.start, line.start);
    let is_carriage_return = |&byte: &u8| byte == b'\r';
    if let Some(offset) = between.iter().position(is_carriage_return) {
        let at = line_end.start + offset;
        kept.extend(at..at + 1, sink);
        if line_end.len() != 1 || offset != 0 {
            sink.corrected(codes::LINE_ENDS.code, 1, line_end);
        }
    } else if starts_segment {
        kept.flush(sink);
        sink.segment_end(line_end.start);
        kept.start = line_end.end;
        kept.end = line_end.end;
        sink.corrected(codes::LINE_ENDS.code, 1, line_end);
    } else {
        kept.extend(line_end, sink); // data
    }
}

/// Blank lines since the last line that is kept.
#[derive(Default)]
struct BlankLines {
    count: u64,
    first: Range<usize>,
}

impl BlankLines {
    fn add(&mut self, line: &Line) {
        if self.count == 0 {
            self.first = line.start..line.next;
        }
        self.count += 1;
    }

    fn report(&mut self, sink: &mut impl Sink) {
        if self.count > 0 {
            sink.corrected(codes::BLANK_LINES.code, self.count, self.first.clone());
            self.count = 0;
        }
    }
}

/// Where a header segment (MSH, FHS, BHS) starts, and the byte that separates its fields.
#[derive(Clone, Copy)]
pub(crate) struct HeaderStart {
    pub(crate) at: usize,
    pub(crate) separator: u8,
}

/// The first line of `bytes` that starts a header segment, after blanks, marks and framing.
pub(crate) fn first_header(bytes: &[u8]) -> Option<HeaderStart> {
    let mut at = 0;
    while at < bytes.len() {
        let line = Line::read(bytes, at);
        let end = without_framing(bytes, line.start, line.end);
        let name = skip_prefix(bytes, line.start, end);
        if let Some(separator) = header_separator(cut(bytes, name, end)) {
            return Some(HeaderStart { at: name, separator });
        }
        at = line.next;
    }
    None
}

/// The field separator, where `line` starts a header segment: one of its names and a byte that can separate.
pub(crate) fn header_separator(line: &[u8]) -> Option<u8> {
    let separator = *line.get(3)?;
    (is_header_name(line) && can_separate(separator)).then_some(separator)
}

/// Whether `line` starts a trailer (BTS, FTS) with a byte that can separate its fields.
pub(crate) fn is_trailer(line: &[u8]) -> bool {
    matches!(line.get(..3), Some(b"BTS" | b"FTS")) && line.get(3).is_some_and(|&next| can_separate(next))
}

fn can_separate(byte: u8) -> bool {
    !byte.is_ascii_alphanumeric() && !is_space(byte)
}

fn is_header_name(line: &[u8]) -> bool {
    matches!(line.get(..3), Some(b"MSH" | b"FHS" | b"BHS"))
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | 0x09..=0x0D)
}

/// Blank or tab: what a line of "nothing but blanks" holds.
pub(crate) fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

const MARK: &[u8] = b"\xEF\xBB\xBF";
const FRAME_START: u8 = 0x0B;
const FRAME_END: u8 = 0x1C;

/// A line of the submitted bytes: `start..end`, ended by `end..next`.
struct Line {
    start: usize,
    end: usize,
    next: usize,
}

impl Line {
    #[inline]
    fn read(bytes: &[u8], start: usize) -> Self {
        let rest = cut(bytes, start, bytes.len());
        let end = memchr2(b'\r', b'\n', rest).map_or(bytes.len(), |length| start + length);
        let length = match cut(bytes, end, bytes.len()) {
            [b'\r', b'\n', ..] => 2,
            [_, ..] => 1,
            [] => 0,
        };
        Self { start, end, next: end + length }
    }

    /// The line without framing; marks are cut where the first line starts, and before a header segment.
    #[inline]
    fn content(&self, bytes: &[u8], is_first: bool, sink: &mut impl Sink) -> Content {
        let end = without_framing(bytes, self.start, self.end);
        if end < self.end {
            sink.corrected(codes::MLLP_FRAMING.code, (self.end - end) as u64, end..self.end);
        }
        let mut start = self.start;
        if is_first {
            while cut(bytes, start, end).starts_with(MARK) {
                sink.corrected(codes::BYTE_ORDER_MARK.code, 1, start..start + MARK.len());
                start += MARK.len();
            }
        }
        let prefix_end = match bytes.get(start) {
            Some(&(FRAME_START | FRAME_END | 0xEF | b' ' | b'\t')) if start < end => {
                let name = skip_prefix(bytes, start, end);
                let rest = cut(bytes, name, end);
                let is_header = is_header_name(rest) && !rest.get(3).is_some_and(u8::is_ascii_alphanumeric);
                if is_header { name } else { start }
            }
            _ => start,
        };
        Content { start, prefix_end, end }
    }
}

fn without_framing(bytes: &[u8], start: usize, end: usize) -> usize {
    let line = cut(bytes, start, end);
    if line.last() != Some(&FRAME_END) {
        return end;
    }
    let framing = line.iter().rev().take_while(|&&byte| byte == FRAME_END).count();
    end - framing
}

/// Past marks, framing and blanks: what may stand before a header, as the splitter has it. The end of one frame stands
/// right before the start of the next where a sender leaves out the CR that belongs to it.
pub(crate) fn skip_prefix(bytes: &[u8], start: usize, end: usize) -> usize {
    let mut at = start;
    loop {
        match cut(bytes, at, end) {
            [FRAME_START | FRAME_END | b' ' | b'\t', ..] => at += 1,
            rest if rest.starts_with(MARK) => at += MARK.len(),
            _ => return at,
        }
    }
}

/// Whether this byte frames messages on a connection (MLLP).
pub(crate) fn is_framing(byte: u8) -> bool {
    matches!(byte, FRAME_START | FRAME_END)
}

/// Where a header segment's name stands behind framing in the middle of a line: two messages with nothing between that
/// ends a segment. Linear.
pub(crate) fn joined_header(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(offset) = memchr2(FRAME_START, FRAME_END, cut(bytes, at, bytes.len())) {
        let framing = at + offset;
        at = skip_prefix(bytes, framing, bytes.len());
        let is_inside = cut(bytes, 0, framing).last().is_some_and(|&before| !matches!(before, b'\r' | b'\n'));
        if is_inside && header_separator(cut(bytes, at, bytes.len())).is_some() {
            return Some(at);
        }
    }
    None
}

/// What is kept of a line; of `start..prefix_end` only the blanks.
struct Content {
    start: usize,
    prefix_end: usize,
    end: usize,
}

impl Content {
    fn is_blank(&self, bytes: &[u8]) -> bool {
        match cut(bytes, self.start, self.end) {
            [first, ..] if !is_blank(*first) => false,
            line => line.iter().all(|&byte| is_blank(byte)),
        }
    }

    /// `[ \t]*[A-Za-z][A-Za-z0-9]{2}` and then the field separator or the end of the line.
    fn starts_segment(&self, bytes: &[u8], separator: u8) -> bool {
        let line = cut(bytes, self.prefix_end, self.end);
        let name = match line {
            [first, ..] if is_blank(*first) => line.trim_ascii_start(),
            _ => line,
        };
        match name {
            [first, second, third, rest @ ..] => {
                first.is_ascii_alphabetic()
                    && second.is_ascii_alphanumeric()
                    && third.is_ascii_alphanumeric()
                    && rest.first().is_none_or(|&next| next == separator)
            }
            _ => false,
        }
    }

    fn keep(&self, kept: &mut Kept, bytes: &[u8], sink: &mut impl Sink) {
        let mut at = self.start;
        while at < self.prefix_end {
            let rest = cut(bytes, at, self.prefix_end);
            let (code, length) = match rest.first() {
                Some(&(FRAME_START | FRAME_END)) => (codes::MLLP_FRAMING.code, 1),
                Some(b' ' | b'\t') => {
                    kept.extend(at..at + 1, sink);
                    at += 1;
                    continue;
                }
                _ => (codes::BYTE_ORDER_MARK.code, MARK.len()),
            };
            sink.corrected(code, 1, at..at + length);
            at += length;
        }
        kept.extend(self.prefix_end..self.end, sink);
    }
}

/// The piece of the input that is being kept and not yet handed on.
struct Kept {
    start: usize,
    end: usize,
}

impl Kept {
    #[inline]
    fn extend(&mut self, range: Range<usize>, sink: &mut impl Sink) {
        if self.end != range.start {
            self.flush(sink);
            self.start = range.start;
        }
        self.end = range.end;
    }

    fn flush(&mut self, sink: &mut impl Sink) {
        if self.start < self.end {
            sink.keep(self.start..self.end);
        }
        self.start = self.end;
    }
}

struct Collect<'a> {
    submitted: &'a [u8],
    first: Option<Range<usize>>,
    owned: Vec<u8>,
    layer: Layer,
    corrections: Vec<Correction>,
}

impl Collect<'_> {
    fn own(&mut self) {
        if let Some(first) = self.first.take() {
            self.owned.reserve(self.submitted.len() - first.start);
            self.owned.extend_from_slice(self.submitted.get(first).unwrap_or_default());
        }
    }

    fn position(&self) -> usize {
        self.first.as_ref().map_or(self.owned.len(), Range::len)
    }
}

impl Sink for Collect<'_> {
    fn keep(&mut self, range: Range<usize>) {
        self.layer.add(Run { out: self.position(), source: range.start, out_unit: 1, source_unit: 1 });
        if self.first.is_none() && self.owned.is_empty() {
            self.first = Some(range);
        } else {
            self.own();
            self.owned.extend_from_slice(self.submitted.get(range).unwrap_or_default());
        }
    }

    fn segment_end(&mut self, at: usize) {
        self.layer.add(Run { out: self.position(), source: at, out_unit: 1, source_unit: 1 });
        self.own();
        self.owned.push(b'\r');
    }

    fn corrected(&mut self, code: &'static str, times: u64, span: Range<usize>) {
        Correction::count(&mut self.corrections, code, times, span);
    }
}

/// Where the first MSH segment starts in any bytes.
pub(crate) fn first_message(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    while at < bytes.len() {
        let header = first_header(cut(bytes, at, bytes.len()))?;
        let start = at + header.at;
        if cut(bytes, start, bytes.len()).starts_with(b"MSH") {
            return Some(start);
        }
        at = start + 3 + memchr2(b'\r', b'\n', cut(bytes, start + 3, bytes.len()))?;
    }
    None
}
