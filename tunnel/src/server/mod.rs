//! The server on the driver: HTTP on one port, behind the driver proxy. Routes and answers are the official server's:
//! `GET /metadata` (the user), `GET /logs`, and the websocket `GET /ssh?id=…`, also with doubled slashes and below
//! `/driver-proxy-http`. Each websocket is one `sshd -i`, or one connection of the built-in SSH server.

pub mod authorized_keys;
pub mod embedded;
pub mod job_copies;
pub mod line;
pub mod log_ring;
mod session;
pub(crate) mod session_environment;
pub mod slots;
pub mod ssh_server;
pub mod sshd;
pub mod status;
pub mod workspace_files;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::{CONNECTION, CONTENT_TYPE, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use secret::Secret;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::slots::{Arrival, Entered, Slots};
use self::status::ServerStatus;
use crate::error::Result;
use crate::jobs::local::Jobs;
use crate::say;
use crate::server::log_ring::LogRing;
use crate::server::ssh_server::Replaceable;
use crate::session::negotiation::{Capabilities, Dial, DialPurpose, FULL, RESUME_VERSION};
use crate::websocket::frame::Role;
use crate::websocket::proof::{self, is_proof};
use crate::websocket::socket::Socket;

/// How long a client may take from the answer 101 to a websocket.
const UPGRADE_LIMIT: Duration = Duration::from_secs(30);
/// How long sessions get to end when the server does.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(3);

/// What a question without its proof is answered.
const UNPROVED: &str = "this question needs the proof that the server's metadata was read: look there again, with a tunnel that is not \
                        older than the server";

/// What counts for a login, asked at each.
#[derive(Debug, Default)]
pub struct Keys {
    /// Who may log in: the text of an `authorized_keys` file.
    pub authorized_keys: String,
    /// The server's private host key, where it may have changed since it was last told.
    pub host_key: Option<Secret<String>>,
}

/// Where the keys come from.
pub trait KeySource: Send + Sync {
    /// The keys as they are now.
    fn read(&self) -> Pin<Box<dyn Future<Output = Result<Keys>> + Send + '_>>;
}

/// What a server is made of.
pub struct Service {
    /// What speaks SSH.
    pub ssh_server: Replaceable,
    /// Who may log in, and with which host key they are met.
    pub keys: Box<dyn KeySource>,
    /// The last warnings.
    pub log: LogRing,
    /// The user that sessions run as.
    pub user: String,
    /// The id of this one server: a client that asks for another one is told that it has gone.
    pub instance_id: String,
    /// What who asks for more than a session has to prove: see [`crate::websocket::proof`].
    pub secret: Secret<String>,
    /// Whether the official client is served, which asks without a proof for the user and for the log.
    pub is_official: bool,
    /// Sessions at a time.
    pub max_clients: usize,
    /// Time without a session after which the server ends.
    pub shutdown_delay: Duration,
    /// Jobs that run on this machine: each of them keeps the server as a session does.
    pub jobs: Jobs,
}

/// Serves until `shutdown` is cancelled or nobody has been there for the shutdown delay; then ends all sessions.
pub async fn serve(listener: TcpListener, service: Service, shutdown: CancellationToken) {
    let state = Arc::new(ServerState {
        slots: Slots::new(service.max_clients),
        service,
        sessions: TaskTracker::new(),
        shutdown: shutdown.clone(),
        started: Instant::now(),
    });
    let connections = TaskTracker::new();
    let has_jobs = || state.service.jobs.running() > 0;
    let mut idle = std::pin::pin!(state.slots.idle(state.service.shutdown_delay, has_jobs));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.cancelled() => break,
            () = &mut idle => {
                say!("tunnel: no connection for {}, ending", humantime::format_duration(state.service.shutdown_delay));
                shutdown.cancel();
                break;
            }
        };
        // Out of descriptors: the connection waits in the queue until a session ends.
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let state = state.clone();
        connections.spawn(async move {
            let handle = service_fn(|request| handle(state.clone(), request));
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(Duration::from_secs(60))
                .serve_connection(TokioIo::new(stream), handle)
                .with_upgrades();
            let mut connection = std::pin::pin!(connection);
            tokio::select! {
                _ = &mut connection => {}
                // Whoever asked for the end still gets the answer.
                () = state.shutdown.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    let _ = timeout(SHUTDOWN_LIMIT, connection).await;
                }
            }
        });
    }
    drop(listener);
    state.slots.close();
    state.sessions.close();
    connections.close();
    state.sessions.wait().await;
    connections.wait().await;
}

