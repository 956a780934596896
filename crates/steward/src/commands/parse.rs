//! `steward parse PATH…`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use er7::codes;
use er7::split::{Piece, Summary};
use serde::Serialize;
use serde_json::Value;

use super::Context;
use super::shown::show;
use crate::arguments::Format;
use crate::ending::{Ending, Halt};
use crate::input::{self, Place, Problem, Visit};
use crate::output::{Data, Say};
use crate::staging::{Fate, LIMIT_BYTES};
use crate::tally::Tally;

/// Turn messages into what the lake would make of them, offline
///
/// Reads every message of the files and folders named, and writes each as the JSON that the lake would stage, or as the error that it
/// would record instead. Each line also says where the message is: `file`, `index` (from 0) and `span` (bytes of the file); in an error
/// `error_span` is what the lake calls `span`: the place in the message. On a terminal each message is shown value by value, with
/// the names that HL7 gives to them.
///
/// Note: what this command writes holds everything that the messages hold.
#[derive(Args)]
#[command(after_help = "Examples:
  steward parse message.hl7                      read one message
  steward parse inbox/ > staged.jsonl            every message of a folder as JSON lines
  zcat feed.gz | steward parse -                 from standard input
  steward parse inbox/ | jq -r '.header.message_type'")]
pub(crate) struct Parse {
    /// Files, folders, or - for standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

impl Parse {
    pub(super) fn run(self, context: &Context) -> Result<Ending, Halt> {
        let mut parsing =
            Parsing { data: context.data(), say: context.say, tally: Tally::default(), json: Vec::new() };
        input::read(self.paths, &context.stop, &mut parsing)?;
        parsing.data.flush()?;
        let Parsing { tally, say, .. } = parsing;
        let ending = tally.ending(&context.stop);
        match ending {
            Ending::AllWell => say.detail(&tally.to_string()),
            _ => say.note(&tally.to_string()),
        }
        Ok(ending)
    }
}

struct Parsing {
    data: Data,
    say: Say,
    tally: Tally,
    /// The JSON of the message at hand; kept, so that a million messages take one piece of memory.
    json: Vec<u8>,
}

impl Visit for Parsing {
    fn message(&mut self, place: &Place<'_>, piece: &Piece) -> Result<(), Halt> {
        let fate = Fate::of(piece, &mut self.json);
        self.tally.count(&fate);
        match (&fate, self.data.format()) {
            (Fate::Undecodable(at), _) => self.unread(&Unread::undecodable(place, *at)),
            (Fate::TooLarge, _) => self.unread(&Unread::too_large(place)),
            (Fate::Attention(..), Format::Json) => self.error_line(place),
            (_, Format::Json) => self.json_line(place),
            (_, Format::Table) => Ok(show(&mut self.data, place, &self.json)?),
        }
    }

    fn file(&mut self, file: &str, summary: &Summary) -> Result<(), Halt> {
        self.tally.file(file, summary, &self.say);
        Ok(self.data.flush()?)
    }

    fn problem(&mut self, problem: Problem) -> Result<(), Halt> {
        self.tally.problem(problem, &self.say);
        Ok(())
    }
}

impl Parsing {
    /// The staged or error JSON with the place put before its first member; nothing is parsed again.
    fn json_line(&mut self, place: &Place<'_>) -> Result<(), Halt> {
        let (start, end) = place.span;
        let file = serde_json::to_string(place.file).map_err(std::io::Error::from)?;
        let head = format!("{{\"file\":{file},\"index\":{},\"span\":[{start},{end}],", place.index);
        self.data.write(head.as_bytes())?;
        self.data.line_of_bytes(self.json.get(1..).unwrap_or_default())?;
        Ok(())
    }

    /// The error JSON with the place of the message. It has a `span` of its own, and one object cannot have two.
    fn error_line(&mut self, place: &Place<'_>) -> Result<(), Halt> {
        let mut error: BTreeMap<&str, Value> =
            serde_json::from_slice(&self.json).map_err(std::io::Error::from)?;
        if let Some(within) = error.remove("span") {
            error.insert("error_span", within);
        }
        let Place { file, index, span } = *place;
        Ok(self.data.object(&Refused { file, index, span, error })?)
    }

    fn unread(&mut self, unread: &Unread<'_>) -> Result<(), Halt> {
        match self.data.format() {
            Format::Json => Ok(self.data.object(unread)?),
            Format::Table => {
                self.data.heading(&format!("{}, message {}", unread.file, unread.index + 1))?;
                Ok(self.data.line(&format!("  {} {}\n", unread.reason, unread.hint))?)
            }
        }
    }
}

/// A message that would need attention.
#[derive(Serialize)]
struct Refused<'a> {
    file: &'a str,
    index: u64,
    span: (u64, u64),
    #[serde(flatten)]
    error: BTreeMap<&'a str, Value>,
}

/// A message that could not be read whole, in the shape of error JSON.
#[derive(Serialize)]
struct Unread<'a> {
    file: &'a str,
    index: u64,
    span: (u64, u64),
    schema: &'static str,
    stage: &'static str,
    code: &'static str,
    reason: String,
    path: Option<String>,
    /// The first broken byte of the file.
    at: Option<u64>,
    hint: &'static str,
    retryable: bool,
}

impl<'a> Unread<'a> {
    fn undecodable(place: &Place<'a>, at: u64) -> Self {
        let code = codes::UNDECODABLE;
        Self { at: Some(at), ..Self::new(place, "prepare", code.code, code.what.to_owned(), code.hint) }
    }

    fn too_large(place: &Place<'a>) -> Self {
        let bytes = place.span.1 - place.span.0;
        let reason = format!("The message has {bytes} bytes; the lake takes at most {LIMIT_BYTES}.");
        let hint = "Ask the sender to send large documents apart from the message.";
        Self::new(place, "front-door", "too-large", reason, hint)
    }

    fn new(
        place: &Place<'a>,
        stage: &'static str,
        code: &'static str,
        reason: String,
        hint: &'static str,
    ) -> Self {
        let Place { file, index, span } = *place;
        let schema = "er7-error/1";
        Self { file, index, span, schema, stage, code, reason, path: None, at: None, hint, retryable: false }
    }
}
