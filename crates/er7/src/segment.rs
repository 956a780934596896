//! One segment at a time, straight from ER7 to JSON.

use crate::cut;
use crate::delimiters::{Delimiter, Delimiters};
use crate::escape;
use crate::findings::{Findings, OddEscapes};
use crate::json;
use crate::notice::{Current, Split};
use crate::places::Places;
use crate::schema::{Schema, Time};
use memchr::memchr;
use std::ops::Range;

// What a byte means while a segment is split; a higher class ends what a lower one ends.
pub(crate) const PLAIN: u8 = 0;
/// To be looked at before it is written.
pub(crate) const SPECIAL: u8 = 1;
const SUBCOMPONENT: u8 = 2;
const COMPONENT: u8 = 3;
const REPETITION: u8 = 4;
const FIELD: u8 = 5;
const END: u8 = 6;

/// The id of a line that is no segment.
const NO_ID: [u8; 3] = *b"?  ";

/// Writes segments as JSON objects; what it notices on the way is in `notice`.
pub(crate) struct SegmentWriter<'a> {
    pub(crate) text: &'a [u8],
    pub(crate) delimiters: &'a Delimiters,
    pub(crate) schema: Schema,
    places: &'a Places,
    pub(crate) findings: Findings,
    out: &'a mut Vec<u8>,
    classes: &'a Classes,
    /// `"PID-` and then, for the field at hand, its number and repetition.
    prefix: Vec<u8>,
    name_length: usize,
    is_first: bool,
    pub(crate) id: [u8; 3],
    pub(crate) current: Current,
    /// Of the field at hand.
    pub(crate) time: Time,
    /// MSH-7 has a zone, or the remark that it has none is made.
    pub(crate) has_zone: bool,
    /// Where OBX-2 stands.
    pub(crate) type_place: Range<usize>,
}

/// Where a value stands in its segment; all from 1.
#[derive(Clone, Copy)]
pub(crate) struct Position {
    pub(crate) field: usize,
    pub(crate) repetition: usize,
    pub(crate) component: usize,
    pub(crate) subcomponent: usize,
}

