use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::{SignedDuration, Timestamp};
use lake::{
    Catalog, CatalogEvent, Clock, Digest, Fault, Head, Hub, HubEvent, MessageId, ObjectKey, PayloadRef,
    PutOutcome, Source, Store, StoredObject,
};

/// When the tests happen.
pub(super) fn now() -> Timestamp {
    "2026-03-05T00:30:00Z".parse().unwrap()
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Digest>,
    events: BTreeMap<(MessageId, String), CatalogEvent>,
    heads: BTreeMap<MessageId, Head>,
    redelivered: Vec<MessageId>,
    ticks: i64,
    most_looked_at: usize,
}

/// Store, catalog, hub and clock in memory. One institution is enough here.
#[derive(Clone, Default)]
pub(super) struct Memory(Arc<Mutex<State>>);

impl Memory {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(super) fn object_keys(&self) -> Vec<String> {
        self.state().objects.keys().cloned().collect()
    }

    pub(super) fn event_names(&self, id: MessageId) -> Vec<String> {
        let state = self.state();
        state.events.keys().filter(|(of, _)| *of == id).map(|(_, name)| name.clone()).collect()
    }

    pub(super) fn redelivered(&self) -> Vec<MessageId> {
        self.state().redelivered.clone()
    }

    pub(super) fn most_looked_at(&self) -> usize {
        self.state().most_looked_at
    }

    /// Everything that a steward can see, but for when it was written and how often.
    pub(super) fn contents(&self) -> String {
        let state = self.state();
        let mut contents = String::new();
        for ((id, name), event) in &state.events {
            let event = CatalogEvent { recorded_at: Timestamp::UNIX_EPOCH, ..event.clone() };
            contents += &format!("{id} {name} {}\n", serde_json::to_string(&event).unwrap());
        }
        for head in state.heads.values() {
            let head = Head { revision: 0, ..head.clone() };
            contents += &format!("{}\n", serde_json::to_string(&head).unwrap());
        }
        for (key, digest) in &state.objects {
            contents += &format!("{key} {digest}\n");
        }
        contents
    }
}

impl Clock for Memory {
    /// Every look is a second later, so that times of recording differ.
    fn now(&self) -> Timestamp {
        let mut state = self.state();
        state.ticks += 1;
        now() + SignedDuration::from_secs(state.ticks)
    }
}

impl Store for Memory {
    async fn keep(&self, payload: &PayloadRef, key: &ObjectKey) -> Result<StoredObject, Fault> {
        let mut state = self.state();
        let known = state.objects.get(&key.to_string()).copied();
        let sha256 = known.unwrap_or(payload.sha256);
        state.objects.insert(key.to_string(), sha256);
        let put = if known.is_some() { PutOutcome::Existed } else { PutOutcome::Created };
        Ok(StoredObject { bucket: "lake".into(), version_id: None, sha256, size: payload.size, put })
    }
}

impl Catalog for Memory {
    async fn record(&self, events: &[CatalogEvent]) -> Result<(), Fault> {
        assert!((1..=8).contains(&events.len()), "a call records 1 to 8 events, not {}", events.len());
        let mut state = self.state();
        for event in events {
            state.events.entry((event.message_id, event.name())).or_insert_with(|| event.clone());
            let head = state.heads.entry(event.message_id).or_insert_with(|| Head::new(event));
            head.apply(event);
            head.revision += 1;
        }
        Ok(())
    }

    async fn head(&self, _source: &Source, message_id: MessageId) -> Result<Option<Head>, Fault> {
        Ok(self.state().heads.get(&message_id).cloned())
    }

    async fn by_control_id(
        &self,
        _source: &Source,
        control_id: &str,
        limit: usize,
    ) -> Result<Vec<Head>, Fault> {
        let mut state = self.state();
        let found: Vec<Head> = state
            .heads
            .values()
            .filter(|head| head.control_id.as_deref() == Some(control_id))
            .take(limit)
            .cloned()
            .collect();
        state.most_looked_at = state.most_looked_at.max(found.len());
        Ok(found)
    }
}

impl Hub for Memory {
    async fn publish(&self, _event: &HubEvent) -> Result<(), Fault> {
        unreachable!("the core publishes nothing")
    }

    async fn redeliver(&self, _source: &Source, message_id: MessageId) -> Result<u32, Fault> {
        self.state().redelivered.push(message_id);
        Ok(1)
    }
}
