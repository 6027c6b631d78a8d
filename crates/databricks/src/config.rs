//! Where the configuration comes from: what the program was given, then the environment, then a profile.
//!
//! The names and the order are the official SDKs': <https://docs.databricks.com/aws/en/dev-tools/auth/unified-auth>. Two things are ours:
//! an attribute that is unknown while planning is never replaced by a profile, and credentials that the program was given win as a
//! family over those of the environment, so a leftover `DATABRICKS_TOKEN` does no harm.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use secret::Secret;
use url::Url;

use crate::Error;
use crate::auth::Method;
use crate::auth::logins::{self, Logins};
use crate::choice::Choice;
use crate::env::Environment;
use crate::host::{self, Host};
use crate::profile::Profiles;

/// What the program was given. What is `None` comes from the environment or a profile.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Address of the workspace or of the account console.
    pub host: Option<String>,
    /// The account, for calls of the account API.
    pub account_id: Option<String>,
    /// The workspace's id, where the host serves several.
    pub workspace_id: Option<String>,
    /// Personal access token.
    pub token: Option<Secret<String>>,
    /// OAuth client id of a service principal.
    pub client_id: Option<String>,
    /// OAuth client secret of a service principal.
    pub client_secret: Option<Secret<String>>,
    /// User name. Its time is over: with one, the configuration is refused.
    pub username: Option<String>,
    /// Password, of which the same is true.
    pub password: Option<Secret<String>>,
    /// Profile to read.
    pub profile: Option<String>,
    /// Whether `host` was settled before the credentials, as an endpoint's is: then what belongs to another host is not sent there, and
    /// where there are no credentials the profile of that host is read.
    pub credentials_of_host: bool,
    /// File with the profiles, instead of `~/.databrickscfg`.
    pub config_file: Option<String>,
    /// Way to sign in, when several are possible: pat, oauth-m2m, databricks-cli, env-oidc, file-oidc, github-oidc.
    pub auth_type: Option<String>,
    /// File with an OIDC token to exchange.
    pub oidc_token_filepath: Option<String>,
    /// Environment variable with an OIDC token to exchange, instead of `DATABRICKS_OIDC_TOKEN`.
    pub oidc_token_env: Option<String>,
    /// Audience of OIDC tokens.
    pub token_audience: Option<String>,
    /// The `databricks` program, for databricks-cli.
    pub databricks_cli_path: Option<String>,
    /// Address of GitHub's token service, for github-oidc.
    pub actions_id_token_request_url: Option<String>,
    /// Token for GitHub's token service.
    pub actions_id_token_request_token: Option<Secret<String>>,
    /// Whether the host's certificate is not checked.
    pub skip_verify: bool,
    /// Requests per second at most. Without one, as many as the service takes.
    pub rate_limit: Option<u32>,
    /// Seconds that one attempt may take, 60 unless told otherwise.
    pub http_timeout_seconds: Option<u64>,
    /// Seconds that a request and its retries may take, 300 unless told otherwise.
    pub retry_timeout_seconds: Option<u64>,
    /// First words of the user agent: the product that uses the client, such as `databricks-tf-provider/0.1.0 terraform/1.11.4`.
    pub user_agent: Option<String>,
    /// Attributes whose values are not known yet. With any, no client is made and no profile read.
    pub unknown: BTreeSet<&'static str>,
    /// Why the configuration cannot be used, for people. With a reason, no client is made.
    pub unusable: Option<String>,
}

/// Where a value came from, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    Given,
    Environment(&'static str),
    Profile(String),
}

/// A configuration that can work, pure of where it came from.
#[derive(Debug, Clone)]
pub(crate) struct Resolved {
    pub(crate) host: Url,
    pub(crate) account_id: Option<String>,
    pub(crate) workspace_id: Option<String>,
    pub(crate) method: Method,
    /// The profile that was read.
    pub(crate) profile: Option<String>,
    pub(crate) rate_limit: Option<u32>,
    pub(crate) http_timeout: Duration,
    pub(crate) retry_timeout: Duration,
    pub(crate) user_agent: String,
    pub(crate) skip_verify: bool,
}

