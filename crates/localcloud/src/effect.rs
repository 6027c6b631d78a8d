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
    /// Start the process of an execution context.
    StartContext { workspace: i64, context: String },
    /// Run a command in its context, once those before it are through.
    RunCommand { workspace: i64, context: String, command: String, code: String },
    /// Interrupt a command that runs.
    CancelCommand { workspace: i64, context: String, command: String },
    /// End the process of an execution context.
    StopContext { workspace: i64, context: String },
    /// Run a statement on its warehouse.
    StartStatement { workspace: i64, statement: String },
    /// Interrupt a statement.
    CancelStatement { statement: String },
    /// Remove the files of a statement's result.
    RemoveResult { workspace: i64, statement: String },
    /// End everything in a workspace and remove its files.
    RemoveWorkspace { workspace: i64 },
}
