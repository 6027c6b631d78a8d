//! Where an object stands that an account and its workspaces may have: what `api` and `provider_config` say of it, under a provider of an
//! account or of a workspace.

use databricks::Client;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tfplugin::{Attr, Call, Error, OPTIONAL_COMPUTED, Object, Planning, Resource, Result, reconcile};

use crate::clients::{AnyWorkspace, Workspace};

/// The workspace that the object stands in, where the provider is configured for an account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProviderConfig {
    /// Id of the workspace.
    #[schemars(length(min = 1), extend("x-tf" = OPTIONAL_COMPUTED))]
    pub workspace_id: Attr<String>,
}

/// The id of the workspace that a `provider_config` block names.
fn workspace_id(config: &Attr<ProviderConfig>) -> Option<&str> {
    config.known().map(|config| config.workspace_id.text()).filter(|id| !id.is_empty())
}

/// The client of the level that `api` names and of the workspace that `config` names.
pub(crate) async fn client(provider: &Client, api: &Attr<String>, config: &Attr<ProviderConfig>) -> Result<Client> {
    match (provider.is_account(), api.text(), workspace_id(config)) {
        (true, "" | "workspace", Some(_)) | (true, "workspace", None) => workspace(provider, config).await,
        (false, "account", _) => {
            Err(Error::new("The object stands in the account, and the provider is configured for a workspace")
                .detail("Use a provider whose host is the account console, or leave api out.")
                .at("api"))
        }
        (false, _, _) => workspace(provider, config).await,
        (true, _, _) => Ok(provider.clone()),
    }
}

/// The workspace that `config` names; without one the provider's own.
pub(crate) async fn workspace(provider: &Client, config: &Attr<ProviderConfig>) -> Result<Client> {
    match workspace_id(config) {
        Some(id) if provider.is_account() => Ok(provider.workspace_by_id(id).await?),
        Some(id) => is_of(provider, id).await.map(|()| provider.clone()),
        None if provider.is_account() => Err(unsaid()),
        None => Ok(provider.clone()),
    }
}

/// A call in the workspace that `config` names.
pub(crate) async fn call(cx: &Call<AnyWorkspace>, config: &Attr<ProviderConfig>) -> Result<Call<Workspace>> {
    Ok(cx.with(workspace(cx.client(), config).await?.into()))
}

fn unsaid() -> Error {
    Error::new("It is not said which workspace the object stands in")
        .detail("The provider is configured for an account: name the workspace in provider_config, or use a provider whose host is it.")
        .at("provider_config")
}

/// What a plan says of where an object stands: that it is said, and that another workspace is another object.
pub(crate) fn plan<R>(planning: &mut Planning<'_, R>, of: fn(&R) -> &Attr<ProviderConfig>) -> Result<()>
where
    R: Resource<Client = AnyWorkspace>,
{
    let is_account = planning.client.is_some_and(|provider| provider.is_account());
    if is_account && of(planning.config).is_null() && planning.prior.and_then(|prior| workspace_id(of(prior))).is_none()
    {
        return Err(unsaid());
    }
    if planning.prior.is_some_and(|prior| moves(of(prior), of(planning.planned))) {
        planning.replaces.push("provider_config".into());
    }
    Ok(())
}

async fn is_of(provider: &Client, id: &str) -> Result<()> {
    let own = provider.workspace_id().await?;
    if own == id {
        return Ok(());
    }
    Err(Error::new(format!("The provider is configured for the workspace {own}, and the object stands in {id}"))
        .detail("Use a provider whose host is that workspace, or whose host is the account console.")
        .at("provider_config"))
}

/// What an object says of where it stands: its `api`, and its `provider_config`.
pub(crate) fn of<T: Object>(object: &T) -> Result<(Attr<String>, Attr<ProviderConfig>)> {
    let tree = reconcile::tree(object)?;
    let text = |at: &str| tree.pointer(at).and_then(Json::as_str).map(str::to_owned);
    let config = text("/provider_config/workspace_id").map(|id| ProviderConfig { workspace_id: id.into() });
    Ok((text("/api").into(), config.into()))
}

/// Whether an object moves to another workspace, which makes it another object. One that was made without saying where stays.
pub(crate) fn moves(prior: &Attr<ProviderConfig>, planned: &Attr<ProviderConfig>) -> bool {
    matches!((workspace_id(prior), workspace_id(planned)), (Some(before), Some(after)) if before != after)
}

/// The block as a state has it: none where none was configured. The official provider writes the workspace's id unasked; one that is in a
/// state stays.
pub(crate) fn settled(config: Attr<ProviderConfig>) -> Attr<ProviderConfig> {
    let workspace_id = |config: ProviderConfig| config.workspace_id.into_known();
    let known = config.into_known().and_then(workspace_id);
    known.map(|id| ProviderConfig { workspace_id: id.into() }).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Cloud;

    fn config(id: &str) -> Attr<ProviderConfig> {
        ProviderConfig { workspace_id: id.into() }.into()
    }

    #[test]
    fn only_from_one_named_workspace_to_another_an_object_moves() {
        let check = |prior: &Attr<ProviderConfig>, planned: &Attr<ProviderConfig>, expected: bool| {
            assert_eq!(moves(prior, planned), expected, "{prior:?} {planned:?}");
        };
        check(&config("1"), &config("2"), true);
        check(&config("1"), &config("1"), false);
        check(&Attr::Null, &config("2"), false);
        check(&config("1"), &Attr::Null, false);
        check(&config(""), &config("2"), false);
    }

    #[tokio::test]
    async fn an_account_reaches_a_workspace_by_its_id_and_a_workspace_itself_alone() {
        let cloud = Cloud::start().await;
        let (id, host) = cloud.new_workspace().await;
        let id = id.to_string();
        let account = cloud.either();
        let account = &**account.client();
        let reached = client(account, &Attr::Null, &config(&id)).await.unwrap();
        assert_eq!(reached.host().as_str().trim_end_matches('/'), host.trim_end_matches('/'));
        assert!(client(account, &Attr::Null, &Attr::Null).await.unwrap().is_account());
        assert!(client(account, &"account".into(), &config(&id)).await.unwrap().is_account());
        let error = client(account, &"workspace".into(), &Attr::Null).await.unwrap_err();
        assert!(error.to_string().contains("provider_config"), "{error}");

        assert!(!client(&reached, &"workspace".into(), &config(&id)).await.unwrap().is_account());
        let error = client(&reached, &Attr::Null, &config("1")).await.unwrap_err();
        assert!(error.to_string().contains(&format!("the workspace {id}, and the object stands in 1")), "{error}");
        let error = client(&reached, &"account".into(), &Attr::Null).await.unwrap_err();
        assert!(error.to_string().contains("configured for a workspace"), "{error}");
    }
}
