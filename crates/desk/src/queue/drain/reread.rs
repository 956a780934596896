//! A message's bytes again, from its file, if it is still the file that was looked through.

use std::collections::HashMap;
use std::fs::File;
use std::io::ErrorKind;

use bytes::Bytes;
use er7::split::{SpanError, read_span};

use crate::files;
use crate::queue::scan::{Cut, facts, read_raw, read_whole};
use crate::queue::work::Work;

/// The bytes of each message, or why they cannot be had; blocks on the file system.
pub(super) fn reread(works: Vec<Work>) -> Vec<(Work, Result<Bytes, String>)> {
    let mut files: HashMap<std::path::PathBuf, Result<File, String>> = HashMap::new();
    works
        .into_iter()
        .map(|work| {
            // Messages come in the order of files: one open file is enough.
            if !files.contains_key(&work.path) {
                files.clear();
                files.insert(work.path.clone(), open(&work));
            }
            let bytes = match files.get_mut(&work.path) {
                Some(Ok(file)) => read(file, &work),
                Some(Err(reason)) => Err(reason.clone()),
                None => Err("the file is not there any more".to_owned()),
            };
            (work, bytes.map(Bytes::from))
        })
        .collect()
}

const CHANGED: &str = "the file has changed since it was looked through";

fn open(work: &Work) -> Result<File, String> {
    match std::fs::symlink_metadata(&work.path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err("the file was moved or removed since it was looked through".to_owned());
        }
        _ => {}
    }
    files::open(&work.path).map_err(|reason| format!("the file {reason}"))
}

fn read(file: &mut File, work: &Work) -> Result<Vec<u8>, String> {
    let metadata = file.metadata().map_err(|error| format!("the file cannot be read again: {error}"))?;
    let (size, modified, ..) = facts(&metadata);
    if (size, modified) != (work.size, work.modified) {
        return Err(CHANGED.to_owned());
    }
    let again = |error| format!("the file cannot be read again: {error}");
    let span = work.span.0..work.span.1;
    let bytes = match work.cut {
        Cut::WholeFile => read_whole(file, metadata.len()).map_err(again)?,
        Cut::RawSpan => read_raw(file, &span).map_err(again)?,
        Cut::Span => read_span(file, span).map_err(|error| match error {
            SpanError::Read(error) => again(error),
            _ => CHANGED.to_owned(),
        })?,
    };
    if er7::digest(&bytes) == work.digest { Ok(bytes) } else { Err(CHANGED.to_owned()) }
}
