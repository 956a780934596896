//! What went wrong, in a steward's words: every problem of `desk` and of the lake on this computer, with its next step.

mod practice;

use desk::account::AccountProblem;
use desk::connect::ConnectProblem;
use desk::front_door::Fault;
use desk::home::HomeProblem;
use desk::queue::{QueueProblem, ReportProblem};
use desk::reading::ReadFault;
use desk::session::SessionProblem;

use crate::view::{NextStep, Problem};

impl Problem {
    /// A problem in words.
    pub(crate) fn new(
        code: &str,
        title: &str,
        detail: impl Into<String>,
        advice: &str,
        next: NextStep,
    ) -> Self {
        let (code, title, advice) = (code.to_owned(), title.to_owned(), advice.to_owned());
        Self { code, title, detail: detail.into(), advice, next }
    }

    /// The screen is locked.
    pub(crate) fn locked() -> Self {
        Self::new(
            "locked",
            "The screen is locked",
            "Nothing of the lake is shown while the screen is locked.",
            "Sign in to unlock it. Sending goes on meanwhile.",
            NextStep::SignIn,
        )
    }

    /// No lake is in use.
    pub(crate) fn no_home() -> Self {
        Self::new(
            "no-home",
            "This program does not know where to keep its files",
            "Your account on this computer has no home folder.",
            "Ask whoever looks after this computer; a folder can be named in STEWARD_HOME.",
            NextStep::Nothing,
        )
    }

    pub(crate) fn no_lake() -> Self {
        Self::new(
            "no-lake",
            "No lake is chosen",
            "This program does not know yet which lake to work with.",
            "Practise on this computer, or connect to your institution's lake.",
            NextStep::Connect,
        )
    }

    /// What an id meant is not kept any more.
    pub(crate) fn gone(what: &str) -> Self {
        Self::new(
            "gone",
            "That is not kept any more",
            format!("The {what} was left for too long, or was used already."),
            "Begin again.",
            NextStep::Nothing,
        )
    }

    /// The program itself broke off.
    pub(crate) fn broken(detail: impl Into<String>) -> Self {
        Self::new(
            "broken",
            "Something inside the program broke off",
            detail,
            "Try again. If it comes back, save the diagnostics in Settings and send them to support.",
            NextStep::Diagnose,
        )
    }
}

impl From<SessionProblem> for Problem {
    fn from(problem: SessionProblem) -> Self {
        use SessionProblem as Is;
        let (code, title, detail, advice, next) = match problem {
            Is::SignedOut => (
                "not-signed-in",
                "Nobody is signed in",
                "This needs somebody who is signed in to the lake.".to_owned(),
                "Sign in.",
                NextStep::SignIn,
            ),
            Is::Ended => (
                "sign-in-ended",
                "Your sign-in has ended",
                "The sign-in service does not renew it any more.".to_owned(),
                "Sign in again; what waits to be sent goes on after that.",
                NextStep::SignIn,
            ),
            Is::PortsTaken { ports } => (
                "ports-taken",
                "The browser has no way back to this program",
                format!("Signing in uses one of the ports {ports} of this computer, and all are in use."),
                "Finish or cancel a sign-in that waits elsewhere, or close the program that uses them, and try again.",
                NextStep::SignIn,
            ),
            Is::TimedOut { minutes } => (
                "sign-in-timed-out",
                "Nobody signed in",
                format!("The browser did not come back within {minutes} minutes."),
                "Try again when you are ready.",
                NextStep::SignIn,
            ),
            Is::Cancelled => (
                "sign-in-cancelled",
                "The sign-in was cancelled",
                "Nothing was changed.".to_owned(),
                "Sign in when you are ready.",
                NextStep::SignIn,
            ),
            Is::Refused { reason } => (
                "sign-in-refused",
                "The sign-in was refused",
                format!("The sign-in service answered: {reason}."),
                "Try again with another user, or ask the lake's administrator.",
                NextStep::SignIn,
            ),
            Is::IssuerUnreachable { issuer, reason } => (
                "sign-in-out-of-reach",
                "The sign-in service does not answer",
                format!("{issuer}: {reason}."),
                "Check that this computer is online and that the lake is running, then try again.",
                NextStep::TryAgain,
            ),
            Is::IssuerAnswer { reason } => (
                "sign-in-unsound",
                "The sign-in service's answer was not believed",
                sentence(&reason),
                "Do not type a password there again before you have asked the lake's administrator.",
                NextStep::Nothing,
            ),
            Is::Clock { off } => (
                "clock",
                "This computer's clock is wrong",
                format!("It differs from the sign-in service's: {off}."),
                "Set the clock, then sign in again.",
                NextStep::SignIn,
            ),
            Is::Keyring { reason } => (
                "no-keyring",
                "Your sign-in cannot be kept",
                format!("This system's keyring cannot be used: {reason}."),
                "You can work as usual; you will be asked to sign in again when the program was closed.",
                NextStep::Nothing,
            ),
            Is::File { path, reason } => (
                "session-file",
                "The file for your sign-in cannot be used",
                format!("{}: {reason}.", path.display()),
                "You can work as usual; you will be asked to sign in again when the program was closed.",
                NextStep::Nothing,
            ),
            Is::Vault { reason } => (
                "session-not-kept",
                "Your sign-in cannot be kept",
                sentence(&reason),
                "You can work as usual; you will be asked to sign in again when the program was closed.",
                NextStep::Nothing,
            ),
            Is::AnotherSender { sends, goes } => (
                "another-sender",
                "Somebody of another institution is signed in",
                format!("They send for {sends}, and this goes to {goes}."),
                "Sign in as somebody who sends for that institution.",
                NextStep::SignIn,
            ),
            Is::Busy => (
                "session-busy",
                "Another program is renewing this sign-in",
                "It does not come to an end.".to_owned(),
                "Close other windows and commands of this program, then try again.",
                NextStep::TryAgain,
            ),
        };
        Self::new(code, title, detail, advice, next)
    }
}

