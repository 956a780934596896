//! The lake's words and ports. Pure: no I/O, no clock, no randomness; time and random bytes are passed in.
//!
//! - words: [`Source`], [`MessageId`], [`Claims`], [`Outcome`], [`HubEvent`], [`Head`], [`CatalogEvent`], [`Zone`] and the object keys;
//! - ports: [`Ledger`], [`Payloads`], [`Hub`], [`Store`], [`Catalog`], each with one public contract suite in `tests`;
//! - rules: who may do what ([`policy`]) and how events add up to the head of a message ([`Head::apply`]).

mod catalog;
mod claims;
mod event;
mod fault;
mod head;
mod keys;
mod message_id;
mod outcome;
pub mod policy;
mod ports;
mod ports_shared;
mod profile;
mod source;

pub use catalog::{CatalogDetail, CatalogEvent, Place};
pub use claims::Claims;
pub use er7::{Digest, Header};
pub use event::{Detail, EventKind, FilterPolicy, HubEvent, PayloadRef, Replaces, SetAsideReason};
pub use fault::Fault;
pub use head::{Head, State};
pub use keys::{ObjectKey, Zone, day_of};
pub use message_id::{MessageId, NotAMessageId};
pub use outcome::{Match, Outcome, Staging};
pub use ports::{
    Catalog, Claimed, Clock, Hub, KnownState, Ledger, LedgerRecord, NewClaim, Payloads, PutOutcome,
    SettledMessage, Store, StoredObject,
};
pub use profile::{Endpoints, Limits, Profile};
pub use source::{NotASource, Source};

/// Largest message the front door takes, in bytes of ER7 (4 MiB).
pub const MESSAGE_BYTES: usize = 4 * 1024 * 1024;
/// Largest number of messages in one batch request.
pub const BATCH_MESSAGES: usize = 100;
/// Largest body of a batch request, in bytes (4 MiB).
pub const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// How long a claim in the ledger is held before another sender may take it over, in seconds.
pub const LEASE_SECONDS: i64 = 60;
