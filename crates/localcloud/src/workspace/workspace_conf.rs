//! Settings of a workspace by name. <https://docs.databricks.com/api/workspace/workspaceconf>

use http::Method;
use serde_json::{Map, Value};

use crate::answer::{Answer, ApiError};
use crate::call::Cx;
use crate::route::{Route, route};

/// The endpoints.
pub(crate) const ROUTES: &[Route] =
    &[route(Method::GET, "/api/2.0/workspace-conf", get), route(Method::PATCH, "/api/2.0/workspace-conf", update)];

fn get(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let keys: Vec<String> = cx.required("keys")?.split(',').map(|key| key.trim().to_owned()).collect();
    let conf = &cx.workspace()?.conf;
    // A setting that nobody changed is null.
    let all =
        keys.into_iter().map(|key| (key.clone(), conf.get(&key).map_or(Value::Null, |text| text.as_str().into())));
    Ok(Answer::json(&all.collect::<Map<_, _>>()))
}

fn update(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    cx.require_workspace_admin("change the workspace's settings")?;
    let Value::Object(wanted) = cx.body_value()? else { return Err(ApiError::malformed("The body is no object.")) };
    let workspace = cx.workspace()?;
    for (key, value) in wanted {
        match value {
            Value::String(text) => workspace.conf.insert(key, text),
            Value::Bool(flag) => workspace.conf.insert(key, flag.to_string()),
            Value::Number(number) => workspace.conf.insert(key, number.to_string()),
            Value::Null => workspace.conf.remove(&key),
            _ => return Err(ApiError::invalid(format!("{key} is no text."))),
        };
    }
    Ok(Answer::empty().with_status(http::StatusCode::NO_CONTENT))
}
