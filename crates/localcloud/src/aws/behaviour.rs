//! What AWS does and moto does not, for the network: states that take their time, refusals while something depends on an object,
//! client tokens, and filters by tag. Pure: calls come in with the time, rewritten calls and answers go out.
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Welcome.html>

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use http::StatusCode;

use super::action::Action;
use super::filters::{list, passes, widened};
use super::flow_logs::{self, FlowLogs};
use super::objects::{Endpoint, Life, Nat, Standing};
use super::xml::{field, map_items, with_field};

/// What was seen so far.
#[derive(Debug, Default)]
pub(super) struct Behaviour {
    nats: BTreeMap<String, Nat>,
    endpoints: BTreeMap<String, Endpoint>,
    flow_logs: FlowLogs,
    /// Groups, addresses and flow logs that are gone: moto keeps their tags.
    gone: BTreeSet<String>,
    /// Answers by account, action and client token, with the parameters that they belong to.
    tokens: BTreeMap<Token, (BTreeMap<String, String>, Bytes)>,
}

/// The account, the action and the client token of a call.
type Token = (Option<String>, String, String);

fn token(action: &Action) -> Option<Token> {
    let token = action.parameter("ClientToken").filter(|token| !token.is_empty())?;
    Some((action.account.clone(), action.name.clone(), token.to_owned()))
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
}

/// What is to be done with a call before moto sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Before {
    /// Pass it on.
    Pass,
    /// Pass it on with more parameters.
    PassWith(String),
    /// Answer what was answered to the same client token.
    Repeat(Bytes),
    /// Refuse it.
    Refuse(Refusal),
}

fn refuse(code: &'static str, message: String) -> Before {
    Before::Refuse(Refusal { status: StatusCode::BAD_REQUEST, code, message })
}

impl Behaviour {
    /// How much stands of what costs by the hour.
    pub(super) fn standing(&self) -> Standing {
        let endpoints = self.endpoints.values().filter(|endpoint| !endpoint.life.is_ending());
        Standing {
            nat_gateways: self.nats.values().filter(|nat| !nat.life.is_ending()).count(),
            endpoint_interfaces: endpoints.map(|endpoint| endpoint.subnets.len()).sum(),
        }
    }

    /// Looks at a call before moto does.
    pub(super) fn before(&self, action: &Action, now: i64) -> Before {
        if action.service != "ec2" {
            return Before::Pass;
        }
        if let Some(token) = token(action)
            && let Some((parameters, answer)) = self.tokens.get(&token)
        {
            return if *parameters == action.parameters {
                Before::Repeat(answer.clone())
            } else {
                let message = format!("The client token {} was used with other parameters.", token.2);
                refuse("IdempotentParameterMismatch", message)
            };
        }
        match self.checked(action, now) {
            Before::Pass | Before::PassWith(_) if action.parameter("DryRun").is_some_and(is_true) => {
                Before::Refuse(Refusal {
                    status: StatusCode::PRECONDITION_FAILED,
                    code: "DryRunOperation",
                    message: "Request would have succeeded, but DryRun flag is set.".to_owned(),
                })
            }
            checked => checked,
        }
    }

