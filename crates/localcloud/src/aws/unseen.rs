//! Eventual consistency: what was made is not seen by other calls for a while, as AWS's documentation warns. Pure.
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/query-api-troubleshooting.html#eventual-consistency>

use std::collections::BTreeMap;

use bytes::Bytes;
use http::StatusCode;

use super::action::Action;
use super::behaviour::Refusal;
use super::xml::{field, map_items};

/// How the objects of one kind are made, named, listed and missed.
struct Kind {
    service: &'static str,
    create: &'static str,
    /// Where the name stands: an element of the answer (EC2), a parameter of the call (IAM), a field of `KeyMetadata` (KMS).
    name: &'static str,
    /// The list of the answer of a describing call, where there is one.
    list: &'static str,
    status: StatusCode,
    code: &'static str,
}

const fn ec2(create: &'static str, name: &'static str, list: &'static str, code: &'static str) -> Kind {
    Kind { service: "ec2", create, name, list, status: StatusCode::BAD_REQUEST, code }
}

const fn iam(create: &'static str, name: &'static str) -> Kind {
    Kind { service: "iam", create, name, list: "", status: StatusCode::NOT_FOUND, code: "NoSuchEntity" }
}

const KINDS: &[Kind] = &[
    ec2("CreateVpc", "vpcId", "vpcSet", "InvalidVpcID.NotFound"),
    ec2("CreateSubnet", "subnetId", "subnetSet", "InvalidSubnetID.NotFound"),
    ec2("CreateInternetGateway", "internetGatewayId", "internetGatewaySet", "InvalidInternetGatewayID.NotFound"),
    ec2("AllocateAddress", "allocationId", "addressesSet", "InvalidAllocationID.NotFound"),
    ec2("CreateNatGateway", "natGatewayId", "natGatewaySet", "NatGatewayNotFound"),
    ec2("CreateVpcEndpoint", "vpcEndpointId", "vpcEndpointSet", "InvalidVpcEndpointId.NotFound"),
    ec2("CreateSecurityGroup", "groupId", "securityGroupInfo", "InvalidGroup.NotFound"),
    ec2("CreateRouteTable", "routeTableId", "routeTableSet", "InvalidRouteTableID.NotFound"),
    iam("CreateRole", "RoleName"),
    iam("CreatePolicy", "PolicyName"),
    iam("CreateInstanceProfile", "InstanceProfileName"),
    Kind {
        service: "kms",
        create: "CreateKey",
        name: "KeyId",
        list: "",
        status: StatusCode::BAD_REQUEST,
        code: "NotFoundException",
    },
];

