//! databricks_mws_workspaces: a workspace on the customer's network, storage and keys.
//! API: <https://docs.databricks.com/api/account/workspaces>
//!
//! No `Rest`: it has a token of another API, and takes much of a plan for no change.

pub mod blocks;
mod description;
mod suppression;
mod token;

use std::collections::BTreeMap;
use std::time::Duration;

use databricks::api::account::{Network, Workspace, WorkspaceStatus};
use databricks::api::identity;
use databricks::{IfExists, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tfplugin::{
    Attr, COMPUTED, Call, Diagnostic, Error, Failed, ID, Marker, OPTIONAL, OPTIONAL_COMPUTED, Planning, Probe,
    REQUIRED, Resource, Result, Timeouts,
};
use url::Url;

use self::blocks::{CloudResourceContainer, ExternalCustomerInfo, GcpManagedNetworkConfig, GkeConfig, WorkspaceToken};
use self::description::{Found, creation, patch, state_of};
use super::mws_networks::{MwsNetworks, reasons};
use crate::clients::Account;
use crate::creation::Created;
use crate::rest::{self, Api, Place, Rest};

/// A workspace on AWS, in the network, with the storage and under the keys of the customer.
///
/// Creating one takes five to ten minutes. A workspace that fails to be created stays in the state, tainted, with what
/// Databricks says of its network, until the next apply replaces it.
///
/// What the configuration leaves out stays as it is: a network, a key, a tier or a connectivity configuration that was set
/// elsewhere is never a reason to change the workspace, let alone to replace it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MwsWorkspaces {
    /// `account_id/workspace_id`.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Databricks account. The provider's own where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state().sensitive()))]
    pub account_id: Attr<String>,
    /// Name of the workspace, as people see it.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED.replaces()))]
    pub workspace_name: Attr<String>,
    /// AWS region. Required on AWS.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub aws_region: Attr<String>,
    /// First part of the workspace's host name. An account may have a prefix that goes before it; `EMPTY` asks for just
    /// that prefix. Databricks makes one up where it is not set.
    #[schemars(regex(pattern = r"^(EMPTY|[a-z0-9]([a-z0-9-]*[a-z0-9])?)?$"), extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state()))]
    pub deployment_name: Attr<String>,
    /// `PREMIUM` or `ENTERPRISE`. The account's own where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state().ignores_case()))]
    pub pricing_tier: Attr<String>,
    /// `HYBRID`, or `SERVERLESS` for a workspace without credentials, storage and network of its own. `HYBRID` where it is
    /// not set.
    #[schemars(extend("enum" = ["HYBRID", "SERVERLESS"], "x-tf" = OPTIONAL.replaces()))]
    pub compute_mode: Attr<String>,
    /// `HYBRID` or `SERVERLESS`: what the workspace is.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub effective_compute_mode: Attr<String>,
    /// Credential configuration. Required unless the workspace is serverless.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub credentials_id: Attr<String>,
    /// Storage configuration. Required unless the workspace is serverless.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub storage_configuration_id: Attr<String>,
    /// Network configuration. Databricks makes a VPC of its own where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub network_id: Attr<String>,
    /// Customer-managed key for what the control plane stores.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub managed_services_customer_managed_key_id: Attr<String>,
    /// Customer-managed key for the root bucket and the clusters' volumes.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub storage_customer_managed_key_id: Attr<String>,
    /// Customer-managed key for what the control plane stores, by its former name.
    #[schemars(extend("x-tf" = OPTIONAL.replaces().untold().deprecated("Use managed_services_customer_managed_key_id and storage_customer_managed_key_id.")))]
    pub customer_managed_key_id: Attr<String>,
    /// Private access settings, for PrivateLink. Once attached they can be exchanged, but not removed.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub private_access_settings_id: Attr<String>,
    /// Network connectivity configuration of serverless compute. Once attached it can be exchanged, but not removed; what
    /// `databricks_mws_ncc_binding` binds is left alone where nothing is set here.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub network_connectivity_config_id: Attr<String>,
    /// Tags on the workspace's AWS objects. Existing compute gets a change within the hour.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub custom_tags: Attr<BTreeMap<String, String>>,
    /// Accepted and ignored: clusters have no public addresses in any case.
    #[schemars(extend("x-tf" = OPTIONAL.replaces().default("true")))]
    pub is_no_public_ip_enabled: Attr<bool>,
    /// What the workspace shall become: `RUNNING`, or `PROVISIONING` for one that gets its network later.
    #[schemars(extend("enum" = ["PROVISIONING", "RUNNING"], "x-tf" = OPTIONAL.untold()))]
    pub expected_workspace_status: Attr<String>,
    /// A personal access token of the provider's own principal in the workspace. Its value stands in the state. One that
    /// expired or was revoked is issued anew by the next apply; the workspace is not touched by that.
    #[schemars(extend("x-tf" = OPTIONAL.block().untold()))]
    pub token: Attr<WorkspaceToken>,
    /// The customer, where the account is a partner's.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().replaces().untold()))]
    pub external_customer_info: Attr<ExternalCustomerInfo>,
    /// Cloud of the workspace: `aws`.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub cloud: Attr<String>,
    /// Region of a workspace on Google Cloud. An account on AWS refuses it.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub location: Attr<String>,
    /// Project of a workspace on Google Cloud. An account on AWS refuses it.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().replaces()))]
    pub cloud_resource_container: Attr<CloudResourceContainer>,
    /// Network that Databricks manages on Google Cloud. An account on AWS refuses it.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().replaces()))]
    pub gcp_managed_network_config: Attr<GcpManagedNetworkConfig>,
    /// Former settings of Google Cloud. An account on AWS refuses them.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().replaces().deprecated("Databricks uses no GKE any more: remove the block.")))]
    pub gke_config: Attr<GkeConfig>,
    /// Service account of a workspace on Google Cloud.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub gcp_workspace_sa: Attr<String>,
    /// Id of the workspace.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub workspace_id: Attr<i64>,
    /// `PROVISIONING`, `RUNNING`, `FAILED`, `BANNED` or `CANCELLING`.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub workspace_status: Attr<String>,
    /// What Databricks says of the status.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub workspace_status_message: Attr<String>,
    /// Address of the workspace: the `host` of a provider for it.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub workspace_url: Attr<String>,
    /// When it was created, in milliseconds since 1970.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub creation_time: Attr<i64>,
}

