//! What came back, sorted by one question: can the message have arrived?

use std::borrow::Cow;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use er7::Digest;
use futures::StreamExt;
use jiff::Timestamp;
use lake::{Match, MessageId, Outcome, Source};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use serde::Deserialize;

use super::{Again, CertificateFault, Try};

/// The longest answer that is read; the lake's own are far shorter.
const ANSWER_BYTES: usize = 1024 * 1024;
/// The longest wait that a lake may ask for.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60);

/// The fields that any of the lake's answers may carry.
#[derive(Debug, Deserialize)]
pub(super) struct Answer<'a> {
    #[serde(borrow)]
    pub(super) outcome: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) status: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) reason: Option<Text<'a>>,
    pub(super) message_id: Option<MessageId>,
    pub(super) digest: Option<Digest>,
    pub(super) source: Option<Source>,
    pub(super) received_at: Option<Timestamp>,
    #[serde(rename = "match")]
    pub(super) equality: Option<Match>,
    pub(super) first: Option<First>,
    pub(super) limit_bytes: Option<u64>,
}

/// Text of an answer, where it stands in it: serde borrows for a type of its own, not for an optional `Cow`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Text<'_> {
    pub(super) fn into_owned(self) -> String {
        self.0.into_owned()
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct First {
    pub(super) message_id: Option<MessageId>,
    pub(super) received_at: Option<Timestamp>,
}

pub(super) async fn one_answer(response: Response, digest: Digest) -> Try {
    let status = response.status();
    let retry_after = retry_after(response.headers());
    match bounded_body(response).await {
        Ok(body) => sort(status, retry_after, &body, Some(digest)),
        Err(reason) => Try::Unconfirmed { reason },
    }
}

pub(super) fn sort(
    status: StatusCode,
    retry_after: Option<Duration>,
    body: &[u8],
    digest: Option<Digest>,
) -> Try {
    if let (Ok(answer), Some(digest)) = (serde_json::from_slice::<Answer<'_>>(body), digest)
        && (answer.outcome.is_some() || answer.status.as_ref().is_some_and(|status| older_status(&status.0)))
    {
        return line_answer(answer, digest, retry_after);
    }
    let foreign = |again| Try::NotSent {
        reason: format!("something between this computer and the lake answered {status}"),
        retry_after,
        again,
    };
    match status {
        StatusCode::UNAUTHORIZED => Try::Unauthenticated,
        StatusCode::TOO_MANY_REQUESTS => foreign(Again::MayHelp),
        _ if status.is_redirection() || status.is_client_error() => foreign(Again::WillNotHelp),
        _ => Try::Unconfirmed { reason: format!("{status} came back, and not from the lake itself") },
    }
}

/// What older lakes say without an `outcome`.
pub(super) fn older_status(status: &str) -> bool {
    matches!(
        status,
        "Message ingested" | "Rejected due to being a duplicate" | "Insufficient privileges to write"
    )
}

pub(super) fn line_answer(answer: Answer<'_>, digest: Digest, retry_after: Option<Duration>) -> Try {
    let status = answer.status.as_ref().map(|status| &*status.0);
    let said = answer.outcome.as_ref().map(|outcome| &*outcome.0).or(match status {
        Some("Message ingested") => Some("ingested"),
        Some("Rejected due to being a duplicate") => Some("duplicate"),
        Some("Insufficient privileges to write") => Some("denied"),
        _ => None,
    });
    let reason = || answer.reason.or(answer.status).unwrap_or_default().into_owned();
    if answer.digest.is_some_and(|told| told != digest) {
        return no_answer("the answer is about another message than the one sent");
    }
    match said {
        Some("ingested") => match (answer.message_id, answer.source, answer.received_at) {
            (Some(message_id), Some(source), Some(received_at)) => {
                Try::Answered(Outcome::Ingested { message_id, digest, source, received_at })
            }
            _ => no_answer("the answer lacks the message's id"),
        },
        Some("duplicate") => Try::Answered(Outcome::Duplicate {
            digest,
            equality: answer.equality.unwrap_or(Match::Canonical),
            first_message_id: answer.first.as_ref().and_then(|first| first.message_id),
            first_received_at: answer.first.as_ref().and_then(|first| first.received_at),
        }),
        Some("denied") => Try::Answered(Outcome::Denied { reason: reason() }),
        Some("invalid") => {
            Try::Answered(Outcome::Invalid { reason: reason(), limit_bytes: answer.limit_bytes })
        }
        Some("unauthenticated") => Try::Unauthenticated,
        Some("unavailable") => Try::NotSent { reason: reason(), retry_after, again: Again::MayHelpHalfWay },
        _ => no_answer("the answer has an outcome that this version does not know"),
    }
}

pub(super) fn no_answer(reason: &str) -> Try {
    Try::Unconfirmed { reason: reason.to_owned() }
}

pub(super) fn failed(error: &reqwest::Error) -> Try {
    // `is_connect` covers name look-up, connecting and TLS: the request itself had not begun.
    if error.is_connect() || error.is_builder() {
        Try::NotSent { reason: plain(error), retry_after: None, again: Again::MayHelp }
    } else {
        Try::Unconfirmed { reason: plain(error) }
    }
}

/// What went wrong, in plain words; never the URL's query and never content.
pub(crate) fn plain(error: &reqwest::Error) -> String {
    if let Some(fault) = CertificateFault::of(error) {
        return fault.to_string();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    let what = if error.is_timeout() {
        "it took too long"
    } else if error.is_connect() {
        "no connection"
    } else if error.is_decode() || error.is_body() {
        "the answer broke off"
    } else {
        "the connection failed"
    };
    format!("{what} ({cause})")
}

pub(super) async fn bounded_body(response: Response) -> Result<Bytes, String> {
    let mut body = BytesMut::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| plain(&error))?;
        if body.len() + chunk.len() > ANSWER_BYTES {
            return Err("the answer is longer than any of the lake's".to_owned());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse::<u64>().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_RETRY_AFTER))
}
