//! databricks_aws_iam_instance_profile: a role for machines.
//! API: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateInstanceProfile.html>.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{
    Attr, COMPUTED, Call, Diagnostic, Failed, ID, Marked, Marker, OPTIONAL, OPTIONAL_COMPUTED, Planning, Resource,
    Result, Timeouts,
};

use super::client::Aws;
use super::create::converged;
use super::errors::Explain;
use super::iam;
use super::tag_limits;
use super::tags::{self, Tags};

pub(crate) mod remote;

/// An instance profile: it hands a role to the machines that bear it. Databricks gives it to clusters, whose code then reaches
/// what the role may reach. EC2 may take some seconds to know a new one.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct IamInstanceProfile {
    /// Name of the profile.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Name of the profile. Without it and `name_prefix`, a unique one.
    #[schemars(
        regex(pattern = "^[0-9A-Za-z_+=,.@-]{1,128}$"),
        extend("x-form" = "1 to 128 letters, digits and `_+=,.@-`", "x-tf" = OPTIONAL_COMPUTED.keeps_state().replaces())
    )]
    pub name: Attr<String>,
    /// What a unique name begins with.
    #[schemars(
        regex(pattern = "^[0-9A-Za-z_+=,.@-]{1,102}$"),
        extend("x-form" = "1 to 102 letters, digits and `_+=,.@-`", "x-tf" = OPTIONAL.replaces().untold())
    )]
    pub name_prefix: Attr<String>,
    /// The folder of the profile, which is a part of its ARN.
    #[schemars(
        regex(pattern = "^/(.*/)?$"),
        extend("x-form" = "a path that begins and ends with `/`", "x-tf" = OPTIONAL.default("\"/\"").replaces())
    )]
    pub path: Attr<String>,
    /// Name of the role that it hands out. Without it, machines get none.
    #[schemars(
        regex(pattern = "^[0-9A-Za-z_+=,.@-]{1,64}$"),
        extend("x-form" = "the name of a role, which is not its ARN", "x-tf" = OPTIONAL)
    )]
    pub role: Attr<String>,
    /// Tags of the profile.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub tags: Attr<Tags>,
    /// Tags of the profile with the provider's default tags.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub tags_all: Attr<Tags>,
    /// ARN of the profile, which Databricks asks for.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub arn: Attr<String>,
    /// The profile's unique id, which a new profile of the same name does not have.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub unique_id: Attr<String>,
    /// When the profile was created (RFC 3339).
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub create_date: Attr<String>,
}

crate::tagged!(IamInstanceProfile);

impl Resource for IamInstanceProfile {
    const NAME: &'static str = "databricks_aws_iam_instance_profile";
    const EXAMPLE: &'static str = r#"resource "databricks_aws_iam_role" "example" {
  name = "analytics-lake"

  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }]
  })
}

resource "databricks_aws_iam_instance_profile" "example" {
  name = "analytics-clusters"
  role = databricks_aws_iam_role.example.name
  tags = { Name = "analytics" }
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("\"analytics\"", "\"lake\""));
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> =
        Some(("\"analytics-clusters\"", "\"analytics-machines\""));
    const IMPORT_ID: Option<&'static str> = Some("analytics-clusters");
    const NAMED: bool = true;
    const TIMEOUTS: Timeouts = Timeouts::minutes(5);
    type Client = Aws;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let mut problems = tag_limits::check(&config.tags);
        problems.extend(iam::check_names(&config.name, &config.name_prefix));
        problems
    }

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        tags::plan(planning);
        Ok(())
    }

    async fn create(cx: &Call<Aws>, plan: Self) -> Result<Self, Failed<Self>> {
        let name = iam::name_of(&plan.name, &plan.name_prefix, cx.marker());
        let tags = iam::tag_list(&tags::marked(cx, &plan.tags))?;
        let request = cx.client().iam.create_instance_profile().instance_profile_name(&name).path(plan.path.text());
        let answer = request.set_tags(Some(tags)).send().await.fault();
        let made = Self { id: name.clone().into(), name: name.clone().into(), ..plan };
        match answer {
            Ok(answer) => {
                Ok(Self { arn: answer.instance_profile.map_or(Attr::Unknown, |made| made.arn.into()), ..made })
            }
            Err(fault) if fault.is(&["EntityAlreadyExists"]) => {
                let is_of_create = remote::is_of_create(cx.client(), &name, cx.marker()).await?;
                iam::taken(fault, "an instance profile", made, &name, is_of_create)
            }
            Err(fault) => Err(fault.accusing(&[("InvalidInput", "name")]).into()),
        }
    }

    async fn ready(cx: &Call<Aws>, state: Self) -> Result<Self> {
        let what = format!("instance profile {}", state.id.text());
        let wanted = &tags::wanted(cx.client(), &state.tags);
        let new = (!state.create_date.is_known()).then(|| remote::as_made(&state, wanted));
        converged(
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
        .await
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

#[cfg(test)]
mod tests;
