//! Users, groups and service principals: what SCIM and Terraform do the same way with each of them.
//!
//! No `Rest`: SCIM is changed by steps (`PatchOperation`), and its entitlements are a list there and attributes here.

use databricks::api::identity::{PatchOperation, Principal as Api};
use databricks::{Client, IfExists, Request};
use serde_json::{Value, json};
use tfplugin::{Attr, Call, Diagnostic, Error, Failed, Marked, Marker, Planning, Resource, Result};

use super::entitled::{self, Entitled};
use super::scim::{Kind, MARK, mark, mark_of, marked};
use crate::clients::Either;
use crate::creation::uncreated;
use crate::level::{self, ProviderConfig};

/// What all kinds of principals have.
pub(super) struct Facts<'a> {
    pub(super) id: &'a Attr<String>,
    /// The attribute of which no two have the same value.
    pub(super) login: &'a Attr<String>,
    pub(super) display_name: &'a Attr<String>,
    pub(super) external_id: &'a Attr<String>,
    /// Whether it may log in; a group does not.
    pub(super) active: Option<&'a Attr<bool>>,
    pub(super) force: &'a Attr<bool>,
    pub(super) api: &'a Attr<String>,
    pub(super) provider_config: &'a Attr<ProviderConfig>,
}

/// What becomes of a principal that is destroyed.
pub(super) struct Leaving<'a> {
    /// Whether it is only deactivated; where nobody said so, an account does it and a workspace does not.
    pub(super) is_deactivated: Option<bool>,
    /// Its folders in a workspace that go with it.
    pub(super) folders: Vec<&'a str>,
}

/// A resource that is a principal.
pub(super) trait Principal: Resource<Client = Either> + Entitled {
    const KIND: Kind;

    fn facts(&self) -> Facts<'_>;

    /// `found` as the state; `known` has what the API does not tell.
    fn stated(known: &Self, found: Api) -> Self;

    /// With what follows from where it stands.
    fn at(self, client: &Client) -> Self {
        let _ = client;
        self
    }

    /// `state` with what is Terraform's own as `plan` has it.
    fn kept(state: Self, plan: Self) -> Self;

    /// What becomes of it when it is destroyed.
    fn leaving(&self) -> Leaving<'_>;
}

/// `found` as the state of what stands at `client`'s level.
fn state<P: Principal>(client: &Client, known: &P, found: Api) -> P {
    P::stated(known, found).at(client)
}

/// The folders that are to go with a principal.
pub(super) fn folders<'a>(folders: [&'a Attr<String>; 2], flags: [&Attr<bool>; 2]) -> Vec<&'a str> {
    folders.into_iter().zip(flags).filter(|(_, flag)| flag.is_true()).map(|(folder, _)| folder.text()).collect()
}

/// What is said against folders (of Git folders, and home) that go with a principal who stays.
pub(super) fn conflicts(flags: [&Attr<bool>; 2], deactivates: &Attr<bool>) -> Vec<Diagnostic> {
    let conflict = |name: &'static str| {
        Error::new(format!("{name} cannot be combined with disable_as_user_deletion"))
            .detail("The folders of what is only deactivated stay.")
            .at(name)
            .into()
    };
    let flags = ["force_delete_repos", "force_delete_home_dir"].into_iter().zip(flags);
    flags.filter(|(_, flag)| flag.is_true() && deactivates.is_true()).map(|(name, _)| conflict(name)).collect()
}

/// The client of the level that a principal stands at.
async fn at_level<P: Principal>(cx: &Call<Either>, of: &P) -> Result<Client> {
    let facts = of.facts();
    level::client(cx.client(), facts.api, facts.provider_config).await
}

/// The changes from `state` to `plan`, attribute by attribute, so that nothing is overwritten that Terraform does not manage.
pub(super) fn operations<P: Principal>(state: &P, plan: &P) -> Vec<PatchOperation> {
    let (before, after) = (state.facts(), plan.facts());
    let mut all = Vec::new();
    let mut change = |op: &str, path: &str, value: Option<Value>| {
        all.push(PatchOperation { op: op.to_owned(), path: path.to_owned(), value });
    };
    if let Some(name) = after.display_name.known()
        && after.display_name != before.display_name
    {
        change("replace", "displayName", Some(json!(name)));
    }
    if after.external_id != before.external_id && !after.external_id.is_unknown() {
        match after.external_id.known() {
            Some(id) => change("replace", "externalId", Some(json!(id))),
            None => change("remove", "externalId", None),
        }
    }
    if let Some(active) = after.active.and_then(Attr::known)
        && after.active != before.active
    {
        change("replace", "active", Some(json!(active)));
    }
    all.extend(entitled::operations(state, plan));
    all
}

/// The principal that is in the way of a create: nobody else has its login.
async fn in_the_way<P: Principal>(client: &Client, plan: &P) -> Result<Option<Api>> {
    let Some(login) = plan.facts().login.known() else { return Ok(None) };
    Ok(P::KIND.having(client, &format!("{} eq", P::KIND.login()), login).await?.into_iter().next())
}

/// Takes it over, and brings it to the plan.
async fn adopt<P: Principal>(client: &Client, plan: &P, found: Api) -> Result<P> {
    let found = state(client, plan, found);
    changed(client, &found, plan).await.map(|changed| changed.unwrap_or(found))
}

