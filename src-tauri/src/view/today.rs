//! Today: what came in, what needs somebody, what stopped coming.

use serde::Serialize;
use specta::Type;

/// Today, as the first screen tells it.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TodayView {
    /// The institution.
    pub(crate) institution: String,
    /// The lake's day, `2026-11-25` (UTC).
    pub(crate) day: String,
    /// Begin and end of that day, RFC 3339, for showing it in local time.
    pub(crate) from: String,
    /// End of the day.
    pub(crate) to: String,
    /// Messages received on that day: the sum of the six below.
    pub(crate) received: u32,
    /// Ready to use.
    pub(crate) ready: u32,
    /// Need attention.
    pub(crate) attention: u32,
    /// Stuck.
    pub(crate) stuck: u32,
    /// On their way.
    pub(crate) on_the_way: u32,
    /// Set aside.
    pub(crate) set_aside: u32,
    /// Replaced by a fix.
    pub(crate) replaced: u32,
    /// Only the newest were counted: there are more.
    pub(crate) more: bool,
    /// Messages of any day that need attention.
    pub(crate) open_attention: u32,
    /// Messages of any day that are stuck.
    pub(crate) open_stuck: u32,
    /// There are more open ones than were counted.
    pub(crate) open_more: bool,
    /// By sending system, most messages first.
    pub(crate) senders: Vec<SenderToday>,
    /// Sending systems that were heard on the days before and not today.
    pub(crate) quiet: Vec<QuietSender>,
    /// When this was counted, RFC 3339.
    pub(crate) counted_at: String,
}

/// A sending system today.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SenderToday {
    /// MSH-3 and MSH-4.
    pub(crate) sender: String,
    /// Messages today.
    pub(crate) messages: u32,
    /// Of them ready to use.
    pub(crate) ready: u32,
    /// Of them needing attention or stuck.
    pub(crate) attention: u32,
    /// When the last one came, RFC 3339; not told of many systems together.
    pub(crate) last_at: Option<String>,
}

/// A sending system that stopped coming.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct QuietSender {
    /// MSH-3 and MSH-4.
    pub(crate) sender: String,
    /// When the last one came, RFC 3339.
    pub(crate) last_at: String,
    /// Messages on a usual day.
    pub(crate) usual: u32,
    /// On how many of the seven days before it sent any.
    pub(crate) days_heard: u32,
    /// How many were to be expected by this time of day; 0: silence means nothing yet.
    pub(crate) expected_by_now: u32,
}
