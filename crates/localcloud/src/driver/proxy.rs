//! The driver proxy: HTTP and websockets from a workspace's host to a port of a cluster's driver.
//!
//! `/driver-proxy-api/o/{workspace}/{cluster}/{port}/…` and the same below `/driver-proxy-http`. The caller is checked when a request
//! arrives, and no more after that: an upgraded connection outlives its token, as on the real service.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use http::header::{self, HeaderName};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::answer::{Answer, ApiError, Body, full};
use crate::faults::Fault;
use crate::inner::Inner;
use crate::principal::{Caller, authenticate};
use crate::state::State;
use crate::workspace::cluster::ClusterState;
use crate::workspace::rights::{self, ClusterRight};

/// Bytes that are carried at a time: a slow reader holds back the writer when they are full.
const CHUNK: usize = 64 * 1024;

/// The headers that are of one connection alone (RFC 9110 section 7.6.1), and the caller's token, which is not the driver's business.
const NOT_FORWARDED: [HeaderName; 6] = [
    header::AUTHORIZATION,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    HeaderName::from_static("keep-alive"),
];

/// Where a path of the proxy leads.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    workspace: i64,
    cluster: String,
    port: u16,
    path: String,
}

/// Whether a path is the proxy's.
pub(crate) fn is_proxied(path: &str) -> bool {
    path.starts_with("/driver-proxy-api/") || path.starts_with("/driver-proxy-http/")
}

fn target(path: &str) -> Option<Target> {
    let mut parts = path.strip_prefix('/')?.splitn(6, '/');
    let (_, o) = (parts.next()?, parts.next()?);
    let target = Target {
        workspace: parts.next()?.parse().ok()?,
        cluster: parts.next()?.to_owned(),
        port: parts.next()?.parse().ok()?,
        path: format!("/{}", parts.next().unwrap_or_default()),
    };
    (o == "o").then_some(target)
}

/// Carries one request to the driver.
pub(crate) async fn serve(
    inner: &Arc<Inner>,
    workspace: i64,
    request: Request<Incoming>,
    fault: Option<Fault>,
) -> Response<Body> {
    match carry(inner, workspace, request, fault).await {
        Ok(response) => response,
        Err(error) => Answer::from(error).into(),
    }
}

async fn carry(
    inner: &Arc<Inner>,
    workspace: i64,
    mut request: Request<Incoming>,
    fault: Option<Fault>,
) -> Result<Response<Body>, ApiError> {
    let now = inner.now();
    let target =
        target(request.uri().path()).ok_or_else(|| ApiError::no_endpoint(request.method(), request.uri().path()))?;
    let effects = inner.with(|state| {
        let effects = state.tick(now);
        let caller = authenticate(state, request.headers(), Some(workspace), now)?;
        check(state, workspace, &caller, &target)?;
        Ok::<_, ApiError>(effects)
    })?;
    super::perform(inner, effects);
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, target.port)).await.map_err(|error| {
        let message = format!("Nothing on the driver of {} answers on port {}: {error}", target.cluster, target.port);
        ApiError::new(StatusCode::BAD_GATEWAY, "BAD_GATEWAY", message)
    })?;
    let _ = stream.set_nodelay(true);
    let upgrade = is_upgrade(request.headers()).then(|| hyper::upgrade::on(&mut request));
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake::<_, Body>(TokioIo::new(stream)).await.map_err(|error| broken(&error))?;
    let stop = inner.stop.clone();
    inner.tasks.spawn(async move {
        tokio::select! {
            ended = connection.with_upgrades() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection to a driver ended");
                }
            }
            () = stop.cancelled() => {}
        }
    });
    let outgoing = outgoing(request, &target)?;
    let mut response = sender.send_request(outgoing).await.map_err(|error| broken(&error))?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let Some(upgrade) = upgrade else { return Err(ApiError::internal("The driver switched protocols unasked.")) };
        let driver = hyper::upgrade::on(&mut response);
        inner.tasks.spawn(bridge(Arc::clone(inner), upgrade, driver, fault));
        let mut switched = Response::new(full(""));
        *switched.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        *switched.headers_mut() = std::mem::take(response.headers_mut());
        return Ok(switched);
    }
    for name in NOT_FORWARDED {
        response.headers_mut().remove(name);
    }
    Ok(response.map(|body| body.map_err(|error| Box::new(error) as _).boxed()))
}

/// Refuses what is not of this workspace, not the caller's to use, not up, or not a driver's port.
fn check(state: &State, workspace: i64, caller: &Caller, target: &Target) -> Result<(), ApiError> {
    let of = state.workspaces.get(&workspace).filter(|_| workspace == target.workspace);
    let of =
        of.ok_or_else(|| ApiError::denied(format!("This host is not the one of workspace {}.", target.workspace)))?;
    let mut tasks = of.runs.values().flat_map(|run| run.tasks.iter().map(move |task| (run, task)));
    let serverless = tasks.find(|(_, task)| task.serverless && task.cluster == target.cluster && !task.is_over());
    if let Some((run, _)) = serverless {
        // Serverless compute is its starter's alone.
        return if run.owner == caller.principal { check_port(target) } else { Err(foreign(target)) };
    }
    let cluster = of.clusters.get(&target.cluster);
    let cluster = cluster.ok_or_else(|| ApiError::invalid(format!("Cluster {} does not exist", target.cluster)))?;
    rights::check_cluster(state, workspace, caller, &target.cluster, ClusterRight::Attach)?;
    rights::check_single_user(state, workspace, caller, cluster).map_err(ApiError::denied)?;
    if cluster.state != ClusterState::Running {
        let message = format!("Cluster {} is in unexpected state {:?}.", target.cluster, cluster.state);
        return Err(ApiError::wrong_state(message));
    }
    check_port(target)
}

