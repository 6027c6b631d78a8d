//! Where jobs run, as far as jobs need to know: a way there, and where copies are. Commands make both.

use databricks::Client;
use secret::Secret;

use crate::error::Result;

/// Where jobs run.
pub trait Destination {
    /// The way there, made anew for each connection. `None` where an endpoint's server does not run, and is not to be started.
    ///
    /// # Errors
    /// When there is no such destination, or the workspace refuses.
    fn route(&self, start: Start) -> impl Future<Output = Result<Option<Route>>>;

    /// The copies of its jobs, where somebody keeps some.
    ///
    /// # Errors
    /// When the workspace refuses.
    fn copies(&self) -> impl Future<Output = Result<Option<Copies>>>;
}

/// What ssh is told to get there.
#[derive(Debug)]
pub struct Route {
    /// ssh's arguments, the destination last.
    pub arguments: Vec<String>,
    /// For the proxy of an endpoint.
    pub token: Secret<String>,
    /// What people call it.
    pub name: String,
}

/// Whether what is not running is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// It is.
    Yes,
    /// Nothing is started to look at something.
    No,
}

/// Where the copies of an endpoint's jobs are.
pub struct Copies {
    /// The workspace.
    pub client: Client,
    /// The endpoint's folder in it.
    pub endpoint_folder: String,
}
