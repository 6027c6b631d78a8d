//! databricks_aws_vpc_endpoint: a private way from a VPC to a service.
//! API: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcEndpoint.html>.

use std::time::Duration;

use aws_sdk_ec2::types::{self, ResourceType, VpcEndpointType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{
    Attr, COMPUTED, Call, Diagnostic, Error, Failed, ID, Marked, Marker, OPTIONAL, OPTIONAL_COMPUTED, Planning, Probe,
    REQUIRED, Resource, Result, Set, Timeouts,
};

use super::client::Aws;
use super::create::{FAST, SLOW, VISIBLE_WITHIN, once, retrying, settled};
use super::ec2::{filter, gone_meanwhile, minus, none_if_absent, texts};
use super::errors::{Explain, Fault};
use super::marks;
use super::policy;
use super::tag_limits;
use super::tags::{self, Tags};

/// A VPC endpoint: a private way to a service, through routes (`Gateway`: S3, DynamoDB; free) or through network interfaces in
/// subnets (`Interface`: STS, Kinesis, Databricks' own services; paid by the hour).
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct VpcEndpoint {
    /// Id of the endpoint.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// VPC that it belongs to.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub vpc_id: Attr<String>,
    /// The service: `com.amazonaws.eu-west-1.s3`.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub service_name: Attr<String>,
    /// How it leads to the service: through routes or through network interfaces.
    #[schemars(extend("enum" = ["Gateway", "Interface", "GatewayLoadBalancer"], "x-tf" = OPTIONAL.default("\"Gateway\"").replaces()))]
    pub vpc_endpoint_type: Attr<String>,
    /// What may be done through the endpoint, as JSON. A new endpoint without one lets everything through; taken out later, the policy
    /// is left alone.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.json().keeps_state()))]
    pub policy: Attr<String>,
    /// Whether the service's public names lead to the endpoint. The VPC's DNS settings must be on.
    #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
    pub private_dns_enabled: Attr<bool>,
    /// Route tables that lead to a gateway endpoint.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub route_table_ids: Attr<Set<Attr<String>>>,
    /// Subnets that an interface endpoint stands in, one per availability zone.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub subnet_ids: Attr<Set<Attr<String>>>,
    /// Security groups of an interface endpoint; the VPC's default one if none is given.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub security_group_ids: Attr<Set<Attr<String>>>,
    /// Tags of the endpoint.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub tags: Attr<Tags>,
    /// Tags of the endpoint with the provider's default tags.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub tags_all: Attr<Tags>,
    /// ARN of the endpoint.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub arn: Attr<String>,
    /// AWS account that owns it.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub owner_id: Attr<String>,
    /// `available`, or `pendingAcceptance` while the service's owner has not accepted it.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub state: Attr<String>,
    /// Names that lead to an interface endpoint.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub dns_entry: Attr<Vec<DnsEntry>>,
    /// Network interfaces of an interface endpoint.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub network_interface_ids: Attr<Set<Attr<String>>>,
    /// Prefix list of a gateway endpoint's service, for security group rules.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub prefix_list_id: Attr<String>,
    /// Address ranges of a gateway endpoint's service.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub cidr_blocks: Attr<Vec<Attr<String>>>,
}

/// A name that leads to an endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DnsEntry {
    /// The name.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub dns_name: Attr<String>,
    /// The private hosted zone that it stands in.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub hosted_zone_id: Attr<String>,
}

crate::tagged!(VpcEndpoint);

impl Resource for VpcEndpoint {
    const NAME: &'static str = "databricks_aws_vpc_endpoint";
    const EXAMPLE: &'static str = r#"resource "databricks_aws_vpc" "example" {
  cidr_block           = "10.40.0.0/16"
  enable_dns_hostnames = true
}

resource "databricks_aws_subnet" "example" {
  vpc_id     = databricks_aws_vpc.example.id
  cidr_block = "10.40.64.0/20"
}

resource "databricks_aws_security_group" "example" {
  name   = "analytics-endpoints"
  vpc_id = databricks_aws_vpc.example.id

  ingress {
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = ["10.40.0.0/16"]
  }
}

