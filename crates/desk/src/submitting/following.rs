//! Following messages in the lake's catalog until each is ready to use or needs somebody.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use lake::{MessageId, Source};

use super::{Inner, is_at, lock, on_a_thread};
use crate::account::Account;
use crate::queue::{QueueProblem, StagingState, SubmissionId, Unsettled};
use crate::reading::ReadFault;

/// Messages asked about in one go.
const PAGE: usize = 256;
/// Questions under way at once.
const AT_ONCE: usize = 16;
/// Of so many of the newest submissions.
const NEWEST: usize = 50;
/// The first wait when nothing has changed.
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// The longest.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// When nothing has changed for so long, it is waited for a reason to ask again.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// Follows until the program ends.
pub(super) async fn follow(inner: Arc<Inner>) {
    let mut wait = FIRST_WAIT;
    let mut moved = Instant::now();
    while !inner.over.is_cancelled() {
        let found = round(&inner).await;
        let pause = match found {
            Ok(Round::Moved) => {
                (wait, moved) = (FIRST_WAIT, Instant::now());
                Some(Duration::ZERO)
            }
            Ok(Round::Still) if moved.elapsed() < PATIENCE => Some(wait),
            // A hint may come between the look and the wait; it is not waited for one alone.
            Ok(Round::Nothing) => Some(LONGEST_WAIT),
            Ok(Round::Still) => None,
            Err(problem) => {
                tracing::debug!(%problem, "what staging made of messages could not be written down");
                Some(LONGEST_WAIT)
            }
        };
        wait = (wait * 2).min(LONGEST_WAIT);
        tokio::select! {
            () = inner.over.cancelled() => return,
            () = inner.to_follow.notified() => (wait, moved) = (wait.min(FIRST_WAIT * 4), Instant::now()),
            () = async {
                match pause {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => std::future::pending().await,
                }
            } => {}
        }
    }
}

enum Round {
    /// Something became known.
    Moved,
    /// Nothing new.
    Still,
    /// There is nothing to ask, or nobody to ask as.
    Nothing,
}

/// Asks once about the oldest messages of which nothing is known, submission by submission.
async fn round(inner: &Arc<Inner>) -> Result<Round, QueueProblem> {
    let (account, reads, again) = {
        let mut now = inner.now();
        (now.account.clone(), now.rights.reads.clone(), std::mem::take(&mut now.look_again))
    };
    let (Some(account), Some(reads)) = (account, reads) else { return Ok(Round::Nothing) };
    let mut ended = Round::Nothing;
    let pages = unsettled(inner, &account, &reads, again).await?;
    for (id, messages) in pages {
        let (settled, gave_up) = ask(&account, &reads, messages).await;
        let changed = settle(inner, id, settled).await?;
        if changed > 0 {
            inner.hint(id);
            ended = Round::Moved;
        } else if !matches!(ended, Round::Moved) {
            ended = Round::Still;
        }
        if gave_up {
            return Ok(if matches!(ended, Round::Moved) { Round::Moved } else { Round::Still });
        }
    }
    Ok(ended)
}

/// A page of each submission that has something to ask about.
async fn unsettled(
    inner: &Arc<Inner>,
    account: &Arc<Account>,
    reads: &Source,
    again: std::collections::BTreeSet<SubmissionId>,
) -> Result<Vec<(SubmissionId, Vec<MessageId>)>, QueueProblem> {
    let (inner, account, reads) = (Arc::clone(inner), Arc::clone(account), reads.clone());
    on_a_thread(move || {
        let queue = lock(&inner.shows);
        let mut pages = Vec::new();
        for submission in queue.submissions(None, NEWEST)? {
            if !is_at(&submission, &account) || submission.source.as_ref() != Some(&reads) {
                continue;
            }
            let is_again = again.contains(&submission.id);
            let which = if is_again { Unsettled::NotReady } else { Unsettled::Waiting };
            let messages = queue.unsettled(submission.id, which, None, PAGE)?;
            if !messages.is_empty() {
                pages.push((submission.id, messages));
            }
        }
        Ok(pages)
    })
    .await
}

/// Asks about each message; whether the lake did not answer.
async fn ask(
    account: &Account,
    reads: &Source,
    messages: Vec<MessageId>,
) -> (Vec<(MessageId, StagingState)>, bool) {
    let catalog = &account.clients.catalog;
    let asked = stream::iter(messages).map(async |id| (id, catalog.head(reads, id).await));
    let answers: Vec<(MessageId, Result<_, ReadFault>)> = asked.buffer_unordered(AT_ONCE).collect().await;
    let mut gave_up = false;
    let mut settled = Vec::new();
    for (id, answer) in answers {
        match answer {
            Ok(head) => settled.extend(head.as_ref().and_then(StagingState::of).map(|state| (id, state))),
            Err(_) => gave_up = true,
        }
    }
    (settled, gave_up)
}

async fn settle(
    inner: &Arc<Inner>,
    id: SubmissionId,
    settled: Vec<(MessageId, StagingState)>,
) -> Result<usize, QueueProblem> {
    if settled.is_empty() {
        return Ok(0);
    }
    let inner = Arc::clone(inner);
    on_a_thread(move || lock(&inner.shows).settle(id, &settled)).await
}
