//! The operations of a resource behind its registry entry: values in, values out, whatever the struct is.
//!
//! A struct lives here only: everything else of the framework works on [`Value`] trees and a [`Schema`].

use std::fmt::Debug;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::call::{Call, Marked, Marker};
use crate::diagnostic::{Diagnostic, Error, Failed, Path, Result};
use crate::resource::{Client, Planning, Resource};
use crate::serde_value::{from_value, restore, to_value};
use crate::subject::{Operation, Subject};
use crate::types::Schema;
use crate::value::Value;
use crate::waiting::{self, Patience};

/// A future behind a pointer.
pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What an operation needs beside its values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a, C> {
    pub(crate) context: &'a C,
    pub(crate) schema: &'a Schema,
    pub(crate) cancel: &'a CancellationToken,
    pub(crate) limit: Duration,
    pub(crate) marker: &'a Marker,
}

impl<C> Ask<'_, C> {
    /// The call that the operations of `T` are given.
    pub(crate) async fn call<T: Client<C>>(&self) -> Result<Call<T>> {
        let client = T::connect(self.context).await?;
        Ok(Call::new(client, self.cancel.clone(), self.limit, self.marker.clone()))
    }
}

/// What a plan is made from, and what it is so far.
pub(crate) struct PlanAsk<'a, C> {
    pub(crate) context: Option<&'a C>,
    pub(crate) schema: &'a Schema,
    pub(crate) prior: &'a Value,
    pub(crate) config: &'a Value,
    pub(crate) planned: Value,
    pub(crate) replaces: Vec<Path>,
}

/// What a resource says to a plan.
pub(crate) struct PlanSaid {
    pub(crate) value: Value,
    pub(crate) replaces: Vec<Path>,
    pub(crate) warnings: Vec<Diagnostic>,
}

/// The operations of a resource.
pub(crate) trait Operations<C>: Debug + Send + Sync {
    /// The resource's own checks.
    fn validate(&self, schema: &Schema, config: &Value) -> Result<Vec<Diagnostic>>;
    /// The attributes of the provider for whose values nobody can be asked before something else is applied.
    fn unknown(&self, context: &C) -> Vec<&'static str>;
    /// What stands against a change.
    fn obstacle<'a>(&'a self, context: &'a C) -> Boxed<'a, Option<Diagnostic>>;
    /// The resource's own say in the plan.
    fn plan<'a>(&'a self, ask: PlanAsk<'a, C>) -> Boxed<'a, Result<PlanSaid>>;
    /// Looks for the object of an earlier create.
    fn find<'a>(&'a self, ask: Ask<'a, C>, plan: &'a Value) -> Boxed<'a, Result<Option<Value>>>;
    /// Whether the service takes its name once only.
    fn is_named(&self) -> bool;
    /// Whether nothing on the object tells whose it is.
    fn is_unmarked(&self) -> bool;
    /// The objects that bear a mark.
    fn marked<'a>(&'a self, ask: Ask<'a, C>, plan: &'a Value) -> Boxed<'a, Result<Vec<Marked>>>;
    /// Makes the object and waits until it is ready.
    fn create<'a>(&'a self, ask: Ask<'a, C>, plan: &'a Value) -> Boxed<'a, Result<Value, Failed<Value>>>;
    /// Changes the object, if it is not already as planned, and waits until it is ready.
    fn update<'a>(
        &'a self,
        ask: Ask<'a, C>,
        state: &'a Value,
        plan: &'a Value,
        changed: bool,
    ) -> Boxed<'a, Result<Value, Failed<Value>>>;
    /// Reads the object.
    fn read<'a>(&'a self, ask: Ask<'a, C>, state: &'a Value) -> Boxed<'a, Result<Option<Value>>>;
    /// Removes the object.
    fn delete<'a>(&'a self, ask: Ask<'a, C>, state: &'a Value) -> Boxed<'a, Result<()>>;
    /// Whether the object can be removed as it is.
    fn check_removal<'a>(&'a self, ask: Ask<'a, C>, state: &'a Value) -> Boxed<'a, Result<()>>;
    /// What stands against what the object is planned to become.
    fn check_change<'a>(&'a self, ask: Ask<'a, C>, planned: &'a Value) -> Boxed<'a, Result<Vec<Diagnostic>>>;
    /// The state that an import starts from.
    fn import<'a>(&'a self, ask: Ask<'a, C>, id: &'a str) -> Boxed<'a, Result<Value>>;
    /// Makes one of this type of an object that was of another.
    fn adopt(&self, schema: &Schema, state: &Value) -> Result<Value>;
    /// Brings a stored state to the present shape.
    fn upgrade(&self, version: i64, state: serde_json::Value) -> Result<serde_json::Value>;
}

/// The operations of resource `R`.
pub(crate) struct Typed<R>(PhantomData<fn() -> R>);

impl<R> Debug for Typed<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(std::any::type_name::<R>())
    }
}

