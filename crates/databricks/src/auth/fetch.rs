//! Tokens from the token endpoint: client credentials (RFC 6749 section 4.4) and token exchange (RFC 8693), or from the official CLI.
//!
//! Reference: <https://docs.databricks.com/aws/en/dev-tools/auth/oauth-m2m>. The endpoint of an account is fixed,
//! `{host}/oidc/accounts/{account_id}/v1/token`; that of a workspace stands in its discovery document.

use std::time::Duration;

use secret::Secret;
use tokio::time::Instant;
use url::Url;

use super::cache::Fetched;
use super::{Method, Subject};
use crate::api::oidc::{Discovery, Token};
use crate::error::ApiError;
use crate::{Error, host, retry};

/// Where tokens are fetched, and for whom.
pub(crate) struct Endpoint<'a> {
    pub(crate) http: &'a reqwest::Client,
    pub(crate) host: &'a Url,
    pub(crate) account_id: Option<&'a str>,
}

/// Where a person signs in, and where tokens are fetched.
pub(crate) struct Addresses {
    pub(crate) authorization: Url,
    pub(crate) token: Url,
}

/// How long a token's fetching may take with its retries.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);
const TIMEOUT: Duration = Duration::from_secs(30);

/// Fetches a token. A personal access token is none that is fetched.
pub(crate) async fn fetch(method: &Method, endpoint: &Endpoint<'_>) -> Result<Fetched, Error> {
    let fail = |reason: String| Error::Auth { host: endpoint.name(), method: method.name(), reason };
    match method {
        Method::Pat(token) => Ok(Fetched { token: token.clone(), lifetime: Duration::from_secs(365 * 24 * 3600) }),
        Method::Oauth { client_id, client_secret } => {
            let form = [("grant_type", "client_credentials"), ("scope", "all-apis")];
            let request = |url| endpoint.http.post(url).basic_auth(client_id, Some(client_secret.expose())).form(&form);
            endpoint.token(method, request).await
        }
        Method::Federation { subject, client_id, audience } => {
            let subject = subject_token(subject, audience.as_deref(), endpoint).await.map_err(fail)?;
            let mut form = vec![
                ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
                ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
                ("subject_token", subject.expose().as_str()),
                ("scope", "all-apis"),
            ];
            form.extend(client_id.as_deref().map(|id| ("client_id", id)));
            endpoint.token(method, |url| endpoint.http.post(url).form(&form)).await
        }
        Method::Cli(person) => person.fetch(method, endpoint).await,
    }
}

/// How long a token lives.
pub(crate) fn lifetime(token: &Token) -> Duration {
    Duration::from_secs(token.expires_in.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(3600))
}

impl Endpoint<'_> {
    fn name(&self) -> String {
        self.host.host_str().unwrap_or_default().to_owned()
    }

    async fn token(&self, method: &Method, request: impl Fn(Url) -> reqwest::RequestBuilder) -> Result<Fetched, Error> {
        let token = self.ask(method, request).await?;
        let lifetime = lifetime(&token);
        Ok(Fetched { token: token.access_token, lifetime })
    }

    /// The token endpoint's answer.
    pub(crate) async fn ask(
        &self,
        method: &Method,
        request: impl Fn(Url) -> reqwest::RequestBuilder,
    ) -> Result<Token, Error> {
        let url = self.discover(method).await?.token;
        let answer = self.call(method, || request(url.clone())).await?;
        let token: Token = serde_json::from_slice(&answer)
            // What serde says of an answer quotes it.
            .map_err(|_| self.refused(method, "the answer is no token"))?;
        if token.access_token.expose().is_empty() {
            return Err(self.refused(method, "the answer holds no token"));
        }
        Ok(token)
    }

    /// The account's or the workspace's addresses for signing in.
    pub(crate) async fn discover(&self, method: &Method) -> Result<Addresses, Error> {
        let join = |path: &str| self.host.join(path).map_err(|error| self.refused(method, &error.to_string()));
        if host::is_account(self.host) {
            let account = crate::segment(self.account_id.unwrap_or_default());
            return Ok(Addresses {
                authorization: join(&format!("/oidc/accounts/{account}/v1/authorize"))?,
                token: join(&format!("/oidc/accounts/{account}/v1/token"))?,
            });
        }
        let discovery = join("/oidc/.well-known/oauth-authorization-server")?;
        let body = self.call(method, || self.http.get(discovery.clone())).await?;
        let document: Discovery = serde_json::from_slice(&body).map_err(|_| {
            self.refused(method, "it has no OAuth discovery document, so it is no Databricks workspace; check `host`")
        })?;
        let checked = |name: &str, address: &str| {
            let url = Url::parse(address).map_err(|error| self.refused(method, &format!("bad {name}: {error}")))?;
            // Secrets go there: never unencrypted, but on this machine.
            match url.scheme() == "https" || host::is_loopback(&url) {
                true => Ok(url),
                false => Err(self.refused(method, &format!("its {name} {url} is not https"))),
            }
        };
        Ok(Addresses {
            token: checked("token endpoint", &document.token_endpoint)?,
            authorization: checked("authorization endpoint", &document.authorization_endpoint)
                .or_else(|_| join("/oidc/v1/authorize"))?,
        })
    }

    /// One call with its retries: a token may be fetched any number of times.
    async fn call(&self, method: &Method, request: impl Fn() -> reqwest::RequestBuilder) -> Result<Vec<u8>, Error> {
        let start = Instant::now();
        let mut number = 0;
        loop {
            number += 1;
            let (outcome, error) = match request().timeout(TIMEOUT).send().await {
                Ok(response) => match read(response).await {
                    Ok(body) => return Ok(body),
                    Err(error) => {
                        let gateway = matches!(error.status, 502 | 504);
                        let outcome = if gateway { retry::Outcome::Lost } else { retry::Outcome::Refused(&error) };
                        let wait = retry::next(&attempt(number, start), &outcome);
                        (wait, self.refused(method, &words(&error)))
                    }
                },
                Err(error) => {
                    let reason = crate::transport::reason(&error, self.host);
                    let outcome = if error.is_connect() { retry::Outcome::NotSent } else { retry::Outcome::Lost };
                    let wait = retry::next(&attempt(number, start), &outcome);
                    (wait, Error::Unreachable { host: crate::transport::authority(self.host), reason })
                }
            };
            let Some(wait) = outcome else { return Err(error) };
            tokio::time::sleep(wait).await;
        }
    }

    pub(crate) fn refused(&self, method: &Method, reason: &str) -> Error {
        Error::Auth { host: self.name(), method: method.name(), reason: reason.to_owned() }
    }
}

