//! A provider's process, from the handshake to the end. Terraform starts it, reads one line, and speaks gRPC.

use std::io::Write;
use std::os::unix::process::parent_id;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::diagnostic::{Error, Result};
use crate::environment::{self, Environment};
use crate::handshake;
use crate::journal::{Journal, Run};
use crate::listen::{Count, Listener};
use crate::logging;
use crate::provider::Provider;
use crate::server::Server;
use crate::service::Service;
use crate::tls::{self, Tls};

/// Without a connection for so long, Terraform is gone: it was killed, or it crashed.
const DESERTED: Duration = Duration::from_secs(2);
/// Terraform connects as soon as it has read the line; go-plugin waits a minute for the line itself.
const FIRST_CONNECTION: Duration = Duration::from_secs(60);
/// How often it is looked whether Terraform still lives.
const LIFE_SIGN: Duration = Duration::from_secs(1);
/// What still runs when Terraform is gone may use this long to end.
const LAST_WORDS: Duration = Duration::from_secs(10);
/// go-plugin kills what has not ended two seconds after Shutdown.
const DRAIN: Duration = Duration::from_secs(1);

/// Serves a provider, as Terraform or OpenTofu started it; with the argument `-debug`, for a Terraform that is started by
/// hand with the printed `TF_REATTACH_PROVIDERS`. Called from `main` with a tokio runtime; gives the exit code.
pub async fn serve<P: Provider>() -> ExitCode {
    logging::start(environment::log_level(P::NAME).as_deref(), &[P::NAME, crate_of::<P>()]);
    let environment = Environment::read();
    let debug = std::env::args().skip(1).any(|argument| argument == "-debug" || argument == "--debug");
    let served = if debug { by_hand::<P>(environment).await } else { plugin::<P>(environment).await };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Before the handshake Terraform shows what stands on stderr.
            let diagnostic = error.diagnostic();
            let _ = writeln!(std::io::stderr(), "{}\n{}", diagnostic.summary, diagnostic.detail);
            ExitCode::FAILURE
        }
    }
}

async fn plugin<P: Provider>(environment: Environment) -> Result<()> {
    handshake::check::<P>(&environment)?;
    let run_of_terraform = Run::of_parent();
    let tls = environment.client_certificate.as_deref().map(tls::server).transpose()?;
    let listener = Listener::bind(&environment).await?;
    let (network, address) = listener.address()?;
    let line = handshake::line(network, &address, tls.as_ref().map(|tls| tls.certificate.as_slice()));
    // A terminal sends Ctrl-C to all of its processes; Terraform tells us with StopProvider.
    let mut interrupts = signal(SignalKind::interrupt())?;
    tokio::spawn(async move { while interrupts.recv().await.is_some() {} });
    print(&line)?;
    let server = Server::<P>::new(Journal::new(Some(environment.journal), run_of_terraform, environment.working));
    run(server, listener, tls, true).await
}

/// For a debugger: no handshake, no certificates, one process for every run of Terraform, until Ctrl-C.
async fn by_hand<P: Provider>(environment: Environment) -> Result<()> {
    let listener = Listener::bind(&environment).await?;
    let reattach = handshake::reattach::<P>(&listener)?;
    print(&format!(
        "The provider is running. To use it, start Terraform with:\n\n    TF_REATTACH_PROVIDERS='{reattach}'\n\nCtrl-C ends it.\n"
    ))?;
    let server = Server::<P>::new(Journal::new(Some(environment.journal), None, environment.working));
    let shutdown = server.shutdown.clone();
    let mut interrupts = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        interrupts.recv().await;
        shutdown.cancel();
    });
    run(server, listener, None, false).await
}

/// Serves until Shutdown; if `owned`, no longer than Terraform lives.
pub(crate) async fn run<P: Provider>(
    server: Arc<Server<P>>,
    listener: Listener,
    tls: Option<Tls>,
    owned: bool,
) -> Result<()> {
    let count = Arc::new(Count::default());
    let ended = CancellationToken::new();
    let connections = listener.connections(tls.map(|tls| tls.config), Arc::clone(&count), ended.clone());
    let stop = ended.clone();
    let watched = Arc::clone(&server);
    let deserted = async move {
        tokio::select! {
            () = count.deserted(FIRST_CONNECTION, DESERTED) => {}
            () = orphaned() => {}
        }
    };
    let watch = async move {
        tokio::select! {
            () = watched.shutdown.cancelled() => {}
            () = deserted, if owned => {
                tracing::warn!("Terraform is gone; what runs is interrupted");
                watched.gone.cancel();
                watched.stop();
                watched.idle(LAST_WORDS).await;
                watched.shutdown.cancel();
            }
        }
        stop.cancel();
    };
    let serving = tonic::transport::Server::builder()
        .initial_stream_window_size(4 << 20)
        .initial_connection_window_size(16 << 20)
        .max_frame_size(1 << 20)
        .serve_with_incoming_shutdown(Service(Arc::clone(&server)), connections, watch);
    let drained = async {
        ended.cancelled().await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        served = serving => served.map_err(Error::from),
        () = drained => Ok(()),
    }
}

/// Ends when the process that started this one has ended. It may have been killed before it connected.
async fn orphaned() {
    let parent = parent_id();
    while parent_id() == parent {
        tokio::time::sleep(LIFE_SIGN).await;
    }
}

#[allow(clippy::print_stdout, reason = "the handshake line is what a plugin's standard output is for")]
fn print(line: &str) -> Result<()> {
    // In one write: who has read the line that counts may be gone before a second one.
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes())?;
    out.flush()?;
    Ok(())
}

fn crate_of<P>() -> &'static str {
    std::any::type_name::<P>().split("::").next().unwrap_or_default()
}
