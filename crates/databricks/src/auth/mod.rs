//! Ways to sign in, and the choice among them.
//!
//! Reference: <https://docs.databricks.com/aws/en/dev-tools/auth/>. Without an `auth_type` the first that has what it needs is taken, in this
//! order: pat, oauth-m2m, env-oidc, file-oidc, github-oidc. databricks-cli may start a program, so it is taken only when
//! `auth_type` says so, which is what `databricks auth login` writes into a profile, or when a login at this very host is kept.

pub(crate) mod cache;
pub(crate) mod fetch;
pub(crate) mod logins;
pub(crate) mod person;

use std::path::PathBuf;

use secret::Secret;
use url::Url;

use self::logins::Logins;
use self::person::Person;
use crate::Error;
use crate::env::Environment;

/// A way to sign in, with what it needs.
#[derive(Debug, Clone)]
pub(crate) enum Method {
    /// A personal access token: good in the workspace that made it alone.
    Pat(Secret<String>),
    /// OAuth client credentials of a service principal, good for its account and all its workspaces.
    Oauth { client_id: String, client_secret: Secret<String> },
    /// An OIDC token of somebody else's, exchanged for one of Databricks.
    Federation { subject: Subject, client_id: Option<String>, audience: Option<String> },
    /// The token of a person who signed in with a browser.
    Cli(Person),
}

/// Where a token to exchange comes from.
#[derive(Debug, Clone)]
pub(crate) enum Subject {
    /// The value of an environment variable.
    Environment(Secret<String>),
    /// A file, read again for every exchange.
    File(PathBuf),
    /// GitHub Actions' token service.
    Github { url: String, token: Secret<String> },
}

/// The attributes that concern signing in, resolved.
#[derive(Default)]
pub(crate) struct Fields {
    pub(crate) token: Option<Secret<String>>,
    pub(crate) username: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret: Option<Secret<String>>,
    pub(crate) auth_type: Option<String>,
    pub(crate) oidc_token_filepath: Option<PathBuf>,
    pub(crate) oidc_token_env: Option<String>,
    pub(crate) token_audience: Option<String>,
    pub(crate) databricks_cli_path: Option<String>,
    pub(crate) actions_id_token_request_url: Option<String>,
    pub(crate) actions_id_token_request_token: Option<Secret<String>>,
    pub(crate) profile: Option<String>,
    /// Whether a person's login at the host is kept.
    pub(crate) has_login: bool,
}

/// What is said to who has a user name. Source: <https://docs.databricks.com/aws/en/security/auth/basic-auth>.
const BASIC_ENDED: &str = "`username` and `password` (DATABRICKS_USERNAME, DATABRICKS_PASSWORD) are no way to sign in any more: Databricks ended \
     them on AWS on 10 July 2024. Remove them, and set `client_id` and `client_secret` of a service principal, or `token`";

/// What can be chosen, and what each needs.
const METHODS: &[(&str, &str)] = &[
    ("pat", "`token` (DATABRICKS_TOKEN)"),
    ("oauth-m2m", "`client_id` and `client_secret` (DATABRICKS_CLIENT_ID, DATABRICKS_CLIENT_SECRET)"),
    (
        "env-oidc",
        "an OIDC token in the environment variable DATABRICKS_OIDC_TOKEN, or in the one that `oidc_token_env` names",
    ),
    ("file-oidc", "`oidc_token_filepath` (DATABRICKS_OIDC_TOKEN_FILEPATH)"),
    (
        "github-oidc",
        "the permission `id-token: write` of a GitHub Actions job (ACTIONS_ID_TOKEN_REQUEST_URL and _TOKEN)",
    ),
    ("databricks-cli", "a login that `databricks auth login` or `tunnel login` left"),
];