    /// Whether AWS would do what is asked for, where moto does not look.
    fn checked(&self, action: &Action, now: i64) -> Before {
        let id = |name: &str| action.parameter(name).unwrap_or_default();
        let nats = || self.nats.iter().filter(move |(_, nat)| nat.life.state(now) != "deleted");
        let endpoints = || self.endpoints.iter().filter(move |(_, endpoint)| endpoint.life.state(now) != "deleted");
        match action.name.as_str() {
            "ReleaseAddress" => match nats().find(|(_, nat)| nat.allocation.as_deref() == Some(id("AllocationId"))) {
                Some(_) => {
                    refuse("AuthFailure", "You do not have permission to access the specified resource.".to_owned())
                }
                None => Before::Pass,
            },
            "DeleteNatGateway" if !self.nats.contains_key(id("NatGatewayId")) => {
                refuse("NatGatewayNotFound", format!("The Nat Gateway {} was not found", id("NatGatewayId")))
            }
            "DeleteSubnet" => {
                let subnet = id("SubnetId");
                let used = nats().any(|(_, nat)| nat.subnet == subnet)
                    || endpoints().any(|(_, endpoint)| endpoint.subnets.contains(subnet));
                if used {
                    let message = format!("The subnet '{subnet}' has dependencies and cannot be deleted.");
                    return refuse("DependencyViolation", message);
                }
                Before::Pass
            }
            "DeleteSecurityGroup" => {
                let group = id("GroupId");
                if endpoints().any(|(_, endpoint)| endpoint.groups.contains(group)) {
                    return refuse("DependencyViolation", format!("resource {group} has a dependent object"));
                }
                Before::Pass
            }
            "DetachInternetGateway" => {
                let vpc = id("VpcId");
                if nats().any(|(_, nat)| nat.vpc == vpc && nat.allocation.is_some()) {
                    let message = format!(
                        "Network {vpc} has some mapped public address(es). Please unmap those public address(es) before \
                         detaching the gateway."
                    );
                    return refuse("DependencyViolation", message);
                }
                Before::Pass
            }
            "CreateVpcEndpoint" if is_true(id("PrivateDnsEnabled")) => {
                let (vpc, service) = (id("VpcId"), id("ServiceName"));
                let other = endpoints().any(|(_, one)| one.vpc == vpc && one.service == service && one.private_dns);
                if other {
                    let message = format!(
                        "private-dns-enabled cannot be set because there is already a conflicting DNS domain for {service} in \
                         the VPC {vpc}"
                    );
                    return refuse("InvalidParameter", message);
                }
                Before::Pass
            }
            "DescribeVpcEndpoints" => {
                let gone = list(action, "VpcEndpointId")
                    .into_iter()
                    .find(|id| self.endpoints.get(*id).is_some_and(|endpoint| endpoint.life.state(now) == "deleted"));
                match gone {
                    Some(id) => {
                        refuse("InvalidVpcEndpointId.NotFound", format!("The Vpc Endpoint Id '{id}' does not exist"))
                    }
                    None => widened(action),
                }
            }
            "DescribeNatGateways" => widened(action),
            _ => Before::Pass,
        }
    }

    /// Looks at moto's good answer, and answers what AWS would.
    pub(super) fn after(&mut self, action: &Action, answer: Bytes, now: i64, delay: i64) -> Bytes {
        if action.service != "ec2" {
            return answer;
        }
        let Ok(xml) = std::str::from_utf8(&answer) else { return answer };
        let rewritten = match action.name.as_str() {
            "CreateNatGateway" => {
                self.learn_nat(xml, now.saturating_add(delay));
                self.nat_states(xml, "natGateway", action, now)
            }
            "DescribeNatGateways" => self.nat_states(xml, "natGatewaySet", action, now),
            "DeleteNatGateway" => {
                if let Some(nat) = action.parameter("NatGatewayId").and_then(|id| self.nats.get_mut(id)) {
                    nat.life.end(now.saturating_add(delay));
                }
                xml.to_owned()
            }
            "CreateVpcEndpoint" => {
                self.learn_endpoint(action, xml, now, delay);
                self.endpoint_states(xml, "vpcEndpoint", action, now)
            }
            "DescribeVpcEndpoints" => self.endpoint_states(xml, "vpcEndpointSet", action, now),
            "ModifyVpcEndpoint" => {
                self.modify_endpoint(action);
                xml.to_owned()
            }
            "DeleteVpcEndpoints" => self.delete_endpoints(action, xml, now, delay),
            "DeleteSecurityGroup" | "ReleaseAddress" => {
                let id = action.parameter("GroupId").or_else(|| action.parameter("AllocationId"));
                self.gone.extend(id.map(str::to_owned));
                xml.to_owned()
            }
            "CreateFlowLogs" => {
                self.flow_logs.learn(action, xml);
                xml.to_owned()
            }
            "DescribeFlowLogs" => self.flow_logs.described(xml),
            "DeleteFlowLogs" => {
                self.gone.extend(flow_logs::deleted(action));
                xml.to_owned()
            }
            "DescribeTags" => self.tags(xml, now),
            _ => return self.remember(action, answer),
        };
        self.remember(action, Bytes::from(rewritten))
    }

