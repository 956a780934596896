//! What crosses to the web view: view models, made of plain words and numbers, and events, which are only hints: whoever
//! hears one reads again. Ids cross, paths do not; tokens never do. The types in `ui/src/backend/bindings.ts` are generated
//! from these, and a test fails when they are stale.

mod event;
mod lake;
mod messages;
mod problem;
mod settings;
mod submission;
mod today;

pub(crate) use event::{Changed, Hovered};
pub(crate) use lake::{
    Kept, LakeOffer, LakeRow, LakeStanding, LakeView, Overview, Rights, SessionView, UnderWay,
};
pub(crate) use messages::{HistoryStep, MessageHistory, MessagePage, MessageRow, MessageWhich, StepKind};
pub(crate) use problem::{NextStep, Problem};
pub(crate) use settings::{AboutView, DiagnosticsView, SettingsView, Theme};
pub(crate) use submission::{
    Chosen, CountsView, FileRow, LineRow, LinesPage, PhaseView, ProgressView, ReviewView, SenderRow,
    StagingView, StatusView, SubmissionRow, SubmissionView, WhichLines,
};
pub(crate) use today::{QuietSender, SenderToday, TodayView};
