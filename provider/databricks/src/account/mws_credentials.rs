//! databricks_mws_credentials: the cross-account role with which Databricks works in the AWS account.
//! API: <https://docs.databricks.com/api/account/credentials>

use std::time::Duration;

use databricks::Request;
use databricks::api::account::{AwsCredentials, Credentials, StsRole};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, COMPUTED, Call, Failed, ID, Marker, OPTIONAL_COMPUTED, Probe, REQUIRED, Resource, Result};

use super::{is_of, object_id, same_account, terraform_id};
use crate::answer::{Answer, refusal};
use crate::clients::Account;

/// How long a role that IAM has just made may be unknown to the service that validates it.
const PROPAGATION: Duration = Duration::from_secs(120);

/// A credential configuration: the IAM role that Databricks assumes to start and stop clusters in the AWS account.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct MwsCredentials {
    /// `account_id/credentials_id`.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Databricks account. The provider's own where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state()))]
    pub account_id: Attr<String>,
    /// Name of the configuration, as the account console shows it.
    #[schemars(length(min = 4, max = 256), extend("x-tf" = REQUIRED.replaces()))]
    pub credentials_name: Attr<String>,
    /// ARN of the cross-account role.
    #[schemars(regex(pattern = r"^arn:[a-z-]+:iam::\d{12}:role/.+$"), extend("x-tf" = REQUIRED.replaces()))]
    pub role_arn: Attr<String>,
    /// Id of the configuration.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub credentials_id: Attr<String>,
    /// The external id with which Databricks assumes the role: the account's id.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub external_id: Attr<String>,
    /// When it was created, in milliseconds since 1970.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub creation_time: Attr<i64>,
}

fn state_of(account_id: &str, found: Credentials) -> MwsCredentials {
    MwsCredentials {
        id: terraform_id(account_id, &found.credentials_id),
        account_id: account_id.into(),
        credentials_name: found.credentials_name.into(),
        role_arn: found.aws_credentials.sts_role.role_arn.into(),
        credentials_id: found.credentials_id.into(),
        external_id: account_id.into(),
        creation_time: found.creation_time.into(),
    }
}

/// Whether the service could not assume the role, which is also its answer while IAM is still spreading a new one.
/// The API has nothing but the text to tell it by: code `MALFORMED_REQUEST`, seen in issue 1424 of the official provider.
fn role_cannot_be_assumed_yet(error: &databricks::Error) -> bool {
    error.to_string().contains("Failed credential validation check")
        || error.to_string().contains("Failed credential(s) validation check")
}

impl Resource for MwsCredentials {
    const NAME: &'static str = "databricks_mws_credentials";
    const SUBCATEGORY: &'static str = "Account";
    const EXAMPLE: &'static str = r#"resource "databricks_mws_credentials" "example" {
  credentials_name = "example"
  role_arn         = "arn:aws:iam::123456789012:role/databricks"
}
"#;
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> = Some(("\"example\"\n  role", "\"another\"\n  role"));
    const IMPORT_ID: Option<&'static str> = Some("account_id/credentials_id");
    const IMMUTABLE: bool = true;

    type Client = Account;

    async fn create(cx: &Call<Account>, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let account_id = cx.client().account_id()?;
        same_account(&plan.account_id, account_id)?;
        let request = Credentials {
            credentials_name: plan.credentials_name.text().to_owned(),
            aws_credentials: AwsCredentials { sts_role: StsRole { role_arn: plan.role_arn.text().to_owned() } },
            ..Credentials::default()
        };
        let action = || format!("create the credential configuration {:?}", plan.credentials_name.text());
        let end = tokio::time::Instant::now() + PROPAGATION;
        let made = cx
            .poll("the role to be assumable", Duration::from_secs(1), Duration::from_secs(10), async || {
                let request = Request::post_account("/credentials").json(&request).or_say(action)?;
                match cx.client().send::<Credentials>(request).await {
                    Ok(made) => Ok(Probe::Done(made)),
                    Err(error) if role_cannot_be_assumed_yet(&error) && tokio::time::Instant::now() < end => {
                        Ok(Probe::Waiting(error.to_string()))
                    }
                    Err(error) if role_cannot_be_assumed_yet(&error) => Err(refusal(&action(), error).at("role_arn")),
                    Err(error) => Err(refusal(&action(), error)),
                }
            })
            .await?;
        Ok(state_of(account_id, made))
    }

    async fn find(cx: &Call<Account>, plan: &Self, marker: &Marker) -> Result<Option<Self>> {
        let account_id = cx.client().account_id()?;
        let all: Vec<Credentials> = cx
            .client()
            .send(Request::get_account("/credentials"))
            .await
            .or_say(|| "list the credential configurations".into())?;
        Ok(all
            .into_iter()
            .find(|one| {
                one.credentials_name == plan.credentials_name.text()
                    && one.aws_credentials.sts_role.role_arn == plan.role_arn.text()
                    && is_of(marker, one.creation_time)
            })
            .map(|one| state_of(account_id, one)))
    }

    async fn read(cx: &Call<Account>, state: Self) -> Result<Option<Self>> {
        let account_id = cx.client().account_id()?;
        let id = object_id("credential configuration", state.id.text(), account_id)?;
        let found = cx
            .client()
            .send::<Credentials>(Request::get_account(format!("/credentials/{id}")))
            .await
            .if_exists(|| format!("read the credential configuration {id}"))?;
        Ok(found.map(|found| state_of(account_id, found)))
    }

    async fn update(_: &Call<Account>, state: Self, _: Self) -> std::result::Result<Self, Failed<Self>> {
        Ok(state)
    }

    async fn delete(cx: &Call<Account>, state: Self) -> Result<()> {
        super::delete(cx, "/credentials", "credential configuration", state.id.text()).await
    }
}
