//! The HTTP client under the client: names, proxies, certificates, and what its errors mean.

use std::error::Error as _;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, SystemTime};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use url::Url;

use crate::{Error, host};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an unused connection is kept: less than load balancers keep theirs (60 s), so that a create does not meet one that is
/// being closed, which would leave it unknown whether it took effect.
const IDLE: Duration = Duration::from_secs(30);

/// An HTTP client for a host. Proxies come from HTTPS_PROXY and NO_PROXY and certificates from the system, SSL_CERT_FILE or
/// SSL_CERT_DIR. This machine is spoken to directly, and a plain http host needs no certificates, which take time to load.
pub(crate) fn build(host: &Url, user_agent: &str, skip_verify: bool) -> Result<reqwest::Client, Error> {
    let mut builder = reqwest::Client::builder()
        .user_agent(user_agent)
        .connect_timeout(CONNECT)
        .pool_idle_timeout(IDLE)
        .redirect(reqwest::redirect::Policy::none())
        .dns_resolver(Resolver);
    if skip_verify {
        builder = builder.tls_danger_accept_invalid_certs(true);
    }
    if host::is_loopback(host) {
        builder = builder.no_proxy();
    }
    if host.scheme() == "http" {
        builder = builder.tls_certs_only(std::iter::empty());
    }
    builder.build().map_err(|error| Error::Config(format!("the HTTP client cannot be made: {}", chain(&error))))
}

/// Resolves names; `localhost` and everything below it is 127.0.0.1 (RFC 6761 section 6.3), which not every system's resolver knows.
struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let addresses: Vec<SocketAddr> = if host::is_localhost(name.as_str()) {
                vec![SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0)]
            } else {
                tokio::net::lookup_host((name.as_str(), 0)).await?.collect()
            };
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Name and port of a host, for people.
pub(crate) fn authority(host: &Url) -> String {
    let name = host.host_str().unwrap_or_default();
    host.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"))
}

/// Why a request failed, in words, with the way out where there is one. Addresses are left out: they are said elsewhere.
pub(crate) fn reason(error: &reqwest::Error, host: &Url) -> String {
    if error.is_timeout() {
        return if error.is_connect() {
            "no connection within the time limit".to_owned()
        } else {
            "no answer within the time limit".to_owned()
        };
    }
    let refused = sources(error)
        .any(|e| e.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == ErrorKind::ConnectionRefused));
    match (refused, host::is_loopback(host)) {
        (true, true) => "nothing listens there. If it is the local cloud, start it with `localcloud up --detach` and source its env file \
                         again, because its port may have changed"
            .to_owned(),
        (true, false) => "the connection was refused; check `host` and the proxy".to_owned(),
        _ => chain(error),
    }
}

/// The last two words of a chain of errors: the outer ones only say that a request failed.
fn chain(error: &reqwest::Error) -> String {
    let words: Vec<String> = sources(error).map(|error| error.to_string()).collect();
    let inner = words.get(words.len().saturating_sub(2)..).unwrap_or_default();
    if inner.is_empty() { "the request failed".to_owned() } else { inner.join(": ") }
}

/// The causes of an error, without itself: its own words hold the address.
fn sources(error: &reqwest::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(error.source(), |error: &&(dyn std::error::Error + 'static)| (*error).source())
}

/// `Retry-After` in both its forms: seconds, or a date.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    parse_retry_after(headers.get(RETRY_AFTER)?.to_str().ok()?, SystemTime::now())
}

fn parse_retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = httpdate::parse_http_date("Sat, 21 Nov 2026 07:00:00 GMT").unwrap();
        let check = |text: &str, expected: Option<u64>| {
            assert_eq!(parse_retry_after(text, now), expected.map(Duration::from_secs), "{text}");
        };
        check("120", Some(120));
        check(" 0 ", Some(0));
        check("Sat, 21 Nov 2026 07:00:30 GMT", Some(30));
        check("Sat, 21 Nov 2026 06:00:00 GMT", Some(0));
        check("soon", None);
        check("-1", None);
    }
}
