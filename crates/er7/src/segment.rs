//! One segment at a time, straight from ER7 to JSON.

use crate::cut;
use crate::delimiters::{Delimiter, Delimiters};
use crate::escape;
use crate::findings::Findings;
use crate::json;
use crate::places::Places;
use crate::schema::Schema;
use memchr::memchr;
use std::ops::Range;

// What a byte means while a segment is split; a higher class ends what a lower one ends.
const PLAIN: u8 = 0;
const SPECIAL: u8 = 1;
const SUBCOMPONENT: u8 = 2;
const COMPONENT: u8 = 3;
const REPETITION: u8 = 4;
const FIELD: u8 = 5;
const END: u8 = 6;

/// Writes segments as JSON objects and notices what is odd about them.
pub(crate) struct SegmentWriter<'a> {
    text: &'a [u8],
    delimiters: &'a Delimiters,
    schema: Schema,
    places: &'a Places,
    pub(crate) findings: Findings,
    out: &'a mut Vec<u8>,
    classes: [u8; 256],
    /// `"PID-` and then, for the field at hand, its number and repetition.
    prefix: Vec<u8>,
    name_length: usize,
    is_first: bool,
}

/// Where a value stands in its segment; all from 1.
#[derive(Clone, Copy)]
struct Position {
    field: usize,
    repetition: usize,
    component: usize,
    subcomponent: usize,
}

impl<'a> SegmentWriter<'a> {
    pub(crate) fn new(
        text: &'a [u8],
        delimiters: &'a Delimiters,
        schema: Schema,
        places: &'a Places,
        findings: Findings,
        out: &'a mut Vec<u8>,
    ) -> Self {
        let classes = classes(delimiters);
        let prefix = Vec::with_capacity(64);
        Self {
            text,
            delimiters,
            schema,
            places,
            findings,
            out,
            classes,
            prefix,
            name_length: 0,
            is_first: true,
        }
    }

    /// Where a range of the text lies in the submitted bytes.
    pub(crate) fn submitted(&self, range: Range<usize>) -> (u64, u64) {
        self.places.submitted(range)
    }

