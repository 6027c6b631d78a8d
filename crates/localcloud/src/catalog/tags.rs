//! Tags on what is in a metastore, for every kind that has privileges. <https://docs.databricks.com/api/workspace/entitytagassignments>

use http::Method;
use serde_json::{Value, json};

use crate::answer::{Answer, ApiError};
use crate::call::Cx;
use crate::kinds::KINDS;
use crate::route::{Route, route};
use crate::store::kind::Level;
use crate::store::{Home, Object, fields};

/// The endpoints.
pub(crate) const ROUTES: &[Route] = &[
    route(Method::POST, "/api/2.1/unity-catalog/entity-tag-assignments", create),
    route(Method::GET, "/api/2.1/unity-catalog/entity-tag-assignments/{type}/{name}/tags", list),
    route(Method::GET, "/api/2.1/unity-catalog/entity-tag-assignments/{type}/{name}/tags/{key}", get),
    route(Method::PATCH, "/api/2.1/unity-catalog/entity-tag-assignments/{type}/{name}/tags/{key}", update),
    route(Method::DELETE, "/api/2.1/unity-catalog/entity-tag-assignments/{type}/{name}/tags/{key}", delete),
];

/// What tags are kept under, by entity; they are no kind of their own.
const KEPT: &str = "tags";
const TYPE: &str = "catalog.EntityTagAssignment";

fn create(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted = fields::check(TYPE, cx.body_value()?, cx.strictness())?;
    let text = |field: &str| wanted.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (entity, tag) = (entity(cx, &text("entity_type"), &text("entity_name"))?, text("tag_key"));
    let mut tags = kept(cx, &entity)?;
    if tags.fields.contains_key(&tag) {
        return Err(ApiError::exists(format!("Tag {tag} is already on {}.", text("entity_name"))));
    }
    tags.set(&tag, text("tag_value"));
    cx.store(Home::Metastore)?.insert(KEPT, entity, tags);
    Ok(Answer::json(&view(&text("entity_type"), &text("entity_name"), &tag, &text("tag_value"))))
}

fn list(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let (entity_type, name, entity) = asked(cx)?;
    let tags = kept(cx, &entity)?;
    let each =
        tags.fields.iter().map(|(tag, value)| view(&entity_type, &name, tag, value.as_str().unwrap_or_default()));
    Ok(Answer::json(&json!({"tag_assignments": each.collect::<Vec<_>>()})))
}

fn get(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let (entity_type, name, entity) = asked(cx)?;
    let tag = cx.param("key").to_owned();
    let tags = kept(cx, &entity)?;
    match tags.fields.get(&tag) {
        Some(value) => Ok(Answer::json(&view(&entity_type, &name, &tag, value.as_str().unwrap_or_default()))),
        None => Err(missing(&tag, &name)),
    }
}

fn update(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let (entity_type, name, entity) = asked(cx)?;
    let tag = cx.param("key").to_owned();
    let mut body = cx.body_value()?;
    // The body may leave out what the path says.
    for (field, value) in [("entity_type", &entity_type), ("entity_name", &name), ("tag_key", &tag)] {
        crate::answer::set(&mut body, field, json!(value));
    }
    let wanted = fields::check(TYPE, body, cx.strictness())?;
    let value = wanted.get("tag_value").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut tags = kept(cx, &entity)?;
    if !tags.fields.contains_key(&tag) {
        return Err(missing(&tag, &name));
    }
    tags.set(&tag, value.clone());
    cx.store(Home::Metastore)?.insert(KEPT, entity, tags);
    Ok(Answer::json(&view(&entity_type, &name, &tag, &value)))
}

fn delete(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let (_, name, entity) = asked(cx)?;
    let tag = cx.param("key").to_owned();
    let mut tags = kept(cx, &entity)?;
    if tags.fields.remove(&tag).is_none() {
        return Err(missing(&tag, &name));
    }
    cx.store(Home::Metastore)?.insert(KEPT, entity, tags);
    Ok(Answer::empty())
}

fn asked(cx: &mut Cx<'_>) -> Result<(String, String, String), ApiError> {
    let (entity_type, name) = (cx.param("type").to_owned(), cx.param("name").to_owned());
    let entity = entity(cx, &entity_type, &name)?;
    Ok((entity_type, name, entity))
}

/// What the tags of an entity are kept under. Its type is the word of the kind's path; the entity is there.
fn entity(cx: &mut Cx<'_>, entity_type: &str, name: &str) -> Result<String, ApiError> {
    let mut kinds = KINDS.iter().filter(|kind| kind.level == Level::Workspace && !kind.securable.is_empty());
    let kind = kinds.find(|kind| kind.key == entity_type);
    let kind = kind.ok_or_else(|| ApiError::invalid(format!("{entity_type} is no type of an entity with tags.")))?;
    let made = kind.find(cx, name)?.fields.get("created_at").and_then(Value::as_i64).unwrap_or_default();
    Ok(format!("{entity_type}/{}/{made}", kind.normal(name)))
}

fn kept(cx: &mut Cx<'_>, entity: &str) -> Result<Object, ApiError> {
    let none = Object { built_in: true, ..Object::default() };
    Ok(cx.store(Home::Metastore)?.get(KEPT, entity).cloned().unwrap_or(none))
}

fn view(entity_type: &str, name: &str, tag: &str, value: &str) -> Value {
    json!({"entity_type": entity_type, "entity_name": name, "tag_key": tag, "tag_value": value})
}

fn missing(tag: &str, name: &str) -> ApiError {
    ApiError::missing(format!("Tag {tag} is not on {name}."))
}
