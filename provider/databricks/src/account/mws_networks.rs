//! databricks_mws_networks: the customer's VPC in which a workspace's clusters run.
//! API: <https://docs.databricks.com/api/account/networks>

use databricks::Request;
use databricks::api::account::{Network, NetworkVpcEndpoints};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{
    Attr, COMPUTED, Call, Diagnostic, Error, Failed, ID, Marker, OPTIONAL, OPTIONAL_COMPUTED, REQUIRED, Resource,
    Result, Set,
};

use super::{is_of, object_id, same_account, terraform_id};
use crate::answer::Answer;
use crate::clients::Account;

/// Registered VPC endpoints for PrivateLink between the clusters and the control plane.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct VpcEndpoints {
    /// Ids of the endpoint configuration for the workspace's REST API.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub rest_api: Attr<Set<String>>,
    /// Ids of the endpoint configuration for the relay of secure cluster connectivity.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub dataplane_relay: Attr<Set<String>>,
}

/// What Databricks found wrong with a part of the network.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct NetworkError {
    /// What is wrong: `credentials`, `vpc`, `subnet`, `securityGroup` or `networkAcl`.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub error_type: Attr<String>,
    /// The reason.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub error_message: Attr<String>,
}

/// What Databricks found doubtful about a part of the network.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct NetworkWarning {
    /// What is doubtful: `subnet` or `securityGroup`.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub warning_type: Attr<String>,
    /// The reason.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub warning_message: Attr<String>,
}

/// A network configuration: the VPC, private subnets and security groups of a workspace's clusters.
///
/// A subnet and a security group can be in one network configuration only. To replace the network of a workspace, give the
/// new one another name and set `lifecycle { create_before_destroy = true }`: the workspace moves over, then the old one goes.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct MwsNetworks {
    /// `account_id/network_id`.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Databricks account. The provider's own where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state()))]
    pub account_id: Attr<String>,
    /// Name of the configuration, as the account console shows it.
    #[schemars(length(min = 4, max = 256), extend("x-tf" = REQUIRED.replaces()))]
    pub network_name: Attr<String>,
    /// The VPC, with DNS host names and DNS resolution enabled.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub vpc_id: Attr<String>,
    /// Private subnets, two at least, each in another availability zone.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub subnet_ids: Attr<Set<String>>,
    /// Security groups of the clusters' instances, one to five.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub security_group_ids: Attr<Set<String>>,
    /// VPC endpoints for PrivateLink.
    #[schemars(extend("x-tf" = OPTIONAL.replaces().block()))]
    pub vpc_endpoints: Attr<VpcEndpoints>,
    /// Id of the configuration.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub network_id: Attr<String>,
    /// `UNATTACHED` until a workspace uses the network; then `VALID`, `WARNED` or `BROKEN`.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub vpc_status: Attr<String>,
    /// What is wrong with the network.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub error_messages: Attr<Vec<NetworkError>>,
    /// What is doubtful about the network.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub warning_messages: Attr<Vec<NetworkWarning>>,
    /// Workspace that uses the network; 0 while there is none.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub workspace_id: Attr<i64>,
    /// When it was created, in milliseconds since 1970.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub creation_time: Attr<i64>,
}

fn state_of(account_id: &str, found: Network) -> MwsNetworks {
    let endpoints = found.vpc_endpoints.filter(|one| !one.rest_api.is_empty() || !one.dataplane_relay.is_empty());
    MwsNetworks {
        id: terraform_id(account_id, &found.network_id),
        account_id: account_id.into(),
        network_name: found.network_name.into(),
        vpc_id: found.vpc_id.into(),
        subnet_ids: Set(found.subnet_ids).into(),
        security_group_ids: Set(found.security_group_ids).into(),
        vpc_endpoints: endpoints
            .map(|one| VpcEndpoints {
                rest_api: Set(one.rest_api).into(),
                dataplane_relay: Set(one.dataplane_relay).into(),
            })
            .into(),
        network_id: found.network_id.into(),
        vpc_status: found.vpc_status.as_str().into(),
        error_messages: Attr::Known(
            found
                .error_messages
                .into_iter()
                .map(|one| NetworkError { error_type: one.error_type.into(), error_message: one.error_message.into() })
                .collect(),
        ),
        warning_messages: Attr::Known(
            found
                .warning_messages
                .into_iter()
                .map(|one| NetworkWarning {
                    warning_type: one.warning_type.into(),
                    warning_message: one.warning_message.into(),
                })
                .collect(),
        ),
        workspace_id: found.workspace_id.unwrap_or_default().into(),
        creation_time: found.creation_time.into(),
    }
}

