//! The client: one way to send, which signs in, waits its turn, repeats what may be repeated, and reads the answer.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use secret::Secret;
use serde::de::DeserializeOwned;
use url::Url;

use crate::answer::RawResponse;
use crate::api::account::Workspace;
use crate::api::identity::{self, User};
use crate::auth::Method;
use crate::auth::cache::Cache;
use crate::auth::fetch::{self, Endpoint};
use crate::clock::Clock;
use crate::config::{Config, Resolved};
use crate::env::Environment;
use crate::error::ApiError;
use crate::flights::{Flights, Writes};
use crate::limiter::Limiter;
use crate::looks::Looks;
use crate::profile::Profiles;
use crate::request::{ACCOUNTS, Body, Request};
use crate::{Error, host, retry, transport};

/// The response header with the workspace's id.
const ORG_ID: &str = "x-databricks-org-id";

/// A client of one account console or one workspace. It is cheap to clone, and clones share tokens, connections, the rate limit and the
/// answers of equal reads.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    resolved: Resolved,
    http: reqwest::Client,
    tokens: Cache,
    limiter: Mutex<Limiter>,
    flights: Flights,
    clock: Clock,
    looks: Looks,
    /// Whether the service has answered a request: it takes the credentials.
    is_admitted: AtomicBool,
    me: tokio::sync::OnceCell<(User, String)>,
    /// Clients of other hosts with the same credentials.
    others: Mutex<BTreeMap<String, Client>>,
}

impl Client {
    /// A client for a configuration, completed from the environment and the profile file. Nothing is sent yet: signing in waits for the
    /// first request.
    ///
    /// # Errors
    /// [`Error::Config`] says what is missing or wrong, where it stands and what to do; [`Error::Unknown`] names attributes that are not known yet.
    pub fn new(config: Config) -> Result<Self, Error> {
        Self::with_environment(config, &Environment::process())
    }

