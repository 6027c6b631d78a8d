//! databricks_aws_security_group: who may talk to whom in a VPC.
//! API: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html>.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_ec2::types::{self, ResourceType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{
    Attr, COMPUTED, Call, Diagnostic, Error, Failed, ID, Marked, Marker, OPTIONAL, OPTIONAL_COMPUTED, Planning, Probe,
    REQUIRED, Resource, Result, Set, Timeouts,
};

use super::client::Aws;
use super::create::{VISIBLE_WITHIN, once, retrying, settled};
use super::ec2::{delete_when_free, filter, gone_meanwhile, is_in_use, none_if_absent};
use super::errors::{Explain, Fault, gone_is_fine};
use super::marks;
use super::security_group_rules::{self as rules, Peer, Permission, Rules};
use super::tag_limits;
use super::tags::{self, Tags};

/// A security group: who may talk to whom in a VPC. Its `ingress` blocks are all the rules for traffic that enters, its
/// `egress` blocks all for traffic that leaves: AWS's own rule, that all may leave, is taken out of a new group. A direction
/// without a block is left alone after that, so that others can add rules; the rules of a block that is removed stay.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct SecurityGroup {
    /// Id of the group.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Its name, unique in the VPC. `name_prefix` is used, or a name made up, if none is given.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state()), length(min = 1, max = 255))]
    pub name: Attr<String>,
    /// Beginning of a name that is made unique.
    #[schemars(extend("x-tf" = OPTIONAL.replaces().untold()), length(min = 1, max = 229))]
    pub name_prefix: Attr<String>,
    /// What it is for. AWS cannot change it.
    #[schemars(extend("x-tf" = OPTIONAL.default("\"Managed by Terraform\"").replaces()), length(min = 1, max = 255))]
    pub description: Attr<String>,
    /// VPC that it belongs to.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub vpc_id: Attr<String>,
    /// Traffic that may enter.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block()))]
    pub ingress: Rules,
    /// Traffic that may leave.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block()))]
    pub egress: Rules,
    /// Before the group is deleted, take away its rules and the rules of other groups that name it: for groups that name
    /// each other, and for replacing a group that others name.
    #[schemars(extend("x-tf" = OPTIONAL.default("false").unsent()))]
    pub revoke_rules_on_delete: Attr<bool>,
    /// Tags of the group.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub tags: Attr<Tags>,
    /// Tags of the group with the provider's default tags.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub tags_all: Attr<Tags>,
    /// ARN of the group.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub arn: Attr<String>,
    /// AWS account that owns it.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub owner_id: Attr<String>,
}

crate::tagged!(SecurityGroup);

impl Resource for SecurityGroup {
    const NAME: &'static str = "databricks_aws_security_group";
    const EXAMPLE: &'static str = r#"resource "databricks_aws_vpc" "example" {
  cidr_block = "10.40.0.0/16"
}

