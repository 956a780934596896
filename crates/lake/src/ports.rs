//! The ports between the services and what they stand on. Every future is `Send`; every call has its own limit of
//! time in the adapter; a call that ended in a retryable [`Fault`] may be repeated without harm.

use std::future::Future;

use jiff::Timestamp;

use crate::{
    CatalogEvent, Digest, Fault, Head, HubEvent, MessageId, ObjectKey, PayloadRef, Replaces, Source,
};

/// The time, passed in so that tests can hold it still.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// What is put forward for a claim. Id and time hold only if no earlier claim had them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewClaim {
    /// The institution: claims of two institutions never meet.
    pub source: Source,
    /// SHA-256 of the canonical bytes.
    pub digest: Digest,
    /// Proposed id.
    pub message_id: MessageId,
    /// Proposed time of receipt, which is also now.
    pub received_at: Timestamp,
    /// Random token of this claimant; only its holder can settle.
    pub owner: [u8; 16],
    /// When another may take the claim over.
    pub lease_until: Timestamp,
}

/// The answer to a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// The claim is this claimant's, fresh or taken over from one whose lease had passed.
    Mine {
        /// The id: proposed, or that of the claim taken over.
        message_id: MessageId,
        /// The time of receipt: proposed, or that of the claim taken over.
        received_at: Timestamp,
    },
    /// Another's claim has not settled and its lease has not passed.
    Pending {
        /// When it may be taken over.
        lease_until: Timestamp,
    },
    /// The message is in the lake.
    Settled(LedgerRecord),
}

/// What the ledger knows of a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerRecord {
    /// SHA-256 of the canonical bytes.
    pub digest: Digest,
    /// SHA-256 of the bytes that were published; only of settled ones.
    pub raw_digest: Option<Digest>,
    /// The message.
    pub message_id: MessageId,
    /// When it was received.
    pub received_at: Timestamp,
    /// Whether the claim has settled.
    pub state: KnownState,
}

/// How far a claim has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownState {
    /// Claimed, not settled: it may or may not be in the lake.
    Pending,
    /// In the lake.
    Settled,
}

/// A settled message as the ledger knows it by its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettledMessage {
    /// SHA-256 of the canonical bytes.
    pub digest: Digest,
    /// SHA-256 of the submitted bytes.
    pub raw_digest: Digest,
    /// Number of submitted bytes.
    pub size: u64,
    /// When it was received.
    pub received_at: Timestamp,
    /// The newest attempt at staging that was minted; 1 after ingestion.
    pub attempt: u32,
    /// The message that it replaces.
    pub replaces: Option<Replaces>,
}

/// The front door's record of digests received. Kept for ever.
pub trait Ledger: Send + Sync + 'static {
    /// Claims a digest: a conditional put. A claim whose lease has passed is taken over with its id and time of receipt.
    fn claim(&self, claim: &NewClaim) -> impl Future<Output = Result<Claimed, Fault>> + Send;

    /// Settles a claim, conditional on its owner token. `false`: the claim is no longer this owner's.
    /// Settling twice with the same token answers `true` twice.
    fn settle(
        &self,
        source: &Source,
        owner: [u8; 16],
        message_id: MessageId,
        settled: &SettledMessage,
    ) -> impl Future<Output = Result<bool, Fault>> + Send;

    /// Ends the lease of a claim at once, so that the next try need not wait for it. The claim itself stays, with its id
    /// and time of receipt: the publication that failed may have reached someone after all, and the next try must go on
    /// under the same id. Nothing happens if the claim is not this owner's or has settled.
    fn release(
        &self,
        source: &Source,
        digest: &Digest,
        owner: [u8; 16],
    ) -> impl Future<Output = Result<(), Fault>> + Send;

    /// What is known of each digest, in the order asked; at most 100.
    fn known(
        &self,
        source: &Source,
        digests: &[Digest],
    ) -> impl Future<Output = Result<Vec<Option<LedgerRecord>>, Fault>> + Send;

    /// A settled message of this institution by its id.
    fn message(
        &self,
        source: &Source,
        message_id: MessageId,
    ) -> impl Future<Output = Result<Option<SettledMessage>, Fault>> + Send;

    /// Mints the next attempt for a settled message: its record afterwards; `None` when it is unknown.
    fn mint_attempt(
        &self,
        source: &Source,
        message_id: MessageId,
    ) -> impl Future<Output = Result<Option<SettledMessage>, Fault>> + Send;
}

/// The transient bucket: payloads of hub events on their way (30 days).
pub trait Payloads: Send + Sync + 'static {
    /// Puts bytes under a key if there are none yet, durably. The answer tells of the bytes that are there afterwards:
    /// these, or the first ones.
    fn put(
        &self,
        source: &Source,
        key: &str,
        bytes: Vec<u8>,
    ) -> impl Future<Output = Result<PayloadRef, Fault>> + Send;

    /// The bytes, verified against the digest in the reference ([`Fault::Damaged`] when they do not agree).
    fn get(&self, payload: &PayloadRef) -> impl Future<Output = Result<Vec<u8>, Fault>> + Send;
}

/// The publish/subscribe hub.
pub trait Hub: Send + Sync + 'static {
    /// Publishes an event: once this answers, every subscriber whose filter policy accepts it will be given it at least once.
    fn publish(&self, event: &HubEvent) -> impl Future<Output = Result<(), Fault>> + Send;

    /// Gives subscribers again what failed for good for this message; the number of deliveries put back.
    fn redeliver(
        &self,
        source: &Source,
        message_id: MessageId,
    ) -> impl Future<Output = Result<u32, Fault>> + Send;
}

/// Whether a conditional write wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutOutcome {
    /// These bytes are now there.
    Created,
    /// There were bytes already; they stay.
    Existed,
}

/// An object in the lake bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredObject {
    /// The bucket.
    pub bucket: String,
    /// Its version.
    pub version_id: Option<String>,
    /// Its SHA-256.
    pub sha256: Digest,
    /// Its bytes.
    pub size: u64,
    /// Whether this call wrote it.
    pub put: PutOutcome,
}

/// The lake bucket, as its only writer sees it.
pub trait Store: Send + Sync + 'static {
    /// Copies a payload to a key if nothing is there (`If-None-Match: *`), tagged with its source, with its SHA-256 and
    /// media type. The first bytes stay for ever; the answer tells of what is there afterwards.
    fn keep(
        &self,
        payload: &PayloadRef,
        key: &ObjectKey,
    ) -> impl Future<Output = Result<StoredObject, Fault>> + Send;
}

/// The catalog, as its only writer sees it.
pub trait Catalog: Send + Sync + 'static {
    /// Records events in one transaction: each put if its name is absent, and the heads advanced by [`Head::apply`].
    /// Recording the same again changes nothing. Events of several messages are allowed (at most 8 in a call).
    fn record(&self, events: &[CatalogEvent]) -> impl Future<Output = Result<(), Fault>> + Send;

    /// The head of a message.
    fn head(
        &self,
        source: &Source,
        message_id: MessageId,
    ) -> impl Future<Output = Result<Option<Head>, Fault>> + Send;

    /// Heads with this control id, oldest first, at most `limit`.
    fn by_control_id(
        &self,
        source: &Source,
        control_id: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Head>, Fault>> + Send;
}
