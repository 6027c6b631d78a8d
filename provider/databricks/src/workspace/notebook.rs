//! databricks_notebook. API: <https://docs.databricks.com/api/workspace/workspace/import>
//!
//! No `Rest`: its path is the key, and no answer tells what was imported.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use databricks::api::workspace::{self, Import, ObjectInfo};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{
    Attr, COMPUTED, Call, Diagnostic, Error, Failed, ID, OPTIONAL, OPTIONAL_COMPUTED, Planning, REQUIRED, Resource,
    Result,
};

use super::content::{self, Content};
use crate::clients::{AnyWorkspace, Workspace};
use crate::level::{self, ProviderConfig};

/// A notebook of a workspace, of at most 10 MB.
///
/// A change of what is imported is seen by its MD5 checksum: the same file in another place is no change. A change of the notebook in the workspace is seen where the workspace
/// tells when it was last changed. It is then imported again.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Notebook {
    /// The path.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Path of the notebook: `/Users/someone@example.com/notebook`, `/Shared/notebook`. Folders that are missing are made.
    #[schemars(
        regex(pattern = "^/.*[^/]$"),
        extend("x-form" = "an absolute path"),
        extend("x-tf" = REQUIRED.replaces())
    )]
    pub path: Attr<String>,
    /// What is imported, in base64.
    #[schemars(extend("x-tf" = OPTIONAL.untold()))]
    pub content_base64: Attr<String>,
    /// File of this machine that is imported. Its name says what it is: `.py`, `.sql`, `.scala`, `.r`, `.ipynb` or `.dbc`.
    #[schemars(extend("x-tf" = OPTIONAL.unsent()))]
    pub source: Attr<String>,
    /// Language of the notebook: `PYTHON`, `SQL`, `SCALA` or `R`. It has to be set with `content_base64` in the format `SOURCE`, and
    /// else follows from the source.
    #[schemars(extend("enum" = ["SCALA", "PYTHON", "R", "SQL"], "x-tf" = OPTIONAL_COMPUTED))]
    pub language: Attr<String>,
    /// What is imported: `SOURCE` (a script), `JUPYTER` (an `.ipynb` file) or `DBC` (an archive). It follows from the source where it is
    /// not set.
    #[schemars(extend("enum" = ["SOURCE", "DBC", "JUPYTER"], "x-tf" = OPTIONAL_COMPUTED.untold()))]
    pub format: Attr<String>,
    /// MD5 checksum of what is imported, in hexadecimal digits.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.untold()))]
    pub md5: Attr<String>,
    /// Id of the notebook in its workspace.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub object_id: Attr<i64>,
    /// `NOTEBOOK`.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub object_type: Attr<String>,
    /// Address of the notebook for browsers.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub url: Attr<String>,
    /// Path of the notebook on the machines of the workspace: `/Workspace/Shared/notebook`.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub workspace_path: Attr<String>,
    /// When it was last changed, in milliseconds since 1970, where the workspace tells it.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub modified_at: Attr<i64>,
    /// The workspace of the notebook.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().unsent().keeps_state()))]
    pub provider_config: Attr<ProviderConfig>,
}

/// The formats, by the ends of names of files, each with the language that it says.
const ENDS: &[(&str, &str, &str)] = &[
    ("py", "SOURCE", "PYTHON"),
    ("sql", "SOURCE", "SQL"),
    ("scala", "SOURCE", "SCALA"),
    ("r", "SOURCE", "R"),
    ("ipynb", "JUPYTER", ""),
    ("dbc", "DBC", ""),
];

/// The format and the language of a file; the format alone where the file itself says the language.
fn of_source(source: &Attr<String>) -> (&'static str, Option<&'static str>) {
    let end = source.text().rsplit_once('.').map_or_else(String::new, |(_, end)| end.to_lowercase());
    let known = ENDS.iter().find(|(known, _, _)| *known == end);
    known.map_or(("SOURCE", None), |(_, format, language)| (format, Some(*language).filter(|one| !one.is_empty())))
}

impl Notebook {
    fn is_archive(&self) -> bool {
        self.format.text() == "DBC"
    }

    /// Imports it, over what is there of its own. Of an archive the service puts nothing over what is there:
    /// <https://docs.databricks.com/api/workspace/workspace/import>.
    async fn import(&self, cx: &Call<Workspace>, is_there: bool) -> Result<()> {
        let content = Content::of(&self.content_base64, &self.source)?
            .ok_or_else(|| Error::new("It is not known what to import"))?;
        content.check(&self.md5)?;
        if self.is_archive() && is_there {
            workspace::remove_folder(cx.client(), self.path.text()).await?;
        }
        let is_source = self.format.text() == "SOURCE";
        let object = Import {
            path: self.path.or_default(),
            content: STANDARD.encode(content.bytes()?),
            format: self.format.or_default(),
            language: if is_source { self.language.or_default() } else { String::new() },
            overwrite: Some(!self.is_archive()),
        };
        Ok(workspace::import_object(cx.client(), &object).await?)
    }

    fn seen(self, cx: &Call<Workspace>, found: ObjectInfo) -> Self {
        let path = self.id.text();
        let below = path.strip_prefix("/Workspace/").map_or_else(|| path.to_owned(), |rest| format!("/{rest}"));
        Self {
            path: self.id.clone(),
            language: Some(found.language).filter(|language| !language.is_empty()).into(),
            object_id: found.object_id.into(),
            object_type: found.object_type.to_string().into(),
            url: format!("{}#workspace{below}", cx.client().host()).into(),
            workspace_path: format!("/Workspace{below}").into(),
            modified_at: found.modified_at.into(),
            provider_config: level::settled(self.provider_config.clone()),
            ..self
        }
    }
}

