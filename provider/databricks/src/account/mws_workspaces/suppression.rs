//! What is no change of a workspace although configuration and state are written differently, what must not be one, and what makes
//! no sense. Pure.

use tfplugin::{Attr, Diagnostic, Error, Path, Result};

use super::MwsWorkspaces;
use super::description::is_behind_prefix;
use crate::tags::{self, Limits};

/// The tiers of the API's reference.
const TIERS: &[&str] = &["COMMUNITY_EDITION", "DEDICATED", "ENTERPRISE", "PREMIUM", "STANDARD"];
/// The API's reference.
const TAGS: Limits = Limits { key: 127, value: 255, count: 50 };

/// Checks that the schema cannot express.
pub(super) fn validate(config: &MwsWorkspaces) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = Vec::new();
    let mut refuse =
        |at: &str, summary: String, detail: &str| found.push(Error::new(summary).detail(detail).at(at).into());
    if config.aws_region.is_null() && config.location.is_null() {
        refuse("aws_region", "aws_region is missing".into(), "A workspace on AWS stands in a region: eu-west-1, say.");
    }
    let region = config.aws_region.text();
    if !region.is_empty() && !is_region(region) {
        refuse(
            "aws_region",
            format!("{region:?} is no AWS region"),
            "A region is written like eu-west-1: a region, not a zone.",
        );
    }
    let tier = config.pricing_tier.text();
    if !tier.is_empty() && !TIERS.iter().any(|known| known.eq_ignore_ascii_case(tier)) {
        refuse(
            "pricing_tier",
            format!("{tier:?} is no pricing tier"),
            "It is PREMIUM or ENTERPRISE; where it is left out, the account's own.",
        );
    }
    let is_hybrid = !config.compute_mode.is_unknown() && config.compute_mode.text() != "SERVERLESS";
    for (name, attribute) in
        [("credentials_id", &config.credentials_id), ("storage_configuration_id", &config.storage_configuration_id)]
    {
        if is_hybrid && config.location.is_null() && attribute.is_null() {
            refuse(name, format!("{name} is missing"), "A workspace needs it unless its compute_mode is SERVERLESS.");
        }
    }
    if config.customer_managed_key_id.is_known() {
        for (name, key) in [
            ("managed_services_customer_managed_key_id", &config.managed_services_customer_managed_key_id),
            ("storage_customer_managed_key_id", &config.storage_customer_managed_key_id),
        ] {
            if key.is_known() {
                refuse(
                    "customer_managed_key_id",
                    format!("customer_managed_key_id and {name} are both set"),
                    "Remove customer_managed_key_id: it is the former name.",
                );
            }
        }
    }
    if let Some(token) = config.token.known() {
        if token.token_id.is_known() || token.token_value.is_known() {
            refuse("token", "A token's id and value cannot be set".into(), "The workspace issues them: remove both.");
        }
        let mut warning = Diagnostic::warning(
            "The token's value stands in the state",
            "Everybody who reads the state can use it, and only an apply renews it. Safer ways: the provider's own client_id and \
             client_secret on the workspace's host, or the ephemeral resource databricks_token, which leaves nothing behind; \
             the resource databricks_token renews its token before it expires.",
        );
        warning.path = Some("token".into());
        found.push(warning);
    }
    found.extend(tags::problems("custom_tags", &config.custom_tags, &TAGS));
    found
}

/// Whether a name has the form of a region's: words in lower case, and a number. Which there are, AWS says.
fn is_region(name: &str) -> bool {
    let parts: Vec<&str> = name.split('-').collect();
    let is_word = |part: &&str| !part.is_empty() && part.chars().all(|one| one.is_ascii_lowercase());
    match parts.split_last() {
        Some((number, words)) => {
            words.len() >= 2
                && words.iter().all(is_word)
                && !number.is_empty()
                && number.chars().all(|one| one.is_ascii_digit())
        }
        None => false,
    }
}

