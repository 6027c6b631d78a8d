//! Which deployment a run of Terraform works on: where its state is kept, and in which workspace.
//!
//! Every machine that works on a deployment says the same of it, and no two deployments do: the marks of the objects that are
//! made tell by it whose they are. Of a state that is kept elsewhere it is where that is; of one in the working directory it is
//! this machine and that directory. Where that cannot be told for sure it has no name by itself: the journal's folder gives it one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

/// Hexadecimal digits of a deployment's name: 48 bits tell those of one account apart.
const DIGITS: usize = 12;

/// A deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deployment {
    /// A digest of what it is: nothing can be read from it. `None` where two deployments may look the same.
    pub(crate) name: Option<String>,
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

/// What says where a backend's state is, in the whole world.
struct Place {
    kind: &'static str,
    /// Attributes without which that is not told, with the variables that stand for them.
    whole: &'static [(&'static str, &'static str)],
    /// What tells more, if it is set.
    further: &'static [(&'static str, &'static str)],
}

const fn place(
    kind: &'static str,
    whole: &'static [(&'static str, &'static str)],
    further: &'static [(&'static str, &'static str)],
) -> Place {
    Place { kind, whole, further }
}

/// Of other backends (a database, a cluster, a Consul agent) the configuration names what is near, and not which one it is.
/// <https://developer.hashicorp.com/terraform/language/backend>
const PLACES: &[Place] = &[
    place("s3", &[("bucket", ""), ("key", "")], &[("workspace_key_prefix", "")]),
    place("http", &[("address", "TF_HTTP_ADDRESS")], &[]),
    place("gcs", &[("bucket", "")], &[("prefix", "")]),
    place("azurerm", &[("storage_account_name", ""), ("container_name", ""), ("key", "")], &[]),
    place("remote", &[("organization", "")], &[("hostname", ""), ("workspaces", "")]),
    place(
        "cloud",
        &[("organization", "TF_CLOUD_ORGANIZATION")],
        &[("hostname", "TF_CLOUD_HOSTNAME"), ("workspaces", "")],
    ),
    place("oss", &[("bucket", "")], &[("prefix", ""), ("key", "")]),
    place("cos", &[("bucket", "")], &[("prefix", ""), ("key", "")]),
    place("oci", &[("bucket", ""), ("namespace", "")], &[("key", "")]),
];

