//! PlanResourceChange: the generic planner, then the resource's own say, and whether the service lets it become so, or go.

use std::sync::Arc;

use super::read::{LIMIT, note_unmarked};
use super::{Outcome, no_marker};
use crate::diagnostic::{Diagnostic, Error, Severity};
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
        if plan::is_changed(&prior, &planned.value) {
            found.extend(ask_first(Question::Change, &server, entry, schema, &planned.value).await?);
        }
        legacy_type_system = plan::needs_leniency(schema, &prior, &config, &planned.value);
    }
    if !prior.is_null() && (planned.value.is_null() || !planned.replaces.is_empty()) {
        ask_first(Question::Removal, &server, entry, schema, &prior).await?;
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

/// What the service is asked before anything is done.
enum Question {
    /// Whether an object can become what is planned.
    Change,
    /// Whether an object can go.
    Removal,
}

/// Asks the service about an object, if there is anyone to ask.
async fn ask_first<P: Provider>(
    question: Question,
    server: &Server<P>,
    entry: &ResourceEntry<P::Context>,
    schema: &Schema,
    object: &Value,
) -> Result<Vec<Diagnostic>, Error> {
    let Ok(configured) = server.configured() else { return Ok(Vec::new()) };
    if !entry.operations.unknown(&configured.context).is_empty() {
        return Ok(Vec::new());
    }
    let (cancel, marker) = (server.running(), no_marker());
    let limit = timeouts::limit(object, "read", LIMIT)?;
    let ask = Ask { context: &configured.context, schema, cancel: &cancel, limit, marker: &marker };
    let answer = match question {
        Question::Change => entry.operations.check_change(ask, object).await,
        Question::Removal => entry.operations.check_removal(ask, object).await.map(|()| Vec::new()),
    };
    answer.map_err(|error| error.placed(schema))
}
