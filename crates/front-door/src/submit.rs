use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lake::{
    Claimed, Clock, Detail, Fault, Hub, HubEvent, LEASE_SECONDS, Ledger, LedgerRecord, Match, MessageId,
    NewClaim, PayloadRef, Payloads, Replaces, SettledMessage,
};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::Random;
use crate::answer::Answer;
use crate::door::Door;
use crate::sender::Sender;
use crate::submission::Submission;

/// How often settling is tried: the message is published by then, and whether the sender hears of it hangs on this.
const SETTLE_TRIES: u32 = 3;
/// How long giving back the claim of a submission that is cut off may take.
const RELEASE_LIMIT: Duration = Duration::from_secs(2);

/// Claims, publishes and settles one message. 201 only if this submission's own settling succeeded; whatever happens in
/// between, no sender hears "duplicate" of a message that is nowhere.
pub(crate) async fn submit<D: Door>(door: &D, sender: &Sender, submission: Submission) -> Answer {
    answer(sender, Try::new(door, sender, submission).run().await)
}

/// As [`submit`], but not begun after `deadline`, and cut off then: the answer is none. What was not published by then can be
/// handed in again at once.
pub(crate) async fn submit_until<D: Door>(
    door: &D,
    sender: &Sender,
    submission: Submission,
    deadline: Instant,
) -> Option<Answer> {
    // A limit of time alone would still run the first step.
    if Instant::now() >= deadline {
        return None;
    }
    let mut this = Try::new(door, sender, submission);
    match timeout_at(deadline, this.run()).await {
        Ok(ran) => Some(answer(sender, ran)),
        Err(_) => {
            this.give_back().await;
            None
        }
    }
}

fn answer(sender: &Sender, ran: Result<Answer, Fault>) -> Answer {
    ran.unwrap_or_else(|fault| {
        tracing::warn!(source = %sender.source, %fault, "a message could not be taken in");
        Answer::fault(&fault)
    })
}

/// One try to hand a message in.
struct Try<'a, D> {
    door: &'a D,
    sender: &'a Sender,
    submission: Submission,
    /// Random token of this try: only its holder can settle or release.
    owner: [u8; 16],
    /// The payload, once it is put.
    put: Option<(MessageId, PayloadRef)>,
    reached: Reached,
}

/// How far a try came, as far as a cut-off has to know.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reached {
    /// It holds no claim.
    Nothing,
    /// It holds a claim, or may hold it: its answer is still out.
    Claim,
    /// It may have published.
    Publication,
}

impl<'a, D: Door> Try<'a, D> {
    fn new(door: &'a D, sender: &'a Sender, submission: Submission) -> Self {
        let mut owner = [0; 16];
        door.random().fill(&mut owner);
        Self { door, sender, submission, owner, put: None, reached: Reached::Nothing }
    }

    async fn run(&mut self) -> Result<Answer, Fault> {
        let replaces = self.look_up_replaced().await?;
        let patience = *self.door.patience();
        let started = Instant::now();
        let mut pause = patience.first_pause;
        loop {
            match self.claim().await? {
                Claimed::Settled(first) => return Ok(self.duplicate(&first)),
                Claimed::Mine { message_id, received_at } => {
                    if self.publish_and_settle(message_id, received_at, replaces.as_ref()).await? {
                        return Ok(self.ingested(message_id, received_at));
                    }
                    // Someone took the claim over while this try was too slow: hear what became of it.
                }
                Claimed::Pending { .. } => {}
            }
            let left = patience.claim.saturating_sub(started.elapsed());
            if left.is_zero() {
                return Ok(Answer::unavailable(
                    "the same message is being received from someone else at this moment",
                ));
            }
            sleep(pause.min(left)).await;
            pause = (pause * 2).min(patience.longest_pause).max(Duration::from_millis(1));
        }
    }

    /// An unknown target is recorded with the message; it does not stop it.
    async fn look_up_replaced(&self) -> Result<Option<Replaces>, Fault> {
        let Some(message_id) = self.submission.replaces else { return Ok(None) };
        let known = self.door.ledger().message(&self.sender.source, message_id).await?.is_some();
        Ok(Some(Replaces { message_id, known }))
    }

