//! Storage credentials, at the account and from a workspace. <https://docs.databricks.com/api/workspace/storagecredentials>

use serde_json::{Value, json};

use super::external_locations;
use crate::account::credentials::is_role_arn;
use crate::answer::ApiError;
use crate::call::Cx;
use crate::store::kind::{COLLECTION, Id, Kind, Level, PATCH, PUT_PART};
use crate::store::{Home, Object};

/// The role of the service that assumes the customer's roles.
const MASTER_ROLE: &str = "arn:aws:iam::414351767826:role/unity-catalog-prod-UCMasterRole-14S5ZJVKOTYTL";

/// The row at the account's host. `PUT` changes what its body names.
pub(crate) const OF_ACCOUNT: Kind = Kind {
    level: Level::Account,
    path: "/api/2.0/accounts/{account_id}/metastores/{metastore}/storage-credentials",
    calls: &[COLLECTION, PUT_PART],
    wrapped: "credential_info",
    wraps_requests: true,
    ..KIND
};

/// The row at a workspace's host.
pub(crate) const KIND: Kind = Kind {
    noun: "Storage credential",
    key: "storage_credentials",
    home: Home::Metastore,
    path: "/api/2.1/unity-catalog/storage-credentials",
    calls: &[COLLECTION, PATCH],
    id: ("name", Id::Name),
    create: "catalog.CreateStorageCredential",
    change: "catalog.UpdateStorageCredential",
    object: "catalog.StorageCredentialInfo",
    items: "storage_credentials",
    securable: "storage_credential",
    make,
    alter,
    leave,
    ..Kind::PLAIN
};

fn make(cx: &mut Cx<'_>, object: &mut Object) -> Result<(), ApiError> {
    object.set("id", uuid::Uuid::new_v4().to_string());
    object.fill("isolation_mode", "ISOLATION_MODE_OPEN");
    object.fill("read_only", false);
    object.set("used_for_managed_storage", false);
    check(cx, object)
}

fn check(cx: &mut Cx<'_>, object: &mut Object) -> Result<(), ApiError> {
    let name = object.text("name").to_owned();
    object.set("full_name", name);
    let arn = object.fields.get("aws_iam_role").and_then(|role| role.get("role_arn")?.as_str()).map(str::to_owned);
    let Some(arn) = arn else {
        let other = [
            "azure_managed_identity",
            "azure_service_principal",
            "cloudflare_api_token",
            "databricks_gcp_service_account",
        ];
        return if other.iter().any(|field| object.fields.contains_key(*field)) {
            Ok(())
        } else {
            Err(ApiError::invalid("aws_iam_role is needed."))
        };
    };
    if !is_role_arn(&arn) {
        return Err(ApiError::invalid(format!("role_arn {arn} is not the ARN of an IAM role.")));
    }
    // What stands in the role's trust policy: the service's role, and an external id of the metastore's own.
    let external_id = cx.metastore()?;
    let role = json!({"role_arn": arn, "unity_catalog_iam_arn": MASTER_ROLE, "external_id": external_id});
    object.set("aws_iam_role", role);
    Ok(())
}

/// Another role is another way to the places of external locations, unless the body says `force`.
fn alter(cx: &mut Cx<'_>, before: &Object, after: &mut Object) -> Result<(), ApiError> {
    let forced = after.fields.get("force") == Some(&json!(true));
    let role = |of: &Object| of.fields.get("aws_iam_role").and_then(|role| role.get("role_arn").cloned());
    if role(before) != role(after) && !forced {
        unused(cx, before)?;
    }
    check(cx, after)
}

/// External locations hold their credential, unless the query says `force=true`.
fn leave(cx: &mut Cx<'_>, object: &Object) -> Result<(), ApiError> {
    if cx.query("force") == Some("true") { Ok(()) } else { unused(cx, object) }
}

fn unused(cx: &mut Cx<'_>, object: &Object) -> Result<(), ApiError> {
    let name = object.text("name").to_owned();
    let user = cx
        .store(Home::Metastore)?
        .all(external_locations::KIND.key)
        .find(|(_, location)| location.fields.get("credential_name").and_then(Value::as_str) == Some(&name));
    match user {
        Some((location, _)) => {
            Err(ApiError::invalid(format!("Storage credential {name} is used by external location {location}.")))
        }
        None => Ok(()),
    }
}
