//! Following messages in the lake's catalog until each is ready to use or needs somebody.

use std::collections::BTreeMap;
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
    let mut cursors = Cursors::new();
    while !inner.over.is_cancelled() {
        let found = round(&inner, &mut cursors).await;
        let pause = match &found {
            Ok(Round::Moved) => {
                (wait, moved) = (FIRST_WAIT, Instant::now());
                Some(Duration::ZERO)
            }
            // The rest of the same messages first: it is waited longer and longer only between one pass and the next.
            Ok(Round::OnTheWay) => Some(FIRST_WAIT),
            Ok(Round::Still) if moved.elapsed() < PATIENCE => Some(wait),
            // A hint may come between the look and the wait; it is not waited for one alone.
            Ok(Round::Nothing) => Some(LONGEST_WAIT),
            Ok(Round::Still) => None,
            Err(problem) => {
                tracing::debug!(%problem, "what staging made of messages could not be written down");
                Some(LONGEST_WAIT)
            }
        };
        if !matches!(found, Ok(Round::OnTheWay)) {
            wait = (wait * 2).min(LONGEST_WAIT);
        }
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
    /// Nothing new of these messages; there are others.
    OnTheWay,
    /// Nothing new.
    Still,
    /// There is nothing to ask, or nobody to ask as.
    Nothing,
}

/// After which message of a submission it is asked on, beside the oldest: those that stay where they are hold up no others.
type Cursors = BTreeMap<SubmissionId, MessageId>;

/// Asks once about messages of which nothing is known: of each submission the oldest, which are staged first, and a page of the
/// others in turn. Of one that somebody wants to know of once more, a page of all that are not ready.
async fn round(inner: &Arc<Inner>, cursors: &mut Cursors) -> Result<Round, QueueProblem> {
    let (account, reads, again) = {
        let now = inner.now();
        (now.account.clone(), now.rights.reads.clone(), now.look_again.clone())
    };
    let (Some(account), Some(reads)) = (account, reads) else { return Ok(Round::Nothing) };
    let mut ended = Round::Nothing;
    let pages = unsettled(inner, &account, &reads, again.clone(), cursors.clone()).await?;
    // What was asked for and is not there, or not this steward's, is done with as well.
    for id in again.keys().filter(|id| !pages.iter().any(|page| page.submission == **id)) {
        inner.now().look_again.remove(id);
    }
    for Page { submission: id, messages, next } in pages {
        let (settled, gave_up) = ask(&account, &reads, messages).await;
        let changed = settle(inner, id, settled).await?;
        if !gave_up {
            let mut now = inner.now();
            match (again.get(&id), next) {
                (Some(after), next) if now.look_again.get(&id) == Some(after) => match next {
                    Some(next) => drop(now.look_again.insert(id, Some(next))),
                    None => drop(now.look_again.remove(&id)),
                },
                // Asked for again meanwhile, it begins anew.
                (Some(_), _) => {}
                (None, Some(next)) => drop(cursors.insert(id, next)),
                (None, None) => drop(cursors.remove(&id)),
            }
        }
        let is_on_the_way = again.contains_key(&id) && next.is_some() && !gave_up;
        if changed > 0 {
            inner.hint(id);
            ended = Round::Moved;
        } else if !matches!(ended, Round::Moved | Round::OnTheWay) {
            ended = if is_on_the_way { Round::OnTheWay } else { Round::Still };
        }
        if gave_up {
            return Ok(if matches!(ended, Round::Moved) { Round::Moved } else { Round::Still });
        }
    }
    Ok(ended)
}

/// Messages of a submission to ask about.
struct Page {
    submission: SubmissionId,
    messages: Vec<MessageId>,
    /// After which it is asked on next time; none after the last.
    next: Option<MessageId>,
}

/// A page of each submission that has something to ask about.
async fn unsettled(
    inner: &Arc<Inner>,
    account: &Arc<Account>,
    reads: &Source,
    again: BTreeMap<SubmissionId, Option<MessageId>>,
    cursors: Cursors,
) -> Result<Vec<Page>, QueueProblem> {
    let (inner, account, reads) = (Arc::clone(inner), Arc::clone(account), reads.clone());
    on_a_thread(move || {
        let queue = lock(&inner.shows);
        let mut pages = Vec::new();
        for submission in queue.submissions(None, NEWEST)? {
            if !is_at(&submission, &account) || submission.source.as_ref() != Some(&reads) {
                continue;
            }
            let id = submission.id;
            let page = |which, after| -> Result<_, QueueProblem> {
                // One more than is asked about, which tells whether there are others.
                let mut messages = queue.unsettled(id, which, after, PAGE + 1)?;
                let has_more = messages.len() > PAGE;
                messages.truncate(PAGE);
                let next = messages.last().copied().filter(|_| has_more);
                Ok((messages, next))
            };
            let (messages, next) = match again.get(&id) {
                Some(after) => page(Unsettled::NotReady, *after)?,
                None => {
                    let (mut oldest, behind) = page(Unsettled::Waiting, None)?;
                    let Some(behind) = behind else {
                        pages.extend((!oldest.is_empty()).then_some(Page {
                            submission: id,
                            messages: oldest,
                            next: None,
                        }));
                        continue;
                    };
                    let after = cursors.get(&id).copied().map_or(behind, |cursor| cursor.max(behind));
                    let (others, next) = page(Unsettled::Waiting, Some(after))?;
                    oldest.extend(others);
                    (oldest, next)
                }
            };
            pages.extend((!messages.is_empty()).then_some(Page { submission: id, messages, next }));
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
