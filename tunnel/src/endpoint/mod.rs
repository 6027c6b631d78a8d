//! Finds the endpoint to connect to in what `terraform output -json` prints: any output that is an endpoint or holds some.
//! The form of that text: each output's name with its `value`, `type` and `sensitive`.

pub mod access;
mod awake;
pub mod bootstrap;
pub mod clients;
pub mod cluster;
mod comeback;
pub mod direct;
pub mod files;
pub mod identity;
pub mod known;
pub mod line;
pub mod metadata;
pub mod selection;
pub mod start;

use serde_json::Value;
use ssh_endpoint::{SCHEMA_VERSION, SshEndpoint, check_name};

use crate::error::{Context, Error, Result};

/// What tells an endpoint from other objects.
const MARKS: [&str; 4] = ["schema_version", "host", "cluster_id", "server_host_key"];

/// An endpoint and the outputs' path at which it was found.
#[derive(Debug, Clone, PartialEq)]
struct FoundEndpoint {
    at: String,
    endpoint: SshEndpoint,
}

/// All endpoints in the outputs, each once.
///
/// # Errors
/// When the text is no JSON, or there is no endpoint, or one that is newer than this program.
pub fn find_all(outputs: &str) -> Result<Vec<SshEndpoint>> {
    Ok(collect_all(outputs)?.into_iter().map(|found| found.endpoint).collect())
}

fn collect_all(outputs: &str) -> Result<Vec<FoundEndpoint>> {
    let value: Value = serde_json::from_str(outputs)
        .map_err(|error| Error::new("the outputs are no JSON").caused_by(error).way_out(OUTPUTS))?;
    if value.as_object().is_some_and(serde_json::Map::is_empty) {
        return Err(Error::new("this configuration has no outputs yet").way_out(
            "Run tunnel in the folder of a configuration that was applied, or give its outputs with --outputs FILE.",
        ));
    }
    let mut all = Vec::new();
    match outputs_of(&value) {
        Some(outputs) => {
            for (name, value) in outputs {
                collect(value, name, &mut all)?;
            }
        }
        // One output's value, as `terraform output -json NAME` prints it.
        None => collect(&value, String::new(), &mut all)?,
    }
    all.dedup_by(|a, b| a.endpoint == b.endpoint);
    if all.is_empty() {
        return Err(Error::new("none of the outputs is an SSH endpoint")
            .way_out("Add an output whose value is databricks_ssh_endpoint.NAME.endpoint, then apply."));
    }
    Ok(all)
}

/// Checks what stands in addresses and in ssh's configuration: there it must mean nothing more than itself.
///
/// # Errors
/// When it could, or the endpoint is newer than this program.
pub fn check(endpoint: &SshEndpoint) -> Result<()> {
    let SshEndpoint { schema_version, name, workspace_id, cluster_id, remote_user, .. } = endpoint;
    if *schema_version > SCHEMA_VERSION {
        return Err(Error::new(format!(
            "the endpoint {name:?} is of version {schema_version}, and this tunnel knows versions up to {SCHEMA_VERSION}"
        ))
        .way_out("Install the tunnel that came with the provider."));
    }
    check_name(name).context(|| "the endpoint cannot be used".to_owned())?;
    let ids = [workspace_id, cluster_id].into_iter().find(|id| !metadata::is_id(id));
    match ids.or(Some(remote_user).filter(|user| !metadata::is_user(user))) {
        Some(wrong) => Err(Error::new(format!("the endpoint {name} cannot be used: {wrong:?} is no id and no user"))),
        None => Ok(()),
    }
}

/// Picks the endpoint with this name (its own, or its output's), or the only one.
///
/// # Errors
/// When the text is no JSON, or there is no endpoint, several, or only one that is newer than this program.
pub fn find(outputs: &str, name: Option<&str>) -> Result<SshEndpoint> {
    let mut all = collect_all(outputs)?;
    let names = all.iter().map(|found| found.endpoint.name.as_str()).collect::<Vec<_>>().join(", ");
    let Some(name) = name else {
        if all.len() > 1 {
            return Err(Error::new(format!("the outputs have several SSH endpoints: {names}"))
                .way_out("Pick one with --endpoint NAME."));
        }
        return all.pop().map(|found| found.endpoint).ok_or_else(|| Error::new("there is no endpoint"));
    };
    let position = all
        .iter()
        .position(|found| found.endpoint.name == name)
        .or_else(|| all.iter().position(|found| found.at == name));
    match position {
        Some(position) => Ok(all.swap_remove(position).endpoint),
        None => {
            Err(Error::new(format!("the outputs have no SSH endpoint {name:?}")).way_out(format!("There is: {names}.")))
        }
    }
}

const OUTPUTS: &str = "They are what `terraform output -json` prints.";

/// The values of the outputs by their names. The `type` beside each value has the same keys as the value, and is none.
fn outputs_of(value: &Value) -> Option<Vec<(String, &Value)>> {
    let outputs = value.as_object()?.iter();
    outputs
        .map(|(name, output)| {
            let output = output.as_object().filter(|output| output.contains_key("type"))?;
            Some((name.clone(), output.get("value")?))
        })
        .collect()
}

