//! Where and how an API serves an object: data, said once.

use databricks::segment;
use jiff::Timestamp;
use serde_json::Value as Json;
use tfplugin::Marker;

/// By how much the time of an answer (whole seconds, and its way here) and that of an object may differ.
pub(crate) const CLOCK_SECONDS: i64 = 5;

/// What stands between the parts of an id.
pub(super) const SEPARATORS: [char; 3] = ['/', '|', ','];

/// Where and how an API serves an object. Start from [`Api::collection`] or [`Api::rpc`].
///
/// A path that begins with `/api/` is a whole one; any other stands below `/api/2.0/accounts/{account_id}`. `{name}` in it is
/// an attribute of the object.
#[derive(Debug, Clone, Copy)]
pub struct Api {
    pub(super) shape: Shape,
    pub(super) path: &'static str,
    pub(super) account_path: Option<&'static str>,
    pub(super) account_in: Option<&'static str>,
    pub(super) list_path: Option<&'static str>,
    pub(crate) id: &'static str,
    pub(super) update: Update,
    pub(super) created: &'static str,
    pub(super) items: Option<&'static str>,
    pub(super) answer_in: Option<&'static str>,
    pub(super) request_in: Option<&'static str>,
    pub(super) later: &'static [&'static str],
    pub(super) asked_by: &'static [&'static str],
    pub(super) listed_by: &'static [&'static str],
    pub(super) unsent: &'static [&'static str],
    pub(super) always: &'static [&'static str],
    pub(super) forced_by: Option<&'static str>,
    pub(super) create_flags: &'static [&'static str],
    pub(super) update_flags: &'static [(&'static str, &'static str)],
    pub(super) renamed_as: Option<(&'static str, &'static str)>,
    pub(super) verbs: [&'static str; 3],
    pub(super) is_named_in_query: bool,
    pub(super) create_puts: bool,
    pub(super) reads_list: bool,
    pub(super) is_as_planned: bool,
    pub(super) is_gone_at_once: bool,
    pub(super) ends_as: &'static [(&'static str, &'static str)],
}

/// The two shapes that carry nearly all of Databricks' APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// `POST coll`, `GET|PATCH|PUT|DELETE coll/{id}`, `GET coll`.
    Collection,
    /// `POST /create`, `GET /get`, `POST /edit`, `POST /delete`, `GET /list`, with the id in the query or the body.
    Rpc,
}

/// How an object is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Update {
    /// Not at all.
    None,
    /// What changes.
    Patch,
    /// All that is configured, because the API demands some of it.
    All,
    /// What changes, with `?update_mask=` that names it.
    Mask,
    /// The whole object, as it is, with the planned attributes put over it: a PUT, or the RPC form's `/edit`.
    Whole,
    /// The same, by `POST coll/{id}/edit`.
    Edit,
}

impl Api {
    const fn new(shape: Shape, path: &'static str, id: &'static str, update: Update) -> Self {
        Self {
            shape,
            path,
            account_path: None,
            account_in: None,
            list_path: None,
            id,
            update,
            created: "creation_time",
            items: None,
            answer_in: None,
            request_in: None,
            later: &[],
            asked_by: &[],
            listed_by: &[],
            unsent: &[],
            always: &[],
            forced_by: None,
            create_flags: &[],
            update_flags: &[],
            renamed_as: None,
            verbs: ["/create", "/edit", "/delete"],
            is_named_in_query: false,
            create_puts: false,
            reads_list: false,
            is_as_planned: false,
            is_gone_at_once: false,
            ends_as: &[],
        }
    }

    /// A collection. `id` is what Terraform's id is made of, and what an import is given: `credential_id`,
    /// `account_id/network_id` (with `/`, `|` or `,` between them). Its last name is the object's own id on the wire; the others are attributes that stand in
    /// the path. Nothing can be changed, unless [`Api::patch`] or one of its like says so.
    pub const fn collection(path: &'static str, id: &'static str) -> Self {
        Self::new(Shape::Collection, path, id, Update::None)
    }

    /// The RPC form. `path` is what stands before `/create`. `/edit` takes whole objects.
    pub const fn rpc(path: &'static str, id: &'static str) -> Self {
        Self::new(Shape::Rpc, path, id, Update::Whole)
    }

    /// The RPC form with other verbs than `/create`, `/edit` and `/delete`.
    pub const fn verbs(self, create: &'static str, edit: &'static str, delete: &'static str) -> Self {
        Self { verbs: [create, edit, delete], ..self }
    }

    /// A create names the object in its query, where the configuration has a name for it.
    pub const fn named_in_query(self) -> Self {
        Self { is_named_in_query: true, ..self }
    }

    /// The path where the client is the account's.
    pub const fn at_account(self, path: &'static str) -> Self {
        Self { account_path: Some(path), ..self }
    }

    /// The same, and there requests and answers hold the object in this member, and what is a PATCH elsewhere is a PUT.
    pub const fn at_account_in(self, path: &'static str, member: &'static str) -> Self {
        Self { account_path: Some(path), account_in: Some(member), ..self }
    }

    /// An update is a PATCH of what changes.
    pub const fn patch(self) -> Self {
        Self { update: Update::Patch, ..self }
    }

    /// An update is a PATCH of all that is configured: some of it has to be there whatever changes.
    pub const fn patch_all(self) -> Self {
        Self { update: Update::All, ..self }
    }

