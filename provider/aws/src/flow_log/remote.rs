//! A flow log as EC2 has it: how it is made, read and deleted. Refusals stand in answers that say 200.

use aws_sdk_ec2::types::{
    self, DestinationFileFormat, DestinationOptionsRequest, DestinationOptionsResponse, FlowLogsResourceType,
    LogDestinationType, ResourceType, TrafficType, UnsuccessfulItem,
};
use tfplugin::{Attr, Call, Error, Result};

use super::{DestinationOptions, FlowLog};
use crate::client::Aws;
use crate::create::{VISIBLE_WITHIN, once, retrying};
use crate::ec2::{filter, none_if_absent};
use crate::errors::{Explain, Fault, gone_is_fine};
use crate::tags;

/// Which attribute a refusal accuses.
const ACCUSED: &[(&str, &str)] = &[
    ("InvalidVpcId.NotFound", "vpc_id"),
    ("InvalidVpcID.NotFound", "vpc_id"),
    ("InvalidSubnetId.NotFound", "subnet_id"),
    ("InvalidSubnetID.NotFound", "subnet_id"),
    ("InvalidNetworkInterfaceId.NotFound", "eni_id"),
    ("InvalidNetworkInterfaceID.NotFound", "eni_id"),
    ("LogDestinationPermissionIssueException", "log_destination"),
    ("LogDestinationNotFoundException", "log_destination"),
    ("InvalidLogDestination", "log_destination"),
];

/// Makes a flow log and answers its id.
pub(super) async fn create(cx: &Call<Aws>, plan: &FlowLog) -> Result<String> {
    let (kind, place) = place(plan);
    let send = || async {
        let request = cx.client().ec2_once.create_flow_logs().resource_type(kind.clone()).resource_ids(place);
        let answer = request
            .traffic_type(TrafficType::from(plan.traffic_type.text()))
            .log_destination_type(LogDestinationType::from(plan.log_destination_type.text()))
            .log_destination(plan.log_destination.text())
            .set_log_format(plan.log_format.known().cloned())
            .set_deliver_logs_permission_arn(plan.iam_role_arn.known().cloned())
            .set_deliver_cross_account_role(plan.deliver_cross_account_role.known().cloned())
            .set_max_aggregation_interval(plan.max_aggregation_interval.known().and_then(|it| i32::try_from(*it).ok()))
            .set_destination_options(plan.destination_options.known().map(sent))
            .client_token(&cx.marker().id)
            .tag_specifications(tags::specification(cx, ResourceType::VpcFlowLog, &plan.tags))
            .send()
            .await
            .fault()?;
        refused(answer.unsuccessful())?;
        Ok(answer.flow_log_ids.and_then(|ids| ids.into_iter().next()))
    };
    match retrying(cx, VISIBLE_WITHIN, || once(cx, send), is_too_new).await {
        Err(fault) if fault.is(&["FlowLogAlreadyExists"]) => Err(exists(cx, plan, fault).await),
        created => created.map_err(|fault| fault.accusing(ACCUSED)),
    }
}

/// The one resource whose connections are written down.
fn place(plan: &FlowLog) -> (FlowLogsResourceType, &str) {
    let places = [
        (FlowLogsResourceType::Vpc, &plan.vpc_id),
        (FlowLogsResourceType::Subnet, &plan.subnet_id),
        (FlowLogsResourceType::NetworkInterface, &plan.eni_id),
    ];
    let set = places.into_iter().find(|(_, id)| id.is_known());
    set.map_or((FlowLogsResourceType::Vpc, ""), |(kind, id)| (kind, id.text()))
}

fn sent(options: &DestinationOptions) -> DestinationOptionsRequest {
    DestinationOptionsRequest::builder()
        .file_format(DestinationFileFormat::from(options.file_format.text()))
        .hive_compatible_partitions(options.hive_compatible_partitions.is_true())
        .per_hour_partition(options.per_hour_partition.is_true())
        .build()
}

/// The refusal in an answer, if there is one.
fn refused(items: &[UnsuccessfulItem]) -> Result<(), Fault> {
    match items.first().and_then(UnsuccessfulItem::error) {
        Some(error) => Err(Fault::refused(error.code().unwrap_or_default(), error.message().unwrap_or_default())),
        None => Ok(()),
    }
}

/// A network, or a role that was just made, is not known everywhere. The latter is told by text alone: "Unable to assume given IAM role".
fn is_too_new(fault: &Fault) -> bool {
    fault.is_not_found() || fault.message.contains("Unable to assume given IAM role")
}

