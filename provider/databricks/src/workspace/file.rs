//! databricks_file. API: <https://docs.databricks.com/api/workspace/files>
//!
//! No `Rest`: the file itself is the body, and its path the key.

use std::time::Duration;

use databricks::IfExists;
use databricks::api::files::{self, FileInfo};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{
    Attr, COMPUTED, Call, Diagnostic, Error, Failed, ID, OPTIONAL, OPTIONAL_COMPUTED, Planning, Probe, REQUIRED,
    Resource, Result,
};

use super::content::{self, Checksum, Content};
use crate::clients::{AnyWorkspace, Workspace};
use crate::level::{self, ProviderConfig};

/// A file in a volume of Unity Catalog, of at most 5 GiB.
///
/// A change of what is uploaded is seen by its MD5 checksum: the same file in another place is no change. A change of the file in the volume is seen by its size and by when it was
/// written; where only that differs, the file is read, and compared. It is then uploaded again.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct File {
    /// The path.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Path of the file: `/Volumes/catalog/schema/volume/folder/file`. Folders that are missing are made.
    #[schemars(
        regex(pattern = r"^/Volumes/[^/]+/[^/]+/[^/]+/.*[^/]$"),
        extend("x-form" = "a path of a file below /Volumes/catalog/schema/volume/"),
        extend("x-tf" = REQUIRED.replaces())
    )]
    pub path: Attr<String>,
    /// What the file holds, in base64. For what is small: it stands in the state.
    #[schemars(extend("x-tf" = OPTIONAL.untold()))]
    pub content_base64: Attr<String>,
    /// File of this machine that is uploaded.
    #[schemars(extend("x-tf" = OPTIONAL.unsent()))]
    pub source: Attr<String>,
    /// MD5 checksum of what is uploaded, in hexadecimal digits.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.untold()))]
    pub md5: Attr<String>,
    /// Whether the file was changed in the volume. It is not to be set: a plan that uploads the file again shows it.
    #[schemars(extend("x-tf" = OPTIONAL.unsent()))]
    pub remote_file_modified: Attr<bool>,
    /// Bytes of the file.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub file_size: Attr<i64>,
    /// When the file was last written, in the words of HTTP: `Thu, 01 Jan 2026 00:00:00 GMT`.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub modification_time: Attr<String>,
    /// The workspace through which the volume is reached.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().unsent().keeps_state()))]
    pub provider_config: Attr<ProviderConfig>,
}

impl File {
    fn content(&self) -> Result<Content> {
        Content::of(&self.content_base64, &self.source)?.ok_or_else(|| Error::new("It is not known what to upload"))
    }

    async fn upload(&self, cx: &Call<Workspace>) -> Result<()> {
        let content = self.content()?;
        content.check(&self.md5)?;
        let content = match content {
            Content::Bytes(bytes) => files::Content::Bytes(bytes.into()),
            Content::File(path) => files::Content::File(path),
        };
        Ok(files::put(cx.client(), self.path.text(), &content).await?)
    }

    /// Whether somebody else has written the file since. One that was only written at another time is read.
    async fn is_modified(&self, cx: &Call<Workspace>, found: &FileInfo) -> Result<bool> {
        let (Some(size), Some(time)) = (self.file_size.known(), self.modification_time.known()) else {
            return Ok(false);
        };
        if *size != found.size || *time == found.modified {
            return Ok(*size != found.size);
        }
        let (mut answer, mut sum) = (files::download(cx.client(), self.id.text()).await?, Checksum::default());
        while let Some(piece) = answer.chunk().await? {
            sum.add(&piece);
        }
        Ok(sum.end() != self.md5.text())
    }

    fn seen(self, found: FileInfo) -> Self {
        Self {
            path: self.id.clone(),
            file_size: found.size.into(),
            modification_time: found.modified.into(),
            provider_config: level::settled(self.provider_config.clone()),
            ..self
        }
    }
}

impl Resource for File {
    const NAME: &'static str = "databricks_file";
    const EXAMPLE: &'static str = r#"resource "databricks_catalog" "example" {
  name = "example_of_files"
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
}

resource "databricks_file" "example" {
  path           = "${databricks_volume.example.volume_path}/settings/example.json"
  content_base64 = base64encode(jsonencode({ purpose = "demo" }))
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("\"demo\"", "\"another one\""));
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> = Some(("example.json", "another.json"));
    const IMPORT_ID: Option<&'static str> = Some("/Volumes/catalog/schema/volume/file");
    const TIMEOUTS: tfplugin::Timeouts = tfplugin::Timeouts::minutes(180);

    type Client = AnyWorkspace;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        content::validate(&config.content_base64, &config.source)
    }

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        level::plan(planning, |file| &file.provider_config)?;
        let planned = &mut *planning.planned;
        if planning.config.md5.is_null() {
            planned.md5 = content::md5(&planned.content_base64, &planned.source)?;
        }
        let is_moved = |prior: &&Self| {
            planning.config.md5.is_null()
                && content::is_moved((&prior.md5, &prior.source), (&planned.md5, &planned.source))
                && !prior.remote_file_modified.is_true()
        };
        if let Some(prior) = planning.prior.filter(is_moved) {
            planned.source = prior.source.clone();
            planned.file_size = prior.file_size.clone();
            planned.modification_time = prior.modification_time.clone();
        } else if planning.prior.is_some_and(|prior| prior.md5 != planned.md5) {
            planned.file_size = Attr::Unknown;
            planned.modification_time = Attr::Unknown;
        }
        Ok(())
    }

    async fn create(cx: &Call<AnyWorkspace>, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let cx = level::call(cx, &plan.provider_config).await?;
        plan.upload(&cx).await?;
        Ok(Self { id: plan.path.clone(), ..plan })
    }

    async fn ready(cx: &Call<AnyWorkspace>, state: Self) -> Result<Self> {
        let cx = level::call(cx, &state.provider_config).await?;
        let (start, most) = (Duration::from_millis(200), Duration::from_secs(5));
        let found = cx
            .poll("the file to be there", start, most, async || {
                Ok(match files::info(cx.client(), state.id.text()).await? {
                    Some(found) => Probe::Done(found),
                    None => Probe::Waiting("not there".into()),
                })
            })
            .await?;
        Ok(state.seen(found))
    }

    async fn read(cx: &Call<AnyWorkspace>, state: Self) -> Result<Option<Self>> {
        let cx = level::call(cx, &state.provider_config).await?;
        let Some(found) = files::info(cx.client(), state.id.text()).await? else { return Ok(None) };
        let is_modified = state.is_modified(&cx, &found).await?;
        let state = state.seen(found);
        Ok(Some(if is_modified { Self { remote_file_modified: true.into(), ..state } } else { state }))
    }

    async fn update(cx: &Call<AnyWorkspace>, state: Self, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let cx = level::call(cx, &plan.provider_config).await?;
        plan.upload(&cx).await?;
        Ok(Self { id: state.id, ..plan })
    }

    async fn delete(cx: &Call<AnyWorkspace>, state: Self) -> Result<()> {
        let cx = level::call(cx, &state.provider_config).await?;
        files::delete(cx.client(), state.id.text()).await.if_exists()?;
        Ok(())
    }
}
