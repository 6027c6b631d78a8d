//! Dials the driver proxy's websocket: TCP or an HTTP proxy's CONNECT, TLS unless the workspace is on loopback, then the
//! upgrade of RFC 6455 with the bearer token. Path and query are the official tunnel's.

use bytes::Bytes;
use databricks::is_loopback;
use http::{HeaderValue, Method, StatusCode, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use secret::Secret;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use url::{Host, Url};

use super::frame::Role;
use super::http_proxy::{self, HttpProxy};
use super::proof;
use super::socket::{Socket, Transport};
use super::tls;
use crate::session::negotiation::{Dial, FULL};
use crate::words;

/// How the tunnel names itself.
pub const USER_AGENT: &str = concat!("tunnel/", env!("CARGO_PKG_VERSION"));
/// More than any answer of a server has: its log is 16 KiB.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// Where a server's websocket is.
#[derive(Debug, Clone)]
pub struct Address {
    /// The workspace.
    pub host: Url,
    /// The workspace's id.
    pub workspace_id: String,
    /// The cluster on whose driver the server runs.
    pub cluster_id: String,
    /// The port that it listens on.
    pub port: u16,
    /// The one server that is meant: another one on this port says that it is not. Official servers do not look at it.
    pub instance_id: Option<String>,
    /// What a server of ours wants to be shown by who asks it: see [`proof`].
    pub secret: Option<Secret<String>>,
}

impl Address {
    /// The path below which the driver proxy serves this port.
    fn path<N: AsRef<str>, V: AsRef<str>>(&self, route: &str, parameters: impl IntoIterator<Item = (N, V)>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(parameters);
        query.extend_pairs(self.instance_id.iter().map(|id| ("instance", id)));
        let path = format!("/driver-proxy-api/o/{}/{}/{}/{route}", self.workspace_id, self.cluster_id, self.port);
        format!("{path}?{}", query.finish()).trim_end_matches('?').to_owned()
    }

    /// The path of a question, with the proof that it may be asked.
    fn question(&self, method: &Method, route: &str, parameters: &[(&str, &str)]) -> String {
        let proof = self.secret.as_ref().map(|secret| (proof::PARAMETER, proof::proof(secret, method, route)));
        let parameters = parameters.iter().map(|(name, value)| (*name, (*value).to_owned()));
        self.path(route, parameters.chain(proof))
    }

    fn name(&self) -> String {
        self.host.host_str().unwrap_or_default().to_owned()
    }

    /// Host and port as they stand in addresses.
    fn authority(&self) -> String {
        match self.host.port() {
            Some(port) => format!("{}:{port}", self.name()),
            None => self.name(),
        }
    }
}

/// Why there is no websocket.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// Nothing was reached.
    #[error("cannot reach {0}: {1}")]
    Unreachable(String, std::io::Error),
    /// The HTTP proxy refused, or is of a kind that is not supported.
    #[error("the HTTP proxy {0}: {1}")]
    Proxy(String, String),
    /// TLS failed.
    #[error("no secure connection to {0}: {1}")]
    Tls(String, std::io::Error),
    /// The answer was no upgrade.
    #[error("{0} answered {1}: {2}")]
    Refused(String, StatusCode, String),
    /// Anything else in the upgrade.
    #[error("no websocket with {0}: {1}")]
    WebSocket(String, String),
}

impl DialError {
    /// The status of the answer, where there was one.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Refused(_, status, _) => Some(*status),
            _ => None,
        }
    }

    fn refused(host: String, status: StatusCode, body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let text: String = words::in_one_line(&text).chars().take(300).collect();
        Self::Refused(host, status, if text.is_empty() { "no reason".to_owned() } else { text })
    }

    /// Whether the workspace itself was not reached.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable(..) | Self::Proxy(..) | Self::Tls(..))
    }

    /// Whether nobody listens where the metadata says: the server has ended, or its cluster has.
    pub fn is_no_server(&self) -> bool {
        matches!(self, Self::Refused(_, status, _)
            if [StatusCode::NOT_FOUND, StatusCode::BAD_GATEWAY, StatusCode::BAD_REQUEST, StatusCode::GONE].contains(status))
            || self.is_unavailable()
    }

    /// Whether the answer was 503, and not from a server that is full. What is behind the driver proxy is not known then.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Refused(_, StatusCode::SERVICE_UNAVAILABLE, text) if !text.contains(FULL))
    }

    /// Whether the connection was lost on the way, of which another may know nothing.
    pub fn is_lost(&self) -> bool {
        use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut, UnexpectedEof};
        match self {
            Self::Unreachable(_, error) | Self::Tls(_, error) => {
                matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | TimedOut | UnexpectedEof)
            }
            Self::WebSocket(..) => true,
            Self::Proxy(..) | Self::Refused(..) => false,
        }
    }

    /// Whether whose token it is may not do that.
    pub fn is_forbidden(&self) -> bool {
        matches!(self, Self::Refused(_, StatusCode::FORBIDDEN, _))
    }

    /// Whether the token was not accepted.
    pub fn is_unauthorized(&self) -> bool {
        matches!(self, Self::Refused(_, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _))
    }
}

