//! databricks_ssh_endpoint: what makes a cluster reachable over SSH, and what clients need to reach and to trust it.
//! The layout in the workspace, and the exported type, are [`ssh_endpoint`]'s.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ssh_endpoint::access::Access;
use ssh_endpoint::official;
use ssh_endpoint::publish::EndpointConfig;
use ssh_endpoint::{self as layout, SshEndpoint as Endpoint};
use ssh_key::PublicKey;
use tfplugin::{
    Attr, COMPUTED, Call, Diagnostic, Error, Failed, ID, Marked, Marker, OPTIONAL, OPTIONAL_COMPUTED, Planning,
    REQUIRED, Resource, Result, Set,
};

use super::driver_user::driver_user;
use super::endpoint_access;
use super::endpoint_cluster;
use super::endpoint_program;
use super::endpoint_schema;
use super::serverless_compute::ServerlessCompute;
use super::ssh_publish as publish;
use super::tunnel_binary::Places;
use crate::clients::Workspace;

/// An SSH endpoint on a cluster or on serverless compute: the program that serves SSH on the driver, the server's host key, and the public keys of
/// those who may log in. `tunnel connect` reads the attribute `endpoint` from an output and opens a shell.
///
/// The cluster must be dedicated (`data_security_mode` `SINGLE_USER`) and run Databricks Runtime 17.0 or newer; an apply checks that before
/// it makes anything. The provider uploads the program for its driver's processors, and the plan refuses one that is named and is for
/// others. Where the cluster got other processors, the next apply uploads the other program. The server's
/// private key is made in, and never leaves, a secret scope of the workspace; nothing secret stands in the state.
///
/// The identity that applies may connect, and so may `users` and `groups`, as far as the cluster serves them: one that is dedicated to a
/// user serves that user alone, one that is dedicated to a group (`single_user_name`) the members of that group. The server runs as who
/// started it, and so each of them can read its host key; they are one user of the driver as well. What others gave a user is left
/// alone, what was given here is taken back by removing the name, and what is missing is given again by the next apply.
///
/// With `compatible_with`, `databricks ssh connect --cluster <id>` of that version (on serverless compute
/// `databricks ssh connect --name <name>`), signed in as the identity that applies, finds what it looks for: its secret scope with
/// this endpoint's host key, and this endpoint's program in place of the one that it would upload. Whoever starts the server, the
/// official tool or `tunnel`, both use the same one. The official tool logs in with the key that it makes itself and keeps in its
/// scope. A cluster has one such endpoint per identity; a scope that the official tool made before must be deleted first. Processes
/// that sessions leave behind end with the server, also with `--keep-detached-processes`.
///
/// This is tested with a client and a notebook that were written from a description of the official tool, against a control plane
/// on one machine. It was not tested with the official tool itself, nor in a workspace in the cloud.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct SshEndpoint {
    /// Name of the endpoint.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Name, unique in the workspace: 1 to 63 letters, digits, `-` and `_`.
    #[schemars(regex(pattern = "^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$"), extend("x-tf" = REQUIRED.replaces()))]
    pub name: Attr<String>,
    /// Cluster whose driver serves SSH. Either it or `serverless` is set.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub cluster_id: Attr<String>,
    /// Serverless compute that serves SSH, in place of a cluster: `{}` for what the platform chooses.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub serverless: Attr<ServerlessCompute>,
    /// Public keys that may log in, each an OpenSSH line, beside those that clients register themselves.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub client_public_keys: Attr<Set<String>>,
    /// Users who may connect, beside the identity that applies: mail addresses, and application ids of service principals. They are
    /// given what it takes: to read the endpoint's secret scope, to register their keys, to run what is in its folder, and to start
    /// the cluster and attach to it.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub users: Attr<Set<String>>,
    /// Groups whose members may connect, by their names. A cluster that is dedicated to a group serves that group.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub groups: Attr<Set<String>>,
    /// User of the driver that clients log in as: the one that the driver's programs run as where it is not set.
    #[schemars(regex(pattern = "^[A-Za-z_][A-Za-z0-9_.-]*$"), extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub remote_user: Attr<String>,
    /// Connections that the server serves at a time.
    #[schemars(range(min = 1, max = 1000), extend("x-tf" = OPTIONAL.default("10")))]
    pub max_clients: Attr<i64>,
    /// Seconds without a connection after which the server ends.
    #[schemars(range(min = 0), extend("x-tf" = OPTIONAL.default("600")))]
    pub shutdown_delay_seconds: Attr<i64>,
    /// Whether connecting starts the cluster when it is stopped.
    #[schemars(extend("x-tf" = OPTIONAL.default("true")))]
    pub auto_start: Attr<bool>,
    /// Version of the official command line tool that finds the endpoint as well, as `databricks-cli/1.14.0`. It is for those
    /// who sign in as the identity that applies.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub compatible_with: Attr<String>,
    /// Any text. A change of it gives the endpoint a new host key, in place: clients trust it once they have the new outputs, and
    /// the running server uses it from the next login on.
    #[schemars(extend("x-tf" = OPTIONAL.unsent()))]
    pub rotate_host_key: Attr<String>,
    /// File of the program `tunnel`, for the driver's processors. Where it is not set: the environment variable `TUNNEL_BINARY`, then
    /// `tunnel-x86_64` or `tunnel-aarch64` beside the provider or on the PATH, whichever the driver can run, then a `tunnel` there that it
    /// can run.
    #[schemars(extend("x-tf" = OPTIONAL.unsent()))]
    pub tunnel_binary: Attr<String>,
    /// SHA-256 of the program that is in the workspace. A new version of it is uploaded by the next apply.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub binary_sha256: Attr<String>,
    /// Processors of the driver, which the program is for: `x86_64` or `aarch64`. Null where the workspace does not say, as of serverless
    /// compute: then the program is the one for the machine that applies.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub driver_processor: Attr<String>,
    /// The server's host key, a line in OpenSSH's format.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub server_host_key: Attr<String>,
    /// Secret scope with the server's host key and the public keys that the configuration lists.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub secret_scope: Attr<String>,
    /// What clients need to connect and to trust: the value of an output. It holds no secret.
    #[schemars(schema_with = "endpoint_schema::exported", extend("x-tf" = COMPUTED.keeps_state()))]
    pub endpoint: Attr<Endpoint>,
}

