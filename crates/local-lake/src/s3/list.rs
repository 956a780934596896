//! Lists: of buckets, keys and versions, in pages of at most 1,000.

use s3s::dto::*;
use s3s::{S3Result, s3_error};

use super::{Endpoint, answer};
use crate::objects::{Latest, Listed, ListedVersion, Position, Query, VersionId, VersionPosition};

/// Most entries in one answer, as S3 has it.
const PAGE: usize = 1000;

/// The account that everything belongs to.
const OWNER: &str = "lake";

pub(super) async fn buckets(endpoint: &Endpoint, input: ListBucketsInput) -> S3Result<ListBucketsOutput> {
    let known = endpoint.objects.buckets().await.map_err(|fault| answer::fault(&fault))?;
    let prefix = input.prefix.unwrap_or_default();
    let buckets = known.into_iter().filter(|bucket| bucket.name.starts_with(&prefix)).map(|bucket| Bucket {
        name: Some(bucket.name),
        creation_date: Some(answer::timestamp(bucket.created_at)),
        bucket_region: Some(endpoint.region.clone()),
    });
    Ok(ListBucketsOutput { buckets: Some(buckets.collect()), owner: Some(owner()), ..Default::default() })
}

pub(super) async fn objects_v2(
    endpoint: &Endpoint,
    input: ListObjectsV2Input,
) -> S3Result<ListObjectsV2Output> {
    let encoding = Encoding::parse(input.encoding_type.as_ref())?;
    let limit = page(input.max_keys)?;
    let query = Query {
        bucket: input.bucket,
        prefix: input.prefix.unwrap_or_default(),
        delimiter: input.delimiter.filter(|delimiter| !delimiter.is_empty()),
        after: None,
        limit,
    };
    let after = match (&input.continuation_token, &input.start_after) {
        (Some(token), _) => Some(
            Position::parse(token)
                .ok_or_else(|| s3_error!(InvalidArgument, "The continuation token provided is incorrect"))?,
        ),
        (None, Some(key)) => behind(key, &query),
        (None, None) => None,
    };
    let listing = endpoint.objects.list(Query { after, ..query.clone() }).await.map_err(answer::refused)?;
    let owner = input.fetch_owner.unwrap_or(false).then(owner);
    let count = listing.objects.len() + listing.groups.len();
    Ok(ListObjectsV2Output {
        is_truncated: Some(listing.next.is_some()),
        next_continuation_token: listing.next.map(|position| position.token()),
        contents: Some(
            listing.objects.into_iter().map(|object| entry(object, encoding, owner.clone())).collect(),
        ),
        common_prefixes: Some(groups(listing.groups, encoding)),
        key_count: Some(i32::try_from(count).unwrap_or(i32::MAX)),
        max_keys: Some(told(limit)),
        name: Some(query.bucket),
        prefix: Some(encoding.text(query.prefix)),
        delimiter: query.delimiter.map(|delimiter| encoding.text(delimiter)),
        start_after: input.start_after.map(|key| encoding.text(key)),
        continuation_token: input.continuation_token,
        encoding_type: input.encoding_type,
        ..Default::default()
    })
}

pub(super) async fn objects_v1(endpoint: &Endpoint, input: ListObjectsInput) -> S3Result<ListObjectsOutput> {
    let encoding = Encoding::parse(input.encoding_type.as_ref())?;
    let limit = page(input.max_keys)?;
    let query = Query {
        bucket: input.bucket,
        prefix: input.prefix.unwrap_or_default(),
        delimiter: input.delimiter.filter(|delimiter| !delimiter.is_empty()),
        after: None,
        limit,
    };
    let after = input.marker.as_ref().and_then(|marker| behind(marker, &query));
    let listing = endpoint.objects.list(Query { after, ..query.clone() }).await.map_err(answer::refused)?;
    let next = listing.next.as_ref().map(|position| match position {
        Position::Key(text) | Position::Group(text) => encoding.text(text.clone()),
    });
    Ok(ListObjectsOutput {
        is_truncated: Some(next.is_some()),
        next_marker: next,
        contents: Some(
            listing.objects.into_iter().map(|object| entry(object, encoding, Some(owner()))).collect(),
        ),
        common_prefixes: Some(groups(listing.groups, encoding)),
        max_keys: Some(told(limit)),
        name: Some(query.bucket),
        prefix: Some(encoding.text(query.prefix)),
        delimiter: query.delimiter.map(|delimiter| encoding.text(delimiter)),
        marker: Some(encoding.text(input.marker.unwrap_or_default())),
        encoding_type: input.encoding_type,
        ..Default::default()
    })
}

