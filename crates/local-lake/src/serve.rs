//! The three listeners: loopback only, the Host header checked, every wait limited.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How long a client may take over the head of a request.
const HEAD_LIMIT: Duration = Duration::from_secs(10);
/// How long requests under way may go on once the lake stops.
const DRAIN_LIMIT: Duration = Duration::from_secs(10);
/// Most connections at once on one listener; more wait in the system's queue.
const CONNECTIONS: usize = 512;

/// A port of this machine on the loopback addresses of both families, bound and not yet served.
#[derive(Debug)]
pub(crate) struct Loopback {
    port: u16,
    listeners: Vec<TcpListener>,
}

/// A port that cannot be had.
#[derive(Debug, thiserror::Error)]
#[error(
    "port {port} of this computer cannot be used: {error}. Another program may hold it; choose others with --port (0 takes any free ones)"
)]
pub struct PortProblem {
    /// The port.
    pub port: u16,
    /// What the system says.
    #[source]
    pub error: io::Error,
}

impl Loopback {
    /// Binds 127.0.0.1 and, where there is one, ::1. Port 0 takes any free one.
    pub(crate) async fn bind(port: u16) -> Result<Self, PortProblem> {
        let failed = |error| PortProblem { port, error };
        let four = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await.map_err(failed)?;
        let bound = four.local_addr().map_err(failed)?.port();
        let mut listeners = vec![four];
        match TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, bound))).await {
            Ok(six) => listeners.push(six),
            // Somebody else answers on ::1: a client that asks for `localhost` might reach them with a token.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                return Err(PortProblem { port: bound, error });
            }
            Err(_) => {} // this machine has no ::1
        }
        Ok(Self { port: bound, listeners })
    }

    /// The port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Serves until `stop` is cancelled, then lets requests under way end.
    pub(crate) async fn serve(self, router: Router, stop: CancellationToken) {
        let port = self.port;
        let router =
            router.layer(middleware::from_fn(move |request, next| for_this_host(port, request, next)));
        let room = Arc::new(Semaphore::new(CONNECTIONS));
        let mut accepting = JoinSet::new();
        for listener in self.listeners {
            accepting.spawn(accept(listener, router.clone(), Arc::clone(&room), stop.clone()));
        }
        while accepting.join_next().await.is_some() {}
    }
}

/// Refuses requests that were meant for another host: a web page that rebinds its name to loopback gets nowhere.
async fn for_this_host(port: u16, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let asked = request.uri().authority().map_or(host, |authority| authority.as_str()); // "POST http://host/…" (RFC 9112, 3.2.2)
    let name = host.strip_suffix(&format!(":{port}")).filter(|_| asked == host).unwrap_or_default();
    if matches!(name, "localhost" | "127.0.0.1" | "[::1]") {
        next.run(request).await
    } else {
        (StatusCode::MISDIRECTED_REQUEST, "This lake answers only to localhost on its own port.\n")
            .into_response()
    }
}

async fn accept(listener: TcpListener, router: Router, room: Arc<Semaphore>, stop: CancellationToken) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            _ = stop.cancelled() => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
            accepted = async {
                let permit = Arc::clone(&room).acquire_owned().await;
                (listener.accept().await, permit)
            } => accepted,
        };
        match accepted {
            (Ok((stream, _)), Ok(permit)) => {
                let (router, stop) = (router.clone(), stop.clone());
                connections.spawn(async move {
                    connection(stream, router, stop).await;
                    drop(permit);
                });
            }
            (Err(error), _) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await; // out of file handles: let some close
            }
            (_, Err(_)) => break,
        }
    }
    drop(listener);
    let drained =
        tokio::time::timeout(DRAIN_LIMIT, async { while connections.join_next().await.is_some() {} });
    if drained.await.is_err() {
        tracing::warn!("some requests did not end in time and were cut off");
    }
}

async fn connection(stream: TcpStream, router: Router, stop: CancellationToken) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY was refused");
    }
    let service =
        TowerToHyperService::new(tower::ServiceExt::map_request(router, |request: http::Request<_>| {
            request.map(Body::new)
        }));
    let serving = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .serve_connection(TokioIo::new(stream), service);
    let mut serving = std::pin::pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        _ = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
