//! Why the lake on this computer does not start. Its own words are for whoever starts it from a terminal: they name options
//! of the command line and parts of the lake.

use local_lake::catalog::CatalogProblem;
use local_lake::{FolderProblem, PortProblem, StartProblem};

use super::sentence;
use crate::view::{NextStep, Problem};

impl From<StartProblem> for Problem {
    fn from(problem: StartProblem) -> Self {
        let detail = match &problem {
            StartProblem::Folder(problem) => match problem {
                FolderProblem::Unusable { path, error } => format!("{}: {error}.", path.display()),
                FolderProblem::Newer { path, .. } => {
                    format!("{} was written by a later version of this program.", path.display())
                }
                FolderProblem::Foreign { path } => {
                    format!("{} holds something else than a practice lake.", path.display())
                }
                FolderProblem::Busy { path } => {
                    format!("Another program is just opening {}.", path.display())
                }
            },
            StartProblem::Port(PortProblem { port, error }) => {
                format!("Port {port} of this computer cannot be used: {error}.")
            }
            StartProblem::Database(problem) => sentence(&problem.to_string()),
            StartProblem::Catalog(
                CatalogProblem::Unusable { path, reason }
                | CatalogProblem::Damaged { path, reason }
                | CatalogProblem::Foreign { path, reason },
            ) => format!("{}: {reason}.", path.display()),
            StartProblem::Catalog(CatalogProblem::Newer { path, .. }) => {
                format!("{} was written by a later version of this program.", path.display())
            }
            StartProblem::Part(
                lake::Fault::Unavailable { reason, .. }
                | lake::Fault::Damaged { reason, .. }
                | lake::Fault::Refused { reason, .. },
            ) => format!("A part of it failed: {reason}."),
            StartProblem::Part(lake::Fault::Missing { .. })
            | StartProblem::Policy(_)
            | StartProblem::Filter(_) => {
                "A part of this program is not as it should be. Install it again.".to_owned()
            }
        };
        Self::new(
            "practice-lake",
            "The practice lake did not start",
            detail,
            "Close what uses its ports or its folder, then try again.",
            NextStep::TryAgain,
        )
    }
}