    /// The parameters of the calls that do what AWS does by itself after this one: a deleted NAT gateway lets go of what it held, and a
    /// deleted route table is no more one of a gateway endpoint's, which moto could not delete otherwise.
    pub(super) fn aftermath(&mut self, action: &Action) -> Vec<String> {
        match action.full_name().as_str() {
            "ec2:DeleteNatGateway" => self.freed(action.parameter("NatGatewayId").unwrap_or_default()),
            "ec2:DeleteRouteTable" => self.forgotten(action.parameter("RouteTableId").unwrap_or_default()),
            _ => Vec::new(),
        }
    }

    fn forgotten(&mut self, table: &str) -> Vec<String> {
        let users = self.endpoints.iter_mut().filter_map(|(id, endpoint)| endpoint.tables.remove(table).then_some(id));
        users
            .map(|id| {
                format!("Action=ModifyVpcEndpoint&Version=2016-11-15&VpcEndpointId={id}&RemoveRouteTableId.1={table}")
            })
            .collect()
    }

    fn freed(&self, nat: &str) -> Vec<String> {
        let Some(nat) = self.nats.get(nat) else { return Vec::new() };
        let address = nat
            .association
            .iter()
            .map(|id| format!("Action=DisassociateAddress&Version=2016-11-15&AssociationId={id}"));
        let interface = nat
            .interface
            .iter()
            .map(|id| format!("Action=DeleteNetworkInterface&Version=2016-11-15&NetworkInterfaceId={id}"));
        address.chain(interface).collect()
    }

    fn remember(&mut self, action: &Action, answer: Bytes) -> Bytes {
        if let Some(token) = token(action) {
            self.tokens.insert(token, (action.parameters.clone(), answer.clone()));
        }
        answer
    }

    fn learn_nat(&mut self, xml: &str, ready: i64) {
        let text = |name: &str| field(xml, name).map(str::to_owned);
        let (Some(id), Some(subnet), Some(vpc)) = (text("natGatewayId"), text("subnetId"), text("vpcId")) else {
            return;
        };
        let nat = Nat {
            subnet,
            vpc,
            allocation: text("allocationId"),
            association: text("associationId"),
            interface: text("networkInterfaceId"),
            life: Life::from(ready),
        };
        self.nats.insert(id, nat);
    }

    fn learn_endpoint(&mut self, action: &Action, xml: &str, now: i64, delay: i64) {
        let Some(id) = field(xml, "vpcEndpointId") else { return };
        let interface = field(xml, "vpcEndpointType") == Some("Interface");
        let owned = |name: &str| list(action, name).into_iter().map(str::to_owned).collect();
        let endpoint = Endpoint {
            vpc: field(xml, "vpcId").unwrap_or_default().to_owned(),
            service: field(xml, "serviceName").unwrap_or_default().to_owned(),
            private_dns: interface && is_true(action.parameter("PrivateDnsEnabled").unwrap_or_default()),
            subnets: owned("SubnetId"),
            groups: owned("SecurityGroupId"),
            tables: owned("RouteTableId"),
            // A gateway endpoint is a route: it is there at once.
            life: Life::from(if interface { now.saturating_add(delay) } else { now }),
        };
        self.endpoints.insert(id.to_owned(), endpoint);
    }

    fn modify_endpoint(&mut self, action: &Action) {
        let endpoint = action.parameter("VpcEndpointId").and_then(|id| self.endpoints.get_mut(id));
        let Some(endpoint) = endpoint else { return };
        endpoint.subnets.extend(list(action, "AddSubnetId").into_iter().map(str::to_owned));
        endpoint.groups.extend(list(action, "AddSecurityGroupId").into_iter().map(str::to_owned));
        endpoint.tables.extend(list(action, "AddRouteTableId").into_iter().map(str::to_owned));
        for id in list(action, "RemoveRouteTableId") {
            endpoint.tables.remove(id);
        }
        for id in list(action, "RemoveSubnetId") {
            endpoint.subnets.remove(id);
        }
        for id in list(action, "RemoveSecurityGroupId") {
            endpoint.groups.remove(id);
        }
        if let Some(enabled) = action.parameter("PrivateDnsEnabled") {
            endpoint.private_dns = is_true(enabled);
        }
    }

