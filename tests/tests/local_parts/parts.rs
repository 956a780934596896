use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lake::{Clock, FilterPolicy};
use local_lake::database::{Database, FILE_NAME};
use local_lake::hub::{LocalHub, Settings, Subscription};
use local_lake::ledger::LocalLedger;
use local_lake::objects::Objects;
use local_lake::payloads::LocalPayloads;
use local_lake::store::LocalStore;
use local_lake::{hub, ledger, objects};

/// The ports of a local lake in one folder.
pub(crate) struct Parts {
    pub(crate) database: Database,
    pub(crate) ledger: LocalLedger,
    pub(crate) payloads: LocalPayloads,
    pub(crate) store: LocalStore,
    pub(crate) hub: LocalHub,
}

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

impl Parts {
    pub(crate) async fn open(folder: &Path) -> Self {
        let schemas = [ledger::SCHEMA, objects::SCHEMA, hub::SCHEMA];
        let database = Database::open(&folder.join(FILE_NAME), &schemas).expect("the database opens");
        let clock = || Arc::new(SystemClock) as Arc<dyn Clock>;
        let bodies = folder.join("objects");
        let objects = Objects::open(database.clone(), &bodies, clock());
        let objects = objects.await.expect("the object store opens");
        let subscriptions = vec![
            Subscription { name: "core", policy: FilterPolicy::default() },
            Subscription { name: "staging", policy: FilterPolicy::staging().expect("the policy is sound") },
        ];
        let settings = Settings {
            tries: 4,
            first_wait: Duration::from_millis(10),
            longest_wait: Duration::from_millis(50),
            ..Settings::default()
        };
        let hub = LocalHub::open(database.clone(), clock(), subscriptions, settings);
        Self {
            ledger: LocalLedger::new(database.clone()),
            payloads: LocalPayloads::open(objects.clone(), "transient").await.expect("the bucket is made"),
            store: LocalStore::open(objects, "lake").await.expect("the bucket is made"),
            hub: hub.await.expect("the hub opens"),
            database,
        }
    }
}
