//! The Databricks clients that resources ask for: of the account, of a workspace, or of either.

use std::ops::Deref;
use std::sync::Arc;

use tfplugin::{Attr, Error, Result};

use crate::context::Context;
use crate::provider::Config;

/// The client of an account: for the `databricks_mws_*` resources.
#[derive(Debug, Clone)]
pub struct Account(databricks::Client);

/// The client of a workspace.
#[derive(Debug, Clone)]
pub struct Workspace(databricks::Client);

/// The client of an account or of a workspace, for what exists in both (a service principal, say).
#[derive(Debug, Clone)]
pub struct Either(databricks::Client);

macro_rules! client {
    ($type:ty) => {
        impl Deref for $type {
            type Target = databricks::Client;

            fn deref(&self) -> &databricks::Client {
                &self.0
            }
        }

        impl From<databricks::Client> for $type {
            fn from(client: databricks::Client) -> Self {
                Self(client)
            }
        }
    };
}

client!(Account);
client!(Workspace);
client!(Either);

impl tfplugin::Client<Context> for Account {
    async fn connect(context: &Context) -> Result<Arc<Self>> {
        let client = context.databricks().await?;
        if !client.is_account() {
            return Err(Error::new(format!("{} is the host of a workspace, and this resource belongs to an account", client.host()))
                .detail(
                    "Use a provider instance whose host is the account console (https://accounts.cloud.databricks.com; environment: \
                     DATABRICKS_HOST) and whose account_id is set (DATABRICKS_ACCOUNT_ID).",
                )
                .at("host"));
        }
        client.account_id().map_err(|error| Error::from(error).at("account_id"))?;
        Ok(Arc::new(Self(client)))
    }
}

impl tfplugin::Client<Context> for Workspace {
    async fn connect(context: &Context) -> Result<Arc<Self>> {
        let client = context.databricks().await?;
        if client.is_account() {
            return Err(Error::new(format!("{} is the host of the account console, and this resource belongs to a workspace", client.host()))
                .detail(
                    "Use a provider instance whose host is the workspace's address: workspace_url of the databricks_mws_workspaces \
                     (environment: DATABRICKS_HOST).",
                )
                .at("host"));
        }
        Ok(Arc::new(Self(client)))
    }
}

impl tfplugin::Client<Context> for Either {
    async fn connect(context: &Context) -> Result<Arc<Self>> {
        Ok(Arc::new(Self(context.databricks().await?)))
    }
}

/// The client's configuration, with the attributes that are not known yet by name.
pub(crate) fn config_of(config: &Config, terraform_version: &str) -> databricks::Config {
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
    use tfplugin::Client;

    use super::*;

    fn context(host: &str) -> Context {
        let config = Config {
            host: host.into(),
            account_id: "0e1f2a3b-0000-4000-8000-000000000000".into(),
            client_id: "id".into(),
            client_secret: Attr::Known("secret".into()),
            ..Config::default()
        };
        Context::new(config, "1.11.4")
    }

    #[tokio::test]
    async fn a_workspace_host_is_refused_for_the_account_and_the_reverse() {
        let workspace = context("https://dbc-1234.cloud.databricks.com");
        let account = context("https://accounts.cloud.databricks.com");
        let error = Account::connect(&workspace).await.unwrap_err();
        assert_eq!(error.diagnostic().path, Some("host".into()));
        assert!(error.to_string().contains("belongs to an account"), "{error}");
        let error = Workspace::connect(&account).await.unwrap_err();
        assert!(error.to_string().contains("belongs to a workspace"), "{error}");
        Workspace::connect(&workspace).await.unwrap();
        Account::connect(&account).await.unwrap();
    }

    #[tokio::test]
    async fn an_unknown_host_is_named_and_not_replaced_by_a_default() {
        let config = Config { host: Attr::Unknown, token: Attr::Known("dapi-1".into()), ..Config::default() };
        let error = Workspace::connect(&Context::new(config, "1.11.4")).await.unwrap_err();
        assert!(error.to_string().contains("host"), "{error}");
        assert!(!error.to_string().contains("dapi-1"), "{error}");
    }
}
