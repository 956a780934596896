//! Temporary credentials from the Cognito identity pool (GetId, GetCredentialsForIdentity), renewed before they end.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider::{self, ProvideCredentials, error::CredentialsError};
use aws_sdk_cognitoidentity::Client;
use aws_sdk_cognitoidentity::error::{ProvideErrorMetadata, SdkError};
use lake::Profile;

use crate::clients::fault;

/// No ID token could be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoToken {
    /// Somebody has to sign in.
    #[error("{0}")]
    SignIn(String),
    /// Whoever issues them is out of reach.
    #[error("{0}")]
    Unreachable(String),
}

/// Where a fresh ID token comes from: the session, which renews it.
pub trait IdTokens: Send + Sync + 'static {
    /// An ID token that is good for some minutes.
    fn id_token(&self) -> Pin<Box<dyn Future<Output = Result<String, NoToken>> + Send + '_>>;
}

/// Asks the identity pool; the SDK's identity cache in front of it asks again only before the credentials end.
#[derive(Clone)]
pub(crate) struct PoolCredentials {
    pub(crate) client: Client,
    pub(crate) pool: String,
    pub(crate) provider: String,
    pub(crate) tokens: Arc<dyn IdTokens>,
}

impl PoolCredentials {
    pub(crate) fn new(client: Client, profile: &Profile, tokens: Arc<dyn IdTokens>) -> Self {
        Self {
            client,
            pool: profile.identity_pool_id.clone(),
            provider: profile.identity_provider.clone(),
            tokens,
        }
    }

    async fn ask(&self) -> provider::Result {
        let token = self.tokens.id_token().await.map_err(CredentialsError::provider_error)?;
        let logins = HashMap::from([(self.provider.clone(), token)]);
        let lost = |what: &'static str| CredentialsError::unhandled(what);
        let identity = self
            .client
            .get_id()
            .identity_pool_id(&self.pool)
            .set_logins(Some(logins.clone()))
            .send()
            .await
            .map_err(|error| refused("an identity", error))?;
        let answer = self
            .client
            .get_credentials_for_identity()
            .identity_id(identity.identity_id().ok_or_else(|| lost("the identity pool named no identity"))?)
            .set_logins(Some(logins))
            .send()
            .await
            .map_err(|error| refused("credentials", error))?;
        let given = answer.credentials.ok_or_else(|| lost("the identity pool gave no credentials"))?;
        let (Some(access_key), Some(secret_key)) = (given.access_key_id, given.secret_key) else {
            return Err(lost("the identity pool gave half a credential"));
        };
        let expires = given.expiration.and_then(|at| SystemTime::try_from(at).ok());
        Ok(Credentials::new(access_key, secret_key, given.session_token, expires, "CognitoIdentityPool"))
    }
}

fn refused<E, R>(what: &str, error: SdkError<E, R>) -> CredentialsError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: fmt::Debug + 'static,
{
    CredentialsError::provider_error(fault("identity pool", what, error))
}

impl fmt::Debug for PoolCredentials {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("PoolCredentials").field("pool", &self.pool).finish_non_exhaustive()
    }
}

impl ProvideCredentials for PoolCredentials {
    fn provide_credentials<'a>(&'a self) -> provider::future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        provider::future::ProvideCredentials::new(self.ask())
    }
}
