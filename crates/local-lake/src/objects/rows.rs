use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use lake::{Digest, Fault, PutOutcome};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row as SqlRow, params};

use super::content::Stored;
use super::{Bucket, Condition, Latest, Object, ObjectError, PART, Target, VersionId};
use crate::database::{nanoseconds, timestamp};

/// `object` is ordered as S3 lists: by key, newest version first. Size and checksums stand in it too, so that lists
/// and heads read nothing else. A delete marker has no content.
pub(super) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS bucket (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS content (
    id INTEGER PRIMARY KEY,
    sha256 BLOB NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    body BLOB
);
CREATE TABLE IF NOT EXISTS object (
    bucket INTEGER NOT NULL,
    key BLOB NOT NULL,
    version INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    content INTEGER,
    size INTEGER,
    md5 BLOB,
    sha256 BLOB,
    content_type TEXT,
    metadata TEXT,
    tags TEXT,
    PRIMARY KEY (bucket, key, version DESC)
) WITHOUT ROWID;
";

/// The columns that [`read`] expects.
pub(super) const COLUMNS: &str =
    "key, version, modified_at, content, size, md5, sha256, content_type, metadata, tags";

type Found<T> = rusqlite::Result<Result<T, ObjectError>>;

/// What a row says of a body.
struct Row {
    content: i64,
    size: u64,
    md5: Vec<u8>,
    sha256: Digest,
}

/// A version as it lies in the table.
pub(super) enum Version {
    Object(Object),
    Marker { version_id: VersionId, modified_at: Timestamp },
}

pub(super) fn bucket_ids(connection: &Connection) -> rusqlite::Result<HashMap<String, i64>> {
    let mut statement = connection.prepare_cached("SELECT name, id FROM bucket")?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

pub(super) fn buckets(connection: &Connection) -> rusqlite::Result<Vec<Bucket>> {
    let mut statement = connection.prepare_cached("SELECT name, created_at FROM bucket ORDER BY name")?;
    statement
        .query_map([], |row| Ok(Bucket { name: row.get(0)?, created_at: timestamp(row.get(1)?) }))?
        .collect()
}

pub(super) fn ensure_bucket(
    connection: &Connection,
    name: &str,
    now: Timestamp,
) -> rusqlite::Result<(i64, PutOutcome)> {
    let known = connection
        .prepare_cached("SELECT id FROM bucket WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    if let Some(id) = known {
        return Ok((id, PutOutcome::Existed));
    }
    connection
        .prepare_cached("INSERT INTO bucket (name, created_at) VALUES (?1, ?2)")?
        .execute(params![name, nanoseconds(now)])?;
    Ok((connection.last_insert_rowid(), PutOutcome::Created))
}

/// One version, or the newest.
pub(super) fn find(
    connection: &Connection,
    bucket: i64,
    key: &str,
    version: Option<VersionId>,
) -> Found<Object> {
    let newest = match newest(connection, bucket, key)? {
        Some(newest) => newest,
        None => return Ok(Err(ObjectError::NoKey)),
    };
    let newest_id = newest.version_id();
    let (found, latest) = match version {
        Some(wanted) if wanted != newest_id => (exactly(connection, bucket, key, wanted)?, Latest::Older),
        _ => (Some(newest), Latest::Newest),
    };
    Ok(match found {
        Some(Version::Object(object)) => Ok(object),
        Some(Version::Marker { version_id, modified_at, .. }) => {
            Err(ObjectError::DeleteMarker { version_id, modified_at, latest })
        }
        None => Err(ObjectError::NoVersion),
    })
}

/// Stores a received body under a key. `Existed` with what is there: the target asked for an absent key.
pub(super) fn put(
    connection: &Connection,
    bucket: i64,
    target: Target,
    stored: &Stored,
    now: Timestamp,
) -> Found<(Object, PutOutcome)> {
    let newest = newest(connection, bucket, &target.key)?;
    match judge(&target.condition, newest) {
        Verdict::Go(last) => {
            let content = content_id(connection, stored)?;
            let row = Row { content, size: stored.size, md5: stored.md5.to_vec(), sha256: stored.sha256 };
            insert(connection, bucket, target, &row, last, now).map(Ok)
        }
        Verdict::Keep(object) => Ok(Ok((*object, PutOutcome::Existed))),
        Verdict::Refuse => Ok(Err(ObjectError::ConditionFailed)),
    }
}

/// Stores a body that is there already under another key. Its own place is looked at only if it is to be written:
/// what was copied long ago is there though its origin may have gone.
pub(super) fn link(
    connection: &Connection,
    bucket: i64,
    target: Target,
    origin: impl FnOnce() -> Found<Object>,
    expected: Option<Digest>,
    now: Timestamp,
) -> Found<(Object, PutOutcome)> {
    let last = match judge(&target.condition, newest(connection, bucket, &target.key)?) {
        Verdict::Go(last) => last,
        Verdict::Keep(object) => return Ok(Ok((*object, PutOutcome::Existed))),
        Verdict::Refuse => return Ok(Err(ObjectError::ConditionFailed)),
    };
    let origin = match origin()? {
        Ok(origin) => origin,
        Err(error) => return Ok(Err(error)),
    };
    if let Some(expected) = expected.filter(|expected| *expected != origin.sha256) {
        let reason = format!("its SHA-256 is {}, {expected} was expected", origin.sha256);
        return Ok(Err(Fault::Damaged { part: PART, what: origin.key, reason }.into()));
    }
    let row = Row {
        content: origin.content,
        size: origin.size,
        md5: hex::decode(&origin.etag).unwrap_or_default(),
        sha256: origin.sha256,
    };
    insert(connection, bucket, target, &row, last, now).map(Ok)
}

pub(super) fn insert_marker(
    connection: &Connection,
    bucket: i64,
    key: &str,
    now: Timestamp,
) -> rusqlite::Result<VersionId> {
    let last = newest(connection, bucket, key)?.map(|newest| newest.version_id());
    let version = next_version(last, now);
    connection
        .prepare_cached("INSERT INTO object (bucket, key, version, modified_at) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![bucket, key.as_bytes(), version.0, nanoseconds(now)])?;
    Ok(version)
}

pub(super) fn delete_version(
    connection: &Connection,
    bucket: i64,
    key: &str,
    version: VersionId,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM object WHERE bucket = ?1 AND key = ?2 AND version = ?3")?
        .execute(params![bucket, key.as_bytes(), version.0])
        .map(|_| ())
}

/// Old versions among some keys, and the key to go on behind, unless these were the last.
pub(super) struct Expired {
    pub(super) versions: Vec<(Vec<u8>, i64)>,
    pub(super) next: Option<Vec<u8>>,
}

/// Keys that are looked at in one step of expiry.
const EXPIRY_STEP: usize = 1_000;

pub(super) fn expired(
    connection: &Connection,
    bucket: i64,
    after: &[u8],
    before: Timestamp,
) -> rusqlite::Result<Expired> {
    let keys: Vec<Vec<u8>> = connection
        .prepare_cached(
            "SELECT DISTINCT key FROM object WHERE bucket = ?1 AND key > ?2 ORDER BY key LIMIT ?3",
        )?
        .query_map(params![bucket, after, EXPIRY_STEP], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let Some(last) = keys.last() else { return Ok(Expired { versions: Vec::new(), next: None }) };
    let mut statement = connection.prepare_cached(
        "SELECT key, version FROM object \
         WHERE bucket = ?1 AND key > ?2 AND key <= ?3 AND modified_at < ?4 ORDER BY key, version DESC",
    )?;
    let versions = statement
        .query_map(params![bucket, after, last, nanoseconds(before)], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let next = (keys.len() == EXPIRY_STEP).then(|| last.clone());
    Ok(Expired { versions, next })
}

pub(super) fn remove(
    connection: &Connection,
    bucket: i64,
    versions: &[(Vec<u8>, i64)],
) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare_cached("DELETE FROM object WHERE bucket = ?1 AND key = ?2 AND version = ?3")?;
    versions
        .iter()
        .try_for_each(|(key, version)| statement.execute(params![bucket, key, version]).map(|_| ()))
}

pub(super) fn set_tags(
    connection: &Connection,
    bucket: i64,
    key: &str,
    version: Option<VersionId>,
    tags: BTreeMap<String, String>,
) -> Found<Object> {
    let mut object = match find(connection, bucket, key, version)? {
        Ok(object) => object,
        Err(error) => return Ok(Err(error)),
    };
    connection
        .prepare_cached("UPDATE object SET tags = ?4 WHERE bucket = ?1 AND key = ?2 AND version = ?3")?
        .execute(params![bucket, key.as_bytes(), object.version_id.0, to_json(&tags)?])?;
    object.tags = tags;
    Ok(Ok(object))
}

/// Reads a row of [`COLUMNS`].
pub(super) fn read(row: &SqlRow<'_>) -> rusqlite::Result<Version> {
    let version_id = VersionId(row.get(1)?);
    let modified_at = timestamp(row.get(2)?);
    let Some(content) = row.get(3)? else {
        return Ok(Version::Marker { version_id, modified_at });
    };
    Ok(Version::Object(Object {
        key: text_of(row.get_ref(0)?.as_blob()?)?,
        version_id,
        sha256: Digest::from_bytes(row.get(6)?),
        etag: hex::encode(row.get_ref(5)?.as_blob()?),
        size: row.get(4)?,
        content_type: row.get(7)?,
        metadata: of_json(row, 8)?,
        tags: of_json(row, 9)?,
        modified_at,
        content,
    }))
}

pub(super) fn text_of(bytes: &[u8]) -> rusqlite::Result<String> {
    String::from_utf8(bytes.to_vec())
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Blob, Box::new(error)))
}

impl Version {
    fn version_id(&self) -> VersionId {
        match self {
            Self::Object(object) => object.version_id,
            Self::Marker { version_id, .. } => *version_id,
        }
    }
}

fn newest(connection: &Connection, bucket: i64, key: &str) -> rusqlite::Result<Option<Version>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM object WHERE bucket = ?1 AND key = ?2 ORDER BY version DESC LIMIT 1"
        ))?
        .query_row(params![bucket, key.as_bytes()], read)
        .optional()
}

