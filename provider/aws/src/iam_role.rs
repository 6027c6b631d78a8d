//! databricks_aws_iam_role: a role, with its policies.
//! API: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>.
//!
//! Inline policies and attached policies are managed where the configuration has some: one that somebody added is then drift,
//! and the next apply removes it. Where it has none, they are left alone, as hashicorp/aws does.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{
    Attr, COMPUTED, Call, Diagnostic, Error, Failed, ID, Marked, Marker, OPTIONAL, OPTIONAL_COMPUTED, Planning,
    REQUIRED, Resource, Result, Set, Timeouts,
};

use super::client::Aws;
use super::create::{converged, retrying};
use super::errors::Explain;
use super::iam;
use super::policy;
use super::tag_limits;
use super::tags::{self, Tags};

pub(crate) mod remote;

/// A role of AWS's identity and access management, and what it may do.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct IamRole {
    /// Name of the role.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Name of the role. Without it and `name_prefix`, a unique one.
    #[schemars(
        regex(pattern = "^[0-9A-Za-z_+=,.@-]{1,64}$"),
        extend("x-form" = "1 to 64 letters, digits and `_+=,.@-`", "x-tf" = OPTIONAL_COMPUTED.keeps_state().replaces())
    )]
    pub name: Attr<String>,
    /// What a unique name begins with.
    #[schemars(
        regex(pattern = "^[0-9A-Za-z_+=,.@-]{1,38}$"),
        extend("x-form" = "1 to 38 letters, digits and `_+=,.@-`", "x-tf" = OPTIONAL.replaces().untold())
    )]
    pub name_prefix: Attr<String>,
    /// The folder of the role, which is a part of its ARN.
    #[schemars(
        regex(pattern = "^/(.*/)?$"),
        extend("x-form" = "a path that begins and ends with `/`", "x-tf" = OPTIONAL.default("\"/\"").replaces())
    )]
    pub path: Attr<String>,
    /// Who may assume the role, as JSON.
    #[schemars(extend("x-tf" = REQUIRED.json()))]
    pub assume_role_policy: Attr<String>,
    /// What the role is for.
    #[schemars(extend("x-tf" = OPTIONAL.default("\"\"")), length(max = 1000))]
    pub description: Attr<String>,
    /// How long a session may last, in seconds.
    #[schemars(extend("x-tf" = OPTIONAL.default("3600")), range(min = 3600, max = 43200))]
    pub max_session_duration: Attr<i64>,
    /// ARN of a policy that limits what the role may ever do.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub permissions_boundary: Attr<String>,
    /// ARNs of the policies that are attached to the role. Any other that is found attached is detached. Left out, attached
    /// policies are left alone.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED))]
    pub managed_policy_arns: Attr<Set<Attr<String>>>,
    /// Whether a destroy takes the role out of instance profiles, and detaches what was attached since the last refresh.
    #[schemars(extend("x-tf" = OPTIONAL.default("false").unsent()))]
    pub force_detach_policies: Attr<bool>,
    /// A policy that is a part of the role. Any other that is found in the role is removed. Without such a block, policies in
    /// the role are left alone.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block()))]
    pub inline_policy: Attr<Set<InlinePolicy>>,
    /// Tags of the role.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub tags: Attr<Tags>,
    /// Tags of the role with the provider's default tags.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub tags_all: Attr<Tags>,
    /// ARN of the role.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub arn: Attr<String>,
    /// The role's unique id, which a new role of the same name does not have.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub unique_id: Attr<String>,
    /// When the role was created (RFC 3339).
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub create_date: Attr<String>,
}

/// A policy that is a part of the role.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InlinePolicy {
    /// Name of the policy.
    #[schemars(
        regex(pattern = "^[0-9A-Za-z_+=,.@-]{1,128}$"),
        extend("x-form" = "1 to 128 letters, digits and `_+=,.@-`", "x-tf" = REQUIRED)
    )]
    pub name: Attr<String>,
    /// What the role may do, as JSON.
    #[schemars(extend("x-tf" = REQUIRED.json()))]
    pub policy: Attr<String>,
}

crate::tagged!(IamRole);

impl Resource for IamRole {
    const NAME: &'static str = "databricks_aws_iam_role";
    const EXAMPLE: &'static str = r#"resource "databricks_aws_iam_role" "example" {
  name               = "analytics-databricks"
  description        = "Databricks manages clusters with it"
  assume_role_policy = provider::databricks::aws_assume_role_policy("0d26daa6-5e44-4c97-a497-ef015f91254a")

  inline_policy {
    name   = "databricks"
    policy = provider::databricks::aws_crossaccount_policy("customer")
  }

