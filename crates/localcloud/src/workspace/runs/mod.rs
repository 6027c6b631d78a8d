//! Runs of notebooks and Python files: `jobs/runs/…` and `jobs/run-now`. A run really runs: see [`crate::driver`].
//! <https://docs.databricks.com/api/workspace/jobs/submit>

pub(crate) mod run;
mod submission;

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Map, Value, json};

use self::run::{Ending, LifeCycle, Outcome, Run, Task};
use self::submission::Parameters;
use super::{jobs, rights};
use crate::answer::{Answer, ApiError, set};
use crate::call::Cx;
use crate::effect::Effect;
use crate::route::{Route, route};
use crate::store::fields;

/// The endpoints.
pub(crate) const ROUTES: &[Route] = &[
    route(Method::POST, "/api/{version}/jobs/runs/submit", submit),
    route(Method::POST, "/api/{version}/jobs/run-now", run_now),
    route(Method::GET, "/api/{version}/jobs/runs/get", get),
    route(Method::GET, "/api/{version}/jobs/runs/get-output", get_output),
    route(Method::GET, "/api/{version}/jobs/runs/list", list),
    route(Method::POST, "/api/{version}/jobs/runs/cancel", cancel),
    route(Method::POST, "/api/{version}/jobs/runs/cancel-all", cancel_all),
    route(Method::POST, "/api/{version}/jobs/runs/delete", delete),
];

/// Bytes of a notebook's result that are kept.
const LARGEST_RESULT: usize = 5 * 1024 * 1024;

fn submit(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted = fields::check("jobs.SubmitRun", cx.body_value()?, cx.strictness())?;
    let name = wanted.get("run_name").and_then(Value::as_str).unwrap_or("Untitled").to_owned();
    let id = begin(cx, None, name, &wanted, &wanted, &Parameters::default())?;
    Ok(Answer::json(&json!({"run_id": id})))
}

fn run_now(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted = fields::check("jobs.RunNow", cx.body_value()?, cx.strictness())?;
    let job = wanted.get("job_id").and_then(Value::as_i64).unwrap_or_default();
    let of = jobs::KIND.find(cx, &job.to_string())?;
    let mut settings = of.fields.get("settings").and_then(Value::as_object).cloned().unwrap_or_default();
    let name = settings.get("name").and_then(Value::as_str).unwrap_or("Untitled").to_owned();
    if !settings.contains_key("tasks") {
        // A job of one task, as version 2.0 of the API has them.
        let mut task = settings.clone();
        task.insert("task_key".to_owned(), json!("main"));
        settings.insert("tasks".to_owned(), json!([task]));
    }
    let mut parameters = Parameters::default();
    for field in ["job_parameters", "notebook_params"] {
        let given = wanted.get(field).and_then(Value::as_object).into_iter().flatten();
        let given = given.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
        parameters.notebook.extend(given);
    }
    parameters.python = wanted
        .get("python_params")
        .and_then(Value::as_array)
        .map(|all| all.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect());
    let id = begin(cx, Some(job), name, &settings, &wanted, &parameters)?;
    Ok(Answer::json(&json!({"run_id": id, "number_in_job": id})))
}

