//! Looking at what a lake holds, page by page: messages by day, what needs attention, histories, objects, searches.
//! Everything here asks only what a steward's session may ask and keeps no more than a page of it.

mod doctor;
mod fetch;
mod find;
mod groups;
mod heads;
mod term;
mod verify;
mod words;

pub use doctor::{Expectation, Finding, Probe, examine};
pub use fetch::{Fetch, FetchProblem, Proof, key_of, place_of, recorded_digest};
pub use find::{FoundIn, search};
pub use groups::{Cause, Groups};
pub(crate) use heads::Heads;
pub use heads::{DayPages, DayRange, HeadFilter, heads_by_control_id, heads_of_days, open_heads};
pub use term::{BadTerm, Term};
pub use verify::{Checked, Ledger, Mark, Part, verify_day, verify_message};
pub use words::{
    EventKind, asked_by, cause_in_words, event_in_words, event_kind, other_message, reason_in_words,
    sender_in_words, size_in_words, state_in_words, zone_in_words,
};
