//! databricks_mws_workspaces: a workspace on the customer's network, storage and keys.
//! API: <https://docs.databricks.com/api/account/workspaces>

use std::collections::BTreeMap;
use std::time::Duration;

use databricks::Request;
use databricks::api::account::{Network, Workspace, WorkspaceStatus};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tfplugin::{
    Attr, COMPUTED, Call, Diagnostic, Error, Failed, ID, Marker, OPTIONAL, OPTIONAL_COMPUTED, Planning, Probe,
    REQUIRED, Resource, Result, Timeouts,
};
use url::Url;

use super::mws_networks::reasons;
use super::{is_of, object_id, same_account, terraform_id};
use crate::answer::{Answer, sent, text};
use crate::clients::Account;

/// The deployment name that asks for the account's prefix and nothing behind it.
const PREFIX_ONLY: &str = "EMPTY";

/// A workspace on AWS, in the network, with the storage and under the keys of the customer.
///
/// Creating one takes five to ten minutes. A workspace that fails to be created stays in the state, tainted, with what
/// Databricks says of its network, until the next apply replaces it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct MwsWorkspaces {
    /// `account_id/workspace_id`.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Databricks account. The provider's own where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state()))]
    pub account_id: Attr<String>,
    /// Name of the workspace, as people see it.
    #[schemars(length(min = 1, max = 256), extend("x-tf" = REQUIRED.replaces()))]
    pub workspace_name: Attr<String>,
    /// AWS region.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub aws_region: Attr<String>,
    /// First part of the workspace's host name. An account may have a prefix that goes before it; `EMPTY` asks for just
    /// that prefix. Databricks makes one up where it is not set.
    #[schemars(regex(pattern = r"^(EMPTY|[a-z0-9]([a-z0-9-]*[a-z0-9])?)$"), extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state()))]
    pub deployment_name: Attr<String>,
    /// `PREMIUM` or `ENTERPRISE`. The account's own where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state()))]
    pub pricing_tier: Attr<String>,
    /// `HYBRID`, or `SERVERLESS` for a workspace without credentials, storage and network of its own.
    #[schemars(extend("enum" = ["HYBRID", "SERVERLESS"], "x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state()))]
    pub compute_mode: Attr<String>,
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
    /// Private access settings, for PrivateLink. Once attached they can be exchanged, but not removed.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub private_access_settings_id: Attr<String>,
    /// Network connectivity configuration of serverless compute.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub network_connectivity_config_id: Attr<String>,
    /// Tags on the workspace's AWS objects. Existing compute gets a change within the hour.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub custom_tags: Attr<BTreeMap<String, String>>,
    /// Accepted and ignored: clusters have no public addresses in any case.
    #[schemars(extend("x-tf" = OPTIONAL.untold()))]
    pub is_no_public_ip_enabled: Attr<bool>,
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

/// The deployment's name as Terraform has it: the configured one, if the server's is it behind the account's prefix.
fn deployment_name(known: &Attr<String>, found: &str) -> Attr<String> {
    match known.known() {
        Some(configured) if configured == PREFIX_ONLY => configured.as_str().into(),
        Some(configured) if found.strip_suffix(configured.as_str()).is_some_and(|prefix| prefix.ends_with('-')) => {
            configured.as_str().into()
        }
        _ => found.into(),
    }
}

