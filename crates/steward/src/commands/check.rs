//! `steward check PATH…`.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use clap::Args;
use er7::split::{Piece, Remark, Summary};
use er7::{Digest, Header, peek_header};
use serde::Serialize;

use super::Context;
use crate::arguments::Format;
use crate::ending::{Ending, Halt};
use crate::input::{self, Place, Problem, Visit};
use crate::output::{Column, Data, Say, Table};
use crate::staging::{Fate, LIMIT_BYTES};
use crate::tally::Tally;

/// So many messages are remembered to find duplicates among them: about 150 MB at most.
const REMEMBERED: usize = 2_000_000;

/// So many kinds of messages are counted apart; the rest counts as `other`.
const KINDS: usize = 1_000;

/// So many odd files are named in the summary; each was said when it was met.
const ODD_FILES: usize = 100;

const COLUMNS: &[Column] = &[
    Column { heading: "file", width: 32 },
    Column { heading: "message", width: 7 },
    Column { heading: "kind", width: 9 },
    Column { heading: "control id", width: 20 },
    Column { heading: "what would become of it", width: 50 },
];

/// Say what is in files and what the lake would make of it, offline
///
/// Reads every message of the files and folders named, and tells which would be ready to use, which would need attention and why, which
/// the lake would refuse, which are duplicates of each other, and which files hold no HL7. Nothing is sent, and no values of patients
/// are written. JSON: one object a message, then one with `summary`.
#[derive(Args)]
#[command(after_help = "Examples:
  steward check inbox/                     before submitting it
  steward check --output json day.hl7 | tail -1
  zcat feed.gz | steward check -           from standard input")]
pub(crate) struct Check {
    /// Files, folders, or - for standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

impl Check {
    pub(super) fn run(self, context: &Context) -> Result<Ending, Halt> {
        let mut checking = Checking::new(context.data(), context.say);
        input::read(self.paths, &context.stop, &mut checking)?;
        checking.finish()?;
        Ok(checking.tally.ending(&context.stop))
    }
}

struct Checking {
    data: Data,
    say: Say,
    table: Table,
    tally: Tally,
    kinds: BTreeMap<String, u64>,
    codes: Codes,
    files: FileCodes,
    seen: Seen,
    json: Vec<u8>,
}

/// How many messages have each code.
#[derive(Default)]
struct Codes {
    findings: BTreeMap<&'static str, u64>,
    corrections: BTreeMap<&'static str, u64>,
    errors: BTreeMap<&'static str, u64>,
}

/// One message.
#[derive(Serialize)]
struct Checked<'a> {
    file: &'a str,
    index: u64,
    span: (u64, u64),
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<Digest>,
    #[serde(flatten)]
    header: Header,
    /// `ready`, `attention`, or nothing where the front door refuses it.
    #[serde(skip_serializing_if = "Option::is_none")]
    staging: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'static str>,
    finding_codes: BTreeMap<&'static str, u32>,
    corrections: BTreeMap<&'static str, u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicate_of: Option<Earlier<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<Refused>,
}

/// The first message with the same canonical bytes.
#[derive(Clone, Copy, Serialize)]
struct Earlier<'a> {
    file: &'a str,
    index: u64,
}

/// What the front door would answer.
#[derive(Serialize)]
struct Refused {
    outcome: &'static str,
    reason: String,
    limit_bytes: usize,
}

/// The last object.
#[derive(Serialize)]
struct Total<'a> {
    #[serde(flatten)]
    tally: &'a Tally,
    duplicates: u64,
    /// Only where there were more messages than could be remembered.
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicates_among_first: Option<usize>,
    kinds: &'a BTreeMap<String, u64>,
    findings: &'a BTreeMap<&'static str, u64>,
    corrections: &'a BTreeMap<&'static str, u64>,
    errors: &'a BTreeMap<&'static str, u64>,
    #[serde(flatten)]
    files: &'a FileCodes,
}

/// What is odd about files as a whole; the messages in them are as they are.
#[derive(Default, Serialize)]
struct FileCodes {
    /// How many files have each code.
    file_findings: BTreeMap<&'static str, u64>,
    /// The first of these files.
    odd_files: Vec<OddFile>,
    /// Where each code stands first in the file that is being read.
    #[serde(skip)]
    places: BTreeMap<&'static str, (u64, u64)>,
}

