//! The first screen: what came today, what became of it, what is left to do, and which senders have fallen silent.
//!
//! Read from heads alone, in bounded steps: at most [`MOST_TODAY`] messages of the day, [`MOST_OPEN`] that are left to do
//! and [`MOST_BEFORE`] of each of the seven days before. What lies beyond is said, never guessed.

mod reading;
mod silence;
mod tally;
mod window;

use jiff::Timestamp;
use jiff::civil::Date;
use lake::Source;
use serde::Serialize;

use crate::account::{Account, AccountProblem};
use reading::{Asked, LargePages, Most};
pub use silence::{Before, Silent};
pub use tally::{ByState, FromSender, Sender, Senders};
pub use window::Window;

/// Most messages of the day that are counted.
pub const MOST_TODAY: usize = 50_000;
/// Most messages left to do that are counted.
pub const MOST_OPEN: usize = 10_000;
/// Most messages of each of the seven days before that are counted.
pub const MOST_BEFORE: usize = 7_000;

/// Which day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Day {
    /// The day that it is now, in UTC.
    Now,
    /// This one, in UTC.
    Of(Date),
}

/// How far the counting has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TodayProgress {
    /// Messages read.
    pub read: u64,
}

/// Whether everything was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "counted", rename_all = "kebab-case")]
pub enum Coverage {
    /// Everything.
    All,
    /// There are more: only the newest were counted.
    Newest {
        /// How many.
        messages: u64,
        /// When the oldest of them was received.
        since: Timestamp,
    },
}

/// The first screen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Today {
    /// Whose messages.
    pub institution: Source,
    /// The day.
    pub window: Window,
    /// When this was counted.
    pub counted_at: Timestamp,
    /// The day's messages. Its parts add up to its total, and so do the senders'.
    pub received: ByState,
    /// Whether all of the day's messages were counted.
    pub coverage: Coverage,
    /// What is left to do, of all days.
    pub open: Open,
    /// The day's senders, most messages first.
    pub senders: Senders,
    /// Senders of the seven days before of which nothing came on this day, the most unusual silence first.
    pub silent: Vec<Silent>,
    /// The seven days before, for comparing and for [`again`].
    pub before: Before,
}

/// What is left to do, of all days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Open {
    /// Messages that need attention.
    pub attention: u64,
    /// Messages that are stuck.
    pub stuck: u64,
    /// Whether all were counted; if not, say "more than".
    pub coverage: Coverage,
}

/// Counts the first screen for the institution that this session reads. `tell` hears how far it has come, about every
/// thousand messages. Dropping the future ends the counting.
pub async fn count(
    account: &Account,
    day: Day,
    tell: impl FnMut(TodayProgress) + Send,
) -> Result<Today, AccountProblem> {
    count_with(account, day, None, tell).await
}

/// Counts again what can have changed, keeping the seven days before if the day is still the same.
pub async fn again(
    account: &Account,
    last: &Today,
    day: Day,
    tell: impl FnMut(TodayProgress) + Send,
) -> Result<Today, AccountProblem> {
    count_with(account, day, Some(last), tell).await
}

async fn count_with(
    account: &Account,
    day: Day,
    last: Option<&Today>,
    tell: impl FnMut(TodayProgress) + Send,
) -> Result<Today, AccountProblem> {
    let institution = account.reads().await?;
    let now = Timestamp::now();
    let window = match day {
        Day::Now => Window::at(now),
        Day::Of(day) => Window::of(day),
    };
    let same = |last: &&Today| last.window == window && last.institution == institution;
    let before = last.filter(same).map(|last| last.before.clone());
    let lake = LargePages(&account.clients.catalog);
    let asked = Asked { institution, window, now, before, most: Most::default() };
    Ok(reading::counted(&lake, asked, tell).await?)
}
