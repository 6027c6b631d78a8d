//! The five validations. Called many times, with values that may be unknown; what is not known is not complained about.

use std::sync::Arc;

use super::{Outcome, diagnostics};
use crate::call::Marker;
use crate::diagnostic::{Diagnostic, Error, Result};
use crate::journal::Journal;
use crate::proto::{
    ValidateProviderConfigRequest, ValidateProviderConfigResponse, ValidateResourceConfigRequest,
    ValidateResourceConfigResponse,
};
use crate::provider::Provider;
use crate::registry::ActionEntry;
use crate::server::{Prepared, Server};
use crate::types::Schema;
use crate::value::Value;
use crate::{serde_value, timeouts, wire};

/// The provider block.
pub(crate) async fn provider<P: Provider>(
    server: Arc<Server<P>>,
    request: ValidateProviderConfigRequest,
) -> Outcome<ValidateProviderConfigResponse> {
    let prepared = server.provider_schema();
    let config = wire::value(request.config.as_ref(), &prepared.of)?;
    let mut found = check(&prepared, &config, true, |schema, config| {
        Ok(P::validate(&serde_value::from_value::<P::Config>(config, schema)?))
    })?;
    // This is the one call that every run makes, a destroy of an empty state as well.
    found.extend(unclaimed(&server.journal));
    Ok(ValidateProviderConfigResponse { diagnostics: diagnostics(found) })
}

/// What an apply that was cut off may have left in no state.
fn unclaimed(journal: &Journal) -> Option<Diagnostic> {
    let unclaimed = journal.unclaimed();
    if unclaimed.is_empty() || !journal.is_first_to_say() {
        return None;
    }
    let objects: Vec<String> = unclaimed
        .iter()
        .map(|one| {
            let name = one.id.as_ref().map_or_else(|| "of unknown id".to_owned(), |id| format!("{id:?}"));
            format!("  {} {name}, begun {}, mark {}", one.kind, one.since, one.marker)
        })
        .collect();
    let objects = objects.join("\n");
    let (tag, place) = (Marker::TAG, journal.place());
    Some(Diagnostic::warning(
        "An apply was cut off, and what it made may be in no state",
        format!(
            "{objects}\n\nThe next apply of the same configuration takes these over. What it plans no more has to be removed by hand, or \
             imported: where the service has tags, the tag {tag} of the object is its mark. This is said until a stored state has \
             the object, or until {place}/MARK.json is removed."
        ),
    ))
}

/// A resource.
pub(crate) async fn resource<P: Provider>(
    server: Arc<Server<P>>,
    request: ValidateResourceConfigRequest,
) -> Outcome<ValidateResourceConfigResponse> {
    let (entry, prepared) = server.resource(&request.type_name)?;
    let config = wire::value(request.config.as_ref(), &prepared.of)?;
    let write_only = request.client_capabilities.is_some_and(|client| client.write_only_attributes_allowed);
    let found = check(&prepared, &config, write_only, |schema, config| {
        let mut found = entry.operations.validate(schema, config)?;
        found.extend(timeouts::limits(config, entry.timeouts).err().map(Diagnostic::from));
        Ok(found)
    })?;
    Ok(ValidateResourceConfigResponse { diagnostics: diagnostics(found) })
}

/// A data source.
pub(crate) async fn data_source<P: Provider>(
    server: Arc<Server<P>>,
    request: ValidateResourceConfigRequest,
) -> Outcome<ValidateResourceConfigResponse> {
    let (entry, prepared) = server.data_source(&request.type_name)?;
    let config = wire::value(request.config.as_ref(), &prepared.of)?;
    let found = check(&prepared, &config, true, |schema, config| entry.operations.validate(schema, config))?;
    Ok(ValidateResourceConfigResponse { diagnostics: diagnostics(found) })
}

/// An ephemeral resource.
pub(crate) async fn ephemeral<P: Provider>(
    server: Arc<Server<P>>,
    request: ValidateResourceConfigRequest,
) -> Outcome<ValidateResourceConfigResponse> {
    let (entry, prepared) = server.ephemeral(&request.type_name)?;
    let config = wire::value(request.config.as_ref(), &prepared.of)?;
    let found = check(&prepared, &config, true, |schema, config| entry.operations.validate(schema, config))?;
    Ok(ValidateResourceConfigResponse { diagnostics: diagnostics(found) })
}

/// An action.
pub(crate) async fn action<P: Provider>(
    server: Arc<Server<P>>,
    request: ValidateResourceConfigRequest,
) -> Outcome<ValidateResourceConfigResponse> {
    let (entry, prepared) = server.action(&request.type_name)?;
    let config = wire::value(request.config.as_ref(), &prepared.of)?;
    let found = action_findings(entry, &prepared, &config)?;
    Ok(ValidateResourceConfigResponse { diagnostics: diagnostics(found) })
}

/// What is wrong with an action's configuration: asked again of its plan and of its run, when more of it is known. Terraform has
/// no other validation with known values. Without a block `config` it is null: what is required is missing from that.
pub(super) fn action_findings<C>(
    entry: &ActionEntry<C>,
    prepared: &Prepared,
    config: &Value,
) -> Outcome<Vec<Diagnostic>> {
    let attributes = prepared.schema.body.attributes.iter();
    let missing = attributes.filter(|attribute| attribute.flags.required && config.member(&attribute.name).is_null());
    let missing =
        missing.map(|attribute| Error::new(format!("{} is required", attribute.name)).at(attribute.name.as_str()));
    let missing: Vec<Diagnostic> = missing.map(Diagnostic::from).collect();
    if !missing.is_empty() {
        return Ok(missing);
    }
    check(prepared, config, true, |schema, config| {
        let mut found = entry.operations.validate(schema, config)?;
        found.extend(timeouts::limit(config, "invoke", entry.limit).err().map(Diagnostic::from));
        Ok(found)
    })
}

/// By the schema, and by the struct's own checks, which need not repeat what the schema says of an attribute.
fn check(
    prepared: &Prepared,
    config: &Value,
    write_only: bool,
    own: impl FnOnce(&Schema, &Value) -> Result<Vec<Diagnostic>>,
) -> Outcome<Vec<Diagnostic>> {
    let schema = &prepared.schema;
    let mut found = crate::validate::validate(schema, config, write_only);
    let own = match own(schema, config) {
        Ok(own) => own,
        // What the schema refuses no struct can hold.
        Err(_) if super::has_error(&found) => return Ok(found),
        Err(error) => return Err(error.placed(schema).into()),
    };
    let mut own: Vec<Diagnostic> =
        own.into_iter().map(|one| Diagnostic { path: one.path.map(|path| schema.body.path(&path)), ..one }).collect();
    own.retain(|one| one.path.is_none() || !found.iter().any(|said| said.path == one.path));
    found.extend(own);
    Ok(found)
}