    /// The text before `end`.
    pub(crate) fn text_until(&self, end: usize) -> &'a [u8] {
        cut(self.text, 0, end)
    }

    /// How long the line at `at` is; none after the last.
    pub(crate) fn line_length(&self, at: usize) -> Option<usize> {
        let rest = self.text.get(at..).filter(|rest| !rest.is_empty())?;
        Some(memchr(b'\r', rest).unwrap_or(rest.len()))
    }

    /// The MSH segment; MSH-1 and MSH-2 are values that are not split.
    pub(crate) fn header(&mut self, range: Range<usize>, encoding: &str) {
        self.open(b"MSH");
        let mut separator = [0; 4];
        let separator = self.delimiters.field.character.encode_utf8(&mut separator).as_bytes();
        self.verbatim(b"\"MSH-1.1\":\"", separator);
        self.verbatim(b"\"MSH-2.1\":\"", encoding.as_bytes());
        let line = cut(self.text, range.start, range.end);
        let mut separators = memchr::memchr_iter(self.delimiters.field.byte, line);
        if let Some(third) = separators.nth(1) {
            self.fields(range.start + third..range.end, 3);
        }
        self.close();
    }

    /// Any other segment.
    pub(crate) fn segment(&mut self, range: Range<usize>) {
        let line = cut(self.text, range.start, range.end);
        let length = memchr(self.delimiters.field.byte, line).unwrap_or(line.len());
        let name = cut(line, 0, length);
        self.open(name);
        self.fields(range.start + length..range.end, 1);
        self.close();
    }

    /// After the last segment.
    pub(crate) fn finish(&mut self) {}

    fn open(&mut self, name: &[u8]) {
        if !self.is_first {
            self.out.push(b',');
        }
        self.is_first = false;
        self.out.extend_from_slice(br#"{"id":""#);
        json::escaped(self.out, name);
        self.out.extend_from_slice(br#"","fields":{"#);
        self.prefix.clear();
        self.prefix.push(b'"');
        json::escaped(&mut self.prefix, name);
        self.prefix.push(b'-');
        self.name_length = self.prefix.len();
    }

    fn close(&mut self) {
        if self.out.last() == Some(&b',') {
            self.out.pop();
        }
        self.out.extend_from_slice(b"}}");
    }

    fn verbatim(&mut self, key: &[u8], value: &[u8]) {
        if !value.is_empty() {
            self.out.extend_from_slice(key);
            json::escaped(self.out, value);
            self.out.extend_from_slice(b"\",");
        }
    }

    /// The fields of `range`, which starts with the separator before field number `first`.
    fn fields(&mut self, range: Range<usize>, first: usize) {
        if range.is_empty() {
            return;
        }
        let mut position = Position { field: first, repetition: 1, component: 1, subcomponent: 1 };
        let mut start = range.start + 1;
        let mut scan = start;
        let mut is_special = false;
        loop {
            let rest = cut(self.text, scan, range.end);
            let (class, at) = match rest.iter().position(|&byte| self.class(byte) != PLAIN) {
                Some(offset) => (rest.get(offset).map_or(END, |&byte| self.class(byte)), scan + offset),
                None => (END, range.end),
            };
            scan = at + 1;
            if class == SPECIAL {
                is_special = true;
                continue;
            }
            if at > start {
                self.value(start..at, position, is_special);
            }
            match class {
                SUBCOMPONENT => position.subcomponent += 1,
                COMPONENT => {
                    position.component += 1;
                    position.subcomponent = 1;
                }
                REPETITION => {
                    position.repetition += 1;
                    position.component = 1;
                    position.subcomponent = 1;
                    self.prefix.truncate(self.name_length);
                }
                FIELD => {
                    position =
                        Position { field: position.field + 1, repetition: 1, component: 1, subcomponent: 1 };
                    self.prefix.truncate(self.name_length);
                }
                _ => return,
            }
            start = at + 1;
            is_special = false;
        }
    }

    fn value(&mut self, range: Range<usize>, position: Position, is_special: bool) {
        if self.prefix.len() == self.name_length {
            json::number(&mut self.prefix, position.field as u64);
            if position.repetition > 1 {
                self.prefix.push(b'[');
                json::number(&mut self.prefix, position.repetition as u64);
                self.prefix.push(b']');
            }
            self.prefix.push(b'.');
        }
        self.out.extend_from_slice(&self.prefix);
        json::number(self.out, position.component as u64);
        if position.subcomponent > 1 {
            self.out.push(b'.');
            json::number(self.out, position.subcomponent as u64);
        }
        self.out.extend_from_slice(b"\":\"");
        let value = cut(self.text, range.start, range.end);
        if is_special {
            escape::resolve_json(value, self.delimiters, self.out, |_| {});
        } else {
            self.out.extend_from_slice(value);
        }
        self.out.extend_from_slice(b"\",");
    }

    #[inline]
    #[expect(clippy::indexing_slicing, reason = "a byte indexes 256 entries")]
    fn class(&self, byte: u8) -> u8 {
        self.classes[usize::from(byte)]
    }
}

fn classes(delimiters: &Delimiters) -> [u8; 256] {
    let mut classes = [PLAIN; 256];
    for (byte, class) in (0..=u8::MAX).zip(classes.iter_mut()) {
        let is_special = json::needs_escape(byte) || byte == 0x7F || byte == 0xEF || byte == b'&';
        *class = if is_special { SPECIAL } else { PLAIN };
    }
    let mut set = |delimiter: Option<Delimiter>, to: u8| {
        if let Some(class) = delimiter.and_then(|delimiter| classes.get_mut(usize::from(delimiter.byte))) {
            *class = to;
        }
    };
    set(delimiters.escape, SPECIAL);
    set(delimiters.subcomponent, SUBCOMPONENT);
    set(delimiters.repetition, REPETITION);
    set(Some(delimiters.component), COMPONENT);
    set(Some(delimiters.field), FIELD);
    classes
}
