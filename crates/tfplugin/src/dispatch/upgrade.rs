//! UpgradeResourceState, on every run for every object, and MoveResourceState, for `moved` blocks across types.

use std::sync::Arc;

use super::Outcome;
use crate::diagnostic::{Error, Result};
use crate::private::Private;
use crate::proto::{
    MoveResourceStateRequest, MoveResourceStateResponse, UpgradeResourceStateRequest, UpgradeResourceStateResponse,
};
use crate::provider::Provider;
use crate::registry::ResourceEntry;
use crate::server::Server;
use crate::types::Schema;
use crate::value::Value;
use crate::{plan, walk, wire};

/// Reads a stored state, in the present shape.
pub(crate) async fn upgrade<P: Provider>(
    server: Arc<Server<P>>,
    request: UpgradeResourceStateRequest,
) -> Outcome<UpgradeResourceStateResponse> {
    let (entry, prepared) = server.resource(&request.type_name)?;
    let schema = &prepared.schema;
    let state = present(entry, schema, wire::stored(request.raw_state.as_ref())?, request.version)?;
    let (state, _) = walk::settled(plan::without_write_only(schema, &state));
    Ok(UpgradeResourceStateResponse { upgraded_state: wire::dynamic(&state, &prepared.of)?, diagnostics: Vec::new() })
}

/// A stored state of this version in the present shape.
fn present<C>(entry: &ResourceEntry<C>, schema: &Schema, stored: &[u8], version: i64) -> Result<Value> {
    if version >= schema.version {
        return wire::state(stored, schema);
    }
    let new = entry.operations.upgrade(version, serde_json::from_slice(stored)?)?;
    wire::state(&serde_json::to_vec(&new)?, schema)
}

/// Takes over an object of another type that means the same: the one of the same name in another provider, or the one
/// whose name lacks this provider's prefix (`aws_subnet` becomes `databricks_aws_subnet`). Attributes of the same name are
/// taken over if they can be read; the next refresh reads the rest from the object itself.
pub(crate) async fn relocate<P: Provider>(
    server: Arc<Server<P>>,
    request: MoveResourceStateRequest,
) -> Outcome<MoveResourceStateResponse> {
    let (source, target) = (&request.source_type_name, &request.target_type_name);
    if source != target && format!("{}_{source}", P::NAME) != *target {
        return Err(Error::new(format!("A {source} cannot become a {target}"))
            .detail(format!(
                "Objects of a type of the same name can be moved, from any provider. Import the object instead, and take it out of the state as {source} with a removed block."
            ))
            .into());
    }
    let (entry, prepared) = server.resource(target)?;
    let schema = &prepared.schema;
    let stored = wire::stored(request.source_state.as_ref())?;
    // Versions are the official provider's own; those of a type of another name say nothing here.
    let version = if source == target { request.source_schema_version } else { schema.version };
    let state = present(entry, schema, stored, version)?;
    if state.is_null() {
        return Err(Error::new(format!("The state of the {source} is empty")).into());
    }
    let state = entry.operations.adopt(schema, &state)?;
    let (state, _) = walk::settled(plan::without_write_only(schema, &state));
    Ok(MoveResourceStateResponse {
        target_state: wire::dynamic(&state, &prepared.of)?,
        diagnostics: Vec::new(),
        target_private: Private::default().write(),
    })
}
