//! ReadResource: what has become of an object.

use std::sync::Arc;
use std::time::Duration;

use super::{Outcome, diagnostics, found, no_marker};
use crate::call::Marker;
use crate::diagnostic::Diagnostic;
use crate::operations::Ask;
use crate::private::Private;
use crate::proto::{ReadResourceRequest, ReadResourceResponse};
use crate::provider::Provider;
use crate::server::Server;
use crate::value::Value;
use crate::{timeouts, wire};

/// How long a read may take.
pub(super) const LIMIT: Duration = Duration::from_secs(5 * 60);

/// That an object was not asked for. A plan that renews the token by which a provider signs in must be possible.
fn unread(name: &str) -> Diagnostic {
    Diagnostic::warning(
        format!("{name} is planned as it was last known"),
        "The provider's configuration is known only after something else is applied (its token or host is made anew), so the \
         object could not be read. The next plan reads it.",
    )
}

/// Reads an object; null if it is gone.
pub(crate) async fn read<P: Provider>(
    server: Arc<Server<P>>,
    request: ReadResourceRequest,
) -> Outcome<ReadResourceResponse> {
    let (entry, prepared) = server.resource(&request.type_name)?;
    let state = wire::value(request.current_state.as_ref(), &prepared.of)?;
    let marker = Private::read(&request.private).marker.map_or_else(no_marker, |marker| {
        server.journal.shown(&marker);
        Marker::new(marker, jiff::Timestamp::UNIX_EPOCH)
    });
    let configured = server.configured()?;
    if entry.operations.is_unknown(&configured.context) {
        return Ok(ReadResourceResponse {
            new_state: wire::dynamic(&state, &prepared.of)?,
            diagnostics: diagnostics(vec![unread(entry.name)]),
            private: request.private,
        });
    }
    let cancel = server.running();
    let limit = timeouts::limit(&state, "read", LIMIT)?;
    let ask = Ask { context: &configured.context, schema: &prepared.schema, cancel: &cancel, limit, marker: &marker };
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
