//! databricks_mws_storage_configurations: the root bucket of workspaces.
//! API: <https://docs.databricks.com/api/account/storage>

use databricks::Request;
use databricks::api::account::{RootBucketInfo, StorageConfiguration};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, COMPUTED, Call, Failed, ID, Marker, OPTIONAL, OPTIONAL_COMPUTED, REQUIRED, Resource, Result};

use super::{is_of, object_id, same_account, terraform_id};
use crate::answer::{Answer, sent, text};
use crate::clients::Account;

/// A storage configuration: the S3 bucket in which workspaces keep their system data and the DBFS root.
///
/// Databricks looks into the bucket only when a workspace is created with it: its policy must allow access by then.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct MwsStorageConfigurations {
    /// `account_id/storage_configuration_id`.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Databricks account. The provider's own where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state()))]
    pub account_id: Attr<String>,
    /// Name of the configuration, as the account console shows it.
    #[schemars(length(min = 4, max = 256), extend("x-tf" = REQUIRED.replaces()))]
    pub storage_configuration_name: Attr<String>,
    /// Name of the root bucket.
    #[schemars(length(min = 3, max = 63), extend("x-tf" = REQUIRED.replaces()))]
    pub bucket_name: Attr<String>,
    /// ARN of a role that reaches the bucket, for the workspace's default catalog.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub role_arn: Attr<String>,
    /// Id of the configuration.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub storage_configuration_id: Attr<String>,
    /// When it was created, in milliseconds since 1970.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub creation_time: Attr<i64>,
}

fn state_of(account_id: &str, found: StorageConfiguration) -> MwsStorageConfigurations {
    MwsStorageConfigurations {
        id: terraform_id(account_id, &found.storage_configuration_id),
        account_id: account_id.into(),
        storage_configuration_name: found.storage_configuration_name.into(),
        bucket_name: found.root_bucket_info.bucket_name.into(),
        role_arn: text(found.role_arn),
        storage_configuration_id: found.storage_configuration_id.into(),
        creation_time: found.creation_time.into(),
    }
}

impl Resource for MwsStorageConfigurations {
    const NAME: &'static str = "databricks_mws_storage_configurations";
    const SUBCATEGORY: &'static str = "Account";
    const EXAMPLE: &'static str = r#"resource "databricks_mws_storage_configurations" "example" {
  storage_configuration_name = "example"
  bucket_name                = "example-root-bucket"
}
"#;
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> = Some(("example-root-bucket", "another-root-bucket"));
    const IMPORT_ID: Option<&'static str> = Some("account_id/storage_configuration_id");
    const IMMUTABLE: bool = true;

    type Client = Account;

    async fn create(cx: &Call<Account>, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let account_id = cx.client().account_id()?;
        same_account(&plan.account_id, account_id)?;
        let action = || format!("create the storage configuration {:?}", plan.storage_configuration_name.text());
        let request = StorageConfiguration {
            storage_configuration_name: plan.storage_configuration_name.text().to_owned(),
            root_bucket_info: RootBucketInfo { bucket_name: plan.bucket_name.text().to_owned() },
            role_arn: sent(&plan.role_arn),
            ..StorageConfiguration::default()
        };
        let request = Request::post_account("/storage-configurations").json(&request).or_say(action)?;
        Ok(state_of(account_id, cx.client().send(request).await.or_say(action)?))
    }

    async fn find(cx: &Call<Account>, plan: &Self, marker: &Marker) -> Result<Option<Self>> {
        let account_id = cx.client().account_id()?;
        let all: Vec<StorageConfiguration> = cx
            .client()
            .send(Request::get_account("/storage-configurations"))
            .await
            .or_say(|| "list the storage configurations".into())?;
        Ok(all
            .into_iter()
            .find(|one| {
                one.storage_configuration_name == plan.storage_configuration_name.text()
                    && one.root_bucket_info.bucket_name == plan.bucket_name.text()
                    && is_of(marker, one.creation_time)
            })
            .map(|one| state_of(account_id, one)))
    }

    async fn read(cx: &Call<Account>, state: Self) -> Result<Option<Self>> {
        let account_id = cx.client().account_id()?;
        let id = object_id("storage configuration", state.id.text(), account_id)?;
        let found = cx
            .client()
            .send::<StorageConfiguration>(Request::get_account(format!("/storage-configurations/{id}")))
            .await
            .if_exists(|| format!("read the storage configuration {id}"))?;
        Ok(found.map(|found| state_of(account_id, found)))
    }

    async fn update(_: &Call<Account>, state: Self, _: Self) -> std::result::Result<Self, Failed<Self>> {
        Ok(state)
    }

    async fn delete(cx: &Call<Account>, state: Self) -> Result<()> {
        super::delete(cx, "/storage-configurations", "storage configuration", state.id.text()).await
    }
}
