//! databricks_instance_profile. API: <https://docs.databricks.com/api/workspace/instanceprofiles>

use tfplugin::{Planning, Result};

use crate::rest::Of;
use crate::rest::prelude::*;

/// An instance profile of AWS that clusters of a workspace may use, and so the role in it.
///
/// The role that Databricks makes instances with must be allowed to pass the role on (`iam:PassRole`).
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct InstanceProfile {
    /// ARN of the instance profile.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// ARN of the instance profile.
    #[schemars(
        regex(pattern = "^arn:[a-z-]+:iam::[0-9]{12}:instance-profile/.+$"),
        extend("x-form" = "the ARN of an instance profile"),
        extend("x-tf" = REQUIRED.replaces())
    )]
    pub instance_profile_arn: Attr<String>,
    /// ARN of the role, where its name is not that of the instance profile: serverless SQL needs it.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub iam_role_arn: Attr<String>,
    /// Whether it is for credential passthrough, where users choose among roles.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub is_meta_instance_profile: Attr<bool>,
    /// Whether the service does not try the profile before it takes it. It matters when the profile is added.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.unsent().keeps_state()))]
    pub skip_validation: Attr<bool>,
    /// The workspace that the instance profile is added to.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().unsent().keeps_state()))]
    pub provider_config: Attr<ProviderConfig>,
}

impl Rest for InstanceProfile {
    const NAME: &'static str = "databricks_instance_profile";
    const NOUN: &'static str = "instance profile";
    const EXAMPLE: &'static str = r#"resource "databricks_instance_profile" "example" {
  instance_profile_arn = "arn:aws:iam::123456789012:instance-profile/example"
  iam_role_arn         = "arn:aws:iam::123456789012:role/example"
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some((":role/example", ":role/another"));
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> =
        Some((":instance-profile/example", ":instance-profile/another"));
    const API: Api = Api::rpc("/api/2.0/instance-profiles", "instance_profile_arn")
        .verbs("/add", "/edit", "/remove")
        .read_in_list("/api/2.0/instance-profiles/list")
        .items("instance_profiles")
        .create_flags(&["skip_validation"])
        .as_planned();
    type Client = AnyWorkspace;

    /// It has had its effect when the profile was added.
    fn plan(planning: &mut Planning<'_, Of<Self>>) -> Result<()> {
        if let Some(prior) = planning.prior {
            planning.planned.skip_validation = prior.skip_validation.clone();
        }
        Ok(())
    }
}
