//! databricks_aws_availability_zones: the zones that a network can stand in.
//! API: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAvailabilityZones.html>.

use aws_sdk_ec2::types;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, COMPUTED, Call, DataSource, Error, OPTIONAL, REQUIRED, Result, Set};

use super::client::Aws;
use super::ec2::{known, texts};
use super::errors::Explain;

/// The availability zones of the provider's region. Local and wavelength zones, where Databricks runs nothing, are in it only if a `filter`
/// by `zone-type` asks for them.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct AvailabilityZones {
    /// The region.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub id: Attr<String>,
    /// State of the zones.
    #[schemars(extend("enum" = ["available", "constrained", "impaired", "information", "unavailable"], "x-tf" = OPTIONAL.default("\"available\"")))]
    pub state: Attr<String>,
    /// Whether zones count that the account has not opted in to.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub all_availability_zones: Attr<bool>,
    /// Names of zones to leave out.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub exclude_names: Attr<Set<Attr<String>>>,
    /// Ids of zones to leave out.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub exclude_zone_ids: Attr<Set<Attr<String>>>,
    /// What zones must be like to be in it, all of it: filters of the API by their names there.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub filter: Attr<Set<Filter>>,
    /// Names of the zones, in order: `eu-west-1a`. Another account has other zones by these names.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub names: Attr<Vec<Attr<String>>>,
    /// Ids of the zones, in the order of `names`: `euw1-az3`, the same zone for all accounts.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub zone_ids: Attr<Vec<Attr<String>>>,
    /// Groups of the zones: `eu-west-1-zg-1`.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub group_names: Attr<Set<Attr<String>>>,
}

/// What zones must be like.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Filter {
    /// Name of the filter: `zone-type`, `opt-in-status`, `group-name`.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub name: Attr<String>,
    /// Values, one of which it has.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED))]
    pub values: Attr<Set<Attr<String>>>,
}

impl DataSource for AvailabilityZones {
    const NAME: &'static str = "databricks_aws_availability_zones";
    const EXAMPLE: &'static str = r#"data "databricks_aws_availability_zones" "example" {}

output "zones" {
  value = slice(data.databricks_aws_availability_zones.example.names, 0, 2)
}
"#;
    type Client = Aws;

    async fn read(cx: &Call<Aws>, config: Self) -> Result<Self> {
        let aws = cx.client();
        let all = config.all_availability_zones.is_true();
        let request = aws.ec2.describe_availability_zones().set_filters(Some(filters(&config)));
        let answer = request.all_availability_zones(all).send().await.fault().map_err(|fault| {
            let error = Error::from(fault.clone());
            if fault.is(&["InvalidParameterValue", "InvalidFilter"]) { error.at("filter") } else { error }
        })?;
        let (names, ids) = (known(&config.exclude_names), known(&config.exclude_zone_ids));
        let is_left_out = |zone: &types::AvailabilityZone| {
            let has = |list: &[String], text: Option<&str>| text.is_some_and(|text| list.iter().any(|one| one == text));
            has(&names, zone.zone_name()) || has(&ids, zone.zone_id())
        };
        let mut zones = answer.availability_zones.unwrap_or_default();
        zones.retain(|zone| !is_left_out(zone));
        zones.sort_by(|one, other| one.zone_name().cmp(&other.zone_name()));
        let list = |text: fn(&types::AvailabilityZone) -> Option<&str>| {
            Attr::Known(zones.iter().filter_map(text).map(Attr::from).collect::<Vec<_>>())
        };
        let mut groups: Vec<String> = zones.iter().filter_map(|zone| zone.group_name.clone()).collect();
        groups.sort_unstable();
        groups.dedup();
        Ok(Self {
            id: aws.region.clone().into(),
            names: list(types::AvailabilityZone::zone_name),
            zone_ids: list(types::AvailabilityZone::zone_id),
            group_names: texts(groups),
            ..config
        })
    }
}

/// The filters of a configuration, and those that it leaves to us.
fn filters(config: &AvailabilityZones) -> Vec<types::Filter> {
    let filter = |name: &str, values| types::Filter::builder().name(name).set_values(Some(values)).build();
    let configured = || config.filter.known().into_iter().flatten();
    let mut filters: Vec<_> = configured().map(|one| filter(one.name.text(), known(&one.values))).collect();
    let own = [("zone-type", "availability-zone"), ("state", config.state.text())];
    let own = own.into_iter().filter(|(name, _)| !configured().any(|one| one.name.text() == *name));
    filters.extend(own.map(|(name, value)| filter(name, vec![value.to_owned()])));
    filters
}

#[cfg(test)]
mod tests;
