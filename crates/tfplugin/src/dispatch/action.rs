//! PlanAction and InvokeAction.

use std::sync::Arc;

use futures_util::Stream;
use futures_util::stream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::AbortOnDropHandle;

use super::{Outcome, diagnostics, no_marker};
use crate::action::{ActionPlanAsk, Progress, Secrets};
use crate::diagnostic::{Diagnostic, Error};
use crate::operations::Ask;
use crate::proto::{
    Deferred, DeferredReason, InvokeActionEvent, InvokeActionRequest, PlanActionRequest, PlanActionResponse,
};
use crate::provider::Provider;
use crate::server::Server;
use crate::service::accident;
use crate::subject::{Operation, Subject};
use crate::waiting::{self, Patience};
use crate::{timeouts, walk, wire};

/// Plans a run of an action: nobody is asked, and what is unknown may stay so.
pub(crate) async fn plan<P: Provider>(
    server: Arc<Server<P>>,
    request: PlanActionRequest,
) -> Outcome<PlanActionResponse> {
    let (entry, prepared) = server.action(&request.action_type)?;
    let schema = &prepared.schema;
    let config = wire::value(request.config.as_ref(), &prepared.of)?;
    let mut found = super::validate::action_findings(entry, &prepared, &config)?;
    if super::has_error(&found) {
        return Err(found);
    }
    let configured = server.configured().ok();
    let ask = ActionPlanAsk {
        context: configured.as_deref().map(|configured| &configured.context),
        schema,
        config: &config,
        may_wait: request.client_capabilities.is_some_and(|client| client.deferral_allowed),
    };
    let said = entry.operations.plan(ask).map_err(|error| error.placed(schema))?;
    found.extend(said.warnings);
    // Terraform takes no other reason.
    let reason = DeferredReason::ProviderConfigUnknown.into();
    Ok(PlanActionResponse { diagnostics: diagnostics(found), deferred: said.waits.then_some(Deferred { reason }) })
}

/// Runs an action: what it says while it runs, and then one event, and no more, with how it ended. Terraform does not cancel this
/// call when it is interrupted, it calls StopProvider and waits for the end; when it has gone, the action is interrupted too.
pub(crate) fn invoke<P: Provider>(
    server: Arc<Server<P>>,
    request: InvokeActionRequest,
) -> impl Stream<Item = InvokeActionEvent> + Send + 'static {
    let cancel = server.running().child_token();
    let (progress, messages) = Progress::channel(cancel.clone());
    let running = server.tasks.spawn(run(Arc::clone(&server), request, progress, cancel.clone()));
    let events = Events { messages, stage: Stage::Running(running), _gone: cancel.drop_guard() };
    stream::unfold(events, async |mut events| events.next().await.map(|event| (event, events)))
}

/// The events of one run.
struct Events {
    messages: mpsc::Receiver<String>,
    stage: Stage,
    /// Nobody reads them anymore once this is dropped.
    _gone: DropGuard,
}

enum Stage {
    Running(JoinHandle<Vec<Diagnostic>>),
    /// What was said before the end comes before it.
    Ended(Vec<Diagnostic>),
    Completed,
}

impl Events {
    async fn next(&mut self) -> Option<InvokeActionEvent> {
        if let Stage::Running(running) = &mut self.stage {
            let ended = tokio::select! {
                Some(message) = self.messages.recv() => return Some(InvokeActionEvent::progress(message)),
                ended = running => ended,
            };
            // An action that was left behind says nothing more.
            self.messages.close();
            self.stage = Stage::Ended(ended.unwrap_or_else(|panicked| vec![accident(panicked)]));
        }
        if let Ok(message) = self.messages.try_recv() {
            return Some(InvokeActionEvent::progress(message));
        }
        match std::mem::replace(&mut self.stage, Stage::Completed) {
            Stage::Ended(found) => Some(InvokeActionEvent::completed(diagnostics(found))),
            Stage::Running(_) | Stage::Completed => None,
        }
    }
}

/// Runs an action to its end, or leaves it behind.
async fn run<P: Provider>(
    server: Arc<Server<P>>,
    request: InvokeActionRequest,
    progress: Progress,
    cancel: CancellationToken,
) -> Vec<Diagnostic> {
    match attempt(server, request, progress, cancel).await {
        Ok(()) => Vec::new(),
        Err(found) => found,
    }
}

async fn attempt<P: Provider>(
    server: Arc<Server<P>>,
    request: InvokeActionRequest,
    progress: Progress,
    cancel: CancellationToken,
) -> Outcome<()> {
    let (entry, prepared) = server.action(&request.action_type)?;
    let config = wire::value(request.config.as_ref(), &prepared.of)?;
    if let (_, Some(path)) = walk::settled(config.clone()) {
        return Err(Error::new(format!("{path} is not known"))
            .detail("Terraform invoked the action too early.")
            .into());
    }
    let found = super::validate::action_findings(entry, &prepared, &config)?;
    if super::has_error(&found) {
        return Err(found);
    }
    let configured = server.configured()?;
    let limit = timeouts::limit(&config, "invoke", entry.limit)?;
    let secrets = Secrets::of(&prepared.schema, &config);
    let subject = Subject::of(Operation::Invoke, entry.name, &prepared.schema, &config);

    // In a task of its own: what blocks its thread, or panics, does so there.
    let (action, token) = (Arc::clone(&prepared), cancel.clone());
    let progress = progress.without(secrets.clone());
    let action = server.tasks.spawn(async move {
        let (context, schema, marker) = (&configured.context, &action.schema, no_marker());
        let ask = Ask { context, schema, cancel: &token, limit, marker: &marker };
        entry.operations.invoke(ask, &progress, &config).await
    });
    let ended = match waiting::run(AbortOnDropHandle::new(action), &cancel, limit, Patience::ACTION).await {
        Ok(Ok(ended)) => ended,
        Ok(Err(panicked)) => return Err(vec![secrets.hide_in(accident(panicked))]),
        Err(left_behind) => Err(subject.failed(left_behind)),
    };
    ended.map_err(|error| vec![secrets.hide_in(error.placed(&prepared.schema).into())])
}

#[cfg(test)]
mod tests;
