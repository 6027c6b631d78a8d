//! For the tests of a provider: it served inside the test's own process, for a real Terraform; and a plan without Terraform.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::action::{Action, Progress};
use crate::call::Call;
use crate::diagnostic::{Path, Result, Severity};
use crate::environment::Environment;
use crate::handshake;
use crate::journal::Journal;
use crate::listen::Listener;
use crate::plan;
use crate::provider::Provider;
use crate::registry::ResourceEntry;
use crate::resource::{Planning, Resource};
use crate::schema::resource_schema;
use crate::serde_value::{from_value, restore, to_value};
use crate::serve::run;
use crate::server::Server;
use crate::value::Value;

/// A served provider. It ends when this is dropped.
#[derive(Debug)]
pub struct Served {
    /// The value of the environment variable `TF_REATTACH_PROVIDERS`, for Terraform's process.
    pub reattach: String,
    shutdown: CancellationToken,
    task: JoinHandle<Result<()>>,
}

impl Served {
    /// Ends it, and waits until it has ended.
    ///
    /// # Errors
    /// Serving failed.
    pub async fn stop(mut self) -> Result<()> {
        self.shutdown.cancel();
        (&mut self.task).await?
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// Serves a provider on a socket of its own. `journal` is the folder of the journal of creates; without one, none is kept.
///
/// # Errors
/// There is no place for the socket and no port.
pub async fn start<P: Provider>(journal: Option<PathBuf>) -> Result<Served> {
    let environment = Environment { socket_folder: std::env::temp_dir(), ..Environment::default() };
    let listener = Listener::bind(&environment).await?;
    let reattach = handshake::reattach::<P>(&listener)?;
    let server = Server::<P>::new(Journal::new(journal, None, environment.working));
    let shutdown = server.shutdown.clone();
    let task = tokio::spawn(run(server, listener, None, false));
    Ok(Served { reattach, shutdown, task })
}

/// What `validate` says of configurations in which nothing is known, as `terraform validate` has them where everything comes
/// from variables: all that can be configured is unknown, or all but one optional attribute, which is not set.
///
/// # Errors
/// The resource cannot read such a configuration.
pub fn complaints_about_unknowns<C>(entry: &ResourceEntry<C>) -> Result<Vec<String>> {
    let schema = (entry.schema)();
    let mut unknown = Value::Map(BTreeMap::new());
    let mut optional = Vec::new();
    if let Value::Map(members) = &mut unknown {
        for attribute in &schema.body.attributes {
            let flags = &attribute.flags;
            let configured = flags.required || flags.optional;
            members.insert(attribute.name.clone(), if configured { Value::unknown() } else { Value::Null });
            optional.extend(flags.optional.then_some(&attribute.name));
        }
        for block in &schema.body.blocks {
            members.insert(block.name.clone(), Value::unknown());
            optional.push(&block.name);
        }
    }
    let mut said: Vec<String> = Vec::new();
    for left_out in std::iter::once(None).chain(optional.into_iter().map(Some)) {
        let mut config = unknown.clone();
        if let (Value::Map(members), Some(name)) = (&mut config, left_out) {
            members.insert(name.clone(), Value::Null);
        }
        let found = entry.operations.validate(&schema, &config)?;
        let errors = found.into_iter().filter(|one| one.severity == Severity::Error);
        said.extend(errors.map(|one| format!("{}, {left_out:?} left out: {}", entry.name, one.summary)));
    }
    Ok(said)
}

/// Invokes an action as the framework does, and collects what it says.
pub async fn invoked<A: Action>(cx: &Call<A::Client>, config: A) -> (Vec<String>, Result<()>) {
    let (progress, mut messages) = Progress::channel(CancellationToken::new());
    let run = async move {
        let ended = A::invoke(cx, &progress, config).await;
        drop(progress);
        ended
    };
    let listen = async {
        let mut said = Vec::new();
        while let Some(message) = messages.recv().await {
            said.push(message);
        }
        said
    };
    tokio::join!(listen, run)
}

/// What is planned for an object.
#[derive(Debug, Clone)]
pub struct Plan<R> {
    /// The planned object, as [`Resource::create`] and [`Resource::update`] get it.
    pub object: R,
    /// Whether it differs from the object that is there.
    pub changes: bool,
    /// The attributes whose change replaces the object.
    pub replaces: Vec<Path>,
}

/// Plans an object as the framework does for Terraform: the schema's defaults, what stays and what is computed, and the
/// resource's own say. `prior` is the object that is there.
///
/// # Errors
/// The resource refuses the plan.
pub fn planned<R: Resource>(client: Option<&R::Client>, prior: Option<&R>, config: &R) -> Result<Plan<R>> {
    let schema = resource_schema::<R>();
    let before = prior.map_or(Ok(Value::Null), |prior| to_value(prior, &schema))?;
    let configured = to_value(config, &schema)?;
    // Terraform proposes the prior value of what is computed and not configured.
    let mut proposed = configured.clone();
    if let Value::Map(members) = &mut proposed {
        for attribute in schema.body.attributes.iter().filter(|attribute| attribute.flags.computed) {
            if let Some(value) = members.get_mut(&attribute.name)
                && value.is_null()
            {
                *value = before.member(&attribute.name).clone();
            }
        }
    }
    let plan::Planned { value, mut replaces } = plan::plan(&schema, &before, &proposed, &configured);
    let mut object: R = from_value(&value, &schema)?;
    R::plan(&mut Planning {
        prior,
        config,
        planned: &mut object,
        replaces: &mut replaces,
        warnings: &mut Vec::new(),
        client,
        now: Timestamp::now(),
    })?;
    let value = restore(&value, &object, &schema)?;
    Ok(Plan { object, changes: plan::is_changed(&before, &value), replaces })
}
