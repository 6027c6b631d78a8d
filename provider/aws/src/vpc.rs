//! databricks_aws_vpc: a virtual private cloud.
//! API: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpc.html>.

use std::time::Duration;

use aws_sdk_ec2::types::{self, AttributeBooleanValue, ResourceType, Tenancy, VpcAttributeName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{
    Attr, COMPUTED, Call, Diagnostic, Failed, ID, Marked, Marker, OPTIONAL, Planning, Probe, REQUIRED, Resource,
    Result, Timeouts,
};

use super::client::Aws;
use super::create::{once, retrying, settled};
use super::ec2::{delete_when_free, filter, none_if_absent, not_visible_yet};
use super::errors::{Explain, Fault};
use super::marks;
use super::tag_limits;
use super::tags::{self, Tags};
use super::{cidr, create};

/// A virtual private cloud: the network that a workspace's clusters run in.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Vpc {
    /// Id of the VPC.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Its IPv4 address range, `/16` to `/28`.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub cidr_block: Attr<String>,
    /// Whether instances share their hardware with others (`default`) or not (`dedicated`).
    #[schemars(extend("enum" = ["default", "dedicated"], "x-tf" = OPTIONAL.default("\"default\"").replaces()))]
    pub instance_tenancy: Attr<String>,
    /// Whether AWS's resolver answers in the VPC. Databricks needs it.
    #[schemars(extend("x-tf" = OPTIONAL.default("true")))]
    pub enable_dns_support: Attr<bool>,
    /// Whether instances with public addresses get names. Databricks needs it.
    #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
    pub enable_dns_hostnames: Attr<bool>,
    /// Tags of the VPC.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub tags: Attr<Tags>,
    /// Tags of the VPC with the provider's default tags.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub tags_all: Attr<Tags>,
    /// ARN of the VPC.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub arn: Attr<String>,
    /// AWS account that owns it.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub owner_id: Attr<String>,
    /// The route table of subnets that have none of their own.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub main_route_table_id: Attr<String>,
    /// The security group of instances that have none of their own.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub default_security_group_id: Attr<String>,
    /// The network access list of subnets that have none of their own.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub default_network_acl_id: Attr<String>,
}

crate::tagged!(Vpc);

impl Resource for Vpc {
    const NAME: &'static str = "databricks_aws_vpc";
    const EXAMPLE: &'static str = r#"resource "databricks_aws_vpc" "example" {
  cidr_block           = "10.40.0.0/16"
  enable_dns_hostnames = true

  tags = { Name = "analytics" }
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> =
        Some(("enable_dns_hostnames = true", "enable_dns_hostnames = false"));
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> = Some(("10.40.0.0/16", "10.41.0.0/16"));
    const IMPORT_ID: Option<&'static str> = Some("vpc-0123456789abcdef0");
    const TIMEOUTS: Timeouts = Timeouts::minutes(10);
    type Client = Aws;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let mut found = tag_limits::check(&config.tags);
        found.extend(cidr::check("cidr_block", &config.cidr_block, cidr::VPC_MASKS));
        found
    }

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        tags::plan(planning);
        Ok(())
    }

    async fn create(cx: &Call<Aws>, plan: Self) -> Result<Self, Failed<Self>> {
        let send = || async {
            let request = cx.client().ec2_once.create_vpc().cidr_block(plan.cidr_block.text());
            let request = request.instance_tenancy(Tenancy::from(plan.instance_tenancy.text()));
            let tags = tags::specification(cx, ResourceType::Vpc, &plan.tags);
            let answer = request.tag_specifications(tags).send().await.fault()?;
            Ok(answer.vpc.and_then(|vpc| vpc.vpc_id))
        };
        let id = once(cx, send).await.map_err(|fault| fault.accusing(ACCUSED))?;
        Ok(Self { id: Attr::Known(id), ..plan })
    }

    async fn ready(cx: &Call<Aws>, state: Self) -> Result<Self> {
        let id = state.id.text();
        let vpc = settled(cx, &format!("VPC {id}"), || async {
            Ok(describe(cx.client(), id).await?.map(|vpc| match vpc.state() {
                Some(state) if !state.as_str().eq_ignore_ascii_case("available") => {
                    Probe::Waiting(state.as_str().to_owned())
                }
                _ => Probe::Done(vpc),
            }))
        })
        .await?;
        let mut seen = names(cx, id).await?;
        let wanted = (state.enable_dns_support.is_true(), state.enable_dns_hostnames.is_true());
        if seen != wanted {
            for (attribute, seen, wanted) in [
                // Host names need the resolver: it is switched on first and, below, off last.
                (VpcAttributeName::EnableDnsSupport, seen.0, wanted.0),
                (VpcAttributeName::EnableDnsHostnames, seen.1, wanted.1),
            ] {
                if seen != wanted {
                    let change = || set(cx, id, attribute.clone(), wanted);
                    retrying(cx, create::VISIBLE_WITHIN, change, not_visible_yet).await?;
                }
            }
            seen = settled(cx, &format!("the DNS settings of VPC {id}"), || async {
                let seen = none_if_absent(names(cx, id).await)?;
                Ok(seen.map(
                    |seen| if seen == wanted { Probe::Done(seen) } else { Probe::Waiting("as before".to_owned()) },
                ))
            })
            .await?;
        }
        absorb(cx, state.clone(), &vpc, seen).await
    }

    async fn find(cx: &Call<Aws>, _plan: &Self, marker: &Marker) -> Result<Option<Self>> {
        tags::find(cx, marker).await
    }

    async fn marked(cx: &Call<Aws>, _plan: &Self) -> Result<Vec<Marked>> {
        marks::on_ec2(cx).await
    }

    async fn read(cx: &Call<Aws>, state: Self) -> Result<Option<Self>> {
        let id = state.id.text().to_owned();
        let Some(vpc) = describe(cx.client(), &id).await? else { return Ok(None) };
        let Some(names) = none_if_absent(names(cx, &id).await)? else { return Ok(None) };
        Ok(Some(absorb(cx, state, &vpc, names).await?))
    }

    async fn update(cx: &Call<Aws>, state: Self, plan: Self) -> Result<Self, Failed<Self>> {
        // The DNS settings are brought about by `ready`, which every update is followed by.
        tags::updated(cx, state, plan).await
    }

    async fn delete(cx: &Call<Aws>, state: Self) -> Result<()> {
        let id = state.id.text();
        let request = || async { cx.client().ec2.delete_vpc().vpc_id(id).send().await.fault() };
        delete_when_free(cx, "InvalidVpcID", Duration::from_secs(300), ("vpc-id", id), request).await
    }
}

