//! databricks_aws_kms_key: an encryption key.
//! API: <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html>.
//!
//! A key that waits for its deletion is not gone: what it encrypts is lost only afterwards. It is read as a key in state
//! `PendingDeletion`, and the plan is to cancel the deletion.

use std::time::Duration;

use aws_sdk_kms::types::{KeySpec, KeyUsageType, Tag};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{
    Attr, COMPUTED, Call, Diagnostic, Failed, ID, Marked, Marker, OPTIONAL, OPTIONAL_COMPUTED, Planning, Removal,
    Resource, Result, Timeouts,
};

use super::client::Aws;
use super::create::{converged, retrying, to_change};
use super::errors::{Fault, Kind};
use super::policy;
use super::tag_limits;
use super::tags::{self, Tags};

pub(crate) mod remote;

/// A key of AWS's key management service, which encrypts buckets, volumes and what Databricks keeps of a workspace.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct KmsKey {
    /// Id of the key.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Id of the key.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub key_id: Attr<String>,
    /// ARN of the key.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub arn: Attr<String>,
    /// What the key is for.
    #[schemars(extend("x-tf" = OPTIONAL.default("\"\"")), length(max = 8192))]
    pub description: Attr<String>,
    /// What the key does. Databricks needs one that encrypts and decrypts.
    #[schemars(extend("enum" = ["ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT"], "x-tf" = OPTIONAL.default("\"ENCRYPT_DECRYPT\"").replaces()))]
    pub key_usage: Attr<String>,
    /// The kind of key. Databricks takes symmetric ones only.
    #[schemars(extend("x-tf" = OPTIONAL.default("\"SYMMETRIC_DEFAULT\"").replaces()))]
    pub customer_master_key_spec: Attr<String>,
    /// Who may do what with the key, as JSON. Without it AWS's own: the account, by its IAM policies.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.json()))]
    pub policy: Attr<String>,
    /// Accept a policy that locks out whoever writes it.
    #[schemars(extend("x-tf" = OPTIONAL.default("false").untold()))]
    pub bypass_policy_lockout_safety_check: Attr<bool>,
    /// How many days a destroyed key can still be saved.
    #[schemars(extend("x-tf" = OPTIONAL.default("30").unsent()), range(min = 7, max = 30))]
    pub deletion_window_in_days: Attr<i64>,
    /// Whether the key can be used.
    #[schemars(extend("x-tf" = OPTIONAL.default("true")))]
    pub is_enabled: Attr<bool>,
    /// Whether AWS makes new key material from time to time.
    #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
    pub enable_key_rotation: Attr<bool>,
    /// How often it does, in days.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()), range(min = 90, max = 2560))]
    pub rotation_period_in_days: Attr<i64>,
    /// Whether the key can be replicated to other regions.
    #[schemars(extend("x-tf" = OPTIONAL.default("false").replaces()))]
    pub multi_region: Attr<bool>,
    /// Tags of the key.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub tags: Attr<Tags>,
    /// Tags of the key with the provider's default tags.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub tags_all: Attr<Tags>,
    /// State of the key: `Enabled`, `Disabled`, `PendingDeletion`. A key that somebody scheduled for deletion is saved by the
    /// next apply.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub key_state: Attr<String>,
}

crate::tagged!(KmsKey);

impl Resource for KmsKey {
    const NAME: &'static str = "databricks_aws_kms_key";
    const EXAMPLE: &'static str = r#"resource "databricks_aws_kms_key" "example" {
  description             = "Databricks: root bucket and volumes"
  enable_key_rotation     = true
  deletion_window_in_days = 7

