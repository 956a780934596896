//! An endpoint in this process, with objects of two institutions whose names begin alike.

use std::collections::BTreeMap;
use std::future::IntoFuture;
use std::sync::Arc;

use axum::serve::ListenerExt;
use jiff::{SignedDuration, Timestamp};
use lake::policy::steward_policy;
use lake::{Clock, Source, Zone};
use local_lake::credentials::{CredentialMint, Principal};
use local_lake::database::Database;
use local_lake::objects::{self, Objects, Target};
use local_lake::s3::{Endpoint, router};
use tokio::task::JoinHandle;

pub(crate) const BUCKET: &str = "lake-test";
pub(crate) const OTHER_BUCKET: &str = "lake-test-payloads";
pub(crate) const REGION: &str = "us-east-1";
/// Keys below `many/`, in seven folders.
pub(crate) const MANY: usize = 3_500;

pub(crate) struct TestLake {
    pub(crate) endpoint: String,
    pub(crate) objects: Objects,
    mint: Arc<CredentialMint>,
    serving: JoinHandle<std::io::Result<()>>,
    _folder: tempfile::TempDir,
}

/// What a client signs with.
#[derive(Clone, serde::Serialize)]
pub(crate) struct Keys {
    pub(crate) key: String,
    pub(crate) secret: String,
    pub(crate) token: Option<String>,
}

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

impl Drop for TestLake {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl TestLake {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let database =
            Database::open(&folder.path().join("lake.sqlite"), &[objects::SCHEMA]).expect("a fresh database");
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let objects = Objects::open(database, &folder.path().join("objects"), Arc::clone(&clock))
            .await
            .expect("a fresh store");
        for bucket in [BUCKET, OTHER_BUCKET] {
            objects.ensure_bucket(bucket).await.expect("a bucket");
        }
        let mint = Arc::new(CredentialMint::new([7; 32]));
        let policy =
            steward_policy(&format!("arn:aws:s3:::{BUCKET}"), "arn:aws:dynamodb:us-east-1:0:table/t")
                .expect("the policy of the template");
        let router = router(Endpoint {
            objects: objects.clone(),
            credentials: Arc::clone(&mint),
            policy: Arc::new(policy),
            clock,
            region: REGION.to_owned(),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let listener = listener.tap_io(|stream| stream.set_nodelay(true).expect("no delay"));
        let serving = tokio::spawn(axum::serve(listener, router).into_future());
        let endpoint = format!("http://127.0.0.1:{}", address.port());
        Self { endpoint, objects, mint, serving, _folder: folder }
    }

    pub(crate) fn administrator(&self) -> Keys {
        let root = self.mint.root();
        Keys { key: root.access_key_id, secret: root.secret_access_key.expose().to_owned(), token: None }
    }

    pub(crate) fn steward(&self, read: Option<&str>, write: Option<&str>) -> Keys {
        self.steward_at(read, write, Timestamp::now())
    }

    /// A steward whose credentials were handed out at that time.
    pub(crate) fn steward_at(&self, read: Option<&str>, write: Option<&str>, at: Timestamp) -> Keys {
        let source = |name: Option<&str>| name.map(|name| Source::parse(name).expect("an institution"));
        let principal = Principal::Steward {
            subject: "00000000-0000-4000-8000-000000000001".to_owned(),
            read: source(read),
            write: source(write),
        };
        let name = read.or(write).unwrap_or_default();
        let mut random = [9; 32];
        random.iter_mut().zip(name.bytes().rev()).for_each(|(to, from)| *to = from);
        let made = self.mint.mint(&principal, at, random).expect("credentials");
        Keys {
            key: made.access_key_id,
            secret: made.secret_access_key.expose().to_owned(),
            token: Some(made.session_token.expose().to_owned()),
        }
    }

    pub(crate) fn expired(&self) -> Keys {
        self.steward_at(Some("my_hospital_12"), None, Timestamp::now() - SignedDuration::from_hours(2))
    }

    pub(crate) async fn store(&self, bucket: &str, key: &str, body: &str, tag: Option<&str>) {
        let content = self.objects.content(body.to_owned()).await.expect("a small body");
        let target = Target {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            tags: tag
                .map(|tag| ("source".to_owned(), tag.to_owned()))
                .into_iter()
                .collect::<BTreeMap<_, _>>(),
            ..Target::default()
        };
        self.objects.put(target, content).await.expect("stored");
    }

    /// Many small objects at once, so that they share commits.
    pub(crate) async fn store_many(&self) {
        let writes = (0..MANY).map(|number| async move {
            self.store(BUCKET, &format!("many/d{}/{number:05}", number % 7), "x", None).await;
        });
        futures::future::join_all(writes).await;
    }
}

pub(crate) fn key_of(zone: Zone, source: &str) -> String {
    format!("{}/protocol=hl7v2/source={source}/date=2026-03-04/0195e9f0.x", zone.as_str())
}
