//! Base environments of serverless compute. <https://docs.databricks.com/api/workspace/environments>
//!
//! What they are made of is a YAML file in a volume or among the workspace's files. Making one takes a while: the answer is an operation.

use std::path::PathBuf;

use http::Method;
use serde_json::{Map, Value, json};

use super::{files, volume_files};
use crate::answer::{Answer, ApiError};
use crate::call::Cx;
use crate::route::{Route, route};
use crate::store::{Home, Object, fields};

/// The endpoints.
pub(crate) const ROUTES: &[Route] = &[
    route(Method::POST, "/api/environments/v1/workspace-base-environments", create),
    route(Method::GET, "/api/environments/v1/workspace-base-environments", list),
    route(Method::GET, "/api/environments/v1/workspace-base-environments/{id}", get),
    route(Method::PATCH, "/api/environments/v1/workspace-base-environments/{id}", update),
    route(Method::DELETE, "/api/environments/v1/workspace-base-environments/{id}", delete),
    route(Method::POST, "/api/environments/v1/workspace-base-environments/{id}/refresh", refresh),
    route(Method::GET, "/api/environments/v1/operations/{id}", operation),
    route(Method::GET, "/api/environments/v1/default-workspace-base-environment", get_default),
    route(Method::PATCH, "/api/environments/v1/default-workspace-base-environment", update_default),
];

/// What they are kept under; their ids are no field of theirs.
const KEPT: &str = "base_environments";
/// What the default one is kept under.
const DEFAULT: &str = "default_base_environment";
/// How long one takes to be made, in milliseconds.
const BUILDING: i64 = 200;

const FORM: &str = "environments.WorkspaceBaseEnvironment";
const DEFAULT_FORM: &str = "environments.DefaultWorkspaceBaseEnvironment";
/// What the service says, and no caller.
const TOLD: &[&str] =
    &["name", "status", "message", "spec", "create_time", "creator_user_id", "update_time", "is_default"];

fn name(id: &str) -> String {
    format!("workspace-base-environments/{id}")
}

fn create(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    cx.require_workspace_admin("manage base environments")?;
    let given = fields::check(FORM, cx.body_value()?, cx.strictness())?;
    let id = match cx.query("workspace_base_environment_id") {
        Some(id) if !id.is_empty() => id.to_owned(),
        _ => uuid::Uuid::new_v4().to_string(),
    };
    if !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') || id.len() > 63 {
        return Err(ApiError::invalid(format!("{id:?} is no id of a base environment.")));
    }
    if cx.store(Home::Workspace)?.has(KEPT, &id) {
        return Err(ApiError::exists(format!("Base environment {id} already exists.")));
    }
    let mut object = Object::new(Map::new());
    object.set("name", name(&id));
    object.set("create_time", crate::time::rfc3339(cx.now));
    object.set("creator_user_id", cx.caller()?.principal.clone());
    build(cx, &id, object, given)
}

fn update(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    cx.require_workspace_admin("manage base environments")?;
    let given = fields::check(FORM, cx.body_value()?, cx.strictness())?;
    let object = kept(cx)?;
    let id = cx.param("id").to_owned();
    build(cx, &id, object, given)
}

fn refresh(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let object = kept(cx)?;
    let id = cx.param("id").to_owned();
    let given = object.fields.clone();
    build(cx, &id, object, given)
}

/// Makes it of what its file says, which takes a while.
fn build(cx: &mut Cx<'_>, id: &str, mut object: Object, given: Map<String, Value>) -> Result<Answer, ApiError> {
    object.fields.extend(given.into_iter().filter(|(field, _)| !TOLD.contains(&field.as_str())));
    object.set("update_time", crate::time::rfc3339(cx.now));
    object.set("last_updated_user_id", cx.caller()?.principal.clone());
    let path = object.text("filepath").to_owned();
    match specification(cx, &path) {
        Ok(specification) => {
            object.set("spec", specification);
            object.set("message", "");
            object.set("status", "PENDING");
            object.later(cx.now + BUILDING, "status", "CREATED");
        }
        Err(error) => {
            object.set("status", "INVALID");
            object.set("message", error.message);
        }
    }
    let is_over = object.text("status") == "INVALID";
    cx.store(Home::Workspace)?.insert(KEPT, id.to_owned(), object);
    Ok(Answer::json(&json!({"name": format!("operations/{id}"), "done": is_over})))
}

