//! How the command ends: exit codes, and what stops it early.

use std::io::{self, ErrorKind};
use std::process::ExitCode;

use desk::account::{AccountProblem, Standing};
use desk::queue::QueueProblem;

use crate::output::Say;

/// What the exit code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// 0: as asked.
    AllWell,
    /// 1: some messages or files did not come out well; which, was said.
    SomeFailed,
    /// 2: the command was not understood, or what it names is not there.
    WrongUse,
    /// 3: not signed in or not allowed, so that nothing could be tried.
    NotAllowed,
    /// 4: the lake is out of reach.
    OutOfReach,
    /// 130: stopped by Ctrl-C or TERM, with a correct account of what was done.
    Stopped,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::AllWell => ExitCode::SUCCESS,
            Ending::SomeFailed => ExitCode::from(1),
            Ending::WrongUse => ExitCode::from(2),
            Ending::NotAllowed => ExitCode::from(3),
            Ending::OutOfReach => ExitCode::from(4),
            Ending::Stopped => ExitCode::from(130),
        }
    }
}

/// Why a command could not go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Halt {
    /// Standard output takes no more.
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
    /// What the command names (a folder, a port, a lake) cannot be used.
    #[error("{0}")]
    Setup(String),
    /// It was tried, and did not come out well.
    #[error("{0}")]
    Failed(String),
    /// The lake could not be asked, or did not answer.
    #[error(transparent)]
    Account(#[from] AccountProblem),
    /// The queue or a report cannot be written or read.
    #[error(transparent)]
    Queue(#[from] QueueProblem),
    /// The report cannot be written.
    #[error(transparent)]
    Report(#[from] desk::queue::ReportProblem),
    /// The command's own part of the program broke.
    #[error("the program broke off: {0}; this is a fault of the program")]
    Broken(#[from] tokio::task::JoinError),
}

impl Halt {
    /// Says what happened. A reader that had enough (`steward parse … | head`) is no failure.
    pub(crate) fn tell(&self, say: &Say) -> Ending {
        match self {
            Halt::Output(error) if error.kind() == ErrorKind::BrokenPipe => Ending::AllWell,
            Halt::Setup(_) | Halt::Queue(QueueProblem::Unknown(_)) => {
                say.problem(&self.to_string());
                Ending::WrongUse
            }
            Halt::Account(problem) => {
                say.problem(&problem.to_string());
                match problem.standing() {
                    Standing::WrongUse => Ending::WrongUse,
                    Standing::NotAllowed => Ending::NotAllowed,
                    Standing::OutOfReach => Ending::OutOfReach,
                    Standing::Failed => Ending::SomeFailed,
                }
            }
            Halt::Output(_) | Halt::Queue(_) | Halt::Report(_) | Halt::Failed(_) | Halt::Broken(_) => {
                say.problem(&self.to_string());
                Ending::SomeFailed
            }
        }
    }
}
