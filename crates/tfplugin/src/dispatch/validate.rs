//! The four validations. Called many times, with values that may be unknown; what is not known is not complained about.

use std::sync::Arc;

use super::{Outcome, diagnostics};
use crate::diagnostic::{Diagnostic, Result};
use crate::proto::{
    ValidateProviderConfigRequest, ValidateProviderConfigResponse, ValidateResourceConfigRequest,
    ValidateResourceConfigResponse,
};
use crate::provider::Provider;
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
    let found = check(&prepared, &config, true, |schema, config| {
        Ok(P::validate(&serde_value::from_value::<P::Config>(config, schema)?))
    })?;
    Ok(ValidateProviderConfigResponse { diagnostics: diagnostics(found) })
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
        timeouts::limits(config, entry.timeouts)?;
        entry.operations.validate(schema, config)
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

/// By the schema first; the struct's own checks see only what the schema lets pass.
fn check(
    prepared: &Prepared,
    config: &Value,
    write_only: bool,
    own: impl FnOnce(&Schema, &Value) -> Result<Vec<Diagnostic>>,
) -> Outcome<Vec<Diagnostic>> {
    let mut found = crate::validate::validate(&prepared.schema, config, write_only);
    if !super::has_error(&found) {
        let mut own = own(&prepared.schema, config).map_err(|error| error.placed(&prepared.schema))?;
        for diagnostic in &mut own {
            diagnostic.path = diagnostic.path.take().map(|path| prepared.schema.body.path(&path));
        }
        found.extend(own);
    }
    Ok(found)
}
