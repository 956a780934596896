//! What is not known is asked of the lake's ledger, and believed only when it says `settled`.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::tokens::in_words;
use super::{DrainEnd, Run, on};
use crate::front_door::{Fault, Known, KnownState};
use crate::queue::store::QueueProblem;
use crate::queue::work::{Became, ClockOffset, Unsure};
use crate::session::SessionProblem;

/// Digests in one question.
const DIGESTS: usize = 100;
/// How far a clock may be off that tells whole seconds from some way away.
const WHOLE_SECONDS: SignedDuration = SignedDuration::from_secs(2);

/// What a question about messages showed.
#[derive(Default)]
struct Asked {
    /// Some have their outcome, or may be tried again.
    moved: bool,
    /// Some are worth asking about again.
    again: bool,
    /// The lake did not answer; it is not asked about others at once.
    no_answer: bool,
}

/// How often everything unconfirmed is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rounds {
    /// Once: there is other work to do.
    One,
    /// Again and again, while that may help.
    WhileItHelps,
}

/// When a run began, by both clocks: the one on the wall, which may be put forward and back, and the one that only goes on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Since {
    wall: Timestamp,
    steady: Instant,
}

impl Since {
    pub(super) fn now() -> Self {
        Self { wall: Timestamp::now(), steady: Instant::now() }
    }

    /// How long ago a try was, by the queue's account of it. What this run tried was not tried before the run began, however the
    /// clock was put since; and of what seems to lie ahead it is known only that the run has lasted so long.
    fn tried_before(&self, tried_at: Timestamp, now: Timestamp) -> Duration {
        let run = self.steady.elapsed();
        match Duration::try_from(now.duration_since(tried_at)) {
            Ok(ago) if tried_at >= self.wall => ago.min(run),
            Ok(ago) => ago,
            Err(_) => run,
        }
    }
}

impl Run {
    /// Asks about every unconfirmed message. Returns whether any may be sent again.
    ///
    /// `settled` gives the outcome. `unknown` proves nothing, since the bytes may still be on their way; but it is then
    /// safe to hand the message over again, because the ledger takes equal bytes once. So it is after `pending`: once in a
    /// run at once, as a lake that was started anew has let go of what it held, and then when the lake no longer holds the
    /// message for a sender that it lost.
    pub(super) async fn check_all(&mut self, rounds: Rounds) -> Result<bool, QueueProblem> {
        loop {
            let mut sendable = false;
            let mut again = false;
            let mut after = 0;
            loop {
                if self.has_to_end() {
                    return Ok(false);
                }
                let submissions = self.submissions.clone();
                let unsure = on(&self.queue, move |queue| queue.unsure(&submissions, after, DIGESTS)).await?;
                let Some(last) = unsure.last() else { break };
                after = last.row;
                let asked = self.check(&unsure).await?;
                sendable |= asked.moved;
                again |= asked.again;
                if asked.no_answer {
                    break;
                }
            }
            if sendable || !again || rounds == Rounds::One {
                return Ok(sendable);
            }
            let pause = tokio::time::sleep(self.shared.limits.check_every);
            if self.shared.stop.clone().run_until_cancelled(pause).await.is_none() {
                return Ok(false);
            }
        }
    }

    /// Asks whether the lake is there, a few times in a run with longer and longer waits; if it is not, the run ends.
    pub(super) async fn knock(&mut self) {
        let limits = self.shared.limits;
        let mut wait = limits.first_wait;
        while self.knocks < limits.tries && !self.has_to_end() {
            self.knocks += 1;
            match self.ask(&[er7::digest(b"")]).await {
                Ok(_) => {
                    self.silent = 0;
                    return;
                }
                Err(AskProblem::SignIn(why)) => {
                    self.broken.get_or_insert(DrainEnd::SignIn(why));
                }
                Err(AskProblem::NoAnswer) => {
                    self.shared.stop.run_until_cancelled(tokio::time::sleep(wait)).await;
                    wait = (wait * 2).min(limits.longest_wait);
                }
            }
        }
        self.broken.get_or_insert(DrainEnd::OutOfReach(self.silence.clone()));
    }

