//! Storage configurations: the root bucket. <https://docs.databricks.com/api/account/storage>

use http::Method;
use serde::{Deserialize, Serialize};

use crate::account::check_length;
use crate::account::credentials::is_role_arn;
use crate::answer::{Answer, ApiError};
use crate::call::{Cx, created};
use crate::route::{Route, route};

/// The endpoints.
pub(crate) const ROUTES: &[Route] = &[
    route(Method::POST, "/api/2.0/accounts/{account_id}/storage-configurations", create),
    route(Method::GET, "/api/2.0/accounts/{account_id}/storage-configurations", list),
    route(Method::GET, "/api/2.0/accounts/{account_id}/storage-configurations/{id}", get),
    route(Method::DELETE, "/api/2.0/accounts/{account_id}/storage-configurations/{id}", delete),
];

/// A storage configuration, as the API answers it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StorageConfiguration {
    storage_configuration_id: String,
    storage_configuration_name: String,
    root_bucket_info: RootBucket,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    role_arn: Option<String>,
    account_id: String,
    creation_time: i64,
}

/// The bucket.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RootBucket {
    bucket_name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    storage_configuration_name: String,
    root_bucket_info: RootBucket,
    role_arn: Option<String>,
}

fn create(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted: Create = cx.body()?;
    check_length("storage_configuration_name", &wanted.storage_configuration_name, 1..=255)?;
    let bucket = &wanted.root_bucket_info.bucket_name;
    if !is_bucket_name(bucket) {
        return Err(ApiError::invalid(format!("bucket_name {bucket} is not the name of an S3 bucket.")));
    }
    if wanted.role_arn.as_ref().is_some_and(|arn| !is_role_arn(arn)) {
        return Err(ApiError::invalid("role_arn is not the ARN of an IAM role."));
    }
    let configuration = StorageConfiguration {
        storage_configuration_id: uuid::Uuid::new_v4().to_string(),
        storage_configuration_name: wanted.storage_configuration_name,
        root_bucket_info: wanted.root_bucket_info,
        role_arn: wanted.role_arn,
        account_id: cx.state.account_id.clone(),
        creation_time: cx.now,
    };
    cx.state.storage_configurations.insert(configuration.storage_configuration_id.clone(), configuration.clone());
    Ok(created(&configuration))
}

fn list(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    Ok(Answer::json(&cx.state.storage_configurations.values().collect::<Vec<_>>()))
}

fn get(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    cx.state.storage_configurations.get(cx.param("id")).map(Answer::json).ok_or_else(|| missing(cx.param("id")))
}

fn delete(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = cx.param("id").to_owned();
    if !cx.state.storage_configurations.contains_key(&id) {
        return Err(missing(&id));
    }
    if cx.state.workspaces.values().any(|workspace| workspace.info.storage_configuration_id.as_deref() == Some(&id)) {
        return Err(ApiError::in_use(format!(
            "Storage configuration {id} is being used by one or more active workspaces."
        )));
    }
    let gone = cx.state.storage_configurations.remove(&id);
    Ok(Answer::json(&gone))
}

fn missing(id: &str) -> ApiError {
    ApiError::missing(format!("Storage configuration {id} does not exist."))
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>, the main ones.
fn is_bucket_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (3..=63).contains(&name.len())
        && name.bytes().all(|byte| plain(byte) || byte == b'-' || byte == b'.')
        && name.bytes().next().is_some_and(plain)
        && name.bytes().last().is_some_and(plain)
        && !name.contains("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_names_are_checked() {
        let check = |text, expected| assert_eq!(is_bucket_name(text), expected, "{text}");
        check("lakehouse-root", true);
        check("a.b", true);
        check("ab", false);
        check("Upper", false);
        check("-begin", false);
        check("end-", false);
        check("a..b", false);
    }
}