/// Dials a session's websocket.
///
/// # Errors
/// [`DialError`].
pub async fn dial(address: &Address, what: &Dial, token: &Secret<String>) -> Result<Socket, DialError> {
    upgrade(address, &address.path("ssh", what.to_parameters()), token).await
}

/// Opens the websocket at a path: RFC 6455, section 4.1.
async fn upgrade(address: &Address, path: &str, token: &Secret<String>) -> Result<Socket, DialError> {
    let name = address.name();
    let wrong = |reason: &str| DialError::WebSocket(name.clone(), reason.to_owned());
    let key = generate_key();
    let request = request(address, path, token)?
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_VERSION, "13")
        .header(header::SEC_WEBSOCKET_KEY, &key);
    let answer = send(address, request).await?;
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        let status = answer.status();
        let body = body(answer).await.unwrap_or_default();
        return Err(DialError::refused(name, status, &body));
    }
    let header = |name: header::HeaderName| answer.headers().get(name).and_then(|value| value.to_str().ok());
    if header(header::SEC_WEBSOCKET_ACCEPT) != Some(derive_accept_key(key.as_bytes()).as_str()) {
        return Err(wrong("its answer does not fit the question"));
    }
    if header(header::SEC_WEBSOCKET_EXTENSIONS).is_some() || header(header::SEC_WEBSOCKET_PROTOCOL).is_some() {
        return Err(wrong("it wants an extension that nobody asked for"));
    }
    let upgraded = hyper::upgrade::on(answer).await.map_err(|error| wrong(&error.to_string()))?;
    match upgraded.downcast::<TokioIo<Box<dyn Transport>>>() {
        Ok(parts) => Ok(Socket::new(parts.io.into_inner(), Role::Client, &parts.read_buf)),
        Err(upgraded) => Ok(Socket::new(Box::new(TokioIo::new(upgraded)), Role::Client, &[])),
    }
}

/// Makes the connection to a workspace, and answers the HTTP proxy that it goes through.
///
/// # Errors
/// [`DialError`].
pub async fn reach(host: &Url) -> Result<Option<String>, DialError> {
    connect(host).await?;
    Ok(proxy(host).map(|proxy| proxy.name()))
}

/// Asks the server a question over plain HTTP, once: `metadata`, `logs` or `status`. An answer but 200 is an error.
///
/// # Errors
/// [`DialError`].
pub async fn get(address: &Address, route: &str, token: &Secret<String>) -> Result<Bytes, DialError> {
    ask(address, Method::GET, route, &[], token).await
}

/// Asks the server for its last warnings about the sessions whose ids begin so. An official server does not look at that, and answers
/// all.
///
/// # Errors
/// [`DialError`].
pub async fn logs_of_session(address: &Address, session: &str, token: &Secret<String>) -> Result<Bytes, DialError> {
    ask(address, Method::GET, "logs", &[("session", session)], token).await
}

/// Tells the server something, once: `stop`. An answer but 200 is an error.
///
/// # Errors
/// [`DialError`].
pub async fn post(address: &Address, route: &str, token: &Secret<String>) -> Result<Bytes, DialError> {
    ask(address, Method::POST, route, &[], token).await
}

async fn ask(
    address: &Address,
    method: Method,
    route: &str,
    parameters: &[(&str, &str)],
    token: &Secret<String>,
) -> Result<Bytes, DialError> {
    let path = address.question(&method, route, parameters);
    let answer = send(address, request(address, &path, token)?.method(method)).await?;
    let status = answer.status();
    let body = body(answer).await.map_err(|error| DialError::WebSocket(address.name(), error))?;
    if status == StatusCode::OK { Ok(body) } else { Err(DialError::refused(address.name(), status, &body)) }
}

