//! Metastores, at the account and from a workspace. <https://docs.databricks.com/api/account/metastores>

use serde_json::{Value, json};

use crate::answer::ApiError;
use crate::call::Cx;
use crate::state::State;
use crate::store::kind::{COLLECTION, Id, Kind, PATCH, PUT_PART};
use crate::store::{Home, Object};

/// The row at the account's host. `PUT` changes what its body names.
pub(crate) const OF_ACCOUNT: Kind = Kind {
    path: "/api/2.0/accounts/{account_id}/metastores",
    calls: &[COLLECTION, PUT_PART],
    level: crate::store::kind::Level::Account,
    wrapped: "metastore_info",
    wraps_requests: true,
    ..KIND
};

/// The row at a workspace's host.
pub(crate) const KIND: Kind = Kind {
    noun: "Metastore",
    key: "metastores",
    home: Home::Account,
    path: "/api/2.1/unity-catalog/metastores",
    calls: &[COLLECTION, PATCH],
    id: ("metastore_id", Id::Uuid),
    create: "catalog.CreateMetastore",
    change: "catalog.UpdateMetastore",
    object: "catalog.MetastoreInfo",
    items: "metastores",
    admins: "manage metastores",
    securable: "metastore",
    make,
    alter: |_, _, after| check(after),
    leave,
    ..Kind::PLAIN
};

fn make(cx: &mut Cx<'_>, object: &mut Object) -> Result<(), ApiError> {
    if object.text("region").is_empty() {
        match cx.call.workspace {
            Some(_) => {
                let region = cx.workspace()?.info.text("aws_region").to_owned();
                object.set("region", region);
            }
            None => return Err(ApiError::invalid("Missing required field: region")),
        }
    }
    let id = object.text("metastore_id").to_owned();
    let root = object.text("storage_root").trim_end_matches('/').to_owned();
    if root.is_empty() {
        object.fields.remove("storage_root");
    } else {
        object.set("storage_root", format!("{root}/{id}"));
    }
    complete(object);
    check(object)
}

fn complete(object: &mut Object) {
    let global = format!("aws:{}:{}", object.text("region"), object.text("metastore_id"));
    object.set("cloud", "aws");
    object.set("global_metastore_id", global);
    object.set("privilege_model_version", "1.0");
    object.set("delta_sharing_scope", "INTERNAL");
    object
        .set("external_access_enabled", object.fields.get("external_access_enabled").cloned().unwrap_or(json!(false)));
}

fn check(object: &mut Object) -> Result<(), ApiError> {
    let lifetime = object.fields.get("delta_sharing_recipient_token_lifetime_in_seconds").and_then(Value::as_i64);
    if lifetime.is_some_and(|seconds| seconds < 0) {
        return Err(ApiError::invalid("delta_sharing_recipient_token_lifetime_in_seconds is at least 0."));
    }
    Ok(())
}

/// A metastore with something in it goes when it is forced to; a workspace keeps it in any case.
fn leave(cx: &mut Cx<'_>, object: &Object) -> Result<(), ApiError> {
    let id = object.text("metastore_id").to_owned();
    if let Some(workspace) = cx.state.workspaces.values().find(|one| one.metastore.as_ref() == Some(&id))
        && cx.query("force") != Some("true")
    {
        return Err(ApiError::invalid(format!("Metastore {id} is assigned to workspace {}.", workspace.id)));
    }
    let made = cx.state.metastores.get(&id).is_some_and(|store| !store.is_empty());
    if made && cx.query("force") != Some("true") {
        return Err(ApiError::invalid(format!("Metastore {id} is not empty.")));
    }
    cx.state.metastores.remove(&id);
    cx.state
        .workspaces
        .values_mut()
        .filter(|one| one.metastore.as_ref() == Some(&id))
        .for_each(|one| one.metastore = None);
    Ok(())
}

/// The metastore that new workspaces of a region get: the service's own, made with the first of them.
pub(crate) fn of_region(state: &mut State, region: &str, now: i64) -> String {
    let known = state.store.all("metastores").find(|(_, object)| object.built_in && object.text("region") == region);
    if let Some((id, _)) = known {
        return id.clone();
    }
    let id = uuid::Uuid::new_v4().to_string();
    let mut object = Object { built_in: true, ..Object::default() };
    object.set("metastore_id", id.clone());
    object.set("name", format!("metastore_aws_{}", region.replace('-', "_")));
    object.set("region", region);
    object.set("owner", "System user");
    object.set("created_at", now);
    complete(&mut object);
    state.store.insert("metastores", id.clone(), object);
    id
}
