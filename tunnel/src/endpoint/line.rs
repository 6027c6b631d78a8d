//! Where the sockets of a client's session come from: they are dialled, again and again with the same id. A first one finds or
//! starts the server where it must; later ones hand the session over now and then, with a new token, and take it up again when
//! its connection was lost.

use std::time::Duration;

use databricks::Client;
use databricks::Error as WorkspaceError;
use secret::Secret;
use ssh_endpoint::SshEndpoint;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

use crate::endpoint::awake::Awake;
use crate::endpoint::comeback::{Comeback, Failed, Pace};
use crate::endpoint::metadata::{self, Metadata};
use crate::endpoint::start::{Starter, address};
use crate::environment;
use crate::error::{Error, Result};
use crate::home::home;
use crate::progress::Progress;
use crate::say;
use crate::session::negotiation::{Capabilities, Delivered, Dial, DialPurpose, FULL, GRACE, RESUME_VERSION, Resume};
use crate::session::{Broken, Due, Line, Settings};
use crate::ssh::{JOB_CALLS_VARIABLE, SESSION_VARIABLE, TOKEN_VARIABLE};
use crate::websocket::dial::{self, Address, DialError, dial};
use crate::websocket::socket::{Incoming, Socket};
use crate::words;
use crate::workspace::client::client;
use crate::workspace::explain;

/// How often a connection is renewed: the official client's.
pub const RENEW_EVERY: Duration = Duration::from_secs(30 * 60);
/// The official client's: idle connections are closed after some minutes, pongs do not come back.
const PING_EVERY: Duration = Duration::from_secs(20);
/// How long the server's sshd may take for its first byte.
const FIRST_BYTE: Duration = Duration::from_secs(30);
/// Less than the time between ssh's own questions, so that a lost connection is replaced before ssh doubts it.
const UNANSWERED: Duration = Duration::from_secs(15);
/// How long a first socket may take.
const FIRST_LIMIT: Duration = Duration::from_secs(45);
/// How often a first connection that is lost before its answer is tried again, and after which time.
const FIRST_RETRIES: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(300);
/// How long a new socket may take while the session waits for it.
const RENEW_LIMIT: Duration = Duration::from_secs(25);
/// How long the question for the protocol may take: the official client's.
const CAPABILITIES_LIMIT: Duration = Duration::from_secs(10);
/// How long one try to take the session up again may take, and the server's first message.
const TRY_LIMIT: Duration = Duration::from_secs(10);
/// How long an official server is tried for: after that it has ended the session.
const OFFICIAL_BUDGET: Duration = GRACE;
/// How long a server of ours is tried for, which it is told: a train's tunnel, a walk to another network.
const BUDGET: Duration = Duration::from_secs(10 * 60);
/// What a server of ours keeps a session for beyond that, so that the last try finds it.
const SPARE: Duration = Duration::from_secs(2);
/// How soon a renewal that failed is tried again, at most.
const RENEW_AGAIN: Duration = Duration::from_secs(60);
/// How often it is looked whether the machine slept.
const SLEEP_CHECK: Duration = Duration::from_secs(5);

/// One session's way to its server.
pub struct ClientLine {
    endpoint: SshEndpoint,
    profile: Option<String>,
    client: Option<Client>,
    id: String,
    address: Option<Address>,
    inherited: Option<Secret<String>>,
    resume: bool,
    is_for_jobs: bool,
    may_start: bool,
    renew_every: Duration,
    renew_at: Instant,
    awake: Awake,
    pace: Pace,
    /// Whether it was said that the connection cannot be renewed because the sign-in fails.
    is_renewal_mourned: bool,
}

/// A token, and whether it was had by signing in just now.
struct Token {
    value: Secret<String>,
    is_new: bool,
}

