//! A file in numbers.

use super::Encoding;
use serde::Serialize;

/// What a file holds. Bytes are counted in the file as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// What sort of file it is.
    pub kind: FileKind,
    /// How its text is written, as far as its start tells.
    pub encoding: Encoding,
    /// Its size.
    pub bytes: u64,
    /// Messages yielded with their bytes.
    pub messages: u64,
    /// Messages over the limit.
    pub oversize: u64,
    /// Messages with a place that is no text.
    pub undecodable: u64,
    /// Bytes of the largest message yielded, as it is submitted.
    pub largest_message_bytes: u64,
    /// FHS, BHS, BTS and FTS lines.
    pub wrappers: u64,
    /// Trailers whose count is another than ours.
    pub count_mismatches: u64,
    /// Bytes of text that belongs to no message.
    pub preamble_bytes: u64,
    /// Bytes of blanks, framing and byte order marks between the pieces.
    pub gap_bytes: u64,
    /// The first broken place of a UTF-16 or UTF-32 file, in a message or not.
    pub first_undecodable: Option<u64>,
}

impl Summary {
    /// Messages of all three sorts: those with bytes, those over the limit and those broken.
    #[must_use]
    pub fn found(&self) -> u64 {
        self.messages + self.oversize + self.undecodable
    }
}

/// What sort of file it is; where several fit, the first of `batch`, `mllp`, `single` and `many`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    /// One message.
    Single,
    /// Messages one after the other.
    Many,
    /// Messages and FHS, BHS, BTS or FTS lines.
    Batch,
    /// Messages with MLLP framing around or between them.
    Mllp,
    /// No message, but something else than blanks (a batch without messages, too).
    NotHl7,
    /// Nothing, or nothing but blanks.
    #[default]
    Empty,
}