impl From<AccountProblem> for Problem {
    fn from(problem: AccountProblem) -> Self {
        match problem {
            AccountProblem::Home(problem) => problem.into(),
            AccountProblem::Session(problem) => problem.into(),
            AccountProblem::Read(fault) => fault.into(),
            AccountProblem::Audit(problem) => Self::new(
                "audit",
                "What is done cannot be put on record",
                format!("{}: {}.", problem.path.display(), problem.error),
                "Without its record nothing of the lake is shown. Free some disk space or mend the folder, then try again.",
                NextStep::TryAgain,
            ),
            AccountProblem::NoRight { right } => {
                let title = format!("You may not {right} messages here");
                Self::new(
                    "no-right",
                    &title,
                    format!("This sign-in has no right to {right} messages of any institution."),
                    "Ask the lake's administrator for it, or sign in as somebody who has it.",
                    NextStep::Nothing,
                )
            }
            AccountProblem::Door { url, fault } => match fault {
                Fault::Unauthenticated => SessionProblem::Ended.into(),
                Fault::Refused { reason } => Self::new(
                    "refused",
                    "The lake refused",
                    format!("{url} answered: {reason}."),
                    "If you think that you should be allowed to, ask the lake's administrator.",
                    NextStep::Nothing,
                ),
                Fault::Unreachable { reason } => out_of_reach(format!("{url}: {reason}.")),
                Fault::Certificate(fault) => ConnectProblem::NotSafe { url, fault }.into(),
                Fault::OtherVersion { schema } => ConnectProblem::OtherVersion { url, schema }.into(),
            },
        }
    }
}

impl From<ReadFault> for Problem {
    fn from(fault: ReadFault) -> Self {
        match fault {
            ReadFault::Forbidden { what } => Self::new(
                "forbidden",
                "The lake does not show this to you",
                format!("Asked for: {what}."),
                "If you should see it, ask the lake's administrator for the right to read.",
                NextStep::Nothing,
            ),
            ReadFault::Missing { what } => Self::new(
                "missing",
                "The lake does not have this",
                format!("Asked for: {what}."),
                "It may not have arrived yet. Try again in a moment.",
                NextStep::TryAgain,
            ),
            ReadFault::SignIn { reason } => Self::new(
                "no-access",
                "Your sign-in opens nothing here",
                sentence(&reason),
                "Sign in again. If that does not help, ask the lake's administrator.",
                NextStep::SignIn,
            ),
            ReadFault::Clock => Self::new(
                "clock",
                "This computer's clock is wrong",
                "The lake refuses calls whose time is too far off.",
                "Set the clock, then try again.",
                NextStep::TryAgain,
            ),
            ReadFault::Unreachable { service, reason } => {
                // The services of the lake by what they are for, and no numbers of the operating system.
                let service = match service {
                    "DynamoDB" => "the lake's list of messages",
                    "S3" => "the lake's store of messages",
                    other => other,
                };
                let reason = reason.split(" (os error").next().unwrap_or_default();
                out_of_reach(sentence(&format!("{service}: {reason}")))
            }
            ReadFault::Damaged { what, reason } => Self::new(
                "damaged",
                "Something in the lake cannot be read",
                sentence(&format!("{what}: {reason}")),
                "Tell the lake's administrator; the message itself is kept.",
                NextStep::Nothing,
            ),
        }
    }
}

fn out_of_reach(detail: String) -> Problem {
    Problem::new(
        "lake-out-of-reach",
        "The lake does not answer",
        detail,
        "Check that this computer is online and that the lake is running, then try again.",
        NextStep::TryAgain,
    )
}

