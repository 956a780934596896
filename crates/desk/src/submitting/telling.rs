//! Telling whoever watches that something changed: by this program, or by another one of this home.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::{EndedHow, Ending, Inner, lock, on_a_thread};
use crate::queue::{QueueProblem, Stage, SubmissionId};

/// How often it is looked whether the file has changed.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// Of so many of the newest submissions, ended ones too, changes are told: what staging makes of them comes later.
const NEWEST: usize = 10;

/// Tells until the program ends.
pub(super) async fn tell(inner: Arc<Inner>) {
    let mut version = None;
    let mut open = BTreeSet::new();
    let mut latest = SubmissionId(0);
    let mut is_first = true;
    while !inner.over.is_cancelled() {
        // The first look comes at once: what ends after it is told.
        if !is_first {
            tokio::select! {
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                () = inner.over.cancelled() => return,
            }
        }
        match look(&inner, version).await {
            Ok(Some(seen)) => {
                version = Some(seen.version);
                if !is_first {
                    open.difference(&seen.open).for_each(|id| inner.has_ended(*id));
                    // A small one is begun and over between two looks.
                    let is_over = |id: &&SubmissionId| **id > latest && !seen.open.contains(id);
                    seen.newest.iter().filter(is_over).for_each(|id| inner.has_ended(*id));
                    seen.open
                        .iter()
                        .chain(&open)
                        .chain(&seen.newest)
                        .collect::<BTreeSet<_>>()
                        .into_iter()
                        .for_each(|id| inner.hint(*id));
                }
                inner.to_follow.notify_one();
                latest = seen.newest.first().copied().unwrap_or(latest);
                open = seen.open;
            }
            // The scan of a submission moves although nothing is committed.
            Ok(None) => {
                open.iter().filter(|id| inner.now().scan(**id).is_some()).for_each(|id| inner.hint(*id))
            }
            Err(problem) => {
                tracing::debug!(%problem, "the queue could not be looked at; it is again in a moment")
            }
        }
        is_first = false;
    }
}

struct Seen {
    version: i64,
    open: BTreeSet<SubmissionId>,
    newest: Vec<SubmissionId>,
}

/// What is open now, if the file has changed since.
async fn look(inner: &Arc<Inner>, before: Option<i64>) -> Result<Option<Seen>, QueueProblem> {
    let inner = Arc::clone(inner);
    on_a_thread(move || {
        let queue = lock(&inner.shows);
        let version = queue.version()?;
        if before == Some(version) {
            return Ok(None);
        }
        let open = queue.all_unfinished()?.into_iter().map(|submission| submission.id).collect();
        let newest = queue.submissions(None, NEWEST)?.into_iter().map(|submission| submission.id).collect();
        Ok(Some(Seen { version, open, newest }))
    })
    .await
}

impl Inner {
    fn has_ended(&self, id: SubmissionId) {
        let submission = lock(&self.shows).submission(id);
        let Ok(submission) = submission else { return };
        let how = match submission.stage {
            Stage::Cancelled => EndedHow::CalledOff,
            _ => EndedHow::Finished,
        };
        // Nobody may be listening; then nobody misses it.
        drop(self.ends.send(Ending { id, counts: submission.counts, how }));
    }
}
