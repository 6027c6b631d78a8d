//! What a kind of object is: one row. Routes, checks, paging, answers, summary and saving follow from it (see [`super::serve`]).

use http::Method;
use serde_json::{Value, json};

use super::fields;
use super::{Home, Object};
use crate::answer::ApiError;
use crate::call::Cx;

/// A kind of object of the account, a metastore or a workspace.
#[derive(Debug)]
pub(crate) struct Kind {
    /// What messages call it: `Network`.
    pub(crate) noun: &'static str,
    /// What its objects are kept and counted under: `networks`.
    pub(crate) key: &'static str,
    /// At which host its API stands.
    pub(crate) level: Level,
    /// In which store its objects are.
    pub(crate) home: Home,
    /// Where its API begins: `/api/2.0/accounts/{account_id}/networks`.
    pub(crate) path: &'static str,
    /// The calls below the path.
    pub(crate) calls: &'static [&'static [Line]],
    /// The field that names an object, and who says what stands in it.
    pub(crate) id: (&'static str, Id),
    /// Type of a create's body, in `fields.txt`.
    pub(crate) create: &'static str,
    /// Type of an update's body; what stands only in the create's type cannot be changed.
    pub(crate) change: &'static str,
    /// Type of an answer: what stands only in a request's type is a secret, or no property, and is not kept.
    pub(crate) object: &'static str,
    /// The field in which answers have the object, if it is in one: `metastore_info`.
    pub(crate) wrapped: &'static str,
    /// Whether requests have it in that field too.
    pub(crate) wraps_requests: bool,
    /// The field of a list's answer; empty where the answer is an array.
    pub(crate) items: &'static str,
    /// Objects of a page that nobody gave a size of; 0 is all.
    pub(crate) page: usize,
    pub(crate) created: Told,
    pub(crate) changed: Told,
    pub(crate) deleted: Told,
    /// The object that each of them belongs to.
    pub(crate) parent: Option<Parent>,
    /// Whether only those of one parent have different ids.
    pub(crate) is_scoped: bool,
    /// The field of which no two objects of an account have the same value.
    pub(crate) unique: Option<&'static str>,
    /// What only a workspace's admins may do: `manage cluster policies`. Empty where everybody may.
    pub(crate) admins: &'static str,
    /// Its word in `/api/2.0/permissions/{type}/{id}`.
    pub(crate) permissions: &'static str,
    /// Its word in `/api/2.1/unity-catalog/permissions/{type}/{name}`.
    pub(crate) securable: &'static str,
    /// Refuses a caller who may not do this with the object of this key; a list leaves out what may not be read.
    pub(crate) may: fn(&Cx<'_>, &str, Verb) -> Result<(), ApiError>,
    /// Checks a new object beyond its fields, and fills in what the service fills in.
    pub(crate) make: fn(&mut Cx<'_>, &mut Object) -> Result<(), ApiError>,
    /// Checks a changed object beside the one that it was.
    pub(crate) alter: fn(&mut Cx<'_>, &Object, &mut Object) -> Result<(), ApiError>,
    /// Refuses the end of an object that is in use.
    pub(crate) leave: fn(&mut Cx<'_>, &Object) -> Result<(), ApiError>,
}

/// Whose host an API stands at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Account,
    Workspace,
}

/// Who says what an object's id is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Id {
    /// The service: a UUID.
    Uuid,
    /// The service: a number.
    Number,
    /// The service: 16 hexadecimal digits.
    Hex,
    /// The same with capital letters.
    Capitals,
    /// The request: the field is the name.
    Name,
    /// The request, in its query or its body, or else the service: a UUID.
    Given,
    /// The request: fields joined by dots, in lower case.
    Joined(&'static [&'static str]),
}

/// What is answered to a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// The object, with 201.
    Created,
    /// The object.
    Object,
    /// The object's id alone.
    Id,
    /// `{}`.
    Nothing,
}

/// The object that others belong to: they hold it back when it is deleted, unless the query says `force=true`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parent {
    /// Its kind's key.
    pub(crate) key: &'static str,
    /// The fields that name it, joined by dots.
    pub(crate) fields: &'static [&'static str],
}

/// What a call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Create,
    List,
    Get,
    /// Changes what the body, or the mask of the query, names.
    Patch,
    /// Takes the body for the whole object.
    Replace,
    Delete,
}