/// A new run of these settings; one that was asked for before with the same token is that one.
fn begin(
    cx: &mut Cx<'_>,
    job: Option<i64>,
    name: String,
    settings: &Map<String, Value>,
    request: &Map<String, Value>,
    parameters: &Parameters,
) -> Result<i64, ApiError> {
    let token = request.get("idempotency_token").and_then(Value::as_str).filter(|token| !token.is_empty());
    let token = token.map(str::to_owned);
    if token.as_ref().is_some_and(|token| token.len() > 64) {
        return Err(ApiError::invalid("idempotency_token has at most 64 characters."));
    }
    let known = cx.workspace()?.runs.values().find(|run| token.is_some() && run.idempotency_token == token);
    if let Some(known) = known {
        return Ok(known.id);
    }
    let (mut tasks, clusters) = submission::tasks(cx, settings, parameters)?;
    // The limit of the run is that of each task which has none of its own.
    let limit = settings.get("timeout_seconds").and_then(Value::as_u64).unwrap_or_default();
    for task in tasks.iter_mut().filter(|task| task.timeout == 0) {
        task.timeout = limit;
    }
    let mut run = Run {
        id: cx.state.next_id(),
        job,
        name,
        tasks,
        owner: cx.caller()?.principal.clone(),
        owner_name: cx.name()?,
        idempotency_token: token,
        clusters,
        submitted: cx.now,
    };
    let (id, workspace) = (run.id, cx.workspace_id()?);
    let started = run.advance(cx.now);
    cx.workspace()?.runs.insert(id, run);
    cx.effects.extend(started.into_iter().map(|task| Effect::StartTask { workspace, run: id, task }));
    Ok(id)
}

fn get(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = query_id(cx)?;
    let page = page(cx)?;
    find(cx, id).map(|run| Answer::json(&run.view(&page)))
}

fn get_output(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = query_id(cx)?;
    let page = page(cx)?;
    let run = find(cx, id)?;
    let task = match run.tasks.as_slice() {
        [only] => only,
        _ => run.task(id).ok_or_else(|| {
            ApiError::invalid(
                "Retrieving the output of runs with multiple tasks is not supported: ask for the output of each task.",
            )
        })?,
    };
    let mut answer = json!({"metadata": run.view(&page)});
    output(task, &mut answer);
    Ok(Answer::json(&answer))
}

fn output(task: &Task, answer: &mut Value) {
    if let run::Work::Notebook { .. } = task.work {
        let output = task.result.as_ref().map_or_else(
            || json!({}),
            |result| {
                let cut: String = result.chars().take(LARGEST_RESULT).collect();
                json!({"truncated": cut.len() < result.len(), "result": cut})
            },
        );
        set(answer, "notebook_output", output);
    }
    for (field, text) in [("logs", &task.logs), ("error", &task.error), ("error_trace", &task.error_trace)] {
        if let Some(text) = text {
            set(answer, field, json!(text));
        }
    }
}

fn list(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let page = page(cx)?;
    let flag = |name: &str| cx.query(name) == Some("true");
    let (active, over, expand) = (flag("active_only"), flag("completed_only"), flag("expand_tasks"));
    if active && over {
        return Err(ApiError::invalid("active_only and completed_only cannot both be true."));
    }
    let number = |name: &str| cx.query(name).and_then(|text| text.parse::<i64>().ok());
    let (job, from, to) = (number("job_id"), number("start_time_from"), number("start_time_to"));
    let kind = cx.query("run_type").map(str::to_owned);
    let size = cx.query("limit").and_then(|text| text.parse().ok()).unwrap_or(20_usize);
    let size = if size == 0 { 20 } else { size.min(25) };
    let token = cx.query("page_token").filter(|token| !token.is_empty());
    let start: usize = match token.or_else(|| cx.query("offset")) {
        None => 0,
        Some(token) => token.parse().map_err(|_| ApiError::invalid("page_token is none that was given out."))?,
    };
    // 2.0 and older versions of 2.1 answer the tasks always; 2.2 when it is asked to.
    let with_tasks = expand || !cx.call.path.starts_with("/api/2.2/");
    let owners: BTreeSet<String> = cx.workspace()?.runs.values().map(|run| run.owner.clone()).collect();
    let seen: BTreeSet<String> = owners.into_iter().filter(|owner| rights::sees_run(cx, owner)).collect();
    let runs = cx.workspace()?.runs.values().rev();
    let found: Vec<&Run> = runs
        .filter(|run| {
            seen.contains(&run.owner)
                && !(active && run.is_over() || over && !run.is_over())
                && job.is_none_or(|job| run.job == Some(job))
                && kind.as_ref().is_none_or(|kind| run.kind() == kind)
                && from.is_none_or(|from| run.submitted >= from)
                && to.is_none_or(|to| run.submitted <= to)
        })
        .collect();
    let views: Vec<Value> = found
        .iter()
        .skip(start)
        .take(size)
        .map(|run| {
            let mut view = run.view(&page);
            if let Some(view) = view.as_object_mut().filter(|_| !with_tasks) {
                view.remove("tasks");
            }
            view
        })
        .collect();
    let next = start + views.len();
    let more = next < found.len();
    let mut answer = json!({"runs": views, "has_more": more});
    if more {
        set(&mut answer, "next_page_token", json!(next.to_string()));
    }
    if start > 0 {
        set(&mut answer, "prev_page_token", json!(start.saturating_sub(size).to_string()));
    }
    Ok(Answer::json(&answer))
}

