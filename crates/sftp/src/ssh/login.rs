//! Who this is: keys, an agent, a password, or what the server asks for, one after the other until it is content.

use std::fmt;
use std::sync::Arc;

use russh::client::{AuthResult, KeyboardInteractiveAuthResponse as Interactive};
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::AgentClient;
use russh::keys::{Algorithm, HashAlg, PrivateKey, PrivateKeyWithHashAlg, decode_secret_key};
use russh::{MethodKind, MethodSet};
use secret::Secret;

use super::Connection;

/// Questions of a server, one after the other, before it is given up.
const ROUNDS: usize = 10;

/// What somebody has to show.
pub struct Login {
    /// Their name there.
    pub user: String,
    /// Keys, each tried in turn.
    pub keys: Vec<Arc<PrivateKey>>,
    /// The socket of an agent whose keys are tried after them.
    pub agent: Option<std::path::PathBuf>,
    /// A password: also the answer to a server that asks for just one hidden thing.
    pub password: Option<Secret<String>>,
    /// Who answers what else a server asks.
    pub ask: Option<Box<dyn Ask>>,
}

/// Somebody, or something, that answers a server's questions.
pub trait Ask: Send {
    /// The answers, in order; `None` to give up. `hidden` says which of them nobody may see.
    fn answers(&mut self, instructions: &str, questions: &[Question]) -> Option<Vec<Secret<String>>>;
}

/// One question of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Its words, as the server sent them.
    pub words: String,
    /// Whether the answer is a secret.
    pub is_hidden: bool,
}

/// Why nobody is logged in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// What was shown is not enough.
    #[error("{user} is not let in{}", so_far(.tried, .accepts))]
    Refused {
        /// The name.
        user: String,
        /// What was tried.
        tried: Vec<String>,
        /// What the server takes.
        accepts: Vec<String>,
    },
    /// There is no agent where one should be.
    #[error("the SSH agent cannot be asked: {0}")]
    Agent(String),
    /// The connection ended meanwhile.
    #[error("the connection ended while {user} logged in: {reason}")]
    Lost {
        /// The name.
        user: String,
        /// Why.
        reason: String,
    },
}

fn so_far(tried: &[String], accepts: &[String]) -> String {
    let list = |words: &[String]| words.join(", ");
    let shown = if tried.is_empty() { "nothing was shown".to_owned() } else { format!("shown were {}", list(tried)) };
    format!(
        ": {shown}; the server takes {}",
        if accepts.is_empty() { "nothing more".to_owned() } else { list(accepts) }
    )
}

/// Why a text is no private key that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoKey {
    /// It has a passphrase, and none was given, or another one.
    #[error("the private key has a passphrase: it is missing, or another one")]
    Passphrase,
    /// It is of no form that is known.
    #[error("it is no private key in OpenSSH's, PEM or PKCS#8 form")]
    Form,
}

/// Reads a private key: OpenSSH's form, PEM (PKCS#1, SEC1), PKCS#8, or PuTTY's.
///
/// # Errors
/// [`NoKey`], without a byte of it.
pub fn key(text: &Secret<String>, passphrase: Option<&Secret<String>>) -> Result<PrivateKey, NoKey> {
    // A key that went through an option or a form may have lost its last end of line, or got others.
    let lines = Secret::new(text.expose().replace("\r\n", "\n"));
    let given = passphrase.map(|phrase| phrase.expose().as_str());
    match decode_secret_key(lines.expose(), given) {
        Ok(key) if !key.is_encrypted() => Ok(key),
        Ok(_) | Err(russh::keys::Error::KeyIsEncrypted) => Err(NoKey::Passphrase),
        Err(_) if given.is_some() || lines.expose().contains("ENCRYPTED") => Err(NoKey::Passphrase),
        Err(_) => Err(NoKey::Form),
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("user", &self.user).finish_non_exhaustive()
    }
}

/// What has been shown so far.
struct Trying<'a> {
    connection: &'a mut Connection,
    user: String,
    tried: Vec<String>,
    accepts: MethodSet,
}