resource "databricks_aws_security_group" "example" {
  name        = "analytics-workspace"
  description = "Databricks clusters"
  vpc_id      = databricks_aws_vpc.example.id

  ingress {
    description = "Between the nodes"
    protocol    = "tcp"
    from_port   = 0
    to_port     = 65535
    self        = true
  }

  egress {
    description = "Control plane, libraries and data"
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = ["0.0.0.0/0"]
  }

  tags = { Name = "analytics-workspace" }
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("[\"0.0.0.0/0\"]", "[\"10.0.0.0/8\"]"));
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> = Some(("\"Databricks clusters\"", "\"Clusters\""));
    const IMPORT_ID: Option<&'static str> = Some("sg-0123456789abcdef0");
    const TIMEOUTS: Timeouts = Timeouts {
        create: Duration::from_secs(600),
        update: Duration::from_secs(600),
        delete: Duration::from_secs(900),
    };
    type Client = Aws;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        if config.name.is_known() && config.name_prefix.is_known() {
            let error = Error::new("A security group is named twice").detail("Set name or name_prefix, not both.");
            found.push(error.at("name_prefix").into());
        }
        if config.name.known().or(config.name_prefix.known()).is_some_and(|name| name.starts_with("sg-")) {
            let error = Error::new("A security group's name cannot begin with sg-").detail("AWS keeps that for ids.");
            found.push(error.at("name").into());
        }
        for (block, rules) in [("ingress", &config.ingress), ("egress", &config.egress)] {
            found.extend(rules::problems(block, rules));
        }
        found.extend(tag_limits::check(&config.tags));
        found
    }

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        tags::plan(planning);
        // A new group has no other rules than the configured ones, and where there are none there is nothing to be found out.
        let none = |rules: &Rules| rules.known().is_none_or(Set::is_empty) && !rules.is_unknown();
        let (config, prior, planned) = (planning.config, planning.prior, &mut *planning.planned);
        if none(&config.ingress) && prior.is_none_or(|prior| none(&prior.ingress)) {
            planned.ingress = Attr::Null;
        }
        if none(&config.egress) && prior.is_none_or(|prior| none(&prior.egress)) {
            planned.egress = Attr::Null;
        }
        Ok(())
    }

    async fn create(cx: &Call<Aws>, plan: Self) -> Result<Self, Failed<Self>> {
        let name = match plan.name.known() {
            Some(name) => name.clone(),
            None => {
                let prefix = plan.name_prefix.known().map_or("terraform-", String::as_str);
                // The mark is as random as a name needs to be, and the same when the request is repeated.
                let rest: String = cx.marker().id.chars().filter(char::is_ascii_alphanumeric).take(26).collect();
                format!("{prefix}{rest}")
            }
        };
        let send = || async {
            let request = cx.client().ec2_once.create_security_group().group_name(&name);
            let request = request
                .description(plan.description.text())
                .vpc_id(plan.vpc_id.text())
                .tag_specifications(tags::specification(cx, ResourceType::SecurityGroup, &plan.tags));
            Ok(request.send().await.fault()?.group_id)
        };
        let created = retrying(cx, VISIBLE_WITHIN, || once(cx, send), |fault| fault.is(&["InvalidVpcID.NotFound"]));
        let id = created.await.map_err(|fault| fault.accusing(ACCUSED))?;
        Ok(Self { id: Attr::Known(id), name: Attr::Known(name), ..plan })
    }

    /// Waits for the group and brings its rules to what the plan says. A new group has AWS's own rule that all may leave,
    /// which goes unless the plan has it; of a group that was there, a direction without blocks is left alone.
    async fn ready(cx: &Call<Aws>, state: Self) -> Result<Self> {
        let id = state.id.text();
        let what = format!("security group {id}");
        let mut group = settled(cx, &what, || async { Ok(describe(cx.client(), id).await?.map(Probe::Done)) }).await?;
        let mut changed = false;
        for (direction, wanted, shown) in [
            (Direction::Ingress, &state.ingress, group.ip_permissions()),
            (Direction::Egress, &state.egress, group.ip_permissions_egress()),
        ] {
            let (wanted, seen) = (rules::permissions(wanted), rules::seen(shown, id));
            if is_new(&state) || !wanted.is_empty() {
                changed |= wanted != seen;
                converge(cx, id, direction, &wanted, &seen).await?;
            }
        }
        if changed {
            group = describe(cx.client(), id).await?.ok_or_else(gone_meanwhile)?;
        }
        let seen = absorb(cx.client(), state.clone(), &group);
        // Planned as none: rules that somebody has added meanwhile are seen by the next refresh.
        let planned =
            |planned: &Rules, seen: Rules| if planned.is_null() { Attr::Known(Set(Vec::new())) } else { seen };
        Ok(Self {
            ingress: planned(&state.ingress, seen.ingress.clone()),
            egress: planned(&state.egress, seen.egress.clone()),
            ..seen
        })
    }

    async fn find(cx: &Call<Aws>, _plan: &Self, marker: &Marker) -> Result<Option<Self>> {
        // Without its ARN it is new to `ready`, which then takes AWS's own rule away.
        Ok(tags::find(cx, marker).await?.map(|found| Self { arn: Attr::Null, ..found }))
    }

    async fn marked(cx: &Call<Aws>, _plan: &Self) -> Result<Vec<Marked>> {
        marks::on_ec2(cx).await
    }

    async fn read(cx: &Call<Aws>, state: Self) -> Result<Option<Self>> {
        let group = describe(cx.client(), state.id.text()).await?;
        Ok(group.map(|group| absorb(cx.client(), state, &group)))
    }

    async fn update(cx: &Call<Aws>, state: Self, plan: Self) -> Result<Self, Failed<Self>> {
        // The rules are `ready`'s work.
        tags::updated(cx, state, plan).await
    }

    async fn delete(cx: &Call<Aws>, state: Self) -> Result<()> {
        let id = state.id.text();
        let request = || async { cx.client().ec2.delete_security_group().group_id(id).send().await.fault() };
        match gone_is_fine(request().await, &[GROUP]) {
            Ok(()) => return Ok(()),
            Err(fault) if !is_in_use(&fault) => return Err(fault.into()),
            Err(_) => {}
        }
        let forced = state.revoke_rules_on_delete.is_true();
        if forced && let Some(group) = describe(cx.client(), id).await? {
            let none = BTreeSet::new();
            converge(cx, id, Direction::Ingress, &none, &rules::seen(group.ip_permissions(), id)).await?;
            converge(cx, id, Direction::Egress, &none, &rules::seen(group.ip_permissions_egress(), id)).await?;
        }
        let named = release(cx, id, forced).await?;
        // Network interfaces go in time; rules do not go by themselves.
        let within = Duration::from_secs(if named { 60 } else { 840 });
        delete_when_free(cx, GROUP, within, ("group-id", id), request).await
    }
}

