//! What handlers ask for that cannot be done while the state is locked.

/// What is to be done once the state is unlocked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Run a task on its cluster's driver.
    StartTask { workspace: i64, run: i64, task: i64 },
    /// End the processes of a task.
    StopTask { workspace: i64, run: i64, task: i64 },
    /// End all processes of a cluster's driver.
    StopCluster { workspace: i64, cluster: String },
    /// End everything in a workspace and remove its files.
    RemoveWorkspace { workspace: i64 },
}