impl Connection {
    /// Logs somebody in.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn log_in(&mut self, login: &mut Login) -> Result<(), Error> {
        let mut trying =
            Trying { connection: self, user: login.user.clone(), tried: Vec::new(), accepts: MethodSet::empty() };
        // It tells what it takes; and some let anybody in.
        let first = trying.connection.handle.authenticate_none(&login.user).await;
        if trying.is_in(first)? {
            return Ok(());
        }
        for key in &login.keys {
            if trying.takes(MethodKind::PublicKey) && trying.key(key).await? {
                return Ok(());
            }
        }
        if let Some(socket) = login.agent.as_ref().filter(|_| trying.takes(MethodKind::PublicKey))
            && trying.agent(socket).await?
        {
            return Ok(());
        }
        if let Some(password) = login.password.as_ref().filter(|_| trying.takes(MethodKind::Password)) {
            trying.tried.push("a password".to_owned());
            let shown = trying.connection.handle.authenticate_password(&login.user, password.expose()).await;
            if trying.is_in(shown)? {
                return Ok(());
            }
        }
        let can_answer = login.password.is_some() || login.ask.is_some();
        if can_answer && trying.takes(MethodKind::KeyboardInteractive) && trying.interactive(login).await? {
            return Ok(());
        }
        let accepts = trying.accepts.iter().map(String::from).collect();
        Err(Error::Refused { user: trying.user, tried: trying.tried, accepts })
    }
}

impl Trying<'_> {
    fn takes(&self, method: MethodKind) -> bool {
        self.accepts.contains(&method)
    }

    fn lost(&self, reason: impl fmt::Display) -> Error {
        Error::Lost { user: self.user.clone(), reason: reason.to_string() }
    }

    /// Whether somebody is logged in; if not, what may be tried next is noted.
    fn is_in(&mut self, shown: Result<AuthResult, russh::Error>) -> Result<bool, Error> {
        match shown {
            Ok(AuthResult::Success) => Ok(true),
            Ok(AuthResult::Failure { remaining_methods, .. }) => {
                self.accepts = remaining_methods;
                Ok(false)
            }
            Err(error) => Err(self.lost(error)),
        }
    }

    /// What an RSA key is to sign with; servers that do not say take SHA-256.
    async fn hash(&self, algorithm: &Algorithm) -> Option<HashAlg> {
        if !matches!(algorithm, Algorithm::Rsa { .. }) {
            return None;
        }
        self.connection.handle.best_supported_rsa_hash().await.ok().flatten().unwrap_or(Some(HashAlg::Sha256))
    }

    async fn key(&mut self, key: &Arc<PrivateKey>) -> Result<bool, Error> {
        self.tried.push(format!("the key {}", key.fingerprint(HashAlg::Sha256)));
        let key = PrivateKeyWithHashAlg::new(Arc::clone(key), self.hash(&key.algorithm()).await);
        let shown = self.connection.handle.authenticate_publickey(&self.user, key).await;
        self.is_in(shown)
    }

    async fn agent(&mut self, socket: &std::path::Path) -> Result<bool, Error> {
        let failed = |error: russh::keys::Error| Error::Agent(error.to_string());
        let mut agent = AgentClient::connect_uds(socket).await.map_err(failed)?;
        for identity in agent.request_identities().await.map_err(failed)? {
            let AgentIdentity::PublicKey { key, .. } = identity else { continue };
            self.tried.push(format!("the agent's key {}", key.fingerprint(HashAlg::Sha256)));
            let hash = self.hash(&key.algorithm()).await;
            let shown = self.connection.handle.authenticate_publickey_with(&self.user, key, hash, &mut agent).await;
            let shown = shown.map_err(|error| self.lost(error))?;
            if self.is_in(Ok(shown))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn interactive(&mut self, login: &mut Login) -> Result<bool, Error> {
        self.tried.push("answers to its questions".to_owned());
        let mut answer = self.connection.handle.authenticate_keyboard_interactive_start(&self.user, None).await;
        for _ in 0..ROUNDS {
            let (instructions, prompts) = match answer.map_err(|error| self.lost(error))? {
                Interactive::Success => return Ok(true),
                Interactive::Failure { remaining_methods, .. } => {
                    self.accepts = remaining_methods;
                    return Ok(false);
                }
                Interactive::InfoRequest { instructions, prompts, .. } => (instructions, prompts),
            };
            let questions: Vec<Question> =
                prompts.into_iter().map(|prompt| Question { words: prompt.prompt, is_hidden: !prompt.echo }).collect();
            let answers = match (&*questions, &login.password, &mut login.ask) {
                ([], ..) => Some(Vec::new()),
                ([one], Some(password), _) if one.is_hidden => Some(vec![password.clone()]),
                (questions, _, Some(ask)) => ask.answers(&instructions, questions),
                _ => None,
            };
            let Some(answers) = answers else { return Ok(false) };
            let answers = answers.iter().map(|answer| answer.expose().clone()).collect();
            answer = self.connection.handle.authenticate_keyboard_interactive_respond(answers).await;
        }
        Ok(false)
    }
}