fn foreign(target: &Target) -> ApiError {
    ApiError::denied(format!("The serverless compute {} is another identity's.", target.cluster))
}

fn check_port(target: &Target) -> Result<(), ApiError> {
    if target.port < 1024 {
        return Err(ApiError::denied(format!("Port {} is not one of a driver's applications.", target.port)));
    }
    Ok(())
}

fn is_upgrade(headers: &HeaderMap) -> bool {
    let connection = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let named = connection.flat_map(|value| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case("upgrade"));
    named && headers.contains_key(header::UPGRADE)
}

/// The request as the driver gets it.
fn outgoing(request: Request<Incoming>, target: &Target) -> Result<Request<Body>, ApiError> {
    let (mut parts, body) = request.into_parts();
    let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    parts.uri = format!("{}{query}", target.path)
        .parse()
        .map_err(|error| ApiError::invalid(format!("The path cannot be passed on: {error}")))?;
    let upgrade = is_upgrade(&parts.headers);
    for name in NOT_FORWARDED {
        parts.headers.remove(name);
    }
    if !upgrade {
        parts.headers.remove(header::CONNECTION);
    }
    let host = format!("127.0.0.1:{}", target.port);
    parts.headers.insert(header::HOST, host.parse().map_err(|_| ApiError::internal("The driver has no address."))?);
    Ok(Request::from_parts(parts, body.map_err(|error| Box::new(error) as _).boxed()))
}

fn broken(error: &hyper::Error) -> ApiError {
    ApiError::new(StatusCode::BAD_GATEWAY, "BAD_GATEWAY", format!("The driver did not answer: {error}"))
}

/// Carries the bytes of an upgraded connection both ways until one side ends, a fault strikes or the local cloud stops.
async fn bridge(inner: Arc<Inner>, client: OnUpgrade, driver: OnUpgrade, fault: Option<Fault>) {
    let (client, driver) = match tokio::try_join!(client, driver) {
        Ok((client, driver)) => (TokioIo::new(client), TokioIo::new(driver)),
        Err(error) => {
            tracing::debug!(%error, "an upgrade failed");
            return;
        }
    };
    let (mut from_client, mut to_client) = tokio::io::split(client);
    let (mut from_driver, mut to_driver) = tokio::io::split(driver);
    let cut_after = fault.as_ref().and_then(|fault| fault.cut_after);
    let idle = fault.as_ref().and_then(|fault| fault.idle_ms).map(Duration::from_millis);
    let (seen, sight) = watch::channel(());
    let both = async {
        let up = pump(&mut from_client, &mut to_driver, None, &seen);
        let down = pump(&mut from_driver, &mut to_client, cut_after, &seen);
        // One direction that failed takes the other with it; one that ended does not.
        tokio::try_join!(up, down)
    };
    let outcome = tokio::select! {
        outcome = both => outcome.map(|_| "ended"),
        () = idle_for(idle, sight) => Ok("idle"),
        () = inner.stop.cancelled() => Ok("stopped"),
    };
    tracing::debug!(?outcome, "an upgraded connection was closed");
}

async fn pump(
    reader: &mut (impl AsyncRead + Unpin),
    writer: &mut (impl AsyncWrite + Unpin),
    mut limit: Option<u64>,
    seen: &watch::Sender<()>,
) -> std::io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    loop {
        let read = reader.read(&mut buffer).await?;
        let mut data = buffer.get(..read).unwrap_or_default();
        if data.is_empty() {
            return writer.shutdown().await;
        }
        let mut cut = false;
        if let Some(left) = &mut limit {
            let allowed = usize::try_from(*left).unwrap_or(usize::MAX).min(data.len());
            data = data.get(..allowed).unwrap_or_default();
            *left -= u64::try_from(allowed).unwrap_or(u64::MAX);
            cut = *left == 0;
        }
        writer.write_all(data).await?;
        writer.flush().await?;
        seen.send_replace(());
        if cut {
            return Err(std::io::Error::other("cut by a fault"));
        }
    }
}

/// Ends when nothing was seen for as long as `idle` says.
async fn idle_for(idle: Option<Duration>, mut sight: watch::Receiver<()>) {
    let Some(idle) = idle else { return std::future::pending().await };
    while let Ok(Ok(())) = tokio::time::timeout(idle, sight.changed()).await {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_to_a_port_of_a_driver() {
        let check = |path: &str, expected: Option<(i64, &str, u16, &str)>| {
            let found = target(path);
            let found = found.as_ref().map(|one| (one.workspace, one.cluster.as_str(), one.port, one.path.as_str()));
            assert_eq!(found, expected, "{path}");
        };
        check("/driver-proxy-api/o/7/1121-a/7772/ssh", Some((7, "1121-a", 7772, "/ssh")));
        check("/driver-proxy-api/o/7/1121-a/7772", Some((7, "1121-a", 7772, "/")));
        check("/driver-proxy-http/o/7/1121-a/7772/a//b", Some((7, "1121-a", 7772, "/a//b")));
        check("/driver-proxy-api/o/7/1121-a/77720/ssh", None);
        check("/driver-proxy-api/x/7/1121-a/7772/ssh", None);
        check("/driver-proxy-api/o/seven/1121-a/7772/ssh", None);
    }
}
