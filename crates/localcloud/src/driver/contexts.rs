//! The processes of execution contexts. One of Python or R is one process on its cluster's driver that runs one command after the other;
//! what it starts belongs to it, and ends with it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Child;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::owner::Owner;
use super::{process, sql};
use crate::inner::Inner;
use crate::principal::{Session, fresh_secret, hash};
use crate::state::State;
use crate::time::millis;
use crate::workspace::context::{Command, CommandStatus, ContextStatus, Language};

/// What runs commands: of Python, and of R.
const PYTHON: &str = include_str!("context.py");
const R: &str = include_str!("context.R");
/// R's way to its program: orders and answers have descriptors of their own, and what commands write goes to the driver's log.
const DESCRIPTORS: &str = "exec 3>&1 4<&0 1>&2 0</dev/null; exec \"$@\"";

/// Between two interruptions of a command.
const AGAIN: Duration = Duration::from_millis(200);

/// The contexts that have a process, by workspace and id.
#[derive(Debug, Default)]
pub(crate) struct Contexts(Mutex<BTreeMap<(i64, String), Context>>);

/// One of them.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) id: String,
    pub(crate) cluster: String,
    orders: mpsc::UnboundedSender<Order>,
    stop: CancellationToken,
    /// The process, and the command that it runs.
    at: Option<(i32, String)>,
}

/// A command to run.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) command: String,
    pub(crate) code: String,
}

/// What the process answers.
#[derive(Deserialize)]
struct Answer {
    status: String,
    results: Value,
}

impl Contexts {
    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<(i64, String), Context>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Has a command run after those before it. `false` where the context has ended, which told the commands that it had so.
    fn run(&self, workspace: i64, context: &str, order: Order) -> bool {
        self.with(|all| all.get(&(workspace, context.to_owned())).is_some_and(|one| one.orders.send(order).is_ok()))
    }

    /// Interrupts a command, if it is the one that a process runs.
    fn interrupt(&self, workspace: i64, context: &str, command: &str) {
        self.with(|all| {
            let at = all.get(&(workspace, context.to_owned())).and_then(|one| one.at.as_ref());
            let process = at.filter(|(_, runs)| runs == command).map(|(process, _)| *process);
            process.map(|process| kill(Pid::from_raw(process), Signal::SIGINT))
        });
    }

    /// Ends contexts.
    pub(crate) fn stop(&self, is_meant: impl Fn(i64, &Context) -> bool) {
        self.with(|all| {
            all.iter().filter(|((of, _), one)| is_meant(*of, one)).for_each(|(_, one)| one.stop.cancel());
        });
    }

    fn at(&self, workspace: i64, context: &str, at: Option<(i32, String)>) {
        self.with(|all| {
            if let Some(one) = all.get_mut(&(workspace, context.to_owned())) {
                one.at = at;
            }
        });
    }
}

/// Has a command run in its context; in one that has ended it ends in an error.
pub(super) fn run(inner: &Inner, workspace: i64, context: &str, command: String, code: String) {
    if inner.contexts.run(workspace, context, Order { command: command.clone(), code }) {
        return;
    }
    inner.with(|state| {
        let context = state.workspaces.get_mut(&workspace).and_then(|of| of.contexts.get_mut(context));
        if let Some(command) = context.and_then(|context| context.commands.get_mut(&command)) {
            command.status = CommandStatus::Error;
        }
    });
}

/// Interrupts a command until it has ended: it may not have begun to listen.
pub(super) fn cancel(inner: &Arc<Inner>, workspace: i64, context: String, command: String) {
    let owner = Arc::clone(inner);
    inner.tasks.spawn(async move {
        let is_under_way = || {
            owner.with(|state| {
                let context = state.workspaces.get(&workspace).and_then(|of| of.contexts.get(&context));
                context.and_then(|context| context.commands.get(&command)).is_some_and(|one| !one.status.is_end())
            })
        };
        while !owner.stop.is_cancelled() && is_under_way() {
            owner.contexts.interrupt(workspace, &context, &command);
            owner.sql.engine.cancel(&command);
            tokio::time::sleep(AGAIN).await;
        }
    });
}

/// Starts a context's process, and runs its commands until it ends.
pub(super) fn start(inner: &Arc<Inner>, workspace: i64, id: String) {
    let Some((cluster, language, owner)) = inner.with(|state| {
        let context = state.workspaces.get(&workspace)?.contexts.get(&id)?;
        Some((context.cluster.clone(), context.language, context.owner.clone()))
    }) else {
        return;
    };
    let (stop, (orders, waiting)) = (inner.stop.child_token(), mpsc::unbounded_channel());
    let context = Context { id: id.clone(), cluster: cluster.clone(), orders, stop: stop.clone(), at: None };
    inner.contexts.with(|all| all.insert((workspace, id.clone()), context));
    let inner_of_task = Arc::clone(inner);
    inner.tasks.spawn(async move {
        let inner = inner_of_task;
        let place = Place { inner: &inner, workspace, id: &id, cluster: &cluster, owner: &owner, language };
        let served = match language {
            Language::Python | Language::R => place.serve(waiting, &stop).await,
            Language::Sql => sql::serve(&place, waiting, &stop).await,
            // It is no part of a local cloud.
            Language::Scala => Ok(()),
        };
        if let Err(error) = served {
            tracing::warn!(context = id, %error, "an execution context ended by itself");
        }
        inner.contexts.with(|all| all.remove(&(workspace, id.clone())));
        inner.with(|state| {
            let of = state.workspaces.get_mut(&workspace);
            if let Some(context) = of.and_then(|of| of.contexts.get_mut(&id)) {
                context.status = ContextStatus::Error;
                let under_way = context.commands.values_mut().filter(|command| !command.status.is_end());
                under_way.for_each(|command| command.status = CommandStatus::Error);
            }
            // A driver that went takes its contexts along.
            if stop.is_cancelled()
                && let Some(of) = state.workspaces.get_mut(&workspace)
            {
                of.contexts.remove(&id);
            }
        });
    });
}

