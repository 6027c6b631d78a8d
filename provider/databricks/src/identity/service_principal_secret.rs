//! databricks_service_principal_secret: an OAuth client secret.
//! API: <https://docs.databricks.com/api/account/serviceprincipalsecrets>, and the workspaces' proxy of it.
//!
//! No `Rest`: its value is told once, it is renewed in place, and nothing of it can be marked.

use std::collections::BTreeMap;

use databricks::api::identity::{CreateServicePrincipalSecret, ServicePrincipalSecret as Api, ServicePrincipalSecrets};
use databricks::{Client, IfExists, Request, segment};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{
    Attr, COMPUTED, Call, Failed, ID, Marker, OPTIONAL, OPTIONAL_COMPUTED, Planning, REQUIRED, Resource, Result, Secret,
};

use super::rotation::{due, notice};
use super::text;
use crate::clients::Either;
use crate::creation::Created;
use crate::level::{self, ProviderConfig};
use crate::rest::CLOCK_SECONDS;

/// An OAuth secret of a service principal: with the application id as client id, and this as client secret, programs log
/// in to the account and to the workspaces that the service principal is assigned to.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ServicePrincipalSecret {
    /// Id of the secret. A rotation changes it.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Id of the service principal.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub service_principal_id: Attr<String>,
    /// Seconds until the secret expires, followed by `s`: 730 days (`63072000s`) at most, and where it is not set.
    #[schemars(regex(pattern = r"^([1-9][0-9]*s)?$"), extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state()))]
    pub lifetime: Attr<String>,
    /// Seconds before the expiry from which on an apply issues a new secret in place of this one and deletes this one
    /// afterwards. What depends on the secret is updated, not destroyed. Where it is not set, plans warn of the expiry two weeks ahead.
    #[schemars(range(min = 1), extend("x-tf" = OPTIONAL.unsent()))]
    pub rotate_before_seconds: Attr<i64>,
    /// A time, usually that of a `time_rotating`. When it changes, the secret is replaced.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub time_rotating: Attr<String>,
    /// Any values. When they change, the secret is replaced.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub triggers: Attr<BTreeMap<String, String>>,
    /// The secret.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub secret: Attr<Secret<String>>,
    /// Hash of the secret.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub secret_hash: Attr<String>,
    /// Whether it is `ACTIVE`.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub status: Attr<String>,
    /// When it was issued (RFC 3339).
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub create_time: Attr<String>,
    /// When it expires (RFC 3339).
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub expire_time: Attr<String>,
    /// When it was last changed (RFC 3339).
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub update_time: Attr<String>,
    /// The level that the service principal stands at: `account` or `workspace`. The provider's own where it is not set.
    #[schemars(extend("enum" = ["account", "workspace"], "x-tf" = OPTIONAL.replaces()))]
    pub api: Attr<String>,
    /// The workspace that the service principal stands in, where the provider is configured for an account.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().keeps_state()))]
    pub provider_config: Attr<ProviderConfig>,
}

/// How long after its mark a create may still have issued a secret.
const REQUEST_SECONDS: i64 = 120;

/// The client of the level that the service principal stands at.
async fn at_level(cx: &Call<Either>, of: &ServicePrincipalSecret) -> Result<Client> {
    level::client(cx.client(), &of.api, &of.provider_config).await
}

fn path(client: &Client, principal: &str) -> Result<String> {
    Ok(if client.is_account() {
        client.account_path(&format!("/servicePrincipals/{principal}/credentials/secrets"))?
    } else {
        format!("/api/2.0/accounts/servicePrincipals/{principal}/credentials/secrets")
    })
}

/// The secrets of a service principal that have not expired; none if it is gone. `shared`: a list that was read a moment ago will do.
async fn list(client: &Client, principal: &str, shared: bool) -> Result<Vec<Api>> {
    let request = Request::get(path(client, principal)?);
    let request = if shared { request.shared() } else { request };
    let all = client.pages(request, |page: ServicePrincipalSecrets| (page.secrets, page.next_page_token)).await;
    Ok(all.if_exists()?.unwrap_or_default())
}

async fn issue(cx: &Call<Either>, plan: ServicePrincipalSecret) -> Result<ServicePrincipalSecret> {
    let principal = plan.service_principal_id.text().to_owned();
    let body = CreateServicePrincipalSecret { lifetime: plan.lifetime.text().to_owned() };
    let client = at_level(cx, &plan).await?;
    let request = Request::post(path(&client, &principal)?).json(&body)?;
    let issued: Api = client.send(request).await.created()?;
    Ok(ServicePrincipalSecret {
        id: issued.id.into(),
        secret: issued.secret.into(),
        secret_hash: issued.secret_hash.into(),
        status: issued.status.into(),
        create_time: issued.create_time.into(),
        expire_time: issued.expire_time.into(),
        update_time: issued.update_time.into(),
        // The API does not tell the lifetime.
        lifetime: plan.lifetime.clone().into_known().into(),
        provider_config: level::settled(plan.provider_config.clone()),
        ..plan
    })
}

