//! How a steward likes the desktop: kept in the home, changed one field at a time. What a later version keeps there too
//! stays.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::home::{Home, HomeProblem, Kept};

/// The longest idle time after which the window may lock.
pub const LONGEST_IDLE_MINUTES: u16 = 240;
/// The text sizes that the screens are made for, in percent.
pub const TEXT_SCALES: std::ops::RangeInclusive<u16> = 80..=200;

const SETTINGS: Kept =
    Kept { name: "settings.json", next_step: "the usual settings hold until you change them" };

/// The settings of one home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Light or dark.
    pub theme: Theme,
    /// Minutes without touch after which the window locks, 1 to [`LONGEST_IDLE_MINUTES`]; none: never.
    pub idle_lock_minutes: Option<u16>,
    /// Text size in percent, within [`TEXT_SCALES`].
    pub text_scale: u16,
    /// What this version does not know.
    #[serde(flatten)]
    other: Map<String, Value>,
}

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// Light.
    Light,
    /// Dark.
    Dark,
    /// As the system has it; also what this version does not know.
    #[default]
    #[serde(other)]
    System,
}

impl Default for Settings {
    fn default() -> Self {
        Self { theme: Theme::System, idle_lock_minutes: Some(15), text_scale: 100, other: Map::new() }
    }
}

impl Settings {
    /// The settings of a home; the usual ones where none were saved. A damaged file is kept aside and named; the next
    /// read has the usual ones.
    pub fn read(home: &Home) -> Result<Self, HomeProblem> {
        Ok(home.kept::<Self>(&SETTINGS)?.within_bounds())
    }

    /// Changes them and saves them, durably; what they are then. Numbers out of bounds become the nearest within.
    pub fn change(home: &Home, change: impl FnOnce(&mut Self)) -> Result<Self, HomeProblem> {
        home.change_kept(&SETTINGS, |settings: &mut Self| {
            change(settings);
            *settings = std::mem::take(settings).within_bounds();
        })
    }

    fn within_bounds(mut self) -> Self {
        self.idle_lock_minutes = self.idle_lock_minutes.map(|minutes| minutes.clamp(1, LONGEST_IDLE_MINUTES));
        self.text_scale = self.text_scale.clamp(*TEXT_SCALES.start(), *TEXT_SCALES.end());
        self
    }
}
