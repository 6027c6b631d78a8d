//! The server on the driver: HTTP on one port, behind the driver proxy. Routes and answers are the official server's:
//! `GET /metadata` (the user), `GET /logs`, and the websocket `GET /ssh?id=…`, also with doubled slashes and below
//! `/driver-proxy-http`. Each websocket is one `sshd -i`.

pub mod authorized_keys;
pub mod log_ring;
pub mod sshd;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::convert::Infallible;
use std::future::pending;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::header::{CONNECTION, CONTENT_TYPE, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::Result;
use crate::server::log_ring::LogRing;
use crate::server::sshd::Sshd;
use crate::session::{self, Replacement, Socket, Timers, websocket_config};

/// What a server at its capacity answers: the official words, which clients look for.
pub const FULL: &str = "Maximum clients reached";
/// How long a client may take from the answer 101 to a websocket.
const UPGRADE_LIMIT: Duration = Duration::from_secs(30);
/// How long sessions get to end when the server does.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(3);

/// Who may log in, asked at each login.
pub trait AuthorizedKeys: Send + Sync {
    /// The text of an `authorized_keys` file.
    fn read(&self) -> Pin<Box<dyn Future<Output = Result<String>> + Send + '_>>;
}

/// What a server is made of.
pub struct Service {
    /// Starts sshd.
    pub sshd: Sshd,
    /// Who may log in.
    pub keys: Box<dyn AuthorizedKeys>,
    /// The last warnings.
    pub log: LogRing,
    /// The user that sessions run as.
    pub user: String,
    /// The id of this one server: a client that asks for another one is told that it has gone.
    pub instance_id: String,
    /// Sessions at a time.
    pub max_clients: usize,
    /// Time without a session after which the server ends.
    pub shutdown_delay: Duration,
}

/// Serves until `shutdown` is cancelled or nobody has been there for the shutdown delay; then ends all sessions.
pub async fn serve(listener: TcpListener, service: Service, shutdown: CancellationToken) {
    let state = Arc::new(State {
        slots: Slots::new(service.max_clients),
        service,
        sessions: TaskTracker::new(),
        shutdown: shutdown.clone(),
    });
    let connections = TaskTracker::new();
    let mut idle = std::pin::pin!(state.slots.idle(state.service.shutdown_delay));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.cancelled() => break,
            () = &mut idle => { shutdown.cancel(); break }
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
            tokio::select! {
                _ = connection => {}
                () = state.shutdown.cancelled() => {}
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

struct State {
    service: Service,
    slots: Slots,
    sessions: TaskTracker,
    shutdown: CancellationToken,
}

type Answer = Response<Full<Bytes>>;

async fn handle(state: Arc<State>, request: Request<Incoming>) -> Result<Answer, Infallible> {
    if request.method() != Method::GET {
        return Ok(text(StatusCode::METHOD_NOT_ALLOWED, "only GET"));
    }
    let query = |name: &str| {
        let pairs = url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes());
        pairs.into_owned().find(|(other, _)| other == name).map(|(_, value)| value)
    };
    // A port that was used again belongs to another server: its clients must not take this one for theirs.
    if query("instance").is_some_and(|instance| instance != state.service.instance_id) {
        return Ok(text(StatusCode::GONE, "another server listens here now"));
    }
    Ok(match route(request.uri().path()).as_str() {
        "/metadata" => text(StatusCode::OK, state.service.user.clone()),
        "/logs" => text(StatusCode::OK, state.service.log.text()),
        "/ssh" => match query("id") {
            Some(id) if !id.is_empty() && id.len() <= 128 => ssh(&state, id, request).await,
            _ => text(StatusCode::BAD_REQUEST, "the parameter id is missing"),
        },
        _ => text(StatusCode::NOT_FOUND, "not found"),
    })
}

/// The path without doubled slashes and without what some driver proxies leave in front.
fn route(path: &str) -> String {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty()).peekable();
    if segments.peek() == Some(&"driver-proxy-http") {
        segments.next();
    }
    segments.fold(String::new(), |path, segment| path + "/" + segment)
}

async fn ssh(state: &Arc<State>, id: String, mut request: Request<Incoming>) -> Answer {
    let Some(accept) = accept_key(request.headers()) else {
        return text(StatusCode::BAD_REQUEST, "this is a websocket, version 13");
    };
    let upgrade = hyper::upgrade::on(&mut request);
    let socket = async move {
        let upgraded = timeout(UPGRADE_LIMIT, upgrade).await.ok()?.ok()?;
        let stream: Box<dyn session::Transport> = Box::new(TokioIo::new(upgraded));
        Some(WebSocketStream::from_raw_socket(stream, Role::Server, Some(websocket_config())).await)
    };
    match state.slots.enter(&id) {
        Entered::Closed => return text(StatusCode::SERVICE_UNAVAILABLE, "the server is ending"),
        Entered::Full => {
            state.service.log.warn(format!("a connection was refused: {FULL} ({})", state.service.max_clients));
            return text(StatusCode::SERVICE_UNAVAILABLE, FULL);
        }
        Entered::Again(replacements) => {
            state.sessions.spawn(async move {
                if let Some(socket) = socket.await {
                    let _ = replacements.send(socket).await;
                }
            });
        }
        Entered::New(slot, replacements) => {
            let keys = match state.service.keys.read().await {
                Ok(keys) => keys,
                Err(error) => {
                    state.service.log.warn(format!("a connection was refused: {error}"));
                    return text(StatusCode::INTERNAL_SERVER_ERROR, error.to_string());
                }
            };
            let (sshd, stream) = match state.service.sshd.start(&keys, &state.service.log) {
                Ok(started) => started,
                Err(error) => {
                    state.service.log.warn(error.to_string());
                    return text(StatusCode::INTERNAL_SERVER_ERROR, error.to_string());
                }
            };
            let state_of_session = state.clone();
            state.sessions.spawn(async move {
                let _slot = slot;
                let (mut source, mut destination) = tokio::io::split(stream);
                if let Some(socket) = socket.await {
                    let mut replacements = Replacements { next: None, arriving: replacements };
                    let session =
                        session::run(socket, &mut source, &mut destination, &mut replacements, Timers::default());
                    let mut session = std::pin::pin!(session);
                    let ended = tokio::select! {
                        ended = &mut session => Some(ended),
                        () = state_of_session.shutdown.cancelled() => {
                            // sshd's end is the source's end, so the client still gets a proper close.
                            sshd.kill();
                            timeout(SHUTDOWN_LIMIT, session).await.ok()
                        }
                    };
                    if let Some(Err(error)) = ended {
                        state_of_session.service.log.warn(format!("session {id}: {error}"));
                    }
                }
                // Both halves gone, sshd reads the end of its connection.
                drop((source, destination));
                sshd.finish().await;
            });
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

fn text(status: StatusCode, body: impl Into<String>) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(body.into())));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}

/// The sockets that clients dial for a session that is there already.
struct Replacements {
    next: Option<Socket>,
    arriving: mpsc::Receiver<Socket>,
}

impl Replacement for Replacements {
    const CLOSES_FIRST: bool = true;

    async fn due(&mut self) {
        if self.next.is_none() {
            match self.arriving.recv().await {
                Some(socket) => self.next = Some(socket),
                None => pending().await,
            }
        }
    }

    async fn socket(&mut self) -> Option<Socket> {
        self.next.take()
    }
}

/// The sessions by their ids: taken, counted and closed under one lock, so that there are never more than allowed.
struct Slots {
    open: Arc<Mutex<Open>>,
    count: watch::Sender<usize>,
    maximum: usize,
}

#[derive(Default)]
struct Open {
    sessions: HashMap<String, mpsc::Sender<Socket>>,
    closed: bool,
}

enum Entered {
    New(Slot, mpsc::Receiver<Socket>),
    Again(mpsc::Sender<Socket>),
    Full,
    Closed,
}

/// A session's place, given back on drop.
struct Slot {
    id: String,
    open: Arc<Mutex<Open>>,
    count: watch::Sender<usize>,
}

impl Slots {
    fn new(maximum: usize) -> Self {
        Self { open: Arc::default(), count: watch::Sender::new(0), maximum }
    }

    fn enter(&self, id: &str) -> Entered {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.closed {
            return Entered::Closed;
        }
        let full = open.sessions.len() >= self.maximum;
        match open.sessions.entry(id.to_owned()) {
            Entry::Occupied(entry) => Entered::Again(entry.get().clone()),
            Entry::Vacant(_) if full => Entered::Full,
            Entry::Vacant(entry) => {
                let (sender, receiver) = mpsc::channel(1);
                entry.insert(sender);
                self.count.send_replace(open.sessions.len());
                Entered::New(Slot { id: id.to_owned(), open: self.open.clone(), count: self.count.clone() }, receiver)
            }
        }
    }

    fn close(&self) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
    }

    /// Resolves once nobody has been there for `delay`, and lets nobody in any more.
    async fn idle(&self, delay: Duration) {
        let mut count = self.count.subscribe();
        loop {
            if count.wait_for(|count| *count == 0).await.is_err() {
                return;
            }
            if timeout(delay, count.wait_for(|count| *count > 0)).await.is_ok() {
                continue;
            }
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            if open.sessions.is_empty() {
                open.closed = true;
                return;
            }
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.sessions.remove(&self.id);
        self.count.send_replace(open.sessions.len());
    }
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
        check("/", "");
        check("/ssh/x", "/ssh/x");
    }

    #[test]
    fn there_are_never_more_sessions_than_allowed() {
        let slots = Slots::new(2);
        let first = slots.enter("a");
        assert!(matches!(first, Entered::New(..)));
        assert!(matches!(slots.enter("a"), Entered::Again(_)));
        let second = slots.enter("b");
        assert!(matches!(slots.enter("c"), Entered::Full));
        drop(first);
        let third = slots.enter("c");
        assert!(matches!(third, Entered::New(..)));
        slots.close();
        drop(second);
        assert!(matches!(slots.enter("d"), Entered::Closed));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_is_idle_only_without_sessions() {
        let slots = Slots::new(2);
        let session = slots.enter("a");
        let delay = Duration::from_secs(600);
        assert!(timeout(delay * 10, slots.idle(delay)).await.is_err());
        drop(session);
        let started = tokio::time::Instant::now();
        slots.idle(delay).await;
        assert_eq!(started.elapsed(), delay);
        assert!(matches!(slots.enter("b"), Entered::Closed));
    }
}
