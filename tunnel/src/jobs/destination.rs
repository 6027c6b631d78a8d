//! Where jobs run, as far as jobs need to know: a way there, and where copies are. Commands make both.

use databricks::Client;
use secret::Secret;

use super::shared::SharedConnection;
use crate::error::Result;
use crate::ssh;

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
    /// ssh's options, as arguments: the first of a name counts.
    pub options: Vec<String>,
    /// The connection that calls share, where they do.
    pub shared: Option<SharedConnection>,
    /// What ssh calls a destination.
    pub destination: String,
    /// For the proxy of an endpoint.
    pub token: Secret<String>,
    /// What people call it.
    pub name: String,
    /// The folder of the jobs there, where it is not the login's own choice.
    pub jobs_folder: Option<String>,
}

impl Route {
    /// ssh's arguments to run a command there, over the shared connection or alone.
    pub fn arguments(&self, alone: bool, command: String) -> Vec<String> {
        let mut arguments = self.options.clone();
        match &self.shared {
            Some(shared) if !alone => arguments.extend(ssh::with_options(&shared.options())),
            _ => arguments.extend(ssh::with_options(&["ControlPath=none".to_owned()])),
        }
        arguments.extend([self.destination.clone(), "--".to_owned(), command]);
        arguments
    }
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
