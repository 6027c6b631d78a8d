//! `tunnel proxy`: ssh's ProxyCommand. Its stdin and stdout are the SSH stream, so words go to stderr only.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use databricks::Client;
use databricks::ssh_endpoint::SshEndpoint;
use secret::Secret;
use tokio::io::AsyncRead;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep_until, timeout};

use crate::commands::connect;
use crate::endpoint::start::{Starter, address, explain};
use crate::environment;
use crate::error::{Context, Error, Result};
use crate::progress::Progress;
use crate::session::{self, Broken, Replacement, Socket, Timers};
use crate::ssh::TOKEN_VARIABLE;
use crate::stdio;
use crate::websocket::dial::{Address, DialError, dial};

/// How long a new socket may take while the session waits for it.
const RENEW_LIMIT: Duration = Duration::from_secs(25);
/// How long a first socket may take.
const DIAL_LIMIT: Duration = Duration::from_secs(45);
/// The official client's: idle connections are closed after some minutes, pongs do not come back.
const PING_EVERY: Duration = Duration::from_secs(20);
const FIRST_BYTE: Duration = Duration::from_secs(30);

/// How the proxy is started.
#[derive(Debug, Args)]
pub struct ProxyArgs {
    /// File with the endpoint: `connect` writes it, and `terraform output -json` prints one.
    #[arg(long, value_name = "FILE")]
    pub endpoint_file: PathBuf,
    /// Port of the running server, if it is known. Without it, or when nothing listens there, the server is found or started.
    #[arg(long)]
    pub port: Option<u16>,
    /// Id of the server that is meant by the port.
    #[arg(long, requires = "port")]
    pub instance_id: Option<String>,
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
    let mut line = Line::new(endpoint)?;
    let known = match args.port {
        Some(port) => {
            let server = crate::endpoint::metadata::Metadata {
                port,
                cluster_id: String::new(),
                instance_id: args.instance_id.unwrap_or_default(),
                version: String::new(),
                started_at: 0,
            };
            Some(address(&line.endpoint, &server)?)
        }
        None => None,
    };
    let socket = line.first(known).await?;
    let mut source = Source { stdin: stdio::reader().context(cannot_read)?, end: Ends::new()?, ended: false };
    let mut destination = stdio::writer().context(|| "cannot write to stdout".to_owned())?;
    let timers = Timers { ping: Some(PING_EVERY), first_byte: Some(FIRST_BYTE) };
    let mut renewal = Renewal { line, every: args.renew_every, at: Instant::now() + args.renew_every };
    match session::run(socket, &mut source, &mut destination, &mut renewal, timers).await {
        Ok(_) => Ok(()),
        Err(error @ Broken::Silent(_)) => Err(Error::new("the cluster's sshd said nothing").caused_by(error).way_out(
            "Look at the logs of the run that serves the endpoint; an image of your own needs openssh-server.",
        )),
        // ssh has gone, and needs no words.
        Err(Broken::Destination(_)) => Ok(()),
        Err(error) => Err(Error::new("the SSH connection ended").caused_by(error)),
    }
}

fn cannot_read() -> String {
    "cannot read from stdin".to_owned()
}

/// One session's way to the server: the same id for each socket of it.
struct Line {
    endpoint: SshEndpoint,
    client: Option<Client>,
    id: String,
    address: Option<Address>,
    inherited: Option<Secret<String>>,
}

impl Line {
    fn new(endpoint: SshEndpoint) -> Result<Self> {
        let id = uuid::Uuid::new_v4().to_string();
        let inherited = environment::variable(TOKEN_VARIABLE).map(Secret::new);
        Ok(Self { endpoint, client: None, id, address: None, inherited })
    }

    /// The client is made when it is needed: with a token and a port from `connect`, most connections never do.
    fn client(&mut self) -> Result<Client> {
        if let Some(client) = &self.client {
            return Ok(client.clone());
        }
        let client = connect::client(&self.endpoint)?;
        self.client = Some(client.clone());
        Ok(client)
    }

    async fn token(&mut self) -> Result<Secret<String>> {
        if let Some(token) = self.inherited.take() {
            return Ok(token);
        }
        self.client()?.bearer().await.map_err(|error| explain(error, "cannot sign in"))
    }

    async fn first(&mut self, known: Option<Address>) -> Result<Socket> {
        let mut known = known;
        let mut started = false;
        let mut inherited = self.inherited.is_some();
        loop {
            let address = match known.take() {
                Some(address) => address,
                None => {
                    started = true;
                    self.find().await?
                }
            };
            let token = self.token().await?;
            match timeout(DIAL_LIMIT, dial(&address, &self.id, &token)).await {
                Ok(Ok(socket)) => {
                    self.address = Some(address);
                    return Ok(socket);
                }
                // The token of `connect` may have expired since.
                Ok(Err(error)) if error.is_unauthorized() && inherited => {
                    inherited = false;
                    known = Some(address);
                }
                // The server has ended since `connect` saw it.
                Ok(Err(error)) if error.is_no_server() && !started => {
                    tracing::debug!(%error, "the server has gone");
                }
                Ok(Err(error)) => return Err(refused(error)),
                Err(_) => return Err(Error::new("the cluster's driver did not answer in time")),
            }
        }
    }

    async fn find(&mut self) -> Result<Address> {
        let client = self.client()?;
        let home = connect::home()?;
        let progress = Progress::default();
        let starter = Starter { client: &client, endpoint: &self.endpoint, home: &home, progress: &progress };
        let server = starter.ensure().await?;
        address(&self.endpoint, &server)
    }
}

fn refused(error: DialError) -> Error {
    let full = matches!(&error, DialError::Refused(_, _, text) if text.contains(crate::server::FULL));
    let described = Error::new("no connection to the cluster").caused_by(error);
    if full {
        described.way_out("End another connection, or raise max_clients of the endpoint and apply.")
    } else {
        described
    }
}

/// A new socket with a new token, now and then.
struct Renewal {
    line: Line,
    every: Duration,
    at: Instant,
}

impl Replacement for Renewal {
    const CLOSES_FIRST: bool = false;

    async fn due(&mut self) {
        sleep_until(self.at).await;
    }

    async fn socket(&mut self) -> Option<Socket> {
        self.at = Instant::now() + self.every;
        let address = self.line.address.clone()?;
        let dialled = timeout(RENEW_LIMIT, async {
            let token = self.line.token().await.map_err(|error| error.to_string())?;
            dial(&address, &self.line.id, &token).await.map_err(|error| error.to_string())
        });
        match dialled.await {
            Ok(Ok(socket)) => Some(socket),
            // The old one goes on; the next time may be better.
            Ok(Err(error)) => {
                tracing::warn!(error, "the connection was not renewed");
                None
            }
            Err(_) => None,
        }
    }
}

/// Signals that end a proxy: ssh sends SIGHUP when it has ended.
struct Ends {
    hang_up: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Ends {
    fn new() -> Result<Self> {
        let wait = |kind| signal(kind).context(|| "cannot wait for signals".to_owned());
        Ok(Self {
            hang_up: wait(SignalKind::hangup())?,
            terminate: wait(SignalKind::terminate())?,
            interrupt: wait(SignalKind::interrupt())?,
        })
    }

    fn poll(&mut self, cx: &mut std::task::Context<'_>) -> bool {
        // ^C on the terminal is for ssh, which ends its proxy itself: it is taken, and means nothing.
        while self.interrupt.poll_recv(cx).is_ready() {}
        self.hang_up.poll_recv(cx).is_ready() || self.terminate.poll_recv(cx).is_ready()
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
