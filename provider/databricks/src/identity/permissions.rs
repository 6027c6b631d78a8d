//! databricks_permissions: who may do what with an object of a workspace. API: <https://docs.databricks.com/api/workspace/permissions>
//!
//! No `Rest`: it is a property of another object, which names its kind in the path.

use databricks::Client;
use databricks::IfExists;
use databricks::api::permissions::{self, AccessControl};
use databricks::api::workspace;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tfplugin::{
    Attr, COMPUTED, Call, Diagnostic, Error, Failed, ID, OPTIONAL, OPTIONAL_COMPUTED, Planning, REQUIRED, Resource,
    Result, Set, one_of, reconcile,
};

use super::permission_entries::{ADMINS, Given, MANAGE, OWNER, kept};
use super::permission_kinds::{KINDS, Keeps, Kind};
use crate::clients::AnyWorkspace;
use crate::level::{self, ProviderConfig};

/// All permissions that are given on one object of a workspace. What is given there and is not configured is taken away, but for the
/// workspace's admins, the owner of what has one, and whoever runs Terraform, where it could not change the object any more. What is inherited
/// (from the folder of a notebook, say) is neither shown nor taken away.
///
/// Destroying leaves the object to these alone.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Permissions {
    /// The object: `/clusters/0123-456789-abcdefgh`.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// What one principal may do.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED.block()))]
    pub access_control: Attr<Set<Given>>,
    /// `tokens` for who may make personal access tokens, `passwords` for who may log in with one.
    #[schemars(extend("enum" = ["tokens", "passwords"], "x-tf" = OPTIONAL.replaces()))]
    pub authorization: Attr<String>,
    /// Id of a cluster.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub cluster_id: Attr<String>,
    /// Id of a cluster policy.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub cluster_policy_id: Attr<String>,
    /// Id of an instance pool.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub instance_pool_id: Attr<String>,
    /// Id of a job.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub job_id: Attr<String>,
    /// Id of a pipeline.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub pipeline_id: Attr<String>,
    /// Id of a SQL warehouse.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub sql_endpoint_id: Attr<String>,
    /// Id of a folder.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub directory_id: Attr<String>,
    /// Path of a folder.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub directory_path: Attr<String>,
    /// Id of a notebook.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub notebook_id: Attr<String>,
    /// Path of a notebook.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub notebook_path: Attr<String>,
    /// Id of a file of the workspace.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub workspace_file_id: Attr<String>,
    /// Path of a file of the workspace.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub workspace_file_path: Attr<String>,
    /// Id of a Git folder.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub repo_id: Attr<String>,
    /// Path of a Git folder.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub repo_path: Attr<String>,
    /// Id of a legacy dashboard.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub sql_dashboard_id: Attr<String>,
    /// Id of a legacy query.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub sql_query_id: Attr<String>,
    /// Id of a legacy alert.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub sql_alert_id: Attr<String>,
    /// Id of a dashboard.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub dashboard_id: Attr<String>,
    /// Id of an experiment of MLflow.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub experiment_id: Attr<String>,
    /// Id of a model in the workspace's registry.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub registered_model_id: Attr<String>,
    /// Id of a model-serving endpoint.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub serving_endpoint_id: Attr<String>,
    /// Id of a vector search endpoint.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub vector_search_endpoint_id: Attr<String>,
    /// Name of an app.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub app_name: Attr<String>,
    /// Name of a database instance.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub database_instance_name: Attr<String>,
    /// Name of a database project.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub database_project_name: Attr<String>,
    /// Id of an alert.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub alert_v2_id: Attr<String>,
    /// Id of a knowledge assistant.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub knowledge_assistant_id: Attr<String>,
    /// Id of a supervisor agent.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub supervisor_agent_id: Attr<String>,
    /// Kind of the object, as the service calls it.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub object_type: Attr<String>,
    /// The workspace that the object belongs to.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().unsent().keeps_state()))]
    pub provider_config: Attr<ProviderConfig>,
}

/// The attribute of the object that is set, and what it has.
fn named(of: &Permissions) -> Result<Option<(Kind, String)>> {
    let tree = reconcile::tree(of)?;
    let text = |kind: &Kind| tree.get(kind.attribute).and_then(Json::as_str).filter(|text| !text.is_empty());
    Ok(KINDS.iter().find_map(|kind| Some((*kind, text(kind)?.to_owned()))))
}

