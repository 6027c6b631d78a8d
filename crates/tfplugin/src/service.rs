//! The gRPC services: tfplugin6.Provider, and go-plugin's own. Every path that is not served answers Unimplemented, which
//! Terraform takes as "this provider is older than that call".

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::{Stream, StreamExt};
use http::{Request, Response};
use tonic::body::Body;
use tonic::server::Grpc;
use tonic::{Code, Status};
use tonic_prost::ProstCodec;

use crate::diagnostic::{Diagnostic, Error};
use crate::dispatch::{
    action, apply, configure, data, ephemeral, functions, import, plan, read, schemas, upgrade, validate,
};
use crate::operations::Boxed;
use crate::proto::plugin::{ConnInfo, Empty, StdioData};
use crate::provider::Provider;
use crate::server::{Fallible, Server};

/// As go-plugin has it, both ways: states of many megabytes pass.
const MOST_BYTES: usize = 256 << 20;

/// All services of a provider's process.
pub(crate) struct Service<P: Provider>(pub(crate) Arc<Server<P>>);

impl<P: Provider> Clone for Service<P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<P: Provider> tower::Service<Request<Body>> for Service<P> {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Boxed<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let server = Arc::clone(&self.0);
        let path = request.uri().path().to_owned();
        let (service, method) = path.trim_start_matches('/').split_once('/').unwrap_or_default();
        match (service, method) {
            ("tfplugin6.Provider", method) => provider(server, method, request),
            ("plugin.GRPCController", "Shutdown") => unary(request, move |_: Empty| async move {
                server.journal.ended();
                server.shutdown.cancel();
                Empty {}
            }),
            // Nothing is ever sent on these two: they are open as long as the process is.
            ("plugin.GRPCStdio", "StreamStdio") => Box::pin(async move {
                let idle = || idle::<StdioData>(server.shutdown.clone());
                let mut grpc = Grpc::new(ProstCodec::<StdioData, Empty>::default());
                let service = tower::service_fn(move |_: tonic::Request<Empty>| {
                    let stream = idle();
                    async move { Ok::<_, Status>(tonic::Response::new(stream)) }
                });
                Ok(grpc.server_streaming(service, request).await)
            }),
            ("plugin.GRPCBroker", "StartStream") => Box::pin(async move {
                let idle = || idle::<ConnInfo>(server.shutdown.clone());
                let mut grpc = Grpc::new(ProstCodec::<ConnInfo, ConnInfo>::default());
                let service = tower::service_fn(move |_: tonic::Request<tonic::Streaming<ConnInfo>>| {
                    let stream = idle();
                    async move { Ok::<_, Status>(tonic::Response::new(stream)) }
                });
                Ok(grpc.streaming(service, request).await)
            }),
            _ => unimplemented(&path),
        }
    }
}

type Reply = Boxed<'static, Result<Response<Body>, Infallible>>;

fn provider<P: Provider>(server: Arc<Server<P>>, method: &str, request: Request<Body>) -> Reply {
    match method {
        "GetMetadata" => guarded(server, request, schemas::metadata),
        "GetProviderSchema" => guarded(server, request, schemas::all),
        "GetFunctions" => guarded(server, request, functions::all),
        "CallFunction" => guarded(server, request, functions::call),
        "ValidateProviderConfig" => guarded(server, request, validate::provider),
        "ValidateResourceConfig" => guarded(server, request, validate::resource),
        "ValidateDataResourceConfig" => guarded(server, request, validate::data_source),
        "ValidateEphemeralResourceConfig" => guarded(server, request, validate::ephemeral),
        "ConfigureProvider" => guarded(server, request, configure::configure),
        "UpgradeResourceState" => guarded(server, request, upgrade::upgrade),
        "MoveResourceState" => guarded(server, request, upgrade::relocate),
        "ReadResource" => guarded(server, request, read::read),
        "PlanResourceChange" => guarded(server, request, plan::plan),
        "ApplyResourceChange" => guarded(server, request, apply::apply),
        "ImportResourceState" => guarded(server, request, import::import),
        "ReadDataSource" => guarded(server, request, data::read),
        "OpenEphemeralResource" => guarded(server, request, ephemeral::open),
        "RenewEphemeralResource" => guarded(server, request, ephemeral::renew),
        "CloseEphemeralResource" => guarded(server, request, ephemeral::close),
        "ValidateActionConfig" => guarded(server, request, validate::action),
        "PlanAction" => guarded(server, request, action::plan),
        "InvokeAction" => streamed(request, move |message| action::invoke(server, message)),
        "StopProvider" => guarded(server, request, configure::stop),
        _ => unimplemented(method),
    }
}

