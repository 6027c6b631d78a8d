//! The way of every request: host, faults, body, caller, handler, log.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;

use crate::admin;
use crate::answer::{Answer, ApiError, Body, Shape};
use crate::call::{Call, Cx};
use crate::connect;
use crate::cutting::cut_after as cut_after_bytes;
use crate::driver::{self, proxy};
use crate::faults::{Cut, Fault};
use crate::guard;
use crate::inner::Inner;
use crate::log::Entry;
use crate::page;
use crate::principal;
use crate::route::Served;
use crate::routes;
use crate::sql::{links, wait};
use crate::store::kind::Level;
use crate::store::serve;

/// The largest body that is taken.
const LARGEST_BODY: usize = 512 * 1024 * 1024;

/// Whose host was addressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Host {
    /// The account console.
    Account,
    /// A workspace, by the name in its address.
    Workspace(String),
    /// The local cloud itself.
    Own,
    /// Somebody else, who lets a name point here, or whom a client looks for behind a proxy.
    Stranger,
}

/// Serves one request.
pub(crate) async fn serve(inner: Arc<Inner>, request: Request<Incoming>) -> Result<Response<Body>, Cut> {
    match host_of(&host_name(&request)) {
        Host::Stranger => Ok(misdirected(&host_name(&request))),
        // It is no call: it is not logged, and no fault strikes it.
        host if page::is_asked_for(&request) => Ok(page::serve(&inner, &host, &request).await),
        // Who has a link needs nothing else.
        host @ Host::Own if links::is_link(request.uri().path()) => logged(inner, host, request).await,
        Host::Own if request.method() != Method::CONNECT => Ok(admin::serve(&inner, request).await),
        _ if request.method() == Method::CONNECT => Ok(connect::open(&inner, request)),
        // What a driver is asked for ends with who asks.
        host if proxy::is_proxied(request.uri().path()) => logged(inner, host, request).await,
        // A call is carried out to its end, whether its client waits for that or not.
        host => inner.tasks.spawn(logged(Arc::clone(&inner), host, request)).await.unwrap_or(Err(Cut)),
    }
}

async fn logged(inner: Arc<Inner>, host: Host, request: Request<Incoming>) -> Result<Response<Body>, Cut> {
    let started = Instant::now();
    let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
    let host_name = host_name(&request);
    let answer = faulty(&inner, &host, request).await;
    inner.log.add(Entry {
        at: inner.now(),
        method,
        host: host_name,
        path,
        status: answer.as_ref().map_or(0, |answer| answer.status().as_u16()),
        ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        account: None,
    });
    answer
}

async fn faulty(inner: &Arc<Inner>, host: &Host, request: Request<Incoming>) -> Result<Response<Body>, Cut> {
    let fault = inner.faults.take(&format!("{} {}", request.method(), request.uri().path()));
    // What only changes a connection is for whoever carries its bytes.
    let of_proxy = fault.clone().filter(|fault| !fault.fails());
    let cut_after = of_proxy.as_ref().and_then(|fault| fault.cut_after);
    let is_proxied = proxy::is_proxied(request.uri().path());
    let answer = Fault::strike(fault.as_ref(), &inner.stop, route(inner, host, request, of_proxy), failure).await?;
    Ok(match cut_after.filter(|_| !is_proxied) {
        Some(bytes) => answer.map(|body| cut_after_bytes(body, bytes)),
        None => answer,
    })
}

/// What a fault answers.
pub(crate) fn failure(fault: &Fault) -> Response<Body> {
    let status = fault.status.and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let code = fault.code.as_deref().unwrap_or("INTERNAL_ERROR");
    let shape = if code.is_empty() { Shape::Empty } else { Shape::Api };
    let mut answer = Answer::from(ApiError::new(status, code, fault.text()).shaped(shape));
    if let Some(seconds) = fault.retry_after {
        answer = answer.with_header(header::RETRY_AFTER, &seconds.to_string());
    }
    answer.into()
}

async fn route(inner: &Arc<Inner>, host: &Host, request: Request<Incoming>, fault: Option<Fault>) -> Response<Body> {
    if *host == Host::Own {
        return links::serve(&inner.settings, inner.now(), &request).await;
    }
    let workspace = match host {
        Host::Workspace(name) => match inner.with(|state| state.workspace_by_deployment(name).map(|(id, _)| id)) {
            Some(id) => Some(id),
            None => {
                let message = format!("There is no workspace at {name}.localhost.");
                return Answer::from(ApiError::missing(message)).into();
            }
        },
        _ => None,
    };
    if let Some(id) = workspace.filter(|_| proxy::is_proxied(request.uri().path())) {
        return proxy::serve(inner, id, request, fault).await;
    }
    let (parts, body) = request.into_parts();
    let body = match Limited::new(body, LARGEST_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => {
            let error = ApiError::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "MAX_REQUEST_SIZE_EXCEEDED",
                "The body did not arrive whole.",
            );
            return Answer::from(error).into();
        }
    };
    let owner = Arc::clone(inner);
    // Handlers hold the state's lock and write files: not the place for the threads that carry everybody's bytes.
    let answer = tokio::task::spawn_blocking(move || dispatch(&owner, &parts, body, workspace)).await;
    let mut answer =
        answer.unwrap_or_else(|error| ApiError::internal(format!("The local cloud has a bug: {error}")).into());
    match answer.wait.take() {
        Some(wait) => wait::awaited(inner, answer, wait).await.into(),
        None => answer.into(),
    }
}

