//! Copies, deletions and tags.

use s3s::dto::*;
use s3s::{S3Error, S3Result, s3_error};

use super::metadata::{self, System};
use super::read::{Conditions, Precondition};
use super::{Endpoint, answer, tags};
use crate::objects::{Address, Condition, ObjectError, Target};

/// Most keys in one `DeleteObjects`.
const MOST_DELETED: usize = 1000;

pub(super) async fn copy(endpoint: &Endpoint, input: CopyObjectInput) -> S3Result<CopyObjectOutput> {
    let CopySource::Bucket { bucket, key, version_id } = &input.copy_source else {
        return Err(s3_error!(NotImplemented, "Copies from access points are not implemented."));
    };
    if input.sse_customer_algorithm.is_some() || input.copy_source_sse_customer_algorithm.is_some() {
        return Err(s3_error!(NotImplemented, "Keys of the customer's own are not implemented."));
    }
    let version = answer::version(version_id.as_deref())?;
    let from = Address { bucket, key, version };
    let found = endpoint.objects.head(from).await.map_err(|error| match error {
        ObjectError::DeleteMarker { .. } if version.is_some() => {
            s3_error!(
                InvalidRequest,
                "The source of a copy request may not specifically refer to a delete marker by version id."
            )
        }
        error => answer::refused(error),
    })?;
    let conditions = Conditions {
        if_match: input.copy_source_if_match.as_ref(),
        if_none_match: input.copy_source_if_none_match.as_ref(),
        if_modified_since: input.copy_source_if_modified_since.as_ref(),
        if_unmodified_since: input.copy_source_if_unmodified_since.as_ref(),
    };
    if !matches!(conditions.outcome(&found), Precondition::Holds) {
        return Err(answer::refused(ObjectError::ConditionFailed));
    }
    let replaces = |directive: Option<&str>| directive == Some(MetadataDirective::REPLACE);
    let new_metadata = replaces(input.metadata_directive.as_ref().map(MetadataDirective::as_str));
    let new_tags = replaces(input.tagging_directive.as_ref().map(TaggingDirective::as_str));
    if **bucket == *input.bucket && **key == *input.key && version.is_none() && !new_metadata && !new_tags {
        return Err(s3_error!(
            InvalidRequest,
            "This copy request is illegal because it is trying to copy an object to itself without changing it."
        ));
    }
    let (content_type, metadata) = if new_metadata {
        let system = System {
            cache_control: input.cache_control,
            content_disposition: input.content_disposition,
            content_encoding: input.content_encoding,
            content_language: input.content_language,
        };
        (input.content_type, metadata::stored(input.metadata, system)?)
    } else {
        (found.content_type.clone(), found.metadata.clone())
    };
    let tags = if new_tags { tags::of_header(input.tagging.as_deref())? } else { found.tags.clone() };
    let target = Target {
        bucket: input.bucket,
        key: input.key,
        content_type,
        metadata,
        tags,
        condition: Condition::Always,
    };
    // The version that was looked at, not the one that may have come since.
    let from = Address { version: Some(found.version_id), ..from };
    let made = endpoint.objects.copy(from, target).await.map_err(answer::refused)?;
    Ok(CopyObjectOutput {
        copy_object_result: Some(CopyObjectResult {
            e_tag: Some(answer::etag(&made.etag)),
            last_modified: Some(answer::timestamp(made.modified_at)),
            checksum_sha256: Some(answer::sha256(&made)),
            checksum_type: Some(ChecksumType::from_static(ChecksumType::FULL_OBJECT)),
            ..Default::default()
        }),
        copy_source_version_id: Some(found.version_id.to_string()),
        version_id: Some(made.version_id.to_string()),
        ..Default::default()
    })
}

pub(super) async fn delete(endpoint: &Endpoint, input: DeleteObjectInput) -> S3Result<DeleteObjectOutput> {
    if input.if_match.is_some()
        || input.if_match_size.is_some()
        || input.if_match_last_modified_time.is_some()
    {
        return Err(s3_error!(NotImplemented, "Conditional deletes are not implemented."));
    }
    let deleted = delete_one(endpoint, &input.bucket, &input.key, input.version_id.as_deref()).await?;
    Ok(DeleteObjectOutput {
        delete_marker: deleted.marker.is_some().then_some(true),
        version_id: deleted.marker.or(deleted.version),
        ..Default::default()
    })
}

pub(super) async fn delete_many(
    endpoint: &Endpoint,
    input: DeleteObjectsInput,
) -> S3Result<DeleteObjectsOutput> {
    endpoint.known(&input.bucket)?;
    if input.delete.objects.is_empty() || input.delete.objects.len() > MOST_DELETED {
        return Err(s3_error!(MalformedXML, "Between 1 and 1000 keys can be deleted at once."));
    }
    let mut deleted = Vec::new();
    let mut errors = Vec::new();
    for ObjectIdentifier { key, version_id, .. } in input.delete.objects {
        match delete_one(endpoint, &input.bucket, &key, version_id.as_deref()).await {
            Ok(Deleted { marker, version }) => deleted.push(DeletedObject {
                key: Some(key),
                delete_marker: marker.is_some().then_some(true),
                delete_marker_version_id: marker,
                version_id: version,
            }),
            Err(error) => errors.push(Error {
                code: Some(error.code().as_str().to_owned()),
                message: error.message().map(str::to_owned),
                key: Some(key),
                version_id,
            }),
        }
    }
    let quiet = input.delete.quiet.unwrap_or(false);
    Ok(DeleteObjectsOutput {
        deleted: (!quiet).then_some(deleted),
        errors: Some(errors),
        ..Default::default()
    })
}

pub(super) async fn set_tags(
    endpoint: &Endpoint,
    input: PutObjectTaggingInput,
) -> S3Result<PutObjectTaggingOutput> {
    let version = answer::version(input.version_id.as_deref())?;
    let tags = tags::of_set(input.tagging.tag_set)?;
    let address = Address { bucket: &input.bucket, key: &input.key, version };
    let object = endpoint.objects.set_tags(address, tags).await.map_err(answer::refused)?;
    Ok(PutObjectTaggingOutput { version_id: Some(object.version_id.to_string()) })
}

pub(super) async fn clear_tags(
    endpoint: &Endpoint,
    input: DeleteObjectTaggingInput,
) -> S3Result<DeleteObjectTaggingOutput> {
    let version = answer::version(input.version_id.as_deref())?;
    let address = Address { bucket: &input.bucket, key: &input.key, version };
    let cleared = endpoint.objects.set_tags(address, Default::default()).await;
    let object = cleared.map_err(answer::refused)?;
    Ok(DeleteObjectTaggingOutput { version_id: Some(object.version_id.to_string()) })
}

struct Deleted {
    /// The delete marker that was written, or removed.
    marker: Option<String>,
    /// The version that was removed for good.
    version: Option<String>,
}

async fn delete_one(
    endpoint: &Endpoint,
    bucket: &str,
    key: &str,
    version: Option<&str>,
) -> Result<Deleted, S3Error> {
    let Some(version) = answer::version(version)? else {
        let marker = endpoint.objects.delete(bucket, key).await.map_err(answer::refused)?;
        return Ok(Deleted { marker: Some(marker.to_string()), version: None });
    };
    let was = endpoint.objects.head(Address { bucket, key, version: Some(version) }).await;
    let marker = matches!(was, Err(ObjectError::DeleteMarker { .. })).then(|| version.to_string());
    endpoint.objects.delete_version(bucket, key, version).await.map_err(answer::refused)?;
    Ok(Deleted { marker, version: Some(version.to_string()) })
}
