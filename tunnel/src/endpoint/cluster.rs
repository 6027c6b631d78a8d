//! What a cluster must be to serve SSH. It is looked at before minutes are spent on starting it.

use databricks::Client;
use databricks::api::clusters::{self, Cluster, NodeType};

use crate::error::{Error, Result};
use crate::workspace::explain;

/// The oldest runtime that serves: the official tool's rule.
const LEAST_RUNTIME: u32 = 17;

/// Checks access mode, runtime, and whether the cluster is this identity's.
///
/// # Errors
/// When it cannot serve: what to change. And when the workspace does not say who this is.
pub async fn check(client: &Client, cluster: &Cluster) -> Result<()> {
    let attributes = &cluster.attributes;
    check_access_mode(&attributes.data_security_mode)?;
    check_runtime(&attributes.spark_version)?;
    let owner = &attributes.single_user_name;
    if is_one_identity(owner) {
        let me = client.me().await.map_err(|error| explain(error, "cannot sign in"))?;
        check_owner(owner, &me.user_name)?;
    }
    Ok(())
}

/// Only in these modes do the run's processes stand beside the driver, as root, with its network: the official tool's rule, and
/// `LEGACY_SINGLE_USER`, which works as well.
fn check_access_mode(mode: &str) -> Result<()> {
    let name = match mode {
        ""
        | "SINGLE_USER"
        | "DATA_SECURITY_MODE_DEDICATED"
        | "DATA_SECURITY_MODE_AUTO"
        | "LEGACY_SINGLE_USER"
        | "LEGACY_SINGLE_USER_STANDARD" => return Ok(()),
        "USER_ISOLATION" | "DATA_SECURITY_MODE_STANDARD" => "Standard",
        "NONE" => "No isolation shared",
        other => other,
    };
    Err(Error::new(format!("the cluster's access mode is {name}, and SSH needs Dedicated"))
        .way_out("Set data_security_mode = \"SINGLE_USER\" in the cluster's configuration, then apply."))
}

/// What is no version (`custom:…`) is let through.
fn check_runtime(version: &str) -> Result<()> {
    let major = version.split('.').next().and_then(|text| text.parse::<u32>().ok());
    if major.is_some_and(|major| major < LEAST_RUNTIME) {
        return Err(Error::new(format!(
            "the cluster's runtime is {version}, and SSH needs {LEAST_RUNTIME}.0 or newer"
        ))
        .way_out("Choose a newer Databricks Runtime in the cluster's configuration."));
    }
    Ok(())
}

/// Whether a name is that of a user or a service principal. A group's members cannot all be known here, so the workspace decides
/// about them.
fn is_one_identity(name: &str) -> bool {
    name.contains('@') || uuid::Uuid::try_parse(name).is_ok()
}

fn check_owner(owner: &str, me: &str) -> Result<()> {
    if owner.eq_ignore_ascii_case(me) {
        return Ok(());
    }
    Err(Error::new(format!("the cluster is dedicated to {owner}, and you are {me}")).way_out(
        "Sign in as its user, set single_user_name in its configuration to you or to a group of yours, or take another cluster.",
    ))
}

/// A kind of processor, as Rust calls it: `x86_64`, `aarch64`.
pub type Processor = &'static str;

/// The processors of the cluster's driver; `None` where the workspace does not know its instance type.
///
/// # Errors
/// When the workspace cannot be asked.
pub async fn processor(client: &Client, cluster: &Cluster) -> Result<Option<Processor>> {
    let types = clusters::node_types(client).await;
    let types = types.map_err(|error| explain(error, "cannot ask for the cluster's processors"))?;
    Ok(processor_of(&types, cluster))
}

fn processor_of(types: &[NodeType], cluster: &Cluster) -> Option<Processor> {
    let of_driver = &cluster.attributes.driver_node_type_id;
    let id = if of_driver.is_empty() { &cluster.attributes.node_type_id } else { of_driver };
    let found = types.iter().find(|one| one.node_type_id == *id)?;
    Some(if found.is_graviton.unwrap_or(false) { "aarch64" } else { "x86_64" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_dedicated_clusters_serve() {
        let check = |mode: &str, expected: Option<&str>| {
            let error = check_access_mode(mode).err().map(|error| error.to_string());
            match expected {
                None => assert_eq!(error, None, "{mode}"),
                Some(words) => assert!(error.as_ref().is_some_and(|text| text.contains(words)), "{mode} {error:?}"),
            }
        };
        check("SINGLE_USER", None);
        check("DATA_SECURITY_MODE_DEDICATED", None);
        check("LEGACY_SINGLE_USER", None);
        check("USER_ISOLATION", Some("is Standard"));
        check("NONE", Some("No isolation"));
        check("SOMETHING_NEW", Some("SOMETHING_NEW"));
    }

    #[test]
    fn runtimes_before_17_do_not_serve() {
        let check = |version: &str, expected: bool| assert_eq!(check_runtime(version).is_ok(), expected, "{version}");
        check("17.3.x-scala2.13", true);
        check("18.0.x", true);
        check("16.4.x-scala2.12", false);
        check("custom:release", true);
        check("", true);
    }

    #[test]
    fn a_cluster_of_another_identity_is_refused_and_a_groups_is_not() {
        let check = |owner: &str, me: &str, expected: bool| {
            assert_eq!(!is_one_identity(owner) || check_owner(owner, me).is_ok(), expected, "{owner} {me}");
        };
        check("ada@example.com", "Ada@Example.com", true);
        check("ada@example.com", "grace@example.com", false);
        check("7d0f2a9e-0000-4000-8000-000000000001", "7d0f2a9e-0000-4000-8000-000000000001", true);
        check("7d0f2a9e-0000-4000-8000-000000000001", "ada@example.com", false);
        check("engineers", "ada@example.com", true);
        check("", "ada@example.com", true);
    }

    #[test]
    fn the_drivers_processors_are_those_of_its_instance_type() {
        let types: Vec<NodeType> = serde_json::from_value(serde_json::json!([
            {"node_type_id": "m6gd.large", "is_graviton": true}, {"node_type_id": "m5d.large", "is_graviton": false},
            {"node_type_id": "old"},
        ]))
        .unwrap();
        let check = |driver: &str, workers: &str, expected: Option<&str>| {
            let mut cluster = Cluster::default();
            cluster.attributes.driver_node_type_id = driver.to_owned();
            cluster.attributes.node_type_id = workers.to_owned();
            assert_eq!(processor_of(&types, &cluster), expected, "{driver} {workers}");
        };
        check("", "m6gd.large", Some("aarch64"));
        check("m5d.large", "m6gd.large", Some("x86_64"));
        check("", "old", Some("x86_64"));
        check("", "unheard.of", None);
    }
}