fn dispatch(inner: &Arc<Inner>, parts: &http::request::Parts, body: Bytes, workspace: Option<i64>) -> Answer {
    let path = parts.uri.path();
    let query = parts.uri.query().unwrap_or_default();
    let pairs = url::form_urlencoded::parse(query.as_bytes()).map(|(k, v)| (k.into_owned(), v.into_owned()));
    let mut query_pairs: Vec<(String, String)> = pairs.collect();
    if parts.method == Method::GET {
        query_pairs.extend(parameters_of(&body));
    }
    let query = query_pairs.iter().cloned().collect();
    let level = if workspace.is_none() { Level::Account } else { Level::Workspace };
    let found = routes::find(level, &parts.method, path);
    let mut call = Call {
        method: parts.method.clone(),
        path: path.to_owned(),
        query,
        query_pairs,
        headers: parts.headers.clone(),
        body,
        workspace,
        caller: None,
        params: BTreeMap::new(),
    };
    let scim = path.contains("/scim/v2/");
    let now = inner.now();
    let changes = parts.method != Method::GET;
    let (mut answer, effects) = inner.with(|state| {
        let mut effects = state.tick(now);
        let is_open = found.as_ref().is_some_and(|found| found.open);
        let outcome =
            if is_open { Ok(None) } else { principal::authenticate(state, &call.headers, workspace, now).map(Some) };
        let outcome = outcome.and_then(|caller| {
            let Some(routes::Found { served, params, .. }) = found else {
                return Err(ApiError::no_endpoint(&call.method, &call.path));
            };
            call.caller = caller;
            call.params = params;
            if let Some(account) =
                call.params.get("account_id").filter(|account| **account != state.account_id && !is_open)
            {
                return Err(ApiError::denied(format!("The caller has no rights in account {account}.")));
            }
            let mut cx = Cx {
                call: &call,
                state: &mut *state,
                settings: &inner.settings,
                faults: &inner.faults,
                now,
                effects: Vec::new(),
            };
            let answer = match served {
                Served::ByHand(handler) => handler(&mut cx),
                Served::ByKind(kind, verb) => serve::serve(kind, verb, &mut cx),
            };
            effects.append(&mut cx.effects);
            answer
        });
        // A change of a network's user shows at once.
        effects.extend(state.tick(now));
        let answer = outcome.unwrap_or_else(|error| {
            if scim && error.shape == Shape::Api { error.shaped(Shape::Scim).into() } else { error.into() }
        });
        (answer, effects)
    });
    if changes {
        inner.mark_changed();
    }
    driver::perform(inner, effects);
    if let Some(id) = workspace {
        answer = answer.with_header(header::HeaderName::from_static("x-databricks-org-id"), &id.to_string());
    }
    answer
}

/// The parameters of a GET that has them as a JSON body, which is a form of the API's reference.
fn parameters_of(body: &Bytes) -> Vec<(String, String)> {
    let Ok(serde_json::Value::Object(fields)) = serde_json::from_slice(body) else { return Vec::new() };
    let text = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => Some(text),
        serde_json::Value::Bool(_) | serde_json::Value::Number(_) => Some(value.to_string()),
        _ => None,
    };
    fields.into_iter().filter_map(|(name, value)| Some((name, text(value)?))).collect()
}

/// The host that a request names, without its port.
fn host_name(request: &Request<Incoming>) -> String {
    let named = request.uri().host().map(str::to_owned).or_else(|| {
        let value = request.headers().get(header::HOST)?.to_str().ok()?;
        Some(guard::without_port(value).to_owned())
    });
    named.unwrap_or_default().to_ascii_lowercase()
}

/// Whose name a host is.
pub(crate) fn host_of(name: &str) -> Host {
    match name.strip_suffix(".localhost") {
        Some("accounts") => Host::Account,
        Some(name) => Host::Workspace(name.to_owned()),
        None if guard::is_own_name(name) => Host::Own,
        None => Host::Stranger,
    }
}

/// What is said to who looks for somebody else: nothing is passed on to another machine.
fn misdirected(name: &str) -> Response<Body> {
    let message = format!(
        "The local cloud serves *.localhost and nobody else, and {name:?} is another host. As HTTP_PROXY it is for the local cloud's \
         clients alone: start other programs without it."
    );
    Answer::from(ApiError::new(StatusCode::MISDIRECTED_REQUEST, "MISDIRECTED_REQUEST", message)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_told_apart() {
        let check = |name: &str, expected: Host| assert_eq!(host_of(name), expected, "{name}");
        check("accounts.localhost", Host::Account);
        check("dbc-1.localhost", Host::Workspace("dbc-1".to_owned()));
        check("localhost", Host::Own);
        check("127.0.0.1", Host::Own);
        check("[::1]", Host::Own);
        check("", Host::Stranger);
        check("evil.example.com", Host::Stranger);
        check("localhost.example.com", Host::Stranger);
    }
}
