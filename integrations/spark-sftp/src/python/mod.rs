//! What Python sees. Whatever waits for the network gives Python's lock back meanwhile.

mod read;
mod server;
mod write;

use std::collections::HashMap;

use pyo3::prelude::*;

use crate::connect::Access;
use crate::failure::Result;
use crate::options::Options;

/// Options of Spark.
type Given = HashMap<String, String>;

/// The options, and who connects by them.
fn read(given: Given) -> Result<(Options, Access)> {
    let options = Options::new(given)?;
    let access = Access::new(&options)?;
    Ok((options, access))
}

/// The extension module `pyspark_sftp._core`.
#[pymodule]
mod _core {
    #[pymodule_export]
    use super::read::{Rows, can_split, infer, part_size, root, scan};
    #[pymodule_export]
    use super::server::Server;
    #[pymodule_export]
    use super::write::{Attempt, abort, commit, prepare};
}
