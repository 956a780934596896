use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use lake::{Fault, HubEvent};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::rows::{self, Delivery, Kind, Settlement};
use super::{Deliveries, Handler, PART, Queue, Settings, Shared};
use crate::database::nanoseconds;

/// Deliveries that are read, and acknowledged, at once.
const BATCH: usize = 256;

/// How long a lane sleeps at most when nothing wakes it: a safeguard, not the way it hears of new events.
const IDLE: Duration = Duration::from_secs(5);

/// How long a lane waits when the database does not answer.
const AFTER_FAULT: Duration = Duration::from_millis(250);

/// Delivers one queue.
pub(super) struct Lane {
    shared: Arc<Shared>,
    index: usize,
    handler: Handler,
    tasks: TaskTracker,
    stopping: CancellationToken,
    aborting: CancellationToken,
    slots: Arc<Semaphore>,
    room: Room,
    /// Retries that are being handled or acknowledged: their rows still look due.
    retrying: Arc<Mutex<HashSet<i64>>>,
}

impl Lane {
    pub(super) fn new(shared: Arc<Shared>, index: usize, handler: Handler, deliveries: &Deliveries) -> Self {
        let settings = shared.settings;
        let slots = Arc::new(Semaphore::new(settings.at_once.max(1)));
        Self {
            shared,
            index,
            handler,
            tasks: deliveries.tasks.clone(),
            stopping: deliveries.stopping.clone(),
            aborting: deliveries.aborting.clone(),
            slots,
            room: Room::new(settings.bytes_at_once),
            retrying: Arc::default(),
        }
    }

    pub(super) async fn run(self) {
        let Some(queue) = self.shared.queues.get(self.index) else { return };
        let (settled, settlements) = mpsc::channel(BATCH * 4);
        self.tasks.spawn(acknowledge(
            Arc::clone(&self.shared),
            self.index,
            settlements,
            Arc::clone(&self.retrying),
            self.aborting.clone(),
        ));
        let mut cursor = rows::first_id(queue.number) - 1;
        loop {
            let wait = match self.fetch(queue, &mut cursor).await {
                Ok(Fetched { deliveries, wait }) if deliveries.is_empty() => wait,
                Ok(Fetched { deliveries, .. }) => {
                    for delivery in deliveries {
                        if !self.dispatch(delivery, &settled).await {
                            return;
                        }
                    }
                    continue;
                }
                Err(fault) => {
                    tracing::warn!(%fault, subscriber = queue.subscription.name, "deliveries cannot be read");
                    AFTER_FAULT
                }
            };
            tokio::select! {
                () = self.stopping.cancelled() => return,
                () = queue.published.notified() => {}
                () = sleep(wait) => {}
            }
        }
    }

    /// What can be delivered now, and if nothing, how long until that may change by itself.
    async fn fetch(&self, queue: &Queue, cursor: &mut i64) -> Result<Fetched, Fault> {
        let (number, after) = (queue.number, *cursor);
        let now = nanoseconds(self.shared.clock.now());
        let busy = self.retrying.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let fetched = self.shared.database.read(move |connection| {
            let mut deliveries = rows::due(connection, number, now, BATCH + busy.len())?;
            deliveries.retain(|delivery| !busy.contains(&delivery.id));
            deliveries.truncate(BATCH);
            let room = BATCH - deliveries.len();
            deliveries.extend(rows::fresh(connection, number, after, room)?);
            let next = if deliveries.is_empty() { rows::next_due(connection, number, now)? } else { None };
            let wait = next.and_then(|due| u64::try_from(due - now).ok()).map_or(IDLE, Duration::from_nanos);
            Ok(Fetched { deliveries, wait: wait.min(IDLE) })
        });
        let fetched = fetched.await?;
        let last = fetched.deliveries.iter().rev().find(|delivery| delivery.kind == Kind::First);
        *cursor = last.map_or(*cursor, |last| last.id);
        Ok(fetched)
    }

    /// Hands a delivery to its handler as soon as there is a slot. `false`: the lane is to end.
    async fn dispatch(&self, delivery: Delivery, settled: &mpsc::Sender<(i64, Settlement)>) -> bool {
        let slot = tokio::select! {
            biased;
            () = self.stopping.cancelled() => return false,
            slot = Arc::clone(&self.slots).acquire_owned() => slot,
        };
        let Ok(slot) = slot else { return false };
        if delivery.kind == Kind::Retry {
            self.retrying.lock().unwrap_or_else(PoisonError::into_inner).insert(delivery.id);
        }
        let try_one = Try {
            handler: Arc::clone(&self.handler),
            shared: Arc::clone(&self.shared),
            settled: settled.clone(),
            room: self.room.clone(),
            stopping: self.stopping.clone(),
            slot,
        };
        let aborting = self.aborting.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = aborting.cancelled() => {}
                () = try_one.run(delivery) => {}
            }
        });
        true
    }
}

/// Room for the payloads of the deliveries that are handled at once, in KiB.
#[derive(Clone)]
struct Room {
    free: Arc<Semaphore>,
    whole: u32,
}

impl Room {
    fn new(bytes: u64) -> Self {
        let whole = u32::try_from(bytes / 1024).unwrap_or(u32::MAX).clamp(1, 1 << 28);
        Self { free: Arc::new(Semaphore::new(usize::try_from(whole).unwrap_or(1))), whole }
    }

