//! Every stable code: what it is, what to do about it, and how grave it is. Corrections, findings, errors, tests and
//! help use these and no others.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How grave a code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Corrected, recorded, harmless.
    Correction,
    /// Worth knowing.
    Information,
    /// Worth a look; the message is staged.
    Warning,
    /// The message is not staged.
    Error,
}

impl Severity {
    /// The word in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Correction => "correction",
            Self::Information => "information",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// One stable code with its plain words. Two codes are equal when their names are.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Code {
    /// The stable name.
    pub code: &'static str,
    /// The gravest form in which it appears.
    pub severity: Severity,
    /// What it is: one sentence in plain words.
    pub what: &'static str,
    /// What to do: one sentence in plain words.
    pub hint: &'static str,
}

/// The description of a code by its stable name.
#[must_use]
pub fn describe(code: &str) -> Option<&'static Code> {
    ALL.iter().copied().find(|known| known.code == code)
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $severity:ident, $what:literal, $hint:literal;)*) => {
        $($(#[$doc])* #[doc = $what]
        pub const $name: Code = Code { code: $code, severity: Severity::$severity, what: $what, hint: $hint };)*
        /// Every code, in the order of this page.
        pub const ALL: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    LINE_ENDS = "line-ends", Correction,
        "Segments ended with a line feed, or with carriage return and line feed, instead of a carriage return.",
        "Nothing to do; the sender can be asked to end segments with a carriage return.";
    LINE_FEED_IN_TEXT = "line-feed-in-text", Warning,
        "A line feed stands inside a text and was kept as part of it.",
        "Ask the sender to write line breaks in text as the escape \\.br\\.";
    BLANK_LINES = "blank-lines", Correction,
        "Blank lines stood between the segments and were left out.",
        "Nothing to do.";
    BYTE_ORDER_MARK = "byte-order-mark", Correction,
        "A byte order mark stood before the message and was taken off.",
        "Nothing to do; the sender can be asked to write UTF-8 without a mark.";
    MLLP_FRAMING = "mllp-framing", Correction,
        "The message was still wrapped in the bytes that mark its start and end on a connection (MLLP).",
        "Nothing to do.";
    PREAMBLE = "preamble", Warning,
        "Other text stands before the message, such as a log line; it is no part of the message.",
        "Check that the text before MSH is not needed; ask the sender to send the message alone.";
    BATCH_WRAPPER = "batch-wrapper", Correction,
        "The file is a batch, or holds several messages; it was split into single messages.",
        "Nothing to do.";
    BATCH_COUNT_MISMATCH = "batch-count-mismatch", Warning,
        "The batch says that it holds another number of messages than it does.",
        "Ask the sender whether the file is complete.";
    SEVERAL_MESSAGES = "several-messages", Error,
        "One submission holds several messages or a batch; only one message can be taken at a time.",
        "Submit the file with the desktop or the steward command, which split it into single messages.";
    CHARSET = "charset", Warning,
        "The characters are not in the set that MSH-18 names, or MSH-18 names none or an unknown one.",
        "Check names with accents; ask the sender to state the character set in MSH-18.";
    ESCAPE_SEQUENCE = "escape-sequence", Warning,
        "An escape sequence is unknown or incomplete; it was kept as it is.",
        "Ask the sender to write a lone escape character as \\E\\ and to use the escape sequences of HL7.";
    ENCODING_CHARACTERS = "encoding-characters", Warning,
        "The delimiters in MSH-1 and MSH-2 are unusual, too few, too many or used twice; they were taken as sent.",
        "Check that fields and components came out right; the usual value of MSH-2 is ^~\\&.";
    UNUSABLE_DELIMITERS = "unusable-delimiters", Error,
        "The field or component separator in MSH-1 and MSH-2 is missing, blank, a letter or digit, or both are the same.",
        "Correct the start of the message; it usually reads MSH|^~\\&|.";
    DELIMITER_IN_TEXT = "delimiter-in-text", Warning,
        "A text value holds a delimiter that is not escaped, so the text is split into parts.",
        "Ask the sender to escape delimiters in text (\\S\\ \\T\\ \\R\\ \\F\\).";
    VALUE_TYPE = "value-type", Warning,
        "OBX-2, the type of the observed value, is missing or is no HL7 data type.",
        "Ask the sender to fill OBX-2; the value was kept as sent.";
    EMBEDDED_DOCUMENT = "embedded-document", Warning,
        "A document inside the message is marked as base64 but cannot be decoded.",
        "Ask the sender to send the document again; it may have been cut off.";
    TIMESTAMP = "timestamp", Warning,
        "A date or time is impossible, of an odd length, or without a time zone; it was kept as sent.",
        "Check the date with the sender; times without a zone are read in the sender's zone.";
    CONTROL_CHARACTER = "control-character", Warning,
        "A character that cannot be printed stands inside a value; it was kept.",
        "Ask the sender to remove it or to write it as an escape sequence.";
    CONTROL_ID_REUSE = "control-id-reuse", Warning,
        "The same sender used this control id before for another message.",
        "Ask the sender to give each message its own control id (MSH-10); both messages are kept.";
    VERSION = "version", Warning,
        "MSH-12 names no version of HL7 that is known here; the nearest one was used to check the message.",
        "Ask the sender to state the HL7 version in MSH-12.";
    UNKNOWN_SEGMENT = "unknown-segment", Warning,
        "The segment is not part of this version of HL7; it was kept.",
        "Check the segment's name and the version in MSH-12.";
    Z_SEGMENT = "z-segment", Information,
        "A segment that the sender defined for itself; it was kept.",
        "Nothing to do; the sender's documentation says what it means.";
    FIELD_BEYOND_DEFINITION = "field-beyond-definition", Warning,
        "The segment has more fields than this version of HL7 defines; they were kept.",
        "Check the version in MSH-12, or whether two segments ran together.";
    SEGMENT_NAME = "segment-name", Warning,
        "A line does not start as a segment should: only a name, small letters, blanks, or no name at all; it was kept.",
        "Check whether a line break stands inside a field; ask the sender to write segment names in capitals.";
    RUN_TOGETHER = "run-together", Warning,
        "Two segments seem to have run together, or the message seems to be cut off at its end.",
        "Compare the place with the sender's copy; a carriage return seems to be missing before the segment's name.";
    TRANSPORT_DAMAGE = "transport-damage", Warning,
        "The text was damaged on its way: doubled backslashes, HTML entities, or characters lost before it came here.",
        "Ask the sender for the original; the damage happened before the lake received it.";
    NO_MESSAGE_HEADER = "no-message-header", Error,
        "There is no line that starts with MSH, so this is no HL7 message.",
        "Check that the right file was sent; add the missing MSH segment if the start was cut off.";
    EMPTY = "empty", Error,
        "There is nothing but blanks and line ends.",
        "Check that the right file was sent.";
    UNDECODABLE = "undecodable", Error,
        "The text is UTF-16 or UTF-32, and it is broken.",
        "Ask the sender to send the message again, in UTF-8.";
}
