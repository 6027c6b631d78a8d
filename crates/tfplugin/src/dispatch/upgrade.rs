//! UpgradeResourceState, on every run for every object, and MoveResourceState, for `moved` blocks across types.

use std::sync::Arc;

use super::Outcome;
use crate::diagnostic::Error;
use crate::private::Private;
use crate::proto::{
    MoveResourceStateRequest, MoveResourceStateResponse, UpgradeResourceStateRequest, UpgradeResourceStateResponse,
};
use crate::provider::Provider;
use crate::server::Server;
use crate::{plan, walk, wire};

/// Reads a stored state, in the present shape.
pub(crate) async fn upgrade<P: Provider>(
    server: Arc<Server<P>>,
    request: UpgradeResourceStateRequest,
) -> Outcome<UpgradeResourceStateResponse> {
    let (entry, prepared) = server.resource(&request.type_name)?;
    let schema = &prepared.schema;
    let stored = wire::stored(request.raw_state.as_ref())?;
    let state = if request.version < schema.version {
        let old = serde_json::from_slice(stored).map_err(Error::from)?;
        let new = entry.operations.upgrade(request.version, old)?;
        wire::state(&serde_json::to_vec(&new).map_err(Error::from)?, schema)?
    } else {
        wire::state(stored, schema)?
    };
    let (state, _) = walk::settled(plan::without_write_only(schema, &state));
    Ok(UpgradeResourceStateResponse { upgraded_state: wire::dynamic(&state, &prepared.of)?, diagnostics: Vec::new() })
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
    let state = wire::state(stored, schema)?;
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
