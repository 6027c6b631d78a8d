//! The provider: its name, its block and its registry.

use provider_aws::{region, tag_limits};
use tfplugin::{Diagnostic, Registry, Result};

use crate::config::Config;
use crate::context::Context;

/// The provider.
#[derive(Debug, Clone, Copy)]
pub struct Databricks;

impl tfplugin::Provider for Databricks {
    const NAME: &'static str = "databricks";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const ADDRESS: &'static str = "registry.terraform.io/databricks-aws/databricks";
    const EXAMPLE: &'static str = r#"provider "databricks" {
  host       = "https://accounts.cloud.databricks.com"
  account_id = var.databricks_account_id

  aws {
    region       = "eu-west-1"
    default_tags = { project = "analytics" }
  }
}
"#;
    type Config = Config;
    type Context = Context;

    fn validate(config: &Config) -> Vec<Diagnostic> {
        let aws = config.aws.known();
        let region = aws.and_then(|aws| aws.region.known());
        let skipped = aws.is_some_and(|aws| !aws.skip_region_validation.is_null());
        let mut found = aws.map_or_else(Vec::new, |aws| tag_limits::check_at("aws.default_tags", &aws.default_tags));
        if let Some(name) = region.filter(|_| !skipped) {
            found.extend(region::check(name).err().map(|error| Diagnostic::from(error.at("aws.region"))));
        }
        found
    }

    async fn configure(config: Config, terraform_version: &str) -> Result<Context> {
        Ok(Context::new(&config, terraform_version))
    }

    fn registry() -> &'static Registry<Context> {
        &crate::registry::REGISTRY
    }
}
