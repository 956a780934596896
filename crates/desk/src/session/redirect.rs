//! The loopback end of a sign-in (RFC 8252, section 7.3): one of the registered ports, on both address families, for one
//! answer and a limited time.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, oneshot};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::SessionProblem;

/// A registered port, held for the time of a sign-in.
pub(super) struct Redirect {
    listeners: Vec<TcpListener>,
    uri: Url,
}

/// What came back.
#[derive(Deserialize)]
struct Answer {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

struct Waiting {
    state: String,
    issuer: String,
    path: String,
    host: String,
    answered: Mutex<Option<oneshot::Sender<Result<String, SessionProblem>>>>,
}

impl Redirect {
    /// Takes the first of the registered ports that is free on both families.
    pub(super) async fn bind(registered: &[String]) -> Result<Self, SessionProblem> {
        let mut taken = Vec::new();
        for uri in registered {
            let Ok(uri) = Url::parse(uri) else { continue };
            let Some(port) = uri.port() else { continue };
            match both(port).await {
                Ok(listeners) => return Ok(Self { listeners, uri }),
                Err(_) => taken.push(port.to_string()),
            }
        }
        Err(SessionProblem::PortsTaken { ports: taken.join(", ") })
    }

    /// The redirect URI of the port that was taken.
    pub(super) fn uri(&self) -> &Url {
        &self.uri
    }

    /// Waits for the one answer that carries `state`, then lets the port go. Others are refused and do not end the wait.
    pub(super) async fn answer(
        self,
        state: &str,
        issuer: &str,
        limit: Duration,
    ) -> Result<String, SessionProblem> {
        let (told, tell) = oneshot::channel();
        let name = self.uri.host_str().unwrap_or("localhost");
        let host = format!("{name}:{}", self.uri.port().unwrap_or_default());
        let waiting = Arc::new(Waiting {
            state: state.to_owned(),
            issuer: issuer.to_owned(),
            path: self.uri.path().to_owned(),
            host,
            answered: Mutex::new(Some(told)),
        });
        let router = Router::new().route(&waiting.path, get(take)).with_state(Arc::clone(&waiting));
        // A sign-in that is given up drops this future: the port must be free for the next one.
        let over = CancellationToken::new();
        let _over = over.clone().drop_guard();
        let servers: Vec<_> = self
            .listeners
            .into_iter()
            .map(|listener| {
                let (router, over) = (router.clone(), over.clone());
                tokio::spawn(async move {
                    let serving =
                        axum::serve(listener, router).with_graceful_shutdown(over.cancelled_owned());
                    if let Err(error) = serving.await {
                        tracing::debug!(%error, "the sign-in's port ended early");
                    }
                })
            })
            .collect();
        let answer = tokio::time::timeout(limit, tell).await;
        over.cancel();
        for server in servers {
            // The page is on its way to the browser: let it arrive, but do not wait for a browser that keeps the line open.
            let mut server = server;
            if tokio::time::timeout(Duration::from_secs(1), &mut server).await.is_err() {
                server.abort();
            }
        }
        match answer {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(SessionProblem::Cancelled),
            Err(_) => Err(SessionProblem::TimedOut { minutes: limit.as_secs().div_ceil(60) }),
        }
    }
}

async fn both(port: u16) -> io::Result<Vec<TcpListener>> {
    let mut listeners = vec![TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?];
    match TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, port))).await {
        Ok(six) => listeners.push(six),
        // Another program on ::1 would be handed the code by a browser that prefers it.
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
        Err(_) => {}
    }
    Ok(listeners)
}

async fn take(
    State(waiting): State<Arc<Waiting>>,
    headers: HeaderMap,
    Query(answer): Query<Answer>,
) -> Response {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    // An issuer that names itself in its answer (RFC 9207) must be the one that was asked.
    let ours = host == Some(waiting.host.as_str())
        && answer.state.as_deref() == Some(waiting.state.as_str())
        && answer.iss.is_none_or(|issuer| issuer == waiting.issuer);
    if !ours {
        return page(
            StatusCode::BAD_REQUEST,
            "This is not the sign-in that Lake Steward is waiting for.",
            "Go back to Lake Steward and sign in from there.",
        );
    }
    let Some(told) = waiting.answered.lock().await.take() else {
        return page(StatusCode::GONE, "This sign-in is over already.", "Go back to Lake Steward.");
    };
    let (result, shown) = match (answer.code, answer.error) {
        (Some(code), None) => (
            Ok(code),
            page(
                StatusCode::OK,
                "Go back to Lake Steward: it completes the sign-in.",
                "You can close this page.",
            ),
        ),
        (_, error) => {
            let refusal = error.unwrap_or_else(|| "no code".to_owned());
            let known: String =
                refusal.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(64).collect();
            let shown = page(
                StatusCode::OK,
                "The sign-in was not completed.",
                "Go back to Lake Steward to try again.",
            );
            (Err(SessionProblem::Refused { reason: known }), shown)
        }
    };
    // If nobody waits any more, the time was up; the page says what was true when it was asked for.
    if told.send(result).is_err() {
        return page(
            StatusCode::GONE,
            "This sign-in took too long.",
            "Go back to Lake Steward and sign in again.",
        );
    }
    shown
}

fn page(status: StatusCode, said: &str, next: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>Lake Steward</title>\
         <style>body{{font:1.1rem/1.6 system-ui,sans-serif;max-width:32rem;margin:20vh auto;padding:0 1.5rem}}h1{{font-size:1.5rem}}</style>\
         <main><h1>{said}</h1><p>{next}</p></main></html>"
    );
    let headers = [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        ),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONNECTION, "close"),
    ];
    (status, headers, Html(html)).into_response()
}