    async fn claim(&mut self) -> Result<Claimed, Fault> {
        let now = whole_milliseconds(self.door.clock().now());
        let mut random = [0; 10];
        self.door.random().fill(&mut random);
        let claim = NewClaim {
            source: self.sender.source.clone(),
            digest: self.submission.digest,
            message_id: MessageId::mint(now, random),
            received_at: now,
            owner: self.owner,
            lease_until: now
                .saturating_add(SignedDuration::from_secs(LEASE_SECONDS))
                .unwrap_or(Timestamp::MAX),
        };
        self.reached = Reached::Claim;
        let claimed = self.door.ledger().claim(&claim).await;
        match &claimed {
            Ok(Claimed::Mine { .. }) => {}
            Ok(Claimed::Settled(_) | Claimed::Pending { .. }) => self.reached = Reached::Nothing,
            Err(_) => self.release().await, // the claim may stand although the answer was lost
        }
        claimed
    }

    /// `false`: the claim was taken over in between.
    async fn publish_and_settle(
        &mut self,
        message_id: MessageId,
        received_at: Timestamp,
        replaces: Option<&Replaces>,
    ) -> Result<bool, Fault> {
        let payload = match self.publish(message_id, received_at, replaces).await {
            Ok(payload) => payload,
            Err(fault) => {
                self.release().await;
                return Err(fault);
            }
        };
        let settled = SettledMessage {
            digest: self.submission.digest,
            raw_digest: payload.sha256,
            size: payload.size,
            received_at,
            attempt: 1,
            replaces: replaces.cloned(),
        };
        // Not released when it fails: the next try takes the claim over when its lease ends, under the same id.
        let mut tries = 1;
        loop {
            let answer =
                self.door.ledger().settle(&self.sender.source, self.owner, message_id, &settled).await;
            match answer {
                Err(fault) if fault.retryable() && tries < SETTLE_TRIES => tries += 1,
                answer => return answer,
            }
            sleep(self.door.patience().first_pause * tries).await;
        }
    }

    async fn publish(
        &mut self,
        message_id: MessageId,
        received_at: Timestamp,
        replaces: Option<&Replaces>,
    ) -> Result<PayloadRef, Fault> {
        let header = er7::peek_header(&self.submission.bytes);
        let payload = self.put(message_id).await?;
        let event = HubEvent {
            source: self.sender.source.clone(),
            message_id,
            received_at,
            attempt: 1,
            digest: self.submission.digest,
            raw_digest: payload.sha256,
            payload: Some(payload.clone()),
            detail: Detail::Ingested {
                header,
                submitted_by: self.sender.subject.clone(),
                encoding: self.submission.encoding.clone(),
                replaces: replaces.cloned(),
            },
        };
        self.reached = Reached::Publication;
        self.door.hub().publish(&event).await?;
        Ok(payload)
    }

    /// Puts the bytes under a key of their message: of a message that is taken over, the first bytes stay.
    async fn put(&mut self, message_id: MessageId) -> Result<PayloadRef, Fault> {
        match &self.put {
            Some((id, payload)) if *id == message_id => return Ok(payload.clone()),
            Some(_) => {
                // The bytes went to the payload of another id, which the ledger has since forgotten.
                return Err(Fault::Unavailable {
                    part: "ledger",
                    reason: format!("the claim of message {message_id} changed its id"),
                });
            }
            None => {}
        }
        let bytes = std::mem::take(&mut self.submission.bytes);
        let key = format!("ingested/{message_id}");
        let payload = self.door.payloads().put(&self.sender.source, &key, bytes).await?;
        self.put = Some((message_id, payload.clone()));
        Ok(payload)
    }

    /// Gives the claim back when the try was cut off before it published. What may be published keeps its claim: whoever
    /// is still at it might settle it, and until the lease ends nobody else need publish it again.
    async fn give_back(&self) {
        if self.reached == Reached::Claim && timeout(RELEASE_LIMIT, self.release()).await.is_err() {
            tracing::warn!(source = %self.sender.source, "a claim was not released in time; its lease will end");
        }
    }

    async fn release(&self) {
        let released =
            self.door.ledger().release(&self.sender.source, &self.submission.digest, self.owner).await;
        if let Err(fault) = released {
            tracing::warn!(source = %self.sender.source, %fault, "a claim was not released; its lease will end");
        }
    }

    fn ingested(&self, message_id: MessageId, received_at: Timestamp) -> Answer {
        Answer::Ingested {
            message_id,
            digest: self.submission.digest,
            source: self.sender.source.clone(),
            received_at,
        }
    }

    fn duplicate(&self, first: &LedgerRecord) -> Answer {
        let exact = first.raw_digest == Some(self.submission.raw_digest);
        Answer::Duplicate {
            digest: self.submission.digest,
            equality: if exact { Match::Exact } else { Match::Canonical },
            message_id: first.message_id,
            received_at: first.received_at,
        }
    }
}

/// Times of receipt count whole milliseconds, so that a message's id tells them ([`MessageId::minted_at`]).
pub(crate) fn whole_milliseconds(time: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time)
}
