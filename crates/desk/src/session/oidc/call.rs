//! One call to an issuer: no redirects, everything limited.

use std::time::Duration;

use openidconnect::{HttpRequest, HttpResponse};
use serde::Serialize;
use url::Url;

use crate::front_door::CertificateFault;

/// How long one call may take.
const CALL_LIMIT: Duration = Duration::from_secs(20);
/// The longest answer that is read.
const ANSWER_BYTES: usize = 1024 * 1024;

/// The HTTP client under `openidconnect`.
#[derive(Clone)]
pub(super) struct Http {
    client: reqwest::Client,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum HttpFault {
    #[error(transparent)]
    Request(#[from] reqwest::Error),
    #[error(transparent)]
    Build(#[from] http::Error),
    #[error("the answer is too long")]
    TooLong,
}

impl Http {
    /// A client for an issuer that describes itself at this address.
    pub(super) fn new(described_at: &Url) -> Result<Self, HttpFault> {
        let builder =
            reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(CALL_LIMIT);
        let builder = if crate::is_loopback(described_at) { builder.no_proxy() } else { builder };
        Ok(Self { client: builder.build()? })
    }

    /// Asks for what an address holds.
    pub(super) async fn get(&self, address: &str) -> Result<HttpResponse, HttpFault> {
        self.clone().call(http::Request::get(address).body(Vec::new())?).await
    }

    /// Sends a form; only the status of the answer is of use.
    pub(super) async fn post(
        &self,
        address: Url,
        form: &(impl Serialize + Sync),
    ) -> Result<http::StatusCode, HttpFault> {
        Ok(self.client.post(address).form(form).send().await?.status())
    }

    /// Any call, as `openidconnect` makes it.
    pub(super) async fn call(self, request: HttpRequest) -> Result<HttpResponse, HttpFault> {
        let mut response = self.client.execute(request.try_into()?).await?;
        let mut answer = http::Response::builder().status(response.status());
        for (name, value) in response.headers() {
            answer = answer.header(name, value);
        }
        if response.content_length().is_some_and(|length| length > ANSWER_BYTES as u64) {
            return Err(HttpFault::TooLong);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > ANSWER_BYTES {
                return Err(HttpFault::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(answer.body(body)?)
    }
}

/// What is wrong with the certificate, else the innermost cause: what happened on the wire.
pub(super) fn deepest(error: &(dyn std::error::Error + 'static)) -> String {
    if let Some(fault) = CertificateFault::of(error) {
        return fault.to_string();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