/// The object that is configured, as `clusters/ID`.
async fn object(client: &Client, of: &Permissions) -> Result<(Kind, String)> {
    let Some((kind, own)) = named(of)? else { return Err(unsaid(0)) };
    let own = match kind.is_by_path() {
        true => {
            let found = workspace::status(client, &own).await?.and_then(|found| found.object_id);
            let missing = || Error::new(format!("There is nothing at {own} in the workspace")).at(kind.attribute);
            found.ok_or_else(missing)?.to_string()
        }
        // Answers name a warehouse by its whole path.
        false => own.rsplit('/').next().unwrap_or(&own).to_owned(),
    };
    Ok((kind, format!("{}/{own}", kind.word)))
}

fn unsaid(count: usize) -> Error {
    Error::new(format!("Permissions are those of one object, and {count} are named"))
        .detail("Set one of cluster_id, job_id, sql_endpoint_id, directory_path and so on.")
}

impl Permissions {
    async fn client(&self, cx: &Call<AnyWorkspace>) -> Result<Client> {
        level::workspace(cx.client(), &self.provider_config).await
    }

    /// Gives what is configured, and takes the rest away.
    async fn put(&self, client: &Client, kind: Kind, object: &str) -> Result<()> {
        let mut all: Vec<AccessControl> = self.access_control.or_default().iter().map(Given::sent).collect();
        let kept = kept(client, kind, object, &all).await?;
        all.extend(kept);
        Ok(permissions::replace(client, object, all).await?)
    }

    /// What is given on the object itself, without who keeps rights in any case and is not configured.
    fn seen(&self, kind: Kind, all: &[AccessControl], me: &str) -> Vec<Given> {
        let configured = self.access_control.or_default();
        let is_configured =
            |given: &Given| configured.iter().any(|one| one.principal().eq_ignore_ascii_case(given.principal()));
        let is_kept = |given: &Given| {
            let level = given.permission_level.text();
            given.group_name.text() == ADMINS
                || kind.keeps == Keeps::Owner && level == OWNER
                || kind.keeps != Keeps::Nobody && level == MANAGE && given.principal() == me
        };
        let direct = all.iter().flat_map(|one| {
            let direct = one.all_permissions.iter().filter(|level| level.inherited != Some(true));
            direct.map(|level| Given::told(one, &level.permission_level))
        });
        direct.filter(|given| is_configured(given) || !is_kept(given)).collect()
    }
}

impl Resource for Permissions {
    const NAME: &'static str = "databricks_permissions";
    const EXAMPLE: &'static str = r#"resource "databricks_sql_endpoint" "example" {
  name         = "example of permissions"
  cluster_size = "2X-Small"
}

