//! How much is under way at once: more while the lake keeps up, half when it asks for less.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many requests the first moments have under way.
const AT_FIRST: f64 = 4.0;

/// The pace that all jobs share.
#[derive(Debug)]
pub(super) struct Pace(Mutex<State>);

#[derive(Debug)]
struct State {
    limit: f64,
    most: f64,
    not_before: Option<Instant>,
    halved_at: Option<Instant>,
}

impl Pace {
    pub(super) fn new(most: usize) -> Self {
        let most = f64::from(u16::try_from(most.max(1)).unwrap_or(u16::MAX));
        Self(Mutex::new(State { limit: AT_FIRST.min(most), most, not_before: None, halved_at: None }))
    }

    /// How many requests may be under way.
    pub(super) fn limit(&self) -> usize {
        let limit = self.state().limit;
        (1..=usize::from(u16::MAX)).take_while(|whole| *whole as f64 <= limit).count().max(1)
    }

    /// A request was answered: about one more at once after each round.
    pub(super) fn went_well(&self) {
        let mut state = self.state();
        state.limit = (state.limit + 1.0 / state.limit).min(state.most);
    }

    /// The lake asked for less, or did not keep up. Answers to requests that were under way together count once.
    pub(super) fn too_fast(&self, now: Instant, wait: Duration) {
        let mut state = self.state();
        if state.halved_at.is_none_or(|at| now.duration_since(at) > Duration::from_millis(100)) {
            state.limit = (state.limit / 2.0).max(1.0);
            state.halved_at = Some(now);
        }
        let until = now + wait;
        state.not_before = Some(state.not_before.map_or(until, |at| at.max(until)));
    }

    /// Before when nothing may be sent.
    pub(super) fn not_before(&self) -> Option<Instant> {
        self.state().not_before
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Numbers that a panicking thread left are still numbers.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_by_one_a_round_and_halves_once_for_answers_that_came_together() {
        let pace = Pace::new(32);
        let first = pace.limit();
        (0..first).for_each(|_| pace.went_well());
        (0..first).for_each(|_| pace.went_well());
        assert!(pace.limit() > first, "two good rounds make room for more");
        (0..2_000).for_each(|_| pace.went_well());
        assert_eq!(pace.limit(), 32, "never more than was asked for");
        let now = Instant::now();
        pace.too_fast(now, Duration::from_secs(3));
        pace.too_fast(now, Duration::from_secs(1));
        assert_eq!(pace.limit(), 16, "answers that came together halve once");
        assert_eq!(pace.not_before(), Some(now + Duration::from_secs(3)), "the longest wait asked for holds");
        (1..20).for_each(|n| pace.too_fast(now + Duration::from_secs(n), Duration::ZERO));
        assert_eq!(pace.limit(), 1, "one request is always allowed");
    }
}
