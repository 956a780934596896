//! Objects in: a body is streamed to the store while every checksum that the client named is computed, and kept only
//! if all of them hold.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt;
use http::HeaderMap;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};
use s3s::dto::*;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result, s3_error};

use super::metadata::{self, System};
use super::{Endpoint, answer, tags};
use crate::objects::{Address, Condition, Content, ObjectError, Target};

/// Largest body of one put (5 GiB, as S3 has it).
const LARGEST: u64 = 5 * 1024 * 1024 * 1024;

/// How long a client may take over the next piece of a body.
const PIECE_LIMIT: Duration = Duration::from_secs(60);

pub(super) async fn put(
    endpoint: &Endpoint,
    request: S3Request<PutObjectInput>,
) -> S3Result<PutObjectOutput> {
    let trailer =
        request.headers.get("x-amz-trailer").and_then(|name| name.to_str().ok()).map(str::to_lowercase);
    let trailers = request.trailing_headers;
    let mut input = request.input;
    refuse_unsupported(&input)?;
    endpoint.known(&input.bucket)?;
    let system = System {
        cache_control: input.cache_control.take(),
        content_disposition: input.content_disposition.take(),
        content_encoding: input.content_encoding.take(),
        content_language: input.content_language.take(),
    };
    let target = Target {
        bucket: input.bucket.clone(),
        key: input.key.clone(),
        content_type: input.content_type.take(),
        metadata: metadata::stored(input.metadata.take(), system)?,
        tags: tags::of_header(input.tagging.as_deref())?,
        condition: condition(input.if_match.as_ref(), input.if_none_match.as_ref())?,
    };
    let mut named = named_in_headers(&input);
    let in_trailer = trailer.as_deref().and_then(Algorithm::of_header);
    let (content, computed) = receive(endpoint, input.body, &named, in_trailer, input.content_length).await?;
    if let Some(algorithm) = in_trailer {
        let found = trailers.and_then(|trailers| trailers.take()).unwrap_or_default();
        named.push((algorithm, of_trailer(&found, algorithm)?));
    }
    check_md5(input.content_md5.as_deref(), &content)?;
    let computed = computed.with_sha256(&content);
    for (algorithm, claimed) in &named {
        if computed.get(*algorithm) != Some(claimed) {
            return Err(s3_error!(
                BadDigest,
                "The {} you specified did not match the calculated checksum.",
                algorithm.name()
            ));
        }
    }
    let wanted = target.condition.clone();
    let object = match endpoint.objects.put(target, content).await {
        Ok(object) => object,
        Err(ObjectError::ConditionFailed) => {
            return Err(condition_failed(endpoint, &wanted, &input.bucket, &input.key).await);
        }
        Err(error) => return Err(answer::refused(error)),
    };
    let echoed = |algorithm: Algorithm| {
        named.iter().find(|(known, _)| *known == algorithm).map(|(_, value)| value.clone())
    };
    Ok(PutObjectOutput {
        e_tag: Some(answer::etag(&object.etag)),
        version_id: Some(object.version_id.to_string()),
        checksum_crc32: echoed(Algorithm::Crc32),
        checksum_crc32c: echoed(Algorithm::Crc32c),
        checksum_crc64nvme: echoed(Algorithm::Crc64Nvme),
        checksum_sha1: echoed(Algorithm::Sha1),
        checksum_sha256: echoed(Algorithm::Sha256),
        checksum_type: (!named.is_empty()).then(|| ChecksumType::from_static(ChecksumType::FULL_OBJECT)),
        ..Default::default()
    })
}

/// When a write may go ahead, from its headers.
fn condition(if_match: Option<&ETagCondition>, if_none_match: Option<&ETagCondition>) -> S3Result<Condition> {
    match (if_match, if_none_match) {
        (None, None) => Ok(Condition::Always),
        (None, Some(ETagCondition::Any)) => Ok(Condition::IfAbsent),
        (Some(ETagCondition::ETag(etag)), None) => Ok(Condition::IfMatch(etag.value().to_owned())),
        _ => Err(s3_error!(
            NotImplemented,
            "Of conditional writes there are If-None-Match: * and If-Match with an ETag."
        )),
    }
}

/// S3 tells a missing key from one with another ETag.
async fn condition_failed(endpoint: &Endpoint, condition: &Condition, bucket: &str, key: &str) -> S3Error {
    if let Condition::IfMatch(_) = condition
        && let Err(error) = endpoint.objects.head(Address { bucket, key, version: None }).await
    {
        return answer::refused(error);
    }
    answer::refused(ObjectError::ConditionFailed)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
}

impl Algorithm {
    const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha1, Self::Sha256];

    fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    fn of_header(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.header() == name.trim())
    }
}

fn named_in_headers(input: &PutObjectInput) -> Vec<(Algorithm, String)> {
    let headers = [
        (Algorithm::Crc32, &input.checksum_crc32),
        (Algorithm::Crc32c, &input.checksum_crc32c),
        (Algorithm::Crc64Nvme, &input.checksum_crc64nvme),
        (Algorithm::Sha1, &input.checksum_sha1),
        (Algorithm::Sha256, &input.checksum_sha256),
    ];
    headers.into_iter().filter_map(|(algorithm, value)| Some((algorithm, value.clone()?))).collect()
}

