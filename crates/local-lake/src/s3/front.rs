//! What is refused before the S3 protocol is read at all.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");
static REQUESTS: AtomicU64 = AtomicU64::new(1);

/// Lets signed S3 calls through and gives every answer an id.
///
/// Forms (`POST` of `multipart/form-data`) would be read into memory before their signature is looked at, and signature
/// version 2 knows no session token: neither has a place in a lake.
pub(super) async fn check(request: Request, next: Next) -> Response {
    let mut response = match refusal(&request) {
        Some((status, code, message)) => error(status, code, message),
        None => next.run(request).await,
    };
    let id = format!("{:016X}", REQUESTS.fetch_add(1, Ordering::Relaxed));
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

fn refusal(request: &Request) -> Option<(StatusCode, &'static str, &'static str)> {
    let starts = |name: HeaderName, prefix: &str| {
        request.headers().get_all(name).iter().any(|value| {
            value
                .as_bytes()
                .get(..prefix.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
        })
    };
    if request.method() == Method::POST && starts(CONTENT_TYPE, "multipart/") {
        return Some((
            StatusCode::NOT_IMPLEMENTED,
            "NotImplemented",
            "Uploads by form are not implemented; use PutObject.",
        ));
    }
    let query = request.uri().query().unwrap_or_default().as_bytes();
    let named = |wanted: &str| url::form_urlencoded::parse(query).any(|(name, _)| name == wanted);
    if starts(AUTHORIZATION, "AWS ") || named("Signature") || named("AWSAccessKeyId") {
        return Some((
            StatusCode::BAD_REQUEST,
            "InvalidRequest",
            "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
        ));
    }
    None
}

fn error(status: StatusCode, code: &str, message: &str) -> Response {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    response
}
