use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use lake::{Digest, Fault, Match, MessageId, Source};
use serde::Serialize;

use crate::TokenProblem;

/// What the front door says of one request or one line of a batch. Every body has `status` for people and `outcome` for programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// 201: claimed, published and settled by this submission.
    Ingested {
        /// The message's id.
        message_id: MessageId,
        /// SHA-256 of the canonical bytes.
        digest: Digest,
        /// The institution.
        source: Source,
        /// When it was received.
        received_at: Timestamp,
    },
    /// 409: a settled message has this digest.
    Duplicate {
        /// SHA-256 of the canonical bytes.
        digest: Digest,
        /// How it equals the first.
        equality: Match,
        /// The id of the first.
        message_id: MessageId,
        /// When the first was received.
        received_at: Timestamp,
    },
    /// 403: no right to write.
    Denied,
    /// 401: no token that proves anything.
    Unauthenticated {
        /// Why not.
        problem: TokenProblem,
    },
    /// 400, 405, 413 or 415: the request is wrong, now and later.
    Invalid {
        /// The status code.
        code: StatusCode,
        /// What is wrong, without content.
        reason: String,
        /// The limit that was passed, in bytes, if that was it.
        limit_bytes: Option<usize>,
    },
    /// 404: there is no such thing.
    NotFound {
        /// What there is not.
        reason: String,
    },
    /// 429 or 503: not now.
    Unavailable {
        /// The status code.
        code: StatusCode,
        /// Which part, or what is waited for.
        reason: String,
        /// After how long it makes sense to try again.
        retry_after: Duration,
    },
    /// 202: a steward's wish was published.
    Accepted {
        /// What was asked for, in words.
        status: &'static str,
        /// The message.
        message_id: MessageId,
        /// The attempt at staging that the wish belongs to.
        attempt: u32,
    },
}

/// The body of an answer.
#[derive(Default, Serialize)]
struct Body<'a> {
    status: &'a str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<MessageId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<Digest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a Source>,
    #[serde(skip_serializing_if = "Option::is_none")]
    received_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none", rename = "match")]
    equality: Option<Match>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<First>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit_bytes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
}

#[derive(Serialize)]
struct First {
    message_id: MessageId,
    received_at: Timestamp,
}

impl Answer {
    /// 503 for a part that is down or a wait that was too long.
    pub(crate) fn unavailable(reason: &str) -> Self {
        Self::Unavailable {
            code: StatusCode::SERVICE_UNAVAILABLE,
            reason: reason.to_owned(),
            retry_after: Duration::from_secs(2),
        }
    }

    /// 429: too much at once.
    pub(crate) fn busy() -> Self {
        Self::Unavailable {
            code: StatusCode::TOO_MANY_REQUESTS,
            reason: "too many messages at once; this one was not looked at".to_owned(),
            retry_after: Duration::from_secs(1),
        }
    }

    /// 503 for a fault. The sender hears which part it was, the log hears the rest.
    pub(crate) fn fault(fault: &Fault) -> Self {
        let part = match fault {
            Fault::Unavailable { part, .. }
            | Fault::Missing { part, .. }
            | Fault::Damaged { part, .. }
            | Fault::Refused { part, .. } => part,
        };
        Self::unavailable(&format!("a part of the lake does not answer as it should: {part}"))
    }

    /// 400.
    pub(crate) fn invalid(reason: &str) -> Self {
        Self::Invalid { code: StatusCode::BAD_REQUEST, reason: reason.to_owned(), limit_bytes: None }
    }

    /// 413.
    pub(crate) fn too_large(limit: usize, what: &str) -> Self {
        Self::Invalid {
            code: StatusCode::PAYLOAD_TOO_LARGE,
            reason: format!("{what} is larger than {limit} bytes"),
            limit_bytes: Some(limit),
        }
    }

    /// The HTTP status code.
    pub(crate) fn code(&self) -> StatusCode {
        match self {
            Self::Ingested { .. } => StatusCode::CREATED,
            Self::Duplicate { .. } => StatusCode::CONFLICT,
            Self::Denied => StatusCode::FORBIDDEN,
            Self::Unauthenticated { .. } => StatusCode::UNAUTHORIZED,
            Self::Invalid { code, .. } | Self::Unavailable { code, .. } => *code,
            Self::NotFound { .. } => StatusCode::NOT_FOUND,
            Self::Accepted { .. } => StatusCode::ACCEPTED,
        }
    }

    /// The body as JSON on one line, without a line end.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        let problem;
        let body = match self {
            Self::Ingested { message_id, digest, source, received_at } => Body {
                status: "Message ingested",
                outcome: "ingested",
                message_id: Some(*message_id),
                digest: Some(*digest),
                source: Some(source),
                received_at: Some(*received_at),
                ..Body::default()
            },
            Self::Duplicate { digest, equality, message_id, received_at } => Body {
                status: "Rejected due to being a duplicate",
                outcome: "duplicate",
                digest: Some(*digest),
                equality: Some(*equality),
                first: Some(First { message_id: *message_id, received_at: *received_at }),
                ..Body::default()
            },
            Self::Denied => Body {
                status: "Insufficient privileges to write",
                outcome: "denied",
                reason: Some(
                    "the attribute custom:write of this user is absent, empty or no institution's name",
                ),
                ..Body::default()
            },
            Self::Unauthenticated { problem: why } => {
                problem = why.to_string();
                Body {
                    status: "Not signed in",
                    outcome: "unauthenticated",
                    code: Some(why.code()),
                    reason: Some(&problem),
                    ..Body::default()
                }
            }
            Self::Invalid { reason, limit_bytes, .. } => Body {
                status: "Request refused",
                outcome: "invalid",
                reason: Some(reason),
                limit_bytes: *limit_bytes,
                ..Body::default()
            },
            Self::NotFound { reason } => {
                Body { status: "Not found", outcome: "not_found", reason: Some(reason), ..Body::default() }
            }
            Self::Unavailable { reason, retry_after, .. } => Body {
                status: "Not now, try again",
                outcome: "unavailable",
                reason: Some(reason),
                retry_after: Some(whole_seconds(*retry_after)),
                ..Body::default()
            },
            Self::Accepted { status, message_id, attempt } => Body {
                status,
                outcome: "accepted",
                message_id: Some(*message_id),
                attempt: Some(*attempt),
                ..Body::default()
            },
        };
        to_json(&body)
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = json(self.code(), self.to_json());
        let headers = response.headers_mut();
        if let Self::Unavailable { retry_after, .. } = &self {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(*retry_after)));
        }
        if matches!(self, Self::Unauthenticated { .. }) {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// A response with a JSON body that no cache keeps.
pub(crate) fn json(code: StatusCode, body: Vec<u8>) -> Response {
    let mut response = (code, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// JSON of one of this crate's own bodies.
pub(crate) fn to_json<T: Serialize>(body: &T) -> Vec<u8> {
    // Plain structs of strings and numbers serialise always; the text is for the case that one day one does not.
    serde_json::to_vec(body)
        .unwrap_or_else(|_| br#"{"status":"Not now, try again","outcome":"unavailable"}"#.to_vec())
}

/// Rounded up: to come back too early helps nobody.
fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}
