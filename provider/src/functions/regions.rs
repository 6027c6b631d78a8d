//! What is Databricks' own in each region of AWS where it has classic compute: the services that its PrivateLink endpoints lead
//! to, and the buckets that compute reads and writes.
//!
//! Sources: <https://docs.databricks.com/aws/en/resources/ip-domain-region> and the region tables of Databricks' Security Reference
//! Architecture as of 2026-07-23 (databricks/terraform-databricks-sra).

use super::checks::{Checked, wrong};
use super::partition::{AWS, Partition};

/// One region, as one partition has it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Region {
    /// Its name.
    pub(super) name: &'static str,
    /// The partition whose services and buckets these are.
    partition: &'static str,
    workspace: &'static str,
    relay: &'static str,
    service_direct: Option<&'static str>,
    /// Where programs of Databricks come from.
    pub(super) artifact_buckets: &'static [&'static str],
    /// What the city is called in names of other buckets: sample data, and logs.
    datasets: &'static str,
    logs: &'static str,
    /// What stands between the region and `uc-metastore-bucket` in the name of the bucket of system tables.
    system_tables: &'static str,
}

/// A commercial region: name, workspace service, relay service, service-direct service, artifacts, sample data, logs.
const fn region(
    name: &'static str,
    services: [&'static str; 3],
    artifact_buckets: &'static [&'static str],
    datasets: &'static str,
    logs: &'static str,
) -> Region {
    let [workspace, relay, direct] = services;
    Region {
        name,
        partition: AWS.name,
        workspace,
        relay,
        service_direct: Some(direct),
        artifact_buckets,
        datasets,
        logs,
        system_tables: "",
    }
}

