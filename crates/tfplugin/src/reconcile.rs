//! Between an object's attributes and what a REST API sends and takes, by the flags of the schema.
//!
//! All of it is pure: a body for a create ([`sent`]), a body with its mask for an update ([`changed`]), the whole object for
//! an API that replaces whole objects ([`over`]), and the attributes out of an answer ([`seen`]). The trees are those of
//! serde's JSON: a block of at most one is an object, whatever Terraform makes of it, and so it is on the wire.

mod laid;
mod meaning;
mod seen;

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use serde_json::{Map, Value as Json};

use crate::diagnostic::{Error, Result};
use crate::flags::OwnedFlags;
use crate::resource::Object;
use crate::types::{Attribute, Block, Nesting, Schema, Shape, Type};
use meaning::{is_nothing, is_zero, without_nulls};

/// What an update sends.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Change {
    /// What changes, and nothing else. A value that is taken away is empty (text, list, map) or null.
    pub body: Map<String, Json>,
    /// Where it stands on the wire, with dots: the parts of an `update_mask`.
    pub mask: Vec<String>,
}

impl Change {
    /// Whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.body.is_empty()
    }
}

/// The body of a create: what is configured, where it stands on the wire. Left out is what Terraform alone needs
/// (`unsent`), what the service decides, and what says nothing (null, `""`, `[]`, `{}` of an optional attribute).
///
/// # Errors
/// The object is no JSON, which is a bug.
pub fn sent<T: Object>(plan: &T) -> Result<Map<String, Json>> {
    Ok(body_of(Fields::of(&schema::<T>()), &tree(plan)?))
}

/// What an update from `state` to `plan` sends. `found` is the object as the service has it, if it was asked: an object
/// inside it that changes is sent whole, with what the schema does not model.
///
/// # Errors
/// As [`sent`].
pub fn changed<T: Object>(state: &T, plan: &T, found: Option<&Json>) -> Result<Change> {
    Ok(change(Fields::of(&schema::<T>()), &tree(state)?, &tree(plan)?, found))
}

/// The object as the service has it, with what is planned put over it: for an API that replaces whole objects. Nothing that
/// the schema does not model is taken away; what is computed alone is left out.
///
/// # Errors
/// As [`sent`].
pub fn over<T: Object>(found: &Json, state: &T, plan: &T) -> Result<Json> {
    Ok(laid::over(Fields::of(&schema::<T>()), found, &tree(state)?, &tree(plan)?))
}

/// The object that an answer describes. `known` is the state or the plan: its spelling stays where both mean the same, and
/// so does what the service never tells.
///
/// # Errors
/// The answer has another type of value than the schema says.
pub fn seen<T: Object>(known: &T, found: &Json) -> Result<T> {
    object(seen::whole_object(Fields::of(&schema::<T>()), &tree(known)?, found)?)
}

/// The attributes of an object as a tree; null is what is not set or not known.
///
/// # Errors
/// As [`sent`].
pub fn tree<T: Object>(object: &T) -> Result<Json> {
    Ok(serde_json::to_value(object)?)
}

/// The object of a [`tree`]. What the tree lacks is null.
///
/// # Errors
/// A value does not fit its attribute.
pub fn object<T: Object>(tree: Json) -> Result<T> {
    let schema = schema::<T>();
    let tree = seen::whole(Fields::of(&schema), tree);
    // serde's own words may hold a piece of the value, which may be a secret.
    serde_json::from_value(tree)
        .map_err(|_| Error::new(format!("A value does not fit its attribute of {}", T::schema_name())))
}

/// A text in the form of the attribute of this name: a number where the attribute is one. Null if there is no such attribute.
pub fn typed<T: Object>(name: &str, text: &str) -> Json {
    let schema = schema::<T>();
    let field = Fields::of(&schema).all().find(|field| field.name == name);
    match field.map(|field| field.holds) {
        Some(Holds::Plain(of)) => seen::typed(of, &Json::from(text)).unwrap_or_default(),
        _ => Json::Null,
    }
}

/// The attributes that an import cannot read back: what the service never tells, and what only Terraform knows.
pub fn import_ignores<T: Object>() -> Vec<String> {
    unreadable(&schema::<T>())
}

/// As [`import_ignores`], by the schema.
pub(crate) fn unreadable(schema: &Schema) -> Vec<String> {
    fn is_unreadable(field: Field<'_>) -> bool {
        let flags = field.flags;
        let own = flags.untold || flags.unsent || flags.service_default || flags.write_only;
        own || matches!(field.holds, Holds::Objects(_, _, inside) if inside.all().any(is_unreadable))
    }
    Fields::of(schema).all().filter(|field| is_unreadable(*field)).map(|field| field.name.to_owned()).collect()
}