/// AWS takes one flow log for a place and a destination: which one that is.
async fn exists(cx: &Call<Aws>, plan: &FlowLog, fault: Fault) -> Error {
    let of_place = filter("resource-id", place(plan).1);
    let answer = cx.client().ec2.describe_flow_logs().filter(of_place).send().await;
    let seen = answer.map(|answer| answer.flow_logs.unwrap_or_default()).unwrap_or_default();
    let same =
        seen.into_iter().find(|one| destination(&plan.log_destination, one).as_ref() == Some(&plan.log_destination));
    let Some(id) = same.and_then(|one| one.flow_log_id) else { return fault.at("log_destination") };
    let words = format!(
        "{id} writes the connections of {} there already, and no state of this configuration has it. Take it over, or choose \
         another destination: a folder of the bucket, for example.",
        place(plan).1
    );
    fault.explained(words).at("log_destination").exists(id)
}

/// The flow log as it is now; `None` if it is gone.
pub(super) async fn look(aws: &Aws, prior: &FlowLog) -> Result<Option<FlowLog>> {
    let id = prior.id.text();
    let answer = none_if_absent(aws.ec2.describe_flow_logs().flow_log_ids(id).send().await.fault())?;
    let Some(seen) = answer.and_then(|answer| answer.flow_logs.unwrap_or_default().into_iter().next()) else {
        return Ok(None);
    };
    let place = |kind: &str| seen.resource_id.clone().filter(|id| id.starts_with(kind)).into();
    let mut state = FlowLog {
        vpc_id: place("vpc-"),
        subnet_id: place("subnet-"),
        eni_id: place("eni-"),
        traffic_type: seen.traffic_type().map_or("ALL", TrafficType::as_str).into(),
        log_destination_type: seen.log_destination_type().map_or("cloud-watch-logs", LogDestinationType::as_str).into(),
        iam_role_arn: seen.deliver_logs_permission_arn.clone().into(),
        deliver_cross_account_role: seen.deliver_cross_account_role.clone().into(),
        log_format: seen.log_format.clone().into(),
        max_aggregation_interval: seen.max_aggregation_interval.map_or(600, i64::from).into(),
        destination_options: seen.destination_options.as_ref().map(options).into(),
        deliver_logs_status: seen.deliver_logs_status.clone().into(),
        deliver_logs_error_message: seen.deliver_logs_error_message.clone().into(),
        ..prior.clone()
    };
    let told = destination(&prior.log_destination, &seen);
    if told.is_none() || !state.arn.is_known() {
        let account = &aws.identity().await?.account_id;
        state.arn = aws.ec2_arn(account, "vpc-flow-log", id).into();
        let group = seen.log_group_name().unwrap_or_default();
        let group = format!("arn:{}:logs:{}:{account}:log-group:{group}", aws.partition(), aws.region);
        state.log_destination = told.unwrap_or_else(|| group.into());
    } else {
        state.log_destination = told.unwrap_or_default();
    }
    tags::see(aws, &mut state, seen.tags());
    Ok(Some(state))
}

/// Where a flow log writes, in the words of `prior` if they mean the same: an ARN of a log group may end with `:*`. `None`: EC2 tells the
/// name of a log group, and no ARN.
fn destination(prior: &Attr<String>, seen: &types::FlowLog) -> Option<Attr<String>> {
    let plain = |arn: &str| arn.strip_suffix(":*").unwrap_or(arn).to_owned();
    let group = seen.log_group_name().filter(|group| !group.is_empty());
    match (seen.log_destination().filter(|arn| !arn.is_empty()), group) {
        (Some(told), _) if plain(told) == plain(prior.text()) => Some(prior.clone()),
        (Some(told), _) => Some(told.into()),
        (None, Some(group)) if plain(prior.text()).ends_with(&format!(":log-group:{group}")) => Some(prior.clone()),
        (None, _) => None,
    }
}

fn options(seen: &DestinationOptionsResponse) -> DestinationOptions {
    DestinationOptions {
        file_format: seen.file_format().map_or("plain-text", DestinationFileFormat::as_str).into(),
        hive_compatible_partitions: seen.hive_compatible_partitions.unwrap_or_default().into(),
        per_hour_partition: seen.per_hour_partition.unwrap_or_default().into(),
    }
}

/// Deletes the flow log. One that is gone is a success.
pub(super) async fn delete(cx: &Call<Aws>, state: &FlowLog) -> Result<()> {
    let request = || async {
        let answer = cx.client().ec2.delete_flow_logs().flow_log_ids(state.id.text()).send().await.fault()?;
        refused(answer.unsuccessful())
    };
    Ok(gone_is_fine(request().await, &["InvalidFlowLogId"])?)
}
