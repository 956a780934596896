use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use dynoxide::actions::import_items;
use dynoxide::storage::Storage;
use dynoxide::{ImportOptions, Item};
use lake::{CatalogEvent, Fault, Head, day_of};
use tokio::sync::{mpsc, oneshot};

use super::{CatalogKeys, CatalogSettings, PART, at_once, damaged, fault, item, stored_head, stored_item};

/// Calls that wait for the writer; more wait to get in.
const QUEUE: usize = 1_024;
/// Most calls of one transaction. More would save little, and make the first of them wait.
const BATCH_CALLS: usize = 50;
/// How long a caller waits for its commit.
const COMMIT_LIMIT: Duration = Duration::from_secs(30);
/// Days that are remembered as listed; more are asked of the table again.
const DAYS_REMEMBERED: usize = 4_096;

/// The only writer of the catalog: a thread that takes what calls are waiting into one transaction.
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Work>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

enum Work {
    Record(Call),
    Other(Box<dyn FnOnce(&Storage) + Send>),
}

struct Call {
    events: Vec<CatalogEvent>,
    done: oneshot::Sender<Result<(), Fault>>,
}

impl Writer {
    /// Starts the thread on the connection that writes.
    pub(super) fn start(storage: Storage, settings: CatalogSettings) -> io::Result<Self> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let pen = Pen { storage, settings, listed_days: HashSet::new() };
        let thread =
            std::thread::Builder::new().name("catalog-writer".to_owned()).spawn(|| pen.run(waiting))?;
        Ok(Self { queue: Some(queue), thread: Mutex::new(Some(thread)) })
    }

    /// Records events; answers after their commit.
    pub(super) async fn record(&self, events: Vec<CatalogEvent>) -> Result<(), Fault> {
        let (done, answer) = oneshot::channel();
        self.hand_over(Work::Record(Call { events, done }), answer).await?
    }

    /// Runs a closure on the connection that writes.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&Storage) -> T + Send + 'static,
    {
        let (done, answer) = oneshot::channel();
        let work = Work::Other(Box::new(move |storage| {
            if done.send(work(storage)).is_err() {
                tracing::debug!("nobody waits any more for a change of the catalog that was made");
            }
        }));
        self.hand_over(work, answer).await
    }

    async fn hand_over<T>(&self, work: Work, answer: oneshot::Receiver<T>) -> Result<T, Fault> {
        let ended = || unavailable("its writer has ended");
        let queue = self.queue.as_ref().ok_or_else(ended)?;
        let waited = tokio::time::timeout(COMMIT_LIMIT, async {
            queue.send(work).await.map_err(|_| ended())?;
            answer.await.map_err(|_| ended())
        });
        waited.await.map_err(|_| unavailable("it did not commit in time"))?
    }
}

impl Drop for Writer {
    /// Waits until what was handed over is written; the thread ends when the queue is closed and empty.
    fn drop(&mut self) {
        drop(self.queue.take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the catalog's writer ended early");
        }
    }
}

/// The writer's thread and what only it touches.
struct Pen {
    storage: Storage,
    settings: CatalogSettings,
    /// Partition and day of day items that are in the table.
    listed_days: HashSet<(String, String)>,
}

impl Pen {
    fn run(mut self, mut waiting: mpsc::Receiver<Work>) {
        while let Some(first) = waiting.blocking_recv() {
            let mut calls = Vec::new();
            let mut next = Some(first);
            while let Some(work) = next.take() {
                match work {
                    Work::Record(call) => calls.push(call),
                    Work::Other(other) => {
                        self.commit(std::mem::take(&mut calls));
                        other(&self.storage);
                        self.listed_days.clear();
                    }
                }
                if calls.len() < BATCH_CALLS {
                    next = waiting.try_recv().ok();
                }
            }
            self.commit(calls);
        }
    }

    fn commit(&mut self, calls: Vec<Call>) {
        let together = self.write(calls.iter().flat_map(|call| &call.events));
        let alone = calls.len() == 1;
        for call in calls {
            let outcome = match &together {
                Ok(()) => Ok(()),
                Err(fault) if alone => Err(fault.clone()),
                // one call that cannot be recorded must not stop the others
                Err(_) => self.write(call.events.iter()),
            };
            if call.done.send(outcome).is_err() {
                tracing::debug!("nobody waits any more for a record that was handled");
            }
        }
    }

