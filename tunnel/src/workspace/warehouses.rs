//! SQL warehouses by their ids or names.

use databricks::Client;
use databricks::api::warehouses::{self, Warehouse};

use super::{found, refused};
use crate::error::Result;

const LOOKING: &str = "cannot look for the warehouse";

/// The warehouse with this id, or the only one with this name.
///
/// # Errors
/// When there is none, or several have the name.
pub async fn find(client: &Client, wanted: &str) -> Result<Warehouse> {
    // Who may use one but not list them knows its id: 16 hexadecimal digits.
    if wanted.len() == 16 && wanted.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return warehouses::get(client, wanted).await.map_err(|error| refused(error, LOOKING));
    }
    let all: Vec<Warehouse> = warehouses::list(client).await.map_err(|error| refused(error, LOOKING))?;
    found::one("warehouse", wanted, all, |warehouse| (&warehouse.id, &warehouse.name))
}