resource "databricks_aws_vpc_endpoint" "example" {
  vpc_id              = databricks_aws_vpc.example.id
  service_name        = "com.amazonaws.eu-west-1.sts"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = [databricks_aws_subnet.example.id]
  security_group_ids  = [databricks_aws_security_group.example.id]

  tags = { Name = "analytics-sts" }
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("analytics-sts", "analytics-tokens"));
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> =
        Some(("com.amazonaws.eu-west-1.sts", "com.amazonaws.eu-west-1.kinesis-streams"));
    const IMPORT_ID: Option<&'static str> = Some("vpce-0123456789abcdef0");
    const TIMEOUTS: Timeouts = Timeouts::minutes(10);
    type Client = Aws;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let mut found = tag_limits::check(&config.tags);
        found.extend(policy::check("policy", &config.policy));
        let kind = match &config.vpc_endpoint_type {
            Attr::Null => "Gateway",
            Attr::Known(kind) => kind,
            Attr::Unknown => return found,
        };
        let interface_only = [
            ("subnet_ids", config.subnet_ids.is_known()),
            ("security_group_ids", config.security_group_ids.is_known()),
            ("private_dns_enabled", config.private_dns_enabled.is_true()),
        ];
        let refuse = |attribute: &str, other: &str| {
            let error = Error::new(format!("{attribute} is for {other} endpoints, and this is a {kind} one"));
            error.detail(format!("Remove it, or set vpc_endpoint_type = \"{other}\".")).at(attribute).into()
        };
        if kind == "Gateway" {
            found.extend(interface_only.iter().filter(|(_, set)| *set).map(|(name, _)| refuse(name, "Interface")));
        } else if config.route_table_ids.is_known() {
            found.push(refuse("route_table_ids", "Gateway"));
        }
        found
    }

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        tags::plan(planning);
        if let Some(prior) = planning.prior {
            let planned = &mut *planning.planned;
            let same_place = prior.subnet_ids == planned.subnet_ids;
            if same_place {
                planned.network_interface_ids = prior.network_interface_ids.clone();
            }
            if same_place && prior.private_dns_enabled == planned.private_dns_enabled {
                planned.dns_entry = prior.dns_entry.clone();
            }
        }
        Ok(())
    }

    async fn create(cx: &Call<Aws>, plan: Self) -> Result<Self, Failed<Self>> {
        let interface = plan.vpc_endpoint_type.text() == "Interface";
        let send = || async {
            let nothing = Attr::Null;
            let request = cx.client().ec2_once.create_vpc_endpoint().vpc_id(plan.vpc_id.text());
            let request = request
                .service_name(plan.service_name.text())
                .vpc_endpoint_type(VpcEndpointType::from(plan.vpc_endpoint_type.text()))
                .set_policy_document(plan.policy.known().cloned())
                .set_private_dns_enabled(interface.then_some(plan.private_dns_enabled.is_true()))
                .set_route_table_ids(minus(&plan.route_table_ids, &nothing))
                .set_subnet_ids(minus(&plan.subnet_ids, &nothing))
                .set_security_group_ids(minus(&plan.security_group_ids, &nothing))
                .client_token(&cx.marker().id)
                .tag_specifications(tags::specification(cx, ResourceType::VpcEndpoint, &plan.tags));
            Ok(request.send().await.fault()?.vpc_endpoint.and_then(|endpoint| endpoint.vpc_endpoint_id))
        };
        let created = retrying(cx, VISIBLE_WITHIN, || once(cx, send), is_too_new).await;
        let id = created.map_err(accuse)?;
        Ok(Self { id: Attr::Known(id), ..plan })
    }

    async fn ready(cx: &Call<Aws>, state: Self) -> Result<Self> {
        let id = state.id.text();
        let endpoint = settled(cx, &format!("VPC endpoint {id}"), || async {
            let Some(endpoint) = describe(cx.client(), id).await? else { return Ok(None) };
            let reason = endpoint.last_error().and_then(|error| error.message()).unwrap_or_default().to_owned();
            match state_of(&endpoint).as_str() {
                // Acceptance is the service owner's business.
                "available" | "pendingacceptance" => Ok(Some(Probe::Done(endpoint))),
                "deleting" | "deleted" => Err(gone_meanwhile()),
                bad @ ("rejected" | "failed" | "expired" | "partial") => {
                    let error = Error::new(format!("it is {bad}: {reason}"));
                    Err(error.detail("The next apply replaces it.").at("service_name"))
                }
                other => Ok(Some(Probe::Waiting(other.to_owned()))),
            }
        })
        .await?;
        absorb(cx.client(), state.clone(), &endpoint).await
    }

    async fn find(cx: &Call<Aws>, _plan: &Self, marker: &Marker) -> Result<Option<Self>> {
        tags::find(cx, marker).await
    }

    async fn marked(cx: &Call<Aws>, _plan: &Self) -> Result<Vec<Marked>> {
        marks::on_ec2(cx).await
    }

    async fn read(cx: &Call<Aws>, state: Self) -> Result<Option<Self>> {
        let endpoint = describe(cx.client(), state.id.text()).await?;
        match endpoint.filter(|endpoint| !state_of(endpoint).starts_with("delet")) {
            Some(endpoint) => Ok(Some(absorb(cx.client(), state, &endpoint).await?)),
            None => Ok(None),
        }
    }

    async fn update(cx: &Call<Aws>, state: Self, plan: Self) -> Result<Self, Failed<Self>> {
        let id = state.id.text();
        let failed = |error: Error| Failed::with(error, state.clone());
        tags::update(cx, id, &state.tags_all, &plan.tags).await.map_err(failed)?;
        let dns = state.private_dns_enabled != plan.private_dns_enabled;
        let policy = plan.policy.known().filter(|policy| !policy::same(policy, state.policy.text())).cloned();
        let tables = (
            minus(&plan.route_table_ids, &state.route_table_ids),
            minus(&state.route_table_ids, &plan.route_table_ids),
        );
        let subnets = (minus(&plan.subnet_ids, &state.subnet_ids), minus(&state.subnet_ids, &plan.subnet_ids));
        let groups = (
            minus(&plan.security_group_ids, &state.security_group_ids),
            minus(&state.security_group_ids, &plan.security_group_ids),
        );
        let lists = [&tables.0, &tables.1, &subnets.0, &subnets.1, &groups.0, &groups.1];
        if !dns && policy.is_none() && lists.iter().all(|list| list.is_none()) {
            return Ok(plan);
        }
        let request = || async {
            let request = cx.client().ec2.modify_vpc_endpoint().vpc_endpoint_id(id);
            let request = request
                .set_private_dns_enabled(dns.then_some(plan.private_dns_enabled.is_true()))
                .set_policy_document(policy.clone())
                .set_add_route_table_ids(tables.0.clone())
                .set_remove_route_table_ids(tables.1.clone())
                .set_add_subnet_ids(subnets.0.clone())
                .set_remove_subnet_ids(subnets.1.clone())
                .set_add_security_group_ids(groups.0.clone())
                .set_remove_security_group_ids(groups.1.clone());
            request.send().await.fault()
        };
        // An endpoint that is still changing does not take the next change.
        let passing = |fault: &Fault| fault.is(&["IncorrectState"]) || is_too_new(fault);
        let changed = retrying(cx, Duration::from_secs(300), request, passing).await;
        changed.map_err(|fault| failed(accuse(fault)))?;
        Ok(plan)
    }

    async fn delete(cx: &Call<Aws>, state: Self) -> Result<()> {
        let id = state.id.text();
        let request = || async {
            let answer = cx.client().ec2.delete_vpc_endpoints().vpc_endpoint_ids(id).send().await.fault()?;
            // A refusal stands in an answer that says 200.
            match answer.unsuccessful().first().and_then(|item| item.error()) {
                Some(error) => {
                    Err(Fault::refused(error.code().unwrap_or_default(), error.message().unwrap_or_default()))
                }
                None => Ok(()),
            }
        };
        let deleted = retrying(cx, Duration::from_secs(300), request, |fault| fault.is(&["IncorrectState"])).await;
        if let Err(fault) = super::errors::gone_is_fine(deleted, &["InvalidVpcEndpoint"]) {
            // A route or a table of it that is missing says nothing of the endpoint itself.
            let live = |endpoint: types::VpcEndpoint| !state_of(&endpoint).starts_with("delet");
            if !fault.is_not_found() || describe(cx.client(), id).await?.is_some_and(live) {
                return Err(fault.into());
            }
        }
        cx.poll(&format!("VPC endpoint {id} to be deleted"), FAST, SLOW, || async {
            let left = describe(cx.client(), id).await?.map(|endpoint| state_of(&endpoint));
            match left.as_deref() {
                None | Some("deleted") => Ok(Probe::Done(())),
                Some(other) => Ok(Probe::Waiting(other.to_owned())),
            }
        })
        .await
    }
}

