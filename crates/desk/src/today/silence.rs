//! Which senders have fallen silent, by the seven days before.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::{Coverage, Sender};

/// A sender of the seven days before of which nothing came on this day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Silent {
    /// Which.
    pub sender: Sender,
    /// When its newest message was received.
    pub last_received: Timestamp,
    /// Its usual messages a day: the median of those days of the seven on which it sent any.
    pub usual_a_day: u64,
    /// On how many of the seven days it sent any, 1 to 7.
    pub days_heard: u8,
    /// How many were to be expected by now, by the share of the day that has passed, rounded down. 0: silence means
    /// nothing yet.
    pub expected_by_now: u64,
}

/// The seven days before, by sender.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Before {
    /// Messages counted.
    pub messages: u64,
    /// Days of which only the newest messages were counted: the usual number of a sender is at least the one told.
    pub days_cut_short: Vec<Date>,
    #[serde(skip)]
    pub(super) senders: std::collections::BTreeMap<Sender, ()>,
}
