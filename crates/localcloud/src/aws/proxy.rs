//! The proxy in front of moto: log, faults, and AWS' own behaviour around each call.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};

use super::action::{self, Action};
use super::behaviour::{Before, Behaviour};
use super::refusal::refuse;
use super::s3;
use crate::account::workspaces::millis;
use crate::answer::{Body, full};
use crate::faults::{Effect, Fault};
use crate::gate::Cut;
use crate::log::Entry;
use crate::server::Inner;

/// The largest body that is taken.
const LARGEST_BODY: usize = 512 * 1024 * 1024;

/// The proxy's way to moto.
#[derive(Debug, Clone)]
pub(super) struct Moto {
    client: Client<HttpConnector, Full<Bytes>>,
    port: u16,
    behaviour: Arc<Mutex<Behaviour>>,
}

/// Serves until the local cloud stops.
pub(super) async fn run(inner: Arc<Inner>, listener: TcpListener, port: u16) {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let moto = Moto { client, port, behaviour: Arc::default() };
    inner.tasks.spawn(warm_up(Arc::clone(&inner), moto.clone()));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = inner.stop.cancelled() => return,
        };
        if let Ok((stream, _)) = accepted {
            let _ = stream.set_nodelay(true);
            inner.tasks.spawn(connection(Arc::clone(&inner), moto.clone(), stream));
        }
    }
}

async fn connection(inner: Arc<Inner>, moto: Moto, stream: TcpStream) {
    let stop = inner.stop.clone();
    let service = service_fn(move |request| serve(Arc::clone(&inner), moto.clone(), request));
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new());
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        ended = connection => {
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection for AWS ended");
            }
        }
        () = stop.cancelled() => {}
    }
}

async fn serve(inner: Arc<Inner>, moto: Moto, request: Request<Incoming>) -> Result<Response<Body>, Cut> {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let method = parts.method.to_string();
    // Expect: 100-continue is answered by reading the body.
    let Ok(body) = Limited::new(body, LARGEST_BODY).collect().await else { return Err(Cut) };
    let body = body.to_bytes();
    let action =
        action::of(&parts.method, parts.uri.path(), parts.uri.query().unwrap_or_default(), &parts.headers, &body);
    let name = action.full_name();
    let answer = faulty(&inner, &moto, &action, Request::from_parts(parts, body)).await;
    inner.log.add(Entry {
        at: inner.now(),
        method,
        host: "aws".to_owned(),
        path: name,
        status: answer.as_ref().map_or(0, |answer| answer.status().as_u16()),
        ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    });
    answer
}

async fn faulty(inner: &Inner, moto: &Moto, action: &Action, request: Request<Bytes>) -> Result<Response<Body>, Cut> {
    let fault = inner.faults.take(&action.full_name());
    if let Some(delay) = fault.as_ref().and_then(|fault| fault.delay_ms) {
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
    match fault.filter(|fault| fault.cut || fault.status.is_some()) {
        Some(fault) if fault.effect == Effect::Before => failure(action, &fault),
        Some(fault) => {
            moto.call(inner, action, request).await;
            failure(action, &fault)
        }
        None => Ok(moto.call(inner, action, request).await.map(full)),
    }
}

fn failure(action: &Action, fault: &Fault) -> Result<Response<Body>, Cut> {
    if fault.cut {
        return Err(Cut);
    }
    let status = fault.status.and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = refuse(action, status, fault.code.as_deref().unwrap_or("InternalError"), &fault.text());
    if let Some(seconds) = fault.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    Ok(response.map(full))
}

/// Lets moto load the services that we need, which takes it seconds, before somebody waits for it.
async fn warm_up(inner: Arc<Inner>, moto: Moto) {
    for (service, body) in [
        ("ec2", "Action=DescribeVpcs&Version=2016-11-15"),
        ("iam", "Action=ListRoles&Version=2010-05-08"),
        ("sts", "Action=GetCallerIdentity&Version=2011-06-15"),
        ("kms", "Action=ListKeys"),
        ("s3", ""),
    ] {
        let signature = format!("AWS4-HMAC-SHA256 Credential=localcloud/20260101/us-east-1/{service}/aws4_request");
        let mut request = Request::post("/").header(header::AUTHORIZATION, signature);
        request = match service {
            "kms" => request.header("x-amz-target", "TrentService.ListKeys"),
            "s3" => request.method(http::Method::GET),
            _ => request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded"),
        };
        let Ok(request) = request.body(Bytes::from_static(body.as_bytes())) else { continue };
        tokio::select! {
            outcome = moto.forward(request) => tracing::debug!(service, ok = outcome.is_ok(), "moto is warm"),
            () = inner.stop.cancelled() => return,
        }
    }
}

impl Moto {
    /// Lets moto answer, as AWS would.
    async fn call(&self, inner: &Inner, action: &Action, request: Request<Bytes>) -> Response<Bytes> {
        let request = match self.behaviour().before(action, inner.now()) {
            Before::Pass => request,
            Before::PassWith(more) => request.map(|body| [body, Bytes::from(more)].concat().into()),
            Before::Repeat(answer) => return whole(Response::new(answer)),
            Before::Refuse(refusal) => return refuse(action, refusal.status, refusal.code, &refusal.message),
        };
        let (parts, body) = request.into_parts();
        let again = parts.headers.clone();
        let response = match self.forward(Request::from_parts(parts, body)).await {
            Ok(response) => s3::corrected(action, response),
            Err(message) => return refuse(action, StatusCode::SERVICE_UNAVAILABLE, "Unavailable", &message),
        };
        if !response.status().is_success() {
            return whole(response);
        }
        let delay = millis(inner.settings.delays.aws);
        let (response, releases) = {
            let mut behaviour = self.behaviour();
            let response = response.map(|body| behaviour.after(action, body, inner.now(), delay));
            (response, behaviour.releases(action))
        };
        for call in releases {
            let mut request = Request::post("/");
            if let Some(headers) = request.headers_mut() {
                headers.clone_from(&again);
            }
            if let Ok(request) = request.body(Bytes::from(call))
                && let Err(message) = self.forward(request).await
            {
                tracing::warn!(message, "what a NAT gateway held could not be freed");
            }
        }
        whole(response)
    }

    fn behaviour(&self) -> MutexGuard<'_, Behaviour> {
        self.behaviour.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn forward(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        parts.uri =
            format!("http://127.0.0.1:{}{path}", self.port).parse::<Uri>().map_err(|error| error.to_string())?;
        // The body is whole by now, whatever way it came.
        parts.headers.remove(header::TRANSFER_ENCODING);
        parts.headers.remove(header::EXPECT);
        parts.headers.remove(header::CONNECTION);
        parts.version = http::Version::HTTP_11;
        parts.headers.insert(header::CONTENT_LENGTH, body.len().into());
        let lost = |error: &dyn std::error::Error| format!("moto does not answer: {error}");
        let response =
            self.client.request(Request::from_parts(parts, Full::new(body))).await.map_err(|error| lost(&error))?;
        let (mut parts, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| lost(&error))?.to_bytes();
        parts.headers.remove(header::TRANSFER_ENCODING);
        parts.headers.remove(header::CONNECTION);
        parts.version = http::Version::HTTP_11;
        Ok(Response::from_parts(parts, body))
    }
}

/// An answer whose length header is that of its body, which may have been rewritten. A HEAD's has no body, and keeps its length.
fn whole(mut response: Response<Bytes>) -> Response<Bytes> {
    if !response.body().is_empty() {
        let length = response.body().len();
        response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    }
    response
}
