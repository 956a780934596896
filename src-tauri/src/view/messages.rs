//! Messages of the lake in a list, and the history of one.

use serde::{Deserialize, Serialize};
use specta::Type;

use super::StatusView;

/// Which messages a list holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum MessageWhich {
    /// All of the chosen days.
    All,
    /// Of the chosen days, those on their way.
    Received,
    /// Of the chosen days, those ready to use.
    Ready,
    /// Of the chosen days, those that need attention.
    Attention,
    /// Of the chosen days, those that are stuck.
    Stuck,
    /// Of the chosen days, those set aside.
    SetAside,
    /// Of the chosen days, those replaced by a fix.
    Replaced,
    /// Whatever needs attention or is stuck, of every day.
    Open,
}

/// Some messages, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessagePage {
    /// The open list, for asking for more.
    pub(crate) list: u32,
    /// The messages.
    pub(crate) rows: Vec<MessageRow>,
    /// So many messages were looked at so far, those that do not match among them.
    pub(crate) looked_at: u32,
    /// There are no more. Until then a page may be short, even empty: ask for more.
    pub(crate) done: bool,
}

/// A message in a list: no content.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessageRow {
    /// The lake's id.
    pub(crate) message_id: String,
    /// When the lake received it, RFC 3339.
    pub(crate) received_at: String,
    /// Where it stands.
    pub(crate) status: StatusView,
    /// `ADT^A01`; empty if it does not say.
    pub(crate) message_type: String,
    /// MSH-3 and MSH-4.
    pub(crate) sender: String,
    /// MSH-10; empty if it has none.
    pub(crate) control_id: String,
    /// Bytes.
    pub(crate) bytes: u32,
    /// Why it needs attention, in a sentence; empty when it does not.
    pub(crate) why: String,
}

/// What happened to one message, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessageHistory {
    /// The message.
    pub(crate) message: MessageRow,
    /// Its fingerprint.
    pub(crate) fingerprint: String,
    /// What happened.
    pub(crate) steps: Vec<HistoryStep>,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HistoryStep {
    /// When, RFC 3339.
    pub(crate) at: String,
    /// What sort.
    pub(crate) kind: StepKind,
    /// What, in a sentence.
    pub(crate) what: String,
    /// The id of another message that it is about: a fix, or what was fixed.
    pub(crate) other: Option<String>,
}

/// What sort of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum StepKind {
    /// The lake received it.
    Received,
    /// It was made ready to use.
    Ready,
    /// It needs attention.
    Attention,
    /// It is stuck.
    Stuck,
    /// A steward asked for something.
    Asked,
    /// It was set aside.
    SetAside,
    /// A fix was sent or took its place.
    Fix,
    /// Something else.
    Other,
}
