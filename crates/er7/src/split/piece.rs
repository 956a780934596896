//! What a file is split into.

use crate::codes;
use crate::form;
use std::fmt;
use std::ops::Range;

/// A part of a file. Spans are byte offsets into the file as it is, before any transcoding; each starts where
/// the one before it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// One message.
    Message(Message),
    /// A message over the limit; its bytes were never held.
    Oversize {
        /// Where it is.
        span: Range<u64>,
    },
    /// A message in a UTF-16 or UTF-32 file with a place that is no text.
    Undecodable {
        /// Where the message is.
        span: Range<u64>,
        /// The first broken place.
        at: u64,
    },
    /// A file or batch header or trailer.
    Wrapper(Wrapper),
    /// Text that belongs to no message: before the first, or after a wrapper.
    Preamble {
        /// Where it is.
        span: Range<u64>,
    },
    /// Blanks, line ends, MLLP framing and byte order marks between the other pieces.
    Gap(Gap),
    /// The whole file: there is neither a message nor a wrapper in it.
    NotHl7 {
        /// All of it.
        span: Range<u64>,
    },
}

impl Piece {
    /// Where the piece is, in bytes of the file.
    #[must_use]
    pub fn span(&self) -> Range<u64> {
        match self {
            Self::Message(message) => message.span.clone(),
            Self::Wrapper(wrapper) => wrapper.span.clone(),
            Self::Gap(gap) => gap.span.clone(),
            Self::Oversize { span }
            | Self::Undecodable { span, .. }
            | Self::Preamble { span }
            | Self::NotHl7 { span } => span.clone(),
        }
    }

    /// What should be told of the piece, if anything. Looks through the bytes of a message, once; what its segments and
    /// values are is told by [`crate::parse`].
    #[must_use]
    pub fn remark(&self) -> Option<Remark> {
        let code = match self {
            // The place is the whole message: in a file that was transcoded, its bytes are not those of the file.
            Self::Message(message) if form::joined_header(&message.bytes).is_some() => codes::RUN_TOGETHER,
            Self::Message(_) | Self::Oversize { .. } => return None,
            Self::Undecodable { at, .. } => {
                return Some(Remark { code: codes::UNDECODABLE.code, span: *at..at + 1 });
            }
            Self::Wrapper(wrapper) if wrapper.is_mismatch() => codes::BATCH_COUNT_MISMATCH,
            Self::Wrapper(_) => codes::BATCH_WRAPPER,
            Self::Preamble { .. } => codes::PREAMBLE,
            Self::Gap(gap) if gap.framing => codes::MLLP_FRAMING,
            Self::Gap(gap) if gap.byte_order_mark => codes::BYTE_ORDER_MARK,
            Self::Gap(_) => codes::BLANK_LINES,
            Self::NotHl7 { .. } => codes::NO_MESSAGE_HEADER,
        };
        Some(Remark { code: code.code, span: self.span() })
    }
}

/// A stable code and the place in the file that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// One of [`crate::codes`].
    pub code: &'static str,
    /// Bytes of the file.
    pub span: Range<u64>,
}

/// One message as it is submitted: from `MSH` to the end of its last line. `Debug` shows its place and size,
/// never its text.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    pub(super) span: Range<u64>,
    pub(super) bytes: Vec<u8>,
}

impl Message {
    /// Where it is in the file. In a file that was UTF-16 or UTF-32, the span is longer or shorter than the
    /// bytes.
    #[must_use]
    pub fn span(&self) -> Range<u64> {
        self.span.clone()
    }

    /// What is submitted.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What is submitted, given away.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Message({:?}, {} bytes)", self.span, self.bytes.len())
    }
}

/// A line that wraps messages (chapter 2, batch protocol).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapper {
    /// Which of the four.
    pub kind: WrapperKind,
    /// The line with its end.
    pub span: Range<u64>,
    /// For trailers: the count in the first field (BTS-1 messages, FTS-1 batches), where it is a number.
    pub declared: Option<u64>,
    /// For trailers: how many messages or batches there really were.
    pub counted: u64,
}

impl Wrapper {
    /// Does a trailer count otherwise than we do?
    #[must_use]
    pub fn is_mismatch(&self) -> bool {
        self.declared.is_some_and(|declared| declared != self.counted)
    }
}

/// The four wrapping segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrapperKind {
    /// FHS
    FileHeader,
    /// BHS
    BatchHeader,
    /// BTS
    BatchTrailer,
    /// FTS
    FileTrailer,
}

impl WrapperKind {
    /// By the three letters of the segment.
    pub(super) fn of(id: &[u8]) -> Option<Self> {
        match id {
            b"FHS" => Some(Self::FileHeader),
            b"BHS" => Some(Self::BatchHeader),
            b"BTS" => Some(Self::BatchTrailer),
            b"FTS" => Some(Self::FileTrailer),
            _ => None,
        }
    }
}

/// Bytes between the other pieces that carry nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Where it is.
    pub span: Range<u64>,
    /// Holds 0x0B or 0x1C.
    pub framing: bool,
    /// Holds a byte order mark.
    pub byte_order_mark: bool,
}