/// A call below a kind's path.
pub(crate) type Line = (Method, &'static str, Verb);

/// A collection: `POST` and `GET` on it, `GET` and `DELETE` on what is in it.
pub(crate) const COLLECTION: &[Line] = &[
    (Method::POST, "", Verb::Create),
    (Method::GET, "", Verb::List),
    (Method::GET, "/{id}", Verb::Get),
    (Method::DELETE, "/{id}", Verb::Delete),
];
/// What is in a collection can be changed in part.
pub(crate) const PATCH: &[Line] = &[(Method::PATCH, "/{id}", Verb::Patch)];
/// What is in a collection can be replaced.
pub(crate) const PUT: &[Line] = &[(Method::PUT, "/{id}", Verb::Replace)];
/// What is in a collection can be changed in part, by `PUT`.
pub(crate) const PUT_PART: &[Line] = &[(Method::PUT, "/{id}", Verb::Patch)];
/// A verb in each path, the id in the query or the body.
pub(crate) const RPC: &[Line] = &[
    (Method::POST, "/create", Verb::Create),
    (Method::GET, "/list", Verb::List),
    (Method::GET, "/get", Verb::Get),
    (Method::POST, "/edit", Verb::Replace),
    (Method::POST, "/delete", Verb::Delete),
];

impl Kind {
    /// What rows have in common: they name only what is different.
    pub(crate) const PLAIN: Self = Self {
        noun: "",
        key: "",
        level: Level::Workspace,
        home: Home::Workspace,
        path: "",
        calls: &[COLLECTION],
        id: ("id", Id::Uuid),
        create: "",
        change: "",
        object: "",
        wrapped: "",
        wraps_requests: false,
        items: "",
        page: 0,
        created: Told::Object,
        changed: Told::Object,
        deleted: Told::Nothing,
        parent: None,
        is_scoped: false,
        unique: None,
        admins: "",
        permissions: "",
        securable: "",
        may: |_, _, _| Ok(()),
        make: |_, _| Ok(()),
        alter: |_, _, _| Ok(()),
        leave: |_, _| Ok(()),
    };

    /// What rows of the account API have in common: 201 with the object, arrays as lists, and the object again when it goes.
    pub(crate) const OF_ACCOUNT: Self = Self {
        level: Level::Account,
        home: Home::Account,
        created: Told::Created,
        deleted: Told::Object,
        ..Self::PLAIN
    };

    /// What an object of this kind is kept under.
    pub(crate) fn key_of(&self, object: &Object) -> String {
        let own = match self.id {
            (_, Id::Joined(fields)) => joined(fields, object),
            (field, _) => match object.fields.get(field) {
                Some(Value::String(text)) => self.normal(text),
                Some(other) => other.to_string(),
                None => String::new(),
            },
        };
        match self.parent.filter(|_| self.is_scoped) {
            Some(of) => scoped(&joined(of.fields, object), &own),
            None => own,
        }
    }

    /// The key that a caller's id stands for: names in a metastore have no capital letters.
    pub(crate) fn normal(&self, id: &str) -> String {
        if self.home == Home::Metastore { id.to_lowercase() } else { id.to_owned() }
    }

    /// 404: no such object.
    pub(crate) fn missing(&self, id: &str) -> ApiError {
        let error = ApiError::missing(format!("{} {id} does not exist.", self.noun));
        match self.home {
            Home::Metastore => ApiError { code: format!("{}_DOES_NOT_EXIST", self.code()), ..error },
            _ => error,
        }
    }

    /// An object of this name is there.
    pub(crate) fn exists(&self, id: &str) -> ApiError {
        let error = ApiError::exists(format!("{} {id} already exists.", self.noun));
        match self.home {
            Home::Metastore => ApiError { code: format!("{}_ALREADY_EXISTS", self.code()), ..error },
            _ => error,
        }
    }

    /// The object of a key.
    pub(crate) fn find<'a>(&self, cx: &'a mut Cx<'_>, key: &str) -> Result<&'a mut Object, ApiError> {
        let parent = self.parent_in_path(cx);
        let found = cx.store(self.home)?.get_mut(self.key, &self.normal(key));
        let found = found.filter(|object| match (self.parent, &parent) {
            (Some(of), Some(parent)) => joined(of.fields, object) == *parent,
            _ => true,
        });
        found.ok_or_else(|| self.missing(key))
    }

    /// What a caller is shown of an object.
    pub(crate) fn shown(&self, object: &Object) -> Value {
        let shown = fields::shown(self.object, &object.fields);
        if self.wrapped.is_empty() { shown } else { json!({ (self.wrapped): shown }) }
    }

    /// The object that the path says all others belong to.
    pub(crate) fn parent_in_path(&self, cx: &Cx<'_>) -> Option<String> {
        self.parent?;
        cx.call.params.get("parent").cloned()
    }

    fn code(&self) -> String {
        self.noun.to_uppercase().replace(' ', "_")
    }
}

/// The key of an object whose id is its own among those of its parent alone.
pub(crate) fn scoped(parent: &str, own: &str) -> String {
    format!("{parent}/{own}")
}

/// Fields of an object joined by dots, in lower case.
pub(crate) fn joined(fields: &[&str], object: &Object) -> String {
    let text = |field: &&str| match object.fields.get(*field) {
        Some(Value::Number(number)) => number.to_string(),
        _ => object.text(field).to_lowercase(),
    };
    fields.iter().map(text).collect::<Vec<_>>().join(".")
}