fn request(address: &Address, path: &str, token: &Secret<String>) -> Result<http::request::Builder, DialError> {
    let authorization = bearer(token).map_err(|error| DialError::WebSocket(address.name(), error.to_string()))?;
    Ok(http::Request::get(path)
        .header(header::HOST, address.authority())
        .header(header::USER_AGENT, USER_AGENT)
        .header(header::AUTHORIZATION, authorization))
}

async fn send(address: &Address, request: http::request::Builder) -> Result<http::Response<Incoming>, DialError> {
    let wrong = |error: &dyn std::fmt::Display| DialError::WebSocket(address.name(), error.to_string());
    let stream = connect(&address.host).await?;
    let handshake = hyper::client::conn::http1::Builder::new().title_case_headers(true).handshake(TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.map_err(|error| wrong(&error))?;
    // It ends with the answer, or hands the connection over.
    tokio::spawn(connection.with_upgrades());
    let request = request.body(Empty::<Bytes>::new()).map_err(|error| wrong(&error))?;
    sender.send_request(request).await.map_err(|error| wrong(&error))
}

async fn body(answer: http::Response<Incoming>) -> Result<Bytes, String> {
    let collected = Limited::new(answer.into_body(), LARGEST_ANSWER).collect().await;
    collected.map(|body| body.to_bytes()).map_err(|error| error.to_string())
}

fn bearer(token: &Secret<String>) -> Result<HeaderValue, http::header::InvalidHeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The connection to the workspace, encrypted unless it stays on this machine.
async fn connect(host: &Url) -> Result<Box<dyn Transport>, DialError> {
    let name = host.host_str().unwrap_or_default().to_owned();
    let port = host.port_or_known_default().unwrap_or(443);
    let unreachable = |error| DialError::Unreachable(format!("{name}:{port}"), error);
    let plain_name = name.trim_matches(['[', ']']);
    let loopback = is_loopback(host);
    let is_secure = host.scheme() != "http";
    if !is_secure && !loopback {
        // A token would be readable on the way.
        let reason = std::io::Error::other("http is for this machine only, other hosts need https");
        return Err(DialError::Tls(name, reason));
    }
    let stream: Box<dyn Transport> = match proxy(host) {
        Some(proxy) => proxy.connect(&name, port).await?,
        // RFC 6761, section 6.3: these names are loopback without asking anybody.
        None if loopback && matches!(host.host(), Some(Host::Domain(_))) => {
            Box::new(tcp(("127.0.0.1", port)).await.map_err(unreachable)?)
        }
        None => Box::new(tcp((plain_name, port)).await.map_err(unreachable)?),
    };
    if !is_secure {
        return Ok(stream);
    }
    let secured = tls::connect(plain_name, stream).await.map_err(|error| DialError::Tls(name.clone(), error))?;
    Ok(Box::new(secured))
}

/// The proxy on the way to a host. This machine is reached without one.
fn proxy(host: &Url) -> Option<HttpProxy> {
    if is_loopback(host) { None } else { http_proxy::find(host) }
}

/// A connection whose small packets are not held back.
pub(super) async fn tcp(address: impl tokio::net::ToSocketAddrs) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_the_official_ones() {
        let mut address = Address {
            host: Url::parse("http://dbc-1.localhost:8080/ignored").unwrap(),
            workspace_id: "7".into(),
            cluster_id: "c-1".into(),
            port: 7772,
            instance_id: None,
            secret: None,
        };
        assert_eq!(address.path("metadata", [("", ""); 0]), "/driver-proxy-api/o/7/c-1/7772/metadata");
        address.instance_id = Some("i".into());
        assert_eq!(address.path("ssh", [("id", "a b")]), "/driver-proxy-api/o/7/c-1/7772/ssh?id=a+b&instance=i");
        assert_eq!(address.authority(), "dbc-1.localhost:8080");
        address.secret = Some("the secret".into());
        let question = address.question(&Method::GET, "logs", &[("session", "x")]);
        assert!(question.contains("/logs?session=x&proof=") && !question.contains("secret"), "{question}");
    }

    #[tokio::test]
    async fn no_token_goes_over_http_to_another_machine() {
        let host = Url::parse("http://192.0.2.1:1").unwrap();
        let address = Address {
            host,
            workspace_id: "7".into(),
            cluster_id: "c".into(),
            port: 7772,
            instance_id: None,
            secret: None,
        };
        let error = get(&address, "metadata", &Secret::from("t")).await.unwrap_err();
        assert!(error.to_string().contains("need https"), "{error}");
    }
}
