use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use lake::{BATCH_BYTES, Clock, Hub, Ledger, Payloads};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use crate::answer::{Answer, json, to_json};
use crate::batch::Batch;
use crate::body;
use crate::door::Door;
use crate::messages::Wish;
use crate::sender::Sender;
use crate::submission::{Form, Submission, media_type, unsupported};
use crate::submit::submit;
use crate::{Authenticator, FrontDoor, Random, known, messages};

/// Bodies up to this size, in bytes, are read and hashed in less time than handing them over takes.
const SMALL: usize = 128 * 1024;

/// The HTTP service of a front door: `POST /er7`, `/er7/batch`, `/er7/known`, `GET /er7/{digest}`,
/// `POST /messages/{id}/restage`, `/set-aside`, `/redeliver`, `GET /lake` and `GET /health`.
/// It needs a Tokio runtime with time; a message that is being taken in is taken in to the end when its sender hangs up.
pub fn router<L: Ledger, P: Payloads, H: Hub, K: Clock, A: Authenticator, R: Random>(
    door: FrontDoor<L, P, H, K, A, R>,
) -> Router {
    routes(Arc::new(door))
}

fn routes<D: Door>(door: Arc<D>) -> Router {
    let profile = to_json(door.profile());
    let profile = move || std::future::ready(json(StatusCode::OK, profile.clone()));
    Router::new()
        .route("/er7", post(one::<D>))
        .route("/er7/batch", post(batch::<D>))
        .route("/er7/known", post(known_many::<D>))
        .route("/er7/{digest}", get(known_one::<D>))
        .route("/messages/{id}/restage", post(restage::<D>))
        .route("/messages/{id}/set-aside", post(set_aside::<D>))
        .route("/messages/{id}/redeliver", post(redeliver::<D>))
        .route_layer(from_fn_with_state(Arc::clone(&door), admit::<D>))
        .route("/lake", get(profile))
        .route("/health", get(health))
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .with_state(door)
}

async fn admit<D: Door>(State(door): State<Arc<D>>, request: Request, next: Next) -> Response {
    match door.room().request(door.patience().admission).await {
        Ok(_permit) => next.run(request).await,
        Err(busy) => busy.into_response(),
    }
}

async fn one<D: Door>(State(door): State<Arc<D>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let form = match form(&parts.headers) {
        Ok(form) => form,
        Err(answer) => return refused(&*door, &parts.headers, body, answer).await,
    };
    let taken = match Taken::of(&*door, &parts.headers, body, form.limit(), Submission::too_large()).await {
        Ok(taken) => taken,
        Err(answer) => return answer.into_response(),
    };
    let replaces = parts.headers.get("x-replaces").map(|value| value.to_str().unwrap_or_default().to_owned());
    let work = tokio::spawn(async move {
        let size = taken.bytes.len();
        let Taken { sender, bytes, room: _room } = taken; // the room is held until the bytes are gone
        let read = move || match form {
            Form::Json => Submission::of_json(&bytes),
            Form::Bytes => Submission::of_bytes(bytes, None, replaces.as_deref()),
        };
        Ok(submit(&*door, &sender, aside(size, read).await?).await)
    });
    work.await.unwrap_or_else(|_| Err(broken())).unwrap_or_else(|answer| answer).into_response()
}

async fn batch<D: Door>(State(door): State<Arc<D>>, request: Request) -> Response {
    let deadline = Instant::now() + door.patience().batch;
    let (parts, body) = request.into_parts();
    if let Err(answer) = plain_body(&parts.headers, "application/x-ndjson") {
        return refused(&*door, &parts.headers, body, answer).await;
    }
    let taken = match Taken::of(&*door, &parts.headers, body, BATCH_BYTES, Batch::too_large()).await {
        Ok(taken) => taken,
        Err(answer) => return answer.into_response(),
    };
    let work = tokio::spawn(async move {
        let Taken { sender, bytes, room: _room } = taken;
        let lines = aside(bytes.len(), move || Batch::of_ndjson(&bytes)).await?;
        Ok(lines.submit(&*door, &sender, deadline).await)
    });
    match work.await.unwrap_or_else(|_| Err(broken())) {
        Ok(answers) => lines(&answers),
        Err(answer) => answer.into_response(),
    }
}

async fn known_many<D: Door>(State(door): State<Arc<D>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if let Err(answer) = plain_body(&parts.headers, "application/json") {
        return refused(&*door, &parts.headers, body, answer).await;
    }
    let answer = async {
        let too_large = Answer::too_large(known::BODY_BYTES, "the body");
        let taken = Taken::of(&*door, &parts.headers, body, known::BODY_BYTES, too_large).await?;
        known::many(&*door, &taken.sender, &known::question(&taken.bytes)?).await
    };
    answer.await.map_or_else(Answer::into_response, |body| json(StatusCode::OK, body))
}

async fn known_one<D: Door>(
    State(door): State<Arc<D>>,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    let answer = async {
        let sender = Sender::of(&*door, &headers).await?;
        let digest = known::digest(&path.map(|Path(text)| text).unwrap_or_default())?;
        known::one(&*door, &sender, digest).await
    };
    answer.await.map_or_else(Answer::into_response, |body| json(StatusCode::OK, body))
}

