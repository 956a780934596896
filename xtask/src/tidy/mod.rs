//! `cargo xtask tidy`: the rules that no compiler checks. Each violation says where, what, and what to do.

mod code;
mod documents;
mod edges;
mod files;
mod generated;
mod rust;

use std::fmt;
use std::path::PathBuf;

use crate::workspace;

/// One broken rule.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// The file, relative to the workspace.
    file: PathBuf,
    /// The line, from 1; 0 where the file as a whole is meant.
    line: usize,
    /// What is wrong and what to do.
    what: String,
}

impl Violation {
    fn new(file: impl Into<PathBuf>, line: usize, what: impl Into<String>) -> Self {
        Self { file: file.into(), line, what: what.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, what } = self;
        match line {
            0 => write!(formatter, "{}: {what}", file.display()),
            line => write!(formatter, "{}:{line}: {what}", file.display()),
        }
    }
}

/// Checks the whole workspace and prints what it finds.
pub(crate) fn run() -> Result<(), String> {
    let metadata = workspace::metadata()?;
    let files = files::text_files(workspace::root())?;
    let mut violations = edges::check(&metadata, workspace::root());
    violations.extend(rust::check_roots(&metadata, workspace::root()));
    violations.extend(generated::check(workspace::root()));
    for file in &files {
        violations.extend(documents::check(file));
        if file.is_rust() {
            violations.extend(rust::check(file));
        }
    }
    for violation in &violations {
        eprintln!("{violation}");
    }
    match violations.len() {
        0 => Ok(()),
        1 => Err("tidy found one violation".into()),
        many => Err(format!("tidy found {many} violations")),
    }
}
