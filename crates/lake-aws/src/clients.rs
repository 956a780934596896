//! One set of clients for one lake and one session.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{BehaviorVersion, IdentityCache, Region, SharedCredentialsProvider};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::tls;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_types::SdkConfig;
use lake::Profile;

use crate::credentials::PoolCredentials;
use crate::{CatalogReader, IdTokens, NoToken, Objects};

/// How often a call is tried in all; the SDK backs off between tries.
const TRIES: u32 = 4;
/// How long one try may take. A body is read beyond it, in steps that are limited by themselves.
const TRY_LIMIT: Duration = Duration::from_secs(20);
/// How long a call may take with all its tries.
const CALL_LIMIT: Duration = Duration::from_secs(60);
/// How long connecting may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// Why the lake could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadFault {
    /// Not allowed for this session, or (for single objects) not there: AWS does not tell the two apart.
    #[error("the lake does not show this to you ({what})")]
    Forbidden {
        /// What was asked for.
        what: String,
    },
    /// Not there.
    #[error("the lake has no {what}")]
    Missing {
        /// What was asked for.
        what: String,
    },
    /// The session has no credentials (any more).
    #[error("this sign-in gives no access to the lake's storage ({reason})")]
    SignIn {
        /// What happened.
        reason: String,
    },
    /// This computer's clock is wrong.
    #[error("the lake refuses calls from this computer: its clock is off. Set it and try again")]
    Clock,
    /// Down, slow or busy.
    #[error("the lake's {service} does not answer: {reason}. Try again")]
    Unreachable {
        /// `S3` or `DynamoDB`.
        service: &'static str,
        /// What happened.
        reason: String,
    },
    /// The answer is not what a lake holds.
    #[error("what the lake holds at {what} cannot be read: {reason}")]
    Damaged {
        /// Where.
        what: String,
        /// What is wrong.
        reason: String,
    },
}

/// Readers of one lake under one session's rights.
#[derive(Clone, Debug)]
pub struct Clients {
    /// The lake bucket.
    pub objects: Objects,
    /// The catalog.
    pub catalog: CatalogReader,
}

impl Clients {
    /// Readers for a lake; nothing is asked until the first read.
    pub fn new(profile: &Profile, tokens: Arc<dyn IdTokens>) -> Self {
        let shared = shared_config(profile);
        let mut identity = aws_sdk_cognitoidentity::config::Builder::from(&shared).allow_no_auth();
        identity.set_endpoint_url(profile.endpoints.cognito_identity.clone());
        let pool = aws_sdk_cognitoidentity::Client::from_conf(identity.build());
        let credentials = SharedCredentialsProvider::new(PoolCredentials::new(pool, profile, tokens));

        let mut s3 = aws_sdk_s3::config::Builder::from(&shared)
            .credentials_provider(credentials.clone())
            .force_path_style(profile.endpoints.s3.is_some());
        s3.set_endpoint_url(profile.endpoints.s3.clone());
        let mut dynamodb = aws_sdk_dynamodb::config::Builder::from(&shared).credentials_provider(credentials);
        dynamodb.set_endpoint_url(profile.endpoints.dynamodb.clone());
        Self {
            objects: Objects::new(aws_sdk_s3::Client::from_conf(s3.build()), profile.bucket.clone()),
            catalog: CatalogReader::new(
                aws_sdk_dynamodb::Client::from_conf(dynamodb.build()),
                profile.catalog.clone(),
                profile.catalog_shards,
            ),
        }
    }
}

/// What all three clients share. Nothing is read from the environment or from `~/.aws`: the profile says it all.
fn shared_config(profile: &Profile) -> SdkConfig {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(CryptoMode::AwsLc))
        .build_https();
    let limits = TimeoutConfig::builder()
        .connect_timeout(CONNECT_LIMIT)
        .operation_attempt_timeout(TRY_LIMIT)
        .operation_timeout(CALL_LIMIT)
        .build();
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(profile.region.clone()))
        .http_client(http)
        .timeout_config(limits)
        .retry_config(RetryConfig::standard().with_max_attempts(TRIES))
        .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
        .identity_cache(IdentityCache::lazy().load_timeout(CALL_LIMIT).build())
        .build()
}

