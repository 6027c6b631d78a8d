//! Where the sockets of a client's session come from: they are dialled, again and again with the same id. A first one finds or
//! starts the server where it must; later ones hand the session over now and then, with a new token, and take it up again when
//! its connection was lost.

use std::time::{Duration, SystemTime};

use databricks::Client;
use secret::Secret;
use ssh_endpoint::SshEndpoint;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

use crate::endpoint::metadata::Metadata;
use crate::endpoint::start::{Starter, address};
use crate::environment;
use crate::error::{Error, Result};
use crate::home::home;
use crate::progress::Progress;
use crate::say;
use crate::session::negotiation::{Capabilities, Delivered, Dial, DialPurpose, FULL, GRACE, RESUME_VERSION, Resume};
use crate::session::{Broken, Due, Line};
use crate::ssh::TOKEN_VARIABLE;
use crate::websocket::dial::{self, Address, DialError, dial};
use crate::websocket::socket::{Incoming, Socket};
use crate::workspace::client::client;
use crate::workspace::explain;

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
/// Time between two such tries: soon at first, then the official client's.
const PAUSES: [Duration; 3] = [Duration::ZERO, Duration::from_millis(300), Duration::from_secs(1)];
const PAUSE: Duration = Duration::from_secs(2);
/// How long an official server is tried for: its client's budget, so that it fits into the server's grace.
const OFFICIAL_BUDGET: Duration = Duration::from_secs(60);
/// How long a server of ours is tried for, which it is told: a train's tunnel, a walk to another network.
const BUDGET: Duration = Duration::from_secs(10 * 60);
/// How long nothing is said about a lost connection.
const UNNOTICED: Duration = Duration::from_secs(3);
/// How often it is looked whether the machine slept.
const SLEEP_CHECK: Duration = Duration::from_secs(5);
/// A jump of the clock that is a sleep: connections are lost then, whatever they say.
const SLEPT: Duration = Duration::from_secs(30);

/// One session's way to its server.
pub struct ClientLine {
    endpoint: SshEndpoint,
    profile: Option<String>,
    client: Option<Client>,
    id: String,
    address: Option<Address>,
    inherited: Option<Secret<String>>,
    resume: bool,
    may_start: bool,
    renew_every: Duration,
    renew_at: Instant,
    awake: Awake,
}

impl ClientLine {
    /// A new session, renewed this often. Without `may_start` a server is found, and never started.
    pub fn new(endpoint: SshEndpoint, renew_every: Duration, may_start: bool) -> Self {
        Self {
            endpoint,
            profile: None,
            client: None,
            id: uuid::Uuid::new_v4().to_string(),
            address: None,
            inherited: environment::variable(TOKEN_VARIABLE).map(Secret::new),
            resume: false,
            may_start,
            renew_every,
            renew_at: Instant::now() + renew_every,
            awake: Awake::now(),
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
                    self.id = uuid::Uuid::new_v4().to_string();
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
        let grace = if self.is_ours() { BUDGET + PAUSE } else { GRACE };
        let resume = self.resume.then_some(Resume { delivered, purpose, grace });
        Dial { id: self.id.clone(), resume }
    }

    /// Whether the server answers pings with messages: pongs do not come through the driver proxy.
    pub fn answers_pings(&self) -> bool {
        self.resume && self.address.is_some() && self.is_ours()
    }

    /// Only servers of ours have an instance id, and look at the grace that they are asked for.
    fn is_ours(&self) -> bool {
        self.address.as_ref().is_none_or(|address| address.instance_id.is_some())
    }

    /// One try to take the session up again.
    async fn try_reattach(&mut self, address: &Address, delivered: u64) -> Result<(Socket, u64), Failed> {
        let was_inherited = self.inherited.is_some();
        let token = self.token().await.map_err(|error| Failed::Now(error.to_string()))?;
        let mut socket = match dial(address, &self.what(delivered, DialPurpose::Reattach), &token).await {
            Ok(socket) => socket,
            Err(error) => {
                let is_final = error.status().is_some_and(|status| status.is_client_error() && status.as_u16() != 429);
                let with_old_token = error.is_unauthorized() && was_inherited;
                let text = error.to_string();
                return Err(if is_final && !with_old_token { Failed::Forever(text) } else { Failed::Now(text) });
            }
        };
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

/// Why a try failed, and whether another makes sense.
enum Failed {
    Now(String),
    Forever(String),
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

    async fn replacement(&mut self, delivered: u64) -> Option<Socket> {
        let address = self.address.clone()?;
        let dialled = timeout(RENEW_LIMIT, async {
            let token = self.token().await.map_err(|error| error.to_string())?;
            dial(&address, &self.what(delivered, DialPurpose::Attach), &token).await.map_err(|error| error.to_string())
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

    async fn reattach(&mut self, delivered: u64, lost: Broken) -> Result<(Socket, u64), Broken> {
        let started = Instant::now();
        let budget = if self.is_ours() { BUDGET } else { OFFICIAL_BUDGET };
        let until = started + budget;
        let Some(address) = self.address.clone() else { return Err(lost) };
        let mut last = "there was no answer".to_owned();
        let mut said = false;
        let mut pauses = PAUSES.into_iter();
        loop {
            let pause = Instant::now() + pauses.next().unwrap_or(PAUSE);
            sleep_until(pause.min(until)).await;
            if Instant::now() >= until {
                return Err(Broken::Abandoned { lost: lost.to_string(), after: budget, last });
            }
            let limit = (Instant::now() + TRY_LIMIT).min(until);
            match timeout_at(limit, self.try_reattach(&address, delivered)).await {
                Ok(Ok(found)) => {
                    if said {
                        say!("\rtunnel: connected again after {} seconds\r", started.elapsed().as_secs());
                    }
                    self.renew_at = Instant::now() + self.renew_every;
                    self.awake = Awake::now();
                    return Ok(found);
                }
                Ok(Err(Failed::Forever(answer))) => return Err(Broken::Gone { lost: lost.to_string(), answer }),
                Ok(Err(Failed::Now(reason))) => last = reason,
                Err(_) => last = "there was no answer".to_owned(),
            }
            // ssh may have the terminal in raw mode, so a line begins and ends by itself.
            if !said && started.elapsed() > UNNOTICED {
                said = true;
                say!("\rtunnel: {lost}; trying again for {} minutes\r", budget.as_secs() / 60);
            }
        }
    }
}

/// Tells a machine that slept: its clock went on, and its timers did not.
struct Awake {
    timers: Instant,
    clock: SystemTime,
}

impl Awake {
    fn now() -> Self {
        Self { timers: Instant::now(), clock: SystemTime::now() }
    }

    /// Whether the machine slept since the last question.
    fn slept(&mut self) -> bool {
        let before = std::mem::replace(self, Self::now());
        let clock = self.clock.duration_since(before.clock).unwrap_or_default();
        is_sleep(clock, self.timers.duration_since(before.timers))
    }
}

/// Whether the clock went on for so much longer than the timers that the machine slept. A clock that is set a little is none.
fn is_sleep(clock: Duration, timers: Duration) -> bool {
    clock > timers + SLEPT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleep_is_told_from_a_clock_that_is_set() {
        let check = |clock: u64, timers: u64, expected: bool| {
            assert_eq!(is_sleep(Duration::from_secs(clock), Duration::from_secs(timers)), expected, "{clock} {timers}");
        };
        check(5, 5, false);
        check(7, 5, false);
        check(0, 5, false);
        check(3600, 5, true);
        check(3600, 3600, false);
    }
}
