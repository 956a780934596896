use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lake::Fault;
use serde_json::{Map, Value, json};

use super::codes::Redeemed;
use super::parameters::{Parameters, Repeated};
use super::refresh::{self, Rotated};
use super::scopes::Scopes;
use super::tokens::{Grant, Tokens};
use super::{CLIENT_ID, Issuer, fingerprint};

/// `POST /oauth2/token` (RFC 6749, 4.1.3 and 6).
pub(super) async fn token(State(issuer): State<Issuer>, headers: HeaderMap, body: Bytes) -> Response {
    let answered = match read_form(&headers, &body) {
        Err(refusal) => Err(refusal),
        Ok(form) => match form.one("grant_type") {
            Ok(Some("authorization_code")) => issuer.redeem(&form).await,
            Ok(Some("refresh_token")) => issuer.refresh(&form).await,
            Ok(Some(_)) => Err(Refusal(
                "unsupported_grant_type",
                "grant_type must be authorization_code or refresh_token",
            )),
            Ok(None) => Err(Refusal("invalid_request", "grant_type is missing")),
            Err(repeated) => Err(repeated.into()),
        },
    };
    match answered {
        Ok(tokens) => answer(StatusCode::OK, &written(&tokens)),
        Err(refusal) => refusal.into_response(),
    }
}

/// `POST /oauth2/revoke` (RFC 7009): ends the sign-in that a refresh token stands for, with its access tokens. A token
/// that is none is not an error. An access token alone cannot be revoked, as at Cognito.
pub(super) async fn revoke(State(issuer): State<Issuer>, headers: HeaderMap, body: Bytes) -> Response {
    let form = match read_form(&headers, &body) {
        Ok(form) => form,
        Err(refusal) => return refusal.into_response(),
    };
    let token = match form.one("token") {
        Ok(Some(token)) => token,
        Ok(None) => return Refusal("invalid_request", "token is missing").into_response(),
        Err(repeated) => return Refusal::from(repeated).into_response(),
    };
    if token.split('.').count() == 3 {
        return Refusal("unsupported_token_type", "only refresh tokens can be revoked").into_response();
    }
    match refresh::revoke(&issuer.0.database, token).await {
        Ok(()) => answer(StatusCode::OK, &Value::Null),
        Err(fault) => Refusal::from(fault).into_response(),
    }
}

impl Issuer {
    /// Tokens for a code and the verifier that goes with its challenge.
    async fn redeem(&self, form: &Parameters) -> Result<Tokens, Refusal> {
        let code = form.one("code")?.ok_or(Refusal("invalid_request", "code is missing"))?;
        let redirect_uri =
            form.one("redirect_uri")?.ok_or(Refusal("invalid_request", "redirect_uri is missing"))?;
        let verifier = form
            .one("code_verifier")?
            .ok_or(Refusal("invalid_request", "code_verifier is missing (PKCE)"))?;
        if !is_verifier(verifier) {
            return Err(Refusal("invalid_request", "code_verifier must be 43 to 128 unreserved characters"));
        }
        let hash = fingerprint(code.as_bytes());
        let now = self.now();
        let redeemed = match self.codes(|codes| codes.redeem(&hash, now)) {
            Redeemed::Fresh(redeemed) => redeemed,
            Redeemed::Replayed(origin) => {
                refresh::revoke_origin(&self.0.database, origin).await?;
                return Err(Refusal(
                    "invalid_grant",
                    "the code was used before; its tokens have been revoked",
                ));
            }
            Redeemed::Unknown => return Err(Refusal("invalid_grant", "the code is unknown or has ended")),
        };
        if redeemed.redirect_uri != redirect_uri {
            return Err(Refusal("invalid_grant", "redirect_uri is not that of the authorization request"));
        }
        if URL_SAFE_NO_PAD.encode(fingerprint(verifier.as_bytes())) != redeemed.code_challenge {
            return Err(Refusal("invalid_grant", "code_verifier does not match the code_challenge"));
        }
        let user = self.0.users.of_subject(&redeemed.subject).cloned().ok_or(NOBODY)?;
        let grant = Grant {
            user,
            scopes: redeemed.scopes,
            auth_time: redeemed.auth_time,
            origin: redeemed.origin,
            nonce: redeemed.nonce,
        };
        let tokens = self.grant_tokens(&grant).await?;
        if self.codes(|codes| codes.was_replayed(&hash)) {
            refresh::revoke_origin(&self.0.database, grant.origin).await?;
            return Err(Refusal(
                "invalid_grant",
                "the code was used twice at once; its tokens have been revoked",
            ));
        }
        Ok(tokens)
    }

