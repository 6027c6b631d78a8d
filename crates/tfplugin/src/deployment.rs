//! Which deployment a run of Terraform works on: where its state is kept, and in which workspace.
//!
//! Every machine that works on a deployment says the same of it, and no two deployments do: the marks of the objects that are
//! made tell by it whose they are. Of a state that is kept elsewhere it is where that is; of one in the working directory it is
//! this machine and that directory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde::Deserialize;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

/// Hexadecimal digits of a deployment's name: 48 bits tell those of one account apart.
const DIGITS: usize = 12;

/// A deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deployment {
    /// A digest of what it is. Nothing can be read from it.
    pub(crate) name: String,
    /// Where its state is, if that is a file of this machine.
    pub(crate) state: Option<PathBuf>,
}

/// What Terraform writes to its data folder of the backend that `terraform init` has set up.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Initialized {
    backend: Option<Backend>,
}

#[derive(Debug, Deserialize)]
struct Backend {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    config: Json,
}

/// The attributes of Terraform's backends that say where a state is; of one that is not here, all but those that say how it is
/// reached. <https://developer.hashicorp.com/terraform/language/backend>
const PLACES: &[(&str, &[&str])] = &[
    ("s3", &["bucket", "key", "workspace_key_prefix"]),
    ("http", &["address"]),
    ("gcs", &["bucket", "prefix"]),
    ("azurerm", &["storage_account_name", "container_name", "key"]),
    ("remote", &["hostname", "organization", "workspaces"]),
    ("cloud", &["hostname", "organization", "workspaces"]),
    ("consul", &["address", "path", "datacenter"]),
    ("kubernetes", &["host", "namespace", "secret_suffix"]),
    ("pg", &["schema_name"]),
    ("oss", &["bucket", "prefix", "key"]),
    ("cos", &["bucket", "prefix", "key"]),
    ("oci", &["bucket", "namespace", "key"]),
];

impl Deployment {
    /// The deployment of a working directory. `state` is what the arguments of Terraform name.
    pub(crate) fn read(data: &Path, workspace: &str, state: Option<PathBuf>) -> Self {
        // HCP Terraform runs Terraform on a machine of its own, with a state that it puts there for the run.
        if let Some(slug) = env::var("TFC_WORKSPACE_SLUG").ok().filter(|slug| !slug.is_empty()) {
            return Self { name: digest(&["cloud", &slug]), state: None };
        }
        let initialized: Initialized = fs::read(data.join("terraform.tfstate"))
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default();
        match initialized.backend.filter(|backend| backend.kind != "local") {
            Some(backend) => Self::elsewhere(&backend, workspace),
            None => Self::here(state, workspace),
        }
    }

    fn elsewhere(backend: &Backend, workspace: &str) -> Self {
        let none = serde_json::Map::new();
        let config = backend.config.as_object().unwrap_or(&none);
        let places = PLACES.iter().find(|(kind, _)| *kind == backend.kind).map(|(_, places)| *places);
        let says_where = |name: &str| places.is_none_or(|places| places.contains(&name));
        let place: BTreeMap<&str, &Json> = config
            .iter()
            .filter(|(name, value)| says_where(name) && !value.is_null())
            .map(|(k, v)| (&**k, v))
            .collect();
        let place = serde_json::to_string(&place).unwrap_or_default();
        Self { name: digest(&[&backend.kind, &place, workspace]), state: None }
    }

    fn here(state: Option<PathBuf>, workspace: &str) -> Self {
        let state = state.unwrap_or_else(|| match workspace {
            "default" => "terraform.tfstate".into(),
            named => Path::new("terraform.tfstate.d").join(named).join("terraform.tfstate"),
        });
        let folder = env::current_dir().unwrap_or_default();
        let machine = fs::read_to_string("/etc/machine-id").unwrap_or_default();
        let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let path = folder.join(&state);
        let name = digest(&["local", machine.trim(), host.trim(), &path.to_string_lossy()]);
        Self { name, state: Some(state) }
    }
}

fn digest(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(part.as_bytes());
    }
    let mut name = hex::encode(digest.finalize());
    name.truncate(DIGITS);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(backend: &str, workspace: &str) -> Deployment {
        let data = tempfile::tempdir().unwrap();
        fs::write(data.path().join("terraform.tfstate"), format!(r#"{{"version": 3, "backend": {backend}}}"#)).unwrap();
        Deployment::read(data.path(), workspace, None)
    }

    #[test]
    fn a_state_elsewhere_is_the_same_deployment_on_every_machine() {
        let s3 = |config: &str| of(&format!(r#"{{"type": "s3", "config": {{{config}}}, "hash": 1}}"#), "default");
        let one = s3(r#""bucket": "b", "key": "k", "profile": null"#);
        assert_eq!(one.state, None);
        assert_eq!(one.name.len(), DIGITS);
        assert_eq!(one, s3(r#""bucket": "b", "key": "k", "profile": "ci", "secret_key": "s", "use_lockfile": true"#));
        assert_ne!(one, s3(r#""bucket": "b", "key": "other""#));
        let http = |address: &str, workspace: &str| {
            of(&format!(r#"{{"type": "http", "config": {{"address": "{address}", "password": "p"}}}}"#), workspace)
        };
        assert_ne!(http("https://a", "default"), http("https://b", "default"));
        assert_ne!(http("https://a", "default"), http("https://a", "other"));
    }

    #[test]
    fn a_state_here_is_told_by_its_path() {
        let local = of(r#"{"type": "local", "config": {"path": null}}"#, "default");
        let none = Deployment::read(Path::new("/nonexistent"), "default", None);
        assert_eq!(local, none);
        assert_eq!(none.state.as_deref(), Some(Path::new("terraform.tfstate")));
        let named = Deployment::read(Path::new("/nonexistent"), "blue", None);
        assert_eq!(named.state.as_deref(), Some(Path::new("terraform.tfstate.d/blue/terraform.tfstate")));
        assert_ne!(named.name, none.name);
        let given = Deployment::read(Path::new("/nonexistent"), "default", Some("other.tfstate".into()));
        assert_ne!(given.name, none.name);
    }
}
