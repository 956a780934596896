use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::Timestamp;
use lake::{
    Claimed, Clock, Digest, Fault, Hub, HubEvent, KnownState, Ledger, LedgerRecord, MessageId, NewClaim,
    PayloadRef, Payloads, SettledMessage, Source,
};
use tokio::sync::Notify;

/// A moment in the life of a submission at which a test can stop it or let a part fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    BeforeClaim,
    AfterClaim,
    BeforePut,
    AfterPut,
    BeforePublish,
    AfterPublish,
    BeforeSettle,
    AfterSettle,
}

impl Step {
    pub(super) const ALL: [Self; 8] = [
        Self::BeforeClaim,
        Self::AfterClaim,
        Self::BeforePut,
        Self::AfterPut,
        Self::BeforePublish,
        Self::AfterPublish,
        Self::BeforeSettle,
        Self::AfterSettle,
    ];
}

/// What happens at a step.
enum Trap {
    /// The call waits until the test lets it go on.
    Stop { reached: Arc<Notify>, go_on: Arc<Notify> },
    /// The call fails so many times.
    Fail { times: u32 },
}

struct Row {
    message_id: MessageId,
    received_at: Timestamp,
    owner: [u8; 16],
    lease_until: Timestamp,
    settled: Option<SettledMessage>,
}

#[derive(Default)]
struct State {
    rows: HashMap<(Source, Digest), Row>,
    payloads: HashMap<String, Vec<u8>>,
    published: Vec<HubEvent>,
    now: Timestamp,
    trap: Option<(Step, Trap)>,
    claims_begun: usize,
}

/// All ports in memory.
#[derive(Clone, Default)]
pub(super) struct Memory(Arc<Mutex<State>>);

/// A call that was stopped: `reached` once it is there, `go_on` lets it go.
pub(super) struct Stopped {
    pub(super) reached: Arc<Notify>,
    pub(super) go_on: Arc<Notify>,
}

