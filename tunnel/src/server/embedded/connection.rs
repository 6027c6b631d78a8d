//! One connection: who may log in, and what a client that has may ask for. Everything here returns at once, because nothing
//! else of the connection moves meanwhile; what takes time runs in tasks.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use russh::keys::{Algorithm, PublicKey};
use russh::server::{Auth, ChannelOpenHandle, Handler, Msg, PublicKeyOffer, Session as Russh, VerifiedPublicKey};
use russh::{Channel, ChannelId, ChannelOpenFailure, Error, Pty, Sig};
use tokio_util::sync::CancellationToken;

use super::agent::AgentSocket;
use super::auth::{self, Keys};
use super::forward::{self, ChannelPurpose, Link, Target};
use super::inbox::{MOST, TRICKLE};
use super::limits::WINDOW;
use super::pty::{self, Size};
use super::session::Session;
use super::shared::Shared;
use crate::say;

/// Channels at a time: a browser through `ssh -D` has hundreds.
const CHANNELS: usize = 1000;
/// Ports and sockets at a time.
const FORWARDS: usize = 100;
/// How long a packet of a client that has to slow down may take: see [`super::inbox`].
const PAUSE: Duration = Duration::from_millis(5);

pub(super) struct Connection {
    shared: Arc<Shared>,
    keys: Keys,
    refused: Vec<String>,
    sessions: HashMap<ChannelId, Session>,
    ports: HashMap<(String, u32), CancellationToken>,
    sockets: HashMap<String, CancellationToken>,
    agent: Option<AgentSocket>,
}

impl Connection {
    pub(super) fn new(shared: Arc<Shared>, keys: Keys) -> Self {
        Self {
            shared,
            keys,
            refused: Vec::new(),
            sessions: HashMap::new(),
            ports: HashMap::new(),
            sockets: HashMap::new(),
            agent: None,
        }
    }

    /// Any user name may be given, but sessions run as this process's user, so only that one is let in.
    fn permit(&mut self, user: &str, key: &PublicKey, algorithm: &Algorithm) -> bool {
        let permitted = user == self.shared.host.user.name && self.keys.permit(key, algorithm);
        if !permitted {
            let refused = format!("{user:?} with {}", auth::name(key));
            if !self.refused.contains(&refused) && self.refused.len() < 10 {
                self.refused.push(refused);
            }
        }
        permitted
    }

    fn link(&self, session: &Russh) -> Link {
        Link { shared: self.shared.clone(), handle: session.handle() }
    }

    async fn open(
        &self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        target: Option<Target>,
        link: Link,
    ) -> Result<(), Error> {
        match target {
            Some(target) if self.shared.channels() < CHANNELS => {
                let task = forward::connect(channel, reply, target, link);
                let ended = self.shared.ended.clone();
                self.shared.tasks.spawn(async move {
                    let _ = ended.run_until_cancelled(task).await;
                });
            }
            Some(_) => reply.reject(ChannelOpenFailure::ResourceShortage).await,
            None => reply.reject(ChannelOpenFailure::ConnectFailed).await,
        }
        Ok(())
    }

    /// Starts a program and answers the client.
    fn start(&mut self, channel: ChannelId, command: Option<&[u8]>, session: &mut Russh) -> Result<(), Error> {
        let agent = self.agent.as_ref().map(AgentSocket::path);
        let started = match self.sessions.get_mut(&channel) {
            Some(program) => program.start(&self.shared, channel, command, agent),
            None => return session.channel_failure(channel),
        };
        match started {
            Ok(()) => session.channel_success(channel),
            Err(error) => {
                self.shared.log.warn(format!("ssh: a program could not be started: {error}"));
                session.channel_failure(channel)
            }
        }
    }
}

fn answer(session: &mut Russh, channel: ChannelId, success: bool) -> Result<(), Error> {
    if success { session.channel_success(channel) } else { session.channel_failure(channel) }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if !self.shared.logged_in.is_cancelled() && !self.refused.is_empty() {
            self.shared.log.warn(format!("ssh: nobody was let in; refused: {}", self.refused.join(", ")));
        }
    }
}

impl Handler for Connection {
    type Error = Error;

