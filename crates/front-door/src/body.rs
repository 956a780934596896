use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::StatusCode;
use http_body_util::BodyExt;
use tokio::time::timeout;

use crate::answer::Answer;

/// Most bytes that are read and dropped so that a refused sender can hear why before the connection closes.
const DRAINED_BYTES: usize = 8 * 1024 * 1024;
/// How long is drained.
const DRAINING: Duration = Duration::from_secs(5);

/// How many bytes a body will bring at most.
pub(crate) fn expected(body: &Body, limit: usize) -> usize {
    let announced = body.size_hint().upper().and_then(|bytes| usize::try_from(bytes).ok());
    announced.unwrap_or(limit).min(limit)
}

/// Reads a body of at most `limit` bytes, `within` a time.
pub(crate) async fn read(
    mut body: Body,
    limit: usize,
    within: Duration,
    too_large: Answer,
) -> Result<Vec<u8>, Answer> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limit {
        drain(body).await;
        return Err(too_large);
    }
    let mut bytes = Vec::with_capacity(announced);
    let reading = async {
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else {
                return Err(Answer::invalid("the body broke off"));
            };
            if let Some(data) = frame.data_ref() {
                if bytes.len() + data.len() > limit {
                    return Err(too_large);
                }
                bytes.extend_from_slice(data);
            }
        }
        Ok(())
    };
    match timeout(within, reading).await {
        Ok(Ok(())) => Ok(bytes),
        Ok(Err(answer)) => {
            drain(body).await;
            Err(answer)
        }
        Err(_) => Err(Answer::Unavailable {
            code: StatusCode::REQUEST_TIMEOUT,
            reason: format!("the body did not arrive within {} s; nothing was stored", within.as_secs()),
            retry_after: Duration::from_secs(1),
        }),
    }
}

/// Reads what a refused sender still sends, within bounds, and drops it.
pub(crate) async fn drain(mut body: Body) {
    let mut drained = 0_usize;
    let draining = async {
        while let Some(Ok(frame)) = body.frame().await {
            drained = drained.saturating_add(frame.data_ref().map_or(0, bytes::Bytes::len));
            if drained > DRAINED_BYTES {
                break;
            }
        }
    };
    if timeout(DRAINING, draining).await.is_err() {
        tracing::debug!("a refused body was slow; the connection closes");
    }
}
