//! Serverless compute as the configuration of databricks_ssh_endpoint says it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ssh_endpoint as layout;
use tfplugin::{Attr, OPTIONAL, Result};

/// Serverless compute for an endpoint.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ServerlessCompute {
    /// GPU: `GPU_1xA10` or `GPU_8xH100`. It takes up to 45 minutes to start.
    #[schemars(extend("enum" = ["GPU_1xA10", "GPU_8xH100"], "x-tf" = OPTIONAL))]
    pub accelerator: Attr<String>,
    /// Version of the serverless environment, 4 or newer: 4 where neither it nor `base_environment` is set.
    #[schemars(range(min = 4), extend("x-tf" = OPTIONAL))]
    pub environment_version: Attr<i64>,
    /// Base environment in place of a version: `workspace-base-environments/…`, or the path of its file in the workspace.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub base_environment: Attr<String>,
    /// Usage policy that the compute is billed by.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub usage_policy_id: Attr<String>,
}

impl ServerlessCompute {
    pub(super) fn published(serverless: &layout::Serverless) -> Self {
        Self {
            accelerator: serverless.accelerator.clone().into(),
            environment_version: serverless.environment_version.map(i64::from).into(),
            base_environment: serverless.base_environment.clone().into(),
            usage_policy_id: serverless.usage_policy_id.clone().into(),
        }
    }

    pub(super) fn wanted(&self) -> Result<layout::Serverless> {
        Ok(layout::Serverless {
            accelerator: self.accelerator.known().cloned(),
            environment_version: self.environment_version.known().map(|version| u32::try_from(*version)).transpose()?,
            base_environment: self.base_environment.known().cloned(),
            usage_policy_id: self.usage_policy_id.known().cloned(),
        })
    }
}