#[derive(Serialize)]
struct OddFile {
    file: String,
    code: &'static str,
    /// Of the text that belongs to no message.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    /// The first place of it in the file, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    span: Option<(u64, u64)>,
}

impl Visit for Checking {
    fn message(&mut self, place: &Place<'_>, piece: &Piece) -> Result<(), Halt> {
        let fate = Fate::of(piece, &mut self.json);
        self.tally.count(&fate);
        let header = match (piece, &fate) {
            (_, Fate::Ready(_, staged, _)) => staged.header.clone(),
            (Piece::Message(message), _) => peek_header(message.bytes()),
            _ => Header::default(),
        };
        self.count_kind(&header);
        self.codes.count(&fate);
        let checked = checked(place, header, &fate, &mut self.seen);
        match self.data.format() {
            Format::Json => Ok(self.data.object(&checked)?),
            Format::Table => Ok(row(&checked, &mut self.table, &mut self.data)?),
        }
    }

    fn remark(&mut self, remark: &Remark) {
        self.files.places.entry(remark.code).or_insert((remark.span.start, remark.span.end));
    }

    fn file(&mut self, file: &str, summary: &Summary) -> Result<(), Halt> {
        self.tally.file(file, summary, &self.say);
        self.files.count(file, summary);
        self.files.places.clear();
        Ok(self.data.flush()?)
    }

    fn problem(&mut self, problem: Problem) -> Result<(), Halt> {
        self.files.places.clear();
        self.tally.problem(problem, &self.say);
        Ok(())
    }
}

impl Checking {
    fn new(data: Data, say: Say) -> Self {
        Self {
            data,
            say,
            table: Table::new(COLUMNS),
            tally: Tally::default(),
            kinds: BTreeMap::new(),
            codes: Codes::default(),
            files: FileCodes::default(),
            seen: Seen::default(),
            json: Vec::new(),
        }
    }

    fn count_kind(&mut self, header: &Header) {
        let kind = kind(header);
        let is_known = self.kinds.len() < KINDS || self.kinds.contains_key(&kind);
        *self.kinds.entry(if is_known { kind } else { "other".to_owned() }).or_default() += 1;
    }

    fn finish(&mut self) -> Result<(), Halt> {
        let total = Total {
            tally: &self.tally,
            duplicates: self.seen.duplicates,
            duplicates_among_first: self.seen.is_full().then_some(REMEMBERED),
            kinds: &self.kinds,
            findings: &self.codes.findings,
            corrections: &self.codes.corrections,
            errors: &self.codes.errors,
            files: &self.files,
        };
        match self.data.format() {
            Format::Json => self.data.object(&serde_json::json!({ "summary": total }))?,
            Format::Table => total.write(&mut self.data)?,
        }
        Ok(self.data.flush()?)
    }
}

impl Codes {
    fn count(&mut self, fate: &Fate) {
        match fate {
            Fate::Ready(_, staged, corrections) => {
                staged.finding_codes.keys().for_each(|code| *self.findings.entry(code).or_default() += 1);
                corrections.iter().for_each(|one| *self.corrections.entry(one.code).or_default() += 1);
            }
            Fate::Attention(_, error) => *self.errors.entry(error.code).or_default() += 1,
            Fate::Undecodable(_) => *self.errors.entry(er7::codes::UNDECODABLE.code).or_default() += 1,
            Fate::TooLarge => {}
        }
    }
}

impl FileCodes {
    fn count(&mut self, file: &str, summary: &Summary) {
        if summary.found() > 0 && summary.preamble_bytes > 0 {
            self.add(file, er7::codes::PREAMBLE.code, Some(summary.preamble_bytes));
        }
        if summary.count_mismatches > 0 {
            self.add(file, er7::codes::BATCH_COUNT_MISMATCH.code, None);
        }
    }

    fn add(&mut self, file: &str, code: &'static str, bytes: Option<u64>) {
        *self.file_findings.entry(code).or_default() += 1;
        if self.odd_files.len() < ODD_FILES {
            let span = self.places.get(code).copied();
            self.odd_files.push(OddFile { file: file.to_owned(), code, bytes, span });
        }
    }
}

