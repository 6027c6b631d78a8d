//! The lists of what a provider has: plain slices, in the order of the documentation.

use crate::operations::{self, Operations};
use crate::reading::{self, Opening, Reading};
use crate::resource::{Client, DataSource, Ephemeral, Function, FunctionError, Removal, Resource, Timeouts};
use crate::schema;
use crate::types::{Schema, Signature};
use crate::value::Value;

/// Everything a provider has.
#[derive(Debug)]
pub struct Registry<Context: 'static> {
    /// Managed resources.
    pub resources: &'static [ResourceEntry<Context>],
    /// Data sources.
    pub data_sources: &'static [DataSourceEntry<Context>],
    /// Ephemeral resources.
    pub ephemerals: &'static [EphemeralEntry<Context>],
    /// Functions.
    pub functions: &'static [FunctionEntry],
}

/// A resource's line in the registry.
#[derive(Debug)]
pub struct ResourceEntry<Context: 'static> {
    /// The full type name.
    pub name: &'static str,
    /// The group of the documentation page.
    pub subcategory: &'static str,
    /// A complete configuration.
    pub example: &'static str,
    /// An edit of the example that is an update in place.
    pub example_update: Option<(&'static str, &'static str)>,
    /// An edit of the example that replaces the object.
    pub example_replace: Option<(&'static str, &'static str)>,
    /// What an import id looks like, if it can be imported.
    pub import_id: Option<&'static str>,
    /// Attributes that an import cannot read back.
    pub import_ignores: &'static [&'static str],
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

/// The line of resource `R`.
pub const fn resource<C, R>() -> ResourceEntry<C>
where
    C: Send + Sync + 'static,
    R: Resource,
    R::Client: Client<C>,
{
    ResourceEntry {
        name: R::NAME,
        subcategory: R::SUBCATEGORY,
        example: R::EXAMPLE,
        example_update: R::EXAMPLE_UPDATE,
        example_replace: R::EXAMPLE_REPLACE,
        import_id: R::IMPORT_ID,
        import_ignores: R::IMPORT_IGNORES,
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
    /// The group of the documentation page.
    pub subcategory: &'static str,
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
        subcategory: D::SUBCATEGORY,
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
    /// The group of the documentation page.
    pub subcategory: &'static str,
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
        subcategory: E::SUBCATEGORY,
        example: E::EXAMPLE,
        schema: || schema::schema_of::<E>(0),
        operations: reading::Typed::<E>::opening::<C>(),
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
