//! One job: a few messages handed to the front door until each has its outcome or the tries are used up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use lake::Outcome;
use tokio_util::sync::CancellationToken;

use super::Limits;
use super::pace::Pace;
use super::reread::reread;
use super::tokens::{OwnTokens, in_words};
use crate::front_door::{Again, BatchBody, BatchTry, FrontDoor, KnownState, Try};
use crate::queue::work::{Became, Work};
use crate::secret::Secret;
use crate::session::SessionProblem;

/// What all jobs share.
pub(super) struct Shared {
    pub(super) door: FrontDoor,
    pub(super) tokens: OwnTokens,
    pub(super) limits: Limits,
    pub(super) pace: Pace,
    pub(super) stop: CancellationToken,
    /// Whether the lake takes batches.
    pub(super) takes_batches: AtomicBool,
}

/// What a job found out about the lake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Health {
    /// It was not asked.
    NothingAsked,
    /// It answered for at least one message.
    Answers,
    /// It did not answer for any, for this reason.
    Silent(String),
    /// It takes no token of this session.
    SignIn(String),
}

/// The end of a job.
pub(super) struct Done {
    pub(super) results: Vec<(i64, Became)>,
    pub(super) digests: Vec<er7::Digest>,
    pub(super) health: Health,
}

struct Item {
    work: Work,
    body: Bytes,
    /// Whether some try may have brought it to the lake without our knowing.
    may_be_there: bool,
    became: Option<Became>,
    why: String,
}

impl Shared {
    /// Does the job. Ends soon after `stop`; what was not answered then is not sent, or unconfirmed.
    pub(super) async fn work_off(self: Arc<Self>, works: Vec<Work>) -> Done {
        let digests = works.iter().map(|work| work.digest).collect();
        let rows: Vec<i64> = works.iter().map(|work| work.row).collect();
        let Ok(read) = tokio::task::spawn_blocking(move || reread(works)).await else {
            let why = || Became::NotSentYet("the program could not read the file".to_owned());
            let results = rows.into_iter().map(|row| (row, why())).collect();
            return Done { results, digests, health: Health::NothingAsked };
        };
        let mut items: Vec<Item> = read
            .into_iter()
            .map(|(work, body)| {
                let may_be_there = work.is_unsure;
                let (body, became, why) = match body {
                    Ok(body) => (body, None, String::new()),
                    Err(reason) => (Bytes::new(), Some(Became::NotSent(reason)), String::new()),
                };
                Item { work, body, may_be_there, became, why }
            })
            .collect();
        let health = self.try_all(&mut items).await;
        let results = items
            .into_iter()
            .map(|item| (item.work.row, item.became.unwrap_or(Became::NotSentYet(item.why))))
            .collect();
        Done { results, digests, health }
    }

    async fn try_all(&self, items: &mut [Item]) -> Health {
        let mut health = Health::NothingAsked;
        let mut backoff = self.limits.first_wait;
        // What comes back from being asked about has used up its tries in a row.
        let is_second_look = items.iter().all(|item| item.work.is_unsure);
        let tries = if is_second_look { 1 } else { self.limits.tries };
        for number in 1..=tries {
            if items.iter().all(|item| item.became.is_some()) {
                return health;
            }
            if !self.may_send().await {
                say_why(items, "stopped before it was sent");
                return health;
            }
            let round = match self.round(items).await {
                Ok(round) => round,
                Err(problem) => {
                    say_why(items, &in_words(&problem));
                    return of_problem(&problem);
                }
            };
            health = match health {
                Health::Answers => health,
                _ if round.answered => Health::Answers,
                _ => Health::Silent(round.why.clone()),
            };
            if !round.is_busy {
                continue;
            }
            let wait = round.retry_after.unwrap_or_default().max(jittered(backoff));
            self.pace.too_fast(Instant::now(), round.retry_after.unwrap_or_default());
            if round.is_hopeless || number == tries {
                break;
            }
            backoff = (backoff * 2).min(self.limits.longest_wait);
            if self.stop.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
                break;
            }
        }
        self.ask_about_half_way(items).await;
        health
    }

    /// Waits while the lake wants nothing; `false` when stopped.
    async fn may_send(&self) -> bool {
        while let Some(wait) = self.pace.not_before().and_then(|at| at.checked_duration_since(Instant::now()))
        {
            if self
                .stop
                .run_until_cancelled(tokio::time::sleep(wait.max(Duration::from_millis(1))))
                .await
                .is_none()
            {
                return false;
            }
        }
        !self.stop.is_cancelled()
    }

    /// One try for every message that has no outcome yet. A refused token is renewed once.
    async fn round(&self, items: &mut [Item]) -> Result<Round, SessionProblem> {
        let token = self.tokens.token().await?;
        let mut round = Round::default();
        if !self.send(&token, items, &mut round).await {
            let token = self.tokens.instead_of(&token).await?;
            if !self.send(&token, items, &mut round).await {
                return Err(SessionProblem::Ended);
            }
        }
        if round.answered && !round.is_busy {
            self.pace.went_well();
        }
        Ok(round)
    }

    /// `false` when the token was refused.
    async fn send(&self, token: &Secret, items: &mut [Item], round: &mut Round) -> bool {
        let open = items.iter_mut().filter(|item| item.became.is_none()).collect::<Vec<_>>();
        if open.len() > 1 && self.takes_batches.load(Ordering::Relaxed) {
            match self.send_batch(token, open, round).await {
                Sent::Taken => return true,
                Sent::TokenRefused => return false,
                Sent::OneByOne => {}
            }
        }
        for item in items.iter_mut().filter(|item| item.became.is_none()) {
            let body = item.body.clone();
            let tried = self.door.submit(token, body, item.work.digest, item.work.replaces).await;
            if tried == Try::Unauthenticated {
                return false;
            }
            let is_sound = matches!(tried, Try::Answered(_));
            item.take(tried, round);
            if !is_sound {
                break; // the others would hear the same
            }
        }
        true
    }

    async fn send_batch(&self, token: &Secret, mut open: Vec<&mut Item>, round: &mut Round) -> Sent {
        let digests: Vec<er7::Digest> = open.iter().map(|item| item.work.digest).collect();
        let bytes = open.iter().map(|item| item.body.len()).sum();
        let mut body = BatchBody::with_room(open.len(), bytes);
        open.iter().for_each(|item| body.add(&item.body, item.work.replaces));
        match self.door.submit_batch(token, body, &digests).await {
            BatchTry::Lines(tries) => {
                if tries.iter().all(|tried| *tried == Try::Unauthenticated) {
                    return Sent::TokenRefused;
                }
                for (item, tried) in open.iter_mut().zip(tries) {
                    item.take(tried, round);
                }
                Sent::Taken
            }
            BatchTry::Whole(Try::Unauthenticated) => Sent::TokenRefused,
            // About the batch, not about its messages; or an older lake that knows of no batches.
            BatchTry::Whole(
                Try::Answered(Outcome::Invalid { .. }) | Try::NotSent { again: Again::WillNotHelp, .. },
            ) => {
                self.takes_batches.store(false, Ordering::Relaxed);
                Sent::OneByOne
            }
            BatchTry::Whole(tried) => {
                for item in &mut open {
                    item.take(tried.clone(), round);
                }
                Sent::Taken
            }
        }
    }

    /// The lake said that it was busy, to the last: whether a message is half-way in, its ledger tells.
    async fn ask_about_half_way(&self, items: &mut [Item]) {
        let mut half_way: Vec<&mut Item> =
            items.iter_mut().filter(|item| item.became.is_none() && item.may_be_there).collect();
        if half_way.is_empty() || self.stop.is_cancelled() {
            return;
        }
        let digests: Vec<er7::Digest> = half_way.iter().map(|item| item.work.digest).collect();
        let Ok(token) = self.tokens.token().await else { return };
        // Without an answer the lake's own word holds: it did not take the message.
        let Ok(known) = self.door.known(&token, &digests).await else { return };
        for (item, known) in half_way.iter_mut().zip(known) {
            item.became = match (known.state, known.message_id, known.received_at) {
                (KnownState::Settled, Some(message_id), Some(received_at)) => {
                    Some(Became::Settled { message_id, received_at })
                }
                (KnownState::Pending, ..) => Some(Became::Unconfirmed(item.why.clone())),
                _ => None,
            };
        }
    }
}