fn attempt(number: u32, start: Instant) -> retry::Attempt {
    retry::Attempt {
        number,
        elapsed: start.elapsed(),
        limit: LIMIT,
        repeatable: true,
        read: true,
        jitter: rand::random(),
    }
}

async fn read(response: reqwest::Response) -> Result<Vec<u8>, ApiError> {
    let status = response.status().as_u16();
    let retry_after = crate::transport::retry_after(response.headers());
    let body = response.bytes().await.unwrap_or_default();
    match status {
        200 => Ok(body.to_vec()),
        300..400 => Err(ApiError::redirect(status, "")),
        _ => {
            let mut error = ApiError::parse(status, &body);
            error.retry_after = retry_after.or(error.retry_after);
            Err(error)
        }
    }
}

fn words(error: &ApiError) -> String {
    let hint = match (error.status, error.code.as_deref()) {
        (400 | 401, Some("invalid_client")) | (401, _) => {
            ". Check the client id and secret, that the secret has not expired, and that the service principal belongs to this account or workspace"
        }
        _ => "",
    };
    format!("{error}{hint}")
}

/// The token to exchange. Reasons name where it should be, never what it is.
async fn subject_token(
    subject: &Subject,
    audience: Option<&str>,
    endpoint: &Endpoint<'_>,
) -> Result<Secret<String>, String> {
    match subject {
        Subject::Environment(token) => Ok(token.clone()),
        Subject::File(path) => match tokio::fs::read_to_string(path).await {
            Ok(text) if !text.trim().is_empty() => Ok(Secret::from(text.trim())),
            Ok(_) => Err(format!("the OIDC token file {} is empty", path.display())),
            Err(error) => Err(format!("the OIDC token file {} cannot be read: {error}", path.display())),
        },
        Subject::Github { url, token } => {
            let mut url =
                Url::parse(url).map_err(|error| format!("ACTIONS_ID_TOKEN_REQUEST_URL is no address: {error}"))?;
            if let Some(audience) = audience {
                url.query_pairs_mut().append_pair("audience", audience);
            }
            let request = endpoint.http.get(url).bearer_auth(token.expose()).timeout(TIMEOUT);
            let answer = request
                .send()
                .await
                .map_err(|error| format!("GitHub's token service does not answer: {}", error.without_url()))?;
            #[derive(serde::Deserialize)]
            struct GithubToken {
                value: Secret<String>,
            }
            let body = answer.bytes().await.map_err(|error| error.without_url().to_string())?;
            let answer: GithubToken =
                serde_json::from_slice(&body).map_err(|_| "GitHub's token service answered no token".to_owned())?;
            Ok(answer.value)
        }
    }
}
