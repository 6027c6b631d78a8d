//! databricks_aws_route_table_association: which route table a subnet uses.
//! API: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateRouteTable.html>.

use aws_sdk_ec2::types::{self, RouteTableAssociationStateCode as StateCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{
    Attr, COMPUTED, Call, Diagnostic, Error, Failed, Marker, OPTIONAL, Probe, REQUIRED, Resource, Result, Timeouts,
    one_of,
};

use super::client::Aws;
use super::create::{VISIBLE_WITHIN, retrying, settled};
use super::ec2::filter;
use super::errors::{Explain, Fault, gone_is_fine};
use super::route_target as target;

/// Which route table a subnet (or a gateway) uses, instead of the VPC's main one.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct RouteTableAssociation {
    /// Id of the association. Another route table gives it another id.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub id: Attr<String>,
    /// The subnet.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub subnet_id: Attr<String>,
    /// The internet or virtual private gateway, instead of a subnet.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub gateway_id: Attr<String>,
    /// The route table.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub route_table_id: Attr<String>,
}

impl Resource for RouteTableAssociation {
    const NAME: &'static str = "databricks_aws_route_table_association";
    const EXAMPLE: &'static str = r#"resource "databricks_aws_vpc" "example" {
  cidr_block = "10.40.0.0/16"
}

resource "databricks_aws_subnet" "first" {
  vpc_id     = databricks_aws_vpc.example.id
  cidr_block = "10.40.64.0/20"
}

resource "databricks_aws_subnet" "second" {
  vpc_id     = databricks_aws_vpc.example.id
  cidr_block = "10.40.80.0/20"
}

resource "databricks_aws_route_table" "blue" {
  vpc_id = databricks_aws_vpc.example.id
}

resource "databricks_aws_route_table" "green" {
  vpc_id = databricks_aws_vpc.example.id
}

resource "databricks_aws_route_table_association" "example" {
  subnet_id      = databricks_aws_subnet.first.id
  route_table_id = databricks_aws_route_table.blue.id
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> =
        Some(("databricks_aws_route_table.blue.id", "databricks_aws_route_table.green.id"));
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> =
        Some(("databricks_aws_subnet.first.id", "databricks_aws_subnet.second.id"));
    const IMPORT_ID: Option<&'static str> = Some("subnet-0123456789abcdef0/rtb-0123456789abcdef0");
    const TIMEOUTS: Timeouts = Timeouts::minutes(5);
    type Client = Aws;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        if one_of([config.subnet_id.is_set(), config.gateway_id.is_set()]).is_err() {
            let error = Error::new("A route table is associated with a subnet or with a gateway");
            return vec![error.detail("Set one of subnet_id and gateway_id.").at("subnet_id").into()];
        }
        Vec::new()
    }

    async fn create(cx: &Call<Aws>, plan: Self) -> Result<Self, Failed<Self>> {
        // The same association twice is one association, so the request may be repeated.
        let request = || async {
            let request = cx.client().ec2.associate_route_table().route_table_id(plan.route_table_id.text());
            let request = request.set_subnet_id(plan.subnet_id.known().cloned());
            request.set_gateway_id(plan.gateway_id.known().cloned()).send().await.fault()
        };
        let answer = retrying(cx, VISIBLE_WITHIN, request, Fault::is_not_found).await;
        let answer = answer.map_err(|fault| fault.accusing(ACCUSED))?;
        Ok(Self { id: answer.association_id.into(), ..plan })
    }

    async fn ready(cx: &Call<Aws>, state: Self) -> Result<Self> {
        let what = format!("association of {}", state.names());
        settled(cx, &what, || async {
            cx.client().tables.changed();
            let Some((table, part)) = look(cx, &state).await? else { return Ok(None) };
            let code = part.association_state().and_then(|state| state.state()).unwrap_or(&StateCode::Associated);
            match code {
                StateCode::Associating => Ok(Some(Probe::Waiting("associating".to_owned()))),
                StateCode::Failed => {
                    let reason = part.association_state().and_then(|state| state.status_message()).unwrap_or_default();
                    Err(Error::new(format!("it failed: {reason}")))
                }
                _ => Ok(Some(Probe::Done(absorb(state.clone(), table, &part)))),
            }
        })
        .await
    }

    /// What is associated is its own key: `create` takes the association that is there.
    async fn find(_cx: &Call<Aws>, _plan: &Self, _marker: &Marker) -> Result<Option<Self>> {
        Ok(None)
    }

    async fn read(cx: &Call<Aws>, state: Self) -> Result<Option<Self>> {
        let found = look(cx, &state).await?;
        Ok(found.map(|(table, part)| absorb(state, table, &part)))
    }

    async fn update(cx: &Call<Aws>, state: Self, plan: Self) -> Result<Self, Failed<Self>> {
        if state.route_table_id == plan.route_table_id {
            return Ok(Self { id: state.id, ..plan });
        }
        let request = || async {
            let request = cx.client().ec2.replace_route_table_association().association_id(state.id.text());
            request.route_table_id(plan.route_table_id.text()).send().await.fault()
        };
        let answer = retrying(cx, VISIBLE_WITHIN, request, |fault| fault.is(&["InvalidRouteTableID.NotFound"])).await;
        cx.client().tables.changed();
        let answer = answer.map_err(|fault| Failed::with(fault.accusing(ACCUSED), state.clone()))?;
        Ok(Self { id: answer.new_association_id.into(), ..plan })
    }

    async fn delete(cx: &Call<Aws>, state: Self) -> Result<()> {
        let answer = cx.client().ec2.disassociate_route_table().association_id(state.id.text()).send().await.fault();
        cx.client().tables.changed();
        Ok(gone_is_fine(answer, &["InvalidAssociationID"])?)
    }

    async fn import(_cx: &Call<Aws>, id: &str) -> Result<Self> {
        if id.starts_with("rtbassoc-") {
            return Ok(Self { id: id.into(), ..Self::default() });
        }
        let Some((part, table)) = id.split_once('/') else {
            return Err(Error::new("this is no association").detail(
                "Name the subnet (or gateway) and the route table: subnet-0123456789abcdef0/rtb-0123456789abcdef0.",
            ));
        };
        let mut state = Self { route_table_id: table.into(), ..Self::default() };
        if part.starts_with("subnet-") {
            state.subnet_id = part.into();
        } else {
            state.gateway_id = part.into();
        }
        Ok(state)
    }
}