impl ClientLine {
    /// A new session, renewed this often. Without `may_start` a server is found, and never started.
    pub fn new(endpoint: SshEndpoint, renew_every: Duration, may_start: bool) -> Self {
        Self {
            endpoint,
            profile: None,
            client: None,
            id: new_id(),
            address: None,
            inherited: environment::variable(TOKEN_VARIABLE).map(Secret::new),
            resume: false,
            is_for_jobs: environment::variable(JOB_CALLS_VARIABLE).is_some(),
            may_start,
            renew_every,
            renew_at: Instant::now() + renew_every,
            awake: Awake::now(),
            pace: Pace::default(),
            is_renewal_mourned: false,
        }
    }

    /// Signs in with this profile, where another token is needed than the one that `connect` handed on.
    pub fn with_profile(self, profile: Option<String>) -> Self {
        Self { profile, ..self }
    }

    /// Whether the session can be resumed: known once its first socket is there.
    pub fn can_resume(&self) -> bool {
        self.resume
    }

    /// What its session keeps to: known once its first socket is there.
    pub fn settings(&self) -> Settings {
        Settings {
            resume: self.can_resume(),
            // A question is traffic as well.
            ping: (!self.answers_questions()).then_some(PING_EVERY),
            asks: self.answers_questions(),
            first_byte: Some(FIRST_BYTE),
            unanswered: Some(UNANSWERED),
            ..Settings::default()
        }
    }

    /// The client is made when it is needed: with a token and a port from `connect`, most connections never do.
    fn client(&mut self) -> Result<Client> {
        if let Some(client) = &self.client {
            return Ok(client.clone());
        }
        let client = client(&self.endpoint.host, self.profile.as_deref())?;
        self.client = Some(client.clone());
        Ok(client)
    }

    async fn token(&mut self) -> Result<Secret<String>> {
        if let Some(token) = self.inherited.take() {
            return Ok(token);
        }
        self.client()?.bearer().await.map_err(|error| explain(error, "cannot sign in"))
    }

    /// A token for another socket. Credentials that could not be used are looked for again the next time: they may have come back.
    async fn token_again(&mut self) -> Result<Token, Failed> {
        if let Some(value) = self.inherited.take() {
            return Ok(Token { value, is_new: false });
        }
        let is_new = self.client.is_none();
        let client = self.client().map_err(|error| Failed::SignIn(words::in_one_line(&error.to_string())))?;
        match client.bearer().await {
            Ok(value) => Ok(Token { value, is_new }),
            Err(error @ (WorkspaceError::Unreachable { .. } | WorkspaceError::Interrupted { .. })) => {
                Err(Failed::Now(error.to_string()))
            }
            Err(error) => {
                self.client = None;
                Err(Failed::SignIn(words::in_one_line(&error.to_string())))
            }
        }
    }

    /// Another socket for the session.
    async fn dial_again(&mut self, address: &Address, delivered: u64, purpose: DialPurpose) -> Result<Socket, Failed> {
        loop {
            let token = self.token_again().await?;
            match dial(address, &self.what(delivered, purpose), &token.value).await {
                Ok(socket) => return Ok(socket),
                // The token has expired, or was revoked: another one may do.
                Err(error) if error.is_unauthorized() && !token.is_new => self.client = None,
                // Nothing is wrong with the session, and a right that was taken away, or an address that is not listed, may come back.
                Err(error) if error.is_unauthorized() => {
                    self.client = None;
                    return Err(Failed::SignIn(error.to_string()));
                }
                Err(error) => {
                    let is_final =
                        error.status().is_some_and(|status| status.is_client_error() && status.as_u16() != 429);
                    let text = error.to_string();
                    return Err(if is_final { Failed::Forever(text) } else { Failed::Now(text) });
                }
            }
        }
    }