/// Revokes a secret; whether it was there.
pub(crate) async fn revoke(client: &Client, principal: &str, id: &str) -> Result<bool> {
    let request = Request::delete(format!("{}/{}", path(client, principal)?, segment(id)));
    Ok(client.send::<()>(request).await.if_exists()?.is_some())
}

fn time(text: &Attr<String>) -> Option<Timestamp> {
    text.known().and_then(|text| text.parse().ok())
}

impl Resource for ServicePrincipalSecret {
    const NAME: &'static str = "databricks_service_principal_secret";
    const EXAMPLE: &'static str = r#"resource "databricks_service_principal" "example" {
  display_name             = "example"
  disable_as_user_deletion = false
}

resource "databricks_service_principal_secret" "example" {
  service_principal_id  = databricks_service_principal.example.id
  lifetime              = "7776000s"
  rotate_before_seconds = 604800
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("604800", "1209600"));
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> = Some(("7776000s", "2592000s"));
    const IMPORT_ID: Option<&'static str> = None;

    type Client = Either;

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        let Some(prior) = planning.prior else { return Ok(()) };
        let planned = &mut *planning.planned;
        if due(time(&prior.expire_time), planned.rotate_before_seconds.known().copied(), planning.now) {
            planned.id = Attr::Unknown;
            planned.secret = Attr::Unknown;
            planned.secret_hash = Attr::Unknown;
            planned.status = Attr::Unknown;
            planned.create_time = Attr::Unknown;
            planned.expire_time = Attr::Unknown;
            planned.update_time = Attr::Unknown;
        } else if planned.rotate_before_seconds.is_null() && planning.replaces.is_empty() {
            let name = format!(
                "The secret {:?} of the service principal {}",
                prior.id.text(),
                prior.service_principal_id.text()
            );
            planning.warnings.extend(notice(&name, time(&prior.create_time), time(&prior.expire_time), planning.now));
        }
        if level::moves(&prior.provider_config, &planned.provider_config) {
            planning.replaces.push("provider_config".into());
        }
        Ok(())
    }

    async fn create(cx: &Call<Either>, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        Ok(issue(cx, plan).await?)
    }

    /// The value of a secret that a cut-off create issued is lost: it is deleted, and another is issued. The API has
    /// nothing to mark a secret with, so the only one that was issued within a request's time counts. Where there are
    /// several, one may be somebody's: none is touched, and they end by their own lifetime.
    async fn find(cx: &Call<Either>, plan: &Self, marker: &Marker) -> Result<Option<Self>> {
        let principal = plan.service_principal_id.text();
        let client = at_level(cx, plan).await?;
        let mut issued = list(&client, principal, false).await?;
        // The service's clock counts: that answer has told it.
        let since = client.service_time(marker.since).as_second();
        let within = since - CLOCK_SECONDS..=since.saturating_add(REQUEST_SECONDS);
        issued.retain(|one| {
            time(&one.create_time.clone().into()).is_some_and(|created| within.contains(&created.as_second()))
        });
        match issued.as_slice() {
            [] => {}
            [orphan] => drop(revoke(&client, principal, &orphan.id).await?),
            several => tracing::warn!(
                secrets = ?several.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(),
                "an interrupted apply may have left one of these secrets of the service principal {principal}"
            ),
        }
        Ok(None)
    }

    async fn read(cx: &Call<Either>, state: Self) -> Result<Option<Self>> {
        let all = list(&at_level(cx, &state).await?, state.service_principal_id.text(), true).await?;
        let found = all.into_iter().find(|one| one.id == state.id.text());
        let now = Timestamp::now();
        Ok(found
            .map(|found| Self {
                status: found.status.into(),
                expire_time: found.expire_time.into(),
                update_time: text(found.update_time),
                ..state
            })
            .filter(|found| time(&found.expire_time).is_none_or(|expiry| expiry > now)))
    }

    async fn update(cx: &Call<Either>, state: Self, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        if !plan.secret.is_unknown() {
            return Ok(Self { provider_config: level::settled(plan.provider_config.clone()), ..plan });
        }
        let client = at_level(cx, &state).await?;
        let new = issue(cx, plan).await?;
        match revoke(&client, state.service_principal_id.text(), state.id.text()).await {
            Ok(_) => Ok(new),
            Err(error) => Err(Failed::with(error, new)),
        }
    }

    async fn delete(cx: &Call<Either>, state: Self) -> Result<()> {
        revoke(&at_level(cx, &state).await?, state.service_principal_id.text(), state.id.text()).await.map(drop)
    }
}
