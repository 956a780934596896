//! The S3 index: buckets, objects with their versions, tags and checksums, over content-addressed bodies.
//!
//! A body is stored once under its SHA-256: to 64 KiB in the database, larger as a file below `objects/`, synced with
//! its folders before the row commits. So a copy costs a row. Keys are bytes in order (S3's UTF-8 order), so that `a`
//! beside `a/b`, keys of 1,024 bytes and any characters need no care.

mod body;
mod content;
mod list;
mod rows;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use lake::{Clock, Digest, Fault, PutOutcome};

pub use body::Body;
pub use content::{Content, Incoming};
pub use list::{Listed, ListedVersion, Listing, Position, Query, VersionListing, VersionPosition};

use crate::database::Database;

/// The tables, for [`Database::open`].
pub const SCHEMA: &str = rows::SCHEMA;

/// Longest key, in bytes of UTF-8
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>).
pub const KEY_BYTES: usize = 1024;

/// Largest body that lies in the database, in bytes; larger ones are files.
pub const INLINE_BYTES: usize = 64 * 1024;

const PART: &str = "the object store";

/// Why an object cannot be had or written. All but the last are facts for the caller to tell its client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// There is no such bucket.
    #[error("there is no bucket {0}")]
    NoBucket(String),
    /// Nothing is stored under this key.
    #[error("nothing is stored under this key")]
    NoKey,
    /// The key has no such version.
    #[error("the key has no such version")]
    NoVersion,
    /// What is asked for is a delete marker.
    #[error("the object was deleted")]
    DeleteMarker {
        /// The marker's version.
        version_id: VersionId,
        /// When the marker was written.
        modified_at: Timestamp,
        /// Whether it is the newest version.
        latest: Latest,
    },
    /// A condition of the write does not hold.
    #[error("the condition of the write does not hold")]
    ConditionFailed,
    /// The key is empty or longer than 1,024 bytes.
    #[error("a key has 1 to {KEY_BYTES} bytes")]
    BadKey,
    /// The store could not do its work.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl ObjectError {
    /// As a fault of the port, where no client waits for the difference.
    pub(crate) fn into_fault(self, what: &str) -> Fault {
        match self {
            Self::Fault(fault) => fault,
            Self::NoKey | Self::NoVersion | Self::DeleteMarker { .. } => {
                Fault::Missing { part: PART, what: what.to_owned() }
            }
            Self::NoBucket(_) | Self::ConditionFailed | Self::BadKey => {
                Fault::Refused { part: PART, reason: format!("{self} ({what})") }
            }
        }
    }
}

/// One version of a key: unique within the key, larger for later ones. As text, 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VersionId(i64);

impl VersionId {
    /// Reads a version as clients name it; `None` for one that this store never gave.
    pub fn parse(text: &str) -> Option<Self> {
        let version = i64::from_str_radix(text, 16).ok().filter(|version| *version >= 0).map(Self)?;
        (version.to_string() == text).then_some(version)
    }
}

impl std::fmt::Display for VersionId {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:016x}", self.0)
    }
}

/// Whether a version is the newest of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Latest {
    /// It is.
    Newest,
    /// Newer ones follow it.
    Older,
}

/// What is known of one version of an object, without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its key.
    pub key: String,
    /// Its version.
    pub version_id: VersionId,
    /// SHA-256 of the body.
    pub sha256: Digest,
    /// MD5 of the body: the ETag, in hexadecimal, without quotes.
    pub etag: String,
    /// Bytes of the body.
    pub size: u64,
    /// The media type that it was stored with.
    pub content_type: Option<String>,
    /// User metadata (`x-amz-meta-…`, names without the prefix).
    pub metadata: BTreeMap<String, String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// When it was written.
    pub modified_at: Timestamp,
    content: i64,
}

/// A bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Which object, and which of its versions (`None`: the newest).
#[derive(Clone, Copy, Debug)]
pub struct Address<'a> {
    /// The bucket's name.
    pub bucket: &'a str,
    /// The key.
    pub key: &'a str,
    /// The version.
    pub version: Option<VersionId>,
}