const ACCUSED: &[(&str, &str)] = &[
    ("InvalidServiceName", "service_name"),
    ("InvalidVpcID.NotFound", "vpc_id"),
    ("InvalidVpcId.NotFound", "vpc_id"),
    ("InvalidSubnetID.NotFound", "subnet_ids"),
    ("InvalidSubnetId.NotFound", "subnet_ids"),
    ("DuplicateSubnetsInSameZone", "subnet_ids"),
    ("InvalidGroup.NotFound", "security_group_ids"),
    ("InvalidRouteTableID.NotFound", "route_table_ids"),
    ("InvalidRouteTableId.NotFound", "route_table_ids"),
    ("RouteAlreadyExists", "route_table_ids"),
    ("InvalidPolicyDocument", "policy"),
];

fn accuse(fault: Fault) -> Error {
    // AWS tells of private DNS by text alone: another endpoint has the names, or the VPC's DNS settings are off.
    if fault.is(&["InvalidParameter"]) && fault.message.contains("private-dns-enabled") {
        return fault.at("private_dns_enabled").also(
            "Another endpoint of the VPC may serve the same names, or the VPC's enable_dns_support and enable_dns_hostnames are off.",
        );
    }
    fault.accusing(ACCUSED)
}

/// Whether something that the endpoint names is too new to be known everywhere.
fn is_too_new(fault: &Fault) -> bool {
    fault.is_not_found() && !fault.code().starts_with("InvalidVpcEndpoint")
}

