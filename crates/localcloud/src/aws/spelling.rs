//! How EC2 spells what it was told, where moto repeats it: ranges in their canonical form, no ports for protocols without ports, and a
//! default that was not named. Pure.
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupIngress.html>: "Amazon Web Services canonicalizes
//! IPv4 and IPv6 CIDRs", and "If you specify -1 or a protocol other than tcp, udp, icmp, or icmpv6, traffic on all ports is allowed".

use std::net::{Ipv4Addr, Ipv6Addr};

use bytes::Bytes;

use super::action::Action;
use super::flow_logs;

/// The last words of the parameters that hold a range.
const RANGES: &[&str] =
    &["CidrIp", "CidrIpv6", "CidrBlock", "Ipv6CidrBlock", "DestinationCidrBlock", "DestinationIpv6CidrBlock"];

/// The protocols that have ports, or types and codes; `-1` is all of them.
const WITH_PORTS: &[&str] = &["tcp", "udp", "icmp", "icmpv6", "6", "17", "1", "58", "-1"];

/// Spells a call's parameters as EC2 keeps them, and says whether one of them was spelled otherwise.
pub(super) fn of_call(action: &mut Action) -> bool {
    if action.service != "ec2" {
        return false;
    }
    let mut changed = flow_logs::of_call(action);
    if action.name == "CreateVpcEndpoint" && action.parameter("VpcEndpointType").is_none() {
        // The default, by the API's reference. moto stumbles later over an endpoint without a type.
        action.parameters.insert("VpcEndpointType".to_owned(), "Gateway".to_owned());
        changed = true;
    }
    let mut portless = Vec::new();
    for (name, value) in &mut action.parameters {
        let (before, last) = name.rsplit_once('.').map_or(("", name.as_str()), |(before, last)| (before, last));
        if RANGES.contains(&last)
            && let Some(range) = range(value)
            && range != *value
        {
            *value = range;
            changed = true;
        } else if last == "IpProtocol" && !WITH_PORTS.contains(&value.as_str()) {
            portless.push(before.to_owned());
        }
    }
    for before in portless {
        let before = if before.is_empty() { before } else { format!("{before}.") };
        for port in ["FromPort", "ToPort"] {
            // moto wants them. Always the same ones, so that a rule is found again whatever ports come with it.
            action.parameters.insert(format!("{before}{port}"), "-1".to_owned());
            changed = true;
        }
    }
    changed
}

/// The body of a call of the query protocol.
pub(super) fn body(action: &Action) -> Bytes {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(&action.parameters);
    form.finish().into()
}

/// Moto's answer without the ports of protocols that have none.
pub(super) fn of_answer(action: &Action, answer: Bytes) -> Bytes {
    const PROTOCOL: &str = "<ipProtocol>";
    if action.full_name() != "ec2:DescribeSecurityGroups" {
        return answer;
    }
    let Ok(xml) = std::str::from_utf8(&answer) else { return answer };
    let mut parts = xml.split(PROTOCOL);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(PROTOCOL);
        let protocol = part.split('<').next().unwrap_or_default();
        if WITH_PORTS.contains(&protocol) {
            text.push_str(part);
        } else {
            text.push_str(&part.replacen("<fromPort>-1</fromPort>", "", 1).replacen("<toPort>-1</toPort>", "", 1));
        }
    }
    text.into()
}

/// A range in its canonical form: no bits behind the prefix, and IPv6 as RFC 5952 writes it. Nothing for what is no range.
fn range(text: &str) -> Option<String> {
    let (address, length) = text.split_once('/')?;
    let length: u32 = length.parse().ok()?;
    if let Ok(address) = address.parse::<Ipv4Addr>() {
        let mask = u32::MAX.checked_shl(32_u32.checked_sub(length)?).unwrap_or(0);
        return Some(format!("{}/{length}", Ipv4Addr::from_bits(address.to_bits() & mask)));
    }
    let address: Ipv6Addr = address.parse().ok()?;
    let mask = u128::MAX.checked_shl(128_u32.checked_sub(length)?).unwrap_or(0);
    Some(format!("{}/{length}", Ipv6Addr::from_bits(address.to_bits() & mask)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_spelled_in_one_way() {
        let check = |text, expected: Option<&str>| assert_eq!(range(text).as_deref(), expected, "{text}");
        check("::0/0", Some("::/0"));
        check("0:0::/0", Some("::/0"));
        check("2001:DB8:0::1/48", Some("2001:db8::/48"));
        check("::1/128", Some("::1/128"));
        check("100.68.0.18/18", Some("100.68.0.0/18"));
        check("10.0.0.1/32", Some("10.0.0.1/32"));
        check("0.0.0.0/0", Some("0.0.0.0/0"));
        check("10.0.0.0/33", None);
        check("::/129", None);
        check("10.0.0.0", None);
        check("lake", None);
    }

    #[test]
    fn a_call_is_spelled_as_ec2_keeps_it() {
        let check_of = |name: &str, given: &[(&str, &str)], expected: &[(&str, &str)]| {
            let pairs = |all: &[(&str, &str)]| all.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            let (service, name) = ("ec2".to_owned(), name.to_owned());
            let mut action = Action { service, name, parameters: pairs(given), ..Action::default() };
            let changed = of_call(&mut action);
            assert_eq!(action.parameters, pairs(expected), "{given:?}");
            assert_eq!(changed, given != expected, "{given:?}");
        };
        let check = |given: &[(&str, &str)], expected: &[(&str, &str)]| check_of("CreateRoute", given, expected);
        check_of("CreateVpcEndpoint", &[], &[("VpcEndpointType", "Gateway")]);
        check_of("CreateVpcEndpoint", &[("VpcEndpointType", "Interface")], &[("VpcEndpointType", "Interface")]);
        check(&[("DestinationIpv6CidrBlock", "::0/0")], &[("DestinationIpv6CidrBlock", "::/0")]);
        check(&[("CidrBlock", "10.0.0.0/16")], &[("CidrBlock", "10.0.0.0/16")]);
        check(&[("Description", "::0/0")], &[("Description", "::0/0")]);
        check(
            &[("IpPermissions.1.IpProtocol", "tcp"), ("IpPermissions.1.Ipv6Ranges.2.CidrIpv6", "::0/0")],
            &[("IpPermissions.1.IpProtocol", "tcp"), ("IpPermissions.1.Ipv6Ranges.2.CidrIpv6", "::/0")],
        );
        check(
            &[("IpPermissions.1.FromPort", "0"), ("IpPermissions.1.IpProtocol", "50")],
            &[
                ("IpPermissions.1.FromPort", "-1"),
                ("IpPermissions.1.IpProtocol", "50"),
                ("IpPermissions.1.ToPort", "-1"),
            ],
        );
    }

    #[test]
    fn a_protocol_without_ports_shows_none() {
        let action =
            Action { service: "ec2".to_owned(), name: "DescribeSecurityGroups".to_owned(), ..Action::default() };
        let rule = |protocol: &str, ports: &str| format!("<item><ipProtocol>{protocol}</ipProtocol>{ports}</item>");
        let ports = |port: &str| format!("<fromPort>{port}</fromPort><toPort>{port}</toPort>");
        let moto = [rule("50", &ports("-1")), rule("icmp", &ports("-1")), rule("tcp", &ports("22"))].concat();
        let ec2 = [rule("50", ""), rule("icmp", &ports("-1")), rule("tcp", &ports("22"))].concat();
        assert_eq!(of_answer(&action, moto.into()), Bytes::from(ec2));
    }
}
