use serde::{Deserialize, Serialize};

/// How to reach one lake, as `GET /lake` answers it; no secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Always `lake-profile/1`.
    pub schema: String,
    /// The lake's name for people.
    pub name: String,
    /// The version of the lake's software.
    pub lake_version: String,
    /// The AWS region (`local` lakes: `us-east-1`, what SDKs take without asking).
    pub region: String,
    /// The OIDC issuer (OpenID Connect Discovery 1.0).
    pub issuer: String,
    /// The public client's id.
    pub client_id: String,
    /// The scopes to ask for.
    pub scopes: Vec<String>,
    /// The redirect URIs that are registered, exactly.
    pub redirect_uris: Vec<String>,
    /// The issuer's logout page.
    pub logout_url: String,
    /// Where the logout page may return to.
    pub logout_uris: Vec<String>,
    /// The Cognito identity pool.
    pub identity_pool_id: String,
    /// The key under which the ID token is handed to the identity pool (`Logins`).
    pub identity_provider: String,
    /// The lake bucket.
    pub bucket: String,
    /// The catalog table.
    pub catalog: String,
    /// Over how many shards a day's heads are spread.
    pub catalog_shards: u32,
    /// Where the services answer.
    pub endpoints: Endpoints,
    /// What clients check before they send.
    pub limits: Limits,
}

/// Where the services answer; those left out are at AWS's defaults for the region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// The front door.
    pub front_door: String,
    /// Where the issuer describes itself, if not at its own address: a Cognito that plays AWS's on this computer names AWS's
    /// address as issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cognito_idp: Option<String>,
    /// Cognito Identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cognito_identity: Option<String>,
    /// S3, addressed path-style.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3: Option<String>,
    /// DynamoDB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dynamodb: Option<String>,
}

/// What clients check before they send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Largest message, in bytes.
    pub message_bytes: usize,
    /// Most messages in a batch.
    pub batch_messages: usize,
    /// Largest batch body, in bytes.
    pub batch_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: crate::MESSAGE_BYTES,
            batch_messages: crate::BATCH_MESSAGES,
            batch_bytes: crate::BATCH_BYTES,
        }
    }
}
