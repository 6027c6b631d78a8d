//! Databricks SQL.

pub(crate) mod warehouses;
