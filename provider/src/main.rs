//! The provider's process: Terraform starts it.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    tfplugin::serve::<terraform_provider_databricks::Databricks>().await
}