impl<R: Resource> Typed<R> {
    /// What is said when `operation` on the object of `value` fails.
    fn subject(operation: Operation, schema: &Schema, value: &Value) -> Subject {
        Subject::of(operation, R::NAME, schema, value)
    }

    /// The operations, to be kept in a static registry.
    pub(crate) const fn operations<C>() -> &'static dyn Operations<C>
    where
        R::Client: Client<C>,
        C: Send + Sync + 'static,
    {
        #[cfg(feature = "mutants")]
        return crate::mutant::Mutant::<R>::operations::<C>();
        #[cfg(not(feature = "mutants"))]
        Self::unbroken()
    }

    /// The operations as they are written.
    pub(crate) const fn unbroken<C>() -> &'static dyn Operations<C>
    where
        R::Client: Client<C>,
        C: Send + Sync + 'static,
    {
        const { &Self(PhantomData) }
    }

    async fn ready(
        call: &Call<R::Client>,
        cancel: &CancellationToken,
        before: &Value,
        object: R,
        schema: &Schema,
    ) -> Result<Value, Failed<Value>> {
        let known = restore(before, &object, schema)?;
        match waiting::run(R::ready(call, object), cancel, call.left(), Patience::READY).await {
            Ok(Ok(object)) => restore(before, &object, schema).map_err(|error| Failed::with(error, known)),
            Ok(Err(error)) | Err(error) => Err(Failed::with(error, known)),
        }
    }
}

fn partial<R: Resource>(failed: Failed<R>, before: &Value, schema: &Schema) -> Failed<Value> {
    let partial = failed.partial.and_then(|object| restore(before, object.as_ref(), schema).ok());
    Failed { error: failed.error, partial: partial.map(Box::new) }
}

/// The failure of `subject`'s operation. An object that came to be has an id by which it is called.
fn failed(subject: impl Fn(&Value) -> Subject, value: &Value, failed: Failed<Value>) -> Failed<Value> {
    let subject = subject(failed.partial.as_deref().unwrap_or(value));
    Failed { error: subject.failed(failed.error), partial: failed.partial }
}

