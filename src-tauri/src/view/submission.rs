//! Submit: what was chosen, what is about to be sent, and what became of every message.

use serde::{Deserialize, Serialize};
use specta::Type;

/// Files and folders that were dropped or chosen, and not yet submitted.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Chosen {
    /// For submitting them.
    pub(crate) id: u32,
    /// Files among them.
    pub(crate) files: u32,
    /// Folders among them.
    pub(crate) folders: u32,
    /// It is one file that describes a lake: for Connect.
    pub(crate) describes_lake: bool,
}

/// A submission.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SubmissionView {
    /// Its number in this home.
    pub(crate) id: u32,
    /// The lake it goes to.
    pub(crate) lake: String,
    /// The institution it goes to; none where the sign-in may not send.
    pub(crate) institution: Option<String>,
    /// When it was begun, RFC 3339.
    pub(crate) begun_at: String,
    /// When it came to its end, RFC 3339.
    pub(crate) ended_at: Option<String>,
    /// How far it is.
    pub(crate) phase: PhaseView,
    /// What became of its messages.
    pub(crate) counts: CountsView,
    /// What staging made of those that are in the lake by this submission.
    pub(crate) staging: StagingView,
    /// What is about to be sent; from the end of looking through on.
    pub(crate) review: Option<ReviewView>,
    /// How fast it goes; while it does.
    pub(crate) progress: Option<ProgressView>,
    /// Files without any message, at most 100; how many there are is in the counts.
    pub(crate) not_hl7: Vec<FileRow>,
    /// How many hold no message: not HL7, or empty.
    pub(crate) not_hl7_count: u32,
    /// Files and folders that could not be read, or not as a whole; at most 100.
    pub(crate) unread: Vec<FileRow>,
    /// How many could not be read.
    pub(crate) unread_count: u32,
}

/// How far a submission is.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub(crate) enum PhaseView {
    /// Files are being looked through.
    #[serde(rename_all = "camelCase")]
    LookingThrough {
        /// Files so far.
        files: u32,
        /// Messages so far.
        messages: u32,
    },
    /// It waits for the steward's yes.
    Review,
    /// Messages are being sent.
    Sending,
    /// The steward paused it.
    Paused,
    /// Another program on this computer sends; this one goes on after it.
    AnotherProgramSends,
    /// It waits for a sign-in.
    WaitsForSignIn {
        /// Why.
        why: String,
    },
    /// It goes to another lake than the one in use.
    WaitsForItsLake {
        /// That lake's name here.
        lake: String,
    },
    /// It goes to another institution than whoever is signed in may send for.
    WaitsForAnotherSender {
        /// That institution.
        institution: String,
    },
    /// The lake does not answer.
    #[serde(rename_all = "camelCase")]
    WaitsForLake {
        /// Why.
        why: String,
        /// When it is tried again, RFC 3339.
        next_try: Option<String>,
    },
    /// This computer gets in the way: its disk is full, a file cannot be written.
    #[serde(rename_all = "camelCase")]
    WaitsForComputer {
        /// Why, and what to do.
        why: String,
        /// When it is tried again, RFC 3339.
        next_try: Option<String>,
    },
    /// Everything is sent; of some messages the lake is asked whether they arrived.
    Checking,
    /// The steward called it off.
    Cancelled,
    /// Every message has its outcome.
    Ended,
}

/// Messages by what became of them: found = the sum of the six.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CountsView {
    /// Files read.
    pub(crate) files: u32,
    /// Files without any message, not sent.
    pub(crate) not_hl7: u32,
    /// Messages found.
    pub(crate) found: u32,
    /// In the lake by this submission.
    pub(crate) ingested: u32,
    /// The lake had them already.
    pub(crate) duplicate: u32,
    /// No right to send.
    pub(crate) denied: u32,
    /// Cannot be sent.
    pub(crate) invalid: u32,
    /// Not sent, those that wait among them.
    pub(crate) not_sent: u32,
    /// Being checked: bytes left and no answer came.
    pub(crate) unconfirmed: u32,
}

/// What staging made of the messages that are in the lake by this submission: their number = the sum of the six.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StagingView {
    /// On their way.
    pub(crate) waiting: u32,
    /// Ready to use.
    pub(crate) ready: u32,
    /// Need attention.
    pub(crate) attention: u32,
    /// Stuck.
    pub(crate) stuck: u32,
    /// Needed attention and were set aside or replaced since.
    pub(crate) closed: u32,
    /// Cannot be told: this sign-in may not read.
    pub(crate) not_visible: u32,
}

