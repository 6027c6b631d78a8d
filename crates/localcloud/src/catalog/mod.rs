//! Unity Catalog: `/api/2.1/unity-catalog/…`, and what the account says of it. A new workspace is assigned to the metastore of its
//! region, as in accounts of today. <https://docs.databricks.com/api/workspace/metastores>

pub(crate) mod assignments;
pub(crate) mod bindings;
pub(crate) mod catalogs;
pub(crate) mod connections;
pub(crate) mod external_locations;
pub(crate) mod grants;
pub(crate) mod metastores;
mod names;
pub(crate) mod schemas;
pub(crate) mod storage_credentials;
pub(crate) mod tags;
pub(crate) mod volumes;