/// `found` as the state; `known` has what the API does not tell, and how the configuration writes it.
fn state_of(client: &Account, known: &MwsWorkspaces, found: Workspace) -> Result<MwsWorkspaces> {
    let account_id = client.account_id()?;
    let workspace_id = found.workspace_id.unwrap_or_default();
    let url = found.url(client.host());
    Ok(MwsWorkspaces {
        id: terraform_id(account_id, &workspace_id.to_string()),
        account_id: account_id.into(),
        workspace_name: found.workspace_name.into(),
        aws_region: text(found.aws_region),
        deployment_name: deployment_name(&known.deployment_name, &found.deployment_name),
        pricing_tier: text(found.pricing_tier),
        compute_mode: text(found.compute_mode),
        credentials_id: text(found.credentials_id),
        storage_configuration_id: text(found.storage_configuration_id),
        network_id: text(found.network_id),
        managed_services_customer_managed_key_id: text(found.managed_services_customer_managed_key_id),
        storage_customer_managed_key_id: text(found.storage_customer_managed_key_id),
        private_access_settings_id: text(found.private_access_settings_id),
        network_connectivity_config_id: text(found.network_connectivity_config_id),
        custom_tags: match (&known.custom_tags, found.custom_tags.unwrap_or_default()) {
            (Attr::Null | Attr::Unknown, tags) if tags.is_empty() => Attr::Null,
            (_, tags) => tags.into(),
        },
        is_no_public_ip_enabled: known.is_no_public_ip_enabled.clone(),
        workspace_id: workspace_id.into(),
        workspace_status: found.workspace_status.as_str().into(),
        workspace_status_message: text(found.workspace_status_message),
        workspace_url: url.map(|url| url.as_str().trim_end_matches('/').to_owned()).into(),
        creation_time: found.creation_time.into(),
    })
}

fn request_of(plan: &MwsWorkspaces) -> Workspace {
    Workspace {
        workspace_name: sent(&plan.workspace_name),
        aws_region: sent(&plan.aws_region),
        deployment_name: sent(&plan.deployment_name),
        pricing_tier: sent(&plan.pricing_tier),
        compute_mode: sent(&plan.compute_mode),
        credentials_id: sent(&plan.credentials_id),
        storage_configuration_id: sent(&plan.storage_configuration_id),
        network_id: sent(&plan.network_id),
        managed_services_customer_managed_key_id: sent(&plan.managed_services_customer_managed_key_id),
        storage_customer_managed_key_id: sent(&plan.storage_customer_managed_key_id),
        private_access_settings_id: sent(&plan.private_access_settings_id),
        network_connectivity_config_id: sent(&plan.network_connectivity_config_id),
        custom_tags: plan.custom_tags.known().cloned(),
        ..Workspace::default()
    }
}

/// What an update sends: the fields that differ, and their names for the query's `update_mask`.
fn patch_of(state: &MwsWorkspaces, plan: &MwsWorkspaces) -> (Workspace, Vec<&'static str>) {
    let mut patch = Workspace::default();
    let mut mask = Vec::new();
    let fields = [
        ("credentials_id", &state.credentials_id, &plan.credentials_id, &mut patch.credentials_id),
        ("network_id", &state.network_id, &plan.network_id, &mut patch.network_id),
        (
            "managed_services_customer_managed_key_id",
            &state.managed_services_customer_managed_key_id,
            &plan.managed_services_customer_managed_key_id,
            &mut patch.managed_services_customer_managed_key_id,
        ),
        (
            "storage_customer_managed_key_id",
            &state.storage_customer_managed_key_id,
            &plan.storage_customer_managed_key_id,
            &mut patch.storage_customer_managed_key_id,
        ),
        (
            "private_access_settings_id",
            &state.private_access_settings_id,
            &plan.private_access_settings_id,
            &mut patch.private_access_settings_id,
        ),
    ];
    for (name, before, after, field) in fields {
        if let Some(value) = after.known()
            && before != after
        {
            *field = value.clone();
            mask.push(name);
        }
    }
    if !plan.custom_tags.is_unknown() && state.custom_tags.or_default() != plan.custom_tags.or_default() {
        patch.custom_tags = Some(plan.custom_tags.or_default());
        mask.push("custom_tags");
    }
    (patch, mask)
}

async fn get(client: &Account, id: &str) -> Result<Option<Workspace>> {
    client
        .send::<Workspace>(Request::get_account(format!("/workspaces/{id}")))
        .await
        .if_exists(|| format!("read the workspace {id}"))
}

