//! What stands beside a body: user metadata, and the few system headers that S3 gives back as they came.

use std::collections::BTreeMap;

use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE};
use http::{HeaderMap, HeaderName, HeaderValue};
use s3s::dto::Metadata;
use s3s::{S3Result, s3_error};

use crate::objects::Object;

/// Most user metadata, names and values together (S3: 2 KB).
const LARGEST: usize = 2 * 1024;

/// Names in the store of the system headers. No header's name begins with a colon, so none of the client's can clash.
const SYSTEM: [(&str, HeaderName); 4] = [
    (":cache-control", CACHE_CONTROL),
    (":content-disposition", CONTENT_DISPOSITION),
    (":content-encoding", CONTENT_ENCODING),
    (":content-language", CONTENT_LANGUAGE),
];

/// The system headers of a write.
#[derive(Default)]
pub(super) struct System {
    pub(super) cache_control: Option<String>,
    pub(super) content_disposition: Option<String>,
    pub(super) content_encoding: Option<String>,
    pub(super) content_language: Option<String>,
}

/// As the store keeps it.
pub(super) fn stored(own: Option<Metadata>, system: System) -> S3Result<BTreeMap<String, String>> {
    let mut all: BTreeMap<String, String> = own.unwrap_or_default().into_iter().collect();
    if all.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > LARGEST {
        return Err(s3_error!(
            MetadataTooLarge,
            "Your metadata headers exceed the maximum allowed metadata size."
        ));
    }
    let System { cache_control, content_disposition, content_encoding, content_language } = system;
    let encoding = content_encoding.and_then(|encoding| without_chunking(&encoding));
    let values = [cache_control, content_disposition, encoding, content_language];
    for ((name, _), value) in SYSTEM.into_iter().zip(values) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            all.insert(name.to_owned(), value);
        }
    }
    Ok(all)
}

/// What the client stored as `x-amz-meta-…`.
pub(super) fn own(object: &Object) -> Option<Metadata> {
    let own = object.metadata.iter().filter(|(name, _)| !name.starts_with(':'));
    let own: Metadata = own.map(|(name, value)| (name.clone(), value.clone())).collect();
    (!own.is_empty()).then_some(own)
}

/// The system headers of an answer.
pub(super) fn headers(object: &Object) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (stored, header) in SYSTEM {
        let value = object.metadata.get(stored).and_then(|value| HeaderValue::from_str(value).ok());
        if let Some(value) = value {
            headers.insert(header, value);
        }
    }
    headers
}

/// `aws-chunked` tells how a body was sent, not what it is.
fn without_chunking(encoding: &str) -> Option<String> {
    let kept: Vec<&str> =
        encoding.split(',').map(str::trim).filter(|one| !one.eq_ignore_ascii_case("aws-chunked")).collect();
    (!kept.is_empty()).then(|| kept.join(","))
}
