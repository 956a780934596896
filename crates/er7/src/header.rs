//! The few facts of MSH-3 to MSH-12 that the lake carries beside a message.

use crate::charset;
use crate::cut;
use crate::delimiters::Delimiters;
use crate::escape;
use crate::form;
use crate::json;
use crate::wide;
use memchr::memchr2;
use serde::{Deserialize, Serialize};

/// At most this many characters of each fact.
const MOST_CHARACTERS: usize = 199;
/// How far a header is searched when it is only peeked at, in bytes.
const PEEK: usize = 64 * 1024;

/// Facts of the MSH segment: non-empty, printable, at most 199 characters each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Header {
    /// MSH-9.1, as `ADT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_type: Option<String>,
    /// MSH-9.2, as `A01`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger_event: Option<String>,
    /// MSH-9.3, as `ADT_A01`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub structure: Option<String>,
    /// MSH-10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_id: Option<String>,
    /// MSH-12.1, as `2.5`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// MSH-11.1: `P`, `T` or `D`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processing_id: Option<String>,
    /// MSH-3, its first component that is not empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sending_application: Option<String>,
    /// MSH-4, its first component that is not empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sending_facility: Option<String>,
    /// MSH-5, its first component that is not empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receiving_application: Option<String>,
    /// MSH-6, its first component that is not empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receiving_facility: Option<String>,
    /// MSH-7.1, as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<String>,
}

/// The header of whatever was submitted: best effort on any bytes, never fails, looks only at the first segment.
#[must_use]
pub fn peek_header(submitted: &[u8]) -> Header {
    let start = cut(submitted, 0, submitted.len().min(PEEK));
    if !form::is_wide(start) {
        return peek_bytes(start);
    }
    match wide::transcode(start) {
        Ok(transcoded) => peek_bytes(transcoded.text.as_bytes()),
        Err(broken) => wide::transcode(cut(start, 0, broken.start))
            .map(|transcoded| peek_bytes(transcoded.text.as_bytes()))
            .unwrap_or_default(),
    }
}

/// Whether MSH-1 and MSH-2 of a message in a character set of single or marked bytes can be used, so that it will not fail
/// as `unusable-delimiters`. Looks only at the first segment; true where there is none, or where it is UTF-16 or UTF-32.
#[must_use]
pub fn has_usable_delimiters(submitted: &[u8]) -> bool {
    let start = cut(submitted, 0, submitted.len().min(PEEK));
    if form::is_wide(start) {
        return true;
    }
    first_segment(start).is_none_or(|line| {
        let decoded = charset::decode(line, charset::declared(line), None);
        Delimiters::read(&decoded.text).is_ok()
    })
}

fn peek_bytes(bytes: &[u8]) -> Header {
    let Some(line) = first_segment(bytes) else { return Header::default() };
    let decoded = charset::decode(line, charset::declared(line), None);
    Header::of(&decoded.text)
}

fn first_segment(bytes: &[u8]) -> Option<&[u8]> {
    let at = form::first_message(bytes)?;
    let rest = cut(bytes, at, bytes.len());
    let length = memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
    Some(cut(rest, 0, length))
}

impl Header {
    /// Reads a decoded MSH segment.
    pub(crate) fn of(segment: &str) -> Self {
        let Ok(delimiters) = Delimiters::read(segment) else { return Self::default() };
        let mut fields = segment.split(delimiters.field.character).skip(2); // MSH, MSH-2
        let mut field = || Field { text: fields.next().unwrap_or_default(), delimiters: &delimiters };
        let (sending_application, sending_facility) = (field().first_filled(), field().first_filled());
        let (receiving_application, receiving_facility) = (field().first_filled(), field().first_filled());
        let sent_at = field().component(0);
        let _security = field();
        let message = field();
        let control_id = field().component(0);
        let processing_id = field().component(0);
        let version = field().component(0);
        Self {
            message_type: message.component(0),
            trigger_event: message.component(1),
            structure: message.component(2),
            control_id,
            version,
            processing_id,
            sending_application,
            sending_facility,
            receiving_application,
            receiving_facility,
            sent_at,
        }
    }

    pub(crate) fn write_json(&self, out: &mut Vec<u8>) {
        let facts = [
            ("message_type", &self.message_type),
            ("trigger_event", &self.trigger_event),
            ("structure", &self.structure),
            ("control_id", &self.control_id),
            ("version", &self.version),
            ("processing_id", &self.processing_id),
            ("sending_application", &self.sending_application),
            ("sending_facility", &self.sending_facility),
            ("receiving_application", &self.receiving_application),
            ("receiving_facility", &self.receiving_facility),
            ("sent_at", &self.sent_at),
        ];
        out.push(b'{');
        let mut separator: &[u8] = b"";
        for (name, fact) in facts {
            if let Some(fact) = fact {
                out.extend_from_slice(separator);
                json::string(out, name);
                out.push(b':');
                json::string(out, fact);
                separator = b",";
            }
        }
        out.push(b'}');
    }
}

struct Field<'a> {
    text: &'a str,
    delimiters: &'a Delimiters,
}

impl<'a> Field<'a> {
    fn components(&self) -> impl Iterator<Item = &'a str> {
        let first = match self.delimiters.repetition {
            Some(repetition) => self.text.split(repetition.character).next().unwrap_or_default(),
            None => self.text,
        };
        first.split(self.delimiters.component.character)
    }

    fn component(&self, index: usize) -> Option<String> {
        self.components().nth(index).and_then(|text| self.fact(text))
    }

    fn first_filled(&self) -> Option<String> {
        self.components().find_map(|text| self.fact(text))
    }

    /// Resolved, printable, bounded; none where nothing is left.
    fn fact(&self, text: &str) -> Option<String> {
        if text.is_empty() || text == "\"\"" {
            return None;
        }
        let mut resolved = Vec::new();
        let text = if text.contains(self.delimiters.escape.map_or('\\', |escape| escape.character)) {
            let start: String = text.chars().take(MOST_CHARACTERS * 8).collect();
            escape::resolve(start.as_bytes(), self.delimiters, &mut resolved);
            String::from_utf8(resolved).unwrap_or_default()
        } else {
            text.chars().take(MOST_CHARACTERS * 2).collect()
        };
        let fact: String =
            text.chars().filter(|character| !character.is_control()).take(MOST_CHARACTERS).collect();
        let fact = fact.trim();
        (!fact.is_empty()).then(|| fact.to_owned())
    }
}
