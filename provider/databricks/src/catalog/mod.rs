//! Unity Catalog. API: <https://docs.databricks.com/api/workspace/catalogs> and its neighbours.

#[expect(clippy::module_inception, reason = "the API's group has the name of its first noun")]
pub mod catalog;
pub mod connection;
mod connection_sql;
pub mod grant;
pub mod grants;
mod privileges;
pub mod schema;
mod securable;
#[cfg(test)]
mod tests;
pub mod volume;
