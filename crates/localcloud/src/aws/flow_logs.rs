//! Flow logs where moto knows less of them than EC2: folders of buckets, log groups by their ARNs, and how files stand in a bucket. Pure.
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html>

use std::collections::BTreeMap;

use super::action::Action;
use super::filters::list;
use super::xml::{field, items, map_items, with_field};

/// A parameter of ours: the folder behind a bucket's ARN, which moto takes for a part of its name.
const FOLDER: &str = "LocalcloudFolder";

/// What is known of flow logs, by their ids.
#[derive(Debug, Default)]
pub(super) struct FlowLogs(BTreeMap<String, Known>);

#[derive(Debug)]
struct Known {
    /// `/flows`, or nothing.
    folder: String,
    /// How files stand in a bucket, as EC2 tells it; nothing for what is no bucket.
    options: String,
}

/// Spells a call as moto understands it, and says whether that was another spelling.
pub(super) fn of_call(action: &mut Action) -> bool {
    let parameter = |name: &str| action.parameter(name).unwrap_or_default().to_owned();
    let destination = parameter("LogDestination");
    let added = match (action.name.as_str(), parameter("LogDestinationType").as_str()) {
        ("CreateFlowLogs", "s3") => destination.split_once('/').map(|(bucket, folder)| {
            action.parameters.insert("LogDestination".to_owned(), bucket.to_owned());
            (FOLDER, format!("/{folder}"))
        }),
        ("CreateFlowLogs", "" | "cloud-watch-logs") => {
            let group = destination.split_once(":log-group:").map(|(_, group)| group.trim_end_matches(":*"));
            group.map(|group| ("LogGroupName", group.to_owned()))
        }
        _ => None,
    };
    let changed = added.is_some();
    action.parameters.extend(added.map(|(name, value)| (name.to_owned(), value)));
    changed
}

impl FlowLogs {
    /// Learns of what moto made.
    pub(super) fn learn(&mut self, action: &Action, xml: &str) {
        let parameter = |name: &str| action.parameter(name).unwrap_or_default();
        let option = |name: &str, default: &str| {
            let value = action.parameter(&format!("DestinationOptions.{name}")).unwrap_or(default).to_owned();
            let (first, rest) = name.split_at(1);
            let name = first.to_lowercase() + rest;
            format!("<{name}>{value}</{name}>")
        };
        let of_bucket = [
            option("FileFormat", "plain-text"),
            option("HiveCompatiblePartitions", "false"),
            option("PerHourPartition", "false"),
        ];
        let is_bucket = parameter("LogDestinationType") == "s3";
        let made = items(xml, "flowLogIdSet").into_iter().filter_map(|range| field(xml.get(range)?, "item"));
        self.0.extend(made.map(|id| {
            let options = format!("<destinationOptions>{}</destinationOptions>", of_bucket.concat());
            let options = if is_bucket { options } else { String::new() };
            (id.to_owned(), Known { folder: parameter(FOLDER).to_owned(), options })
        }));
    }

    /// Moto's list with what is known beyond it.
    pub(super) fn described(&self, xml: &str) -> String {
        map_items(xml, "flowLogSet", |item| {
            let Some(known) = field(item, "flowLogId").and_then(|id| self.0.get(id)) else {
                return Some(item.to_owned());
            };
            let destination = field(item, "logDestination").unwrap_or_default();
            let item = with_field(item, "logDestination", &format!("{destination}{}", known.folder));
            Some(
                item.strip_suffix("</item>")
                    .map_or_else(|| item.clone(), |rest| format!("{rest}{}</item>", known.options)),
            )
        })
    }
}

/// The flow logs that a call deletes.
pub(super) fn deleted(action: &Action) -> impl Iterator<Item = String> {
    list(action, "FlowLogId").into_iter().map(str::to_owned).collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn create(parameters: &[(&str, &str)]) -> Action {
        let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Action { service: "ec2".to_owned(), name: "CreateFlowLogs".to_owned(), parameters, ..Action::default() }
    }

    #[test]
    fn a_folder_of_a_bucket_is_told_back_with_how_its_files_stand() {
        let mut action = create(&[
            ("LogDestinationType", "s3"),
            ("LogDestination", "arn:aws:s3:::lake/flows/"),
            ("DestinationOptions.FileFormat", "parquet"),
        ]);
        assert!(of_call(&mut action));
        assert_eq!(action.parameter("LogDestination"), Some("arn:aws:s3:::lake"));
        let mut known = FlowLogs::default();
        known.learn(&action, "<flowLogIdSet><item>fl-1</item></flowLogIdSet>");
        let moto = "<flowLogSet><item><flowLogId>fl-1</flowLogId><logDestination>arn:aws:s3:::lake</logDestination></item>\
            <item><flowLogId>fl-2</flowLogId></item></flowLogSet>";
        let told = known.described(moto);
        assert_eq!(field(&told, "logDestination"), Some("arn:aws:s3:::lake/flows/"));
        assert_eq!((field(&told, "fileFormat"), field(&told, "perHourPartition")), (Some("parquet"), Some("false")));
        assert!(told.ends_with("<item><flowLogId>fl-2</flowLogId></item></flowLogSet>"), "{told}");
    }

    #[test]
    fn a_log_group_is_named_for_moto_and_what_it_understands_is_left_alone() {
        let mut action = create(&[("LogDestination", "arn:aws:logs:eu-west-1:123456789012:log-group:flows:*")]);
        assert!(of_call(&mut action));
        assert_eq!(action.parameter("LogGroupName"), Some("flows"));
        let mut known = FlowLogs::default();
        known.learn(&action, "<flowLogIdSet><item>fl-1</item></flowLogIdSet>");
        let moto = "<flowLogSet><item><flowLogId>fl-1</flowLogId></item></flowLogSet>";
        assert_eq!(known.described(moto), moto);
        assert!(!of_call(&mut create(&[("LogDestinationType", "s3"), ("LogDestination", "arn:aws:s3:::lake")])));
    }
}
