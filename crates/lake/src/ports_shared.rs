//! Every port may be shared: an `Arc` of an adapter is that adapter. Each method only hands its call on.

use std::future::Future;
use std::sync::Arc;

use jiff::Timestamp;

use crate::{
    Catalog, CatalogEvent, Claimed, Clock, Digest, Fault, Head, Hub, HubEvent, Ledger, LedgerRecord,
    MessageId, NewClaim, ObjectKey, PayloadRef, Payloads, SettledMessage, Source, Store, StoredObject,
};

impl<T: Clock + ?Sized> Clock for Arc<T> {
    fn now(&self) -> Timestamp {
        T::now(self)
    }
}

impl<T: Ledger> Ledger for Arc<T> {
    fn claim(&self, claim: &NewClaim) -> impl Future<Output = Result<Claimed, Fault>> + Send {
        T::claim(self, claim)
    }

    fn settle(
        &self,
        source: &Source,
        owner: [u8; 16],
        message_id: MessageId,
        settled: &SettledMessage,
    ) -> impl Future<Output = Result<bool, Fault>> + Send {
        T::settle(self, source, owner, message_id, settled)
    }

    fn release(
        &self,
        source: &Source,
        digest: &Digest,
        owner: [u8; 16],
    ) -> impl Future<Output = Result<(), Fault>> + Send {
        T::release(self, source, digest, owner)
    }

    fn known(
        &self,
        source: &Source,
        digests: &[Digest],
    ) -> impl Future<Output = Result<Vec<Option<LedgerRecord>>, Fault>> + Send {
        T::known(self, source, digests)
    }

    fn message(
        &self,
        source: &Source,
        message_id: MessageId,
    ) -> impl Future<Output = Result<Option<SettledMessage>, Fault>> + Send {
        T::message(self, source, message_id)
    }

    fn mint_attempt(
        &self,
        source: &Source,
        message_id: MessageId,
    ) -> impl Future<Output = Result<Option<SettledMessage>, Fault>> + Send {
        T::mint_attempt(self, source, message_id)
    }
}

impl<T: Payloads> Payloads for Arc<T> {
    fn put(
        &self,
        source: &Source,
        key: &str,
        bytes: Vec<u8>,
    ) -> impl Future<Output = Result<PayloadRef, Fault>> + Send {
        T::put(self, source, key, bytes)
    }

    fn get(&self, payload: &PayloadRef) -> impl Future<Output = Result<Vec<u8>, Fault>> + Send {
        T::get(self, payload)
    }
}

impl<T: Hub> Hub for Arc<T> {
    fn publish(&self, event: &HubEvent) -> impl Future<Output = Result<(), Fault>> + Send {
        T::publish(self, event)
    }

    fn redeliver(
        &self,
        source: &Source,
        message_id: MessageId,
    ) -> impl Future<Output = Result<u32, Fault>> + Send {
        T::redeliver(self, source, message_id)
    }
}

impl<T: Store> Store for Arc<T> {
    fn keep(
        &self,
        payload: &PayloadRef,
        key: &ObjectKey,
    ) -> impl Future<Output = Result<StoredObject, Fault>> + Send {
        T::keep(self, payload, key)
    }
}

impl<T: Catalog> Catalog for Arc<T> {
    fn record(&self, events: &[CatalogEvent]) -> impl Future<Output = Result<(), Fault>> + Send {
        T::record(self, events)
    }

    fn head(
        &self,
        source: &Source,
        message_id: MessageId,
    ) -> impl Future<Output = Result<Option<Head>, Fault>> + Send {
        T::head(self, source, message_id)
    }

    fn by_control_id(
        &self,
        source: &Source,
        control_id: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Head>, Fault>> + Send {
        T::by_control_id(self, source, control_id, limit)
    }
}
