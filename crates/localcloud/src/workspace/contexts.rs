//! Execution contexts of clusters, and commands in them: API 1.2. <https://docs.databricks.com/api/workspace/commandexecution>

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::cluster::ClusterState;
use super::context::{Command, CommandStatus, ContextStatus, ExecutionContext, Language};
use super::rights::{ClusterRight, require_cluster};
use crate::answer::{Answer, ApiError, Shape};
use crate::call::Cx;
use crate::effect::Effect;
use crate::route::{Route, route};

/// The endpoints.
pub(crate) const ROUTES: &[Route] = &[
    route(Method::POST, "/api/1.2/contexts/create", create),
    route(Method::GET, "/api/1.2/contexts/status", status),
    route(Method::POST, "/api/1.2/contexts/destroy", destroy),
    route(Method::POST, "/api/1.2/commands/execute", execute),
    route(Method::GET, "/api/1.2/commands/status", command_status),
    route(Method::POST, "/api/1.2/commands/cancel", cancel),
];

/// Contexts of one cluster; the one that was used longest ago makes room.
const MOST: usize = 145;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateContext {
    cluster_id: String,
    language: Language,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DestroyContext {
    cluster_id: String,
    context_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExecuteCommand {
    cluster_id: String,
    context_id: String,
    language: Language,
    command: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CancelCommand {
    cluster_id: String,
    context_id: String,
    command_id: String,
}

fn refusal(status: StatusCode, code: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(status, code, message).shaped(Shape::Command)
}

fn read<T: serde::de::DeserializeOwned>(cx: &Cx<'_>, form: &str) -> Result<T, ApiError> {
    cx.read(form).map_err(|error| refusal(error.status, "InvalidRequestException", error.message))
}

fn create(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let CreateContext { cluster_id, language } = read(cx, "compute.CreateContext")?;
    let owner = cx.caller()?.principal.clone();
    running(cx, &cluster_id)?;
    let (now, id) = (cx.now, Uuid::new_v4().simple().to_string());
    let workspace = cx.workspace()?;
    let number = workspace.id;
    let of_cluster = || workspace.contexts.values().filter(|one| one.cluster == cluster_id);
    let oldest = of_cluster().min_by_key(|one| one.used).map(|one| one.id.clone());
    let gone = oldest.filter(|_| of_cluster().count() >= MOST);
    if let Some(gone) = &gone {
        workspace.contexts.remove(gone);
    }
    let context = ExecutionContext {
        id: id.clone(),
        cluster: cluster_id,
        language,
        owner,
        status: ContextStatus::Pending,
        commands: BTreeMap::new(),
        used: now,
    };
    workspace.contexts.insert(id.clone(), context);
    cx.effects.extend(gone.map(|context| Effect::StopContext { workspace: number, context }));
    cx.effects.push(Effect::StartContext { workspace: number, context: id.clone() });
    Ok(Answer::json(&json!({"id": id})))
}

fn status(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let context = asked(cx)?;
    Ok(Answer::json(&json!({"id": context.id, "status": context.status})))
}

fn destroy(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let DestroyContext { cluster_id, context_id } = read(cx, "compute.DestroyContext")?;
    let id = find(cx, &cluster_id, &context_id)?.id.clone();
    let workspace = cx.workspace()?;
    workspace.contexts.remove(&id);
    let workspace = workspace.id;
    cx.effects.push(Effect::StopContext { workspace, context: id.clone() });
    Ok(Answer::json(&json!({"id": id})))
}

fn execute(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let ExecuteCommand { cluster_id, context_id, language, command: code } = read(cx, "compute.Command")?;
    running(cx, &cluster_id)?;
    let (now, workspace, id) = (cx.now, cx.workspace_id()?, Uuid::new_v4().simple().to_string());
    let context = find(cx, &cluster_id, &context_id)?;
    if context.language != language {
        let message = format!("The context's language is {:?}.", context.language);
        return Err(refusal(StatusCode::BAD_REQUEST, "InvalidRequestException", message));
    }
    context.used = now;
    context.commands.insert(id.clone(), Command { status: CommandStatus::Queued, results: Value::Null });
    let context = context.id.clone();
    cx.effects.push(Effect::RunCommand { workspace, context, command: id.clone(), code });
    Ok(Answer::json(&json!({"id": id})))
}

fn command_status(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = required(cx, "commandId")?;
    let context = asked(cx)?;
    let command = context.commands.get(&id).ok_or_else(|| missing_command(&id))?;
    Ok(Answer::json(&json!({"id": id, "status": command.status, "results": command.results})))
}

fn cancel(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let CancelCommand { cluster_id, context_id, command_id } = read(cx, "compute.CancelCommand")?;
    let workspace = cx.workspace_id()?;
    let context = find(cx, &cluster_id, &context_id)?;
    let command = context.commands.get_mut(&command_id).ok_or_else(|| missing_command(&command_id))?;
    match command.status {
        CommandStatus::Queued => command.status = CommandStatus::Cancelled,
        CommandStatus::Running => {
            command.status = CommandStatus::Cancelling;
            let (context, command) = (context.id.clone(), command_id.clone());
            cx.effects.push(Effect::CancelCommand { workspace, context, command });
        }
        _ => {}
    }
    Ok(Answer::json(&json!({"id": command_id})))
}

fn missing_command(id: &str) -> ApiError {
    refusal(StatusCode::BAD_REQUEST, "CommandNotFoundException", format!("Command not found: {id}"))
}

fn required(cx: &Cx<'_>, name: &str) -> Result<String, ApiError> {
    let value = cx.required(name).map(str::to_owned);
    value.map_err(|error| refusal(error.status, "InvalidRequestException", error.message))
}

/// The context that a GET is for.
fn asked<'a>(cx: &'a mut Cx<'_>) -> Result<&'a mut ExecutionContext, ApiError> {
    let (cluster, context) = (required(cx, "clusterId")?, required(cx, "contextId")?);
    find(cx, &cluster, &context)
}

/// A context of this cluster that the caller may use: its own, or an administrator's.
fn find<'a>(cx: &'a mut Cx<'_>, cluster: &str, id: &str) -> Result<&'a mut ExecutionContext, ApiError> {
    require_cluster(cx, cluster, ClusterRight::Attach).map_err(|error| error.shaped(Shape::Command))?;
    let missing = || refusal(StatusCode::BAD_REQUEST, "ContextNotFoundException", format!("Context not found: {id}"));
    cx.workspace()?.contexts.get_mut(id).filter(|one| one.cluster == cluster).ok_or_else(missing)
}

/// Refuses a cluster that does not run.
fn running(cx: &mut Cx<'_>, id: &str) -> Result<(), ApiError> {
    require_cluster(cx, id, ClusterRight::Attach).map_err(|error| error.shaped(Shape::Command))?;
    let missing = || refusal(StatusCode::BAD_REQUEST, "ClusterNotFoundException", format!("Cluster not found: {id}"));
    let cluster = cx.workspace()?.clusters.get(id).ok_or_else(missing)?;
    if cluster.state == ClusterState::Running {
        return Ok(());
    }
    let message = format!("Cluster {id} is in state {:?}", cluster.state);
    Err(refusal(StatusCode::INTERNAL_SERVER_ERROR, "ClusterNotReadyException", message))
}
