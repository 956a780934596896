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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn home() -> (tempfile::TempDir, Home) {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::open(dir.path()).unwrap();
        (dir, home)
    }

    #[test]
    fn settings_are_usual_until_changed_and_then_kept() {
        let (_dir, home) = home();
        let usual = Settings::read(&home).unwrap();
        assert_eq!(usual, Settings::default(), "nothing was saved yet");
        assert_eq!(usual.idle_lock_minutes, Some(15), "the window locks after a quarter of an hour");
        let changed = Settings::change(&home, |settings| settings.theme = Theme::Dark).unwrap();
        assert_eq!(changed.theme, Theme::Dark, "as changed");
        Settings::change(&home, |settings| settings.idle_lock_minutes = None).unwrap();
        let read = Settings::read(&home).unwrap();
        assert_eq!((read.theme, read.idle_lock_minutes), (Theme::Dark, None), "each change is kept");
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let (_dir, home) = home();
        Settings::change(&home, |_| {}).unwrap();
        let mode = fs::metadata(home.join("settings.json")).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "for its owner only");
    }

    #[test]
    fn what_another_version_keeps_there_stays() {
        let (_dir, home) = home();
        let text = r#"{"theme":"sepia","density":{"rows":32}}"#;
        fs::write(home.join("settings.json"), text).unwrap();
        let read = Settings::read(&home).unwrap();
        assert_eq!(read.theme, Theme::System, "a theme that is not known here");
        assert_eq!(read.idle_lock_minutes, Some(15), "what is left out is as usual");
        Settings::change(&home, |settings| settings.text_scale = 125).unwrap();
        let kept = fs::read_to_string(home.join("settings.json")).unwrap();
        let kept: Value = serde_json::from_str(&kept).unwrap();
        assert_eq!(kept["density"]["rows"], 32, "unknown fields stay: {kept}");
    }

    #[test]
    fn numbers_out_of_bounds_become_the_nearest_within() {
        let (_dir, home) = home();
        fs::write(home.join("settings.json"), r#"{"idle_lock_minutes":60000,"text_scale":5}"#).unwrap();
        let read = Settings::read(&home).unwrap();
        assert_eq!((read.idle_lock_minutes, read.text_scale), (Some(240), 80), "of a file edited by hand");
        let changed = Settings::change(&home, |settings| settings.idle_lock_minutes = Some(0)).unwrap();
        assert_eq!(changed.idle_lock_minutes, Some(1), "of a change too");
    }

    #[test]
    fn a_damaged_file_is_kept_aside_and_the_usual_settings_hold() {
        let (_dir, home) = home();
        fs::write(home.join("settings.json"), r#"{"theme":"#).unwrap();
        let said = Settings::read(&home).expect_err("it is damaged").to_string();
        assert!(said.contains("settings.json.damaged") && said.contains("usual settings"), "said: {said}");
        assert_eq!(Settings::read(&home).unwrap(), Settings::default(), "one may go on");
    }
}
