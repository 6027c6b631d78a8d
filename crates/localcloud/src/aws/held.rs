//! What the AWS side holds: every object that somebody made and did not delete, asked from it by the calls that list them. What AWS makes
//! of itself (a default VPC with all that is in it, a VPC's main table and default group, AWS's own keys and policies) is not held.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::{Request, header};
use serde_json::Value;

use super::action::{self, ACCESS_KEY};
use super::backend::Backend;
use super::xml::{field, items};

/// An object that the AWS side holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AwsObject {
    /// What it is: `vpc`, `subnet`, `internet gateway`, `address`, `nat gateway`, `vpc endpoint`, `security group`, `route table`, `flow log`,
    /// `key`, `alias`, `bucket`, `role`, `policy` or `instance profile`.
    pub kind: &'static str,
    /// Its id, or its name where it has no id.
    pub id: String,
    /// The region that it is in; none for what is of no region.
    pub region: Option<String>,
}

impl std::fmt::Display for AwsObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind, self.id)?;
        self.region.as_ref().map_or(Ok(()), |region| write!(f, " in {region}"))
    }
}

/// The AWS side does not say what it holds.
#[derive(Debug, thiserror::Error)]
#[error("what the AWS side holds is not known: {0}")]
pub struct AwsUnknown(String);

/// An EC2 kind: its name, the action that lists it, the list in the answer, the id, and what marks the ones that are not held.
const EC2: &[(&str, &str, &str, &str, &[&str])] = &[
    ("vpc", "DescribeVpcs", "vpcSet", "vpcId", &["<isDefault>true</isDefault>"]),
    ("subnet", "DescribeSubnets", "subnetSet", "subnetId", &["<defaultForAz>true</defaultForAz>"]),
    ("internet gateway", "DescribeInternetGateways", "internetGatewaySet", "internetGatewayId", &[]),
    ("address", "DescribeAddresses", "addressesSet", "allocationId", &[]),
    ("nat gateway", "DescribeNatGateways", "natGatewaySet", "natGatewayId", &["<state>deleted</state>"]),
    ("vpc endpoint", "DescribeVpcEndpoints", "vpcEndpointSet", "vpcEndpointId", &["<state>deleted</state>"]),
    ("security group", "DescribeSecurityGroups", "securityGroupInfo", "groupId", &["<groupName>default</groupName>"]),
    ("route table", "DescribeRouteTables", "routeTableSet", "routeTableId", &["<main>true</main>"]),
    ("flow log", "DescribeFlowLogs", "flowLogSet", "flowLogId", &[]),
];

/// An IAM kind: its name, the call that lists it, and the element of its name.
const IAM: &[(&str, &str, &str)] = &[
    ("role", "ListRoles", "RoleName"),
    ("policy", "ListPolicies&Scope=Local", "PolicyName"),
    ("instance profile", "ListInstanceProfiles", "InstanceProfileName"),
];

/// Everything that an account holds, in the regions that somebody asked it about.
pub(super) async fn by(backend: &Backend, account: Option<&str>, now: i64) -> Result<BTreeSet<AwsObject>, AwsUnknown> {
    let asking = Asking { backend, account, now };
    let mut held = BTreeSet::new();
    for region in backend.regions(account) {
        asking.region(&region, &mut held).await?;
    }
    let mut add = |kind, ids: Vec<String>| {
        held.extend(ids.into_iter().map(|id| AwsObject { kind, id, region: None }));
    };
    for (kind, call, name) in IAM {
        let xml = asking.query("iam", "us-east-1", &format!("Action={call}&Version=2010-05-08&MaxItems=1000")).await?;
        add(*kind, elements(&xml, name));
    }
    let buckets = asking.ask("s3", "us-east-1", Request::get("/"), "").await?;
    add("bucket", buckets.split("<Bucket>").skip(1).filter_map(|one| field(one, "Name")).map(str::to_owned).collect());
    Ok(held)
}

struct Asking<'a> {
    backend: &'a Backend,
    account: Option<&'a str>,
    now: i64,
}

