use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use dynoxide::DynoxideError;
use serde_json::json;

/// Why a request was not done, in DynamoDB's words
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>).
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    body: Vec<u8>,
}

impl Refusal {
    /// An error of the layer that AWS's services share: signatures, rights, form.
    pub(super) fn coral(code: &str, message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, &format!("com.amazon.coral.service#{code}"), message)
    }

    pub(super) fn serialization(message: &str) -> Self {
        Self::coral("SerializationException", message)
    }

    pub(super) fn validation(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "com.amazon.coral.validate#ValidationException", message)
    }

    pub(super) fn unknown_operation() -> Self {
        Self::coral(
            "UnknownOperationException",
            "X-Amz-Target names no operation of DynamoDB that this lake has.",
        )
    }

    pub(super) fn too_large(largest: usize) -> Self {
        let kind = "com.amazon.coral.service#RequestEntityTooLargeException";
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            kind,
            &format!("The request is larger than {largest} bytes."),
        )
    }

    /// Clients of AWS try again on this one.
    pub(super) fn unavailable() -> Self {
        let kind = "com.amazonaws.dynamodb.v20120810#ServiceUnavailable";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, kind, "The catalog is busy; try again.")
    }

    pub(super) fn internal() -> Self {
        let kind = "com.amazonaws.dynamodb.v20120810#InternalServerError";
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            kind,
            "The catalog could not do this; the lake's log says why.",
        )
    }

    fn new(status: StatusCode, kind: &str, message: &str) -> Self {
        Self { status, body: json!({"__type": kind, "message": message}).to_string().into_bytes() }
    }
}

impl From<DynoxideError> for Refusal {
    fn from(error: DynoxideError) -> Self {
        let status = StatusCode::from_u16(error.status_code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if status.is_server_error() {
            tracing::error!(kind = error.error_type(), "the catalog's database failed");
            return Self::internal();
        }
        Self { status, body: error.to_json().into_bytes() }
    }
}

/// The answer with the headers that clients check: the body's CRC-32 and the request's id.
pub(super) fn response(request_id: &str, done: Result<Vec<u8>, Refusal>) -> Response<Body> {
    let (status, body) = match done {
        Ok(body) => (StatusCode::OK, body),
        Err(Refusal { status, body }) => (status, body),
    };
    let checksum = crc32fast::hash(&body);
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
    headers.insert("x-amz-crc32", HeaderValue::from(checksum));
    if let Ok(request_id) = HeaderValue::from_str(request_id) {
        headers.insert("x-amzn-requestid", request_id);
    }
    response
}
