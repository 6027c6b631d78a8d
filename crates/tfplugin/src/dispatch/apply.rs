//! ApplyResourceChange: create, update, delete.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{Outcome, diagnostics, no_marker};
use crate::call::{Marked, Marker};
use crate::diagnostic::{Diagnostic, Error, Failed, Result};
use crate::journal::Entry;
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
        let journal = &self.server.journal;
        let creation = Creation { plan: &plan, fingerprint, limit, cancel: self.server.running() };

        // An entry is a local of this call: if the call fails or panics, its lock goes and its file stays.
        let mut adopted = self.claim(&creation).await?;
        if adopted.is_none() && !self.entry.operations.is_named() {
            self.restore(&creation).await?;
            adopted = self.claim(&creation).await?;
        }
        if adopted.is_none() && self.entry.operations.is_unmarked() {
            self.look_for_leftover(&creation).await?;
        }
        let (entry, made) = match adopted {
            Some(adopted) => self.converge(&creation, adopted, &planned).await,
            None => {
                let entry = journal.begin(self.entry.name, &creation.fingerprint);
                let made = self.entry.operations.create(creation.ask(&self, &entry.marker), &plan).await;
                match made {
                    Err(Failed { error, partial: None }) if error.existing().is_some() => {
                        journal.abandon(entry);
                        self.restore(&creation).await?;
                        match self.claim(&creation).await? {
                            Some(adopted) => self.converge(&creation, adopted, &planned).await,
                            None => return Err(to_import(self.entry.name, error).placed(schema).into()),
                        }
                    }
                    Err(Failed { error, partial: None }) if !error.is_undone() => {
                        self.look_again(&creation, entry, &planned, error).await
                    }
                    Ok(made) if !self.takes(&made) => {
                        let error = Error::new("Another resource of the same values has taken what this one has made");
                        self.look_again(&creation, entry, &planned, error.detail("Apply again.")).await
                    }
                    made => (entry, made),
                }
            }
        };
        let nothing_was_made = matches!(&made, Err(Failed { error, partial: None }) if error.is_undone());
        let (state, found) = self.settle(&planned, made);
        let deployment = Some(journal.deployment().to_owned());
        self.private = Private { marker: Some(entry.marker.id.clone()), deployment }.write();
        match state.member("id") {
            _ if nothing_was_made => journal.abandon(entry),
            _ if state.is_null() => journal.leave(entry),
            Value::String(id) => journal.answered(entry, id),
            _ => journal.answered(entry, ""),
        }
        self.answer(state, found)
    }

    /// Claims the entry of a create of the same values that was cut off, if its object is there.
    async fn claim(&self, creation: &Creation<'_>) -> Result<Option<(Entry, Value)>> {
        let journal = &self.server.journal;
        while let Some(entry) = journal.claim(&creation.fingerprint) {
            if let Some(found) = self.find(creation, &entry.marker).await? {
                tracing::info!(resource = self.entry.name, "found what an earlier create made that was cut off");
                return Ok(Some((entry, found)));
            }
            journal.abandon(entry);
        }
        Ok(None)
    }

    /// Looks for what a create has made whose answer is missing, or that another one has taken; without it, `error` is what there is.
    async fn look_again(
        &self,
        creation: &Creation<'_>,
        entry: Entry,
        planned: &Value,
        error: Error,
    ) -> (Entry, Result<Value, Failed<Value>>) {
        match self.find(creation, &entry.marker).await {
            Ok(Some(found)) => {
                tracing::info!(resource = self.entry.name, %error, "it was made all the same");
                self.converge(creation, (entry, found), planned).await
            }
            Ok(None) | Err(_) => (entry, Err(error.into())),
        }
    }

    /// Looks for what the create of a marker has made. Where nothing but values tells whose an object is, that is one that neither
    /// another create nor the state has, and from now on nobody else's.
    async fn find(&self, creation: &Creation<'_>, marker: &Marker) -> Result<Option<Value>> {
        loop {
            let others = match self.entry.operations.is_unmarked() {
                true => self.server.journal.others(self.entry.name, &marker.id),
                false => HashSet::new(),
            };
            let marker = marker.beside(others);
            let found = self.entry.operations.find(creation.ask(self, &marker), creation.plan).await?;
            match &found {
                // What is another's is not to be found again.
                Some(object) if matches!(object.member("id"), Value::String(id) if marker.is_anothers(id)) => {
                    return Ok(None);
                }
                Some(object) if !self.takes(object) => {}
                _ => return Ok(found),
            }
        }
    }

    /// Whether this create is the first one to take an object that nothing marks.
    fn takes(&self, object: &Value) -> bool {
        match object.member("id") {
            Value::String(id) if self.entry.operations.is_unmarked() => self.server.journal.take(self.entry.name, id),
            _ => true,
        }
    }

    /// Restores the journal's entries of creates that were cut off on another machine, or before the journal was deleted.
    async fn restore(&self, creation: &Creation<'_>) -> Result<()> {
        let marked = match self.entry.operations.marked(creation.ask(self, &no_marker()), creation.plan).await {
            Ok(marked) => marked,
            // Who may not look goes on without: the create itself tells what is wrong with the service.
            Err(error) => {
                tracing::warn!(resource = self.entry.name, %error, "what earlier creates have made cannot be looked for");
                return Ok(());
            }
        };
        match self.server.journal.restore(&marked, &creation.fingerprint) {
            // What cannot be imported, a token whose value is lost, stands in nobody's way.
            Err(object) if self.entry.import_id.is_some() => Err(perhaps_stored(self.entry.name, &object)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Stops where an apply that was cut off elsewhere may have made the object: nothing on it tells whose it is.
    async fn look_for_leftover(&self, creation: &Creation<'_>) -> Result<()> {
        let journal = &self.server.journal;
        let Some(since) = journal.cut_off_elsewhere() else { return Ok(()) };
        let marker = Marker::new("", since);
        match self.find(creation, &marker).await {
            Ok(Some(found)) => Err(perhaps_left(self.entry.name, &found, since)),
            Ok(None) | Err(_) => Ok(()),
        }
    }

    /// Brings an object that was found to what is planned. Whatever fails, the object is known and stays in the state.
    async fn converge(
        &self,
        creation: &Creation<'_>,
        (entry, found): (Entry, Value),
        planned: &Value,
    ) -> (Entry, Result<Value, Failed<Value>>) {
        let made = self.converged(creation.ask(self, &entry.marker), found, planned, creation.plan).await;
        (entry, made)
    }

    async fn converged(
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

/// A create that is under way.
struct Creation<'a> {
    plan: &'a Value,
    fingerprint: String,
    limit: Duration,
    cancel: CancellationToken,
}

impl Creation<'_> {
    fn ask<'a, P: Provider>(&'a self, change: &'a Change<P>, marker: &'a Marker) -> Ask<'a, P::Context> {
        change.ask(&self.cancel, self.limit, marker)
    }
}

