//! One request as somebody wrote it, and its answer as it came, whatever its status: for who shows both as they are. Nothing is repeated
//! but for a token that had ended.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{fmt, io};

use bytes::Bytes;
use futures_util::Stream;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Method};
use tokio::time::timeout;
use url::Url;

use crate::{ApiError, Client, Error, transport};

/// A request as somebody wrote it.
#[derive(Debug, Clone)]
pub struct RawRequest {
    /// GET, POST, …
    pub method: Method,
    /// Below the host, from `/` on.
    pub path: String,
    /// Parameters, in their order.
    pub query: Vec<(String, String)>,
    /// Headers; that which signs in is the client's.
    pub headers: HeaderMap,
    /// What is sent.
    pub payload: Payload,
    /// How long the answer may take to begin, and each piece of it to follow.
    pub timeout: Duration,
}

/// What is sent. Files are read as they are sent.
#[derive(Debug, Clone)]
pub enum Payload {
    /// Nothing.
    Nothing,
    /// These bytes: JSON, unless a header says what they are.
    Bytes(Bytes),
    /// A file's.
    File(PathBuf),
    /// A form (RFC 7578).
    Form(Vec<(String, FormValue)>),
    /// Bytes as they come, once.
    Stream(Once),
}

impl Payload {
    /// Bytes as they come. They can be sent once: a request that is refused is not sent again.
    pub fn stream(bytes: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Self {
        Self::Stream(Once(Arc::new(Mutex::new(Some(Body::wrap_stream(bytes))))))
    }
}

/// A body that can be taken once, whoever takes it.
#[derive(Clone)]
pub struct Once(Arc<Mutex<Option<Body>>>);

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Once")
    }
}

/// A form's value.
#[derive(Debug, Clone)]
pub enum FormValue {
    /// Text.
    Text(String),
    /// A file's content, under this name.
    File {
        /// The file.
        path: PathBuf,
        /// What it is called to the service.
        name: String,
    },
}

/// An answer as it comes.
#[derive(Debug)]
pub struct RawAnswer {
    /// The HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    response: reqwest::Response,
    request: String,
    host: Url,
    timeout: Duration,
}

impl RawAnswer {
    pub(crate) fn new(response: reqwest::Response, request: String, host: Url, timeout: Duration) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, response, request, host, timeout }
    }

    /// The next piece of its body; `None` at the end.
    ///
    /// # Errors
    /// When the connection is lost, or nothing comes within the time limit.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let lost = |reason: String| Error::Interrupted {
            request: self.request.clone(),
            host: transport::authority(&self.host),
            reason,
        };
        match timeout(self.timeout, self.response.chunk()).await {
            Ok(Ok(chunk)) => Ok(chunk),
            Ok(Err(error)) => Err(lost(transport::reason(&error, &self.host))),
            Err(_) => Err(lost(format!("nothing came for {} s", self.timeout.as_secs()))),
        }
    }

    /// The answer, where it is none of a refusal.
    ///
    /// # Errors
    /// What the service refuses, in its words.
    pub async fn accepted(mut self) -> Result<Self, Error> {
        /// Bytes of a refusal that are read.
        const WORDS: usize = 64 * 1024;
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        let mut body = Vec::new();
        while body.len() < WORDS
            && let Some(more) = self.chunk().await?
        {
            body.extend_from_slice(&more);
        }
        Err(ApiError::parse(self.status, &body).into())
    }

    /// How long the service asks to wait before the next try.
    pub fn retry_after(&self) -> Option<Duration> {
        transport::retry_after(&self.headers)
    }
}

impl Client {
    /// Sends a request once.
    ///
    /// # Errors
    /// When it cannot be sent, a file cannot be read, or no answer comes. An answer that is a refusal is an answer.
    pub async fn exchange(&self, request: &RawRequest) -> Result<RawAnswer, Error> {
        let mut url = self.host().clone();
        url.set_path(&request.path);
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        let mut signed_in_again = false;
        loop {
            let token = self.bearer().await?;
            let answer = self.exchanged(request, &url, token.expose()).await?;
            if answer.status == 401 && !signed_in_again && self.forget(&token) {
                signed_in_again = true;
                continue;
            }
            return Ok(answer);
        }
    }

    async fn exchanged(&self, request: &RawRequest, url: &Url, token: &str) -> Result<RawAnswer, Error> {
        let name = format!("{} {}", request.method, request.path);
        let mut headers = request.headers.clone();
        headers.remove(AUTHORIZATION);
        if let Some((name, value)) = self.workspace_header()
            && !headers.contains_key(&name)
        {
            headers.insert(name, value);
        }
        let unreadable =
            |path: &PathBuf, error: std::io::Error| Error::Config(format!("cannot read {}: {error}", path.display()));
        let mut builder = self.http().request(request.method.clone(), url.clone());
        let is_typed = headers.contains_key(CONTENT_TYPE);
        let json = |builder: reqwest::RequestBuilder| {
            if is_typed { builder } else { builder.header(CONTENT_TYPE, "application/json") }
        };
        builder = match &request.payload {
            Payload::Nothing => builder,
            Payload::Bytes(bytes) => json(builder).body(bytes.clone()),
            Payload::File(path) => {
                let file = tokio::fs::File::open(path).await.map_err(|error| unreadable(path, error))?;
                json(builder).body(file)
            }
            Payload::Stream(Once(body)) => {
                let body = body.lock().unwrap_or_else(PoisonError::into_inner).take();
                let gone = || Error::Auth {
                    host: transport::authority(self.host()),
                    method: self.auth_type(),
                    reason: "the token ended just when bytes were sent that cannot be sent twice: try again".to_owned(),
                };
                json(builder).body(body.ok_or_else(gone)?)
            }
            Payload::Form(values) => {
                let mut form = Form::new();
                for (name, value) in values {
                    form = match value {
                        FormValue::Text(text) => form.text(name.clone(), text.clone()),
                        FormValue::File { path, name: file_name } => {
                            let part = Part::file(path).await.map_err(|error| unreadable(path, error))?;
                            form.part(name.clone(), part.file_name(file_name.clone()))
                        }
                    };
                }
                headers.remove(CONTENT_TYPE);
                builder.multipart(form)
            }
        };
        let sent = timeout(request.timeout, builder.headers(headers).bearer_auth(token).send()).await;
        let host = || transport::authority(self.host());
        let response = match sent {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                let reason = transport::reason(&error, self.host());
                return Err(match (error.is_builder(), error.is_connect()) {
                    (true, _) => Error::Config(format!("{name} cannot be sent to {}: {reason}", host())),
                    (_, true) => Error::Unreachable { host: host(), reason },
                    _ => Error::Interrupted { request: name, host: host(), reason },
                });
            }
            Err(_) => {
                let reason = format!("no answer within {} s", request.timeout.as_secs());
                return Err(Error::Interrupted { request: name, host: host(), reason });
            }
        };
        Ok(RawAnswer::new(response, name, self.host().clone(), request.timeout))
    }

    /// The header that says which workspace is meant, where the host serves several.
    fn workspace_header(&self) -> Option<(HeaderName, HeaderValue)> {
        let id = HeaderValue::from_str(self.workspace_of_header()?).ok()?;
        Some((HeaderName::from_static("x-databricks-workspace-id"), id))
    }
}