async fn restage<D: Door>(
    State(door): State<Arc<D>>,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Answer {
    wish(door, path, &headers, Wish::Restage).await
}

async fn redeliver<D: Door>(
    State(door): State<Arc<D>>,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Answer {
    wish(door, path, &headers, Wish::Redeliver).await
}

async fn wish<D: Door>(
    door: Arc<D>,
    path: Result<Path<String>, PathRejection>,
    headers: &HeaderMap,
    wish: Wish,
) -> Answer {
    let id = path.map(|Path(id)| id).unwrap_or_default();
    match Sender::of(&*door, headers).await {
        Ok(sender) => messages::wish(&*door, &sender, &id, wish).await,
        Err(answer) => answer,
    }
}

async fn set_aside<D: Door>(
    State(door): State<Arc<D>>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let id = path.map(|Path(id)| id).unwrap_or_default();
    if let Err(answer) = plain_body(&parts.headers, "application/json") {
        return refused(&*door, &parts.headers, body, answer).await;
    }
    let answer = async {
        let too_large = Answer::too_large(messages::BODY_BYTES, "the body");
        let taken = Taken::of(&*door, &parts.headers, body, messages::BODY_BYTES, too_large).await?;
        Ok(messages::wish(&*door, &taken.sender, &id, Wish::set_aside(&taken.bytes)?).await)
    };
    answer.await.unwrap_or_else(|answer: Answer| answer).into_response()
}

async fn health() -> Response {
    json(StatusCode::OK, br#"{"status":"The front door answers","outcome":"healthy"}"#.to_vec())
}

async fn no_such_path() -> Answer {
    Answer::NotFound { reason: "the front door has no such path".to_owned() }
}

async fn no_such_method(method: Method) -> Answer {
    Answer::Invalid {
        code: StatusCode::METHOD_NOT_ALLOWED,
        reason: format!("this path does not take {}", method.as_str().chars().take(20).collect::<String>()),
        limit_bytes: None,
    }
}

/// A request whose sender may write, read to its end.
struct Taken {
    sender: Sender,
    bytes: Vec<u8>,
    room: OwnedSemaphorePermit,
}

impl Taken {
    /// The token comes first: who may not write is not read.
    async fn of<D: Door>(
        door: &D,
        headers: &HeaderMap,
        body: Body,
        limit: usize,
        too_large: Answer,
    ) -> Result<Self, Answer> {
        let patience = door.patience();
        // A body is in memory twice at most: as it came, and decoded.
        let needed = body::expected(&body, limit).saturating_mul(2);
        let admitted = async {
            let sender = Sender::of(door, headers).await?;
            let room = door.room().body(needed, patience.admission).await?;
            Ok((sender, room))
        };
        match admitted.await {
            Ok((sender, room)) => {
                let bytes = body::read(body, limit, patience.body, too_large).await?;
                Ok(Self { sender, bytes, room })
            }
            Err(answer) => {
                body::drain(body).await;
                Err(answer)
            }
        }
    }
}

/// Answers a request whose head is wrong, but says first what is wrong with the token.
async fn refused<D: Door>(door: &D, headers: &HeaderMap, body: Body, answer: Answer) -> Response {
    let sender = Sender::of(door, headers).await;
    body::drain(body).await;
    match sender {
        Ok(_) => answer.into_response(),
        Err(denied) => denied.into_response(),
    }
}

fn form(headers: &HeaderMap) -> Result<Form, Answer> {
    let form = Form::of(content_type(headers))?;
    if encoded(headers) { Err(unsupported("application/json or application/hl7-v2")) } else { Ok(form) }
}

fn plain_body(headers: &HeaderMap, wanted: &str) -> Result<(), Answer> {
    if media_type(content_type(headers)) == wanted && !encoded(headers) {
        Ok(())
    } else {
        Err(unsupported(wanted))
    }
}

fn content_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok())
}

/// Whether the body is compressed: its size in memory could not be known.
fn encoded(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_ENCODING)
        .is_some_and(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"))
}

fn lines(answers: &[Answer]) -> Response {
    let mut body = Vec::new();
    for answer in answers {
        body.extend_from_slice(&answer.to_json());
        body.push(b'\n');
    }
    let mut response = json(StatusCode::OK, body);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/x-ndjson"));
    response
}

/// Reads and hashes a body: where it is large, on a thread that no other request waits for.
async fn aside<T: Send + 'static>(
    size: usize,
    read: impl FnOnce() -> Result<T, Answer> + Send + 'static,
) -> Result<T, Answer> {
    if size <= SMALL {
        read()
    } else {
        tokio::task::spawn_blocking(read).await.unwrap_or_else(|_| Err(broken()))
    }
}

/// The task that took the message in ended by a defect; the ledger knows how far it came.
fn broken() -> Answer {
    tracing::error!("taking a message in ended by a defect");
    Answer::unavailable("the front door met a defect")
}