/// That an object is in the way, with the block that takes it over.
fn to_import(name: &str, error: Error) -> Error {
    let id = error.existing().unwrap_or_default().to_owned();
    error.also(format!(
        "If it is this deployment's (an apply that was cut off may have made it), take it over with this block, with the address \
         that Terraform names below, and apply again:\n\n{}",
        import_block(name, &id)
    ))
}

/// That an object may have been left by a create that was cut off, which nothing on it tells.
fn perhaps_left(name: &str, object: &Value, since: Timestamp) -> Error {
    let id = if let Value::String(id) = object.member("id") { id } else { "" };
    Error::whole(format!("{name} {id:?} may be the object that is to be made here")).detail(format!(
        "An apply of this deployment that began at {since} was cut off elsewhere. Since then it was made with the same values, and \
         nothing on it tells whose it is. Nothing was made. Take it over with this block, with the address that Terraform names \
         below, and apply again:\n\n{}\n\nIf it is somebody else's, apply again without the block, and another one is made.",
        import_block(name, id)
    ))
}

/// That an object was left by a create of the same values, unless a state has it.
fn perhaps_stored(name: &str, object: &Marked) -> Error {
    Error::whole(format!("{name} {:?} may be the object that is to be made here", object.id)).detail(format!(
        "An earlier apply of this deployment, elsewhere, made it with the same values (its tag {} is {}), and whether the state has it \
         is not known: this plan was made with -target or -exclude. Nothing was made. Plan and apply the whole configuration, \
         which tells. Or take it over with this block, with the address that Terraform names \
         below:\n\n{}\n\nOr remove the tag from it, and another one is made.",
        Marker::TAG,
        object.mark,
        import_block(name, &object.id),
    ))
}

fn import_block(name: &str, id: &str) -> String {
    format!("import {{\n  to = {name}.NAME\n  id = {id:?}\n}}")
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
