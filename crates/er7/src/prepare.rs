//! Prepare: the form of one message corrected, everything else untouched.

use crate::codes;
use crate::cut;
use crate::error::{Stage, StagingError};
use crate::form;
use crate::places::Places;
use crate::wide;
use memchr::memchr2;
use std::borrow::Cow;
use std::ops::Range;

/// A correction of form: how often it was made, and the first place in the submitted bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// Stable code, one of [`crate::codes`].
    pub code: &'static str,
    /// How often.
    pub count: u64,
    /// The first place, `[start, end)` in the submitted bytes.
    pub span: (u64, u64),
}

impl Correction {
    pub(crate) fn count(into: &mut Vec<Self>, code: &'static str, times: u64, span: Range<usize>) {
        match into.iter_mut().find(|correction| correction.code == code) {
            Some(correction) => correction.count += times,
            None => into.push(Self { code, count: times, span: (span.start as u64, span.end as u64) }),
        }
    }
}

/// A message whose form is corrected: its bytes, what was corrected, and the way back to the submitted bytes.
/// [`Prepared::to_bytes`] and [`Prepared::from_bytes`] hand it from one function to another.
#[derive(Clone, PartialEq, Eq)]
pub struct Prepared<'a> {
    pub(crate) bytes: Cow<'a, [u8]>,
    pub(crate) corrections: Vec<Correction>,
    pub(crate) places: Places,
    /// What the submitted bytes were, where they had to be transcoded first.
    pub(crate) charset: Option<&'static str>,
}

impl Prepared<'_> {
    /// The corrected bytes: segments ended by CR, none after the last.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What was corrected, in the order in which it was first met.
    #[must_use]
    pub fn corrections(&self) -> &[Correction] {
        &self.corrections
    }

    /// Where a range of [`Self::bytes`] lies in the submitted bytes.
    #[must_use]
    pub fn submitted_span(&self, range: Range<usize>) -> (u64, u64) {
        self.places.submitted(range)
    }
}

impl std::fmt::Debug for Prepared<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Never the bytes: they are patient data.
        formatter
            .debug_struct("Prepared")
            .field("length", &self.bytes.len())
            .field("corrections", &self.corrections)
            .finish_non_exhaustive()
    }
}

/// Corrects the form of one submitted message. Idempotent, and equal for equal canonical bytes. Borrows where it can.
///
/// # Errors
/// `empty`, `undecodable`, `no-message-header`, `unusable-delimiters`, `several-messages` (see [`crate::codes`]).
pub fn prepare(submitted: &[u8]) -> Result<Prepared<'_>, StagingError> {
    let formed = form::apply(submitted);
    let mut places = Places::default();
    places.push(formed.layer);
    let mut prepared =
        Prepared { bytes: formed.bytes, corrections: formed.corrections, places, charset: None };
    if form::is_wide(&prepared.bytes) {
        transcode(&mut prepared)?;
    }
    if prepared.bytes.is_empty() {
        let whole = (0, submitted.len() as u64);
        let mut error = StagingError::new(Stage::Prepare, &codes::EMPTY);
        error.span = Some(whole);
        return Err(error);
    }
    Envelope::of(&prepared.bytes).check(Stage::Prepare, |range| prepared.submitted_span(range))?;
    Ok(prepared)
}

fn transcode(prepared: &mut Prepared<'_>) -> Result<(), StagingError> {
    let undecodable = |span| {
        let mut error = StagingError::new(Stage::Prepare, &codes::UNDECODABLE);
        error.span = Some(span);
        error
    };
    let transcoded =
        wide::transcode(&prepared.bytes).map_err(|broken| undecodable(prepared.places.submitted(broken)))?;
    if let Some(mark) = transcoded.mark {
        let mark = prepared.places.submitted(mark);
        let span = Range { start: mark.0 as usize, end: mark.1 as usize };
        Correction::count(&mut prepared.corrections, codes::BYTE_ORDER_MARK.code, 1, span);
    }
    prepared.places.push(transcoded.layer);
    let formed = form::apply(transcoded.text.as_bytes());
    if form::is_wide(&formed.bytes) {
        return Err(undecodable(prepared.places.submitted(0..formed.bytes.len().min(4))));
    }
    for correction in formed.corrections {
        let span = correction.span.0 as usize..correction.span.1 as usize;
        let (start, end) = prepared.places.submitted(span);
        let span = start as usize..end as usize;
        Correction::count(&mut prepared.corrections, correction.code, correction.count, span);
    }
    let bytes = formed.bytes.into_owned();
    prepared.places.push(formed.layer);
    prepared.bytes = Cow::Owned(bytes);
    prepared.charset = Some(transcoded.charset);
    Ok(())
}

