use std::ops::ControlFlow;

use jiff::Timestamp;
use lake::Digest;
use rusqlite::{Connection, Row as SqlRow, params};

use super::rows::text_of;
use super::{Latest, ObjectError, Objects, VersionId};
use crate::database::timestamp;

/// Rows of one key that are passed over one by one before a seek goes beyond them all.
const STEPS_BEFORE_SEEK: usize = 4;

/// What to list.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// The bucket's name.
    pub bucket: String,
    /// Only keys that begin so.
    pub prefix: String,
    /// Keys are grouped at the first occurrence of this after the prefix.
    pub delimiter: Option<String>,
    /// Where to begin; `None`: at the first key.
    pub after: Option<Position>,
    /// Most keys and groups in the answer.
    pub limit: usize,
}

/// A place between keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Position {
    /// Behind this key.
    Key(String),
    /// Behind all keys that begin so.
    Group(String),
}

impl Position {
    /// As an opaque token for clients, in `[0-9a-f.kg]`.
    pub fn token(&self) -> String {
        match self {
            Self::Key(key) => format!("k.{}", hex::encode(key)),
            Self::Group(prefix) => format!("g.{}", hex::encode(prefix)),
        }
    }

    /// Reads a token; `None` for what is none.
    pub fn parse(token: &str) -> Option<Self> {
        let (kind, text) = token.split_once('.')?;
        let text = String::from_utf8(hex::decode(text).ok()?).ok()?;
        match kind {
            "k" => Some(Self::Key(text)),
            "g" => Some(Self::Group(text)),
            _ => None,
        }
    }
}

/// A page of keys, in UTF-8 order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The newest versions of the keys.
    pub objects: Vec<Listed>,
    /// The groups (`CommonPrefixes`).
    pub groups: Vec<String>,
    /// Where to go on; `None` at the end.
    pub next: Option<Position>,
}

/// An object in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub key: String,
    /// Bytes of its body.
    pub size: u64,
    /// MD5 of the body, hexadecimal.
    pub etag: String,
    /// SHA-256 of the body.
    pub sha256: Digest,
    /// When it was written.
    pub modified_at: Timestamp,
}

/// A place between versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionPosition {
    /// Behind this version of this key.
    Version(String, VersionId),
    /// Behind all versions of a key, or of a group.
    Keys(Position),
}

/// A page of versions: by key in UTF-8 order, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionListing {
    /// The versions.
    pub versions: Vec<ListedVersion>,
    /// The groups (`CommonPrefixes`).
    pub groups: Vec<String>,
    /// Where to go on; `None` at the end.
    pub next: Option<VersionPosition>,
}

/// A version in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedVersion {
    /// Its key.
    pub key: String,
    /// The version.
    pub version_id: VersionId,
    /// Whether it is the newest of its key.
    pub latest: Latest,
    /// When it was written.
    pub modified_at: Timestamp,
    /// The object; `None` for a delete marker.
    pub object: Option<Listed>,
}

impl Objects {
    /// Lists the newest versions of keys, in one pass over an index; groups are passed over by seeking, whatever
    /// they hold.
    pub async fn list(&self, query: Query) -> Result<Listing, ObjectError> {
        let bucket = self.bucket_id(&query.bucket)?;
        Ok(self.database.read(move |connection| list(connection, bucket, &query)).await?)
    }

    /// Lists all versions, delete markers among them. `query.after` is not looked at.
    pub async fn list_versions(
        &self,
        query: Query,
        after: Option<VersionPosition>,
    ) -> Result<VersionListing, ObjectError> {
        let bucket = self.bucket_id(&query.bucket)?;
        let job = move |connection: &Connection| list_versions(connection, bucket, &query, after);
        Ok(self.database.read(job).await?)
    }
}

fn list(connection: &Connection, bucket: i64, query: &Query) -> rusqlite::Result<Listing> {
    let mut listing = Listing::default();
    if query.limit == 0 {
        return Ok(listing);
    }
    let mut from = start(query.after.as_ref());
    let mut last: Option<Position> = None;
    let mut seen: Vec<u8> = Vec::new();
    let mut steps = 0;
    while let Some(seek) = scan(connection, bucket, &query.prefix, &from, None, |row| {
        let key = row.get_ref(0)?.as_blob()?;
        if !seen.is_empty() && key == seen {
            // An older version.
            steps += 1;
            return Ok(if steps < STEPS_BEFORE_SEEK { go_on() } else { seek_to(behind_key(&seen)) });
        }
        steps = 0;
        seen.clear();
        seen.extend_from_slice(key);
        if row.get_ref(3)? == rusqlite::types::ValueRef::Null {
            return Ok(go_on()); // deleted
        }
        if listing.objects.len() + listing.groups.len() >= query.limit {
            listing.next = last.take();
            return Ok(ControlFlow::Break(None));
        }
        let key = text_of(key)?;
        if let Some(group) = group_of(&key, query) {
            let seek = behind_prefix(group.as_bytes());
            last = Some(Position::Group(group.clone()));
            listing.groups.push(group);
            return Ok(ControlFlow::Break(seek));
        }
        last = Some(Position::Key(key.clone()));
        listing.objects.push(listed(row, key)?);
        Ok(go_on())
    })? {
        from = seek;
    }
    Ok(listing)
}