/// What is about to be sent.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReviewView {
    /// Files read.
    pub(crate) files: u32,
    /// Messages found.
    pub(crate) messages: u32,
    /// Thousands of bytes to send, rounded up.
    pub(crate) kilobytes: u32,
    /// Messages that would need attention after they were received.
    pub(crate) look_wrong: u32,
    /// Messages that cannot be sent: too large, or empty.
    pub(crate) refused: u32,
    /// Messages that equal an earlier one among them.
    pub(crate) duplicates: u32,
    /// Files that hold no HL7 message.
    pub(crate) not_hl7: u32,
    /// Files with nothing in them.
    pub(crate) empty: u32,
    /// Files and folders that could not be read.
    pub(crate) unread: u32,
    /// Sending systems with most messages.
    pub(crate) senders: Vec<SenderRow>,
}

/// A sending system and how many messages it has.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SenderRow {
    /// MSH-3 and MSH-4.
    pub(crate) sender: String,
    /// How many.
    pub(crate) messages: u32,
}

/// How fast it goes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProgressView {
    /// Messages that this run sees to.
    pub(crate) all: u32,
    /// Those of them that it is done with.
    pub(crate) done: u32,
    /// Messages a minute.
    pub(crate) a_minute: u32,
    /// Seconds that remain at that rate.
    pub(crate) remaining_seconds: Option<u32>,
}

/// A file by name, and what is to be said of it.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FileRow {
    /// Its path as it was named or found.
    pub(crate) file: String,
    /// What is to be said.
    pub(crate) what: String,
}

/// Which messages of a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum WhichLines {
    /// All.
    All,
    /// In the lake by this submission.
    Ingested,
    /// The lake had them already.
    Duplicate,
    /// No right to send.
    Denied,
    /// Cannot be sent.
    Invalid,
    /// Not sent.
    NotSent,
    /// Being checked.
    Unconfirmed,
    /// In the lake and on their way.
    Waiting,
    /// Ready to use.
    Ready,
    /// Need attention.
    Attention,
    /// Stuck.
    Stuck,
    /// Needed attention and were set aside or replaced since.
    Closed,
}

/// Some rows of a submission's table.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LinesPage {
    /// How many rows there are.
    pub(crate) total: u32,
    /// Those that were asked for.
    pub(crate) rows: Vec<LineRow>,
}

/// One message of a submission.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LineRow {
    /// Its place in the queue, stable.
    pub(crate) row: u32,
    /// The file, as it was named or found.
    pub(crate) file: String,
    /// Which message of the file, from 1.
    pub(crate) number: u32,
    /// What became of it.
    pub(crate) outcome: StatusView,
    /// What staging made of it, once it is in the lake.
    pub(crate) staging: Option<StatusView>,
    /// Why, in a sentence; empty when all is well.
    pub(crate) why: String,
    /// What to do, in a sentence; empty when there is nothing.
    pub(crate) advice: String,
    /// The lake's id of it; of a duplicate, the id of the first.
    pub(crate) message_id: Option<String>,
    /// Its fingerprint.
    pub(crate) fingerprint: Option<String>,
    /// When the lake received it, RFC 3339.
    pub(crate) received_at: Option<String>,
}

/// What became of a message, or where it stands, as badges show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum StatusView {
    /// In the lake.
    InTheLake,
    /// A duplicate.
    Duplicate,
    /// Denied.
    Denied,
    /// Cannot be sent.
    CannotBeSent,
    /// Waits to be sent.
    Waiting,
    /// Not sent.
    NotSent,
    /// Being checked.
    Checking,
    /// Received and on its way.
    Received,
    /// Ready to use.
    Ready,
    /// Needs attention.
    Attention,
    /// Stuck.
    Stuck,
    /// Set aside.
    SetAside,
    /// Replaced by a fix.
    Replaced,
}

/// An earlier submission in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SubmissionRow {
    /// Its number in this home.
    pub(crate) id: u32,
    /// The lake it went to.
    pub(crate) lake: String,
    /// The institution it went to.
    pub(crate) institution: Option<String>,
    /// When it was begun, RFC 3339.
    pub(crate) begun_at: String,
    /// When it came to its end, RFC 3339.
    pub(crate) ended_at: Option<String>,
    /// How far it is.
    pub(crate) phase: PhaseView,
    /// What became of its messages.
    pub(crate) counts: CountsView,
    /// What staging made of them.
    pub(crate) staging: StagingView,
}