/// Serves a call in a task of its own: a panic in it is its answer and nobody else's, and it goes on to its end when the
/// connection is lost.
fn guarded<P, Q, A, F>(server: Arc<Server<P>>, request: Request<Body>, method: fn(Arc<Server<P>>, Q) -> F) -> Reply
where
    P: Provider,
    Q: prost::Message + Default + 'static,
    A: Fallible + prost::Message,
    F: Future<Output = Result<A, Vec<Diagnostic>>> + Send + 'static,
{
    unary(request, move |message: Q| async move {
        match server.tasks.spawn(method(Arc::clone(&server), message)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(diagnostics)) => A::failed(diagnostics),
            Err(ended) => A::failed(vec![accident(ended)]),
        }
    })
}

/// What is said of a task that panicked, or that the end of the process cut off.
pub(crate) fn accident(ended: tokio::task::JoinError) -> Diagnostic {
    let Ok(payload) = ended.try_into_panic() else {
        return Error::new("The provider is ending").into();
    };
    let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    Error::new("The provider has a bug: it panicked")
        .detail(format!(
            "{}. What it was doing may have taken effect in part. Please report this, with what TF_LOG_PROVIDER=ERROR logs.",
            text.unwrap_or("No reason was given").trim_end_matches('.'),
        ))
        .into()
}

fn unary<Q, A, F>(request: Request<Body>, method: impl FnOnce(Q) -> F + Send + 'static) -> Reply
where
    Q: prost::Message + Default + 'static,
    A: prost::Message + 'static,
    F: Future<Output = A> + Send + 'static,
{
    Box::pin(async move {
        let mut method = Some(method);
        let service = tower::service_fn(move |request: tonic::Request<Q>| {
            let answer = method.take().map(|method| method(request.into_inner()));
            async move {
                match answer {
                    Some(answer) => Ok(tonic::Response::new(answer.await)),
                    None => Err(Status::internal("one request was handed over twice")),
                }
            }
        });
        let mut grpc =
            Grpc::new(ProstCodec::<A, Q>::default()).apply_max_message_size_config(Some(MOST_BYTES), Some(MOST_BYTES));
        Ok(grpc.unary(service, request).await)
    })
}

fn streamed<Q, A, S>(request: Request<Body>, method: impl FnOnce(Q) -> S + Send + 'static) -> Reply
where
    Q: prost::Message + Default + 'static,
    A: prost::Message + 'static,
    S: Stream<Item = A> + Send + 'static,
{
    Box::pin(async move {
        let mut method = Some(method);
        let service = tower::service_fn(move |request: tonic::Request<Q>| {
            let stream = method.take().map(|method| method(request.into_inner()).map(Ok::<A, Status>));
            let twice = || Status::internal("one request was handed over twice");
            std::future::ready(stream.map(tonic::Response::new).ok_or_else(twice))
        });
        let mut grpc =
            Grpc::new(ProstCodec::<A, Q>::default()).apply_max_message_size_config(Some(MOST_BYTES), Some(MOST_BYTES));
        Ok(grpc.server_streaming(service, request).await)
    })
}

fn idle<T>(
    shutdown: tokio_util::sync::CancellationToken,
) -> impl tokio_stream::Stream<Item = Result<T, Status>> + Send + 'static
where
    T: Send + 'static,
{
    futures_util::stream::pending().take_until(shutdown.cancelled_owned())
}

fn unimplemented(what: &str) -> Reply {
    let status = Status::new(Code::Unimplemented, format!("{what} is not served"));
    Box::pin(async move { Ok(status.into_http()) })
}
