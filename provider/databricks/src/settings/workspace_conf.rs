//! databricks_workspace_conf: settings of a workspace by name.
//! API: <https://docs.databricks.com/api/workspace/workspaceconf>
//!
//! No `Rest`: the settings are always there, and are asked for by their names.

use std::collections::BTreeMap;

use databricks::{Client, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, Call, Failed, ID, OPTIONAL, OPTIONAL_COMPUTED, Planning, Removal, Resource, Result};

use crate::clients::AnyWorkspace;
use crate::level::{self, ProviderConfig};

/// Settings of a workspace, such as `enableIpAccessLists`. Others stay as they are; where one leaves the configuration, or this is destroyed, it
/// is `false`, or empty where it is none that is switched.
///
/// Nothing marks them as somebody's: two such resources of one workspace must not name the same setting.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct WorkspaceConf {
    /// `_`: a workspace has its settings once.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// The settings.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub custom_config: Attr<Settings>,
    /// The workspace.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().unsent().keeps_state()))]
    pub provider_config: Attr<ProviderConfig>,
}

/// Settings by name.
type Settings = BTreeMap<String, String>;

const PATH: &str = "/api/2.0/workspace-conf";
const ID_OF_ALL: &str = "_";

/// Whether a value switches something.
fn is_switch(value: &str) -> bool {
    ["true", "false"].iter().any(|switch| value.eq_ignore_ascii_case(switch))
}

/// What a setting is that nobody sets.
fn unset(value: &str) -> &'static str {
    if is_switch(value) { "false" } else { "" }
}

/// The settings that change, one call for all; those that `after` lacks are as nobody set them.
fn changes(before: &Settings, after: &Settings) -> Settings {
    let gone = before.iter().filter(|(name, _)| !after.contains_key(*name));
    let gone = gone.map(|(name, value)| (name.clone(), unset(value).to_owned()));
    let new = after.iter().filter(|(name, value)| before.get(*name) != Some(value));
    gone.chain(new.map(|(name, value)| (name.clone(), value.clone()))).collect()
}

async fn set(client: &Client, settings: &Settings) -> Result<()> {
    if settings.is_empty() {
        return Ok(());
    }
    Ok(client.send(Request::patch(PATH).json(settings)?).await?)
}

/// What the service has of the settings of these names.
async fn told(client: &Client, names: &Settings) -> Result<Settings> {
    if names.is_empty() {
        return Ok(Settings::new());
    }
    let names: Vec<&str> = names.keys().map(String::as_str).collect();
    let found: BTreeMap<String, Option<String>> =
        client.send(Request::get(PATH).query("keys", names.join(","))).await?;
    Ok(found.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
}

/// The settings as the state has them: in the configured spelling where that means the same.
fn seen(known: &Settings, told: Settings) -> Settings {
    let spelled = |name: &String, value: String| match known.get(name) {
        Some(known) if is_switch(known) && known.eq_ignore_ascii_case(&value) => known.clone(),
        _ => value,
    };
    // One that was never set, or was unset outside.
    let all =
        told.into_iter().filter(|(name, value)| !value.is_empty() || known.get(name).is_some_and(String::is_empty));
    all.map(|(name, value)| (name.clone(), spelled(&name, value))).collect()
}

impl Resource for WorkspaceConf {
    const NAME: &'static str = "databricks_workspace_conf";
    const EXAMPLE: &'static str = r#"resource "databricks_workspace_conf" "example" {
  custom_config = {
    enableResultsDownloading = "false"
    maxTokenLifetimeDays     = "90"
  }
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("\"90\"", "\"30\""));
    const IMPORT_ID: Option<&'static str> = None;
    const REMOVAL: Removal = Removal::Setting;

    type Client = AnyWorkspace;

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        level::plan(planning, |of| &of.provider_config)
    }

    async fn create(cx: &Call<AnyWorkspace>, plan: Self) -> Result<Self, Failed<Self>> {
        let client = level::workspace(cx.client(), &plan.provider_config).await?;
        set(&client, &plan.custom_config.or_default()).await?;
        let provider_config = level::settled(plan.provider_config.clone());
        Ok(Self { id: ID_OF_ALL.into(), provider_config, ..plan })
    }

    async fn read(cx: &Call<AnyWorkspace>, state: Self) -> Result<Option<Self>> {
        let client = level::workspace(cx.client(), &state.provider_config).await?;
        let known = state.custom_config.or_default();
        let found = seen(&known, told(&client, &known).await?);
        let custom_config = if state.custom_config.is_known() { found.into() } else { state.custom_config.clone() };
        Ok(Some(Self { custom_config, ..state }))
    }

    async fn update(cx: &Call<AnyWorkspace>, state: Self, plan: Self) -> Result<Self, Failed<Self>> {
        let client = level::workspace(cx.client(), &plan.provider_config).await?;
        let (before, after) = (state.custom_config.or_default(), plan.custom_config.or_default());
        // The call is refused as a whole or was cut off: what stands then is looked at by the next plan.
        set(&client, &changes(&before, &after)).await.map_err(|error| error.at("custom_config"))?;
        Ok(plan)
    }

    async fn delete(cx: &Call<AnyWorkspace>, state: Self) -> Result<()> {
        let client = level::workspace(cx.client(), &state.provider_config).await?;
        set(&client, &changes(&state.custom_config.or_default(), &Settings::new())).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(all: &[(&str, &str)]) -> Settings {
        all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_changes_is_sent_and_what_is_no_more_is_unset() {
        let check = |before: &[(&str, &str)], after: &[(&str, &str)], expected: &[(&str, &str)]| {
            assert_eq!(changes(&settings(before), &settings(after)), settings(expected));
        };
        check(&[], &[("a", "true")], &[("a", "true")]);
        check(&[("a", "true"), ("b", "1")], &[("a", "true"), ("b", "2")], &[("b", "2")]);
        check(&[("a", "true"), ("b", "90")], &[], &[("a", "false"), ("b", "")]);
    }

    #[test]
    fn a_switch_stays_as_it_is_spelled_and_what_was_never_set_is_none() {
        let known = settings(&[("a", "True"), ("b", "90"), ("c", "x")]);
        let told = settings(&[("a", "true"), ("b", "30"), ("c", "")]);
        assert_eq!(seen(&known, told), settings(&[("a", "True"), ("b", "30")]));
    }
}
