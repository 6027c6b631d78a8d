//! databricks_secret. API: <https://docs.databricks.com/api/workspace/secrets>
//!
//! No `Rest`: a second put is the same secret, and no answer tells its value.

use std::time::Duration;

use databricks::api::secrets::{self, SecretMetadata};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{
    Attr, COMPUTED, Call, Diagnostic, Error, Failed, ID, OPTIONAL, OPTIONAL_COMPUTED, Planning, Probe, REQUIRED,
    Resource, Result, Secret as Hidden, one_of,
};

use super::of_scope;
use crate::clients::{AnyWorkspace, Workspace};
use crate::level::{self, ProviderConfig};

/// How long the list may tell the time of the value before.
const SPREADING: Duration = Duration::from_secs(5);

/// A secret in a scope.
///
/// `string_value` stands in the state, as with the official provider. `string_value_wo` stands in no plan and no state: change
/// `string_value_wo_version` with it (Terraform 1.11 and newer).
///
/// A value that was changed outside Terraform is put back: the service tells when a secret was last written. One with
/// `string_value_wo` has to have a `string_value_wo_version` for that.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Secret {
    /// `scope|||key`.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Name of the scope.
    #[schemars(
        regex(pattern = r"^[0-9A-Za-z_.@/-]{1,128}$"),
        extend("x-form" = "1 to 128 letters, digits, _, -, @, . and /"),
        extend("x-tf" = REQUIRED.replaces())
    )]
    pub scope: Attr<String>,
    /// Name of the secret in the scope.
    #[schemars(
        regex(pattern = r"^[0-9A-Za-z_.@/-]{1,128}$"),
        extend("x-form" = "1 to 128 letters, digits, _, -, @, . and /"),
        extend("x-tf" = REQUIRED.replaces())
    )]
    pub key: Attr<String>,
    /// The value, of at most 128 KiB. It stands in the state.
    #[schemars(extend("x-tf" = OPTIONAL.untold()))]
    pub string_value: Attr<Hidden<String>>,
    /// The value, of at most 128 KiB. It stands in no plan and no state.
    #[schemars(extend("x-tf" = OPTIONAL.write_only().sensitive()))]
    pub string_value_wo: Attr<Hidden<String>>,
    /// A number that is changed together with `string_value_wo`: the new value is written.
    #[schemars(extend("x-tf" = OPTIONAL.untold()))]
    pub string_value_wo_version: Attr<i64>,
    /// When it was last written, in milliseconds since 1970.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub last_updated_timestamp: Attr<i64>,
    /// Reference to the secret, for the configuration of clusters and jobs: `{{secrets/scope/key}}`.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub config_reference: Attr<String>,
    /// The workspace that the scope belongs to.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().unsent().keeps_state()))]
    pub provider_config: Attr<ProviderConfig>,
}

impl Secret {
    /// With its names, and without what is known only when it is listed.
    fn named(self, scope: &str, key: &str) -> Self {
        Self {
            id: of_scope::id(scope, key).into(),
            scope: scope.to_owned().into(),
            key: key.to_owned().into(),
            config_reference: format!("{{{{secrets/{scope}/{key}}}}}").into(),
            provider_config: level::settled(self.provider_config),
            ..self
        }
    }

    async fn put(&self, cx: &Call<Workspace>) -> Result<()> {
        let value = self.string_value.known().or(self.string_value_wo.known());
        let value = value.ok_or_else(|| Error::new("No value is known").at("string_value"))?;
        Ok(secrets::put(cx.client(), self.scope.text(), self.key.text(), value).await?)
    }

    /// Whether the value is another one than Terraform has written. The service tells no more than when that was: only a value
    /// that was written at another time is asked for.
    async fn is_changed(&self, cx: &Call<Workspace>, found: &SecretMetadata) -> Result<bool> {
        let known = self.last_updated_timestamp.known().copied();
        if known.is_none() || known == found.last_updated_timestamp {
            return Ok(false);
        }
        let Some(value) = self.string_value.known() else { return Ok(true) };
        let told = secrets::get(cx.client(), self.scope.text(), self.key.text()).await?;
        Ok(told.is_none_or(|told| told.expose() != value.expose()))
    }
}

