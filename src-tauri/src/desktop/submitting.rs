//! Submitting: from what was chosen to the report.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use desk::audit::Action;
use desk::drops::DropId;
use desk::queue::{
    Counts, FileProblem, Intake, Line, MessageState, Review, StagingState, SubmissionId, Unheaded, Which,
};
use desk::submitting::{EndedHow, Ending, Phase, Snapshot, StagingCounts};
use tokio::sync::broadcast::error::RecvError;

use super::Desktop;
use crate::problems::sentence;
use crate::view::{
    Changed, CountsView, FileRow, LineRow, LinesPage, PhaseView, Problem, ProgressView, ReviewView,
    SenderRow, StagingView, StatusView, SubmissionRow, SubmissionView, UnderWay, WhichLines,
};
use crate::window::SaveAs;

/// Rows that are handed out at a time, at most.
pub(super) const ROWS: u32 = 500;
/// The newest submissions, among which is what is unfinished.
const NEWEST: usize = 50;

const REPORT: SaveAs =
    SaveAs { name: "submission report.csv", kinds: &[("Table (CSV)", "csv"), ("JSON", "json")] };

impl Desktop {
    /// Begins to submit what was dropped or chosen.
    pub(crate) async fn begin_submission(&self, chosen: u32) -> Result<u32, Problem> {
        let account = self.account()?;
        let writes =
            account.signed_in().await.map_err(|problem| self.failed(&account, problem))?.claims.write;
        let paths =
            self.state().drops.take(DropId(chosen)).ok_or_else(|| Problem::gone("choice of files"))?;
        let given = paths.clone();
        let folder = common_folder(&paths);
        let intake = Intake {
            lake: account.name.clone(),
            front_door: account.profile().endpoints.front_door.clone(),
            source: writes,
            paths: paths.into_iter().map(|path| within(&folder, path)).collect(),
            folder,
            unheaded: Unheaded::LeaveOut,
            replaces: None,
        };
        let begun = self.submitting.begin(intake).await;
        if begun.is_err() {
            // It can be tried again.
            self.state().drops.give_back(DropId(chosen), given);
        }
        let id = begun?;
        // How many are unfinished stands on every screen.
        self.tell_overview();
        Ok(number(id.0))
    }

    /// A submission.
    pub(crate) async fn submission(&self, id: u32) -> Result<SubmissionView, Problem> {
        self.account()?;
        Ok(view(self.submitting.snapshot(SubmissionId(id.into())).await?))
    }

    /// Sends, goes on, or tries again now.
    pub(crate) async fn send_submission(&self, id: u32) -> Result<(), Problem> {
        self.account()?;
        self.submitting.send(SubmissionId(id.into())).await?;
        self.tell_overview();
        Ok(())
    }

    /// Pauses.
    pub(crate) async fn pause_submission(&self, id: u32) -> Result<(), Problem> {
        self.account()?;
        self.submitting.pause(SubmissionId(id.into())).await?;
        self.tell_overview();
        Ok(())
    }

    /// Calls it off.
    pub(crate) async fn cancel_submission(&self, id: u32) -> Result<(), Problem> {
        self.account()?;
        self.submitting.cancel(SubmissionId(id.into())).await?;
        self.tell_overview();
        Ok(())
    }

    /// Asks the catalog once more what became of its messages.
    pub(crate) async fn look_again(&self, id: u32) -> Result<(), Problem> {
        self.account()?;
        self.submitting.look_again(SubmissionId(id.into())).await?;
        Ok(())
    }

    /// Rows of a submission's table.
    pub(crate) async fn lines(
        &self,
        id: u32,
        which: WhichLines,
        offset: u32,
        limit: u32,
    ) -> Result<LinesPage, Problem> {
        self.account()?;
        let limit = usize::try_from(limit.min(ROWS)).unwrap_or(usize::MAX);
        let page =
            self.submitting.lines(SubmissionId(id.into()), chosen(which), offset.into(), limit).await?;
        Ok(LinesPage { total: count(page.total), rows: page.rows.into_iter().map(row).collect() })
    }

