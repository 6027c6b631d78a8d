//! AWS's endpoint: who is let in, the log, and the faults. What is asked for is answered by [`Backend`].

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};

use super::action::{self, Action};
use super::backend::Backend;
use super::guard;
use super::permission::{self, Permission};
use super::refusal::refuse;
use crate::answer::{Body, full};
use crate::faults::{Cut, Fault};
use crate::inner::Inner;
use crate::log::Entry;

/// The largest body that is taken.
const LARGEST_BODY: usize = 512 * 1024 * 1024;

/// Whose objects are meant by who signs with no key of [`super::AwsAccount`]: moto's own account.
const DEFAULT_ACCOUNT: &str = "123456789012";

/// Serves until the local cloud stops.
pub(super) async fn run(inner: Arc<Inner>, listener: TcpListener, backend: Backend) {
    inner.tasks.spawn(warm_up(Arc::clone(&inner), backend.clone()));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = inner.stop.cancelled() => return,
        };
        if let Ok((stream, _)) = accepted {
            let _ = stream.set_nodelay(true);
            inner.tasks.spawn(connection(Arc::clone(&inner), backend.clone(), stream));
        }
    }
}

async fn connection(inner: Arc<Inner>, backend: Backend, stream: TcpStream) {
    let stop = inner.stop.clone();
    let service = service_fn(move |request| serve(Arc::clone(&inner), backend.clone(), request));
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

async fn serve(inner: Arc<Inner>, backend: Backend, request: Request<Incoming>) -> Result<Response<Body>, Cut> {
    let (parts, body) = request.into_parts();
    // Expect: 100-continue is answered by reading the body.
    let Ok(body) = Limited::new(body, LARGEST_BODY).collect().await else { return Err(Cut) };
    let request = Request::from_parts(parts, body.to_bytes());
    // A call that has arrived is carried out to its end, whether its client waits for that or not.
    let task = inner.tasks.spawn(carry(Arc::clone(&inner), backend, request));
    task.await.unwrap_or(Err(Cut))
}

async fn carry(inner: Arc<Inner>, backend: Backend, request: Request<Bytes>) -> Result<Response<Body>, Cut> {
    let started = Instant::now();
    let (method, headers) = (request.method().clone(), request.headers());
    let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
    let action = action::of(&method, path, query, headers, request.body());
    let (name, account) = (action.full_name(), action.account.clone());
    let answer = match guard::refusal(&method, path, query, headers, &action) {
        Some((code, message)) => Ok(refuse(&action, StatusCode::FORBIDDEN, code, message).map(full)),
        None => match forbidden(&inner, &backend, &action, &request) {
            Some(refusal) => Ok(refusal.map(full)),
            None => faulty(&inner, &backend, action, request).await,
        },
    };
    inner.log.add(Entry {
        at: inner.now(),
        method: method.to_string(),
        host: "aws".to_owned(),
        path: name,
        status: answer.as_ref().map_or(0, |answer| answer.status().as_u16()),
        ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        account,
    });
    answer
}

/// The refusal of a call that its caller may not make.
fn forbidden(inner: &Inner, backend: &Backend, action: &Action, request: &Request<Bytes>) -> Option<Response<Bytes>> {
    let account = action.account.as_deref().unwrap_or(DEFAULT_ACCOUNT);
    let needed = permission::needed(action, request.uri().path(), request.headers(), request.body(), account);
    let Permission { action: name, resource } = backend.forbidden(&needed, inner.settings.aws_policy.as_ref())?;
    let code = match action.service.as_str() {
        "ec2" => "UnauthorizedOperation",
        "kms" => "AccessDeniedException",
        _ => "AccessDenied",
    };
    let message = format!("The caller is not authorized to perform: {name} on resource: {resource}");
    Some(refuse(action, StatusCode::FORBIDDEN, code, &message))
}

async fn faulty(
    inner: &Inner,
    backend: &Backend,
    action: Action,
    request: Request<Bytes>,
) -> Result<Response<Body>, Cut> {
    let fault = inner.faults.take_of(&action.full_name(), action.account.as_deref());
    let unseen = fault.as_ref().and_then(|fault| fault.unseen_ms).and_then(|ms| i64::try_from(ms).ok());
    let asked = action.clone();
    let answer = async {
        let now = inner.now();
        backend.call(action, request, unseen.map(|ms| now.saturating_add(ms)), now).await.map(full)
    };
    Fault::strike(fault.as_ref(), &inner.stop, answer, |fault| failure(&asked, fault)).await
}

fn failure(action: &Action, fault: &Fault) -> Response<Body> {
    let status = fault.status.and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = refuse(action, status, fault.code.as_deref().unwrap_or("InternalError"), &fault.text());
    if let Some(seconds) = fault.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response.map(full)
}

/// Lets moto load the services that we need, which takes it seconds, before somebody waits for it.
async fn warm_up(inner: Arc<Inner>, backend: Backend) {
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
        let action = Action::default();
        tokio::select! {
            outcome = backend.forward(&action, request) => tracing::debug!(service, ok = outcome.is_ok(), "moto is warm"),
            () = inner.stop.cancelled() => return,
        }
    }
}