    /// The first socket, from the server that is known, or else from one that is found or started.
    ///
    /// # Errors
    /// When there is no server and none can be started, or it takes no more clients.
    pub async fn first(&mut self, known: Option<Metadata>) -> Result<Socket> {
        let mut known = known;
        let mut started = false;
        let mut inherited = self.inherited.is_some();
        let mut retries = FIRST_RETRIES;
        loop {
            let server = match known.take() {
                Some(server) => server,
                None => {
                    started = true;
                    self.find().await?
                }
            };
            let token = self.token().await?;
            let address = address(&self.endpoint, &server)?;
            self.resume = speaks_resumable(&server, &address, &token).await;
            self.address = Some(address.clone());
            let what = self.what(0, DialPurpose::Attach);
            match timeout(FIRST_LIMIT, dial(&address, &what, &token)).await {
                Ok(Ok(socket)) => {
                    tracing::info!(
                        session = self.id,
                        port = server.port,
                        resumable = self.resume,
                        "connected to the server"
                    );
                    self.renew_at = Instant::now() + self.renew_every;
                    return Ok(socket);
                }
                // The token of `connect` may have expired since.
                Ok(Err(error)) if error.is_unauthorized() && inherited => {
                    inherited = false;
                    known = Some(server);
                }
                // The server has ended since `connect` saw it.
                Ok(Err(error)) if error.is_no_server() && !started => {
                    tracing::debug!(%error, "the server has gone");
                }
                // It was lost before the answer, or the driver proxy is away for a moment. Whether the server began a session is not
                // known, so this is another.
                Ok(Err(error)) if (error.is_lost() || error.is_unavailable()) && retries > 0 => {
                    tracing::debug!(%error, "dialled again");
                    retries -= 1;
                    self.id = new_id();
                    known = Some(server);
                    sleep(FIRST_PAUSE).await;
                }
                Ok(Err(error)) => return Err(refused(error)),
                Err(_) => return Err(Error::new("the cluster's driver did not answer in time")),
            }
        }
    }

    async fn find(&mut self) -> Result<Metadata> {
        let client = self.client()?;
        let home = home()?;
        let progress = Progress::default();
        let starter = Starter { client: &client, endpoint: &self.endpoint, home: &home, progress: &progress };
        if self.may_start {
            return starter.ensure().await;
        }
        starter.find().await?.ok_or_else(|| {
            Error::new(format!("no server of the endpoint {} runs, and none is to be started", self.endpoint.name))
                .way_out("Start one with tunnel connect, or set the host up without --no-start.")
        })
    }

    fn what(&self, delivered: u64, purpose: DialPurpose) -> Dial {
        let grace = if self.is_ours() { BUDGET + SPARE } else { GRACE };
        let resume = self.resume.then_some(Resume { delivered, purpose, grace });
        Dial { id: self.id.clone(), resume, is_for_jobs: self.is_for_jobs && self.is_ours() }
    }

    /// Whether the server answers when it is asked whether it is there: official ones do not.
    pub fn answers_questions(&self) -> bool {
        self.resume && self.address.is_some() && self.is_ours()
    }

    /// Only servers of ours have an instance id, and look at the grace that they are asked for.
    fn is_ours(&self) -> bool {
        self.address.as_ref().is_none_or(|address| address.instance_id.is_some())
    }

    /// One try to take the session up again.
    async fn try_reattach(&mut self, address: &Address, delivered: u64) -> Result<(Socket, u64), Failed> {
        let mut socket = self.dial_again(address, delivered, DialPurpose::Reattach).await?;
        // The first message says how far the server has delivered.
        match socket.reader.next().await {
            Ok(Incoming::Text(text)) => match Delivered::from_text(&text) {
                Some(told) => Ok((socket, told.delivered)),
                None => Err(Failed::Forever("the server's first message is no count".to_owned())),
            },
            Ok(Incoming::Data(_)) => Err(Failed::Forever("the server's first message is missing".to_owned())),
            // Whoever closed it: a server that has ended the session says so in its answer to the dial.
            Ok(_) => Err(Failed::Now("the connection was closed".to_owned())),
            Err(error) => Err(Failed::Now(error.to_string())),
        }
    }
}

/// ssh may have the terminal in raw mode: a line begins and ends by itself, and has no line end inside.
fn tell(words: &str) {
    say!("\rtunnel: {words}\r");
}

