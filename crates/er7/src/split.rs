//! Files in, messages out, with their places: the work of every client, since one submission is one message.
//!
//! [`Splitter`] reads any [`Read`] once, forwards only, and never holds more than one message. Its pieces
//! follow each other without a hole and cover the input, so nothing is dropped unseen. What it yields as a
//! message is what gets submitted: no MLLP bytes, no batch segments, no byte order mark, no text before it;
//! UTF-16 and UTF-32 are UTF-8. So the digest of a message is the same, however it was framed. [`read_span`]
//! reads one message again by its place.
//!
//! A line starts a message when, after blanks, framing and byte order marks, it is `MSH` and a byte that is
//! neither letter, digit nor blank; FHS, BHS, BTS and FTS lines belong to no message; any other line belongs
//! to the message before it.

mod batch;
mod encoding;
mod line;
mod piece;
mod places;
mod scan;
mod span;
mod store;
mod summary;

pub use encoding::Encoding;
pub use piece::{Gap, Message, Piece, Remark, Wrapper, WrapperKind};
pub use span::{SpanError, read_span};
pub use summary::{FileKind, Summary};

use encoding::Decoder;
use scan::Scan;
use std::io::{ErrorKind, Read};

/// The default limit of a message in bytes: what the lake takes by default.
pub const MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// How much is read at a time.
const READ_BYTES: usize = 64 * 1024;
/// How much is read first: most files are one message, and are read whole by this.
const FIRST_READ_BYTES: usize = 8 * 1024;

/// Splits one file; an iterator of its pieces.
///
/// Memory: at most three times the largest message within the limit (see [`Splitter::peak_bytes`]) and under
/// 32 MB besides. Time is linear in the size of the file, whatever is in it.
pub struct Splitter<R> {
    reader: R,
    buffer: Box<[u8]>,
    /// Bytes that decide the encoding, until there are four or no more.
    start: Start,
    scan: Scan,
    state: State,
    /// Bytes read so far.
    read: u64,
}

enum Start {
    Gathering(Vec<u8>),
    Known(Decoder),
}

enum State {
    Reading,
    Finished,
    Failed,
}

/// The file could not be read further.
#[derive(Debug, thiserror::Error)]
#[error("reading stopped at byte {at}: {source}; the pieces before it hold, try the file again")]
pub struct SplitError {
    /// Bytes read before.
    pub at: u64,
    /// What the reader said.
    #[source]
    pub source: std::io::Error,
}

impl<R: Read> Splitter<R> {
    /// Splits what `reader` gives, from its present place, with [`MESSAGE_BYTES`] as the limit.
    pub fn new(reader: R) -> Self {
        Self::with_limit(reader, MESSAGE_BYTES)
    }

    /// As [`Splitter::new`], but a message of more than `message_bytes` is told of without its bytes.
    pub fn with_limit(reader: R, message_bytes: usize) -> Self {
        Self {
            reader,
            buffer: vec![0; FIRST_READ_BYTES].into_boxed_slice(),
            start: Start::Gathering(Vec::new()),
            scan: Scan::new(message_bytes),
            state: State::Reading,
            read: 0,
        }
    }

    /// What was found so far; of the whole file once the iterator has ended.
    pub fn summary(&self) -> Summary {
        let mut summary = self.scan.summary();
        if let Start::Known(decoder) = &self.start {
            summary.encoding = decoder.encoding();
        }
        summary
    }

    /// The most bytes that the splitter's own buffers ever took, the moment of growing a buffer counted with
    /// old and new; messages handed over are no longer its own.
    pub fn peak_bytes(&self) -> usize {
        self.scan.peak_bytes() + READ_BYTES
    }

    fn read_more(&mut self) -> Result<(), SplitError> {
        let count = loop {
            match self.reader.read(&mut self.buffer) {
                Ok(count) => break count.min(self.buffer.len()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(source) => return Err(SplitError { at: self.read, source }),
            }
        };
        self.read = self.read.saturating_add(count as u64);
        let bytes = self.buffer.get(..count).unwrap_or_default();
        match &mut self.start {
            Start::Known(decoder) => decoder.feed(bytes, &mut self.scan),
            Start::Gathering(gathered) => {
                gathered.extend_from_slice(bytes);
                if gathered.len() >= 4 || count == 0 {
                    let mut decoder = Decoder::new(Encoding::detect(gathered));
                    decoder.feed(gathered, &mut self.scan);
                    self.start = Start::Known(decoder);
                }
            }
        }
        if count == self.buffer.len() && count < READ_BYTES {
            self.buffer = vec![0; READ_BYTES].into_boxed_slice();
        }
        if count == 0 {
            if let Start::Known(decoder) = &mut self.start {
                decoder.finish(&mut self.scan);
            }
            self.scan.finish(self.read);
            self.state = State::Finished;
        }
        Ok(())
    }
}

impl<R: Read> Iterator for Splitter<R> {
    type Item = Result<Piece, SplitError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(piece) = self.scan.pop() {
                return Some(Ok(piece));
            }
            match self.state {
                State::Finished | State::Failed => return None,
                State::Reading => {
                    if let Err(error) = self.read_more() {
                        self.state = State::Failed;
                        return Some(Err(error));
                    }
                }
            }
        }
    }
}
