//! What statements want of the rest of the workspace: its catalogs as they are, and calls of their API as who runs the statement.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::{Map, Value, json};

use crate::answer::{Answer, ApiError};
use crate::call::{Call, Cx, Settings};
use crate::faults::Faults;
use crate::route::Served;
use crate::routes;
use crate::state::State;
use crate::store::kind::Level;
use crate::store::serve;

/// The catalogs of a workspace with their schemas, and the engine's name of each: its database. `hive_metastore` is each workspace's own.
pub(super) fn catalogs(state: &State, workspace: i64) -> Map<String, Value> {
    let mut all = Map::new();
    let hive = json!({"key": format!("{workspace}~hive_metastore"), "schemas": ["default"]});
    all.insert("hive_metastore".to_owned(), hive);
    let metastore = state.workspaces.get(&workspace).and_then(|of| of.metastore.as_ref());
    let Some((id, store)) = metastore.and_then(|id| Some((id, state.metastores.get(id)?))) else { return all };
    for (name, catalog) in store.all("catalogs") {
        let schemas = store.all("schemas").filter(|(_, schema)| schema.text("catalog_name") == name);
        let schemas: Vec<&str> = schemas.map(|(_, schema)| schema.text("name")).collect();
        let made = catalog.fields.get("created_at").and_then(Value::as_i64).unwrap_or_default();
        let of = json!({
            // A catalog that is made again after its end is another one.
            "key": format!("{id}~{name}~{made}"),
            "schemas": schemas,
            "owner": catalog.text("owner"),
            "comment": catalog.text("comment"),
        });
        all.insert(name.clone(), of);
    }
    all
}

/// Where a session begins: the workspace's default catalog.
pub(super) fn default_catalog(state: &State, workspace: i64) -> String {
    let of = state.workspaces.get(&workspace).and_then(|of| of.default_catalog.clone());
    of.unwrap_or_else(|| "hive_metastore".to_owned())
}

/// A call of the workspace's API as a principal.
pub(super) struct Asked<'a> {
    pub(super) workspace: i64,
    /// SCIM id of who calls.
    pub(super) principal: &'a str,
    pub(super) method: &'a str,
    /// The path, with a query.
    pub(super) target: &'a str,
    pub(super) body: &'a Value,
}

/// Makes a call: the status and the body of its answer.
pub(super) fn call(
    state: &mut State,
    settings: &Settings,
    faults: &Faults,
    now: i64,
    asked: &Asked<'_>,
) -> (u16, Value) {
    let (path, query) = asked.target.split_once('?').unwrap_or((asked.target, ""));
    let pairs = url::form_urlencoded::parse(query.as_bytes()).map(|(k, v)| (k.into_owned(), v.into_owned()));
    let query_pairs: Vec<(String, String)> = pairs.collect();
    let mut call = Call {
        method: asked.method.parse().unwrap_or(Method::GET),
        path: path.to_owned(),
        query: query_pairs.iter().cloned().collect(),
        query_pairs,
        headers: HeaderMap::new(),
        body: if asked.body.is_null() { Bytes::new() } else { Bytes::from(asked.body.to_string()) },
        workspace: Some(asked.workspace),
        caller: Some(state.caller(asked.principal)),
        params: BTreeMap::new(),
    };
    let answer = match routes::find(Level::Workspace, &call.method, path) {
        Some(found) => {
            call.params = found.params;
            let mut cx = Cx { call: &call, state, settings, faults, now, effects: Vec::new() };
            match found.served {
                Served::ByHand(handler) => handler(&mut cx),
                Served::ByKind(kind, verb) => serve::serve(kind, verb, &mut cx),
            }
        }
        None => Err(ApiError::no_endpoint(&call.method, path)),
    };
    let answer = answer.unwrap_or_else(Answer::from);
    (answer.status.as_u16(), serde_json::from_slice(&answer.body).unwrap_or_default())
}