/// One attribute: its name, its variable and the family of credentials that it belongs to.
struct Attribute {
    name: &'static str,
    variable: &'static str,
    family: Option<&'static str>,
}

const ATTRIBUTES: &[Attribute] = &[
    Attribute { name: "host", variable: "DATABRICKS_HOST", family: None },
    Attribute { name: "account_id", variable: "DATABRICKS_ACCOUNT_ID", family: None },
    Attribute { name: "workspace_id", variable: "DATABRICKS_WORKSPACE_ID", family: None },
    Attribute { name: "token", variable: "DATABRICKS_TOKEN", family: Some("pat") },
    Attribute { name: "username", variable: "DATABRICKS_USERNAME", family: Some("basic") },
    Attribute { name: "password", variable: "DATABRICKS_PASSWORD", family: Some("basic") },
    Attribute { name: "client_id", variable: "DATABRICKS_CLIENT_ID", family: Some("oauth") },
    Attribute { name: "client_secret", variable: "DATABRICKS_CLIENT_SECRET", family: Some("oauth") },
    Attribute { name: "auth_type", variable: "DATABRICKS_AUTH_TYPE", family: None },
    Attribute { name: "oidc_token_filepath", variable: "DATABRICKS_OIDC_TOKEN_FILEPATH", family: None },
    Attribute { name: "oidc_token_env", variable: "DATABRICKS_OIDC_TOKEN_ENV", family: None },
    Attribute { name: "token_audience", variable: "DATABRICKS_TOKEN_AUDIENCE", family: None },
    Attribute { name: "databricks_cli_path", variable: "DATABRICKS_CLI_PATH", family: None },
    Attribute { name: "actions_id_token_request_url", variable: "ACTIONS_ID_TOKEN_REQUEST_URL", family: None },
    Attribute { name: "actions_id_token_request_token", variable: "ACTIONS_ID_TOKEN_REQUEST_TOKEN", family: None },
    Attribute { name: "rate_limit", variable: "DATABRICKS_RATE_LIMIT", family: None },
    Attribute { name: "http_timeout_seconds", variable: "DATABRICKS_HTTP_TIMEOUT_SECONDS", family: None },
    Attribute { name: "retry_timeout_seconds", variable: "DATABRICKS_RETRY_TIMEOUT_SECONDS", family: None },
];

/// The file with the profiles, unless another one is named.
const DEFAULT_FILE: &str = "~/.databrickscfg";

/// The file with the profiles: the one that is given, else the environment's, else the default.
pub(crate) fn profile_file(given: Option<&str>, environment: &Environment) -> PathBuf {
    let file = given.filter(|name| !name.is_empty()).or_else(|| environment.get("DATABRICKS_CONFIG_FILE"));
    environment.expand(file.unwrap_or(DEFAULT_FILE))
}

