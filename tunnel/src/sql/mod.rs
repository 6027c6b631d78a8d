//! SQL statements on warehouses: what is asked, and its result as a stream of rows or of the service's own bytes.
//!
//! A result never has fewer rows than the service says: a chunk that is missing or short is an error.

pub mod arrow;
pub mod chunks;
pub mod completion;
pub mod names;
pub mod output;
pub mod parameters;
pub mod position;
pub mod result;
pub mod row;
pub mod statement;
pub mod r#use;
pub mod writers;
