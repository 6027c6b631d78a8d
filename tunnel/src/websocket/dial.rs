//! Dials the driver proxy's websocket: TCP or an HTTP proxy's CONNECT, TLS unless the workspace is on loopback, then the
//! upgrade of RFC 6455 with the bearer token. Path and query are the official tunnel's.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, StatusCode, Uri, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use secret::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::client_async_with_config;
use tokio_tungstenite::tungstenite::Error as WebSocketError;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use url::{Host, Url};

use crate::environment;
use crate::session::{Socket, Transport, websocket_config};

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
}

impl Address {
    /// The path below which the driver proxy serves this port.
    fn path(&self, route: &str, parameters: &[(&str, &str)]) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(parameters);
        query.extend_pairs(self.instance_id.iter().map(|id| ("instance", id)));
        let path = format!("/driver-proxy-api/o/{}/{}/{}/{route}", self.workspace_id, self.cluster_id, self.port);
        format!("{path}?{}", query.finish()).trim_end_matches('?').to_owned()
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

    fn is_secure(&self) -> bool {
        self.host.scheme() != "http"
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
    fn refused(host: String, status: StatusCode, body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let text: String = text.trim().chars().filter(|c| !c.is_control()).take(300).collect();
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
            || matches!(self, Self::Refused(_, StatusCode::SERVICE_UNAVAILABLE, text) if !text.contains(crate::server::FULL))
    }

    /// Whether the token was not accepted.
    pub fn is_unauthorized(&self) -> bool {
        matches!(self, Self::Refused(_, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _))
    }
}

/// Dials a session's websocket. `id` is the session: the same id again replaces its socket.
///
/// # Errors
/// [`DialError`].
pub async fn dial(address: &Address, id: &str, token: &Secret<String>) -> Result<Socket, DialError> {
    let name = address.name();
    let stream = connect(address).await?;
    let scheme = if address.is_secure() { "wss" } else { "ws" };
    let uri = format!("{scheme}://{}{}", address.authority(), address.path("ssh", &[("id", id)]));
    let wrong = |error: &dyn std::fmt::Display| DialError::WebSocket(name.clone(), error.to_string());
    let uri: Uri = uri.parse().map_err(|error: http::uri::InvalidUri| wrong(&error))?;
    let mut request = uri.into_client_request().map_err(|error| wrong(&error))?;
    request.headers_mut().insert(header::AUTHORIZATION, bearer(token).map_err(|error| wrong(&error))?);
    request.headers_mut().insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    match client_async_with_config(request, stream, Some(websocket_config())).await {
        Ok((socket, _)) => Ok(socket),
        Err(WebSocketError::Http(answer)) => {
            Err(DialError::refused(name, answer.status(), answer.body().as_deref().unwrap_or_default()))
        }
        Err(error) => Err(wrong(&error)),
    }
}

/// Asks the server a question over plain HTTP, once: `metadata` or `logs`. An answer but 200 is an error.
///
/// # Errors
/// [`DialError`].
pub async fn get(address: &Address, route: &str, token: &Secret<String>) -> Result<Bytes, DialError> {
    let name = address.name();
    let wrong = |error: &dyn std::fmt::Display| DialError::WebSocket(name.clone(), error.to_string());
    let stream = connect(address).await?;
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| wrong(&error))?;
    let request = http::Request::get(address.path(route, &[]))
        .header(header::HOST, address.authority())
        .header(header::USER_AGENT, USER_AGENT)
        .header(header::AUTHORIZATION, bearer(token).map_err(|error| wrong(&error))?)
        .body(Empty::<Bytes>::new())
        .map_err(|error| wrong(&error))?;
    let exchange = async {
        let answer = sender.send_request(request).await.map_err(|error| wrong(&error))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), LARGEST_ANSWER).collect().await.map_err(|error| wrong(&error))?;
        Ok((status, body.to_bytes()))
    };
    let (status, body) = tokio::select! {
        exchanged = exchange => exchanged?,
        ended = connection => return Err(wrong(&ended.map_or_else(|error| error.to_string(), |()| "no answer".to_owned()))),
    };
    if status == StatusCode::OK { Ok(body) } else { Err(DialError::refused(name, status, &body)) }
}

