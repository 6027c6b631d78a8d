//! What becomes of a SQL warehouse, and waiting for it.
//! API: <https://docs.databricks.com/api/workspace/warehouses>

use databricks::api::warehouses::{self, Warehouse, WarehouseState};
use tfplugin::{Call, Probe, Progress, Result};

use super::cluster::{MOST, START};
use crate::clients::Workspace;
use crate::sql::warehouse::{failure, get, refused};

/// What becomes of a warehouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Start,
    Stop,
}

impl Change {
    fn verb(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
        }
    }

    fn end(self) -> WarehouseState {
        match self {
            Self::Start => WarehouseState::Running,
            Self::Stop => WarehouseState::Stopped,
        }
    }

    /// Whether it is being done already.
    fn comes(self, state: &WarehouseState) -> bool {
        matches!((self, state), (Self::Start, WarehouseState::Starting) | (Self::Stop, WarehouseState::Stopping))
    }
}

/// Has it done, and waits until it is; a warehouse that is so already is told of.
pub(super) async fn change(cx: &Call<Workspace>, progress: &Progress, change: Change, id: &str) -> Result<()> {
    let what = format!("the SQL warehouse {id} to be {}", change.end());
    let before = cx
        .poll(&what, START, MOST, async || {
            let warehouse = get(cx, id).await?;
            match &warehouse.state {
                state if *state == change.end() || change.comes(state) => Ok(Probe::Done(warehouse)),
                // What stops takes no start: it would be lost.
                WarehouseState::Stopping => {
                    progress.state(words(&warehouse)).await;
                    Ok(Probe::Waiting(warehouse.state.to_string()))
                }
                _ => {
                    let asked = warehouses::command(cx.client(), change.verb(), id).await;
                    asked.map(|()| Probe::Done(warehouse)).map_err(|error| refused(error, id))
                }
            }
        })
        .await?;
    if before.state == change.end() {
        progress.say(format!("The SQL warehouse {} is {} already", before.name, before.state)).await;
        return Ok(());
    }
    cx.poll(&what, START, MOST, async || {
        let now = get(cx, id).await?;
        progress.state(words(&now)).await;
        match &now.state {
            state if *state == change.end() => Ok(Probe::Done(())),
            WarehouseState::Stopped | WarehouseState::Deleting | WarehouseState::Deleted => Err(failure(&now)),
            state => Ok(Probe::Waiting(state.to_string())),
        }
    })
    .await
}

/// Where a warehouse stands, in a sentence, with what is wrong with it.
fn words(warehouse: &Warehouse) -> String {
    let ill = warehouse.health.as_ref().map(|health| health.summary.trim_end_matches('.')).unwrap_or_default();
    let ill = if ill.is_empty() { String::new() } else { format!(": {ill}") };
    format!("The SQL warehouse {} is {}{ill}", warehouse.name, warehouse.state)
}