enum Sent {
    Taken,
    TokenRefused,
    OneByOne,
}

/// What one round of tries showed.
#[derive(Default)]
struct Round {
    answered: bool,
    is_busy: bool,
    is_hopeless: bool,
    retry_after: Option<Duration>,
    why: String,
}

impl Item {
    fn take(&mut self, tried: Try, round: &mut Round) {
        match tried {
            Try::Answered(outcome) => {
                round.answered = true;
                self.became = Some(self.of_outcome(outcome));
            }
            Try::Unauthenticated => {
                round.is_busy = true;
                self.why = "the lake does not take this sign-in for it".to_owned();
            }
            Try::NotSent { reason, retry_after, again } => {
                round.is_busy = true;
                round.is_hopeless |= again == Again::WillNotHelp;
                round.retry_after = round.retry_after.max(retry_after);
                self.may_be_there |= again == Again::MayHelpHalfWay;
                round.why.clone_from(&reason);
                self.why = reason;
            }
            Try::Unconfirmed { reason } => {
                round.is_busy = true;
                round.why.clone_from(&reason);
                self.became = Some(Became::Unconfirmed(reason));
            }
        }
    }

    fn of_outcome(&self, outcome: Outcome) -> Became {
        match outcome {
            Outcome::Ingested { message_id, received_at, .. } => Became::Ingested { message_id, received_at },
            Outcome::Duplicate { first_message_id, first_received_at, .. } => {
                match (first_message_id, first_received_at) {
                    // It may be our own earlier try that we are told of.
                    (Some(message_id), Some(received_at)) if self.may_be_there => {
                        Became::Settled { message_id, received_at }
                    }
                    (message_id, received_at) => Became::Duplicate { message_id, received_at },
                }
            }
            Outcome::Denied { reason } => Became::Denied(reason),
            Outcome::Invalid { reason, .. } => Became::Invalid(reason),
            Outcome::NotSent { reason } => Became::NotSentYet(reason),
            Outcome::Unconfirmed { reason } => Became::Unconfirmed(reason),
        }
    }
}

fn say_why(items: &mut [Item], why: &str) {
    items.iter_mut().filter(|item| item.became.is_none() && item.why.is_empty()).for_each(|item| {
        why.clone_into(&mut item.why);
    });
}

fn of_problem(problem: &SessionProblem) -> Health {
    match problem {
        SessionProblem::IssuerUnreachable { .. }
        | SessionProblem::Busy
        | SessionProblem::TimedOut { .. }
        // It may be set right at any moment, by itself.
        | SessionProblem::Clock { .. } => Health::Silent(in_words(problem)),
        _ => Health::SignIn(in_words(problem)),
    }
}

/// Between half and the whole of it, so that jobs do not come back together.
fn jittered(wait: Duration) -> Duration {
    wait.mul_f64(0.5 + fastrand::f64() / 2.0)
}