impl Deployment {
    /// The deployment of a working directory. `state` is what the arguments of Terraform name; `variable` reads the environment.
    pub(crate) fn read(
        data: &Path,
        workspace: &str,
        state: Option<PathBuf>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Self {
        // HCP Terraform runs Terraform on a machine of its own, with a state that it puts there for the run.
        if let Some(slug) = variable("TFC_WORKSPACE_SLUG") {
            return Self { name: Some(digest(&["cloud", &slug])), state: None };
        }
        let initialized: Initialized = fs::read(data.join("terraform.tfstate"))
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default();
        match initialized.backend.filter(|backend| backend.kind != "local") {
            Some(backend) => Self { name: elsewhere(&backend, workspace, variable), state: None },
            None => {
                let state = state.unwrap_or_else(|| match workspace {
                    "default" => "terraform.tfstate".into(),
                    named => Path::new("terraform.tfstate.d").join(named).join("terraform.tfstate"),
                });
                let machine = fs::read_to_string("/etc/machine-id").unwrap_or_default();
                Self { name: here(machine.trim(), &state), state: Some(state) }
            }
        }
    }

    /// Its name; where it has none by itself, one within `own`, which the working directory is called.
    pub(crate) fn name_within(&self, own: impl FnOnce() -> String, workspace: &str) -> String {
        self.name.clone().unwrap_or_else(|| {
            let state = self.state.as_deref().unwrap_or(Path::new("")).to_string_lossy();
            digest(&["own", &own(), workspace, &state])
        })
    }
}

/// The name by which every machine calls a state that is not here.
fn elsewhere(backend: &Backend, workspace: &str, variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let place = PLACES.iter().find(|place| place.kind == backend.kind)?;
    let value = |(attribute, name): &(&'static str, &str)| {
        let configured = backend.config.get(attribute).filter(|value| !matches!(value, Json::Null) && *value != "");
        let value = configured.cloned().or_else(|| variable(name).map(Json::from))?;
        Some((*attribute, value))
    };
    let mut said = place.whole.iter().map(value).collect::<Option<BTreeMap<_, _>>>()?;
    said.extend(place.further.iter().filter_map(value));
    let said = serde_json::to_string(&said).ok()?;
    Some(digest(&[&backend.kind, &said, workspace]))
}

/// The name of a state in a file. Containers may have neither a machine's id nor a name or a path of their own.
fn here(machine: &str, state: &Path) -> Option<String> {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let path = std::env::current_dir().ok()?.join(state);
    (!machine.is_empty()).then(|| digest(&["local", machine, host.trim(), &path.to_string_lossy()]))
}

/// A name that no other deployment has, and no machine finds again.
pub(crate) fn random() -> String {
    digest(&[&uuid::Uuid::new_v4().to_string()])
}

/// Whether a text is a deployment's name.
pub(crate) fn is_name(text: &str) -> bool {
    text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
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

    fn of(backend: &str, workspace: &str, variables: &[(&str, &str)]) -> Deployment {
        let data = tempfile::tempdir().unwrap();
        fs::write(data.path().join("terraform.tfstate"), format!(r#"{{"version": 3, "backend": {backend}}}"#)).unwrap();
        let variable =
            |name: &str| variables.iter().find(|(one, _)| *one == name).map(|(_, value)| (*value).to_owned());
        Deployment::read(data.path(), workspace, None, variable)
    }

    #[test]
    fn a_state_elsewhere_is_the_same_deployment_on_every_machine() {
        let s3 = |config: &str| of(&format!(r#"{{"type": "s3", "config": {{{config}}}, "hash": 1}}"#), "default", &[]);
        let one = s3(r#""bucket": "b", "key": "k", "profile": null"#);
        assert_eq!(one.state, None);
        assert!(is_name(one.name.as_deref().unwrap()));
        assert_eq!(one, s3(r#""bucket": "b", "key": "k", "profile": "ci", "secret_key": "s", "use_lockfile": true"#));
        assert_ne!(one, s3(r#""bucket": "b", "key": "other""#));
        let http = |address: &str, workspace: &str| {
            of(&format!(r#"{{"type": "http", "config": {{"address": "{address}", "password": "p"}}}}"#), workspace, &[])
        };
        assert_ne!(http("https://a", "default"), http("https://b", "default"));
        assert_ne!(http("https://a", "default"), http("https://a", "other"));
    }

    #[test]
    fn what_the_environment_says_of_a_backend_counts_as_what_stands_in_it() {
        let http = r#"{"type": "http", "config": {"address": null}}"#;
        let at = |address| of(http, "default", &[("TF_HTTP_ADDRESS", address)]);
        assert_eq!(at("https://a"), of(r#"{"type": "http", "config": {"address": "https://a"}}"#, "default", &[]));
        assert_ne!(at("https://a"), at("https://b"));
        let cloud = r#"{"type": "cloud", "config": {"workspaces": {"name": "w"}}}"#;
        let of_organization = |name| of(cloud, "default", &[("TF_CLOUD_ORGANIZATION", name)]);
        assert_ne!(of_organization("a"), of_organization("b"));
        assert!(of_organization("a").name.is_some());
        let slug = of(http, "default", &[("TFC_WORKSPACE_SLUG", "organization/workspace")]);
        assert!(slug.name.is_some() && slug.state.is_none());
    }

    #[test]
    fn where_two_deployments_may_look_the_same_there_is_no_name() {
        for backend in [
            r#"{"type": "http", "config": {"address": null}}"#,
            r#"{"type": "http"}"#,
            r#"{"type": "s3", "config": {"bucket": "b", "key": ""}}"#,
            r#"{"type": "pg", "config": {"schema_name": null}}"#,
            r#"{"type": "consul", "config": {"address": "localhost:8500", "path": "p"}}"#,
            r#"{"type": "kubernetes", "config": {"secret_suffix": "s"}}"#,
            r#"{"type": "of_next_year", "config": {"bucket": "b"}}"#,
        ] {
            assert_eq!(of(backend, "default", &[]), Deployment { name: None, state: None }, "{backend}");
        }
        assert_eq!(here("", Path::new("terraform.tfstate")), None);
        let none = Deployment { name: None, state: Some("a".into()) };
        let name =
            |deployment: &Deployment, own: &str, workspace: &str| deployment.name_within(|| own.to_owned(), workspace);
        assert!(is_name(&name(&none, "o", "w")));
        let elsewhere = Deployment { state: None, ..none.clone() };
        for (deployment, own, workspace) in [(&none, "p", "w"), (&none, "o", "v"), (&elsewhere, "o", "w")] {
            assert_ne!(name(deployment, own, workspace), name(&none, "o", "w"));
        }
    }

    #[test]
    fn a_state_here_is_told_by_its_path() {
        let none = |workspace, state| Deployment::read(Path::new("/nonexistent"), workspace, state, |_| None);
        assert_eq!(of(r#"{"type": "local", "config": {"path": null}}"#, "default", &[]), none("default", None));
        assert_eq!(none("default", None).state.as_deref(), Some(Path::new("terraform.tfstate")));
        assert_eq!(none("blue", None).state.as_deref(), Some(Path::new("terraform.tfstate.d/blue/terraform.tfstate")));
        let given = Some(PathBuf::from("other.tfstate"));
        assert_eq!(none("default", given.clone()).state, given);
        assert_ne!(here("m", Path::new("a")), here("m", Path::new("b")));
        assert_ne!(here("m", Path::new("a")), here("n", Path::new("a")));
    }
}
