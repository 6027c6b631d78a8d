//! One runtime of the network per process. It is made when it is first asked for: Spark's Python workers are forks.

use std::future::Future;
use std::sync::{Mutex, OnceLock, PoisonError};

use tokio::runtime::{Builder, Handle, Runtime};

use crate::failure::{Failure, Kind, Result};

/// The runtime, and the process that made it. One that was inherited by a fork has no threads there, and is left alone.
static RUNTIME: OnceLock<Mutex<Option<(u32, &'static Runtime)>>> = OnceLock::new();

/// The runtime of this process.
///
/// # Errors
/// Where the system has no thread for it.
pub fn handle() -> Result<Handle> {
    let mut runtime = RUNTIME.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    let process = std::process::id();
    if let Some((of, runtime)) = *runtime
        && of == process
    {
        return Ok(runtime.handle().clone());
    }
    let made = Builder::new_multi_thread().worker_threads(2).thread_name("spark-sftp").enable_all().build();
    let made =
        made.map_err(|error| Failure { kind: Kind::Refused, text: format!("no thread for the network: {error}") })?;
    let made: &'static Runtime = Box::leak(Box::new(made));
    *runtime = Some((process, made));
    Ok(made.handle().clone())
}

/// Waits for something of the network. Python's lock is given back by whoever calls.
///
/// # Errors
/// What came of it.
pub fn wait<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    handle()?.block_on(future)
}
