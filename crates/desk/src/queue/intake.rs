//! What a steward hands over.

use std::path::PathBuf;

use lake::{MessageId, Source};

/// What to do with a file that has no message header in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unheaded {
    /// List it, do not send it.
    LeaveOut,
    /// Send the whole file as one message.
    Send,
}

/// What a steward hands over.
#[derive(Clone, Debug)]
pub struct Intake {
    /// The lake, by its local name.
    pub lake: String,
    /// Where it answers.
    pub front_door: String,
    /// The institution it goes to, as the session says now; none where it has no right, or does not answer.
    pub source: Option<Source>,
    /// What relative paths are relative to.
    pub folder: PathBuf,
    /// Files and folders.
    pub paths: Vec<PathBuf>,
    /// What to do with files without a message header.
    pub unheaded: Unheaded,
    /// The message that is replaced.
    pub replaces: Option<MessageId>,
}

impl Intake {
    /// The paths as text.
    pub fn shown_paths(&self) -> Vec<String> {
        self.paths.iter().map(|path| path.to_string_lossy().into_owned()).collect()
    }
}
