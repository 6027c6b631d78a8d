//! The lists of what a provider has: plain slices, in groups, in the order of the documentation.

use std::time::Duration;

use crate::action::{self, Acting, Action};
use crate::operations::{self, Operations};
use crate::reading::{self, Opening, Reading};
use crate::resource::{Client, DataSource, Ephemeral, Function, FunctionError, Removal, Resource, Timeouts};
use crate::types::{Schema, Signature};
use crate::value::Value;
use crate::{reconcile, schema};

/// Everything a provider has.
#[derive(Debug)]
pub struct Registry<Context: 'static> {
    /// Resources and data sources, by the headings of the documentation.
    pub groups: &'static [Group<Context>],
    /// Functions.
    pub functions: &'static [FunctionEntry],
}

/// What stands under one heading of the documentation.
#[derive(Debug)]
pub struct Group<Context: 'static> {
    /// The heading: `Unity Catalog`.
    pub heading: &'static str,
    /// Managed resources.
    pub resources: &'static [ResourceEntry<Context>],
    /// Data sources.
    pub data_sources: &'static [DataSourceEntry<Context>],
    /// Ephemeral resources.
    pub ephemerals: &'static [EphemeralEntry<Context>],
    /// Actions.
    pub actions: &'static [ActionEntry<Context>],
}

/// A group with nothing in it yet: `group("Compute").resources(&[…]).data_sources(&[…])`.
pub const fn group<Context: 'static>(heading: &'static str) -> Group<Context> {
    Group { heading, resources: &[], data_sources: &[], ephemerals: &[], actions: &[] }
}

impl<Context: 'static> Group<Context> {
    /// The group with these resources.
    pub const fn resources(self, resources: &'static [ResourceEntry<Context>]) -> Self {
        Self { resources, ..self }
    }

    /// The group with these data sources.
    pub const fn data_sources(self, data_sources: &'static [DataSourceEntry<Context>]) -> Self {
        Self { data_sources, ..self }
    }

    /// The group with these ephemeral resources.
    pub const fn ephemerals(self, ephemerals: &'static [EphemeralEntry<Context>]) -> Self {
        Self { ephemerals, ..self }
    }

    /// The group with these actions.
    pub const fn actions(self, actions: &'static [ActionEntry<Context>]) -> Self {
        Self { actions, ..self }
    }
}

impl<Context: 'static> Registry<Context> {
    /// All managed resources.
    pub fn resources(&self) -> impl Iterator<Item = &'static ResourceEntry<Context>> + use<Context> {
        self.groups.iter().flat_map(|group| group.resources)
    }

    /// All data sources.
    pub fn data_sources(&self) -> impl Iterator<Item = &'static DataSourceEntry<Context>> + use<Context> {
        self.groups.iter().flat_map(|group| group.data_sources)
    }

    /// All ephemeral resources.
    pub fn ephemerals(&self) -> impl Iterator<Item = &'static EphemeralEntry<Context>> + use<Context> {
        self.groups.iter().flat_map(|group| group.ephemerals)
    }

    /// All actions.
    pub fn actions(&self) -> impl Iterator<Item = &'static ActionEntry<Context>> + use<Context> {
        self.groups.iter().flat_map(|group| group.actions)
    }
}

/// A resource's line in the registry.
#[derive(Debug)]
pub struct ResourceEntry<Context: 'static> {
    /// The full type name.
    pub name: &'static str,
    /// Where its objects live: [`Client::LEVEL`] of what it talks to.
    pub level: &'static str,
    /// A complete configuration.
    pub example: &'static str,
    /// An edit of the example that is an update in place.
    pub example_update: Option<(&'static str, &'static str)>,
    /// An edit of the example that replaces the object.
    pub example_replace: Option<(&'static str, &'static str)>,
    /// What an import id looks like, if it can be imported.
    pub import_id: Option<&'static str>,
    /// Whether there is no update.
    pub immutable: bool,
    /// What becomes of an object that is removed outside.
    pub removal: Removal,
    /// Limits of the operations.
    pub timeouts: Timeouts,
    /// Makes the schema, `timeouts` block included. Slow enough to be kept by the caller.
    pub schema: fn() -> Schema,
    pub(crate) operations: &'static dyn Operations<Context>,
}

impl<Context> ResourceEntry<Context> {
    /// The attributes that an import cannot read back: what the service never tells, and what only Terraform knows.
    pub fn import_ignores(&self) -> Vec<String> {
        reconcile::unreadable(&(self.schema)())
    }
}