/// What stands around the message in prepared bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Envelope {
    /// One message; its MSH segment starts at `start`, after blanks where there are some.
    One { start: usize, separator: u8 },
    /// No line starts with MSH.
    NoHeader,
    /// MSH is there, but no usable field separator behind it.
    NoSeparator(Range<usize>),
    /// A second message, or a batch segment.
    Several(Range<usize>),
}

impl Envelope {
    /// As [`Self::of`], but content with the first message: what follows it was looked at before.
    pub(crate) fn of_first(bytes: &[u8]) -> Self {
        match form::header_separator(bytes) {
            Some(separator) if bytes.starts_with(b"MSH") => Self::One { start: 0, separator },
            _ => Self::of(bytes),
        }
    }

    /// Looks at the first bytes of every line, and behind every LF that is kept as data: a message with another field
    /// separator than the first does not look like a segment of it. Linear.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut found: Option<(usize, u8)> = None;
        let mut without_separator = None;
        let mut start = 0;
        let mut is_behind_line_feed = false;
        while start < bytes.len() {
            let rest = cut(bytes, start, bytes.len());
            let length = memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
            if let Some(name) = envelope_name(cut(bytes, start, start + length)) {
                let at = start + name;
                let line = cut(bytes, at, start + length);
                let is_message = line.starts_with(b"MSH");
                match form::header_separator(line) {
                    // Text may begin a line with `MSH-10` or `BTS:`; a header of its own says its delimiters.
                    Some(separator) if is_behind_line_feed && !says_delimiters(line, separator) => {}
                    Some(separator) if is_message && found.is_none() => found = Some((at, separator)),
                    Some(_) => return Self::Several(at..at + 3),
                    // A name alone, or a word of a text: what else follows a LF and is a segment has a CR by now.
                    None if is_behind_line_feed && !is_trailer_of(line, found) => {}
                    None if is_message && without_separator.is_none() => without_separator = Some(at..at + 3),
                    None if !is_message && !line.get(3).is_some_and(u8::is_ascii_alphanumeric) => {
                        return Self::Several(at..at + 3);
                    }
                    None => {}
                }
            }
            is_behind_line_feed = rest.get(length) == Some(&b'\n');
            start += length + 1;
        }
        match (found, without_separator) {
            (Some((start, separator)), _) => Self::One { start, separator },
            (None, Some(range)) => Self::NoSeparator(range),
            (None, None) => Self::NoHeader,
        }
    }

    /// The error that this is, unless it is one message.
    pub(crate) fn check(
        &self,
        stage: Stage,
        submitted: impl Fn(Range<usize>) -> (u64, u64),
    ) -> Result<(usize, u8), StagingError> {
        match self {
            Self::One { start, separator } => Ok((*start, *separator)),
            Self::NoHeader => Err(StagingError::new(stage, &codes::NO_MESSAGE_HEADER)),
            Self::NoSeparator(range) => {
                let error = StagingError::new(stage, &codes::UNUSABLE_DELIMITERS);
                Err(error.at("MSH-1", submitted(range.clone())))
            }
            Self::Several(range) => {
                let error = StagingError::new(stage, &codes::SEVERAL_MESSAGES);
                Err(error.at("MSH", submitted(range.clone())))
            }
        }
    }
}

/// Where the name of a header or batch segment starts in the line, if it is one: behind blanks, and behind framing and
/// marks, which stay before trailers and before names without a separator.
#[inline]
/// Whether a header's separator ends its encoding characters too: four of them, or five (HL7 2.7, 2.14.1).
fn says_delimiters(header: &[u8], separator: u8) -> bool {
    [8, 9].iter().any(|&place| header.get(place) == Some(&separator))
}

/// Whether `line` is a trailer around the message that was found.
fn is_trailer_of(line: &[u8], found: Option<(usize, u8)>) -> bool {
    form::is_trailer(line) && found.is_none_or(|(_, separator)| line.get(3) == Some(&separator))
}

fn envelope_name(line: &[u8]) -> Option<usize> {
    let at = form::skip_prefix(line, 0, line.len());
    let name = cut(line, at, line.len()).get(..3)?;
    matches!(name, b"MSH" | b"FHS" | b"BHS" | b"BTS" | b"FTS").then_some(at)
}