impl Memory {
    pub(super) fn new(now: &str) -> Self {
        let memory = Self::default();
        memory.state().now = now.parse().unwrap();
        memory
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// The next call that comes to this step stops there.
    pub(super) fn stop_at(&self, step: Step) -> Stopped {
        let (reached, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let trap = Trap::Stop { reached: Arc::clone(&reached), go_on: Arc::clone(&go_on) };
        self.state().trap = Some((step, trap));
        Stopped { reached, go_on }
    }

    /// The next calls that come to this step fail.
    pub(super) fn fail_at(&self, step: Step, times: u32) {
        self.state().trap = Some((step, Trap::Fail { times }));
    }

    pub(super) fn advance(&self, seconds: i64) {
        let mut state = self.state();
        state.now += jiff::SignedDuration::from_secs(seconds);
    }

    pub(super) fn published(&self) -> Vec<HubEvent> {
        self.state().published.clone()
    }

    pub(super) fn payload(&self, key: &str) -> Option<Vec<u8>> {
        self.state().payloads.get(key).cloned()
    }

    pub(super) fn payloads(&self) -> usize {
        self.state().payloads.len()
    }

    /// How many claims were asked for, whatever became of them.
    pub(super) fn claims_begun(&self) -> usize {
        self.state().claims_begun
    }

    async fn pass(&self, step: Step) -> Result<(), Fault> {
        tokio::task::yield_now().await; // so that equal submissions meet at every step
        let stopped = {
            let mut state = self.state();
            match state.trap.take_if(|(at, _)| *at == step) {
                None => None,
                Some((_, Trap::Stop { reached, go_on })) => Some((reached, go_on)),
                Some((_, Trap::Fail { times })) => {
                    if times > 1 {
                        state.trap = Some((step, Trap::Fail { times: times - 1 }));
                    }
                    return Err(Fault::Unavailable { part: "memory", reason: format!("{step:?}") });
                }
            }
        };
        if let Some((reached, go_on)) = stopped {
            reached.notify_one();
            go_on.notified().await;
        }
        Ok(())
    }
}

impl Clock for Memory {
    fn now(&self) -> Timestamp {
        self.state().now
    }
}

impl Ledger for Memory {
    async fn claim(&self, claim: &NewClaim) -> Result<Claimed, Fault> {
        self.state().claims_begun += 1;
        self.pass(Step::BeforeClaim).await?;
        let claimed = {
            let mut state = self.state();
            let now = state.now;
            let key = (claim.source.clone(), claim.digest);
            let fresh = || Row {
                message_id: claim.message_id,
                received_at: claim.received_at,
                owner: claim.owner,
                lease_until: now,
                settled: None,
            };
            let row = state.rows.entry(key).or_insert_with(fresh);
            match &row.settled {
                Some(settled) => Claimed::Settled(record(claim.digest, row, Some(settled))),
                None if row.lease_until > now => Claimed::Pending { lease_until: row.lease_until },
                None => {
                    (row.owner, row.lease_until) = (claim.owner, claim.lease_until);
                    Claimed::Mine { message_id: row.message_id, received_at: row.received_at }
                }
            }
        };
        self.pass(Step::AfterClaim).await?;
        Ok(claimed)
    }

    async fn settle(
        &self,
        source: &Source,
        owner: [u8; 16],
        _message_id: MessageId,
        settled: &SettledMessage,
    ) -> Result<bool, Fault> {
        self.pass(Step::BeforeSettle).await?;
        let mine = {
            let mut state = self.state();
            match state.rows.get_mut(&(source.clone(), settled.digest)) {
                Some(row) if row.owner == owner => {
                    row.settled.get_or_insert_with(|| settled.clone());
                    true
                }
                _ => false,
            }
        };
        self.pass(Step::AfterSettle).await?;
        Ok(mine)
    }

    async fn release(&self, source: &Source, digest: &Digest, owner: [u8; 16]) -> Result<(), Fault> {
        let mut state = self.state();
        let now = state.now;
        if let Some(row) = state.rows.get_mut(&(source.clone(), *digest)).filter(|row| row.owner == owner) {
            row.lease_until = now;
        }
        Ok(())
    }

    async fn known(&self, source: &Source, digests: &[Digest]) -> Result<Vec<Option<LedgerRecord>>, Fault> {
        let state = self.state();
        let look_up = |digest: &Digest| {
            let row = state.rows.get(&(source.clone(), *digest))?;
            Some(record(*digest, row, row.settled.as_ref()))
        };
        Ok(digests.iter().map(look_up).collect())
    }

    async fn message(&self, source: &Source, message_id: MessageId) -> Result<Option<SettledMessage>, Fault> {
        let state = self.state();
        let mut rows =
            state.rows.iter().filter(|((of, _), row)| of == source && row.message_id == message_id);
        Ok(rows.next().and_then(|(_, row)| row.settled.clone()))
    }

    async fn mint_attempt(
        &self,
        source: &Source,
        message_id: MessageId,
    ) -> Result<Option<SettledMessage>, Fault> {
        let mut state = self.state();
        let mut rows =
            state.rows.iter_mut().filter(|((of, _), row)| of == source && row.message_id == message_id);
        Ok(rows.next().and_then(|(_, row)| row.settled.as_mut()).map(|settled| {
            settled.attempt += 1;
            settled.clone()
        }))
    }
}

fn record(digest: Digest, row: &Row, settled: Option<&SettledMessage>) -> LedgerRecord {
    LedgerRecord {
        digest,
        raw_digest: settled.map(|settled| settled.raw_digest),
        message_id: row.message_id,
        received_at: row.received_at,
        state: if settled.is_some() { KnownState::Settled } else { KnownState::Pending },
    }
}

impl Payloads for Memory {
    async fn put(&self, _source: &Source, key: &str, bytes: Vec<u8>) -> Result<PayloadRef, Fault> {
        self.pass(Step::BeforePut).await?;
        let payload = {
            let mut state = self.state();
            let kept = state.payloads.entry(key.to_owned()).or_insert(bytes);
            let (sha256, size) = (er7::raw_digest(kept), kept.len() as u64);
            PayloadRef { bucket: "transient".into(), key: key.to_owned(), sha256, size }
        };
        self.pass(Step::AfterPut).await?;
        Ok(payload)
    }

    async fn get(&self, payload: &PayloadRef) -> Result<Vec<u8>, Fault> {
        let missing = || Fault::Missing { part: "memory", what: payload.key.clone() };
        self.payload(&payload.key).ok_or_else(missing)
    }
}

impl Hub for Memory {
    async fn publish(&self, event: &HubEvent) -> Result<(), Fault> {
        self.pass(Step::BeforePublish).await?;
        self.state().published.push(event.clone());
        self.pass(Step::AfterPublish).await
    }

    async fn redeliver(&self, _source: &Source, _message_id: MessageId) -> Result<u32, Fault> {
        Ok(0)
    }
}
