//! The Terraform plugin protocol, version 6.10, for providers written in Rust. It knows no product.
//!
//! A provider is a type that implements [`Provider`]; each of its resources is a struct that implements [`Resource`].
//! [`serve`] speaks the protocol with Terraform or OpenTofu over standard output, a socket and mutual TLS.

mod action;
mod attr;
mod call;
mod conform;
mod deployment;
mod diagnostic;
mod dispatch;
pub mod docs;
mod document;
mod dynamic;
mod environment;
mod flags;
mod handshake;
mod journal;
mod json_state;
mod listen;
mod logging;
pub mod marks;
mod meaning;
mod msgpack;
#[cfg(feature = "mutants")]
mod mutant;
mod number;
mod operations;
mod pattern;
mod plan;
mod private;
mod proto;
mod provider;
mod reading;
pub mod reconcile;
mod registry;
mod resource;
mod schema;
mod serde_value;
mod serve;
mod server;
mod service;
mod set;
mod subject;
mod terminal;
pub mod testing;
mod timeouts;
mod tls;
pub mod types;
mod validate;
mod value;
mod waiting;
mod walk;
mod wire;

pub use action::{Action, ActionPlanning, Progress};
pub use attr::{Attr, one_of};
pub use call::{Call, Marked, Marker, Probe};
pub use diagnostic::{Diagnostic, Error, Failed, Path, Result, Severity, Step};
pub use dynamic::Dynamic;
pub use flags::{COMPUTED, Flags, ID, OPTIONAL, OPTIONAL_COMPUTED, OwnedFlags, REQUIRED};
pub use number::Number;
pub use provider::Provider;
pub use registry::{
    ActionEntry, DataSourceEntry, EphemeralEntry, FunctionEntry, Group, Registry, ResourceEntry, action, data_source,
    ephemeral, function, group, resource,
};
pub use resource::{
    Client, DataSource, Ephemeral, Function, FunctionError, Object, Opened, Planning, Removal, Resource, Timeouts,
};
pub use secret::Secret;
pub use serve::serve;
pub use set::Set;
pub use value::{Refinement, Value};

/// The state of an import: the attribute `id`, and the defaults of what an API may not tell (a `force_destroy`, say), so
/// that the first plan after the import has nothing to change. The read that follows knows better where it can.
///
/// # Errors
/// The struct has no attribute `id` of type text.
pub fn import_by_id<T: Object>(id: &str) -> Result<T> {
    let schema = schema::schema_of::<T>(0);
    let members = [("id".to_owned(), Value::String(id.to_owned()))];
    serde_value::from_value(&plan::with_defaults(&schema, Value::Map(members.into())), &schema)
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
    struct Bucket {
        #[schemars(extend("x-tf" = ID))]
        id: Attr<String>,
        #[schemars(extend("x-tf" = REQUIRED))]
        name: Attr<String>,
        #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
        force_destroy: Attr<bool>,
    }

    #[test]
    fn an_import_starts_from_the_id_and_the_defaults() {
        let bucket: Bucket = import_by_id("b-1").unwrap();
        assert_eq!(bucket, Bucket { id: "b-1".into(), name: Attr::Null, force_destroy: false.into() });
    }
}
