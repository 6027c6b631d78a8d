//! databricks_schema. API: <https://docs.databricks.com/api/workspace/schemas>

use std::collections::BTreeMap;

use crate::rest::prelude::*;

/// A schema in a catalog: the second of the three parts of a table's name.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Schema {
    /// `catalog.schema`, in lower case.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Name of the schema.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED.replaces().ignores_case()))]
    pub name: Attr<String>,
    /// Catalog that it stands in.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED.replaces().ignores_case()))]
    pub catalog_name: Attr<String>,
    /// Words about the schema.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub comment: Attr<String>,
    /// User, group or service principal that owns the schema: its creator, where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub owner: Attr<String>,
    /// Address of the managed tables and volumes: the catalog's where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL.replaces().ignores_final_slash()))]
    pub storage_root: Attr<String>,
    /// Properties of the schema.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub properties: Attr<BTreeMap<String, String>>,
    /// Whether the service optimizes tables by itself: `ENABLE`, `DISABLE`, or `INHERIT` from the catalog.
    #[schemars(extend("enum" = ["DISABLE", "ENABLE", "INHERIT"], "x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub enable_predictive_optimization: Attr<String>,
    /// Whether a destroy takes all that is in the schema along.
    #[schemars(extend("x-tf" = OPTIONAL.default("false").unsent()))]
    pub force_destroy: Attr<bool>,
    /// Metastore of the schema. The service alone says it: the catalog's.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub metastore_id: Attr<String>,
    /// Id of the schema, which no other one of its name will have.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub schema_id: Attr<String>,
    /// The workspace through which the schema is reached.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().unsent().keeps_state()))]
    pub provider_config: Attr<ProviderConfig>,
}

impl Rest for Schema {
    const NAME: &'static str = "databricks_schema";
    const NOUN: &'static str = "schema";
    const EXAMPLE: &'static str = r#"resource "databricks_catalog" "example" {
  name = "example_of_schemas"
}

resource "databricks_schema" "example" {
  catalog_name = databricks_catalog.example.name
  name         = "example"
  comment      = "An example"
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("An example", "Another one"));
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> = Some(("= \"example\"", "= \"another\""));
    const API: Api = Api::collection("/api/2.1/unity-catalog/schemas", "full_name")
        .patch()
        .listed_by(&["catalog_name"])
        .later(&["owner", "enable_predictive_optimization"])
        .unsent(&["metastore_id"])
        .forced_by("force_destroy")
        .created("created_at");
    type Client = AnyWorkspace;
}
