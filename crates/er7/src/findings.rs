//! What was noticed: code, path, place. At most 100 places a code, then counted; never the content.

use crate::codes::{Code, Severity};
use crate::json;
use std::collections::BTreeMap;
use std::ops::Range;

/// Places that are listed of one code.
pub(crate) const MOST_PLACES: u32 = 100;

/// The findings of one message, as JSON objects ready to be joined.
#[derive(Default)]
pub(crate) struct Findings {
    json: Vec<u8>,
    counts: BTreeMap<&'static str, (u32, Severity)>,
}

impl Findings {
    /// Counts one; true if its place is still to be told by [`Self::place`].
    pub(crate) fn count(&mut self, code: &Code, severity: Severity) -> bool {
        let (count, gravest) = self.counts.entry(code.code).or_insert((0, severity));
        *count = count.saturating_add(1);
        *gravest = (*gravest).max(severity);
        *count <= MOST_PLACES
    }

    /// Counts more of a code that was counted before, without a place.
    pub(crate) fn count_more(&mut self, code: &Code, more: u32) {
        if let Some((count, _)) = self.counts.get_mut(code.code) {
            *count = count.saturating_add(more);
        }
    }

    /// Writes the place of the one just counted. `path` is made of names and numbers only.
    pub(crate) fn place(
        &mut self,
        code: &Code,
        severity: Severity,
        detail: Option<&'static str>,
        path: Option<&str>,
        span: (u64, u64),
    ) {
        let out = &mut self.json;
        if !out.is_empty() {
            out.push(b',');
        }
        out.extend_from_slice(br#"{"code":""#);
        out.extend_from_slice(code.code.as_bytes());
        out.extend_from_slice(br#"","path":"#);
        match path {
            Some(path) => json::string(out, path),
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(br#","span":"#);
        json::span(out, span);
        out.extend_from_slice(br#","severity":""#);
        out.extend_from_slice(severity.as_str().as_bytes());
        out.push(b'"');
        if let Some(detail) = detail {
            out.extend_from_slice(br#","detail":""#);
            out.extend_from_slice(detail.as_bytes());
            out.push(b'"');
        }
        out.push(b'}');
    }

    /// The array, with an entry `more` for each code that had more places than are listed.
    pub(crate) fn write_json(&self, out: &mut Vec<u8>) {
        out.push(b'[');
        out.extend_from_slice(&self.json);
        for (code, (count, severity)) in &self.counts {
            if let Some(more) = count.checked_sub(MOST_PLACES).filter(|&more| more > 0) {
                out.extend_from_slice(br#",{"code":""#);
                out.extend_from_slice(code.as_bytes());
                out.extend_from_slice(br#"","path":null,"span":null,"severity":""#);
                out.extend_from_slice(severity.as_str().as_bytes());
                out.extend_from_slice(br#"","more":"#);
                json::number(out, u64::from(more));
                out.push(b'}');
            }
        }
        out.push(b']');
    }

    /// How often each code was found.
    pub(crate) fn codes(&self) -> BTreeMap<&'static str, u32> {
        self.counts.iter().map(|(code, (count, _))| (*code, *count)).collect()
    }
}

/// Odd escapes of one value: the first places, and how many more there are.
#[derive(Default)]
pub(crate) struct OddEscapes {
    pub(crate) places: Vec<Range<usize>>,
    pub(crate) more: u32,
}

impl OddEscapes {
    pub(crate) fn add(&mut self, place: Range<usize>) {
        if self.places.len() < MOST_PLACES as usize {
            self.places.push(place);
        } else {
            self.more = self.more.saturating_add(1);
        }
    }
}
