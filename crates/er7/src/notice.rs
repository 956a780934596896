//! What is odd about segments, fields and values; the writing itself is in `segment`.

use crate::checks::{self, OddTime};
use crate::codes::{self, Code, Severity};
use crate::cut;
use crate::delimiters::Remark;
use crate::findings::OddEscapes;
use crate::form;
use crate::json;
use crate::schema::{self, Time};
use crate::segment::{Position, SPECIAL, SegmentWriter};
use memchr::memchr;
use std::ops::Range;

/// What OBX-2 says of OBX-5.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum ValueType {
    /// Nothing.
    #[default]
    Missing,
    /// TX, FT or ST.
    Text,
    /// ED.
    Document,
    /// A date or time.
    Time(Time),
    /// Anything else.
    Other,
}

/// What is known of the segment at hand.
#[derive(Clone, Default)]
pub(crate) struct Current {
    /// Its definition, if this version has one.
    pub(crate) schema: Option<&'static schema::SegmentSchema>,
    pub(crate) is_observation: bool,
    value_type: ValueType,
    /// OBX-5.4 says base64.
    is_base64: bool,
    /// The first field that may end with the next segment's name.
    joined: Option<(usize, Range<usize>)>,
    /// Where the last header behind framing stands in a value; that one is told.
    joined_header: Option<usize>,
    has_more_fields: bool,
}

