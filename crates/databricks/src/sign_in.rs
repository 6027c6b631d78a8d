//! A person's sign-in with a browser: OAuth 2.0 authorization code with PKCE (RFC 6749 section 4.1, RFC 7636, RFC 8252), as the official CLI
//! and SDKs do it: the public client `databricks-cli`, scopes `all-apis offline_access`, a redirect to a port of this machine, 8020 or the
//! next that is free up to 8040. The login is kept where those keep theirs, so it is theirs too.
//! <https://docs.databricks.com/aws/en/dev-tools/auth/oauth-u2m>

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secret::Secret;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use url::Url;

use crate::auth::Method;
use crate::auth::fetch::Endpoint;
use crate::auth::logins::{Logins, keys};
use crate::auth::person::{CLIENT_ID, Person, of_answer};
use crate::host::{self, Host};
use crate::{Environment, Error, transport};

/// The port of the redirect, and those that are tried when it is taken: the official CLI's.
const PORTS: std::ops::RangeInclusive<u16> = 8020..=8040;
const SCOPES: &str = "all-apis offline_access";
/// How long a browser may take to say what it wants, and how much.
const REQUEST_LIMIT: Duration = Duration::from_secs(10);
const REQUEST_BYTES: u64 = 16 * 1024;

/// A sign-in that waits for its person.
pub struct SignIn {
    http: reqwest::Client,
    host: Url,
    account_id: Option<String>,
    method: Method,
    logins: Logins,
    keys: Vec<String>,
    listeners: Vec<TcpListener>,
    redirect: String,
    state: String,
    verifier: Secret<String>,
    address: Url,
}

impl SignIn {
    /// Begins to sign in at a host. With a profile's name the login is kept under that as well.
    ///
    /// # Errors
    /// When the host is none, cannot be reached, signs nobody in, or none of the ports is free.
    pub async fn begin(
        host: &str,
        account_id: Option<&str>,
        profile: Option<&str>,
        user_agent: &str,
    ) -> Result<Self, Error> {
        let host = Host::parse(host)?;
        let account_id = account_id.map(str::to_owned).or(host.account_id);
        let host = host.url;
        if host::is_account(&host) && account_id.is_none() {
            return Err(Error::Config(format!("{host} is an account console, so the account's id is needed too")));
        }
        let logins = Logins::new(&Environment::process());
        let keys = keys(profile, &host, account_id.as_deref());
        let method =
            Method::Cli(Person { program: String::new(), profile: profile.map(str::to_owned), logins: logins.clone() });
        let http = transport::build(&host, user_agent, false)?;
        let endpoint = Endpoint { http: &http, host: &host, account_id: account_id.as_deref() };
        // What is there and cannot be read is said before the person goes to the browser.
        logins.find(&keys).map_err(|reason| endpoint.refused(&method, &reason))?;
        let mut address = endpoint.discover(&method).await?.authorization;
        let (listeners, port) = listen().await.map_err(|reason| endpoint.refused(&method, &reason))?;
        let redirect = format!("http://localhost:{port}");
        let (state, verifier) = (random(), Secret::new(random()));
        address
            .query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", CLIENT_ID)
            .append_pair("redirect_uri", &redirect)
            .append_pair("scope", SCOPES)
            .append_pair("state", &state)
            .append_pair("code_challenge", &challenge(verifier.expose()))
            .append_pair("code_challenge_method", "S256");
        Ok(Self { http, host, account_id, method, logins, keys, listeners, redirect, state, verifier, address })
    }

    /// Where the person signs in: for a browser.
    pub fn address(&self) -> &Url {
        &self.address
    }

    /// Waits for a browser of this machine to come back, and answers the address with which it does.
    pub async fn redirected(&self) -> String {
        loop {
            let accepts = self.listeners.iter().map(|listener| Box::pin(listener.accept()));
            let (Ok((stream, _)), ..) = futures_util::future::select_all(accepts).await else { continue };
            // Browsers ask for an icon too, and open connections that they do not use.
            if let Ok(Some(path)) = timeout(REQUEST_LIMIT, answer(stream)).await {
                return format!("{}{path}", self.redirect);
            }
        }
    }