pub(crate) fn state_of(endpoint: &types::VpcEndpoint) -> String {
    // The SDK knows the states in another spelling than the wire has, so they are compared as text.
    endpoint.state().map_or("pending", types::State::as_str).to_lowercase()
}

async fn absorb(aws: &Aws, mut state: VpcEndpoint, endpoint: &types::VpcEndpoint) -> Result<VpcEndpoint> {
    let owner = endpoint.owner_id().unwrap_or_default().to_owned();
    state.arn = aws.ec2_arn(&owner, "vpc-endpoint", state.id.text()).into();
    state.owner_id = owner.into();
    state.vpc_id = endpoint.vpc_id.clone().into();
    state.service_name = endpoint.service_name.clone().into();
    state.vpc_endpoint_type = endpoint.vpc_endpoint_type().map_or("Gateway", VpcEndpointType::as_str).into();
    let document = endpoint.policy_document().filter(|document| !document.is_empty());
    state.policy = document.map_or(Attr::Null, |document| policy::keep(&state.policy, document));
    // Only interface endpoints have private DNS; moto answers true for gateways too.
    let interface = endpoint.vpc_endpoint_type == Some(VpcEndpointType::Interface);
    state.private_dns_enabled = (interface && endpoint.private_dns_enabled.unwrap_or_default()).into();
    state.state = endpoint.state().map_or("pending", types::State::as_str).into();
    state.route_table_ids = shown(&state.route_table_ids, endpoint.route_table_ids().to_vec());
    state.subnet_ids = shown(&state.subnet_ids, endpoint.subnet_ids().to_vec());
    let groups = endpoint.groups().iter().filter_map(|group| group.group_id.clone()).collect();
    state.security_group_ids = shown(&state.security_group_ids, groups);
    state.network_interface_ids = shown(&state.network_interface_ids, endpoint.network_interface_ids().to_vec());
    let entries = endpoint.dns_entries().iter();
    let entry = |entry: &types::DnsEntry| DnsEntry {
        dns_name: entry.dns_name.clone().into(),
        hosted_zone_id: entry.hosted_zone_id.clone().into(),
    };
    let entries: Vec<DnsEntry> = entries.map(entry).collect();
    state.dns_entry = Some(entries).filter(|entries| !entries.is_empty()).into();
    tags::see(aws, &mut state, endpoint.tags());
    if state.vpc_endpoint_type.text() == "Gateway" {
        if !state.prefix_list_id.is_known() {
            let name = state.service_name.text();
            let answer = aws.ec2.describe_prefix_lists().filters(filter("prefix-list-name", name)).send().await;
            let answer = answer.fault()?;
            let list = answer.prefix_lists().first();
            state.prefix_list_id = list.and_then(|list| list.prefix_list_id.clone()).into();
            let ranges = list.map(|list| list.cidrs().iter().map(|range| range.as_str().into()).collect());
            state.cidr_blocks = Attr::Known(ranges.unwrap_or_default());
        }
    } else {
        state.prefix_list_id = Attr::Null;
        state.cidr_blocks = Attr::Null;
    }
    Ok(state)
}

/// A set as AWS shows it. What was never set and is empty stays null, as an import has it.
fn shown(prior: &Attr<Set<Attr<String>>>, values: Vec<String>) -> Attr<Set<Attr<String>>> {
    if values.is_empty() && !prior.is_known() { Attr::Null } else { texts(values) }
}

/// The endpoint as AWS shows it; one that was deleted is shown for a while.
pub(crate) async fn describe(aws: &Aws, id: &str) -> Result<Option<types::VpcEndpoint>> {
    let answer = none_if_absent(aws.ec2.describe_vpc_endpoints().vpc_endpoint_ids(id).send().await.fault())?;
    Ok(answer.and_then(|answer| answer.vpc_endpoints.unwrap_or_default().into_iter().next()))
}

#[cfg(test)]
mod tests;
