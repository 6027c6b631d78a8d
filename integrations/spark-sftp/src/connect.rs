//! From options to somebody who is logged in at a server that is known.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secret::Secret;
use sftp::ssh::login::{self, Login};
use sftp::ssh::trust::{Distrust, Trust};
use sftp::ssh::{Connection, Error, Server};

use crate::failure::{Failure, Kind, Result};
use crate::options::Options;

/// How often a server that drops connections is asked again, where `retries` says nothing: sshd drops some of many that begin at once
/// (MaxStartups).
const RETRIES: u32 = 5;
/// The first wait before that; each next one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// Where a server is, whom it must be, and who logs in.
#[derive(Debug)]
pub struct Access {
    server: Server,
    trust: Trust,
    user: String,
    keys: Vec<Arc<russh::keys::PrivateKey>>,
    password: Option<Secret<String>>,
    retries: u32,
    /// Known hosts that came as a text: a file for as long as this lives.
    _known_hosts: Option<tempfile::NamedTempFile>,
}

impl Access {
    /// Reads what the options say, without asking anybody.
    ///
    /// # Errors
    /// Where an option is missing or wrong. Secrets are not shown.
    pub fn new(options: &Options) -> Result<Self> {
        let host = options.needed("host")?.to_owned();
        let port = options.number::<u16>("port")?.unwrap_or(22);
        if port == 0 {
            return Err(options.refused("port", "is no port"));
        }
        let user = options.needed("username")?.to_owned();
        let keys: Vec<_> = key(options)?.into_iter().map(Arc::new).collect();
        let password = options.text("password").map(Secret::from);
        if keys.is_empty() && password.is_none() {
            let text = "nobody can log in: give private_key_content, private_key_path or password";
            return Err(Failure::value(text));
        }
        let (trust, known_hosts) = trust(options)?;
        let retries = options.number("retries")?.unwrap_or(RETRIES).min(20);
        Ok(Self { server: Server { host, port }, trust, user, keys, password, retries, _known_hosts: known_hosts })
    }

    /// Connects and logs in.
    ///
    /// # Errors
    /// Which step failed, and what can be done.
    pub async fn connect(&self) -> Result<Connection> {
        let mut wait = FIRST_WAIT;
        for _ in 0..self.retries {
            match self.once().await {
                // It was dropped on the way in, for no reason of ours.
                Err(Error::Greet { .. } | Error::Login(login::Error::Lost { .. })) => {}
                other => return other.map_err(|error| explained(error, &self.server)),
            }
            tokio::time::sleep(wait + wait.mul_f64(f64::from(std::process::id() % 16) / 16.0)).await;
            wait *= 2;
        }
        self.once().await.map_err(|error| explained(error, &self.server))
    }

    async fn once(&self) -> std::result::Result<Connection, Error> {
        let mut connection = Connection::open(&self.server, &self.trust).await?;
        let mut login = Login {
            user: self.user.clone(),
            keys: self.keys.clone(),
            agent: None,
            password: self.password.clone(),
            ask: None,
        };
        connection.log_in(&mut login).await?;
        Ok(connection)
    }
}

fn key(options: &Options) -> Result<Option<russh::keys::PrivateKey>> {
    let phrase = options.text("private_key_passphrase").map(Secret::from);
    let (name, text) = match (options.text("private_key_content"), options.text("private_key_path")) {
        (None, None) => return Ok(None),
        (Some(text), None) => ("private_key_content", Secret::from(text)),
        (None, Some(path)) => {
            let read = std::fs::read_to_string(path);
            (
                "private_key_path",
                read.map(Secret::new).map_err(|error| options.refused("private_key_path", &error.to_string()))?,
            )
        }
        (Some(_), Some(_)) => {
            return Err(Failure::value("private_key_content and private_key_path are both given: give one"));
        }
    };
    let key = login::key(&text, phrase.as_ref());
    key.map(Some).map_err(|reason| Failure::value(format!("the option {name} cannot be used: {reason}")))
}

fn trust(options: &Options) -> Result<(Trust, Option<tempfile::NamedTempFile>)> {
    if let Some(pins) = options.text("key_fingerprint") {
        // A key has spaces, and several may stand apart by commas.
        let pins = pins
            .split(',')
            .map(|pin| pin.parse().map_err(|error| options.refused("key_fingerprint", &format!("is no pin: {error}"))));
        return Ok((Trust { pins: pins.collect::<Result<_>>()?, files: Vec::new() }, None));
    }
    if let Some(text) = options.text("known_hosts_content") {
        let mut file = tempfile::NamedTempFile::new()?;
        file.write_all(text.as_bytes())?;
        return Ok((Trust { pins: Vec::new(), files: vec![file.path().to_owned()] }, Some(file)));
    }
    let file = options.text("known_hosts").map(PathBuf::from);
    if let Some(file) = &file
        && !file.is_file()
    {
        return Err(options.refused("known_hosts", "is no file"));
    }
    Ok((Trust { pins: Vec::new(), files: file.into_iter().collect() }, None))
}

/// The step that failed, with the way out.
fn explained(error: Error, server: &Server) -> Failure {
    let way_out = match &error {
        Error::Distrust(Distrust::Unknown { fingerprint, .. }) => {
            format!(": if that is its key, say so with .option(\"key_fingerprint\", \"{fingerprint}\"), or add it to known_hosts")
        }
        Error::Distrust(Distrust::Changed { .. }) => {
            ": somebody else may answer in its place; ask its owner for the fingerprint, then correct key_fingerprint or known_hosts"
                .to_owned()
        }
        Error::Connect { .. } => ": host and port may be wrong, or a firewall in between".to_owned(),
        _ => String::new(),
    };
    let text = match &error {
        Error::Login(_) => format!("{} port {}: {error}", server.host, server.port),
        _ => error.to_string(),
    };
    Failure { kind: Kind::Connection, text: format!("{text}{way_out}") }
}
