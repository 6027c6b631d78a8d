use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use localcloud::Fault;
use tfplugin::testing::planned;

use super::*;
use crate::subnet::Subnet;
use crate::testing::{Cloud, change, cloud, end, hold, make, named, settled, subnet, vpc};
use crate::vpc::Vpc;

/// A bucket's ARN.
async fn bucket(cloud: &Cloud) -> String {
    let name = cloud.bucket("flows");
    let place = CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::from("eu-west-1"));
    let request = cloud.aws().s3.create_bucket().bucket(&name).create_bucket_configuration(place.build());
    request.send().await.unwrap();
    format!("arn:aws:s3:::{name}")
}

fn to_bucket(net: &Vpc, arn: &str) -> FlowLog {
    FlowLog {
        vpc_id: net.id.clone(),
        log_destination_type: "s3".into(),
        log_destination: arn.into(),
        tags: named("test"),
        ..FlowLog::default()
    }
}

#[tokio::test]
async fn a_flow_log_lives_and_dies() {
    let cloud = cloud();
    let cx = cloud.call();
    let net = make(&cloud.call(), vpc()).await;
    let arn = format!("{}/network", bucket(&cloud).await);
    let options = DestinationOptions {
        file_format: "parquet".into(),
        per_hour_partition: true.into(),
        hive_compatible_partitions: false.into(),
    };
    let config = FlowLog {
        destination_options: Attr::Known(options.clone()),
        traffic_type: "REJECT".into(),
        max_aggregation_interval: 60.into(),
        ..to_bucket(&net, &arn)
    };
    let made = hold(&cloud, config.clone(), |log| log.id.text().to_owned()).await;
    assert_eq!((&made.vpc_id, made.log_destination.text()), (&net.id, arn.as_str()));
    assert_eq!((&made.destination_options, made.traffic_type.text()), (&Attr::Known(options), "REJECT"));
    assert_eq!(made.deliver_logs_status.text(), "SUCCESS");
    let made = change(&cx, made, FlowLog { tags: named("renamed"), ..config }).await;
    end(&cloud, made).await;
}

#[tokio::test]
async fn what_is_left_out_is_awss_choice_and_a_change_replaces() {
    let cloud = cloud();
    let cx = cloud.call();
    let net = make(&cloud.call(), vpc()).await;
    let arn = bucket(&cloud).await;
    let made = hold(&cloud, to_bucket(&net, &arn), |log| log.id.text().to_owned()).await;
    assert!(made.log_format.text().starts_with("${version}"), "{made:?}");
    assert_eq!(made.destination_options.or_default().file_format.text(), "plain-text");
    let other = FlowLog { traffic_type: "ACCEPT".into(), ..to_bucket(&net, &arn) };
    let plan = planned(Some(cx.client()), Some(&made), &other).unwrap();
    assert_eq!(plan.replaces, ["traffic_type".into()]);
}

#[tokio::test]
async fn a_log_group_is_written_into_with_a_role_and_a_failure_is_a_warning() {
    let cloud = cloud();
    let cx = cloud.call();
    let net = make(&cloud.call(), vpc()).await;
    let inside: Subnet = make(&cloud.call(), subnet(&net, "10.40.64.0/20")).await;
    let group = format!("arn:aws:logs:eu-west-1:{}:log-group:flows", cloud.id());
    let config = |arn: &str| FlowLog {
        subnet_id: inside.id.clone(),
        log_destination: arn.into(),
        iam_role_arn: format!("arn:aws:iam::{}:role/flows", cloud.id()).into(),
        ..FlowLog::default()
    };
    let made = hold(&cloud, config(&group), |log| log.id.text().to_owned()).await;
    assert_eq!((&made.subnet_id, made.log_destination.text()), (&inside.id, group.as_str()));
    assert_eq!((made.log_destination_type.text(), &made.vpc_id), ("cloud-watch-logs", &Attr::Null));
    // There is no such group.
    assert_eq!((made.deliver_logs_status.text(), made.deliver_logs_error_message.text()), ("FAILED", "Access error"));
    let mut warnings = Vec::new();
    let mut planning = Planning {
        prior: Some(&made),
        config: &config(&group),
        planned: &mut made.clone(),
        replaces: &mut Vec::new(),
        warnings: &mut warnings,
        client: Some(cx.client()),
        now: jiff::Timestamp::now(),
    };
    FlowLog::plan(&mut planning).unwrap();
    let warned: Vec<&str> = warnings.iter().map(|one| one.summary.as_str()).collect();
    assert_eq!(warned, [format!("Records of the flow log {} do not arrive: Access error", made.id.text())]);
    end(&cloud, made).await;
    // Another spelling of the same group stays.
    let spelled = config(&format!("{group}:*"));
    let made = make(&cx, spelled.clone()).await;
    settled(&cx, &made, &spelled).await;
}

