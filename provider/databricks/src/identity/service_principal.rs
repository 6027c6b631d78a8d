//! databricks_service_principal: an identity for programs, of the account or of one workspace.
//! API: <https://docs.databricks.com/api/account/accountserviceprincipals>, and the same below `/api/2.0/preview/scim/v2`
//! of a workspace.
//!
//! No `Rest`: SCIM is changed by steps (`PatchOperation`), and its entitlements are a list there and attributes here.

use databricks::api::identity::{
    ComplexValue, Patch, PatchOperation, SERVICE_PRINCIPAL_SCHEMA, ServicePrincipal as Api, ServicePrincipals,
};
use databricks::{Client, IfExists, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tfplugin::{
    Attr, COMPUTED, Call, Diagnostic, Error, Failed, ID, Marked, Marker, OPTIONAL, OPTIONAL_COMPUTED, Planning,
    Resource, Result,
};

use super::text;
use crate::clients::Either;
use crate::creation::uncreated;
use crate::level::{self, ProviderConfig};

/// An identity for programs and pipelines. An account-level provider makes one for the account, which workspaces are then
/// assigned to; a workspace-level provider makes one that belongs to its workspace.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ServicePrincipal {
    /// Id of the service principal, a number.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Application id: the OAuth client id, and the name under which permissions are granted. To set it adds a service principal of the
    /// account to a workspace.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state()))]
    pub application_id: Attr<String>,
    /// Name, as people see it. The application id where it is not set.
    #[schemars(length(min = 1), extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub display_name: Attr<String>,
    /// Id in an external identity provider. It stays as it is where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub external_id: Attr<String>,
    /// Whether it may log in.
    #[schemars(extend("x-tf" = OPTIONAL.default("true")))]
    pub active: Attr<bool>,
    /// Whether it may create clusters. Of a workspace only.
    #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
    pub allow_cluster_create: Attr<bool>,
    /// Whether it may create instance pools. Of a workspace only.
    #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
    pub allow_instance_pool_create: Attr<bool>,
    /// Whether it may use Databricks SQL. Of a workspace only.
    #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
    pub databricks_sql_access: Attr<bool>,
    /// Whether it may use the workspace. Of a workspace only.
    #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
    pub workspace_access: Attr<bool>,
    /// Whether it may consume what others publish in the workspace. Of a workspace only.
    #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
    pub workspace_consume: Attr<bool>,
    /// Whether destroying only deactivates it: true at account level, false in a workspace where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL.unsent()))]
    pub disable_as_user_deletion: Attr<bool>,
    /// Whether a create takes over a service principal that is there already with this application_id.
    #[schemars(extend("x-tf" = OPTIONAL.unsent()))]
    pub force: Attr<bool>,
    /// Whether destroying also deletes its folder of Git folders in the workspace, and all that is in it.
    #[schemars(extend("x-tf" = OPTIONAL.unsent()))]
    pub force_delete_repos: Attr<bool>,
    /// Whether destroying also deletes its home folder in the workspace, and all that is in it.
    #[schemars(extend("x-tf" = OPTIONAL.unsent()))]
    pub force_delete_home_dir: Attr<bool>,
    /// The level that it stands at: `account` or `workspace`. The provider's own where it is not set.
    #[schemars(extend("enum" = ["account", "workspace"], "x-tf" = OPTIONAL.unsent()))]
    pub api: Attr<String>,
    /// Home folder in a workspace.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub home: Attr<String>,
    /// Folder of Git folders in a workspace.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub repos: Attr<String>,
    /// Name in access control rules: `servicePrincipals/` and the application id.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub acl_principal_id: Attr<String>,
    /// The workspace that it stands in, where the provider is configured for an account.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().keeps_state()))]
    pub provider_config: Attr<ProviderConfig>,
}

/// What stands before the marker's id in the external id of a service principal that has none of its own. The API has
/// neither tags nor a time of creation, and several service principals may have one name.
const MARK: &str = Marker::TAG;

fn mark(marker: &Marker) -> String {
    format!("{MARK}:{}", marker.text())
}

fn mark_of(principal: &Api) -> Option<&str> {
    principal.external_id.strip_prefix(MARK)?.strip_prefix(':')
}

