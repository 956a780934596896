use std::borrow::Cow;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// An exception of Amazon Cognito Identity, as its SDKs read it.
pub(super) struct Refusal {
    status: StatusCode,
    kind: &'static str,
    message: Cow<'static, str>,
}

impl Refusal {
    pub(super) fn denied(message: impl Into<Cow<'static, str>>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, kind: "NotAuthorizedException", message: message.into() }
    }

    pub(super) fn parameter(message: impl Into<Cow<'static, str>>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, kind: "InvalidParameterException", message: message.into() }
    }

    pub(super) fn missing(name: &'static str) -> Self {
        Self::parameter(format!("{name} is missing"))
    }

    /// `given` is cut: it is the caller's text.
    pub(super) fn unknown(what: &'static str, given: &str) -> Self {
        let given: String = given.chars().filter(|letter| !letter.is_control()).take(64).collect();
        Self {
            status: StatusCode::BAD_REQUEST,
            kind: "ResourceNotFoundException",
            message: format!("{what} '{given}' not found.").into(),
        }
    }

    pub(super) fn unreadable() -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            kind: "SerializationException",
            message: "the body is not the JSON of this call".into(),
        }
    }

    pub(super) fn operation() -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            kind: "UnknownOperationException",
            message: "X-Amz-Target must be AWSCognitoIdentityService.GetId or .GetCredentialsForIdentity"
                .into(),
        }
    }

    pub(super) fn internal() -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            kind: "InternalErrorException",
            message: "the lake cannot answer now; try again".into(),
        }
    }

    pub(super) fn into_response(self) -> Response {
        let mut response = written(self.status, &json!({"__type": self.kind, "message": self.message}));
        response
            .headers_mut()
            .insert(HeaderName::from_static("x-amzn-errortype"), HeaderValue::from_static(self.kind));
        response
    }
}

pub(super) fn ok(body: &Value) -> Response {
    written(StatusCode::OK, body)
}

fn written(status: StatusCode, body: &Value) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/x-amz-json-1.1"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, body.to_string()).into_response()
}
