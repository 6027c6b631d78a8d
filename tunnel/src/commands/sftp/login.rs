//! How somebody is known to a server, and a server to them: keys, passwords and known hosts from flags, files, the environment, the
//! agent and the person at the terminal. No secret stands in a command line.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use russh::keys::PrivateKey;
use secret::Secret;
use sftp::ssh::login::{self, Ask, Login, NoKey, Question};
use sftp::ssh::trust::{Pin, Trust};

use super::place::ServerAddress;
use crate::commands::selection::{AS_WHOM, IdentityArgs};
use crate::environment;
use crate::error::{Context, Error, Result, exit};
use crate::prompt;

/// The heading in help of what is said of servers.
const SERVER: &str = "Server";
/// Keys that are tried where none is named, in the person's ~/.ssh.
const KEYS: [&str; 3] = ["id_ed25519", "id_ecdsa", "id_rsa"];
/// The longest file that is read as a key or a password, in bytes.
const LONGEST: u64 = 64 * 1024;

/// Who logs in, and whom they trust.
#[derive(Debug, Clone, Default, Args)]
#[group(skip)]
pub(super) struct LoginArgs {
    /// File with the password; `-` is stdin. By default TUNNEL_SFTP_PASSWORD, or the terminal is asked.
    #[arg(long, value_name = "FILE", help_heading = AS_WHOM, global = true)]
    pub password_file: Option<PathBuf>,
    /// File with the passphrase of the key. By default TUNNEL_SFTP_PASSPHRASE, or the terminal is asked.
    #[arg(long, value_name = "FILE", help_heading = AS_WHOM, global = true)]
    pub passphrase_file: Option<PathBuf>,
    /// Do not ask the SSH agent (SSH_AUTH_SOCK).
    #[arg(long, help_heading = AS_WHOM, global = true)]
    pub no_agent: bool,
    /// File of known hosts; may be given several times. By default ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts.
    #[arg(long, value_name = "FILE", help_heading = SERVER, global = true)]
    pub known_hosts: Vec<PathBuf>,
    /// The server's key, by its fingerprint (SHA256:…) or itself (ssh-ed25519 AAAA…), in place of known hosts; may be given several
    /// times.
    #[arg(long, value_name = "FINGERPRINT|KEY", help_heading = SERVER, global = true)]
    pub fingerprint: Vec<Pin>,
    /// Servers that the way leads through, in this order: user@host:port,…
    #[arg(short = 'J', long, value_name = "SERVER,…", value_delimiter = ',', help_heading = SERVER, global = true)]
    pub jump: Vec<ServerAddress>,
}

impl LoginArgs {
    /// Whom is trusted.
    pub(super) fn trust(&self) -> Trust {
        let files = match &*self.known_hosts {
            [] => {
                let own = environment::user_home().map(|home| home.join(".ssh/known_hosts"));
                own.into_iter().chain([PathBuf::from("/etc/ssh/ssh_known_hosts")]).collect()
            }
            files => files.to_vec(),
        };
        Trust { pins: self.fingerprint.clone(), files }
    }

    /// Of a jump host known hosts alone vouch: the pins are the server's.
    pub(super) fn trust_of_jump(&self) -> Trust {
        Trust { pins: Vec::new(), ..self.trust() }
    }

    /// What is shown to a server.
    ///
    /// # Errors
    /// When a file cannot be read, or is no key.
    pub(super) fn login(&self, server: &ServerAddress, identity: &IdentityArgs) -> Result<Login> {
        let user = server.user.clone().or_else(user_here).ok_or_else(|| {
            Error::new("nobody is named to log in").way_out("Say it in the address: sftp://user@host/path")
        })?;
        let keys = match &identity.identity {
            Some(file) => vec![self.key(file)?],
            None => own_keys(),
        };
        let agent = if self.no_agent { None } else { environment::agent() };
        let password = secret(self.password_file.as_deref(), "TUNNEL_SFTP_PASSWORD")?;
        let who = format!("{user}@{}", server.host);
        Ok(Login { user, keys, agent, password, ask: Some(Box::new(Person { who })) })
    }

    /// The key of a file.
    pub(super) fn key(&self, file: &Path) -> Result<Arc<PrivateKey>> {
        let text = read(file)?;
        let bad = |reason: NoKey| Error::new(format!("{} is not used: {reason}", file.display()));
        match login::key(&text, None) {
            Ok(key) => return Ok(Arc::new(key)),
            Err(NoKey::Passphrase) => {}
            Err(reason) => return Err(bad(reason)),
        }
        let given = secret(self.passphrase_file.as_deref(), "TUNNEL_SFTP_PASSPHRASE")?;
        let phrase = given.or_else(|| prompt::hidden(&format!("Passphrase of {}: ", file.display())));
        login::key(&text, phrase.as_ref()).map(Arc::new).map_err(|reason| {
            bad(reason)
                .way_out(
                    "Give it with --passphrase-file or TUNNEL_SFTP_PASSPHRASE, or add the key to an agent: ssh-add.",
                )
                .exits_with(exit::DENIED)
        })
    }
}

/// A secret from a file, or else from a variable. An end of line is not part of it.
fn secret(file: Option<&Path>, variable: &str) -> Result<Option<Secret<String>>> {
    match file {
        Some(file) => {
            let text = read(file)?;
            Ok(Some(Secret::new(text.expose().trim_end_matches(['\r', '\n']).to_owned())))
        }
        None => Ok(environment::variable(variable).map(Secret::new)),
    }
}

fn read(file: &Path) -> Result<Secret<String>> {
    use std::io::Read;
    let failed = || format!("cannot read {}", file.display());
    let source: Box<dyn Read> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(file).context(failed)?)
    };
    let mut text = String::new();
    source.take(LONGEST).read_to_string(&mut text).context(failed)?;
    Ok(Secret::new(text))
}

/// The person's own keys that need no passphrase: the others are an agent's to show.
fn own_keys() -> Vec<Arc<PrivateKey>> {
    let Some(folder) = environment::user_home().map(|home| home.join(".ssh")) else { return Vec::new() };
    let texts = KEYS.iter().filter_map(|name| std::fs::read_to_string(folder.join(name)).ok());
    texts.filter_map(|text| login::key(&Secret::new(text), None).ok()).map(Arc::new).collect()
}

fn user_here() -> Option<String> {
    nix::unistd::User::from_uid(nix::unistd::geteuid()).ok().flatten().map(|user| user.name)
}

/// The person at the terminal.
struct Person {
    who: String,
}

impl Ask for Person {
    fn answers(&mut self, instructions: &str, questions: &[Question]) -> Option<Vec<Secret<String>>> {
        let ask = |question: &Question| {
            let words = crate::words::in_one_line(&format!("{} {}", instructions, question.words));
            let words = format!("({}) {words} ", self.who);
            if question.is_hidden { prompt::hidden(&words) } else { prompt::open(&words) }
        };
        questions.iter().map(ask).collect()
    }
}

/// Asks for a password, where somebody is there to ask.
pub(super) fn ask_password(login: &mut Login, host: &str) -> bool {
    if login.password.is_some() {
        return false;
    }
    login.password = prompt::hidden(&format!("Password of {}@{host}: ", login.user));
    login.password.is_some()
}
