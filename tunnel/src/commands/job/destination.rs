//! Where jobs run: a destination of ssh, or an endpoint. Either becomes what ssh is told.

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
use crate::ssh;

/// How long the connection that the commands share stays when none uses it.
const PERSIST: &str = "60";

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
                let mut arguments = ssh::with_options(&ready.options);
                arguments.push(ready.endpoint.host_key_alias());
                Ok(Some(Route { arguments, token: ready.token, name: ready.endpoint.name }))
            }
        }
    }

    async fn copies(&self) -> Result<Option<Copies>> {
        let Self::Endpoint(selection, _) = self else { return Ok(None) };
        let selected = selection.find(EndpointUse::Look).await?;
        Ok(Some(Copies { client: selected.client()?, endpoint_folder: selected.endpoint.server_directory() }))
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
        Ok(Self { name, config, options })
    }

    fn route(&self, home: &Path) -> Route {
        let mut arguments = Vec::new();
        if let Some(config) = &self.config {
            arguments.extend(["-F".to_owned(), config.display().to_string()]);
        }
        // The person's come first: the first counts.
        let mut options = self.options.clone();
        options.extend(fixed_options(std::io::stderr().is_terminal()));
        options.extend(shared_connection(home));
        arguments.extend(ssh::with_options(&options));
        arguments.push(self.name.clone());
        Route { arguments, token: Secret::new(String::new()), name: self.name.clone() }
    }
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

/// One connection for all commands to a host within a minute. A socket's path has at most 107 bytes, and ssh adds a word of 17 to
/// it while it makes one: where there is no room, each command has a connection of its own.
fn shared_connection(home: &Path) -> Vec<String> {
    let folder = home.join("mux");
    let fits = folder.as_os_str().len() + 1 + 40 + 17 < 107;
    if !fits || crate::keys::create_home(&folder).is_err() {
        return Vec::new();
    }
    let path = folder.display().to_string().replace('%', "%%");
    vec!["ControlMaster=auto".to_owned(), format!("ControlPath=\"{path}/%C\""), format!("ControlPersist={PERSIST}")]
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
    fn the_persons_options_come_first_and_a_deep_home_shares_no_connection() {
        let folder = tempfile::tempdir().unwrap();
        let host = SshHost::new("h".to_owned(), None, vec!["ControlPersist=no".to_owned()]).unwrap();
        let arguments = host.route(folder.path()).arguments;
        assert_eq!(arguments.first_chunk(), Some(&["-o".to_owned(), "ControlPersist=no".to_owned()]));
        assert!(arguments.iter().any(|argument| argument.starts_with("ControlPath=")));
        assert_eq!(arguments.last().map(String::as_str), Some("h"));
        let deep = folder.path().join("d".repeat(80));
        assert!(!host.route(&deep).arguments.iter().any(|argument| argument.starts_with("ControlPath=")));
    }
}
