//! AWS: moto's server behind a proxy of ours, which logs its calls by their AWS names, lets faults strike, and adds what AWS does and
//! moto does not.

mod account;
mod action;
pub(crate) mod backend;
mod behaviour;
mod bucket_policy;
mod filters;
mod flow_logs;
mod guard;
mod held;
mod lifecycle;
mod lost_routes;
mod moto;
mod objects;
pub(crate) mod permission;
mod proxy;
mod refusal;
mod s3;
mod spelling;
mod unseen;
mod xml;

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpListener;

pub use account::AwsAccount;
pub use held::{AwsObject, AwsUnknown};
pub(crate) use objects::Standing;

use crate::inner::{Inner, StartError};
use crate::time::millis;
use backend::{Backend, Side};

/// Starts moto and the endpoint in front of it.
pub(crate) async fn start(inner: &Arc<Inner>, venv: &Path) -> Result<Side, StartError> {
    let moto = moto::start(inner, venv).await?;
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|source| StartError::Listen { port: 0, source })?;
    let port = listener.local_addr().map(|address| address.port()).unwrap_or_default();
    let backend = Backend::new(moto, millis(inner.settings.delays.aws));
    inner.tasks.spawn(proxy::run(Arc::clone(inner), listener, backend.clone()));
    Ok(Side { port, backend })
}

/// Everything that the account of the environment holds, in the regions that somebody asked about.
pub(crate) async fn objects(inner: &Inner) -> Result<BTreeSet<AwsObject>, AwsUnknown> {
    match inner.aws() {
        Some(backend) => held::by(backend, None, inner.now()).await,
        None => Ok(BTreeSet::new()),
    }
}
