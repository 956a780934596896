use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lake::Fault;
use rusqlite::Connection;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::{fault_of, unavailable};

/// A few connections that only read. Each is used by one job at a time, on a thread for blocking work.
#[derive(Clone)]
pub(super) struct Readers {
    idle: Arc<Mutex<Vec<Connection>>>,
    free: Arc<Semaphore>,
    count: u32,
    limit: Duration,
}

impl Readers {
    pub(super) fn new(connections: Vec<Connection>, limit: Duration) -> Self {
        let count = u32::try_from(connections.len()).unwrap_or(u32::MAX);
        let free = Arc::new(Semaphore::new(connections.len()));
        Self { idle: Arc::new(Mutex::new(connections)), free, count, limit }
    }

    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Fault> {
        let permit = timeout(self.limit, Arc::clone(&self.free).acquire_owned())
            .await
            .map_err(|_| unavailable("too many reads are waiting"))?
            .map_err(|_| unavailable("it is closed"))?;
        let Some(connection) = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop() else {
            return Err(unavailable("it is closed"));
        };
        let interrupt = connection.get_interrupt_handle();
        let lent = Lent { connection: Some(connection), idle: Arc::clone(&self.idle) };
        let mut running = tokio::task::spawn_blocking(move || {
            let result = match &lent.connection {
                Some(connection) => job(connection).map_err(|error| fault_of(&error)),
                None => Err(unavailable("it is closed")),
            };
            drop(lent); // back to the others before the permit is
            drop(permit);
            result
        });
        let ended = match timeout(self.limit, &mut running).await {
            Ok(ended) => ended,
            Err(_) => {
                interrupt.interrupt();
                return Err(unavailable("the read takes too long"));
            }
        };
        ended.unwrap_or_else(|_| {
            Err(Fault::Refused { part: super::PART, reason: "a reading job panicked".to_owned() })
        })
    }

    /// Waits for running reads and closes the connections.
    pub(super) async fn close(&self) {
        let waited = timeout(self.limit, self.free.acquire_many(self.count)).await;
        self.free.close();
        drop(waited);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// A connection on loan; it goes back also when the job panics.
struct Lent {
    connection: Option<Connection>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
    }
}
