//! Objects out: bodies, ranges, conditions, tags.

use std::ops::Range as Bytes;
use std::sync::Arc;

use http::{Extensions, HeaderMap, HeaderValue};
use s3s::dto::*;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};
use tokio::io::AsyncReadExt;
use tokio_util::io::ReaderStream;

use super::access::Found;
use super::{Endpoint, answer, metadata, tags};
use crate::objects::{Address, Body, Object, ObjectError};

/// How much of a file is read at once.
const PIECE: usize = 128 * 1024;

pub(super) async fn get(
    endpoint: &Endpoint,
    request: S3Request<GetObjectInput>,
) -> S3Result<S3Response<GetObjectOutput>> {
    let input = request.input;
    refuse_unsupported(input.sse_customer_algorithm.as_ref(), input.part_number)?;
    let version = input.version_id.as_deref();
    let object = find(endpoint, &request.extensions, &input.bucket, &input.key, version).await?;
    Conditions {
        if_match: input.if_match.as_ref(),
        if_none_match: input.if_none_match.as_ref(),
        if_modified_since: input.if_modified_since.as_ref(),
        if_unmodified_since: input.if_unmodified_since.as_ref(),
    }
    .check(&object)?;
    let part = part(&object, input.range.as_ref())?;
    let opened = endpoint.objects.open_body(&object, part.bytes.clone()).await;
    let body = match opened.map_err(|fault| answer::fault(&fault))? {
        Body::Bytes(bytes) => StreamingBlob::from(s3s::Body::from(bytes)),
        Body::File { file, length } => {
            StreamingBlob::wrap(ReaderStream::with_capacity(file.take(length), PIECE))
        }
    };
    let checksum = checksum(&object, &part, input.checksum_mode.as_ref());
    let headers = metadata::headers(&object);
    let output = GetObjectOutput {
        body: Some(body),
        accept_ranges: Some("bytes".to_owned()),
        content_length: Some(length(&part.bytes)),
        content_type: Some(content_type(&object)),
        checksum_type: checksum.as_ref().map(|_| ChecksumType::from_static(ChecksumType::FULL_OBJECT)),
        checksum_sha256: checksum,
        e_tag: Some(answer::etag(&object.etag)),
        last_modified: Some(answer::timestamp(object.modified_at)),
        metadata: metadata::own(&object),
        tag_count: i32::try_from(object.tags.len()).ok().filter(|count| *count > 0),
        version_id: Some(object.version_id.to_string()),
        content_range: part.content_range,
        ..Default::default()
    };
    Ok(S3Response::with_headers(output, headers))
}

pub(super) async fn head(
    endpoint: &Endpoint,
    request: S3Request<HeadObjectInput>,
) -> S3Result<S3Response<HeadObjectOutput>> {
    let input = request.input;
    refuse_unsupported(input.sse_customer_algorithm.as_ref(), input.part_number)?;
    let version = input.version_id.as_deref();
    let object = find(endpoint, &request.extensions, &input.bucket, &input.key, version).await?;
    Conditions {
        if_match: input.if_match.as_ref(),
        if_none_match: input.if_none_match.as_ref(),
        if_modified_since: input.if_modified_since.as_ref(),
        if_unmodified_since: input.if_unmodified_since.as_ref(),
    }
    .check(&object)?;
    let part = part(&object, input.range.as_ref())?;
    let checksum = checksum(&object, &part, input.checksum_mode.as_ref());
    let headers = metadata::headers(&object);
    let partial = part.content_range.as_ref().map(|_| http::StatusCode::PARTIAL_CONTENT);
    let output = HeadObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        content_length: Some(length(&part.bytes)),
        content_type: Some(content_type(&object)),
        checksum_type: checksum.as_ref().map(|_| ChecksumType::from_static(ChecksumType::FULL_OBJECT)),
        checksum_sha256: checksum,
        e_tag: Some(answer::etag(&object.etag)),
        last_modified: Some(answer::timestamp(object.modified_at)),
        metadata: metadata::own(&object),
        version_id: Some(object.version_id.to_string()),
        content_range: part.content_range,
        ..Default::default()
    };
    let mut response = S3Response::with_headers(output, headers);
    response.status = partial;
    Ok(response)
}

pub(super) async fn attributes(
    endpoint: &Endpoint,
    request: S3Request<GetObjectAttributesInput>,
) -> S3Result<GetObjectAttributesOutput> {
    let input = request.input;
    let version = input.version_id.as_deref();
    let object = find(endpoint, &request.extensions, &input.bucket, &input.key, version).await?;
    // Clients send the names in one header, with commas, or in several.
    let names = || input.object_attributes.iter().flat_map(|names| names.as_str().split(',')).map(str::trim);
    let asked = |name: &str| names().any(|one| one == name);
    Ok(GetObjectAttributesOutput {
        checksum: asked("Checksum").then(|| Checksum {
            checksum_sha256: Some(answer::sha256(&object)),
            checksum_type: Some(ChecksumType::from_static(ChecksumType::FULL_OBJECT)),
            ..Default::default()
        }),
        e_tag: asked("ETag").then(|| answer::etag(&object.etag)),
        object_size: asked("ObjectSize").then(|| i64::try_from(object.size).unwrap_or(i64::MAX)),
        storage_class: asked("StorageClass").then(|| StorageClass::from_static(StorageClass::STANDARD)),
        last_modified: Some(answer::timestamp(object.modified_at)),
        version_id: Some(object.version_id.to_string()),
        ..Default::default()
    })
}

