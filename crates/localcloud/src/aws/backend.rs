//! Moto as AWS would be: each call passes what corrects moto, on its way in and on its way out. The proxy sends it what clients ask for,
//! and the local cloud's own questions go to it past log and faults.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::action::Action;
use super::behaviour::{Before, Behaviour};
use super::bucket_policy::BucketPolicies;
use super::lifecycle::Lifecycles;
use super::lost_routes;
use super::objects::Standing;
use super::permission::{Permission, Policy};
use super::refusal::refuse;
use super::unseen::Unseen;
use super::{s3, spelling};

/// The AWS side of a local cloud that serves.
#[derive(Debug)]
pub(crate) struct Side {
    pub(crate) port: u16,
    pub(crate) backend: Backend,
}

/// Tells moto whose objects are meant.
const ACCOUNT: HeaderName = HeaderName::from_static("x-moto-account-id");

/// Moto, and what is known beyond it. A copy is the same one.
#[derive(Debug, Clone)]
pub(crate) struct Backend {
    client: Client<HttpConnector, Full<Bytes>>,
    port: u16,
    /// Milliseconds of `pending` and `deleting`.
    delay: i64,
    memory: Arc<Mutex<Memory>>,
}

#[derive(Debug, Default)]
struct Memory {
    behaviour: Behaviour,
    policies: BucketPolicies,
    lifecycles: Lifecycles,
    unseen: Unseen,
    /// Accounts and regions that somebody asked about.
    places: BTreeSet<(Option<String>, String)>,
    /// What somebody needed to be allowed.
    needed: BTreeSet<String>,
}

impl Backend {
    /// Moto at a port.
    pub(super) fn new(port: u16, delay: i64) -> Self {
        Self { client: Client::builder(TokioExecutor::new()).build_http(), port, delay, memory: Arc::default() }
    }

    /// Answers a call as AWS would. What it makes is not seen by other calls until `unseen_until`, where that is said.
    pub(super) async fn call(
        &self,
        mut action: Action,
        mut request: Request<Bytes>,
        unseen_until: Option<i64>,
        now: i64,
    ) -> Response<Bytes> {
        if spelling::of_call(&mut action) {
            request = request.map(|_| spelling::body(&action));
        }
        let before = {
            let mut memory = self.memory();
            memory.places.insert((action.account.clone(), action.region.clone()));
            let refusal = memory.unseen.refusal(&action, request.body(), now);
            match refusal.or_else(|| memory.policies.refusal(&action, request.uri().path(), request.headers())) {
                Some(refusal) => Before::Refuse(refusal),
                None => memory.behaviour.before(&action, now),
            }
        };
        let request = match before {
            Before::Pass => request,
            Before::PassWith(more) => request.map(|body| [body, Bytes::from(more)].concat().into()),
            Before::Repeat(answer) => return whole(Response::new(answer)),
            Before::Refuse(refusal) => return refuse(&action, refusal.status, refusal.code, &refusal.message),
        };
        let signed = request.headers().clone();
        let (path, sent) = (request.uri().path().to_owned(), request.body().clone());
        let request = match BucketPolicies::for_moto(&action, &sent) {
            Some(policy) => request.map(|_| policy),
            None => request,
        };
        let response = match self.forward(&action, request).await {
            Ok(response) => s3::corrected(&action, response),
            Err(message) => return refuse(&action, StatusCode::SERVICE_UNAVAILABLE, "Unavailable", &message),
        };
        let response = self.with_routes(&action, &signed, &sent, response).await;
        if !response.status().is_success() {
            return whole(response);
        }
        let (response, aftermath) = {
            let Memory { behaviour, policies, lifecycles, unseen, .. } = &mut *self.memory();
            let response = response.map(|body| {
                let body = policies.after(&action, &path, &sent, body);
                let body = lifecycles.after(&action, &path, &sent, body);
                let body = spelling::of_answer(&action, behaviour.after(&action, body, now, self.delay));
                if let Some(until) = unseen_until {
                    unseen.hide(&action, &body, until);
                }
                unseen.without(&action, body, now)
            });
            (response, behaviour.aftermath(&action))
        };
        for call in aftermath {
            if let Err(message) = self.also(&action, &signed, Bytes::from(call)).await {
                tracing::warn!(message, "what depended on {} could not be freed", action.name);
            }
        }
        whole(response)
    }

    /// Sends moto another call of whoever made this one.
    async fn also(&self, action: &Action, signed: &HeaderMap, body: Bytes) -> Result<Response<Bytes>, String> {
        let mut request = Request::post("/").body(body).map_err(|error| error.to_string())?;
        request.headers_mut().clone_from(signed);
        self.forward(action, request).await
    }

    /// The answer to a deletion that moto refused for want of routes, once these are there.
    async fn with_routes(
        &self,
        action: &Action,
        signed: &HeaderMap,
        sent: &Bytes,
        mut response: Response<Bytes>,
    ) -> Response<Bytes> {
        while let Some(route) = lost_routes::missing(action, response.body()) {
            match self.also(action, signed, Bytes::from(route)).await {
                Ok(made) if made.status().is_success() => {}
                _ => break,
            }
            match self.also(action, signed, sent.clone()).await {
                Ok(answer) => response = answer,
                Err(_) => break,
            }
        }
        response
    }

    /// The regions that somebody asked about an account.
    pub(super) fn regions(&self, account: Option<&str>) -> Vec<String> {
        let memory = self.memory();
        let places = memory.places.iter().filter(|(owner, _)| owner.as_deref() == account);
        places.map(|(_, region)| region.clone()).collect()
    }

    /// The action of a permission that a call needs and a policy does not give; what is needed is remembered.
    pub(super) fn forbidden(&self, needed: &[Permission], policy: Option<&Policy>) -> Option<Permission> {
        self.memory().needed.extend(needed.iter().map(|one| one.action.clone()));
        let policy = policy?;
        needed.iter().find(|one| !policy.allows(one)).cloned()
    }

    /// The actions, as IAM calls them, that somebody needed to be allowed.
    pub(crate) fn needed(&self) -> BTreeSet<String> {
        self.memory().needed.clone()
    }

    /// How much stands of what costs by the hour.
    pub(crate) fn standing(&self) -> Standing {
        self.memory().behaviour.standing()
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets moto answer, as it does.
    pub(super) async fn forward(&self, action: &Action, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        parts.uri =
            format!("http://127.0.0.1:{}{path}", self.port).parse::<Uri>().map_err(|error| error.to_string())?;
        // The body is whole by now, whatever way it came.
        parts.headers.remove(header::TRANSFER_ENCODING);
        parts.headers.remove(header::EXPECT);
        parts.headers.remove(header::CONNECTION);
        parts.headers.remove(ACCOUNT);
        if let Some(account) = action.account.as_ref().and_then(|account| HeaderValue::from_str(account).ok()) {
            parts.headers.insert(ACCOUNT, account);
        }
        parts.version = http::Version::HTTP_11;
        parts.headers.insert(header::CONTENT_LENGTH, body.len().into());
        let lost = |error: &dyn std::error::Error| format!("moto does not answer: {error}");
        let response =
            self.client.request(Request::from_parts(parts, Full::new(body))).await.map_err(|error| lost(&error))?;
        let (mut parts, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| lost(&error))?.to_bytes();
        parts.headers.remove(header::TRANSFER_ENCODING);
        parts.headers.remove(header::CONNECTION);
        parts.headers.remove(header::ACCESS_CONTROL_ALLOW_ORIGIN);
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