    fn delete_endpoints(&mut self, action: &Action, xml: &str, now: i64, delay: i64) -> String {
        let mut unknown = String::new();
        for id in list(action, "VpcEndpointId") {
            match self.endpoints.get_mut(id) {
                Some(endpoint) if !endpoint.life.is_ending() => {
                    // A gateway endpoint is a route: it is gone at once.
                    endpoint.life.end(if endpoint.subnets.is_empty() { now } else { now.saturating_add(delay) });
                }
                Some(endpoint) if endpoint.life.state(now) == "deleting" => {}
                _ => unknown.push_str(&format!(
                    "<item><error><code>InvalidVpcEndpointId.NotFound</code><message>The Vpc Endpoint Id '{id}' does not \
                     exist</message></error><resourceId>{id}</resourceId></item>"
                )),
            }
        }
        xml.replacen("<unsuccessful/>", &format!("<unsuccessful>{unknown}</unsuccessful>"), 1)
    }

    /// Moto's answer with the states of AWS; `list` is a list, or the one element of a create.
    fn nat_states(&self, xml: &str, list: &str, action: &Action, now: i64) -> String {
        let change = |item: &str| match field(item, "natGatewayId").and_then(|id| self.nats.get(id)) {
            Some(nat) => with_field(item, "state", nat.life.state(now)),
            None => item.to_owned(),
        };
        if list == "natGateway" {
            return change(xml);
        }
        map_items(xml, list, |item| Some(change(item)).filter(|item| passes(item, action)))
    }

    /// Tags without those of what is gone. A deleted NAT gateway shows them for an hour, as it shows itself; moto has other
    /// words for some types.
    /// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TagDescription.html>
    fn tags(&self, xml: &str, now: i64) -> String {
        let is_gone = |id: &str| {
            self.gone.contains(id)
                || self.endpoints.get(id).is_some_and(|endpoint| endpoint.life.state(now) == "deleted")
        };
        map_items(xml, "tagSet", |item| match field(item, "resourceType") {
            _ if field(item, "resourceId").is_some_and(is_gone) => None,
            Some("nat-gateway") => Some(with_field(item, "resourceType", "natgateway")),
            Some("flow-logs") => Some(with_field(item, "resourceType", "vpc-flow-log")),
            _ => Some(item.to_owned()),
        })
    }

    fn endpoint_states(&self, xml: &str, list: &str, action: &Action, now: i64) -> String {
        let change = |item: &str| match field(item, "vpcEndpointId").and_then(|id| self.endpoints.get(id)) {
            Some(endpoint) => with_field(item, "state", endpoint.life.state(now)),
            None => item.to_owned(),
        };
        if list == "vpcEndpoint" {
            return change(xml);
        }
        map_items(xml, list, |item| {
            Some(change(item)).filter(|item| field(item, "state") != Some("deleted") && passes(item, action))
        })
    }
}

