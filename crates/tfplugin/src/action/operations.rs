//! The operations of an action behind its registry entry.

use std::fmt::Debug;
use std::marker::PhantomData;

use super::{Action, ActionPlanning, Progress};
use crate::diagnostic::{Diagnostic, Result};
use crate::operations::{Ask, Boxed};
use crate::resource::Client;
use crate::serde_value::from_value;
use crate::subject::{Operation, Subject};
use crate::types::Schema;
use crate::value::Value;

/// What an action's plan is made from.
#[derive(Clone, Copy)]
pub(crate) struct ActionPlanAsk<'a, C> {
    /// `None`: the provider is not configured.
    pub(crate) context: Option<&'a C>,
    pub(crate) schema: &'a Schema,
    pub(crate) config: &'a Value,
    /// Whether Terraform lets it wait for a later run.
    pub(crate) may_wait: bool,
}

/// What an action says to its plan.
pub(crate) struct ActionPlanSaid {
    pub(crate) warnings: Vec<Diagnostic>,
    /// Whether it waits for a run in which the provider's configuration is known.
    pub(crate) waits: bool,
}

/// The operations of an action.
pub(crate) trait Acting<C>: Debug + Send + Sync {
    /// The action's own checks.
    fn validate(&self, schema: &Schema, config: &Value) -> Result<Vec<Diagnostic>>;
    /// The action's say in the plan.
    fn plan(&self, ask: ActionPlanAsk<'_, C>) -> Result<ActionPlanSaid>;
    /// Does it.
    fn invoke<'a>(&'a self, ask: Ask<'a, C>, progress: &'a Progress, config: &'a Value) -> Boxed<'a, Result<()>>;
}

/// The operations of action `A`.
pub(crate) struct Typed<A>(PhantomData<fn() -> A>);

impl<A> Debug for Typed<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(std::any::type_name::<A>())
    }
}

impl<A: Action> Typed<A> {
    /// The operations, to be kept in a static registry.
    pub(crate) const fn acting<C>() -> &'static dyn Acting<C>
    where
        A::Client: Client<C>,
        C: Send + Sync + 'static,
    {
        const { &Self(PhantomData) }
    }
}

impl<C, A> Acting<C> for Typed<A>
where
    C: Send + Sync + 'static,
    A: Action,
    A::Client: Client<C>,
{
    fn validate(&self, schema: &Schema, config: &Value) -> Result<Vec<Diagnostic>> {
        Ok(A::validate(&from_value::<A>(config, schema)?))
    }

    fn plan(&self, ask: ActionPlanAsk<'_, C>) -> Result<ActionPlanSaid> {
        let unknown = ask.context.map(A::Client::unknown).unwrap_or_default();
        let config: A = from_value(ask.config, ask.schema)?;
        let (mut warnings, mut waits) = (Vec::new(), false);
        let mut planning =
            ActionPlanning { config: &config, unknown: &unknown, warnings: &mut warnings, waits: &mut waits };
        A::plan(&mut planning)
            .map_err(|error| Subject::of(Operation::Plan, A::NAME, ask.schema, ask.config).failed(error))?;
        Ok(ActionPlanSaid { warnings, waits: waits && ask.may_wait && !unknown.is_empty() })
    }

    fn invoke<'a>(&'a self, ask: Ask<'a, C>, progress: &'a Progress, config: &'a Value) -> Boxed<'a, Result<()>> {
        Box::pin(async move {
            let invoked = async {
                let call = ask.call::<A::Client>().await?;
                let object: A = from_value(config, ask.schema)?;
                A::invoke(&call, progress, object).await
            };
            invoked.await.map_err(|error| Subject::of(Operation::Invoke, A::NAME, ask.schema, config).failed(error))
        })
    }
}
