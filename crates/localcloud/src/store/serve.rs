//! What the calls of a kind do, for all kinds alike: create, list, get, change, delete.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::fields::{self, Strictness};
use super::kind::{Id, Kind, Level, Told, Verb, joined, scoped};
use super::{Home, Object, Store, mask};
use crate::answer::{Answer, ApiError};
use crate::call::Cx;
use crate::kinds::KINDS;
use crate::principal::PrincipalKind;

/// What belongs to a service principal names this as its parent: principals are kept by SCIM, and not as a kind.
pub(crate) const PRINCIPALS: &str = "principals";
/// The most objects of a page.
const LARGEST_PAGE: usize = 1000;
/// What the service says of an object, whoever made it; an update cannot change it.
const STAMPS: &[&str] = &[
    "account_id",
    "created_at",
    "created_at_timestamp",
    "created_by",
    "created_time",
    "creation_time",
    "creator_name",
    "creator_user_name",
    "metastore_id",
];

/// Serves a call of a kind.
pub(crate) fn serve(kind: &'static Kind, verb: Verb, cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    // At the account's host everybody is an admin of the account.
    if !kind.admins.is_empty() && kind.level == Level::Workspace && !matches!(verb, Verb::List | Verb::Get) {
        cx.require_workspace_admin(kind.admins)?;
    }
    match verb {
        Verb::Create => create(kind, cx),
        Verb::List => list(kind, cx),
        Verb::Get => {
            let key = asked(kind, cx)?;
            (kind.may)(cx, &key, verb)?;
            let object = kind.find(cx, &key)?.clone();
            Ok(Answer::json(&kind.shown(&object)))
        }
        Verb::Patch | Verb::Replace => change(kind, verb, cx),
        Verb::Delete => delete(kind, cx),
    }
}

fn create(kind: &'static Kind, cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let body = body(kind, cx, kind.create, &[])?;
    let mut object = Object::new(body);
    if let Some(parent) = kind.parent {
        if let (Some(given), [field]) = (kind.parent_in_path(cx), parent.fields) {
            object.set(field, given);
        }
        let name = joined(parent.fields, &object);
        if parent.key == PRINCIPALS {
            if !cx.state.principals.get(&name).is_some_and(|one| one.kind == PrincipalKind::ServicePrincipal) {
                return Err(ApiError::missing(format!("Service principal {name} does not exist.")));
            }
        } else {
            let of = by_key(parent.key)?;
            if !cx.store(of.home)?.has(of.key, &name) {
                return Err(of.missing(&name));
            }
        }
    }
    let (field, id) = kind.id;
    match id {
        Id::Uuid => object.set(field, uuid::Uuid::new_v4().to_string()),
        Id::Number => object.set(field, cx.state.next_id()),
        Id::Capitals => object.set(field, hex::encode_upper(rand::random::<[u8; 8]>())),
        Id::Hex => object.set(field, hex::encode(rand::random::<[u8; 8]>())),
        Id::Name if kind.home == Home::Metastore => {
            let name = object.text(field).to_lowercase();
            object.set(field, name);
        }
        Id::Name => {}
        Id::Given if object.text(field).is_empty() => {
            let given = cx.query(field).filter(|id| !id.is_empty()).map(str::to_owned);
            object.set(field, given.unwrap_or_else(|| uuid::Uuid::new_v4().to_string()));
        }
        Id::Given => {}
        Id::Joined(parts) => {
            let name = joined(parts, &object);
            for part in parts {
                let lower = object.text(part).to_lowercase();
                object.set(part, lower);
            }
            object.set(field, name);
        }
    }
    let key = kind.key_of(&object);
    if key.is_empty() {
        return Err(fields::missing(field));
    }
    if cx.store(kind.home)?.has(kind.key, &key) {
        return Err(kind.exists(&key));
    }
    stamp(kind, cx, &mut object)?;
    (kind.make)(cx, &mut object)?;
    if let Some(unique) = kind.unique.filter(|_| !cx.settings.repeats_names) {
        let value = object.text(unique);
        let is_taken =
            !value.is_empty() && cx.store(kind.home)?.all(kind.key).any(|(_, one)| one.text(unique) == value);
        if is_taken {
            return Err(ApiError::malformed(format!(
                "{} name {value} already exists in this account. Try again with a unique name.",
                kind.noun
            )));
        }
    }
    object.fields.retain(|field, _| fields::has(kind.object, field));
    cx.store(kind.home)?.insert(kind.key, key, object.clone());
    Ok(told(kind, kind.created, &object))
}