/// Where the account serves them.
const API: Api = Api::collection(Workspace::PATH, "account_id/workspace_id");
/// How long a workspace takes to go at the least: it is not asked for sooner.
const GOING: Duration = Duration::from_secs(1);

/// The workspace's own id.
fn own_id(client: &Account, state: &MwsWorkspaces) -> Result<String> {
    Ok(Place::of_id(API, "workspace", state.id.text(), client)?.own().to_owned())
}

async fn get(client: &Account, id: &str) -> Result<Option<Found>> {
    let answer = client.send::<Json>(Request::get_account(Workspace::path(id))).await;
    answer.if_exists()?.map(Found::read).transpose()
}

/// Why a workspace did not come up: its own message, and what Databricks finds wrong with its network.
async fn failure(client: &Account, found: &Workspace) -> Error {
    let mut detail = found.workspace_status_message.clone();
    let network_id = &found.network_id;
    if !network_id.is_empty()
        && let Ok(network) = client.send::<Network>(Request::get_account(MwsNetworks::API.one(network_id))).await
    {
        let reasons = reasons(&network);
        if !reasons.is_empty() {
            detail.push_str(&format!("\nNetwork configuration {network_id}:\n{reasons}"));
        }
    }
    detail.push_str("\nThe workspace is kept, tainted, so that it can be looked into; the next apply replaces it.");
    Error::new(format!("it is {}", found.workspace_status)).detail(detail.trim())
}

/// Asks the new workspace who is there, until its name resolves and somebody answers.
async fn reach(cx: &Call<Account>, url: &str) -> Result<()> {
    let url: Url = url.parse()?;
    let workspace = cx.client().workspace(&url)?;
    let what = format!("{url} to answer");
    cx.poll(&what, Duration::from_millis(500), Duration::from_secs(10), async || {
        let request = identity::me().timeout(Duration::from_secs(10));
        match workspace.send::<Json>(request).await {
            Ok(_) => Ok(Probe::Done(())),
            // Somebody answered, if only to refuse: whether the caller may use the workspace is not asked here.
            Err(error) if error.status().is_some_and(|status| (400..500).contains(&status)) => Ok(Probe::Done(())),
            Err(error) => Ok(Probe::Waiting(Error::from(error).to_string())),
        }
    })
    .await
}

