//! The way to a server: through jump hosts, or over the tunnel's own stream to an endpoint.

use clap::Args;
use russh::keys::HashAlg;
use sftp::client::{self, Limit, Sftp, Status};
use sftp::ssh::login;
use sftp::ssh::trust::{Distrust, Trust};
use sftp::ssh::{Connection, Error as SshError, Server};

use super::login::{LoginArgs, ask_password};
use super::place::{Address, ServerAddress};
use super::rate::Rate;
use crate::commands::ready::Ready;
use crate::commands::selection::{EndpointArgs, IdentityArgs};
use crate::endpoint::line::{self, ClientLine};
use crate::endpoint::selection::Selection;
use crate::error::{Error, Result, exit};
use crate::session;

/// Channels to a server that is known to serve several as quickly as one: OpenSSH's, which has a window of 2 MiB for each.
const CHANNELS: usize = 8;

/// How a server is reached.
#[derive(Debug, Clone, Default, Args)]
#[group(skip)]
pub(super) struct ReachArgs {
    /// Who logs in.
    #[command(flatten)]
    pub login: LoginArgs,
    /// With which key.
    #[command(flatten)]
    pub identity: IdentityArgs,
    /// Which endpoint, where one is meant.
    #[command(flatten)]
    pub endpoint: EndpointArgs,
}

/// How much of a connection is used.
#[derive(Debug, Clone, Default, Args)]
#[group(skip)]
pub(super) struct LoadArgs {
    /// Channels that a file goes through at a time. By default 8 to OpenSSH and to endpoints, and 1 to servers that may not take a file
    /// in pieces.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub parallel: Option<u16>,
    /// Bytes per second at most: 500K, 20M, 1.5G.
    #[arg(long, value_name = "BYTES")]
    pub limit: Option<Rate>,
}

impl ReachArgs {
    /// A connection that somebody is logged in to.
    ///
    /// # Errors
    /// When a step of the way fails: it says which.
    pub(super) async fn connection(&self, address: &Address) -> Result<Connection> {
        match address {
            Address::Server(server) => {
                let mut connection = self.open(server).await.map_err(explain)?;
                self.log_in(&mut connection, server).await?;
                Ok(connection)
            }
            Address::Endpoint(name) => self.endpoint(name).await,
        }
    }

    /// A connection to a server of others, where nobody is logged in yet but at the jump hosts.
    pub(super) async fn open(&self, server: &ServerAddress) -> std::result::Result<Connection, Failure> {
        let mut via: Option<Connection> = None;
        for jump in &self.login.jump {
            let mut connection = step(via.take(), jump, &self.login.trust_of_jump()).await?;
            self.log_in(&mut connection, jump).await.map_err(Failure::Other)?;
            via = Some(connection);
        }
        Ok(step(via, server, &self.login.trust()).await?)
    }

    /// Logs in, and asks for a password where nothing else was enough and somebody is there to ask.
    pub(super) async fn log_in(&self, connection: &mut Connection, server: &ServerAddress) -> Result<()> {
        let mut login = self.login.login(server, &self.identity)?;
        match connection.log_in(&mut login).await {
            Err(login::Error::Refused { accepts, .. })
                if accepts.iter().any(|method| method == "password") && ask_password(&mut login, &server.host) =>
            {
                (login.keys, login.agent) = (Vec::new(), None);
                connection.log_in(&mut login).await
            }
            other => other,
        }
        .map_err(|error| explain(Failure::Ssh(SshError::Login(error))))
    }

    /// An endpoint, over the tunnel's own stream.
    async fn endpoint(&self, name: &str) -> Result<Connection> {
        let selection = Selection::from(self.endpoint.clone());
        let endpoint = Some(name.to_owned()).filter(|name| !name.is_empty()).or(selection.endpoint.clone());
        let selection = Selection { endpoint, ..selection };
        let identity = self.identity.clone().into();
        let ready = Ready::of(&selection, &identity).await?;
        let mut line =
            ClientLine::new(ready.endpoint.clone(), line::RENEW_EVERY, true).with_profile(selection.workspace.profile);
        let socket = line.first(Some(ready.server)).await?;
        let (ours, theirs) = tokio::io::duplex(256 * 1024);
        let settings = line.settings();
        tokio::spawn(async move {
            let (mut source, mut destination) = tokio::io::split(theirs);
            if let Err(error) = session::run(socket, &mut source, &mut destination, &mut line, settings).await {
                tracing::warn!("the stream to the endpoint ended: {error}");
            }
        });
        let pin = ready.endpoint.server_host_key.parse();
        let pin =
            pin.map_err(|error| Error::new(format!("the host key of {} is not used: {error}", ready.endpoint.name)))?;
        let trust = Trust { pins: vec![pin], files: Vec::new() };
        let server = Server { host: ready.endpoint.host_key_alias(), port: 22 };
        let mut connection =
            Connection::on(ours, &server, &trust).await.map_err(|error| explain(Failure::Ssh(error)))?;
        let key = crate::endpoint::identity::Identity::from(self.identity.clone()).key()?;
        let user = Some(ready.endpoint.remote_user).filter(|user| !user.is_empty());
        let address = ServerAddress { user, host: server.host, port: 22 };
        let identity = IdentityArgs { identity: Some(key.private) };
        let mut login = self.login.login(&address, &identity)?;
        connection.log_in(&mut login).await.map_err(|error| explain(Failure::Ssh(SshError::Login(error))))?;
        Ok(connection)
    }
}