impl Resource for Notebook {
    const NAME: &'static str = "databricks_notebook";
    const EXAMPLE: &'static str = r##"resource "databricks_notebook" "example" {
  path           = "/Shared/examples/notebook"
  language       = "PYTHON"
  content_base64 = base64encode("# Databricks notebook source\nprint(1)\n")
}
"##;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("print(1)", "print(2)"));
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> = Some(("examples/notebook", "examples/another"));
    const IMPORT_ID: Option<&'static str> = Some("/path/to/notebook");
    const VERSION: i64 = 1;

    type Client = AnyWorkspace;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let mut all = content::validate(&config.content_base64, &config.source);
        let is_source = matches!(config.format.known().map(String::as_str), None | Some("SOURCE"));
        let is_open = config.language.is_unknown() || config.format.is_unknown();
        let says_none = config.content_base64.is_known()
            || config.source.known().is_some_and(|_| of_source(&config.source) == ("SOURCE", None));
        if says_none && is_source && config.language.is_null() && !is_open {
            let error = Error::new("It is not said in which language the notebook is");
            all.push(error.detail("Set language to PYTHON, SQL, SCALA or R.").at("language").into());
        }
        all
    }

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        level::plan(planning, |notebook| &notebook.provider_config)?;
        let (planned, config) = (&mut *planning.planned, planning.config);
        let (format, language) = of_source(&planned.source);
        if config.format.is_null() {
            planned.format = if planned.source.is_unknown() { Attr::Unknown } else { format.to_owned().into() };
        }
        if let (true, Some(language)) = (config.language.is_null(), language) {
            planned.language = language.to_owned().into();
        }
        if config.md5.is_null() {
            planned.md5 = content::md5(&planned.content_base64, &planned.source)?;
        }
        let is_moved = |prior: &&Self| {
            config.md5.is_null()
                && content::is_moved((&prior.md5, &prior.source), (&planned.md5, &planned.source))
                && prior.format == planned.format
                && (config.language.is_null() || prior.language == planned.language)
        };
        if let Some(prior) = planning.prior.filter(is_moved) {
            planned.source = prior.source.clone();
            planned.language = prior.language.clone();
            planned.object_id = prior.object_id.clone();
            planned.object_type = prior.object_type.clone();
            planned.modified_at = prior.modified_at.clone();
        }
        let is_another = |prior: &Self| {
            prior.md5 != planned.md5 || prior.language != planned.language || prior.format != planned.format
        };
        if planning.prior.is_some_and(is_another) {
            planned.object_id = Attr::Unknown;
            planned.object_type = Attr::Unknown;
            planned.modified_at = Attr::Unknown;
        }
        Ok(())
    }

    async fn create(cx: &Call<AnyWorkspace>, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let cx = level::call(cx, &plan.provider_config).await?;
        plan.import(&cx, false).await?;
        Ok(Self { id: plan.path.clone(), ..plan })
    }

    async fn ready(cx: &Call<AnyWorkspace>, state: Self) -> Result<Self> {
        let cx = level::call(cx, &state.provider_config).await?;
        let found = workspace::status(cx.client(), state.id.text()).await?;
        let found = found.ok_or_else(|| Error::new("The notebook is gone").detail("Apply again."))?;
        Ok(state.seen(&cx, found))
    }

    async fn read(cx: &Call<AnyWorkspace>, state: Self) -> Result<Option<Self>> {
        let cx = level::call(cx, &state.provider_config).await?;
        let Some(found) = workspace::status(cx.client(), state.id.text()).await? else { return Ok(None) };
        let is_modified = state.modified_at.is_known()
            && found.modified_at.is_some()
            && state.modified_at.known().copied() != found.modified_at;
        let state = state.seen(&cx, found);
        // Without a checksum, the plan imports it again.
        Ok(Some(if is_modified { Self { md5: Attr::Null, ..state } } else { state }))
    }

    async fn update(cx: &Call<AnyWorkspace>, state: Self, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let cx = level::call(cx, &plan.provider_config).await?;
        plan.import(&cx, true).await?;
        Ok(Self { id: state.id, ..plan })
    }

    async fn delete(cx: &Call<AnyWorkspace>, state: Self) -> Result<()> {
        let cx = level::call(cx, &state.provider_config).await?;
        let removed = match state.is_archive() {
            true => workspace::remove_folder(cx.client(), state.id.text()).await,
            false => workspace::remove_file(cx.client(), state.id.text()).await,
        };
        Ok(removed?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_says_what_it_is() {
        let check = |name: &str, expected: (&str, Option<&str>)| {
            assert_eq!(of_source(&name.into()), expected, "{name}");
        };
        check("./report.sql", ("SOURCE", Some("SQL")));
        check("/a/b.PY", ("SOURCE", Some("PYTHON")));
        check("notebook.ipynb", ("JUPYTER", None));
        check("archive.dbc", ("DBC", None));
        check("script", ("SOURCE", None));
        assert_eq!(of_source(&Attr::Null), ("SOURCE", None));
    }

    #[test]
    fn a_script_has_a_language() {
        let check = |notebook: Notebook, complaints: usize| {
            assert_eq!(Notebook::validate(&notebook).len(), complaints, "{notebook:?}");
        };
        let of = |content: &str| Notebook { content_base64: content.into(), ..Notebook::default() };
        check(of("MQ=="), 1);
        check(Notebook { language: "SQL".into(), ..of("MQ==") }, 0);
        check(Notebook { format: "JUPYTER".into(), ..of("MQ==") }, 0);
        check(Notebook { language: Attr::Unknown, ..of("MQ==") }, 0);
        check(Notebook { source: "a.py".into(), ..Notebook::default() }, 0);
        check(Notebook { source: "a.txt".into(), ..Notebook::default() }, 1);
    }
}
