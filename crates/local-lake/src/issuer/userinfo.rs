use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::verify::TokenKind;
use super::{Issuer, page, refresh, tokens};

/// `GET` and `POST /oauth2/userInfo`: what the access token's scopes say of its user (OpenID Connect Core 1.0, 5.3).
pub(super) async fn user_info(State(issuer): State<Issuer>, headers: HeaderMap) -> Response {
    let Some(token) = bearer(&headers) else {
        return refused(StatusCode::UNAUTHORIZED, None);
    };
    let Ok(verified) = issuer.verify(token, TokenKind::Access, issuer.0.clock.now()) else {
        return refused(StatusCode::UNAUTHORIZED, Some("invalid_token"));
    };
    let Some(scopes) = verified.scopes.filter(|scopes| scopes.has("openid")) else {
        return refused(StatusCode::FORBIDDEN, Some("insufficient_scope"));
    };
    let user = issuer.0.users.of_subject(&verified.claims.subject);
    match (user, refresh::lives(&issuer.0.database, verified.origin, issuer.now()).await) {
        (Some(user), Ok(true)) => {
            let mut said = tokens::attributes(user, &scopes);
            said.insert("sub".to_owned(), json!(user.subject));
            said.insert("username".to_owned(), json!(user.username));
            ([(header::CACHE_CONTROL, "no-store")], Json(Value::Object(said))).into_response()
        }
        (_, Ok(_)) => refused(StatusCode::UNAUTHORIZED, Some("invalid_token")),
        (_, Err(_)) => page::unavailable(),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then_some(token.trim())
}

/// RFC 6750, 3.1.
fn refused(status: StatusCode, error: Option<&'static str>) -> Response {
    let unkept = (header::CACHE_CONTROL, "no-store".to_owned());
    match error {
        None => (status, [(header::WWW_AUTHENTICATE, "Bearer".to_owned()), unkept]).into_response(),
        Some(error) => {
            let how = (header::WWW_AUTHENTICATE, format!("Bearer error=\"{error}\""));
            (status, [how, unkept], Json(json!({"error": error}))).into_response()
        }
    }
}
