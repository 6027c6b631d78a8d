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
        config_file: text(&config.config_file),
        auth_type: text(&config.auth_type),
        http_timeout_seconds: config.http_timeout_seconds.known().and_then(|seconds| u64::try_from(*seconds).ok()),
        retry_timeout_seconds: config.retry_timeout_seconds.known().and_then(|seconds| u64::try_from(*seconds).ok()),
        rate_limit: config.rate_limit.known().and_then(|rate| u32::try_from(*rate).ok()),
        user_agent: Some(format!("databricks-tf-provider/{} terraform/{terraform_version}", env!("CARGO_PKG_VERSION"))),
        unknown,
        ..databricks::Config::default()
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
}
