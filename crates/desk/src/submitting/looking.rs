//! Looking through files in the background.

use std::path::PathBuf;
use std::sync::Arc;

use super::sending::{FIRST_WAIT, LONGEST_WAIT, LOOK_AGAIN};
use super::standing::NextTry;
use super::{Submitting, USUAL_MESSAGE_BYTES, lock, on_a_thread};
use crate::queue::{Look, QueueProblem, Scanned, Stage, SubmissionId};

impl Submitting {
    /// Looks through the files of a submission, unless that is going on.
    pub(super) fn look_through(&self, id: SubmissionId, paths: Vec<PathBuf>, message_bytes: usize) {
        let Some(looking) = self.0.now().look_through(id) else { return };
        let inner = Arc::clone(&self.0);
        self.0.tasks.spawn(async move {
            let paths = Arc::new(paths);
            let mut wait = FIRST_WAIT;
            while !looking.has_to_stop() {
                let (worker, shown, paths) = (Arc::clone(&inner), looking.clone(), Arc::clone(&paths));
                let looked = on_a_thread(move || {
                    // Files may take their time: others must be able to ask for something meanwhile.
                    let mut queue = lock(&worker.asks).another()?;
                    queue.scan(
                        id,
                        Look::ForTheRest,
                        &paths,
                        message_bytes,
                        &|| shown.has_to_stop(),
                        &mut |progress| {
                            shown.tell(progress);
                        },
                    )
                });
                let pause = match looked.await {
                    Ok(Scanned::Whole | Scanned::Stopped | Scanned::Over) => break,
                    Ok(Scanned::Elsewhere) => {
                        looking.get_on();
                        LOOK_AGAIN
                    }
                    Err(problem) => {
                        looking.cannot(format!("{problem}."), NextTry::after(wait));
                        let pause = wait;
                        wait = (wait * 2).min(LONGEST_WAIT);
                        pause
                    }
                };
                inner.hint(id);
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = looking.is_asked_again() => looking.get_on(),
                    () = inner.over.cancelled() => break,
                }
            }
            inner.now().has_looked_through(id);
            inner.hint(id);
            // It may have had its yes before.
            inner.wake();
        });
    }

    /// Goes on with files that were being looked through when the program ended.
    pub(super) async fn look_through_what_was_left(&self) -> Result<(), QueueProblem> {
        let left = self.show(|queue| queue.all_unfinished()).await?;
        let account = self.0.now().account.clone();
        let Some(account) = account else { return Ok(()) };
        for left in
            left.into_iter().filter(|left| left.stage == Stage::Scanning && super::is_at(left, &account))
        {
            self.look_through(left.id, left.named, left.message_bytes.unwrap_or(USUAL_MESSAGE_BYTES));
        }
        Ok(())
    }
}
