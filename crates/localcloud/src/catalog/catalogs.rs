//! Catalogs. <https://docs.databricks.com/api/workspace/catalogs>

use serde_json::json;

use super::{names::check_name, schemas};
use crate::answer::ApiError;
use crate::call::Cx;
use crate::store::kind::{COLLECTION, Id, Kind, PATCH};
use crate::store::{Home, Object};

/// The row.
pub(crate) const KIND: Kind = Kind {
    noun: "Catalog",
    key: "catalogs",
    home: Home::Metastore,
    path: "/api/2.1/unity-catalog/catalogs",
    calls: &[COLLECTION, PATCH],
    id: ("name", Id::Name),
    create: "catalog.CreateCatalog",
    change: "catalog.UpdateCatalog",
    object: "catalog.CatalogInfo",
    items: "catalogs",
    securable: "catalog",
    make,
    alter: |_, _, after| {
        after.set("full_name", after.text("name").to_owned());
        Ok(())
    },
    ..Kind::PLAIN
};

fn make(cx: &mut Cx<'_>, object: &mut Object) -> Result<(), ApiError> {
    check_name(object.text("name"))?;
    let name = object.text("name").to_owned();
    let kind = if !object.text("share_name").is_empty() {
        "DELTASHARING_CATALOG"
    } else if !object.text("connection_name").is_empty() {
        "FOREIGN_CATALOG"
    } else {
        "MANAGED_CATALOG"
    };
    object.set("catalog_type", kind);
    object.set("full_name", name.clone());
    object.set("securable_type", "CATALOG");
    object.set("isolation_mode", "OPEN");
    object.fill("enable_predictive_optimization", "INHERIT");
    object.set("browse_only", false);
    if !object.text("storage_root").is_empty() {
        let location = format!("{}/__unitystorage", object.text("storage_root").trim_end_matches('/'));
        object.set("storage_location", location);
    }
    // The service makes two schemas in every catalog that it manages.
    if kind == "MANAGED_CATALOG" {
        let (metastore, owner, now) = (cx.metastore()?, cx.name()?, cx.now);
        for schema in ["default", "information_schema"] {
            let mut of = Object { built_in: true, ..Object::default() };
            for (field, value) in [
                ("name", json!(schema)),
                ("catalog_name", json!(name)),
                ("full_name", json!(format!("{name}.{schema}"))),
                ("catalog_type", json!(kind)),
                ("metastore_id", json!(metastore)),
                ("owner", json!(owner)),
                ("created_at", json!(now)),
                ("enable_predictive_optimization", json!("INHERIT")),
            ] {
                of.set(field, value);
            }
            cx.store(Home::Metastore)?.insert(schemas::KIND.key, format!("{name}.{schema}"), of);
        }
    }
    Ok(())
}