    /// As [`Client::new`] with other environment variables than the process's.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn with_environment(config: Config, environment: &Environment) -> Result<Self, Error> {
        Self::from_resolved(config.resolve(environment, read_profiles)?, Writes::default())
    }

    fn from_resolved(resolved: Resolved, writes: Writes) -> Result<Self, Error> {
        let agent = format!("{} auth/{}", resolved.user_agent, resolved.method.name());
        Ok(Self(Arc::new(Inner {
            http: transport::build(&resolved.host, &agent, resolved.skip_verify)?,
            limiter: Mutex::new(Limiter::new(resolved.rate_limit, Instant::now())),
            flights: Flights::new(writes),
            tokens: Cache::default(),
            clock: Clock::default(),
            looks: Looks::default(),
            is_admitted: AtomicBool::default(),
            me: tokio::sync::OnceCell::new(),
            others: Mutex::default(),
            resolved,
        })))
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.0.http
    }

    /// An HTTP client like this one's for another host.
    pub(crate) fn http_of(&self, host: &Url) -> Result<reqwest::Client, Error> {
        transport::build(host, &self.0.resolved.user_agent, self.0.resolved.skip_verify)
    }

    /// The workspace's id as requests name it; an account console wants none.
    pub(crate) fn workspace_of_header(&self) -> Option<&str> {
        self.0.resolved.workspace_id.as_deref().filter(|_| !self.is_account())
    }

    pub(crate) fn looks(&self) -> &Looks {
        &self.0.looks
    }

    /// The host: scheme, name and port.
    pub fn host(&self) -> &Url {
        &self.0.resolved.host
    }

    /// The profile that was read for it.
    pub fn profile(&self) -> Option<&str> {
        self.0.resolved.profile.as_deref()
    }

    /// Whether the host is an account console.
    pub fn is_account(&self) -> bool {
        host::is_account(self.host())
    }

    /// How the client signs in: `pat`, `oauth-m2m`, …
    pub fn auth_type(&self) -> &'static str {
        self.0.resolved.method.name()
    }

    /// The account.
    ///
    /// # Errors
    /// When the configuration names none.
    pub fn account_id(&self) -> Result<&str, Error> {
        self.0.resolved.account_id.as_deref().ok_or_else(|| {
            Error::Config(
                "the account is not known: set `account_id` or the environment variable DATABRICKS_ACCOUNT_ID"
                    .to_owned(),
            )
        })
    }

    /// A client of another host with the same credentials: of a workspace, from the account's. Asked twice, it is the same client.
    ///
    /// # Errors
    /// When the host is no https address, or the credentials are good for this client's own host alone.
    pub fn workspace(&self, host: &Url) -> Result<Self, Error> {
        let host = host::Host::parse(host.as_str())?.url;
        if host == *self.host() {
            return Ok(self.clone());
        }
        if !self.0.resolved.method.is_portable() {
            return Err(Error::Config(format!(
                "the credentials of {} ({}) are not good for {}: use the `client_id` and `client_secret` of a service principal",
                transport::authority(self.host()),
                self.auth_type(),
                transport::authority(&host)
            )));
        }
        let mut others = self.0.others.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = others.get(host.as_str()) {
            return Ok(client.clone());
        }
        let name = host.to_string();
        let resolved = Resolved { host, workspace_id: None, ..self.0.resolved.clone() };
        let client = Self::from_resolved(resolved, self.0.flights.writes().clone())?;
        others.insert(name, client.clone());
        Ok(client)
    }

    /// A client of the account's workspace with this id.
    ///
    /// # Errors
    /// As [`Client::send`] and [`Client::workspace`]; and when the workspace has no address yet.
    pub async fn workspace_by_id(&self, id: &str) -> Result<Self, Error> {
        let found: Workspace = self.send(Request::get_account(Workspace::path(id)).shared()).await?;
        let url =
            found.url(self.host()).ok_or_else(|| Error::Config(format!("the workspace {id} has no address yet")))?;
        self.workspace(&url)
    }

    /// Sends a request and reads its JSON answer. `()` takes any answer; see [`Client::send_bytes`] for what is no JSON.
    ///
    /// # Errors
    /// What the API refused, what could not be reached, and answers that are not what `T` says.
    pub async fn send<T: DeserializeOwned + 'static>(&self, request: Request) -> Result<T, Error> {
        let name = request.name();
        let answer = self.answer(request).await?;
        let body: &[u8] = match answer.body.trim_ascii() {
            _ if TypeId::of::<T>() == TypeId::of::<()>() => b"null",
            [] => b"{}",
            body => body,
        };
        serde_json::from_slice(body).map_err(|error| {
            let reason = match body.first() {
                Some(b'<') => "it is a web page, not an API's answer; check `host`".to_owned(),
                // serde's words can hold a piece of the answer, and that can be a secret: the place is enough.
                _ => format!("{} at line {}, column {}", category(&error), error.line(), error.column()),
            };
            Error::Decode { request: name, host: transport::authority(self.host()), reason }
        })
    }

    /// Sends a request and gives the answer's body as it is.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn send_bytes(&self, request: Request) -> Result<Bytes, Error> {
        Ok(self.answer(request).await?.body)
    }

    /// Sends a request and gives the whole answer. A read that is the same as one under way shares its answer.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn answer(&self, request: Request) -> Result<RawResponse, Error> {
        let (url, name) = self.address(&request)?;
        if request.method.is_safe() {
            let question = format!("{} {url} {:?} {:?}", request.method, request.headers, request.timeout);
            return self.0.flights.join(question, request.shared, self.ask(&request, &url, &name)).await;
        }
        let _writing = self.0.flights.writes().begin();
        self.ask(&request, &url, &name).await
    }

    /// Sends a request until it is answered, or may not be sent again.
    async fn ask(&self, request: &Request, url: &Url, name: &str) -> Result<RawResponse, Error> {
        let started = Instant::now();
        let limit = self.0.resolved.retry_timeout;
        let mut number = 0;
        let mut signed_in_again = false;
        loop {
            number += 1;
            let token = self.bearer().await?;
            self.turn(&request.path).await;
            let begun = Instant::now();
            let outcome = self.attempt(request, url, &token).await;
            let mut failed = match outcome {
                Ok(answer) => {
                    let ms = begun.elapsed().as_millis();
                    tracing::debug!(request = name, number, status = answer.status, ms, "answered");
                    self.limiter().answered(&request.path, begun);
                    self.0.is_admitted.store(true, Ordering::Relaxed);
                    return Ok(answer);
                }
                Err(failed) => failed,
            };
            failed.name(name, token.expose());
            tracing::debug!(request = name, number, ms = begun.elapsed().as_millis(), reason = %failed.reason(), "not answered");
            let attempt = retry::Attempt {
                number,
                elapsed: started.elapsed(),
                limit,
                repeatable: request.idempotent,
                read: request.method.is_safe(),
                jitter: rand::random(),
            };
            let wait = match &failed {
                Failed::Refused(error) if error.status == 401 && !signed_in_again && self.forget(&token) => {
                    signed_in_again = true;
                    Some(Duration::ZERO)
                }
                Failed::Refused(error) => {
                    let wait = retry::next(&attempt, &retry::Outcome::Refused(error));
                    if error.is_throttled() {
                        // A pause that this request does not wait for is not the others' either; their pace is.
                        let told = wait.and(error.retry_after).unwrap_or_default();
                        self.limiter().throttled(&request.path, begun, Instant::now(), told);
                    } else {
                        self.limiter().answered(&request.path, begun);
                    }
                    wait
                }
                Failed::NotSent(_) => retry::next(&attempt, &retry::Outcome::NotSent),
                Failed::Lost(_) => retry::next(&attempt, &retry::Outcome::Lost),
                Failed::Unbuilt(_) => None,
            };
            let Some(wait) = wait else {
                return Err(failed.into_error(name.to_owned(), self.host(), request.method.is_safe()));
            };
            tracing::debug!(request = name, wait_ms = wait.as_millis(), "the request is sent again");
            tokio::time::sleep(wait).await;
        }
    }

    /// Whether the credentials are good anywhere in the account, and not at this host alone.
    pub fn is_portable(&self) -> bool {
        self.0.resolved.method.is_portable()
    }

    /// Whether the service takes the credentials: signs in, and where a token is given that nobody has to sign in for, asks who it is
    /// of. Nothing is asked where a request was answered before. What the service refuses for other reasons is no answer to that.
    ///
    /// # Errors
    /// [`Error::Auth`], an [`Error::is_bad_token`], and what could not be reached.
    pub async fn verify(&self) -> Result<(), Error> {
        if self.0.is_admitted.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.bearer().await?;
        if self.is_portable() || self.is_account() {
            return Ok(());
        }
        match self.me().await {
            Err(error) if error.is_bad_token() || error.is_unreachable() => Err(error),
            _ => Ok(()),
        }
    }

    /// The token that requests carry now, for what is sent in other ways (websockets).
    ///
    /// # Errors
    /// When no token can be had.
    pub async fn bearer(&self) -> Result<Secret<String>, Error> {
        if let Method::Pat(token) = &self.0.resolved.method {
            return Ok(token.clone());
        }
        let endpoint =
            Endpoint { http: &self.0.http, host: self.host(), account_id: self.0.resolved.account_id.as_deref() };
        self.0.tokens.get(fetch::fetch(&self.0.resolved.method, &endpoint)).await
    }

    /// How long the token that was had by signing in lives from now on. `None` for a token that was given, which does not say, and
    /// before the first one was had.
    pub fn token_remaining(&self) -> Option<Duration> {
        self.0.tokens.remaining()
    }

    /// The client of the account that the configuration names, at the console of the host's cloud; itself where it is that already.
    ///
    /// # Errors
    /// When no account is named, or the credentials are good for this client's own host alone.
    pub fn account(&self) -> Result<Self, Error> {
        self.account_id()?;
        self.workspace(&host::console_of(self.host()))
    }

    /// What the service's clock showed when this machine's showed `time`: ages that the service tells are compared with this. As
    /// the last answer told; before the first one, both clocks are taken to agree.
    pub fn service_time(&self, time: jiff::Timestamp) -> jiff::Timestamp {
        self.0.clock.of(time)
    }

    /// Who the client is in its workspace, asked once.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn me(&self) -> Result<User, Error> {
        Ok(self.me_and_workspace().await?.0.clone())
    }

    /// The workspace's id: the configured one, or the header `X-Databricks-Org-Id` of SCIM Me, asked once.
    ///
    /// # Errors
    /// As [`Client::send`]; and when the answer has no such header.
    pub async fn workspace_id(&self) -> Result<String, Error> {
        if let Some(id) = &self.0.resolved.workspace_id {
            return Ok(id.clone());
        }
        let (_, id) = self.me_and_workspace().await?;
        if id.is_empty() {
            return Err(Error::Config(format!(
                "{} does not say its workspace id: set `workspace_id` or DATABRICKS_WORKSPACE_ID",
                transport::authority(self.host())
            )));
        }
        Ok(id.clone())
    }

    async fn me_and_workspace(&self) -> Result<&(User, String), Error> {
        // A closure that gives a future, and no async closure: those are not Send for every lifetime, and callers spawn this.
        let ask = || async {
            let request = identity::me();
            let name = request.name();
            let answer = self.answer(request).await?;
            let id = answer.headers.get(ORG_ID).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
            let user: User = serde_json::from_slice(&answer.body).map_err(|error| Error::Decode {
                request: name,
                host: transport::authority(self.host()),
                reason: category(&error).to_owned(),
            })?;
            Ok((user, id))
        };
        self.0.me.get_or_try_init(ask).await
    }

    /// The whole path of what stands below the account: `/credentials`.
    ///
    /// # Errors
    /// As [`Client::account_id`].
    pub fn account_path(&self, below: &str) -> Result<String, Error> {
        Ok(format!("{ACCOUNTS}/{}{below}", crate::segment(self.account_id()?)))
    }

    /// The address of a request, and its name for people. A request for an account that goes to a workspace, or the reverse, ends here.
    fn address(&self, request: &Request) -> Result<(Url, String), Error> {
        let name = request.name();
        let host = transport::authority(self.host());
        let path = if request.account {
            if !self.is_account() {
                return Err(Error::Config(format!(
                    "{name} belongs to the account API, and `host` is the workspace {host}. Set `host` (or DATABRICKS_HOST) to the account \
                     console, https://accounts.cloud.databricks.com, and `account_id`, in a provider block of their own"
                )));
            }
            self.account_path(&request.path)?
        } else {
            let in_account = request.path.split('/').nth(3) == Some("accounts");
            if self.is_account() && request.path.starts_with("/api/") && !in_account {
                return Err(Error::Config(format!(
                    "{name} belongs to a workspace's API, and `host` is the account console {host}. Set `host` (or DATABRICKS_HOST) to the address \
                     of the workspace, such as https://dbc-a1b2.cloud.databricks.com, in a provider block of its own"
                )));
            }
            request.path.clone()
        };
        let mut url = self.host().clone();
        url.set_path(&path);
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        Ok((url, name))
    }

    /// One attempt.
    async fn attempt(&self, request: &Request, url: &Url, token: &Secret<String>) -> Result<RawResponse, Failed> {
        let mut builder = self.0.http.request(request.method.clone(), url.clone()).bearer_auth(token.expose());
        debug_assert!(request.headers.iter().all(|(name, _)| !name.eq_ignore_ascii_case(AUTHORIZATION.as_str())));
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        if let Some(id) = self.workspace_of_header() {
            builder = builder.header("X-Databricks-Workspace-Id", id);
        }
        if let Some((body, content_type)) = &request.body {
            builder = builder.header(CONTENT_TYPE, content_type);
            builder = match body {
                Body::Bytes(bytes) => builder.body(bytes.clone()),
                Body::File(path) => {
                    let unreadable = |error| Failed::Unbuilt(format!("{} cannot be read: {error}", path.display()));
                    let file = tokio::fs::File::open(path).await.map_err(unreadable)?;
                    let length = file.metadata().await.map_err(unreadable)?.len();
                    builder.header(CONTENT_LENGTH, length).body(file)
                }
            };
        }
        let timeout = request.timeout.unwrap_or(self.0.resolved.http_timeout);
        let lost = |error: &reqwest::Error| transport::reason(error, self.host());
        let response =
            builder.timeout(timeout).send().await.map_err(|error| match (error.is_builder(), error.is_connect()) {
                (true, _) => Failed::Unbuilt(lost(&error)),
                (_, true) => Failed::NotSent(lost(&error)),
                _ => Failed::Lost(lost(&error)),
            })?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        self.0.clock.answered(&headers);
        let body = response.bytes().await.map_err(|error| Failed::Lost(lost(&error)))?;
        match status {
            200..300 => Ok(RawResponse { status, headers, body }),
            300..400 => {
                let location = headers.get("location").and_then(|value| value.to_str().ok()).unwrap_or_default();
                Err(Failed::Refused(Box::new(ApiError::redirect(status, location))))
            }
            _ => {
                let mut error = ApiError::parse(status, &body);
                error.retry_after = transport::retry_after(&headers).or(error.retry_after);
                error.request_id = headers.get("x-request-id").and_then(|value| value.to_str().ok()).map(str::to_owned);
                Err(Failed::Refused(Box::new(error)))
            }
        }
    }

    /// Forgets a refused token; false if another one cannot be had.
    pub(crate) fn forget(&self, token: &Secret<String>) -> bool {
        let another = !matches!(self.0.resolved.method, Method::Pat(_));
        if another {
            self.0.tokens.forget(token);
        }
        another
    }

    /// Waits for this request's turn.
    async fn turn(&self, path: &str) {
        let wait = self.limiter().take(path, Instant::now());
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    fn limiter(&self) -> std::sync::MutexGuard<'_, Limiter> {
        self.0.limiter.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("host", &self.host().as_str())
            .field("auth", &self.auth_type())
            .finish_non_exhaustive()
    }
}

