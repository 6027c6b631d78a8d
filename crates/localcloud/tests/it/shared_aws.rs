//! The AWS that tests share: accounts of their own, faults, the list of what is held, and AWS's own answers where moto's are others.

use std::time::{Duration, Instant};

use localcloud::{AwsAccount, Fault, FaultEffect};
use reqwest::{Client, Method, RequestBuilder};

use crate::aws::{field, venv};

fn account() -> AwsAccount {
    localcloud::shared(&venv()).unwrap().aws_account().unwrap()
}

fn request(account: &AwsAccount, method: Method, service: &str, path: &str) -> RequestBuilder {
    let signature = format!(
        "AWS4-HMAC-SHA256 Credential={}/20261121/eu-west-1/{service}/aws4_request, SignedHeaders=host, Signature=x",
        account.access_key_id()
    );
    let client = Client::builder().no_proxy().build().unwrap();
    client.request(method, format!("{}{path}", account.endpoint())).header("authorization", signature)
}

fn form(account: &AwsAccount, service: &str, version: &str, body: &str) -> RequestBuilder {
    request(account, Method::POST, service, "/")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("Action={body}&Version={version}"))
}

async fn send(request: RequestBuilder) -> (u16, String) {
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

async fn ec2(account: &AwsAccount, body: &str) -> String {
    let (status, text) = send(form(account, "ec2", "2016-11-15", body)).await;
    assert_eq!(status, 200, "{body}: {text}");
    text
}

async fn refused(account: &AwsAccount, body: &str) -> (u16, String) {
    let (status, text) = send(form(account, "ec2", "2016-11-15", body)).await;
    (status, field(&text, "Code"))
}

async fn iam(account: &AwsAccount, body: &str) {
    let (status, text) = send(form(account, "iam", "2010-05-08", body)).await;
    assert_eq!(status, 200, "{body}: {text}");
}

async fn kms(account: &AwsAccount, action: &str, body: &str) -> String {
    let request = request(account, Method::POST, "kms", "/")
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", format!("TrentService.{action}"));
    let (status, text) = send(request.body(body.to_owned())).await;
    assert_eq!(status, 200, "{action}: {text}");
    text
}

async fn s3(account: &AwsAccount, method: Method, path: &str) -> (u16, String) {
    send(request(account, method, "s3", path)).await
}

async fn vpcs(account: &AwsAccount) -> usize {
    ec2(account, "DescribeVpcs&Filter.1.Name=is-default&Filter.1.Value.1=false").await.matches("<vpcId>").count()
}

async fn held(account: &AwsAccount) -> Vec<String> {
    account.objects().await.unwrap().into_iter().map(|object| object.kind.to_owned()).collect()
}

const CREATE: &str = "CreateVpc&CidrBlock=10.0.0.0/16";
const PLACE: &str =
    "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";

#[tokio::test]
async fn accounts_see_nothing_of_each_other() {
    let (one, other) = (account(), account());
    one.fault(Fault::once("ec2:CreateVpc", 503, "RequestLimitExceeded"));
    ec2(&other, CREATE).await;
    assert_eq!(refused(&one, CREATE).await, (503, "RequestLimitExceeded".to_owned()));
    ec2(&one, CREATE).await;
    ec2(&one, CREATE).await;
    assert_eq!((vpcs(&one).await, vpcs(&other).await), (2, 1));
    assert_eq!((one.asked("ec2:CreateVpc"), other.asked("ec2:CreateVpc")), (3, 1));
    assert_eq!(held(&other).await, ["vpc"]);
    let owner = field(&ec2(&one, "DescribeVpcs").await, "ownerId");
    assert_eq!(owner, one.id());
}

#[tokio::test]
async fn a_lost_answer_took_effect_and_what_is_young_is_not_seen() {
    let account = account();
    account.fault(Fault::lost_answer("ec2:CreateVpc"));
    assert!(form(&account, "ec2", "2016-11-15", CREATE).send().await.is_err());
    assert_eq!(vpcs(&account).await, 1);
    account.fault(Fault::unseen("ec2:CreateVpc", Duration::from_secs(5)));
    let young = field(&ec2(&account, CREATE).await, "vpcId");
    let describe = format!("DescribeVpcs&VpcId.1={young}");
    assert_eq!(refused(&account, &describe).await, (400, "InvalidVpcID.NotFound".to_owned()));
    assert_eq!(vpcs(&account).await, 1);
    let hidden = Instant::now();
    while vpcs(&account).await == 1 {
        assert!(hidden.elapsed() < Duration::from_secs(20), "it is never seen");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    ec2(&account, &describe).await;
}

#[tokio::test]
async fn a_delay_after_the_effect_holds_back_the_answer_alone() {
    let account = account();
    assert_eq!(vpcs(&account).await, 0);
    let slow = Fault { status: None, delay_ms: Some(5000), ..Fault::once("ec2:CreateVpc", 200, "") };
    account.fault(Fault { effect: FaultEffect::After, ..slow.clone() });
    let begun = Instant::now();
    let waiting = tokio::spawn(form(&account, "ec2", "2016-11-15", CREATE).send());
    while vpcs(&account).await == 0 {
        assert!(begun.elapsed() < Duration::from_millis(4800), "the effect waits for the answer");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(waiting.await.unwrap().unwrap().status().is_success());
    assert!(begun.elapsed() >= Duration::from_millis(5000));
    // Before the effect, and the client does not wait: the call is carried out.
    account.fault(Fault { delay_ms: Some(3000), ..slow });
    let impatient = form(&account, "ec2", "2016-11-15", CREATE).timeout(Duration::from_millis(1000)).send().await;
    assert!(impatient.unwrap_err().is_timeout());
    assert_eq!(vpcs(&account).await, 1);
    let left = Instant::now();
    while vpcs(&account).await == 1 {
        assert!(left.elapsed() < Duration::from_secs(20), "the call was dropped with its client");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn everything_that_was_made_is_held_until_it_is_deleted_and_nothing_else() {
    let account = account();
    ec2(&account, "DescribeVpcs").await;
    assert_eq!(held(&account).await, Vec::<String>::new());
    let vpc = field(&ec2(&account, CREATE).await, "vpcId");
    let subnet = field(&ec2(&account, &format!("CreateSubnet&VpcId={vpc}&CidrBlock=10.0.0.0/24")).await, "subnetId");
    let gateway = field(&ec2(&account, "CreateInternetGateway").await, "internetGatewayId");
    let address = field(&ec2(&account, "AllocateAddress&Domain=vpc").await, "allocationId");
    let nat = field(
        &ec2(&account, &format!("CreateNatGateway&SubnetId={subnet}&AllocationId={address}")).await,
        "natGatewayId",
    );
    let group = format!("CreateSecurityGroup&GroupName=lake&GroupDescription=lake&VpcId={vpc}");
    let group = field(&ec2(&account, &group).await, "groupId");
    let table = field(&ec2(&account, &format!("CreateRouteTable&VpcId={vpc}")).await, "routeTableId");
    let endpoint =
        format!("CreateVpcEndpoint&VpcId={vpc}&ServiceName=com.amazonaws.eu-west-1.s3&RouteTableId.1={table}");
    let endpoint = field(&ec2(&account, &endpoint).await, "vpcEndpointId");
    let key: serde_json::Value = serde_json::from_str(&kms(&account, "CreateKey", "{}").await).unwrap();
    let key = key["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned();
    kms(&account, "CreateAlias", &format!(r#"{{"AliasName": "alias/lake", "TargetKeyId": "{key}"}}"#)).await;
    let bucket = format!("/held-{}", account.id());
    assert_eq!(send(request(&account, Method::PUT, "s3", &bucket).body(PLACE)).await.0, 200);
    let flows = format!(
        "CreateFlowLogs&ResourceType=VPC&ResourceId.1={vpc}&TrafficType=ALL&LogDestinationType=s3&\
         LogDestination=arn:aws:s3:::{}/flows&TagSpecification.1.ResourceType=vpc-flow-log&\
         TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value=flows",
        bucket.trim_start_matches('/')
    );
    let flows = field(&ec2(&account, &flows).await, "item");
    let tagged = || async { ec2(&account, "DescribeTags&Filter.1.Name=key&Filter.1.Value.1=Name").await };
    assert_eq!(field(&tagged().await, "resourceType"), "vpc-flow-log");
    let trust = "AssumeRolePolicyDocument=%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D";
    iam(&account, &format!("CreateRole&RoleName=lake&{trust}")).await;
    let policy = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D";
    iam(&account, &format!("CreatePolicy&PolicyName=lake&PolicyDocument={policy}")).await;
    iam(&account, "CreateInstanceProfile&InstanceProfileName=lake").await;
    let all = [
        "address",
        "alias",
        "bucket",
        "flow log",
        "instance profile",
        "internet gateway",
        "key",
        "nat gateway",
        "policy",
        "role",
        "route table",
        "security group",
        "subnet",
        "vpc",
        "vpc endpoint",
    ];
    assert_eq!(held(&account).await, all);
    let one = account.objects().await.unwrap().into_iter().find(|object| object.kind == "vpc").unwrap();
    assert_eq!(one.to_string(), format!("vpc {vpc} in eu-west-1"));

    ec2(&account, &format!("DeleteFlowLogs&FlowLogId.1={flows}")).await;
    assert_eq!(field(&tagged().await, "resourceId"), "");
    // The table first: moto does not delete its endpoint then, and AWS does.
    ec2(&account, &format!("DeleteRouteTable&RouteTableId={table}")).await;
    let deleted = ec2(&account, &format!("DeleteVpcEndpoints&VpcEndpointId.1={endpoint}")).await;
    assert_eq!(field(&deleted, "code"), "", "{deleted}");
    ec2(&account, &format!("DeleteNatGateway&NatGatewayId={nat}")).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    ec2(&account, &format!("ReleaseAddress&AllocationId={address}")).await;
    ec2(&account, &format!("DeleteInternetGateway&InternetGatewayId={gateway}")).await;
    ec2(&account, &format!("DeleteSecurityGroup&GroupId={group}")).await;
    ec2(&account, &format!("DeleteSubnet&SubnetId={subnet}")).await;
    ec2(&account, &format!("DeleteVpc&VpcId={vpc}")).await;
    kms(&account, "DeleteAlias", r#"{"AliasName": "alias/lake"}"#).await;
    kms(&account, "ScheduleKeyDeletion", &format!(r#"{{"KeyId": "{key}", "PendingWindowInDays": 7}}"#)).await;
    assert_eq!(s3(&account, Method::DELETE, &bucket).await.0, 204);
    iam(&account, "DeleteRole&RoleName=lake").await;
    iam(&account, &format!("DeletePolicy&PolicyArn=arn:aws:iam::{}:policy/lake", account.id())).await;
    iam(&account, "DeleteInstanceProfile&InstanceProfileName=lake").await;
    assert_eq!(held(&account).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_dry_run_says_that_it_would_do_and_makes_nothing() {
    let account = account();
    assert_eq!(refused(&account, &format!("{CREATE}&DryRun=true")).await, (412, "DryRunOperation".to_owned()));
    assert_eq!(vpcs(&account).await, 0);
    ec2(&account, &format!("{CREATE}&DryRun=false")).await;
    assert_eq!(vpcs(&account).await, 1);
}

#[tokio::test]
async fn ranges_and_ports_are_spelled_as_ec2_spells_them() {
    let account = account();
    let vpc = ec2(&account, "CreateVpc&CidrBlock=10.7.0.1/16").await;
    assert_eq!(field(&vpc, "cidrBlock"), "10.7.0.0/16");
    let vpc = field(&vpc, "vpcId");
    let group = format!("CreateSecurityGroup&GroupName=lake&GroupDescription=lake&VpcId={vpc}");
    let id = field(&ec2(&account, &group).await, "groupId");
    assert_eq!(refused(&account, &group).await, (400, "InvalidGroup.Duplicate".to_owned()));
    let permit = |rule: &str| format!("AuthorizeSecurityGroupIngress&GroupId={id}&{rule}");
    let v6 = |range: &str| {
        format!(
            "IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=22&IpPermissions.1.ToPort=22&\
             IpPermissions.1.Ipv6Ranges.1.CidrIpv6={range}"
        )
    };
    let esp =
        |ports: &str| format!("IpPermissions.1.IpProtocol=50&{ports}IpPermissions.1.IpRanges.1.CidrIp=10.9.0.1/16");
    ec2(&account, &permit(&v6("::0/0"))).await;
    assert_eq!(refused(&account, &permit(&v6("::/0"))).await, (400, "InvalidPermission.Duplicate".to_owned()));
    ec2(&account, &permit(&esp(""))).await;
    let seen = ec2(&account, &format!("DescribeSecurityGroups&GroupId.1={id}")).await;
    assert!(seen.contains("<cidrIpv6>::/0</cidrIpv6>"), "{seen}");
    assert!(seen.contains("<cidrIp>10.9.0.0/16</cidrIp>"), "{seen}");
    assert_eq!((seen.matches("<fromPort>").count(), seen.matches("<fromPort>22<").count()), (1, 1), "{seen}");
    let revoke = format!(
        "RevokeSecurityGroupIngress&GroupId={id}&{}",
        esp("IpPermissions.1.FromPort=0&IpPermissions.1.ToPort=0&")
    );
    ec2(&account, &revoke).await;
    let seen = ec2(&account, &format!("DescribeSecurityGroups&GroupId.1={id}")).await;
    assert!(!seen.contains("<ipProtocol>50<"), "{seen}");
    let table = field(&ec2(&account, &format!("CreateRouteTable&VpcId={vpc}")).await, "routeTableId");
    let gateway = field(&ec2(&account, "CreateInternetGateway").await, "internetGatewayId");
    ec2(&account, &format!("AttachInternetGateway&InternetGatewayId={gateway}&VpcId={vpc}")).await;
    let route = format!("CreateRoute&RouteTableId={table}&GatewayId={gateway}&DestinationIpv6CidrBlock");
    ec2(&account, &format!("{route}=::0/0")).await;
    let routes = ec2(&account, &format!("DescribeRouteTables&RouteTableId.1={table}")).await;
    assert!(routes.contains("<destinationIpv6CidrBlock>::/0<"), "{routes}");
}

#[tokio::test]
async fn a_bucket_answers_as_s3_does() {
    let account = account();
    let bucket = format!("/answers-{}", account.id());
    let create = || send(request(&account, Method::PUT, "s3", &bucket).body(PLACE));
    assert_eq!(create().await.0, 200);
    let (status, text) = create().await;
    assert_eq!((status, field(&text, "Code").as_str()), (409, "BucketAlreadyOwnedByYou"));
    let (status, text) = s3(&account, Method::GET, &format!("{bucket}?encryption")).await;
    assert_eq!((status, field(&text, "SSEAlgorithm").as_str()), (200, "AES256"), "{text}");
    let (status, text) = s3(&account, Method::GET, &format!("{bucket}?versioning")).await;
    assert!(status == 200 && text.contains("<VersioningConfiguration "), "{text}");
}

#[tokio::test]
async fn pages_and_the_emulators_own_interface_do_not_reach_aws() {
    let account = account();
    ec2(&account, CREATE).await;
    let reset = |request: RequestBuilder| async move { send(request).await.0 };
    assert_eq!(reset(request(&account, Method::POST, "ec2", "/moto-api/reset")).await, 403);
    assert_eq!(reset(request(&account, Method::GET, "ec2", "/moto-api/data.json")).await, 403);
    let page = form(&account, "ec2", "2016-11-15", "DescribeVpcs").header("origin", "http://evil.example.com");
    assert_eq!(reset(page).await, 403);
    let rebound = form(&account, "ec2", "2016-11-15", "DescribeVpcs").header("host", "evil.example.com");
    assert_eq!(reset(rebound).await, 403);
    assert_eq!(vpcs(&account).await, 1);
}