struct ServerState {
    service: Service,
    slots: Slots,
    sessions: TaskTracker,
    shutdown: CancellationToken,
    started: Instant,
}

type HttpResponse = Response<Full<Bytes>>;

async fn handle(state: Arc<ServerState>, request: Request<Incoming>) -> Result<HttpResponse, Infallible> {
    let route = route(request.uri().path());
    let method = if route == "/stop" { Method::POST } else { Method::GET };
    if request.method() != method {
        return Ok(text(StatusCode::METHOD_NOT_ALLOWED, format!("only {method}")));
    }
    let query = |name: &str| {
        let pairs = url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes());
        pairs.into_owned().find(|(other, _)| other == name).map(|(_, value)| value)
    };
    // A port that was used again belongs to another server: its clients must not take this one for theirs.
    if query("instance").is_some_and(|instance| instance != state.service.instance_id) {
        return Ok(text(StatusCode::GONE, "another server listens here now"));
    }
    let is_free = match route.as_str() {
        "/metadata" | "/logs" => state.service.is_official,
        "/status" | "/stop" => false,
        _ => true,
    };
    let name = route.trim_start_matches('/');
    let proves = |given: String| is_proof(&given, &state.service.secret, request.method(), name);
    if !is_free && !query(proof::PARAMETER).is_some_and(proves) {
        return Ok(text(StatusCode::FORBIDDEN, UNPROVED));
    }
    Ok(match route.as_str() {
        "/metadata" => text(StatusCode::OK, state.service.user.clone()),
        "/logs" => {
            let log = &state.service.log;
            text(StatusCode::OK, query("session").map_or_else(|| log.text(), |id| log.text_of_session(&id)))
        }
        "/capabilities" => json(&Capabilities { resume_version: RESUME_VERSION }),
        "/status" => json(&state.status()),
        "/stop" if query("instance").is_none() => text(StatusCode::BAD_REQUEST, "the parameter instance is missing"),
        "/stop" => {
            say!("tunnel: asked to end");
            state.shutdown.cancel();
            json(&state.status())
        }
        "/ssh" => match Dial::from_query(request.uri().query().unwrap_or_default()) {
            Ok(dial) => ssh(&state, dial, request).await,
            Err(error) => text(StatusCode::BAD_REQUEST, error.to_string()),
        },
        _ => text(StatusCode::NOT_FOUND, "not found"),
    })
}

/// The path without doubled slashes and without what driver proxies may leave in front.
fn route(path: &str) -> String {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let rest = match segments.as_slice() {
        ["driver-proxy-http", rest @ ..] | ["driver-proxy-api", "o", _, _, _, rest @ ..] => rest,
        all => all,
    };
    rest.iter().fold(String::new(), |path, segment| path + "/" + segment)
}

