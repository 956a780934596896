use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use lake::{Fault, HubEvent};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::lane::wait_before;
use super::rows::{self, Unreported};
use super::{DeadLetter, OnDead, PART, Shared};

/// Dead letters that are read at once.
const BATCH: usize = 64;

/// How long the reporter sleeps when nothing wakes it.
const IDLE: Duration = Duration::from_secs(30);

/// Tells of every dead letter until it was heard; also of those that an earlier run left.
pub(super) struct Reporter {
    shared: Arc<Shared>,
    on_dead: OnDead,
    stopping: CancellationToken,
}

impl Reporter {
    pub(super) fn new(shared: Arc<Shared>, on_dead: OnDead, stopping: CancellationToken) -> Self {
        Self { shared, on_dead, stopping }
    }

    pub(super) async fn run(self) {
        let mut failures = 0_u32;
        loop {
            let wait = match self.report_all().await {
                Ok(()) => {
                    failures = 0;
                    IDLE
                }
                Err(fault) => {
                    tracing::warn!(%fault, "a failed delivery cannot be recorded yet");
                    failures = failures.saturating_add(1);
                    wait_before(failures, &self.shared.settings, fastrand::f64())
                }
            };
            tokio::select! {
                () = self.stopping.cancelled() => return,
                () = self.shared.died.notified() => {}
                () = sleep(wait) => {}
            }
        }
    }

    /// Goes through all that are not reported once. One that cannot be reported does not hold up the others.
    async fn report_all(&self) -> Result<(), Fault> {
        let mut outcome = Ok(());
        let mut after = i64::MIN;
        loop {
            let batch = self
                .shared
                .database
                .read(move |connection| rows::unreported(connection, after, BATCH))
                .await?;
            let Some(last) = batch.last() else { return outcome };
            after = last.id;
            for letter in batch {
                if self.stopping.is_cancelled() {
                    return Ok(());
                }
                if let Err(fault) = self.report(letter).await {
                    outcome = Err(fault);
                }
            }
        }
    }

    async fn report(&self, letter: Unreported) -> Result<(), Fault> {
        let Unreported { id, subscriber, reason, body } = letter;
        let event: HubEvent = serde_json::from_slice(&body).map_err(|_| Fault::Damaged {
            part: PART,
            what: format!("dead letter {id}"),
            reason: "the event cannot be read".to_owned(),
        })?;
        let dead = DeadLetter { event, subscriber, reason };
        let told = AssertUnwindSafe(async { (self.on_dead)(dead).await }).catch_unwind();
        let unavailable = |reason: &str| Fault::Unavailable { part: PART, reason: reason.to_owned() };
        tokio::select! {
            () = self.stopping.cancelled() => return Ok(()), // told again after the next start
            told = timeout(self.shared.settings.limit, told) => match told {
                Ok(Ok(told)) => told?,
                Ok(Err(_)) => return Err(unavailable("the recorder of failed deliveries panicked")),
                Err(_) => return Err(unavailable("recording a failed delivery takes too long")),
            },
        }
        self.shared.database.write(move |connection| rows::mark_reported(connection, id)).await
    }
}
