//! PlanResourceChange: the generic planner, then the resource's own say, and whether what is to go can go.

use std::sync::Arc;

use super::read::{LIMIT, note_unmarked};
use super::{Outcome, no_marker};
use crate::diagnostic::{Error, Severity};
use crate::operations::{Ask, PlanAsk, PlanSaid};
use crate::plan::{self, Planned};
use crate::private::Private;
use crate::proto::{PlanResourceChangeRequest, PlanResourceChangeResponse};
use crate::provider::Provider;
use crate::registry::ResourceEntry;
use crate::server::Server;
use crate::types::Schema;
use crate::value::Value;
use crate::{timeouts, wire};

/// Plans the change of an object.
pub(crate) async fn plan<P: Provider>(
    server: Arc<Server<P>>,
    request: PlanResourceChangeRequest,
) -> Outcome<PlanResourceChangeResponse> {
    let (entry, prepared) = server.resource(&request.type_name)?;
    let schema = &prepared.schema;
    let prior = wire::value(request.prior_state.as_ref(), &prepared.of)?;
    let proposed = wire::value(request.proposed_new_state.as_ref(), &prepared.of)?;
    let config = wire::value(request.config.as_ref(), &prepared.of)?;

    if let Some(marker) = Private::read(&request.prior_private).marker {
        server.journal.shown(&marker);
    }

    note_unmarked(&server.journal, entry.operations.is_unmarked(), entry.name, &prior);

    if prior.is_null() {
        server.journal.planning();
    }

    let mut planned = plan::plan(schema, &prior, &proposed, &config);
    let mut found = Vec::new();
    let mut legacy_type_system = false;
    if !planned.value.is_null() {
        let configured = server.configured().ok();
        let ask = PlanAsk {
            context: configured.as_deref().map(|configured| &configured.context),
            schema,
            prior: &prior,
            config: &config,
            planned: planned.value,
            replaces: planned.replaces,
        };
        let said = entry.operations.plan(ask).await.map_err(|error| error.placed(schema))?;
        let PlanSaid { value, replaces, warnings } = said;
        let replaces = replaces.iter().map(|path| schema.body.path(path)).collect();
        let value = plan::respelled(schema, &prior, plan::without_write_only(schema, &value));
        planned = Planned { value, replaces };
        planned.replaces.sort();
        planned.replaces.dedup();
        found = plan::assert_plan_valid(schema, &prior, &config, &planned.value);
        found.extend(warnings);
        if let Some(configured) = configured.filter(|_| plan::is_changed(&prior, &planned.value)) {
            found.extend(entry.operations.obstacle(&configured.context).await);
        }
        if found.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
            return Err(found);
        }
        legacy_type_system = plan::needs_leniency(schema, &prior, &config, &planned.value);
    }
    if !prior.is_null() && (planned.value.is_null() || !planned.replaces.is_empty()) {
        check_removal(&server, entry, schema, &prior).await?;
    }
    // A create has nothing to replace; that is also how the second half of a replacement is planned.
    let replaces = if prior.is_null() { Vec::new() } else { planned.replaces };
    Ok(PlanResourceChangeResponse {
        planned_state: wire::dynamic(&planned.value, &prepared.of)?,
        requires_replace: replaces.iter().map(wire::path).collect(),
        planned_private: request.prior_private,
        legacy_type_system,
        diagnostics: super::diagnostics(found),
    })
}

/// Asks whether the object of a planned destroy or replacement can be removed, if there is anyone to ask.
async fn check_removal<P: Provider>(
    server: &Server<P>,
    entry: &ResourceEntry<P::Context>,
    schema: &Schema,
    prior: &Value,
) -> Result<(), Error> {
    let Ok(configured) = server.configured() else { return Ok(()) };
    if !entry.operations.unknown(&configured.context).is_empty() {
        return Ok(());
    }
    let (cancel, marker) = (server.running(), no_marker());
    let limit = timeouts::limit(prior, "read", LIMIT)?;
    let ask = Ask { context: &configured.context, schema, cancel: &cancel, limit, marker: &marker };
    entry.operations.check_removal(ask, prior).await.map_err(|error| error.placed(schema))
}
