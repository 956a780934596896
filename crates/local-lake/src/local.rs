//! One local lake: opened on its data folder, wired, serving, stopped.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use front_door::jwt::{FixedKeys, IdTokens};
use front_door::{FrontDoor, Patience, Room};
use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};
use lake::{Clock, Endpoints, FilterPolicy, Limits, Profile};
use lake_core::Core;
use staging_er7::{Staging, Workers};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::catalog::{CatalogProblem, CatalogSettings, LocalCatalog};
use crate::credentials::{CredentialMint, RootCredential};
use crate::database::{self, Database};
use crate::dynamodb::{self, DynamoDb};
use crate::folder::{Announcement, DataFolder, FolderProblem, Opened};
use crate::hub::{self, Deliveries, Handler, LocalHub, OnDead, Subscription};
use crate::identity::{IdentityPool, REGION};
use crate::issuer::{self, CLIENT_ID, Issuer};
use crate::ledger::{self, LocalLedger};
use crate::objects::{self, Objects};
use crate::payloads::LocalPayloads;
use crate::randomness::{Randomness, SystemRandomness};
use crate::serve::{Loopback, PortProblem};
use crate::store::LocalStore;
use crate::users::{self, SampleUsers, Users};
use crate::{credentials, s3};

/// The port of the front door where none is named; S3 and DynamoDB take the two after it.
pub const DEFAULT_PORT: u16 = 47100;
/// The lake bucket.
pub const BUCKET: &str = "lake";
/// The bucket of payloads on their way.
pub const TRANSIENT_BUCKET: &str = "lake-transient";
/// The catalog table.
pub const CATALOG: &str = "lake-catalog";
/// The account that ARNs of a local lake name.
const ACCOUNT: &str = "000000000000";
/// How long deliveries under way may take to end when the lake stops; what does not end is delivered again next time.
const DRAIN_LIMIT: Duration = Duration::from_secs(10);

/// How long payloads on their way are kept: long after every retry, as the transient bucket's lifecycle rule on AWS.
const PAYLOAD_LIFE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How often old payloads are looked for.
const HOUSEKEEPING: Duration = Duration::from_secs(60 * 60);

/// How to run a local lake.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its data folder.
    pub data: PathBuf,
    /// The front door's port; 0 takes any free ones.
    pub port: u16,
    /// Who can sign in, and how.
    pub samples: SampleUsers,
}

/// What starting came to.
pub enum Started {
    /// It runs in this process.
    Ours(Box<LocalLake>),
    /// Another process runs the lake of this folder.
    Joined(Announcement),
}