    /// Ends the sign-in with the address that the browser came back with, here or pasted by the person, and keeps the login.
    ///
    /// # Errors
    /// When the person was refused, the address is of another sign-in, or the login cannot be kept.
    pub async fn finish(self, redirected: &str) -> Result<(), Error> {
        let endpoint = Endpoint { http: &self.http, host: &self.host, account_id: self.account_id.as_deref() };
        let failed = |reason: &str| endpoint.refused(&self.method, reason);
        let url = Url::parse(redirected.trim()).map_err(|_| failed("what the browser came back with is no address"))?;
        let value = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        if value("state").as_deref() != Some(self.state.as_str()) {
            return Err(failed("the browser came back from another sign-in: begin again"));
        }
        if let Some(error) = value("error") {
            let described = value("error_description").unwrap_or_default();
            return Err(failed(&crate::error::presentable(format!("{error} {described}").trim())));
        }
        let code = Secret::new(value("code").ok_or_else(|| failed("the browser came back without a code"))?);
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", CLIENT_ID),
            ("redirect_uri", &self.redirect),
            ("code", code.expose()),
            ("code_verifier", self.verifier.expose()),
        ];
        let token = endpoint.ask(&self.method, |url| self.http.post(url).form(&form)).await?;
        let _only_one = self.logins.lock().await.map_err(|reason| failed(&reason))?;
        self.logins.put(&self.keys, &of_answer(token, None), None).map_err(|reason| failed(&reason))
    }
}

/// Listens on both loopback addresses: browsers take `localhost` for either.
async fn listen() -> Result<(Vec<TcpListener>, u16), String> {
    for port in PORTS {
        let mut listeners = Vec::new();
        let mut is_taken = false;
        for address in ["127.0.0.1", "::1"] {
            match TcpListener::bind((address, port)).await {
                Ok(listener) => listeners.push(listener),
                Err(error) => is_taken |= error.kind() == std::io::ErrorKind::AddrInUse,
            }
        }
        if !listeners.is_empty() && !is_taken {
            return Ok((listeners, port));
        }
    }
    Err(format!("no port from {} to {} is free for the browser to come back to", PORTS.start(), PORTS.end()))
}

/// Reads a browser's request and answers it: the path and query, if it is the one that is waited for.
async fn answer(mut stream: TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut reader = (&mut stream).take(REQUEST_BYTES);
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        if reader.read_buf(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let line = head.split(|byte| *byte == b'\r').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    let (method, path) = (words.next()?, words.next()?);
    let is_it = method == "GET" && (path.starts_with("/?") || path.starts_with("/callback?"));
    let (status, text) = match is_it {
        true => ("200 OK", "Back to the terminal: the sign-in goes on there. This page may be closed."),
        false => ("404 Not Found", "Nothing is here."),
    };
    let body = format!(
        "<!doctype html><meta charset=utf-8><title>tunnel</title><p style=\"font: 1.2em sans-serif\">{text}</p>"
    );
    let whole = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Referrer-Policy: no-referrer\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let path = path.to_owned();
    // Whoever does not read the page has signed in all the same.
    let _ = stream.write_all(whole.as_bytes()).await;
    let _ = stream.shutdown().await;
    is_it.then_some(path)
}

/// 256 random bits, as text that stands in an address.
fn random() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// RFC 7636, section 4.2.
fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_rfc() {
        // RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(challenge(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert!(random().len() == 43 && random() != random());
    }

    #[tokio::test]
    async fn only_the_way_back_is_taken_for_it() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        for (request, expected) in [
            ("GET /?code=a&state=b HTTP/1.1\r\nHost: x\r\n\r\n", Some("/?code=a&state=b")),
            ("GET /favicon.ico HTTP/1.1\r\n\r\n", None),
            ("POST /?code=a HTTP/1.1\r\n\r\n", None),
            ("GET", None),
        ] {
            let mut browser = TcpStream::connect(address).await.unwrap();
            browser.write_all(request.as_bytes()).await.unwrap();
            browser.shutdown().await.unwrap();
            let (stream, _) = listener.accept().await.unwrap();
            assert_eq!(answer(stream).await.as_deref(), expected, "{request}");
        }
    }
}
