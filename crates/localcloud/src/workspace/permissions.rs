//! Permissions on what is in a workspace: one API for every kind that has them. <https://docs.databricks.com/api/workspace/permissions>

use http::Method;
use serde_json::{Value, json};

use super::clusters;
use super::permission_levels::{KEPT, TYPES, Type, who};
use super::rights::{self, ClusterRight, FileRight, WarehouseRight};
use crate::answer::{Answer, ApiError, set};
use crate::call::Cx;
use crate::kinds::KINDS;
use crate::principal::PrincipalKind;
use crate::route::{Route, route};
use crate::store::{Home, Object, fields};

/// The endpoints.
pub(crate) const ROUTES: &[Route] = &[
    // `clusters/ID`, `sql/warehouses/ID`, `authorization/tokens` or `passwords`; a GET may end in `/permissionLevels`.
    route(Method::GET, "/api/2.0/permissions/{object*}", get),
    route(Method::PUT, "/api/2.0/permissions/{object*}", put),
    route(Method::PATCH, "/api/2.0/permissions/{object*}", patch),
];

/// How the path ends that asks for the levels of a type.
const LEVELS: &str = "/permissionLevels";

fn get(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let (of, id) = asked(cx)?;
    if cx.param("object").ends_with(LEVELS) { Ok(levels(of)) } else { view(cx, of, &id) }
}

fn put(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let (of, id) = asked(cx)?;
    may_manage(cx, of, &id)?;
    let list = wanted(cx)?;
    set_list(cx, of.word, &id, list)?;
    view(cx, of, &id)
}

fn patch(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let (of, id) = asked(cx)?;
    may_manage(cx, of, &id)?;
    let wanted = wanted(cx)?;
    let mut list = direct(cx, of, &id)?;
    list.retain(|one| !wanted.iter().any(|other| who(one) == who(other)));
    list.extend(wanted);
    set_list(cx, of.word, &id, list)?;
    view(cx, of, &id)
}

/// Refuses who may not manage an object whose rights the local cloud holds.
fn may_manage(cx: &mut Cx<'_>, of: &Type, id: &str) -> Result<(), ApiError> {
    match of.word {
        "clusters" => rights::require_cluster(cx, id, ClusterRight::Manage),
        "directories" | "files" | "notebooks" => {
            let path = id.parse().ok().and_then(|id| cx.workspace().ok()?.files.path(id).map(str::to_owned));
            rights::require_file(cx, &path.unwrap_or_default(), FileRight::Manage)
        }
        "sql/warehouses" => rights::require_warehouse(cx, id, WarehouseRight::Manage),
        _ => Ok(()),
    }
}

fn levels(of: &Type) -> Answer {
    let all: Vec<Value> =
        of.levels.iter().map(|level| json!({"permission_level": level, "description": level})).collect();
    Answer::json(&json!({"permission_levels": all}))
}

/// Replaces the list of an object.
pub(crate) fn set_list(cx: &mut Cx<'_>, word: &str, id: &str, list: Vec<Value>) -> Result<(), ApiError> {
    let Some(of) = TYPES.iter().find(|of| of.word == word) else { return Err(no_type(word)) };
    for entry in &list {
        let level = entry.get("permission_level").and_then(Value::as_str).unwrap_or_default();
        let known = of.levels.contains(&level) || of.word == "authorization" && level == "CAN_MANAGE";
        if !known {
            return Err(ApiError::invalid(format!(
                "{level} is none of the levels of {word}: {}.",
                of.levels.join(", ")
            )));
        }
        let Some((field, name)) = who(entry) else {
            return Err(ApiError::invalid(
                "An entry names exactly one of user_name, group_name, service_principal_name.",
            ));
        };
        let kind = match field {
            "group_name" => PrincipalKind::Group,
            "user_name" => PrincipalKind::User,
            _ => PrincipalKind::ServicePrincipal,
        };
        if !cx.knows(kind, name) {
            return Err(ApiError::missing(format!("Principal: {} {name} does not exist", kind.noun())));
        }
    }
    if list.iter().filter(|entry| entry.get("permission_level") == Some(&json!("IS_OWNER"))).count() > 1 {
        return Err(ApiError::invalid(format!("{} must have exactly one owner.", of.object)));
    }
    let mut object = Object { built_in: true, ..Object::default() };
    object.set("access_control_list", list);
    cx.store(Home::Workspace)?.insert(KEPT, format!("{word}/{id}"), object);
    Ok(())
}