const fn govcloud(
    partition: &'static str,
    services: [&'static str; 2],
    logs: &'static str,
    tables: &'static str,
) -> Region {
    let [workspace, relay] = services;
    Region {
        name: "us-gov-west-1",
        partition,
        workspace,
        relay,
        service_direct: None,
        artifact_buckets: &["databricks-prod-artifacts-us-gov-west-1"],
        datasets: "pendleton",
        logs,
        system_tables: tables,
    }
}

const REGIONS: &[Region] = &[
    region(
        "ap-northeast-1",
        ["02691fd610d24fd64", "02aa633bda3edbec0", "00645ba5aa920181a"],
        &["databricks-prod-artifacts-ap-northeast-1"],
        "tokyo",
        "tokyo",
    ),
    region(
        "ap-northeast-2",
        ["0babb9bde64f34d7e", "0dc0e98a5800db5c4", "0eda2860bd3ffdc62"],
        &["databricks-prod-artifacts-ap-northeast-2"],
        "seoul",
        "seoul",
    ),
    region(
        "ap-south-1",
        ["0dbfe5d9ee18d6411", "03fd4d9b61414f3de", "0f8cf0950ddb2df95"],
        &["databricks-prod-artifacts-ap-south-1"],
        "mumbai",
        "mumbai",
    ),
    region(
        "ap-southeast-1",
        ["02535b257fc253ff4", "0557367c6fc1a0c5c", "095bb0c17301d018c"],
        &["databricks-prod-artifacts-ap-southeast-1"],
        "singapore",
        "singapore",
    ),
    region(
        "ap-southeast-2",
        ["0b87155ddd6954974", "0b4a72e8f825495f6", "0bad186019cff33de"],
        &["databricks-prod-artifacts-ap-southeast-2"],
        "sydney",
        "sydney",
    ),
    region(
        "ap-southeast-3",
        ["07a698e7e9ccfd04a", "025ca447c232c6a1b", "028527b0920c3e620"],
        &["databricks-prod-artifacts-ap-southeast-3"],
        "oregon",
        "jakarta",
    ),
    region(
        "ca-central-1",
        ["0205f197ec0e28d65", "0c4e25bdbcbfbb684", "0a677b49b6d71cf54"],
        &["databricks-prod-artifacts-ca-central-1"],
        "montreal",
        "montreal",
    ),
    region(
        "eu-central-1",
        ["081f78503812597f7", "08e5dfca9572c85c4", "040453426d7a48946"],
        &["databricks-prod-artifacts-eu-central-1"],
        "frankfurt",
        "frankfurt",
    ),
    region(
        "eu-west-1",
        ["0da6ebf1461278016", "09b4eb2bc775f4e8c", "0a5d3be4f026f5bd7"],
        &["databricks-prod-artifacts-eu-west-1"],
        "ireland",
        "ireland",
    ),
    region(
        "eu-west-2",
        ["01148c7cdc1d1326c", "05279412bf5353a45", "000fc680ee188fcf6"],
        &["databricks-prod-artifacts-eu-west-2"],
        "london",
        "london",
    ),
    region(
        "eu-west-3",
        ["008b9368d1d011f37", "005b039dd0b5f857d", "041f8eb165985a7eb"],
        &["databricks-prod-artifacts-eu-west-3"],
        "paris",
        "paris",
    ),
    region(
        "sa-east-1",
        ["0bafcea8cdfe11b66", "0e61564963be1b43f", "09d56640b3fed29b8"],
        &["databricks-prod-artifacts-sa-east-1"],
        "saopaulo",
        "saopaulo",
    ),
    region(
        "us-east-1",
        ["09143d1e626de2f04", "00018a8c3ff62ffdf", "0a1a39ada4ec3bcdc"],
        &["databricks-prod-artifacts-us-east-1"],
        "virginia",
        "virginia",
    ),
    region(
        "us-east-2",
        ["041dc2b4d7796b8d3", "090a8fab0d73e39a6", "052fbd90ec8e1af31"],
        &["databricks-prod-artifacts-us-east-2"],
        "ohio",
        "ohio",
    ),
    region(
        "us-west-1",
        ["09bb6ca26208063f2", "04cb91f9372b792fe", "070673a01d3f28066"],
        &["databricks-prod-artifacts-us-west-2"],
        "oregon",
        "oregon",
    ),
    region(
        "us-west-2",
        ["0129f463fcfbc46c5", "0158114c0c730c3bb", "0d7fe235ba1abe9d2"],
        &["databricks-prod-artifacts-us-west-2", "databricks-update-oregon"],
        "oregon",
        "oregon",
    ),
    govcloud("aws-us-gov", ["0f25e28401cbc9418", "05f27abef1a1a3faa"], "pendleton", "gov-"),
    govcloud("aws-us-gov-dod", ["08fddf710780b2a54", "05c210a2feea23ad7"], "pendleton-dod", "dod-"),
];

impl Region {
    fn service(&self, id: &str) -> String {
        format!("com.amazonaws.vpce.{}.vpce-svc-{id}", self.name)
    }

    /// The service behind which a workspace's web pages and REST API are.
    pub(super) fn workspace_service(&self) -> String {
        self.service(self.workspace)
    }

    /// The service of secure cluster connectivity.
    pub(super) fn relay_service(&self) -> String {
        self.service(self.relay)
    }

    /// The service of performance-critical services (Zerobus, Lakebase), where the region has it.
    pub(super) fn service_direct(&self) -> Option<String> {
        self.service_direct.map(|id| self.service(id))
    }

    /// The bucket of sample data.
    pub(super) fn datasets_bucket(&self) -> String {
        format!("databricks-datasets-{}", self.datasets)
    }

    /// The bucket that clusters write their own logs to.
    pub(super) fn log_bucket(&self) -> String {
        format!("databricks-prod-storage-{}", self.logs)
    }

    /// The bucket of system tables.
    pub(super) fn system_tables_bucket(&self) -> String {
        format!("system-tables-prod-{}-{}uc-metastore-bucket", self.name, self.system_tables)
    }
}

/// A region of a partition.
pub(super) fn in_partition(name: &str, partition: &Partition) -> Checked<&'static Region> {
    let all = || REGIONS.iter().filter(|region| region.partition == partition.name);
    match all().find(|region| region.name == name) {
        Some(region) => Ok(region),
        None => {
            let names: Vec<&str> = all().map(|region| region.name).collect();
            wrong(
                "region",
                format!(
                    "Databricks' own services in {name:?} are not known (partition {}). They are in {}.",
                    partition.name,
                    names.join(", ")
                ),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::partition::by_name;
    use super::*;

    #[test]
    fn a_service_is_of_one_region_only() {
        let services = REGIONS.iter().flat_map(|region| {
            let direct = region.service_direct;
            [Some(region.workspace), Some(region.relay), direct].into_iter().flatten()
        });
        let services: Vec<&str> = services.collect();
        assert!(services.iter().all(|id| id.len() == 17 && id.bytes().all(|byte| byte.is_ascii_hexdigit())));
        assert_eq!(services.iter().collect::<BTreeSet<_>>().len(), services.len());
    }

    #[test]
    fn a_region_is_looked_for_in_its_partition_only() {
        let dod = in_partition("us-gov-west-1", by_name("aws-us-gov-dod").unwrap()).unwrap();
        assert_eq!(dod.workspace_service(), "com.amazonaws.vpce.us-gov-west-1.vpce-svc-08fddf710780b2a54");
        assert_eq!(dod.system_tables_bucket(), "system-tables-prod-us-gov-west-1-dod-uc-metastore-bucket");
        let refused = in_partition("us-gov-west-1", &AWS).unwrap_err();
        assert!(refused.text.contains("ap-northeast-1, ") && refused.input == "region", "{refused:?}");
    }
}
