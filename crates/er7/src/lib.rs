//! ER7 text: split, canonical bytes, correct, parse, findings, JSON, HL7 dictionary. Pure: no I/O
//!
//! Bytes in, never a panic: every function takes any bytes and answers with data, findings or a [`StagingError`].
//! Two calls make the staged JSON of one message: [`prepare`] corrects the form, [`parse`] writes the JSON.
//! Neither builds a tree; both are linear in the size of the message.

mod charset;
mod checks;
pub mod codes;
mod delimiters;
pub mod dictionary;
mod digest;
mod error;
mod escape;
mod findings;
mod form;
mod handover;
mod header;
mod json;
mod notice;
mod parse;
mod places;
mod prepare;
mod schema;
mod segment;
pub mod split;
mod stamp;
mod wide;

pub use digest::{Digest, DigestError, canonical, digest, raw_digest};
pub use error::{Stage, StagingError};
pub use handover::NotPrepared;
pub use header::{Header, has_usable_delimiters, peek_header};
pub use parse::{Staged, parse};
pub use prepare::{Correction, Prepared, prepare};
pub use stamp::LakeStamp;

/// The bytes `from..to`, or nothing where they do not exist: a wrong offset must never end the program.
pub(crate) fn cut(bytes: &[u8], from: usize, to: usize) -> &[u8] {
    bytes.get(from..to).unwrap_or_default()
}
