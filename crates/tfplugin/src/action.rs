//! Actions: what is done when it is asked for, and leaves nothing in a state. Terraform has them from 1.14 on.

mod operations;
mod progress;
mod secrets;

use std::future::Future;
use std::time::Duration;

use crate::call::Call;
use crate::diagnostic::{Diagnostic, Result};
use crate::resource::Object;

pub(crate) use operations::{Acting, ActionPlanAsk, Typed};
pub use progress::Progress;
pub(crate) use secrets::Secrets;

/// An action: one struct, which is its schema, documentation and validation, and what it does.
///
/// What the framework does for every action: validation by the JSON schema, again when all is known; the `timeouts` block with its
/// `invoke`; and the end, of which there is one whatever happens: an error, a panic, the time limit, or an interruption
/// ([`Call::cancelled`]), after which the action has ten seconds for what it leaves behind.
pub trait Action: Object {
    /// The full type name, `databricks_cluster_start`: a noun and what becomes of it.
    const NAME: &'static str;
    /// A complete configuration, as `terraform fmt` writes it, whose action is named `example`, with a resource whose lifecycle
    /// has an `action_trigger` for it. The action names another resource than that: Terraform warns of a reference back, and a graph
    /// with an indirect one has a cycle (hashicorp/terraform #38658).
    const EXAMPLE: &'static str;
    /// How long it may run. The `timeouts` block overrides it.
    const LIMIT: Duration = Duration::from_secs(20 * 60);

    /// What the action talks to.
    type Client: Send + Sync + 'static;

    /// Checks that JSON schema cannot express. Unknown attributes are to be left alone: it is called again when they are known.
    fn validate(config: &Self) -> Vec<Diagnostic> {
        let _ = config;
        Vec::new()
    }

    /// The action's say in the plan of a run that will invoke it. Pure: nobody is asked, and what is unknown may stay so.
    ///
    /// # Errors
    /// The run is not to be applied.
    fn plan(planning: &mut ActionPlanning<'_, Self>) -> Result<()> {
        let _ = planning;
        Ok(())
    }

    /// Does it, and returns when it is done. All of `config` is known. What already is as asked for is a success that says so.
    fn invoke(cx: &Call<Self::Client>, progress: &Progress, config: Self) -> impl Future<Output = Result<()>> + Send;
}

/// What an action may look at, and say, while a run is planned that will invoke it.
#[derive(Debug)]
pub struct ActionPlanning<'a, A> {
    /// The configuration; what another change of the same run decides is unknown.
    pub config: &'a A,
    /// The attributes of the provider that are not known yet.
    pub unknown: &'a [&'static str],
    /// What is said beside the plan, and does not stop it.
    pub warnings: &'a mut Vec<Diagnostic>,
    /// Puts the action off to a run in which the provider's configuration is known. It is heeded where some of that is unknown,
    /// and Terraform allows it; else the action is planned as ever.
    pub waits: &'a mut bool,
}
