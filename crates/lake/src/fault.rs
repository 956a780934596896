/// Why a port could not do its work. Never a fact about a message (that is an `Outcome`), and never its content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The part is down, busy or too slow; the same call may succeed later.
    #[error("{part} is not available: {reason}")]
    Unavailable {
        /// Which part of the lake.
        part: &'static str,
        /// What happened, without content.
        reason: String,
    },
    /// What was asked for is not there.
    #[error("{part} has no {what}")]
    Missing {
        /// Which part of the lake.
        part: &'static str,
        /// What was looked for (an id or a key).
        what: String,
    },
    /// What is stored does not agree with what it should be (a digest, a format). Never repaired silently.
    #[error("{part} is damaged at {what}: {reason}")]
    Damaged {
        /// Which part of the lake.
        part: &'static str,
        /// What is damaged (an id or a key).
        what: String,
        /// How it shows.
        reason: String,
    },
    /// This lake's own call was refused as ill-formed or not allowed: a defect or a wrong set-up.
    #[error("{part} refused the call: {reason}")]
    Refused {
        /// Which part of the lake.
        part: &'static str,
        /// What it said.
        reason: String,
    },
}

impl Fault {
    /// Whether the same call may succeed later.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Unavailable { .. } => true,
            Self::Missing { .. } | Self::Damaged { .. } | Self::Refused { .. } => false,
        }
    }
}