impl Config {
    /// Resolves the configuration. `read` reads the profile file; `None` means that there is none.
    pub(crate) fn resolve(
        self,
        environment: &Environment,
        read: impl Fn(&Path) -> Result<Option<String>, String>,
    ) -> Result<Resolved, Error> {
        if !self.unknown.is_empty() {
            return Err(Error::Unknown { attributes: self.unknown });
        }
        if let Some(reason) = self.unusable {
            return Err(Error::Config(reason));
        }
        let mut values = self.given();
        for attribute in ATTRIBUTES {
            if let Some(value) = environment.get(attribute.variable) {
                let value = (Secret::from(value), Source::Environment(attribute.variable));
                values.entry(attribute.name).or_insert(value);
            }
        }
        let left_out =
            if self.credentials_of_host { self.leave_out_of_other_host(environment, &mut values)? } else { None };
        let profile = self.load_profile(environment, read, &mut values)?;
        trim(&mut values)?;
        keep_given_family(&mut values);
        one_family(&values)?;
        let take = |name: &str| values.get(name).map(|(value, _)| value.expose().clone());
        let secret = |name: &str| values.get(name).map(|(value, _)| value.clone());
        let number = |name: &'static str, default: u64| match take(name) {
            None => Ok(default),
            Some(text) => match text.parse::<u64>() {
                Ok(number) if number > 0 => Ok(number),
                _ => Err(Error::Config(format!("{} is {text:?}, not a whole number above 0", origin(name, &values)))),
            },
        };
        let Some(text) = take("host") else {
            return Err(Error::Config(
                "no Databricks host: set `host`, the environment variable DATABRICKS_HOST, or a profile in ~/.databrickscfg".to_owned(),
            ));
        };
        let host = Host::parse(&text)?;
        let account_id = take("account_id").or(host.account_id);
        if host::is_account(&host.url) && account_id.is_none() {
            return Err(Error::Config(format!(
                "{} is an account console, so the account is needed too: set `account_id` or the environment variable \
                 DATABRICKS_ACCOUNT_ID",
                host.url.host_str().unwrap_or_default()
            )));
        }
        let fields = crate::auth::Fields {
            token: secret("token"),
            username: take("username"),
            client_id: take("client_id"),
            client_secret: secret("client_secret"),
            auth_type: take("auth_type"),
            oidc_token_filepath: take("oidc_token_filepath").map(|path| environment.expand(&path)),
            oidc_token_env: take("oidc_token_env"),
            token_audience: take("token_audience"),
            databricks_cli_path: take("databricks_cli_path"),
            actions_id_token_request_url: take("actions_id_token_request_url"),
            actions_id_token_request_token: secret("actions_id_token_request_token"),
            has_login: self.credentials_of_host && has_login(environment, &host.url, account_id.as_deref()),
            profile: profile.clone(),
        };
        let method = Method::select(fields, &host.url, account_id.as_deref(), environment);
        Ok(Resolved {
            method: method.map_err(|error| match (error, left_out) {
                (Error::Config(reason), Some(of)) => Error::Config(format!(
                    "{reason}. The variables of the environment are for {of}, and are not sent there"
                )),
                (error, _) => error,
            })?,
            profile,
            workspace_id: take("workspace_id").filter(|id| id != "none").or(host.workspace_id),
            host: host.url,
            account_id,
            rate_limit: match values.contains_key("rate_limit") {
                true => Some(u32::try_from(number("rate_limit", 1)?).unwrap_or(u32::MAX)),
                false => None,
            },
            http_timeout: Duration::from_secs(number("http_timeout_seconds", 60)?),
            retry_timeout: Duration::from_secs(number("retry_timeout_seconds", 300)?),
            skip_verify: self.skip_verify,
            user_agent: user_agent(self.user_agent.as_deref(), environment.get("DATABRICKS_USER_AGENT_EXTRA")),
        })
    }

    /// What the program was given, by attribute. An empty text counts as not given.
    fn given(&self) -> Values {
        let secret = |value: &Option<Secret<String>>| value.as_ref().map(|value| value.expose().clone());
        let number = |value: Option<u64>| value.map(|value| value.to_string());
        let all = [
            ("host", self.host.clone()),
            ("account_id", self.account_id.clone()),
            ("workspace_id", self.workspace_id.clone()),
            ("token", secret(&self.token)),
            ("username", self.username.clone()),
            ("password", secret(&self.password)),
            ("client_id", self.client_id.clone()),
            ("client_secret", secret(&self.client_secret)),
            ("auth_type", self.auth_type.clone()),
            ("oidc_token_filepath", self.oidc_token_filepath.clone()),
            ("oidc_token_env", self.oidc_token_env.clone()),
            ("token_audience", self.token_audience.clone()),
            ("databricks_cli_path", self.databricks_cli_path.clone()),
            ("actions_id_token_request_url", self.actions_id_token_request_url.clone()),
            ("actions_id_token_request_token", secret(&self.actions_id_token_request_token)),
            ("rate_limit", self.rate_limit.map(|value| value.to_string())),
            ("http_timeout_seconds", number(self.http_timeout_seconds)),
            ("retry_timeout_seconds", number(self.retry_timeout_seconds)),
        ];
        all.into_iter()
            .filter_map(|(name, value)| Some((name, (Secret::new(value.filter(|v| !v.is_empty())?), Source::Given))))
            .collect()
    }

    /// Takes out of the values of the environment what is good at its own host alone, if that is another one than the given. Answers
    /// that other host.
    fn leave_out_of_other_host(&self, environment: &Environment, values: &mut Values) -> Result<Option<String>, Error> {
        let (Some(given), Some(variable)) = (self.host.as_deref(), environment.get("DATABRICKS_HOST")) else {
            return Ok(None);
        };
        let (given, variable) = (Host::parse(given)?.url, Host::parse(variable)?.url);
        if given == variable {
            return Ok(None);
        }
        let mut is_any = false;
        values.retain(|name, (value, source)| {
            let is_bound = match *name {
                "token" | "username" | "password" | "workspace_id" => true,
                "auth_type" => ["pat", "basic", "databricks-cli"].contains(&value.expose().as_str()),
                _ => false,
            };
            let goes = is_bound && matches!(source, Source::Environment(_));
            is_any |= goes;
            !goes
        });
        Ok(is_any.then(|| crate::transport::authority(&variable)))
    }

    /// Adds a profile's values where nothing stands, and answers its name. The file is left alone when no profile was asked for and a host
    /// or any credential is there already; where the host was settled before, only credentials count.
    fn load_profile(
        &self,
        environment: &Environment,
        read: impl Fn(&Path) -> Result<Option<String>, String>,
        values: &mut Values,
    ) -> Result<Option<String>, Error> {
        let given = self.profile.as_deref().filter(|name| !name.is_empty());
        let by_variable = environment.get("DATABRICKS_CONFIG_PROFILE");
        let is_credential = |a: &&Attribute| a.name == "auth_type" || a.family.is_some();
        let has_credentials = ATTRIBUTES.iter().filter(is_credential).any(|a| values.contains_key(a.name));
        let has_host = values.contains_key("host") && !self.credentials_of_host;
        let asked = given.or(by_variable);
        if asked.is_none() && (has_credentials || has_host) {
            return Ok(None);
        }
        let path = profile_file(self.config_file.as_deref(), environment);
        let text = read(&path)
            .map_err(|reason| Error::Config(format!("cannot read the profiles in {}: {reason}", path.display())))?;
        let profiles = Profiles::parse(text.as_deref().unwrap_or_default());
        let choice = Choice { profiles: &profiles, file: &path, given, by_variable, has_credentials };
        let name = match self.host.as_deref() {
            Some(host) if self.credentials_of_host => choice.of_host(&Host::parse(host)?.url)?,
            _ => match asked.or_else(|| profiles.default_profile()) {
                None => profiles.get("DEFAULT").map(|_| "DEFAULT"),
                name => name,
            },
        };
        let Some(name) = name else { return Ok(None) };
        let profile = profiles.get(name).ok_or_else(|| choice.unknown(name))?;
        for attribute in ATTRIBUTES {
            if let Some(value) = profile.get(attribute.name).filter(|value| !value.is_empty()) {
                let value = (Secret::from(value.as_str()), Source::Profile(name.to_owned()));
                values.entry(attribute.name).or_insert(value);
            }
        }
        Ok(Some(name.to_owned()))
    }
}

