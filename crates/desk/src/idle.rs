//! The idle lock: when the window hides its content. A state machine without clock or timer: both are the caller's.
//!
//! Wall-clock time, so that a computer that slept is locked when it wakes. Locking outlives the program: the session
//! keeps a mark ([`crate::session::Session::lock`]); handing messages over goes on meanwhile.

use jiff::{SignedDuration, Timestamp};

/// Whether the window shows its content, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdleLock {
    limit: Option<SignedDuration>,
    state: State,
}

/// What a touch or a tick came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The content is shown.
    Open,
    /// It is now to be hidden; told once.
    JustLocked,
    /// It was hidden before, and stays so until somebody signs in.
    Locked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open { touched: Timestamp },
    Locked,
}

impl IdleLock {
    /// Open since `now`; locks after so many minutes without touch, or never.
    pub fn open(minutes: Option<u16>, now: Timestamp) -> Self {
        Self { limit: limit(minutes), state: State::Open { touched: now } }
    }

    /// As it was left locked by a program that has ended.
    pub fn locked(minutes: Option<u16>) -> Self {
        Self { limit: limit(minutes), state: State::Locked }
    }

    /// Somebody touched mouse or keyboard. A touch after the deadline comes too late: it locks.
    pub fn touched(&mut self, at: Timestamp) -> Standing {
        let standing = self.look(at);
        if let State::Open { touched } = &mut self.state {
            *touched = at;
        }
        standing
    }

    /// Time has passed: at the deadline, or when the computer woke up.
    pub fn look(&mut self, at: Timestamp) -> Standing {
        let State::Open { touched } = self.state else { return Standing::Locked };
        // A clock that was put back must not keep the window open for longer than the limit from now.
        self.state = State::Open { touched: touched.min(at) };
        if self.deadline().is_some_and(|deadline| deadline <= at) {
            self.state = State::Locked;
            return Standing::JustLocked;
        }
        Standing::Open
    }

    /// When to look again; none while locked, or when it never locks.
    pub fn deadline(&self) -> Option<Timestamp> {
        match (self.state, self.limit) {
            (State::Open { touched }, Some(limit)) => {
                Some(touched.checked_add(limit).unwrap_or(Timestamp::MAX))
            }
            _ => None,
        }
    }

    /// Whether the content is to be hidden, as of the last touch or look.
    pub fn is_locked(&self) -> bool {
        self.state == State::Locked
    }

    /// The steward locks at once.
    pub fn lock(&mut self) -> Standing {
        match std::mem::replace(&mut self.state, State::Locked) {
            State::Open { .. } => Standing::JustLocked,
            State::Locked => Standing::Locked,
        }
    }

    /// Somebody has signed in.
    pub fn unlock(&mut self, at: Timestamp) {
        self.state = State::Open { touched: at };
    }

    /// The setting was changed: counts from the last touch. Does not unlock.
    pub fn set_minutes(&mut self, minutes: Option<u16>) {
        self.limit = limit(minutes);
    }
}

fn limit(minutes: Option<u16>) -> Option<SignedDuration> {
    minutes.map(|minutes| SignedDuration::from_mins(i64::from(minutes)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + minute * 60).unwrap()
    }

    #[test]
    fn it_locks_once_after_so_long_without_touch() {
        let mut lock = IdleLock::open(Some(15), at(0));
        assert_eq!(lock.look(at(14)), Standing::Open, "not yet");
        assert_eq!(lock.touched(at(14)), Standing::Open, "somebody is there");
        assert_eq!(lock.deadline(), Some(at(29)), "counts from the last touch");
        assert_eq!(lock.look(at(29)), Standing::JustLocked, "at the deadline");
        assert_eq!(lock.look(at(30)), Standing::Locked, "told once");
        assert_eq!(lock.touched(at(31)), Standing::Locked, "a touch does not unlock");
        assert_eq!(lock.deadline(), None, "nothing to wait for");
        lock.unlock(at(40));
        assert!(!lock.is_locked(), "somebody has signed in");
        assert_eq!(lock.deadline(), Some(at(55)), "and the time counts anew");
    }

    #[test]
    fn a_touch_after_the_computer_slept_comes_too_late() {
        let mut lock = IdleLock::open(Some(15), at(0));
        assert_eq!(lock.touched(at(120)), Standing::JustLocked, "no timer ran meanwhile");
    }

    #[test]
    fn it_can_be_locked_at_once_or_never() {
        let mut never = IdleLock::open(None, at(0));
        assert_eq!(never.look(at(1_000_000)), Standing::Open, "never by itself");
        assert_eq!(never.lock(), Standing::JustLocked, "but by hand");
        assert_eq!(never.lock(), Standing::Locked, "told once");
        never.set_minutes(Some(15));
        assert!(never.is_locked(), "a setting does not unlock");
        let mut left_locked = IdleLock::locked(None);
        assert_eq!(left_locked.touched(at(0)), Standing::Locked, "as the program before left it");
    }

    #[test]
    fn a_shorter_limit_counts_from_the_last_touch() {
        let mut lock = IdleLock::open(Some(240), at(0));
        lock.set_minutes(Some(5));
        assert_eq!(lock.look(at(6)), Standing::JustLocked, "the new limit has passed already");
    }

    proptest! {
        #[test]
        fn it_never_stays_open_longer_than_the_limit(
            limit in 1_u16..=240,
            moves in prop::collection::vec((any::<bool>(), -600_i64..600), 1..40),
        ) {
            let mut now = 0;
            let mut lock = IdleLock::open(Some(limit), at(now));
            for (is_touch, step) in moves {
                now += step; // the clock may be put back
                let standing = if is_touch { lock.touched(at(now)) } else { lock.look(at(now)) };
                let deadline = lock.deadline();
                prop_assert_eq!(lock.is_locked(), deadline.is_none(), "locked or with an end in sight");
                prop_assert_eq!(standing == Standing::Open, !lock.is_locked(), "as told");
                if let Some(deadline) = deadline {
                    prop_assert!(deadline > at(now), "open: the deadline lies ahead");
                    prop_assert!(deadline <= at(now + i64::from(limit)), "and no further than the limit");
                }
            }
        }
    }
}
