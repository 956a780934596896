//! How far a run has come, for whoever watches.

use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::queue::outcome::MessageState;

/// How far a run has come. What became of messages is in the queue's file, and counted there only.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Progress {
    /// Messages that this run has to see to.
    pub all: u64,
    /// Those of them that it is done with.
    pub done: u64,
    /// Messages a second.
    pub rate: f64,
    /// How much longer, at that rate; none until that can be told.
    pub remaining: Option<Duration>,
}

/// Counts as results come in.
pub(super) struct Meter {
    sender: watch::Sender<Progress>,
    progress: Progress,
    begun: Instant,
}

impl Meter {
    /// A run that has so many messages to see to.
    pub(super) fn new(sender: watch::Sender<Progress>, all: u64) -> Self {
        let progress = Progress { all, ..Progress::default() };
        sender.send_replace(progress);
        Self { sender, progress, begun: Instant::now() }
    }

    /// Messages stand here now. What is unconfirmed is not done with.
    pub(super) fn ended(&mut self, states: &[MessageState]) {
        let done = states.iter().filter(|state| **state != MessageState::Unconfirmed).count();
        self.progress.done += done as u64;
        let seconds = self.begun.elapsed().as_secs_f64();
        if seconds > 0.0 {
            self.progress.rate = self.progress.done as f64 / seconds;
        }
        let left = self.progress.all.saturating_sub(self.progress.done) as f64;
        let remaining = Duration::try_from_secs_f64(left / self.progress.rate);
        self.progress.remaining = remaining.ok().filter(|_| self.progress.done > 0);
        self.sender.send_replace(self.progress);
    }

    /// The end.
    pub(super) fn finish(&mut self) {
        self.progress.remaining = None;
        self.sender.send_replace(self.progress);
    }
}