    /// New tokens for a refresh token, which is thereby replaced.
    async fn refresh(&self, form: &Parameters) -> Result<Tokens, Refusal> {
        let token =
            form.one("refresh_token")?.ok_or(Refusal("invalid_request", "refresh_token is missing"))?;
        let wanted = match form.one("scope")? {
            None => None,
            Some(text) => Some(Scopes::parse(text).ok_or(BEYOND)?),
        };
        let salt = self.random_bytes()?;
        let rotated = refresh::rotate(&self.0.database, token, wanted.clone(), salt, self.now()).await?;
        let (family, next) = match rotated {
            Rotated::Granted(family, next) => (family, next),
            Rotated::BeyondScope => return Err(BEYOND),
            Rotated::Refused => {
                return Err(Refusal("invalid_grant", "the refresh token is unknown, used or ended"));
            }
        };
        let user = self.0.users.of_subject(&family.subject).cloned().ok_or(NOBODY)?;
        let grant = Grant {
            user,
            scopes: wanted.unwrap_or(family.scopes),
            auth_time: family.auth_time,
            origin: family.origin,
            nonce: None,
        };
        Ok(self.tokens(&grant, next)?)
    }
}

/// An error of RFC 6749, 5.2, with words for the developer.
#[derive(Clone, Copy)]
struct Refusal(&'static str, &'static str);

const NOBODY: Refusal = Refusal("invalid_grant", "the user is no longer one of this lake");
const BEYOND: Refusal = Refusal("invalid_scope", "scope goes beyond what was granted at the sign-in");
/// Not of RFC 6749, 5.2, which has no word for it: this lake cannot answer now.
const UNAVAILABLE: &str = "temporarily_unavailable";
const NO_CLIENT_SECRET: &str = "this client is public: send client_id in the form, without Authorization";

impl Refusal {
    fn into_response(self) -> Response {
        let Self(error, words) = self;
        let status = match error {
            "invalid_client" if words == NO_CLIENT_SECRET => StatusCode::UNAUTHORIZED,
            UNAVAILABLE => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        };
        let mut response = answer(status, &json!({"error": error, "error_description": words}));
        let headers = response.headers_mut();
        match status {
            StatusCode::UNAUTHORIZED => headers
                .insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Basic realm=\"lake\"")),
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"))
            }
            _ => None,
        };
        response
    }
}

impl From<Repeated> for Refusal {
    fn from(Repeated: Repeated) -> Self {
        Self("invalid_request", "a parameter came more than once")
    }
}

impl From<Fault> for Refusal {
    fn from(_: Fault) -> Self {
        Self(UNAVAILABLE, "the lake cannot answer now; try again")
    }
}

/// The form of a request by the one client, which is public and has no secret.
fn read_form(headers: &HeaderMap, body: &[u8]) -> Result<Parameters, Refusal> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Refusal("invalid_request", "the body must be application/x-www-form-urlencoded"));
    }
    if headers.contains_key(header::AUTHORIZATION) {
        return Err(Refusal("invalid_client", NO_CLIENT_SECRET));
    }
    let form = Parameters::parse(body);
    match form.one("client_id")? {
        Some(CLIENT_ID) => Ok(form),
        Some(_) => Err(Refusal("invalid_client", "client_id is not registered")),
        None => Err(Refusal("invalid_request", "client_id is missing")),
    }
}

fn written(tokens: &Tokens) -> Value {
    let mut said = Map::new();
    if let Some(id_token) = &tokens.id_token {
        said.insert("id_token".to_owned(), json!(id_token.expose()));
    }
    said.insert("access_token".to_owned(), json!(tokens.access_token.expose()));
    said.insert("refresh_token".to_owned(), json!(tokens.refresh_token.expose()));
    said.insert("token_type".to_owned(), json!("Bearer"));
    said.insert("expires_in".to_owned(), json!(tokens.expires_in));
    said.insert("scope".to_owned(), json!(tokens.scope));
    Value::Object(said)
}

fn answer(status: StatusCode, body: &Value) -> Response {
    let unkept = [(header::CACHE_CONTROL, "no-store"), (header::PRAGMA, "no-cache")];
    match body {
        Value::Null => (status, unkept).into_response(),
        body => (status, unkept, Json(body)).into_response(),
    }
}

/// RFC 7636, 4.1.
fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~'))
}
