use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use serde_json::{Value, json};

use super::Issuer;

/// `GET /.well-known/openid-configuration` (OpenID Connect Discovery 1.0, RFC 8414).
pub(super) async fn configuration(State(issuer): State<Issuer>) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", issuer.issuer_url());
    Json(json!({
        "issuer": issuer.issuer_url(),
        "authorization_endpoint": at("/oauth2/authorize"),
        "token_endpoint": at("/oauth2/token"),
        "userinfo_endpoint": at("/oauth2/userInfo"),
        "revocation_endpoint": at("/oauth2/revoke"),
        "end_session_endpoint": at("/logout"),
        "jwks_uri": at("/.well-known/jwks.json"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "scopes_supported": issuer.scopes(),
        "prompt_values_supported": ["none", "login"],
        "claims_supported": [
            "iss", "aud", "sub", "exp", "iat", "auth_time", "nonce", "email", "email_verified", "cognito:username",
            "custom:read", "custom:write"
        ],
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "claims_parameter_supported": false,
        "ui_locales_supported": ["en"],
    }))
}

/// `GET /.well-known/jwks.json` (RFC 7517).
pub(super) async fn jwks(State(issuer): State<Issuer>) -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "max-age=300")], Json(issuer.jwks()))
}
