//! How far a run has come, for whoever watches.

use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::queue::outcome::{Counts, MessageState};

/// How far a run has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Progress {
    /// Messages of all submissions of the run, by what became of them. While it runs, those that wait count as not sent.
    pub counts: Counts,
    /// Messages that this run had to see to.
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
    pub(super) fn new(sender: watch::Sender<Progress>, counted: Vec<(Counts, u64)>) -> Self {
        let mut progress = Progress::default();
        for (counts, open) in counted {
            progress.counts += counts;
            progress.all += open;
        }
        sender.send_replace(progress);
        Self { sender, progress, begun: Instant::now() }
    }

    /// Messages stand here now. What is unconfirmed is not done with.
    pub(super) fn ended(&mut self, states: &[MessageState]) {
        for state in states {
            if *state == MessageState::Unconfirmed {
                continue;
            }
            self.progress.done += 1;
            if !matches!(state, MessageState::NotSent | MessageState::NotSentYet) {
                self.progress.counts.not_sent = self.progress.counts.not_sent.saturating_sub(1);
                self.progress.counts.add(*state, 1);
            }
        }
        let seconds = self.begun.elapsed().as_secs_f64();
        if seconds > 0.0 {
            self.progress.rate = self.progress.done as f64 / seconds;
        }
        let left = self.progress.all.saturating_sub(self.progress.done) as f64;
        let remaining = Duration::try_from_secs_f64(left / self.progress.rate);
        self.progress.remaining = remaining.ok().filter(|_| self.progress.done > 0);
        self.sender.send_replace(self.progress);
    }

    /// The end: what the queue's file says.
    pub(super) fn finish(&mut self, counted: Vec<(Counts, u64)>) {
        self.progress.counts = Counts::default();
        counted.into_iter().for_each(|(counts, _)| self.progress.counts += counts);
        self.progress.remaining = None;
        self.sender.send_replace(self.progress);
    }
}