/// Where a context is.
pub(super) struct Place<'a> {
    pub(super) inner: &'a Arc<Inner>,
    pub(super) workspace: i64,
    pub(super) id: &'a str,
    cluster: &'a str,
    pub(super) owner: &'a str,
    language: Language,
}

impl Place<'_> {
    /// Runs what is ordered until it is to end, or the process ends by itself.
    async fn serve(&self, mut orders: mpsc::UnboundedReceiver<Order>, stop: &CancellationToken) -> std::io::Result<()> {
        let settings = &self.inner.settings;
        let token = fresh_secret("localcloud-context-");
        let session = Session {
            principal: self.owner.to_owned(),
            workspace: Some(self.workspace),
            expires: self.inner.now().saturating_add(millis(settings.token_lifetime)),
        };
        let token_hash = hash(token.expose());
        self.inner.with(|state| state.sessions.insert(token_hash.clone(), session));
        let host = self.inner.with(|state| {
            let deployment = state.workspaces.get(&self.workspace).map(|of| of.deployment().to_owned());
            settings.workspace_url(&deployment.unwrap_or_default())
        });
        let from =
            Owner { workspace: self.workspace, cluster: self.cluster, id: self.id, host: &host, token: token.expose() };
        let mark = from.mark(settings);
        let mut child = self.spawn(&from)?;
        let group = child.id();
        let served = tokio::select! {
            served = self.commands(&mut child, &mut orders) => served,
            () = stop.cancelled() => Ok(()),
        };
        let _ = tokio::join!(process::end_group(group, &mark), child.wait());
        self.inner.with(|state| state.sessions.remove(&token_hash));
        served
    }

    fn spawn(&self, from: &Owner<'_>) -> std::io::Result<Child> {
        let settings = &self.inner.settings;
        let scratch = from.home(settings).join(".contexts").join(self.id);
        std::fs::create_dir_all(&scratch)?;
        let (name, text) = if self.language == Language::R { ("context.R", R) } else { ("context.py", PYTHON) };
        let program = scratch.join(name);
        std::fs::write(&program, text)?;
        let log = std::fs::File::create(scratch.join("output.log"))?;
        let mut command = if self.language == Language::R {
            let r = process::program(&settings.r)?;
            let mut command = from.command(settings, Path::new("sh"));
            command.args(["-c", DESCRIPTORS, "sh"]).arg(r).arg("--vanilla").arg(program);
            // Its own folder for temporary files goes with the driver.
            command.env("TMPDIR", &scratch).env("LC_ALL", "C.UTF-8");
            command
        } else {
            from.python(settings, &program)
        };
        command.env("PYTHONUTF8", "1").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log).spawn()
    }

    async fn commands(&self, child: &mut Child, orders: &mut mpsc::UnboundedReceiver<Order>) -> std::io::Result<()> {
        let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else { return Ok(()) };
        let mut answers = BufReader::new(stdout).lines();
        let process = child.id().and_then(|id| i32::try_from(id).ok()).unwrap_or_default();
        self.change(|state, place| {
            if let Some(context) =
                state.workspaces.get_mut(&place.workspace).and_then(|of| of.contexts.get_mut(place.id))
            {
                context.status = ContextStatus::Running;
            }
        });
        while let Some(Order { command, code }) = orders.recv().await {
            // Meanwhile it may have been cancelled.
            if !self.set(&command, |one| one.status == CommandStatus::Queued, CommandStatus::Running, Value::Null) {
                continue;
            }
            self.inner.contexts.at(self.workspace, self.id, Some((process, command.clone())));
            let order = match self.language {
                Language::R => code.bytes().map(|byte| format!("{byte:02x}")).collect::<String>(),
                _ => json!({"command": command, "code": code}).to_string(),
            };
            stdin.write_all(format!("{order}\n").as_bytes()).await?;
            let ended = || std::io::Error::other("the process of an execution context ended by itself");
            let line = answers.next_line().await?.ok_or_else(ended)?;
            self.inner.contexts.at(self.workspace, self.id, None);
            let answer: Answer = serde_json::from_str(&line).map_err(std::io::Error::other)?;
            let status = if answer.status == "Cancelled" { CommandStatus::Cancelled } else { CommandStatus::Finished };
            self.set(&command, |one| !one.status.is_end(), status, answer.results);
        }
        Ok(())
    }

    /// Changes a command that is as it is expected to be.
    pub(super) fn set(&self, id: &str, is: impl Fn(&Command) -> bool, status: CommandStatus, results: Value) -> bool {
        self.inner.with(|state| {
            let context = state.workspaces.get_mut(&self.workspace).and_then(|of| of.contexts.get_mut(self.id));
            match context.and_then(|context| context.commands.get_mut(id)).filter(|one| is(one)) {
                Some(command) => {
                    *command = Command { status, results };
                    true
                }
                None => false,
            }
        })
    }

    pub(super) fn change(&self, how: impl FnOnce(&mut State, &Self)) {
        self.inner.with(|state| how(state, self));
    }
}