fn exactly(
    connection: &Connection,
    bucket: i64,
    key: &str,
    version: VersionId,
) -> rusqlite::Result<Option<Version>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM object WHERE bucket = ?1 AND key = ?2 AND version = ?3"
        ))?
        .query_row(params![bucket, key.as_bytes(), version.0], read)
        .optional()
}

enum Verdict {
    /// Write, after this version.
    Go(Option<VersionId>),
    /// Leave what is there.
    Keep(Box<Object>),
    Refuse,
}

fn judge(condition: &Condition, newest: Option<Version>) -> Verdict {
    let last = newest.as_ref().map(Version::version_id);
    match (condition, newest) {
        (Condition::IfAbsent, Some(Version::Object(object))) => Verdict::Keep(Box::new(object)),
        (Condition::Always | Condition::IfAbsent, _) => Verdict::Go(last),
        (Condition::IfMatch(etag), Some(Version::Object(object))) if object.etag == *etag => {
            Verdict::Go(last)
        }
        (Condition::IfMatch(_), _) => Verdict::Refuse,
    }
}

fn content_id(connection: &Connection, stored: &Stored) -> rusqlite::Result<i64> {
    let known = connection
        .prepare_cached("SELECT id FROM content WHERE sha256 = ?1")?
        .query_row([stored.sha256.as_bytes()], |row| row.get(0))
        .optional()?;
    if let Some(id) = known {
        return Ok(id);
    }
    connection
        .prepare_cached("INSERT INTO content (sha256, size, body) VALUES (?1, ?2, ?3)")?
        .execute(params![stored.sha256.as_bytes(), stored.size, stored.inline.as_deref()])?;
    Ok(connection.last_insert_rowid())
}

