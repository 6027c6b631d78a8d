//! What a cluster must be to serve SSH. It is looked at before minutes are spent on starting it.

use databricks::Client;
use databricks::api::clusters::Cluster;
use ssh_endpoint::cluster::{self as rules, Unfit};
use ssh_endpoint::driver;

use crate::error::{Error, Result};
use crate::workspace::explain;

/// Checks access mode, runtime, and whether the cluster is this identity's.
///
/// # Errors
/// When it cannot serve: what to change. And when the workspace does not say who this is.
pub async fn check(client: &Client, cluster: &Cluster) -> Result<()> {
    let attributes = &cluster.attributes;
    if let Some(Unfit { reason, way_out }) = rules::unfit(attributes) {
        return Err(Error::new(reason).way_out(way_out));
    }
    let owner = &attributes.single_user_name;
    if is_one_identity(owner) {
        let me = client.me().await.map_err(|error| explain(error, "cannot sign in"))?;
        check_owner(owner, &me.user_name)?;
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

/// The processors of the cluster's driver; `None` where the workspace does not say.
///
/// # Errors
/// When the workspace cannot be asked.
pub async fn processor(client: &Client, cluster: &Cluster) -> Result<Option<Processor>> {
    let asked = driver::processor(client, &cluster.attributes).await;
    asked.map_err(|error| explain(error, "cannot ask for the cluster's processors"))
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
