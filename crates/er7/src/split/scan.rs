//! The splitter's one state machine. It is fed text in pieces of any size and does not care where they are
//! cut.
//!
//! At any time the file behind us is: pieces done, then what is open (a message, a wrapper or text) up to
//! `end`, then bytes that may belong to it or to the gap after it. A next line decides which.

use super::batch::{Batches, WRAPPER_HEAD};
use super::line::{BYTE_ORDER_MARK, FRAME_END, FRAME_START, LineKind, Probe, is_plain_start};
use super::piece::{Gap, Message, Piece, Wrapper, WrapperKind};
use super::places::Places;
use super::store::Store;
use super::summary::{FileKind, Summary};
use memchr::memchr3;
use std::collections::VecDeque;
use std::ops::Range;

pub(super) struct Scan {
    line: Line,
    probe: Probe,
    /// The byte before was a CR: a LF now belongs to it, wherever it went.
    after_return: Option<LineEnd>,
    open: Open,
    /// End of what is surely part of `open`; what follows may be a gap.
    end: u64,
    gap: GapMarks,
    /// There are bytes after `end`.
    has_maybe: bool,
    store: Store,
    /// Broken places in what is open, the first and the last; the last may be in the first bytes of a line
    /// that begins something else.
    broken: Option<(u64, u64)>,
    pieces: VecDeque<Piece>,
    queued_bytes: usize,
    batches: Batches,
    framed: bool,
    summary: Summary,
}

#[derive(Clone, Copy)]
enum Line {
    Start,
    Content,
}

#[derive(Clone, Copy)]
enum LineEnd {
    OfContent,
    OfBlank,
}

enum Open {
    Nothing,
    /// Text, and the gap before it, which is not told before it is known that the file is HL7 at all.
    Text {
        before: Option<Gap>,
        start: u64,
    },
    Message {
        start: u64,
    },
    /// A wrapper with the start of its line.
    Wrapper {
        kind: WrapperKind,
        start: u64,
        head: Vec<u8>,
    },
}

/// What stands in the bytes that may be a gap.
#[derive(Clone, Copy, Default)]
struct GapMarks {
    framing: bool,
    byte_order_mark: bool,
}

