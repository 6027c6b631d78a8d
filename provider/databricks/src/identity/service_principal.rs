//! databricks_service_principal: an identity for programs, of the account or of one workspace.
//! API: <https://docs.databricks.com/api/account/accountserviceprincipals>, and the same below `/api/2.0/preview/scim/v2`
//! of a workspace.

use databricks::Request;
use databricks::api::identity::{
    ComplexValue, Patch, PatchOperation, SERVICE_PRINCIPAL_SCHEMA, ServicePrincipal as Api, ServicePrincipals,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tfplugin::{
    Attr, COMPUTED, Call, Error, Failed, ID, Marker, OPTIONAL, OPTIONAL_COMPUTED, Planning, Resource, Result,
};

use crate::answer::{Answer, sent, text};
use crate::clients::Either;

/// An identity for programs and pipelines. An account-level provider makes one for the account, which workspaces are then
/// assigned to; a workspace-level provider makes one that belongs to its workspace.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ServicePrincipal {
    /// Id of the service principal, a number.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Application id: the OAuth client id, and the name under which permissions are granted.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub application_id: Attr<String>,
    /// Name, as people see it. The application id where it is not set.
    #[schemars(length(min = 1), extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub display_name: Attr<String>,
    /// Id in an external identity provider.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub external_id: Attr<String>,
    /// Whether it may log in.
    #[schemars(extend("x-tf" = OPTIONAL.default("true")))]
    pub active: Attr<bool>,
    /// Whether it may create clusters. Of a workspace only.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub allow_cluster_create: Attr<bool>,
    /// Whether it may create instance pools. Of a workspace only.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub allow_instance_pool_create: Attr<bool>,
    /// Whether it may use Databricks SQL. Of a workspace only.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub databricks_sql_access: Attr<bool>,
    /// Whether it may use the workspace. Of a workspace only.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub workspace_access: Attr<bool>,
    /// Whether it may consume what others publish in the workspace. Of a workspace only.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub workspace_consume: Attr<bool>,
    /// Whether destroying only deactivates it: true at account level, false in a workspace where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub disable_as_user_deletion: Attr<bool>,
    /// Home folder in a workspace.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub home: Attr<String>,
    /// Folder of Git folders in a workspace.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub repos: Attr<String>,
    /// Name in access control rules: `servicePrincipals/` and the application id.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub acl_principal_id: Attr<String>,
}

/// What stands before the marker's id in the external id of a service principal that has none of its own. The API has
/// neither tags nor a time of creation, and several service principals may have one name.
const MARK: &str = Marker::TAG;

