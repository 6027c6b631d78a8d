//! SQL warehouses as they are, for what uses them: in our words, where one is not there or does not start.

use databricks::api::warehouses::{self, Warehouse};
use tfplugin::{Call, Error, Result};

use crate::clients::Workspace;

/// The warehouse as it is.
pub(crate) async fn get(cx: &Call<Workspace>, id: &str) -> Result<Warehouse> {
    warehouses::get(cx.client(), id).await.map_err(|error| refused(error, id))
}

/// A refusal; of a warehouse that is not there in our words.
pub(crate) fn refused(error: databricks::Error, id: &str) -> Error {
    if error.is_not_found() {
        return Error::new(format!("there is no SQL warehouse {id:?}")).detail("Correct its id.").at("id");
    }
    error.into()
}

/// Why a warehouse did not start.
pub(crate) fn failure(warehouse: &Warehouse) -> Error {
    let health = warehouse.health.as_ref();
    let texts = health.map(|health| [&health.summary, &health.message, &health.details]).into_iter().flatten();
    let mut said: Vec<&str> = texts.map(|text| text.trim()).filter(|text| !text.is_empty()).collect();
    said.dedup();
    Error::new(format!("the SQL warehouse {} did not start and is {}", warehouse.name, warehouse.state))
        .detail(said.join("\n"))
}
