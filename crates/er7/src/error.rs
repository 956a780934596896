//! What leaves no trustworthy structure: the error that a message gets instead of staged JSON.

use crate::codes::{self, Code};
use crate::json;
use crate::stamp::LakeStamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Which of the two steps of staging refused the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// The form of the message ([`crate::prepare`]).
    Prepare,
    /// Its structure ([`crate::parse`]).
    Parse,
}

impl Stage {
    /// The word in the error JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::Parse => "parse",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Why a message has no staged JSON. `reason` and `hint` are fixed sentences: they never hold message content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason} {hint}")]
pub struct StagingError {
    /// The step that refused it.
    pub stage: Stage,
    /// Stable code, one of [`crate::codes`].
    pub code: &'static str,
    /// What is wrong, in plain words.
    pub reason: String,
    /// HL7 path of the place, where there is one.
    pub path: Option<String>,
    /// Place in the submitted bytes, `[start, end)`, where there is one.
    pub span: Option<(u64, u64)>,
    /// What to do about it, in plain words.
    pub hint: String,
    /// Whether the same bytes may succeed at another time.
    pub retryable: bool,
}

impl StagingError {
    pub(crate) fn new(stage: Stage, code: &Code) -> Self {
        Self {
            stage,
            code: code.code,
            reason: code.what.to_owned(),
            path: None,
            span: None,
            hint: code.hint.to_owned(),
            retryable: false,
        }
    }

    pub(crate) fn at(mut self, path: &str, span: (u64, u64)) -> Self {
        self.path = Some(path.to_owned());
        self.span = Some(span);
        self
    }

    /// Appends the `er7-error/1` JSON, one line without a line end. `path` and `span` are null where there is none.
    pub fn write_json(&self, stamp: &LakeStamp<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(br#"{"schema":"er7-error/1","lake":"#);
        stamp.write_json(out);
        out.extend_from_slice(br#","stage":"#);
        json::string(out, self.stage.as_str());
        out.extend_from_slice(br#","code":"#);
        json::string(out, self.code);
        out.extend_from_slice(br#","reason":"#);
        json::string(out, &self.reason);
        out.extend_from_slice(br#","path":"#);
        match &self.path {
            Some(path) => json::string(out, path),
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(br#","span":"#);
        match self.span {
            Some(span) => json::span(out, span),
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(br#","hint":"#);
        json::string(out, &self.hint);
        out.extend_from_slice(if self.retryable {
            b",\"retryable\":true}"
        } else {
            b",\"retryable\":false}"
        });
    }

    /// The description of [`Self::code`].
    #[must_use]
    pub fn description(&self) -> Option<&'static Code> {
        codes::describe(self.code)
    }
}
