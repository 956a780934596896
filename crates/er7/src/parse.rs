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
/// - A line that is no segment keeps its place with the id `?`; what stands where the name should be is `?-0.1`.
/// - A name in small letters or with blanks, where fields follow it, is written as it should be, with a finding.
/// - A finding has `code`, `path`, `span`, `severity` and, where one code has several causes, `detail`. Behind 100
///   places of a code one entry with `more` counts the rest; its path and span are null.
/// - MSH-7's zone holds for all times without one, so a missing zone is told once a message.
///
/// # Errors
/// `unusable-delimiters`; and `no-message-header` or `several-messages` where the bytes did not come from
/// [`crate::prepare`].
pub fn parse(
    prepared: &Prepared<'_>,
    stamp: &LakeStamp<'_>,
    out: &mut Vec<u8>,
) -> Result<Staged, StagingError> {
    let message = Message::read(prepared)?;
    let before = write_start(prepared, stamp, &message, out);
    let classes = Classes::of_message(&message.delimiters);
    let has_zone = message.header.sent_at.as_deref().is_some_and(checks::has_zone);
    let version = message.header.version.as_deref().unwrap_or_default();
    let schema = Schema::of(version.as_bytes());
    let mut writer = SegmentWriter::new(
        message.text.as_bytes(),
        &message.delimiters,
        schema,
        &classes,
        &message.places,
        has_zone,
        out,
    );
    message.notice(&mut writer);
    let segments = write_segments(&mut writer, message.start, &message.encoding);
    let findings = writer.findings;
    out.extend_from_slice(b"]}");
    insert_findings(&findings, before, out);
    let finding_codes = findings.codes();
    Ok(Staged { header: message.header, finding_codes, charset: message.charset, segments })
}

/// A message that is decoded and whose delimiters are known.
struct Message<'a> {
    /// With ASCII bytes for delimiters that are not ASCII.
    text: Cow<'a, str>,
    /// Where MSH starts.
    start: usize,
    delimiters: Delimiters,
    /// MSH-2 as sent.
    encoding: String,
    header: Header,
    charset: &'static str,
    charset_finding: Option<CharsetFinding>,
    /// From `text` to the submitted bytes.
    places: Cow<'a, Places>,
}

struct CharsetFinding {
    detail: &'static str,
    path: Option<&'static str>,
    span: (u64, u64),
}

impl<'a> Message<'a> {
    fn read(prepared: &'a Prepared<'_>) -> Result<Self, StagingError> {
        let bytes = prepared.bytes();
        let mut places = Cow::Borrowed(&prepared.places);
        let (start, _) = Envelope::of_first(bytes).check(Stage::Parse, |range| places.submitted(range))?;
        let declared = charset::declared(cut(bytes, start, bytes.len()));
        let declared_at = start + declared.range.start..start + declared.range.end;
        let decoded = charset::decode(bytes, declared, prepared.charset);
        let declared_span = places.submitted(declared_at.clone());
        if !decoded.layer.runs.is_empty() {
            places.to_mut().push(decoded.layer);
        }
        let mut text = decoded.text;
        let charset_finding = decoded.remark.map(|remark| {
            let first = text.char_indices().find(|(_, character)| !character.is_ascii());
            let (path, span) = match first {
                Some((at, character)) if declared_at.is_empty() => {
                    (None, places.submitted(at..at + character.len_utf8()))
                }
                _ => (Some("MSH-18"), declared_span),
            };
            CharsetFinding { detail: remark.detail(), path, span }
        });
        // Decoding can move the start; only blanks and other text stand before it.
        let envelope = Envelope::of_first(text.as_bytes());
        let (mut start, _) = envelope.check(Stage::Parse, |range| places.submitted(range))?;
        let segment = first_segment(&text, start);
        let mut delimiters =
            Delimiters::read(segment).map_err(|unusable| unusable_delimiters(unusable, start, &places))?;
        let header = Header::of(segment);
        let encoding = delimiters::encoding_characters(segment, delimiters.field.character).to_owned();
        if let Some((substituted, layer)) = substitute(&text, &mut delimiters) {
            start = layer.result(start);
            text = Cow::Owned(substituted);
            places.to_mut().push(layer);
        }
        let charset = prepared.charset.unwrap_or(decoded.charset);
        Ok(Self { text, start, delimiters, encoding, header, charset, charset_finding, places })
    }

    /// The findings that are about the message as a whole.
    fn notice(&self, writer: &mut SegmentWriter<'_>) {
        if self.start > 0 {
            preamble(writer, self.start);
        }
        if let Some(CharsetFinding { detail, path, span }) = self.charset_finding {
            writer.finding_at(&codes::CHARSET, Severity::Warning, Some(detail), path, span);
        }
        if !writer.schema.is_exact() {
            let detail = writer.schema.read_as();
            let span = writer.submitted(self.header_field(12));
            writer.finding_at(&codes::VERSION, Severity::Warning, Some(detail), Some("MSH-12"), span);
        }
    }

    /// Where a field of the MSH segment stands, from 3; its end where the segment is shorter.
    fn header_field(&self, number: usize) -> Range<usize> {
        let line = first_segment(&self.text, self.start);
        let mut separators =
            memchr::memchr_iter(self.delimiters.field.byte, line.as_bytes()).skip(number - 2);
        let start = separators.next().map_or(line.len(), |at| at + 1);
        let end = separators.next().unwrap_or(line.len());
        self.start + start..self.start + end.max(start)
    }
}

fn first_segment(text: &str, start: usize) -> &str {
    let rest = text.get(start..).unwrap_or_default();
    rest.get(..memchr(b'\r', rest.as_bytes()).unwrap_or(rest.len())).unwrap_or_default()
}

fn unusable_delimiters(unusable: Unusable, start: usize, places: &Places) -> StagingError {
    let span = places.submitted(start + unusable.start..start + unusable.end);
    StagingError::new(Stage::Parse, &codes::UNUSABLE_DELIMITERS).at(unusable.path, span)
}

/// Writes what stands before the findings; returns where they belong.
fn write_start(
    prepared: &Prepared<'_>,
    stamp: &LakeStamp<'_>,
    message: &Message<'_>,
    out: &mut Vec<u8>,
) -> usize {
    out.reserve(prepared.bytes().len() * 3 + 1024);
    out.extend_from_slice(br#"{"schema":"er7/1","lake":"#);
    stamp.write_json(out);
    out.extend_from_slice(br#","header":"#);
    message.header.write_json(out);
    out.extend_from_slice(br#","charset":"#);
    json::string(out, message.charset);
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
