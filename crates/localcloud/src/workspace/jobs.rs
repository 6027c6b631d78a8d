//! Jobs: their settings are kept whole. <https://docs.databricks.com/api/workspace/jobs>

use http::Method;
use serde_json::{Map, Value, json};

use crate::answer::{Answer, ApiError, set};
use crate::call::Cx;
use crate::route::{Route, route};
use crate::store::kind::{Id, Kind, Line, Told, Verb};
use crate::store::{Object, fields};

const CALLS: &[Line] =
    &[(Method::GET, "/get", Verb::Get), (Method::GET, "/list", Verb::List), (Method::POST, "/delete", Verb::Delete)];

/// The row.
pub(crate) const KIND: Kind = Kind {
    noun: "Job",
    key: "jobs",
    path: "/api/{version}/jobs",
    calls: &[CALLS],
    id: ("job_id", Id::Number),
    create: "jobs.CreateJob",
    change: "jobs.JobSettings",
    object: "jobs.Job",
    items: "jobs",
    page: 20,
    created: Told::Id,
    permissions: "jobs",
    ..Kind::PLAIN
};

/// The endpoints that change settings.
pub(crate) const ROUTES: &[Route] = &[
    route(Method::POST, "/api/{version}/jobs/create", create),
    route(Method::POST, "/api/{version}/jobs/reset", reset),
    route(Method::POST, "/api/{version}/jobs/update", update),
];

fn create(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let mut settings = fields::check(KIND.create, cx.body_value()?, cx.strictness())?;
    // Permissions are no settings: see the permissions API.
    let permissions = settings.remove("access_control_list");
    complete(&mut settings, cx)?;
    let id = cx.state.next_id();
    let mut job = Object::default();
    job.set("job_id", id);
    job.set("created_time", cx.now);
    job.set("creator_user_name", cx.name()?);
    job.set("run_as_user_name", run_as(&settings, &cx.name()?));
    job.set("settings", settings);
    cx.store(KIND.home)?.insert(KIND.key, id.to_string(), job);
    if let Some(Value::Array(list)) = permissions {
        super::permissions::set_list(cx, "jobs", &id.to_string(), list)?;
    }
    Ok(Answer::json(&json!({"job_id": id})))
}

fn reset(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let Change { id, settings, .. } = change(cx)?;
    settle(cx, &id, settings)
}

fn update(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let Change { id, settings: wanted, removed } = change(cx)?;
    let job = KIND.find(cx, &id)?;
    let mut settings = job.fields.get("settings").and_then(Value::as_object).cloned().unwrap_or_default();
    for field in removed {
        let (list, key) = field.split_once('/').map_or((field.as_str(), None), |(list, key)| (list, Some(key)));
        match (key, settings.get_mut(list)) {
            (Some(key), Some(Value::Array(all))) => all.retain(|one| key_of(one) != Some(key)),
            _ => drop(settings.remove(list)),
        }
    }
    for (field, value) in wanted {
        match (settings.get_mut(&field), value) {
            // Lists of things with a key are merged by it.
            (Some(Value::Array(have)), Value::Array(more)) if more.iter().all(|one| key_of(one).is_some()) => {
                have.retain(|one| !more.iter().any(|other| key_of(other) == key_of(one)));
                have.extend(more);
            }
            (_, value) => drop(settings.insert(field, value)),
        }
    }
    settle(cx, &id, settings)
}

/// Takes new settings.
fn settle(cx: &mut Cx<'_>, id: &str, mut settings: Map<String, Value>) -> Result<Answer, ApiError> {
    complete(&mut settings, cx)?;
    let creator = KIND.find(cx, id)?.text("creator_user_name").to_owned();
    let job = KIND.find(cx, id)?;
    job.set("run_as_user_name", run_as(&settings, &creator));
    job.set("settings", settings);
    Ok(Answer::empty())
}

/// What a call wants of a job.
struct Change {
    id: String,
    settings: Map<String, Value>,
    /// Fields that are to go, or `list/key` for an entry of a list.
    removed: Vec<String>,
}

fn change(cx: &mut Cx<'_>) -> Result<Change, ApiError> {
    let body = fields::check("jobs.UpdateJob", cx.body_value()?, cx.strictness())?;
    let id = body.get("job_id").map(Value::to_string).unwrap_or_default();
    KIND.find(cx, &id)?;
    let settings = body.get("new_settings").and_then(Value::as_object).cloned().unwrap_or_default();
    let removed = body.get("fields_to_remove").and_then(Value::as_array).cloned().unwrap_or_default();
    let removed = removed.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect();
    Ok(Change { id, settings, removed })
}

/// Checks settings, and fills in what the service fills in.
fn complete(settings: &mut Map<String, Value>, cx: &Cx<'_>) -> Result<(), ApiError> {
    let mut fill = |field: &str, value: Value| {
        settings.entry(field).or_insert(value);
    };
    fill("name", json!("Untitled"));
    fill("max_concurrent_runs", json!(1));
    fill("timeout_seconds", json!(0));
    fill("email_notifications", json!({}));
    fill("webhook_notifications", json!({}));
    let many = settings.contains_key("tasks") || !cx.call.path.starts_with("/api/2.0/");
    settings.insert("format".to_owned(), json!(if many { "MULTI_TASK" } else { "SINGLE_TASK" }));
    if let Some(run_as) = settings.get("run_as").and_then(Value::as_object)
        && run_as.len() != 1
    {
        return Err(ApiError::invalid("run_as has exactly one of user_name and service_principal_name."));
    }
    if ["schedule", "continuous", "trigger"].iter().filter(|field| settings.contains_key(**field)).count() > 1 {
        return Err(ApiError::invalid("A job has at most one of schedule, continuous and trigger."));
    }
    let Some(Value::Array(tasks)) = settings.get_mut("tasks") else { return Ok(()) };
    let keys: Vec<String> = tasks.iter().filter_map(|one| key_of(one).map(str::to_owned)).collect();
    for (at, task) in tasks.iter_mut().enumerate() {
        let key = key_of(task).unwrap_or_default().to_owned();
        if keys.get(..at).is_some_and(|before| before.contains(&key)) {
            return Err(ApiError::invalid(format!("Two tasks have the task_key {key}.")));
        }
        let needs = task.get("depends_on").and_then(Value::as_array).into_iter().flatten();
        let missing = needs.filter_map(key_of).find(|need| !keys.iter().any(|key| key == need));
        if let Some(missing) = missing {
            return Err(ApiError::invalid(format!("Task {key} depends on {missing}, which is not there.")));
        }
        if task.get("run_if").is_none() {
            set(task, "run_if", json!("ALL_SUCCESS"));
        }
        for field in ["email_notifications", "webhook_notifications"] {
            if task.get(field).is_none() {
                set(task, field, json!({}));
            }
        }
        if task.get("timeout_seconds").is_none() {
            set(task, "timeout_seconds", json!(0));
        }
    }
    Ok(())
}

/// Whom a job runs as.
fn run_as(settings: &Map<String, Value>, creator: &str) -> String {
    let run_as = settings.get("run_as").and_then(Value::as_object);
    run_as.and_then(|who| who.values().next()?.as_str()).unwrap_or(creator).to_owned()
}

/// What names an entry of one of the lists of a job's settings.
fn key_of(entry: &Value) -> Option<&str> {
    ["task_key", "job_cluster_key", "environment_key", "name"].iter().find_map(|field| entry.get(field)?.as_str())
}
