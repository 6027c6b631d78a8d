//! IAM, bucket, key and endpoint policies that Databricks asks for, as JSON documents: functions of ours, and the official
//! provider's data sources, which give the same documents. And what else of a region can be known without asking.
//!
//! They need no credentials and no network, so their results are known while planning. A first group of arguments says
//! what differs from account to account; an object at the end, which may be left out, says what differs rarely.
//! Sources: <https://docs.databricks.com/aws/en/admin/account-settings-e2/credentials>,
//! <https://docs.databricks.com/aws/en/security/keys/configure-customer-managed-keys>,
//! <https://docs.databricks.com/aws/en/connect/unity-catalog/cloud-storage/s3/s3-external-location-manual>.

mod arguments;
mod aws_assume_role_policy;
mod aws_bucket_policy;
mod aws_crossaccount_policy;
mod aws_deployment_policy;
mod aws_kms_managed_services_policy;
mod aws_kms_storage_policy;
mod aws_privatelink_services;
mod aws_unity_catalog_assume_role_policy;
mod aws_unity_catalog_policy;
mod aws_vpc_endpoint_policy;
mod checks;
mod hourly_cost;
mod partition;
mod regions;

pub use aws_assume_role_policy::{AssumeRolePolicyData, AwsAssumeRolePolicy};
pub use aws_bucket_policy::{AwsBucketPolicy, BucketPolicyData};
pub use aws_crossaccount_policy::{AwsCrossaccountPolicy, CrossaccountPolicyData};
pub use aws_deployment_policy::AwsDeploymentPolicy;
pub use aws_kms_managed_services_policy::AwsKmsManagedServicesPolicy;
pub use aws_kms_storage_policy::AwsKmsStoragePolicy;
pub use aws_privatelink_services::AwsPrivatelinkServices;
pub use aws_unity_catalog_assume_role_policy::{AwsUnityCatalogAssumeRolePolicy, UnityCatalogAssumeRolePolicyData};
pub use aws_unity_catalog_policy::{AwsUnityCatalogPolicy, UnityCatalogPolicyData};
pub use aws_vpc_endpoint_policy::AwsVpcEndpointPolicy;
pub use hourly_cost::HourlyCost;

use std::sync::Arc;

use serde_json::{Value as Json, json};
use tfplugin::{Client, Result};

/// What the data sources talk to: nobody. They work while the provider's own configuration is unknown, or says nothing.
#[derive(Debug, Clone, Copy)]
pub struct Nobody;

impl<C: Send + Sync> Client<C> for Nobody {
    const LEVEL: &'static str = "none";

    async fn connect(_: &C) -> Result<Arc<Self>> {
        Ok(Arc::new(Self))
    }
}

/// A policy document of these statements, on one line, as `jsonencode` writes it: a document that is read back from a service has
/// that form too. The same statements are always the same text.
fn document(statements: Vec<Json>) -> String {
    let mut document = json!({ "Version": "2012-10-17", "Statement": statements });
    document.sort_all_objects();
    document.to_string()
}

/// The condition that the caller works for this Databricks account.
fn for_account(databricks_account_id: Json) -> Json {
    json!({ "StringEquals": { "aws:PrincipalTag/DatabricksAccountId": databricks_account_id } })
}

#[cfg(test)]
mod testing {
    //! What the tables of the functions have in common.

    use std::collections::BTreeMap;

    use serde_json::Value as Json;
    use tfplugin::types::Type;
    use tfplugin::{Call, DataSource, Dynamic, Function, Marker, Result, Value};

    use super::Nobody;

    /// Reads a data source.
    pub(super) async fn read<D: DataSource<Client = Nobody>>(config: D) -> Result<D> {
        let marker = Marker::new(String::new(), jiff::Timestamp::UNIX_EPOCH);
        D::read(&Call::new(Nobody.into(), Default::default(), std::time::Duration::from_secs(1), marker), config).await
    }

    /// The options object with these members.
    pub(super) fn options(members: &[(&str, Value)]) -> Vec<Dynamic> {
        let value: BTreeMap<String, Value> =
            members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        vec![Dynamic { of: Type::Dynamic, value: Value::Map(value) }]
    }

    pub(super) fn text(text: &str) -> Value {
        Value::String(text.to_owned())
    }

    /// Calls a function and compares its document, as JSON, with what is expected.
    pub(super) fn check<F: Function<Output = String>>(function: F, expected: &Json) {
        let name = F::NAME;
        let document = function.call().unwrap_or_else(|error| panic!("{name}: {}", error.text));
        let parsed: Json = serde_json::from_str(&document).unwrap();
        assert_eq!(&parsed, expected, "{name} answered {document}");
        assert!(!document.contains('\n') && !document.contains(": "), "{name} answered {document}");
    }

    /// Calls a function that must refuse, and compares the blamed argument and a part of the message.
    pub(super) fn refused<F: Function<Output = String>>(function: F, argument: i64, part: &str) {
        let error = function.call().expect_err(part);
        assert_eq!(error.argument, Some(argument), "{}", error.text);
        assert!(error.text.contains(part), "{part:?} in {:?}", error.text);
    }
}

#[cfg(test)]
mod tests {
    use tfplugin::types::Type;

    #[test]
    fn every_function_ends_with_options_that_may_be_left_out() {
        for function in crate::registry::REGISTRY.functions {
            let signature = (function.signature)();
            assert_eq!(signature.result == Type::String, function.name.ends_with("_policy"), "{}", function.name);
            let options = signature.variadic.unwrap_or_else(|| panic!("{} has no options", function.name));
            assert_eq!((options.name.as_str(), options.of), ("options", Type::Dynamic), "{}", function.name);
            assert!(function.example.contains(&format!("provider::databricks::{}(", function.name)));
        }
    }
}
