//! A problem as a steward reads it: what happened, and what to do next.

use serde::Serialize;
use specta::Type;

/// Why something did not work. The error type of every command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Problem {
    /// Stable, for tests and support: `not-signed-in`, `lake-out-of-reach`, …
    pub(crate) code: String,
    /// What happened, in a few words.
    pub(crate) title: String,
    /// What happened and where, in a sentence or two.
    pub(crate) detail: String,
    /// What to do about it, in a sentence.
    pub(crate) advice: String,
    /// What a button beside it does.
    pub(crate) next: NextStep,
}

/// What the button beside a problem does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum NextStep {
    /// Try the same again.
    TryAgain,
    /// Sign in.
    SignIn,
    /// Choose or add a lake.
    Connect,
    /// Look at what this computer and this sign-in may do.
    Diagnose,
    /// There is nothing to press: the advice says what to do elsewhere.
    Nothing,
}