/// Brings a principal to the plan; `None` where there is nothing to change.
async fn changed<P: Principal>(client: &Client, from: &P, plan: &P) -> Result<Option<P>> {
    let operations = operations(from, plan);
    if operations.is_empty() {
        return Ok(None);
    }
    let id = from.facts().id.text();
    P::KIND.patch(client, id, operations).await?;
    match P::KIND.get(client, id).await? {
        Some(found) => Ok(Some(state(client, plan, found))),
        None => Err(Error::new(format!("The {} {id} is gone", P::KIND.noun()))),
    }
}

/// The checks of a plan that all kinds have in common.
pub(super) fn plan<P: Principal>(planning: &mut Planning<'_, P>) -> Result<()> {
    let is_of_account = planning.client.is_some_and(|client| client.is_account());
    if is_of_account && planning.config.facts().provider_config.is_null() {
        entitled::of_account(planning.config)?;
    }
    let moves = |prior: &P| level::moves(prior.facts().provider_config, planning.planned.facts().provider_config);
    if planning.prior.is_some_and(moves) {
        planning.replaces.push("provider_config".into());
    }
    Ok(())
}

pub(super) async fn create<P: Principal>(cx: &Call<Either>, plan: P) -> Result<P, Failed<P>> {
    let client = &at_level(cx, &plan).await?;
    let facts = plan.facts();
    let login = |kind: Kind| if P::KIND == kind { facts.login.text().to_owned() } else { String::new() };
    let body = Api {
        schemas: vec![P::KIND.schema()],
        user_name: login(Kind::User),
        application_id: login(Kind::ServicePrincipal),
        display_name: facts.display_name.text().to_owned(),
        external_id: facts.external_id.known().cloned().unwrap_or_else(|| mark(cx.marker())),
        active: facts.active.and_then(Attr::known).copied(),
        entitlements: entitled::values(&plan),
        ..Api::default()
    };
    let request = Request::post(P::KIND.path(client, "")?).scim(&body)?;
    let error = match client.send(request).await {
        Ok(made) => return Ok(state(client, &plan, made)),
        Err(error) => error,
    };
    let found = if error.is_already_exists() { in_the_way(client, &plan).await? } else { None };
    match found {
        Some(found) if plan.facts().force.is_true() => Ok(adopt(client, &plan, found).await?),
        Some(found) => Err(uncreated(error).exists(found.id).into()),
        None => Err(uncreated(error).into()),
    }
}

pub(super) async fn find<P: Principal>(cx: &Call<Either>, plan: &P, marker: &Marker) -> Result<Option<P>> {
    let client = &at_level(cx, plan).await?;
    let facts = plan.facts();
    let all = match (facts.login.known(), facts.display_name.known()) {
        (Some(login), _) => P::KIND.having(client, &format!("{} eq", P::KIND.login()), login).await?,
        (None, Some(name)) => P::KIND.having(client, "displayName eq", name).await?,
        (None, None) => P::KIND.having(client, "externalId sw", &format!("{MARK}:{}", marker.id)).await?,
    };
    let is_ours = |one: &Api| match facts.external_id.known() {
        Some(wanted) => one.external_id == *wanted,
        None => mark_of(one).is_some_and(|mark| marker.is_on(mark)),
    };
    Ok(all.into_iter().find(is_ours).map(|one| state(client, plan, one)))
}

pub(super) async fn all_marked<P: Principal>(cx: &Call<Either>, plan: &P) -> Result<Vec<Marked>> {
    let client = &at_level(cx, plan).await?;
    let all = client.once(P::KIND.look(), P::KIND.with_mark(client)).await?;
    // One that a destroy has deactivated is no object.
    let standing = all.iter().filter(|one| one.active != Some(false));
    Ok(standing.filter_map(marked).collect())
}

/// An account keeps deactivated principals: what a destroy left so is told as it is.
pub(super) async fn read<P: Principal>(cx: &Call<Either>, state: P) -> Result<Option<P>> {
    let client = &at_level(cx, &state).await?;
    let found = P::KIND.get(client, state.facts().id.text()).await?;
    Ok(found.map(|found| self::state(client, &state, found)))
}

pub(super) async fn update<P: Principal>(cx: &Call<Either>, state: P, plan: P) -> Result<P, Failed<P>> {
    if operations(&state, &plan).is_empty() {
        // Only what is Terraform's own has changed.
        return Ok(P::kept(state, plan));
    }
    let client = &at_level(cx, &plan).await?;
    Ok(changed(client, &state, &plan).await?.unwrap_or(state))
}

pub(super) async fn delete<P: Principal>(cx: &Call<Either>, state: P) -> Result<()> {
    let (client, id) = (&at_level(cx, &state).await?, state.facts().id.text());
    let leaving = state.leaving();
    if leaving.is_deactivated.unwrap_or_else(|| client.is_account()) {
        let off = PatchOperation { op: "replace".into(), path: "active".into(), value: Some(json!(false)) };
        return P::KIND.patch(client, id, vec![off]).await.map(|_| ());
    }
    client.send::<()>(Request::delete(P::KIND.path(client, id)?)).await.if_exists()?;
    if !client.is_account() {
        for folder in leaving.folders {
            databricks::api::workspace::remove_folder(client, folder).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::service_principal::ServicePrincipal;
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
}