  tags = { Name = "analytics" }
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> =
        Some(("Databricks: root bucket and volumes", "Databricks: root bucket"));
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> =
        Some(("deletion_window_in_days = 7", "deletion_window_in_days = 7\n  multi_region            = true"));
    const REMOVAL: Removal = Removal::Reversible;
    const IMPORT_ID: Option<&'static str> = Some("1234abcd-12ab-34cd-56ef-1234567890ab");
    const TIMEOUTS: Timeouts = Timeouts::minutes(5);
    type Client = Aws;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let mut problems: Vec<Diagnostic> = policy::check("policy", &config.policy).into_iter().collect();
        let off = matches!(config.enable_key_rotation, Attr::Null | Attr::Known(false));
        if off && config.rotation_period_in_days.is_known() {
            let error =
                tfplugin::Error::new("rotation_period_in_days says how often, but enable_key_rotation is not set")
                    .detail("Set enable_key_rotation = true, or remove rotation_period_in_days.");
            problems.push(error.at("rotation_period_in_days").into());
        }
        problems.extend(tag_limits::check(&config.tags));
        problems
    }

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        tags::plan(planning);
        let planned = &mut *planning.planned;
        if let Some(enabled) = planned.is_enabled.known() {
            planned.key_state = state_of(*enabled).into();
        }
        if let Some(prior) = planning.prior
            && planning.config.policy.is_null()
        {
            planned.policy = prior.policy.clone();
        }
        if planning.config.rotation_period_in_days.is_null() {
            let known = planning.prior.map(|prior| prior.rotation_period_in_days.clone()).unwrap_or_default();
            planned.rotation_period_in_days = match planned.enable_key_rotation {
                Attr::Known(true) if known.is_known() => known,
                Attr::Known(false) | Attr::Null => Attr::Null,
                Attr::Known(true) | Attr::Unknown => Attr::Unknown,
            };
        }
        Ok(())
    }

    async fn create(cx: &Call<Aws>, plan: Self) -> Result<Self, Failed<Self>> {
        let id = create(cx, &plan).await.map_err(|fault| fault.accusing(ACCUSED))?;
        Ok(Self { id: id.clone().into(), key_id: id.into(), ..plan })
    }

    async fn ready(cx: &Call<Aws>, state: Self) -> Result<Self> {
        let what = format!("KMS key {}", state.id.text());
        let wanted = &tags::wanted(cx.client(), &state.tags);
        let new = (!state.arn.is_known()).then(|| remote::as_made(&state, wanted));
        converged(
            cx,
            &what,
            new,
            || remote::look(cx.client(), &state),
            |seen| remote::differs(seen, &state, wanted),
            |seen| {
                let state = &state;
                async move { remote::converge(cx, &seen, state, wanted).await }
            },
        )
        .await
    }

    async fn find(cx: &Call<Aws>, _plan: &Self, marker: &Marker) -> Result<Option<Self>> {
        match remote::id_of(cx.client(), marker).await? {
            Some(id) => remote::look(cx.client(), &Self { id: id.into(), ..Self::default() }).await,
            None => Ok(None),
        }
    }

    async fn marked(cx: &Call<Aws>, _plan: &Self) -> Result<Vec<Marked>> {
        Ok(remote::marked(cx.client()).await?)
    }

    async fn read(cx: &Call<Aws>, state: Self) -> Result<Option<Self>> {
        remote::look(cx.client(), &state).await
    }

    async fn update(cx: &Call<Aws>, state: Self, plan: Self) -> Result<Self, Failed<Self>> {
        let plan = Self { policy: to_change(&state.policy, plan.policy), ..plan };
        remote::converge(cx, &state, &plan, &tags::wanted(cx.client(), &plan.tags)).await?;
        Ok(Self { id: state.id, ..plan })
    }

    async fn delete(cx: &Call<Aws>, state: Self) -> Result<()> {
        remote::schedule_deletion(cx, &state).await
    }

    /// hashicorp/aws does not tell the key's state, and has a period of 0 where nothing rotates, or where it did not ask again
    /// after it switched the rotation on: that begins with AWS's default, a year.
    fn adopt(state: Self) -> Self {
        let key_state = state.is_enabled.known().map(|enabled| state_of(*enabled).to_owned());
        let period = state.rotation_period_in_days.known().copied().filter(|days| *days > 0);
        let period = period.or_else(|| state.enable_key_rotation.is_true().then_some(365));
        Self { key_state: key_state.into(), rotation_period_in_days: period.into(), ..state }
    }
}

pub(crate) const ACCUSED: &[(&str, &str)] = &[
    ("MalformedPolicyDocumentException", "policy"),
    ("TagException", "tags"),
    ("UnsupportedOperationException", "customer_master_key_spec"),
];

fn state_of(enabled: bool) -> &'static str {
    if enabled { "Enabled" } else { "Disabled" }
}

/// Creates the key, once: `CreateKey` has no client token, so after an answer that was lost the mark is looked for.
async fn create(cx: &Call<Aws>, plan: &KmsKey) -> Result<String, Fault> {
    let request = || async {
        let tags = tags::marked(cx, &plan.tags);
        let tags: Result<Vec<Tag>, _> =
            tags.into_iter().map(|(key, value)| Tag::builder().tag_key(key).tag_value(value).build()).collect();
        let tags = tags.map_err(Fault::ours)?;
        let request = cx.client().kms_once.create_key().set_tags(Some(tags));
        let request = request
            .description(plan.description.text())
            .key_usage(KeyUsageType::from(plan.key_usage.text()))
            .key_spec(KeySpec::from(plan.customer_master_key_spec.text()))
            .multi_region(plan.multi_region.is_true())
            .bypass_policy_lockout_safety_check(plan.bypass_policy_lockout_safety_check.is_true())
            .set_policy(plan.policy.known().cloned());
        let answer = super::errors::Explain::fault(request.send().await)?;
        Ok::<_, Fault>(answer.key_metadata.map(|key| key.key_id).unwrap_or_default())
    };
    let sought = || async {
        match request().await {
            // The lost answer's key, if there is one; else the request is sent again.
            Err(fault) if fault.kind == Kind::Uncertain => {
                cx.sleep(Duration::from_millis(500)).await.ok();
                match remote::id_of(cx.client(), cx.marker()).await {
                    Ok(Some(id)) => Ok(id),
                    _ => Err(fault),
                }
            }
            answer => answer,
        }
    };
    retrying(cx, policy::PRINCIPAL_WITHIN, sought, |fault| {
        policy::is_principal_unknown(fault) || matches!(fault.kind, Kind::Throttled | Kind::Uncertain)
    })
    .await
}

#[cfg(test)]
mod tests;
