//! The S3 protocol towards clients, path-style, over the object index (Amazon S3 API Reference, 2006-03-01).
//!
//! Every call is signed (SigV4, in headers or as a presigned URL) and judged: a steward's by the policy that the
//! template holds too, the administrator's is allowed. What a lake does not need (multipart uploads, ACLs, forms,
//! bucket settings) answers `NotImplemented`.

mod access;
mod answer;
mod front;
mod list;
mod metadata;
mod put;
mod read;
mod tags;
mod write;

use std::sync::Arc;

use axum::Router;
use axum::error_handling::HandleError;
use axum::http::StatusCode;
use lake::Clock;
use lake::policy::Policy;
use s3s::dto::*;
use s3s::service::S3ServiceBuilder;
use s3s::{S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};

use crate::credentials::CredentialMint;
use crate::objects::Objects;
use access::{Access, Secrets};

/// What the endpoint stands on.
#[derive(Clone)]
pub struct Endpoint {
    /// The buckets and what lies in them.
    pub objects: Objects,
    /// Whose credentials are taken.
    pub credentials: Arc<CredentialMint>,
    /// What stewards may do.
    pub policy: Arc<Policy>,
    /// The time, for the end of credentials.
    pub clock: Arc<dyn Clock>,
    /// The region that buckets are said to lie in.
    pub region: String,
}

/// The endpoint as a router, for a listener of its own: every path belongs to it.
pub fn router(endpoint: Endpoint) -> Router {
    let endpoint = Arc::new(endpoint);
    let mut builder = S3ServiceBuilder::new(Buckets(Arc::clone(&endpoint)));
    builder.set_auth(Secrets(Arc::clone(&endpoint)));
    builder.set_access(Access(Arc::clone(&endpoint)));
    let service = HandleError::new(builder.build(), |_error| async { StatusCode::INTERNAL_SERVER_ERROR });
    Router::new()
        .fallback_service(service)
        .layer(axum::middleware::from_fn_with_state(endpoint, front::check))
}

/// The operations. Each is a line here and a function of its module.
struct Buckets(Arc<Endpoint>);

#[async_trait::async_trait]
impl S3 for Buckets {
    async fn list_buckets(
        &self,
        request: S3Request<ListBucketsInput>,
    ) -> S3Result<S3Response<ListBucketsOutput>> {
        list::buckets(&self.0, request.input).await.map(S3Response::new)
    }

    async fn create_bucket(
        &self,
        request: S3Request<CreateBucketInput>,
    ) -> S3Result<S3Response<CreateBucketOutput>> {
        let made = self.0.objects.ensure_bucket(&request.input.bucket).await;
        match made.map_err(|fault| answer::fault(&fault))? {
            lake::PutOutcome::Created => Ok(S3Response::new(CreateBucketOutput {
                location: Some(format!("/{}", request.input.bucket)),
            })),
            lake::PutOutcome::Existed => Err(s3_error!(BucketAlreadyOwnedByYou)),
        }
    }

    async fn head_bucket(
        &self,
        request: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        self.0.known(&request.input.bucket)?;
        let bucket_region = Some(self.0.region.clone());
        Ok(S3Response::new(HeadBucketOutput { bucket_region, ..Default::default() }))
    }

    async fn get_bucket_location(
        &self,
        request: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        self.0.known(&request.input.bucket)?;
        // us-east-1, the oldest region, is told by saying nothing.
        let named =
            (self.0.region != "us-east-1").then(|| BucketLocationConstraint::from(self.0.region.clone()));
        Ok(S3Response::new(GetBucketLocationOutput { location_constraint: named }))
    }

    async fn get_bucket_versioning(
        &self,
        request: S3Request<GetBucketVersioningInput>,
    ) -> S3Result<S3Response<GetBucketVersioningOutput>> {
        self.0.known(&request.input.bucket)?;
        let status = Some(BucketVersioningStatus::from_static(BucketVersioningStatus::ENABLED));
        Ok(S3Response::new(GetBucketVersioningOutput { status, ..Default::default() }))
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        read::get(&self.0, request).await
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        read::head(&self.0, request).await
    }

    async fn get_object_attributes(
        &self,
        request: S3Request<GetObjectAttributesInput>,
    ) -> S3Result<S3Response<GetObjectAttributesOutput>> {
        read::attributes(&self.0, request).await.map(S3Response::new)
    }

    async fn get_object_tagging(
        &self,
        request: S3Request<GetObjectTaggingInput>,
    ) -> S3Result<S3Response<GetObjectTaggingOutput>> {
        read::tags(&self.0, request).await.map(S3Response::new)
    }

    async fn list_objects(
        &self,
        request: S3Request<ListObjectsInput>,
    ) -> S3Result<S3Response<ListObjectsOutput>> {
        list::objects_v1(&self.0, request.input).await.map(S3Response::new)
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        list::objects_v2(&self.0, request.input).await.map(S3Response::new)
    }

    async fn list_object_versions(
        &self,
        request: S3Request<ListObjectVersionsInput>,
    ) -> S3Result<S3Response<ListObjectVersionsOutput>> {
        list::versions(&self.0, request.input).await.map(S3Response::new)
    }

    async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        put::put(&self.0, request).await.map(S3Response::new)
    }

    async fn copy_object(
        &self,
        request: S3Request<CopyObjectInput>,
    ) -> S3Result<S3Response<CopyObjectOutput>> {
        write::copy(&self.0, request.input).await.map(S3Response::new)
    }

    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        write::delete(&self.0, request.input).await.map(S3Response::new)
    }

    async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        write::delete_many(&self.0, request.input).await.map(S3Response::new)
    }

    async fn put_object_tagging(
        &self,
        request: S3Request<PutObjectTaggingInput>,
    ) -> S3Result<S3Response<PutObjectTaggingOutput>> {
        write::set_tags(&self.0, request.input).await.map(S3Response::new)
    }

    async fn delete_object_tagging(
        &self,
        request: S3Request<DeleteObjectTaggingInput>,
    ) -> S3Result<S3Response<DeleteObjectTaggingOutput>> {
        write::clear_tags(&self.0, request.input).await.map(S3Response::new)
    }
}

impl Endpoint {
    fn known(&self, bucket: &str) -> S3Result<()> {
        if self.objects.has_bucket(bucket) { Ok(()) } else { Err(S3Error::new(S3ErrorCode::NoSuchBucket)) }
    }
}
