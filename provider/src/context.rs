//! A configured provider: what its block said, and the clients that are made of it when the first resource asks.

use provider_aws::AwsContext;
use provider_databricks::DatabricksContext;
use tfplugin::Attr;

use crate::config::Config;

/// A configured provider. Attributes that are unknown while planning stay unknown here: a client that needs one is
/// refused with its name, and no default takes its place.
#[derive(Debug)]
pub struct Context {
    aws: AwsContext,
    databricks: DatabricksContext,
}

impl Context {
    /// The context of a provider block. `terraform_version` is that of the Terraform or OpenTofu that runs, for the user
    /// agent.
    pub fn new(config: &Config, terraform_version: &str) -> Self {
        Self {
            aws: AwsContext::new(config.aws.clone()),
            databricks: DatabricksContext::new(config_of(config, terraform_version)),
        }
    }
}

impl AsRef<AwsContext> for Context {
    fn as_ref(&self) -> &AwsContext {
        &self.aws
    }
}

impl AsRef<DatabricksContext> for Context {
    fn as_ref(&self) -> &DatabricksContext {
        &self.databricks
    }
}

/// The client's configuration, with the attributes that are not known yet by name.
fn config_of(config: &Config, terraform_version: &str) -> databricks::Config {
    let mut unknown = std::collections::BTreeSet::new();
    let mut note = |name: &'static str, is_unknown: bool| {
        if is_unknown {
            unknown.insert(name);
        }
    };
    let text = |attribute: &Attr<String>| attribute.known().filter(|text| !text.is_empty()).cloned();
    note("host", config.host.is_unknown());
    note("account_id", config.account_id.is_unknown());
    note("workspace_id", config.workspace_id.is_unknown());
    note("token", config.token.is_unknown());
    note("client_id", config.client_id.is_unknown());
    note("client_secret", config.client_secret.is_unknown());
    note("profile", config.profile.is_unknown());
    note("config_file", config.config_file.is_unknown());
    note("auth_type", config.auth_type.is_unknown());
    note("username", config.username.is_unknown());
    note("password", config.password.is_unknown());
    note("databricks_id_token_filepath", config.databricks_id_token_filepath.is_unknown());
    note("oidc_token_env", config.oidc_token_env.is_unknown());
    note("audience", config.audience.is_unknown());
    note("actions_id_token_request_url", config.actions_id_token_request_url.is_unknown());
    note("actions_id_token_request_token", config.actions_id_token_request_token.is_unknown());
    note("databricks_cli_path", config.databricks_cli_path.is_unknown());
    note("skip_verify", config.skip_verify.is_unknown());
    note("http_timeout_seconds", config.http_timeout_seconds.is_unknown());
    note("retry_timeout_seconds", config.retry_timeout_seconds.is_unknown());
    note("rate_limit", config.rate_limit.is_unknown());
    databricks::Config {
        host: text(&config.host),
        account_id: text(&config.account_id),
        workspace_id: text(&config.workspace_id),
        token: config.token.known().cloned(),
        client_id: text(&config.client_id),
        client_secret: config.client_secret.known().cloned(),
        profile: text(&config.profile),
        credentials_of_host: false,
        config_file: text(&config.config_file),
        auth_type: text(&config.auth_type),
        username: text(&config.username),
        password: config.password.known().cloned(),
        oidc_token_filepath: text(&config.databricks_id_token_filepath),
        oidc_token_env: text(&config.oidc_token_env),
        token_audience: text(&config.audience),
        actions_id_token_request_url: text(&config.actions_id_token_request_url),
        actions_id_token_request_token: config.actions_id_token_request_token.known().cloned(),
        databricks_cli_path: text(&config.databricks_cli_path),
        skip_verify: config.skip_verify.is_true(),
        http_timeout_seconds: config.http_timeout_seconds.known().and_then(|seconds| u64::try_from(*seconds).ok()),
        retry_timeout_seconds: config.retry_timeout_seconds.known().and_then(|seconds| u64::try_from(*seconds).ok()),
        rate_limit: config.rate_limit.known().and_then(|rate| u32::try_from(*rate).ok()),
        user_agent: Some(format!("databricks-tf-provider/{} terraform/{terraform_version}", env!("CARGO_PKG_VERSION"))),
        unknown,
        unusable: config.unusable(),
    }
}

#[cfg(test)]
mod tests {
    use provider_databricks::Workspace;
    use tfplugin::Client;

    use super::*;

    #[tokio::test]
    async fn an_unknown_host_is_named_and_not_replaced_by_a_default() {
        let config = Config { host: Attr::Unknown, token: Attr::Known("dapi-1".into()), ..Config::default() };
        let error = Workspace::connect(&Context::new(&config, "1.11.4")).await.unwrap_err();
        assert!(error.to_string().contains("host"), "{error}");
        assert!(!error.to_string().contains("dapi-1"), "{error}");
    }

    #[tokio::test]
    async fn what_is_of_another_cloud_or_has_ended_is_refused_by_name_when_it_is_used() {
        let check = async |config: Config, parts: &[&str]| {
            let config = Config { host: "https://dbc-1.cloud.databricks.com".into(), ..config };
            let error = Workspace::connect(&Context::new(&config, "1.11.4")).await.unwrap_err().to_string();
            for part in parts {
                assert!(error.contains(part), "{part:?} in {error}");
            }
            assert!(!error.contains("s3cret"), "{error}");
        };
        let user = Config { username: "ada".into(), password: Attr::Known("s3cret".into()), ..Config::default() };
        check(user, &["July 2024", "client_id"]).await;
        let azure = Config { azure_client_secret: Attr::Known("s3cret".into()), ..Config::default() };
        check(azure, &["`azure_client_secret`", "databricks/databricks"]).await;
        check(Config { google_service_account: "g".into(), ..Config::default() }, &["`google_service_account`"]).await;
        check(Config { cloud: "gcp".into(), ..Config::default() }, &["`cloud`"]).await;
        check(Config { scopes: vec!["sql".to_owned()].into(), ..Config::default() }, &["`scopes`"]).await;
        check(
            Config { auth_type: "metadata-service".into(), ..Config::default() },
            &["metadata-service", "github-oidc"],
        )
        .await;
        let github = Config { auth_type: "github-oidc".into(), ..Config::default() };
        check(github, &["github-oidc", "id-token: write"]).await;
    }

    #[tokio::test]
    async fn what_has_no_effect_and_what_is_empty_stops_nothing() {
        let config = Config {
            host: "https://dbc-1.cloud.databricks.com".into(),
            token: Attr::Known("dapi-1\n".into()),
            cluster_id: "c".into(),
            warehouse_id: "w".into(),
            debug_headers: true.into(),
            debug_truncate_bytes: 96.into(),
            azure_client_id: "".into(),
            azure_use_msi: false.into(),
            cloud: "aws".into(),
            username: "".into(),
            ..Config::default()
        };
        Workspace::connect(&Context::new(&config, "1.11.4")).await.unwrap();
    }
}
