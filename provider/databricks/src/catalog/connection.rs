//! databricks_connection. API: <https://docs.databricks.com/api/workspace/connections>

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use tfplugin::{Call, Planning, Result};

use super::catalog::Provisioning;
use super::connection_sql;
use crate::rest::Of;
use crate::rest::prelude::*;

/// Options by their names. Any of them may be a secret.
pub(super) type Options = BTreeMap<String, Secret<String>>;

/// A connection to a system elsewhere: a database whose tables a foreign catalog shows, or an SFTP server that is read from.
///
/// `options` stand in the state, as with the official provider. What is secret of them belongs into `options_wo`, which stands in no
/// plan and no state: change `options_wo_version` with it (Terraform 1.11 and newer). The service never tells a user name or another
/// secret again: what was changed of those outside Terraform is not seen.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Connection {
    /// `metastore_id|name`.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Name of the connection.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED.ignores_case()))]
    pub name: Attr<String>,
    /// What it connects to: `POSTGRESQL`, `SFTP`, `HTTP` and any other type that the service knows.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED.replaces().ignores_case()))]
    pub connection_type: Attr<String>,
    /// Options of the connection: `host`, `port`, `user` and others, as its type has them.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub options: Attr<Options>,
    /// Further options of the connection, such as `password` and `pem_private_key`, which stand in no plan and no state.
    #[schemars(extend("x-tf" = OPTIONAL.write_only()))]
    pub options_wo: Attr<Options>,
    /// A number that is changed together with `options_wo`: the new options are sent.
    #[schemars(extend("x-tf" = OPTIONAL.unsent()))]
    pub options_wo_version: Attr<i64>,
    /// SQL warehouse on which the connection is made by a statement, where the REST API does not know its type, or an option is a
    /// reference to a secret: `config_reference` of a `databricks_secret`. Statements are kept in the history of queries: what is in
    /// `options_wo` has to be a reference then.
    #[schemars(extend("x-tf" = OPTIONAL.unsent()))]
    pub warehouse_id: Attr<String>,
    /// Words about the connection.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub comment: Attr<String>,
    /// Properties of the connection.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub properties: Attr<BTreeMap<String, String>>,
    /// User, group or service principal that owns the connection: its creator, where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub owner: Attr<String>,
    /// Whether what it leads to is only read.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state()))]
    pub read_only: Attr<bool>,
    /// What the connection belongs to, where that is not the metastore.
    #[schemars(extend("x-tf" = OPTIONAL.replaces().untold()))]
    pub parent: Attr<String>,
    /// What code needs that uses the connection.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub environment_settings: Attr<EnvironmentSettings>,
    /// Id of the connection, which no other one of its name will have.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub connection_id: Attr<String>,
    /// Kind of its credential: `USERNAME_PASSWORD`, `PEM_PRIVATE_KEY` and others.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub credential_type: Attr<String>,
    /// Name of the connection, in lower case.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub full_name: Attr<String>,
    /// Metastore of the connection.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub metastore_id: Attr<String>,
    /// State of a connection that takes a while to be made.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub provisioning_info: Attr<Vec<Provisioning>>,
    /// `CONNECTION`.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub securable_type: Attr<String>,
    /// Address of what it connects to.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub url: Attr<String>,
    /// When it was made, in milliseconds since 1970.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub created_at: Attr<i64>,
    /// Who made it.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub created_by: Attr<String>,
    /// When it was last changed, in milliseconds since 1970.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub updated_at: Attr<i64>,
    /// Who changed it last.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub updated_by: Attr<String>,
    /// The workspace through which the connection is reached.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().unsent().keeps_state()))]
    pub provider_config: Attr<ProviderConfig>,
}

/// What code needs that uses a connection.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct EnvironmentSettings {
    /// Version of the environment.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub environment_version: Attr<String>,
    /// Files in volumes, or coordinates of Maven.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub java_dependencies: Attr<Vec<String>>,
}

impl Rest for Connection {
    const NAME: &'static str = "databricks_connection";
    const NOUN: &'static str = "connection";
    const EXAMPLE: &'static str = r#"resource "databricks_connection" "example" {
  name            = "example"
  connection_type = "POSTGRESQL"
  comment         = "An example"
  options = {
    host = "db.example.com"
    port = "5432"
  }
  options_wo = {
    user     = "reader"
    password = "not-a-real-password"
  }
  options_wo_version = 1
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("db.example.com", "db2.example.com"));
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> = Some(("An example", "Another one"));
    const API: Api = Api::collection("/api/2.1/unity-catalog/connections", "metastore_id|name")
        .patch()
        .renamed_as("name", "new_name")
        .always(&["options", "options_wo"])
        .later(&["owner"])
        .created("created_at");
    type Client = AnyWorkspace;

    fn plan(planning: &mut Planning<'_, Of<Self>>) -> Result<()> {
        if planning.prior.is_some_and(|prior| prior.name != planning.planned.name) {
            planning.planned.id = Attr::Unknown;
            planning.planned.full_name = Attr::Unknown;
        }
        Ok(())
    }

    async fn instead(
        cx: &Call<AnyWorkspace>,
        state: Option<&Self>,
        plan: &Self,
        refusal: Option<&Error>,
    ) -> Result<bool> {
        let is_wanted = match refusal {
            None => connection_sql::is_needed(plan),
            Some(refusal) => connection_sql::is_of_type(refusal) && plan.warehouse_id.is_known(),
        };
        if is_wanted {
            connection_sql::run(cx, state, plan).await?;
        }
        Ok(is_wanted)
    }

    /// The API knows one map of options, which stands in every request.
    fn asked(mut body: Map<String, Json>) -> Map<String, Json> {
        let mut options = Map::new();
        for part in ["options", "options_wo"] {
            if let Some(Json::Object(members)) = body.shift_remove(part) {
                options.extend(members);
            }
        }
        body.insert("options".into(), Json::Object(options));
        body
    }

    fn told(mut answer: Json) -> Json {
        if let Some(info) = answer.get_mut("provisioning_info").filter(|info| info.is_object()) {
            *info = json!([info.take()]);
        }
        answer
    }

    /// No answer tells secrets, and some tell options that nobody has configured.
    fn completed(known: &Self, seen: Self) -> Self {
        let is_imported = known.name.is_null();
        let options = match known.options.known() {
            _ if is_imported => return seen,
            None => Attr::Null,
            Some(configured) => {
                let told = seen.options.or_default();
                let each =
                    configured.iter().map(|(name, value)| (name.clone(), told.get(name).unwrap_or(value).clone()));
                each.collect::<Options>().into()
            }
        };
        Self { options, ..seen }
    }
}
