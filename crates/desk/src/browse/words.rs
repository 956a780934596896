//! The words of the screen for what the code calls otherwise.

use lake::{Head, State, Zone};
use serde::Serialize;

/// A state as the screen names it.
pub fn state_in_words(state: State) -> &'static str {
    match state {
        State::Received => "Received",
        State::Ready => "Ready to use",
        State::Attention => "Needs attention",
        State::Stuck => "Stuck",
        State::SetAside => "Set aside",
        State::Replaced => "Replaced by a fix",
    }
}

/// A part of the lake as the screen names it.
pub fn zone_in_words(zone: Zone) -> &'static str {
    match zone {
        Zone::Ingestion => "Received",
        Zone::Staging => "Ready to use",
        Zone::Error => "Needs attention",
    }
}

/// What sort of thing happened to a message, for an icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// The lake received it.
    Received,
    /// It was made ready to use.
    Ready,
    /// It needs attention.
    Attention,
    /// A steward asked for another attempt, or for a delivery.
    TriedAgain,
    /// A steward set it aside.
    SetAside,
    /// A delivery inside the lake failed for good.
    Stuck,
    /// A fix was sent.
    FixSent,
    /// A fix took its place.
    Replaced,
    /// The lake noticed something.
    Remark,
}

/// Why a message needs attention, in one sentence.
pub fn cause_in_words(head: &Head) -> String {
    match (&head.error_code, head.state) {
        (Some(code), _) => {
            er7::codes::describe(code).map_or_else(|| code.clone(), |known| known.what.to_owned())
        }
        (None, State::Stuck) => "a delivery inside the lake failed for good; ask for it again".to_owned(),
        (None, _) => String::new(),
    }
}