/// When a write may go ahead (RFC 9110, section 13.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Condition {
    /// Always.
    #[default]
    Always,
    /// `If-None-Match: *`: nothing is there (or a delete marker).
    IfAbsent,
    /// `If-Match`: the newest version has this ETag (hexadecimal, without quotes).
    IfMatch(String),
}

/// Where and with what a body is to be stored.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// The bucket's name.
    pub bucket: String,
    /// The key: 1 to 1,024 bytes of UTF-8.
    pub key: String,
    /// The media type.
    pub content_type: Option<String>,
    /// User metadata.
    pub metadata: BTreeMap<String, String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// When the write may go ahead.
    pub condition: Condition,
}

/// The store. Clones share it.
#[derive(Clone)]
pub struct Objects {
    database: Database,
    folder: Arc<PathBuf>,
    clock: Arc<dyn Clock>,
    buckets: Arc<RwLock<HashMap<String, i64>>>,
}

impl Objects {
    /// Opens the store on a database that has its tables ([`SCHEMA`]), with larger bodies below `folder`
    /// (made if needed). What unfinished writes left there is removed.
    pub async fn open(database: Database, folder: &Path, clock: Arc<dyn Clock>) -> Result<Self, Fault> {
        let folder = folder.to_owned();
        let made = folder.clone();
        blocking(move || prepare_folder(&made)).await?;
        let known = database.read(rows::bucket_ids).await?;
        Ok(Self { database, folder: Arc::new(folder), clock, buckets: Arc::new(RwLock::new(known)) })
    }

