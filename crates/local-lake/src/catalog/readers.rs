use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dynoxide::storage::Storage;
use lake::Fault;
use tokio::sync::Semaphore;

use super::{CatalogProblem, PART, file};

/// How many reads go on at once. With a write-ahead log they see the last commit and wait for no writer.
const READERS: usize = 4;
/// How long a read waits for its turn.
const TURN_LIMIT: Duration = Duration::from_secs(10);

/// A few read-only connections beside the writer's.
#[derive(Clone)]
pub(super) struct Readers {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    turns: Arc<Semaphore>,
    idle: Mutex<Vec<(u64, Storage)>>,
    /// Counts changes of tables: a connection remembers how tables are laid out, so an older one is not used again.
    generation: AtomicU64,
}

impl Readers {
    /// Opens one connection, so that a file that cannot be read is found at once.
    pub(super) fn open(path: &Path) -> Result<Self, CatalogProblem> {
        let first = file::open_reader(path)?;
        let shared = Shared {
            path: path.to_owned(),
            turns: Arc::new(Semaphore::new(READERS)),
            idle: Mutex::new(vec![(0, first)]),
            generation: AtomicU64::new(0),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Runs a closure on an idle connection.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&Storage) -> T + Send + 'static,
    {
        let unavailable = |reason: &str| Fault::Unavailable { part: PART, reason: reason.to_owned() };
        let turns = Arc::clone(&self.shared.turns);
        let turn = tokio::time::timeout(TURN_LIMIT, turns.acquire_owned())
            .await
            .map_err(|_| unavailable("too many reads at once"))?
            .map_err(|_| unavailable("it is closing"))?;
        let shared = Arc::clone(&self.shared);
        let reading = tokio::task::spawn_blocking(move || {
            let _turn = turn; // kept to the end, also when the caller no longer waits
            let (generation, storage) = shared.take()?;
            let done = work(&storage);
            shared.give_back(generation, storage);
            Ok(done)
        });
        reading.await.map_err(|_| unavailable("a read ended early"))?
    }

    /// Lets go of all connections: tables have changed.
    pub(super) fn renew(&self) {
        self.shared.generation.fetch_add(1, Ordering::SeqCst);
        self.shared.lock().clear();
    }
}

impl Shared {
    fn take(&self) -> Result<(u64, Storage), Fault> {
        if let Some(idle) = self.lock().pop() {
            return Ok(idle);
        }
        let generation = self.generation.load(Ordering::SeqCst);
        let opened = file::open_reader(&self.path)
            .map_err(|problem| Fault::Unavailable { part: PART, reason: problem.to_string() })?;
        Ok((generation, opened))
    }

    fn give_back(&self, generation: u64, storage: Storage) {
        let mut idle = self.lock();
        if generation == self.generation.load(Ordering::SeqCst) {
            idle.push((generation, storage));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(u64, Storage)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