pub(super) async fn tags(
    endpoint: &Endpoint,
    request: S3Request<GetObjectTaggingInput>,
) -> S3Result<GetObjectTaggingOutput> {
    let input = request.input;
    let version = input.version_id.as_deref();
    let object = find(endpoint, &request.extensions, &input.bucket, &input.key, version).await?;
    Ok(GetObjectTaggingOutput {
        tag_set: tags::to_set(&object.tags),
        version_id: Some(object.version_id.to_string()),
    })
}

/// The object that was judged, or for the administrator the one that is there.
async fn find(
    endpoint: &Endpoint,
    extensions: &Extensions,
    bucket: &str,
    key: &str,
    version: Option<&str>,
) -> S3Result<Arc<Object>> {
    if let Some(Found(object)) = extensions.get::<Found>() {
        return Ok(Arc::clone(object));
    }
    let version = answer::version(version)?;
    match endpoint.objects.head(Address { bucket, key, version }).await {
        Ok(object) => Ok(Arc::new(object)),
        Err(ObjectError::DeleteMarker { version_id, .. }) if version.is_some() => {
            Err(answer::marker_asked_for(version_id))
        }
        Err(error) => Err(answer::refused(error)),
    }
}

/// The conditions of a request (RFC 9110, section 13.2.2), as S3 judges them.
pub(super) struct Conditions<'a> {
    pub(super) if_match: Option<&'a ETagCondition>,
    pub(super) if_none_match: Option<&'a ETagCondition>,
    pub(super) if_modified_since: Option<&'a Timestamp>,
    pub(super) if_unmodified_since: Option<&'a Timestamp>,
}

impl Conditions<'_> {
    fn check(&self, object: &Object) -> S3Result<()> {
        match self.outcome(object) {
            Precondition::Holds => Ok(()),
            Precondition::Failed => Err(s3_error!(
                PreconditionFailed,
                "At least one of the pre-conditions you specified did not hold"
            )),
            Precondition::NotModified => {
                let mut error = S3Error::new(S3ErrorCode::NotModified);
                let mut headers = HeaderMap::new();
                if let Ok(etag) = HeaderValue::from_str(&format!("\"{}\"", object.etag)) {
                    headers.insert(http::header::ETAG, etag);
                }
                error.set_headers(headers);
                Err(error)
            }
        }
    }

    pub(super) fn outcome(&self, object: &Object) -> Precondition {
        let same = |condition: &ETagCondition| match condition {
            ETagCondition::Any => true,
            ETagCondition::ETag(etag) => etag.value() == object.etag,
        };
        let modified = answer::http_timestamp(object.modified_at);
        match (self.if_match, self.if_unmodified_since) {
            (Some(condition), _) if !same(condition) => return Precondition::Failed,
            (None, Some(since)) if modified > *since => return Precondition::Failed,
            _ => {}
        }
        match (self.if_none_match, self.if_modified_since) {
            (Some(condition), _) if same(condition) => Precondition::NotModified,
            (None, Some(since)) if modified <= *since => Precondition::NotModified,
            _ => Precondition::Holds,
        }
    }
}

pub(super) enum Precondition {
    Holds,
    Failed,
    NotModified,
}

/// What of an object is asked for.
struct Part {
    bytes: Bytes<u64>,
    content_range: Option<String>,
}

fn part(object: &Object, range: Option<&Range>) -> S3Result<Part> {
    let Some(range) = range else { return Ok(Part { bytes: 0..object.size, content_range: None }) };
    match range.check(object.size) {
        Ok(bytes) if !bytes.is_empty() => {
            let content_range = format!("bytes {}-{}/{}", bytes.start, bytes.end - 1, object.size);
            Ok(Part { bytes, content_range: Some(content_range) })
        }
        _ => {
            let mut error = s3_error!(InvalidRange, "The requested range is not satisfiable");
            let mut headers = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_str(&format!("bytes */{}", object.size)) {
                headers.insert(http::header::CONTENT_RANGE, value);
            }
            error.set_headers(headers);
            Err(error)
        }
    }
}

/// The checksum of the whole: of a part it would be wrong, so there it is left out.
fn checksum(object: &Object, part: &Part, mode: Option<&ChecksumMode>) -> Option<String> {
    let wanted = mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED);
    (wanted && part.content_range.is_none()).then(|| answer::sha256(object))
}

fn length(bytes: &Bytes<u64>) -> i64 {
    i64::try_from(bytes.end - bytes.start).unwrap_or(i64::MAX)
}

fn content_type(object: &Object) -> String {
    object.content_type.clone().unwrap_or_else(|| "binary/octet-stream".to_owned())
}

fn refuse_unsupported(customer_key: Option<&String>, part_number: Option<i32>) -> S3Result<()> {
    if customer_key.is_some() {
        return Err(s3_error!(NotImplemented, "Keys of the customer's own are not implemented."));
    }
    // Nothing here is stored in parts: the first is all there is.
    match part_number {
        None | Some(1) => Ok(()),
        Some(_) => Err(s3_error!(InvalidArgument, "The requested partnumber is not satisfiable")),
    }
}