impl Resource for Secret {
    const NAME: &'static str = "databricks_secret";
    const EXAMPLE: &'static str = r#"resource "databricks_secret_scope" "example" {
  name = "example-secrets"
}

resource "databricks_secret" "example" {
  scope        = databricks_secret_scope.example.name
  key          = "password"
  string_value = "not-a-real-password"
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("not-a-real-password", "not-a-real-one-either"));
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> = Some(("\"password\"", "\"passphrase\""));
    const IMPORT_ID: Option<&'static str> = Some("scope|||key");

    type Client = AnyWorkspace;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let mut all = Vec::new();
        if one_of([config.string_value.is_set(), config.string_value_wo.is_set()]).is_err() {
            let error = Error::new("A secret has one value").detail("Set either string_value or string_value_wo.");
            all.push(error.at("string_value").into());
        }
        all
    }

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        level::plan(planning, |secret| &secret.provider_config)
    }

    async fn create(cx: &Call<AnyWorkspace>, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let cx = level::call(cx, &plan.provider_config).await?;
        plan.put(&cx).await?;
        let (scope, key) = (plan.scope.or_default(), plan.key.or_default());
        Ok(Self { last_updated_timestamp: Attr::Null, ..plan.named(&scope, &key) })
    }

    /// Waits until the list tells when it was written. `state` has when it was written before.
    async fn ready(cx: &Call<AnyWorkspace>, state: Self) -> Result<Self> {
        let cx = level::call(cx, &state.provider_config).await?;
        let before = state.last_updated_timestamp.known().copied();
        let end = tokio::time::Instant::now() + SPREADING;
        let (start, most) = (Duration::from_millis(200), Duration::from_secs(2));
        let written = cx
            .poll("the secret to be listed", start, most, async || {
                let found = secrets::find(cx.client(), state.scope.text(), state.key.text(), false).await?;
                let is_late = tokio::time::Instant::now() >= end;
                Ok(match found {
                    None => Probe::Waiting("not there".into()),
                    Some(found) if found.last_updated_timestamp == before && before.is_some() && !is_late => {
                        Probe::Waiting("as it was before".into())
                    }
                    Some(found) => Probe::Done(found.last_updated_timestamp),
                })
            })
            .await?;
        Ok(Self { last_updated_timestamp: written.into(), ..state })
    }

    async fn read(cx: &Call<AnyWorkspace>, state: Self) -> Result<Option<Self>> {
        let cx = level::call(cx, &state.provider_config).await?;
        let (scope, key) = of_scope::parts("secret", Self::IMPORT_ID, state.id.text())?;
        let state = state.named(&scope, &key);
        let Some(found) = secrets::find(cx.client(), &scope, &key, true).await? else { return Ok(None) };
        let is_changed = state.is_changed(&cx, &found).await?;
        let state = Self { last_updated_timestamp: found.last_updated_timestamp.into(), ..state };
        // Somebody else's value is not Terraform's to keep: without one, the plan writes its own.
        Ok(Some(match is_changed {
            true => Self { string_value: Attr::Null, string_value_wo_version: Attr::Null, ..state },
            false => state,
        }))
    }

    async fn update(cx: &Call<AnyWorkspace>, state: Self, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let cx = level::call(cx, &plan.provider_config).await?;
        plan.put(&cx).await?;
        let (scope, key) = (state.scope.or_default(), state.key.or_default());
        Ok(Self { last_updated_timestamp: state.last_updated_timestamp, ..plan.named(&scope, &key) })
    }

    async fn delete(cx: &Call<AnyWorkspace>, state: Self) -> Result<()> {
        let cx = level::call(cx, &state.provider_config).await?;
        let (scope, key) = of_scope::parts("secret", Self::IMPORT_ID, state.id.text())?;
        Ok(secrets::delete(cx.client(), &scope, &key).await?)
    }
}
