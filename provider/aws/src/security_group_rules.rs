//! The rules of a security group, pure: `ingress` and `egress` blocks, the single permissions that they stand for, and the
//! way back from what EC2 shows.
//!
//! A block may name many sources; EC2 keeps one permission per source. Comparing and changing is done on permissions, and
//! what EC2 shows is put back into the blocks that the configuration has, so an unchanged group shows no difference.
//! API: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html>.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{IpPermission, IpRange, Ipv6Range, PrefixListId, UserIdGroupPair};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, Diagnostic, Error, OPTIONAL, Path, REQUIRED, Set};

use super::cidr;

/// A rule: a protocol, its ports, and where the traffic comes from or goes to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rule {
    /// First port, or ICMP type. 0 for all protocols.
    #[schemars(extend("x-tf" = REQUIRED), range(min = -1, max = 65535))]
    pub from_port: Attr<i64>,
    /// Last port, or ICMP code. 0 for all protocols.
    #[schemars(extend("x-tf" = REQUIRED), range(min = -1, max = 65535))]
    pub to_port: Attr<i64>,
    /// `tcp`, `udp`, `icmp`, `icmpv6`, a protocol number, or `-1` for all.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub protocol: Attr<String>,
    /// IPv4 ranges.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub cidr_blocks: Attr<Vec<Attr<String>>>,
    /// IPv6 ranges.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub ipv6_cidr_blocks: Attr<Vec<Attr<String>>>,
    /// Managed prefix lists.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub prefix_list_ids: Attr<Vec<Attr<String>>>,
    /// Other security groups.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub security_groups: Attr<Set<Attr<String>>>,
    /// Whether the group itself is meant.
    #[serde(rename = "self")]
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub itself: Attr<bool>,
    /// What the rule is for.
    #[schemars(extend("x-tf" = OPTIONAL), length(max = 255))]
    pub description: Attr<String>,
}

/// Blocks of rules.
pub(crate) type Rules = Attr<Set<Rule>>;

/// Where traffic comes from or goes to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Peer {
    V4(String),
    V6(String),
    PrefixList(String),
    Group(String),
    /// The group itself.
    Itself,
}

impl Peer {
    /// An IPv4 range, in EC2's spelling.
    fn v4(range: &str) -> Self {
        Self::V4(cidr::canonical(range))
    }

    /// An IPv6 range, in EC2's spelling: `::0/0` is `::/0`.
    fn v6(range: &str) -> Self {
        Self::V6(cidr::canonical(range))
    }
}

/// A single permission, as EC2 keeps it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Permission {
    pub(crate) protocol: String,
    pub(crate) from: i64,
    pub(crate) to: i64,
    pub(crate) peer: Peer,
    pub(crate) description: String,
}

/// The permissions that blocks stand for.
pub(crate) fn permissions(rules: &Rules) -> BTreeSet<Permission> {
    rules.known().into_iter().flatten().flat_map(Rule::permissions).collect()
}

/// What EC2 shows of a group's one direction. `own` is the group's id.
pub(crate) fn seen(shown: &[IpPermission], own: &str) -> BTreeSet<Permission> {
    let mut all = BTreeSet::new();
    for permission in shown {
        let protocol = protocol(permission.ip_protocol().unwrap_or("-1"));
        let port = |port: Option<i32>| if has_ports(&protocol) { i64::from(port.unwrap_or(-1)) } else { 0 };
        let (from, to) = (port(permission.from_port()), port(permission.to_port()));
        let mut add = |peer: Peer, description: Option<&str>| {
            let description = description.unwrap_or_default().to_owned();
            all.insert(Permission { protocol: protocol.clone(), from, to, peer, description });
        };
        for range in permission.ip_ranges() {
            add(Peer::v4(range.cidr_ip().unwrap_or_default()), range.description());
        }
        for range in permission.ipv6_ranges() {
            add(Peer::v6(range.cidr_ipv6().unwrap_or_default()), range.description());
        }
        for list in permission.prefix_list_ids() {
            add(Peer::PrefixList(list.prefix_list_id().unwrap_or_default().to_owned()), list.description());
        }
        for group in permission.user_id_group_pairs() {
            let id = group.group_id().unwrap_or_default();
            let peer = if id == own { Peer::Itself } else { Peer::Group(id.to_owned()) };
            add(peer, group.description());
        }
    }
    all
}

