//! The catalog as DynamoDB: the JSON 1.0 protocol, signed requests, the access policy, then dynoxide in process
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html>).

mod access;
mod answer;
mod key_condition;
mod operations;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::post;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use lake::policy::Policy;
use lake::{Clock, Fault};
use serde_json::{Map, Value};

use crate::catalog::LocalCatalog;
use crate::credentials::{CredentialMint, CredentialProblem, Principal};
use crate::randomness::{Randomness, random_uuid};
use crate::signature::{self, Scope, SignatureProblem, Signer};
use access::{Demand, Place};
use answer::Refusal;
use operations::Operation;

/// Largest request of a steward, in bytes: a query and its filter are far smaller.
const STEWARD_BYTES: usize = 1024 * 1024;
/// Largest request of the administrator, in bytes; DynamoDB's own limit.
const ADMINISTRATOR_BYTES: usize = 16 * 1024 * 1024;
/// How long a client may take to send a request's body.
const BODY_LIMIT: Duration = Duration::from_secs(30);

/// What the endpoint stands on.
pub struct DynamoDb {
    /// The table and its database.
    pub catalog: LocalCatalog,
    /// Whose signatures count.
    pub credentials: Arc<CredentialMint>,
    /// What stewards may do; the administrator may do all.
    pub policy: Policy,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where request ids come from.
    pub randomness: Arc<dyn Randomness>,
    /// The region that requests are signed for, as in ARNs.
    pub region: String,
    /// The account, as in ARNs: twelve digits.
    pub account: String,
}

impl DynamoDb {
    /// The ARN of the table, as policies name it.
    pub fn table_arn(&self) -> String {
        self.place().table_arn()
    }

    fn place(&self) -> Place {
        Place {
            region: self.region.clone(),
            account: self.account.clone(),
            table: self.catalog.table().to_owned(),
        }
    }
}

/// The endpoint: `POST /` with `X-Amz-Target: DynamoDB_20120810.OPERATION`.
pub fn router(endpoint: DynamoDb) -> Router {
    let place = endpoint.place();
    Router::new().route("/", post(handle)).with_state(Arc::new(Shared { endpoint, place }))
}

struct Shared {
    endpoint: DynamoDb,
    place: Place,
}

async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let request_id = random_uuid(shared.endpoint.randomness.as_ref()).unwrap_or_default();
    let done = shared.answer(request).await;
    answer::response(&request_id, done)
}

impl Shared {
    async fn answer(&self, request: Request) -> Result<Vec<u8>, Refusal> {
        let (parts, body) = request.into_parts();
        let operation = operation(&parts)?;
        let body = read_body(body, self.largest_body(&parts)).await?;
        let principal = self.principal(&parts, &body)?;
        let mut members: Map<String, Value> = serde_json::from_slice(&body)
            .map_err(|_| Refusal::serialization("The request is not a JSON object."))?;
        let demand = Demand::read(operation.name(), &mut members, &self.place)
            .map_err(|problem| Refusal::validation(&problem.to_string()))?;
        self.permit(&principal, &demand)?;
        self.execute(operation, members).await
    }

    /// The key named decides how much is read before it proves anything; a false claim gains 16 MiB of bounded reading.
    fn largest_body(&self, parts: &Parts) -> usize {
        let root = self.endpoint.credentials.root().access_key_id;
        if signature::claimed_access_key_id(parts).is_some_and(|claimed| claimed == root) {
            ADMINISTRATOR_BYTES
        } else {
            STEWARD_BYTES
        }
    }

    fn principal(&self, parts: &Parts, body: &[u8]) -> Result<Principal, Refusal> {
        let DynamoDb { credentials, clock, region, .. } = &self.endpoint;
        let now = clock.now();
        let scope = Scope { region: region.clone(), service: "dynamodb" };
        let secret_of = |access_key_id: &str| credentials.secret_of(access_key_id);
        let Signer { access_key_id, session_token } =
            signature::verify(parts, body, &scope, &["x-amz-target"], secret_of, now)
                .map_err(|problem| unsigned(&problem))?;
        credentials.principal_of(&access_key_id, session_token.as_deref(), now).map_err(|problem| {
            match problem {
                CredentialProblem::Expired => Refusal::coral(
                    "ExpiredTokenException",
                    "The security token included in the request is expired",
                ),
                CredentialProblem::Missing | CredentialProblem::Invalid => Refusal::coral(
                    "UnrecognizedClientException",
                    "The security token included in the request is invalid.",
                ),
            }
        })
    }

    fn permit(&self, principal: &Principal, demand: &Demand) -> Result<(), Refusal> {
        let (subject, read, write) = match principal {
            Principal::Administrator => return Ok(()),
            Principal::Steward { subject, read, write } => (subject, read, write),
        };
        let decision = demand.judge(&self.endpoint.policy, read.as_ref(), write.as_ref());
        if decision.is_allowed() {
            return Ok(());
        }
        Err(Refusal::coral(
            "AccessDeniedException",
            &format!(
                "User: arn:aws:sts::{}:assumed-role/lake-steward/{subject} is not authorized to perform: {} on \
                 resource: {} because {decision}",
                self.endpoint.account, demand.action, demand.resource
            ),
        ))
    }

    async fn execute(&self, operation: Operation, members: Map<String, Value>) -> Result<Vec<u8>, Refusal> {
        let request = Value::Object(members);
        let place = self.place.clone();
        let work = move |storage: &_| operations::execute(storage, operation, request, &place);
        let catalog = &self.endpoint.catalog;
        let done = if operation.only_reads() { catalog.read(work).await } else { catalog.write(work).await };
        match done {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(Refusal::from(error)),
            Err(Fault::Unavailable { reason, .. }) => {
                tracing::warn!(%reason, "the catalog did not answer");
                Err(Refusal::unavailable())
            }
            Err(fault) => {
                tracing::error!(%fault, "the catalog failed");
                Err(Refusal::internal())
            }
        }
    }
}

fn operation(parts: &Parts) -> Result<Operation, Refusal> {
    let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    target
        .and_then(|target| target.strip_prefix("DynamoDB_20120810."))
        .and_then(Operation::parse)
        .ok_or_else(Refusal::unknown_operation)
}

async fn read_body(body: Body, largest: usize) -> Result<Bytes, Refusal> {
    let reading = tokio::time::timeout(BODY_LIMIT, Limited::new(body, largest).collect());
    let read = reading
        .await
        .map_err(|_| Refusal::coral("RequestTimeoutException", "The body did not come in time."))?;
    match read {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Refusal::too_large(largest)),
        Err(_) => Err(Refusal::serialization("The body ended early.")),
    }
}

fn unsigned(problem: &SignatureProblem) -> Refusal {
    let code = match problem {
        SignatureProblem::Missing => "MissingAuthenticationTokenException",
        SignatureProblem::Incomplete(_) => "IncompleteSignatureException",
        SignatureProblem::UnknownKey => "UnrecognizedClientException",
        SignatureProblem::Invalid(_) => "InvalidSignatureException",
    };
    Refusal::coral(code, &problem.to_string())
}

#[cfg(test)]
mod tests;
