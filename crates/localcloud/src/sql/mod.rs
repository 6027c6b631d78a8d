//! Databricks SQL: warehouses, and statements that run on them by an engine on this machine.

pub(crate) mod control;
pub(crate) mod engine;
mod file;
pub(crate) mod history;
pub(crate) mod links;
mod request;
pub(crate) mod run;
pub(crate) mod sessions;
pub(crate) mod settings;
pub(crate) mod statement;
pub(crate) mod statements;
mod view;
pub(crate) mod wait;
pub(crate) mod warehouses;
