use jiff::Timestamp;
use lake::{
    Catalog, CatalogDetail, CatalogEvent, Clock, Detail, Fault, Hub, HubEvent, MessageId, ObjectKey, Place,
    Replaces, Source, Store,
};

use crate::reuse;

/// Longest reason of a failed delivery that is recorded, in characters.
const REASON_CHARACTERS: usize = 300;

/// The core: bucket, catalog and hub in one hand.
pub struct Core<S, C, H, K> {
    store: S,
    catalog: C,
    hub: H,
    clock: K,
}

impl<S: Store, C: Catalog, H: Hub, K: Clock> Core<S, C, H, K> {
    /// The service on these parts.
    pub fn new(store: S, catalog: C, hub: H, clock: K) -> Self {
        Self { store, catalog, hub, clock }
    }

    /// Stores and records one event. A fault means that the hub should deliver it again.
    pub async fn handle(&self, event: &HubEvent) -> Result<(), Fault> {
        match &event.detail {
            Detail::Ingested { header, submitted_by, encoding, replaces } => {
                let key = ObjectKey::ingestion(&event.source, event.received_at, event.message_id);
                let place = self.keep(event, key).await?;
                self.check_first_bytes(event, &place)?;
                let ingested = CatalogDetail::Ingested {
                    place,
                    header: header.clone(),
                    submitted_by: submitted_by.clone(),
                    encoding: encoding.clone(),
                    replaces: replaces.clone(),
                };
                let sent = CatalogDetail::ReplacementSent { by: event.message_id };
                self.record_with_target(event, ingested, replaces.as_ref(), sent).await?;
                // Afterwards, so that of two messages at the same time at least one sees the other.
                let target = replaces.as_ref().map(|replaces| replaces.message_id);
                let found = reuse::look_for(&self.catalog, event, header, target, self.clock.now()).await?;
                reuse::record(&self.catalog, &found).await
            }
            Detail::Staged { header, finding_codes, service_version, replaces } => {
                let key =
                    ObjectKey::staging(&event.source, event.received_at, event.message_id, event.attempt);
                let staged = CatalogDetail::Staged {
                    place: self.keep(event, key).await?,
                    header: header.clone(),
                    finding_codes: finding_codes.clone(),
                    service_version: service_version.clone(),
                };
                let replaced = CatalogDetail::Replaced { by: event.message_id };
                self.record_with_target(event, staged, replaces.as_ref(), replaced).await
            }
            Detail::Error { stage, code, service_version, retryable } => {
                let key = ObjectKey::error(&event.source, event.received_at, event.message_id, event.attempt);
                let error = CatalogDetail::Error {
                    place: self.keep(event, key).await?,
                    stage: stage.clone(),
                    error_code: code.clone(),
                    service_version: service_version.clone(),
                    retryable: *retryable,
                };
                self.record(event, error).await
            }
            Detail::Restage { requested_by, .. } => {
                self.record(event, CatalogDetail::Restage { requested_by: requested_by.clone() }).await
            }
            Detail::SetAside { requested_by, reason, note } => {
                let set_aside = CatalogDetail::SetAside {
                    requested_by: requested_by.clone(),
                    reason: reason.as_str().to_owned(),
                    note: note.clone(),
                };
                self.record(event, set_aside).await
            }
            Detail::Redeliver { requested_by, requested_at } => {
                let redeliver = CatalogDetail::Redeliver {
                    requested_by: requested_by.clone(),
                    requested_at: *requested_at,
                };
                self.record(event, redeliver).await?;
                let again = self.hub.redeliver(&event.source, event.message_id).await?;
                tracing::info!(source = %event.source, message_id = %event.message_id, again, "deliveries put back");
                Ok(())
            }
        }
    }

    /// Records that a subscriber was given this event in vain, for good. `reason` is kept short and without control characters.
    pub async fn undelivered(&self, event: &HubEvent, subscriber: &str, reason: &str) -> Result<(), Fault> {
        let reason: String =
            reason.chars().filter(|character| !character.is_control()).take(REASON_CHARACTERS).collect();
        let undelivered = CatalogDetail::Undelivered {
            subscriber: subscriber.to_owned(),
            hub_event: event.kind().as_str().to_owned(),
            reason,
        };
        self.record(event, undelivered).await
    }

    async fn keep(&self, event: &HubEvent, key: ObjectKey) -> Result<Place, Fault> {
        let payload = event.payload.as_ref().ok_or_else(|| Fault::Damaged {
            part: "hub",
            what: format!("{} of message {}", event.kind().as_str(), event.message_id),
            reason: "the event refers to no payload".to_owned(),
        })?;
        let stored = self.store.keep(payload, &key).await?;
        Ok(Place {
            bucket: stored.bucket,
            key: key.to_string(),
            version_id: stored.version_id,
            sha256: stored.sha256,
            size: stored.size,
        })
    }

    /// The ingestion zone holds what the front door acknowledged, or this shows as undelivered.
    fn check_first_bytes(&self, event: &HubEvent, place: &Place) -> Result<(), Fault> {
        if place.sha256 == event.raw_digest {
            return Ok(());
        }
        Err(Fault::Damaged {
            part: "lake bucket",
            what: place.key.clone(),
            reason: "other bytes are there than were submitted".to_owned(),
        })
    }

    async fn record(&self, event: &HubEvent, detail: CatalogDetail) -> Result<(), Fault> {
        self.catalog.record(&[own(event, detail, self.clock.now())]).await
    }

    /// Records an event of the message and, when it replaces a known one, the event of that one, in one transaction.
    async fn record_with_target(
        &self,
        event: &HubEvent,
        detail: CatalogDetail,
        replaces: Option<&Replaces>,
        on_target: CatalogDetail,
    ) -> Result<(), Fault> {
        let now = self.clock.now();
        let mut events = vec![own(event, detail, now)];
        if let Some(target) = replaces.filter(|replaces| replaces.known) {
            events.push(of_other(&event.source, target.message_id, on_target, now));
        }
        self.catalog.record(&events).await
    }
}

fn own(event: &HubEvent, detail: CatalogDetail, recorded_at: Timestamp) -> CatalogEvent {
    CatalogEvent {
        source: event.source.clone(),
        message_id: event.message_id,
        received_at: event.received_at,
        digest: Some(event.digest),
        raw_digest: Some(event.raw_digest),
        recorded_at,
        attempt: event.attempt,
        detail,
    }
}

/// An event of another message than the one at hand. Its own events may not have come yet, so its digests stay open;
/// its id tells when it was received.
pub(crate) fn of_other(
    source: &Source,
    message_id: MessageId,
    detail: CatalogDetail,
    recorded_at: Timestamp,
) -> CatalogEvent {
    CatalogEvent {
        source: source.clone(),
        message_id,
        received_at: message_id.minted_at(),
        digest: None,
        raw_digest: None,
        recorded_at,
        attempt: 1,
        detail,
    }
}
