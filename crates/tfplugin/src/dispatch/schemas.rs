//! GetMetadata and GetProviderSchema.

use std::sync::Arc;

use super::Outcome;
use crate::proto::ServerCapabilities;
use crate::proto::schema::{
    ActionSchema, GetMetadataRequest, GetMetadataResponse, GetProviderSchemaRequest, GetProviderSchemaResponse,
    TypeName,
};
use crate::provider::Provider;
use crate::server::Server;
use crate::wire;

/// The names of everything.
pub(crate) async fn metadata<P: Provider>(
    _server: Arc<Server<P>>,
    _request: GetMetadataRequest,
) -> Outcome<GetMetadataResponse> {
    let registry = P::registry();
    let name = |name: &str| TypeName { name: name.to_owned() };
    Ok(GetMetadataResponse {
        server_capabilities: Some(capabilities()),
        diagnostics: Vec::new(),
        data_sources: registry.data_sources().map(|entry| name(entry.name)).collect(),
        resources: registry.resources().map(|entry| name(entry.name)).collect(),
        functions: registry.functions.iter().map(|entry| name(entry.name)).collect(),
        ephemeral_resources: registry.ephemerals().map(|entry| name(entry.name)).collect(),
        actions: registry.actions().map(|entry| name(entry.name)).collect(),
    })
}

/// All schemas. Terraform asks one process of the provider for them, and keeps them for the others.
pub(crate) async fn all<P: Provider>(
    server: Arc<Server<P>>,
    _request: GetProviderSchemaRequest,
) -> Outcome<GetProviderSchemaResponse> {
    let registry = P::registry();
    let mut response = GetProviderSchemaResponse {
        provider: Some(wire::schema(&server.provider_schema().schema)),
        server_capabilities: Some(capabilities()),
        functions: super::functions::signatures::<P>(),
        ..GetProviderSchemaResponse::default()
    };
    for entry in registry.resources() {
        let (_, prepared) = server.resource(entry.name)?;
        response.resource_schemas.insert(entry.name.to_owned(), wire::schema(&prepared.schema));
    }
    for entry in registry.data_sources() {
        let (_, prepared) = server.data_source(entry.name)?;
        response.data_source_schemas.insert(entry.name.to_owned(), wire::schema(&prepared.schema));
    }
    for entry in registry.ephemerals() {
        let (_, prepared) = server.ephemeral(entry.name)?;
        response.ephemeral_resource_schemas.insert(entry.name.to_owned(), wire::schema(&prepared.schema));
    }
    for entry in registry.actions() {
        let (_, prepared) = server.action(entry.name)?;
        let schema = ActionSchema { schema: Some(wire::schema(&prepared.schema)) };
        response.action_schemas.insert(entry.name.to_owned(), schema);
    }
    Ok(response)
}

fn capabilities() -> ServerCapabilities {
    ServerCapabilities {
        plan_destroy: true,
        get_provider_schema_optional: true,
        move_resource_state: true,
        generate_resource_config: false,
    }
}
