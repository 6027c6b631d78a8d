//! What AWS does not take as a flow log, told before anything is made.

use tfplugin::{Attr, Diagnostic, Error, one_of};

use super::FlowLog;

/// The service that an ARN of each kind of destination names, and what it is.
const DESTINATIONS: &[(&str, &str, &str)] = &[
    ("s3", "s3", "a bucket"),
    ("cloud-watch-logs", "logs", "a log group"),
    ("kinesis-data-firehose", "firehose", "a stream of Firehose"),
];

/// What is wrong with a configuration, as far as it is known.
pub(super) fn check(config: &FlowLog) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut refuse = |attribute: &str, summary: String, way_out: String| {
        found.push(Diagnostic::from(Error::new(summary).detail(way_out).at(attribute)));
    };
    let places = [&config.vpc_id, &config.subnet_id, &config.eni_id].map(Attr::is_set);
    if let Err(count) = one_of(places) {
        let words = "Set one of vpc_id, subnet_id and eni_id; a second flow log is a resource of its own.";
        refuse("vpc_id", format!("A flow log is of one place, and {count} are set"), words.to_owned());
    }
    if let Some(seconds) = config.max_aggregation_interval.known().filter(|seconds| ![60, 600].contains(*seconds)) {
        let summary = format!("max_aggregation_interval is {seconds}");
        refuse("max_aggregation_interval", summary, "AWS takes 60 and 600 seconds.".to_owned());
    }
    let kind = match &config.log_destination_type {
        Attr::Null => "cloud-watch-logs",
        Attr::Known(kind) => kind,
        Attr::Unknown => return found,
    };
    let Some((_, service, what)) = DESTINATIONS.iter().find(|(name, _, _)| *name == kind) else { return found };
    if let Some(arn) = config.log_destination.known()
        && arn.split(':').nth(2) != Some(service)
    {
        let is = DESTINATIONS.iter().find(|(_, service, _)| arn.split(':').nth(2) == Some(service));
        let way_out = is.map_or_else(
            || format!("It is the ARN of {what}: arn:aws:{service}:…"),
            |(name, _, is)| format!("It is the ARN of {is}: set log_destination_type = {name:?}."),
        );
        refuse("log_destination", format!("log_destination is no {}", what.trim_start_matches("a ")), way_out);
    }
    if kind == "cloud-watch-logs" {
        if config.iam_role_arn.is_null() {
            let words = "AWS writes into a log group with a role: set iam_role_arn to one that vpc-flow-logs.amazonaws.com may assume.";
            refuse("iam_role_arn", "iam_role_arn is missing".to_owned(), words.to_owned());
        }
    } else if config.iam_role_arn.is_known() {
        let words = format!("AWS writes into {what} without a role: remove it.");
        refuse("iam_role_arn", format!("iam_role_arn is for log groups, and this is {what}"), words);
    }
    if kind != "s3" && config.destination_options.is_known() {
        let summary = format!("destination_options is for buckets, and this is {what}");
        refuse("destination_options", summary, "Remove it.".to_owned());
    }
    found
}