/// Sorts an SDK's error by what the steward can do about it.
pub(crate) fn fault<E, R>(service: &'static str, what: &str, error: SdkError<E, R>) -> ReadFault
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    if let Some(fault) = carried(&error) {
        return fault;
    }
    let told = error.as_service_error();
    let code = told.and_then(ProvideErrorMetadata::code).unwrap_or_default().to_owned();
    let message = told.and_then(ProvideErrorMetadata::message).unwrap_or_default();
    match code.as_str() {
        "AccessDenied" | "AccessDeniedException" | "Forbidden" => {
            ReadFault::Forbidden { what: what.to_owned() }
        }
        "NoSuchKey" | "NotFound" | "NoSuchVersion" | "ResourceNotFoundException" => {
            ReadFault::Missing { what: what.to_owned() }
        }
        "RequestTimeTooSkewed" => ReadFault::Clock,
        "InvalidSignatureException" if is_about_time(message) => ReadFault::Clock,
        // Otherwise these are credentials that the lake does not take; a new sign-in brings others.
        "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidToken"
        | "UnrecognizedClientException"
        | "InvalidAccessKeyId"
        | "NotAuthorizedException" => ReadFault::SignIn { reason: code },
        "" => match &error {
            SdkError::DispatchFailure(failure) if failure.is_user() || failure.is_other() => {
                ReadFault::SignIn { reason: deepest(&error) }
            }
            _ => ReadFault::Unreachable { service, reason: deepest(&error) },
        },
        _ => ReadFault::Unreachable { service, reason: code },
    }
}

/// DynamoDB has one code for a signature that is wrong and one made at a wrong time; the words tell them apart
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html>).
fn is_about_time(message: &str) -> bool {
    ["Signature expired", "Signature not yet current"].iter().any(|start| message.starts_with(start))
}

/// What the identity pool or the session said, on its way through the SDK.
fn carried(error: &(dyn std::error::Error + 'static)) -> Option<ReadFault> {
    let mut cause = Some(error);
    while let Some(found) = cause {
        if let Some(fault) = found.downcast_ref::<ReadFault>() {
            return Some(fault.clone());
        }
        match found.downcast_ref::<NoToken>() {
            Some(NoToken::SignIn(reason)) => return Some(ReadFault::SignIn { reason: reason.clone() }),
            Some(NoToken::Unreachable(reason)) => {
                return Some(ReadFault::Unreachable { service: "sign-in service", reason: reason.clone() });
            }
            None => cause = found.source(),
        }
    }
    None
}

pub(crate) fn deepest(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_s3::error::ErrorMetadata;
    use aws_sdk_s3::operation::get_object::GetObjectError;

    fn told(code: &str, message: &str) -> ReadFault {
        let error = GetObjectError::generic(ErrorMetadata::builder().code(code).message(message).build());
        fault("S3", "the message", SdkError::service_error(error, ()))
    }

    #[test]
    fn a_clock_is_off_only_where_the_lake_speaks_of_time() {
        for (code, message) in [
            (
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
            ),
            (
                "InvalidSignatureException",
                "Signature expired: 20260304T000000Z is now earlier than 20260304T010000Z",
            ),
            ("InvalidSignatureException", "Signature not yet current: 20260304T020000Z is still later than"),
        ] {
            assert_eq!(told(code, message), ReadFault::Clock, "{code}: {message}");
        }
        for (code, message) in [
            (
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided.",
            ),
            ("InvalidSignatureException", "The request signature we calculated does not match"),
            ("InvalidSignatureException", "Credential should be scoped to a valid region. Signature expired"),
            ("InvalidSignatureException", ""),
        ] {
            assert_eq!(
                told(code, message),
                ReadFault::SignIn { reason: code.to_owned() },
                "{code}: {message}"
            );
        }
    }
}