#[tokio::test]
async fn a_refusal_in_a_good_answer_is_a_refusal() {
    let cloud = cloud();
    let net = make(&cloud.call(), vpc()).await;
    let cx = cloud.call();
    let missing = to_bucket(&net, "arn:aws:s3:::no-such-bucket-anywhere");
    let plan = planned(Some(cx.client()), None, &missing).unwrap().object;
    let error = FlowLog::create(&cx, plan).await.unwrap_err().error;
    assert!(error.to_string().contains("does not exist") && error.is_undone(), "{error}");
}

#[tokio::test]
async fn a_lost_answer_and_a_second_apply_leave_one_flow_log() {
    let cloud = cloud();
    let cx = cloud.call();
    let net = make(&cloud.call(), vpc()).await;
    let config = to_bucket(&net, &bucket(&cloud).await);
    cloud.fault(Fault::lost_answer("ec2:CreateFlowLogs"));
    let made = make(&cx, config.clone()).await;
    let plan = planned(Some(cx.client()), None, &config).unwrap().object;
    assert_eq!(FlowLog::find(&cx, &plan, cx.marker()).await.unwrap().unwrap().id, made.id);
    // Whoever seeks what is in no state finds it, until it is gone.
    let shown = async || {
        let bearers = crate::looks::all(cx.client()).await.remove(0).bearers.into_iter();
        let flows = bearers.filter(|bearer| bearer.resource == Some(FlowLog::NAME)).map(|bearer| bearer.marked.id);
        flows.collect::<Vec<_>>()
    };
    assert_eq!(shown().await, [made.id.text()]);
    // Another create of the same is refused, and says which one stands there.
    let error = FlowLog::create(&cloud.call(), plan).await.unwrap_err().error;
    assert_eq!(error.existing(), Some(made.id.text()), "{error}");
    let all = cx.client().ec2.describe_flow_logs().send().await.unwrap();
    assert_eq!(all.flow_logs().len(), 1);
    end(&cloud, made).await;
    assert_eq!(shown().await, [""; 0]);
}

#[tokio::test]
async fn a_role_that_is_too_new_is_waited_for() {
    let cloud = cloud();
    let net = make(&cloud.call(), vpc()).await;
    let message = Some("Unable to assume given IAM role".to_owned());
    cloud.fault(Fault { times: 2, message, ..Fault::once("ec2:CreateFlowLogs", 400, "InvalidParameter") });
    make(&cloud.call(), to_bucket(&net, &bucket(&cloud).await)).await;
    assert_eq!(cloud.asked("ec2:CreateFlowLogs"), 3);
}

#[test]
fn what_aws_would_refuse_is_refused_before() {
    fn check(config: &FlowLog, expected: &[&str]) {
        let found = FlowLog::validate(config);
        let paths: Vec<String> = found.iter().map(|found| found.path.as_ref().unwrap().to_string()).collect();
        assert_eq!(paths, expected, "{config:?}");
    }
    let bucket = || FlowLog {
        vpc_id: "vpc-1".into(),
        log_destination_type: "s3".into(),
        log_destination: "arn:aws:s3:::flows/network".into(),
        ..FlowLog::default()
    };
    let group = || FlowLog {
        log_destination_type: Attr::Null,
        log_destination: "arn:aws-us-gov:logs:us-gov-west-1:1:log-group:flows".into(),
        iam_role_arn: "arn:aws:iam::1:role/flows".into(),
        ..bucket()
    };
    check(&bucket(), &[]);
    check(&group(), &[]);
    check(&FlowLog { vpc_id: Attr::Unknown, log_destination: Attr::Unknown, ..bucket() }, &[]);
    check(&FlowLog { vpc_id: Attr::Null, ..bucket() }, &["vpc_id"]);
    check(&FlowLog { subnet_id: Attr::Unknown, ..bucket() }, &[]);
    check(&FlowLog { subnet_id: "subnet-1".into(), ..bucket() }, &["vpc_id"]);
    check(&FlowLog { max_aggregation_interval: 300.into(), ..bucket() }, &["max_aggregation_interval"]);
    check(&FlowLog { log_destination: group().log_destination, ..bucket() }, &["log_destination"]);
    check(&FlowLog { iam_role_arn: group().iam_role_arn, ..bucket() }, &["iam_role_arn"]);
    check(&FlowLog { iam_role_arn: Attr::Null, ..group() }, &["iam_role_arn"]);
    check(&FlowLog { iam_role_arn: Attr::Unknown, ..group() }, &[]);
    let options = Attr::Known(DestinationOptions::default());
    check(&FlowLog { destination_options: options.clone(), ..group() }, &["destination_options"]);
    check(&FlowLog { destination_options: options, log_destination_type: Attr::Unknown, ..group() }, &[]);
}
