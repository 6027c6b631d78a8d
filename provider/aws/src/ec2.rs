//! Small things that all EC2 resources share: filters, absence, and what stands in the way of a delete.

use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use aws_sdk_ec2::types::Filter;
use tfplugin::{Attr, Call, Error, Result, Set};

use super::client::Aws;
use super::create::retrying;
use super::errors::{Fault, gone_is_fine, set_and_destroy};

/// A filter of a describing request.
pub(crate) fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

/// `None` for "not there".
pub(crate) fn none_if_absent<T>(answer: Result<T, Fault>) -> Result<Option<T>, Fault> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(fault) if fault.is_not_found() => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// A set of texts as an attribute.
pub(crate) fn texts(values: impl IntoIterator<Item = String>) -> Attr<Set<Attr<String>>> {
    let mut values: Vec<String> = values.into_iter().collect();
    values.sort();
    Attr::Known(values.into_iter().map(Attr::Known).collect())
}

/// The known texts of a set.
pub(crate) fn known(set: &Attr<Set<Attr<String>>>) -> Vec<String> {
    set.known().into_iter().flatten().filter_map(|text| text.known().cloned()).collect()
}

/// The known texts of `left` that `right` lacks; `None` for "nothing", as requests want it.
pub(crate) fn minus(left: &Attr<Set<Attr<String>>>, right: &Attr<Set<Attr<String>>>) -> Option<Vec<String>> {
    let right: BTreeSet<String> = known(right).into_iter().collect();
    let rest: Vec<String> = known(left).into_iter().filter(|text| !right.contains(text)).collect();
    (!rest.is_empty()).then_some(rest)
}

/// Deletes, and tries again while something still hangs on the object; in the end the error names what it is.
///
/// `noun` begins the code of its absence; `scope` is the filter of network interfaces that belong to the object:
/// `("subnet-id", id)`.
pub(crate) async fn delete_when_free<T, F>(
    cx: &Call<Aws>,
    noun: &str,
    within: Duration,
    scope: (&str, &str),
    request: impl FnMut() -> F,
) -> Result<()>
where
    F: Future<Output = Result<T, Fault>>,
{
    let within = within.min(cx.left().saturating_sub(Duration::from_secs(5)));
    let answer = retrying(cx, within, request, is_in_use).await;
    match gone_is_fine(answer, &[noun]) {
        Ok(()) => Ok(()),
        Err(fault) if is_in_use(&fault) => {
            let users = users(cx.client(), scope).await;
            let list = if users.is_empty() { "AWS shows no user of it.".to_owned() } else { users.join("\n") };
            Err(Error::from(fault).also(list))
        }
        Err(fault) => Err(fault.into()),
    }
}

/// Whether a delete was refused because the object is still used, which may pass.
pub(crate) fn is_in_use(fault: &Fault) -> bool {
    fault.is(&["DependencyViolation", "InvalidGroup.InUse", "IncorrectState", "OperationNotPermitted"])
}

/// What uses a VPC, subnet or security group, line by line. Best effort: it only explains an error.
async fn users(aws: &Aws, (name, id): (&str, &str)) -> Vec<String> {
    let mut lines = Vec::new();
    if let Ok(answer) = aws.ec2.describe_network_interfaces().filters(filter(name, id)).send().await {
        for interface in answer.network_interfaces() {
            let id = interface.network_interface_id().unwrap_or_default();
            let description = interface.description().unwrap_or_default();
            lines.push(format!("- network interface {id} ({description})"));
        }
    }
    if name == "group-id"
        && let Ok(answer) =
            aws.ec2.describe_security_groups().filters(filter("ip-permission.group-id", id)).send().await
    {
        let groups = answer.security_groups().iter().filter_map(|group| group.group_id());
        let others: Vec<&str> = groups.filter(|group| *group != id).collect();
        lines.extend(others.iter().map(|group| format!("- a rule of security group {group}")));
        if !others.is_empty() {
            lines.push(format!("To remove such rules too: {}", set_and_destroy("revoke_rules_on_delete = true")));
        }
    }
    if name == "vpc-id" {
        lines.extend(contents(aws, id).await);
    }
    lines
}

async fn contents(aws: &Aws, vpc: &str) -> Vec<String> {
    let ec2 = &aws.ec2;
    let mut lines = Vec::new();
    let mut line = |kind: &str, id: Option<&str>| lines.push(format!("- {kind} {}", id.unwrap_or_default()));
    if let Ok(answer) = ec2.describe_subnets().filters(filter("vpc-id", vpc)).send().await {
        answer.subnets().iter().for_each(|subnet| line("subnet", subnet.subnet_id()));
    }
    if let Ok(answer) = ec2.describe_vpc_endpoints().filters(filter("vpc-id", vpc)).send().await {
        answer.vpc_endpoints().iter().for_each(|endpoint| line("VPC endpoint", endpoint.vpc_endpoint_id()));
    }
    if let Ok(answer) = ec2.describe_internet_gateways().filters(filter("attachment.vpc-id", vpc)).send().await {
        answer.internet_gateways().iter().for_each(|gateway| line("internet gateway", gateway.internet_gateway_id()));
    }
    if let Ok(answer) = ec2.describe_security_groups().filters(filter("vpc-id", vpc)).send().await {
        let groups = answer.security_groups().iter().filter(|group| group.group_name() != Some("default"));
        groups.for_each(|group| line("security group", group.group_id()));
    }
    if let Ok(answer) = ec2.describe_route_tables().filters(filter("vpc-id", vpc)).send().await {
        let tables =
            answer.route_tables().iter().filter(|table| !table.associations().iter().any(|a| a.main() == Some(true)));
        tables.for_each(|table| line("route table", table.route_table_id()));
    }
    lines
}

/// The id that an object must have by now.
pub(crate) fn gone_meanwhile() -> Error {
    Error::new("it is gone")
        .detail("Somebody removed it while Terraform was changing it. Apply again: it is then planned anew.")
}

/// Whether a fault says that something just created is not visible everywhere yet.
pub(crate) fn not_visible_yet(fault: &Fault) -> bool {
    fault.is_not_found()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_of_sets_is_none_when_empty() {
        let set = |texts_: &[&str]| texts(texts_.iter().map(|text| (*text).to_owned()));
        assert_eq!(minus(&set(&["a", "b"]), &set(&["b"])), Some(vec!["a".to_owned()]));
        assert_eq!(minus(&set(&["b"]), &set(&["a", "b"])), None);
        assert_eq!(minus(&Attr::Null, &set(&["a"])), None);
    }
}
