//! Where a request goes: to the workspace, or to its account. Nowhere else, since a token goes along.

use databricks::Client;
use url::Url;

use crate::error::{Context, Error, Result};
use crate::workspace::refused;

/// A host, and what is asked there.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) client: Client,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
}

const ACCOUNT: &str = "{account_id}";

impl Place {
    /// Where what somebody wrote leads to.
    ///
    /// # Errors
    /// When it leads elsewhere, or to an account that is not known or for which the credentials are no good.
    pub(super) fn of(client: Client, written: &str) -> Result<Self> {
        let cannot = |error| refused(error, "cannot ask there");
        let account_id = client.account_id().map(str::to_owned);
        let accounts = client.account_path("");
        let written = match (written.contains(ACCOUNT), &account_id) {
            (true, Ok(id)) => written.replace(ACCOUNT, id),
            (true, Err(error)) => return Err(cannot(error.clone())),
            (false, _) => written.to_owned(),
        };
        let (host, rest) = split(&written)?;
        let (path, query) = path_and_query(&rest)?;
        let is_accounts = accounts.is_ok_and(|accounts| path == accounts || path.starts_with(&format!("{accounts}/")));
        let client = match host {
            None if is_accounts => client.account().map_err(cannot)?,
            None => client,
            Some(host) if is_same(&host, client.host()) => client,
            Some(host) => {
                let account = client.account().ok().filter(|account| is_same(&host, account.host()));
                account.ok_or_else(|| {
                    Error::new(format!("{host} is neither the workspace {} nor its account", client.host()))
                        .way_out("The token is for those alone. Another workspace is said with --host or --profile.")
                })?
            }
        };
        Ok(Self { client, path, query })
    }
}

fn is_same(a: &Url, b: &Url) -> bool {
    (a.scheme(), a.host_str(), a.port_or_known_default()) == (b.scheme(), b.host_str(), b.port_or_known_default())
}

/// The host, where one is written, and the rest.
fn split(written: &str) -> Result<(Option<Url>, String)> {
    if !written.contains("://") {
        return Ok((None, written.to_owned()));
    }
    let url = Url::parse(written).context(|| format!("{written} is no address"))?;
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let rest = format!("{}{query}", url.path());
    Ok((Some(url), rest))
}

/// The path, below `/api` unless it is that already, and the parameters behind it.
fn path_and_query(rest: &str) -> Result<(String, Vec<(String, String)>)> {
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let path = path.trim_start_matches('/');
    if path.is_empty() {
        return Err(Error::new("there is no path").way_out("Write one: 2.1/clusters/list"));
    }
    let is_whole = path.split('/').next().is_some_and(|first| !first.starts_with(|c: char| c.is_ascii_digit()));
    let path = if is_whole { format!("/{path}") } else { format!("/api/{path}") };
    Ok((path, url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use databricks::{Config, Environment};

    fn client(host: &str, account: Option<&str>) -> Client {
        let config = Config {
            host: Some(host.to_owned()),
            account_id: account.map(str::to_owned),
            client_id: Some("id".to_owned()),
            client_secret: Some("secret".to_owned().into()),
            ..Config::default()
        };
        Client::with_environment(config, &Environment::default()).unwrap()
    }

    #[test]
    fn a_request_goes_to_the_workspace_or_its_account_and_nowhere_else() {
        const WORKSPACE: &str = "https://dbc-1.cloud.databricks.com";
        const CONSOLE: &str = "https://accounts.cloud.databricks.com";
        let check = |account: Option<&str>, written: &str, expected: Result<(&str, &str), &str>| {
            let found = Place::of(client(WORKSPACE, account), written);
            match (found, expected) {
                (Ok(found), Ok((host, path))) => {
                    assert_eq!(found.client.host().as_str().trim_end_matches('/'), host, "{written}");
                    assert_eq!(found.path, path, "{written}");
                }
                (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
                (found, expected) => panic!("{written}: {found:?} {expected:?}"),
            }
        };
        check(None, "/api/2.1/clusters/list", Ok((WORKSPACE, "/api/2.1/clusters/list")));
        check(None, "2.1/clusters/list", Ok((WORKSPACE, "/api/2.1/clusters/list")));
        check(None, "/2.0/clusters/list", Ok((WORKSPACE, "/api/2.0/clusters/list")));
        check(None, "oidc/v1/token", Ok((WORKSPACE, "/oidc/v1/token")));
        check(None, &format!("{WORKSPACE}/api/2.0/x?a=b"), Ok((WORKSPACE, "/api/2.0/x")));
        check(Some("7"), "2.0/accounts/{account_id}/workspaces", Ok((CONSOLE, "/api/2.0/accounts/7/workspaces")));
        check(Some("7"), &format!("{CONSOLE}/api/2.0/accounts/7/x"), Ok((CONSOLE, "/api/2.0/accounts/7/x")));
        check(None, "2.0/accounts/{account_id}/workspaces", Err("the account is not known"));
        check(Some("7"), "https://evil.example.com/api/2.0/x", Err("is neither the workspace"));
        check(Some("7"), "http://dbc-1.cloud.databricks.com/api/2.0/x", Err("is neither the workspace"));
        check(None, &format!("{WORKSPACE}:444/api/2.0/x"), Err("is neither the workspace"));
        check(None, "/", Err("there is no path"));
    }

    #[test]
    fn parameters_may_stand_behind_the_path() {
        let found = Place::of(client("https://dbc-1.cloud.databricks.com", None), "2.0/x?a=b%20c&d").unwrap();
        assert_eq!(found.query, [("a".to_owned(), "b c".to_owned()), ("d".to_owned(), String::new())]);
    }
}