impl Scan {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            line: Line::Start,
            probe: Probe::default(),
            after_return: None,
            open: Open::Nothing,
            end: 0,
            gap: GapMarks::default(),
            has_maybe: false,
            store: Store::new(limit),
            broken: None,
            pieces: VecDeque::new(),
            queued_bytes: 0,
            batches: Batches::default(),
            framed: false,
            summary: Summary::default(),
        }
    }

    pub(super) fn pop(&mut self) -> Option<Piece> {
        let piece = self.pieces.pop_front()?;
        if let Piece::Message(message) = &piece {
            self.queued_bytes -= message.bytes.len();
        }
        Some(piece)
    }

    pub(super) fn summary(&self) -> Summary {
        let mut summary = self.summary.clone();
        summary.kind = match summary.found() {
            0 if summary.wrappers > 0 || summary.kind == FileKind::NotHl7 => FileKind::NotHl7,
            0 => FileKind::Empty,
            _ if summary.wrappers > 0 => FileKind::Batch,
            _ if self.framed => FileKind::Mllp,
            1 => FileKind::Single,
            _ => FileKind::Many,
        };
        summary
    }

    pub(super) fn peak_bytes(&self) -> usize {
        self.store.peak_bytes()
    }

    /// The character that will be fed next stands for bytes at `at` that are no text.
    pub(super) fn broken(&mut self, at: u64) {
        self.broken = Some((self.broken.map_or(at, |(first, _)| first), at));
        self.summary.first_undecodable.get_or_insert(at);
    }

    pub(super) fn feed(&mut self, bytes: &[u8], places: Places) {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..)
            && let Some(&first) = rest.first()
        {
            let length = match (self.line, first) {
                (Line::Start, _) if self.goes_on_with(rest) => {
                    self.after_return = None;
                    self.line = Line::Content;
                    memchr3(b'\r', b'\n', FRAME_END, rest).unwrap_or(rest.len())
                }
                (Line::Start, _) | (Line::Content, b'\r' | b'\n' | FRAME_END) => 0,
                (Line::Content, _) => memchr3(b'\r', b'\n', FRAME_END, rest).unwrap_or(rest.len()),
            };
            if length > 0 {
                self.content(rest.get(..length).unwrap_or_default(), places.end_before(at + length));
                at += length;
            } else {
                self.byte(first, places.start_of(at)..places.end_before(at + 1));
                at += 1;
            }
        }
    }

    /// Whether a line that starts so surely belongs to what is open. Most lines do, and go the short way: what they are need
    /// not be found byte by byte.
    fn goes_on_with(&self, rest: &[u8]) -> bool {
        self.probe.is_empty()
            && matches!(self.open, Open::Message { .. } | Open::Text { .. })
            && is_plain_start(rest)
    }

    /// The file has `length` bytes and ends here.
    pub(super) fn finish(&mut self, length: u64) {
        self.decide();
        self.summary.bytes = length;
        let nothing_told = self.summary.found() == 0 && self.summary.wrappers == 0;
        if nothing_told && matches!(self.open, Open::Text { .. }) {
            self.open = Open::Nothing;
            self.summary.kind = FileKind::NotHl7;
            return self.push(Piece::NotHl7 { span: 0..length });
        }
        self.close();
        self.close_gap(length);
    }

    fn byte(&mut self, byte: u8, place: Range<u64>) {
        let after_return = self.after_return.take();
        match (byte, self.line, after_return) {
            (b'\n', Line::Start, Some(LineEnd::OfContent)) => self.content(b"\n", place.end),
            (b'\r' | b'\n', ..) => {
                self.decide();
                let ended = self.line_end(byte, place.end);
                if byte == b'\r' {
                    self.after_return = Some(ended);
                }
            }
            (FRAME_END, Line::Content, _) => self.maybe_gap(&[byte]),
            (_, Line::Content, _) => self.content(&[byte], place.end),
            (b' ' | b'\t' | FRAME_START | FRAME_END, Line::Start, _) if self.probe.is_empty() => {
                self.maybe_gap(&[byte])
            }
            (_, Line::Start, _) => self.probe_byte(byte, place),
        }
    }

    fn line_end(&mut self, byte: u8, end: u64) -> LineEnd {
        let of_content = matches!(self.line, Line::Content) && !self.has_maybe;
        self.line = Line::Start;
        if of_content {
            self.content(&[byte], end);
            return LineEnd::OfContent;
        }
        self.maybe_gap(&[byte]);
        LineEnd::OfBlank
    }

    /// The first bytes of a line, until it is known what it is.
    fn probe_byte(&mut self, byte: u8, place: Range<u64>) {
        self.probe.push(byte, place);
        if self.probe.seen() == BYTE_ORDER_MARK {
            self.probe = Probe::default();
            self.maybe_gap(BYTE_ORDER_MARK);
        } else if self.probe.is_full() {
            self.decide();
        }
    }

    /// Acts on what the line that has begun is, if one has.
    fn decide(&mut self) {
        let probe = std::mem::take(&mut self.probe);
        let Some(start) = probe.start() else { return };
        match (LineKind::of(probe.seen()), &self.open) {
            (LineKind::Header, _) => self.start_next(start, Open::Message { start }),
            (LineKind::Wrapper(kind), _) => {
                self.start_next(start, Open::Wrapper { kind, start, head: Vec::new() })
            }
            (LineKind::Other, Open::Message { .. } | Open::Text { .. }) => {}
            (LineKind::Other, Open::Wrapper { .. }) => {
                self.start_next(start, Open::Text { before: None, start })
            }
            (LineKind::Other, Open::Nothing) => {
                let before = self.take_gap(start);
                self.open = Open::Text { before, start };
            }
        }
        self.line = Line::Content;
        for (byte, end) in probe.bytes_with_ends() {
            match byte {
                FRAME_END => self.maybe_gap(&[byte]),
                _ => self.content(&[byte], end),
            }
        }
    }

    fn content(&mut self, bytes: &[u8], end: u64) {
        let has_maybe = std::mem::take(&mut self.has_maybe);
        if has_maybe {
            self.gap = GapMarks::default();
        }
        match &mut self.open {
            Open::Message { .. } => {
                if has_maybe {
                    self.store.keep_maybe();
                }
                self.store.push(bytes);
            }
            Open::Wrapper { head, .. } => {
                head.extend(bytes.iter().take(WRAPPER_HEAD.saturating_sub(head.len())))
            }
            Open::Nothing | Open::Text { .. } => {}
        }
        self.end = end;
    }

    fn maybe_gap(&mut self, bytes: &[u8]) {
        self.has_maybe = true;
        self.gap.byte_order_mark |= bytes == BYTE_ORDER_MARK;
        self.gap.framing |= matches!(bytes, [FRAME_START | FRAME_END]);
        if matches!(self.open, Open::Message { .. }) {
            self.store.push_maybe(bytes);
        }
    }

    fn start_next(&mut self, start: u64, next: Open) {
        self.close();
        self.close_gap(start);
        self.open = next;
    }

    fn close(&mut self) {
        let end = self.end;
        let places = self.broken.take();
        self.broken = places.filter(|(_, last)| *last >= end).map(|(_, last)| (last, last));
        let broken = places.map(|(first, _)| first).filter(|first| *first < end);
        match std::mem::replace(&mut self.open, Open::Nothing) {
            Open::Nothing => {}
            Open::Message { start } => self.close_message(start..end, broken),
            Open::Wrapper { kind, start, head } => self.close_wrapper(kind, start..end, &head),
            Open::Text { before, start } => {
                if let Some(before) = before {
                    self.push(Piece::Gap(before));
                }
                self.summary.preamble_bytes += end - start;
                self.push(Piece::Preamble { span: start..end });
            }
        }
    }

    fn close_message(&mut self, span: Range<u64>, broken: Option<u64>) {
        self.batches.message();
        let bytes = self.store.take();
        match (broken, bytes) {
            (Some(at), _) => {
                self.summary.undecodable += 1;
                self.push(Piece::Undecodable { span, at });
            }
            (None, None) => {
                self.summary.oversize += 1;
                self.push(Piece::Oversize { span });
            }
            (None, Some(bytes)) => {
                self.summary.messages += 1;
                self.summary.largest_message_bytes =
                    self.summary.largest_message_bytes.max(bytes.len() as u64);
                self.push(Piece::Message(Message { span, bytes }));
            }
        }
    }

    fn close_wrapper(&mut self, kind: WrapperKind, span: Range<u64>, head: &[u8]) {
        let (declared, counted) = self.batches.wrapper(kind, head);
        let wrapper = Wrapper { kind, span, declared, counted };
        self.summary.wrappers += 1;
        self.summary.count_mismatches += u64::from(wrapper.is_mismatch());
        self.push(Piece::Wrapper(wrapper));
    }

    fn close_gap(&mut self, to: u64) {
        if let Some(gap) = self.take_gap(to) {
            self.push(Piece::Gap(gap));
        }
    }

    /// What is between `end` and `to` belongs to nothing.
    fn take_gap(&mut self, to: u64) -> Option<Gap> {
        let span = std::mem::replace(&mut self.end, to)..to;
        let GapMarks { framing, byte_order_mark } = std::mem::take(&mut self.gap);
        self.has_maybe = false;
        self.store.forget_maybe();
        (!span.is_empty()).then_some(Gap { span, framing, byte_order_mark })
    }

    fn push(&mut self, piece: Piece) {
        match &piece {
            Piece::Message(message) => self.queued_bytes += message.bytes.len(),
            Piece::Gap(gap) => {
                self.framed |= gap.framing;
                self.summary.gap_bytes += gap.span.end - gap.span.start;
            }
            _ => {}
        }
        self.pieces.push_back(piece);
        self.store.set_queued(self.queued_bytes + self.pieces.capacity() * size_of::<Piece>());
    }
}