pub(super) async fn versions(
    endpoint: &Endpoint,
    input: ListObjectVersionsInput,
) -> S3Result<ListObjectVersionsOutput> {
    let encoding = Encoding::parse(input.encoding_type.as_ref())?;
    let limit = page(input.max_keys)?;
    let query = Query {
        bucket: input.bucket,
        prefix: input.prefix.unwrap_or_default(),
        delimiter: input.delimiter.filter(|delimiter| !delimiter.is_empty()),
        after: None,
        limit,
    };
    let version_marker = input.version_id_marker.filter(|marker| !marker.is_empty());
    let after = match (&input.key_marker, &version_marker) {
        (Some(key), Some(version)) => match VersionId::parse(version) {
            Some(version) => Some(VersionPosition::Version(key.clone(), version)),
            None => return Err(s3_error!(InvalidArgument, "Invalid version id specified")),
        },
        (Some(key), None) => behind(key, &query).map(VersionPosition::Keys),
        (None, Some(_)) => {
            return Err(s3_error!(
                InvalidArgument,
                "A version-id marker cannot be specified without a key marker."
            ));
        }
        (None, None) => None,
    };
    let listing = endpoint.objects.list_versions(query.clone(), after).await.map_err(answer::refused)?;
    let (next_key, next_version) = match listing.next {
        None => (None, None),
        Some(VersionPosition::Version(key, version)) => (Some(key), Some(version.to_string())),
        Some(VersionPosition::Keys(Position::Key(text) | Position::Group(text))) => (Some(text), None),
    };
    let mut versions = Vec::new();
    let mut markers = Vec::new();
    for ListedVersion { key, version_id, latest, modified_at, object } in listing.versions {
        let (key, version_id) = (Some(encoding.text(key)), Some(version_id.to_string()));
        let (is_latest, last_modified) =
            (Some(latest == Latest::Newest), Some(answer::timestamp(modified_at)));
        match object {
            Some(object) => versions.push(ObjectVersion {
                key,
                version_id,
                is_latest,
                last_modified,
                owner: Some(owner()),
                e_tag: Some(answer::etag(&object.etag)),
                size: Some(i64::try_from(object.size).unwrap_or(i64::MAX)),
                storage_class: Some(ObjectVersionStorageClass::from_static(
                    ObjectVersionStorageClass::STANDARD,
                )),
                ..Default::default()
            }),
            None => markers.push(DeleteMarkerEntry {
                key,
                version_id,
                is_latest,
                last_modified,
                owner: Some(owner()),
            }),
        }
    }
    Ok(ListObjectVersionsOutput {
        is_truncated: Some(next_key.is_some()),
        next_key_marker: next_key.map(|key| encoding.text(key)),
        next_version_id_marker: next_version,
        versions: Some(versions),
        delete_markers: Some(markers),
        common_prefixes: Some(groups(listing.groups, encoding)),
        max_keys: Some(told(limit)),
        name: Some(query.bucket),
        prefix: Some(encoding.text(query.prefix)),
        delimiter: query.delimiter.map(|delimiter| encoding.text(delimiter)),
        key_marker: Some(encoding.text(input.key_marker.unwrap_or_default())),
        version_id_marker: version_marker,
        encoding_type: input.encoding_type,
        ..Default::default()
    })
}

/// How texts stand in the answer. Without encoding, XML cannot hold every key.
#[derive(Clone, Copy)]
enum Encoding {
    Plain,
    Url,
}

impl Encoding {
    fn parse(asked: Option<&EncodingType>) -> S3Result<Self> {
        match asked.map(EncodingType::as_str) {
            None => Ok(Self::Plain),
            Some(EncodingType::URL) => Ok(Self::Url),
            Some(_) => Err(s3_error!(InvalidArgument, "Invalid Encoding Method specified in Request")),
        }
    }

    fn text(self, text: String) -> String {
        match self {
            Self::Plain => text,
            Self::Url => text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
                match byte {
                    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' | b'/' => {
                        encoded.push(char::from(byte));
                    }
                    other => {
                        encoded.push('%');
                        encoded.push_str(&hex::encode_upper([other]));
                    }
                }
                encoded
            }),
        }
    }
}

/// The place behind a key that a client names. Where it names a group of this list, behind the whole group:
/// the markers of older lists do.
fn behind(key: &str, query: &Query) -> Option<Position> {
    if key.is_empty() {
        return None;
    }
    let group = query.delimiter.as_deref().and_then(|delimiter| {
        let head = key.strip_prefix(query.prefix.as_str())?.strip_suffix(delimiter)?;
        (!head.contains(delimiter)).then(|| Position::Group(key.to_owned()))
    });
    Some(group.unwrap_or_else(|| Position::Key(key.to_owned())))
}

/// How many entries the answer may have.
fn page(asked: Option<i32>) -> S3Result<usize> {
    match asked.map(usize::try_from) {
        None => Ok(PAGE),
        Some(Ok(asked)) => Ok(asked.min(PAGE)),
        Some(Err(_)) => {
            Err(s3_error!(InvalidArgument, "Argument maxKeys must be an integer between 0 and 2147483647"))
        }
    }
}

/// The same as the answer tells it: not what was asked for, but what it was cut to.
fn told(limit: usize) -> i32 {
    i32::try_from(limit).unwrap_or(i32::MAX)
}

fn entry(object: Listed, encoding: Encoding, owner: Option<Owner>) -> Object {
    Object {
        key: Some(encoding.text(object.key)),
        e_tag: Some(answer::etag(&object.etag)),
        last_modified: Some(answer::timestamp(object.modified_at)),
        size: Some(i64::try_from(object.size).unwrap_or(i64::MAX)),
        checksum_algorithm: Some(vec![ChecksumAlgorithm::from_static(ChecksumAlgorithm::SHA256)]),
        checksum_type: Some(ChecksumType::from_static(ChecksumType::FULL_OBJECT)),
        storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
        owner,
        ..Default::default()
    }
}

fn groups(groups: Vec<String>, encoding: Encoding) -> Vec<CommonPrefix> {
    groups.into_iter().map(|prefix| CommonPrefix { prefix: Some(encoding.text(prefix)) }).collect()
}

fn owner() -> Owner {
    Owner { display_name: Some(OWNER.to_owned()), id: Some(OWNER.to_owned()) }
}