fn list_versions(
    connection: &Connection,
    bucket: i64,
    query: &Query,
    after: Option<VersionPosition>,
) -> rusqlite::Result<VersionListing> {
    let mut listing = VersionListing::default();
    if query.limit == 0 {
        return Ok(listing);
    }
    let (mut from, mut below) = match &after {
        None => (start(None), None),
        Some(VersionPosition::Keys(position)) => (start(Some(position)), None),
        Some(VersionPosition::Version(key, version)) => (Some(key.clone().into_bytes()), Some(*version)),
    };
    // Versions of the key that the page before ended in are older ones.
    let mut seen = match &after {
        Some(VersionPosition::Version(key, _)) => key.clone(),
        _ => String::new(),
    };
    let mut last: Option<VersionPosition> = None;
    while let Some(seek) = scan(connection, bucket, &query.prefix, &from, below, |row| {
        if listing.versions.len() + listing.groups.len() >= query.limit {
            listing.next = last.take();
            return Ok(ControlFlow::Break(None));
        }
        let key = text_of(row.get_ref(0)?.as_blob()?)?;
        if let Some(group) = group_of(&key, query) {
            let seek = behind_prefix(group.as_bytes());
            last = Some(VersionPosition::Keys(Position::Group(group.clone())));
            listing.groups.push(group);
            return Ok(ControlFlow::Break(seek));
        }
        let latest = if key == seen { Latest::Older } else { Latest::Newest };
        seen.clone_from(&key);
        let version_id = VersionId(row.get(1)?);
        last = Some(VersionPosition::Version(key.clone(), version_id));
        let modified_at = timestamp(row.get(2)?);
        let object = match row.get_ref(3)? {
            rusqlite::types::ValueRef::Null => None,
            _ => Some(listed(row, key.clone())?),
        };
        listing.versions.push(ListedVersion { key, version_id, latest, modified_at, object });
        Ok(go_on())
    })? {
        from = seek;
        below = None;
    }
    Ok(listing)
}

/// Where a scan begins: at the first key not smaller; `None` when nothing can follow.
type From = Option<Vec<u8>>;

/// What a row leads to: the next row, or the end of this scan with a place to begin another at.
type Step = ControlFlow<From>;

fn go_on() -> Step {
    ControlFlow::Continue(())
}

fn seek_to(key: Vec<u8>) -> Step {
    ControlFlow::Break(Some(key))
}

/// Walks rows of the prefix from a key on (within that key, only versions below `below`) until `visit` breaks;
/// `None` at the end.
fn scan(
    connection: &Connection,
    bucket: i64,
    prefix: &str,
    from: &From,
    below: Option<VersionId>,
    mut visit: impl FnMut(&SqlRow<'_>) -> rusqlite::Result<Step>,
) -> rusqlite::Result<Option<From>> {
    let Some(from) = from else { return Ok(None) };
    let prefix = prefix.as_bytes();
    let lower = if from.as_slice() < prefix { prefix } else { from.as_slice() };
    let mut statement = connection.prepare_cached(
        "SELECT key, version, modified_at, content, size, md5, sha256 FROM object \
         WHERE bucket = ?1 AND key >= ?2 AND (?3 IS NULL OR key > ?2 OR version < ?3) \
         ORDER BY key, version DESC",
    )?;
    let mut rows = statement.query(params![bucket, lower, below.map(|version| version.0)])?;
    while let Some(row) = rows.next()? {
        if !row.get_ref(0)?.as_blob()?.starts_with(prefix) {
            return Ok(None);
        }
        if let ControlFlow::Break(seek) = visit(row)? {
            return Ok(Some(seek));
        }
    }
    Ok(None)
}

fn start(after: Option<&Position>) -> From {
    match after {
        None => Some(Vec::new()),
        Some(Position::Key(key)) => Some(behind_key(key.as_bytes())),
        Some(Position::Group(prefix)) => behind_prefix(prefix.as_bytes()),
    }
}

/// The smallest key behind this one.
fn behind_key(key: &[u8]) -> Vec<u8> {
    let mut next = key.to_vec();
    next.push(0);
    next
}

/// The smallest key behind all that begin so; `None` when there is none.
fn behind_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut next = prefix.to_vec();
    while let Some(byte) = next.pop() {
        if byte < u8::MAX {
            next.push(byte + 1);
            return Some(next);
        }
    }
    None
}

fn group_of(key: &str, query: &Query) -> Option<String> {
    let delimiter = query.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty())?;
    let rest = key.strip_prefix(query.prefix.as_str())?;
    let (head, _) = rest.split_once(delimiter)?;
    Some(format!("{}{head}{delimiter}", query.prefix))
}

fn listed(row: &SqlRow<'_>, key: String) -> rusqlite::Result<Listed> {
    Ok(Listed {
        key,
        size: row.get(4)?,
        etag: hex::encode(row.get_ref(5)?.as_blob()?),
        sha256: Digest::from_bytes(row.get(6)?),
        modified_at: timestamp(row.get(2)?),
    })
}