/// The id of a session, which begins as who started this proxy wants it to.
fn new_id() -> String {
    let id = uuid::Uuid::new_v4().to_string();
    let wanted = environment::variable(SESSION_VARIABLE);
    match wanted.filter(|wanted| wanted.len() <= 40 && !wanted.is_empty() && metadata::is_id(wanted)) {
        Some(wanted) => format!("{wanted}-{id}"),
        None => id,
    }
}

/// Servers of ours say it in their metadata. Others are asked, as the official client does.
async fn speaks_resumable(server: &Metadata, address: &Address, token: &Secret<String>) -> bool {
    if server.resume_version != 0 || !server.instance_id.is_empty() {
        return server.resume_version == RESUME_VERSION;
    }
    let asked = timeout(CAPABILITIES_LIMIT, dial::get(address, "capabilities", token)).await;
    asked.is_ok_and(|answer| answer.is_ok_and(|body| Capabilities::can_resume(&body)))
}

fn refused(error: DialError) -> Error {
    let full = matches!(&error, DialError::Refused(_, _, text) if text.contains(FULL));
    let described = Error::new("no connection to the cluster").caused_by(error);
    if full {
        described.way_out("End another connection, or raise max_clients of the endpoint and apply.")
    } else {
        described
    }
}

impl Line for ClientLine {
    const IS_SERVER: bool = false;

    async fn due(&mut self) -> Due {
        loop {
            let check = Instant::now() + SLEEP_CHECK;
            sleep_until(check.min(self.renew_at)).await;
            if self.resume && self.awake.slept() {
                return Due::Reattach;
            }
            if Instant::now() >= self.renew_at {
                self.renew_at = Instant::now() + self.renew_every;
                return Due::Handover;
            }
        }
    }

    async fn given_up(&mut self) {
        while self.due().await != Due::Reattach {}
    }

    async fn replacement(&mut self, delivered: u64) -> Option<Socket> {
        let address = self.address.clone()?;
        let dialled = timeout(RENEW_LIMIT, self.dial_again(&address, delivered, DialPurpose::Attach)).await;
        match dialled {
            Ok(Ok(socket)) => {
                self.is_renewal_mourned = false;
                return Some(socket);
            }
            Ok(Err(Failed::SignIn(reason))) if !self.is_renewal_mourned => {
                self.is_renewal_mourned = true;
                tell(&format!(
                    "the connection cannot be renewed, because signing in fails: {reason}; it is kept while it holds"
                ));
            }
            Ok(Err(failed)) => tracing::warn!(?failed, "the connection was not renewed"),
            Err(_) => tracing::warn!("the connection was not renewed in time"),
        }
        // The old one goes on.
        self.renew_at = Instant::now() + self.renew_every.min(RENEW_AGAIN);
        None
    }

    async fn reattach(&mut self, delivered: u64, lost: Broken) -> Result<(Socket, u64), Broken> {
        let started = Instant::now();
        let budget = if self.is_ours() { BUDGET } else { OFFICIAL_BUDGET };
        let until = started + budget;
        let Some(address) = self.address.clone() else { return Err(lost) };
        let mut comeback = Comeback::new(&lost, budget);
        self.pace.lost(started);
        loop {
            let pause = self.pace.pause(Some(comeback.last()));
            sleep_until((Instant::now() + pause).min(until)).await;
            if Instant::now() >= until {
                return Err(comeback.abandoned());
            }
            let limit = (Instant::now() + TRY_LIMIT).min(until);
            let failed = match timeout_at(limit, self.try_reattach(&address, delivered)).await {
                Ok(Ok((socket, theirs))) => {
                    if let Some(words) = comeback.succeeded(started.elapsed()) {
                        tell(&words);
                    }
                    let now = Instant::now();
                    self.pace.attached(now, [delivered, theirs]);
                    self.renew_at = now + self.renew_every;
                    self.awake = Awake::now();
                    return Ok((socket, theirs));
                }
                Ok(Err(failed)) => failed,
                Err(_) => Failed::Now("there was no answer".to_owned()),
            };
            if let Some(words) = comeback.failed(failed, started.elapsed())? {
                tell(&words);
            }
        }
    }
}
