use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lake::Fault;
use serde_json::{Map, Value, json};

use super::refresh::{self, Family};
use super::scopes::Scopes;
use super::{CLIENT_ID, Issuer, fingerprint};
use crate::credentials::Secret;
use crate::users::User;

/// How long ID and access tokens hold, in seconds (Cognito's default).
pub(super) const LIFETIME: i64 = 3600;

/// What a sign-in or a refresh gives.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// Who signed in, for the client and for the front door and the identity pool; only with scope `openid`.
    pub id_token: Option<Secret>,
    /// What the user may ask of the issuer itself; it carries no rights to the lake.
    pub access_token: Secret,
    /// For the next tokens; each is good for one refresh.
    pub refresh_token: Secret,
    /// How long ID and access token hold, in seconds.
    pub expires_in: i64,
    /// The scopes granted, with blanks between.
    pub scope: String,
}

/// What tokens are made of.
pub(super) struct Grant {
    pub(super) user: User,
    pub(super) scopes: Scopes,
    /// When the user signed in, in seconds since 1970.
    pub(super) auth_time: i64,
    /// The id of the sign-in, the same in all tokens that follow from it.
    pub(super) origin: String,
    /// What the client gave for the ID token to repeat; absent after a refresh (OpenID Connect Core 1.0, 12.2).
    pub(super) nonce: Option<String>,
}

impl Issuer {
    /// Begins a refresh family and makes the first tokens.
    pub(super) async fn grant_tokens(&self, grant: &Grant) -> Result<Tokens, Fault> {
        let family = Family {
            origin: grant.origin.clone(),
            subject: grant.user.subject.clone(),
            scopes: grant.scopes.clone(),
            auth_time: grant.auth_time,
        };
        let token = refresh::begin(&self.0.database, family, self.random_bytes()?, self.now()).await?;
        self.tokens(grant, token)
    }

    /// ID and access token of a grant, beside a refresh token.
    pub(super) fn tokens(&self, grant: &Grant, refresh_token: Secret) -> Result<Tokens, Fault> {
        let now = self.now();
        let access_token = self.0.key.sign(&self.access_claims(grant, now)?)?;
        let id_token = grant
            .scopes
            .has("openid")
            .then(|| self.id_claims(grant, &access_token, now).and_then(|claims| self.0.key.sign(&claims)))
            .transpose()?;
        Ok(Tokens {
            id_token: id_token.map(Secret::new),
            access_token: Secret::new(access_token),
            refresh_token,
            expires_in: LIFETIME,
            scope: grant.scopes.to_string(),
        })
    }

    fn access_claims(&self, grant: &Grant, now: i64) -> Result<Value, Fault> {
        let mut claims = self.shared_claims(grant, "access", now)?;
        claims.insert("client_id".to_owned(), json!(CLIENT_ID));
        claims.insert("scope".to_owned(), json!(grant.scopes.to_string()));
        claims.insert("username".to_owned(), json!(grant.user.username));
        claims.insert("version".to_owned(), json!(2));
        Ok(Value::Object(claims))
    }

    fn id_claims(&self, grant: &Grant, access_token: &str, now: i64) -> Result<Value, Fault> {
        let mut claims = self.shared_claims(grant, "id", now)?;
        claims.insert("aud".to_owned(), json!(CLIENT_ID));
        claims.insert("cognito:username".to_owned(), json!(grant.user.username));
        claims.insert("at_hash".to_owned(), json!(half_hash(access_token)));
        if let Some(nonce) = &grant.nonce {
            claims.insert("nonce".to_owned(), json!(nonce));
        }
        claims.extend(attributes(&grant.user, &grant.scopes));
        Ok(Value::Object(claims))
    }

    fn shared_claims(&self, grant: &Grant, kind: &str, now: i64) -> Result<Map<String, Value>, Fault> {
        let claims = json!({
            "iss": self.issuer_url(),
            "sub": grant.user.subject,
            "token_use": kind,
            "origin_jti": grant.origin,
            "auth_time": grant.auth_time,
            "iat": now,
            "exp": now + LIFETIME,
            "jti": self.random_uuid()?,
        });
        match claims {
            Value::Object(claims) => Ok(claims),
            _ => Ok(Map::new()),
        }
    }
}

/// What the scopes say of a user beside `sub`: the address with `email`, everything with `profile`. Cognito leaves
/// custom attributes out of the ID token without `profile`; so nobody has rights by accident.
pub(super) fn attributes(user: &User, scopes: &Scopes) -> Map<String, Value> {
    let mut said = Map::new();
    if scopes.has("email") || scopes.has("profile") {
        said.insert("email".to_owned(), json!(user.username));
        said.insert("email_verified".to_owned(), json!(true));
    }
    if scopes.has("profile") {
        for (name, right) in [("custom:read", &user.read), ("custom:write", &user.write)] {
            if let Some(source) = right {
                said.insert(name.to_owned(), json!(source.as_str()));
            }
        }
    }
    said
}

/// The left half of a token's hash, which ties an ID token to it (OpenID Connect Core 1.0, 3.1.3.6).
fn half_hash(token: &str) -> String {
    let hash = fingerprint(token.as_bytes());
    URL_SAFE_NO_PAD.encode(hash.first_chunk::<16>().map_or(&[][..], |half| half.as_slice()))
}
