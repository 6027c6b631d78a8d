//! Operations that are broken on purpose, to see that the tests of every resource notice. `scripts/mutants.sh` builds a
//! provider with them; no other build has this file.
//!
//! The environment variable `TFPLUGIN_MUTANT` names the one resource that is broken, and how: `databricks_aws_vpc delete`.

use std::marker::PhantomData;

use crate::diagnostic::{Diagnostic, Failed, Result};
use crate::operations::{Ask, Boxed, Operations, PlanAsk, PlanSaid, Typed};
use crate::resource::{Client, Resource};
use crate::types::Schema;
use crate::value::Value;

/// How the resource is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fault {
    /// `delete` does nothing and says that it did.
    Delete,
    /// `find` never finds what an earlier create made.
    Find,
    /// `read` never says that the object is gone.
    Gone,
    /// `read` does not read this attribute.
    Unread(String),
    /// `create` and `update` do not send this attribute.
    Unsent(String),
}

/// The fault that `text` gives the resource `name`, if it is meant.
fn fault(text: &str, name: &str) -> Option<Fault> {
    let mut words = text.split_whitespace();
    if words.next() != Some(name) {
        return None;
    }
    match (words.next()?, words.next()) {
        ("delete", None) => Some(Fault::Delete),
        ("find", None) => Some(Fault::Find),
        ("gone", None) => Some(Fault::Gone),
        ("unread", Some(attribute)) => Some(Fault::Unread(attribute.to_owned())),
        ("unsent", Some(attribute)) => Some(Fault::Unsent(attribute.to_owned())),
        _ => None,
    }
}

/// The operations of resource `R`, one of them broken.
#[derive(Debug)]
pub(crate) struct Mutant<R>(PhantomData<fn() -> R>);

impl<R: Resource> Mutant<R> {
    pub(crate) const fn operations<C>() -> &'static dyn Operations<C>
    where
        R::Client: Client<C>,
        C: Send + Sync + 'static,
    {
        const { &Self(PhantomData) }
    }

    fn fault() -> Option<Fault> {
        fault(&std::env::var("TFPLUGIN_MUTANT").ok()?, R::NAME)
    }

    /// The plan that `create` and `update` are given, and what to put back into what they answer.
    fn sent(plan: &Value) -> (Value, Option<(String, Value)>) {
        match Self::fault() {
            Some(Fault::Unsent(attribute)) => {
                let meant = plan.member(&attribute).clone();
                (with(plan.clone(), &attribute, Value::Null), Some((attribute, meant)))
            }
            _ => (plan.clone(), None),
        }
    }
}

fn with(mut of: Value, attribute: &str, value: Value) -> Value {
    if let Value::Map(members) = &mut of {
        members.insert(attribute.to_owned(), value);
    }
    of
}

fn put_back(made: Result<Value, Failed<Value>>, back: Option<(String, Value)>) -> Result<Value, Failed<Value>> {
    let Some((attribute, value)) = back else { return made };
    made.map(|made| with(made, &attribute, value))
}

impl<C, R> Operations<C> for Mutant<R>
where
    C: Send + Sync + 'static,
    R: Resource,
    R::Client: Client<C>,
{
    fn validate(&self, schema: &Schema, config: &Value) -> Result<Vec<Diagnostic>> {
        Typed::<R>::unbroken::<C>().validate(schema, config)
    }

    fn unknown(&self, context: &C) -> Vec<&'static str> {
        Typed::<R>::unbroken::<C>().unknown(context)
    }

    fn obstacle<'a>(&'a self, context: &'a C) -> Boxed<'a, Option<Diagnostic>> {
        Typed::<R>::unbroken::<C>().obstacle(context)
    }

    fn plan<'a>(&'a self, ask: PlanAsk<'a, C>) -> Boxed<'a, Result<PlanSaid>> {
        Typed::<R>::unbroken::<C>().plan(ask)
    }

    fn find<'a>(&'a self, ask: Ask<'a, C>, plan: &'a Value) -> Boxed<'a, Result<Option<Value>>> {
        match Self::fault() {
            Some(Fault::Find) => Box::pin(async { Ok(None) }),
            _ => Typed::<R>::unbroken::<C>().find(ask, plan),
        }
    }

    fn is_named(&self) -> bool {
        R::NAMED
    }

    fn is_unmarked(&self) -> bool {
        R::UNMARKED
    }

    fn marked<'a>(&'a self, ask: Ask<'a, C>, plan: &'a Value) -> Boxed<'a, Result<Vec<crate::call::Marked>>> {
        match Self::fault() {
            Some(Fault::Find) => Box::pin(async { Ok(Vec::new()) }),
            _ => Typed::<R>::unbroken::<C>().marked(ask, plan),
        }
    }

    fn create<'a>(&'a self, ask: Ask<'a, C>, plan: &'a Value) -> Boxed<'a, Result<Value, Failed<Value>>> {
        Box::pin(async move {
            let (plan, back) = Self::sent(plan);
            put_back(Typed::<R>::unbroken::<C>().create(ask, &plan).await, back)
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
            let (plan, back) = Self::sent(plan);
            put_back(Typed::<R>::unbroken::<C>().update(ask, state, &plan, changed).await, back)
        })
    }

    fn read<'a>(&'a self, ask: Ask<'a, C>, state: &'a Value) -> Boxed<'a, Result<Option<Value>>> {
        Box::pin(async move {
            let read = Typed::<R>::unbroken::<C>().read(ask, state).await?;
            Ok(match (Self::fault(), read) {
                (Some(Fault::Gone), None) => Some(state.clone()),
                (Some(Fault::Unread(attribute)), Some(read)) => {
                    let kept = state.member(&attribute).clone();
                    Some(with(read, &attribute, kept))
                }
                (_, read) => read,
            })
        })
    }

    fn delete<'a>(&'a self, ask: Ask<'a, C>, state: &'a Value) -> Boxed<'a, Result<()>> {
        match Self::fault() {
            Some(Fault::Delete) => Box::pin(async { Ok(()) }),
            _ => Typed::<R>::unbroken::<C>().delete(ask, state),
        }
    }

    fn check_removal<'a>(&'a self, ask: Ask<'a, C>, state: &'a Value) -> Boxed<'a, Result<()>> {
        Typed::<R>::unbroken::<C>().check_removal(ask, state)
    }

    fn check_change<'a>(&'a self, ask: Ask<'a, C>, planned: &'a Value) -> Boxed<'a, Result<Vec<Diagnostic>>> {
        Typed::<R>::unbroken::<C>().check_change(ask, planned)
    }

    fn import<'a>(&'a self, ask: Ask<'a, C>, id: &'a str) -> Boxed<'a, Result<Value>> {
        Typed::<R>::unbroken::<C>().import(ask, id)
    }

    fn adopt(&self, schema: &Schema, state: &Value) -> Result<Value> {
        Typed::<R>::unbroken::<C>().adopt(schema, state)
    }

    fn upgrade(&self, version: i64, state: serde_json::Value) -> Result<serde_json::Value> {
        Typed::<R>::unbroken::<C>().upgrade(version, state)
    }
}
