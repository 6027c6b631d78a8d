//! AWS by moto behind our proxy.

use std::time::Duration;

use localcloud::{Aws, Fault, FaultEffect};

use crate::bench::Bench;

pub use localcloud::venv_of_tests as venv;

struct Cloud(Bench);

impl Cloud {
    async fn send(&self, body: &str) -> Result<(u16, String), reqwest::Error> {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let signature =
            "AWS4-HMAC-SHA256 Credential=x/20261121/eu-west-1/ec2/aws4_request, SignedHeaders=host, Signature=x";
        let request = client
            .post(self.0.cloud.aws_endpoint().unwrap())
            .header("authorization", signature)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("{body}&Version=2016-11-15"));
        let response = request.send().await?;
        Ok((response.status().as_u16(), response.text().await?))
    }

    async fn ok(&self, body: &str) -> String {
        let (status, text) = self.send(body).await.unwrap();
        assert_eq!(status, 200, "{body}: {text}");
        text
    }

    async fn refused(&self, body: &str, code: &str) {
        let (status, text) = self.send(body).await.unwrap();
        assert_eq!((status, field(&text, "Code").as_str()), (400, code), "{body}: {text}");
    }
}

pub fn field(xml: &str, name: &str) -> String {
    let start = xml.split_once(&format!("<{name}>")).map_or("", |(_, rest)| rest);
    start.split_once("</").map_or("", |(text, _)| text).to_owned()
}

#[tokio::test]
async fn moto_behaves_like_aws_where_it_matters_and_fails_when_told() {
    let bench = Bench::with(|options| {
        options.aws = Aws::Moto { venv: venv() };
        options.delays.aws = Duration::from_millis(700);
    });
    let cloud = Cloud(bench.await);
    let vpc = field(&cloud.ok("Action=CreateVpc&CidrBlock=10.0.0.0/16").await, "vpcId");
    let subnet = field(&cloud.ok(&format!("Action=CreateSubnet&VpcId={vpc}&CidrBlock=10.0.0.0/24")).await, "subnetId");
    let address = field(&cloud.ok("Action=AllocateAddress&Domain=vpc").await, "allocationId");
    let create = format!("Action=CreateNatGateway&SubnetId={subnet}&AllocationId={address}&ClientToken=one");
    let made = cloud.ok(&create).await;
    let nat = field(&made, "natGatewayId");
    assert_eq!(field(&made, "state"), "pending");
    assert_eq!(field(&cloud.ok(&create).await, "natGatewayId"), nat);
    let describe = format!("Action=DescribeNatGateways&NatGatewayId.1={nat}");
    let state = async || field(&cloud.ok(&describe).await, "state");
    assert_eq!(state().await, "pending");
    let release = format!("Action=ReleaseAddress&AllocationId={address}");
    cloud.refused(&release, "AuthFailure").await;
    cloud.0.until("the gateway is available", async || state().await == "available").await;
    cloud.ok(&format!("Action=DeleteNatGateway&NatGatewayId={nat}")).await;
    assert_eq!(state().await, "deleting");
    cloud.refused(&format!("Action=DeleteSubnet&SubnetId={subnet}"), "DependencyViolation").await;
    cloud.0.until("the gateway is gone", async || state().await == "deleted").await;
    cloud.ok(&release).await;
    cloud.ok(&format!("Action=DeleteSubnet&SubnetId={subnet}")).await;

    let count = async || {
        cloud.ok("Action=DescribeVpcs&Filter.1.Name=is-default&Filter.1.Value.1=false").await.matches("<vpcId>").count()
    };
    assert_eq!(count().await, 1);
    cloud.0.cloud.fault(Fault { status: Some(503), ..Fault::once("ec2:CreateVpc", 503, "RequestLimitExceeded") });
    let (status, text) = cloud.send("Action=CreateVpc&CidrBlock=10.1.0.0/16").await.unwrap();
    assert_eq!((status, field(&text, "Code").as_str()), (503, "RequestLimitExceeded"));
    assert_eq!(count().await, 1);
    cloud.0.cloud.fault(Fault { effect: FaultEffect::After, cut: true, ..Fault::once("ec2:CreateVpc", 500, "") });
    assert!(cloud.send("Action=CreateVpc&CidrBlock=10.1.0.0/16").await.is_err());
    assert_eq!(count().await, 2);
    let logged = cloud.0.cloud.requests();
    assert!(logged.iter().any(|entry| entry.host == "aws" && entry.path == "ec2:CreateVpc" && entry.status == 503));

    let marker = cloud.0.cloud.env().into_iter().find(|(name, _)| *name == "AWS_ENDPOINT_URL").unwrap().1;
    cloud.0.cloud.stop().await;
    assert!(reqwest::get(marker).await.is_err());
}