fn collect(value: &Value, at: String, found: &mut Vec<FoundEndpoint>) -> Result<()> {
    match value {
        Value::Object(map) if MARKS.iter().all(|mark| map.contains_key(*mark)) => {
            let version = map.get("schema_version").and_then(Value::as_u64).unwrap_or_default();
            if version > u64::from(SCHEMA_VERSION) {
                return Err(Error::new(format!(
                    "the endpoint {at} is of version {version}, and this tunnel knows versions up to {SCHEMA_VERSION}"
                ))
                .way_out("Install the tunnel that came with the provider."));
            }
            let endpoint = serde_json::from_value(value.clone())
                .map_err(|error| Error::new(format!("the endpoint {at} cannot be read")).caused_by(error))?;
            check(&endpoint)?;
            found.push(FoundEndpoint { at, endpoint });
        }
        Value::Object(map) => {
            for (key, value) in map {
                let at = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                collect(value, at, found)?;
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                collect(value, format!("{at}[{index}]"), found)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// An endpoint for unit tests.
#[cfg(test)]
pub(crate) fn sample(changes: Value) -> SshEndpoint {
    let mut endpoint = serde_json::json!({"schema_version":1,"host":"https://x","workspace_id":"1","cluster_id":"c","name":"demo",
        "remote_user":"root","server_host_key":"ssh-ed25519 A","secret_scope":"s","directory":"/Workspace/d",
        "binary_path":"/Workspace/b","binary_sha256":"00","max_clients":10,"shutdown_delay_seconds":600,"auto_start":true});
    if let (Some(endpoint), Value::Object(changes)) = (endpoint.as_object_mut(), changes) {
        endpoint.extend(changes);
    }
    serde_json::from_value(endpoint).unwrap_or_else(|error| unreachable!("{error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn endpoint(name: &str) -> Value {
        serde_json::to_value(sample(json!({"name": name}))).unwrap()
    }

    /// As Terraform prints it: the type of an object has the object's keys.
    fn output(value: Value) -> Value {
        fn type_of(value: &Value) -> Value {
            match value {
                Value::Object(map) => {
                    let types: serde_json::Map<_, _> =
                        map.iter().map(|(key, value)| (key.clone(), type_of(value))).collect();
                    json!(["object", types])
                }
                Value::Array(list) => json!(["tuple", list.iter().map(type_of).collect::<Vec<_>>()]),
                Value::Bool(_) => json!("bool"),
                Value::Number(_) => json!("number"),
                _ => json!("string"),
            }
        }
        json!({"sensitive": false, "type": type_of(&value), "value": value})
    }

    #[test]
    fn an_endpoint_is_found_wherever_it_stands_or_the_error_says_what_to_do() {
        let check = |outputs: Value, name: Option<&str>, expected: Result<&str, &str>| {
            let found =
                find(&outputs.to_string(), name).map(|endpoint| endpoint.name).map_err(|error| error.to_string());
            match expected {
                Ok(expected) => assert_eq!(found.as_deref(), Ok(expected), "{outputs}"),
                Err(expected) => assert!(found.as_ref().is_err_and(|e| e.contains(expected)), "{found:?} {outputs}"),
            }
        };
        let one = json!({"other": output(json!("x")), "ssh_endpoint": output(endpoint("demo"))});
        check(one.clone(), None, Ok("demo"));
        check(one.clone(), Some("demo"), Ok("demo"));
        check(one.clone(), Some("ssh_endpoint"), Ok("demo"));
        check(one, Some("nope"), Err("There is: demo."));
        check(endpoint("bare"), None, Ok("bare"));
        let two = json!({"all": output(json!({"x": endpoint("a"), "y": endpoint("b")}))});
        check(two.clone(), None, Err("several SSH endpoints: a, b"));
        check(two.clone(), Some("b"), Ok("b"));
        check(two, Some("all.x"), Ok("a"));
        check(json!({"list": output(json!([endpoint("a")]))}), Some("list[0]"), Ok("a"));
        check(json!({"a": output(endpoint("same")), "b": output(endpoint("same"))}), None, Ok("same"));
        check(json!({}), None, Err("no outputs yet"));
        check(json!({"vpc": output(json!({"id": 1}))}), None, Err("none of the outputs"));
        let mut newer = endpoint("demo");
        newer["schema_version"] = json!(2);
        check(json!({"e": output(newer)}), None, Err("version 2"));
        let mut evil = endpoint("demo");
        evil["remote_user"] = json!("root\n    ProxyCommand evil");
        check(json!({"e": output(evil)}), None, Err("is no id and no user"));
        let mut evil = endpoint("demo");
        evil["workspace_id"] = json!("../..");
        check(json!({"e": output(evil)}), None, Err("is no id and no user"));
        check(json!({"e": output(endpoint("-oProxyCommand=evil"))}), None, Err("cannot be used"));
        let mut broken = endpoint("demo");
        broken["max_clients"] = json!("many");
        check(json!({"e": output(broken)}), None, Err("cannot be read"));
    }

    #[test]
    fn text_that_is_no_json_is_refused() {
        assert!(
            find("No outputs found", None).is_err_and(|error| error.to_string().contains("terraform output -json"))
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,200}") {
            let _ = find(&text, None);
        }
    }
}
