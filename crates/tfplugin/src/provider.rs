//! What a provider is to the framework.

use std::future::Future;

use crate::diagnostic::{Diagnostic, Result};
use crate::registry::Registry;
use crate::resource::Object;

/// A provider: its configuration block, what it makes of it, and its lists.
pub trait Provider: Send + Sync + 'static {
    /// The name: `databricks`.
    const NAME: &'static str;
    /// The version of the binary.
    const VERSION: &'static str;
    /// The full source address, `registry.terraform.io/<namespace>/<name>`. Needed where Terraform does not start the
    /// provider itself: in tests and in a debugger.
    const ADDRESS: &'static str;
    /// A complete configuration of the provider, for the front page of its documentation.
    const EXAMPLE: &'static str = "";
    /// The provider block.
    type Config: Object;
    /// What a configured provider is.
    type Context: Send + Sync + 'static;

    /// Checks that JSON schema cannot express.
    fn validate(config: &Self::Config) -> Vec<Diagnostic> {
        let _ = config;
        Vec::new()
    }

    /// Makes the context. Attributes may be unknown while planning: they are to be remembered as unknown, never replaced
    /// by a default; the error comes when a client is asked for.
    fn configure(config: Self::Config, terraform_version: &str) -> impl Future<Output = Result<Self::Context>> + Send;

    /// Everything the provider has.
    fn registry() -> &'static Registry<Self::Context>;
}
