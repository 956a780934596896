//! A message's bytes again, from its file, if it is still the file that was looked through.

use std::fs::{File, symlink_metadata};
use std::io::{self, Cursor, ErrorKind, Read, Seek};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use er7::split::{SpanError, read_span};

use crate::files;
use crate::queue::scan::{Cut, facts, read_raw, read_whole};
use crate::queue::work::Work;

/// A file of at most so many bytes is read once for all of its messages.
const SMALL_BYTES: u64 = 256 * 1024;
const CHANGED: &str = "the file has changed since it was looked through";

/// A file that is read again.
enum Opened {
    /// What was in it when it was opened.
    Small {
        size: i64,
        modified: i64,
        bytes: Cursor<Vec<u8>>,
    },
    Large(File),
}

/// The bytes of each message, or why they cannot be had; blocks on the file system.
pub(super) fn reread(works: Vec<Work>) -> Vec<(Work, Result<Bytes, String>)> {
    // Messages come in the order of files: one open file is enough.
    let mut at_hand: Option<(PathBuf, Result<Opened, String>)> = None;
    works
        .into_iter()
        .map(|work| {
            let (_, file) = match &mut at_hand {
                Some(same) if same.0 == work.path => same,
                other => other.insert((work.path.clone(), open(&work.path))),
            };
            let bytes = match file {
                Ok(file) => file.read(&work),
                Err(reason) => Err(reason.clone()),
            };
            (work, bytes.map(Bytes::from))
        })
        .collect()
}

fn open(path: &Path) -> Result<Opened, String> {
    let opened = files::open_with_facts(path).map_err(|reason| match symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            "the file was moved or removed since it was looked through".to_owned()
        }
        _ => format!("the file {reason}"),
    });
    let (mut file, metadata) = opened?;
    if metadata.len() > SMALL_BYTES {
        return Ok(Opened::Large(file));
    }
    let (size, modified, ..) = facts(&metadata);
    let bytes = Cursor::new(read_small(&mut file, metadata.len()).map_err(again)?);
    Ok(Opened::Small { size, modified, bytes })
}

impl Opened {
    fn read(&mut self, work: &Work) -> Result<Vec<u8>, String> {
        let bytes = match self {
            Self::Small { size, modified, bytes } => {
                is_unchanged(work, *size, *modified)?;
                cut(bytes, work)?
            }
            Self::Large(file) => {
                let (size, modified, ..) = facts(&file.metadata().map_err(again)?);
                is_unchanged(work, size, modified)?;
                cut(file, work)?
            }
        };
        if er7::digest(&bytes) == work.digest { Ok(bytes) } else { Err(CHANGED.to_owned()) }
    }
}

fn is_unchanged(work: &Work, size: i64, modified: i64) -> Result<(), String> {
    if (size, modified) == (work.size, work.modified) { Ok(()) } else { Err(CHANGED.to_owned()) }
}

fn cut(file: &mut (impl Read + Seek), work: &Work) -> Result<Vec<u8>, String> {
    let span = work.span.0..work.span.1;
    match work.cut {
        Cut::WholeFile => read_whole(file, work.size.unsigned_abs()).map_err(again),
        Cut::RawSpan => read_raw(file, &span).map_err(again),
        Cut::Span => read_span(file, span).map_err(|error| match error {
            SpanError::Read(error) => again(error),
            _ => CHANGED.to_owned(),
        }),
    }
}

/// All of a file, in one call to the system; a byte more where it has grown.
fn read_small(file: &mut File, size: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(size).unwrap_or_default() + 1];
    let mut filled = 0;
    while (filled as u64) < size {
        match file.read(bytes.get_mut(filled..).unwrap_or_default()) {
            Ok(0) => break,
            Ok(more) => filled += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

fn again(error: io::Error) -> String {
    format!("the file cannot be read again: {error}")
}
