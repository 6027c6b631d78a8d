//! ApplyResourceChange: create, update, delete.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Outcome, diagnostics, no_marker};
use crate::call::Marker;
use crate::diagnostic::{Diagnostic, Error, Failed, Result};
use crate::operations::Ask;
use crate::private::Private;
use crate::proto::{ApplyResourceChangeRequest, ApplyResourceChangeResponse};
use crate::provider::Provider;
use crate::registry::ResourceEntry;
use crate::schema::TIMEOUTS;
use crate::server::{Configured, Prepared, Server};
use crate::types::Schema;
use crate::value::Value;
use crate::{plan, timeouts, walk, wire};

/// Applies a planned change.
pub(crate) async fn apply<P: Provider>(
    server: Arc<Server<P>>,
    request: ApplyResourceChangeRequest,
) -> Outcome<ApplyResourceChangeResponse> {
    let (entry, prepared) = server.resource(&request.type_name)?;
    let prior = wire::value(request.prior_state.as_ref(), &prepared.of)?;
    let planned = wire::value(request.planned_state.as_ref(), &prepared.of)?;
    let config = wire::value(request.config.as_ref(), &prepared.of)?;
    let change = Change { configured: server.configured()?, server, entry, prepared, private: request.planned_private };
    match (prior.is_null(), planned.is_null()) {
        (true, true) => change.answer(Value::Null, Vec::new()),
        (true, false) => change.create(planned, &config).await,
        (false, false) => change.update(&prior, planned, &config).await,
        (false, true) => change.delete(&prior).await,
    }
}

struct Change<P: Provider> {
    server: Arc<Server<P>>,
    configured: Arc<Configured<P::Context>>,
    entry: &'static ResourceEntry<P::Context>,
    prepared: Arc<Prepared>,
    private: Vec<u8>,
}

impl<P: Provider> Change<P> {
    /// Makes the object, or finds the one that a create of the same values made before it was cut off.
    async fn create(mut self, planned: Value, config: &Value) -> Outcome<ApplyResourceChangeResponse> {
        let schema = &self.prepared.schema;
        let plan = walk::with_write_only(schema, planned.clone(), config);
        let limit = timeouts::limits(&planned, self.entry.timeouts)?.create;
        let fingerprint = walk::fingerprint(self.entry.name, schema, &planned, &self.configured.fingerprint)?;
        let cancel = self.server.running();
        let journal = &self.server.journal;

        // An entry is a local of this call: if the call fails or panics, its lock goes and its file stays.
        let mut adopted = None;
        while let Some(entry) = journal.claim(self.entry.name, &fingerprint) {
            match self.entry.operations.find(self.ask(&cancel, limit, &entry.marker), &plan).await? {
                Some(found) => {
                    tracing::info!(resource = self.entry.name, "found what an earlier create made that was cut off");
                    adopted = Some((entry, found));
                    break;
                }
                None => journal.abandon(entry),
            }
        }
        let (entry, made) = match adopted {
            Some((entry, found)) => {
                let made = self.converge(self.ask(&cancel, limit, &entry.marker), found, &planned, &plan).await;
                (entry, made)
            }
            None => {
                let entry = journal.begin(self.entry.name, &fingerprint);
                let made = self.entry.operations.create(self.ask(&cancel, limit, &entry.marker), &plan).await;
                (entry, made)
            }
        };
        let nothing_was_made = matches!(&made, Err(Failed { error, partial: None }) if error.is_undone());
        let (state, found) = self.settle(&planned, made);
        self.private = Private { marker: Some(entry.marker.id.clone()) }.write();
        match state.member("id") {
            _ if nothing_was_made => journal.abandon(entry),
            _ if state.is_null() => journal.leave(entry),
            Value::String(id) => journal.answered(entry, id),
            _ => journal.answered(entry, ""),
        }
        self.answer(state, found)
    }

