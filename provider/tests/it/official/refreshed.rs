//! The objects of official states in a local cloud, for plans that refresh.
//!
//! Our provider applies the states' own configurations, all of a level at once. Where the states then name an object, they name
//! the one that was made: ids, hosts and what refers to them are put in the place of the official ones, all else stays as the
//! official provider wrote it. That works for every kind that is served, and by itself for one that is added: there is no
//! list of paths and bodies beside the provider's own (as a replay of the recorded calls would need), and what the service
//! answers is not derived from what is compared with it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::states::{Level, WORKSPACE};
use crate::Env;
use crate::bench::Bench;
use crate::cloud::Cloud;
use crate::taken_over::{self, State};

/// What configurations name that is in no state of theirs: it has to be there before. Here is what it is in [`PREREQUISITES`].
const NAMED: [(&str, &str, &str); 11] = [
    ("500000000000001", "databricks_service_principal.example", "id"),
    ("00000000-0000-4000-8000-0000000000b1", "databricks_service_principal.example", "application_id"),
    ("data-eng", "databricks_group.example", "display_name"),
    ("00000000-0000-4000-8000-0000000000d1", "databricks_mws_credentials.other", "credentials_id"),
    ("00000000-0000-4000-8000-0000000000d2", "databricks_mws_storage_configurations.other", "storage_configuration_id"),
    ("4000000000000001", "databricks_mws_workspaces.other", "workspace_id"),
    ("0101-000000-shared01", "databricks_cluster.shared", "id"),
    ("100000000000010", "databricks_group.example", "id"),
    ("100000000000011", "databricks_user.example", "id"),
    ("00000000-0000-4000-8000-0000000000e1", "databricks_mws_vpc_endpoint.first", "vpc_endpoint_id"),
    ("00000000-0000-4000-8000-0000000000e2", "databricks_mws_vpc_endpoint.second", "vpc_endpoint_id"),
];

const PREREQUISITES: &str = r#"
resource "databricks_service_principal" "example" {
  display_name = "example"
}

resource "databricks_mws_permission_assignment" "example" {
  workspace_id = WORKSPACE
  principal_id = databricks_service_principal.example.id
  permissions  = ["USER"]
}

resource "databricks_group" "example" {
  display_name = "existing-eng"
  provider_config {
    workspace_id = "WORKSPACE"
  }
}

resource "databricks_user" "example" {
  user_name = "existing@example.com"
  provider_config {
    workspace_id = "WORKSPACE"
  }
}

resource "databricks_user" "lead" {
  user_name = "lead@example.com"
  provider_config {
    workspace_id = "WORKSPACE"
  }
}

resource "databricks_cluster" "shared" {
  cluster_name            = "shared"
  spark_version           = "17.3.x-scala2.13"
  node_type_id            = "m5.large"
  num_workers             = 1
  autotermination_minutes = 20
  provider_config {
    workspace_id = "WORKSPACE"
  }
}

resource "databricks_storage_credential" "data" {
  name = "data"
  aws_iam_role {
    role_arn = "arn:aws:iam::123456789012:role/data"
  }
  provider_config {
    workspace_id = "WORKSPACE"
  }
}

resource "databricks_mws_credentials" "other" {
  credentials_name = "other"
  role_arn         = "arn:aws:iam::123456789012:role/other"
}

resource "databricks_mws_storage_configurations" "other" {
  storage_configuration_name = "other"
  bucket_name                = "other-root"
}

resource "databricks_mws_workspaces" "other" {
  workspace_name           = "other"
  aws_region               = "us-west-2"
  credentials_id           = databricks_mws_credentials.other.credentials_id
  storage_configuration_id = databricks_mws_storage_configurations.other.storage_configuration_id
}

resource "databricks_catalog" "sales" {
  name = "sales"
  provider_config {
    workspace_id = "WORKSPACE"
  }
}

resource "databricks_schema" "things" {
  catalog_name = databricks_catalog.sales.name
  name         = "things"
  provider_config {
    workspace_id = "WORKSPACE"
  }
}

resource "databricks_volume" "files" {
  catalog_name = databricks_catalog.sales.name
  schema_name  = databricks_schema.things.name
  name         = "files"
  volume_type  = "MANAGED"
  provider_config {
    workspace_id = "WORKSPACE"
  }
}