    /// Earlier submissions, newest first.
    pub(crate) async fn submissions(
        &self,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<SubmissionRow>, Problem> {
        self.account()?;
        let before = before.map(|before| SubmissionId(before.into()));
        let limit = usize::try_from(limit.min(ROWS)).unwrap_or(usize::MAX);
        let earlier = self.submitting.earlier(before, limit).await?;
        let row = |earlier: desk::submitting::Earlier| SubmissionRow {
            id: number(earlier.submission.id.0),
            lake: earlier.submission.lake,
            institution: earlier.submission.source.map(|source| source.to_string()),
            begun_at: earlier.submission.begun_at.to_string(),
            ended_at: earlier.submission.ended_at.map(|at| at.to_string()),
            phase: phase(earlier.phase, None),
            counts: counts(&earlier.submission.counts),
            staging: staging(&earlier.staging),
        };
        Ok(earlier.into_iter().map(row).collect())
    }

    /// Writes the report where the steward says.
    pub(crate) async fn save_report(&self, id: u32) -> Result<Option<String>, Problem> {
        let account = self.account()?;
        let Some(path) = self.window.save_as(REPORT).await else { return Ok(None) };
        // A dialog may stay open for as long as it likes, over a locked screen too.
        self.is_still(&account)?;
        let id = SubmissionId(id.into());
        self.submitting.report(id, &path).await?;
        account
            .record(Action::Export, format!("report of submission {}", id.0))
            .await
            .map_err(|problem| self.failed(&account, problem))?;
        Ok(path.file_name().map(|name| name.to_string_lossy().into_owned()))
    }

    /// What is being worked on, and how many submissions have something left to do.
    pub(super) async fn unfinished(&self) -> Result<(Option<UnderWay>, u32), Problem> {
        let newest = self.submitting.earlier(None, NEWEST).await?;
        let is_open = |phase: &Phase| !matches!(phase, Phase::Ended | Phase::Cancelled);
        let moves = |phase: &Phase| matches!(phase, Phase::LookingThrough | Phase::Sending | Phase::Checking);
        let under_way = newest.iter().find(|earlier| moves(&earlier.phase));
        let unfinished = newest.iter().filter(|earlier| is_open(&earlier.phase)).count();
        let under_way = match under_way {
            Some(earlier) => Some(under_way_view(self.submitting.snapshot(earlier.submission.id).await?)),
            None => None,
        };
        Ok((under_way, count(unfinished as u64)))
    }

    /// Passes hints on to the window, and tells of ends. Runs as long as the desktop.
    pub(super) async fn pass_on_changes(self: Arc<Self>) {
        let mut changes = self.submitting.changes();
        let mut ends = self.submitting.ends();
        loop {
            tokio::select! {
                changed = changes.recv() => match changed {
                    Ok(id) => self.window.tell(Changed::Submission { id: number(id.0) }),
                    Err(RecvError::Lagged(_)) => self.tell_overview(),
                    Err(RecvError::Closed) => return,
                },
                ended = ends.recv() => match ended {
                    Ok(ending) => self.has_ended(ending).await,
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                },
            }
        }
    }

    async fn has_ended(&self, ending: Ending) {
        let Counts { found, ingested, duplicate, denied, invalid, not_sent, unconfirmed, .. } = ending.counts;
        let sum = format!(
            "submission {}: {found} found, {ingested} ingested, {duplicate} duplicate, {denied} denied, \
             {invalid} invalid, {not_sent} not sent, {unconfirmed} unconfirmed",
            ending.id.0
        );
        // The screen may be locked: what goes on record then is still the session's.
        if let Ok(account) = self.any_account()
            && let Err(problem) = account.record(Action::Submit, sum).await
        {
            self.note(problem.into());
        }
        if ending.how == EndedHow::Finished && found > 0 {
            let others = found.saturating_sub(ingested + duplicate);
            let body = format!(
                "{}: {ingested} in the lake, {}, {others} with something to look at.",
                counted(found, "message"),
                counted(duplicate, "duplicate")
            );
            self.window.notify("A submission has ended", &body);
        }
        self.tell_overview();
    }
}

fn under_way_view(snapshot: Snapshot) -> UnderWay {
    UnderWay {
        id: number(snapshot.submission.id.0),
        progress: progress(&snapshot),
        phase: phase(snapshot.phase, snapshot.scan),
    }
}

fn view(snapshot: Snapshot) -> SubmissionView {
    let progress = progress(&snapshot);
    let submission = snapshot.submission;
    SubmissionView {
        id: number(submission.id.0),
        lake: submission.lake,
        institution: submission.source.map(|source| source.to_string()),
        begun_at: submission.begun_at.to_string(),
        ended_at: submission.ended_at.map(|at| at.to_string()),
        phase: phase(snapshot.phase, snapshot.scan),
        counts: counts(&submission.counts),
        staging: staging(&snapshot.staging),
        review: snapshot.review.map(review),
        progress,
        not_hl7_count: count(snapshot.left_out.total),
        not_hl7: snapshot.left_out.files.into_iter().map(left_out).collect(),
        unread: snapshot.problems.files.into_iter().map(unread).collect(),
        unread_count: count(snapshot.problems.total),
    }
}

/// How far the whole submission is, from the yes to its end; pace and rest are those of the run that goes on.
fn progress(snapshot: &Snapshot) -> Option<ProgressView> {
    if matches!(snapshot.phase, Phase::LookingThrough | Phase::Review | Phase::Cancelled | Phase::Ended) {
        return None;
    }
    let Counts { found, not_sent, unconfirmed, .. } = snapshot.submission.counts;
    let run = snapshot.progress.as_ref();
    Some(ProgressView {
        all: count(found),
        done: count(found.saturating_sub(not_sent + unconfirmed)),
        a_minute: run.map_or(0, |run| (run.rate * 60.0).round() as u32), // saturates
        remaining_seconds: run.and_then(|run| run.remaining).map(|remaining| count(remaining.as_secs())),
    })
}

fn left_out(file: desk::queue::FileLine) -> FileRow {
    let what = match file.kind.as_deref() {
        Some("empty") => "The file is empty.",
        _ => "No HL7 message is in it.",
    };
    FileRow { file: file.file, what: what.to_owned() }
}

fn unread(problem: FileProblem) -> FileRow {
    FileRow { file: problem.file, what: problem.reason }
}

fn phase(phase: Phase, scan: Option<desk::queue::ScanProgress>) -> PhaseView {
    let time = |at: Option<jiff::Timestamp>| at.map(|at| at.to_string());
    match phase {
        Phase::LookingThrough => {
            let scan = scan.unwrap_or_default();
            PhaseView::LookingThrough { files: count(scan.files), messages: count(scan.messages) }
        }
        Phase::Review => PhaseView::Review,
        Phase::Sending => PhaseView::Sending,
        Phase::Paused => PhaseView::Paused,
        Phase::AnotherProgramSends => PhaseView::AnotherProgramSends,
        Phase::WaitsForSignIn { why } => PhaseView::WaitsForSignIn { why },
        Phase::WaitsForItsLake { lake } => PhaseView::WaitsForItsLake { lake },
        Phase::WaitsForAnotherSender { institution } => PhaseView::WaitsForAnotherSender { institution },
        Phase::WaitsForLake { why, next_try } => PhaseView::WaitsForLake { why, next_try: time(next_try) },
        Phase::WaitsForThisComputer { why, next_try } => {
            PhaseView::WaitsForComputer { why, next_try: time(next_try) }
        }
        Phase::Checking => PhaseView::Checking,
        Phase::Cancelled => PhaseView::Cancelled,
        Phase::Ended => PhaseView::Ended,
    }
}

fn counts(counts: &Counts) -> CountsView {
    CountsView {
        files: count(counts.files),
        not_hl7: count(counts.not_hl7),
        found: count(counts.found),
        ingested: count(counts.ingested),
        duplicate: count(counts.duplicate),
        denied: count(counts.denied),
        invalid: count(counts.invalid),
        not_sent: count(counts.not_sent),
        unconfirmed: count(counts.unconfirmed),
    }
}

fn staging(staging: &StagingCounts) -> StagingView {
    StagingView {
        waiting: count(staging.waiting),
        ready: count(staging.ready),
        attention: count(staging.attention),
        stuck: count(staging.stuck),
        closed: count(staging.closed),
        not_visible: count(staging.not_visible),
    }
}

fn review(review: Review) -> ReviewView {
    let sender = |(sender, messages)| SenderRow { sender, messages: count(messages) };
    ReviewView {
        files: count(review.files),
        messages: count(review.messages),
        kilobytes: count(review.bytes.div_ceil(1000)),
        look_wrong: count(review.look_wrong),
        refused: count(review.refused),
        duplicates: count(review.duplicates),
        not_hl7: count(review.not_hl7),
        empty: count(review.empty),
        unread: count(review.unreadable),
        senders: review.senders.into_iter().map(sender).collect(),
    }
}

fn chosen(which: WhichLines) -> Which {
    match which {
        WhichLines::All => Which::All,
        WhichLines::Ingested => Which::InTheLake,
        WhichLines::Duplicate => Which::Duplicate,
        WhichLines::Denied => Which::Denied,
        WhichLines::Invalid => Which::Invalid,
        WhichLines::NotSent => Which::NotSent,
        WhichLines::Unconfirmed => Which::Unconfirmed,
        WhichLines::Waiting => Which::Waiting,
        WhichLines::Ready => Which::Ready,
        WhichLines::Attention => Which::NeedsAttention,
        WhichLines::Stuck => Which::Stuck,
        WhichLines::Closed => Which::Closed,
    }
}

fn row(line: Line) -> LineRow {
    let described = match &line.staging {
        Some(StagingState::Attention { error_code: Some(code) }) => er7::codes::describe(code),
        _ => None,
    };
    let (why, advice) = match (&line.staging, described) {
        (_, Some(code)) => (code.what.to_owned(), code.hint.to_owned()),
        (Some(StagingState::Attention { .. }), None) => {
            ("The lake could not make it ready to use.".to_owned(), "Look at its history.".to_owned())
        }
        (Some(StagingState::Stuck), _) => (
            "It is in the lake, but a step within the lake failed for good.".to_owned(),
            "Tell the lake's administrator; the message itself is safe.".to_owned(),
        ),
        _ => (sentence(&line.reason), line.next_step.to_owned()),
    };
    LineRow {
        row: number(line.row),
        file: line.file,
        number: count(line.index + 1),
        outcome: outcome(line.state),
        staging: line.staging.as_ref().map(stage),
        why,
        advice,
        message_id: line.message_id.map(|id| id.to_string()),
        fingerprint: line.digest.map(|digest| digest.to_string()),
        received_at: line.received_at.map(|at| at.to_string()),
    }
}

fn outcome(state: MessageState) -> StatusView {
    match state {
        MessageState::Waiting => StatusView::Waiting,
        MessageState::Trying | MessageState::Unconfirmed => StatusView::Checking,
        MessageState::Ingested => StatusView::InTheLake,
        MessageState::Duplicate => StatusView::Duplicate,
        MessageState::Denied => StatusView::Denied,
        MessageState::Invalid => StatusView::CannotBeSent,
        MessageState::NotSent | MessageState::NotSentYet => StatusView::NotSent,
    }
}

fn stage(staging: &StagingState) -> StatusView {
    match staging {
        StagingState::Waiting => StatusView::Received,
        StagingState::Ready => StatusView::Ready,
        StagingState::Attention { .. } => StatusView::Attention,
        StagingState::Stuck => StatusView::Stuck,
        StagingState::Closed => StatusView::SetAside,
    }
}

/// So many, in words.
fn counted(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// The folder that all paths are in, so that they are shown from there on.
fn common_folder(paths: &[PathBuf]) -> PathBuf {
    let mut folder = paths.first().and_then(|path| path.parent()).map(ToOwned::to_owned).unwrap_or_default();
    while !paths.iter().all(|path| path.starts_with(&folder)) {
        if !folder.pop() {
            break;
        }
    }
    folder
}

/// A path from that folder on.
fn within(folder: &Path, path: PathBuf) -> PathBuf {
    path.strip_prefix(folder).map(ToOwned::to_owned).unwrap_or(path)
}

/// A count as the web view takes it: four thousand million messages are as good as more.
pub(super) fn count(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// A row number of the queue.
pub(super) fn number(id: i64) -> u32 {
    u32::try_from(id).unwrap_or_default()
}
