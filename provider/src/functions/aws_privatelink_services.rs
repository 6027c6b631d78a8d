//! aws_privatelink_services, the function: what Databricks' PrivateLink endpoints of a region lead to.
//! Source: <https://docs.databricks.com/aws/en/resources/ip-domain-region#privatelink>.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, Dynamic, Function, FunctionError, OPTIONAL, REQUIRED, Result};

use super::arguments::Options;
use super::checks::partition;
use super::regions;

/// The services of a region that interface endpoints of a VPC lead to, for PrivateLink.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct AwsPrivatelinkServices {
    /// The AWS region. One in which Databricks has no such services is an error.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub region: Attr<String>,
    /// An object of options: `aws_partition` (`aws` by default, `aws-us-gov` or `aws-us-gov-dod`).
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub options: Vec<Dynamic>,
}

/// Names of services, as `service_name` of a VPC endpoint takes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PrivatelinkServices {
    /// Workspaces: their pages and their REST API.
    pub workspace: String,
    /// Secure cluster connectivity: the relay that clusters call.
    pub relay: String,
    /// Services that need short ways; null where the region has none.
    pub service_direct: Option<String>,
}

impl Function for AwsPrivatelinkServices {
    const NAME: &'static str = "aws_privatelink_services";
    const SUMMARY: &'static str = "The services that Databricks' PrivateLink endpoints of a region lead to.";
    const EXAMPLE: &'static str = r#"output "example" {
  value = provider::databricks::aws_privatelink_services("eu-west-1").workspace
}
"#;
    type Output = PrivatelinkServices;

    fn call(self) -> Result<PrivatelinkServices, FunctionError> {
        let options = Options::read(&self.options, 1, &["aws_partition"])?;
        let services = partition(options.text("aws_partition")?)
            .and_then(|partition| regions::in_partition(self.region.text(), partition));
        let region = services.map_err(|wrong| wrong.in_call(&["region"]))?;
        Ok(PrivatelinkServices {
            workspace: region.workspace_service(),
            relay: region.relay_service(),
            service_direct: region.service_direct(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{options, text};
    use super::*;

    #[test]
    fn a_region_has_its_services_and_an_unknown_one_is_refused() {
        let call = |region: &str, options| AwsPrivatelinkServices { region: region.into(), options }.call();
        let ireland = call("eu-west-1", Vec::new()).unwrap();
        assert_eq!(ireland.workspace, "com.amazonaws.vpce.eu-west-1.vpce-svc-0da6ebf1461278016");
        assert_eq!(ireland.relay, "com.amazonaws.vpce.eu-west-1.vpce-svc-09b4eb2bc775f4e8c");
        assert_eq!(ireland.service_direct.as_deref(), Some("com.amazonaws.vpce.eu-west-1.vpce-svc-0a5d3be4f026f5bd7"));
        let gov = call("us-gov-west-1", options(&[("aws_partition", text("aws-us-gov"))])).unwrap();
        assert_eq!(gov.service_direct, None);
        let refused = call("eu-north-1", Vec::new()).unwrap_err();
        assert!(refused.argument == Some(0) && refused.text.contains("eu-west-1"), "{refused:?}");
        assert_eq!(call("eu-west-1", options(&[("aws_partition", text("aws-cn"))])).unwrap_err().argument, Some(1));
    }
}
