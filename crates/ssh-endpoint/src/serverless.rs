//! Serverless compute as an endpoint asks for it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Accelerators of serverless compute: <https://docs.databricks.com/api/workspace/jobs/submit>, `compute.hardware_accelerator`.
pub const ACCELERATORS: [&str; 2] = ["GPU_1xA10", "GPU_8xH100"];
/// The oldest serverless environment that can serve SSH.
pub const LEAST_ENVIRONMENT_VERSION: u32 = 4;

/// Serverless compute for an endpoint. What is not set is the platform's choice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Serverless {
    /// GPU: `GPU_1xA10` or `GPU_8xH100`. It takes up to 45 minutes to start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accelerator: Option<String>,
    /// Version of the serverless environment, 4 or newer: 4 where neither it nor `base_environment` is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment_version: Option<u32>,
    /// Base environment in place of a version: `workspace-base-environments/…`, or the path of its file in the workspace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_environment: Option<String>,
    /// Usage policy that the compute is billed by. A running server with another one is not used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage_policy_id: Option<String>,
}

/// Why there is no such serverless compute.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidServerless {
    /// Unknown accelerator.
    #[error("{0:?} is no accelerator: it is one of GPU_1xA10 and GPU_8xH100")]
    Accelerator(String),
    /// Too old an environment.
    #[error("environment version {0} cannot serve SSH: it is 4 or newer")]
    EnvironmentVersion(u32),
    /// Two environments.
    #[error("a base environment has its own version: set base_environment or environment_version, not both")]
    TwoEnvironments,
}

impl Serverless {
    /// Checks what can be known without the workspace.
    ///
    /// # Errors
    /// [`InvalidServerless`], with what would be right.
    pub fn check(&self) -> Result<(), InvalidServerless> {
        if let Some(accelerator) = self.accelerator.as_deref().filter(|name| !ACCELERATORS.contains(name)) {
            return Err(InvalidServerless::Accelerator(accelerator.to_owned()));
        }
        match self.environment_version {
            Some(_) if self.base_environment.is_some() => Err(InvalidServerless::TwoEnvironments),
            Some(version) if version < LEAST_ENVIRONMENT_VERSION => Err(InvalidServerless::EnvironmentVersion(version)),
            _ => Ok(()),
        }
    }

    /// The environment that a server runs in: its version, or its base environment.
    pub fn environment(&self) -> String {
        let version = || self.environment_version.unwrap_or(LEAST_ENVIRONMENT_VERSION).to_string();
        self.base_environment.clone().unwrap_or_else(version)
    }

    /// Machine and environment in one word, such as `cpu/4` or `GPU_1xA10/4`: what a running server is compared by.
    pub fn describe(&self) -> String {
        format!("{}/{}", self.accelerator.as_deref().unwrap_or("cpu"), self.environment())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serverless_compute_is_checked() {
        let of = |accelerator: &str, environment_version: Option<u32>, base: Option<&str>| Serverless {
            accelerator: Some(accelerator.to_owned()).filter(|name| !name.is_empty()),
            environment_version,
            base_environment: base.map(str::to_owned),
            usage_policy_id: None,
        };
        let check = |serverless: Serverless, expected: Result<(), InvalidServerless>| {
            assert_eq!(serverless.check(), expected, "{serverless:?}");
        };
        check(Serverless::default(), Ok(()));
        check(of("GPU_1xA10", Some(4), None), Ok(()));
        check(of("", None, Some("workspace-base-environments/x")), Ok(()));
        check(of("GPU_2xA10", None, None), Err(InvalidServerless::Accelerator("GPU_2xA10".to_owned())));
        check(of("", Some(3), None), Err(InvalidServerless::EnvironmentVersion(3)));
        check(of("", Some(4), Some("x")), Err(InvalidServerless::TwoEnvironments));
        assert_eq!(Serverless::default().describe(), "cpu/4");
        assert_eq!(of("GPU_1xA10", Some(5), None).describe(), "GPU_1xA10/5");
        assert_eq!(of("", None, Some("/b.yaml")).describe(), "cpu//b.yaml");
    }
}
