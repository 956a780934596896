//! The submission queue: what a steward hands over survives kills, and is accounted for to the last message.
//!
//! The file holds paths, spans, digests and outcomes; never content. At all times: messages found = ingested + duplicate +
//! denied + invalid + not sent + unconfirmed, where what still waits counts as not sent.
//!
//! A message is handed over so: its row is marked as being tried and committed; bytes leave; the answer is committed. A
//! program killed in between leaves a row of which it is not known what became. Such a message is never guessed about and
//! never simply sent again: the lake's ledger is asked, see [`drain`].

mod counted;
pub mod drain;
mod files;
mod intake;
mod outcome;
mod page;
mod report;
mod review;
mod scan;
mod schema;
mod staging;
mod store;
mod submissions;
mod tally;
#[cfg(test)]
mod tests;
mod work;

pub use counted::Standing;
pub use files::{FileLine, FilePage, FileProblem, ProblemKind};
pub use intake::{Intake, Unheaded};
pub use outcome::{Counts, Line, MessageState};
pub use page::{LinePage, Which};
pub use report::{Report, ReportFormat, ReportProblem};
pub use review::Review;
pub use scan::{Look, ScanProgress, Scanned};
pub use staging::{StagingCounts, StagingState, Unsettled};
pub use store::{Drainer, Queue, QueueProblem};
pub use submissions::{Held, Keep, Stage, Submission, SubmissionId};
