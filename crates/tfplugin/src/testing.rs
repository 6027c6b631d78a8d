//! A provider served inside a test's own process, for a real Terraform.

use std::path::PathBuf;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::diagnostic::Result;
use crate::environment::Environment;
use crate::handshake;
use crate::journal::Journal;
use crate::listen::Listener;
use crate::resource::Provider;
use crate::serve::run;
use crate::server::Server;

/// A served provider. It ends when this is dropped.
#[derive(Debug)]
pub struct Served {
    /// The value of the environment variable `TF_REATTACH_PROVIDERS`, for Terraform's process.
    pub reattach: String,
    shutdown: CancellationToken,
    task: JoinHandle<Result<()>>,
}

impl Served {
    /// Ends it, and waits until it has ended.
    ///
    /// # Errors
    /// Serving failed.
    pub async fn stop(mut self) -> Result<()> {
        self.shutdown.cancel();
        (&mut self.task).await?
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// Serves a provider on a socket of its own. `journal` is the folder of the journal of creates; without one, none is kept.
///
/// # Errors
/// There is no place for the socket and no port.
pub async fn start<P: Provider>(journal: Option<PathBuf>) -> Result<Served> {
    let environment = Environment { socket_folder: std::env::temp_dir(), ..Environment::default() };
    let listener = Listener::bind(&environment).await?;
    let reattach = handshake::reattach::<P>(&listener)?;
    let server = Server::<P>::new(Journal::new(journal));
    let shutdown = server.shutdown.clone();
    let task = tokio::spawn(run(server, listener, None, false));
    Ok(Served { reattach, shutdown, task })
}