fn list(kind: &Kind, cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let number = |cx: &Cx<'_>, name: &str| cx.query(name).and_then(|text| text.parse::<usize>().ok());
    let asked = ["page_size", "max_results", "limit"].iter().find_map(|name| number(cx, name));
    let size = match asked.filter(|size| *size > 0).unwrap_or(kind.page) {
        0 => LARGEST_PAGE,
        size => size.min(LARGEST_PAGE),
    };
    let after = match cx.query("page_token").filter(|token| !token.is_empty()) {
        None => None,
        Some(token) => Some(after(token)?),
    };
    let parent = kind.parent_in_path(cx).or_else(|| parent_in_query(kind, cx));
    let offset = number(cx, "offset").unwrap_or(0);
    let name = cx.query("name").map(str::to_owned);
    let keys: Vec<String> = cx.store(kind.home)?.all(kind.key).map(|(key, _)| key.clone()).collect();
    let hidden: BTreeSet<String> = keys.into_iter().filter(|key| (kind.may)(cx, key, Verb::Get).is_err()).collect();
    let store = cx.store(kind.home)?;
    let mut found = store.all(kind.key).filter(|(key, object)| {
        !hidden.contains(*key)
            && after.as_ref().is_none_or(|after| *key > after)
            && name.as_ref().is_none_or(|name| object.text("name").eq_ignore_ascii_case(name))
            && match (kind.parent, &parent) {
                (Some(of), Some(parent)) => joined(of.fields, object) == *parent,
                _ => true,
            }
    });
    let page: Vec<(String, Value)> =
        found.by_ref().skip(offset).take(size).map(|(key, object)| (key.clone(), shown_bare(kind, object))).collect();
    let more = found.next().is_some();
    let last = page.last().map(|(key, _)| key.clone());
    let objects: Vec<Value> = page.into_iter().map(|(_, object)| object).collect();
    if kind.items.is_empty() {
        return Ok(Answer::json(&objects));
    }
    let mut answer = json!({ (kind.items): objects });
    if kind.page > 0 {
        crate::answer::set(&mut answer, "has_more", json!(more));
    }
    if let Some(last) = last.filter(|_| more) {
        crate::answer::set(&mut answer, "next_page_token", json!(URL_SAFE_NO_PAD.encode(last)));
    }
    Ok(Answer::json(&answer))
}