/// What EC2 shows, in the blocks of `prior` as far as they still hold; the rest in blocks of its own. EC2 keeps a permission
/// once, however many blocks stand for it.
pub(crate) fn regroup(prior: &Rules, seen: BTreeSet<Permission>) -> Rules {
    let mut rest = seen.clone();
    let mut blocks = Vec::new();
    for rule in prior.known().into_iter().flatten() {
        let wanted = rule.permissions();
        let held: BTreeSet<Permission> = wanted.intersection(&seen).cloned().collect();
        if held.is_empty() && !wanted.is_empty() {
            continue;
        }
        if held == wanted {
            blocks.push(rule.clone());
        } else {
            blocks.extend(gather(&held));
        }
        rest.retain(|permission| !held.contains(permission));
    }
    blocks.extend(gather(&rest));
    Attr::Known(Set(blocks))
}

/// What is wrong with the blocks of one direction, as far as their values are known.
pub(crate) fn problems(block: &str, rules: &Rules) -> Vec<Diagnostic> {
    let Some(set) = rules.known() else { return Vec::new() };
    let each = set.into_iter().flat_map(|rule| rule.problems(block));
    let mut found: Vec<Diagnostic> =
        each.map(|(attribute, error)| error.at(Path::in_block(block, set.len(), attribute)).into()).collect();
    found.extend(contradiction(block, rules));
    found
}

/// Two blocks that allow the same traffic for different reasons: EC2 keeps one description of it.
fn contradiction(block: &str, rules: &Rules) -> Option<Diagnostic> {
    let mut reasons: BTreeMap<Permission, String> = BTreeMap::new();
    for rule in rules.known().into_iter().flatten().filter(|rule| rule.is_known()) {
        for permission in rule.permissions() {
            let reason = permission.description.clone();
            let traffic = Permission { description: String::new(), ..permission };
            let first = reasons.entry(traffic).or_insert_with(|| reason.clone());
            if *first != reason {
                let error = Error::new(format!("Two {block} rules allow the same traffic and describe it differently"))
                    .detail(format!(
                        "EC2 keeps one description, {first:?} or {reason:?}. Give both blocks the same one, or take the traffic out \
                         of one of them."
                    ));
                return Some(error.at(Path::attribute(block)).into());
            }
        }
    }
    None
}

/// Blocks of permissions that have protocol, ports and description in common.
fn gather(permissions: &BTreeSet<Permission>) -> Vec<Rule> {
    let mut blocks: BTreeMap<(&str, i64, i64, &str), Rule> = BTreeMap::new();
    for permission in permissions {
        let key = (permission.protocol.as_str(), permission.from, permission.to, permission.description.as_str());
        let rule = blocks.entry(key).or_insert_with(|| Rule {
            from_port: permission.from.into(),
            to_port: permission.to.into(),
            protocol: permission.protocol.as_str().into(),
            description: Some(permission.description.clone()).filter(|text| !text.is_empty()).into(),
            ..Rule::default()
        });
        match &permission.peer {
            Peer::V4(range) => push(&mut rule.cidr_blocks, range),
            Peer::V6(range) => push(&mut rule.ipv6_cidr_blocks, range),
            Peer::PrefixList(id) => push(&mut rule.prefix_list_ids, id),
            Peer::Group(id) => {
                let mut groups = rule.security_groups.or_default();
                groups.0.push(id.as_str().into());
                rule.security_groups = Attr::Known(groups);
            }
            Peer::Itself => rule.itself = Attr::Known(true),
        }
    }
    blocks.into_values().collect()
}

fn push(list: &mut Attr<Vec<Attr<String>>>, text: &str) {
    let mut texts = list.or_default();
    texts.push(text.into());
    *list = Attr::Known(texts);
}

/// The permissions as EC2 wants them, grouped by protocol and ports. `own` is the group's id.
pub(crate) fn request(permissions: &BTreeSet<Permission>, own: &str) -> Vec<IpPermission> {
    let mut groups: BTreeMap<(&str, i64, i64), Vec<&Permission>> = BTreeMap::new();
    for permission in permissions {
        groups.entry((&permission.protocol, permission.from, permission.to)).or_default().push(permission);
    }
    groups.into_iter().map(|((protocol, from, to), members)| permission(protocol, from, to, &members, own)).collect()
}