/// The state of a published endpoint; `known` has what is not published.
fn state_of(known: SshEndpoint, published: publish::Published) -> SshEndpoint {
    // A host key that is not the pinned one is not trusted because it is there: it is shown as missing, and made anew.
    let found = &published.endpoint.server_host_key;
    let is_trusted = known.server_host_key.known().is_none_or(|pinned| pinned == found);
    let key = Some(found.clone()).filter(|key| is_trusted && published.has_host_key(key));
    let endpoint = published.endpoint;
    SshEndpoint {
        id: endpoint.name.clone().into(),
        name: endpoint.name.clone().into(),
        cluster_id: Some(endpoint.cluster_id.clone()).filter(|id| !id.is_empty()).into(),
        serverless: endpoint.serverless.as_ref().map(ServerlessCompute::published).into(),
        client_public_keys: match (&known.client_public_keys, published.client_public_keys) {
            (Attr::Null | Attr::Unknown, keys) if keys.is_empty() => Attr::Null,
            (_, keys) => Set(keys).into(),
        },
        users: names(&known.users, published.access.users),
        groups: names(&known.groups, published.access.groups),
        remote_user: endpoint.remote_user.clone().into(),
        max_clients: i64::from(endpoint.max_clients).into(),
        shutdown_delay_seconds: i64::try_from(endpoint.shutdown_delay_seconds).unwrap_or(i64::MAX).into(),
        auto_start: endpoint.auto_start.into(),
        compatible_with: published.compatible_version.map(|version| format!("{}{version}", official::PRODUCT)).into(),
        rotate_host_key: known.rotate_host_key,
        tunnel_binary: known.tunnel_binary,
        driver_processor: known.driver_processor,
        binary_sha256: if published.has_binary { endpoint.binary_sha256.clone().into() } else { Attr::Null },
        server_host_key: key.into(),
        secret_scope: endpoint.secret_scope.clone().into(),
        endpoint: endpoint.into(),
    }
}

/// A list that nobody configured is null as long as it is empty.
fn names(known: &Attr<Set<String>>, names: BTreeSet<String>) -> Attr<Set<String>> {
    match known {
        Attr::Null | Attr::Unknown if names.is_empty() => Attr::Null,
        _ => Set(names.into_iter().collect()).into(),
    }
}

/// Whom a configuration or a plan gives the use of the endpoint, as far as it is known.
fn access_of(config: &SshEndpoint) -> Access {
    let names = |names: &Attr<Set<String>>| names.or_default().0.into_iter().collect();
    Access { users: names(&config.users), groups: names(&config.groups) }
}