const ACCUSED: &[(&str, &str)] = &[("InvalidVpc.Range", "cidr_block"), ("InvalidParameterValue", "cidr_block")];

async fn describe(aws: &Aws, id: &str) -> Result<Option<types::Vpc>> {
    let answer = none_if_absent(aws.ec2.describe_vpcs().vpc_ids(id).send().await.fault())?;
    Ok(answer.and_then(|answer| answer.vpcs.unwrap_or_default().into_iter().next()))
}

/// Whether the resolver and the host names are on.
async fn names(cx: &Call<Aws>, id: &str) -> Result<(bool, bool), Fault> {
    let ec2 = &cx.client().ec2;
    let ask = |attribute: VpcAttributeName| async move {
        ec2.describe_vpc_attribute().vpc_id(id).attribute(attribute).send().await.fault()
    };
    let (support, hostnames) =
        tokio::try_join!(ask(VpcAttributeName::EnableDnsSupport), ask(VpcAttributeName::EnableDnsHostnames))?;
    let on = |value: Option<AttributeBooleanValue>| value.and_then(|value| value.value).unwrap_or_default();
    Ok((on(support.enable_dns_support), on(hostnames.enable_dns_hostnames)))
}

async fn set(cx: &Call<Aws>, id: &str, attribute: VpcAttributeName, on: bool) -> Result<(), Fault> {
    let value = AttributeBooleanValue::builder().value(on).build();
    let request = cx.client().ec2.modify_vpc_attribute().vpc_id(id);
    let request = match attribute {
        VpcAttributeName::EnableDnsSupport => request.enable_dns_support(value),
        _ => request.enable_dns_hostnames(value),
    };
    request.send().await.fault().map(drop)
}

async fn absorb(cx: &Call<Aws>, mut state: Vpc, vpc: &types::Vpc, names: (bool, bool)) -> Result<Vpc> {
    let aws = cx.client();
    let id = state.id.text().to_owned();
    let owner = vpc.owner_id().unwrap_or_default().to_owned();
    state.arn = aws.ec2_arn(&owner, "vpc", &id).into();
    state.owner_id = owner.into();
    state.cidr_block = vpc.cidr_block().unwrap_or_default().into();
    state.instance_tenancy = vpc.instance_tenancy().map_or("default", Tenancy::as_str).into();
    (state.enable_dns_support, state.enable_dns_hostnames) = (names.0.into(), names.1.into());
    tags::see(aws, &mut state, vpc.tags());
    defaults(aws, &id, &mut state).await?;
    Ok(state)
}

/// The objects that AWS makes with a VPC: asked for once, as they stay.
async fn defaults(aws: &Aws, id: &str, state: &mut Vpc) -> Result<()> {
    let of_vpc = || filter("vpc-id", id);
    if !state.main_route_table_id.is_known() {
        let main = aws.ec2.describe_route_tables().filters(of_vpc()).filters(filter("association.main", "true"));
        let answer = main.send().await.fault()?;
        state.main_route_table_id = answer.route_tables().first().and_then(|table| table.route_table_id.clone()).into();
    }
    if !state.default_security_group_id.is_known() {
        let group = aws.ec2.describe_security_groups().filters(of_vpc()).filters(filter("group-name", "default"));
        let answer = group.send().await.fault()?;
        state.default_security_group_id =
            answer.security_groups().first().and_then(|group| group.group_id.clone()).into();
    }
    if !state.default_network_acl_id.is_known() {
        let list = aws.ec2.describe_network_acls().filters(of_vpc()).filters(filter("default", "true"));
        let answer = list.send().await.fault()?;
        state.default_network_acl_id =
            answer.network_acls().first().and_then(|list| list.network_acl_id.clone()).into();
    }
    Ok(())
}

#[cfg(test)]
mod tests;
