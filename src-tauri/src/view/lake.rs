//! Which lake, who is signed in, and what they may do: the banner, Connect and Sign in.

use serde::Serialize;
use specta::Type;

use super::{PhaseView, Problem, ProgressView, SettingsView};

/// Everything that is always on screen, and what decides which screen is.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Overview {
    /// The lake in use; none at the first start.
    pub(crate) lake: Option<LakeView>,
    /// Every lake that is known here.
    pub(crate) lakes: Vec<LakeRow>,
    /// Who is signed in.
    pub(crate) session: SessionView,
    /// The submission that is under way, if one is: this much of it is shown over a locked screen, too.
    pub(crate) under_way: Option<UnderWay>,
    /// Submissions with something left to do.
    pub(crate) unfinished: u32,
    /// What the steward chose.
    pub(crate) settings: SettingsView,
    /// What went wrong at the start, if something did: a damaged file that was kept aside.
    pub(crate) notes: Vec<Problem>,
}

/// A submission that is under way.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UnderWay {
    /// Which.
    pub(crate) id: u32,
    /// What it is doing.
    pub(crate) phase: PhaseView,
    /// How far it is; none while its files are looked through.
    pub(crate) progress: Option<ProgressView>,
}

/// The lake in use.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LakeView {
    /// Its name here.
    pub(crate) name: String,
    /// What it calls itself.
    pub(crate) title: String,
    /// On this computer, for practice: nothing real is in it.
    pub(crate) practice: bool,
    /// The host that answers for it.
    pub(crate) host: String,
    /// The host where one signs in.
    pub(crate) sign_in_host: String,
    /// Whether it can be reached.
    pub(crate) standing: LakeStanding,
}

/// Whether the lake can be reached.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub(crate) enum LakeStanding {
    /// The practice lake is being started.
    Starting,
    /// Nothing speaks against it.
    Ready,
    /// It does not answer, or cannot be started.
    Failed {
        /// Why.
        problem: Problem,
    },
}

/// A known lake.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LakeRow {
    /// Its name here.
    pub(crate) name: String,
    /// What it calls itself.
    pub(crate) title: String,
    /// On this computer, for practice.
    pub(crate) practice: bool,
    /// The host that answers for it.
    pub(crate) host: String,
    /// The one in use.
    pub(crate) current: bool,
}

/// A lake that was looked at and not yet accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LakeOffer {
    /// For accepting it.
    pub(crate) id: u32,
    /// What it calls itself.
    pub(crate) title: String,
    /// The host that answers for it.
    pub(crate) host: String,
    /// The host where one signs in.
    pub(crate) sign_in_host: String,
    /// On this computer.
    pub(crate) practice: bool,
    /// What is other than when it was accepted before, in words; empty for a new lake.
    pub(crate) changes: Vec<String>,
    /// It is known here and nothing changed.
    pub(crate) known: bool,
}

/// Who is signed in.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub(crate) enum SessionView {
    /// It is not known yet: the keyring is being asked.
    Looking,
    /// Nobody.
    #[serde(rename_all = "camelCase")]
    SignedOut {
        /// Why the last sign-in came to nothing, or why it ended.
        problem: Option<Problem>,
        /// Somebody may be: the sign-in service did not answer, and is asked again by itself.
        unreached: bool,
        /// The keyring cannot keep a session: why. One will end with the program.
        keyring: Option<Problem>,
    },
    /// The browser shows the sign-in page.
    #[serde(rename_all = "camelCase")]
    SigningIn {
        /// Until when it is waited, RFC 3339.
        until: String,
        /// The page could not be opened in a browser; this is its address to copy.
        address: Option<String>,
    },
    /// Somebody.
    #[serde(rename_all = "camelCase")]
    SignedIn {
        /// Their name, as the lake tells it.
        user: String,
        /// What they may do.
        rights: Rights,
        /// Where the session is kept.
        kept: Kept,
    },
    /// Somebody, and the screen is locked: nothing of the lake is shown until they sign in again.
    #[serde(rename_all = "camelCase")]
    Locked {
        /// Their name.
        user: String,
        /// Why the last try to unlock came to nothing.
        problem: Option<Problem>,
        /// Until when a sign-in is waited for, RFC 3339; none while none is under way.
        until: Option<String>,
        /// The page could not be opened in a browser; this is its address to copy.
        address: Option<String>,
    },
}

/// What a steward may do, and for which institution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rights {
    /// Whose messages they may read.
    pub(crate) reads: Option<String>,
    /// For whom they may send.
    pub(crate) writes: Option<String>,
}

/// Where a session is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
#[serde(tag = "where", rename_all = "kebab-case")]
pub(crate) enum Kept {
    /// In the system's keyring.
    Keyring,
    /// Only while the program runs.
    Memory {
        /// Why not in the keyring.
        problem: Problem,
    },
}
