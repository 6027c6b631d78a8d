//! ReadResource: what has become of an object.

use std::sync::Arc;
use std::time::Duration;

use super::{Outcome, found, no_marker};
use crate::operations::Ask;
use crate::private::Private;
use crate::proto::{ReadResourceRequest, ReadResourceResponse};
use crate::resource::Provider;
use crate::server::Server;
use crate::value::Value;
use crate::wire;

/// How long a read may take.
pub(super) const LIMIT: Duration = Duration::from_secs(5 * 60);

/// Reads an object; null if it is gone.
pub(crate) async fn read<P: Provider>(
    server: Arc<Server<P>>,
    request: ReadResourceRequest,
) -> Outcome<ReadResourceResponse> {
    let (entry, prepared) = server.resource(&request.type_name)?;
    let state = wire::value(request.current_state.as_ref(), &prepared.of)?;
    if let Some(marker) = Private::read(&request.private).marker {
        server.journal.stored(&marker);
    }
    let configured = server.configured()?;
    let (cancel, marker) = (server.running(), no_marker());
    let ask =
        Ask { context: &configured.context, schema: &prepared.schema, cancel: &cancel, limit: LIMIT, marker: &marker };
    let new = match entry.operations.read(ask, &state).await? {
        Some(new) => found(&prepared.schema, &state, &new)?,
        None => Value::Null,
    };
    Ok(ReadResourceResponse {
        new_state: wire::dynamic(&new, &prepared.of)?,
        diagnostics: Vec::new(),
        private: request.private,
    })
}