/// Why a local lake cannot run.
#[derive(Debug, thiserror::Error)]
pub enum StartProblem {
    /// The data folder.
    #[error(transparent)]
    Folder(#[from] FolderProblem),
    /// A port.
    #[error(transparent)]
    Port(#[from] PortProblem),
    /// The database.
    #[error(transparent)]
    Database(#[from] database::OpenError),
    /// The catalog.
    #[error(transparent)]
    Catalog(#[from] CatalogProblem),
    /// Another part.
    #[error(transparent)]
    Part(#[from] lake::Fault),
    /// The policy that is built in.
    #[error("the stewards' policy cannot be read: {0}")]
    Policy(#[from] lake::policy::PolicyFault),
    /// The filter policy that is built in.
    #[error("the staging service's filter policy cannot be read: {0}")]
    Filter(#[from] serde_json::Error),
}

/// A lake that runs in this process.
pub struct LocalLake {
    profile: Profile,
    issuer: Issuer,
    root: RootCredential,
    database: Database,
    hub: LocalHub,
    deliveries: Deliveries,
    listeners: JoinSet<()>,
    stop: CancellationToken,
    _folder: DataFolder,
}

impl LocalLake {
    /// Starts the lake of a data folder, or finds the process that runs it.
    pub async fn start(options: Options) -> Result<Started, StartProblem> {
        Self::start_with(options, Arc::new(SystemClock), Arc::new(SystemRandomness)).await
    }

    /// As [`LocalLake::start`], with another time and other randomness.
    pub async fn start_with(
        options: Options,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
    ) -> Result<Started, StartProblem> {
        let mut folder = match DataFolder::open(&options.data)? {
            Opened::Ours(folder) => folder,
            Opened::Running(announcement) => return Ok(Started::Joined(announcement)),
        };
        let [door, s3_port, dynamodb_port] = bind(options.port).await?;
        let url = format!("http://localhost:{}", door.port());

        let schemas = [
            ledger::SCHEMA,
            objects::SCHEMA,
            hub::SCHEMA,
            users::SCHEMA,
            issuer::SCHEMA,
            credentials::SCHEMA,
        ];
        let database = Database::open(&folder.path().join(database::FILE_NAME), &schemas)?;
        let objects =
            Objects::open(database.clone(), &folder.path().join("objects"), Arc::clone(&clock)).await?;
        let store = LocalStore::open(objects.clone(), BUCKET).await?;
        let payloads = LocalPayloads::open(objects.clone(), TRANSIENT_BUCKET).await?;
        let settings = CatalogSettings { table: CATALOG.to_owned(), shards: NonZeroU32::MIN };
        let catalog = LocalCatalog::open(&folder.path().join("catalog.sqlite"), settings)?;
        folder.close_to_others()?;
        let subscriptions = vec![
            Subscription { name: "core", policy: FilterPolicy::default() },
            Subscription { name: "staging", policy: FilterPolicy::staging()? },
        ];
        let hub =
            LocalHub::open(database.clone(), Arc::clone(&clock), subscriptions, hub::Settings::default())
                .await?;

        let users = Users::open(&database, options.samples, randomness.as_ref()).await?;
        let name = "Practice lake on this computer";
        let settings = issuer::Settings::local(url.clone(), name.to_owned());
        let issuer =
            Issuer::open(settings, database.clone(), users, Arc::clone(&clock), Arc::clone(&randomness))
                .await?;
        let mint = Arc::new(CredentialMint::open(&database, randomness.as_ref()).await?);
        let pool = IdentityPool::open(
            &database,
            issuer.clone(),
            Arc::clone(&mint),
            Arc::clone(&clock),
            Arc::clone(&randomness),
        )
        .await?;
        let policy = lake::policy::steward_policy(
            &format!("arn:aws:s3:::{BUCKET}"),
            &format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{CATALOG}"),
        )?;
        let profile = profile(name, &url, s3_port.port(), dynamodb_port.port(), &issuer, &pool);

        let ledger = LocalLedger::new(database.clone());
        let cut_off = ledger.end_leases().await?;
        if cut_off > 0 {
            tracing::info!(cut_off, "claims that an earlier process left behind are free again");
        }
        let tokens =
            IdTokens::new(issuer.issuer_url(), CLIENT_ID, FixedKeys(issuer.jwks()), Arc::clone(&clock));
        let front_door = front_door::router(FrontDoor {
            ledger,
            payloads: payloads.clone(),
            hub: hub.clone(),
            clock: Arc::clone(&clock),
            authenticator: tokens,
            random: DoorRandom(Arc::clone(&randomness)),
            profile: profile.clone(),
            patience: Patience::default(),
            room: Room::default(),
        });
        let door_router =
            front_door.merge(issuer.router()).merge(pool.router()).merge(status_router(hub.clone()));
        let s3_router = s3::router(s3::Endpoint {
            objects: objects.clone(),
            credentials: Arc::clone(&mint),
            policy: Arc::new(policy.clone()),
            clock: Arc::clone(&clock),
            region: REGION.to_owned(),
        });
        let dynamodb_router = dynamodb::router(DynamoDb {
            catalog: catalog.clone(),
            credentials: Arc::clone(&mint),
            policy,
            clock: Arc::clone(&clock),
            randomness: Arc::clone(&randomness),
            region: REGION.to_owned(),
            account: ACCOUNT.to_owned(),
        });

        let core = Arc::new(Core::new(store, catalog, hub.clone(), Arc::clone(&clock)));
        let staging = Arc::new(Staging::new(payloads, hub.clone(), Threads));
        let deliveries = start_deliveries(&hub, core, staging);

        let stop = CancellationToken::new();
        let mut listeners = JoinSet::new();
        listeners.spawn(housekeeping(objects.clone(), Arc::clone(&clock), stop.clone()));
        listeners.spawn(door.serve(door_router, stop.clone()));
        listeners.spawn(s3_port.serve(s3_router, stop.clone()));
        listeners.spawn(dynamodb_port.serve(dynamodb_router, stop.clone()));
        folder.announce(&Announcement { pid: std::process::id(), lake: url })?;
        let root = mint.root();
        let lake =
            Self { profile, issuer, root, database, hub, deliveries, listeners, stop, _folder: folder };
        Ok(Started::Ours(Box::new(lake)))
    }

    /// How to reach it.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Its issuer, for signing sample users in without a browser.
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// The administrator's credential for S3 and DynamoDB.
    pub fn root(&self) -> &RootCredential {
        &self.root
    }

    /// How much waits in its queues.
    pub async fn depths(&self) -> Result<Vec<hub::Depth>, lake::Fault> {
        self.hub.depths().await
    }

    /// Stops: no new requests, those under way end, deliveries end or are left for the next start, files are closed.
    pub async fn stop(mut self) {
        self.stop.cancel();
        while self.listeners.join_next().await.is_some() {}
        if self.deliveries.stop(DRAIN_LIMIT).await == hub::Stopped::GivenUp {
            tracing::warn!("some deliveries did not end in time; they are made again at the next start");
        }
        drop(self.hub);
        if let Err(fault) = self.database.close().await {
            tracing::warn!(%fault, "the database did not close cleanly; what was answered is durable all the same");
        }
    }
}

/// Three ports: the named one and the two after it, or any free ones.
async fn bind(port: u16) -> Result<[Loopback; 3], PortProblem> {
    let next = |step: u16| if port == 0 { 0 } else { port.saturating_add(step) };
    Ok([Loopback::bind(port).await?, Loopback::bind(next(1)).await?, Loopback::bind(next(2)).await?])
}

fn profile(name: &str, url: &str, s3: u16, dynamodb: u16, issuer: &Issuer, pool: &IdentityPool) -> Profile {
    Profile {
        schema: "lake-profile/1".to_owned(),
        name: name.to_owned(),
        lake_version: env!("CARGO_PKG_VERSION").to_owned(),
        region: REGION.to_owned(),
        issuer: issuer.issuer_url().to_owned(),
        client_id: issuer.client_id().to_owned(),
        scopes: issuer.scopes(),
        redirect_uris: issuer.settings().redirect_uris.clone(),
        logout_url: format!("{url}/logout"),
        logout_uris: issuer.settings().logout_uris.clone(),
        identity_pool_id: pool.id().to_owned(),
        identity_provider: pool.provider().to_owned(),
        bucket: BUCKET.to_owned(),
        catalog: CATALOG.to_owned(),
        catalog_shards: 1,
        endpoints: Endpoints {
            front_door: url.to_owned(),
            cognito_idp: None,
            cognito_identity: Some(url.to_owned()),
            s3: Some(format!("http://localhost:{s3}")),
            dynamodb: Some(format!("http://localhost:{dynamodb}")),
        },
        limits: Limits::default(),
    }
}

type LakeCore = Core<LocalStore, LocalCatalog, LocalHub, Arc<dyn Clock>>;
type LakeStaging = Staging<LocalPayloads, LocalHub, Threads>;

fn start_deliveries(hub: &LocalHub, core: Arc<LakeCore>, staging: Arc<LakeStaging>) -> Deliveries {
    let of_the_dead = Arc::clone(&core);
    let to_core: Handler = Arc::new(move |event| {
        let core = Arc::clone(&core);
        async move { core.handle(&event).await }.boxed()
    });
    let to_staging: Handler = Arc::new(move |event| {
        let staging = Arc::clone(&staging);
        async move { staging.handle(&event).await }.boxed()
    });
    let on_dead: OnDead = Arc::new(move |dead| {
        let core = Arc::clone(&of_the_dead);
        async move { core.undelivered(&dead.event, &dead.subscriber, &dead.reason).await }.boxed()
    });
    hub.start(HashMap::from([("core", to_core), ("staging", to_staging)]), on_dead)
}

/// Forgets payloads that are long past their use, at the start and then every hour.
async fn housekeeping(objects: Objects, clock: Arc<dyn Clock>, stop: CancellationToken) {
    loop {
        let before = clock.now().saturating_sub(PAYLOAD_LIFE).unwrap_or(Timestamp::MIN);
        match objects.expire(TRANSIENT_BUCKET, before).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "old payloads were forgotten"),
            Err(error) => {
                tracing::warn!(%error, "old payloads could not be forgotten; tried again in an hour")
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(HOUSEKEEPING) => {}
        }
    }
}

/// `GET /status`: how much is on its way inside, as counts; only a local lake tells.
fn status_router(hub: LocalHub) -> Router {
    Router::new().route("/status", get(move || status(hub.clone())))
}

async fn status(hub: LocalHub) -> Response {
    match hub.depths().await {
        Ok(depths) => {
            let told = depths.into_iter().map(|depth| {
                let counts = serde_json::json!({ "waiting": depth.waiting, "retrying": depth.retrying, "dead": depth.dead });
                (depth.subscriber.to_owned(), counts)
            });
            Json(serde_json::Value::Object(told.collect())).into_response()
        }
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// Long computations go to the threads for blocking work.
struct Threads;

impl Workers for Threads {
    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        tokio::task::spawn_blocking(work).await.ok()
    }
}

/// The lake's randomness, as the front door takes it.
struct DoorRandom(Arc<dyn Randomness>);

impl front_door::Random for DoorRandom {
    fn fill(&self, bytes: &mut [u8]) {
        if let Err(fault) = self.0.fill(bytes) {
            // Two equal owner tokens could settle each other's claims: better to stop than to go on without randomness.
            tracing::error!(%fault, "no random numbers: the lake stops");
            std::process::abort();
        }
    }
}

/// The time as the system tells it.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
