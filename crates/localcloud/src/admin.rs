//! The local cloud's own endpoints: `/_localcloud/{health,faults,state,overview,requests,reset,expire-tokens,stop}`. They are reached at the plain
//! address only, so a request to a Databricks name never meets them. Who asks names this machine as the host, is no page of a browser, and
//! knows the instance's secret, which stands in `instance.json` for the owner of the folder alone.

use std::sync::Arc;

use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde_json::json;

use crate::answer::{Answer, ApiError, Body};
use crate::driver;
use crate::faults::Fault;
use crate::guard;
use crate::inner::Inner;
use crate::overview::Overview;

/// The header that carries the instance's secret.
pub(crate) const HEADER: &str = "x-localcloud";

pub(crate) async fn serve(inner: &Arc<Inner>, request: Request<Incoming>) -> Response<Body> {
    answer(inner, request).await.unwrap_or_else(Answer::from).into()
}

async fn answer(inner: &Arc<Inner>, request: Request<Incoming>) -> Result<Answer, ApiError> {
    let (parts, body) = request.into_parts();
    if guard::is_from_a_page(&parts.headers) {
        return Err(ApiError::denied("The local cloud's own endpoints serve programs of this machine, and no page."));
    }
    let given = parts.headers.get(HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !guard::is_same_secret(given, inner.settings.secret.expose()) {
        let message =
            "The header X-Localcloud carries the secret of this local cloud, which stands in its instance.json.";
        return Err(ApiError::denied(message));
    }
    let body =
        Limited::new(body, 1024 * 1024).collect().await.map_err(|_| ApiError::malformed("The body is too large."))?;
    let body = body.to_bytes();
    match (&parts.method, parts.uri.path()) {
        (&Method::GET, "/_localcloud/health") => Ok(Answer::json(&json!({
            "status": "ok",
            "pid": std::process::id(),
            "account_id": inner.with(|state| state.account_id.clone()),
            "aws_endpoint": inner.aws_endpoint(),
        }))),
        (&Method::GET, "/_localcloud/faults") => Ok(Answer::json(&inner.faults.list())),
        (&Method::POST, "/_localcloud/faults") => {
            let fault: Fault =
                serde_json::from_slice(&body).map_err(|error| ApiError::malformed(format!("Not a fault: {error}")))?;
            if fault.status.is_some_and(|status| StatusCode::from_u16(status).is_err()) {
                return Err(ApiError::invalid("The status of a fault is between 100 and 999."));
            }
            inner.faults.add(fault);
            Ok(Answer::empty())
        }
        (&Method::DELETE, "/_localcloud/faults") => {
            inner.faults.clear();
            Ok(Answer::empty())
        }
        (&Method::GET, "/_localcloud/requests") => Ok(Answer::json(&inner.log.list())),
        (&Method::DELETE, "/_localcloud/requests") => {
            inner.log.clear();
            Ok(Answer::empty())
        }
        (&Method::GET, "/_localcloud/state") => {
            driver::tick(inner);
            Ok(Answer::json(&inner.summary()))
        }
        (&Method::GET, "/_localcloud/overview") => Ok(Answer::json(&Overview::of(inner).await)),
        (&Method::POST, "/_localcloud/reset") => {
            driver::perform(inner, inner.reset());
            Ok(Answer::empty())
        }
        (&Method::POST, "/_localcloud/expire-tokens") => {
            inner.expire_tokens();
            Ok(Answer::empty())
        }
        (&Method::POST, "/_localcloud/stop") => {
            inner.stop.cancel();
            Ok(Answer::empty())
        }
        (method, path) => Err(ApiError::no_endpoint(method, path)),
    }
}
