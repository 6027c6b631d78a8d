//! Which processors a cluster's driver has, as Rust and `uname -m` call them (`x86_64`, `aarch64`): those of its instance type.

use databricks::api::clusters::{self, ClusterAttributes, NodeType};
use databricks::{Client, Error, is_loopback};

/// The processors of the cluster's driver; `None` where the workspace does not say.
///
/// # Errors
/// When the workspace cannot be asked. That it may not be is none.
pub async fn processor(client: &Client, cluster: &ClusterAttributes) -> Result<Option<&'static str>, Error> {
    // A local cloud's driver is this machine.
    if is_loopback(client.host()) {
        return Ok(Some(std::env::consts::ARCH));
    }
    processor_of_instance(client, cluster).await
}

/// The same, of a driver that is an instance of the cloud.
///
/// # Errors
/// When the workspace cannot be asked.
pub async fn processor_of_instance(
    client: &Client,
    cluster: &ClusterAttributes,
) -> Result<Option<&'static str>, Error> {
    let asked = async {
        let node_type = match pool(cluster) {
            Some(pool) => clusters::instance_pool(client, pool).await?.node_type_id,
            None => node_type(cluster).to_owned(),
        };
        Ok(of_type(&clusters::node_types(client).await?, &node_type))
    };
    match asked.await {
        Err(error) if Error::is_denied(&error) => Ok(None),
        answer => answer,
    }
}

/// The pool that the driver is taken from: what a cluster says of instance types is then the pool's, or its workers'.
fn pool(cluster: &ClusterAttributes) -> Option<&str> {
    let pools = [&cluster.driver_instance_pool_id, &cluster.instance_pool_id];
    pools.into_iter().map(String::as_str).find(|pool| !pool.is_empty())
}

fn node_type(cluster: &ClusterAttributes) -> &str {
    let types = [&cluster.driver_node_type_id, &cluster.node_type_id];
    types.into_iter().map(String::as_str).find(|one| !one.is_empty()).unwrap_or_default()
}

/// The processors of an instance type; `None` where `types` do not have it.
fn of_type(types: &[NodeType], id: &str) -> Option<&'static str> {
    let found = types.iter().find(|one| one.node_type_id == id)?;
    Some(if found.is_graviton.unwrap_or(false) { "aarch64" } else { "x86_64" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(driver_pool: &str, pool: &str, driver: &str, workers: &str) -> ClusterAttributes {
        ClusterAttributes {
            driver_instance_pool_id: driver_pool.to_owned(),
            instance_pool_id: pool.to_owned(),
            driver_node_type_id: driver.to_owned(),
            node_type_id: workers.to_owned(),
            ..ClusterAttributes::default()
        }
    }

    #[test]
    fn the_drivers_instance_type_is_its_own_or_the_workers() {
        let types: Vec<NodeType> = serde_json::from_value(serde_json::json!([
            {"node_type_id": "m6gd.large", "is_graviton": true}, {"node_type_id": "m5d.large", "is_graviton": false},
            {"node_type_id": "old"},
        ]))
        .unwrap();
        let check = |driver: &str, workers: &str, expected: Option<&str>| {
            let found = of_type(&types, node_type(&cluster("", "", driver, workers)));
            assert_eq!(found, expected, "{driver} {workers}");
        };
        check("", "m6gd.large", Some("aarch64"));
        check("m5d.large", "m6gd.large", Some("x86_64"));
        check("", "old", Some("x86_64"));
        check("", "unheard.of", None);
        check("", "", None);
    }

    #[test]
    fn a_driver_of_a_pool_is_of_the_pools_instance_type() {
        let check = |driver_pool: &str, pool: &str, expected: Option<&str>| {
            assert_eq!(super::pool(&cluster(driver_pool, pool, "m5d.large", "m5d.large")), expected);
        };
        check("", "", None);
        check("", "workers", Some("workers"));
        check("driver", "workers", Some("driver"));
    }
}