/// The entitlements by name, with the attribute that stands for each.
fn entitlements(of: &ServicePrincipal) -> [(&'static str, &Attr<bool>); 5] {
    [
        ("allow-cluster-create", &of.allow_cluster_create),
        ("allow-instance-pool-create", &of.allow_instance_pool_create),
        ("databricks-sql-access", &of.databricks_sql_access),
        ("workspace-access", &of.workspace_access),
        ("workspace-consume", &of.workspace_consume),
    ]
}

/// `found` as the state; `known` has what the API does not tell.
fn state_of(known: &ServicePrincipal, found: Api) -> ServicePrincipal {
    let application_id = found.application_id;
    let entitled = |name: &str| -> Attr<bool> { found.entitlements.iter().any(|one| one.value == name).into() };
    ServicePrincipal {
        id: found.id.into(),
        display_name: text(found.display_name),
        external_id: if found.external_id.starts_with(MARK) { Attr::Null } else { text(found.external_id) },
        active: found.active.unwrap_or(true).into(),
        allow_cluster_create: entitled("allow-cluster-create"),
        allow_instance_pool_create: entitled("allow-instance-pool-create"),
        databricks_sql_access: entitled("databricks-sql-access"),
        workspace_access: entitled("workspace-access"),
        workspace_consume: entitled("workspace-consume"),
        home: format!("/Users/{application_id}").into(),
        repos: format!("/Repos/{application_id}").into(),
        acl_principal_id: format!("servicePrincipals/{application_id}").into(),
        application_id: application_id.into(),
        provider_config: level::settled(known.provider_config.clone()),
        ..known.clone()
    }
}

/// The changes from `state` to `plan`, attribute by attribute, so that nothing is overwritten that Terraform does not manage.
fn operations(state: &ServicePrincipal, plan: &ServicePrincipal) -> Vec<PatchOperation> {
    let mut all = Vec::new();
    let mut change = |op: &str, path: String, value: Option<Value>| {
        all.push(PatchOperation { op: op.to_owned(), path, value });
    };
    if let Some(name) = plan.display_name.known()
        && plan.display_name != state.display_name
    {
        change("replace", "displayName".into(), Some(json!(name)));
    }
    if plan.external_id != state.external_id && !plan.external_id.is_unknown() {
        match plan.external_id.known() {
            Some(id) => change("replace", "externalId".into(), Some(json!(id))),
            None => change("remove", "externalId".into(), None),
        }
    }
    if let Some(active) = plan.active.known()
        && plan.active != state.active
    {
        change("replace", "active".into(), Some(json!(active)));
    }
    for ((name, before), (_, after)) in entitlements(state).into_iter().zip(entitlements(plan)) {
        match (before.is_true(), after.is_true()) {
            (false, true) => change("add", "entitlements".into(), Some(json!([{ "value": name }]))),
            (true, false) => change("remove", format!("entitlements[value eq \"{name}\"]"), None),
            _ => {}
        }
    }
    all
}

/// The client of the level that the service principal stands at.
async fn at_level(cx: &Call<Either>, of: &ServicePrincipal) -> Result<Client> {
    level::client(cx.client(), &of.api, &of.provider_config).await
}

/// The collection, or one member of it, at the client's level.
fn path(client: &Client, id: &str) -> Result<String, databricks::Error> {
    let below = if id.is_empty() { String::new() } else { format!("/{id}") };
    Ok(if client.is_account() {
        client.account_path(&format!("/scim/v2/ServicePrincipals{below}"))?
    } else {
        format!("/api/2.0/preview/scim/v2/ServicePrincipals{below}")
    })
}

async fn get(client: &Client, id: &str) -> Result<Option<Api>> {
    Ok(client.send::<Api>(Request::get(path(client, id)?)).await.if_exists()?)
}

/// Sends the changes; false if the service principal is gone.
async fn patch(client: &Client, id: &str, operations: Vec<PatchOperation>) -> Result<bool> {
    let request = Request::patch(path(client, id)?).scim(&Patch::new(operations))?;
    Ok(client.send::<()>(request).await.if_exists()?.is_some())
}

/// The service principals whose attribute has this value.
async fn having(client: &Client, has: &str, value: &str) -> Result<Vec<Api>> {
    let filter = format!("{has} \"{}\"", value.replace('"', "\\\""));
    let request = Request::get(path(client, "")?).query("filter", filter);
    let all: ServicePrincipals = client.send(request).await?;
    Ok(all.resources)
}

/// A page of service principals: the most that the API answers at once.
const PAGE: usize = 100;
/// Pages that are read at most.
const PAGES: usize = 100;

/// All service principals that bear a mark.
async fn with_mark(client: &Client) -> Result<Vec<Api>, databricks::Error> {
    let filter = format!("externalId sw \"{MARK}:\"");
    let mut all: Vec<Api> = Vec::new();
    for _ in 0..PAGES {
        let request = Request::get(path(client, "")?).query("filter", &filter);
        let request = request.query("startIndex", all.len() + 1).query("count", PAGE);
        let page: ServicePrincipals = client.send(request).await?;
        let is_last = page.resources.is_empty();
        all.extend(page.resources);
        if is_last || i64::try_from(all.len()).is_ok_and(|count| count >= page.total_results) {
            break;
        }
    }
    Ok(all)
}

fn marked(principal: &Api) -> Option<Marked> {
    Some(Marked { mark: mark_of(principal)?.to_owned(), id: principal.id.clone() })
}

/// The marks of all service principals of an account or a workspace, but for those that a destroy has deactivated, which an account
/// keeps.
pub(crate) async fn all_marked(client: &Client) -> Result<Vec<Marked>, databricks::Error> {
    let mut all = with_mark(client).await?;
    all.retain(|one| !client.is_account() || one.active != Some(false));
    Ok(all.iter().filter_map(marked).collect())
}

/// Takes over the service principal that is in the way of a create, and brings it to the plan.
async fn adopt(client: &Client, plan: &ServicePrincipal) -> Result<Option<ServicePrincipal>> {
    let Some(application_id) = plan.application_id.known() else { return Ok(None) };
    let Some(found) = having(client, "applicationId eq", application_id).await?.into_iter().next() else {
        return Ok(None);
    };
    let found = state_of(plan, found);
    let operations = operations(&found, plan);
    if operations.is_empty() {
        return Ok(Some(found));
    }
    let id = found.id.text();
    patch(client, id, operations).await?;
    Ok(get(client, id).await?.map(|found| state_of(plan, found)))
}

/// Deletes a folder of the workspace with all that is in it.
async fn delete_folder(client: &Client, folder: &str) -> Result<()> {
    Ok(databricks::api::workspace::remove_folder(client, folder).await?)
}

impl Resource for ServicePrincipal {
    const NAME: &'static str = "databricks_service_principal";
    const EXAMPLE: &'static str = r#"resource "databricks_service_principal" "example" {
  display_name             = "example"
  disable_as_user_deletion = false
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("\"example\"\n", "\"renamed\"\n"));
    const IMPORT_ID: Option<&'static str> = Some("3141592653589793");

    type Client = Either;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let mut problems: Vec<Diagnostic> = Vec::new();
        if config.application_id.is_null() && config.display_name.is_null() {
            let error = Error::new("A service principal has a display_name or an application_id");
            problems.push(error.detail("Set display_name, or the application_id of one of the account.").into());
        }
        let others =
            [("workspace_access", &config.workspace_access), ("databricks_sql_access", &config.databricks_sql_access)];
        for (name, _) in others.into_iter().filter(|(_, one)| one.is_true() && config.workspace_consume.is_true()) {
            let error = Error::new(format!("workspace_consume cannot be combined with {name}"));
            problems.push(
                error
                    .detail("Who may use the workspace may consume, too: leave workspace_consume out.")
                    .at(name)
                    .into(),
            );
        }
        let folders = [
            ("force_delete_repos", &config.force_delete_repos),
            ("force_delete_home_dir", &config.force_delete_home_dir),
        ];
        for (name, _) in
            folders.into_iter().filter(|(_, one)| one.is_true() && config.disable_as_user_deletion.is_true())
        {
            let error = Error::new(format!("{name} cannot be combined with disable_as_user_deletion"));
            problems.push(error.detail("The folders of what is only deactivated stay.").at(name).into());
        }
        problems
    }

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        let configured = entitlements(planning.config).into_iter().find(|(_, attribute)| attribute.is_true());
        let here = planning.config.provider_config.is_null();
        if let (Some(client), Some((name, _))) = (planning.client, configured)
            && client.is_account()
            && here
        {
            return Err(Error::new(format!("The entitlement {name} belongs to a workspace")).detail(
                "The provider is configured for the account: remove the attribute, or use a provider whose host is a workspace.",
            ));
        }
        if planning.prior.is_some_and(|prior| level::moves(&prior.provider_config, &planning.planned.provider_config)) {
            planning.replaces.push("provider_config".into());
        }
        Ok(())
    }

    async fn create(cx: &Call<Either>, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let client = &at_level(cx, &plan).await?;
        let body = Api {
            schemas: vec![SERVICE_PRINCIPAL_SCHEMA.into()],
            display_name: plan.display_name.text().to_owned(),
            application_id: plan.application_id.text().to_owned(),
            external_id: plan.external_id.known().cloned().unwrap_or_else(|| mark(cx.marker())),
            active: plan.active.known().copied(),
            entitlements: entitlements(&plan)
                .into_iter()
                .filter(|(_, attribute)| attribute.is_true())
                .map(|(name, _)| ComplexValue::of(name))
                .collect(),
            ..Api::default()
        };
        let request = Request::post(path(client, "")?).scim(&body)?;
        match client.send(request).await {
            Ok(made) => Ok(state_of(&plan, made)),
            Err(error) if error.is_already_exists() && plan.force.is_true() => {
                Ok(adopt(client, &plan).await?.ok_or(error)?)
            }
            Err(error) => Err(uncreated(error).into()),
        }
    }

    async fn find(cx: &Call<Either>, plan: &Self, marker: &Marker) -> Result<Option<Self>> {
        let client = &at_level(cx, plan).await?;
        let all = match (plan.display_name.known(), plan.application_id.known()) {
            (Some(name), _) => having(client, "displayName eq", name).await?,
            (None, Some(id)) => having(client, "applicationId eq", id).await?,
            (None, None) => having(client, "externalId sw", &format!("{MARK}:{}", marker.id)).await?,
        };
        let is_ours = |one: &Api| match plan.external_id.known() {
            Some(wanted) => one.external_id == *wanted,
            None => mark_of(one).is_some_and(|mark| marker.is_on(mark)),
        };
        Ok(all.into_iter().find(is_ours).map(|one| state_of(plan, one)))
    }

    async fn marked(cx: &Call<Either>, plan: &Self) -> Result<Vec<Marked>> {
        let client = &at_level(cx, plan).await?;
        let all = client.once("service principals with a mark", with_mark(client)).await?;
        // One that a destroy has deactivated is no object.
        let standing = all.iter().filter(|one| one.active != Some(false));
        Ok(standing.filter_map(marked).collect())
    }

    async fn read(cx: &Call<Either>, state: Self) -> Result<Option<Self>> {
        let found = get(&at_level(cx, &state).await?, state.id.text()).await?;
        // An account keeps deactivated principals: to Terraform one that a destroy left so is no object.
        Ok(found.map(|found| state_of(&state, found)))
    }

    async fn update(cx: &Call<Either>, state: Self, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let id = state.id.text();
        let operations = operations(&state, &plan);
        if operations.is_empty() {
            // Only what is Terraform's own has changed.
            return Ok(Self {
                force: plan.force,
                force_delete_repos: plan.force_delete_repos,
                force_delete_home_dir: plan.force_delete_home_dir,
                disable_as_user_deletion: plan.disable_as_user_deletion,
                api: plan.api,
                provider_config: level::settled(plan.provider_config),
                external_id: if plan.external_id.is_unknown() { state.external_id } else { plan.external_id },
                ..state
            });
        }
        let client = &at_level(cx, &plan).await?;
        patch(client, id, operations).await?;
        match get(client, id).await? {
            Some(found) => Ok(state_of(&plan, found)),
            None => Err(Error::new(format!("The service principal {id} is gone")).into()),
        }
    }

    async fn delete(cx: &Call<Either>, state: Self) -> Result<()> {
        let (client, id) = (&at_level(cx, &state).await?, state.id.text());
        if state.disable_as_user_deletion.known().copied().unwrap_or_else(|| client.is_account()) {
            let off = PatchOperation { op: "replace".into(), path: "active".into(), value: Some(json!(false)) };
            return patch(client, id, vec![off]).await.map(|_| ());
        }
        client.send::<()>(Request::delete(path(client, id)?)).await.if_exists()?;
        if client.is_account() {
            return Ok(());
        }
        if state.force_delete_repos.is_true() {
            delete_folder(client, state.repos.text()).await?;
        }
        if state.force_delete_home_dir.is_true() {
            delete_folder(client, state.home.text()).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_names_each_changed_attribute_and_no_other() {
        let state = ServicePrincipal {
            display_name: "a".into(),
            active: true.into(),
            workspace_access: true.into(),
            ..Default::default()
        };
        let check = |plan: ServicePrincipal, expected: Value| {
            let operations = serde_json::to_value(operations(&state, &plan)).unwrap();
            assert_eq!(operations, expected);
        };
        check(state.clone(), json!([]));
        check(ServicePrincipal { home: Attr::Unknown, display_name: Attr::Unknown, ..state.clone() }, json!([]));
        check(
            ServicePrincipal { display_name: "b".into(), external_id: "x".into(), ..state.clone() },
            json!([
                { "op": "replace", "path": "displayName", "value": "b" },
                { "op": "replace", "path": "externalId", "value": "x" }
            ]),
        );
        check(
            ServicePrincipal { workspace_access: false.into(), allow_cluster_create: true.into(), ..state.clone() },
            json!([
                { "op": "add", "path": "entitlements", "value": [{ "value": "allow-cluster-create" }] },
                { "op": "remove", "path": "entitlements[value eq \"workspace-access\"]" }
            ]),
        );
    }

    #[test]
    fn the_mark_of_a_create_is_no_external_id() {
        let marker = Marker::new("0a1b", jiff::Timestamp::UNIX_EPOCH);
        let state = |external_id: String| {
            state_of(&ServicePrincipal::default(), Api { external_id, ..Api::default() }).external_id
        };
        assert_eq!(state(mark(&marker)), Attr::Null);
        assert_eq!(state("entra-7".into()), "entra-7".into());
        assert_eq!(state(String::new()), Attr::Null);
    }
}
