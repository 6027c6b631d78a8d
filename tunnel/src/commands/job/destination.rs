//! Where jobs run: a destination of ssh, or an endpoint. Either becomes what ssh is told.

use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use secret::Secret;

use crate::commands::existing::Existing;
use crate::commands::ready::Ready;
use crate::endpoint::direct::EndpointUse;
use crate::endpoint::identity::Identity;
use crate::endpoint::selection::{Selected, Selection};
use crate::error::{Error, Result};
use crate::home::home;
use crate::jobs::destination::{Copies, Destination, Route, Start};
use crate::jobs::recent;
use crate::jobs::shared::{self, SharedConnection};
use crate::{environment, ssh};

/// Seconds that the connection which calls share stays when none uses it: to a host, and to an endpoint, of which it takes one of few
/// places.
const PERSIST: u32 = 60;
const PERSIST_AT_ENDPOINT: u32 = 6;
/// What decides as whom a call signs in at a workspace, beside the options: no secret is among it.
const SIGN_IN: [&str; 5] = [
    "DATABRICKS_CONFIG_PROFILE",
    "DATABRICKS_CONFIG_FILE",
    "DATABRICKS_CLIENT_ID",
    "DATABRICKS_AUTH_TYPE",
    "DATABRICKS_HOST",
];

/// Where jobs run.
#[derive(Debug, Clone)]
pub enum JobDestination {
    /// What ssh(1) calls a destination.
    Host(SshHost),
    /// An endpoint of ours.
    Endpoint(Selection, Identity),
}

/// A destination of ssh.
#[derive(Debug, Clone)]
pub struct SshHost {
    /// `user@host`, a Host of ssh_config, or an `ssh://` address.
    pub name: String,
    /// ssh's configuration, where it is not the person's.
    pub config: Option<PathBuf>,
    /// The person's own options.
    pub options: Vec<String>,
    /// The folder of the jobs there, where it is not the login's own choice.
    pub jobs_folder: Option<String>,
}

impl Destination for JobDestination {
    async fn route(&self, start: Start) -> Result<Option<Route>> {
        match self {
            Self::Host(host) => Ok(Some(host.route(&home()?))),
            Self::Endpoint(selection, identity) => {
                let ready = match start {
                    Start::Yes => Ready::of(selection, identity).await?,
                    Start::No => {
                        let Existing { endpoint, client, server } = Existing::of(selection).await?;
                        if server.is_none() {
                            return Ok(None);
                        }
                        let profile = selection.workspace.profile.clone();
                        let selected = Selected { endpoint, server, client: Some(client), profile };
                        Ready::of_selected(selected, identity).await?
                    }
                };
                // The first of a name counts, and which connection it is decided below.
                let mut options = ready.options;
                options.retain(|option| !option.starts_with("Control"));
                let destination = ready.endpoint.host_key_alias();
                let signed_in = SIGN_IN.map(|name| environment::variable(name).unwrap_or_default());
                let whose = [options.as_slice(), &signed_in, std::slice::from_ref(&destination)].concat();
                Ok(Some(Route {
                    shared: SharedConnection::new(&home()?, &whose.join("\n"), PERSIST_AT_ENDPOINT),
                    options: ssh::with_options(&options),
                    destination,
                    token: ready.token,
                    name: ready.endpoint.name,
                    jobs_folder: None,
                }))
            }
        }
    }

    async fn copies(&self) -> Result<Option<Copies>> {
        let Self::Endpoint(selection, _) = self else { return Ok(None) };
        let selected = selection.find(EndpointUse::Look).await?;
        Ok(Some(Copies { client: selected.client()?, endpoint_folder: selected.endpoint.server_directory() }))
    }
}

impl JobDestination {
    /// Remembers, for completions, what a person learns of the jobs there. Programs have no need of it.
    pub fn remember(&self, what: impl FnOnce(&Path, &str)) {
        if std::io::stderr().is_terminal()
            && let Ok(home) = home()
        {
            what(&home, &self.label());
        }
    }