impl Total<'_> {
    fn write(&self, data: &mut Data) -> Result<(), Halt> {
        data.heading(&self.tally.to_string())?;
        match (self.duplicates, self.duplicates_among_first) {
            (0, None) => {}
            (duplicates, None) => {
                data.line(&format!("{duplicates} of them are duplicates of others here"))?
            }
            (duplicates, Some(first)) => {
                data.line(&format!(
                    "{duplicates} duplicates among the first {first} messages; later ones were not compared"
                ))?;
            }
        }
        for (kind, count) in self.kinds {
            data.line(&format!("{count:>9}  {kind}"))?;
        }
        for codes in [self.errors, self.findings, self.corrections, &self.files.file_findings] {
            for (code, count) in codes {
                let what = er7::codes::describe(code).map_or("", |code| code.what);
                data.line(&format!("{count:>9}  {code}: {what}"))?;
            }
        }
        Ok(())
    }
}

fn checked<'a>(place: &Place<'a>, header: Header, fate: &Fate, seen: &'a mut Seen) -> Checked<'a> {
    let Place { file, index, span } = *place;
    let mut checked = Checked {
        file,
        index,
        span,
        digest: None,
        header,
        staging: None,
        error_code: None,
        finding_codes: BTreeMap::new(),
        corrections: BTreeMap::new(),
        duplicate_of: None,
        refused: None,
    };
    match fate {
        Fate::Ready(digest, staged, corrections) => {
            checked.staging = Some("ready");
            checked.digest = Some(*digest);
            checked.finding_codes = staged.finding_codes.clone();
            checked.corrections = corrections.iter().map(|one| (one.code, one.count)).collect();
        }
        Fate::Attention(digest, error) => {
            checked.staging = Some("attention");
            checked.digest = Some(*digest);
            checked.error_code = Some(error.code);
        }
        Fate::Undecodable(_) => {
            checked.staging = Some("attention");
            checked.error_code = Some(er7::codes::UNDECODABLE.code);
        }
        Fate::TooLarge => {
            let reason = format!("more than {LIMIT_BYTES} bytes");
            checked.refused = Some(Refused { outcome: "invalid", reason, limit_bytes: LIMIT_BYTES });
        }
    }
    if let Some(digest) = checked.digest {
        checked.duplicate_of = seen.earlier(digest, file, index);
    }
    checked
}

/// A row only for what somebody should look at.
fn row(checked: &Checked<'_>, table: &mut Table, data: &mut Data) -> std::io::Result<()> {
    let becomes = match (&checked.refused, checked.error_code, &checked.duplicate_of) {
        (Some(refused), _, _) => format!("refused: {}", refused.reason),
        (None, Some(code), _) => {
            let what = er7::codes::describe(code).map_or("", |code| code.what);
            format!("needs attention: {what}")
        }
        (None, None, Some(earlier)) => {
            format!("duplicate of message {} in {}", earlier.index + 1, earlier.file)
        }
        (None, None, None) => return Ok(()),
    };
    let Checked { file, index, header, .. } = checked;
    let control_id = header.control_id.as_deref().unwrap_or_default();
    table.row(data, &[file, &(index + 1).to_string(), &kind(header), control_id, &becomes])
}

/// `ADT^A01`, or what there is of it.
fn kind(header: &Header) -> String {
    match (&header.message_type, &header.trigger_event) {
        (Some(message_type), Some(trigger)) => format!("{message_type}^{trigger}"),
        (Some(message_type), None) => message_type.clone(),
        _ => "unknown".to_owned(),
    }
}

/// The messages met so far, by their digests.
#[derive(Default)]
struct Seen {
    messages: HashMap<Digest, (u32, u64)>,
    files: Vec<String>,
    duplicates: u64,
}

impl Seen {
    fn is_full(&self) -> bool {
        self.messages.len() >= REMEMBERED
    }

    /// The first message with this digest, if this is not it.
    fn earlier(&mut self, digest: Digest, file: &str, index: u64) -> Option<Earlier<'_>> {
        let is_full = self.is_full();
        match self.messages.entry(digest) {
            Entry::Occupied(first) => {
                self.duplicates += 1;
                let (number, index) = *first.get();
                let file = self.files.get(usize::try_from(number).ok()?)?;
                return Some(Earlier { file, index });
            }
            Entry::Vacant(_) if is_full => {}
            Entry::Vacant(free) => {
                if self.files.last().is_none_or(|last| last != file) {
                    self.files.push(file.to_owned());
                }
                let number = u32::try_from(self.files.len().saturating_sub(1)).ok()?;
                free.insert((number, index));
            }
        }
        None
    }
}
