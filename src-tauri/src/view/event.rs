//! Events. Each is a hint that something changed; the web view reads again what it shows of it.

use serde::{Deserialize, Serialize};
use specta::Type;
use tauri_specta::Event;

/// Something changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type, Event)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub(crate) enum Changed {
    /// Lake, session, lock or settings: read the overview.
    Overview,
    /// This submission.
    #[serde(rename_all = "camelCase")]
    Submission {
        /// Its number in this home.
        id: u32,
    },
    /// So many messages have been counted for Today.
    #[serde(rename_all = "camelCase")]
    TodayCounted {
        /// Messages read so far.
        messages: u32,
    },
    /// Files were dropped, or handed over by the system: ask which.
    Dropped,
}

/// Files are held over the window, or no longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type, Event)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Hovered {
    /// How many; 0: they have left.
    pub(crate) files: u32,
}