fn bearer(token: &Secret<String>) -> Result<HeaderValue, http::header::InvalidHeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose()))?;
    value.set_sensitive(true);
    Ok(value)
}

async fn connect(address: &Address) -> Result<Box<dyn Transport>, DialError> {
    let name = address.name();
    let port = address.host.port_or_known_default().unwrap_or(443);
    let unreachable = |error| DialError::Unreachable(format!("{name}:{port}"), error);
    let plain_name = name.trim_matches(['[', ']']);
    let loopback = is_loopback(&address.host);
    if !address.is_secure() && !loopback {
        // A token would be readable on the way.
        let reason = std::io::Error::other("http is for this machine only, other hosts need https");
        return Err(DialError::Tls(name, reason));
    }
    let proxy = if loopback || !address.is_secure() { None } else { environment::https_proxy() };
    let stream = match proxy {
        Some(proxy) if !is_excluded(&name, &environment::no_proxy()) => through_proxy(&proxy, &name, port).await?,
        // RFC 6761, section 6.3: these names are loopback without asking anybody.
        _ if loopback && matches!(address.host.host(), Some(Host::Domain(_))) => {
            TcpStream::connect(("127.0.0.1", port)).await.map_err(unreachable)?
        }
        _ => TcpStream::connect((plain_name, port)).await.map_err(unreachable)?,
    };
    let _ = stream.set_nodelay(true);
    if !address.is_secure() {
        return Ok(Box::new(stream));
    }
    let failed = |error: std::io::Error| DialError::Tls(name.clone(), error);
    let server = ServerName::try_from(plain_name.to_owned()).map_err(|error| failed(std::io::Error::other(error)))?;
    let connector = tokio_rustls::TlsConnector::from(Arc::new(tls_config().map_err(failed)?));
    Ok(Box::new(connector.connect(server, stream).await.map_err(failed)?))
}