/// The line of resource `R`.
pub const fn resource<C, R>() -> ResourceEntry<C>
where
    C: Send + Sync + 'static,
    R: Resource,
    R::Client: Client<C>,
{
    ResourceEntry {
        name: R::NAME,
        level: <R::Client as Client<C>>::LEVEL,
        example: R::EXAMPLE,
        example_update: R::EXAMPLE_UPDATE,
        example_replace: R::EXAMPLE_REPLACE,
        import_id: R::IMPORT_ID,
        immutable: R::IMMUTABLE,
        removal: R::REMOVAL,
        timeouts: R::TIMEOUTS,
        schema: schema::resource_schema::<R>,
        operations: operations::Typed::<R>::operations::<C>(),
    }
}

/// A data source's line in the registry.
#[derive(Debug)]
pub struct DataSourceEntry<Context: 'static> {
    /// The full type name.
    pub name: &'static str,
    /// Where its objects live: [`Client::LEVEL`] of what it talks to.
    pub level: &'static str,
    /// A complete configuration.
    pub example: &'static str,
    /// Makes the schema.
    pub schema: fn() -> Schema,
    pub(crate) operations: &'static dyn Reading<Context>,
}

/// The line of data source `D`.
pub const fn data_source<C, D>() -> DataSourceEntry<C>
where
    C: Send + Sync + 'static,
    D: DataSource,
    D::Client: Client<C>,
{
    DataSourceEntry {
        name: D::NAME,
        level: <D::Client as Client<C>>::LEVEL,
        example: D::EXAMPLE,
        schema: || schema::schema_of::<D>(0),
        operations: reading::Typed::<D>::reading::<C>(),
    }
}

/// An ephemeral resource's line in the registry.
#[derive(Debug)]
pub struct EphemeralEntry<Context: 'static> {
    /// The full type name.
    pub name: &'static str,
    /// Where its objects live: [`Client::LEVEL`] of what it talks to.
    pub level: &'static str,
    /// A complete configuration.
    pub example: &'static str,
    /// Makes the schema.
    pub schema: fn() -> Schema,
    pub(crate) operations: &'static dyn Opening<Context>,
}

/// The line of ephemeral resource `E`.
pub const fn ephemeral<C, E>() -> EphemeralEntry<C>
where
    C: Send + Sync + 'static,
    E: Ephemeral,
    E::Client: Client<C>,
{
    EphemeralEntry {
        name: E::NAME,
        level: <E::Client as Client<C>>::LEVEL,
        example: E::EXAMPLE,
        schema: || schema::schema_of::<E>(0),
        operations: reading::Typed::<E>::opening::<C>(),
    }
}

/// An action's line in the registry.
#[derive(Debug)]
pub struct ActionEntry<Context: 'static> {
    /// The full type name.
    pub name: &'static str,
    /// Where it acts: [`Client::LEVEL`] of what it talks to.
    pub level: &'static str,
    /// A complete configuration.
    pub example: &'static str,
    /// How long it may run where its `timeouts` block says nothing.
    pub limit: Duration,
    /// Makes the schema, `timeouts` block included.
    pub schema: fn() -> Schema,
    pub(crate) operations: &'static dyn Acting<Context>,
}

/// The line of action `A`.
pub const fn action<C, A>() -> ActionEntry<C>
where
    C: Send + Sync + 'static,
    A: Action,
    A::Client: Client<C>,
{
    ActionEntry {
        name: A::NAME,
        level: <A::Client as Client<C>>::LEVEL,
        example: A::EXAMPLE,
        limit: A::LIMIT,
        schema: schema::action_schema::<A>,
        operations: action::Typed::<A>::acting::<C>(),
    }
}

/// A function's line in the registry.
#[derive(Debug)]
pub struct FunctionEntry {
    /// The name, without the provider.
    pub name: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// A complete configuration.
    pub example: &'static str,
    /// Makes the parameters and the result.
    pub signature: fn() -> Signature,
    pub(crate) call: fn(&Signature, Vec<Value>) -> Result<Value, FunctionError>,
}

/// The line of function `F`.
pub const fn function<F: Function>() -> FunctionEntry {
    FunctionEntry {
        name: F::NAME,
        summary: F::SUMMARY,
        example: F::EXAMPLE,
        signature: schema::signature_of::<F>,
        call: reading::call::<F>,
    }
}
