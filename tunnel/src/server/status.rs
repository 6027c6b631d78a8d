//! What a server says about itself (`GET /status`) and how it is asked to end (`POST /stop`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A running server.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct ServerStatus {
    /// The id of this one server.
    pub instance_id: String,
    /// Version of the program.
    pub version: String,
    /// User that sessions run as.
    pub user: String,
    /// Seconds since it started.
    pub uptime_seconds: u64,
    /// Sessions with a connection.
    pub sessions: usize,
    /// Sessions that wait for their client to come back.
    pub waiting_sessions: usize,
    /// Sessions at a time.
    pub max_clients: usize,
    /// Seconds without a session after which it ends.
    pub shutdown_delay_seconds: u64,
    /// Jobs that run, and keep it.
    #[serde(default)]
    pub jobs: usize,
    /// Connections for calls about jobs, which take no session's place.
    #[serde(default)]
    pub job_calls: usize,
}
