//! Files and folders as the messages in them: streamed, in a steady order, everything that is passed over named.

mod piped;

use std::io::Read;
use std::path::{Path, PathBuf};

pub(crate) use desk::files::Problem;
use desk::files::{self, STANDARD_INPUT, Walk};
use er7::split::{Piece, Remark, Splitter, Summary};

use crate::ending::Halt;
use crate::stop::Stop;
use piped::Piped;

/// One message in a file, or what stands where one should.
pub(crate) struct Place<'a> {
    /// The file as it was named or found.
    pub(crate) file: &'a str,
    /// Which message of the file, from 0.
    pub(crate) index: u64,
    /// Where in the file.
    pub(crate) span: (u64, u64),
}

/// What is done with what is found.
pub(crate) trait Visit {
    /// A message, or one that is too large or broken; other pieces are in the summary.
    fn message(&mut self, place: &Place<'_>, piece: &Piece) -> Result<(), Halt>;
    /// Something odd about the file between its messages; its code is counted in the summary.
    fn remark(&mut self, _remark: &Remark) {}
    /// The end of a file.
    fn file(&mut self, file: &str, summary: &Summary) -> Result<(), Halt>;
    /// Something that could not be read.
    fn problem(&mut self, problem: Problem) -> Result<(), Halt>;
}

/// Reads files, folders with all that is in them, and standard input where a path is `-`.
pub(crate) fn read(paths: Vec<PathBuf>, stop: &Stop, visit: &mut impl Visit) -> Result<(), Halt> {
    for found in Walk::new(paths) {
        if stop.is_asked() {
            break;
        }
        match found {
            Err(problem) => visit.problem(problem)?,
            Ok(path) if path.as_os_str() == STANDARD_INPUT => {
                split(&path, Piped::open(stop), stop, visit)?;
            }
            Ok(path) => match files::open(&path) {
                Ok(file) => split(&path, file, stop, visit)?,
                Err(reason) => visit.problem(Problem::new(path, reason))?,
            },
        }
    }
    Ok(())
}

fn split(path: &Path, reader: impl Read, stop: &Stop, visit: &mut impl Visit) -> Result<(), Halt> {
    let file = path.to_string_lossy();
    let mut splitter = Splitter::new(reader);
    let mut index = 0;
    for piece in splitter.by_ref() {
        match piece {
            Ok(piece @ (Piece::Message(_) | Piece::Oversize { .. } | Piece::Undecodable { .. })) => {
                let span = piece.span();
                visit.message(&Place { file: &file, index, span: (span.start, span.end) }, &piece)?;
                index += 1;
            }
            Ok(piece) => {
                if let Some(remark) = piece.remark() {
                    visit.remark(&remark);
                }
            }
            Err(_) if stop.is_asked() => return Ok(()),
            Err(error) => return visit.problem(Problem::new(path, error.to_string())),
        }
        if stop.is_asked() {
            return Ok(());
        }
    }
    visit.file(&file, &splitter.summary())
}
