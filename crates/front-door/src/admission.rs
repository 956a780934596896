use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::answer::Answer;

/// How much is taken in at once, so that memory is bounded whatever comes.
#[derive(Clone, Debug)]
pub struct Room {
    requests: Arc<Semaphore>,
    body: Arc<Semaphore>,
    body_kib: u32,
}

impl Default for Room {
    /// 512 requests with 64 MiB of bodies.
    fn default() -> Self {
        Self::new(512, 64 * 1024 * 1024)
    }
}

impl Room {
    /// Room for so many requests and so many bytes of bodies in memory. A body that is larger than that alone is taken by itself.
    pub fn new(requests: usize, body_bytes: usize) -> Self {
        let body_kib = u32::try_from(body_bytes / 1024).unwrap_or(u32::MAX).clamp(1, 1 << 28);
        Self {
            requests: Arc::new(Semaphore::new(requests.clamp(1, Semaphore::MAX_PERMITS))),
            body: Arc::new(Semaphore::new(usize::try_from(body_kib).unwrap_or(1))),
            body_kib,
        }
    }

    /// Room for one request.
    pub(crate) async fn request(&self, patience: Duration) -> Result<OwnedSemaphorePermit, Answer> {
        granted(timeout(patience, Arc::clone(&self.requests).acquire_owned()).await)
    }

    /// Room for so many bytes.
    pub(crate) async fn body(
        &self,
        bytes: usize,
        patience: Duration,
    ) -> Result<OwnedSemaphorePermit, Answer> {
        let kib = u32::try_from(bytes / 1024 + 1).unwrap_or(u32::MAX).min(self.body_kib);
        granted(timeout(patience, Arc::clone(&self.body).acquire_many_owned(kib)).await)
    }
}

type Waited<E> = Result<Result<OwnedSemaphorePermit, tokio::sync::AcquireError>, E>;

fn granted<E>(waited: Waited<E>) -> Result<OwnedSemaphorePermit, Answer> {
    match waited {
        Ok(Ok(permit)) => Ok(permit),
        Ok(Err(_)) | Err(_) => Err(Answer::busy()), // the semaphores are never closed
    }
}
