//! Ctrl-C and TERM: the running command is asked to end, and made to if it does not.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use crate::ending::{Ending, Halt};

/// How long a command may take to give its account after it was asked to stop.
const GRACE: Duration = Duration::from_secs(15);

/// Whether somebody asked to stop.
#[derive(Clone, Default)]
pub(crate) struct Stop(Arc<Asked>);

#[derive(Default)]
struct Asked {
    flag: AtomicBool,
    notify: Notify,
}

impl Stop {
    /// Listens to Ctrl-C, and to TERM where there is such a thing, for as long as the program runs.
    pub(crate) fn on_signals() -> Self {
        let stop = Self::default();
        let asked = stop.clone();
        tokio::spawn(async move {
            signal().await;
            asked.ask();
        });
        stop
    }

    /// Whether to stop now: asked between one message and the next.
    pub(crate) fn is_asked(&self) -> bool {
        self.0.flag.load(Ordering::Relaxed)
    }

    /// Waits until somebody asks to stop.
    pub(crate) async fn asked(&self) {
        let mut asked = std::pin::pin!(self.0.notify.notified());
        asked.as_mut().enable();
        if !self.is_asked() {
            asked.await;
        }
    }

    /// Waits for the command's own end, but once asked to stop for no longer than the grace.
    pub(crate) async fn or_end_of(
        &self,
        command: impl Future<Output = Result<Ending, Halt>>,
    ) -> Result<Ending, Halt> {
        let overdue = async {
            self.asked().await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            ended = command => ended,
            () = overdue => Ok(Ending::Stopped),
        }
    }

    fn ask(&self) {
        self.0.flag.store(true, Ordering::Relaxed);
        self.0.notify.notify_waiters();
    }
}

#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}

#[cfg(not(unix))]
async fn signal() {
    drop(tokio::signal::ctrl_c().await);
}
