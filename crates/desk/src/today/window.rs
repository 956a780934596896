//! A day of the lake, which counts in UTC, as it lies on the steward's clock.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
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

impl Window {
    /// The day of the lake in which this moment lies.
    pub fn at(now: Timestamp) -> Self {
        Self::of(lake::day_of(now))
    }

    /// This day of the lake.
    pub fn of(day: Date) -> Self {
        let begins = |day: Date| day.to_zoned(TimeZone::UTC).map(|begin| begin.timestamp());
        Self {
            day,
            from: begins(day).unwrap_or(Timestamp::MIN),
            // The calendar ends some time.
            until: day.tomorrow().and_then(begins).unwrap_or(Timestamp::MAX),
        }
    }

    /// Its first and last moment on a clock of this zone.
    pub fn local(&self, zone: &TimeZone) -> (Zoned, Zoned) {
        (self.from.to_zoned(zone.clone()), self.until.to_zoned(zone.clone()))
    }

    /// Which day it is, and when it is here: `4 March 2026 (UTC), here 4 March 01:00 to 5 March 01:00 CET`.
    pub fn in_words(&self, zone: &TimeZone) -> String {
        let (from, until) = self.local(zone);
        let day = self.day.strftime("%-d %B %Y");
        let to = until.strftime("%-d %B %H:%M %Z");
        let names_differ = from.strftime("%Z").to_string() != until.strftime("%Z").to_string();
        let from = from.strftime(if names_differ { "%-d %B %H:%M %Z" } else { "%-d %B %H:%M" });
        format!("{day} (UTC), here {from} to {to}")
    }
}