type Values = BTreeMap<&'static str, (Secret<String>, Source)>;

/// Takes the blanks off the ends of all values: a file's last line break is none of a token. A value that goes into a header holds no
/// control character inside either.
fn trim(values: &mut Values) -> Result<(), Error> {
    for (value, _) in values.values_mut() {
        if value.expose().trim().len() < value.expose().len() {
            *value = Secret::from(value.expose().trim());
        }
    }
    for name in [
        "actions_id_token_request_token",
        "token",
        "workspace_id",
        "account_id",
        "client_id",
        "client_secret",
        "username",
        "password",
    ] {
        if values.get(name).is_some_and(|(value, _)| value.expose().contains(char::is_control)) {
            return Err(Error::Config(format!(
                "{} holds a line break or another control character; give it on one line",
                origin(name, values)
            )));
        }
    }
    values.retain(|_, (value, _)| !value.expose().is_empty());
    Ok(())
}

/// Credentials that the program was given put out those of other families: a leftover variable is not asked.
fn keep_given_family(values: &mut Values) {
    let given: BTreeSet<&str> =
        families(values).filter(|(_, _, source)| **source == Source::Given).map(|(family, _, _)| family).collect();
    if given.is_empty() || values.contains_key("auth_type") {
        return;
    }
    values.retain(|name, (_, source)| match family(name) {
        Some(family) => given.contains(family) || *source == Source::Given,
        None => true,
    });
}