const ACCUSED: &[(&str, &str)] = &[
    ("InvalidSubnetID.NotFound", "subnet_id"),
    ("InvalidRouteTableID.NotFound", "route_table_id"),
    ("Resource.AlreadyAssociated", "subnet_id"),
];

impl RouteTableAssociation {
    fn names(&self) -> String {
        let part = self.subnet_id.known().or(self.gateway_id.known()).map_or("", String::as_str);
        format!("{part} with {}", self.route_table_id.text())
    }
}

/// The association that the subnet (or gateway) has now, and its table: the one that it had, if it still has it.
async fn look(cx: &Call<Aws>, state: &RouteTableAssociation) -> Result<Option<(String, types::RouteTableAssociation)>> {
    let (name, id) = match (state.subnet_id.known(), state.gateway_id.known()) {
        (Some(subnet), _) => ("association.subnet-id", subnet),
        (None, Some(gateway)) => ("association.gateway-id", gateway),
        (None, None) => ("association.route-table-association-id", state.id.known().ok_or_else(nameless)?),
    };
    if let Some(table) = state.route_table_id.known()
        && let Some(seen) = target::table_of(cx.client(), table).await?
        && let Some(part) = part_of(&seen, id)
    {
        return Ok(Some((table.clone(), part.clone())));
    }
    let answer = cx.client().ec2.describe_route_tables().filters(filter(name, id)).send().await.fault()?;
    let mut parts = answer.route_tables().iter().filter_map(|table| Some((table, part_of(table, id)?)));
    let found = parts.next();
    Ok(found.map(|(table, part)| (table.route_table_id().unwrap_or_default().to_owned(), part.clone())))
}

/// The association of a table with the subnet or gateway of this id, or that has this id itself.
fn part_of<'a>(table: &'a types::RouteTable, id: &str) -> Option<&'a types::RouteTableAssociation> {
    table.associations().iter().find(|part| {
        let ids = [part.subnet_id(), part.gateway_id(), part.route_table_association_id()];
        let state = part.association_state().and_then(|state| state.state());
        ids.contains(&Some(id)) && !state.is_some_and(|code| code.as_str().starts_with("disassocia"))
    })
}

fn nameless() -> Error {
    Error::new("it names neither a subnet nor a gateway").detail("This is a bug of the provider.")
}

fn absorb(
    mut state: RouteTableAssociation,
    table: String,
    part: &types::RouteTableAssociation,
) -> RouteTableAssociation {
    state.id = part.route_table_association_id.clone().into();
    state.route_table_id = table.into();
    state.subnet_id = part.subnet_id.clone().filter(|id| !id.is_empty()).into();
    state.gateway_id = part.gateway_id.clone().filter(|id| !id.is_empty()).into();
    state
}

#[cfg(test)]
mod tests;