fn permission(protocol: &str, from: i64, to: i64, members: &[&Permission], own: &str) -> IpPermission {
    let mut built = IpPermission::builder().ip_protocol(protocol);
    if has_ports(protocol) {
        built = built.set_from_port(i32::try_from(from).ok()).set_to_port(i32::try_from(to).ok());
    }
    for member in members {
        let description = Some(member.description.clone()).filter(|text| !text.is_empty());
        let group = |id: &str| UserIdGroupPair::builder().group_id(id).set_description(description.clone()).build();
        built = match &member.peer {
            Peer::V4(range) => built.ip_ranges(IpRange::builder().cidr_ip(range).set_description(description).build()),
            Peer::V6(range) => {
                built.ipv6_ranges(Ipv6Range::builder().cidr_ipv6(range).set_description(description).build())
            }
            Peer::PrefixList(id) => {
                built.prefix_list_ids(PrefixListId::builder().prefix_list_id(id).set_description(description).build())
            }
            Peer::Group(id) => built.user_id_group_pairs(group(id)),
            Peer::Itself => built.user_id_group_pairs(group(own)),
        };
    }
    built.build()
}

/// The name that EC2 gives a protocol: names for the few that have one, numbers for the others.
fn protocol(text: &str) -> String {
    match text.to_lowercase().as_str() {
        "all" | "-1" => "-1".to_owned(),
        "6" => "tcp".to_owned(),
        "17" => "udp".to_owned(),
        "1" => "icmp".to_owned(),
        "58" => "icmpv6".to_owned(),
        other => other.to_owned(),
    }
}

impl Rule {
    /// Whether everything that decides its traffic and its description is known.
    fn is_known(&self) -> bool {
        let unknown = [
            self.from_port.is_unknown(),
            self.to_port.is_unknown(),
            self.protocol.is_unknown(),
            self.description.is_unknown(),
        ];
        !unknown.contains(&true)
    }

    fn permissions(&self) -> BTreeSet<Permission> {
        let known = |list: &Attr<Vec<Attr<String>>>| -> Vec<String> {
            list.known().into_iter().flatten().filter_map(|text| text.known().cloned()).collect()
        };
        let protocol = protocol(self.protocol.text());
        let counts = has_ports(&protocol);
        let port = |port: &Attr<i64>| if counts { port.known().copied().unwrap_or_default() } else { 0 };
        let peers = known(&self.cidr_blocks).into_iter().map(|range| Peer::v4(&range));
        let peers = peers.chain(known(&self.ipv6_cidr_blocks).into_iter().map(|range| Peer::v6(&range)));
        let peers = peers.chain(known(&self.prefix_list_ids).into_iter().map(Peer::PrefixList));
        let peers = peers.chain(super::ec2::known(&self.security_groups).into_iter().map(Peer::Group));
        let peers = peers.chain(self.itself.is_true().then_some(Peer::Itself));
        peers
            .map(|peer| Permission {
                protocol: protocol.clone(),
                from: port(&self.from_port),
                to: port(&self.to_port),
                peer,
                description: self.description.text().to_owned(),
            })
            .collect()
    }

    /// What is wrong with the rule, as far as its values are known, each with the attribute that is to blame.
    fn problems(&self, block: &str) -> Vec<(&'static str, Error)> {
        let mut found = Vec::new();
        let empty = |list: &Attr<Vec<Attr<String>>>| list.is_null() || list.known().is_some_and(Vec::is_empty);
        let lists = [&self.cidr_blocks, &self.ipv6_cidr_blocks, &self.prefix_list_ids];
        let no_group = self.security_groups.is_null() || self.security_groups.known().is_some_and(Set::is_empty);
        let not_itself = self.itself.is_null() || self.itself == Attr::Known(false);
        if lists.into_iter().all(empty) && no_group && not_itself {
            let error = Error::new(format!("An {block} rule names nobody"))
                .detail("Set cidr_blocks, ipv6_cidr_blocks, prefix_list_ids, security_groups or self = true.");
            found.push(("cidr_blocks", error));
        }
        let protocol = self.protocol.known().map(|text| protocol(text));
        if let Some(name) = protocol.as_deref().filter(|name| !is_protocol(name)) {
            let error = Error::new(format!("There is no protocol {name:?}"))
                .detail("Write tcp, udp, icmp, icmpv6, a protocol's number from 0 to 255, or -1 for all protocols.");
            found.push(("protocol", error));
        }
        if let (Some(from), Some(to), Some(protocol)) = (self.from_port.known(), self.to_port.known(), protocol) {
            if protocol == "-1" && (*from, *to) != (0, 0) {
                let error = Error::new(format!("An {block} rule for all protocols has ports {from} to {to}"))
                    .detail("All protocols means all ports: set from_port and to_port to 0, or name a protocol.");
                found.push(("from_port", error));
            }
            if matches!(protocol.as_str(), "tcp" | "udp") && from > to {
                let error = Error::new(format!("An {block} rule has from_port {from} above to_port {to}"))
                    .detail("Ports go from the lower to the higher one.");
                found.push(("from_port", error));
            }
        }
        for (attribute, list, v6) in
            [("cidr_blocks", &self.cidr_blocks, false), ("ipv6_cidr_blocks", &self.ipv6_cidr_blocks, true)]
        {
            let texts = list.known().into_iter().flatten().filter_map(Attr::known);
            found.extend(texts.filter_map(|text| Some((attribute, cidr::problem(text, v6)?))));
        }
        found
    }
}

