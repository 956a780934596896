//! Which senders have fallen silent, by the seven days before.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use lake::Head;
use serde::Serialize;

use super::tally::Tally;
use super::{Coverage, Sender, Window};

/// A sender of the seven days before of which nothing came on this day (or, where only the newest of the day were
/// counted, since the oldest of those).
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
    /// How many were to be expected by now: the usual number, by the share of the day that has passed and the share of
    /// days on which it sends at all, rounded down. 0: its silence means nothing yet.
    pub expected_by_now: u64,
}

/// The seven days before, by sender.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Before {
    /// Messages counted.
    pub messages: u64,
    /// Days of which only the newest messages were counted: what is usual of a sender is then at least what is told.
    pub days_cut_short: BTreeSet<Date>,
    #[serde(skip)]
    days: BTreeMap<Date, u64>,
    #[serde(skip)]
    senders: BTreeMap<Sender, Heard>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Heard {
    days: BTreeMap<Date, u64>,
    last_received: Timestamp,
}

impl Before {
    /// Counts a message, unless `most` of its day are counted already.
    pub(super) fn add(&mut self, day: Date, head: &Head, most: usize) {
        let of_day = self.days.entry(day).or_default();
        if *of_day >= most as u64 {
            self.days_cut_short.insert(day);
            return;
        }
        *of_day += 1;
        self.messages += 1;
        let heard = self
            .senders
            .entry(Sender::of(head))
            .or_insert_with(|| Heard { days: BTreeMap::new(), last_received: head.received_at });
        *heard.days.entry(day).or_default() += 1;
        heard.last_received = heard.last_received.max(head.received_at);
    }
}

/// The senders that were heard before and are not among the day's, the most unusual silence first.
pub(super) fn silent(
    before: &Before,
    today: &Tally,
    window: &Window,
    coverage: Coverage,
    now: Timestamp,
) -> Vec<Silent> {
    let from = match coverage {
        Coverage::All => window.from,
        Coverage::Newest { since, .. } => since,
    };
    let day = window.until.duration_since(window.from).as_secs().max(1);
    let passed = now.clamp(from, window.until.max(from)).duration_since(from).as_secs().clamp(0, day);
    let (day, passed) = (day.unsigned_abs(), passed.unsigned_abs());
    let days = before.days.len().max(1) as u64;
    let gone_quiet = before.senders.iter().filter(|(sender, _)| !today.has(sender));
    let mut silent: Vec<Silent> = gone_quiet
        .map(|(sender, heard)| {
            let days_heard = heard.days.len() as u64;
            let usual_a_day = median(heard.days.values().copied().collect());
            let expected = u128::from(usual_a_day) * u128::from(days_heard) * u128::from(passed)
                / (u128::from(days) * u128::from(day));
            Silent {
                sender: sender.clone(),
                last_received: heard.last_received,
                usual_a_day,
                days_heard: u8::try_from(days_heard).unwrap_or(u8::MAX),
                expected_by_now: u64::try_from(expected).unwrap_or(u64::MAX),
            }
        })
        .collect();
    silent.sort_by_key(|one| (std::cmp::Reverse((one.expected_by_now, one.usual_a_day)), one.last_received));
    silent
}

/// The middle one; of an even number the mean of the two in the middle, rounded down.
fn median(mut counts: Vec<u64>) -> u64 {
    counts.sort_unstable();
    let middle = counts.len() / 2;
    let at = |place: usize| counts.get(place).copied().unwrap_or_default();
    match counts.len() % 2 {
        0 => at(middle.saturating_sub(1)).midpoint(at(middle)),
        _ => at(middle),
    }
}