    /// Makes a bucket if there is none of this name.
    pub async fn ensure_bucket(&self, name: &str) -> Result<PutOutcome, Fault> {
        let (wanted, now) = (name.to_owned(), self.clock.now());
        let (id, outcome) =
            self.database.write(move |connection| rows::ensure_bucket(connection, &wanted, now)).await?;
        self.buckets.write().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), id);
        Ok(outcome)
    }

    /// All buckets, by name.
    pub async fn buckets(&self) -> Result<Vec<Bucket>, Fault> {
        self.database.read(rows::buckets).await
    }

    /// Whether there is a bucket of this name.
    pub fn has_bucket(&self, name: &str) -> bool {
        self.bucket_id(name).is_ok()
    }

    /// Stores a body that was received; durable once this answers.
    pub async fn put(&self, target: Target, content: Content) -> Result<Object, ObjectError> {
        match self.store(target, content).await? {
            (object, PutOutcome::Created) => Ok(object),
            (_, PutOutcome::Existed) => Err(ObjectError::ConditionFailed),
        }
    }

    /// Stores a body if nothing is under the key; answers with what is there afterwards, and whether this call wrote it.
    pub async fn put_if_absent(
        &self,
        mut target: Target,
        content: Content,
    ) -> Result<(Object, PutOutcome), ObjectError> {
        target.condition = Condition::IfAbsent;
        self.store(target, content).await
    }

    /// Stores a body that is there already under another key: one row.
    pub async fn copy(&self, from: Address<'_>, target: Target) -> Result<Object, ObjectError> {
        match self.link(from, target, None).await? {
            (object, PutOutcome::Created) => Ok(object),
            (_, PutOutcome::Existed) => Err(ObjectError::ConditionFailed),
        }
    }

    /// As [`Objects::copy`], if nothing is under the key; answers with what is there afterwards. A body other than
    /// `expected` is not copied but told as [`Fault::Damaged`].
    pub async fn copy_if_absent(
        &self,
        from: Address<'_>,
        mut target: Target,
        expected: Option<Digest>,
    ) -> Result<(Object, PutOutcome), ObjectError> {
        target.condition = Condition::IfAbsent;
        self.link(from, target, expected).await
    }

    /// What is known of an object.
    pub async fn head(&self, address: Address<'_>) -> Result<Object, ObjectError> {
        let bucket = self.bucket_id(address.bucket)?;
        let (key, version) = (address.key.to_owned(), address.version);
        self.database.read(move |connection| rows::find(connection, bucket, &key, version)).await?
    }

    /// Deletes: the newest version becomes a delete marker, whose version is answered. What was stored stays.
    pub async fn delete(&self, bucket: &str, key: &str) -> Result<VersionId, ObjectError> {
        check_key(key)?;
        let (bucket, key, now) = (self.bucket_id(bucket)?, key.to_owned(), self.clock.now());
        Ok(self.database.write(move |connection| rows::insert_marker(connection, bucket, &key, now)).await?)
    }

    /// Removes one version for good. Nothing happens if there is no such version.
    /// Its body stays: other objects may share it.
    pub async fn delete_version(
        &self,
        bucket: &str,
        key: &str,
        version: VersionId,
    ) -> Result<(), ObjectError> {
        let (bucket, key) = (self.bucket_id(bucket)?, key.to_owned());
        Ok(self
            .database
            .write(move |connection| rows::delete_version(connection, bucket, &key, version))
            .await?)
    }

    /// Removes every version of a bucket that was written before a time, for good: the lifecycle rule of the
    /// transient bucket. Bodies stay, since the lake bucket shares them. The number of versions removed.
    pub async fn expire(&self, bucket: &str, before: Timestamp) -> Result<u64, ObjectError> {
        let bucket = self.bucket_id(bucket)?;
        let mut after = Some(Vec::new());
        let mut removed = 0;
        while let Some(key) = after {
            let page = self.database.read(move |connection| rows::expired(connection, bucket, &key, before));
            let rows::Expired { versions, next } = page.await?;
            after = next;
            removed += u64::try_from(versions.len()).unwrap_or(u64::MAX);
            if !versions.is_empty() {
                self.database.write(move |connection| rows::remove(connection, bucket, &versions)).await?;
            }
        }
        Ok(removed)
    }

    /// Replaces the tags of a version.
    pub async fn set_tags(
        &self,
        address: Address<'_>,
        tags: BTreeMap<String, String>,
    ) -> Result<Object, ObjectError> {
        let bucket = self.bucket_id(address.bucket)?;
        let (key, version) = (address.key.to_owned(), address.version);
        self.database.write(move |connection| rows::set_tags(connection, bucket, &key, version, tags)).await?
    }

    async fn store(&self, target: Target, content: Content) -> Result<(Object, PutOutcome), ObjectError> {
        let bucket = self.check(&target)?;
        let stored = content.place(&self.folder).await?;
        let now = self.clock.now();
        self.database.write(move |connection| rows::put(connection, bucket, target, &stored, now)).await?
    }

    async fn link(
        &self,
        from: Address<'_>,
        target: Target,
        expected: Option<Digest>,
    ) -> Result<(Object, PutOutcome), ObjectError> {
        let bucket = self.check(&target)?;
        let from_bucket = self.bucket_id(from.bucket)?;
        let (key, version, now) = (from.key.to_owned(), from.version, self.clock.now());
        self.database
            .write(move |connection| {
                let find = || rows::find(connection, from_bucket, &key, version);
                rows::link(connection, bucket, target, find, expected, now)
            })
            .await?
    }

    fn check(&self, target: &Target) -> Result<i64, ObjectError> {
        check_key(&target.key)?;
        self.bucket_id(&target.bucket)
    }

    fn bucket_id(&self, name: &str) -> Result<i64, ObjectError> {
        let buckets = self.buckets.read().unwrap_or_else(PoisonError::into_inner);
        buckets.get(name).copied().ok_or_else(|| ObjectError::NoBucket(name.to_owned()))
    }
}

fn check_key(key: &str) -> Result<(), ObjectError> {
    if (1..=KEY_BYTES).contains(&key.len()) { Ok(()) } else { Err(ObjectError::BadKey) }
}

/// Runs file work on a thread for blocking work.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Fault> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(|error| file_fault(&error)),
        Err(_) => Err(Fault::Refused { part: PART, reason: "file work panicked".to_owned() }),
    }
}

fn file_fault(error: &io::Error) -> Fault {
    Fault::Unavailable { part: PART, reason: error.to_string() }
}

fn prepare_folder(folder: &Path) -> io::Result<()> {
    let unfinished = folder.join(content::UNFINISHED);
    match fs::remove_dir_all(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::create_dir_all(&unfinished)?;
    content::sync_folder(folder)?;
    folder.parent().map_or(Ok(()), content::sync_folder)
}

#[cfg(test)]
mod tests;
