//! The core of `pyspark_sftp`: connections, files and commits, as Python calls them. Rows come as Arrow batches and are not copied.

mod chunks;
pub mod commit;
pub mod connect;
pub mod decode;
pub mod download;
pub mod encode;
pub mod failure;
pub mod folders;
pub mod job;
pub mod options;
mod python;
pub mod remote;
pub mod runtime;
pub mod scan;
pub mod stage;
pub mod upload;