impl From<HomeProblem> for Problem {
    fn from(problem: HomeProblem) -> Self {
        match problem {
            HomeProblem::NoProfile => Self::no_lake(),
            HomeProblem::Damaged { path, aside, next_step } => Self::new(
                "damaged-file",
                "A file of this program was damaged",
                format!("{} could not be read and was kept aside as {}.", path.display(), aside.display()),
                &format!("{} Nothing in the lake was touched.", sentence(next_step)),
                NextStep::Nothing,
            ),
            HomeProblem::UnknownProfile { .. } | HomeProblem::BadName { .. } => Self::new(
                "unknown-lake",
                "That lake is not known here",
                sentence(&problem.to_string()),
                "Choose another, or connect to it.",
                NextStep::Connect,
            ),
            HomeProblem::Unusable { path, error } => Self::new(
                "home",
                "This program's folder cannot be used",
                format!("{}: {error}.", path.display()),
                "Free some disk space, or mend the folder's permissions, and start again.",
                NextStep::TryAgain,
            ),
        }
    }
}

impl From<ConnectProblem> for Problem {
    fn from(problem: ConnectProblem) -> Self {
        use ConnectProblem as Is;
        let (code, title, detail, advice) = match problem {
            Is::Home(problem) => return problem.into(),
            Is::NotAnAddress { given } => (
                "not-an-address",
                "That is no lake's address",
                format!("Given was “{given}”."),
                "An address begins with https://. The lake's administrator knows it.",
            ),
            Is::NotEncrypted { url } => (
                "not-encrypted",
                "That address is not encrypted",
                format!("Anybody on the way could read along: {url}."),
                "Use the address that begins with https://.",
            ),
            Is::Unreadable { path, error } => (
                "unreadable",
                "The file cannot be read",
                format!("The file {path}: {error}."),
                "Check that it is there and may be read.",
            ),
            Is::NotOutputs { path, reason } => (
                "not-outputs",
                "The file does not describe a lake",
                format!("The file {path}: {reason}."),
                "Ask the lake's administrator for the stack outputs file, or for the lake's address.",
            ),
            Is::NoLake { url, error } => (
                "no-lake-there",
                "No lake answers there",
                match error {
                    Fault::Unreachable { reason } => format!("{url}: {reason}."),
                    other => format!("{url}: {other}."),
                },
                "Check the address, and that this computer is online, then try again.",
            ),
            Is::NotSafe { url, fault } => (
                "not-safe",
                "The connection is not safe",
                format!("{url}: {fault}."),
                "Nothing was saved. Do not go on; show this to the lake's administrator.",
            ),
            Is::OtherVersion { url, .. } => (
                "other-version",
                "The lake speaks another version",
                format!("{url} describes itself in words that this version does not know."),
                "Update this program, or ask the lake's administrator.",
            ),
            Is::NotTrusted { url, field, value, why } => (
                "not-trusted",
                "The lake's description is not to be trusted",
                format!("{url} names {field} as “{value}”, {why}."),
                "Nothing was saved. Show this to the lake's administrator.",
            ),
        };
        Self::new(code, title, detail, advice, NextStep::Nothing)
    }
}

impl From<QueueProblem> for Problem {
    fn from(problem: QueueProblem) -> Self {
        let detail = match &problem {
            QueueProblem::File { path, error } => format!("{}: {error}.", path.display()),
            other => sentence(&other.to_string()),
        };
        match problem {
            QueueProblem::Unknown(_) => Self::new(
                "no-such-submission",
                "That submission is not kept here",
                detail,
                "Earlier submissions are forgotten when they are too old or too many. Choose another.",
                NextStep::Nothing,
            ),
            QueueProblem::NotNow { .. } => Self::new(
                "not-now",
                "That cannot be done with this submission now",
                detail,
                "Look at where it stands, then try again.",
                NextStep::TryAgain,
            ),
            QueueProblem::DoesNotAddUp { .. } | QueueProblem::Broken(_) => Self::broken(detail),
            QueueProblem::Newer { .. } => Self::new(
                "newer-queue",
                "The list of what is to be sent was written by a later version of this program",
                detail,
                "Install that version. What is in the lake stays there.",
                NextStep::Nothing,
            ),
            _ => Self::new(
                "queue",
                "The list of what is to be sent cannot be used",
                detail,
                "Free some disk space or mend the folder, then try again. What is in the lake stays there.",
                NextStep::TryAgain,
            ),
        }
    }
}

impl From<ReportProblem> for Problem {
    fn from(problem: ReportProblem) -> Self {
        let problem = match problem {
            ReportProblem::Queue(problem) => return problem.into(),
            other => other,
        };
        Self::new(
            "report",
            "The report was not written",
            sentence(&problem.to_string()),
            "Choose another place, and a name that ends in .csv or .json.",
            NextStep::TryAgain,
        )
    }
}

/// A reason as a sentence: the first letter large, a full stop at the end.
pub(crate) fn sentence(reason: &str) -> String {
    let mut letters = reason.chars();
    let Some(first) = letters.next() else { return String::new() };
    let mut sentence: String = first.to_uppercase().chain(letters).collect();
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

#[cfg(test)]
mod tests;