/// Why an attempt failed.
enum Failed {
    /// There is no such request: a header with a line break, say.
    Unbuilt(String),
    NotSent(String),
    Lost(String),
    Refused(Box<ApiError>),
}

impl Failed {
    fn name(&mut self, request: &str, secret: &str) {
        if let Self::Refused(error) = self {
            request.clone_into(&mut error.request);
            error.redact(secret);
        }
    }

    fn reason(&self) -> String {
        match self {
            Self::Unbuilt(reason) | Self::NotSent(reason) | Self::Lost(reason) => reason.clone(),
            Self::Refused(error) => error.to_string(),
        }
    }

    fn into_error(self, request: String, host: &Url, safe: bool) -> Error {
        let host = transport::authority(host);
        match self {
            Self::Unbuilt(reason) => Error::Config(format!("{request} cannot be sent to {host}: {reason}")),
            Self::NotSent(reason) => Error::Unreachable { host, reason },
            // A read that got no answer has changed nothing.
            Self::Lost(reason) if safe => Error::Unreachable { host, reason },
            Self::Lost(reason) => Error::Interrupted { request, host, reason },
            Self::Refused(error) => Error::Api(error),
        }
    }
}

/// The names of the profiles that these environment variables lead to, the default file's where they name none.
pub fn profiles(environment: &Environment) -> Vec<String> {
    profile_file(environment).names().into_iter().map(str::to_owned).collect()
}

/// What a profile says of a thing that is no matter of signing in.
pub fn profile_setting(environment: &Environment, profile: &str, name: &str) -> Option<String> {
    profile_file(environment).get(profile)?.get(name).cloned()
}

fn profile_file(environment: &Environment) -> Profiles {
    let text = read_profiles(&crate::config::profile_file(None, environment)).ok().flatten().unwrap_or_default();
    Profiles::parse(&text)
}

fn category(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Data => "a field has another type than expected",
        serde_json::error::Category::Eof => "it ends too soon",
        _ => "it is no JSON",
    }
}

/// Reads the profile file; no file is no error.
fn read_profiles(path: &Path) -> Result<Option<String>, String> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}
