//! Parse: prepared bytes to staged JSON in one pass, without a tree.

use crate::charset::{self, Substitute};
use crate::checks;
use crate::codes::{self, Severity};
use crate::cut;
use crate::delimiters::{self, Delimiters, Unusable};
use crate::error::{Stage, StagingError};
use crate::findings::Findings;
use crate::header::Header;
use crate::json;
use crate::places::{Layer, Places, Run};
use crate::prepare::{Envelope, Prepared};
use crate::schema::Schema;
use crate::segment::{Classes, SegmentWriter};
use crate::stamp::LakeStamp;
use memchr::memchr;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

/// What is known of a message once it is staged, beside its JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staged {
    /// The facts of MSH.
    pub header: Header,
    /// How often each finding was made; corrections are not among them.
    pub finding_codes: BTreeMap<&'static str, u32>,
    /// The character set in which the submitted bytes were read.
    pub charset: &'static str,
    /// How many segments the message has.
    pub segments: u64,
}

/// Appends the staged JSON (`er7/1`) of a prepared message to `out`: one line, without a line end. On an error
/// `out` is as it was.
///
/// # Errors
/// `unusable-delimiters`; and `no-message-header` or `several-messages` where the bytes did not come from
/// [`crate::prepare`].
pub fn parse(
    prepared: &Prepared<'_>,
    stamp: &LakeStamp<'_>,
    out: &mut Vec<u8>,
) -> Result<Staged, StagingError> {
    let submitted = |range: Range<usize>| prepared.submitted_span(range);
    let bytes = prepared.bytes();
    let (start, _) = Envelope::of_first(bytes).check(Stage::Parse, submitted)?;
    let mut places = Cow::Borrowed(&prepared.places);
    let declared = charset::declared(cut(bytes, start, bytes.len()));
    let declared_at = start + declared.range.start..start + declared.range.end;
    let decoded = charset::decode(bytes, declared);
    let first_unusual =
        decoded.text.bytes().position(|byte| !byte.is_ascii()).filter(|_| decoded.remark.is_some());
    if !decoded.layer.runs.is_empty() {
        places.to_mut().push(decoded.layer);
    }
    let mut text = decoded.text;
    // Decoding can move the start; only blanks and preamble stand before it.
    let start = Envelope::of_first(text.as_bytes()).check(Stage::Parse, submitted)?.0;
    let segment = first_segment(&text, start);
    let mut delimiters =
        Delimiters::read(segment).map_err(|unusable| unusable_delimiters(unusable, start, &places))?;
    let header = Header::of(segment);
    let encoding = delimiters::encoding_characters(segment, delimiters.field.character).to_owned();
    let mut start = start;
    if let Some((substituted, layer)) = substitute(&text, &mut delimiters) {
        start = layer.result(start);
        text = Cow::Owned(substituted);
        places.to_mut().push(layer);
    }
    let schema = Schema::of(header.version.as_deref().unwrap_or_default().as_bytes());
    let charset = prepared.charset.unwrap_or(decoded.charset);

    let before = write_start(prepared, stamp, &header, charset, out);
    let has_zone = header.sent_at.as_deref().is_some_and(checks::has_zone);
    let classes = Classes::of_message(&delimiters);
    let mut writer =
        SegmentWriter::new(text.as_bytes(), &delimiters, schema, &classes, &places, has_zone, out);
    if start > 0 {
        preamble(&mut writer, start);
    }
    if let Some(remark) = decoded.remark {
        let (path, span) = match first_unusual {
            Some(at) if declared_at.is_empty() => (None, places.submitted(at..at + 1)),
            _ => (Some("MSH-18"), prepared.submitted_span(declared_at)),
        };
        writer.finding_at(&codes::CHARSET, Severity::Warning, Some(remark.detail()), path, span);
    }
    if !schema.is_exact() {
        let detail = header.version.as_ref().map_or("blank", |_| "unknown");
        let field = header_field(segment_range(text.as_bytes(), start), text.as_bytes(), &delimiters, 12);
        let span = places.submitted(field);
        writer.finding_at(&codes::VERSION, Severity::Warning, Some(detail), Some("MSH-12"), span);
    }
    let segments = write_segments(&mut writer, start, &encoding);
    let finding_codes = writer.findings.codes();
    let findings = writer.findings;
    out.extend_from_slice(b"]}");
    insert_findings(&findings, before, out);
    Ok(Staged { header, finding_codes, charset, segments })
}

fn first_segment(text: &str, start: usize) -> &str {
    let rest = text.get(start..).unwrap_or_default();
    rest.get(..memchr(b'\r', rest.as_bytes()).unwrap_or(rest.len())).unwrap_or_default()
}

fn segment_range(text: &[u8], start: usize) -> Range<usize> {
    let rest = cut(text, start, text.len());
    start..start + memchr(b'\r', rest).unwrap_or(rest.len())
}