    async fn check(&mut self, unsure: &[Unsure]) -> Result<Asked, QueueProblem> {
        let digests: Vec<er7::Digest> = unsure.iter().map(|unsure| unsure.digest).collect();
        let limits = self.shared.limits;
        let (now, since) = (Timestamp::now(), self.since);
        let within = |unsure: &Unsure, limit: Duration| since.tried_before(unsure.tried_at, now) <= limit;
        let known = match self.ask(&digests).await {
            Ok(known) => known,
            Err(AskProblem::SignIn(why)) => {
                self.broken.get_or_insert(DrainEnd::SignIn(why));
                return Ok(Asked::default());
            }
            Err(AskProblem::NoAnswer) => {
                let again = unsure.iter().any(|unsure| within(unsure, limits.check_for));
                return Ok(Asked { moved: false, again, no_answer: true });
            }
        };
        let mut asked = Asked::default();
        let (mut settled, mut unknown) = (Vec::new(), Vec::new());
        for (unsure, known) in unsure.iter().zip(known) {
            let may_try = unsure.tries < limits.tries;
            match (known.state, known.message_id, known.received_at) {
                (KnownState::Settled, Some(message_id), Some(received_at)) => {
                    settled.push((unsure.row, Became::Settled { message_id, received_at }));
                }
                (KnownState::Unknown, ..) if may_try => unknown.push(unsure.row),
                (KnownState::Pending, ..)
                    if may_try && (unsure.tries == 0 || !within(unsure, limits.lease)) =>
                {
                    unknown.push(unsure.row);
                }
                _ => asked.again |= within(unsure, limits.check_for),
            }
        }
        if !settled.is_empty() {
            self.write_down(settled).await?;
        }
        if !unknown.is_empty() {
            let asked_about = unknown.len();
            let sendable = on(&self.queue, move |queue| queue.try_again(&unknown)).await?;
            asked.moved = sendable > 0;
            // What may not be sent again may still turn out to have arrived.
            asked.again |=
                sendable < asked_about && unsure.iter().any(|unsure| within(unsure, limits.check_for));
        }
        Ok(asked)
    }

    /// Writes results down in one commit, and tells of them.
    pub(super) async fn write_down(&mut self, results: Vec<(i64, Became)>) -> Result<(), QueueProblem> {
        if results.iter().any(|(_, became)| matches!(became, Became::Settled { .. })) {
            self.learn_offset().await;
        }
        let offset = self.offset.unwrap_or_default();
        let states = on(&self.queue, move |queue| queue.record(&results, offset)).await?;
        self.meter.ended(&states);
        Ok(())
    }

    async fn ask(&self, digests: &[er7::Digest]) -> Result<Vec<Known>, AskProblem> {
        let token = self.shared.tokens.token().await?;
        match self.shared.door.known(&token, digests).await {
            Err(Fault::Unauthenticated) => {
                let token = self.shared.tokens.instead_of(&token).await?;
                Ok(self.shared.door.known(&token, digests).await?)
            }
            other => Ok(other?),
        }
    }

    /// Without an answer the clocks count as equal within the usual tolerance.
    async fn learn_offset(&mut self) {
        if self.offset.is_some() {
            return;
        }
        let is_here = crate::is_loopback(self.shared.door.base());
        let tolerance = if is_here { SignedDuration::ZERO } else { WHOLE_SECONDS };
        let ahead = self.shared.door.clock_ahead().await.unwrap_or_default();
        self.offset = Some(ClockOffset { ahead, tolerance });
    }
}

enum AskProblem {
    SignIn(String),
    NoAnswer,
}

impl From<SessionProblem> for AskProblem {
    fn from(problem: SessionProblem) -> Self {
        match problem {
            SessionProblem::IssuerUnreachable { .. }
            | SessionProblem::Busy
            | SessionProblem::Clock { .. } => Self::NoAnswer,
            _ => Self::SignIn(in_words(&problem)),
        }
    }
}

impl From<Fault> for AskProblem {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unauthenticated => Self::SignIn(fault.to_string()),
            _ => Self::NoAnswer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_put_does_not_change_how_long_ago_a_try_was() {
        let since = Since::now();
        let hour = SignedDuration::from_hours(1);
        let soon = Duration::from_secs(60);
        let tried = since.wall;
        assert!(
            since.tried_before(tried, tried + hour) < soon,
            "put forward: this run tried it, and has just begun"
        );
        assert!(
            since.tried_before(tried, tried - hour) < soon,
            "put back: it was tried, so it was before now"
        );
        let earlier = since.wall - hour;
        assert_eq!(
            since.tried_before(earlier, since.wall),
            Duration::from_secs(3600),
            "an earlier run tried it"
        );
    }
}
