//! Times, sizes and ids as people read them.

use desk::browse::sender_in_words;
pub(super) use desk::browse::size_in_words as size;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use lake::{Head, MessageId};

/// A time in this computer's zone, with the zone.
pub(super) fn local(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
}

/// `ADT^A01`.
pub(super) fn kind(head: &Head) -> String {
    let parts = [&head.message_type, &head.trigger_event];
    parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join("^")
}

/// Sending application and facility.
pub(super) fn sender(head: &Head) -> String {
    sender_in_words(head.sending_application.as_deref(), head.sending_facility.as_deref())
}

/// A day as the lake counts them.
pub(super) fn parse_day(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| "a day is written as 2026-03-04, and counted in UTC".to_owned())
}

/// A message id.
pub(super) fn parse_id(text: &str) -> Result<MessageId, String> {
    MessageId::parse(text).map_err(|error| error.to_string())
}
