//! Settings, About and diagnostics.

use serde::{Deserialize, Serialize};
use specta::Type;

/// What the steward chose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SettingsView {
    /// Light, dark, or as the system has it.
    pub(crate) theme: Theme,
    /// After so many minutes without a key or a pointer the screen is locked; none: never.
    pub(crate) idle_lock_minutes: Option<u16>,
    /// The size of text, in percent: 80 to 200.
    pub(crate) text_scale: u16,
}

/// Light or dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Theme {
    /// As the system has it.
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// What the program is.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AboutView {
    /// Its version.
    pub(crate) version: String,
    /// Its licence.
    pub(crate) licence: String,
    /// The versions of HL7 that it knows.
    pub(crate) hl7_versions: Vec<String>,
}

/// What can be handed to support: nothing of patients, files or people is in it.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DiagnosticsView {
    /// As text, to be read before it is passed on.
    pub(crate) text: String,
}