    /// What the destination is called among the recent jobs'.
    fn label(&self) -> String {
        match self {
            Self::Host(host) => format!("{}{}", recent::OF_HOST, host.name),
            Self::Endpoint(selection, _) => {
                let name = selection.endpoint.as_deref().or(selection.cluster.as_deref());
                format!("endpoint {}", name.unwrap_or_default())
            }
        }
    }
}

impl SshHost {
    /// A destination that ssh does not take for an option.
    ///
    /// # Errors
    /// When it would.
    pub fn new(name: String, config: Option<PathBuf>, options: Vec<String>) -> Result<Self> {
        if name.is_empty() || name.starts_with('-') || name.contains(char::is_control) {
            return Err(Error::new(format!("{name:?} is no destination"))
                .way_out("Give a Host of your ssh configuration, user@host, or ssh://user@host:port."));
        }
        Ok(Self { name, config, options, jobs_folder: None })
    }

    /// The same with its jobs in this folder.
    ///
    /// # Errors
    /// When it is no absolute path.
    pub fn with_jobs_in(self, folder: Option<String>) -> Result<Self> {
        match folder {
            Some(folder) if !folder.starts_with('/') || folder.contains(char::is_control) => {
                Err(Error::new(format!("{folder:?} is no absolute path"))
                    .way_out("Give the folder for jobs from / on."))
            }
            jobs_folder => Ok(Self { jobs_folder, ..self }),
        }
    }

    fn route(&self, home: &Path) -> Route {
        // The person's come first: the first counts.
        let mut options = self.options.clone();
        options.extend(fixed_options(std::io::stderr().is_terminal()));
        // Who has a connection of their own in mind does not share ours.
        let is_own = self.options.iter().any(|option| option.to_ascii_lowercase().starts_with("controlpath"));
        let mut arguments = Vec::new();
        if let Some(config) = &self.config {
            arguments.extend(["-F".to_owned(), config.display().to_string()]);
        }
        arguments.extend(ssh::with_options(&options));
        Route {
            options: arguments,
            shared: SharedConnection::new(home, &self.whose(), PERSIST).filter(|_| !is_own),
            destination: self.name.clone(),
            token: Secret::new(String::new()),
            name: self.name.clone(),
            jobs_folder: self.jobs_folder.clone(),
        }
    }

    /// All that decides where a call goes and as whom: what was asked for, the agent, ssh's configuration, and every file that either
    /// names.
    fn whose(&self) -> String {
        let home = environment::user_home().unwrap_or_default();
        let configuration = self.config.clone().unwrap_or_else(|| home.join(".ssh/config"));
        let text = fs::read_to_string(&configuration).unwrap_or_default();
        let mut whose = vec![self.name.clone(), environment::variable("SSH_AUTH_SOCK").unwrap_or_default()];
        whose.extend(self.options.iter().cloned());
        let named = self.options.iter().map(String::as_str).chain([text.as_str()]);
        let named = named.flat_map(|text| text.split(|c: char| c.is_whitespace() || "=\"".contains(c)));
        let named = named.filter_map(|word| match word.strip_prefix("~/") {
            Some(rest) => Some(home.join(rest)),
            None => Some(PathBuf::from(word)).filter(|path| path.is_absolute()),
        });
        let system = (self.config.is_none()).then(|| PathBuf::from("/etc/ssh/ssh_config"));
        let all = [configuration.clone()].into_iter().chain(system).chain(named).chain(personal(&home.join(".ssh"), 1));
        whose.extend(all.map(|path| shared::stamp(&path)));
        whose.join("\n")
    }
}

