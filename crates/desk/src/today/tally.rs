//! Counting heads: by state, and by sending system.

use jiff::Timestamp;
use serde::Serialize;

/// Messages by what has become of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ByState {
    /// All: the sum of the others.
    pub total: u64,
    /// Received and still on the way.
    pub on_the_way: u64,
    /// Ready to use.
    pub ready: u64,
    /// Needs attention.
    pub attention: u64,
    /// Stuck.
    pub stuck: u64,
    /// Set aside.
    pub set_aside: u64,
    /// Replaced by a fix.
    pub replaced: u64,
}

/// A sending system: MSH-3 and MSH-4.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Sender {
    /// MSH-3.
    pub application: Option<String>,
    /// MSH-4.
    pub facility: Option<String>,
}

/// What came from one sender.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FromSender {
    /// Which.
    pub sender: Sender,
    /// Its messages.
    pub messages: ByState,
    /// When the newest was received.
    pub last_received: Timestamp,
}

/// What came, by sender.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Senders {
    /// Most messages first.
    pub named: Vec<FromSender>,
    /// Messages of further senders, beyond the first thousand that came.
    pub others: ByState,
}
