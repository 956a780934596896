//! The publish/subscribe hub: a durable queue for each subscriber, at-least-once delivery, retries, dead letters.
//!
//! Publishing writes one row for each subscriber whose filter policy accepts the event. A lane per subscriber takes
//! rows in order of their ids, runs its handler on many at once and deletes rows that succeeded, many in one commit.
//! What is being handled is known in memory only: after a restart everything that was not acknowledged is delivered
//! again. Order is not kept, nor is "once": consumers cope with both.

mod dead;
mod lane;
mod rows;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use lake::{Clock, Fault, FilterPolicy, Hub, HubEvent, MessageId, Source};
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::database::Database;
use dead::Reporter;
use lane::Lane;

/// The tables, for [`Database::open`].
pub const SCHEMA: &str = rows::SCHEMA;

const PART: &str = "the hub";

/// Who is given what.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// The subscriber's name (`core`, `staging`): the name of its queue, kept for ever.
    pub name: &'static str,
    /// Which events it is given.
    pub policy: FilterPolicy,
}

/// How deliveries are tried.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How many deliveries of one subscriber are handled at once.
    pub at_once: usize,
    /// How many bytes the payloads of these have in all, at most; one with a larger payload is handled by itself. A
    /// subscriber's memory is many times that of the payloads that it has in hand: staging takes some 25 bytes for each
    /// byte of a text that has to be decoded.
    pub bytes_at_once: u64,
    /// How often a delivery is tried in all.
    pub tries: u32,
    /// The wait before the second try; it doubles with each further one, give or take a quarter.
    pub first_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
    /// How long one try may take.
    pub limit: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            at_once: 64,
            bytes_at_once: 8 * 1024 * 1024,
            tries: 5,
            first_wait: Duration::from_millis(200),
            longest_wait: Duration::from_secs(30),
            limit: Duration::from_secs(60),
        }
    }
}

/// What handles the deliveries of one subscriber. `Ok` acknowledges. A fault that is not retryable is not tried again.
pub type Handler = Arc<dyn Fn(HubEvent) -> BoxFuture<'static, Result<(), Fault>> + Send + Sync>;

/// What is told of a delivery that failed for good; told again until it succeeds.
pub type OnDead = Arc<dyn Fn(DeadLetter) -> BoxFuture<'static, Result<(), Fault>> + Send + Sync>;

/// A delivery that failed for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// What was not delivered.
    pub event: HubEvent,
    /// To whom.
    pub subscriber: String,
    /// How it failed the last time, without content.
    pub reason: String,
}

/// How much lies in one subscriber's queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Depth {
    /// The subscriber.
    pub subscriber: &'static str,
    /// Deliveries that are not acknowledged, those being handled and those to be tried again among them.
    pub waiting: u64,
    /// Of these, how many failed at least once.
    pub retrying: u64,
    /// Deliveries that failed for good.
    pub dead: u64,
}

/// The hub. Clones share it.
#[derive(Clone)]
pub struct LocalHub {
    shared: Arc<Shared>,
}

struct Shared {
    database: Database,
    clock: Arc<dyn Clock>,
    settings: Settings,
    queues: Vec<Queue>,
    /// Wakes the reporter of dead letters.
    died: Notify,
}

/// One subscriber's queue.
struct Queue {
    /// Its number in the tables.
    number: i64,
    subscription: Subscription,
    /// The id of its next row. Taken only within jobs of the one writer thread, so ids are in order of commits and a
    /// lane that has seen an id has seen all smaller ones.
    next_id: AtomicI64,
    /// Wakes the lane.
    published: Notify,
}

impl LocalHub {
    /// Opens the hub on a database that has its tables ([`SCHEMA`]). Publishing works from now on; deliveries begin
    /// with [`LocalHub::start`].
    pub async fn open(
        database: Database,
        clock: Arc<dyn Clock>,
        subscriptions: Vec<Subscription>,
        settings: Settings,
    ) -> Result<Self, Fault> {
        let mut queues = Vec::with_capacity(subscriptions.len());
        for subscription in subscriptions {
            let name = subscription.name;
            let (number, next_id) =
                database.write(move |connection| rows::ensure_subscriber(connection, name)).await?;
            let next_id = AtomicI64::new(next_id);
            queues.push(Queue { number, subscription, next_id, published: Notify::new() });
        }
        Ok(Self { shared: Arc::new(Shared { database, clock, settings, queues, died: Notify::new() }) })
    }

