//! Credential configurations: the cross-account role. <https://docs.databricks.com/api/account/credentials>

use serde_json::json;

use crate::account::check_length;
use crate::answer::{ApiError, Shape};
use crate::call::Cx;
use crate::store::Object;
use crate::store::kind::{Id, Kind};

/// The row.
pub(crate) const KIND: Kind = Kind {
    noun: "Credential",
    key: "credentials",
    path: "/api/2.0/accounts/{account_id}/credentials",
    id: ("credentials_id", Id::Uuid),
    unique: Some("credentials_name"),
    create: "provisioning.CreateCredentialRequest",
    object: "provisioning.Credential",
    make,
    leave: |cx, object| cx.state.refuse_used("Credential", object.text("credentials_id")),
    ..Kind::OF_ACCOUNT
};

fn make(cx: &mut Cx<'_>, object: &mut Object) -> Result<(), ApiError> {
    check_length("credentials_name", object.text("credentials_name"), 1..=255)?;
    let role_arn = object.fields.get("aws_credentials").and_then(|aws| aws.pointer("/sts_role/role_arn")?.as_str());
    let role_arn = role_arn.unwrap_or_default().to_owned();
    if !is_role_arn(&role_arn) {
        return Err(ApiError::invalid(format!("role_arn {role_arn} is not the ARN of an IAM role.")));
    }
    if let Some(fault) = cx.faults.take("localcloud:ValidateCredentials") {
        return Err(not_assumable(&fault.text()));
    }
    // The external id is always the account's.
    let role = json!({"role_arn": role_arn, "external_id": cx.state.account_id});
    object.set("aws_credentials", json!({"sts_role": role}));
    Ok(())
}

/// The refusal while IAM has not finished propagating a role: plain text, and known by the beginning of its message.
pub(crate) fn not_assumable(why: &str) -> ApiError {
    ApiError::malformed(format!(
        "Failed credential(s) validation checks: please use a valid cross account IAM role ({why})"
    ))
    .shaped(Shape::Text)
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