/// The files in the folder of a person's keys and configuration, and in the folders in it. What ssh itself writes is none of them.
fn personal(folder: &Path, depth: usize) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().take(500);
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    let is_kept = |path: &PathBuf| {
        path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with("known_hosts"))
            && path.metadata().is_ok_and(|found| found.is_file() || found.is_dir())
    };
    paths.retain(is_kept);
    paths.sort();
    let folders = paths.iter().filter(|path| depth > 0 && path.is_dir());
    let below: Vec<PathBuf> = folders.flat_map(|folder| personal(folder, depth - 1)).collect();
    paths.retain(|path| path.is_file());
    paths.extend(below);
    paths
}

fn fixed_options(is_terminal: bool) -> Vec<String> {
    let mut options: Vec<String> = [
        "ServerAliveInterval=15",
        "ServerAliveCountMax=4",
        "ConnectTimeout=30",
        "RequestTTY=no",
        "RemoteCommand=none",
        "PermitLocalCommand=no",
        "ClearAllForwardings=yes",
        "ForwardAgent=no",
        "ForwardX11=no",
    ]
    .map(str::to_owned)
    .into();
    if !is_terminal {
        // Nobody is there to answer.
        options.push("BatchMode=yes".to_owned());
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ssh_takes_no_destination_for_an_option() {
        let check = |name: &str, expected: bool| {
            assert_eq!(SshHost::new(name.to_owned(), None, Vec::new()).is_ok(), expected, "{name}");
        };
        check("user@host", true);
        check("ssh://user@host:2222", true);
        check("-oProxyCommand=x", false);
        check("", false);
        check("a\nb", false);
    }

    #[test]
    fn the_persons_options_come_first() {
        let folder = tempfile::tempdir().unwrap();
        let route = |options: &[&str]| {
            let options = options.iter().map(|option| (*option).to_owned()).collect();
            SshHost::new("h".to_owned(), None, options).unwrap().route(folder.path())
        };
        let arguments = route(&["ControlPersist=no"]).arguments(false, "true".to_owned());
        assert_eq!(arguments.first_chunk(), Some(&["-o".to_owned(), "ControlPersist=no".to_owned()]));
        assert!(arguments.iter().any(|argument| argument.starts_with("ControlPath=\"")));
        assert_eq!(arguments.last_chunk(), Some(&["h".to_owned(), "--".to_owned(), "true".to_owned()]));
        assert!(route(&["ControlPath=none"]).shared.is_none());
    }

    #[test]
    fn a_connection_is_shared_by_calls_that_agree_on_everything() {
        let folder = tempfile::tempdir().unwrap();
        let (config, key) = (folder.path().join("config"), folder.path().join("key"));
        let write = |path: &Path, text: &str| fs::write(path, text).unwrap();
        let socket = |name: &str, config: Option<&Path>, options: &[&str]| {
            let options = options.iter().map(|option| (*option).to_owned()).collect();
            let host = SshHost::new(name.to_owned(), config.map(Path::to_owned), options).unwrap();
            host.route(folder.path()).shared.unwrap().options()
        };
        write(&config, &format!("Host box\n  IdentityFile {}\n", key.display()));
        write(&key, "one");
        let identity = format!("IdentityFile={}", key.display());
        let all = || {
            [
                socket("box", Some(&config), &[]),
                socket("box", None, &[]),
                socket("u@box", Some(&config), &[]),
                socket("box", Some(&config), &[&identity]),
                socket("box", Some(&config), &["IdentityFile=/no/such"]),
                socket("box", Some(&config), &["Port=23"]),
            ]
        };
        let before = all();
        for (index, one) in before.iter().enumerate() {
            assert!(!before.iter().skip(index + 1).any(|other| other == one), "{index}");
        }
        assert_eq!(before, all());
        // A key that was replaced, and a configuration that was changed.
        write(&key, "another");
        assert_ne!(before[0], all()[0]);
        let before = all();
        write(&config, "Host box\n  HostName elsewhere\n");
        assert_ne!(before[0], all()[0]);
        assert_eq!(before[1], all()[1]);
    }
}
