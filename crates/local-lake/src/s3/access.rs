//! Who calls, and whether the policy lets them.

use std::sync::Arc;

use http::Extensions;
use lake::policy::{Context, Request};
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::dto::*;
use s3s::path::S3Path;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result, s3_error};

use super::{Endpoint, answer};
use crate::credentials::{CredentialProblem, Principal};
use crate::objects::{Address, Object, ObjectError};

/// The secrets that signatures are checked with.
pub(super) struct Secrets(pub(super) Arc<Endpoint>);

#[async_trait::async_trait]
impl S3Auth for Secrets {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        let secret = self.0.credentials.secret_of(access_key).ok_or_else(unknown_key)?;
        Ok(SecretKey::from(secret.expose()))
    }
}

/// Judges calls. What stewards do to objects and lists is judged with the very input that is then carried out,
/// everything else by its name; what has no name here is denied.
pub(super) struct Access(pub(super) Arc<Endpoint>);

/// An object that was found while judging: it is what is answered with, whatever happens to the key meanwhile.
#[derive(Clone)]
pub(super) struct Found(pub(super) Arc<Object>);

#[derive(Clone)]
enum Caller {
    Administrator,
    Steward(Context),
}

/// How an operation is judged.
enum Judged {
    /// By the action alone.
    Now(&'static str),
    /// By the hook of its own, below, which knows the input.
    WithInput,
}

fn judged(operation: &str) -> Option<Judged> {
    Some(match operation {
        "GetObject"
        | "HeadObject"
        | "GetObjectAttributes"
        | "GetObjectTagging"
        | "ListObjects"
        | "ListObjectsV2"
        | "ListObjectVersions" => Judged::WithInput,
        "ListBuckets" => Judged::Now("s3:ListAllMyBuckets"),
        "CreateBucket" => Judged::Now("s3:CreateBucket"),
        "HeadBucket" => Judged::Now("s3:ListBucket"),
        "GetBucketLocation" => Judged::Now("s3:GetBucketLocation"),
        "GetBucketVersioning" => Judged::Now("s3:GetBucketVersioning"),
        _ => return None,
    })
}

#[async_trait::async_trait]
impl S3Access for Access {
    async fn check(&self, call: &mut S3AccessContext<'_>) -> S3Result<()> {
        let caller = self.caller(call)?;
        if let Caller::Steward(context) = &caller {
            let resource = match call.s3_path() {
                S3Path::Root => "*".to_owned(),
                S3Path::Bucket { bucket } => bucket_arn(bucket),
                S3Path::Object { bucket, key } => object_arn(bucket, key),
            };
            match judged(call.s3_op().name()) {
                Some(Judged::WithInput) => {}
                Some(Judged::Now(action)) => self.allow(action, &resource, context)?,
                None => return Err(denied(call.s3_op().name(), &resource)),
            }
        }
        call.extensions_mut().insert(caller);
        Ok(())
    }

    async fn get_object(&self, request: &mut S3Request<GetObjectInput>) -> S3Result<()> {
        let input = &request.input;
        let wanted = (input.bucket.as_str(), input.key.as_str(), input.version_id.as_deref());
        self.object(&mut request.extensions, wanted, &["s3:GetObject"], &["s3:GetObjectVersion"]).await
    }

    async fn head_object(&self, request: &mut S3Request<HeadObjectInput>) -> S3Result<()> {
        let input = &request.input;
        let wanted = (input.bucket.as_str(), input.key.as_str(), input.version_id.as_deref());
        self.object(&mut request.extensions, wanted, &["s3:GetObject"], &["s3:GetObjectVersion"]).await
    }

    async fn get_object_attributes(&self, request: &mut S3Request<GetObjectAttributesInput>) -> S3Result<()> {
        let input = &request.input;
        let wanted = (input.bucket.as_str(), input.key.as_str(), input.version_id.as_deref());
        let newest = ["s3:GetObject", "s3:GetObjectAttributes"];
        let version = ["s3:GetObjectVersion", "s3:GetObjectVersionAttributes"];
        self.object(&mut request.extensions, wanted, &newest, &version).await
    }

    async fn get_object_tagging(&self, request: &mut S3Request<GetObjectTaggingInput>) -> S3Result<()> {
        let input = &request.input;
        let wanted = (input.bucket.as_str(), input.key.as_str(), input.version_id.as_deref());
        let (newest, version) = (["s3:GetObjectTagging"], ["s3:GetObjectVersionTagging"]);
        self.object(&mut request.extensions, wanted, &newest, &version).await
    }

    async fn list_objects(&self, request: &mut S3Request<ListObjectsInput>) -> S3Result<()> {
        let input = &request.input;
        self.list(&request.extensions, "s3:ListBucket", &input.bucket, input.prefix.as_deref())
    }

    async fn list_objects_v2(&self, request: &mut S3Request<ListObjectsV2Input>) -> S3Result<()> {
        let input = &request.input;
        self.list(&request.extensions, "s3:ListBucket", &input.bucket, input.prefix.as_deref())
    }

