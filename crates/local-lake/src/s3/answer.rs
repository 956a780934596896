//! What the store says, as S3 says it.

use http::{HeaderMap, HeaderName, HeaderValue};
use lake::Fault;
use s3s::dto::{ETag, Timestamp};
use s3s::{S3Error, s3_error};

use crate::objects::{Object, ObjectError, VersionId};

const DELETE_MARKER: HeaderName = HeaderName::from_static("x-amz-delete-marker");
const VERSION_ID: HeaderName = HeaderName::from_static("x-amz-version-id");

/// The error answer for what the store refused.
pub(super) fn refused(error: ObjectError) -> S3Error {
    match error {
        ObjectError::NoBucket(_) => s3_error!(NoSuchBucket, "The specified bucket does not exist"),
        ObjectError::NoKey => s3_error!(NoSuchKey, "The specified key does not exist."),
        ObjectError::NoVersion => s3_error!(NoSuchVersion, "The specified version does not exist."),
        ObjectError::DeleteMarker { version_id, .. } => {
            marker(s3_error!(NoSuchKey, "The specified key does not exist."), version_id)
        }
        ObjectError::ConditionFailed => {
            s3_error!(PreconditionFailed, "At least one of the pre-conditions you specified did not hold")
        }
        ObjectError::BadKey => s3_error!(KeyTooLongError, "Your key is too long"),
        ObjectError::Fault(cause) => fault(&cause),
    }
}

/// The error answer for a store that could not do its work.
pub(super) fn fault(cause: &Fault) -> S3Error {
    tracing::error!(error = %cause, "the object store could not answer");
    if cause.retryable() {
        s3_error!(ServiceUnavailable, "The object store is busy or out of reach. Please try again.")
    } else {
        s3_error!(InternalError, "The object store could not answer; the lake's log says why.")
    }
}

/// Reads a version id as clients send it.
pub(super) fn version(text: Option<&str>) -> Result<Option<VersionId>, S3Error> {
    match text {
        None => Ok(None),
        Some(text) => match VersionId::parse(text) {
            Some(version) => Ok(Some(version)),
            None => Err(s3_error!(InvalidArgument, "Invalid version id specified")),
        },
    }
}

pub(super) fn timestamp(at: jiff::Timestamp) -> Timestamp {
    Timestamp::from(std::time::SystemTime::from(at))
}

/// To the second, as HTTP dates are: what `Last-Modified` says and conditions compare with.
pub(super) fn http_timestamp(at: jiff::Timestamp) -> Timestamp {
    timestamp(jiff::Timestamp::from_second(at.as_second()).unwrap_or(at))
}

pub(super) fn etag(hex: &str) -> ETag {
    ETag::Strong(hex.to_owned())
}

/// SHA-256 of the body as `x-amz-checksum-sha256` carries it.
pub(super) fn sha256(object: &Object) -> String {
    base64(object.sha256.as_bytes())
}

pub(super) fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// A delete marker that was asked for by its version: it is there, but has no methods.
pub(super) fn marker_asked_for(version_id: VersionId) -> S3Error {
    marker(
        s3_error!(MethodNotAllowed, "The specified method is not allowed against this resource."),
        version_id,
    )
}

fn marker(mut error: S3Error, version_id: VersionId) -> S3Error {
    let mut headers = HeaderMap::new();
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    headers.insert(DELETE_MARKER, HeaderValue::from_static("true"));
    if let Ok(value) = HeaderValue::from_str(&version_id.to_string()) {
        headers.insert(VERSION_ID, value);
    }
    error.set_headers(headers);
    error
}
