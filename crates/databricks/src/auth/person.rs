//! The token of a person who signed in with a browser: of the login that `databricks auth login` or `tunnel login` left, renewed when it has
//! ended, or else from the official CLI, which may keep its own elsewhere.

use jiff::{SignedDuration, Timestamp};
use secret::Secret;

use super::Method;
use super::cache::Fetched;
use super::fetch::{Endpoint, LIMIT, lifetime};
use super::logins::{Login, Logins, keys};
use crate::api::oidc::Token;
use crate::{Error, host};

/// The client of the official CLI, which every workspace knows. It has no secret.
pub(crate) const CLIENT_ID: &str = "databricks-cli";

/// An access token that ends so soon is renewed: the request still has to travel. (The official SDKs' margin.)
const MARGIN: std::time::Duration = std::time::Duration::from_secs(10);

/// A person.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    /// The official CLI.
    pub(crate) program: String,
    pub(crate) profile: Option<String>,
    pub(crate) logins: Logins,
}

impl Person {
    /// The token.
    pub(crate) async fn fetch(&self, method: &Method, endpoint: &Endpoint<'_>) -> Result<Fetched, Error> {
        let kept = match self.kept(method, endpoint).await {
            Ok(Some(fetched)) => return Ok(fetched),
            Ok(None) => None,
            Err(error @ (Error::Unreachable { .. } | Error::Interrupted { .. })) => return Err(error),
            Err(error) => Some(error),
        };
        match (cli(&self.program, self.profile.as_deref(), endpoint).await, kept) {
            (Ok(fetched), _) => Ok(fetched),
            (Err(_), Some(error)) => Err(error),
            (Err(reason), None) => Err(endpoint.refused(
                method,
                &format!(
                    "no login is kept in {}, and {reason}. Sign in with `tunnel login` or `databricks auth login`",
                    self.logins.path().display()
                ),
            )),
        }
    }

    /// The token of the login that is kept, renewed if need be. `None` where none is kept.
    async fn kept(&self, method: &Method, endpoint: &Endpoint<'_>) -> Result<Option<Fetched>, Error> {
        let keys = keys(self.profile.as_deref(), endpoint.host, endpoint.account_id);
        let find = || self.logins.find(&keys).map_err(|reason| endpoint.refused(method, &reason));
        let fresh = |login: &Login| {
            let lifetime = login.lifetime();
            (lifetime > MARGIN).then(|| Fetched { token: login.access_token.clone(), lifetime })
        };
        let Some(login) = find()? else { return Ok(None) };
        if let Some(fetched) = fresh(&login) {
            return Ok(Some(fetched));
        }
        let _only_one = self.logins.lock().await.map_err(|reason| endpoint.refused(method, &reason))?;
        // Another process may have renewed it meanwhile.
        let login = find()?.unwrap_or(login);
        if let Some(fetched) = fresh(&login) {
            return Ok(Some(fetched));
        }
        let ended = |reason: &str| {
            endpoint.refused(method, &format!("{reason}. Sign in again with `tunnel login` or `databricks auth login`"))
        };
        let Some(refresh) = &login.refresh_token else {
            return Err(ended("the login has ended"));
        };
        let form = [("grant_type", "refresh_token"), ("client_id", CLIENT_ID), ("refresh_token", refresh.expose())];
        let token =
            endpoint.ask(method, |url| endpoint.http.post(url).form(&form)).await.map_err(|error| match error {
                Error::Auth { reason, .. } => ended(&format!("the login has ended: {reason}")),
                error => error,
            })?;
        let renewed = of_answer(token, Some(refresh));
        self.logins.put(&[], &renewed, Some(&login)).map_err(|reason| endpoint.refused(method, &reason))?;
        Ok(Some(Fetched { lifetime: renewed.lifetime(), token: renewed.access_token }))
    }
}

/// What is kept of the token endpoint's answer. One without a refresh token leaves the old one good.
pub(crate) fn of_answer(token: Token, refresh: Option<&Secret<String>>) -> Login {
    let lifetime = SignedDuration::try_from(lifetime(&token)).unwrap_or_default();
    Login {
        expires: Timestamp::now().saturating_add(lifetime).unwrap_or(Timestamp::MAX),
        refresh_token: token.refresh_token.or_else(|| refresh.cloned()),
        access_token: token.access_token,
    }
}

/// `databricks auth token`: `{"access_token": "…", "expiry": "RFC 3339"}` on stdout.
async fn cli(program: &str, profile: Option<&str>, endpoint: &Endpoint<'_>) -> Result<Fetched, String> {
    let mut command = tokio::process::Command::new(program);
    command.args(["auth", "token"]).stdin(std::process::Stdio::null()).kill_on_drop(true);
    match profile {
        Some(profile) => command.args(["--profile", profile]),
        None => command.args(["--host", endpoint.host.as_str().trim_end_matches('/')]),
    };
    if let (None, true, Some(account)) = (profile, host::is_account(endpoint.host), endpoint.account_id) {
        command.args(["--account-id", account]);
    }
    let output = match tokio::time::timeout(LIMIT, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => {
            return Err(format!("the official CLI {program:?} cannot be started: {error}"));
        }
        Err(_) => return Err(format!("{program:?} did not answer within a minute")),
    };
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        let words = crate::error::presentable(words.trim());
        return Err(format!("{program:?} says: {words}"));
    }
    #[derive(serde::Deserialize)]
    struct CliToken {
        access_token: Secret<String>,
        expiry: String,
    }
    let answer: CliToken =
        serde_json::from_slice(&output.stdout).map_err(|_| format!("{program:?} answered no token"))?;
    let expiry: jiff::Timestamp =
        answer.expiry.parse().map_err(|_| format!("{program:?} answered a token without a time of expiry"))?;
    let lifetime = expiry.duration_since(jiff::Timestamp::now());
    Ok(Fetched { token: answer.access_token, lifetime: lifetime.try_into().unwrap_or_default() })
}