    async fn list_object_versions(&self, request: &mut S3Request<ListObjectVersionsInput>) -> S3Result<()> {
        let input = &request.input;
        self.list(&request.extensions, "s3:ListBucketVersions", &input.bucket, input.prefix.as_deref())
    }
}

impl Access {
    /// Who signed the call. The signature itself is checked before this.
    fn caller(&self, call: &S3AccessContext<'_>) -> S3Result<Caller> {
        let Some(credentials) = call.credentials() else {
            return Err(s3_error!(AccessDenied, "Access Denied: the request is not signed"));
        };
        let token = session_token(call)?;
        let now = self.0.clock.now();
        match self.0.credentials.principal_of(&credentials.access_key, token.as_deref(), now) {
            Ok(Principal::Administrator) => Ok(Caller::Administrator),
            Ok(Principal::Steward { read, write, subject: _ }) => {
                let mut context = Context::new().secure_transport("false");
                if let Some(read) = read {
                    context = context.principal_tag("read", read.as_str());
                }
                if let Some(write) = write {
                    context = context.principal_tag("write", write.as_str());
                }
                Ok(Caller::Steward(context))
            }
            Err(CredentialProblem::Missing) => Err(unknown_key()),
            Err(CredentialProblem::Invalid) => {
                Err(s3_error!(InvalidToken, "The provided token is malformed or otherwise invalid."))
            }
            Err(CredentialProblem::Expired) => {
                Err(s3_error!(ExpiredToken, "The provided token has expired."))
            }
        }
    }

    fn allow(&self, action: &str, resource: &str, context: &Context) -> S3Result<()> {
        if self.0.policy.allows(&Request { action, resource, context }).is_allowed() {
            Ok(())
        } else {
            Err(denied(action, resource))
        }
    }

    async fn object(
        &self,
        extensions: &mut Extensions,
        (bucket, key, version): (&str, &str, Option<&str>),
        newest_actions: &[&str],
        version_actions: &[&str],
    ) -> S3Result<()> {
        let Caller::Steward(context) = caller_of(extensions)? else { return Ok(()) };
        // What is missing has no tags, so it is refused like what is another's: 403 tells nothing.
        let found = match answer::version(version) {
            Ok(version) => match self.0.objects.head(Address { bucket, key, version }).await {
                Ok(object) => Some(object),
                Err(ObjectError::Fault(fault)) => return Err(answer::fault(&fault)),
                Err(_) => None,
            },
            Err(_) => None,
        };
        let tags = found.iter().flat_map(|object| &object.tags);
        let context =
            tags.fold(context.clone(), |context, (name, value)| context.existing_object_tag(name, value));
        let resource = object_arn(bucket, key);
        for action in if version.is_some() { version_actions } else { newest_actions } {
            self.allow(action, &resource, &context)?;
        }
        if let Some(object) = found {
            extensions.insert(Found(Arc::new(object)));
        }
        Ok(())
    }

    fn list(
        &self,
        extensions: &Extensions,
        action: &str,
        bucket: &str,
        prefix: Option<&str>,
    ) -> S3Result<()> {
        let Caller::Steward(context) = caller_of(extensions)? else { return Ok(()) };
        let context = prefix.iter().fold(context.clone(), |context, prefix| context.prefix(prefix));
        self.allow(action, &bucket_arn(bucket), &context)
    }
}

fn caller_of(extensions: &Extensions) -> S3Result<&Caller> {
    extensions.get::<Caller>().ok_or_else(|| s3_error!(AccessDenied, "Access Denied"))
}

/// A presigned URL carries the token in its query, any other call in a header.
fn session_token(call: &S3AccessContext<'_>) -> S3Result<Option<String>> {
    let query = call.uri().query().unwrap_or_default().as_bytes();
    let in_query = |wanted: &str| -> Vec<String> {
        let pairs = url::form_urlencoded::parse(query);
        pairs.filter(|(name, _)| name == wanted).map(|(_, value)| value.into_owned()).collect()
    };
    let mut tokens = if in_query("X-Amz-Signature").is_empty() {
        let values = call.headers().get_all("x-amz-security-token").iter();
        values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect()
    } else {
        in_query("X-Amz-Security-Token")
    };
    if tokens.len() > 1 {
        return Err(s3_error!(InvalidToken, "There is more than one security token."));
    }
    Ok(tokens.pop())
}

fn unknown_key() -> S3Error {
    s3_error!(InvalidAccessKeyId, "The AWS Access Key Id you provided does not exist in our records.")
}

fn denied(action: &str, resource: &str) -> S3Error {
    S3Error::with_message(
        S3ErrorCode::AccessDenied,
        format!("Access Denied: no identity-based policy allows {action} on {resource}"),
    )
}

fn bucket_arn(bucket: &str) -> String {
    format!("arn:aws:s3:::{bucket}")
}

fn object_arn(bucket: &str, key: &str) -> String {
    format!("arn:aws:s3:::{bucket}/{key}")
}
