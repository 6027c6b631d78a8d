//! Encryption keys of the customer. <https://docs.databricks.com/api/account/encryptionkeys>

use serde_json::{Value, json};

use crate::answer::ApiError;
use crate::call::Cx;
use crate::store::Object;
use crate::store::kind::{Id, Kind};

/// The row.
pub(crate) const KIND: Kind = Kind {
    noun: "Customer-managed key",
    key: "customer_managed_keys",
    path: "/api/2.0/accounts/{account_id}/customer-managed-keys",
    id: ("customer_managed_key_id", Id::Uuid),
    create: "provisioning.CreateCustomerManagedKeyRequest",
    object: "provisioning.CustomerManagedKey",
    make,
    leave: |cx, object| cx.state.refuse_used("Customer-managed key", object.text("customer_managed_key_id")),
    ..Kind::OF_ACCOUNT
};

fn make(_: &mut Cx<'_>, object: &mut Object) -> Result<(), ApiError> {
    let is_for = |use_case: &str| is_for(object, use_case);
    if !is_for("STORAGE") && !is_for("MANAGED_SERVICES") {
        return Err(ApiError::invalid("use_cases must have MANAGED_SERVICES, STORAGE or both."));
    }
    let storage = is_for("STORAGE");
    let Some(Value::Object(key)) = object.fields.get_mut("aws_key_info") else {
        return Err(ApiError::invalid("Missing required field: aws_key_info"));
    };
    let arn = key.get("key_arn").and_then(Value::as_str).unwrap_or_default();
    let region =
        region_of(arn).ok_or_else(|| ApiError::invalid(format!("key_arn {arn} is not the ARN of a KMS key.")))?;
    let region = region.to_owned();
    if key.get("key_region").and_then(Value::as_str).is_some_and(|given| !given.is_empty() && given != region) {
        return Err(ApiError::invalid(format!("key_region is not the region of the key, {region}.")));
    }
    key.insert("key_region".to_owned(), json!(region));
    // The API's default: the storage key encrypts the clusters' volumes too.
    let volumes = "reuse_key_for_cluster_volumes";
    if storage {
        key.entry(volumes).or_insert(json!(true));
    } else if key.get(volumes) == Some(&json!(true)) {
        return Err(ApiError::invalid("reuse_key_for_cluster_volumes needs the use case STORAGE."));
    }
    Ok(())
}

/// Whether a key is for a use case.
pub(crate) fn is_for(key: &Object, use_case: &str) -> bool {
    key.fields.get("use_cases").and_then(Value::as_array).is_some_and(|all| all.contains(&json!(use_case)))
}

/// The region of `arn:aws:kms:eu-west-1:123456789012:key/…`.
fn region_of(arn: &str) -> Option<&str> {
    let mut parts = arn.splitn(6, ':');
    let good_start = parts.next() == Some("arn") && parts.next()?.starts_with("aws") && parts.next() == Some("kms");
    let region = parts.next().filter(|region| !region.is_empty())?;
    let account = parts.next()?;
    let key = parts.next()?.strip_prefix("key/")?;
    (good_start && account.len() == 12 && !key.is_empty()).then_some(region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_is_read_from_the_arn() {
        let check = |arn, expected: Option<&str>| assert_eq!(region_of(arn), expected, "{arn}");
        check("arn:aws:kms:eu-west-1:123456789012:key/1-2", Some("eu-west-1"));
        check("arn:aws:kms:eu-west-1:123456789012:alias/a", None);
        check("arn:aws:s3:eu-west-1:123456789012:key/1", None);
        check("1-2", None);
    }
}