    /// Waits for room for what the event refers to; none once the semaphore is closed, which it never is.
    async fn of(&self, event: &HubEvent) -> Option<OwnedSemaphorePermit> {
        let bytes = event.payload.as_ref().map_or(0, |payload| payload.size);
        let wanted = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX).min(self.whole);
        Arc::clone(&self.free).acquire_many_owned(wanted).await.ok()
    }
}

struct Fetched {
    deliveries: Vec<Delivery>,
    wait: Duration,
}

/// One try at one delivery.
struct Try {
    handler: Handler,
    shared: Arc<Shared>,
    settled: mpsc::Sender<(i64, Settlement)>,
    room: Room,
    stopping: CancellationToken,
    /// Held until the settlement is on its way, so that slow acknowledgements slow the lane down.
    slot: OwnedSemaphorePermit,
}

impl Try {
    async fn run(self, delivery: Delivery) {
        let settlement = match serde_json::from_slice::<HubEvent>(&delivery.body) {
            Ok(event) => {
                // Waiting for room is no part of the try: its limit of time is for the subscriber.
                let room = tokio::select! {
                    biased;
                    () = self.stopping.cancelled() => return, // not begun; delivered after the next start
                    room = self.room.of(&event) => room,
                };
                let settlement = self.deliver(event, delivery.tries).await;
                drop(room);
                settlement
            }
            Err(_) => {
                tracing::error!(
                    delivery = delivery.id,
                    "a delivery cannot be read; it is kept as a dead letter"
                );
                Settlement::Dead { event: None, reason: "the event cannot be read".to_owned() }
            }
        };
        // The other end goes only when all is being given up; the delivery is then made again after the next start.
        drop(self.settled.send((delivery.id, settlement)).await);
        drop(self.slot);
    }

    async fn deliver(&self, event: HubEvent, tries: u32) -> Settlement {
        let settings = self.shared.settings;
        // A handler may panic before its future is there, or within it.
        let handled = AssertUnwindSafe(async { (self.handler)(event.clone()).await }).catch_unwind();
        let fault = match timeout(settings.limit, handled).await {
            Ok(Ok(Ok(()))) => return Settlement::Done,
            Ok(Ok(Err(fault))) => fault,
            Ok(Err(_)) => unavailable("the subscriber panicked"),
            Err(_) => unavailable("the subscriber takes too long"),
        };
        let tries = tries.saturating_add(1);
        if !fault.retryable() || tries >= settings.tries {
            return Settlement::Dead { event: Some(Box::new(event)), reason: fault.to_string() };
        }
        let wait = wait_before(tries, &settings, fastrand::f64());
        let due_at = nanoseconds(self.shared.clock.now())
            .saturating_add(i64::try_from(wait.as_nanos()).unwrap_or(i64::MAX));
        Settlement::Again { tries, due_at }
    }
}

fn unavailable(reason: &str) -> Fault {
    Fault::Unavailable { part: PART, reason: reason.to_owned() }
}

/// How long to wait when `tries` have failed: doubling, limited, give or take a quarter (`chance` is 0 to 1) so that
/// what failed together is not tried again together.
pub(super) fn wait_before(tries: u32, settings: &Settings, chance: f64) -> Duration {
    let doubled = settings.first_wait.saturating_mul(1_u32 << tries.saturating_sub(1).min(20));
    doubled.min(settings.longest_wait).mul_f64(0.75 + chance.clamp(0.0, 1.0) / 2.0)
}

/// Writes settlements, all that wait in one commit, until the lane and its tries have ended.
async fn acknowledge(
    shared: Arc<Shared>,
    index: usize,
    mut settlements: mpsc::Receiver<(i64, Settlement)>,
    retrying: Arc<Mutex<HashSet<i64>>>,
    aborting: CancellationToken,
) {
    let Some(queue) = shared.queues.get(index) else { return };
    let number = queue.number;
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let received = tokio::select! {
            () = aborting.cancelled() => return,
            received = settlements.recv_many(&mut batch, BATCH) => received,
        };
        if received == 0 {
            return;
        }
        let settled = Arc::new(std::mem::take(&mut batch));
        while let Err(fault) = write(&shared, number, &settled).await {
            tracing::warn!(%fault, subscriber = queue.subscription.name, "acknowledgements cannot be written");
            tokio::select! {
                () = aborting.cancelled() => return,
                () = sleep(AFTER_FAULT) => {}
            }
        }
        let mut retrying = retrying.lock().unwrap_or_else(PoisonError::into_inner);
        let mut again = false;
        for (id, settlement) in settled.iter() {
            retrying.remove(id);
            again |= matches!(settlement, Settlement::Again { .. });
            if matches!(settlement, Settlement::Dead { .. }) {
                shared.died.notify_one();
            }
        }
        drop(retrying);
        if again {
            queue.published.notify_one(); // there is a new time to wake at
        }
    }
}

async fn write(shared: &Shared, number: i64, settled: &Arc<Vec<(i64, Settlement)>>) -> Result<(), Fault> {
    let settled = Arc::clone(settled);
    let now = nanoseconds(shared.clock.now());
    shared
        .database
        .write(move |connection| {
            settled
                .iter()
                .try_for_each(|(id, settlement)| rows::settle(connection, number, *id, settlement, now))
        })
        .await
}
