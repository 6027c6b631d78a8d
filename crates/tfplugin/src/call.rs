//! One call of an operation: its client, its deadline, its cancellation, and the marker of a create.

use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::diagnostic::{Error, Result};

/// The mark by which the object of a create is found again after a kill: a tag, or a time for APIs without tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// A random id.
    pub id: String,
    /// The create began at this time or later.
    pub since: Timestamp,
    text: String,
    /// The ids of what is surely not this create's.
    others: Arc<HashSet<String>>,
}

impl Marker {
    /// The key of the tag that carries the mark, on every object whose API takes tags. Providers hide it from `tags`.
    pub const TAG: &str = "terraform-created-by";

    /// A marker that says nothing but its id.
    pub fn new(id: impl Into<String>, since: Timestamp) -> Self {
        let id = id.into();
        Self::with_text(id.clone(), since, id)
    }

    /// A marker whose tag says more than its id.
    pub fn with_text(id: String, since: Timestamp, text: String) -> Self {
        Self { id, since, text, others: Arc::default() }
    }

    /// The same, with the ids of objects that are surely not of this create.
    pub(crate) fn beside(&self, others: HashSet<String>) -> Self {
        Self { others: Arc::new(others), ..self.clone() }
    }

    /// Whether an object is surely not of this create: another create has made it, or the state has it. Where nothing but its values
    /// tells whose an object is, [`crate::Resource::find`] asks this of each that it finds.
    pub fn is_anothers(&self, id: &str) -> bool {
        self.others.contains(id)
    }

    /// What the creating request writes into the tag: the id first, then what tells whose the object is. At most 127
    /// characters, of letters, digits, `-` and `:`.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether a tag's value is this mark.
    pub fn is_on(&self, value: &str) -> bool {
        !self.id.is_empty() && value.strip_prefix(&self.id).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    }
}

/// An object that bears a mark, as a service shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    /// The value of its tag.
    pub mark: String,
    /// What it is called by, and imported by.
    pub id: String,
}

/// One operation on one object.
#[derive(Debug)]
pub struct Call<C> {
    client: Arc<C>,
    cancel: CancellationToken,
    deadline: Instant,
    limit: Duration,
    marker: Marker,
}

/// What a probe of [`Call::poll`] saw.
#[derive(Debug)]
pub enum Probe<T> {
    /// It is done.
    Done(T),
    /// Not yet; the text (a state, `PROVISIONING`) is shown if time runs out.
    Waiting(String),
}

impl<C> Call<C> {
    /// A call. Made by the framework, and by tests.
    pub fn new(client: Arc<C>, cancel: CancellationToken, limit: Duration, marker: Marker) -> Self {
        Self { client, cancel, deadline: Instant::now() + limit, limit, marker }
    }

    /// The same call with another client: of the workspace that an object names, say.
    pub fn with<D>(&self, client: D) -> Call<D> {
        Call {
            client: Arc::new(client),
            cancel: self.cancel.clone(),
            deadline: self.deadline,
            limit: self.limit,
            marker: self.marker.clone(),
        }
    }

    /// What the resource talks to.
    pub fn client(&self) -> &C {
        &self.client
    }

    /// The mark of this create.
    pub fn marker(&self) -> &Marker {
        &self.marker
    }

    /// Ends when the user interrupts Terraform.
    pub async fn cancelled(&self) {
        self.cancel.cancelled().await;
    }

    /// The time that is left.
    pub fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Sleeps, but no longer than the call may last; an error if it was interrupted or its time is over.
    pub async fn sleep(&self, duration: Duration) -> Result<()> {
        tokio::select! {
            () = self.cancel.cancelled() => Err(Error::new("Interrupted").detail("The operation was stopped by the user.")),
            () = tokio::time::sleep(duration.min(self.left())) => Ok(()),
        }
    }

    /// Asks `probe` until it is done: first after `start`, then at growing distances of at most `most`.
    ///
    /// # Errors
    /// The probe's own error; an interruption; or the end of the time limit, with what was last seen of `what`.
    pub async fn poll<T, F>(
        &self,
        what: &str,
        start: Duration,
        most: Duration,
        mut probe: impl FnMut() -> F,
    ) -> Result<T>
    where
        F: Future<Output = Result<Probe<T>>>,
    {
        let mut pause = start;
        loop {
            let seen = match probe().await? {
                Probe::Done(value) => return Ok(value),
                Probe::Waiting(seen) => seen,
            };
            if self.left().is_zero() {
                return Err(Error::new(format!("Waited {} for {what}", humane(self.limit))).detail(format!(
                    "Its last state was {seen}. It may still get there: apply again, or raise the limit in its timeouts block."
                )));
            }
            self.sleep(pause).await?;
            pause = (pause * 3 / 2).min(most);
        }
    }
}

fn humane(limit: Duration) -> String {
    let seconds = limit.as_secs();
    match seconds {
        0 => format!("{} ms", limit.as_millis()),
        _ if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        _ => format!("{seconds} s"),
    }
}