/// The schema of a struct, made once.
pub(crate) fn schema<T: Object>() -> Arc<Schema> {
    static MADE: LazyLock<Mutex<HashMap<TypeId, Arc<Schema>>>> = LazyLock::new(Mutex::default);
    let made = MADE.lock().unwrap_or_else(PoisonError::into_inner).get(&TypeId::of::<T>()).cloned();
    made.unwrap_or_else(|| {
        let schema = Arc::new(crate::schema::schema_of::<T>(0));
        MADE.lock().unwrap_or_else(PoisonError::into_inner).insert(TypeId::of::<T>(), Arc::clone(&schema));
        schema
    })
}

/// The attributes and blocks of an object.
#[derive(Clone, Copy)]
struct Fields<'a> {
    attributes: &'a [Attribute],
    blocks: &'a [Block],
}

/// An attribute or a block.
#[derive(Clone, Copy)]
struct Field<'a> {
    name: &'a str,
    flags: &'a OwnedFlags,
    holds: Holds<'a>,
}

/// What a field holds.
#[derive(Clone, Copy)]
enum Holds<'a> {
    /// A plain value.
    Plain(&'a Type),
    /// Objects: how they repeat, whether the struct has room for one only, and what they have.
    Objects(Nesting, bool, Fields<'a>),
}

impl<'a> Fields<'a> {
    fn of(schema: &'a Schema) -> Self {
        Self { attributes: &schema.body.attributes, blocks: &schema.body.blocks }
    }

    fn all(self) -> impl Iterator<Item = Field<'a>> {
        let attributes = self.attributes.iter().map(|attribute| {
            let holds = match &attribute.shape {
                Shape::Type(of) => Holds::Plain(of),
                Shape::Nested(nesting, attributes) => {
                    Holds::Objects(*nesting, *nesting == Nesting::Single, Fields { attributes, blocks: &[] })
                }
            };
            Field { name: &attribute.name, flags: &attribute.flags, holds }
        });
        let blocks = self.blocks.iter().map(|block| {
            let inside = Fields { attributes: &block.body.attributes, blocks: &block.body.blocks };
            Field { name: &block.name, flags: &block.flags, holds: Holds::Objects(block.nesting, block.one, inside) }
        });
        attributes.chain(blocks)
    }
}

impl<'a> Field<'a> {
    fn is_configurable(self) -> bool {
        self.flags.required || self.flags.optional
    }

    /// Whether a request may carry it.
    fn is_sent(self) -> bool {
        self.is_configurable() && !self.flags.unsent
    }

    /// Whether nothing configured means that the service may decide.
    fn may_be_decided(self) -> bool {
        self.flags.computed && self.flags.default.is_none()
    }

    /// Whether a value of it says nothing. The keys of a map are the user's own: one whose values are all empty says that.
    fn is_nothing(self, value: &Json) -> bool {
        match (self.holds, value) {
            (Holds::Plain(Type::Map(_)), Json::Object(members)) => members.values().all(Json::is_null),
            _ => is_nothing(value),
        }
    }

    /// Whether a value of it is one that services leave out of an answer.
    fn is_zero(self, value: &Json) -> bool {
        match (self.holds, value) {
            (Holds::Plain(Type::Map(_)), Json::Object(_)) => self.is_nothing(value),
            _ => is_zero(value),
        }
    }

    /// Where it stands on the wire, step by step.
    fn wire(self) -> Vec<&'a str> {
        match &self.flags.wire {
            Some(pointer) => pointer.split('/').skip(1).collect(),
            None => vec![self.name],
        }
    }

    fn found(self, found: &Json) -> Option<&Json> {
        self.wire().into_iter().try_fold(found, |at, step| at.get(step)).filter(|value| !value.is_null())
    }

    /// The value as it is sent; `None` for what says nothing.
    fn encoded(self, value: &Json) -> Option<Json> {
        if value.is_null() || (!self.flags.required && matches!(self.holds, Holds::Plain(_)) && self.is_nothing(value))
        {
            return None;
        }
        match (self.holds, value) {
            (Holds::Plain(_), value) => {
                let value = without_nulls(value);
                (self.flags.required || !self.is_nothing(&value)).then_some(value)
            }
            (Holds::Objects(Nesting::Map, _, inside), Json::Object(members)) => {
                let members = members.iter().filter(|(_, member)| !member.is_null());
                let members: Map<String, Json> =
                    members.map(|(key, member)| (key.clone(), Json::Object(body_of(inside, member)))).collect();
                (self.flags.required || !members.is_empty()).then_some(Json::Object(members))
            }
            (Holds::Objects(_, _, inside), Json::Array(elements)) => {
                let elements = elements.iter().filter(|element| !element.is_null());
                let elements: Vec<Json> = elements.map(|element| Json::Object(body_of(inside, element))).collect();
                (self.flags.required || !elements.is_empty()).then_some(Json::Array(elements))
            }
            (Holds::Objects(_, _, inside), object) => Some(Json::Object(body_of(inside, object))),
        }
    }

    /// What takes a value away.
    fn cleared(self) -> Json {
        match self.holds {
            Holds::Plain(Type::String) => Json::from(""),
            Holds::Plain(Type::List(_) | Type::Set(_)) => Json::Array(Vec::new()),
            Holds::Plain(Type::Map(_)) | Holds::Objects(Nesting::Map, _, _) => Json::Object(Map::new()),
            Holds::Objects(Nesting::List | Nesting::Set, false, _) => Json::Array(Vec::new()),
            Holds::Plain(_) | Holds::Objects(..) => Json::Null,
        }
    }
}

