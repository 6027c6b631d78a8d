//! Credential configurations: the cross-account role. <https://docs.databricks.com/api/account/credentials>

use http::Method;
use serde::{Deserialize, Serialize};

use crate::account::check_length;
use crate::answer::{Answer, ApiError, Shape};
use crate::call::{Cx, created};
use crate::route::{Route, route};

/// The endpoints.
pub(crate) const ROUTES: &[Route] = &[
    route(Method::POST, "/api/2.0/accounts/{account_id}/credentials", create),
    route(Method::GET, "/api/2.0/accounts/{account_id}/credentials", list),
    route(Method::GET, "/api/2.0/accounts/{account_id}/credentials/{id}", get),
    route(Method::DELETE, "/api/2.0/accounts/{account_id}/credentials/{id}", delete),
];

/// A credential configuration, as the API answers it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Credential {
    credentials_id: String,
    credentials_name: String,
    pub(crate) aws_credentials: AwsCredentials,
    account_id: String,
    creation_time: i64,
}

/// How Databricks acts in AWS.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AwsCredentials {
    pub(crate) sts_role: StsRole,
}

/// The role.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StsRole {
    pub(crate) role_arn: String,
    /// Always the account's id; taken in requests and given in answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    credentials_name: String,
    aws_credentials: AwsCredentials,
}

fn create(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let mut wanted: Create = cx.body()?;
    check_length("credentials_name", &wanted.credentials_name, 1..=255)?;
    let role_arn = &wanted.aws_credentials.sts_role.role_arn;
    if !is_role_arn(role_arn) {
        return Err(ApiError::invalid(format!("role_arn {role_arn} is not the ARN of an IAM role.")));
    }
    if let Some(fault) = cx.faults.take("localcloud:ValidateCredentials") {
        return Err(not_assumable(&fault.text()));
    }
    wanted.aws_credentials.sts_role.external_id = Some(cx.state.account_id.clone());
    let credential = Credential {
        credentials_id: uuid::Uuid::new_v4().to_string(),
        credentials_name: wanted.credentials_name,
        aws_credentials: wanted.aws_credentials,
        account_id: cx.state.account_id.clone(),
        creation_time: cx.now,
    };
    cx.state.credentials.insert(credential.credentials_id.clone(), credential.clone());
    Ok(created(&credential))
}

/// The refusal while IAM has not finished propagating a role: plain text, and known by the beginning of its message.
pub(crate) fn not_assumable(why: &str) -> ApiError {
    ApiError::malformed(format!(
        "Failed credential(s) validation checks: please use a valid cross account IAM role ({why})"
    ))
    .shaped(Shape::Text)
}

fn list(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    Ok(Answer::json(&cx.state.credentials.values().collect::<Vec<_>>()))
}

fn get(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    cx.state.credentials.get(cx.param("id")).map(Answer::json).ok_or_else(|| missing(cx.param("id")))
}

fn delete(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = cx.param("id").to_owned();
    if !cx.state.credentials.contains_key(&id) {
        return Err(missing(&id));
    }
    if cx.state.workspaces.values().any(|workspace| workspace.info.credentials_id.as_deref() == Some(&id)) {
        return Err(ApiError::in_use(format!("Credential {id} is being used by one or more active workspaces.")));
    }
    let gone = cx.state.credentials.remove(&id);
    Ok(Answer::json(&gone))
}

fn missing(id: &str) -> ApiError {
    ApiError::missing(format!("Credential {id} does not exist."))
}

/// `arn:aws:iam::123456789012:role/path/name`, in any partition.
pub(crate) fn is_role_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [scheme, partition, service, region, account, resource] = parts.as_slice() else { return false };
    *scheme == "arn"
        && partition.starts_with("aws")
        && *service == "iam"
        && region.is_empty()
        && account.len() == 12
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && resource.strip_prefix("role/").is_some_and(|name| !name.is_empty() && !name.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn role_arns_are_known_by_their_form() {
        let check = |text, expected| assert_eq!(is_role_arn(text), expected, "{text}");
        check("arn:aws:iam::123456789012:role/databricks", true);
        check("arn:aws-us-gov:iam::123456789012:role/path/databricks", true);
        check("arn:aws:iam::12345678901:role/databricks", false);
        check("arn:aws:iam::123456789012:user/databricks", false);
        check("arn:aws:iam::123456789012:role/", false);
        check("databricks", false);
    }
}
