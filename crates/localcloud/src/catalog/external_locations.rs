//! External locations. <https://docs.databricks.com/api/workspace/externallocations>

use crate::answer::ApiError;
use crate::call::Cx;
use crate::store::kind::{COLLECTION, Id, Kind, PATCH};
use crate::store::{Home, Object};

/// The row.
pub(crate) const KIND: Kind = Kind {
    noun: "External location",
    key: "external_locations",
    home: Home::Metastore,
    path: "/api/2.1/unity-catalog/external-locations",
    calls: &[COLLECTION, PATCH],
    id: ("name", Id::Name),
    create: "catalog.CreateExternalLocation",
    change: "catalog.UpdateExternalLocation",
    object: "catalog.ExternalLocationInfo",
    items: "external_locations",
    securable: "external_location",
    make: check,
    alter: |cx, _, after| check(cx, after),
    ..Kind::PLAIN
};

fn check(cx: &mut Cx<'_>, object: &mut Object) -> Result<(), ApiError> {
    object.fill("isolation_mode", "ISOLATION_MODE_OPEN");
    object.fill("read_only", false);
    object.fill("fallback", false);
    object.set("browse_only", false);
    if !object.text("url").starts_with("s3://") {
        return Err(ApiError::invalid(format!("url {:?} does not begin with s3://.", object.text("url"))));
    }
    let (name, url) = (object.text("name").to_owned(), object.text("url").trim_end_matches('/').to_owned());
    let credential = object.text("credential_name").to_lowercase();
    let store = cx.store(Home::Metastore)?;
    let Some(of) = store.get("storage_credentials", &credential) else {
        let message = format!("Storage Credential '{credential}' does not exist.");
        return Err(ApiError { code: "STORAGE_CREDENTIAL_DOES_NOT_EXIST".to_owned(), ..ApiError::missing(message) });
    };
    let id = of.text("id").to_owned();
    let inside =
        |one: &str, other: &str| one == other || one.strip_prefix(other).is_some_and(|rest| rest.starts_with('/'));
    let overlap = store.all(KIND.key).find(|(key, other)| {
        let other = other.text("url").trim_end_matches('/');
        **key != name && (inside(&url, other) || inside(other, &url))
    });
    if let Some((other, _)) = overlap {
        let message = format!("Input path {url} overlaps with external location {other}.");
        return Err(ApiError { code: "LOCATION_OVERLAP".to_owned(), ..ApiError::invalid(message) });
    }
    object.set("credential_name", credential);
    object.set("credential_id", id);
    Ok(())
}