fn json(value: &impl serde::Serialize) -> HttpResponse {
    let mut answer = text(StatusCode::OK, serde_json::to_string(value).unwrap_or_default());
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

impl ServerState {
    fn status(&self) -> ServerStatus {
        let count = self.slots.count();
        ServerStatus {
            instance_id: self.service.instance_id.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            user: self.service.user.clone(),
            uptime_seconds: self.started.elapsed().as_secs(),
            sessions: count.attached + count.starting,
            waiting_sessions: count.detached,
            max_clients: self.service.max_clients,
            shutdown_delay_seconds: self.service.shutdown_delay.as_secs(),
            jobs: self.service.jobs.running(),
            job_calls: self.slots.job_calls(),
        }
    }
}

async fn ssh(state: &Arc<ServerState>, dial: Dial, mut request: Request<Incoming>) -> HttpResponse {
    let Some(accept) = accept_key(request.headers()) else {
        return text(StatusCode::BAD_REQUEST, "this is a websocket, version 13");
    };
    let upgrade = hyper::upgrade::on(&mut request);
    let socket = async move { Some(socket(timeout(UPGRADE_LIMIT, upgrade).await.ok()?.ok()?)) };
    let came = tokio::time::Instant::now();
    let entered = loop {
        match state.slots.enter(&dial, came) {
            Entered::Wait(until) => state.slots.changed(until).await,
            entered => break entered,
        }
    };
    let log = state.service.log.of_session(&dial.id);
    match entered {
        Entered::Closed => return text(StatusCode::SERVICE_UNAVAILABLE, "the server is ending"),
        Entered::Gone => return text(StatusCode::GONE, "the session has ended"),
        Entered::OtherProtocol => return text(StatusCode::CONFLICT, "the session speaks the other protocol"),
        Entered::Full | Entered::Wait(_) => {
            log.warn(format!("a connection was refused: {FULL} ({})", state.service.max_clients));
            return text(StatusCode::SERVICE_UNAVAILABLE, FULL);
        }
        Entered::Again(arrivals) => {
            state.sessions.spawn(async move {
                let Some(socket) = socket.await else { return };
                let arrival = match dial.resume {
                    Some(resume) if resume.purpose == DialPurpose::Reattach => {
                        Arrival::Reattach(socket, resume.delivered)
                    }
                    _ => Arrival::Handover(socket),
                };
                let _ = arrivals.send(arrival).await;
            });
        }
        Entered::New(slot, login, arrivals) => {
            if let Err(error) = session::begin(state, dial, (slot, login, arrivals), log.clone(), socket).await {
                log.warn(error.to_string());
                return text(StatusCode::INTERNAL_SERVER_ERROR, error.to_string());
            }
        }
    }
    let mut answer = text(StatusCode::SWITCHING_PROTOCOLS, "");
    let headers = answer.headers_mut();
    headers.remove(CONTENT_TYPE);
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    answer
}

/// The websocket of an upgraded connection, without hyper's layers where that is possible.
fn socket(upgraded: hyper::upgrade::Upgraded) -> Socket {
    match upgraded.downcast::<TokioIo<TcpStream>>() {
        Ok(parts) => Socket::new(Box::new(parts.io.into_inner()), Role::Server, &parts.read_buf),
        Err(upgraded) => Socket::new(Box::new(TokioIo::new(upgraded)), Role::Server, &[]),
    }
}

/// The answer to a websocket's key, where the request asks for a websocket: RFC 6455, section 4.2.1.
fn accept_key(headers: &HeaderMap) -> Option<HeaderValue> {
    let has = |name: http::HeaderName, word: &str| {
        let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case(word))
    };
    let asked = has(CONNECTION, "upgrade") && has(UPGRADE, "websocket") && has(SEC_WEBSOCKET_VERSION, "13");
    let key = headers.get(SEC_WEBSOCKET_KEY).filter(|_| asked)?;
    HeaderValue::from_str(&derive_accept_key(key.as_bytes())).ok()
}

fn text(status: StatusCode, body: impl Into<String>) -> HttpResponse {
    let mut answer = Response::new(Full::new(Bytes::from(body.into())));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_found_however_the_driver_proxy_spells_them() {
        let check = |path: &str, expected: &str| assert_eq!(route(path), expected);
        check("/metadata", "/metadata");
        check("//metadata", "/metadata");
        check("/driver-proxy-http//ssh/", "/ssh");
        check("/driver-proxy-api/o/7/c-1/7772/ssh", "/ssh");
        check("/driver-proxy-api/o/7/c-1/7772", "");
        check("/", "");
        check("/ssh/x", "/ssh/x");
    }
}
