//! databricks_mws_customer_managed_keys: KMS keys that encrypt what Databricks stores.
//! API: <https://docs.databricks.com/api/account/encryptionkeys>

use databricks::Request;
use databricks::api::account::{AwsKeyInfo as ApiKeyInfo, CustomerManagedKey, KeyUseCase};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{
    Attr, COMPUTED, Call, Diagnostic, Error, Failed, ID, Marker, OPTIONAL, OPTIONAL_COMPUTED, REQUIRED, Resource,
    Result, Set,
};

use super::{is_of, object_id, same_account, terraform_id};
use crate::answer::{Answer, sent, text};
use crate::clients::Account;

/// A key of AWS KMS.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct AwsKeyInfo {
    /// ARN of the key. Its policy must allow Databricks to use it.
    #[schemars(regex(pattern = r"^arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key/.+$"), extend("x-tf" = REQUIRED.replaces()))]
    pub key_arn: Attr<String>,
    /// Alias of the key.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub key_alias: Attr<String>,
    /// Region of the key: that of its ARN where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state()))]
    pub key_region: Attr<String>,
    /// Whether a `STORAGE` key encrypts the clusters' EBS volumes too. Databricks' own default is true.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state()))]
    pub reuse_key_for_cluster_volumes: Attr<bool>,
}

/// A configuration of a customer-managed key, for the control plane (`MANAGED_SERVICES`), for S3 and EBS (`STORAGE`), or
/// for both.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct MwsCustomerManagedKeys {
    /// `account_id/customer_managed_key_id`.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Databricks account. The provider's own where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state()))]
    pub account_id: Attr<String>,
    /// What the key encrypts: `MANAGED_SERVICES`, `STORAGE` or both.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED.replaces()))]
    pub use_cases: Attr<Set<String>>,
    /// The key.
    #[schemars(extend("x-tf" = REQUIRED.replaces().block()))]
    pub aws_key_info: Attr<AwsKeyInfo>,
    /// Id of the configuration.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub customer_managed_key_id: Attr<String>,
    /// When it was created, in milliseconds since 1970.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub creation_time: Attr<i64>,
}

fn state_of(account_id: &str, found: CustomerManagedKey) -> MwsCustomerManagedKeys {
    let key = found.aws_key_info;
    MwsCustomerManagedKeys {
        id: terraform_id(account_id, &found.customer_managed_key_id),
        account_id: account_id.into(),
        use_cases: Set(found.use_cases.iter().map(ToString::to_string).collect()).into(),
        aws_key_info: Attr::Known(AwsKeyInfo {
            key_arn: key.key_arn.into(),
            key_alias: text(key.key_alias),
            key_region: text(key.key_region),
            reuse_key_for_cluster_volumes: key.reuse_key_for_cluster_volumes.into(),
        }),
        customer_managed_key_id: found.customer_managed_key_id.into(),
        creation_time: found.creation_time.into(),
    }
}

fn request_of(plan: &MwsCustomerManagedKeys) -> CustomerManagedKey {
    let key = plan.aws_key_info.or_default();
    CustomerManagedKey {
        use_cases: plan.use_cases.or_default().iter().map(|case| case.as_str().into()).collect(),
        aws_key_info: ApiKeyInfo {
            key_arn: sent(&key.key_arn),
            key_alias: sent(&key.key_alias),
            key_region: sent(&key.key_region),
            reuse_key_for_cluster_volumes: key.reuse_key_for_cluster_volumes.into_known(),
        },
        ..CustomerManagedKey::default()
    }
}

impl Resource for MwsCustomerManagedKeys {
    const NAME: &'static str = "databricks_mws_customer_managed_keys";
    const SUBCATEGORY: &'static str = "Account";
    const EXAMPLE: &'static str = r#"resource "databricks_mws_customer_managed_keys" "example" {
  use_cases = ["MANAGED_SERVICES", "STORAGE"]

  aws_key_info {
    key_arn                       = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-4000-8000-000000000001"
    key_alias                     = "alias/example"
    reuse_key_for_cluster_volumes = true
  }
}
"#;
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> = Some(("000000000001", "000000000002"));
    const IMPORT_ID: Option<&'static str> = Some("account_id/customer_managed_key_id");
    const IMMUTABLE: bool = true;

    type Client = Account;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        config
            .use_cases
            .or_default()
            .iter()
            .filter(|case| !KeyUseCase::KNOWN.contains(&case.as_str()))
            .map(|case| {
                Error::new(format!("{case:?} is no use of a key"))
                    .detail("use_cases takes MANAGED_SERVICES and STORAGE.")
                    .at("use_cases")
                    .into()
            })
            .collect()
    }

    async fn create(cx: &Call<Account>, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let account_id = cx.client().account_id()?;
        same_account(&plan.account_id, account_id)?;
        let action = || format!("register the key {}", plan.aws_key_info.or_default().key_arn.text());
        let request = Request::post_account("/customer-managed-keys").json(&request_of(&plan)).or_say(action)?;
        Ok(state_of(account_id, cx.client().send(request).await.or_say(action)?))
    }

    async fn find(cx: &Call<Account>, plan: &Self, marker: &Marker) -> Result<Option<Self>> {
        let account_id = cx.client().account_id()?;
        let all: Vec<CustomerManagedKey> = cx
            .client()
            .send(Request::get_account("/customer-managed-keys"))
            .await
            .or_say(|| "list the customer-managed keys".into())?;
        Ok(all.into_iter().filter(|one| is_of(marker, one.creation_time)).map(|one| state_of(account_id, one)).find(
            |one| {
                one.use_cases == plan.use_cases
                    && one.aws_key_info.or_default().key_arn == plan.aws_key_info.or_default().key_arn
            },
        ))
    }

    async fn read(cx: &Call<Account>, state: Self) -> Result<Option<Self>> {
        let account_id = cx.client().account_id()?;
        let id = object_id("customer-managed key", state.id.text(), account_id)?;
        let found = cx
            .client()
            .send::<CustomerManagedKey>(Request::get_account(format!("/customer-managed-keys/{id}")))
            .await
            .if_exists(|| format!("read the customer-managed key {id}"))?;
        Ok(found.map(|found| state_of(account_id, found)))
    }

    async fn update(_: &Call<Account>, state: Self, _: Self) -> std::result::Result<Self, Failed<Self>> {
        Ok(state)
    }

    async fn delete(cx: &Call<Account>, state: Self) -> Result<()> {
        super::delete(cx, "/customer-managed-keys", "customer-managed key", state.id.text()).await
    }
}
