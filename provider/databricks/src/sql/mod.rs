//! SQL: warehouses, and statements on them.

pub mod sql_endpoint;
pub mod sql_rows;
pub mod sql_statement;
pub(crate) mod statement;
pub(crate) mod warehouse;

#[cfg(test)]
mod tests;