fn change(kind: &'static Kind, verb: Verb, cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let key = asked(kind, cx)?;
    (kind.may)(cx, &key, verb)?;
    let before = kind.find(cx, &key)?.clone();
    let mut after = before.clone();
    // Fields that only say which object is meant, or what the client believes of it.
    let same: Vec<&str> = std::iter::once(kind.id.0).chain(STAMPS.iter().copied()).collect();
    let mut given = body(kind, cx, kind.change, &same)?;
    given.retain(|field, _| !same.contains(&field.as_str()));
    match (verb, cx.query("update_mask").map(str::to_owned)) {
        (Verb::Patch, Some(mask)) => {
            let known = fields::names(kind.change);
            if let Some(other) = mask::heads(&mask).find(|head| *head != "*" && !known.contains(head)) {
                return Err(ApiError::invalid(format!(
                    "{other} in update_mask is none of the fields that can be updated: {}.",
                    known.join(", ")
                )));
            }
            mask::apply(&mask, &given, &mut after.fields);
            // Whatever the mask names: which object it is stays.
            let own = same.iter().filter_map(|field| Some(((*field).to_owned(), before.fields.get(*field)?.clone())));
            after.fields.extend(own);
        }
        (Verb::Replace, _) => {
            let replaced = fields::names(kind.change);
            after.fields.retain(|field, _| !replaced.contains(&field.as_str()) || same.contains(&field.as_str()));
            after.fields.extend(given);
        }
        _ => after.fields.extend(given),
    }
    if let Some(Value::String(name)) = after.fields.remove("new_name").filter(|name| *name != json!("")) {
        after.set(if kind.id.1 == Id::Name { kind.id.0 } else { "name" }, name);
    }
    if let (field, Id::Joined(parts)) = kind.id {
        let name = joined(parts, &after);
        after.set(field, name);
    }
    let renamed = kind.key_of(&after);
    if renamed != kind.normal(&key) && cx.store(kind.home)?.has(kind.key, &renamed) {
        return Err(kind.exists(&renamed));
    }
    for (field, value) in
        [("updated_at", json!(cx.now)), ("updated_time", json!(cx.now)), ("updated_by", json!(cx.name()?))]
    {
        if fields::has(kind.object, field) {
            after.set(field, value);
        }
    }
    (kind.alter)(cx, &before, &mut after)?;
    after.fields.retain(|field, _| fields::has(kind.object, field));
    let store = cx.store(kind.home)?;
    store.remove(kind.key, &kind.normal(&key));
    store.insert(kind.key, renamed, after.clone());
    Ok(told(kind, kind.changed, &after))
}

fn delete(kind: &'static Kind, cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let key = asked(kind, cx)?;
    (kind.may)(cx, &key, Verb::Delete)?;
    let object = kind.find(cx, &key)?.clone();
    (kind.leave)(cx, &object)?;
    let below = below(kind, cx, &key)?;
    let held = below.iter().find(|(_, _, built_in)| !built_in);
    if let Some((of, name, _)) = held.filter(|_| cx.query("force") != Some("true")) {
        let message = format!("{} {key} is not empty: {} {name} belongs to it.", kind.noun, of.noun);
        return Err(ApiError::wrong_state(message));
    }
    for (of, name, _) in &below {
        cx.store(of.home)?.remove(of.key, name);
    }
    cx.store(kind.home)?.remove(kind.key, &kind.normal(&key));
    Ok(told(kind, kind.deleted, &object))
}

/// What belongs to an object, at every depth, and whether the service made it by itself: that holds nothing back.
fn below(kind: &Kind, cx: &mut Cx<'_>, key: &str) -> Result<Vec<(&'static Kind, String, bool)>, ApiError> {
    let mut all = Vec::new();
    let mut todo = vec![(kind.key, kind.normal(key))];
    while let Some((of, key)) = todo.pop() {
        for child in KINDS.iter().copied().filter(|child| child.parent.is_some_and(|parent| parent.key == of)) {
            let Some(parent) = child.parent else { continue };
            let objects = cx.store(child.home)?.all(child.key);
            for (name, object) in objects.filter(|(_, object)| joined(parent.fields, object) == key) {
                todo.push((child.key, name.clone()));
                all.push((child, name.clone(), object.built_in));
            }
        }
    }
    Ok(all)
}

/// The id that the path, the query or the body names.
fn asked(kind: &Kind, cx: &Cx<'_>) -> Result<String, ApiError> {
    if let Some(id) = cx.call.params.get("id") {
        let parent = kind.parent_in_path(cx).filter(|_| kind.is_scoped);
        return Ok(parent.map_or_else(|| id.clone(), |parent| scoped(&parent, id)));
    }
    let field = kind.id.0;
    if cx.call.method == http::Method::GET {
        return cx.required(field).map(str::to_owned);
    }
    match cx.body_value()?.get(field) {
        Some(Value::String(id)) if !id.is_empty() => Ok(id.clone()),
        Some(Value::Number(id)) => Ok(id.to_string()),
        _ => Err(fields::missing(field)),
    }
}