fn of_trailer(trailers: &HeaderMap, algorithm: Algorithm) -> S3Result<String> {
    let value = trailers.get(algorithm.header()).and_then(|value| value.to_str().ok());
    value.map(|value| value.trim().to_owned()).ok_or_else(|| {
        s3_error!(InvalidRequest, "The trailer {} that x-amz-trailer names did not come.", algorithm.header())
    })
}

/// What was computed of a body, in base64.
struct Computed(BTreeMap<&'static str, String>);

impl Computed {
    fn of(checksum: Checksum) -> Self {
        let values = [
            (Algorithm::Crc32, checksum.checksum_crc32),
            (Algorithm::Crc32c, checksum.checksum_crc32c),
            (Algorithm::Crc64Nvme, checksum.checksum_crc64nvme),
            (Algorithm::Sha1, checksum.checksum_sha1),
        ];
        Self(values.into_iter().filter_map(|(algorithm, value)| Some((algorithm.name(), value?))).collect())
    }

    /// The store computes SHA-256 of every body; it is not done twice.
    fn with_sha256(mut self, content: &Content) -> Self {
        self.0.insert(Algorithm::Sha256.name(), answer::base64(content.sha256().as_bytes()));
        self
    }

    fn get(&self, algorithm: Algorithm) -> Option<&String> {
        self.0.get(algorithm.name())
    }
}

async fn receive(
    endpoint: &Endpoint,
    body: Option<StreamingBlob>,
    named: &[(Algorithm, String)],
    in_trailer: Option<Algorithm>,
    announced: Option<i64>,
) -> S3Result<(Content, Computed)> {
    let wanted =
        |algorithm| in_trailer == Some(algorithm) || named.iter().any(|(known, _)| *known == algorithm);
    let mut hasher = ChecksumHasher {
        crc32: wanted(Algorithm::Crc32).then(Crc32::new),
        crc32c: wanted(Algorithm::Crc32c).then(Crc32c::new),
        crc64nvme: wanted(Algorithm::Crc64Nvme).then(Crc64Nvme::new),
        sha1: wanted(Algorithm::Sha1).then(Sha1::new),
        sha256: None::<Sha256>,
    };
    let announced = announced.and_then(|length| u64::try_from(length).ok());
    if announced.is_some_and(|length| length > LARGEST) {
        return Err(too_large());
    }
    let mut incoming = endpoint.objects.receive();
    if let Some(mut body) = body {
        loop {
            let piece = tokio::time::timeout(PIECE_LIMIT, body.next())
                .await
                .map_err(|_| s3_error!(RequestTimeout, "The body did not arrive in time."))?;
            let Some(piece) = piece else { break };
            let piece = piece.map_err(|error| broken(error.as_ref()))?;
            hasher.update(&piece);
            incoming.write(&piece).await.map_err(|fault| answer::fault(&fault))?;
            if incoming.size() > LARGEST {
                return Err(too_large());
            }
        }
    }
    if announced.is_some_and(|length| length != incoming.size()) {
        return Err(s3_error!(IncompleteBody));
    }
    let content = incoming.finish().await.map_err(|fault| answer::fault(&fault))?;
    Ok((content, Computed::of(hasher.finalize())))
}

/// Why a body could not be read. The reader's errors have no public type: they are told apart by their words.
fn broken(error: &(dyn std::error::Error + 'static)) -> S3Error {
    let text = error.to_string();
    if text.contains("Sha256Mismatch") {
        let mut error = S3Error::with_message(
            S3ErrorCode::Custom("XAmzContentSHA256Mismatch".into()),
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        );
        error.set_status_code(http::StatusCode::BAD_REQUEST);
        error
    } else if text.contains("SignatureMismatch") {
        s3_error!(SignatureDoesNotMatch, "The signature of a chunk does not match.")
    } else {
        s3_error!(IncompleteBody, "The request body terminated unexpectedly")
    }
}

fn check_md5(claimed: Option<&str>, content: &Content) -> S3Result<()> {
    let Some(claimed) = claimed else { return Ok(()) };
    match STANDARD.decode(claimed) {
        Ok(bytes) if bytes.len() == 16 => {
            if bytes == content.md5() {
                Ok(())
            } else {
                Err(s3_error!(BadDigest, "The Content-MD5 you specified did not match what we received."))
            }
        }
        _ => Err(s3_error!(InvalidDigest, "The Content-MD5 you specified is not valid.")),
    }
}

fn refuse_unsupported(input: &PutObjectInput) -> S3Result<()> {
    let asked = [
        (input.sse_customer_algorithm.is_some(), "a key of the customer's own"),
        (input.object_lock_mode.is_some() || input.object_lock_legal_hold_status.is_some(), "object lock"),
        (input.website_redirect_location.is_some(), "a website redirect"),
        (input.write_offset_bytes.is_some(), "writing at an offset"),
        (input.acl.as_ref().is_some_and(|acl| acl.as_str() != ObjectCannedACL::PRIVATE), "an ACL"),
    ];
    match asked.into_iter().find(|(asked, _)| *asked) {
        Some((_, what)) => Err(s3_error!(NotImplemented, "PutObject with {} is not implemented.", what)),
        None => Ok(()),
    }
}

fn too_large() -> S3Error {
    s3_error!(EntityTooLarge, "Your proposed upload exceeds the maximum allowed size")
}