/// How the code of its absence begins: `InvalidGroup.NotFound`, `InvalidGroupId.Malformed`.
const GROUP: &str = "InvalidGroup";

const ACCUSED: &[(&str, &str)] = &[
    ("InvalidGroup.Duplicate", "name"),
    ("InvalidVpcID.NotFound", "vpc_id"),
    ("InvalidParameterValue", "description"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Ingress,
    Egress,
}

/// Whether a group was just made: nothing but its id is known.
fn is_new(state: &SecurityGroup) -> bool {
    !state.arn.is_known()
}

fn absorb(aws: &Aws, mut state: SecurityGroup, group: &types::SecurityGroup) -> SecurityGroup {
    let id = state.id.text().to_owned();
    let owner = group.owner_id().unwrap_or_default().to_owned();
    state.ingress = rules::regroup(&state.ingress, rules::seen(group.ip_permissions(), &id));
    state.egress = rules::regroup(&state.egress, rules::seen(group.ip_permissions_egress(), &id));
    state.arn = aws.ec2_arn(&owner, "security-group", &id).into();
    state.owner_id = owner.into();
    state.name = group.group_name.clone().into();
    state.description = group.description.clone().into();
    state.vpc_id = group.vpc_id.clone().into();
    // Not AWS's: an import starts with the default.
    state.revoke_rules_on_delete = state.revoke_rules_on_delete.is_true().into();
    tags::see(aws, &mut state, group.tags());
    state
}

async fn describe(aws: &Aws, id: &str) -> Result<Option<types::SecurityGroup>> {
    let answer = none_if_absent(aws.ec2.describe_security_groups().group_ids(id).send().await.fault())?;
    Ok(answer.and_then(|answer| answer.security_groups.unwrap_or_default().into_iter().next()))
}

/// Grants what is missing and takes away what is too much, in this order: nobody who may talk is cut off in between, except
/// where a rule merely changes its description.
async fn converge(
    cx: &Call<Aws>,
    id: &str,
    direction: Direction,
    wanted: &BTreeSet<Permission>,
    seen: &BTreeSet<Permission>,
) -> Result<()> {
    let extra: BTreeSet<Permission> = seen.difference(wanted).cloned().collect();
    let missing: BTreeSet<Permission> = wanted.difference(seen).cloned().collect();
    // AWS takes two rules that differ in their description for duplicates.
    let (renamed, extra): (BTreeSet<_>, BTreeSet<_>) =
        extra.into_iter().partition(|old| missing.iter().any(|new| new.same_traffic(old)));
    revoke(cx, id, direction, &renamed).await?;
    authorize(cx, id, direction, &missing).await?;
    revoke(cx, id, direction, &extra).await
}

async fn authorize(cx: &Call<Aws>, id: &str, direction: Direction, rules: &BTreeSet<Permission>) -> Result<()> {
    if rules.is_empty() {
        return Ok(());
    }
    let ec2 = &cx.client().ec2;
    let permissions = rules::request(rules, id);
    let request = || async {
        let permissions = Some(permissions.clone());
        match direction {
            Direction::Ingress => {
                let request = ec2.authorize_security_group_ingress().group_id(id).set_ip_permissions(permissions);
                request.send().await.fault().map(drop)
            }
            Direction::Egress => {
                let request = ec2.authorize_security_group_egress().group_id(id).set_ip_permissions(permissions);
                request.send().await.fault().map(drop)
            }
        }
    };
    match retrying(cx, VISIBLE_WITHIN, request, Fault::is_not_found).await {
        // The answer to an earlier try was lost, or somebody was faster: the rules are compared again by the next read.
        Err(fault) if fault.is(&["InvalidPermission.Duplicate"]) => Ok(()),
        Err(fault) => Err(fault.at(direction.block())),
        Ok(()) => Ok(()),
    }
}

async fn revoke(cx: &Call<Aws>, id: &str, direction: Direction, rules: &BTreeSet<Permission>) -> Result<()> {
    if rules.is_empty() {
        return Ok(());
    }
    let ec2 = &cx.client().ec2;
    let permissions = Some(rules::request(rules, id));
    let answer = match direction {
        Direction::Ingress => {
            let request = ec2.revoke_security_group_ingress().group_id(id).set_ip_permissions(permissions);
            request.send().await.fault().map(drop)
        }
        Direction::Egress => {
            let request = ec2.revoke_security_group_egress().group_id(id).set_ip_permissions(permissions);
            request.send().await.fault().map(drop)
        }
    };
    match answer {
        // Of several rules, one of which is gone, EC2 takes none away.
        Err(fault) if fault.is(&["InvalidPermission.NotFound"]) && rules.len() > 1 => {
            for rule in rules {
                Box::pin(revoke(cx, id, direction, &BTreeSet::from([rule.clone()]))).await?;
            }
            Ok(())
        }
        answer => {
            gone_is_fine(answer, &["InvalidPermission.NotFound", GROUP]).map_err(|fault| fault.at(direction.block()))
        }
    }
}

/// Finds the rules of other groups that name this one, which AWS refuses the delete for, and takes them away if `allowed`.
/// Answers whether some are left.
async fn release(cx: &Call<Aws>, id: &str, allowed: bool) -> Result<bool> {
    let mut left = false;
    for (name, direction) in
        [("ip-permission.group-id", Direction::Ingress), ("egress.ip-permission.group-id", Direction::Egress)]
    {
        let answer = cx.client().ec2.describe_security_groups().filters(filter(name, id)).send().await.fault()?;
        for group in answer.security_groups().iter().filter(|group| group.group_id() != Some(id)) {
            let Some(other) = group.group_id() else { continue };
            let shown = match direction {
                Direction::Ingress => group.ip_permissions(),
                Direction::Egress => group.ip_permissions_egress(),
            };
            let mut naming = rules::seen(shown, other);
            naming.retain(|permission| permission.peer == Peer::Group(id.to_owned()));
            if allowed {
                revoke(cx, other, direction, &naming).await?;
            } else {
                left |= !naming.is_empty();
            }
        }
    }
    Ok(left)
}

impl Direction {
    fn block(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        }
    }
}

impl Permission {
    fn same_traffic(&self, other: &Self) -> bool {
        (&self.protocol, self.from, self.to, &self.peer) == (&other.protocol, other.from, other.to, &other.peer)
    }
}

#[cfg(test)]
mod tests;