impl Asking<'_> {
    async fn region(&self, region: &str, held: &mut BTreeSet<AwsObject>) -> Result<(), AwsUnknown> {
        let mut add = |kind, id: &str| {
            held.insert(AwsObject { kind, id: id.to_owned(), region: Some(region.to_owned()) });
        };
        let mut default_vpc = None;
        for (kind, action, list, id, spared) in EC2 {
            let xml = self.query("ec2", region, &format!("Action={action}&Version=2016-11-15")).await?;
            for item in items(&xml, list).into_iter().filter_map(|range| xml.get(range)) {
                if *kind == "vpc" && item.contains("<isDefault>true</isDefault>") {
                    default_vpc = field(item, "vpcId").map(str::to_owned);
                }
                // The default VPC's gateway is of the default VPC.
                let of_default = *kind == "internet gateway"
                    && default_vpc.is_some()
                    && field(item, "vpcId") == default_vpc.as_deref();
                let held = !(of_default || spared.iter().any(|mark| item.contains(mark)));
                if let Some(id) = field(item, id).filter(|_| held) {
                    add(*kind, id);
                }
            }
        }
        let keys = self.json(region, "ListKeys", r#"{"Limit": 1000}"#).await?;
        for id in texts(&keys, "Keys", "KeyId") {
            let key = self.json(region, "DescribeKey", &serde_json::json!({"KeyId": id}).to_string()).await?;
            let is = |name: &str| key.get("KeyMetadata").and_then(|key| key.get(name)).and_then(Value::as_str);
            if is("KeyState") != Some("PendingDeletion") && is("KeyManager") != Some("AWS") {
                add("key", &id);
            }
        }
        let aliases = self.json(region, "ListAliases", r#"{"Limit": 100}"#).await?;
        for name in texts(&aliases, "Aliases", "AliasName").iter().filter(|name| !name.starts_with("alias/aws/")) {
            add("alias", name);
        }
        Ok(())
    }

    async fn query(&self, service: &str, region: &str, body: &str) -> Result<String, AwsUnknown> {
        let request = Request::post("/").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.ask(service, region, request, body).await
    }

    async fn json(&self, region: &str, action: &str, body: &str) -> Result<Value, AwsUnknown> {
        let request = Request::post("/")
            .header(header::CONTENT_TYPE, "application/x-amz-json-1.1")
            .header("x-amz-target", format!("TrentService.{action}"));
        let text = self.ask("kms", region, request, body).await?;
        serde_json::from_str(&text).map_err(|error| AwsUnknown(format!("kms:{action} answered {text:?}: {error}")))
    }

    async fn ask(
        &self,
        service: &str,
        region: &str,
        request: http::request::Builder,
        body: &str,
    ) -> Result<String, AwsUnknown> {
        let key = self.account.map_or_else(|| "localcloud".to_owned(), |account| format!("{ACCESS_KEY}{account}"));
        let signature = format!("AWS4-HMAC-SHA256 Credential={key}/20260101/{region}/{service}/aws4_request");
        let request = request.header(header::AUTHORIZATION, signature).header(header::HOST, "localhost");
        let request = request.body(Bytes::from(body.to_owned())).map_err(|error| AwsUnknown(error.to_string()))?;
        let action = action::of(request.method(), "/", "", request.headers(), request.body());
        let name = action.full_name();
        let response = self.backend.call(action, request, None, self.now).await;
        let text = String::from_utf8_lossy(response.body()).into_owned();
        if response.status().is_success() {
            return Ok(text);
        }
        Err(AwsUnknown(format!("{name} in {region} answered {}: {text}", response.status())))
    }
}

/// The texts of an XML element, wherever it stands.
fn elements(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(&open).skip(1).filter_map(|rest| Some(rest.split_once(&close)?.0.to_owned())).collect()
}

/// A text of each object in a list of a JSON answer.
fn texts(answer: &Value, list: &str, name: &str) -> Vec<String> {
    let list = answer.get(list).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|one| Some(one.get(name)?.as_str()?.to_owned())).collect()
}
