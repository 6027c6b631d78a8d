//! databricks_aws_route_table_association: which route table a subnet uses.
//! API: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateRouteTable.html>.

use aws_sdk_ec2::types::{self, RouteTableAssociationStateCode as StateCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{
    Attr, COMPUTED, Call, Diagnostic, Error, Failed, Marker, OPTIONAL, Probe, REQUIRED, Resource, Result, Timeouts,
};

use super::client::Aws;
use super::create::{VISIBLE_WITHIN, retrying, settled};
use super::ec2::{OrFail, filter};
use super::errors::{Explain, Fault, gone_is_fine};

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
        if config.subnet_id.is_null() == config.gateway_id.is_null() {
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
        let answer = answer.map_err(|fault| fault.when_at(&format!("associate {}", plan.names()), ACCUSED))?;
        Ok(Self { id: answer.association_id.into(), ..plan })
    }

    async fn ready(cx: &Call<Aws>, state: Self) -> Result<Self> {
        let what = format!("association of {}", state.names());
        settled(cx, &what, || async {
            let Some((table, part)) = look(cx, &state).await? else { return Ok(None) };
            let code = part.association_state().and_then(|state| state.state()).unwrap_or(&StateCode::Associated);
            match code {
                StateCode::Associating => Ok(Some(Probe::Waiting("associating".to_owned()))),
                StateCode::Failed => {
                    let reason = part.association_state().and_then(|state| state.status_message()).unwrap_or_default();
                    Err(Error::new(format!("The {what} failed")).detail(reason.to_owned()))
                }
                _ => Ok(Some(Probe::Done(absorb(state.clone(), table, &part)))),
            }
        })
        .await
    }

    async fn find(cx: &Call<Aws>, plan: &Self, _marker: &Marker) -> Result<Option<Self>> {
        let found = Self::read(cx, Self { id: Attr::Null, ..plan.clone() }).await?;
        Ok(found.filter(|found| found.route_table_id == plan.route_table_id))
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
        let answer = answer.map_err(|fault| {
            Failed::with(fault.when_at(&format!("associate {}", plan.names()), ACCUSED), state.clone())
        })?;
        Ok(Self { id: answer.new_association_id.into(), ..plan })
    }

    async fn delete(cx: &Call<Aws>, state: Self) -> Result<()> {
        let answer = cx.client().ec2.disassociate_route_table().association_id(state.id.text()).send().await.fault();
        gone_is_fine(answer).or_fail(&format!("end the association of {}", state.names()))
    }

    async fn import(_cx: &Call<Aws>, id: &str) -> Result<Self> {
        if id.starts_with("rtbassoc-") {
            return Ok(Self { id: id.into(), ..Self::default() });
        }
        let Some((part, table)) = id.split_once('/') else {
            return Err(Error::new(format!("{id:?} is no association")).detail(
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

/// The association that the subnet (or gateway) has now, and its table.
async fn look(cx: &Call<Aws>, state: &RouteTableAssociation) -> Result<Option<(String, types::RouteTableAssociation)>> {
    let (name, id) = match (state.subnet_id.known(), state.gateway_id.known()) {
        (Some(subnet), _) => ("association.subnet-id", subnet),
        (None, Some(gateway)) => ("association.gateway-id", gateway),
        (None, None) => ("association.route-table-association-id", state.id.known().ok_or_else(nameless)?),
    };
    let answer = cx.client().ec2.describe_route_tables().filters(filter(name, id)).send().await;
    let answer = answer.when(&format!("read the association of {}", state.names()))?;
    let tables = answer.route_tables().iter();
    let mut parts = tables
        .flat_map(|table| table.associations().iter().map(|part| (table.route_table_id().unwrap_or_default(), part)));
    let found = parts.find(|(_, part)| {
        let ids = [part.subnet_id(), part.gateway_id(), part.route_table_association_id()];
        let gone = part
            .association_state()
            .and_then(|state| state.state())
            .is_some_and(|code| code.as_str().starts_with("disassocia"));
        ids.contains(&Some(id.as_str())) && !gone
    });
    Ok(found.map(|(table, part)| (table.to_owned(), part.clone())))
}

fn nameless() -> Error {
    Error::new("The association names neither a subnet nor a gateway").detail("This is a bug of the provider.")
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