impl SegmentWriter<'_> {
    /// One finding with a place.
    pub(crate) fn finding_at(
        &mut self,
        code: &Code,
        severity: Severity,
        detail: Option<&'static str>,
        path: Option<&str>,
        span: (u64, u64),
    ) {
        if self.findings.count(code, severity) {
            self.findings.place(code, severity, detail, path, span);
        }
    }

    fn value_finding(
        &mut self,
        code: &Code,
        detail: Option<&'static str>,
        position: Position,
        range: Range<usize>,
    ) {
        if self.findings.count(code, code.severity) {
            let path = self.path(position);
            let span = self.submitted(range);
            self.findings.place(code, code.severity, detail, Some(&path), span);
        }
    }

    /// As the keys of the staged JSON, without a component of 1 that stands alone.
    fn path(&self, position: Position) -> String {
        let mut path = self.id.trim_ascii_end().to_vec();
        path.push(b'-');
        json::number(&mut path, position.field as u64);
        if position.repetition > 1 {
            path.push(b'[');
            json::number(&mut path, position.repetition as u64);
            path.push(b']');
        }
        if position.component > 1 || position.subcomponent > 1 {
            path.push(b'.');
            json::number(&mut path, position.component as u64);
        }
        if position.subcomponent > 1 {
            path.push(b'.');
            json::number(&mut path, position.subcomponent as u64);
        }
        String::from_utf8(path).unwrap_or_default()
    }

    /// The first line, whose MSH-1 and MSH-2 are read already; `version` is MSH-12.1.
    pub(crate) fn notice_header(&mut self, range: Range<usize>, encoding: &str) {
        let start = (range.start + 4).min(range.end);
        let rest = cut(self.text, start, range.end);
        let length = memchr(self.delimiters.field.byte, rest).unwrap_or(rest.len());
        let encoding_span = start..start + length;
        if let Some(remark) = self.delimiters.remark {
            let severity = if remark == Remark::Unusual { Severity::Information } else { Severity::Warning };
            let span = self.submitted(encoding_span.clone());
            let code = &codes::ENCODING_CHARACTERS;
            self.finding_at(code, severity, Some(remark.detail()), Some("MSH-2"), span);
        }
        let damage = if encoding.contains("\\\\") {
            Some("doubled-backslash")
        } else if encoding.contains("\\u0026") {
            Some("json-escape")
        } else if encoding.contains("&amp;") {
            Some("html-entity")
        } else {
            None
        };
        if damage.is_some() {
            let span = self.submitted(encoding_span);
            self.finding_at(&codes::TRANSPORT_DAMAGE, Severity::Warning, damage, Some("MSH-2"), span);
        }
    }

    /// A segment whose name is well formed, once its `id` is set.
    pub(crate) fn notice_name(&mut self, range: Range<usize>, is_only_name: bool) {
        self.current = Current { is_observation: self.id == *b"OBX", ..Current::default() };
        self.current.schema = self.schema.segment(self.id);
        if is_only_name {
            self.name_finding("only-name", range.clone());
        }
        if self.current.schema.is_none() {
            let is_local = self.id.starts_with(b"Z");
            let (code, severity) = if is_local {
                (&codes::Z_SEGMENT, Severity::Information)
            } else {
                (&codes::UNKNOWN_SEGMENT, Severity::Warning)
            };
            if self.findings.count(code, severity) {
                let id = self.id;
                let span = self.submitted(range);
                self.findings.place(code, severity, None, std::str::from_utf8(&id).ok(), span);
            }
        }
    }

    /// A name that is odd; `detail` says how.
    pub(crate) fn name_finding(&mut self, detail: &'static str, range: Range<usize>) {
        let code = &codes::SEGMENT_NAME;
        if self.findings.count(code, code.severity) {
            let id = self.id;
            let id = std::str::from_utf8(&id).unwrap_or_default().trim_end();
            let span = self.submitted(range);
            self.findings.place(code, code.severity, Some(detail), Some(id), span);
        }
    }

    /// The last line is one or two letters: the start of a name.
    pub(crate) fn cut_off(&mut self, range: Range<usize>) {
        let span = self.submitted(range);
        self.finding_at(&codes::RUN_TOGETHER, Severity::Warning, Some("cut-off"), Some("?"), span);
    }

    /// The first value of a field, or of one of its repetitions: what kind of values it has.
    pub(crate) fn start_field(&mut self, field: usize) {
        self.time = match (self.current.is_observation, field, self.current.value_type) {
            (true, 5, ValueType::Time(time)) => time,
            (true, 5, _) => Time::No,
            _ => self.current.schema.map_or(Time::No, |schema| schema.time(field)),
        };
    }

    /// A value that is a date or time by its field.
    pub(crate) fn notice_time(&mut self, range: Range<usize>, position: Position) {
        let value = cut(self.text, range.start, range.end);
        match checks::odd_time(self.time, value) {
            None => {}
            // MSH-7 gives the zone of all times without one (HL7 v2.5, 2.15.9.7); one remark says that it does not.
            Some(OddTime::NoZone) if self.has_zone => {}
            Some(odd) => {
                self.has_zone |= odd == OddTime::NoZone;
                if value != b"\"\"" {
                    self.value_finding(&codes::TIMESTAMP, Some(odd.detail()), position, range);
                }
            }
        }
    }

    /// A value of an OBX segment.
    pub(crate) fn notice_observation(&mut self, range: Range<usize>, position: Position) {
        let value = cut(self.text, range.start, range.end);
        match (position.field, position.component, position.subcomponent) {
            (2, 1, 1) if position.repetition == 1 => {
                let name = value.trim_ascii();
                self.current.value_type = match (name, Time::named(name)) {
                    (b"TX" | b"FT" | b"ST", _) => ValueType::Text,
                    (b"ED", _) => ValueType::Document,
                    (_, Time::No) => ValueType::Other,
                    (_, time) => ValueType::Time(time),
                };
                if value != b"\"\"" && !schema::is_data_type(name) {
                    self.value_finding(&codes::VALUE_TYPE, Some("invalid"), position, range);
                }
            }
            (5, 4, 1) => self.current.is_base64 = value.trim_ascii().eq_ignore_ascii_case(b"base64"),
            (5, 5, 1) if self.current.is_base64 && self.current.value_type == ValueType::Document => {
                self.notice_document(range, position);
            }
            _ => {}
        }
    }

    fn notice_document(&mut self, range: Range<usize>, position: Position) {
        let escape = self.delimiters.escape.map(|escape| escape.byte);
        if !checks::is_base64(cut(self.text, range.start, range.end), escape) {
            self.value_finding(&codes::EMBEDDED_DOCUMENT, Some("not-base64"), position, range);
        }
    }

    /// A field that is not empty is complete; `is_split` if a delimiter stands in it, `is_last` if it ends the segment.
    pub(crate) fn end_field(&mut self, range: Range<usize>, field: usize, split: Split) {
        let position = Position { field, repetition: 1, component: 1, subcomponent: 1 };
        if let Some(schema) = self.current.schema
            && field > schema.field_count()
        {
            self.current.has_more_fields = true;
            self.value_finding(&codes::FIELD_BEYOND_DEFINITION, None, position, range.clone());
        }
        if self.current.is_observation && field == 5 {
            self.end_observation(range.clone(), position, split);
        }
        if !split.is_last {
            self.notice_joined(range, position);
        }
    }

    fn end_observation(&mut self, range: Range<usize>, position: Position, split: Split) {
        match self.current.value_type {
            ValueType::Missing => {
                let at = self.type_place.clone();
                let position = Position { field: 2, ..position };
                self.value_finding(&codes::VALUE_TYPE, Some("missing"), position, at);
            }
            ValueType::Text if split.is_split => {
                self.value_finding(&codes::DELIMITER_IN_TEXT, None, position, range);
            }
            // A whole document in OBX-5.1; shorter values are more likely names of one.
            ValueType::Document if !split.is_split && range.len() >= 64 => {
                self.notice_document(range, position);
            }
            _ => {}
        }
    }

    /// Whether the next segment's name stands at the end of this field, as in `…2.5PID|1|…`. Names are also ordinary
    /// words (`PCR`), so something has to speak for it: a set id behind it, or more fields than are defined.
    fn notice_joined(&mut self, range: Range<usize>, position: Position) {
        let [before @ .., first, second, third] = cut(self.text, range.start, range.end) else { return };
        if !first.is_ascii_uppercase() || !third.is_ascii_alphanumeric() {
            return;
        }
        let name = [*first, *second, *third];
        let is_apart = before
            .last()
            .is_none_or(|&byte| !byte.is_ascii_uppercase() && byte != b'_' && self.class(byte) <= SPECIAL);
        if !is_apart || self.schema.segment(name).is_none() {
            return;
        }
        let at = range.end - 3..range.end;
        if self.current.joined_header == Some(at.start) {
            return;
        }
        let next = cut(self.text, range.end + 1, self.text.len().min(range.end + 6));
        let separator = self.delimiters.field.byte;
        let next = next.iter().position(|&byte| byte == separator).and_then(|length| next.get(..length));
        let has_set_id = match next {
            Some([]) | None => false,
            Some(id) => id.iter().all(u8::is_ascii_digit),
        };
        if has_set_id && !before.is_empty() {
            self.value_finding(&codes::RUN_TOGETHER, Some("segment-in-field"), position, at);
        } else if self.current.joined.is_none() {
            self.current.joined = Some((position.field, at));
        }
    }

    /// The segment is complete.
    pub(crate) fn end_segment(&mut self) {
        if self.current.has_more_fields
            && let Some((field, at)) = self.current.joined.take()
        {
            let position = Position { field, repetition: 1, component: 1, subcomponent: 1 };
            self.value_finding(&codes::RUN_TOGETHER, Some("segment-in-field"), position, at);
        }
    }

    /// Looks at the special bytes of a value; true if an escape character is among them.
    pub(crate) fn notice_special(&mut self, range: Range<usize>, position: Position) -> bool {
        let mut has_escape = false;
        let mut at = range.start;
        let mut framing_end = at; // framing before it has been looked behind
        while let Some(offset) =
            cut(self.text, at, range.end).iter().position(|&byte| self.class(byte) == SPECIAL)
        {
            at += offset;
            let rest = cut(self.text, at, range.end);
            let byte = rest.first().copied().unwrap_or_default();
            if self.delimiters.escape.is_some_and(|escape| escape.byte == byte) {
                has_escape = true;
            } else {
                if at >= framing_end && form::is_framing(byte) {
                    framing_end = form::skip_prefix(self.text, at, range.end);
                    self.notice_joined_header(framing_end..range.end, position);
                }
                let odd = match byte {
                    b'\n' => Some((&codes::LINE_FEED_IN_TEXT, None, 1)),
                    0..0x20 | 0x7F => Some((&codes::CONTROL_CHARACTER, None, 1)),
                    0xC2 if matches!(rest.get(1), Some(0x80..=0x9F)) => {
                        Some((&codes::CONTROL_CHARACTER, None, 2))
                    }
                    0xEF if rest.starts_with(b"\xEF\xBF\xBD") => {
                        Some((&codes::TRANSPORT_DAMAGE, Some("replacement-character"), 3))
                    }
                    b'&' if checks::is_entity(cut(rest, 1, rest.len())) => {
                        Some((&codes::TRANSPORT_DAMAGE, Some("html-entity"), 1))
                    }
                    _ => None,
                };
                if let Some((code, detail, length)) = odd {
                    self.value_finding(code, detail, position, at..at + length);
                }
            }
            at += 1;
        }
        has_escape
    }

    /// Whether the rest of a value, behind framing, begins another message: one whose framing is there, but not the line end
    /// that would have set it apart. Its field separator may be another one.
    fn notice_joined_header(&mut self, rest: Range<usize>, position: Position) {
        let is_header = form::header_separator(cut(self.text, rest.start, self.text.len())).is_some();
        if is_header && !rest.is_empty() {
            self.current.joined_header = Some(rest.start);
            let name = rest.start..rest.start + 3;
            self.value_finding(&codes::RUN_TOGETHER, Some("segment-in-field"), position, name);
        }
    }

    /// A subcomponent that makes the delimiter before it an HTML entity.
    pub(crate) fn notice_entity(&mut self, range: Range<usize>, position: Position) {
        if checks::is_entity(cut(self.text, range.start, range.end)) {
            let at = range.start - 1..range.end;
            self.value_finding(&codes::TRANSPORT_DAMAGE, Some("html-entity"), position, at);
        }
    }

    /// Unknown or lone escape sequences of a value that starts at `start`.
    pub(crate) fn notice_escapes(&mut self, odd: &OddEscapes, start: usize, position: Position) {
        for place in &odd.places {
            let range = start + place.start..start + place.end;
            self.value_finding(&codes::ESCAPE_SEQUENCE, None, position, range);
        }
        self.findings.count_more(&codes::ESCAPE_SEQUENCE, odd.more);
    }
}

/// How a field ended.
#[derive(Clone, Copy)]
pub(crate) struct Split {
    pub(crate) is_split: bool,
    pub(crate) is_last: bool,
}