impl Resource for MwsWorkspaces {
    const NAME: &'static str = "databricks_mws_workspaces";
    const EXAMPLE: &'static str = r#"resource "databricks_mws_credentials" "example" {
  credentials_name = "example"
  role_arn         = "arn:aws:iam::123456789012:role/databricks"
}

resource "databricks_mws_storage_configurations" "example" {
  storage_configuration_name = "example"
  bucket_name                = "example-root-bucket"
}

resource "databricks_mws_networks" "example" {
  network_name       = "example"
  vpc_id             = "vpc-0123456789abcdef0"
  subnet_ids         = ["subnet-0123456789abcdefa", "subnet-0123456789abcdefb"]
  security_group_ids = ["sg-0123456789abcdefa"]
}

resource "databricks_mws_workspaces" "example" {
  workspace_name = "example"
  aws_region     = "eu-west-1"

  credentials_id           = databricks_mws_credentials.example.credentials_id
  storage_configuration_id = databricks_mws_storage_configurations.example.storage_configuration_id
  network_id               = databricks_mws_networks.example.network_id

  custom_tags = {
    team = "data"
  }
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("team = \"data\"", "team = \"platform\""));
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> =
        Some(("workspace_name = \"example\"", "workspace_name = \"another\""));
    const IMPORT_ID: Option<&'static str> = Some(API.id);
    const VERSION: i64 = 3;
    const TIMEOUTS: Timeouts = Timeouts::minutes(30);

    type Client = Account;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        suppression::validate(config)
    }

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        suppression::plan(planning.prior, planning.config, planning.planned, planning.replaces)
    }

    async fn create(cx: &Call<Account>, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        rest::account(plan.account_id.known().map(String::as_str), cx.client())?;
        if plan.token.is_known() {
            token::possible(cx.client())?;
        }
        // A workspace has neither tags nor a name of its own alone. One of these very configurations is this deployment's.
        if let Some(id) = standing(cx, &plan).await? {
            return Err(Error::new("there is a workspace of this name, with these credentials, storage and network")
                .exists(id)
                .into());
        }
        let request = Request::post_account(Workspace::PATH).json(&creation(&plan)?)?;
        let made = cx.client().send::<Json>(request).await.created()?;
        Ok(state_of(cx.client(), &plan, &Found::read(made)?)?)
    }

    async fn ready(cx: &Call<Account>, state: Self) -> Result<Self> {
        let client = cx.client();
        let id = &own_id(client, &state)?;
        let what = format!("the workspace {id} to run");
        let (start, most) = (Duration::from_millis(500), Duration::from_secs(15));
        let waits_for_network = state.expected_workspace_status.text() == WorkspaceStatus::Provisioning.as_str();
        let found = cx
            .poll(&what, start, most, async || match get(client, id).await? {
                Some(found) if found.api.workspace_status == WorkspaceStatus::Running => Ok(Probe::Done(found)),
                Some(found) if found.api.workspace_status.is_failed() => Err(failure(client, &found.api).await),
                Some(found) if waits_for_network => Ok(Probe::Done(found)),
                Some(found) => {
                    let seen = format!("{} {}", found.api.workspace_status, found.api.workspace_status_message);
                    Ok(Probe::Waiting(seen.trim().to_owned()))
                }
                None => Err(Error::new("it is gone").detail("It was deleted while it was being created: apply again.")),
            })
            .await?;
        let is_running = found.api.workspace_status == WorkspaceStatus::Running;
        let mut state = state_of(client, &state, &found)?;
        if is_running {
            reach(cx, state.workspace_url.text()).await?;
        }
        if state.token.known().is_some_and(|token| !token.token_value.is_known()) {
            // A workspace is not thrown away for its token: the next plan issues one in place, and says why it cannot.
            let issued = if is_running { token::issue(client, &state).await.map(Some) } else { Ok(None) };
            state.token = match issued {
                Ok(Some(issued)) => issued.into(),
                Ok(None) => state.token.map(token::lost),
                Err(error) => {
                    tracing::error!(%error, "the workspace stands, and its token could not be issued: apply again");
                    state.token.map(token::lost)
                }
            };
        }
        Ok(state)
    }

    async fn find(cx: &Call<Account>, plan: &Self, marker: &Marker) -> Result<Option<Self>> {
        let all: Vec<Json> = cx.client().send(Request::get_account(Workspace::PATH)).await?;
        let name = Json::from(plan.workspace_name.text());
        let is_ours = |one: &Json| one.get("workspace_name") == Some(&name) && API.may_be_of(cx.client(), marker, one);
        let ours = all.into_iter().find(is_ours);
        ours.map(|ours| state_of(cx.client(), plan, &Found::read(ours)?)).transpose()
    }

    /// Does not wait: a plan shows a workspace as it is, however broken.
    async fn read(cx: &Call<Account>, state: Self) -> Result<Option<Self>> {
        let id = &own_id(cx.client(), &state)?;
        let Some(found) = get(cx.client(), id).await? else { return Ok(None) };
        if found.api.workspace_status == WorkspaceStatus::Cancelling {
            // A delete was cut off. Nothing in it can be reached any more, and its name and network are not free yet.
            gone(cx, id).await?;
            return Ok(None);
        }
        let new = state_of(cx.client(), &state, &found)?;
        let token = token::read(&new).await;
        Ok(Some(Self { token, ..new }))
    }

    async fn update(cx: &Call<Account>, state: Self, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let id = &own_id(cx.client(), &state)?;
        let (body, mask) = patch(&state, &plan)?;
        if !mask.is_empty() {
            let request =
                Request::patch_account(Workspace::path(id)).query("update_mask", mask.join(",")).json(&body)?;
            cx.client().send::<Json>(request).await?;
        }
        let Some(found) = get(cx.client(), id).await? else {
            return Err(Error::new("it is gone").detail("It was deleted meanwhile.").into());
        };
        let new = state_of(cx.client(), &plan, &found)?;
        // What was updated stands in the state, whatever becomes of the token.
        let reached = Self { token: state.token.clone(), ..new.clone() };
        match token::update(cx.client(), &state, &new).await {
            Ok(token) => Ok(Self { token, ..new }),
            Err(error) => Err(Failed::with(error, reached)),
        }
    }

    async fn delete(cx: &Call<Account>, state: Self) -> Result<()> {
        let id = &own_id(cx.client(), &state)?;
        let what = format!("the workspace {id}");
        rest::remove(cx, cx.client(), &what, Request::delete_account(Workspace::path(id))).await?;
        cx.sleep(GOING).await?;
        gone(cx, id).await
    }

    fn upgrade(version: i64, state: Json) -> Result<Json> {
        Ok(description::upgrade(version, state))
    }
}