/// What a file says that an environment is made of: a version, and dependencies.
fn specification(cx: &mut Cx<'_>, path: &str) -> Result<Value, ApiError> {
    if path.is_empty() {
        return Ok(json!({}));
    }
    let file: PathBuf = match path.starts_with("/Volumes/") {
        true => volume_files::file(cx, path)?,
        false => files::file(cx, path)?,
    };
    let text = std::fs::read_to_string(file).map_err(|_| ApiError::missing(format!("There is no file {path}.")))?;
    Ok(parsed(&text))
}

/// The two entries of an environment's file, which is YAML: a text, and a list of texts.
fn parsed(text: &str) -> Value {
    let bare = |text: &str| text.trim().trim_matches(['"', '\'']).to_owned();
    let (mut version, mut dependencies, mut is_listing) = (String::new(), Vec::new(), false);
    for line in text.lines().map(str::trim_end).filter(|line| !line.trim_start().starts_with('#')) {
        if let Some(value) = line.strip_prefix("environment_version:") {
            version = bare(value);
        } else if let Some(item) = line.trim_start().strip_prefix("- ").filter(|_| is_listing) {
            dependencies.push(bare(item));
        } else {
            is_listing = line.starts_with("dependencies:");
        }
    }
    json!({"environment_version": version, "dependencies": dependencies})
}

fn kept(cx: &mut Cx<'_>) -> Result<Object, ApiError> {
    let id = cx.param("id").to_owned();
    let found = cx.store(Home::Workspace)?.get(KEPT, &id).cloned();
    found.ok_or_else(|| ApiError::missing(format!("Base environment {id} does not exist.")))
}

fn shown(object: &Object, default: &Object) -> Value {
    let mut shown = object.fields.clone();
    let is_default = default.fields.values().any(|name| *name == json!(object.text("name")));
    shown.insert("is_default".into(), json!(is_default));
    fields::shown(FORM, &shown)
}

fn get(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let (object, default) = (kept(cx)?, default(cx)?);
    Ok(Answer::json(&shown(&object, &default)))
}

fn list(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let default = default(cx)?;
    let all: Vec<Value> = cx.store(Home::Workspace)?.all(KEPT).map(|(_, object)| shown(object, &default)).collect();
    Ok(Answer::json(&json!({"workspace_base_environments": all})))
}

fn delete(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    cx.require_workspace_admin("manage base environments")?;
    kept(cx)?;
    let id = cx.param("id").to_owned();
    cx.store(Home::Workspace)?.remove(KEPT, &id);
    Ok(Answer::empty())
}

/// An operation is over when what it makes is.
fn operation(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let (object, default, id) = (kept(cx)?, default(cx)?, cx.param("id").to_owned());
    let mut told = json!({"name": format!("operations/{id}"), "done": object.text("status") != "PENDING"});
    if object.text("status") == "CREATED" {
        crate::answer::set(&mut told, "response", shown(&object, &default));
    }
    Ok(Answer::json(&told))
}

fn default(cx: &mut Cx<'_>) -> Result<Object, ApiError> {
    let none = Object { built_in: true, ..Object::default() };
    Ok(cx.store(Home::Workspace)?.get(DEFAULT, DEFAULT).cloned().unwrap_or(none))
}

fn get_default(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let mut all = default(cx)?.fields;
    all.insert("name".into(), json!("default-workspace-base-environment"));
    Ok(Answer::json(&fields::shown(DEFAULT_FORM, &all)))
}

fn update_default(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    cx.require_workspace_admin("manage base environments")?;
    let mut given = fields::check(DEFAULT_FORM, cx.body_value()?, cx.strictness())?;
    given.remove("name");
    let mask = cx.required("update_mask")?.to_owned();
    let mut default = default(cx)?;
    for field in mask.split(',').map(str::trim) {
        match given.get(field).and_then(Value::as_str).filter(|name| !name.is_empty()) {
            None => drop(default.fields.remove(field)),
            Some(name) => {
                let id = name.rsplit('/').next().unwrap_or_default();
                if !cx.store(Home::Workspace)?.has(KEPT, id) {
                    return Err(ApiError::missing(format!("Base environment {name} does not exist.")));
                }
                default.set(field, name);
            }
        }
    }
    cx.store(Home::Workspace)?.insert(DEFAULT, DEFAULT.to_owned(), default);
    get_default(cx)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environments_file_has_a_version_and_dependencies() {
        let text = "# for serverless\nenvironment_version: '4'\ndependencies:\n  - /Volumes/a/b/c/one.whl\n  - \"numpy==2.1\"\n";
        let expected = json!({"environment_version": "4", "dependencies": ["/Volumes/a/b/c/one.whl", "numpy==2.1"]});
        assert_eq!(parsed(text), expected);
        assert_eq!(parsed("other: 1\n- x\n"), json!({"environment_version": "", "dependencies": []}));
    }
}
