//! The front door as its clients see it: one try at a time, and what is certain afterwards.
//!
//! Only a body with the lake's own `outcome` (or an older lake's `status`) is an answer. Whatever else comes back was
//! said by something on the way, and is sorted by one question: can the message have arrived?

mod answer;
mod batch;
mod certificate;

use std::time::Duration;

use bytes::Bytes;
use er7::Digest;
use jiff::{SignedDuration, Timestamp};
use lake::{MessageId, Outcome, Profile, SetAsideReason};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, DATE};
use reqwest::{Client, StatusCode};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::secret::Secret;
use answer::{Answer, bounded_body, failed, line_answer, no_answer, one_answer, plain, retry_after, sort};
pub use batch::BatchBody;
pub use certificate::CertificateFault;

/// How this version's lakes describe themselves.
pub(crate) const PROFILE_SCHEMA: &str = "lake-profile/1";
/// The longest name of another version that is shown, in characters.
const LONGEST_SCHEMA: usize = 40;

/// A lake's front door.
#[derive(Clone, Debug)]
pub struct FrontDoor {
    client: Client,
    base: Url,
}

/// How long a front door is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How long connecting may take.
    pub connect: Duration,
    /// How long nothing may come while an answer is waited for or read.
    pub read: Duration,
    /// How long one request may take in all: the front door's own limit for a batch is 25 s.
    pub request: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(35),
            request: Duration::from_secs(40),
        }
    }
}

/// What came of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BatchTry {
    /// One result a line, in order.
    Lines(Vec<Try>),
    /// The batch as a whole was answered, or not: this is true of every line, but an `Invalid` is about the batch.
    Whole(Try),
}

/// What is certain after one try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Try {
    /// The front door answered for good: ingested, duplicate, denied or invalid.
    Answered(Outcome),
    /// The token was not taken; a new one may be.
    Unauthenticated,
    /// It is not in the lake by this try. Sending again is safe.
    NotSent {
        /// Why, in plain words.
        reason: String,
        /// How long the lake asks to wait.
        retry_after: Option<Duration>,
        /// Whether sending again can help at all.
        again: Again,
    },
    /// Bytes left and no answer came: it may or may not be in the lake.
    Unconfirmed {
        /// What happened, in plain words.
        reason: String,
    },
}

/// Whether sending again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// Busy, or not reached at all.
    MayHelp,
    /// The lake itself says that a part of it is down or busy: the message may have come half-way, and its ledger tells.
    MayHelpHalfWay,
    /// Something between here and the lake is set up wrongly.
    WillNotHelp,
}

/// What the ledger says of a digest.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Known {
    /// The digest asked about.
    pub digest: Digest,
    /// How far it has come.
    pub state: KnownState,
    /// The message, once claimed.
    pub message_id: Option<MessageId>,
    /// When it was received.
    pub received_at: Option<Timestamp>,
}

/// How far a digest has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KnownState {
    /// Not in the lake.
    Unknown,
    /// On its way in.
    Pending,
    /// In the lake.
    Settled,
}

/// Why a question to the front door (not a submission) has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The token was not taken.
    #[error("the lake does not take this sign-in any more; sign in again")]
    Unauthenticated,
    /// The lake said no.
    #[error("the lake refused: {reason}")]
    Refused {
        /// Its reason.
        reason: String,
    },
    /// No sound answer.
    #[error("the lake gave no answer: {reason}")]
    Unreachable {
        /// What happened.
        reason: String,
    },
    /// Its certificate was not taken, so that nothing was asked.
    #[error("the connection is not safe: {0}")]
    Certificate(CertificateFault),
    /// It describes itself in another version's words.
    #[error(
        "the lake describes itself as {schema:?}; this version understands \"lake-profile/1\". Update Lake Steward, or ask the lake's administrator"
    )]
    OtherVersion {
        /// Its schema.
        schema: String,
    },
}

impl FrontDoor {
    /// A front door at this URL. Redirects are never followed: they would carry the token elsewhere.
    pub fn new(base: Url) -> Result<Self, Fault> {
        Self::with_patience(base, Patience::default())
    }

