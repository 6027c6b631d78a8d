//! ImportResourceState: the state that an import starts from. Terraform reads the object next.

use std::sync::Arc;

use super::{Outcome, no_marker, read};
use crate::diagnostic::Error;
use crate::operations::Ask;
use crate::private::Private;
use crate::proto::{ImportResourceStateRequest, ImportResourceStateResponse, ImportedResource};
use crate::provider::Provider;
use crate::server::Server;
use crate::{plan, walk, wire};

/// Imports one object.
pub(crate) async fn import<P: Provider>(
    server: Arc<Server<P>>,
    request: ImportResourceStateRequest,
) -> Outcome<ImportResourceStateResponse> {
    let (entry, prepared) = server.resource(&request.type_name)?;
    let Some(shape) = entry.import_id else {
        return Err(Error::new(format!("{} cannot be imported", entry.name))
            .detail("Its API does not show what an import would have to know. Create a new one instead.")
            .into());
    };
    if request.id.is_empty() {
        return Err(Error::new("The import id is empty").detail(format!("It looks like {shape:?}.")).into());
    }
    let configured = server.configured()?;
    let (cancel, marker) = (server.running(), no_marker());
    let (context, schema) = (&configured.context, &prepared.schema);
    let ask = Ask { context, schema, cancel: &cancel, limit: read::LIMIT, marker: &marker };
    let state = entry.operations.import(ask, &request.id).await?;
    // What the import does not know is found out by the read.
    let (state, _) = walk::settled(plan::without_write_only(schema, &state));
    let imported = ImportedResource {
        type_name: request.type_name,
        state: wire::dynamic(&state, &prepared.of)?,
        private: Private::default().write(),
    };
    Ok(ImportResourceStateResponse { imported_resources: vec![imported], diagnostics: Vec::new() })
}
