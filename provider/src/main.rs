//! The provider's process: Terraform starts it.

use std::process::ExitCode;

/// Stack of a worker, of which only what is used takes memory. The futures of the AWS SDK are large, and a build without
/// optimization moves them about: a read of a bucket takes more than tokio's 2 MiB then.
const STACK: usize = 16 << 20;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(STACK).build();
    match runtime {
        Ok(runtime) => runtime.block_on(tfplugin::serve::<terraform_provider_databricks::Databricks>()),
        // Neither threads nor a place to say so: Terraform shows the exit code.
        Err(_) => ExitCode::FAILURE,
    }
}
