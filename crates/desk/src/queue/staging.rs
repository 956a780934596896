//! What staging made of messages that are in the lake, as far as the catalog was asked.

use serde::Serialize;

/// Where a message stands that is in the lake by a submission of this home.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum StagingState {
    /// No answer from staging is known yet.
    Waiting,
    /// Parsed JSON is there.
    Ready,
    /// It could not be staged.
    Attention {
        /// Why: one of [`er7::codes`], where the catalog told it.
        error_code: Option<String>,
    },
    /// A delivery within the lake failed for good.
    Stuck,
    /// It needed attention and is closed: set aside, or replaced by a fix.
    Closed,
}