/// Waits until a workspace that is being deleted is gone.
async fn gone(cx: &Call<Account>, id: &str) -> Result<()> {
    let (start, most) = (Duration::from_millis(500), Duration::from_secs(5));
    cx.poll(&format!("the workspace {id} to be gone"), start, most, async || {
        Ok(match get(cx.client(), id).await? {
            None => Probe::Done(()),
            Some(found) => Probe::Waiting(format!("still there, {}", found.api.workspace_status)),
        })
    })
    .await
}

/// The id of a workspace that has the planned name and configurations, where these are the deployment's own.
async fn standing(cx: &Call<Account>, plan: &MwsWorkspaces) -> Result<Option<String>> {
    let wanted = [
        ("workspace_name", plan.workspace_name.text()),
        ("credentials_id", plan.credentials_id.text()),
        ("storage_configuration_id", plan.storage_configuration_id.text()),
        ("network_id", plan.network_id.text()),
    ];
    if wanted[1].1.is_empty() {
        return Ok(None);
    }
    let has =
        |one: &Json, (name, value): &(&str, &str)| one.get(*name).and_then(Json::as_str).unwrap_or_default() == *value;
    let all: Vec<Json> = cx.client().send(Request::get_account(Workspace::PATH)).await?;
    let found = all.into_iter().find(|one| wanted.iter().all(|wanted| has(one, wanted)));
    let state = found.map(|found| state_of(cx.client(), plan, &Found::read(found)?)).transpose()?;
    Ok(state.map(|state| state.id.text().to_owned()).filter(|id| !id.is_empty()))
}

#[cfg(test)]
mod tests;
