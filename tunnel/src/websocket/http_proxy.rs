//! The HTTP proxy between this machine and the workspace: `HTTPS_PROXY` and `NO_PROXY`, as curl and the official tools read them.

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use url::Url;

use super::dial::{DialError, tcp};
use super::socket::Transport;
use super::tls;
use crate::environment;

/// The longest answer to CONNECT, in bytes.
const LONGEST_ANSWER: usize = 16 * 1024;

/// A proxy, and what it wants to be told.
#[derive(Debug)]
pub(super) struct HttpProxy {
    address: Uri,
    authorization: Option<http::HeaderValue>,
}

/// The proxy for a host, if the environment names one.
pub(super) fn find(host: &Url) -> Option<HttpProxy> {
    among(&environment::https_proxy()?, &environment::no_proxy(), host)
}

fn among(proxy: &str, no_proxy: &str, host: &Url) -> Option<HttpProxy> {
    let matcher = Matcher::builder().https(proxy).http(proxy).no(no_proxy).build();
    let found = matcher.intercept(&host.as_str().parse().ok()?)?;
    Some(HttpProxy { address: found.uri().clone(), authorization: found.basic_auth().cloned() })
}

impl HttpProxy {
    /// Its address, without credentials.
    pub(super) fn name(&self) -> String {
        let scheme = self.address.scheme_str().unwrap_or("http");
        let authority = self.address.authority().map(|found| found.as_str()).unwrap_or_default();
        // Credentials are shown to nobody.
        format!("{scheme}://{}", authority.rsplit('@').next().unwrap_or_default())
    }

    /// Asks for a connection to a host: RFC 9110, section 9.3.6, CONNECT.
    pub(super) async fn connect(&self, host: &str, port: u16) -> Result<Box<dyn Transport>, DialError> {
        let failed = |reason: String| DialError::Proxy(self.name(), reason);
        let secure = match self.address.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(failed("only http:// and https:// proxies are supported".to_owned())),
        };
        let name = self.address.host().unwrap_or_default().trim_matches(['[', ']']);
        let proxy_port = self.address.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let stream = tcp((name, proxy_port)).await.map_err(|error| failed(format!("cannot be reached: {error}")))?;
        let mut stream: Box<dyn Transport> = Box::new(stream);
        if secure {
            stream = Box::new(tls::connect(name, stream).await.map_err(|error| failed(error.to_string()))?);
        }
        let mut request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n").into_bytes();
        if let Some(value) = &self.authorization {
            request.extend_from_slice(b"Proxy-Authorization: ");
            request.extend_from_slice(value.as_bytes());
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"\r\n");
        stream.write_all(&request).await.map_err(|error| failed(error.to_string()))?;
        stream.flush().await.map_err(|error| failed(error.to_string()))?;
        match read_answer(&mut stream).await {
            Ok(()) => Ok(stream),
            Err(reason) => Err(failed(reason)),
        }
    }
}

/// Reads a proxy's answer to CONNECT, and not a byte of what follows it: RFC 9110, section 9.3.6.
///
/// # Errors
/// When it is a refusal, or no answer of HTTP/1.
pub async fn read_answer(stream: &mut (impl AsyncRead + Unpin)) -> Result<(), String> {
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() > LONGEST_ANSWER {
            return Err("its answer has no end".to_owned());
        }
        answer.push(stream.read_u8().await.map_err(|error| error.to_string())?);
    }
    let text = String::from_utf8_lossy(&answer);
    let first = text.lines().next().unwrap_or_default();
    let status = first.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1)).unwrap_or_default();
    if status.len() == 3 && status.starts_with('2') { Ok(()) } else { Err(format!("answered {first:?}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_proxy_names_hosts_domains_and_networks() {
        let check = |host: &str, list: &str, expected: bool| {
            let host = Url::parse(host).unwrap();
            assert_eq!(among("http://proxy:3128", list, &host).is_none(), expected, "{host} {list}");
        };
        check("https://dbc-1.cloud.databricks.com", "", false);
        check("https://dbc-1.cloud.databricks.com", "databricks.com", true);
        check("https://dbc-1.cloud.databricks.com", "x, .databricks.com", true);
        check("https://notdatabricks.com", "databricks.com", false);
        check("https://any.where", "*", true);
        check("https://10.1.2.3", "10.0.0.0/8", true);
        check("https://192.0.2.1", "10.0.0.0/8", false);
    }

    #[test]
    fn a_proxys_credentials_are_never_shown() {
        let host = Url::parse("https://h.example").unwrap();
        let proxy = among("http://ada:secret@proxy:3128", "", &host).unwrap();
        assert_eq!(proxy.name(), "http://proxy:3128");
        assert!(proxy.authorization.is_some());
    }

    #[tokio::test]
    async fn only_a_success_is_a_yes() {
        let check = async |answer: &str, expected: Result<(), &str>| {
            let found = read_answer(&mut answer.as_bytes()).await;
            assert_eq!(found, expected.map_err(str::to_owned), "{answer}");
        };
        check("HTTP/1.1 200 OK\r\n\r\n", Ok(())).await;
        check("HTTP/1.0 204\r\nX: y\r\n\r\n", Ok(())).await;
        check("HTTP/1.1 407 Authenticate\r\n\r\n", Err("answered \"HTTP/1.1 407 Authenticate\"")).await;
        check("SSH-2.0 200\r\n\r\n", Err("answered \"SSH-2.0 200\"")).await;
        check("HTTP/1.1 200 OK\r\n", Err("unexpected end of file")).await;
        check(&"x".repeat(LONGEST_ANSWER + 10), Err("its answer has no end")).await;
    }

    #[tokio::test]
    async fn an_http_proxy_is_asked_for_the_host_with_the_credentials_of_its_address() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 1024];
            let read = stream.read(&mut request).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\nX: y\r\n\r\nhello").await.unwrap();
            String::from_utf8_lossy(&request[..read]).into_owned()
        });
        let host = Url::parse("https://h.example").unwrap();
        let proxy = among(&format!("http://ada:p%40ss@127.0.0.1:{port}"), "", &host).unwrap();
        let mut stream = proxy.connect("h.example", 443).await.unwrap();
        let request = asked.await.unwrap();
        assert!(request.starts_with("CONNECT h.example:443 HTTP/1.1\r\nHost: h.example:443\r\n"), "{request}");
        assert!(request.contains("Proxy-Authorization: Basic YWRhOnBAc3M=\r\n"), "{request}");
        let mut rest = String::new();
        stream.read_to_string(&mut rest).await.unwrap();
        assert_eq!(rest, "hello");
    }
}
