use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use jiff::Timestamp;
use lake::{Claims, Endpoints, Limits, Profile};
use serde_json::Value;
use tower::ServiceExt;

use super::lake::Memory;
use crate::sender::Sender;
use crate::{Authenticator, FrontDoor, Patience, Random, Room, TokenProblem, router};

pub(super) const MESSAGE: &str = "MSH|^~\\&|LAB|WEST|LAKE|L|20260304||ADT^A01|77|P|2.5\rPID|1||100001\r";

pub(super) type MemoryDoor = FrontDoor<Memory, Memory, Memory, Memory, Tokens, Counter>;

/// Takes the institution's name as the token; `reader` may not write, `down` stands for keys out of reach.
pub(super) struct Tokens;

impl Authenticator for Tokens {
    async fn authenticate(&self, token: &str) -> Result<Claims, TokenProblem> {
        let write = match token {
            "reader" => None,
            "forged" => return Err(TokenProblem::BadSignature),
            "down" => return Err(TokenProblem::KeysUnavailable),
            source => Claims::right(Some(source)),
        };
        Ok(Claims { subject: format!("sub of {token}"), read: None, write, expires_at: Timestamp::MAX })
    }
}

/// Counts instead of rolling dice.
#[derive(Default)]
pub(super) struct Counter(AtomicU64);

impl Random for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        let number = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        bytes.iter_mut().rev().zip(number.iter().rev()).for_each(|(byte, digit)| *byte = *digit);
    }
}

pub(super) fn door(memory: &Memory) -> MemoryDoor {
    FrontDoor {
        ledger: memory.clone(),
        payloads: memory.clone(),
        hub: memory.clone(),
        clock: memory.clone(),
        authenticator: Tokens,
        random: Counter::default(),
        profile: profile(),
        patience: Patience::default(),
        room: Room::default(),
    }
}

pub(super) fn service(memory: &Memory) -> Router {
    router(door(memory))
}

pub(super) fn shared_door(memory: &Memory) -> Arc<MemoryDoor> {
    Arc::new(door(memory))
}

pub(super) fn sender(source: &str) -> Sender {
    Sender { source: source.parse().unwrap(), subject: format!("sub of {source}") }
}

pub(super) fn profile() -> Profile {
    let text = str::to_owned;
    Profile {
        schema: text("lake-profile/1"),
        name: text("test"),
        lake_version: text("0"),
        region: text("us-east-1"),
        issuer: text("http://localhost/issuer"),
        client_id: text("client"),
        scopes: Vec::new(),
        redirect_uris: Vec::new(),
        logout_url: text("http://localhost/logout"),
        logout_uris: Vec::new(),
        identity_pool_id: text("pool"),
        identity_provider: text("localhost/issuer"),
        bucket: text("lake-bucket"),
        catalog: text("catalog"),
        catalog_shards: 1,
        endpoints: Endpoints {
            front_door: text("http://localhost"),
            cognito_idp: None,
            cognito_identity: None,
            s3: None,
            dynamodb: None,
        },
        limits: Limits::default(),
    }
}

/// What a client saw.
pub(super) struct Seen {
    pub(super) code: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Seen {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect("the body is JSON")
    }

    pub(super) fn outcome(&self) -> String {
        self.json()["outcome"].as_str().expect("every body has an outcome").to_owned()
    }

    pub(super) fn lines(&self) -> Vec<Value> {
        self.text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
    }
}

pub(super) async fn call(service: &Router, request: Request<Body>) -> Seen {
    let answering = service.clone().oneshot(request);
    let response =
        tokio::time::timeout(Duration::from_secs(120), answering).await.expect("an answer in time").unwrap();
    let (head, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let text = String::from_utf8(bytes.to_vec()).expect("bodies are text");
    Seen { code: head.status, headers: head.headers, text }
}

pub(super) fn request(
    method: Method,
    path: &str,
    token: &str,
    kind: &str,
    body: impl Into<Body>,
) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", kind)
        .body(body.into())
        .unwrap()
}

pub(super) async fn post(
    service: &Router,
    path: &str,
    token: &str,
    kind: &str,
    body: impl Into<Body>,
) -> Seen {
    call(service, request(Method::POST, path, token, kind, body)).await
}

pub(super) async fn get(service: &Router, path: &str, token: &str) -> Seen {
    call(service, request(Method::GET, path, token, "application/json", Body::empty())).await
}

/// Hands raw bytes in.
pub(super) async fn hand_in(service: &Router, token: &str, message: impl Into<Body>) -> Seen {
    post(service, "/er7", token, "application/hl7-v2", message).await
}

/// A line of JSON as a client writes it.
pub(super) fn line(message: &[u8]) -> String {
    use base64::Engine as _;
    let msg = base64::engine::general_purpose::STANDARD.encode(message);
    serde_json::json!({"msg": msg, "encoding": "utf-8"}).to_string()
}