/// More than one family without an `auth_type` is an error that says where each came from.
fn one_family(values: &Values) -> Result<(), Error> {
    let mut found: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (family, name, _) in families(values) {
        found.entry(family).or_default().push(origin(name, values));
    }
    if found.len() < 2 || values.contains_key("auth_type") {
        return Ok(());
    }
    let list: Vec<String> =
        found.iter().map(|(family, origins)| format!("{family} ({})", origins.join(", "))).collect();
    Err(Error::Config(format!(
        "more than one authorization method configured: {}. Remove all but one, or choose with `auth_type` or DATABRICKS_AUTH_TYPE",
        list.join(" and ")
    )))
}

fn families(values: &Values) -> impl Iterator<Item = (&'static str, &'static str, &Source)> {
    values.iter().filter_map(|(name, (_, source))| Some((family(name)?, *name, source)))
}

fn family(name: &str) -> Option<&'static str> {
    ATTRIBUTES.iter().find(|attribute| attribute.name == name)?.family
}

/// An attribute and where its value came from.
fn origin(name: &str, values: &Values) -> String {
    match values.get(name) {
        Some((_, Source::Environment(variable))) => format!("environment variable {variable}"),
        Some((_, Source::Profile(profile))) => format!("`{name}` of profile {profile:?}"),
        _ => format!("`{name}`"),
    }
}

/// Whether a person's login at a host is kept. A file that cannot be read has none: whoever asks for it by its name reads why.
fn has_login(environment: &Environment, host: &Url, account_id: Option<&str>) -> bool {
    matches!(Logins::new(environment).find(&logins::keys(None, host, account_id)), Ok(Some(_)))
}

