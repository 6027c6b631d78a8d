//! The operations of data sources, ephemeral resources and functions behind their registry entries.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::marker::PhantomData;
use std::time::Duration;

use jiff::Timestamp;

use crate::diagnostic::{Diagnostic, Error, Path, Result, Step};
use crate::operations::{Ask, Boxed};
use crate::resource::{Client, DataSource, Ephemeral, Function, FunctionError};
use crate::serde_value::{from_arguments, from_value, restore, to_typed_value};
use crate::subject::{Operation, Subject};
use crate::types::{Schema, Signature};
use crate::value::Value;
use crate::waiting::{self, Patience};
use crate::{schema, validate};

/// The operations of a data source.
pub(crate) trait Reading<C>: Debug + Send + Sync {
    /// The data source's own checks.
    fn validate(&self, schema: &Schema, config: &Value) -> Result<Vec<Diagnostic>>;
    /// How long a read may take.
    fn limit(&self) -> Duration;
    /// Reads it; gives what is said beside it too.
    fn read<'a>(&'a self, ask: Ask<'a, C>, config: &'a Value) -> Boxed<'a, Result<(Value, Vec<Diagnostic>)>>;
}

/// An open ephemeral resource.
pub(crate) struct OpenedValue {
    pub(crate) result: Value,
    pub(crate) private: Vec<u8>,
    pub(crate) renew_at: Option<Timestamp>,
}

/// The operations of an ephemeral resource.
pub(crate) trait Opening<C>: Debug + Send + Sync {
    /// The ephemeral resource's own checks.
    fn validate(&self, schema: &Schema, config: &Value) -> Result<Vec<Diagnostic>>;
    /// How long each of its operations may take.
    fn limit(&self) -> Duration;
    /// Whether nobody can be asked before something else is applied.
    fn is_unknown(&self, context: &C) -> bool;
    /// Opens it.
    fn open<'a>(&'a self, ask: Ask<'a, C>, config: &'a Value) -> Boxed<'a, Result<OpenedValue>>;
    /// Renews it.
    fn renew<'a>(&'a self, ask: Ask<'a, C>, private: Vec<u8>) -> Boxed<'a, Result<(Vec<u8>, Option<Timestamp>)>>;
    /// Closes it.
    fn close<'a>(&'a self, ask: Ask<'a, C>, private: Vec<u8>) -> Boxed<'a, Result<()>>;
}

/// The operations of `T`.
pub(crate) struct Typed<T>(PhantomData<fn() -> T>);

impl<T> Debug for Typed<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(std::any::type_name::<T>())
    }
}

impl<T: 'static> Typed<T> {
    /// The operations of a data source.
    pub(crate) const fn reading<C>() -> &'static dyn Reading<C>
    where
        T: DataSource,
        T::Client: Client<C>,
        C: Send + Sync + 'static,
    {
        const { &Self(PhantomData) }
    }

    /// The operations of an ephemeral resource.
    pub(crate) const fn opening<C>() -> &'static dyn Opening<C>
    where
        T: Ephemeral,
        T::Client: Client<C>,
        C: Send + Sync + 'static,
    {
        const { &Self(PhantomData) }
    }
}

impl<C, D> Reading<C> for Typed<D>
where
    C: Send + Sync + 'static,
    D: DataSource,
    D::Client: Client<C>,
{
    fn validate(&self, schema: &Schema, config: &Value) -> Result<Vec<Diagnostic>> {
        Ok(D::validate(&from_value::<D>(config, schema)?))
    }

    fn limit(&self) -> Duration {
        D::LIMIT
    }

    fn read<'a>(&'a self, ask: Ask<'a, C>, config: &'a Value) -> Boxed<'a, Result<(Value, Vec<Diagnostic>)>> {
        Box::pin(async move {
            let read = async {
                let call = ask.call::<D::Client>().await?;
                let object: D = from_value(config, ask.schema)?;
                let read = waiting::run(D::read(&call, object), ask.cancel, call.left(), Patience::READ).await??;
                restore(config, &read, ask.schema).map(|value| (value, D::warnings(&read)))
            };
            read.await.map_err(|error| Subject::of(Operation::Read, D::NAME, ask.schema, config).failed(error))
        })
    }
}

