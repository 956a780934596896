use std::collections::HashMap;

/// Wrong passwords in a row before a pause.
const FREE: u32 = 5;
/// The first pause, in seconds; each further wrong password doubles it.
const FIRST_PAUSE: i64 = 30;
/// The longest pause, in seconds (Cognito's is the same).
const LONGEST_PAUSE: i64 = 15 * 60;

/// Wrong passwords by user. It is bounded by the number of users: all unknown names count as one.
#[derive(Default)]
pub(super) struct Attempts {
    tried: HashMap<String, Tried>,
}

struct Tried {
    failures: u32,
    closed_until: i64,
    last: i64,
}

/// Too many wrong passwords: the next one is looked at in this many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Paused {
    pub(super) seconds: i64,
}

impl Attempts {
    /// Counts a try before the password is looked at, so that many at once gain nothing. A right one is then taken
    /// back by [`succeeded`](Self::succeeded).
    pub(super) fn begin(&mut self, user: &str, now: i64) -> Result<(), Paused> {
        let tried =
            self.tried.entry(user.to_owned()).or_insert(Tried { failures: 0, closed_until: 0, last: now });
        if now < tried.closed_until {
            return Err(Paused { seconds: tried.closed_until - now });
        }
        if now - tried.last > LONGEST_PAUSE {
            tried.failures = 0;
        }
        tried.failures = tried.failures.saturating_add(1);
        tried.last = now;
        if let Some(further) = tried.failures.checked_sub(FREE) {
            let pause = FIRST_PAUSE.saturating_mul(1 << further.min(16)).min(LONGEST_PAUSE);
            tried.closed_until = now + pause;
        }
        Ok(())
    }

    /// The password was right: the user starts afresh.
    pub(super) fn succeeded(&mut self, user: &str) {
        self.tried.remove(user);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_tries_are_free_then_pauses_double_up_to_a_quarter_of_an_hour() {
        let mut attempts = Attempts::default();
        for number in 1..=5 {
            assert_eq!(attempts.begin("a", 0), Ok(()), "try {number} is looked at");
        }
        assert_eq!(attempts.begin("a", 0), Err(Paused { seconds: 30 }), "the sixth waits");
        assert_eq!(attempts.begin("b", 0), Ok(()), "another user is not held up");
        assert_eq!(attempts.begin("a", 30), Ok(()), "after the pause one more");
        assert_eq!(attempts.begin("a", 31), Err(Paused { seconds: 59 }), "then twice as long");
        let mut now = 90;
        for _ in 0..20 {
            assert_eq!(attempts.begin("a", now), Ok(()), "each pause ends");
            now += LONGEST_PAUSE;
        }
        let waiting = attempts.begin("a", now - 1);
        assert_eq!(waiting, Err(Paused { seconds: 1 }), "no pause is longer than the longest");
    }

    #[test]
    fn success_and_a_long_rest_start_afresh() {
        let mut attempts = Attempts::default();
        assert!((0..5).all(|_| attempts.begin("a", 0).is_ok()), "five are free");
        attempts.succeeded("a");
        assert_eq!(attempts.begin("a", 0), Ok(()), "a right password forgives");
        assert!((0..3).all(|_| attempts.begin("a", 1).is_ok()), "three more");
        let rested = 2 + LONGEST_PAUSE;
        for number in 1..=5 {
            assert_eq!(attempts.begin("a", rested), Ok(()), "try {number} after a long rest");
        }
    }
}