/// What `plan` asks to publish.
fn wanted(cx: &Call<Workspace>, plan: &SshEndpoint) -> Result<EndpointConfig> {
    let remote_user = match plan.remote_user.known() {
        Some(user) => user.clone(),
        // Only the running server knows it.
        None if plan.serverless.is_known() => String::new(),
        None => driver_user(cx.client().host())?,
    };
    Ok(EndpointConfig {
        name: plan.name.text().to_owned(),
        cluster_id: plan.cluster_id.text().to_owned(),
        serverless: plan.serverless.known().map(ServerlessCompute::wanted).transpose()?,
        remote_user,
        client_public_keys: plan.client_public_keys.or_default().0,
        max_clients: u32::try_from(plan.max_clients.or_default())?,
        shutdown_delay_seconds: u64::try_from(plan.shutdown_delay_seconds.or_default())?,
        auto_start: plan.auto_start.is_true(),
        compatible_with: plan.compatible_with.known().cloned(),
    })
}

/// What is wrong with where SSH is served.
fn compute_problem(config: &SshEndpoint) -> Option<Error> {
    if config.cluster_id.is_unknown() || config.serverless.is_unknown() {
        return None;
    }
    let Some(serverless) = config.serverless.known() else {
        let error = Error::new("An SSH endpoint needs a cluster or serverless compute")
            .detail("Set cluster_id, or serverless = {} for serverless compute.");
        return config.cluster_id.is_null().then_some(error);
    };
    if config.cluster_id.is_known() {
        return Some(
            Error::new("An SSH endpoint is on a cluster or on serverless compute")
                .detail("Remove one of them.")
                .at("serverless"),
        );
    }
    let both = serverless.environment_version.is_known() && serverless.base_environment.is_known();
    both.then(|| {
        Error::new("A base environment has its own version")
            .detail("Remove environment_version or base_environment.")
            .at("serverless")
    })
}

/// Whether a host key is to be made anew. One that was imported, or that got or lost the attribute, keeps its key.
fn rotates(prior: &Attr<String>, planned: &Attr<String>) -> bool {
    !prior.is_null() && !planned.is_null() && prior != planned
}

/// The version of the official tool that the endpoint names.
fn announced_version(state: &SshEndpoint) -> Option<&str> {
    state.endpoint.known()?.official.as_ref().map(|official| official.version.as_str())
}

/// What is wrong with what is to find the endpoint too.
fn compatibility_problem(config: &SshEndpoint) -> Option<Error> {
    let error = official::version(config.compatible_with.known()?).err()?;
    Some(Error::new("There is no such version of the official tool").detail(error.to_string()).at("compatible_with"))
}

/// Whether the endpoint that clients are given changes from `prior` to `planned`.
fn changes_endpoint(prior: &SshEndpoint, planned: &SshEndpoint) -> bool {
    prior.cluster_id != planned.cluster_id
        || prior.serverless != planned.serverless
        || prior.remote_user != planned.remote_user
        || prior.max_clients != planned.max_clients
        || prior.shutdown_delay_seconds != planned.shutdown_delay_seconds
        || prior.auto_start != planned.auto_start
        || prior.compatible_with != planned.compatible_with
        // What an apply that broke off left.
        || announced_version(prior) != planned.compatible_with.known().and_then(|text| official::version(text).ok())
        || prior.binary_sha256 != planned.binary_sha256
        || prior.server_host_key != planned.server_host_key
        || !prior.endpoint.is_known()
}

impl Resource for SshEndpoint {
    const NAME: &'static str = "databricks_ssh_endpoint";
    const EXAMPLE: &'static str = r#"resource "databricks_service_principal" "training" {
  display_name = "training"
}

resource "databricks_cluster" "example" {
  cluster_name       = "ssh"
  spark_version      = "17.3.x-scala2.13"
  node_type_id       = "m5d.large"
  kind               = "CLASSIC_PREVIEW"
  is_single_node     = true
  data_security_mode = "SINGLE_USER"
  single_user_name   = databricks_service_principal.training.application_id
}

resource "databricks_ssh_endpoint" "example" {
  name               = "example"
  cluster_id         = databricks_cluster.example.id
  users              = [databricks_service_principal.training.application_id]
  client_public_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBxQm3nGkzhkSqmBPXlhPF1TiLmCqTvnGPpbdbVXUNnd ada@example.com"]
  max_clients        = 10
}