impl<'a> SegmentWriter<'a> {
    pub(crate) fn new(
        text: &'a [u8],
        delimiters: &'a Delimiters,
        schema: Schema,
        classes: &'a Classes,
        places: &'a Places,
        has_zone: bool,
        out: &'a mut Vec<u8>,
    ) -> Self {
        Self {
            text,
            delimiters,
            schema,
            places,
            findings: Findings::default(),
            out,
            classes,
            prefix: Vec::with_capacity(64),
            name_length: 0,
            is_first: true,
            id: *b"MSH",
            current: Current::default(),
            time: Time::No,
            has_zone,
            type_place: 0..0,
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
        self.id = *b"MSH";
        self.notice_name(range.start..range.start + 3, false);
        self.notice_header(range.clone(), encoding);
        self.open();
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

    /// Any other line. One that is no segment gets the id `?`, and what stands where its name should be the number 0.
    pub(crate) fn segment(&mut self, range: Range<usize>) {
        let line = cut(self.text, range.start, range.end);
        let length = memchr(self.delimiters.field.byte, line).unwrap_or(line.len());
        let place = range.start..range.start + length;
        let is_only_name = length == line.len();
        match segment_name(cut(line, 0, length), is_only_name) {
            Name::WellFormed(id) => {
                self.id = id;
                self.notice_name(place.clone(), is_only_name);
                self.open();
            }
            Name::Odd(id, detail) => {
                self.id = id;
                self.notice_name(place.clone(), false);
                self.name_finding(detail, place.clone());
                self.open();
            }
            Name::None => {
                self.id = NO_ID;
                self.current = Current::default();
                self.name_finding("no-name", place.clone());
                let is_start_of_name = length < 3 && line.iter().all(u8::is_ascii_uppercase);
                if is_only_name && is_start_of_name && range.end == self.text.len() {
                    self.cut_off(place.clone());
                }
                self.open();
                if !place.is_empty() {
                    let position = Position { field: 0, repetition: 1, component: 1, subcomponent: 1 };
                    self.value(place.clone(), position, true);
                    self.prefix.truncate(self.name_length);
                }
            }
        }
        self.fields(place.end..range.end, 1);
        self.end_segment();
        self.close();
    }

    fn open(&mut self) {
        if !self.is_first {
            self.out.push(b',');
        }
        self.is_first = false;
        let id = self.id.trim_ascii_end();
        self.out.extend_from_slice(br#"{"id":""#);
        self.out.extend_from_slice(id);
        self.out.extend_from_slice(br#"","fields":{"#);
        self.prefix.clear();
        self.prefix.push(b'"');
        self.prefix.extend_from_slice(id);
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
        let mut field_start = range.start + 1;
        let mut start = field_start;
        let mut scan = start;
        let mut is_special = false;
        let mut is_split = false;
        let classes = self.classes;
        let line = cut(self.text, 0, range.end);
        loop {
            let mut at = scan;
            let class = loop {
                let Some(&byte) = line.get(at) else { break END };
                match classes.of(byte) {
                    PLAIN => at += 1,
                    class => break class,
                }
            };
            scan = at + 1;
            if class == SPECIAL {
                is_special = true;
                continue;
            }
            if at > start {
                self.value(start..at, position, is_special);
            }
            start = at + 1;
            is_special = false;
            match class {
                SUBCOMPONENT => {
                    is_split = true;
                    position.subcomponent += 1;
                }
                COMPONENT => {
                    is_split = true;
                    position.component += 1;
                    position.subcomponent = 1;
                }
                REPETITION => {
                    is_split = true;
                    position.repetition += 1;
                    position.component = 1;
                    position.subcomponent = 1;
                    self.prefix.truncate(self.name_length);
                }
                _ => {
                    let is_last = class == END;
                    if position.field == 2 && self.current.is_observation {
                        self.type_place = field_start..at;
                    }
                    if at > field_start {
                        self.end_field(field_start..at, position.field, Split { is_split, is_last });
                    }
                    if is_last {
                        return;
                    }
                    let field = position.field + 1;
                    position = Position { field, repetition: 1, component: 1, subcomponent: 1 };
                    field_start = start;
                    is_split = false;
                    self.prefix.truncate(self.name_length);
                }
            }
        }
    }

    fn value(&mut self, range: Range<usize>, position: Position, is_special: bool) {
        if self.prefix.len() == self.name_length {
            self.start_field(position.field);
            json::number(&mut self.prefix, position.field as u64);
            if position.repetition > 1 {
                self.prefix.push(b'[');
                json::number(&mut self.prefix, position.repetition as u64);
                self.prefix.push(b']');
            }
            self.prefix.push(b'.');
        }
        self.out.extend_from_slice(&self.prefix);
        match (u8::try_from(position.component), position.subcomponent) {
            (Ok(component @ 0..10), 1) => self.out.extend_from_slice(&[b'0' + component, b'"', b':', b'"']),
            _ => self.end_key(range.clone(), position),
        }
        let value = cut(self.text, range.start, range.end);
        if is_special {
            self.special_value(range.clone(), position);
        } else {
            self.out.extend_from_slice(value);
        }
        self.out.extend_from_slice(b"\",");
        if self.time != Time::No && position.component == 1 && position.subcomponent == 1 {
            self.notice_time(range.clone(), position);
        }
        if self.current.is_observation {
            self.notice_observation(range, position);
        }
    }

    fn end_key(&mut self, range: Range<usize>, position: Position) {
        json::number(self.out, position.component as u64);
        if position.subcomponent > 1 {
            self.out.push(b'.');
            json::number(self.out, position.subcomponent as u64);
            if self.delimiters.subcomponent.is_some_and(|delimiter| delimiter.byte == b'&') {
                self.notice_entity(range, position);
            }
        }
        self.out.extend_from_slice(b"\":\"");
    }

    fn special_value(&mut self, range: Range<usize>, position: Position) {
        let has_escape = self.notice_special(range.clone(), position);
        let value = cut(self.text, range.start, range.end);
        if !has_escape {
            return json::escaped(self.out, value);
        }
        let mut odd = OddEscapes::default();
        escape::resolve_json(value, self.delimiters, self.out, |place| odd.add(place));
        self.notice_escapes(&odd, range.start, position);
    }

    /// What a byte means in this message.
    #[inline]
    pub(crate) fn class(&self, byte: u8) -> u8 {
        self.classes.of(byte)
    }
}

/// What each byte means in a message.
pub(crate) struct Classes([u8; 256]);

impl Classes {
    pub(crate) fn of_message(delimiters: &Delimiters) -> Self {
        let mut classes = USUAL;
        let mut set = |delimiter: Option<Delimiter>, to: u8| {
            if let Some(class) = delimiter.and_then(|delimiter| classes.get_mut(usize::from(delimiter.byte)))
            {
                *class = to;
            }
        };
        set(delimiters.escape, SPECIAL);
        set(delimiters.subcomponent, SUBCOMPONENT);
        set(delimiters.repetition, REPETITION);
        set(Some(delimiters.component), COMPONENT);
        set(Some(delimiters.field), FIELD);
        Self(classes)
    }

    #[inline]
    #[expect(clippy::indexing_slicing, reason = "a byte indexes 256 entries")]
    fn of(&self, byte: u8) -> u8 {
        self.0[usize::from(byte)]
    }
}

/// Before the delimiters are known: what JSON escapes, controls, and where damage may start.
const USUAL: [u8; 256] = {
    let mut classes = [PLAIN; 256];
    let (mut rest, mut byte): (&mut [u8], u8) = (&mut classes, 0);
    while let [class, after @ ..] = rest {
        // 0xC2 begins the controls U+0080 to U+009F, 0xEF the replacement character.
        if byte < 0x20 || matches!(byte, b'"' | b'&' | b'\\' | 0x7F | 0xC2 | 0xEF) {
            *class = SPECIAL;
        }
        byte = byte.wrapping_add(1);
        rest = after;
    }
    classes
};

enum Name {
    WellFormed([u8; 3]),
    /// Well formed once blanks are left out and letters are capitals.
    Odd([u8; 3], &'static str),
    None,
}

/// Reads the text before the first field separator. Small letters and blanks are forgiven only where fields follow:
/// a line that is nothing but a word is rather the rest of a text.
fn segment_name(name: &[u8], is_only_name: bool) -> Name {
    if let &[first, second, third] = name {
        let id = [first, second, third];
        if is_well_formed(id) {
            return Name::WellFormed(id);
        }
    }
    let mut id = [0; 3];
    let mut letters = name.iter().copied().filter(|&byte| !crate::form::is_blank(byte));
    for (slot, letter) in id.iter_mut().zip(&mut letters) {
        *slot = letter.to_ascii_uppercase();
    }
    if letters.next().is_some() || !is_well_formed(id) {
        return Name::None;
    }
    let is_exact = name.trim_ascii() == id;
    match (is_exact, is_only_name) {
        (true, _) => Name::Odd(id, "blanks"),
        (false, true) => Name::None,
        (false, false) if name.len() == 3 => Name::Odd(id, "small-letters"),
        (false, false) => Name::Odd(id, "blanks"),
    }
}

fn is_well_formed([first, second, third]: [u8; 3]) -> bool {
    let is_next = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    first.is_ascii_uppercase() && is_next(second) && is_next(third)
}
