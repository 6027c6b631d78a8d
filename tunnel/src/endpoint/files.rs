//! What ssh and the proxy read about an endpoint: files in the tunnel's folder, for their owner alone.

use std::path::{Path, PathBuf};

use ssh_endpoint::SshEndpoint;

use crate::error::{Context, Error, Result};
use crate::{keys, known_hosts};

/// The files of one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The endpoint, as JSON: what `tunnel proxy` reads.
    pub endpoint: PathBuf,
    /// The endpoint's host key: the only one that ssh accepts.
    pub known_hosts: PathBuf,
}

impl Files {
    /// Writes them, where they are not as they should be.
    ///
    /// # Errors
    /// When the folder cannot be written, or the endpoint's host key is none.
    pub fn write(home: &Path, endpoint: &SshEndpoint) -> Result<Self> {
        keys::create_home(home)?;
        let known_hosts = known_hosts::text(endpoint)?;
        let files = Self { endpoint: Self::endpoint(home, endpoint), known_hosts: Self::known_hosts(home, endpoint) };
        keys::write_atomically(&files.known_hosts, known_hosts.as_bytes(), 0o600)?;
        let text = serde_json::to_vec_pretty(endpoint).context(|| "cannot write the endpoint".to_owned())?;
        keys::write_atomically(&files.endpoint, &text, 0o600)?;
        Ok(files)
    }

    /// The file with the endpoint, whether it is there or not.
    pub fn endpoint(home: &Path, endpoint: &SshEndpoint) -> PathBuf {
        home.join(format!("{}.json", endpoint.host_key_alias()))
    }

    /// The file with the endpoint's host key, whether it is there or not.
    pub fn known_hosts(home: &Path, endpoint: &SshEndpoint) -> PathBuf {
        home.join(format!("{}.known_hosts", endpoint.host_key_alias()))
    }

    /// The proxy's command line, as arguments. The server is found or started at each connection, with this profile's credentials.
    ///
    /// # Errors
    /// When this program does not know where it is, or a name cannot stand in ssh's configuration.
    pub fn proxy(&self, profile: Option<&str>) -> Result<Vec<String>> {
        let program = std::env::current_exe().context(|| "this program's own path is not known".to_owned())?;
        let fits = |text: &str| !text.contains(['\n', '\r', '"']);
        let text = |path: &Path| {
            let text = path.to_str().filter(|text| fits(text));
            text.map(str::to_owned).ok_or_else(|| {
                Error::new(format!("{} cannot stand in ssh's configuration", path.display()))
                    .way_out("Set DATABRICKS_TUNNEL_HOME to a folder without quotes and line ends in its name.")
            })
        };
        let mut words = vec![text(&program)?, "proxy".to_owned(), format!("--endpoint-file={}", text(&self.endpoint)?)];
        if let Some(profile) = profile {
            if !fits(profile) {
                return Err(Error::new(format!("the profile {profile:?} cannot stand in ssh's configuration")));
            }
            words.push(format!("--profile={profile}"));
        }
        Ok(words)
    }
}
