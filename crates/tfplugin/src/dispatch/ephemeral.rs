//! OpenEphemeralResource, RenewEphemeralResource and CloseEphemeralResource.

use std::sync::Arc;

use super::{Outcome, found, no_marker};
use crate::operations::Ask;
use crate::proto::{
    CloseEphemeralResourceRequest, CloseEphemeralResourceResponse, OpenEphemeralResourceRequest,
    OpenEphemeralResourceResponse, RenewEphemeralResourceRequest, RenewEphemeralResourceResponse,
};
use crate::provider::Provider;
use crate::server::Server;
use crate::value::Value;
use crate::{plan, wire};

/// Opens it, in the plan and again in the apply.
pub(crate) async fn open<P: Provider>(
    server: Arc<Server<P>>,
    request: OpenEphemeralResourceRequest,
) -> Outcome<OpenEphemeralResourceResponse> {
    let (entry, prepared) = server.ephemeral(&request.type_name)?;
    let config = wire::value(request.config.as_ref(), &prepared.of)?;
    let configured = server.configured()?;
    let (cancel, marker) = (server.running(), no_marker());
    let (context, schema) = (&configured.context, &prepared.schema);
    if entry.operations.is_unknown(context) {
        // A plan that makes what the provider needs: the apply opens it. OpenTofu refuses that in a plan, and says so.
        let unknown = plan::plan(schema, &Value::Null, &config, &config).value;
        let result = wire::dynamic(&unknown, &prepared.of)?;
        return Ok(OpenEphemeralResourceResponse { result, ..OpenEphemeralResourceResponse::default() });
    }
    let ask = Ask { context, schema, cancel: &cancel, limit: entry.operations.limit(), marker: &marker };
    let opened = entry.operations.open(ask, &config).await?;
    let result = found(schema, &config, &opened.result)?;
    Ok(OpenEphemeralResourceResponse {
        diagnostics: Vec::new(),
        renew_at: opened.renew_at.map(wire::timestamp),
        result: wire::dynamic(&result, &prepared.of)?,
        private: Some(opened.private),
    })
}

/// Renews it.
pub(crate) async fn renew<P: Provider>(
    server: Arc<Server<P>>,
    request: RenewEphemeralResourceRequest,
) -> Outcome<RenewEphemeralResourceResponse> {
    let (entry, prepared) = server.ephemeral(&request.type_name)?;
    let configured = server.configured()?;
    let (cancel, marker) = (server.running(), no_marker());
    let (context, schema) = (&configured.context, &prepared.schema);
    let ask = Ask { context, schema, cancel: &cancel, limit: entry.operations.limit(), marker: &marker };
    let (private, renew_at) = entry.operations.renew(ask, request.private.unwrap_or_default()).await?;
    Ok(RenewEphemeralResourceResponse {
        diagnostics: Vec::new(),
        renew_at: renew_at.map(wire::timestamp),
        private: Some(private),
    })
}

/// Closes it: once, whatever went wrong before.
pub(crate) async fn close<P: Provider>(
    server: Arc<Server<P>>,
    request: CloseEphemeralResourceRequest,
) -> Outcome<CloseEphemeralResourceResponse> {
    let (entry, prepared) = server.ephemeral(&request.type_name)?;
    let configured = server.configured()?;
    let (cancel, marker) = (server.running(), no_marker());
    let (context, schema) = (&configured.context, &prepared.schema);
    let ask = Ask { context, schema, cancel: &cancel, limit: entry.operations.limit(), marker: &marker };
    if entry.operations.is_unknown(context) {
        // It was not opened.
        return Ok(CloseEphemeralResourceResponse::default());
    }
    entry.operations.close(ask, request.private.unwrap_or_default()).await?;
    Ok(CloseEphemeralResourceResponse::default())
}