    /// As [`FrontDoor::new`], waiting for so long.
    pub fn with_patience(base: Url, patience: Patience) -> Result<Self, Fault> {
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(patience.connect)
            .read_timeout(patience.read)
            .timeout(patience.request)
            .tcp_nodelay(true)
            .no_proxy_for_loopback(&base)
            .user_agent(concat!("lake-steward/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| no_answer_from(&error))?;
        Ok(Self { client, base })
    }

    /// Where it answers.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// Hands one message over, as raw bytes.
    pub async fn submit(
        &self,
        token: &Secret,
        message: Bytes,
        digest: Digest,
        replaces: Option<MessageId>,
    ) -> Try {
        let mut request = self
            .client
            .post(self.url("er7"))
            .header(AUTHORIZATION, format!("Bearer {}", token.expose()))
            .header(CONTENT_TYPE, "application/hl7-v2")
            .body(message);
        if let Some(replaces) = replaces {
            request = request.header("X-Replaces", replaces.to_string());
        }
        match request.send().await {
            Ok(response) => one_answer(response, digest).await,
            Err(error) => failed(&error),
        }
    }

    /// Hands a batch over, with the digest of each of its messages.
    pub async fn submit_batch(&self, token: &Secret, body: BatchBody, digests: &[Digest]) -> BatchTry {
        let request = self
            .client
            .post(self.url("er7/batch"))
            .header(AUTHORIZATION, format!("Bearer {}", token.expose()))
            .header(CONTENT_TYPE, "application/x-ndjson")
            .body(body.into_bytes());
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return BatchTry::Whole(failed(&error)),
        };
        let status = response.status();
        let retry_after = retry_after(response.headers());
        let body = match bounded_body(response).await {
            Ok(body) => body,
            Err(reason) => return BatchTry::Whole(Try::Unconfirmed { reason }),
        };
        if status != StatusCode::OK {
            let digest = digests.first().copied();
            return BatchTry::Whole(match sort(status, retry_after, &body, digest) {
                Try::Answered(Outcome::Ingested { .. } | Outcome::Duplicate { .. }) => {
                    no_answer("one message was answered for where many were sent")
                }
                other => other,
            });
        }
        let lines = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let mut tries: Vec<Try> = lines
            .zip(digests)
            .map(|(line, digest)| match serde_json::from_slice::<Answer<'_>>(line) {
                Ok(answer) => line_answer(answer, *digest, retry_after),
                Err(_) => no_answer("a line of the answer was not the lake's"),
            })
            .collect();
        tries.resize(digests.len(), no_answer("the answer ended early"));
        BatchTry::Lines(tries)
    }

    /// How far the lake's clock is ahead of this computer's, to about a second, by the `Date` of an answer (RFC 9110,
    /// 6.6.1). Nothing on this computer itself: it has one clock.
    pub async fn clock_ahead(&self) -> Result<SignedDuration, Fault> {
        if crate::is_loopback(&self.base) {
            return Ok(SignedDuration::ZERO);
        }
        let asked = Timestamp::now();
        let response =
            self.client.get(self.url("lake")).send().await.map_err(|error| no_answer_from(&error))?;
        let answered = Timestamp::now();
        let middle = asked.checked_add(answered.duration_since(asked) / 2).unwrap_or(answered);
        let date = response.headers().get(DATE).and_then(|date| date.to_str().ok());
        let date = date.and_then(|date| jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date).ok());
        let date =
            date.ok_or_else(|| Fault::Unreachable { reason: "its answer does not say the time".to_owned() })?;
        Ok(date.duration_since(middle))
    }

    /// Asks the ledger about digests (at most 100), in the order asked.
    pub async fn known(&self, token: &Secret, digests: &[Digest]) -> Result<Vec<Known>, Fault> {
        #[derive(Serialize)]
        struct Asked<'a> {
            digests: &'a [Digest],
        }
        #[derive(Deserialize)]
        struct Told {
            known: Vec<Known>,
        }
        let told: Told = self.ask(token, "er7/known", &Asked { digests }).await?;
        let sound =
            told.known.len() == digests.len() && told.known.iter().zip(digests).all(|(k, d)| k.digest == *d);
        if sound {
            Ok(told.known)
        } else {
            Err(Fault::Unreachable { reason: "the answer names other messages than asked".to_owned() })
        }
    }

    /// Asks for another attempt at staging.
    pub async fn restage(&self, token: &Secret, message_id: MessageId) -> Result<(), Fault> {
        self.order(token, &format!("messages/{message_id}/restage"), &serde_json::json!({})).await
    }

    /// Closes an error without a replacement.
    pub async fn set_aside(
        &self,
        token: &Secret,
        message_id: MessageId,
        reason: SetAsideReason,
        note: Option<&str>,
    ) -> Result<(), Fault> {
        let body = serde_json::json!({ "reason": reason, "note": note });
        self.order(token, &format!("messages/{message_id}/set-aside"), &body).await
    }

    /// Asks that failed deliveries be tried again.
    pub async fn redeliver(&self, token: &Secret, message_id: MessageId) -> Result<(), Fault> {
        self.order(token, &format!("messages/{message_id}/redeliver"), &serde_json::json!({})).await
    }

    /// The lake's own profile document, unchecked.
    pub async fn profile(&self) -> Result<Profile, Fault> {
        let response =
            self.client.get(self.url("lake")).send().await.map_err(|error| no_answer_from(&error))?;
        let status = response.status();
        let body = bounded_body(response).await.map_err(|reason| Fault::Unreachable { reason })?;
        if !status.is_success() {
            return Err(Fault::Unreachable {
                reason: format!("it answered {status} where a lake describes itself"),
            });
        }
        read_profile(&body)
    }

    async fn order(&self, token: &Secret, path: &str, body: &serde_json::Value) -> Result<(), Fault> {
        let _: serde_json::Value = self.ask(token, path, body).await?;
        Ok(())
    }

    async fn ask<Q: Serialize + Sync, A: for<'a> Deserialize<'a>>(
        &self,
        token: &Secret,
        path: &str,
        question: &Q,
    ) -> Result<A, Fault> {
        let request = self
            .client
            .post(self.url(path))
            .header(AUTHORIZATION, format!("Bearer {}", token.expose()))
            .json(question);
        let response = request.send().await.map_err(|error| no_answer_from(&error))?;
        let status = response.status();
        let body = bounded_body(response).await.map_err(|reason| Fault::Unreachable { reason })?;
        if status.is_success() {
            let strange = |_| Fault::Unreachable { reason: "the answer is not the lake's".to_owned() };
            return serde_json::from_slice(&body).map_err(strange);
        }
        match (status, serde_json::from_slice::<Answer<'_>>(&body)) {
            (StatusCode::UNAUTHORIZED, _) => Err(Fault::Unauthenticated),
            (_, Ok(Answer { outcome: Some(_), reason, status: said, .. })) => Err(Fault::Refused {
                reason: reason.or(said).map_or_else(|| status.to_string(), answer::Text::into_owned),
            }),
            _ => Err(Fault::Unreachable { reason: format!("something on the way answered {status}") }),
        }
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        let folder = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{folder}/{path}"));
        url
    }
}

