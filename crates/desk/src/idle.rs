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
