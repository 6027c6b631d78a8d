//! ReadResource: what has become of an object.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Outcome, diagnostics, found, no_marker};
use crate::call::Marker;
use crate::diagnostic::Diagnostic;
use crate::journal::Journal;
use crate::operations::Ask;
use crate::private::Private;
use crate::proto::{ReadResourceRequest, ReadResourceResponse};
use crate::provider::Provider;
use crate::server::Server;
use crate::value::Value;
use crate::{timeouts, wire};

/// How long a read may take.
pub(super) const LIMIT: Duration = Duration::from_secs(5 * 60);

/// That objects were not asked for. A plan that renews the token by which a provider signs in must be possible.
fn unread(unknown: &[&str]) -> Diagnostic {
    Diagnostic::warning(
        "Objects are planned as they were last known",
        format!(
            "The provider's {} is known only after something else is applied, so that the objects of this provider block could \
             not be read. The next plan reads them: if a workspace is made anew here, it plans what stands in it.",
            unknown.join(", ")
        ),
    )
}

/// Notes that the state has an object that nothing marks.
pub(super) fn note_unmarked(journal: &Journal, is_unmarked: bool, kind: &str, state: &Value) {
    if is_unmarked && let Value::String(id) = state.member("id") {
        journal.shown_unmarked(kind, id);
    }
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
    note_unmarked(&server.journal, entry.operations.is_unmarked(), entry.name, &state);
    let configured = server.configured()?;
    let unknown = entry.operations.unknown(&configured.context);
    if !unknown.is_empty() {
        let said = configured.has_said_unread.swap(true, Ordering::Relaxed);
        return Ok(ReadResourceResponse {
            new_state: wire::dynamic(&state, &prepared.of)?,
            diagnostics: diagnostics(if said { Vec::new() } else { vec![unread(&unknown)] }),
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