resource "databricks_mws_vpc_endpoint" "first" {
  vpc_endpoint_name   = "first"
  aws_vpc_endpoint_id = "vpce-000000000000000e1"
  region              = "eu-west-1"
}

resource "databricks_mws_vpc_endpoint" "second" {
  vpc_endpoint_name   = "second"
  aws_vpc_endpoint_id = "vpce-000000000000000e2"
  region              = "eu-west-1"
}
"#;

/// Kinds whose names the service takes once: where many states make one, each has a name of its own.
const OWN: [&str; 6] = [
    "databricks_catalog",
    "databricks_group",
    "databricks_secret_scope",
    "databricks_storage_credential",
    "databricks_user",
    "databricks_volume",
];

/// The attributes that have them; of a mail address the part before the `@`.
const OWN_NAMES: [&str; 3] = ["name", "display_name", "user_name"];

/// States whose objects cannot stand beside all others, each with the reason.
const LEFT_OUT: [(&str, &str); 5] = [
    ("external_location-testserver", "the place of external_location"),
    ("group_instance_profile", "the instance profile of instance_profile"),
    ("permissions", "on a cluster policy, which we do not make"),
    ("permissions-tokens", "a workspace has one such list, which obo_token has already"),
    ("permissions-job", "on a job, which we do not make"),
];

/// The objects, and how the local cloud calls what the states name.
pub struct Objects {
    prerequisites: Bench,
    made: Bench,
    env: Env,
    /// By state.
    names: BTreeMap<String, Names>,
}

/// The words of a state, and what they are in the local cloud.
type Names = BTreeMap<String, String>;

impl Objects {
    /// Makes them.
    pub fn make(cloud: &Cloud, level: Level, states: &[State]) -> Self {
        let env = match level {
            Level::Account => cloud.account.clone(),
            Level::Workspace => cloud.workspace().clone(),
        };
        let prerequisites = Bench::new(&cloud.account);
        prerequisites.write(&PREREQUISITES.replace("WORKSPACE", &cloud.workspace_id()));
        prerequisites.apply();
        let mut common: Names = NAMED
            .iter()
            .map(|(official, address, name)| ((*official).to_owned(), word(&prerequisites.attributes(address)[*name])))
            .collect();
        common.insert(WORKSPACE.to_owned(), cloud.workspace_id());
        let named = |(at, state): (usize, &State)| {
            let mut names = common.clone();
            names.extend(of_aws(&state.configuration, at));
            names.extend(own(&state.configuration, at));
            (state.name.clone(), names)
        };
        let names = states.iter().enumerate().map(named).collect();
        let mut objects = Self { prerequisites, made: Bench::new(&env), env, names };
        taken_over::modules(&objects.made, &objects.states(states), 1);
        objects.made.apply();
        let text = std::fs::read_to_string(objects.made.dir.path().join("terraform.tfstate")).unwrap();
        let made: Value = serde_json::from_str(&text).unwrap();
        for state in states {
            note(state, made["resources"].as_array().unwrap(), objects.names.get_mut(&state.name).unwrap());
        }
        objects
    }

    /// Those of the states whose objects are made.
    pub fn of(states: Vec<State>) -> Vec<State> {
        let is_left_out = |state: &State| LEFT_OUT.iter().any(|(name, _)| *name == state.name);
        states.into_iter().filter(|state| !is_left_out(state)).collect()
    }

    /// What reaches them.
    pub fn env(&self) -> &Env {
        &self.env
    }

    /// The states with configurations that name what is there.
    pub fn states(&self, states: &[State]) -> Vec<State> {
        let named = |state: &State| {
            let names = &self.names[&state.name];
            let configuration = translated(&state.configuration, names);
            let mut resources = state.resources.clone();
            for resource in &mut resources {
                resource["name"] = translated(resource["name"].as_str().unwrap(), names).into();
            }
            State { configuration, resources, ..state.clone() }
        };
        states.iter().map(named).collect()
    }

    /// A resource of a state that names what is there.
    pub fn found(&self, state: &State, mut resource: Value) -> Value {
        for instance in resource["instances"].as_array_mut().unwrap() {
            translate(&mut instance["attributes"], &self.names[&state.name]);
        }
        resource
    }

    /// Removes them, and what they stood on.
    pub fn destroy(&self) {
        self.made.destroy(&[]);
        self.prerequisites.destroy(&[]);
    }
}