fn request_of(plan: &MwsNetworks) -> Network {
    Network {
        network_name: plan.network_name.text().to_owned(),
        vpc_id: plan.vpc_id.text().to_owned(),
        subnet_ids: plan.subnet_ids.or_default().0,
        security_group_ids: plan.security_group_ids.or_default().0,
        vpc_endpoints: plan.vpc_endpoints.known().map(|one| NetworkVpcEndpoints {
            rest_api: one.rest_api.or_default().0,
            dataplane_relay: one.dataplane_relay.or_default().0,
        }),
        ..Network::default()
    }
}

/// The network's own account of what is wrong with it, one reason a line; empty if nothing is.
pub(crate) fn reasons(network: &Network) -> String {
    let lines: Vec<String> =
        network.error_messages.iter().map(|one| format!("{}: {}", one.error_type, one.error_message)).collect();
    lines.join("\n")
}

impl Resource for MwsNetworks {
    const NAME: &'static str = "databricks_mws_networks";
    const SUBCATEGORY: &'static str = "Account";
    const EXAMPLE: &'static str = r#"resource "databricks_mws_networks" "example" {
  network_name       = "example"
  vpc_id             = "vpc-0123456789abcdef0"
  subnet_ids         = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  security_group_ids = ["sg-0123456789abcdef0"]
}
"#;
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> =
        Some(("sg-0123456789abcdef0", "sg-0123456789abcdef1"));
    const IMPORT_ID: Option<&'static str> = Some("account_id/network_id");
    const IMMUTABLE: bool = true;

    type Client = Account;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        if let Some(subnets) = config.subnet_ids.known()
            && subnets.len() < 2
        {
            let error = Error::new("A workspace needs two subnets at least")
                .detail("Databricks asks for private subnets in two or more availability zones.");
            found.push(error.at("subnet_ids").into());
        }
        if let Some(groups) = config.security_group_ids.known()
            && !(1..=5).contains(&groups.len())
        {
            let error = Error::new(format!("A workspace takes one to five security groups, not {}", groups.len()));
            found.push(error.at("security_group_ids").into());
        }
        found
    }

    async fn create(cx: &Call<Account>, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let account_id = cx.client().account_id()?;
        same_account(&plan.account_id, account_id)?;
        let action = || format!("create the network configuration {:?}", plan.network_name.text());
        let request = Request::post_account("/networks").json(&request_of(&plan)).or_say(action)?;
        Ok(state_of(account_id, cx.client().send(request).await.or_say(action)?))
    }

    async fn find(cx: &Call<Account>, plan: &Self, marker: &Marker) -> Result<Option<Self>> {
        let account_id = cx.client().account_id()?;
        let all: Vec<Network> = cx
            .client()
            .send(Request::get_account("/networks"))
            .await
            .or_say(|| "list the network configurations".into())?;
        Ok(all.into_iter().filter(|one| is_of(marker, one.creation_time)).map(|one| state_of(account_id, one)).find(
            |one| {
                one.network_name == plan.network_name
                    && one.vpc_id == plan.vpc_id
                    && one.subnet_ids == plan.subnet_ids
                    && one.security_group_ids == plan.security_group_ids
            },
        ))
    }

    async fn read(cx: &Call<Account>, state: Self) -> Result<Option<Self>> {
        let account_id = cx.client().account_id()?;
        let id = object_id("network configuration", state.id.text(), account_id)?;
        let found = cx
            .client()
            .send::<Network>(Request::get_account(format!("/networks/{id}")))
            .await
            .if_exists(|| format!("read the network configuration {id}"))?;
        Ok(found.map(|found| state_of(account_id, found)))
    }

    async fn update(_: &Call<Account>, state: Self, _: Self) -> std::result::Result<Self, Failed<Self>> {
        Ok(state)
    }

    async fn delete(cx: &Call<Account>, state: Self) -> Result<()> {
        super::delete(cx, "/networks", "network configuration", state.id.text()).await
    }
}