    async fn auth_publickey_offered(&mut self, user: &str, offer: PublicKeyOffer<'_>) -> Result<Auth, Error> {
        let permitted = self.permit(user, offer.public_key, offer.algorithm);
        Ok(if permitted { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Error> {
        if !self.permit(user, key.public_key, key.algorithm) {
            return Ok(Auth::reject());
        }
        say!("ssh: accepted {} for {user}", auth::name(key.public_key));
        Ok(Auth::Accept)
    }

    async fn auth_succeeded(&mut self, _: &mut Russh) -> Result<(), Error> {
        self.shared.logged_in.cancel();
        Ok(())
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        session: &mut Russh,
    ) -> Result<(), Error> {
        if self.shared.channels() >= CHANNELS {
            reply.reject(ChannelOpenFailure::ResourceShortage).await;
            return Ok(());
        }
        let (_, outlet) = self.link(session).ends(channel);
        self.sessions.insert(outlet.id(), Session::new(outlet));
        reply.accept().await;
        Ok(())
    }

    async fn channel_open_direct_tcpip(
        &mut self,
        channel: Channel<Msg>,
        host: &str,
        port: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        session: &mut Russh,
    ) -> Result<(), Error> {
        let target = u16::try_from(port).ok().map(|port| Target::Port(host.to_owned(), port));
        self.open(channel, reply, target, self.link(session)).await
    }

    async fn channel_open_direct_streamlocal(
        &mut self,
        channel: Channel<Msg>,
        path: &str,
        reply: ChannelOpenHandle,
        session: &mut Russh,
    ) -> Result<(), Error> {
        self.open(channel, reply, Some(Target::Socket(PathBuf::from(path))), self.link(session)).await
    }

    async fn channel_open_confirmation(&mut self, id: ChannelId, _: u32, _: u32, _: &mut Russh) -> Result<(), Error> {
        self.shared.inbox(id);
        Ok(())
    }

    async fn data(&mut self, channel: ChannelId, data: &[u8], _: &mut Russh) -> Result<(), Error> {
        let Some(inbox) = self.shared.known(channel) else { return Ok(()) };
        let waiting = inbox.push(data);
        if waiting > MOST {
            self.shared.log.warn(format!("ssh: a program left {MOST} bytes of its input, the connection ends"));
            return Err(Error::Disconnect);
        }
        if inbox.is_behind() && data.len() <= TRICKLE as usize {
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    fn adjust_window(&mut self, _: ChannelId, _: u32) -> u32 {
        if self.shared.is_behind() { TRICKLE } else { WINDOW }
    }

    async fn channel_eof(&mut self, channel: ChannelId, _: &mut Russh) -> Result<(), Error> {
        if let Some(inbox) = self.shared.known(channel) {
            inbox.end();
        }
        Ok(())
    }

    async fn channel_close(&mut self, channel: ChannelId, _: &mut Russh) -> Result<(), Error> {
        self.sessions.remove(&channel);
        self.shared.close(channel);
        Ok(())
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        name: &str,
        columns: u32,
        rows: u32,
        width: u32,
        height: u32,
        modes: &[(Pty, u32)],
        session: &mut Russh,
    ) -> Result<(), Error> {
        let size = Size { columns, rows, width, height };
        let request = pty::Request { name: name.to_owned(), size, modes: modes.to_vec() };
        let accepted = self.sessions.get_mut(&channel).is_some_and(|session| session.ask_for_terminal(request));
        answer(session, channel, accepted)
    }

    async fn window_change_request(
        &mut self,
        channel: ChannelId,
        columns: u32,
        rows: u32,
        width: u32,
        height: u32,
        _: &mut Russh,
    ) -> Result<(), Error> {
        if let Some(session) = self.sessions.get_mut(&channel) {
            session.resize(Size { columns, rows, width, height });
        }
        Ok(())
    }

    async fn env_request(
        &mut self,
        channel: ChannelId,
        name: &str,
        value: &str,
        session: &mut Russh,
    ) -> Result<(), Error> {
        let accepted = self.sessions.get_mut(&channel).is_some_and(|session| session.set(name, value));
        answer(session, channel, accepted)
    }

    async fn agent_request(&mut self, _: ChannelId, session: &mut Russh) -> Result<bool, Error> {
        if self.agent.is_none() {
            match AgentSocket::open(self.link(session)) {
                Ok(socket) => self.agent = Some(socket),
                Err(error) => self.shared.log.warn(format!("ssh: the agent cannot be forwarded: {error}")),
            }
        }
        Ok(self.agent.is_some())
    }

    async fn exec_request(&mut self, channel: ChannelId, data: &[u8], session: &mut Russh) -> Result<(), Error> {
        self.start(channel, Some(data).filter(|command| !command.is_empty()), session)
    }

    async fn shell_request(&mut self, channel: ChannelId, session: &mut Russh) -> Result<(), Error> {
        self.start(channel, None, session)
    }

    async fn subsystem_request(&mut self, channel: ChannelId, name: &str, session: &mut Russh) -> Result<(), Error> {
        let program = self.sessions.get_mut(&channel).filter(|_| name == "sftp");
        let started = program.is_some_and(|program| program.start_sftp(&self.shared, channel).is_ok());
        answer(session, channel, started)
    }

    async fn signal(&mut self, channel: ChannelId, signal: Sig, _: &mut Russh) -> Result<(), Error> {
        if let Some(session) = self.sessions.get(&channel) {
            session.signal(&signal);
        }
        Ok(())
    }

    async fn tcpip_forward(&mut self, address: &str, port: &mut u32, session: &mut Russh) -> Result<bool, Error> {
        let Some(wanted) = u16::try_from(*port).ok().filter(|_| self.ports.len() < FORWARDS) else { return Ok(false) };
        let stop = CancellationToken::new();
        match forward::listen(self.link(session), address.to_owned(), wanted, stop.clone()).await {
            Ok(bound) => {
                *port = u32::from(bound);
                self.ports.insert((address.to_owned(), *port), stop);
                Ok(true)
            }
            Err(error) => {
                self.shared.log.warn(format!("ssh: port {wanted} cannot be forwarded: {error}"));
                Ok(false)
            }
        }
    }

    async fn cancel_tcpip_forward(&mut self, address: &str, port: u32, _: &mut Russh) -> Result<bool, Error> {
        let stop = self.ports.remove(&(address.to_owned(), port));
        Ok(stop.map(|stop| stop.cancel()).is_some())
    }

    async fn streamlocal_forward(&mut self, path: &str, session: &mut Russh) -> Result<bool, Error> {
        if self.sockets.len() >= FORWARDS {
            return Ok(false);
        }
        let stop = CancellationToken::new();
        let purpose = ChannelPurpose::Forward(path.to_owned());
        match forward::listen_on_socket(self.link(session), Path::new(path), purpose, stop.clone()) {
            Ok(()) => {
                self.sockets.insert(path.to_owned(), stop);
                Ok(true)
            }
            Err(error) => {
                self.shared.log.warn(format!("ssh: the socket {path} cannot be forwarded: {error}"));
                Ok(false)
            }
        }
    }

    async fn cancel_streamlocal_forward(&mut self, path: &str, _: &mut Russh) -> Result<bool, Error> {
        Ok(self.sockets.remove(path).map(|stop| stop.cancel()).is_some())
    }
}
