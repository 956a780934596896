//! Who submits what, and what must come of it.

/// One act of the demonstration: a user hands over every message of a sample file.
pub(super) struct Act {
    /// Who; `None` has no sign-in.
    pub(super) user: Option<&'static str>,
    /// The sample's name begins with this.
    pub(super) sample: &'static str,
    /// Whether a file without any MSH is sent all the same.
    pub(super) without_header: WithoutHeader,
    /// What must come of each of its messages.
    pub(super) outcome: &'static str,
    /// Where each must stand in the end.
    pub(super) then: Then,
    /// What this shows, in plain words.
    pub(super) shows: &'static str,
}

/// What to do with a file that has no MSH.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum WithoutHeader {
    /// List it, do not send it.
    LeftOut,
    /// Send it as it is.
    Sent,
}

/// Where a message stands in the end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// It is not in the lake by this act.
    Nothing,
    /// Parsed JSON is there.
    Ready,
    /// It could not be staged, for this reason.
    Attention(&'static str),
}

const ADMIN: Option<&str> = Some("admin@example.com");
const READER: Option<&str> = Some("reader@example.com");
const WRITER: Option<&str> = Some("writer@example.com");
const OTHER: Option<&str> = Some("other@example.com");

/// A usual act: files with messages.
const fn act(
    user: Option<&'static str>,
    sample: &'static str,
    outcome: &'static str,
    then: Then,
    shows: &'static str,
) -> Act {
    Act { user, sample, without_header: WithoutHeader::LeftOut, outcome, then, shows }
}

/// The acts, in order.
pub(super) const ACTS: &[Act] = &[
    act(ADMIN, "1 ", "ingested", Then::Ready, "a new message"),
    act(WRITER, "2 ", "duplicate", Then::Nothing, "the same message with other line ends is known"),
    act(READER, "3 ", "denied", Then::Nothing, "a user who may only read cannot send"),
    act(None, "3 ", "unauthenticated", Then::Nothing, "nobody sends without signing in"),
    act(WRITER, "3 ", "ingested", Then::Ready, "line ends are tidied up"),
    act(OTHER, "1 ", "ingested", Then::Ready, "another institution's message is its own"),
    act(ADMIN, "4 ", "ingested", Then::Ready, "a batch file is five messages"),
    act(WRITER, "4 ", "duplicate", Then::Nothing, "and each of them is known the second time"),
    act(ADMIN, "5 ", "ingested", Then::Ready, "MLLP framing and five encoding characters"),
    act(WRITER, "6 ", "ingested", Then::Ready, "letters of an old character set"),
    act(
        ADMIN,
        "7 ",
        "ingested",
        Then::Attention("unusable-delimiters"),
        "kept as it came, and said what is wrong",
    ),
    Act {
        user: ADMIN,
        sample: "8 ",
        without_header: WithoutHeader::Sent,
        outcome: "ingested",
        then: Then::Attention("no-message-header"),
        shows: "sent although it has no header",
    },
    act(ADMIN, "9 ", "not HL7", Then::Nothing, "other files are listed, not sent"),
];