/// Another version's document has other fields: its schema is read first.
fn read_profile(body: &[u8]) -> Result<Profile, Fault> {
    #[derive(Deserialize)]
    struct Named {
        schema: String,
    }
    let stranger = || Fault::Unreachable { reason: "what answers there is not a lake".to_owned() };
    let Named { schema } = serde_json::from_slice(body).map_err(|_| stranger())?;
    if schema != PROFILE_SCHEMA {
        return Err(match schema.strip_prefix("lake-profile/") {
            Some(_) => Fault::OtherVersion { schema: schema.chars().take(LONGEST_SCHEMA).collect() },
            None => stranger(),
        });
    }
    serde_json::from_slice(body).map_err(|_| stranger())
}

fn no_answer_from(error: &reqwest::Error) -> Fault {
    CertificateFault::of(error)
        .map_or_else(|| Fault::Unreachable { reason: plain(error) }, Fault::Certificate)
}

/// Reqwest has no such switch by URL: a proxy must never see what goes to this computer itself.
trait NoProxyForLoopback {
    fn no_proxy_for_loopback(self, base: &Url) -> Self;
}

impl NoProxyForLoopback for reqwest::ClientBuilder {
    fn no_proxy_for_loopback(self, base: &Url) -> Self {
        if crate::is_loopback(base) { self.no_proxy() } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_versions_description_is_told_from_a_stranger() {
        let later = read_profile(br#"{"schema":"lake-profile/2","everything":"else"}"#);
        let schema = "lake-profile/2".to_owned();
        assert_eq!(later, Err(Fault::OtherVersion { schema }), "although no other field is known");
        let long = format!(r#"{{"schema":"lake-profile/{}"}}"#, "9".repeat(1_000));
        let cut = read_profile(long.as_bytes());
        assert!(
            matches!(cut, Err(Fault::OtherVersion { schema }) if schema.len() == LONGEST_SCHEMA),
            "cut short"
        );
        for stranger in
            [&br#"{"schema":"openapi/3"}"#[..], b"<html>", b"{}", br#"{"schema":"lake-profile/1"}"#]
        {
            let found = read_profile(stranger);
            assert!(matches!(found, Err(Fault::Unreachable { .. })), "no lake: {found:?}");
        }
    }
}