    /// One transaction: what is recorded already is left out, heads are advanced, nothing of it or all is written.
    fn write<'a>(&mut self, events: impl Iterator<Item = &'a CatalogEvent>) -> Result<(), Fault> {
        let mut draft = Draft::default();
        for event in events {
            draft.add(&self.storage, &self.settings, event)?;
        }
        let Written { items, days, leaves_an_index } = draft.into_items(&self.settings, &self.listed_days)?;
        if items.is_empty() {
            return Ok(());
        }
        let (storage, table, options) = (&self.storage, &self.settings.table, ImportOptions::default());
        // Both write all items and index rows in one transaction. Only where a head leaves a partition of an index are
        // there rows to take out; looking for them otherwise would cost three deletions an item.
        let written = if leaves_an_index {
            at_once(import_items::execute(storage, table, items, &options))
        } else {
            at_once(import_items::execute_skip_gsi_deletes(storage, table, items, &options))
        };
        written.map_err(|error| fault(&error))?;
        if self.listed_days.len() > DAYS_REMEMBERED {
            self.listed_days.clear();
        }
        self.listed_days.extend(days);
        Ok(())
    }
}

/// What a transaction will write. Only the writer writes, so what it read before holds until the commit.
#[derive(Default)]
struct Draft {
    heads: HashMap<String, Drafted>,
    events: Vec<Item>,
}

/// A draft made ready.
struct Written {
    items: Vec<Item>,
    /// Partition and day of the day items among them.
    days: HashSet<(String, String)>,
    leaves_an_index: bool,
}

struct Drafted {
    head: Option<Head>,
    /// The partitions of the indexes that the head was in before.
    listed_in: Option<[Option<String>; 3]>,
    is_changed: bool,
    names: HashSet<String>,
}

impl Draft {
    fn add(
        &mut self,
        storage: &Storage,
        settings: &CatalogSettings,
        event: &CatalogEvent,
    ) -> Result<(), Fault> {
        let table = &settings.table;
        let key = CatalogKeys::message(&event.source, event.message_id);
        let name = event.name();
        let drafted = match self.heads.get_mut(&key) {
            Some(drafted) => drafted,
            None => {
                let head = stored_head(storage, table, &key)?;
                let listed_in = head.as_ref().map(|head| item::index_partitions(head, settings.shards));
                self.heads.entry(key.clone()).or_insert(Drafted {
                    head,
                    listed_in,
                    is_changed: false,
                    names: HashSet::new(),
                })
            }
        };
        // Without a head there are no events, so a new message costs no second look.
        let known = drafted.names.contains(&name)
            || drafted.head.is_some() && stored_item(storage, table, &key, &name)?.is_some();
        if known {
            return Ok(());
        }
        self.events.push(item::of_event(event).map_err(|error| damaged(&key, &error))?);
        let head = drafted.head.get_or_insert_with(|| Head::new(event));
        head.apply(event);
        drafted.is_changed = true;
        drafted.names.insert(name);
        Ok(())
    }

    fn into_items(
        self,
        settings: &CatalogSettings,
        listed_days: &HashSet<(String, String)>,
    ) -> Result<Written, Fault> {
        let mut items = self.events;
        let mut days = HashSet::new();
        let mut leaves_an_index = false;
        for (key, drafted) in self.heads {
            let (Some(mut head), true) = (drafted.head, drafted.is_changed) else { continue };
            head.revision += 1;
            let before = drafted.listed_in.into_iter().flatten();
            let mut pairs = before.zip(item::index_partitions(&head, settings.shards));
            leaves_an_index |= pairs.any(|(before, after)| before.is_some() && before != after);
            items.push(item::of_head(&head, settings.shards).map_err(|error| damaged(&key, &error))?);
            let day = (CatalogKeys::days(&head.source), day_of(head.received_at).to_string());
            if !listed_days.contains(&day) && days.insert(day) {
                items.push(item::of_day(&head));
            }
        }
        Ok(Written { items, days, leaves_an_index })
    }
}

fn unavailable(reason: &str) -> Fault {
    Fault::Unavailable { part: PART, reason: reason.to_owned() }
}