output "ssh_endpoint" {
  value = databricks_ssh_endpoint.example.endpoint
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> =
        Some(("max_clients        = 10", "max_clients        = 20"));
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> =
        Some(("name               = \"example\"", "name               = \"another\""));
    const IMPORT_ID: Option<&'static str> = Some("name");
    const NAMED: bool = true;

    type Client = Workspace;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let problems = compute_problem(config).into_iter().chain(compatibility_problem(config));
        let problems = problems.chain(endpoint_access::problem(&access_of(config), config.serverless.is_known()));
        let mut problems: Vec<Diagnostic> = problems.map(Diagnostic::from).collect();
        let keys = config.client_public_keys.or_default();
        let wrong = keys.iter().filter(|line| PublicKey::from_openssh(line.trim()).is_err());
        problems.extend(wrong.map(|line| {
            let start: String = line.chars().take(40).collect();
            Error::new(format!("{start:?} is no public key"))
                .detail("A public key is one line in OpenSSH's format: ssh-ed25519 AAAA… comment.")
                .at("client_public_keys")
                .into()
        }));
        problems
    }

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        let planned = &mut *planning.planned;
        endpoint_program::plan(&Places::here(), planning.prior, planned)?;
        if let Some(prior) = planning.prior {
            if prior.server_host_key.is_null() || rotates(&prior.rotate_host_key, &planned.rotate_host_key) {
                planned.server_host_key = Attr::Unknown;
            }
            // The user of the driver is another one on serverless compute.
            if planning.config.remote_user.is_null() && prior.serverless.is_null() != planned.serverless.is_null() {
                planned.remote_user = Attr::Unknown;
            }
            if changes_endpoint(prior, planned) {
                planned.endpoint = Attr::Unknown;
            }
        }
        Ok(())
    }

    async fn check_change(cx: &Call<Workspace>, planned: &Self) -> Result<Vec<Diagnostic>> {
        let Some(id) = planned.cluster_id.known() else { return Ok(Vec::new()) };
        let (warnings, driver) = endpoint_cluster::foresee(cx, id, &access_of(planned)).await;
        if driver.is_some() && !planned.tunnel_binary.is_unknown() {
            endpoint_program::chosen(&Places::here(), planned, driver.as_ref())?;
        }
        Ok(warnings)
    }

    async fn create(cx: &Call<Workspace>, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let wanted = wanted(cx, &plan)?;
        let access = access_of(&plan);
        let (binary, plan) = endpoint_program::examined(cx, plan, &access).await?;
        publish::claim(cx, &wanted.name).await?;
        // From here on there is something to destroy.
        let partial =
            Self { id: plan.name.clone(), secret_scope: layout::secret_scope(&wanted.name).into(), ..plan.clone() };
        let pinned = plan.server_host_key.known().map(String::as_str);
        match publish::publish(cx, &wanted, &access, pinned, &binary).await {
            Ok(published) => Ok(state_of(plan, published)),
            Err(error) => Err(Failed::with(error, partial)),
        }
    }

    async fn find(cx: &Call<Workspace>, plan: &Self, marker: &Marker) -> Result<Option<Self>> {
        let name = plan.name.text();
        let is_ours = publish::claimed_by(cx, name).await?.is_some_and(|mark| marker.is_on(&mark));
        if !is_ours {
            return Ok(None);
        }
        Ok(Some(match publish::inspect(cx, name).await? {
            Some(published) => endpoint_program::with_driver(cx, state_of(Self::default(), published)).await?,
            None => Self { id: plan.name.clone(), name: plan.name.clone(), ..Self::default() },
        }))
    }

    async fn marked(cx: &Call<Workspace>, plan: &Self) -> Result<Vec<Marked>> {
        let name = plan.name.text();
        let mark = publish::claimed_by(cx, name).await?;
        Ok(mark.map(|mark| Marked { mark, id: name.to_owned() }).into_iter().collect())
    }

    async fn read(cx: &Call<Workspace>, state: Self) -> Result<Option<Self>> {
        let name = state.id.text().to_owned();
        match publish::inspect(cx, &name).await? {
            Some(published) => Ok(Some(endpoint_program::with_driver(cx, state_of(state, published)).await?)),
            // A scope without a published endpoint is one that an apply did not finish, and the state knows it.
            None if state.name.is_known() && publish::claimed_by(cx, &name).await?.is_some() => {
                Ok(Some(Self { endpoint: Attr::Null, server_host_key: Attr::Null, binary_sha256: Attr::Null, ..state }))
            }
            None => Ok(None),
        }
    }

    async fn update(cx: &Call<Workspace>, state: Self, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let wanted = wanted(cx, &plan)?;
        let access = access_of(&plan);
        let (binary, plan) = endpoint_program::examined(cx, plan, &access).await?;
        let pinned = plan.server_host_key.known().map(String::as_str);
        match publish::publish(cx, &wanted, &access, pinned, &binary).await {
            Ok(published) => Ok(state_of(plan, published)),
            Err(error) => Err(Failed::with(error, state)),
        }
    }

    async fn delete(cx: &Call<Workspace>, state: Self) -> Result<()> {
        publish::withdraw(cx, state.id.text(), state.endpoint.known().cloned()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published() -> publish::Published {
        let endpoint = Endpoint {
            schema_version: 1,
            host: "https://dbc-1.cloud.databricks.com".into(),
            workspace_id: "1".into(),
            cluster_id: "c".into(),
            serverless: None,
            name: "example".into(),
            remote_user: "root".into(),
            server_host_key: "ssh-ed25519 AAAA".into(),
            secret_scope: "ssh-tunnel-example".into(),
            directory: "/Workspace/Users/ada/.databricks/ssh-tunnel/endpoints/example".into(),
            binary_path: "/Workspace/Users/ada/.databricks/ssh-tunnel/bin/00/tunnel".into(),
            binary_sha256: "00".into(),
            binary_processor: Some("x86_64".into()),
            max_clients: 10,
            shutdown_delay_seconds: 600,
            auto_start: true,
            official: None,
        };
        let host_key = Some(endpoint.server_host_key.clone());
        publish::Published {
            endpoint,
            host_key,
            client_public_keys: Vec::new(),
            has_binary: true,
            compatible_version: None,
            access: Access::default(),
        }
    }

    #[test]
    fn a_changed_host_key_is_not_trusted() {
        let known = SshEndpoint { server_host_key: "ssh-ed25519 AAAA".into(), ..SshEndpoint::default() };
        assert_eq!(state_of(known.clone(), published()).server_host_key, "ssh-ed25519 AAAA".into());
        let swapped = publish::Published { host_key: Some("ssh-ed25519 EVIL".into()), ..published() };
        assert_eq!(state_of(known.clone(), swapped).server_host_key, Attr::Null);
        let mut both = published();
        both.endpoint.server_host_key = "ssh-ed25519 EVIL".into();
        both.host_key = Some("ssh-ed25519 EVIL".into());
        assert_eq!(state_of(known, both).server_host_key, Attr::Null);
    }

    #[test]
    fn an_endpoint_is_on_exactly_one_kind_of_compute() {
        let check = |cluster_id: Attr<String>, serverless: Attr<ServerlessCompute>, expected: Option<&str>| {
            let config = SshEndpoint { cluster_id, serverless, ..SshEndpoint::default() };
            let found = compute_problem(&config).map(|error| error.to_string());
            match expected {
                None => assert_eq!(found, None),
                Some(words) => assert!(found.as_ref().is_some_and(|text| text.contains(words)), "{found:?}"),
            }
        };
        let any = || Attr::from(ServerlessCompute::default());
        let two = ServerlessCompute {
            environment_version: 5.into(),
            base_environment: "/b.yaml".into(),
            ..ServerlessCompute::default()
        };
        check("c".into(), Attr::Null, None);
        check(Attr::Null, any(), None);
        check(Attr::Unknown, Attr::Null, None);
        check(Attr::Null, Attr::Unknown, None);
        check(Attr::Null, Attr::Null, Some("needs a cluster"));
        check("c".into(), any(), Some("is on a cluster or on serverless"));
        check(Attr::Null, two.into(), Some("its own version"));
    }

    #[test]
    fn a_host_key_is_rotated_by_a_change_and_not_by_the_first_value() {
        let check = |prior: Attr<String>, planned: Attr<String>, expected: bool| {
            assert_eq!(rotates(&prior, &planned), expected, "{prior:?} {planned:?}");
        };
        check(Attr::Null, "1".into(), false);
        check("1".into(), "1".into(), false);
        check("1".into(), "2".into(), true);
        check("1".into(), Attr::Null, false);
        check("1".into(), Attr::Unknown, true);
    }

    #[test]
    fn a_missing_program_is_seen() {
        let gone = publish::Published { has_binary: false, ..published() };
        assert_eq!(state_of(SshEndpoint::default(), gone).binary_sha256, Attr::Null);
    }

    #[test]
    fn clients_get_another_endpoint_only_if_it_differs() {
        let prior = state_of(SshEndpoint::default(), published());
        let check = |planned: SshEndpoint, expected: bool| assert_eq!(changes_endpoint(&prior, &planned), expected);
        check(prior.clone(), false);
        check(SshEndpoint { client_public_keys: Set(vec!["x".into()]).into(), ..prior.clone() }, false);
        check(SshEndpoint { max_clients: 20.into(), ..prior.clone() }, true);
        check(SshEndpoint { binary_sha256: "01".into(), ..prior.clone() }, true);
        check(SshEndpoint { server_host_key: Attr::Unknown, ..prior.clone() }, true);
    }
}
