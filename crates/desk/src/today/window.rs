//! A day of the lake, which counts in UTC, as it lies on the steward's clock.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

/// A day of the lake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Window {
    /// The day, counted in UTC as in the lake.
    pub day: Date,
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub until: Timestamp,
}
