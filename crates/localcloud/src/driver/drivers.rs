//! Which tasks are under way, to end them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

/// The tasks that are under way, by workspace and id.
#[derive(Debug, Default)]
pub(crate) struct Drivers(Mutex<BTreeMap<(i64, i64), Driver>>);

/// One of them.
#[derive(Debug)]
pub(crate) struct Driver {
    pub(super) cluster: String,
    pub(super) stop: CancellationToken,
}

impl Drivers {
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<(i64, i64), Driver>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends a task.
    pub(crate) fn stop_task(&self, workspace: i64, task: i64) {
        self.with(|all| all.get(&(workspace, task)).map(|driver| driver.stop.cancel()));
    }

    /// Ends all tasks of a cluster.
    pub(crate) fn stop_cluster(&self, workspace: i64, cluster: &str) {
        self.with(|all| {
            all.iter()
                .filter(|((of, _), driver)| *of == workspace && driver.cluster == cluster)
                .for_each(|(_, driver)| driver.stop.cancel());
        });
    }

    /// Ends all tasks of a workspace.
    pub(crate) fn stop_workspace(&self, workspace: i64) {
        self.with(|all| {
            all.iter().filter(|((of, _), _)| *of == workspace).for_each(|(_, driver)| driver.stop.cancel());
        });
    }
}
