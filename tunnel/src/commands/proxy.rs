//! `tunnel proxy`: ssh's ProxyCommand. Its stdin and stdout are the SSH stream, so words go to stderr only.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tokio::io::AsyncRead;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::endpoint::line::ClientLine;
use crate::endpoint::metadata::Metadata;
use crate::error::{Context, Error, Result};
use crate::session::{self, Broken};
use crate::signals::HangUp;
use crate::stdio;

/// How the proxy is started.
#[derive(Debug, Args)]
pub struct ProxyArgs {
    /// File with the endpoint: `connect` writes it, and `terraform output -json` prints one.
    #[arg(long, value_name = "FILE")]
    pub endpoint_file: PathBuf,
    /// Port of the running server, if it is known. Without it, or when nothing listens there, the server is found or started.
    #[arg(long)]
    pub port: Option<u16>,
    /// Cluster of the running server, where the endpoint has none of its own.
    #[arg(long, requires = "port")]
    pub cluster_id: Option<String>,
    /// Id of the server that is meant by the port.
    #[arg(long, requires = "port")]
    pub instance_id: Option<String>,
    /// Version of the resumable protocol that it speaks.
    #[arg(long, requires = "port", default_value_t = 0)]
    pub resume_version: u32,
    /// Profile to sign in with.
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Never start a cluster or a server: fail at once where none runs. For programs that probe hosts in the background.
    #[arg(long)]
    pub no_start: bool,
    /// Renew the connection this often, with a new token: the driver proxy looks at the token only when a socket is made. The
    /// default is the official client's.
    #[arg(long, default_value = "30m", value_parser = humantime::parse_duration, hide = true)]
    pub renew_every: Duration,
}

/// Carries one SSH stream.
///
/// # Errors
/// When there is no server, or the connection is lost.
pub async fn run(args: ProxyArgs) -> Result<()> {
    let text = std::fs::read_to_string(&args.endpoint_file)
        .context(|| format!("cannot read {}", args.endpoint_file.display()))?;
    let endpoint = crate::endpoint::find(&text, None)?;
    let known = args.port.map(|port| Metadata {
        port,
        cluster_id: args.cluster_id.unwrap_or_default(),
        instance_id: args.instance_id.unwrap_or_default(),
        resume_version: args.resume_version,
        ..Metadata::default()
    });
    let mut line = ClientLine::new(endpoint, args.renew_every, !args.no_start).with_profile(args.profile);
    let socket = line.first(known).await?;
    let mut source = Source { stdin: stdio::reader().context(cannot_read)?, end: Ends::new()?, ended: false };
    let mut destination = stdio::writer().context(|| "cannot write to stdout".to_owned())?;
    let settings = line.settings();
    match session::run(socket, &mut source, &mut destination, &mut line, settings).await {
        Ok(_) => Ok(()),
        Err(error @ Broken::Silent(_)) => Err(Error::new("the cluster's sshd said nothing").caused_by(error).way_out(
            "Look at the logs of the run that serves the endpoint; an image of your own needs openssh-server.",
        )),
        // ssh has gone, and needs no words.
        Err(Broken::Destination(_)) => Ok(()),
        Err(error) => Err(Error::new("the SSH connection ended").caused_by(error)),
    }
}

fn cannot_wait() -> String {
    "cannot wait for signals".to_owned()
}

fn cannot_read() -> String {
    "cannot read from stdin".to_owned()
}

/// Signals that end a proxy: ssh sends SIGHUP when it has ended. Under `nohup` that is not meant, and the end of stdin says the same.
struct Ends {
    hang_up: HangUp,
    terminate: Signal,
    interrupt: Signal,
}

impl Ends {
    fn new() -> Result<Self> {
        let wait = |kind| signal(kind).context(cannot_wait);
        Ok(Self {
            hang_up: HangUp::new().context(cannot_wait)?,
            terminate: wait(SignalKind::terminate())?,
            interrupt: wait(SignalKind::interrupt())?,
        })
    }

    fn poll(&mut self, cx: &mut std::task::Context<'_>) -> bool {
        // ^C on the terminal is for ssh, which ends its proxy itself: it is taken, and means nothing.
        while self.interrupt.poll_recv(cx).is_ready() {}
        self.hang_up.poll(cx) || self.terminate.poll_recv(cx).is_ready()
    }
}

/// Standard input, which also ends when the process is told to: then the session is closed in good order.
struct Source {
    stdin: stdio::Reader,
    end: Ends,
    ended: bool,
}

impl AsyncRead for Source {
    fn poll_read(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        if self.ended || self.end.poll(cx) {
            self.ended = true;
            return std::task::Poll::Ready(Ok(()));
        }
        std::pin::Pin::new(&mut self.stdin).poll_read(cx, buffer)
    }
}
