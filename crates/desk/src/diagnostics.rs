//! What a steward can hand to support: how this program, this computer and the lake stand, in plain text. No content, no
//! names of files or people, no tokens, no paths.

use serde::Serialize;

use crate::account::Account;
use crate::home::Home;

/// A text for support, line by line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostics {
    /// The lines, in order.
    pub lines: Vec<Line>,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What is told.
    pub what: String,
    /// How it is.
    pub how: String,
    /// Whether it is as it should be.
    pub standing: Standing,
}

/// Whether something is as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// A fact.
    Fact,
    /// As it should be.
    Good,
    /// Not as it should be.
    Bad,
}

/// Finds out everything; ends within a minute or so, whatever does not answer. `also`: what the caller knows besides
/// (what, how), such as the version of the web view.
pub async fn gather(home: &Home, account: Option<&Account>, also: &[(&str, String)]) -> Diagnostics {
    todo!()
}

impl Diagnostics {
    /// As text, one line each: `what: how`.
    pub fn to_text(&self) -> String {
        todo!()
    }
}