/// Where a field of the MSH segment stands; its end where the segment is shorter.
fn header_field(segment: Range<usize>, text: &[u8], delimiters: &Delimiters, number: usize) -> Range<usize> {
    let line = cut(text, segment.start, segment.end);
    let mut separators = memchr::memchr_iter(delimiters.field.byte, line).skip(number - 2);
    let start = separators.next().map_or(line.len(), |at| at + 1);
    let end = separators.next().unwrap_or(line.len());
    segment.start + start..segment.start + end.max(start)
}

fn unusable_delimiters(unusable: Unusable, start: usize, places: &Places) -> StagingError {
    let span = places.submitted(start + unusable.start..start + unusable.end);
    StagingError::new(Stage::Parse, &codes::UNUSABLE_DELIMITERS).at(unusable.path, span)
}

/// Writes what stands before the findings; returns where they belong.
fn write_start(
    prepared: &Prepared<'_>,
    stamp: &LakeStamp<'_>,
    header: &Header,
    charset: &'static str,
    out: &mut Vec<u8>,
) -> usize {
    out.reserve(prepared.bytes().len() * 3 + 1024);
    out.extend_from_slice(br#"{"schema":"er7/1","lake":"#);
    stamp.write_json(out);
    out.extend_from_slice(br#","header":"#);
    header.write_json(out);
    out.extend_from_slice(br#","charset":"#);
    json::string(out, charset);
    out.extend_from_slice(br#","corrections":["#);
    for (index, correction) in prepared.corrections().iter().enumerate() {
        out.extend_from_slice(if index == 0 { br#"{"code":"# } else { br#",{"code":"# });
        json::string(out, correction.code);
        out.extend_from_slice(br#","count":"#);
        json::number(out, correction.count);
        out.extend_from_slice(br#","span":"#);
        json::span(out, correction.span);
        out.push(b'}');
    }
    out.extend_from_slice(br#"],"findings":"#);
    let before = out.len();
    out.extend_from_slice(br#","segments":["#);
    before
}

/// The findings are known only when all segments are written, and stand before them.
fn insert_findings(findings: &Findings, before: usize, out: &mut Vec<u8>) {
    let mut json = Vec::new();
    findings.write_json(&mut json);
    out.splice(before..before, json);
}

fn preamble(writer: &mut SegmentWriter<'_>, start: usize) {
    let before = writer.text_until(start);
    let blanks = before.iter().rev().take_while(|&&byte| byte == b' ' || byte == b'\t').count();
    let end = start - blanks;
    if end > 0 {
        let text = before.get(..end).unwrap_or_default().trim_ascii_end();
        let span = writer.submitted(0..text.len());
        writer.finding_at(&codes::PREAMBLE, Severity::Warning, None, None, span);
    }
    if blanks > 0 {
        let span = writer.submitted(end..start + 3);
        writer.finding_at(&codes::SEGMENT_NAME, Severity::Warning, Some("blanks"), Some("MSH"), span);
    }
}

/// Every segment from the header on; returns how many there are.
fn write_segments(writer: &mut SegmentWriter<'_>, start: usize, encoding: &str) -> u64 {
    let mut count = 0;
    let mut at = start;
    while let Some(length) = writer.line_length(at) {
        if length > 0 {
            if count == 0 {
                writer.header(at..at + length, encoding);
            } else {
                writer.segment(at..at + length);
            }
            count += 1;
        }
        at += length + 1;
    }
    count
}

/// Lets unused control characters stand for delimiters that are not ASCII, so that the text can be split by bytes.
fn substitute(text: &str, delimiters: &mut Delimiters) -> Option<(String, Layer)> {
    let unusual: Vec<char> = delimiters.beyond_ascii().collect();
    if unusual.is_empty() {
        return None;
    }
    let free =
        (1..0x20_u8).filter(|&byte| !byte.is_ascii_whitespace() && memchr(byte, text.as_bytes()).is_none());
    let substitutes: Vec<Substitute> =
        unusual.into_iter().zip(free).map(|(character, byte)| Substitute { character, byte }).collect();
    delimiters.substitute(&substitutes);
    let mut out = String::with_capacity(text.len());
    let mut layer = Layer::default();
    for (at, character) in text.char_indices() {
        let width = u8::try_from(character.len_utf8()).unwrap_or(1);
        let run = |out_unit, source_unit| Run { out: out.len(), source: at, out_unit, source_unit };
        match substitutes.iter().find(|known| known.character == character) {
            Some(substitute) => {
                layer.add(run(1, width));
                out.push(char::from(substitute.byte));
            }
            None => {
                layer.add(run(width, width));
                out.push(character);
            }
        }
    }
    Some((out, layer))
}