impl<C, R> Operations<C> for Typed<R>
where
    C: Send + Sync + 'static,
    R: Resource,
    R::Client: Client<C>,
{
    fn validate(&self, schema: &Schema, config: &Value) -> Result<Vec<Diagnostic>> {
        Ok(R::validate(&from_value::<R>(config, schema)?))
    }

    fn unknown(&self, context: &C) -> Vec<&'static str> {
        R::Client::unknown(context)
    }

    fn obstacle<'a>(&'a self, context: &'a C) -> Boxed<'a, Option<Diagnostic>> {
        Box::pin(R::Client::obstacle(context))
    }

    fn plan<'a>(&'a self, ask: PlanAsk<'a, C>) -> Boxed<'a, Result<PlanSaid>> {
        Box::pin(async move {
            let PlanAsk { context, schema, prior, config, planned, mut replaces } = ask;
            // Without a client (unknown region, say) the resource plans what it can without asking.
            let client = match context {
                Some(context) => R::Client::connect(context).await.ok(),
                None => None,
            };
            let prior_object: Option<R> = if prior.is_null() { None } else { Some(from_value(prior, schema)?) };
            let config_object: R = from_value(config, schema)?;
            let mut object: R = from_value(&planned, schema)?;
            let mut warnings = Vec::new();
            R::plan(&mut Planning {
                prior: prior_object.as_ref(),
                config: &config_object,
                planned: &mut object,
                replaces: &mut replaces,
                warnings: &mut warnings,
                client: client.as_deref(),
                now: Timestamp::now(),
            })
            .map_err(|error| Self::subject(Operation::Plan, schema, &planned).failed(error))?;
            Ok(PlanSaid { value: restore(&planned, &object, schema)?, replaces, warnings })
        })
    }

    fn find<'a>(&'a self, ask: Ask<'a, C>, plan: &'a Value) -> Boxed<'a, Result<Option<Value>>> {
        Box::pin(async move {
            let found = async {
                let call = ask.call::<R::Client>().await?;
                let object: R = from_value(plan, ask.schema)?;
                let found = waiting::run(R::find(&call, &object, ask.marker), ask.cancel, call.left(), Patience::READ)
                    .await??;
                found.map(|object| to_value(&object, ask.schema)).transpose()
            };
            found.await.map_err(|error| Self::subject(Operation::Create, ask.schema, plan).failed(error))
        })
    }

    fn is_named(&self) -> bool {
        R::NAMED
    }

    fn is_unmarked(&self) -> bool {
        R::UNMARKED
    }

    fn marked<'a>(&'a self, ask: Ask<'a, C>, plan: &'a Value) -> Boxed<'a, Result<Vec<Marked>>> {
        Box::pin(async move {
            let marked = async {
                let call = ask.call::<R::Client>().await?;
                let object: R = from_value(plan, ask.schema)?;
                waiting::run(R::marked(&call, &object), ask.cancel, call.left(), Patience::READ).await?
            };
            marked.await.map_err(|error| Self::subject(Operation::Create, ask.schema, plan).failed(error))
        })
    }

    fn create<'a>(&'a self, ask: Ask<'a, C>, plan: &'a Value) -> Boxed<'a, Result<Value, Failed<Value>>> {
        Box::pin(async move {
            let made = async {
                // Without a client nothing is sent.
                let call = ask.call::<R::Client>().await.map_err(Error::undone)?;
                let object: R = from_value(plan, ask.schema).map_err(Error::undone)?;
                let made = waiting::run(R::create(&call, object), ask.cancel, call.left(), Patience::CREATE).await?;
                let object = made.map_err(|failed| partial(failed, plan, ask.schema))?;
                Self::ready(&call, ask.cancel, plan, object, ask.schema).await
            };
            made.await.map_err(|why| failed(|value| Self::subject(Operation::Create, ask.schema, value), plan, why))
        })
    }

    fn update<'a>(
        &'a self,
        ask: Ask<'a, C>,
        state: &'a Value,
        plan: &'a Value,
        changed: bool,
    ) -> Boxed<'a, Result<Value, Failed<Value>>> {
        Box::pin(async move {
            let made = async {
                let call = ask.call::<R::Client>().await?;
                let prior: R = from_value(state, ask.schema)?;
                let object = if changed {
                    let planned: R = from_value(plan, ask.schema)?;
                    let made =
                        waiting::run(R::update(&call, prior, planned), ask.cancel, call.left(), Patience::UPDATE);
                    made.await?.map_err(|failed| partial(failed, plan, ask.schema))?
                } else {
                    prior
                };
                Self::ready(&call, ask.cancel, plan, object, ask.schema).await
            };
            made.await.map_err(|why| failed(|value| Self::subject(Operation::Update, ask.schema, value), state, why))
        })
    }

    fn read<'a>(&'a self, ask: Ask<'a, C>, state: &'a Value) -> Boxed<'a, Result<Option<Value>>> {
        Box::pin(async move {
            let read = async {
                let call = ask.call::<R::Client>().await?;
                let object: R = from_value(state, ask.schema)?;
                let read = waiting::run(R::read(&call, object), ask.cancel, call.left(), Patience::READ).await??;
                if !ask.marker.id.is_empty() {
                    call.client().stored(ask.marker);
                }
                read.map(|object| restore(state, &object, ask.schema)).transpose()
            };
            read.await.map_err(|error| Self::subject(Operation::Read, ask.schema, state).failed(error))
        })
    }

    fn delete<'a>(&'a self, ask: Ask<'a, C>, state: &'a Value) -> Boxed<'a, Result<()>> {
        Box::pin(async move {
            let deleted = async {
                let call = ask.call::<R::Client>().await?;
                let object: R = from_value(state, ask.schema)?;
                waiting::run(R::delete(&call, object), ask.cancel, call.left(), Patience::UPDATE).await?
            };
            deleted.await.map_err(|error| Self::subject(Operation::Delete, ask.schema, state).failed(error))
        })
    }

    fn check_removal<'a>(&'a self, ask: Ask<'a, C>, state: &'a Value) -> Boxed<'a, Result<()>> {
        Box::pin(async move {
            // Nobody to ask: the removal itself will tell.
            let Ok(call) = ask.call::<R::Client>().await else { return Ok(()) };
            let checked = async {
                let object: R = from_value(state, ask.schema)?;
                waiting::run(R::check_removal(&call, &object), ask.cancel, call.left(), Patience::READ).await?
            };
            checked.await.map_err(|error| Self::subject(Operation::Delete, ask.schema, state).failed(error))
        })
    }

    fn check_change<'a>(&'a self, ask: Ask<'a, C>, planned: &'a Value) -> Boxed<'a, Result<Vec<Diagnostic>>> {
        Box::pin(async move {
            // Nobody to ask: the apply will tell.
            let Ok(call) = ask.call::<R::Client>().await else { return Ok(Vec::new()) };
            let checked = async {
                let object: R = from_value(planned, ask.schema)?;
                waiting::run(R::check_change(&call, &object), ask.cancel, call.left(), Patience::READ).await?
            };
            checked.await.map_err(|error| Self::subject(Operation::Plan, ask.schema, planned).failed(error))
        })
    }

    fn import<'a>(&'a self, ask: Ask<'a, C>, id: &'a str) -> Boxed<'a, Result<Value>> {
        Box::pin(async move {
            let imported = async {
                let call = ask.call::<R::Client>().await?;
                let object = waiting::run(R::import(&call, id), ask.cancel, call.left(), Patience::READ).await??;
                to_value(&object, ask.schema)
            };
            imported.await.map_err(|error| Subject::new(Operation::Import, R::NAME).named(id).failed(error))
        })
    }

    fn adopt(&self, schema: &Schema, state: &Value) -> Result<Value> {
        restore(state, &R::adopt(from_value(state, schema)?), schema)
    }

    fn upgrade(&self, version: i64, state: serde_json::Value) -> Result<serde_json::Value> {
        R::upgrade(version, state)
    }
}
