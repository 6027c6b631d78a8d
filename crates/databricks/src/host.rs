//! The address of an account console or a workspace: normalised, and told apart.
//!
//! Account hosts begin with `accounts.` or `accounts-dod.` (accounts.cloud.databricks.com, .us, accounts-dod.cloud.databricks.mil);
//! every other host is a workspace. Plain http is for loopback alone, where RFC 6761 puts `localhost` and every name below it.

use url::{Host as UrlHost, Url};

use crate::Error;

/// A host as somebody wrote it, normalised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Scheme, name and port; no path, query or user.
    pub url: Url,
    /// `?o=`, `?w=` or `?workspace_id=` of what was written, as a browser's address bar has it.
    pub workspace_id: Option<String>,
    /// `?a=` or `?account_id=` of what was written.
    pub account_id: Option<String>,
}

impl Host {
    /// Reads a host: https is added when no scheme is given; path and query are dropped.
    ///
    /// # Errors
    /// When it is no address, or plain http to something else than this machine.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let bad = |reason: &str| {
            let shown = text.split(['?', '@']).next().unwrap_or_default();
            Error::Config(format!(
                "`host` is {shown:?}, which {reason}. Give the address of the workspace, such as https://dbc-a1b2.cloud.databricks.com, \
                 or of the account console, https://accounts.cloud.databricks.com"
            ))
        };
        let with_scheme = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let url = Url::parse(&with_scheme).map_err(|_| bad("is no address"))?;
        if url.host_str().is_none_or(str::is_empty) {
            return Err(bad("names no host"));
        }
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err(bad("is not encrypted: http is allowed for this machine alone, use https")),
            _ => return Err(bad("is not https")),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("contains a user: credentials belong into their own attributes"));
        }
        let query = |names: &[&str]| {
            url.query_pairs()
                .find(|(name, _)| names.contains(&name.as_ref()))
                .map(|(_, value)| value.into_owned())
                .filter(|v| !v.is_empty())
        };
        let (workspace_id, account_id) = (query(&["o", "w", "workspace_id"]), query(&["a", "account_id"]));
        let mut base = url.clone();
        base.set_path("");
        base.set_query(None);
        base.set_fragment(None);
        Ok(Self { url: base, workspace_id, account_id })
    }
}

/// Whether this is the address of an account console.
pub fn is_account(host: &Url) -> bool {
    host.host_str().is_some_and(|name| name.starts_with("accounts.") || name.starts_with("accounts-dod."))
}

/// The account console of a workspace's cloud: of `dbc-a1b2.cloud.databricks.us`, `accounts.cloud.databricks.us`.
pub(crate) fn console_of(host: &Url) -> Url {
    let mut console = host.clone();
    if is_account(host) {
        return console;
    }
    let name = host.host_str().unwrap_or_default();
    let console_name = if is_localhost(name) {
        "accounts.localhost".to_owned()
    } else if name.ends_with(".databricks.mil") {
        "accounts-dod.cloud.databricks.mil".to_owned()
    } else if name.ends_with(".databricks.us") {
        "accounts.cloud.databricks.us".to_owned()
    } else {
        "accounts.cloud.databricks.com".to_owned()
    };
    // A name without a scheme's special characters is always a host.
    let _ = console.set_host(Some(&console_name));
    console
}

/// Whether the address is this machine: 127.0.0.0/8, ::1, `localhost` and `*.localhost`.
pub fn is_loopback(host: &Url) -> bool {
    match host.host() {
        Some(UrlHost::Ipv4(address)) => address.is_loopback(),
        Some(UrlHost::Ipv6(address)) => address.is_loopback(),
        Some(UrlHost::Domain(name)) => is_localhost(name),
        None => false,
    }
}

/// Whether a name is `localhost` or below it (RFC 6761 section 6.3).
pub fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn hosts_are_normalised() {
        let check = |text: &str, expected: &str| assert_eq!(Host::parse(text).unwrap().url.as_str(), expected);
        check("dbc-1.cloud.databricks.com", "https://dbc-1.cloud.databricks.com/");
        check(" https://dbc-1.cloud.databricks.com/?o=123#job/1 ", "https://dbc-1.cloud.databricks.com/");
        check("https://DBC-1.cloud.databricks.com/browse/x", "https://dbc-1.cloud.databricks.com/");
        check("http://accounts.localhost:8080", "http://accounts.localhost:8080/");
        check("http://127.0.0.1:1", "http://127.0.0.1:1/");
        let host = Host::parse("https://x.databricks.com/?o=12&a=34").unwrap();
        assert_eq!((host.workspace_id.as_deref(), host.account_id.as_deref()), (Some("12"), Some("34")));
    }

    #[test]
    fn hosts_that_cannot_work_say_why() {
        let check = |text: &str, part: &str| {
            let error = Host::parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        };
        check("http://dbc-1.cloud.databricks.com", "not encrypted");
        check("http://localhost.evil.com", "not encrypted");
        check("ftp://x", "not https");
        check("https://", "no address");
        check("https://user:password@x.com", "contains a user");
        assert!(!Host::parse("https://user:password@x.com").unwrap_err().to_string().contains("password@"));
    }

    #[test]
    fn a_workspaces_account_console_is_its_clouds() {
        let check = |host: &str, expected: &str| {
            assert_eq!(console_of(&host.parse().unwrap()).as_str(), expected, "{host}");
        };
        check("https://dbc-a1b2.cloud.databricks.com", "https://accounts.cloud.databricks.com/");
        check("https://dbc-a1b2.cloud.databricks.us", "https://accounts.cloud.databricks.us/");
        check("https://dbc-a1b2.cloud.databricks.mil", "https://accounts-dod.cloud.databricks.mil/");
        check("http://dbc-a1b2.localhost:81", "http://accounts.localhost:81/");
        check("https://accounts.cloud.databricks.us", "https://accounts.cloud.databricks.us/");
    }

    #[test]
    fn account_hosts_are_told_by_their_first_label() {
        let check = |host: &str, expected: bool| assert_eq!(is_account(&host.parse().unwrap()), expected, "{host}");
        check("https://accounts.cloud.databricks.com", true);
        check("https://accounts.cloud.databricks.us", true);
        check("https://accounts-dod.cloud.databricks.mil", true);
        check("http://accounts.localhost:80", true);
        check("https://dbc-accounts.cloud.databricks.com", false);
        check("https://my-accounts.example.com", false);
    }
}
