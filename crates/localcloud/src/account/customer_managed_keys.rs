//! Encryption keys of the customer. <https://docs.databricks.com/api/account/encryptionkeys>

use http::Method;
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, ApiError};
use crate::call::{Cx, created};
use crate::route::{Route, route};

/// The endpoints.
pub(crate) const ROUTES: &[Route] = &[
    route(Method::POST, "/api/2.0/accounts/{account_id}/customer-managed-keys", create),
    route(Method::GET, "/api/2.0/accounts/{account_id}/customer-managed-keys", list),
    route(Method::GET, "/api/2.0/accounts/{account_id}/customer-managed-keys/{id}", get),
    route(Method::DELETE, "/api/2.0/accounts/{account_id}/customer-managed-keys/{id}", delete),
];

/// A key configuration, as the API answers it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CustomerManagedKey {
    customer_managed_key_id: String,
    pub(crate) use_cases: Vec<UseCase>,
    aws_key_info: AwsKeyInfo,
    account_id: String,
    creation_time: i64,
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum UseCase {
    #[serde(rename = "MANAGED_SERVICES")]
    ManagedServices,
    #[serde(rename = "STORAGE")]
    Storage,
}

/// The key in KMS.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AwsKeyInfo {
    key_arn: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_alias: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_region: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reuse_key_for_cluster_volumes: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    use_cases: Vec<UseCase>,
    aws_key_info: AwsKeyInfo,
}

fn create(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted: Create = cx.body()?;
    let mut key = wanted.aws_key_info;
    if wanted.use_cases.is_empty() {
        return Err(ApiError::invalid("use_cases must have MANAGED_SERVICES, STORAGE or both."));
    }
    let region = region_of(&key.key_arn)
        .ok_or_else(|| ApiError::invalid(format!("key_arn {} is not the ARN of a KMS key.", key.key_arn)))?
        .to_owned();
    if key.key_region.as_ref().is_some_and(|given| *given != region) {
        return Err(ApiError::invalid(format!("key_region is not the region of the key, {region}.")));
    }
    key.key_region = Some(region);
    // The API's default: the storage key encrypts the clusters' volumes too.
    if wanted.use_cases.contains(&UseCase::Storage) {
        key.reuse_key_for_cluster_volumes.get_or_insert(true);
    } else if key.reuse_key_for_cluster_volumes == Some(true) {
        return Err(ApiError::invalid("reuse_key_for_cluster_volumes needs the use case STORAGE."));
    }
    let configuration = CustomerManagedKey {
        customer_managed_key_id: uuid::Uuid::new_v4().to_string(),
        use_cases: wanted.use_cases,
        aws_key_info: key,
        account_id: cx.state.account_id.clone(),
        creation_time: cx.now,
    };
    cx.state.customer_managed_keys.insert(configuration.customer_managed_key_id.clone(), configuration.clone());
    Ok(created(&configuration))
}

fn list(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    Ok(Answer::json(&cx.state.customer_managed_keys.values().collect::<Vec<_>>()))
}

fn get(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    cx.state.customer_managed_keys.get(cx.param("id")).map(Answer::json).ok_or_else(|| missing(cx.param("id")))
}

fn delete(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = cx.param("id").to_owned();
    if !cx.state.customer_managed_keys.contains_key(&id) {
        return Err(missing(&id));
    }
    let used = cx.state.workspaces.values().any(|workspace| {
        let info = &workspace.info;
        [&info.storage_customer_managed_key_id, &info.managed_services_customer_managed_key_id]
            .into_iter()
            .any(|used| used.as_deref() == Some(&id))
    });
    if used {
        return Err(ApiError::in_use(format!(
            "Customer-managed key {id} is being used by one or more active workspaces."
        )));
    }
    let gone = cx.state.customer_managed_keys.remove(&id);
    Ok(Answer::json(&gone))
}

fn missing(id: &str) -> ApiError {
    ApiError::missing(format!("Customer-managed key {id} does not exist."))
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