fn cancel(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted = fields::check("jobs.CancelRun", cx.body_value()?, cx.strictness())?;
    let id = wanted.get("run_id").and_then(Value::as_i64).unwrap_or_default();
    stop(cx, id)?;
    Ok(Answer::empty())
}

fn cancel_all(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted = fields::check("jobs.CancelAllRuns", cx.body_value()?, cx.strictness())?;
    let job = wanted.get("job_id").and_then(Value::as_i64);
    let runs = cx.workspace()?.runs.values();
    let ids: Vec<i64> = runs.filter(|run| job.is_none() || run.job == job).map(|run| run.id).collect();
    for id in ids {
        stop(cx, id)?;
    }
    Ok(Answer::empty())
}

/// Ends what runs of a run, and what waits.
fn stop(cx: &mut Cx<'_>, id: i64) -> Result<(), ApiError> {
    let (now, workspace) = (cx.now, cx.workspace_id()?);
    let run = find(cx, id)?;
    let id = run.id;
    let mut running = Vec::new();
    for task in run.tasks.iter_mut().filter(|task| !task.is_over()) {
        if task.life_cycle == LifeCycle::Blocked {
            task.end(now, Ending::without_result(Outcome::Canceled, "Run cancelled."));
        } else {
            task.life_cycle = LifeCycle::Terminating;
            running.push(task.id);
        }
    }
    cx.effects.extend(running.into_iter().map(|task| Effect::StopTask { workspace, run: id, task }));
    Ok(())
}

fn delete(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted = fields::check("jobs.DeleteRun", cx.body_value()?, cx.strictness())?;
    let id = wanted.get("run_id").and_then(Value::as_i64).unwrap_or_default();
    let run = find(cx, id)?;
    if !run.is_over() {
        return Err(ApiError::wrong_state(format!("Run {id} is active: cancel it before it is deleted.")));
    }
    let id = run.id;
    cx.workspace()?.runs.remove(&id);
    Ok(Answer::empty())
}

/// A run that the caller may look at, by its id or by that of one of its tasks. The API's answer for one that is not there is 400,
/// not 404.
fn find<'a>(cx: &'a mut Cx<'_>, id: i64) -> Result<&'a mut Run, ApiError> {
    let of = cx.workspace()?.runs.values().find(|run| run.id == id || run.task(id).is_some());
    if let Some(owner) = of.map(|run| run.owner.clone())
        && !rights::sees_run(cx, &owner)
    {
        return Err(rights::refusal(&cx.name()?, "View", &format!("run {id}")));
    }
    let found = cx.workspace()?.runs.values_mut().find(|run| run.id == id || run.task(id).is_some());
    found.ok_or_else(|| ApiError::invalid(format!("Run {id} does not exist.")))
}

fn query_id(cx: &Cx<'_>) -> Result<i64, ApiError> {
    let text = cx.required("run_id")?;
    text.parse().map_err(|_| ApiError::invalid(format!("run_id {text} is not a number.")))
}

/// The address of the workspace's page: see [`crate::page`].
fn page(cx: &mut Cx<'_>) -> Result<String, ApiError> {
    let settings = cx.settings;
    let workspace = cx.workspace()?;
    Ok(format!("{}/?o={}", settings.workspace_url(workspace.deployment()), workspace.id))
}