/// The type and the id that a path names; the object is there.
fn asked(cx: &mut Cx<'_>) -> Result<(&'static Type, String), ApiError> {
    let object = cx.param("object").trim_end_matches(LEVELS);
    let (word, id) = object.rsplit_once('/').unwrap_or((object, ""));
    let (word, id) = (word.to_owned(), id.to_owned());
    let of = TYPES.iter().find(|of| of.word == word).ok_or_else(|| no_type(&word))?;
    let there = match of.word {
        "authorization" => id == "tokens" || id == "passwords",
        "clusters" => clusters::find(cx, &id).is_ok(),
        "directories" | "files" | "notebooks" => {
            id.parse().is_ok_and(|id: i64| cx.workspace().is_ok_and(|workspace| workspace.files.has_id(id)))
        }
        word => match KINDS.iter().find(|kind| kind.permissions == word) {
            Some(kind) => kind.find(cx, &id).is_ok(),
            None => false,
        },
    };
    if there { Ok((of, id)) } else { Err(ApiError::missing(format!("{} {id} does not exist.", of.object))) }
}

fn wanted(cx: &Cx<'_>) -> Result<Vec<Value>, ApiError> {
    let body = fields::check("iam.UpdateObjectPermissions", cx.body_value()?, cx.strictness())?;
    Ok(body.get("access_control_list").and_then(Value::as_array).cloned().unwrap_or_default())
}

/// The entries that somebody gave, or, where nobody did, what the maker has.
fn direct(cx: &mut Cx<'_>, of: &Type, id: &str) -> Result<Vec<Value>, ApiError> {
    let key = format!("{}/{id}", of.word);
    let kept =
        cx.store(Home::Workspace)?.get(KEPT, &key).and_then(|one| one.fields.get("access_control_list")).cloned();
    let mut list = match kept {
        Some(Value::Array(list)) => list,
        _ => Vec::new(),
    };
    // An object has its owner, whoever replaces the list without one.
    let owned = list.iter().any(|entry| entry.get("permission_level") == Some(&json!("IS_OWNER")));
    if !of.maker.is_empty() && (list.is_empty() || of.maker == "IS_OWNER" && !owned) {
        let maker = match of.word {
            "clusters" => clusters::find(cx, id)?.creator.clone(),
            _ => cx.name()?,
        };
        let field = if maker.contains('@') { "user_name" } else { "service_principal_name" };
        let mut entry = json!({"permission_level": of.maker});
        set(&mut entry, field, json!(maker));
        list.push(entry);
    }
    Ok(list)
}

fn view(cx: &mut Cx<'_>, of: &Type, id: &str) -> Result<Answer, ApiError> {
    let mut entries: Vec<Value> = Vec::new();
    for entry in direct(cx, of, id)? {
        let Some((field, name)) = who(&entry) else { continue };
        let level = json!({"permission_level": entry.get("permission_level"), "inherited": false});
        let mut shown = json!({"all_permissions": [level]});
        set(&mut shown, field, json!(name));
        if field != "group_name" {
            set(&mut shown, "display_name", json!(cx.display_name(name)));
        }
        entries.push(shown);
    }
    // The workspace's admins may do everything.
    let strongest = match of.word {
        "authorization" => "CAN_MANAGE",
        _ if of.levels.contains(&"CAN_MANAGE") => "CAN_MANAGE",
        _ => "CAN_USE",
    };
    let inherited = match of.word {
        "authorization" => json!({"permission_level": strongest, "inherited": false}),
        word => json!({
            "permission_level": strongest,
            "inherited": true,
            "inherited_from_object": [format!("/{word}/")],
        }),
    };
    if !entries.iter().any(|entry| entry.get("group_name") == Some(&json!("admins"))) {
        entries.push(json!({"group_name": "admins", "all_permissions": [inherited]}));
    }
    Ok(Answer::json(&json!({
        "object_id": format!("/{}/{id}", of.word),
        "object_type": of.object,
        "access_control_list": entries,
    })))
}

fn no_type(word: &str) -> ApiError {
    ApiError::invalid(format!("{word} is not an object type that has permissions."))
}