fn mark(marker: &Marker) -> String {
    format!("{MARK}:{}", marker.id)
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
    let entitled = |name: &str, known: &Attr<bool>| -> Attr<bool> {
        match (found.entitlements.iter().any(|one| one.value == name), known) {
            (true, _) => true.into(),
            (false, Attr::Known(_)) => false.into(),
            (false, _) => Attr::Null,
        }
    };
    ServicePrincipal {
        id: found.id.into(),
        display_name: text(found.display_name),
        external_id: if found.external_id.starts_with(MARK) { Attr::Null } else { text(found.external_id) },
        active: found.active.unwrap_or(true).into(),
        allow_cluster_create: entitled("allow-cluster-create", &known.allow_cluster_create),
        allow_instance_pool_create: entitled("allow-instance-pool-create", &known.allow_instance_pool_create),
        databricks_sql_access: entitled("databricks-sql-access", &known.databricks_sql_access),
        workspace_access: entitled("workspace-access", &known.workspace_access),
        workspace_consume: entitled("workspace-consume", &known.workspace_consume),
        disable_as_user_deletion: known.disable_as_user_deletion.clone(),
        home: format!("/Users/{application_id}").into(),
        repos: format!("/Repos/{application_id}").into(),
        acl_principal_id: format!("servicePrincipals/{application_id}").into(),
        application_id: application_id.into(),
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

fn at_account(client: &Either) -> bool {
    client.is_account()
}

/// The collection, or one member of it, at the client's level.
fn path(client: &Either, id: &str) -> Result<String> {
    let below = if id.is_empty() { String::new() } else { format!("/{id}") };
    Ok(if at_account(client) {
        format!("/api/2.0/accounts/{}/scim/v2/ServicePrincipals{below}", client.account_id()?)
    } else {
        format!("/api/2.0/preview/scim/v2/ServicePrincipals{below}")
    })
}

async fn get(client: &Either, id: &str) -> Result<Option<Api>> {
    client.send::<Api>(Request::get(path(client, id)?)).await.if_exists(|| format!("read the service principal {id}"))
}

async fn patch(client: &Either, id: &str, operations: Vec<PatchOperation>) -> Result<()> {
    let action = || format!("update the service principal {id}");
    let body = Patch::new(operations);
    client.send::<()>(Request::patch(path(client, id)?).scim(&body).or_say(action)?).await.or_say(action)
}

impl Resource for ServicePrincipal {
    const NAME: &'static str = "databricks_service_principal";
    const SUBCATEGORY: &'static str = "Identity";
    const EXAMPLE: &'static str = r#"resource "databricks_service_principal" "example" {
  display_name             = "example"
  disable_as_user_deletion = false
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("\"example\"\n", "\"renamed\"\n"));
    const IMPORT_ID: Option<&'static str> = Some("3141592653589793");
    const IMPORT_IGNORES: &'static [&'static str] = &["disable_as_user_deletion"];

    type Client = Either;

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        let configured = entitlements(planning.config).into_iter().find(|(_, attribute)| attribute.is_true());
        if let (Some(client), Some((name, _))) = (planning.client, configured)
            && at_account(client)
        {
            return Err(Error::new(format!("The entitlement {name} belongs to a workspace")).detail(
                "The provider is configured for the account: remove the attribute, or use a provider whose host is a workspace.",
            ));
        }
        Ok(())
    }

    async fn create(cx: &Call<Either>, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let client = cx.client();
        let action = || format!("create the service principal {:?}", plan.display_name.text());
        let body = Api {
            schemas: vec![SERVICE_PRINCIPAL_SCHEMA.into()],
            display_name: sent(&plan.display_name),
            external_id: plan.external_id.known().cloned().unwrap_or_else(|| mark(cx.marker())),
            active: plan.active.known().copied(),
            entitlements: entitlements(&plan)
                .into_iter()
                .filter(|(_, attribute)| attribute.is_true())
                .map(|(name, _)| ComplexValue::of(name))
                .collect(),
            ..Api::default()
        };
        let request = Request::post(path(client, "")?).scim(&body).or_say(action)?;
        Ok(state_of(&plan, client.send(request).await.or_say(action)?))
    }

    async fn find(cx: &Call<Either>, plan: &Self, marker: &Marker) -> Result<Option<Self>> {
        let client = cx.client();
        let mut request = Request::get(path(client, "")?);
        if let Some(name) = plan.display_name.known() {
            request = request.query("filter", format!("displayName eq \"{}\"", name.replace('"', "\\\"")));
        }
        let all: ServicePrincipals = client.send(request).await.or_say(|| "list the service principals".into())?;
        let wanted = plan.external_id.known().cloned().unwrap_or_else(|| mark(marker));
        Ok(all.resources.into_iter().find(|one| one.external_id == wanted).map(|one| state_of(plan, one)))
    }

    async fn read(cx: &Call<Either>, state: Self) -> Result<Option<Self>> {
        let found = get(cx.client(), state.id.text()).await?;
        // An account keeps deactivated principals: to Terraform one that a destroy left so is no object.
        Ok(found.map(|found| state_of(&state, found)))
    }

    async fn update(cx: &Call<Either>, state: Self, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let id = state.id.text();
        let operations = operations(&state, &plan);
        if !operations.is_empty() {
            patch(cx.client(), id, operations).await?;
        }
        match get(cx.client(), id).await? {
            Some(found) => Ok(state_of(&plan, found)),
            None => Err(Error::new(format!("The service principal {id} is gone")).into()),
        }
    }

    async fn delete(cx: &Call<Either>, state: Self) -> Result<()> {
        let (client, id) = (cx.client(), state.id.text());
        if state.disable_as_user_deletion.known().copied().unwrap_or_else(|| at_account(client)) {
            let off = PatchOperation { op: "replace".into(), path: "active".into(), value: Some(json!(false)) };
            return match get(client, id).await? {
                Some(_) => patch(client, id, vec![off]).await,
                None => Ok(()),
            };
        }
        let answer = client.send::<()>(Request::delete(path(client, id)?)).await;
        answer.if_exists(|| format!("delete the service principal {id}")).map(|_| ())
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
            ServicePrincipal { workspace_access: Attr::Null, allow_cluster_create: true.into(), ..state.clone() },
            json!([
                { "op": "add", "path": "entitlements", "value": [{ "value": "allow-cluster-create" }] },
                { "op": "remove", "path": "entitlements[value eq \"workspace-access\"]" }
            ]),
        );
    }

    #[test]
    fn the_mark_of_a_create_is_no_external_id() {
        let marker = Marker { id: "0a1b".into(), since: jiff::Timestamp::UNIX_EPOCH };
        let state = |external_id: String| {
            state_of(&ServicePrincipal::default(), Api { external_id, ..Api::default() }).external_id
        };
        assert_eq!(state(mark(&marker)), Attr::Null);
        assert_eq!(state("entra-7".into()), "entra-7".into());
        assert_eq!(state(String::new()), Attr::Null);
    }
}