impl<C, E> Opening<C> for Typed<E>
where
    C: Send + Sync + 'static,
    E: Ephemeral,
    E::Client: Client<C>,
{
    fn validate(&self, schema: &Schema, config: &Value) -> Result<Vec<Diagnostic>> {
        Ok(E::validate(&from_value::<E>(config, schema)?))
    }

    fn limit(&self) -> Duration {
        E::LIMIT
    }

    fn is_unknown(&self, context: &C) -> bool {
        !E::Client::unknown(context).is_empty()
    }

    fn open<'a>(&'a self, ask: Ask<'a, C>, config: &'a Value) -> Boxed<'a, Result<OpenedValue>> {
        Box::pin(async move {
            let opened = async {
                let call = ask.call::<E::Client>().await?;
                let object: E = from_value(config, ask.schema)?;
                let opened = waiting::run(E::open(&call, object), ask.cancel, call.left(), Patience::UPDATE).await??;
                let result = restore(config, &opened.result, ask.schema)?;
                Ok(OpenedValue { result, private: opened.private, renew_at: opened.renew_at })
            };
            opened.await.map_err(|error: Error| Subject::of(Operation::Open, E::NAME, ask.schema, config).failed(error))
        })
    }

    fn renew<'a>(&'a self, ask: Ask<'a, C>, private: Vec<u8>) -> Boxed<'a, Result<(Vec<u8>, Option<Timestamp>)>> {
        Box::pin(async move {
            let renewed = async {
                let call = ask.call::<E::Client>().await?;
                waiting::run(E::renew(&call, private), ask.cancel, call.left(), Patience::UPDATE).await?
            };
            renewed.await.map_err(|error| Subject::new(Operation::Renew, E::NAME).failed(error))
        })
    }

    fn close<'a>(&'a self, ask: Ask<'a, C>, private: Vec<u8>) -> Boxed<'a, Result<()>> {
        Box::pin(async move {
            let closed = async {
                let call = ask.call::<E::Client>().await?;
                waiting::run(E::close(&call, private), ask.cancel, call.left(), Patience::UPDATE).await?
            };
            closed.await.map_err(|error| Subject::new(Operation::Close, E::NAME).failed(error))
        })
    }
}

/// Calls function `F` with one value for each of its parameters; what goes to the variadic one is a list.
pub(crate) fn call<F: Function>(signature: &Signature, arguments: Vec<Value>) -> Result<Value, FunctionError> {
    let schema = schema::parameters_of::<F>();
    let parameters = signature.parameters.iter().chain(&signature.variadic);
    let names: Vec<&str> = parameters.map(|parameter| parameter.name.as_str()).collect();
    let members: BTreeMap<String, Value> = names.iter().map(|name| (*name).to_owned()).zip(arguments).collect();
    let value = Value::Map(members);
    let argument = |path: Option<&Path>| match path?.0.as_slice() {
        // An element of the variadic parameter is an argument of its own.
        [Step::Attribute(name), Step::Index(index), ..]
            if signature.variadic.as_ref().is_some_and(|it| it.name == *name) =>
        {
            Some(i64::try_from(signature.parameters.len()).ok()?.saturating_add(*index))
        }
        [Step::Attribute(name), ..] => {
            names.iter().position(|known| known == name).and_then(|at| i64::try_from(at).ok())
        }
        _ => None,
    };
    let blame = |diagnostic: &Diagnostic| FunctionError {
        text: if diagnostic.detail.is_empty() {
            diagnostic.summary.clone()
        } else {
            format!("{}: {}", diagnostic.summary, diagnostic.detail)
        },
        argument: argument(diagnostic.path.as_ref()),
    };
    if let Some(problem) = validate::validate(&schema, &value, true).first() {
        return Err(blame(problem));
    }
    let object: F = from_arguments(value, &schema).map_err(|error| blame(error.diagnostic()))?;
    let output = object.call()?;
    to_typed_value(&output, &signature.result).map_err(|error| blame(error.diagnostic()))
}
