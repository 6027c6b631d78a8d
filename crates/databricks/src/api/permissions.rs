//! Who may do what with an object of a workspace: `/api/2.0/permissions/{type}/{id}`.
//!
//! Reference: <https://docs.databricks.com/api/workspace/permissions>.

use super::wire;
use crate::{Client, Error, Request};

wire! {
    /// `PUT` (replaces) and `PATCH` (adds).
    pub struct SetPermissions {
        /// One entry for each principal.
        pub access_control_list: Vec<AccessControl>,
    }

    /// An object, and who may do what with it.
    pub struct ObjectPermissions {
        /// `/clusters/ID`.
        pub object_id: String,
        /// Its kind: `cluster`.
        pub object_type: String,
        /// One entry for each principal.
        pub access_control_list: Vec<AccessControl>,
    }

    /// What one principal is given: exactly one of the names is set.
    pub struct AccessControl {
        /// Mail address of a user.
        pub user_name: String,
        /// Name of a group.
        pub group_name: String,
        /// Application id of a service principal.
        pub service_principal_name: String,
        /// The level, where it is asked for.
        pub permission_level: String,
        /// The levels, where they are told.
        pub all_permissions: Vec<Permission>,
    }

    /// A level that a principal has.
    pub struct Permission {
        /// The level.
        pub permission_level: String,
        /// Whether it is given on a folder above, or to all of its kind.
        pub inherited: Option<bool>,
    }
}

impl AccessControl {
    /// The principal: what is set of the three names.
    pub fn principal(&self) -> &str {
        let names = [&self.user_name, &self.service_principal_name, &self.group_name];
        names.into_iter().find(|name| !name.is_empty()).map_or("", String::as_str)
    }

    /// The level that is given on the object itself.
    pub fn direct(&self) -> Option<&str> {
        let direct = self.all_permissions.iter().find(|level| level.inherited != Some(true));
        direct.map(|level| level.permission_level.as_str())
    }
}

/// Who may do what with an object: `clusters/ID`, `directories/ID`.
///
/// # Errors
/// Whatever the API refuses.
pub async fn get(client: &Client, object: &str) -> Result<Vec<AccessControl>, Error> {
    Ok(self::object(client, object).await?.access_control_list)
}

/// The same, with what the object is.
///
/// # Errors
/// Whatever the API refuses.
pub async fn object(client: &Client, object: &str) -> Result<ObjectPermissions, Error> {
    client.send(Request::get(path(object))).await
}

/// Gives what the entries say, and leaves everybody else what they have.
///
/// # Errors
/// Whatever the API refuses.
pub async fn add(client: &Client, object: &str, entries: Vec<AccessControl>) -> Result<(), Error> {
    let body = SetPermissions { access_control_list: entries };
    client.send(Request::patch(path(object)).json(&body)?.idempotent()).await
}

/// Replaces what is given on the object itself.
///
/// # Errors
/// Whatever the API refuses.
pub async fn replace(client: &Client, object: &str, entries: Vec<AccessControl>) -> Result<(), Error> {
    let body = SetPermissions { access_control_list: entries };
    client.send(Request::put(path(object)).json(&body)?.idempotent()).await
}

fn path(object: &str) -> String {
    format!("/api/2.0/permissions/{object}")
}
