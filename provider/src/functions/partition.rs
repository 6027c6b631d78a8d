//! The partitions of AWS that Databricks runs in, and what is Databricks' own there.
//!
//! Source: the `aws_partition` argument of the official provider's policies, and
//! <https://docs.databricks.com/aws/en/security/privacy/gov-cloud>.

/// One partition, as Databricks counts them: the Department of Defense's GovCloud is one of its own.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Partition {
    /// Its name in the option `aws_partition`.
    pub(super) name: &'static str,
    /// What stands behind `arn:`.
    pub(super) namespace: &'static str,
    /// The AWS account of Databricks.
    pub(super) account_id: &'static str,
    /// The role that delivers logs.
    log_delivery_role: &'static str,
    /// The role by which Unity Catalog assumes yours.
    unity_catalog_role: &'static str,
}

/// The commercial partition.
pub(super) const AWS: Partition = Partition {
    name: "aws",
    namespace: "aws",
    account_id: "414351767826",
    log_delivery_role: "SaasUsageDeliveryRole-prod-IAMRole-3PLHICCRR1TK",
    unity_catalog_role: "unity-catalog-prod-UCMasterRole-14S5ZJVKOTYTL",
};

const PARTITIONS: &[Partition] = &[
    AWS,
    Partition {
        name: "aws-us-gov",
        namespace: "aws-us-gov",
        account_id: "044793339203",
        log_delivery_role: "SaasUsageDeliveryRole-prod-aws-gov-IAMRole-L4QM0RCHYQ1G",
        unity_catalog_role: "unity-catalog-prod-UCMasterRole-1QRFA8SGY15OJ",
    },
    Partition {
        name: "aws-us-gov-dod",
        namespace: "aws-us-gov",
        account_id: "170661010020",
        log_delivery_role: "SaasUsageDeliveryRole-prod-aws-gov-dod-IAMRole-1DMEHBYR8VC5P",
        unity_catalog_role: "unity-catalog-prod-UCMasterRole-1DI6DL6ZP26AS",
    },
];

/// The partition of this name.
pub(super) fn by_name(name: &str) -> Option<&'static Partition> {
    PARTITIONS.iter().find(|partition| partition.name == name)
}

/// The names of all partitions.
pub(super) fn names() -> Vec<&'static str> {
    PARTITIONS.iter().map(|partition| partition.name).collect()
}

impl Partition {
    /// The ARN of something in an account: `arn("iam", "123456789012", "role/r")`. IAM has no regions.
    pub(super) fn iam(&self, account_id: &str, rest: &str) -> String {
        format!("arn:{}:iam::{account_id}:{rest}", self.namespace)
    }

    /// All of Databricks' account.
    pub(super) fn databricks(&self) -> String {
        self.iam(self.account_id, "root")
    }

    /// The role that delivers logs.
    pub(super) fn log_delivery(&self) -> String {
        self.iam(self.account_id, &format!("role/{}", self.log_delivery_role))
    }

    /// Unity Catalog's own role.
    pub(super) fn unity_catalog(&self) -> String {
        self.iam(self.account_id, &format!("role/{}", self.unity_catalog_role))
    }

    /// The ARNs of a bucket's objects and of the bucket.
    pub(super) fn bucket(&self, name: &str) -> [String; 2] {
        let bucket = format!("arn:{}:s3:::{name}", self.namespace);
        [format!("{bucket}/*"), bucket]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defense_department_has_a_partition_of_its_own_in_govclouds_namespace() {
        let check = |name: &str, root: &str, bucket: &str| {
            let partition = by_name(name).unwrap();
            assert_eq!((partition.databricks().as_str(), partition.bucket("b")[1].as_str()), (root, bucket));
        };
        check("aws", "arn:aws:iam::414351767826:root", "arn:aws:s3:::b");
        check("aws-us-gov", "arn:aws-us-gov:iam::044793339203:root", "arn:aws-us-gov:s3:::b");
        check("aws-us-gov-dod", "arn:aws-us-gov:iam::170661010020:root", "arn:aws-us-gov:s3:::b");
        assert_eq!(by_name("aws-cn"), None);
    }
}
