//! The Databricks clients that resources ask for: of the account, of a workspace, or of either.

use std::ops::Deref;
use std::sync::Arc;

use tfplugin::{Attr, Diagnostic, Error, Result};
use tokio::sync::OnceCell;

use crate::admission::Admission;
use crate::level::{self, ProviderConfig};

/// The Databricks side of a configured provider: its configuration, and the client that is made of it when the first
/// resource asks.
#[derive(Debug)]
pub struct DatabricksContext {
    config: databricks::Config,
    client: OnceCell<databricks::Client>,
    admission: Admission,
}

impl DatabricksContext {
    /// The context of a client's configuration, which names what is not known yet.
    pub fn new(config: databricks::Config) -> Self {
        Self { config, client: OnceCell::new(), admission: Admission::default() }
    }

    /// What of the configuration is known only after an apply.
    fn unknown(&self) -> Vec<&'static str> {
        self.config.unknown.iter().copied().collect()
    }

    /// The client, made once; whether it is an account's or a workspace's is for the caller to check.
    async fn client(&self) -> Result<databricks::Client> {
        let make = || async { databricks::Client::new(self.config.clone()) };
        self.client.get_or_try_init(make).await.cloned().map_err(|error| match error {
            // The names of what is unknown stand in the message.
            error @ databricks::Error::Unknown { .. } => Error::from(error).at("host"),
            error => Error::from(error),
        })
    }

    /// What stands against a change through the client `T`: that it is of the other level, or that the service does not take it.
    /// Nobody can say while the configuration is not known.
    async fn obstacle<T, C>(&self, context: &C) -> Option<Diagnostic>
    where
        T: tfplugin::Client<C>,
        C: Sync,
    {
        if !self.config.unknown.is_empty() {
            return None;
        }
        let client = self.client().await;
        match (client.is_ok(), T::connect(context).await) {
            (true, Err(of_another_level)) => Some(of_another_level.into()),
            _ => self.admission.refusal(client).await,
        }
    }
}

/// The client of an account: for the `databricks_mws_*` resources.
#[derive(Debug, Clone)]
pub struct Account(databricks::Client);

/// The client of a workspace.
#[derive(Debug, Clone)]
pub struct Workspace(databricks::Client);

/// The client of a workspace, or of the account of all workspaces among which an object's `provider_config` chooses.
#[derive(Debug, Clone)]
pub struct AnyWorkspace(databricks::Client);

/// The client of an account or of a workspace, for what exists in both (a service principal, say).
#[derive(Debug, Clone)]
pub struct Either(databricks::Client);

/// A client that finds the one of an object: the level that its `api` names, and the workspace that its `provider_config` does.
pub trait Reach: Deref<Target = databricks::Client> + Send + Sync + 'static {
    /// The client of an object that says so of itself.
    fn reach(
        &self,
        api: &Attr<String>,
        config: &Attr<ProviderConfig>,
    ) -> impl Future<Output = Result<databricks::Client>> + Send;
}

impl Reach for Account {
    async fn reach(&self, _: &Attr<String>, _: &Attr<ProviderConfig>) -> Result<databricks::Client> {
        Ok(self.0.clone())
    }
}

impl Reach for Workspace {
    async fn reach(&self, _: &Attr<String>, config: &Attr<ProviderConfig>) -> Result<databricks::Client> {
        level::workspace(self, config).await
    }
}

impl Reach for AnyWorkspace {
    async fn reach(&self, _: &Attr<String>, config: &Attr<ProviderConfig>) -> Result<databricks::Client> {
        level::workspace(self, config).await
    }
}

impl Reach for Either {
    async fn reach(&self, api: &Attr<String>, config: &Attr<ProviderConfig>) -> Result<databricks::Client> {
        level::client(self, api, config).await
    }
}

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
client!(AnyWorkspace);
client!(Either);

impl<C: AsRef<DatabricksContext> + Send + Sync> tfplugin::Client<C> for Account {
    const LEVEL: &'static str = "account";

    fn unknown(context: &C) -> Vec<&'static str> {
        context.as_ref().unknown()
    }

    async fn obstacle(context: &C) -> Option<Diagnostic> {
        context.as_ref().obstacle::<Self, C>(context).await
    }

    async fn connect(context: &C) -> Result<Arc<Self>> {
        let client = context.as_ref().client().await?;
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

impl<C: AsRef<DatabricksContext> + Send + Sync> tfplugin::Client<C> for Workspace {
    const LEVEL: &'static str = "workspace";

    fn unknown(context: &C) -> Vec<&'static str> {
        context.as_ref().unknown()
    }

    async fn obstacle(context: &C) -> Option<Diagnostic> {
        context.as_ref().obstacle::<Self, C>(context).await
    }

    async fn connect(context: &C) -> Result<Arc<Self>> {
        let client = context.as_ref().client().await?;
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

impl<C: AsRef<DatabricksContext> + Send + Sync> tfplugin::Client<C> for AnyWorkspace {
    const LEVEL: &'static str = "workspace";

    fn unknown(context: &C) -> Vec<&'static str> {
        context.as_ref().unknown()
    }

    async fn obstacle(context: &C) -> Option<Diagnostic> {
        context.as_ref().obstacle::<Self, C>(context).await
    }

    async fn connect(context: &C) -> Result<Arc<Self>> {
        Ok(Arc::new(Self(context.as_ref().client().await?)))
    }
}

impl<C: AsRef<DatabricksContext> + Send + Sync> tfplugin::Client<C> for Either {
    const LEVEL: &'static str = "either";

    fn unknown(context: &C) -> Vec<&'static str> {
        context.as_ref().unknown()
    }

    async fn obstacle(context: &C) -> Option<Diagnostic> {
        context.as_ref().obstacle::<Self, C>(context).await
    }

    async fn connect(context: &C) -> Result<Arc<Self>> {
        Ok(Arc::new(Self(context.as_ref().client().await?)))
    }
}

#[cfg(test)]
mod tests {
    use tfplugin::Client;

    use super::*;

    struct Context(DatabricksContext);

    impl AsRef<DatabricksContext> for Context {
        fn as_ref(&self) -> &DatabricksContext {
            &self.0
        }
    }

    fn context(host: &str) -> Context {
        let config = databricks::Config {
            host: Some(host.into()),
            account_id: Some("0e1f2a3b-0000-4000-8000-000000000000".into()),
            client_id: Some("id".into()),
            client_secret: Some("secret".into()),
            ..databricks::Config::default()
        };
        Context(DatabricksContext::new(config))
    }

    #[test]
    fn a_configuration_that_is_not_known_yet_is_told_from_a_wrong_one() {
        let unknown = databricks::Config { unknown: ["token"].into(), ..databricks::Config::default() };
        let unknown = Context(DatabricksContext::new(unknown));
        let unknown = [Workspace::unknown(&unknown), Account::unknown(&unknown), Either::unknown(&unknown)];
        assert!(unknown.iter().all(|names| *names == ["token"]), "{unknown:?}");
        assert_eq!(Workspace::unknown(&context("https://dbc-1234.cloud.databricks.com")), [""; 0]);
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
}
