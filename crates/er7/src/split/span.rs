//! One message again, by its place: a durable queue keeps path, span and digest, never content.

use super::encoding::{Encoding, decode_span};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::ops::Range;

/// Why a message could not be read again.
#[derive(Debug, thiserror::Error)]
pub enum SpanError {
    /// The file could not be read.
    #[error("the file cannot be read again: {0}; see that it is still there")]
    Read(#[from] std::io::Error),
    /// The file is shorter than it was.
    #[error("the file ended before byte {end}: it has changed since it was looked at; choose it again")]
    Shorter {
        /// Where the message ended.
        end: u64,
    },
    /// The place is no text in the file's encoding.
    #[error(
        "the text is broken at byte {at}: the file has changed, or the message was broken from the start"
    )]
    Undecodable {
        /// The first broken place.
        at: u64,
    },
}

/// The bytes of the message that a [`super::Splitter`] found at `span`, the same that it yielded. The caller
/// compares the digest: the file may have changed.
///
/// # Errors
/// [`SpanError`] when the file cannot be read, has become shorter, or is broken there.
pub fn read_span<F: Read + Seek>(file: &mut F, span: Range<u64>) -> Result<Vec<u8>, SpanError> {
    let mut start = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.by_ref().take(4).read_to_end(&mut start)?;
    file.seek(SeekFrom::Start(span.start))?;
    let length = span.end.saturating_sub(span.start);
    let mut bytes = Vec::new();
    // A wrong length must not reserve memory that the file does not fill.
    if let Ok(capacity) = usize::try_from(length.min(super::MESSAGE_BYTES as u64)) {
        bytes.reserve_exact(capacity);
    }
    match file.by_ref().take(length).read_to_end(&mut bytes) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            return Err(SpanError::Shorter { end: span.end });
        }
        read => read?,
    };
    if (bytes.len() as u64) < length {
        return Err(SpanError::Shorter { end: span.end });
    }
    decode_span(Encoding::detect(&start), bytes, span.start).map_err(|at| SpanError::Undecodable { at })
}