    /// Begins to deliver: to each named subscriber by its handler. Events for a subscriber without a handler wait.
    pub fn start(&self, handlers: HashMap<&'static str, Handler>, on_dead: OnDead) -> Deliveries {
        let deliveries = Deliveries {
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            aborting: CancellationToken::new(),
        };
        for (index, queue) in self.shared.queues.iter().enumerate() {
            if let Some(handler) = handlers.get(queue.subscription.name) {
                let lane = Lane::new(Arc::clone(&self.shared), index, Arc::clone(handler), &deliveries);
                deliveries.tasks.spawn(lane.run());
            }
        }
        let reporter = Reporter::new(Arc::clone(&self.shared), on_dead, deliveries.stopping.clone());
        deliveries.tasks.spawn(reporter.run());
        deliveries.tasks.close();
        deliveries
    }

    /// How much lies in each queue.
    pub async fn depths(&self) -> Result<Vec<Depth>, Fault> {
        let queues: Vec<_> =
            self.shared.queues.iter().map(|queue| (queue.number, queue.subscription.name)).collect();
        self.shared
            .database
            .read(move |connection| {
                queues.into_iter().map(|(number, name)| rows::depth(connection, number, name)).collect()
            })
            .await
    }
}

impl Hub for LocalHub {
    async fn publish(&self, event: &HubEvent) -> Result<(), Fault> {
        let attributes = event.attributes();
        let accepting: Vec<usize> = (self.shared.queues.iter().enumerate())
            .filter(|(_, queue)| queue.subscription.policy.accepts(&attributes))
            .map(|(index, _)| index)
            .collect();
        if accepting.is_empty() {
            return Ok(());
        }
        let body = serde_json::to_vec(event).map_err(|_| Fault::Refused {
            part: PART,
            reason: "the event cannot be written as JSON".to_owned(),
        })?;
        let shared = Arc::clone(&self.shared);
        let to = accepting.clone();
        self.shared
            .database
            .write(move |connection| {
                for queue in to.iter().filter_map(|index| shared.queues.get(*index)) {
                    let id = queue.next_id.fetch_add(1, Ordering::Relaxed);
                    rows::insert(connection, id, &body)?;
                }
                Ok(())
            })
            .await?;
        for queue in accepting.iter().filter_map(|index| self.shared.queues.get(*index)) {
            queue.published.notify_one();
        }
        Ok(())
    }

    async fn redeliver(&self, source: &Source, message_id: MessageId) -> Result<u32, Fault> {
        let shared = Arc::clone(&self.shared);
        let source = source.clone();
        let count = self
            .shared
            .database
            .write(move |connection| {
                let next_id = |subscriber| {
                    let queue = shared.queues.iter().find(|queue| queue.number == subscriber);
                    queue.map(|queue| queue.next_id.fetch_add(1, Ordering::Relaxed))
                };
                rows::revive(connection, &source, message_id, next_id)
            })
            .await?;
        for queue in &self.shared.queues {
            queue.published.notify_one();
        }
        Ok(count)
    }
}

/// Deliveries that were started. Dropped, they end without waiting.
pub struct Deliveries {
    tasks: TaskTracker,
    /// No new deliveries are begun.
    stopping: CancellationToken,
    /// Nothing is waited for any more.
    aborting: CancellationToken,
}

/// Whether all deliveries that had begun came to their end before the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// All did.
    Drained,
    /// Some were given up; they are delivered again after the next start.
    GivenUp,
}

impl Deliveries {
    /// Begins no new deliveries and waits for those that have begun and their acknowledgements, at most `limit`.
    pub async fn stop(self, limit: Duration) -> Stopped {
        self.stopping.cancel();
        if timeout(limit, self.tasks.wait()).await.is_ok() {
            return Stopped::Drained;
        }
        self.aborting.cancel();
        self.tasks.wait().await; // every task watches the token
        Stopped::GivenUp
    }
}

impl Drop for Deliveries {
    fn drop(&mut self) {
        self.stopping.cancel();
        self.aborting.cancel();
    }
}
