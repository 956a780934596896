//! Rows of a table that may show any part of a submission: as many rows into the chosen ones as the scroll bar says.

use serde::Serialize;

use super::outcome::Line;

/// Which messages of a submission: what each count on the screen stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Which {
    /// Every message that was found.
    All,
    /// In the lake by this submission, whatever staging makes of it.
    InTheLake,
    /// The lake had it already.
    Duplicate,
    /// No right to write.
    Denied,
    /// Not taken by the lake.
    Invalid,
    /// Surely not in the lake by this submission, those that wait to be sent among them.
    NotSent,
    /// Not known yet.
    Unconfirmed,
    /// In the lake; staging has not answered yet.
    Waiting,
    /// In the lake and ready to use.
    Ready,
    /// In the lake, and could not be staged.
    NeedsAttention,
    /// In the lake, and a delivery within it failed for good.
    Stuck,
    /// In the lake; needed attention and was set aside or replaced.
    Closed,
}

/// A part of the chosen messages, in the order of files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LinePage {
    /// How many messages are chosen in all, at the moment of reading.
    pub total: u64,
    /// The part that was asked for; shorter only where the chosen ones end.
    pub rows: Vec<Line>,
}
