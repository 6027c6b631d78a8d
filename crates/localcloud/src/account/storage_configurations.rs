//! Storage configurations: the root bucket. <https://docs.databricks.com/api/account/storage>

use crate::account::check_length;
use crate::account::credentials::is_role_arn;
use crate::answer::ApiError;
use crate::call::Cx;
use crate::store::Object;
use crate::store::kind::{Id, Kind};

/// The row.
pub(crate) const KIND: Kind = Kind {
    noun: "Storage configuration",
    key: "storage_configurations",
    path: "/api/2.0/accounts/{account_id}/storage-configurations",
    id: ("storage_configuration_id", Id::Uuid),
    unique: Some("storage_configuration_name"),
    create: "provisioning.CreateStorageConfigurationRequest",
    object: "provisioning.StorageConfiguration",
    make,
    leave: |cx, object| cx.state.refuse_used("Storage configuration", object.text("storage_configuration_id")),
    ..Kind::OF_ACCOUNT
};

fn make(_: &mut Cx<'_>, object: &mut Object) -> Result<(), ApiError> {
    check_length("storage_configuration_name", object.text("storage_configuration_name"), 1..=255)?;
    let bucket = object.fields.get("root_bucket_info").and_then(|info| info.get("bucket_name")?.as_str());
    let bucket = bucket.unwrap_or_default();
    if !is_bucket_name(bucket) {
        return Err(ApiError::invalid(format!("bucket_name {bucket} is not the name of an S3 bucket.")));
    }
    match object.text("role_arn") {
        "" => object.fields.remove("role_arn"),
        arn if is_role_arn(arn) => None,
        _ => return Err(ApiError::invalid("role_arn is not the ARN of an IAM role.")),
    };
    Ok(())
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