/// Why a workspace did not come up: its own message, and what Databricks finds wrong with its network.
async fn failure(client: &Account, found: &Workspace) -> Error {
    let mut detail = found.workspace_status_message.clone();
    let network_id = &found.network_id;
    if !network_id.is_empty()
        && let Ok(network) = client.send::<Network>(Request::get_account(format!("/networks/{network_id}"))).await
    {
        let reasons = reasons(&network);
        if !reasons.is_empty() {
            detail.push_str(&format!("\nNetwork configuration {network_id}:\n{reasons}"));
        }
    }
    detail.push_str("\nThe workspace is kept, tainted, so that it can be looked into; the next apply replaces it.");
    Error::new(format!("The workspace {:?} is {}", found.workspace_name, found.workspace_status)).detail(detail.trim())
}

/// Asks the new workspace who is there, until its name resolves and somebody answers.
async fn reach(cx: &Call<Account>, url: &str) -> Result<()> {
    let url: Url = url.parse()?;
    let workspace = cx.client().workspace(&url)?;
    let what = format!("{url} to answer");
    cx.poll(&what, Duration::from_millis(500), Duration::from_secs(10), async || {
        let request = Request::get("/api/2.0/preview/scim/v2/Me").timeout(Duration::from_secs(10));
        match workspace.send::<Value>(request).await {
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
    const IMPORT_ID: Option<&'static str> = Some("account_id/workspace_id");
    const TIMEOUTS: Timeouts = Timeouts::minutes(30);

    type Client = Account;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        if config.compute_mode.is_unknown() || config.compute_mode.text() == "SERVERLESS" {
            return Vec::new();
        }
        [("credentials_id", &config.credentials_id), ("storage_configuration_id", &config.storage_configuration_id)]
            .into_iter()
            .filter(|(_, attribute)| attribute.is_null())
            .map(|(name, _)| {
                Error::new(format!("{name} is missing"))
                    .detail("A workspace needs it unless its compute_mode is SERVERLESS.")
                    .at(name)
                    .into()
            })
            .collect()
    }

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        let Some(prior) = planning.prior else { return Ok(()) };
        // The API can exchange these, and cannot take them away.
        let removed = [
            ("network_id", &prior.network_id, &planning.planned.network_id),
            (
                "managed_services_customer_managed_key_id",
                &prior.managed_services_customer_managed_key_id,
                &planning.planned.managed_services_customer_managed_key_id,
            ),
            (
                "storage_customer_managed_key_id",
                &prior.storage_customer_managed_key_id,
                &planning.planned.storage_customer_managed_key_id,
            ),
            (
                "private_access_settings_id",
                &prior.private_access_settings_id,
                &planning.planned.private_access_settings_id,
            ),
        ]
        .into_iter()
        .filter(|(_, before, after)| before.is_known() && after.is_null());
        planning.replaces.extend(removed.map(|(name, ..)| name.into()));
        Ok(())
    }

    async fn create(cx: &Call<Account>, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        same_account(&plan.account_id, cx.client().account_id()?)?;
        let action = || format!("create the workspace {:?}", plan.workspace_name.text());
        let request = Request::post_account("/workspaces").json(&request_of(&plan)).or_say(action)?;
        let made = cx.client().send::<Workspace>(request).await.or_say(action)?;
        Ok(state_of(cx.client(), &plan, made)?)
    }

    async fn ready(cx: &Call<Account>, state: Self) -> Result<Self> {
        let client = cx.client();
        let id = object_id("workspace", state.id.text(), client.account_id()?)?;
        let what = format!("the workspace {id} to run");
        let (start, most) = (Duration::from_millis(500), Duration::from_secs(15));
        let found = cx
            .poll(&what, start, most, async || match get(client, id).await? {
                Some(found) if found.workspace_status == WorkspaceStatus::Running => Ok(Probe::Done(found)),
                Some(found) if found.workspace_status.is_failed() => Err(failure(client, &found).await),
                Some(found) => {
                    let seen = format!("{} {}", found.workspace_status, found.workspace_status_message);
                    Ok(Probe::Waiting(seen.trim().to_owned()))
                }
                None => Err(Error::new(format!("The workspace {id} is gone"))
                    .detail("It was deleted while it was being created: apply again.")),
            })
            .await?;
        let state = state_of(client, &state, found)?;
        reach(cx, state.workspace_url.text()).await?;
        Ok(state)
    }

    async fn find(cx: &Call<Account>, plan: &Self, marker: &Marker) -> Result<Option<Self>> {
        let all: Vec<Workspace> =
            cx.client().send(Request::get_account("/workspaces")).await.or_say(|| "list the workspaces".into())?;
        all.into_iter()
            .find(|one| one.workspace_name == plan.workspace_name.text() && is_of(marker, one.creation_time))
            .map(|one| state_of(cx.client(), plan, one))
            .transpose()
    }

    /// Does not wait: a plan shows a workspace as it is, however broken.
    async fn read(cx: &Call<Account>, state: Self) -> Result<Option<Self>> {
        let id = object_id("workspace", state.id.text(), cx.client().account_id()?)?;
        let found = get(cx.client(), id).await?;
        found.map(|found| state_of(cx.client(), &state, found)).transpose()
    }

    async fn update(cx: &Call<Account>, state: Self, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let id = object_id("workspace", state.id.text(), cx.client().account_id()?)?;
        let (patch, mask) = patch_of(&state, &plan);
        let action = || format!("update the workspace {id}");
        if !mask.is_empty() {
            let path = format!("/workspaces/{id}");
            let request =
                Request::patch_account(&path).query("update_mask", mask.join(",")).json(&patch).or_say(action)?;
            cx.client().send::<Value>(request).await.or_say(action)?;
        }
        match get(cx.client(), id).await? {
            Some(found) => Ok(state_of(cx.client(), &plan, found)?),
            None => Err(Error::new(format!("The workspace {id} is gone")).detail("It was deleted meanwhile.").into()),
        }
    }

    async fn delete(cx: &Call<Account>, state: Self) -> Result<()> {
        super::delete_and_wait(cx, "/workspaces", "workspace", state.id.text()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_accounts_prefix_is_no_change_of_the_deployment_name() {
        let check = |known: Attr<String>, found: &str, expected: &str| {
            assert_eq!(deployment_name(&known, found).text(), expected, "{known:?} {found}");
        };
        check("team".into(), "team", "team");
        check("team".into(), "acme-team", "team");
        check("EMPTY".into(), "acme", "EMPTY");
        check("team".into(), "acmeteam", "acmeteam");
        check("team".into(), "acme-other", "acme-other");
        check(Attr::Unknown, "dbc-1", "dbc-1");
        check(Attr::Null, "dbc-1", "dbc-1");
    }

    #[test]
    fn an_update_sends_what_differs_and_names_it() {
        let tags = |value: &str| Attr::Known(BTreeMap::from([("team".to_owned(), value.to_owned())]));
        let state = MwsWorkspaces { network_id: "n-1".into(), custom_tags: tags("data"), ..Default::default() };
        let check = |plan: MwsWorkspaces, expected: &[&str]| assert_eq!(patch_of(&state, &plan).1, expected);
        check(state.clone(), &[]);
        check(MwsWorkspaces { network_id: "n-2".into(), ..state.clone() }, &["network_id"]);
        check(MwsWorkspaces { custom_tags: tags("platform"), ..state.clone() }, &["custom_tags"]);
        check(MwsWorkspaces { custom_tags: Attr::Null, ..state.clone() }, &["custom_tags"]);
        check(MwsWorkspaces { workspace_status: Attr::Unknown, network_id: Attr::Unknown, ..state.clone() }, &[]);
    }
}