impl Method {
    /// Chooses the way to sign in.
    pub(crate) fn select(
        fields: Fields,
        host: &Url,
        account_id: Option<&str>,
        environment: &Environment,
    ) -> Result<Self, Error> {
        let asked = fields.auth_type.clone();
        let client_id = fields.client_id.clone();
        if matches!((asked.as_deref(), &fields.username), (Some("basic"), _) | (None, Some(_))) {
            return Err(Error::Config(BASIC_ENDED.to_owned()));
        }
        let chosen = match asked.as_deref() {
            None => METHODS
                .iter()
                .filter(|(name, _)| *name != "databricks-cli")
                .find_map(|(name, _)| fields.method(name, environment))
                .or_else(|| fields.method("databricks-cli", environment).filter(|_| fields.has_login)),
            Some(name) => match METHODS.iter().find(|(known, _)| *known == name) {
                Some((name, needs)) => Some(fields.method(name, environment).ok_or_else(|| {
                    Error::Config(format!("authorization method {name:?} was asked for and needs {needs}"))
                })?),
                None => {
                    let known: Vec<&str> = METHODS.iter().map(|(name, _)| *name).collect();
                    return Err(Error::Config(format!(
                        "`auth_type` is {name:?}, which is none of {}",
                        known.join(", ")
                    )));
                }
            },
        };
        match chosen {
            Some(Self::Federation { subject, client_id, audience }) => {
                Ok(Self::Federation { subject, client_id, audience: audience.or_else(|| account_id.map(str::to_owned)) })
            }
            Some(method) => Ok(method),
            None => Err(Error::Config(match client_id {
                Some(_) => "`client_id` is set without `client_secret`: set `client_secret` or the environment variable DATABRICKS_CLIENT_SECRET"
                    .to_owned(),
                None => format!(
                    "cannot configure default credentials for {}: set `client_id` and `client_secret` (DATABRICKS_CLIENT_ID, \
                     DATABRICKS_CLIENT_SECRET) of a service principal, `token` (DATABRICKS_TOKEN), or a profile (DATABRICKS_CONFIG_PROFILE)",
                    host.host_str().unwrap_or_default()
                ),
            })),
        }
    }

    /// Its official name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Pat(_) => "pat",
            Self::Oauth { .. } => "oauth-m2m",
            Self::Federation { subject: Subject::Environment(_), .. } => "env-oidc",
            Self::Federation { subject: Subject::File(_), .. } => "file-oidc",
            Self::Federation { subject: Subject::Github { .. }, .. } => "github-oidc",
            Self::Cli(_) => "databricks-cli",
        }
    }

    /// Whether what it signs in with is good at other hosts of the account too.
    pub(crate) fn is_portable(&self) -> bool {
        matches!(self, Self::Oauth { .. } | Self::Federation { .. })
    }
}

impl Fields {
    /// A method, if the fields have all that it needs.
    fn method(&self, name: &str, environment: &Environment) -> Option<Method> {
        let federation = |subject| Method::Federation {
            subject,
            client_id: self.client_id.clone(),
            audience: self.token_audience.clone(),
        };
        match name {
            "pat" => self.token.clone().map(Method::Pat),
            "oauth-m2m" => {
                Some(Method::Oauth { client_id: self.client_id.clone()?, client_secret: self.client_secret.clone()? })
            }
            "env-oidc" => {
                let variable = self.oidc_token_env.as_deref().unwrap_or("DATABRICKS_OIDC_TOKEN");
                Some(federation(Subject::Environment(environment.get(variable)?.trim().into())))
            }
            "file-oidc" => Some(federation(Subject::File(self.oidc_token_filepath.clone()?))),
            "github-oidc" => {
                let url = self.actions_id_token_request_url.clone()?;
                Some(federation(Subject::Github { url, token: self.actions_id_token_request_token.clone()? }))
            }
            "databricks-cli" => {
                let program = self.databricks_cli_path.clone().unwrap_or_else(|| "databricks".to_owned());
                Some(Method::Cli(Person { program, profile: self.profile.clone(), logins: Logins::new(environment) }))
            }
            _ => None,
        }
    }
}
