//! Privileges on what is in a metastore, for every kind whose row has a word for it.
//! <https://docs.databricks.com/api/workspace/grants>

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use crate::answer::{Answer, ApiError};
use crate::call::Cx;
use crate::kinds::KINDS;
use crate::route::{Route, route};
use crate::store::fields;
use crate::store::kind::{Kind, Level};
use crate::store::{Home, Object};

/// The endpoints.
pub(crate) const ROUTES: &[Route] = &[
    route(Method::GET, "/api/2.1/unity-catalog/permissions/{type}/{name}", get),
    route(Method::PATCH, "/api/2.1/unity-catalog/permissions/{type}/{name}", update),
    route(Method::GET, "/api/2.1/unity-catalog/effective-permissions/{type}/{name}", effective),
];

/// What grants are kept under; they are no kind of their own.
const KEPT: &str = "grants";

fn get(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let grants = kept(cx)?;
    let only = cx.query("principal");
    let all: Vec<Value> = grants
        .fields
        .iter()
        .filter(|(principal, _)| only.is_none_or(|only| only == principal.as_str()))
        .map(|(principal, privileges)| json!({"principal": principal, "privileges": privileges}))
        .collect();
    Ok(Answer::json(&if all.is_empty() { json!({}) } else { json!({"privilege_assignments": all}) }))
}

fn effective(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let grants = kept(cx)?;
    let all: Vec<Value> = grants
        .fields
        .iter()
        .map(|(principal, privileges)| {
            let each = privileges.as_array().into_iter().flatten().map(|one| json!({"privilege": one}));
            json!({"principal": principal, "privileges": each.collect::<Vec<_>>()})
        })
        .collect();
    Ok(Answer::json(&json!({"privilege_assignments": all})))
}

fn update(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted = fields::check("catalog.UpdatePermissions", cx.body_value()?, cx.strictness())?;
    let mut grants = kept(cx)?;
    for change in wanted.get("changes").and_then(Value::as_array).into_iter().flatten() {
        let principal = change.get("principal").and_then(Value::as_str).unwrap_or_default();
        if principal.is_empty() {
            return Err(fields::missing("changes.principal"));
        }
        let list = |value: Option<&Value>| -> BTreeSet<String> {
            let all = value.and_then(Value::as_array).into_iter().flatten();
            all.filter_map(|one| one.as_str().map(str::to_owned)).collect()
        };
        let mut have = list(grants.fields.get(principal));
        // Removals come first: a change that names a privilege in both has it afterwards.
        have.retain(|one| !list(change.get("remove")).contains(one));
        have.extend(list(change.get("add")));
        if have.is_empty() {
            grants.fields.remove(principal);
        } else {
            grants.set(principal, json!(have));
        }
    }
    let key = key(cx)?;
    cx.store(Home::Metastore)?.insert(KEPT, key, grants);
    get(cx)
}

/// The grants on the securable that the path names.
fn kept(cx: &mut Cx<'_>) -> Result<Object, ApiError> {
    let key = key(cx)?;
    let none = Object { built_in: true, ..Object::default() };
    Ok(cx.store(Home::Metastore)?.get(KEPT, &key).cloned().unwrap_or(none))
}

/// What the grants are kept under: the kind's word, the object's key, and when it was made, so that a new object of an old name
/// begins without grants.
fn key(cx: &mut Cx<'_>) -> Result<String, ApiError> {
    let (word, name) = (cx.param("type").to_lowercase().replace('-', "_"), cx.param("name").to_owned());
    let kind = kind(&word).ok_or_else(|| ApiError::invalid(format!("{word} is no type of a securable.")))?;
    let object = kind.find(cx, &name)?;
    let made = object.fields.get("created_at").and_then(Value::as_i64).unwrap_or_default();
    Ok(format!("{word}/{}/{made}", kind.normal(&name)))
}

fn kind(word: &str) -> Option<&'static Kind> {
    KINDS.iter().copied().find(|kind| kind.securable == word && kind.level == Level::Workspace)
}
