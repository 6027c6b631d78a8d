//! The provider's process: Terraform starts it. By hand it runs one command, [`orphans`].

use std::process::ExitCode;

use terraform_provider_databricks::{Databricks, orphans};

/// Stack of a worker, of which only what is used takes memory. The futures of the AWS SDK are large, and a build without
/// optimization moves them about: a read of a bucket takes more than tokio's 2 MiB then.
const STACK: usize = 16 << 20;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(STACK).build();
    match runtime {
        Ok(runtime) => {
            let mut arguments = std::env::args().skip(1);
            match arguments.next().as_deref() {
                Some(orphans::NAME) => runtime.block_on(orphans::run(arguments)),
                _ => runtime.block_on(tfplugin::serve::<Databricks>()),
            }
        }
        // Neither threads nor a place to say so: Terraform shows the exit code.
        Err(_) => ExitCode::FAILURE,
    }
}
