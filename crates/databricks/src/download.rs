//! What presigned links lead to. Who has such a link may read: the workspace's token is never sent there, and the link never shown.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RANGE};
use tokio::sync::OnceCell;
use tokio::time::timeout;
use url::Url;

use crate::api::statements::ExternalLink;
use crate::exchange::RawAnswer;
use crate::{Client, Error, host, transport};

/// What a request is called in errors.
const REQUEST: &str = "the download of a result";

/// Downloads for one client, with its proxy and its certificates.
#[derive(Debug)]
pub struct Downloads {
    client: Client,
    /// Of hosts that are reached otherwise than the client's own.
    elsewhere: OnceCell<reqwest::Client>,
    timeout: Duration,
}

impl Downloads {
    /// `timeout` is how long an answer may take to begin, and each piece of it to follow.
    pub fn new(client: Client, timeout: Duration) -> Self {
        Self { client, elsewhere: OnceCell::new(), timeout }
    }

    /// Asks once for what a link leads to, from a byte on. An answer that is a refusal is an answer.
    ///
    /// # Errors
    /// When the link is no address that may be spoken to, or no answer comes.
    pub async fn open(&self, link: &ExternalLink, from: u64) -> Result<RawAnswer, Error> {
        let refused = |why: &str| Error::Config(format!("{REQUEST} is refused: {why}"));
        let url = Url::parse(&link.external_link).map_err(|_| refused("the service gave no address"))?;
        if url.scheme() != "https" && !(url.scheme() == "http" && host::is_loopback(&url)) {
            return Err(refused("the service gave an address that is not https"));
        }
        let mut headers = HeaderMap::new();
        for (name, value) in &link.http_headers {
            let (name, value) = (HeaderName::try_from(name), HeaderValue::try_from(value));
            let (Ok(name), Ok(value)) = (name, value) else { return Err(refused("the service gave a bad header")) };
            headers.insert(name, value);
        }
        let host = origin(&url);
        let mut request = self.http(&url).await?.get(url).headers(headers);
        if from > 0 {
            request = request.header(RANGE, format!("bytes={from}-"));
        }
        match timeout(self.timeout, request.send()).await {
            Ok(Ok(response)) => Ok(RawAnswer::new(response, REQUEST.to_owned(), host, self.timeout)),
            Ok(Err(error)) => {
                let reason = transport::reason(&error, &host);
                let name = transport::authority(&host);
                Err(if error.is_connect() {
                    Error::Unreachable { host: name, reason }
                } else {
                    Error::Interrupted { request: REQUEST.to_owned(), host: name, reason }
                })
            }
            Err(_) => {
                let reason = format!("no answer within {} s", self.timeout.as_secs());
                Err(Error::Interrupted { request: REQUEST.to_owned(), host: transport::authority(&host), reason })
            }
        }
    }

    /// The client's own HTTP client where it is made for such hosts.
    async fn http(&self, url: &Url) -> Result<&reqwest::Client, Error> {
        let own = self.client.host();
        if own.scheme() == url.scheme() && host::is_loopback(own) == host::is_loopback(url) {
            return Ok(self.client.http());
        }
        self.elsewhere.get_or_try_init(async || self.client.http_of(url)).await
    }
}

/// An address without what makes it a secret.
fn origin(url: &Url) -> Url {
    let mut origin = url.clone();
    origin.set_path("");
    origin.set_query(None);
    origin.set_fragment(None);
    origin
}