resource "databricks_permissions" "example" {
  sql_endpoint_id = databricks_sql_endpoint.example.id

  access_control {
    group_name       = "users"
    permission_level = "CAN_USE"
  }
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("\"CAN_USE\"", "\"CAN_MONITOR\""));
    const IMPORT_ID: Option<&'static str> = Some("/object_type/object_id");

    type Client = AnyWorkspace;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let mut problems: Vec<Diagnostic> = Vec::new();
        let set = [
            &config.authorization,
            &config.cluster_id,
            &config.cluster_policy_id,
            &config.instance_pool_id,
            &config.job_id,
            &config.pipeline_id,
            &config.sql_endpoint_id,
            &config.directory_id,
            &config.directory_path,
            &config.notebook_id,
            &config.notebook_path,
            &config.workspace_file_id,
            &config.workspace_file_path,
            &config.repo_id,
            &config.repo_path,
            &config.sql_dashboard_id,
            &config.sql_query_id,
            &config.sql_alert_id,
            &config.dashboard_id,
            &config.experiment_id,
            &config.registered_model_id,
            &config.serving_endpoint_id,
            &config.vector_search_endpoint_id,
            &config.app_name,
            &config.database_instance_name,
            &config.database_project_name,
            &config.alert_v2_id,
            &config.knowledge_assistant_id,
            &config.supervisor_agent_id,
        ];
        if let Err(count) = one_of(set.map(Attr::is_set)) {
            problems.push(unsaid(count).into());
        }
        let kind = named(config).ok().flatten().map(|(kind, _)| kind);
        let mut say = |error: Error| problems.push(error.at("access_control").into());
        for given in config.access_control.or_default().iter() {
            if let Err(count) = one_of(given.names().map(Attr::is_set)) {
                let error = Error::new(format!("An access_control block is for one principal, and {count} are named"));
                say(error.detail("Set one of user_name, group_name and service_principal_name."));
            }
            if given.permission_level.is_null() {
                say(Error::new("An access_control block gives nothing").detail("Set its permission_level."));
            }
            if given.group_name.text() == ADMINS && kind.is_some_and(|kind| kind.keeps != Keeps::Admins) {
                say(Error::new("The group admins may do everything in its workspace").detail("Leave it out."));
            }
            let (Some(kind), Some(level)) = (kind, given.permission_level.known()) else { continue };
            if !kind.levels.is_empty() && !kind.levels.contains(&level.as_str()) {
                let error = Error::new(format!("{level} cannot be given by {}", kind.attribute));
                say(error.detail(format!("What can be given is {}.", kind.levels.join(", "))));
            }
        }
        problems
    }

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        level::plan(planning, |of| &of.provider_config)
    }

    async fn create(cx: &Call<AnyWorkspace>, plan: Self) -> Result<Self, Failed<Self>> {
        let client = plan.client(cx).await?;
        let (kind, object) = object(&client, &plan).await?;
        plan.put(&client, kind, &object).await?;
        let provider_config = level::settled(plan.provider_config.clone());
        Ok(Self { id: format!("/{object}").into(), object_type: Attr::Null, provider_config, ..plan })
    }

    async fn ready(cx: &Call<AnyWorkspace>, state: Self) -> Result<Self> {
        let id = state.id.text().to_owned();
        let gone = || Error::new(format!("The object {id} is gone"));
        Self::read(cx, state).await?.ok_or_else(gone)
    }

    async fn read(cx: &Call<AnyWorkspace>, state: Self) -> Result<Option<Self>> {
        let client = state.client(cx).await?;
        let (kind, own) = known(state.id.text())?;
        let object = format!("{}/{own}", kind.word);
        let Some(found) = permissions::object(&client, &object).await.if_exists()? else { return Ok(None) };
        let given = state.seen(kind, &found.access_control_list, &client.me().await?.user_name);
        if given.is_empty() {
            return Ok(None);
        }
        let own = own.to_owned();
        let state = match named(&state)? {
            Some(_) => state,
            None => imported(state, kind, own)?,
        };
        let provider_config = level::settled(state.provider_config.clone());
        let object_type = super::text(found.object_type);
        Ok(Some(Self { access_control: Set(given).into(), object_type, provider_config, ..state }))
    }

    async fn update(cx: &Call<AnyWorkspace>, state: Self, plan: Self) -> Result<Self, Failed<Self>> {
        let client = plan.client(cx).await?;
        let (kind, own) = known(state.id.text())?;
        if state.access_control != plan.access_control {
            plan.put(&client, kind, &format!("{}/{own}", kind.word)).await?;
        }
        Ok(Self { object_type: state.object_type, ..plan })
    }

    async fn delete(cx: &Call<AnyWorkspace>, state: Self) -> Result<()> {
        let client = state.client(cx).await?;
        let (kind, own) = known(state.id.text())?;
        let object = format!("{}/{own}", kind.word);
        // Who owns it is asked of the object, which may be gone.
        let Some(kept) = kept(&client, kind, &object, &[]).await.if_exists()? else { return Ok(()) };
        permissions::replace(&client, &object, kept).await.if_exists()?;
        Ok(())
    }
}

/// The kind and the own id of the object in an id.
fn known(id: &str) -> Result<(Kind, &str)> {
    Kind::of_object(id).ok_or_else(|| {
        Error::new(format!("{id:?} does not say which object is meant"))
            .detail("It is written /clusters/ID, /jobs/ID, /sql/warehouses/ID, /authorization/tokens and so on.")
    })
}

/// With the attribute that names an imported object.
fn imported(state: Permissions, kind: Kind, own: String) -> Result<Permissions> {
    let mut tree = reconcile::tree(&state)?;
    if let Some(members) = tree.as_object_mut() {
        members.insert(kind.attribute.to_owned(), Json::from(own));
    }
    reconcile::object(tree)
}
