//! databricks_mws_log_delivery. API: <https://docs.databricks.com/api/account/logdelivery>

use serde_json::{Map, Value as Json, json};
use tfplugin::Removal;

use crate::rest::prelude::*;

/// That Databricks writes logs of an account into a bucket: usage that is billed, or who did what.
///
/// The service keeps such a configuration for ever: destroying it switches it off. An account has two at most that are on, of each type of log, for all
/// of its workspaces.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct MwsLogDelivery {
    /// `account_id|config_id`.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Account. The provider's own where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state()))]
    pub account_id: Attr<String>,
    /// Id of the configuration.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub config_id: Attr<String>,
    /// Name of the configuration.
    #[schemars(length(max = 255), extend("x-tf" = OPTIONAL.replaces()))]
    pub config_name: Attr<String>,
    /// `AUDIT_LOGS` or `BILLABLE_USAGE`.
    #[schemars(extend("enum" = ["AUDIT_LOGS", "BILLABLE_USAGE"], "x-tf" = REQUIRED.replaces()))]
    pub log_type: Attr<String>,
    /// `JSON` for audit logs, `CSV` for usage.
    #[schemars(extend("enum" = ["JSON", "CSV"], "x-tf" = REQUIRED.replaces()))]
    pub output_format: Attr<String>,
    /// Id of a `databricks_mws_credentials` whose role writes into the bucket.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED.replaces()))]
    pub credentials_id: Attr<String>,
    /// Id of a `databricks_mws_storage_configurations` of the bucket.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED.replaces()))]
    pub storage_configuration_id: Attr<String>,
    /// Folder in the bucket.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub delivery_path_prefix: Attr<String>,
    /// First month whose logs are written, `2026-11`: the present one where it is not set.
    #[schemars(
        regex(pattern = "^[0-9]{4}-[0-9]{2}$"),
        extend("x-form" = "a month: 2026-11"),
        extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state())
    )]
    pub delivery_start_time: Attr<String>,
    /// Workspaces whose logs are written: all of the account where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub workspace_ids_filter: Attr<Vec<i64>>,
    /// `ENABLED`, or `DISABLED`.
    #[schemars(extend("enum" = ["ENABLED", "DISABLED"], "x-tf" = OPTIONAL.default("\"ENABLED\"")))]
    pub status: Attr<String>,
}

impl Rest for MwsLogDelivery {
    const NAME: &'static str = "databricks_mws_log_delivery";
    const NOUN: &'static str = "log delivery";
    const EXAMPLE: &'static str = r#"resource "databricks_mws_credentials" "example" {
  credentials_name = "logs"
  role_arn         = "arn:aws:iam::123456789012:role/logs"
}

resource "databricks_mws_storage_configurations" "example" {
  storage_configuration_name = "logs"
  bucket_name                = "example-logs"
}

resource "databricks_mws_log_delivery" "example" {
  config_name              = "audit logs"
  log_type                 = "AUDIT_LOGS"
  output_format            = "JSON"
  credentials_id           = databricks_mws_credentials.example.credentials_id
  storage_configuration_id = databricks_mws_storage_configurations.example.storage_configuration_id
  delivery_path_prefix     = "audit"
}
"#;
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> = Some(("\"audit\"", "\"audits\""));
    const API: Api = Api::collection("/log-delivery", "account_id|config_id")
        .patch()
        .answer_in("log_delivery_configuration")
        .items("log_delivery_configurations")
        .ends_as(&[("status", "DISABLED")])
        .as_planned();
    const REMOVAL: Removal = Removal::Reversible;

    type Client = Account;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let wrong = match (config.log_type.text(), config.output_format.text()) {
            ("AUDIT_LOGS", "CSV") => "JSON",
            ("BILLABLE_USAGE", "JSON") => "CSV",
            _ => return Vec::new(),
        };
        let error = Error::new(format!("{} are not written in this format", config.log_type.text()));
        vec![error.detail(format!("Set output_format to {wrong}.")).at("output_format").into()]
    }

    /// A create has the object inside; a change of its status has not.
    fn asked(body: Map<String, Json>) -> Map<String, Json> {
        if body.contains_key("log_type") {
            return Map::from_iter([("log_delivery_configuration".to_owned(), json!(body))]);
        }
        body
    }
}