/// What is not seen yet: by account and name, until when, and what is said about it.
#[derive(Default)]
pub(super) struct Unseen(BTreeMap<(Option<String>, String), (i64, &'static Kind)>);

impl std::fmt::Debug for Unseen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Unseen {
    /// Hides what a call made until a time. S3 hides nothing: it is consistent.
    pub(super) fn hide(&mut self, action: &Action, answer: &[u8], until: i64) {
        let kind = KINDS.iter().find(|kind| kind.service == action.service && kind.create == action.name);
        let Some(kind) = kind else { return };
        let text = String::from_utf8_lossy(answer);
        let name = match kind.service {
            "ec2" => field(&text, kind.name).map(str::to_owned),
            "iam" => action.parameter(kind.name).map(str::to_owned),
            _ => serde_json::from_str::<serde_json::Value>(&text)
                .ok()
                .and_then(|answer| answer.get("KeyMetadata")?.get(kind.name)?.as_str().map(str::to_owned)),
        };
        if let Some(name) = name {
            self.0.insert((action.account.clone(), name), (until, kind));
        }
    }

    /// The refusal of a call that names what is not seen yet.
    pub(super) fn refusal(&self, action: &Action, body: &[u8], now: i64) -> Option<Refusal> {
        let names = |name: &str, kind: &Kind| match kind.service {
            "iam" => action.parameter(kind.name) == Some(name),
            "ec2" => action.parameters.values().any(|value| value == name),
            _ => String::from_utf8_lossy(body).contains(name),
        };
        self.young(action, now).find(|(name, kind)| names(name, kind)).map(|(name, kind)| Refusal {
            status: kind.status,
            code: kind.code,
            message: format!("The ID '{name}' does not exist"),
        })
    }

    /// Moto's answer without what is not seen yet.
    pub(super) fn without(&self, action: &Action, answer: Bytes, now: i64) -> Bytes {
        let mut hidden = self.young(action, now).filter(|(_, kind)| !kind.list.is_empty()).peekable();
        if hidden.peek().is_none() || !action.name.starts_with("Describe") {
            return answer;
        }
        let Ok(xml) = std::str::from_utf8(&answer) else { return answer };
        let without = hidden.fold(xml.to_owned(), |xml, (name, kind)| {
            map_items(&xml, kind.list, |item| (field(item, kind.name) != Some(name)).then(|| item.to_owned()))
        });
        without.into()
    }

    /// What is not seen yet by the calls of an account to a service.
    fn young(&self, action: &Action, now: i64) -> impl Iterator<Item = (&str, &'static Kind)> {
        let (account, service) = (action.account.clone(), action.service.clone());
        self.0
            .iter()
            .filter(move |((owner, _), (until, kind))| *owner == account && *until > now && kind.service == service)
            .map(|((_, name), (_, kind))| (name.as_str(), *kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(name: &str, parameters: &[(&str, &str)]) -> Action {
        let (service, name) = name.split_once(':').unwrap();
        Action {
            service: service.to_owned(),
            name: name.to_owned(),
            parameters: parameters.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            ..Action::default()
        }
    }

    #[test]
    fn what_was_made_is_not_seen_for_a_while() {
        let mut unseen = Unseen::default();
        unseen.hide(&action("ec2:CreateVpc", &[]), b"<vpc><vpcId>vpc-1</vpcId></vpc>", 10);
        unseen.hide(&action("iam:CreateRole", &[("RoleName", "lake")]), b"", 10);
        unseen.hide(&action("kms:CreateKey", &[]), br#"{"KeyMetadata": {"KeyId": "k-1"}}"#, 10);
        unseen.hide(&action("s3:CreateBucket", &[]), b"", 10);
        let check = |name: &str, parameters: &[(&str, &str)], body: &str, now: i64, expected: Option<&str>| {
            let code = unseen.refusal(&action(name, parameters), body.as_bytes(), now).map(|refusal| refusal.code);
            assert_eq!(code, expected, "{name} {parameters:?} {body} at {now}");
        };
        check("ec2:CreateSubnet", &[("VpcId", "vpc-1")], "", 5, Some("InvalidVpcID.NotFound"));
        check("ec2:DescribeVpcs", &[("VpcId.1", "vpc-1")], "", 9, Some("InvalidVpcID.NotFound"));
        check("ec2:DescribeVpcs", &[("VpcId.1", "vpc-1")], "", 10, None);
        check("ec2:DescribeVpcs", &[("VpcId.1", "vpc-2")], "", 5, None);
        check("iam:GetRole", &[("RoleName", "lake")], "", 5, Some("NoSuchEntity"));
        check("iam:GetPolicy", &[("PolicyName", "lake")], "", 5, None);
        check("kms:DescribeKey", &[], r#"{"KeyId": "k-1"}"#, 5, Some("NotFoundException"));
        let other = Action { account: Some("1".to_owned()), ..action("iam:GetRole", &[("RoleName", "lake")]) };
        assert_eq!(unseen.refusal(&other, b"", 5), None);
    }

    #[test]
    fn a_list_leaves_out_what_is_not_seen() {
        let mut unseen = Unseen::default();
        unseen.hide(&action("ec2:CreateVpc", &[]), b"<vpcId>vpc-1</vpcId>", 10);
        let item = |id: &str| format!("<item><vpcId>{id}</vpcId></item>");
        let all = format!("<vpcSet>{}{}</vpcSet>", item("vpc-1"), item("vpc-2"));
        let describe = action("ec2:DescribeVpcs", &[]);
        let seen = |now| unseen.without(&describe, Bytes::from(all.clone()), now);
        assert_eq!(seen(5), Bytes::from(format!("<vpcSet>{}</vpcSet>", item("vpc-2"))));
        assert_eq!(seen(10), Bytes::from(all.clone()));
    }
}