fn user_agent(product: Option<&str>, extra: Option<&str>) -> String {
    let product = product.unwrap_or(concat!("databricks-rust/", env!("CARGO_PKG_VERSION")));
    let words = format!("{product} os/{} {}", std::env::consts::OS, extra.unwrap_or_default());
    // A header holds no line breaks: a variable must not add headers.
    words.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: (&str, &str) = ("DATABRICKS_HOST", "https://env.databricks.com");

    fn resolve(config: Config, environment: &[(&str, &str)], file: Option<&str>) -> Result<Resolved, Error> {
        config.resolve(&environment.iter().copied().collect(), |_| Ok(file.map(str::to_owned)))
    }

    fn given(host: Option<&str>, token: Option<&str>, client_id: Option<&str>) -> Config {
        let text = |value: Option<&str>| value.map(str::to_owned);
        Config { host: text(host), token: token.map(Secret::from), client_id: text(client_id), ..Config::default() }
    }

    fn pat(resolved: &Resolved) -> &str {
        let Method::Pat(token) = &resolved.method else { panic!("{:?}", resolved.method) };
        token.expose()
    }

    #[test]
    fn what_is_given_wins_over_the_environment_and_that_over_the_profile() {
        let file = "[DEFAULT]\nhost = https://file.databricks.com\ntoken = file\n[p]\nhost=https://p.databricks.com\ntoken = p\n";
        let check = |config: Config, environment: &[(&str, &str)], expected: (&str, &str)| {
            let resolved = resolve(config, environment, Some(file)).unwrap();
            assert_eq!((resolved.host.host_str().unwrap(), pat(&resolved)), expected);
        };
        let token = ("DATABRICKS_TOKEN", "env");
        check(given(Some("given.com"), Some("given"), None), &[HOST, token], ("given.com", "given"));
        check(given(Some("given.com"), None, None), &[HOST, token], ("given.com", "env"));
        check(Config::default(), &[HOST, token], ("env.databricks.com", "env"));
        check(Config::default(), &[], ("file.databricks.com", "file"));
        check(Config::default(), &[("DATABRICKS_CONFIG_PROFILE", "p")], ("p.databricks.com", "p"));
        check(Config::default(), &[("DATABRICKS_CONFIG_PROFILE", "p"), HOST], ("env.databricks.com", "p"));
        let named = Config { profile: Some("p".to_owned()), ..Config::default() };
        check(named, &[("DATABRICKS_CONFIG_PROFILE", "DEFAULT")], ("p.databricks.com", "p"));
        check(Config::default(), &[("DATABRICKS_HOST", "")], ("file.databricks.com", "file"));
    }

    #[test]
    fn the_default_profile_is_not_mixed_with_a_host_of_the_environment() {
        let error = resolve(Config::default(), &[HOST], Some("[DEFAULT]\ntoken = file\n")).unwrap_err().to_string();
        assert!(error.contains("cannot configure default credentials"), "{error}");
    }

    #[test]
    fn at_a_host_that_somebody_else_chose_nothing_of_another_host_is_sent() {
        let file = "[DEFAULT]\nhost=https://d.com\ntoken=d\n[w]\nhost=https://w.com\ntoken=w\n";
        let at = |host: &str| Config { host: Some(host.to_owned()), credentials_of_host: true, ..Config::default() };
        let check = |config: Config, environment: &[(&str, &str)], expected: &str| {
            assert_eq!(pat(&resolve(config, environment, Some(file)).unwrap()), expected);
        };
        let token = ("DATABRICKS_TOKEN", "env");
        check(at("w.com"), &[], "w");
        check(at("w.com"), &[token], "env");
        check(at("w.com"), &[token, ("DATABRICKS_HOST", "w.com/?o=1")], "env");
        check(at("w.com"), &[token, ("DATABRICKS_HOST", "d.com"), ("DATABRICKS_AUTH_TYPE", "pat")], "w");
        check(at("d.com"), &[("DATABRICKS_CONFIG_PROFILE", "w")], "d");
        let error = resolve(at("x.com"), &[token, HOST], Some(file)).unwrap_err().to_string();
        assert!(
            error.contains("x.com") && error.contains("are for env.databricks.com, and are not sent there"),
            "{error}"
        );
        // What is an account's is good in its workspaces.
        let client = [HOST, ("DATABRICKS_CLIENT_ID", "i"), ("DATABRICKS_CLIENT_SECRET", "s"), token];
        assert!(matches!(resolve(at("x.com"), &client, None).unwrap().method, Method::Oauth { .. }));
    }

    #[test]
    fn settings_name_the_default_profile() {
        let file = "[DEFAULT]\nhost=https://d.com\ntoken=d\n[w]\nhost=https://w.com\ntoken=w\n[__settings__]\ndefault_profile=w\n";
        assert_eq!(pat(&resolve(Config::default(), &[], Some(file)).unwrap()), "w");
    }

    #[test]
    fn credentials_that_were_given_put_out_those_of_the_environment() {
        let resolved = resolve(
            given(None, Some("given"), None),
            &[HOST, ("DATABRICKS_CLIENT_ID", "i"), ("DATABRICKS_CLIENT_SECRET", "s")],
            None,
        );
        assert_eq!(pat(&resolved.unwrap()), "given");
        let resolved = resolve(
            given(None, None, Some("given")),
            &[HOST, ("DATABRICKS_CLIENT_SECRET", "s"), ("DATABRICKS_TOKEN", "t")],
            None,
        );
        assert!(matches!(resolved.unwrap().method, Method::Oauth { client_id, .. } if client_id == "given"));
    }

    #[test]
    fn bad_configurations_say_what_is_wrong_and_where() {
        let check = |config: Config, environment: &[(&str, &str)], file: Option<&str>, parts: &[&str]| {
            let error = resolve(config, environment, file).unwrap_err().to_string();
            for part in parts {
                assert!(error.contains(part), "{error} lacks {part}");
            }
            assert!(!error.contains("s3cret"), "{error}");
        };
        let two = [HOST, ("DATABRICKS_TOKEN", "s3cret"), ("DATABRICKS_CLIENT_ID", "s3cret")];
        check(
            Config::default(),
            &two,
            None,
            &["more than one authorization method", "DATABRICKS_TOKEN", "DATABRICKS_CLIENT_ID", "auth_type"],
        );
        check(
            given(Some("h.com"), Some("s3cret"), Some("s3cret")),
            &[],
            None,
            &["more than one", "`token`", "`client_id`"],
        );
        check(Config::default(), &[("DATABRICKS_TOKEN", "s3cret")], None, &["no Databricks host", "DATABRICKS_HOST"]);
        check(
            Config::default(),
            &[("DATABRICKS_CONFIG_PROFILE", "x")],
            Some("[a]\n[b]\n"),
            &["no profile \"x\"", "a, b"],
        );
        check(
            given(Some("accounts.cloud.databricks.com"), Some("s3cret"), None),
            &[],
            None,
            &["account_id", "DATABRICKS_ACCOUNT_ID"],
        );
        check(
            Config::default(),
            &[HOST, ("DATABRICKS_TOKEN", "s3cret"), ("DATABRICKS_RATE_LIMIT", "x")],
            None,
            &["DATABRICKS_RATE_LIMIT", "whole number"],
        );
        check(
            Config::default(),
            &[HOST, ("DATABRICKS_AUTH_TYPE", "oauth-m2m"), ("DATABRICKS_TOKEN", "s3cret")],
            None,
            &["oauth-m2m", "client_id", "DATABRICKS_CLIENT_SECRET"],
        );
        check(Config::default(), &[HOST, ("DATABRICKS_AUTH_TYPE", "magic")], None, &["\"magic\"", "pat", "oauth-m2m"]);
        check(Config::default(), &[HOST, ("DATABRICKS_CLIENT_ID", "id")], None, &["client_secret"]);
    }

    #[test]
    fn an_unknown_attribute_is_never_replaced_by_a_profile() {
        let config = Config { unknown: ["host"].into(), ..Config::default() };
        let file = |_: &Path| -> Result<Option<String>, String> { panic!("the profile file must not be read") };
        let error = config.resolve(&Environment::default(), file).unwrap_err();
        assert!(matches!(&error, Error::Unknown { attributes } if attributes.contains("host")), "{error}");
    }

    #[test]
    fn an_auth_type_chooses_among_several_families() {
        let environment =
            [HOST, ("DATABRICKS_TOKEN", "t"), ("DATABRICKS_CLIENT_ID", "i"), ("DATABRICKS_CLIENT_SECRET", "s")];
        let chosen = |kind: &str| {
            let config = Config { auth_type: Some(kind.to_owned()), ..Config::default() };
            resolve(config, &environment, None).unwrap().method.name()
        };
        assert_eq!((chosen("pat"), chosen("oauth-m2m")), ("pat", "oauth-m2m"));
    }

    #[test]
    fn the_user_agent_takes_no_line_breaks() {
        let agent = user_agent(Some("databricks-tf-provider/1"), Some("x/1\r\nEvil: 1"));
        assert!(agent.starts_with("databricks-tf-provider/1 os/") && agent.ends_with("x/1Evil: 1"), "{agent}");
    }

    #[test]
    fn debug_output_shows_no_secret() {
        let resolved = resolve(given(Some("h.com"), Some("s3cret"), None), &[], None).unwrap();
        assert!(!format!("{resolved:?}").contains("s3cret"));
    }
}