/// The checked body of a request. Fields of `besides` are taken too: they say which object is meant.
fn body(kind: &Kind, cx: &Cx<'_>, form: &str, besides: &[&str]) -> Result<Map<String, Value>, ApiError> {
    let mut body = cx.body_value()?;
    let strictness = cx.strictness();
    if kind.wraps_requests {
        let Value::Object(mut outer) = body else { return Err(fields::missing(kind.wrapped)) };
        body = outer.remove(kind.wrapped).unwrap_or_else(|| json!({}));
        if let Some(other) = outer.keys().next().filter(|_| strictness == Strictness::Strict) {
            return Err(ApiError::malformed(format!("Could not parse request object: unknown field `{other}`")));
        }
    }
    if let Some(given) = body.as_object_mut() {
        given.retain(|field, _| !besides.contains(&field.as_str()) || fields::has(form, field));
    }
    fields::check(form, body, strictness)
}

/// Fills in when and by whom an object was made, and where it is.
fn stamp(kind: &Kind, cx: &mut Cx<'_>, object: &mut Object) -> Result<(), ApiError> {
    let (now, name) = (cx.now, cx.name()?);
    let metastore = if kind.home == Home::Metastore { cx.metastore()? } else { String::new() };
    let account = cx.state.account_id.clone();
    for (field, value) in [
        ("account_id", json!(account)),
        ("created_at", json!(now)),
        ("created_at_timestamp", json!(now)),
        ("created_by", json!(name)),
        ("created_time", json!(now)),
        ("creation_time", json!(now)),
        ("creator_name", json!(name)),
        ("creator_user_name", json!(name)),
        ("updated_at", json!(now)),
        ("updated_by", json!(name)),
        ("updated_time", json!(now)),
    ] {
        if fields::has(kind.object, field) {
            object.set(field, value);
        }
    }
    if fields::has(kind.object, "owner") {
        object.fill("owner", name);
    }
    if kind.home == Home::Metastore {
        object.set("metastore_id", metastore);
    }
    Ok(())
}

fn told(kind: &Kind, told: Told, object: &Object) -> Answer {
    match told {
        Told::Created => Answer::json(&kind.shown(object)).with_status(http::StatusCode::CREATED),
        Told::Object => Answer::json(&kind.shown(object)),
        Told::Id => Answer::json(&json!({ (kind.id.0): object.fields.get(kind.id.0) })),
        Told::Nothing => Answer::empty(),
    }
}

fn shown_bare(kind: &Kind, object: &Object) -> Value {
    fields::shown(kind.object, &object.fields)
}

fn parent_in_query(kind: &Kind, cx: &Cx<'_>) -> Option<String> {
    let parts: Option<Vec<String>> =
        kind.parent?.fields.iter().map(|field| cx.query(field).map(str::to_lowercase)).collect();
    parts.map(|parts| parts.join("."))
}

fn by_key(key: &str) -> Result<&'static Kind, ApiError> {
    let found = KINDS.iter().copied().find(|kind| kind.key == key);
    found.ok_or_else(|| ApiError::internal(format!("The local cloud has no kind {key}.")))
}

/// The key that a page token stands for.
fn after(token: &str) -> Result<String, ApiError> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    let key = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    key.ok_or_else(|| ApiError::invalid("page_token is none that was given out."))
}

/// Removes what belongs to a service principal that goes.
pub(crate) fn leave_principal(store: &mut Store, id: &str) {
    let of = KINDS.iter().filter_map(|kind| Some((kind, kind.parent.filter(|parent| parent.key == PRINCIPALS)?)));
    for (kind, parent) in of {
        let all = store.all(kind.key).filter(|(_, object)| joined(parent.fields, object) == id);
        let keys: Vec<String> = all.map(|(key, _)| key.clone()).collect();
        for key in keys {
            store.remove(kind.key, &key);
        }
    }
}

/// How many objects of each kind of a home there are.
pub(crate) fn counts(home: Home, stores: &[&Store]) -> Map<String, Value> {
    let mut counts = Map::new();
    for kind in KINDS.iter().filter(|kind| kind.home == home) {
        let count: usize = stores.iter().map(|store| store.count(kind.key)).sum();
        counts.insert(kind.key.to_owned(), json!(count));
    }
    counts
}
