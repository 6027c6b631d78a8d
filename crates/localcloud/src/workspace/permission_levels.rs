//! The levels of permissions: which there are, and which somebody has. <https://docs.databricks.com/aws/en/security/auth/access-control/>

use serde_json::Value;

use crate::store::Store;

/// What lists are kept under; they are no kind of their own.
pub(super) const KEPT: &str = "permissions";

/// A type of objects with permissions.
pub(super) struct Type {
    pub(super) word: &'static str,
    /// What answers call it.
    pub(super) object: &'static str,
    pub(super) levels: &'static [&'static str],
    /// What whoever made an object has on it.
    pub(super) maker: &'static str,
}

/// The types, with their levels from the weakest on.
pub(super) const TYPES: &[Type] = &[
    of("authorization", "tokens", &["CAN_USE"], ""),
    of("cluster-policies", "cluster-policy", &["CAN_USE"], ""),
    of("clusters", "cluster", &["CAN_ATTACH_TO", "CAN_RESTART", "CAN_MANAGE"], "CAN_MANAGE"),
    of("directories", "directory", &["CAN_READ", "CAN_RUN", "CAN_EDIT", "CAN_MANAGE"], "CAN_MANAGE"),
    of("files", "file", &["CAN_READ", "CAN_RUN", "CAN_EDIT", "CAN_MANAGE"], ""),
    of("instance-pools", "instance-pool", &["CAN_ATTACH_TO", "CAN_MANAGE"], "CAN_MANAGE"),
    of("jobs", "job", &["CAN_VIEW", "CAN_MANAGE_RUN", "CAN_MANAGE", "IS_OWNER"], "IS_OWNER"),
    of("notebooks", "notebook", &["CAN_READ", "CAN_RUN", "CAN_EDIT", "CAN_MANAGE"], ""),
    of("sql/warehouses", "warehouses", &["CAN_USE", "CAN_MONITOR", "CAN_VIEW", "CAN_MANAGE", "IS_OWNER"], "IS_OWNER"),
];

const fn of(word: &'static str, object: &'static str, levels: &'static [&'static str], maker: &'static str) -> Type {
    Type { word, object, levels, maker }
}

/// Who an entry of a list is for.
const WHO: &[&str] = &["user_name", "group_name", "service_principal_name"];

/// How far up the levels of its type, from the weakest on, an object is given to those whom `has` knows by field and name.
pub(super) fn level(store: &Store, word: &str, id: &str, has: impl Fn(&str, &str) -> bool) -> Option<usize> {
    let of = TYPES.iter().find(|of| of.word == word)?;
    let kept = store.get(KEPT, &format!("{word}/{id}"))?.fields.get("access_control_list")?.as_array()?;
    let given = kept.iter().filter(|entry| who(entry).is_some_and(|(field, name)| has(field, name)));
    let levels = given.filter_map(|entry| entry.get("permission_level")?.as_str());
    levels.filter_map(|level| of.levels.iter().position(|known| *known == level)).max()
}

/// Whom an entry is for, if it is for exactly one.
pub(super) fn who(entry: &Value) -> Option<(&'static str, &str)> {
    let mut named = WHO.iter().filter_map(|field| Some((*field, entry.get(field)?.as_str()?)));
    let first = named.next()?;
    named.next().is_none().then_some(first)
}