fn is_true(text: &str) -> bool {
    text.eq_ignore_ascii_case("true")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(name: &str, parameters: &[(&str, &str)]) -> Action {
        Action {
            service: "ec2".to_owned(),
            name: name.to_owned(),
            parameters: parameters.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            ..Action::default()
        }
    }

    const NAT: &str = "<natGateway><natGatewayAddressSet><item><allocationId>eip-1</allocationId>\
        <networkInterfaceId>eni-1</networkInterfaceId><associationId>assoc-1</associationId></item></natGatewayAddressSet>\
        <natGatewayId>nat-1</natGatewayId><state>available</state><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId>\
        <tagSet><item><key>marker</key><value>7</value></item></tagSet></natGateway>";

    fn described(state: &str) -> String {
        let item = NAT.replace("natGateway>", "item>").replace("available", state);
        format!("<natGatewaySet>{item}</natGatewaySet>")
    }

    fn with_nat() -> Behaviour {
        let mut behaviour = Behaviour::default();
        let made = behaviour.after(&action("CreateNatGateway", &[]), NAT.into(), 0, 10);
        assert!(std::str::from_utf8(&made).unwrap().contains("<state>pending</state>"));
        behaviour
    }

    fn seen(behaviour: &mut Behaviour, moto: &str, filters: &[(&str, &str)], now: i64) -> Option<String> {
        let answer = behaviour.after(&action("DescribeNatGateways", filters), described(moto).into(), now, 10);
        field(std::str::from_utf8(&answer).unwrap(), "state").map(str::to_owned)
    }

    #[test]
    fn a_nat_gateway_takes_its_time() {
        let mut nat = with_nat();
        assert_eq!(seen(&mut nat, "available", &[], 5).as_deref(), Some("pending"));
        assert_eq!(seen(&mut nat, "available", &[], 10).as_deref(), Some("available"));
        nat.after(&action("DeleteNatGateway", &[("NatGatewayId", "nat-1")]), "".into(), 20, 10);
        assert_eq!(seen(&mut nat, "deleted", &[], 25).as_deref(), Some("deleting"));
        assert_eq!(seen(&mut nat, "deleted", &[], 30).as_deref(), Some("deleted"));
    }

    #[test]
    fn filters_by_state_and_tag_see_what_aws_shows() {
        let mut nat = with_nat();
        let pending = [("Filter.1.Name", "state"), ("Filter.1.Value.1", "pending")];
        assert_eq!(seen(&mut nat, "available", &pending, 5).as_deref(), Some("pending"));
        assert_eq!(seen(&mut nat, "available", &pending, 15), None);
        let widened = nat.before(&action("DescribeNatGateways", &pending), 5);
        assert_eq!(widened, Before::PassWith("&Filter.1.Value.2=available&Filter.1.Value.3=deleted".to_owned()));
        let tag = |value| [("Filter.1.Name", "tag:marker"), ("Filter.1.Value.1", value)];
        assert!(seen(&mut nat, "available", &tag("7"), 15).is_some());
        assert!(seen(&mut nat, "available", &tag("8"), 15).is_none());
    }

    #[test]
    fn what_a_nat_gateway_needs_cannot_be_removed_while_it_lives() {
        let mut nat = with_nat();
        let check = |nat: &Behaviour, call: &Action, now: i64, expected: Option<&str>| {
            let code = match nat.before(call, now) {
                Before::Refuse(refusal) => Some(refusal.code),
                _ => None,
            };
            assert_eq!(code, expected, "{call:?} at {now}");
        };
        let release = action("ReleaseAddress", &[("AllocationId", "eip-1")]);
        let subnet = action("DeleteSubnet", &[("SubnetId", "subnet-1")]);
        let detach = action("DetachInternetGateway", &[("VpcId", "vpc-1")]);
        check(&nat, &release, 5, Some("AuthFailure"));
        check(&nat, &subnet, 5, Some("DependencyViolation"));
        check(&nat, &detach, 5, Some("DependencyViolation"));
        let delete = action("DeleteNatGateway", &[("NatGatewayId", "nat-1")]);
        nat.after(&delete, "".into(), 20, 10);
        assert_eq!(nat.aftermath(&delete).len(), 2);
        check(&nat, &release, 29, Some("AuthFailure"));
        for call in [&release, &subnet, &detach] {
            check(&nat, call, 30, None);
        }
        check(&nat, &action("DeleteNatGateway", &[("NatGatewayId", "nat-2")]), 30, Some("NatGatewayNotFound"));
    }

    #[test]
    fn a_client_token_makes_one_object() {
        let mut behaviour = Behaviour::default();
        let first = action("CreateVpcEndpoint", &[("ClientToken", "t"), ("VpcId", "vpc-1")]);
        assert_eq!(behaviour.before(&first, 0), Before::Pass);
        let answer = behaviour.after(&first, "<vpcEndpointId>vpce-1</vpcEndpointId>".into(), 0, 10);
        assert_eq!(behaviour.before(&first, 1), Before::Repeat(answer));
        let other = action("CreateVpcEndpoint", &[("ClientToken", "t"), ("VpcId", "vpc-2")]);
        assert!(matches!(
            behaviour.before(&other, 1),
            Before::Refuse(Refusal { code: "IdempotentParameterMismatch", .. })
        ));
    }

    #[test]
    fn an_interface_endpoint_takes_its_time_and_vanishes() {
        let mut behaviour = Behaviour::default();
        let parameters = [
            ("VpcId", "vpc-1"),
            ("ServiceName", "sts"),
            ("PrivateDnsEnabled", "true"),
            ("SubnetId.1", "subnet-1"),
            ("SecurityGroupId.1", "sg-1"),
        ];
        let create = action("CreateVpcEndpoint", &parameters);
        let made = "<vpcEndpoint><vpcEndpointId>vpce-1</vpcEndpointId><vpcEndpointType>Interface</vpcEndpointType>\
            <vpcId>vpc-1</vpcId><serviceName>sts</serviceName><state>available</state></vpcEndpoint>";
        let listed = format!("<vpcEndpointSet>{}</vpcEndpointSet>", made.replace("vpcEndpoint>", "item>"));
        let made = behaviour.after(&create, made.into(), 0, 10);
        assert!(std::str::from_utf8(&made).unwrap().contains("<state>pending</state>"));
        assert!(matches!(behaviour.before(&create, 1), Before::Refuse(Refusal { code: "InvalidParameter", .. })));
        let group = action("DeleteSecurityGroup", &[("GroupId", "sg-1")]);
        assert!(matches!(behaviour.before(&group, 1), Before::Refuse(_)));
        let delete = action("DeleteVpcEndpoints", &[("VpcEndpointId.1", "vpce-1"), ("VpcEndpointId.2", "vpce-9")]);
        let deleted = behaviour.after(&delete, "<unsuccessful/>".into(), 20, 10);
        assert_eq!(field(std::str::from_utf8(&deleted).unwrap(), "resourceId"), Some("vpce-9"));
        let describe = action("DescribeVpcEndpoints", &[]);
        let mut state = |now| {
            let answer = behaviour.after(&describe, listed.clone().into(), now, 10);
            field(std::str::from_utf8(&answer).unwrap(), "state").map(str::to_owned)
        };
        assert_eq!(state(25).as_deref(), Some("deleting"));
        assert_eq!(state(30), None);
        assert_eq!(behaviour.before(&group, 30), Before::Pass);
        let by_id = action("DescribeVpcEndpoints", &[("VpcEndpointId.1", "vpce-1")]);
        assert!(matches!(behaviour.before(&by_id, 30), Before::Refuse(_)));
        let mut tagged = |now| tagged(&mut behaviour, &["vpce-1", "sg-1"], now);
        assert_eq!(tagged(29), ["vpce-1", "sg-1"]);
        assert_eq!(tagged(30), ["sg-1"]);
    }

    /// Of these objects, those whose tags are shown.
    fn tagged(behaviour: &mut Behaviour, ids: &[&'static str], now: i64) -> Vec<&'static str> {
        let items: String = ids.iter().map(|id| format!("<item><resourceId>{id}</resourceId></item>")).collect();
        let answer = behaviour.after(&action("DescribeTags", &[]), format!("<tagSet>{items}</tagSet>").into(), now, 10);
        let answer = std::str::from_utf8(&answer).unwrap();
        ids.iter().copied().filter(|id| answer.contains(id)).collect()
    }

    #[test]
    fn what_is_gone_shows_no_tags_but_for_a_nat_gateway() {
        let mut nat = with_nat();
        let ids = ["nat-1", "eip-1", "sg-1", "sg-2"];
        nat.after(&action("DeleteNatGateway", &[("NatGatewayId", "nat-1")]), "".into(), 20, 10);
        assert_eq!(tagged(&mut nat, &ids, 30), ids);
        nat.after(&action("ReleaseAddress", &[("AllocationId", "eip-1")]), "".into(), 30, 10);
        nat.after(&action("DeleteSecurityGroup", &[("GroupId", "sg-1")]), "".into(), 30, 10);
        assert_eq!(tagged(&mut nat, &ids, 30), ["nat-1", "sg-2"]);
    }
}
