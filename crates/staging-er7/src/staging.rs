use std::future::Future;
use std::sync::Arc;

use lake::{EventKind, Fault, Hub, HubEvent, PayloadRef, Payloads};

use crate::{Answer, Task, stage};

/// Messages above this size are staged by the workers, in bytes; a smaller one takes less time than handing it over.
const SMALL: usize = 64 * 1024;

/// Where long computations run, so that they do not hold up the threads that wait for others.
pub trait Workers: Send + Sync + 'static {
    /// Runs the work; `None` when it ended by a panic or the workers are gone.
    fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = Option<T>> + Send;
}

impl<W: Workers> Workers for Arc<W> {
    fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = Option<T>> + Send {
        W::run(self, work)
    }
}

/// Runs the work at once, on the thread that asks: where one message is staged at a time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Inline;

impl Workers for Inline {
    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        Some(work())
    }
}

/// The staging service: hears of ingested messages and restages, publishes staged JSON or errors.
pub struct Staging<P, H, W = Inline> {
    payloads: P,
    hub: H,
    workers: W,
}

impl<P: Payloads, H: Hub, W: Workers> Staging<P, H, W> {
    /// The service on these parts.
    pub fn new(payloads: P, hub: H, workers: W) -> Self {
        Self { payloads, hub, workers }
    }

    /// Stages the message of one event; doing so again changes nothing. A fault means that no answer was published and
    /// the hub should deliver the event again; what is wrong with the message itself is published and is `Ok`.
    pub async fn handle(&self, event: &HubEvent) -> Result<(), Fault> {
        if !matches!(event.kind(), EventKind::Ingested | EventKind::Restage) {
            return Ok(()); // not for this service, whatever the filter policy let through
        }
        let payload = event.payload.as_ref().ok_or_else(|| Fault::Damaged {
            part: "hub",
            what: format!("{} of message {}", event.kind().as_str(), event.message_id),
            reason: "the event refers to no payload".to_owned(),
        })?;
        let answer = self.stage(event, payload).await?.put(&self.payloads, event).await?;
        self.hub.publish(&answer).await
    }

    async fn stage(&self, event: &HubEvent, payload: &PayloadRef) -> Result<Answer, Fault> {
        let submitted = self.payloads.get(payload).await?;
        let task = Task::of(event);
        if submitted.len() <= SMALL {
            return Ok(stage(&task, &submitted));
        }
        self.workers.run(move || stage(&task, &submitted)).await.ok_or_else(|| Fault::Unavailable {
            part: "staging",
            reason: format!("the run for message {} ended without a result", event.message_id),
        })
    }
}
