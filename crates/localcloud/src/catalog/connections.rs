//! Connections to systems elsewhere. <https://docs.databricks.com/api/workspace/connections>
//!
//! SFTP is a type in SQL; that the REST API takes it too is a guess.

use serde_json::{Map, Value, json};

use super::names::check_name;
use crate::answer::ApiError;
use crate::call::Cx;
use crate::store::kind::{COLLECTION, Id, Kind, PATCH};
use crate::store::{Home, Object};

/// Options that no answer tells (the official provider keeps what was configured of these), each with the type of the
/// credential that it makes.
const SECRETS: &[(&str, &str)] = &[
    ("user", ""),
    ("password", "USERNAME_PASSWORD"),
    ("pem_private_key", "PEM_PRIVATE_KEY"),
    ("bearer_token", "BEARER_TOKEN"),
    ("access_token", "OAUTH_ACCESS_TOKEN"),
    ("client_secret", "OAUTH_M2M"),
    ("personalAccessToken", "ANY_STATIC_CREDENTIAL"),
    ("OAuthPvtKey", "ANY_STATIC_CREDENTIAL"),
    ("GoogleServiceAccountKeyJson", "ANY_STATIC_CREDENTIAL"),
];

/// The row.
pub(crate) const KIND: Kind = Kind {
    noun: "Connection",
    key: "connections",
    home: Home::Metastore,
    path: "/api/2.1/unity-catalog/connections",
    calls: &[COLLECTION, PATCH],
    id: ("name", Id::Name),
    create: "catalog.CreateConnection",
    change: "catalog.UpdateConnection",
    object: "catalog.ConnectionInfo",
    items: "connections",
    securable: "connection",
    make,
    alter: |_, _, after| {
        after.set("full_name", after.text("name").to_owned());
        settle(after);
        Ok(())
    },
    ..Kind::PLAIN
};

fn make(_: &mut Cx<'_>, object: &mut Object) -> Result<(), ApiError> {
    check_name(object.text("name"))?;
    object.set("full_name", object.text("name").to_owned());
    object.set("connection_id", uuid::Uuid::new_v4().to_string());
    object.set("securable_type", "CONNECTION");
    object.set("provisioning_info", json!({"state": "ACTIVE"}));
    object.fill("read_only", true);
    settle(object);
    Ok(())
}

/// What follows from the options: the credential's type and the address. Those that are secrets are not kept.
fn settle(object: &mut Object) {
    let mut options = object.fields.get("options").and_then(Value::as_object).cloned().unwrap_or_else(Map::new);
    let is_given = |(name, credential): &&(&str, &str)| !credential.is_empty() && options.contains_key(*name);
    if let Some((_, credential)) = SECRETS.iter().rfind(is_given) {
        object.set("credential_type", *credential);
    }
    options.retain(|name, _| !SECRETS.iter().any(|(secret, _)| secret == name));
    let part = |name: &str| options.get(name).and_then(Value::as_str).unwrap_or_default();
    if !part("host").is_empty() {
        let scheme = if object.text("connection_type") == "SFTP" { "sftp" } else { "jdbc" };
        object.set("url", format!("{scheme}://{}:{}/", part("host"), part("port")));
    }
    object.set("options", Value::Object(options));
}
