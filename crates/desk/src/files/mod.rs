//! Files and folders as a steward names them: found in a steady order, everything that is passed over named.

mod open;
mod walk;

use std::fmt;
use std::path::PathBuf;

pub use open::{open, open_with_facts};
pub use walk::Walk;

/// The name that stands for standard input.
pub const STANDARD_INPUT: &str = "-";

/// Something that could not be read, and why; the rest was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which file or folder.
    pub path: PathBuf,
    /// What is the matter and what to do.
    pub reason: String,
    /// Whether it was named by the steward and is not there.
    pub is_missing: bool,
}

impl Problem {
    /// A problem with something that is there.
    pub fn new(path: impl Into<PathBuf>, reason: impl Into<String>) -> Self {
        Self { path: path.into(), reason: reason.into(), is_missing: false }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.path.display(), self.reason)
    }
}
