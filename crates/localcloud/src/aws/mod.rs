//! AWS: moto's server behind a proxy of ours, which logs its calls by their AWS names, lets faults strike, and adds what AWS does and
//! moto does not.

mod action;
mod behaviour;
mod moto;
mod objects;
mod proxy;
mod refusal;
mod s3;
mod xml;

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpListener;

use crate::server::{Inner, StartError};

/// Starts moto and the proxy in front of it; answers the proxy's port.
pub(crate) async fn start(inner: &Arc<Inner>, venv: &Path) -> Result<u16, StartError> {
    let moto = moto::start(inner, venv).await?;
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|source| StartError::Listen { port: 0, source })?;
    let port = listener.local_addr().map(|address| address.port()).unwrap_or_default();
    inner.tasks.spawn(proxy::run(Arc::clone(inner), listener, moto));
    Ok(port)
}