/// The system's certificate authorities, or those of `SSL_CERT_FILE` and `SSL_CERT_DIR`.
fn tls_config() -> std::io::Result<rustls::ClientConfig> {
    let loaded = rustls_native_certs::load_native_certs();
    let mut roots = rustls::RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(loaded.certs);
    if added == 0 {
        let reason = loaded.errors.first().map_or_else(|| "none was found".to_owned(), ToString::to_string);
        return Err(std::io::Error::other(format!("no certificate authorities: {reason}; set SSL_CERT_FILE")));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(std::io::Error::other)?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Whether an address is this machine: `localhost`, `*.localhost`, 127.0.0.0/8 or ::1.
pub fn is_loopback(host: &Url) -> bool {
    match host.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Whether `NO_PROXY` names the host: itself, a domain above it, or `*`.
fn is_excluded(host: &str, no_proxy: &str) -> bool {
    let host = host.to_ascii_lowercase();
    no_proxy.split(',').map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        let entry = entry.trim_start_matches("*.").trim_start_matches('.').to_ascii_lowercase();
        entry == "*" || host == entry || host.strip_suffix(&entry).is_some_and(|front| front.ends_with('.'))
    })
}

/// RFC 9110, section 9.3.6: CONNECT.
async fn through_proxy(proxy: &str, host: &str, port: u16) -> Result<TcpStream, DialError> {
    let with_scheme = if proxy.contains("://") { proxy.to_owned() } else { format!("http://{proxy}") };
    let url = Url::parse(&with_scheme).ok().filter(|url| url.scheme() == "http" && url.host_str().is_some());
    let Some(url) = url else {
        return Err(DialError::Proxy("of HTTPS_PROXY".to_owned(), "only http:// proxies are supported".to_owned()));
    };
    let shown = format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(80));
    let failed = |reason: String| DialError::Proxy(shown.clone(), reason);
    let mut stream = TcpStream::connect(&shown).await.map_err(|error| failed(format!("cannot be reached: {error}")))?;
    let mut request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n");
    if !url.username().is_empty() {
        use base64::Engine;
        let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
        let pair = format!("{}:{}", decode(url.username()), decode(url.password().unwrap_or_default()));
        let pair = base64::engine::general_purpose::STANDARD.encode(pair);
        request.push_str(&format!("Proxy-Authorization: Basic {pair}\r\n"));
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await.map_err(|error| failed(error.to_string()))?;
    let mut answer = Vec::new();
    // Byte by byte, so that nothing of what follows the answer is taken away.
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() > 16 * 1024 {
            return Err(failed("its answer has no end".to_owned()));
        }
        answer.push(stream.read_u8().await.map_err(|error| failed(error.to_string()))?);
    }
    let text = String::from_utf8_lossy(&answer);
    let first = text.lines().next().unwrap_or_default();
    match first.split(' ').nth(1) {
        Some("200") => Ok(stream),
        _ => Err(failed(format!("answered {first:?}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_proxy_names_hosts_and_domains() {
        let check =
            |host: &str, list: &str, expected: bool| assert_eq!(is_excluded(host, list), expected, "{host} {list}");
        check("dbc-1.cloud.databricks.com", "", false);
        check("dbc-1.cloud.databricks.com", "databricks.com", true);
        check("dbc-1.cloud.databricks.com", "x, .databricks.com", true);
        check("dbc-1.cloud.databricks.com", "*.Databricks.com", true);
        check("notdatabricks.com", "databricks.com", false);
        check("any.where", "*", true);
    }

    #[test]
    fn loopback_is_told_from_the_network() {
        let check = |url: &str, expected: bool| assert_eq!(is_loopback(&Url::parse(url).unwrap()), expected, "{url}");
        check("http://localhost:1", true);
        check("http://dbc-1.localhost:1", true);
        check("http://127.0.0.2", true);
        check("http://[::1]:80", true);
        check("https://localhost.example.com", false);
        check("https://evil-localhost", false);
        check("https://10.0.0.1", false);
    }

    #[test]
    fn addresses_are_the_official_ones() {
        let mut address = Address {
            host: Url::parse("http://dbc-1.localhost:8080/ignored").unwrap(),
            workspace_id: "7".into(),
            cluster_id: "c-1".into(),
            port: 7772,
            instance_id: None,
        };
        assert_eq!(address.path("metadata", &[]), "/driver-proxy-api/o/7/c-1/7772/metadata");
        address.instance_id = Some("i".into());
        assert_eq!(address.path("ssh", &[("id", "a b")]), "/driver-proxy-api/o/7/c-1/7772/ssh?id=a+b&instance=i");
        assert_eq!(address.authority(), "dbc-1.localhost:8080");
    }

    #[tokio::test]
    async fn no_token_goes_over_http_to_another_machine() {
        let host = Url::parse("http://192.0.2.1:1").unwrap();
        let address = Address { host, workspace_id: "7".into(), cluster_id: "c".into(), port: 7772, instance_id: None };
        let error = get(&address, "metadata", &Secret::from("t")).await.unwrap_err();
        assert!(error.to_string().contains("need https"), "{error}");
    }

    #[tokio::test]
    async fn an_http_proxy_is_asked_for_the_host_with_the_credentials_of_its_address() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let proxy = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 1024];
            let read = stream.read(&mut request).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\nX: y\r\n\r\nhello").await.unwrap();
            String::from_utf8_lossy(&request[..read]).into_owned()
        });
        let mut stream = through_proxy(&format!("http://ada:p%40ss@127.0.0.1:{port}"), "h.example", 443).await.unwrap();
        let request = proxy.await.unwrap();
        assert!(request.starts_with("CONNECT h.example:443 HTTP/1.1\r\nHost: h.example:443\r\n"), "{request}");
        assert!(request.contains("Proxy-Authorization: Basic YWRhOnBAc3M=\r\n"), "{request}");
        let mut rest = String::new();
        stream.read_to_string(&mut rest).await.unwrap();
        assert_eq!(rest, "hello");
    }
}
