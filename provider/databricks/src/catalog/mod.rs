//! Unity Catalog. API: <https://docs.databricks.com/api/workspace/catalogs> and its neighbours.

mod binding;
#[expect(clippy::module_inception, reason = "the API's group has the name of its first noun")]
pub mod catalog;
pub mod connection;
mod connection_sql;
pub mod external_location;
mod file_event_queue;
pub mod grant;
pub mod grants;
pub mod metastore;
pub mod metastore_assignment;
mod privileges;
pub mod schema;
mod securable;
pub mod storage_credential;
#[cfg(test)]
mod storage_tests;
#[cfg(test)]
mod tests;
pub mod volume;
