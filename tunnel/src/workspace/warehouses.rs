//! SQL warehouses by their ids or names.

use databricks::Client;
use databricks::api::warehouses::{self, Warehouse};

use super::{found, refused};
use crate::environment;
use crate::error::{Error, Result};

const LOOKING: &str = "cannot look for the warehouse";

/// The warehouse with this id, or the only one with this name.
///
/// # Errors
/// When there is none, or several have the name.
pub async fn find(client: &Client, wanted: &str) -> Result<Warehouse> {
    // Who may use one but not list them knows its id.
    if is_id(wanted) {
        return warehouses::get(client, wanted).await.map_err(|error| refused(error, LOOKING));
    }
    let all: Vec<Warehouse> = warehouses::list(client).await.map_err(|error| refused(error, LOOKING))?;
    found::one("warehouse", wanted, all, |warehouse| (&warehouse.id, &warehouse.name))
}

/// 16 hexadecimal digits.
fn is_id(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The warehouse of statements: the one that is named, that of the environment or of the profile, or the only one that there is.
///
/// # Errors
/// When there is none, or several of which none is named.
pub async fn chosen(client: &Client, named: Option<&str>) -> Result<String> {
    let of_profile =
        || databricks::profile_setting(&databricks::Environment::process(), client.profile()?, "warehouse_id");
    let given = || environment::variable("DATABRICKS_WAREHOUSE_ID").or_else(of_profile);
    if let Some(wanted) = named.map(str::to_owned).or_else(given) {
        // An id is as good as a look: the statement finds out.
        return if is_id(&wanted) { Ok(wanted) } else { find(client, &wanted).await.map(|found| found.id) };
    }
    let mut all: Vec<Warehouse> = warehouses::list(client).await.map_err(|error| refused(error, LOOKING))?;
    match (all.pop(), all.is_empty()) {
        (Some(only), true) => Ok(only.id),
        (Some(last), false) => {
            let names: Vec<&str> = all.iter().chain([&last]).map(|one| one.name.as_str()).collect();
            Err(Error::new("no warehouse is named, and there are several").way_out(format!(
                "Give one: --warehouse NAME, or DATABRICKS_WAREHOUSE_ID. There are {}.",
                names.join(", ")
            )))
        }
        (None, _) => Err(Error::new("the workspace has no SQL warehouse that you may use")
            .way_out("Make one, or ask for CAN USE on one.")),
    }
}
