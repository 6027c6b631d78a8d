//! ReadDataSource.

use std::sync::Arc;

use super::{Outcome, diagnostics, found, no_marker};
use crate::operations::Ask;
use crate::proto::{ReadDataSourceRequest, ReadDataSourceResponse};
use crate::provider::Provider;
use crate::server::Server;
use crate::wire;

/// Reads a data source.
pub(crate) async fn read<P: Provider>(
    server: Arc<Server<P>>,
    request: ReadDataSourceRequest,
) -> Outcome<ReadDataSourceResponse> {
    let (entry, prepared) = server.data_source(&request.type_name)?;
    let config = wire::value(request.config.as_ref(), &prepared.of)?;
    let configured = server.configured()?;
    let (cancel, marker) = (server.running(), no_marker());
    let (context, schema) = (&configured.context, &prepared.schema);
    let ask = Ask { context, schema, cancel: &cancel, limit: entry.operations.limit(), marker: &marker };
    let (state, warnings) = entry.operations.read(ask, &config).await?;
    let state = found(&prepared.schema, &config, &state)?;
    Ok(ReadDataSourceResponse { state: wire::dynamic(&state, &prepared.of)?, diagnostics: diagnostics(warnings) })
}