fn body_of(fields: Fields<'_>, plan: &Json) -> Map<String, Json> {
    let mut body = Map::new();
    for field in fields.all().filter(|field| field.is_sent()) {
        if let Some(value) = field.encoded(member(plan, field.name)) {
            put(&mut body, &field.wire(), value);
        }
    }
    body
}

fn change(fields: Fields<'_>, state: &Json, plan: &Json, found: Option<&Json>) -> Change {
    let mut change = Change::default();
    let mut unseen = Vec::new();
    for field in fields.all().filter(|field| field.is_sent()) {
        let (before, after) = (member(state, field.name), member(plan, field.name));
        if field.flags.write_only {
            unseen.push((field, after));
            continue;
        }
        if !differs(field, before, after) {
            continue;
        }
        let value = match (field.encoded(after), found.and_then(|found| field.found(found))) {
            (Some(value), None) => value,
            (Some(value), Some(found)) => laid::laid(field, found, before, after, value),
            (None, _) => field.cleared(),
        };
        put(&mut change.body, &field.wire(), value);
        change.mask.push(field.wire().join("."));
    }
    // No state holds a write-only value: its `NAME_version` tells that it changed. Without one it goes along with what does.
    for (field, value) in unseen {
        let version = format!("{}_version", field.name);
        let goes = if fields.all().any(|field| field.name == version) {
            member(state, &version) != member(plan, &version)
        } else {
            !change.is_empty()
        };
        if let Some(value) = field.encoded(value).filter(|_| goes) {
            put(&mut change.body, &field.wire(), value);
            change.mask.push(field.wire().join("."));
        }
    }
    change
}

/// Whether a plan changes what a state has. Null is no change where the service decides, nor where the state holds a false
/// or 0 that nobody configured.
fn differs(field: Field<'_>, before: &Json, after: &Json) -> bool {
    let left_alone = after.is_null() && (field.may_be_decided() || field.is_zero(before));
    !left_alone && !meaning::same(field, before, &decided(field, before, after))
}

/// A planned value with what the service decides inside it as the state has it, where the plan leaves it to the service.
/// The elements of a set have no counterparts.
fn decided(field: Field<'_>, before: &Json, after: &Json) -> Json {
    if after.is_null() && field.may_be_decided() {
        return before.clone();
    }
    let inner = |inside: Fields<'_>, before: &Json, after: &Json| -> Json {
        let members = inside.all().map(|field| {
            (field.name.to_owned(), decided(field, member(before, field.name), member(after, field.name)))
        });
        Json::Object(members.collect())
    };
    match (field.holds, before, after) {
        (Holds::Objects(Nesting::Map, _, inside), Json::Object(before), Json::Object(after)) => {
            let members = after.iter().map(|(key, one)| {
                (key.clone(), before.get(key).map_or_else(|| one.clone(), |before| inner(inside, before, one)))
            });
            Json::Object(members.collect())
        }
        (Holds::Objects(Nesting::Set, ..), ..) => after.clone(),
        (Holds::Objects(_, _, inside), Json::Array(before), Json::Array(after)) => {
            let mut before = before.iter();
            let elements =
                after.iter().map(|one| before.next().map_or_else(|| one.clone(), |before| inner(inside, before, one)));
            elements.collect()
        }
        (Holds::Objects(_, _, inside), Json::Object(_), Json::Object(_)) => inner(inside, before, after),
        _ => after.clone(),
    }
}

/// The member of an object; null where there is none.
fn member<'a>(object: &'a Json, name: &str) -> &'a Json {
    object.get(name).unwrap_or(&Json::Null)
}

/// Puts a value at a path, with the objects on the way to it.
fn put(body: &mut Map<String, Json>, path: &[&str], value: Json) {
    match path {
        [] => {}
        [last] => {
            body.insert((*last).to_owned(), value);
        }
        [first, rest @ ..] => {
            let inner = body.entry((*first).to_owned()).or_insert_with(|| Json::Object(Map::new()));
            if !inner.is_object() {
                *inner = Json::Object(Map::new());
            }
            if let Json::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests;
