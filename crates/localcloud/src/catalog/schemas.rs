//! Schemas. <https://docs.databricks.com/api/workspace/schemas>

use super::names::check_name;
use crate::answer::ApiError;
use crate::call::Cx;
use crate::store::kind::{COLLECTION, Id, Kind, PATCH, Parent};
use crate::store::{Home, Object};

/// The row.
pub(crate) const KIND: Kind = Kind {
    noun: "Schema",
    key: "schemas",
    home: Home::Metastore,
    path: "/api/2.1/unity-catalog/schemas",
    calls: &[COLLECTION, PATCH],
    id: ("full_name", Id::Joined(&["catalog_name", "name"])),
    create: "catalog.CreateSchema",
    change: "catalog.UpdateSchema",
    object: "catalog.SchemaInfo",
    items: "schemas",
    parent: Some(Parent { key: "catalogs", fields: &["catalog_name"] }),
    securable: "schema",
    make,
    ..Kind::PLAIN
};

fn make(_: &mut Cx<'_>, object: &mut Object) -> Result<(), ApiError> {
    check_name(object.text("name"))?;
    object.set("catalog_type", "MANAGED_CATALOG");
    object.set("schema_id", uuid::Uuid::new_v4().to_string());
    object.fill("enable_predictive_optimization", "INHERIT");
    object.set("browse_only", false);
    if !object.text("storage_root").is_empty() {
        let location = format!("{}/__unitystorage", object.text("storage_root").trim_end_matches('/'));
        object.set("storage_location", location);
    }
    Ok(())
}