/// Names of AWS that are a state's own: no two networks share a subnet, and the corpus has the same one in many states.
fn of_aws(configuration: &str, at: usize) -> Names {
    let words = configuration.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-');
    words
        .filter_map(|word| {
            let kind = ["vpc-", "subnet-", "sg-"].into_iter().find(|kind| word.starts_with(kind))?;
            let rest = word.strip_prefix(kind)?.strip_prefix("000")?;
            Some((word.to_owned(), format!("{kind}{at:03}{rest}")))
        })
        .collect()
}

/// Names that are a state's own, because the corpus has the same one in many states.
fn own(configuration: &str, at: usize) -> Names {
    let mut names = Names::new();
    let mut is_own = false;
    for line in configuration.lines() {
        if let Some(head) = line.strip_prefix("resource \"") {
            is_own = OWN.iter().any(|kind| head.starts_with(&format!("{kind}\"")));
        }
        let value = |name: &&str| line.trim().strip_prefix(name)?.trim().strip_prefix("= \"")?.strip_suffix('"');
        let name = OWN_NAMES.iter().find_map(value).and_then(|name| name.split('@').next());
        if let Some(name) = name.filter(|_| is_own) {
            names.insert(name.to_owned(), format!("{name}{at:03}"));
        }
    }
    names
}

/// Notes how what was made of a state's configuration is called, beside how the state calls it.
fn note(state: &State, made: &[Value], names: &mut Names) {
    for official in &state.resources {
        let name = translated(official["name"].as_str().unwrap(), names);
        let is_it = |one: &&Value| {
            one["module"] == json!(format!("module.{}[0]", state.name))
                && one["type"] == official["type"]
                && one["name"] == json!(name)
        };
        let ours = made.iter().find(is_it).unwrap_or_else(|| panic!("{} {} was made", state.name, official["name"]));
        for instance in official["instances"].as_array().unwrap() {
            let same = |one: &&Value| one["index_key"] == instance["index_key"];
            let ours = ours["instances"].as_array().unwrap().iter().find(same).unwrap();
            pair("", &instance["attributes"], &ours["attributes"], names);
        }
    }
}

/// Notes how both call an object, where it is and how it signs in: ids and their parts, hosts, tokens.
fn pair(name: &str, official: &Value, ours: &Value, names: &mut Names) {
    match (official, ours) {
        (Value::Object(official), Value::Object(ours)) => {
            for (name, official) in official {
                pair(name, official, ours.get(name).unwrap_or(&Value::Null), names);
            }
        }
        (Value::Array(official), Value::Array(ours)) => {
            for (official, ours) in official.iter().zip(ours) {
                pair("", official, ours, names);
            }
        }
        (Value::String(_) | Value::Number(_), Value::String(_) | Value::Number(_)) => {
            let (official, ours) = (word(official), word(ours));
            let is_name = ["id", "deployment_name", "token_value"].contains(&name)
                || ["_id", "_url"].iter().any(|end| name.ends_with(end));
            if !is_name || official.is_empty() || ours.is_empty() {
                return;
            }
            let parts = |id: &str| id.split(['/', '|']).map(str::to_owned).collect::<Vec<_>>();
            for (official, ours) in parts(&official).into_iter().zip(parts(&ours)) {
                names.insert(official, ours);
            }
            names.insert(official, ours);
        }
        _ => {}
    }
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn translate(value: &mut Value, names: &Names) {
    match value {
        Value::Object(members) => members.values_mut().for_each(|member| translate(member, names)),
        Value::Array(elements) => elements.iter_mut().for_each(|element| translate(element, names)),
        Value::String(text) => *text = names.get(text).cloned().unwrap_or_else(|| translated(text, names)),
        Value::Number(number) => {
            if let Some(other) = names.get(&number.to_string()).and_then(|other| other.parse::<u64>().ok()) {
                *value = other.into();
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

/// A text with other words. Ids are words of letters, digits and hyphens.
fn translated(text: &str, names: &Names) -> String {
    let is_of_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let mut done = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let is_word = rest.starts_with(is_of_word);
        let end = rest.find(|letter| is_of_word(letter) != is_word).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        done.push_str(names.get(part).map_or(part, String::as_str));
        rest = after;
    }
    done
}
