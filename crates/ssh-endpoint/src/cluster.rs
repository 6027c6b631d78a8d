//! What a cluster must be to serve SSH. Pure.

use databricks::api::clusters::ClusterAttributes;

use crate::access::{Access, is_application_id};

/// The oldest runtime that serves: the official tool's rule.
const LEAST_RUNTIME: u32 = 17;

/// Why a cluster cannot serve SSH.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// What is wrong with it.
    pub reason: String,
    /// What to do.
    pub way_out: &'static str,
}

/// Why this cluster cannot serve SSH; `None` if nothing is known against it.
pub fn unfit(cluster: &ClusterAttributes) -> Option<Unfit> {
    access_mode(&cluster.data_security_mode).or_else(|| runtime(&cluster.spark_version))
}

/// Only in these modes do the run's processes stand beside the driver, as root, with its network: the official tool's rule, and
/// `LEGACY_SINGLE_USER`, which works as well.
fn access_mode(mode: &str) -> Option<Unfit> {
    let name = match mode {
        ""
        | "SINGLE_USER"
        | "DATA_SECURITY_MODE_DEDICATED"
        | "DATA_SECURITY_MODE_AUTO"
        | "LEGACY_SINGLE_USER"
        | "LEGACY_SINGLE_USER_STANDARD" => return None,
        "USER_ISOLATION" | "DATA_SECURITY_MODE_STANDARD" => "Standard",
        "NONE" => "No isolation shared",
        other => other,
    };
    Some(Unfit {
        reason: format!("the cluster's access mode is {name}, and SSH needs Dedicated"),
        way_out: "Set data_security_mode = \"SINGLE_USER\" in the cluster's configuration, then apply.",
    })
}

/// What is no version (`custom:…`) is let through.
fn runtime(version: &str) -> Option<Unfit> {
    let major = version.split('.').next().and_then(|text| text.parse::<u32>().ok());
    major.filter(|major| *major < LEAST_RUNTIME).map(|_| Unfit {
        reason: format!("the cluster's runtime is {version}, and SSH needs {LEAST_RUNTIME}.0 or newer"),
        way_out: "Choose a newer Databricks Runtime in the cluster's configuration.",
    })
}

/// Why a cluster cannot serve one of those who are to use an endpoint on it: the list in which it stands, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unserved {
    /// `users` or `groups`.
    pub list: &'static str,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub way_out: String,
}

/// Why this cluster cannot serve them all; `None` if nothing is known against it. A dedicated cluster serves one user, or the members of
/// one group, with that group's rights.
pub fn unserved(cluster: &ClusterAttributes, access: &Access) -> Option<Unserved> {
    let of = cluster.single_user_name.as_str();
    let is_other = |name: &&String| !name.eq_ignore_ascii_case(of);
    let dedicated = format!("the cluster is dedicated to {of}");
    if of.is_empty() {
        return None;
    }
    if of.contains('@') || is_application_id(of) {
        let user = access.users.iter().find(is_other).map(|name| ("users", name));
        let (list, name) = user.or_else(|| access.groups.first().map(|name| ("groups", name)))?;
        return Some(Unserved {
            list,
            reason: format!("{dedicated}, and serves nobody else: {name} could not connect"),
            way_out: "Dedicate it to a group: set single_user_name in the cluster's configuration to the group's name, and groups to that \
                      group alone. Or make a cluster and an endpoint for each user."
                .to_owned(),
        });
    }
    let way_out = format!("Set groups = [\"{of}\"], and have those who are to connect added to that group.");
    if let Some(name) = access.groups.iter().find(is_other) {
        let reason = format!("{dedicated}, and serves its members alone: the group {name} is another one");
        return Some(Unserved { list: "groups", reason, way_out });
    }
    let name = access.users.first().filter(|_| access.groups.is_empty())?;
    let reason =
        format!("{dedicated}, with whose rights everything on it runs: what {name} alone is given is not enough");
    Some(Unserved { list: "users", reason, way_out })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_dedicated_clusters_with_a_new_runtime_serve() {
        let check = |mode: &str, version: &str, expected: Option<&str>| {
            let (data_security_mode, spark_version) = (mode.to_owned(), version.to_owned());
            let found = unfit(&ClusterAttributes { data_security_mode, spark_version, ..ClusterAttributes::default() });
            match (found, expected) {
                (None, None) => {}
                (Some(found), Some(words)) => assert!(found.reason.contains(words), "{mode} {version} {found:?}"),
                (found, _) => panic!("{mode} {version} {found:?}"),
            }
        };
        let new = "17.3.x-scala2.13";
        check("SINGLE_USER", new, None);
        check("DATA_SECURITY_MODE_DEDICATED", new, None);
        check("LEGACY_SINGLE_USER", new, None);
        check("USER_ISOLATION", new, Some("is Standard"));
        check("NONE", new, Some("No isolation"));
        check("SOMETHING_NEW", new, Some("SOMETHING_NEW"));
        for version in ["18.0.x", "custom:release", ""] {
            check("SINGLE_USER", version, None);
        }
        check("SINGLE_USER", "16.4.x-scala2.12", Some("16.4.x-scala2.12"));
    }

    #[test]
    fn a_dedicated_cluster_serves_its_user_or_its_group() {
        let check = |of: &str, users: &[&str], groups: &[&str], expected: Option<(&str, &str)>| {
            let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            let access = Access { users: set(users), groups: set(groups) };
            let cluster = ClusterAttributes { single_user_name: of.to_owned(), ..ClusterAttributes::default() };
            let found = unserved(&cluster, &access);
            match (&found, expected) {
                (None, None) => {}
                (Some(found), Some((list, words))) => {
                    assert!(found.list == list && found.reason.contains(words), "{of} {users:?} {groups:?} {found:?}");
                }
                _ => panic!("{of} {users:?} {groups:?} {found:?}"),
            }
        };
        let (ada, grace, app) = ("ada@example.com", "grace@example.com", "7d0f2a9e-0000-4000-8000-000000000001");
        check("", &[ada], &["engineers"], None);
        check(ada, &["Ada@Example.com"], &[], None);
        check(app, &[app], &[], None);
        check(ada, &[ada, grace], &[], Some(("users", "grace@example.com could not connect")));
        check(app, &[ada], &[], Some(("users", "ada@example.com could not connect")));
        check(ada, &[ada], &["engineers"], Some(("groups", "engineers could not connect")));
        check("engineers", &[], &["engineers"], None);
        check("engineers", &[ada], &["engineers"], None);
        check("engineers", &[ada], &[], Some(("users", "ada@example.com alone")));
        check("engineers", &[], &["engineers", "sales"], Some(("groups", "sales is another")));
    }
}
