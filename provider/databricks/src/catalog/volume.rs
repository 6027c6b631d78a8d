//! databricks_volume. API: <https://docs.databricks.com/api/workspace/volumes>

use serde_json::{Value as Json, json};
use tfplugin::{Planning, Result};

use crate::rest::Of;
use crate::rest::prelude::*;

/// A volume in a schema: a folder of files, which clusters see below `/Volumes`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Volume {
    /// `catalog.schema.volume`, in lower case.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Name of the volume.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED.ignores_case()))]
    pub name: Attr<String>,
    /// Catalog that it stands in.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED.replaces().ignores_case()))]
    pub catalog_name: Attr<String>,
    /// Schema that it stands in, without the catalog's name.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED.replaces().ignores_case()))]
    pub schema_name: Attr<String>,
    /// `MANAGED`: the service keeps the files, and a destroy removes them. `EXTERNAL`: they are at `storage_location`, and stay.
    #[schemars(extend("enum" = ["MANAGED", "EXTERNAL"], "x-tf" = REQUIRED.replaces()))]
    pub volume_type: Attr<String>,
    /// Address of the files. The service chooses that of a `MANAGED` one.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.replaces().ignores_final_slash()))]
    pub storage_location: Attr<String>,
    /// Words about the volume.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub comment: Attr<String>,
    /// User, group or service principal that owns the volume: its creator, where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub owner: Attr<String>,
    /// Path of the folder: `/Volumes/catalog/schema/volume`.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub volume_path: Attr<String>,
    /// The workspace through which the volume is reached.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().unsent().keeps_state()))]
    pub provider_config: Attr<ProviderConfig>,
}

impl Rest for Volume {
    const NAME: &'static str = "databricks_volume";
    const NOUN: &'static str = "volume";
    const EXAMPLE: &'static str = r#"resource "databricks_catalog" "example" {
  name = "example_of_volumes"
}

resource "databricks_schema" "example" {
  catalog_name = databricks_catalog.example.name
  name         = "example"
}

resource "databricks_volume" "example" {
  catalog_name = databricks_catalog.example.name
  schema_name  = databricks_schema.example.name
  name         = "files"
  volume_type  = "MANAGED"
  comment      = "An example"
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("An example", "Another one"));
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> = Some((
        "  volume_type  = \"MANAGED\"\n",
        "  volume_type  = \"EXTERNAL\"\n  storage_location = \"s3://example-data/files\"\n",
    ));
    const API: Api = Api::collection("/api/2.1/unity-catalog/volumes", "full_name")
        .patch()
        .renamed_as("name", "new_name")
        .listed_by(&["catalog_name", "schema_name"])
        .later(&["owner"])
        .created("created_at");
    type Client = AnyWorkspace;

    fn plan(planning: &mut Planning<'_, Of<Self>>) -> Result<()> {
        if planning.prior.is_some_and(|prior| prior.name != planning.planned.name) {
            planning.planned.id = Attr::Unknown;
            planning.planned.volume_path = Attr::Unknown;
        }
        Ok(())
    }

    /// No answer has the path.
    fn told(mut answer: Json) -> Json {
        let part = |name: &str| answer.get(name).and_then(Json::as_str).map(str::to_owned);
        if let (Some(catalog), Some(schema), Some(name)) = (part("catalog_name"), part("schema_name"), part("name"))
            && let Some(members) = answer.as_object_mut()
        {
            members.insert("volume_path".into(), json!(format!("/Volumes/{catalog}/{schema}/{name}")));
        }
        answer
    }
}