/// Whether a protocol has ports, or types and codes. EC2 keeps none of the others, whatever a rule says.
fn has_ports(protocol: &str) -> bool {
    matches!(protocol, "tcp" | "udp" | "icmp" | "icmpv6")
}

/// Whether EC2 knows a protocol: the few that have a name, and numbers.
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html>
fn is_protocol(name: &str) -> bool {
    name == "-1" || has_ports(name) || name.parse::<u8>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(from: i64, to: i64) -> Rule {
        Rule { from_port: from.into(), to_port: to.into(), protocol: "tcp".into(), ..Rule::default() }
    }

    fn open(from: i64, to: i64, ranges: &[&str]) -> Rule {
        let ranges = ranges.iter().map(|range| (*range).into()).collect();
        Rule { cidr_blocks: Attr::Known(ranges), ..tcp(from, to) }
    }

    fn rules(rules: &[Rule]) -> Rules {
        Attr::Known(Set(rules.to_vec()))
    }

    #[test]
    fn what_is_sent_and_shown_again_is_the_same_configuration() {
        fn check(given: &[Rule]) {
            let given = rules(given);
            let wanted = permissions(&given);
            let shown = seen(&request(&wanted, "sg-own"), "sg-own");
            assert_eq!(shown, wanted);
            assert_eq!(regroup(&given, shown), given);
        }
        check(&[]);
        check(&[open(443, 443, &["10.1.0.0/16", "10.0.0.0/16"]), open(443, 443, &["10.2.0.0/16"])]);
        check(&[Rule { itself: true.into(), ..tcp(0, 65535) }]);
        check(&[Rule { protocol: "6".into(), ..open(22, 22, &["10.0.0.0/8"]) }]);
        check(&[Rule { protocol: "-1".into(), ..open(0, 0, &["0.0.0.0/0"]) }]);
        check(&[Rule { protocol: "icmp".into(), ..open(-1, -1, &["0.0.0.0/0"]) }]);
        check(&[Rule { protocol: "50".into(), ..open(0, 0, &["10.0.0.0/8"]) }]);
        check(&[Rule { protocol: "47".into(), ..open(443, 443, &["10.0.0.0/8"]) }]);
        let groups = Set(vec!["sg-1".into(), "sg-2".into()]);
        check(&[Rule { security_groups: Attr::Known(groups), description: "from the nodes".into(), ..tcp(443, 443) }]);
        check(&[Rule { itself: false.into(), ..open(443, 443, &["0.0.0.0/0"]) }]);
    }

    #[test]
    fn blocks_with_a_permission_in_common_both_stay() {
        let given = rules(&[open(443, 443, &["10.9.0.0/16", "10.8.0.0/16"]), open(443, 443, &["10.8.0.0/16"])]);
        let wanted = permissions(&given);
        assert_eq!(wanted.len(), 2);
        assert_eq!(regroup(&given, wanted.clone()), given);
        // What both had is missing in both.
        let left = wanted.into_iter().filter(|rule| rule.peer == Peer::V4("10.9.0.0/16".to_owned())).collect();
        assert_eq!(regroup(&given, left), rules(&[open(443, 443, &["10.9.0.0/16"])]));
    }

    #[test]
    fn an_ipv6_range_is_the_same_in_every_spelling() {
        let v6 = |range: &str| {
            rules(&[Rule { ipv6_cidr_blocks: Attr::Known(vec![range.into()]), protocol: "-1".into(), ..tcp(0, 0) }])
        };
        for spelling in ["::0/0", "0:0:0:0:0:0:0:0/0", "::/0"] {
            let given = v6(spelling);
            let shown = permissions(&v6("::/0"));
            assert_eq!(permissions(&given), shown, "{spelling}");
            assert_eq!(regroup(&given, shown), given, "{spelling}");
        }
        assert_eq!(permissions(&v6("2001:DB8:0::/32")), permissions(&v6("2001:db8::/32")));
        assert_ne!(permissions(&v6("2001:db8::/32")), permissions(&v6("2001:db8::/33")));
    }

    #[test]
    fn one_traffic_with_two_descriptions_is_refused() {
        let check = |blocks: &[Rule], expected: bool| {
            assert_eq!(contradiction("ingress", &rules(blocks)).is_some(), expected, "{blocks:?}");
        };
        let described = |text: &str, ranges: &[&str]| Rule { description: text.into(), ..open(443, 443, ranges) };
        check(&[described("a", &["10.0.0.0/16"]), described("b", &["10.0.0.0/16", "10.1.0.0/16"])], true);
        check(&[described("a", &["10.0.0.0/16"]), described("b", &["10.1.0.0/16"])], false);
        check(&[described("a", &["10.0.0.0/16"]), described("a", &["10.0.0.0/16"])], false);
        let unknown = Rule { description: Attr::Unknown, ..open(443, 443, &["10.0.0.0/16"]) };
        check(&[described("a", &["10.0.0.0/16"]), unknown], false);
    }

    #[test]
    fn what_somebody_added_or_took_away_is_seen() {
        let given = rules(&[open(443, 443, &["10.0.0.0/16", "10.1.0.0/16"])]);
        let mut shown = permissions(&given);
        shown.extend(permissions(&rules(&[open(22, 22, &["0.0.0.0/0"])])));
        assert_eq!(
            regroup(&given, shown.clone()),
            rules(&[open(443, 443, &["10.0.0.0/16", "10.1.0.0/16"]), open(22, 22, &["0.0.0.0/0"])])
        );
        shown.retain(|permission| permission.peer == Peer::V4("10.0.0.0/16".to_owned()));
        assert_eq!(regroup(&given, shown), rules(&[open(443, 443, &["10.0.0.0/16"])]));
        assert_eq!(regroup(&given, BTreeSet::new()), rules(&[]));
        // No blocks are an empty set, never null.
        assert_eq!(regroup(&Attr::Null, BTreeSet::new()), rules(&[]));
    }

    #[test]
    fn a_rule_that_cannot_be_is_refused() {
        fn check(rule: &Rule, expected: &[(&str, &str)]) {
            let found = problems("egress", &rules(std::slice::from_ref(rule)));
            let found: Vec<(String, String)> =
                found.into_iter().map(|one| (one.path.unwrap().to_string(), one.summary)).collect();
            let expected = expected.iter().map(|(at, summary)| (format!("egress[0].{at}"), (*summary).to_owned()));
            assert_eq!(found, expected.collect::<Vec<_>>());
        }
        check(&open(443, 443, &["0.0.0.0/0"]), &[]);
        check(&Rule { cidr_blocks: Attr::Unknown, ..tcp(1, 2) }, &[]);
        check(&tcp(1, 2), &[("cidr_blocks", "An egress rule names nobody")]);
        let reversed = "An egress rule has from_port 443 above to_port 80";
        check(&open(443, 80, &["0.0.0.0/0"]), &[("from_port", reversed)]);
        let all = Rule { protocol: "-1".into(), ..open(0, 443, &["0.0.0.0/0"]) };
        check(&all, &[("from_port", "An egress rule for all protocols has ports 0 to 443")]);
        for known in ["tcp", "TCP", "udp", "icmp", "icmpv6", "50", "0", "6"] {
            check(&Rule { protocol: known.into(), ..open(1, 2, &["0.0.0.0/0"]) }, &[]);
        }
        check(&Rule { protocol: "all".into(), ..open(0, 0, &["0.0.0.0/0"]) }, &[]);
        // All that is wrong is said at once.
        let wrong = Rule { protocol: "tpc".into(), ..open(1, 2, &["everywhere", "10.0.0.0/8", "10.0.0.1/8"]) };
        check(
            &wrong,
            &[
                ("protocol", "There is no protocol \"tpc\""),
                ("cidr_blocks", "\"everywhere\" is no address range that can be used"),
                ("cidr_blocks", "\"10.0.0.1/8\" is no address range that can be used"),
            ],
        );
        // No path leads to one of several blocks.
        let found = problems("egress", &rules(&[wrong, tcp(1, 2)]));
        assert_eq!(found.len(), 4);
        assert!(found.iter().all(|one| one.path == Some("egress".into())), "{found:?}");
    }
}