    /// An update is a PATCH of what changes, with an `update_mask` in its query.
    pub const fn patch_with_mask(self) -> Self {
        Self { update: Update::Mask, ..self }
    }

    /// An update is a PUT of the whole object.
    pub const fn put(self) -> Self {
        Self { update: Update::Whole, ..self }
    }

    /// An update is a POST of the whole object to `edit` below it.
    pub const fn edit(self) -> Self {
        Self { update: Update::Edit, ..self }
    }

    /// Nothing can be changed.
    pub const fn immutable(self) -> Self {
        Self { update: Update::None, ..self }
    }

    /// The member of an answer with the time of the object's creation (milliseconds since 1970), where it is not
    /// `creation_time`.
    pub const fn created(self, member: &'static str) -> Self {
        Self { created: member, ..self }
    }

    /// The member of a list's answer with the objects. Without it: the answer itself, or its only list.
    pub const fn items(self, member: &'static str) -> Self {
        Self { items: Some(member), ..self }
    }

    /// The member of an answer that holds the object.
    pub const fn answer_in(self, member: &'static str) -> Self {
        Self { answer_in: Some(member), ..self }
    }

    /// The member of a request that holds the object.
    pub const fn request_in(self, member: &'static str) -> Self {
        Self { request_in: Some(member), ..self }
    }

    /// Members that a create does not take: an update follows where they are configured.
    pub const fn later(self, members: &'static [&'static str]) -> Self {
        Self { later: members, ..self }
    }

    /// Attributes that stand in the query where the object is read, listed and deleted.
    pub const fn asked_by(self, attributes: &'static [&'static str]) -> Self {
        Self { asked_by: attributes, ..self }
    }

    /// Attributes that stand in the query where all are listed: what the objects belong to.
    pub const fn listed_by(self, attributes: &'static [&'static str]) -> Self {
        Self { listed_by: attributes, ..self }
    }

    /// Attributes that may be configured, that answers tell and that no request carries: the service alone decides.
    pub const fn unsent(self, attributes: &'static [&'static str]) -> Self {
        Self { unsent: attributes, ..self }
    }

    /// Attributes that every PATCH carries, whatever changes.
    pub const fn always(self, attributes: &'static [&'static str]) -> Self {
        Self { always: attributes, ..self }
    }

    /// The attribute with which a delete takes what is inside along: `?force=true`.
    pub const fn forced_by(self, attribute: &'static str) -> Self {
        Self { forced_by: Some(attribute), ..self }
    }

    /// Terraform's own attributes that a create carries where they are true.
    pub const fn create_flags(self, attributes: &'static [&'static str]) -> Self {
        Self { create_flags: attributes, ..self }
    }

    /// Terraform's own attributes that a change carries where they are true, each with the member that says it there.
    pub const fn update_flags(self, attributes: &'static [(&'static str, &'static str)]) -> Self {
        Self { update_flags: attributes, ..self }
    }

    /// The attribute that is part of the object's id and can be changed, and the member of a change that has the new one. The
    /// resource's plan says that its id changes.
    pub const fn renamed_as(self, attribute: &'static str, member: &'static str) -> Self {
        Self { renamed_as: Some((attribute, member)), ..self }
    }

    /// A create is a PUT at the object's own path: the object is its own key, and every change is the same PUT.
    pub const fn create_puts(self) -> Self {
        Self { create_puts: true, update: Update::Whole, ..self }
    }

    /// The API has no reading of a single object: it is looked for in the list, which stands at `path`.
    pub const fn read_in_list(self, path: &'static str) -> Self {
        Self { reads_list: true, list_path: Some(path), ..self }
    }

    /// What was accepted is as it was sent, and an answer without the object needs no look at it.
    pub const fn as_planned(self) -> Self {
        Self { is_as_planned: true, ..self }
    }

    /// What was deleted is gone when the answer comes, and needs no look.
    pub const fn gone_at_once(self) -> Self {
        Self { is_gone_at_once: true, ..self }
    }

    /// The service keeps objects for ever: a destroy is a PATCH to these values.
    pub const fn ends_as(self, values: &'static [(&'static str, &'static str)]) -> Self {
        Self { ends_as: values, is_gone_at_once: true, ..self }
    }

    /// The path of one object of a collection.
    pub(crate) fn one(&self, own: &str) -> String {
        format!("{}/{}", self.path, segment(own))
    }

    /// The name of the object's own id on the wire.
    pub(super) fn own(&self) -> &'static str {
        self.id.rsplit(SEPARATORS).next().unwrap_or(self.id)
    }

    /// Whether an object can be of a create that `marker` began: it is not older, by the service's clock, which the answer that
    /// showed it has told `client`. Where the API does not tell an object's age, its attributes alone decide.
    pub(crate) fn may_be_of(&self, client: &databricks::Client, marker: &Marker, found: &Json) -> bool {
        let Some(created) = found.get(self.created) else { return true };
        let millisecond = created.as_i64().or_else(|| created.as_str()?.parse().ok());
        let time = match millisecond {
            Some(millisecond) => Timestamp::from_millisecond(millisecond).ok(),
            None => created.as_str().and_then(|text| text.parse().ok()),
        };
        let since = client.service_time(marker.since).as_second();
        time.is_none_or(|time| time.as_second() >= since - CLOCK_SECONDS)
    }
}
