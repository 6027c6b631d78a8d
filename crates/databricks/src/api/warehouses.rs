//! SQL warehouses: `/api/2.0/sql/warehouses`.
//!
//! Reference: <https://docs.databricks.com/api/workspace/warehouses>.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{nullable, open_enum, wire};
use crate::{Client, Error, Request, segment};

wire! {
    /// What of a warehouse is looked at here.
    pub struct Warehouse {
        /// Its id.
        pub id: String,
        /// Its name.
        pub name: String,
        /// Where it stands.
        pub state: WarehouseState,
        /// `2X-Small` to `5X-Large`.
        pub cluster_size: String,
        /// `CLASSIC` or `PRO`.
        pub warehouse_type: String,
        /// Whether its compute is the service's own.
        pub enable_serverless_compute: Option<bool>,
        /// Clusters that run.
        pub num_clusters: Option<i64>,
        /// Minutes without a statement after which it stops; 0 is never.
        pub auto_stop_mins: Option<i64>,
        /// Who made it.
        pub creator_name: String,
        /// Whether it is well, and why not.
        pub health: Option<WarehouseHealth>,
    }

    /// Whether a warehouse is well.
    pub struct WarehouseHealth {
        /// `HEALTHY`, `DEGRADED` or `FAILED`.
        pub status: String,
        /// Why it is not.
        pub message: String,
        /// The same at length.
        pub details: String,
        /// In a few words.
        pub summary: String,
    }
}

open_enum! {
    /// Where a warehouse stands.
    pub enum WarehouseState {
        /// It runs.
        Running = "RUNNING",
        /// It is being started.
        Starting = "STARTING",
        /// It is stopped; a statement starts it.
        Stopped = "STOPPED",
        /// It is being stopped.
        Stopping = "STOPPING",
        /// It is being deleted.
        Deleting = "DELETING",
        /// It is deleted.
        Deleted = "DELETED",
    }
}

/// Where they are served.
pub const PATH: &str = "/api/2.0/sql/warehouses";

/// A warehouse, as the reader wants it.
///
/// # Errors
/// Whatever the API refuses.
pub async fn get<T: DeserializeOwned + 'static>(client: &Client, id: &str) -> Result<T, Error> {
    client.send(Request::get(format!("{PATH}/{}", segment(id)))).await
}

/// All warehouses of the workspace that the caller may see.
///
/// # Errors
/// Whatever the API refuses.
pub async fn list<T: DeserializeOwned + Send + 'static>(client: &Client) -> Result<Vec<T>, Error> {
    client.pages(Request::get(PATH), |page: Page<T>| (page.warehouses, page.next_page_token)).await
}

/// Starts a warehouse, or stops it (`start`, `stop`). One that is so already stays so.
///
/// # Errors
/// Whatever the API refuses.
pub async fn command(client: &Client, verb: &str, id: &str) -> Result<(), Error> {
    client.send(Request::post(format!("{PATH}/{}/{verb}", segment(id))).json(&Empty {})?.idempotent()).await
}

#[derive(Serialize)]
struct Empty {}

#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
struct Page<T> {
    #[serde(default, deserialize_with = "nullable")]
    warehouses: Vec<T>,
    #[serde(default, deserialize_with = "nullable")]
    next_page_token: String,
}