  tags = { Name = "analytics" }
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> =
        Some(("Databricks manages clusters with it", "Databricks runs clusters with it"));
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> =
        Some(("\"analytics-databricks\"", "\"analytics-clusters\""));
    const IMPORT_ID: Option<&'static str> = Some("analytics-databricks");
    const NAMED: bool = true;
    const TIMEOUTS: Timeouts = Timeouts::minutes(5);
    type Client = Aws;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let mut problems: Vec<Diagnostic> =
            policy::check("assume_role_policy", &config.assume_role_policy).into_iter().collect();
        problems.extend(inline(config).filter_map(|inline| policy::check("inline_policy", &inline.policy)));
        problems.extend(iam::check_names(&config.name, &config.name_prefix));
        let mut names: Vec<&str> = inline(config).map(|inline| inline.name.text()).collect();
        names.retain(|name| !name.is_empty());
        names.sort_unstable();
        if let Some([twice, _]) = names.array_windows().find(|[left, right]| left == right) {
            let error = Error::new(format!("Two inline policies have the name {twice:?}"))
                .detail("AWS would keep the later one only. Give each a name of its own.");
            problems.push(error.at("inline_policy").into());
        }
        problems.extend(tag_limits::check(&config.tags));
        problems
    }

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        tags::plan(planning);
        // A new role has no other policies than the configured ones, and where there are none there is nothing to be found out.
        let (config, prior, planned) = (planning.config, planning.prior, &mut *planning.planned);
        if is_none(&config.managed_policy_arns) && prior.is_none_or(|prior| is_none(&prior.managed_policy_arns)) {
            planned.managed_policy_arns = prior.map_or(Attr::Null, |prior| prior.managed_policy_arns.clone());
        }
        if is_none(&config.inline_policy) && prior.is_none_or(|prior| is_none(&prior.inline_policy)) {
            planned.inline_policy = Attr::Null;
        }
        Ok(())
    }

    async fn create(cx: &Call<Aws>, plan: Self) -> Result<Self, Failed<Self>> {
        let name = iam::name_of(&plan.name, &plan.name_prefix, cx.marker());
        let iam = &cx.client().iam;
        let tags = iam::tag_list(&tags::marked(cx, &plan.tags))?;
        let request = || async {
            let request = iam.create_role().role_name(&name).path(plan.path.text());
            let request = request
                .assume_role_policy_document(plan.assume_role_policy.text())
                .description(plan.description.text())
                .set_max_session_duration(remote::duration(&plan))
                .set_permissions_boundary(plan.permissions_boundary.known().cloned())
                .set_tags(Some(tags.clone()));
            request.send().await.fault()
        };
        let answer = retrying(cx, policy::PRINCIPAL_WITHIN, request, policy::is_principal_unknown).await;
        let made = Self { id: name.clone().into(), name: name.clone().into(), ..plan.clone() };
        match answer {
            Ok(answer) => {
                let arn = answer.role.map(|role| role.arn);
                Ok(Self { arn: arn.map_or(Attr::Unknown, Attr::Known), ..made })
            }
            Err(fault) if fault.is(&["EntityAlreadyExists"]) => {
                let is_of_create = remote::is_of_create(cx.client(), &name, cx.marker()).await?;
                iam::taken(fault, "a role", made, &name, is_of_create)
            }
            Err(fault) => Err(fault.accusing(remote::ACCUSED).into()),
        }
    }

    async fn ready(cx: &Call<Aws>, state: Self) -> Result<Self> {
        let what = format!("role {}", state.id.text());
        let wanted = &tags::wanted(cx.client(), &state.tags);
        let new = (!state.create_date.is_known()).then(|| remote::as_made(&state, wanted));
        let seen = converged(
            cx,
            &what,
            new,
            || remote::look(cx.client(), &state),
            |seen| remote::differs(seen, &state, wanted),
            |seen| {
                let state = &state;
                async move { remote::converge(cx, &seen, state, wanted).await }
            },
        )
        .await?;
        // Planned as none: what somebody has added meanwhile is seen by the next refresh.
        let (arns, inline) = (&state.managed_policy_arns, &state.inline_policy);
        Ok(Self {
            managed_policy_arns: if is_none(arns) { arns.clone() } else { seen.managed_policy_arns.clone() },
            inline_policy: if is_none(inline) { Attr::Known(Set(Vec::new())) } else { seen.inline_policy.clone() },
            ..seen
        })
    }

    async fn find(cx: &Call<Aws>, plan: &Self, marker: &Marker) -> Result<Option<Self>> {
        let name = iam::name_of(&plan.name, &plan.name_prefix, marker);
        if remote::is_of_create(cx.client(), &name, marker).await? != Some(true) {
            return Ok(None);
        }
        remote::look(cx.client(), &Self { id: name.into(), ..plan.clone() }).await
    }

    async fn marked(cx: &Call<Aws>, plan: &Self) -> Result<Vec<Marked>> {
        match plan.name.text() {
            // A name that AWS does not know of stands in nobody's way.
            "" => Ok(Vec::new()),
            name => Ok(remote::marked(cx.client(), name).await?.into_iter().collect()),
        }
    }

    async fn read(cx: &Call<Aws>, state: Self) -> Result<Option<Self>> {
        remote::look(cx.client(), &state).await
    }

    async fn update(cx: &Call<Aws>, state: Self, plan: Self) -> Result<Self, Failed<Self>> {
        remote::converge(cx, &state, &plan, &tags::wanted(cx.client(), &plan.tags)).await?;
        Ok(Self { id: state.id, ..plan })
    }

    async fn delete(cx: &Call<Aws>, state: Self) -> Result<()> {
        remote::delete(cx, &state).await
    }
}

/// Whether a collection says nothing.
fn is_none<T>(set: &Attr<Set<T>>) -> bool {
    set.is_null() || set.known().is_some_and(Set::is_empty)
}

/// The role's own policies.
fn inline(role: &IamRole) -> impl Iterator<Item = &InlinePolicy> {
    role.inline_policy.known().into_iter().flatten()
}

#[cfg(test)]
mod tests;
