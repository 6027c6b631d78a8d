//! Volumes. <https://docs.databricks.com/api/workspace/volumes>

use super::names::check_name;
use crate::answer::ApiError;
use crate::call::Cx;
use crate::store::kind::{COLLECTION, Id, Kind, PATCH, Parent};
use crate::store::{Home, Object};

/// The row.
pub(crate) const KIND: Kind = Kind {
    noun: "Volume",
    key: "volumes",
    home: Home::Metastore,
    path: "/api/2.1/unity-catalog/volumes",
    calls: &[COLLECTION, PATCH],
    id: ("full_name", Id::Joined(&["catalog_name", "schema_name", "name"])),
    create: "catalog.CreateVolumeRequestContent",
    change: "catalog.UpdateVolumeRequestContent",
    object: "catalog.VolumeInfo",
    items: "volumes",
    parent: Some(Parent { key: "schemas", fields: &["catalog_name", "schema_name"] }),
    securable: "volume",
    make,
    ..Kind::PLAIN
};

fn make(cx: &mut Cx<'_>, object: &mut Object) -> Result<(), ApiError> {
    check_name(object.text("name"))?;
    let id = uuid::Uuid::new_v4().to_string();
    match (object.text("volume_type"), object.text("storage_location")) {
        ("EXTERNAL", "") => return Err(ApiError::invalid("An external volume needs storage_location.")),
        ("MANAGED", "") => {
            let metastore = cx.metastore()?;
            object.set("storage_location", format!("s3://localcloud/{metastore}/volumes/{id}"));
        }
        ("MANAGED", _) => return Err(ApiError::invalid("A managed volume has no storage_location.")),
        _ => {}
    }
    object.set("volume_id", id);
    object.set("browse_only", false);
    Ok(())
}