fn insert(
    connection: &Connection,
    bucket: i64,
    target: Target,
    row: &Row,
    last: Option<VersionId>,
    now: Timestamp,
) -> rusqlite::Result<(Object, PutOutcome)> {
    let version = next_version(last, now);
    connection
        .prepare_cached(&format!(
            "INSERT INTO object (bucket, {COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
        ))?
        .execute(params![
            bucket,
            target.key.as_bytes(),
            version.0,
            nanoseconds(now),
            row.content,
            row.size,
            row.md5,
            row.sha256.as_bytes(),
            target.content_type,
            to_json(&target.metadata)?,
            to_json(&target.tags)?,
        ])?;
    let object = Object {
        key: target.key,
        version_id: version,
        sha256: row.sha256,
        etag: hex::encode(&row.md5),
        size: row.size,
        content_type: target.content_type,
        metadata: target.metadata,
        tags: target.tags,
        modified_at: timestamp(nanoseconds(now)),
        content: row.content,
    };
    Ok((object, PutOutcome::Created))
}

/// Microseconds of the time of writing, or one more than the last: later versions are always larger.
fn next_version(last: Option<VersionId>, now: Timestamp) -> VersionId {
    let at = now.as_microsecond().max(0);
    VersionId(last.map_or(at, |last| at.max(last.0.saturating_add(1))))
}

/// `NULL` for none: most objects have no metadata.
fn to_json(map: &BTreeMap<String, String>) -> rusqlite::Result<Option<String>> {
    if map.is_empty() {
        return Ok(None);
    }
    serde_json::to_string(map)
        .map(Some)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

fn of_json(row: &SqlRow<'_>, column: usize) -> rusqlite::Result<BTreeMap<String, String>> {
    match row.get_ref(column)?.as_str_or_null()? {
        None => Ok(BTreeMap::new()),
        Some(text) => serde_json::from_str(text)
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))),
    }
}
