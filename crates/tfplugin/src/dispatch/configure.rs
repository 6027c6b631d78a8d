//! ConfigureProvider and StopProvider.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::Outcome;
use crate::proto::{ConfigureProviderRequest, ConfigureProviderResponse, StopProviderRequest, StopProviderResponse};
use crate::provider::Provider;
use crate::server::{Configured, Server};
use crate::{serde_value, walk, wire};

/// Configures the provider. Values may be unknown while planning.
pub(crate) async fn configure<P: Provider>(
    server: Arc<Server<P>>,
    request: ConfigureProviderRequest,
) -> Outcome<ConfigureProviderResponse> {
    let prepared = server.provider_schema();
    let value = wire::value(request.config.as_ref(), &prepared.of)?;
    let fingerprint = walk::fingerprint(P::NAME, &prepared.schema, &value, "")?;
    let config: P::Config = serde_value::from_value(&value, &prepared.schema)?;
    let context = P::configure(config, &request.terraform_version).await?;
    server.configure(Configured { context, fingerprint, has_said_unread: AtomicBool::default() });
    Ok(ConfigureProviderResponse::default())
}

/// Interrupts what runs, and goes on serving.
pub(crate) async fn stop<P: Provider>(
    server: Arc<Server<P>>,
    _request: StopProviderRequest,
) -> Outcome<StopProviderResponse> {
    tracing::info!("interrupted by the user");
    server.stop();
    Ok(StopProviderResponse::default())
}