    /// Brings an object that was found to what is planned. Whatever fails, the object is known and stays in the state.
    async fn converge(
        &self,
        ask: Ask<'_, P::Context>,
        found: Value,
        planned: &Value,
        plan: &Value,
    ) -> Result<Value, Failed<Value>> {
        let public = plan::semantic_keep(ask.schema, planned, &plan::without_write_only(ask.schema, &found));
        let public = with_timeouts(public, planned);
        let differs = !plan::assert_object_compatible(ask.schema, planned, &public).is_empty();
        // The plan of a create knows neither the id nor anything else that the service decides; what was found does.
        let plan = walk::with_found(plan, &found);
        let made = self.entry.operations.update(ask, &found, &plan, differs && !self.entry.immutable).await;
        made.map_err(|failed| Failed { partial: failed.partial.or_else(|| Some(Box::new(public))), ..failed })
    }

    fn ask<'a>(&'a self, cancel: &'a CancellationToken, limit: Duration, marker: &'a Marker) -> Ask<'a, P::Context> {
        Ask { context: &self.configured.context, schema: &self.prepared.schema, cancel, limit, marker }
    }

    async fn update(self, prior: &Value, planned: Value, config: &Value) -> Outcome<ApplyResourceChangeResponse> {
        let schema = &self.prepared.schema;
        let plan = plan::leaving(schema, walk::with_write_only(schema, planned.clone(), config), config);
        let limit = timeouts::limits(&planned, self.entry.timeouts)?.update;
        let (cancel, marker) = (self.server.running(), no_marker());
        let ask = self.ask(&cancel, limit, &marker);
        // A changed `timeouts` block alone is a change of the state, not of the object.
        let made = if with_timeouts(prior.clone(), &planned) == planned {
            Ok(planned.clone())
        } else {
            self.entry.operations.update(ask, prior, &plan, true).await
        };
        let made = made.map(|state| plan::unchanged(prior, &planned, state));
        let (state, found) = self.settle(&planned, made);
        self.answer(state, found)
    }

    async fn delete(self, prior: &Value) -> Outcome<ApplyResourceChangeResponse> {
        let limit = timeouts::limits(prior, self.entry.timeouts)?.delete;
        let (cancel, marker) = (self.server.running(), no_marker());
        let deleted = self.entry.operations.delete(self.ask(&cancel, limit, &marker), prior).await;
        match deleted {
            Ok(()) => {
                if let Some(marker) = Private::read(&self.private).marker {
                    self.server.journal.stored(&marker);
                }
                self.answer(Value::Null, Vec::new())
            }
            Err(error) => self.answer(prior.clone(), vec![error.into()]),
        }
    }

    /// The state that Terraform is to keep, and what there is to say about it. Null: nothing came to be (or, for an
    /// update, the prior state stands).
    fn settle(&self, planned: &Value, made: Result<Value, Failed<Value>>) -> (Value, Vec<Diagnostic>) {
        let schema = &self.prepared.schema;
        match made {
            Ok(state) => {
                let kept = plan::semantic_keep(schema, planned, &state);
                let (state, unknown) = walk::settled(plan::without_write_only(schema, &kept));
                let mut found = plan::assert_object_compatible(schema, planned, &state);
                found.extend(unknown.map(|path| {
                    Error::new("The provider has a bug: a value is unknown after the apply")
                        .detail(format!("{path} was left unknown. Please report this."))
                        .at(path)
                        .into()
                }));
                (state, found)
            }
            Err(Failed { error, partial }) => {
                let state = partial.map_or(Value::Null, |partial| partial_state(schema, planned, &partial));
                (state, vec![error.placed(schema).into()])
            }
        }
    }

    fn answer(self, state: Value, found: Vec<Diagnostic>) -> Outcome<ApplyResourceChangeResponse> {
        Ok(ApplyResourceChangeResponse {
            new_state: wire::dynamic(&state, &self.prepared.of)?,
            private: self.private,
            diagnostics: diagnostics(found),
        })
    }
}

/// `object` with the `timeouts` block of `of`.
fn with_timeouts(object: Value, of: &Value) -> Value {
    match object {
        Value::Map(mut members) => {
            members.insert(TIMEOUTS.to_owned(), of.member(TIMEOUTS).clone());
            Value::Map(members)
        }
        other => other,
    }
}

/// What is known of an object whose change failed half-way: null for what is not.
fn partial_state(schema: &Schema, planned: &Value, partial: &Value) -> Value {
    let kept = plan::semantic_keep(schema, planned, partial);
    walk::settled(plan::without_write_only(schema, &kept)).0
}