async fn step(via: Option<Connection>, to: &ServerAddress, trust: &Trust) -> std::result::Result<Connection, SshError> {
    let server = Server { host: to.host.clone(), port: to.port };
    match via {
        Some(via) => Connection::through(via, &server, trust).await,
        None => Connection::open(&server, trust).await,
    }
}

impl LoadArgs {
    /// What is enough where no files are copied.
    pub(super) const ONE: Self = Self { parallel: Some(1), limit: None };

    /// The channels that files go through.
    pub(super) async fn channels(&self, connection: &Connection) -> Result<Vec<Sftp>> {
        let open =
            async |number: usize| connection.channels(number).await.map_err(|error| explain(Failure::Ssh(error)));
        let mut channels = match self.parallel {
            Some(number) => open(number.into()).await?,
            None => open(1).await?,
        };
        // Who tells limits is OpenSSH, or does as it does; others may keep a file as one piece (AWS Transfer on S3).
        if self.parallel.is_none() && channels.first().is_some_and(|first| first.features().tells_limits()) {
            channels.extend(open(CHANNELS - 1).await.unwrap_or_default());
        }
        let limit = self.limit.map(|rate| Limit::new(rate.bytes_per_second()));
        Ok(match limit {
            Some(limit) => channels.into_iter().map(|channel| channel.limited(limit.clone())).collect(),
            None => channels,
        })
    }
}

/// Why a server was not reached.
#[derive(Debug)]
pub(super) enum Failure {
    /// The connection.
    Ssh(SshError),
    /// Something before it.
    Other(Error),
}

impl From<SshError> for Failure {
    fn from(error: SshError) -> Self {
        Self::Ssh(error)
    }
}

/// What went wrong, for people: with the way out.
pub(super) fn explain(failure: Failure) -> Error {
    let error = match failure {
        Failure::Ssh(error) => error,
        Failure::Other(error) => return error,
    };
    let way_out = match &error {
        SshError::Distrust(Distrust::Unknown { fingerprint, .. }) => format!(
            "Compare the fingerprint with what the server's owner says. Then give it: --fingerprint {fingerprint}, or add the key to \
             known_hosts: ssh-keyscan."
        ),
        SshError::Distrust(Distrust::Changed { .. }) => "Somebody may stand in between, or the server has a new key. Ask its owner, and \
                                                          only then change what is known of it."
            .to_owned(),
        SshError::Login(login::Error::Refused { .. }) => {
            "Give another key (-i FILE), a password (--password-file FILE, TUNNEL_SFTP_PASSWORD), or another user in the address."
                .to_owned()
        }
        SshError::Connect { .. } => "Look at the host, the port, and what lies in between: a firewall, or an allow-list of addresses.".to_owned(),
        _ => String::new(),
    };
    let code = match &error {
        SshError::Login(_) => exit::DENIED,
        SshError::Sftp(error) => code(error),
        _ => exit::FAILED,
    };
    let error = Error::new(error.to_string()).exits_with(code);
    if way_out.is_empty() { error } else { error.way_out(way_out) }
}

/// The exit code of what a server refuses.
pub(super) fn code(error: &client::Error) -> u8 {
    match error {
        error if error.is(Status::NoSuchFile) => exit::NOT_THERE,
        error if error.is(Status::PermissionDenied) => exit::DENIED,
        _ => exit::FAILED,
    }
}

/// The kind of a server's key, and its fingerprint.
pub(super) fn shown_key(connection: &Connection) -> (String, String) {
    let key = connection.server_key();
    (key.algorithm().to_string(), key.fingerprint(HashAlg::Sha256).to_string())
}
