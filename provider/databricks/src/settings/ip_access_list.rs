//! databricks_ip_access_list. API: <https://docs.databricks.com/api/workspace/ipaccesslists>

use std::net::IpAddr;

use crate::rest::prelude::*;

/// Addresses from which a workspace may be reached, or may not.
///
/// Lists work once `enableIpAccessLists` of `databricks_workspace_conf` is `true`. A list that leaves out the address that Terraform runs at
/// locks it out: the service refuses such a list.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct IpAccessList {
    /// Id of the list.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Name of the list.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED))]
    pub label: Attr<String>,
    /// `ALLOW` for addresses that may reach the workspace, `BLOCK` for those that may not, whatever other lists say.
    #[schemars(extend("enum" = ["ALLOW", "BLOCK"], "x-tf" = REQUIRED))]
    pub list_type: Attr<String>,
    /// IPv4 addresses, and ranges of them: `192.0.2.0/24`.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED))]
    pub ip_addresses: Attr<Vec<String>>,
    /// Whether the list is in force.
    #[schemars(extend("x-tf" = OPTIONAL.default("true")))]
    pub enabled: Attr<bool>,
    /// The workspace that the list belongs to.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().unsent().keeps_state()))]
    pub provider_config: Attr<ProviderConfig>,
}

/// Whether a text is an IPv4 address, or a range of them.
fn is_address(text: &str) -> bool {
    let (address, bits) = text.split_once('/').unwrap_or((text, "32"));
    let is_of_v4 = matches!(address.parse::<IpAddr>(), Ok(IpAddr::V4(_)));
    is_of_v4 && bits.parse::<u8>().is_ok_and(|bits| bits <= 32)
}

impl Rest for IpAccessList {
    const NAME: &'static str = "databricks_ip_access_list";
    const NOUN: &'static str = "IP access list";
    const EXAMPLE: &'static str = r#"resource "databricks_ip_access_list" "example" {
  label        = "office"
  list_type    = "ALLOW"
  ip_addresses = ["192.0.2.0/24", "198.51.100.7"]
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("198.51.100.7", "198.51.100.8"));
    const API: Api = Api::collection("/api/2.0/ip-access-lists", "list_id")
        .patch_all()
        .answer_in("ip_access_list")
        .items("ip_access_lists")
        .later(&["enabled"])
        .created("created_at");
    type Client = AnyWorkspace;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let all = config.ip_addresses.or_default();
        let wrong = all.iter().filter(|text| !is_address(text));
        wrong
            .map(|text| {
                Error::new(format!("{text:?} is no IPv4 address, and no range of them"))
                    .detail("Addresses are written 192.0.2.7, and ranges 192.0.2.0/24.")
                    .at("ip_addresses")
                    .into()
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_ranges_are_told_from_other_texts() {
        for (text, expected) in [
            ("192.0.2.7", true),
            ("192.0.2.0/24", true),
            ("0.0.0.0/0", true),
            ("192.0.2.0/33", false),
            ("192.0.2", false),
            ("2001:db8::1", false),
            ("office", false),
            ("", false),
        ] {
            assert_eq!(is_address(text), expected, "{text}");
        }
    }
}