/// Puts what is no change back to what is known of the workspace. Nothing that the configuration leaves out replaces it.
pub(super) fn plan(
    prior: Option<&MwsWorkspaces>,
    config: &MwsWorkspaces,
    planned: &mut MwsWorkspaces,
    replaces: &mut Vec<Path>,
) -> Result<()> {
    // What the service never fills in is not shown as if it might.
    macro_rules! none_if_unknown {
        ($($name:ident)*) => {
            $(if planned.$name.is_unknown() && config.$name.is_null() {
                planned.$name = Attr::Null;
            })*
        };
    }
    none_if_unknown!(cloud_resource_container gcp_managed_network_config gke_config external_customer_info);
    let Some(prior) = prior else { return Ok(()) };
    // The API can exchange them, but not take them away.
    if prior.private_access_settings_id.is_known() && config.private_access_settings_id.is_null() {
        let id = prior.private_access_settings_id.text();
        return Err(Error::new(format!("the private access settings {id} cannot be removed from the workspace"))
            .detail(format!(
                "Databricks exchanges them, and takes none away. They may have been attached outside of Terraform. Keep them with \
                 private_access_settings_id = \"{id}\", or name others. To be without, the workspace must be made anew: mark it with \
                 terraform taint. To destroy it as it is, use terraform destroy -refresh=false."
            ))
            .at("private_access_settings_id"));
    }
    let mut kept = vec!["is_no_public_ip_enabled"];
    macro_rules! stays {
        ($($name:ident)*) => {
            $(if config.$name.is_null() && prior.$name.is_known() {
                planned.$name = prior.$name.clone();
                kept.push(stringify!($name));
            })*
        };
    }
    stays!(aws_region location cloud_resource_container gcp_managed_network_config gke_config external_customer_info
        credentials_id storage_configuration_id network_id managed_services_customer_managed_key_id
        storage_customer_managed_key_id customer_managed_key_id expected_workspace_status);
    if prior.is_no_public_ip_enabled.is_known() {
        planned.is_no_public_ip_enabled = prior.is_no_public_ip_enabled.clone();
    }
    // What it is decides, and not whether anybody says so.
    let mode = |mode: &str| if mode.is_empty() { "HYBRID".to_owned() } else { mode.to_owned() };
    let is = if prior.effective_compute_mode.is_known() { &prior.effective_compute_mode } else { &prior.compute_mode };
    if config.compute_mode.is_null() && prior.compute_mode.is_known() {
        planned.compute_mode = prior.compute_mode.clone();
        kept.push("compute_mode");
    } else if config.compute_mode.is_known() && mode(config.compute_mode.text()) == mode(is.text()) {
        kept.push("compute_mode");
    }
    if config.deployment_name.known().is_some_and(|name| is_behind_prefix(name, prior.deployment_name.text())) {
        planned.deployment_name = prior.deployment_name.clone();
        kept.push("deployment_name");
    }
    replaces.retain(|path| !kept.iter().any(|name| path.0.starts_with(&Path::attribute(name).0)));

    if let (Some(old), Attr::Known(token)) = (prior.token.known(), &mut planned.token) {
        let is_renewed = !old.token_value.is_known() || old.lifetime_seconds != token.lifetime_seconds;
        token.token_id = if is_renewed { Attr::Unknown } else { old.token_id.clone() };
        token.token_value = if is_renewed { Attr::Unknown } else { old.token_value.clone() };
    }
    // If nothing changes, nothing that Databricks decides does either.
    let mut unchanged = planned.clone();
    macro_rules! as_before {
        ($($name:ident)*) => {
            $(if unchanged.$name.is_unknown() && config.$name.is_null() {
                unchanged.$name = prior.$name.clone();
            })*
        };
    }
    as_before!(account_id deployment_name pricing_tier effective_compute_mode network_connectivity_config_id cloud gcp_workspace_sa
        workspace_id workspace_status workspace_status_message workspace_url creation_time);
    if unchanged == *prior {
        *planned = unchanged;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
