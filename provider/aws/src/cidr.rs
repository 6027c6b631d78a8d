//! Address ranges in CIDR notation: checked before AWS sees them, and compared by value.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use ipnet::IpNet;
use tfplugin::{Attr, Diagnostic, Error, Path};

/// Netmasks of a VPC and of a subnet: <https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html>.
pub(crate) const VPC_MASKS: RangeInclusive<u8> = 16..=28;

/// What is wrong with an IPv4 range whose netmask must lie in `masks`.
pub(crate) fn check(attribute: &str, value: &Attr<String>, masks: RangeInclusive<u8>) -> Option<Diagnostic> {
    let text = value.known()?;
    let error = problem(text, false).or_else(|| {
        let mask = parse(text).ok()?.prefix_len();
        let problem = || format!("Its netmask is /{mask}; AWS takes /{} to /{} here.", masks.start(), masks.end());
        (!masks.contains(&mask)).then(|| wrong(text, problem()))
    })?;
    Some(error.at(attribute).into())
}

/// What is wrong with a range of any size, of IPv4 or IPv6, at `path`.
pub(crate) fn check_any(text: &str, v6: bool, path: Path) -> Option<Diagnostic> {
    Some(problem(text, v6)?.at(path).into())
}

/// What is wrong with a range of any size, of IPv4 or IPv6.
pub(crate) fn problem(text: &str, v6: bool) -> Option<Error> {
    let problem = match parse(text) {
        Ok(range) if range.addr().is_ipv6() == v6 => return None,
        Ok(_) if v6 => "It is an IPv4 range; an IPv6 range is needed here.".to_owned(),
        Ok(_) => "It is an IPv6 range; an IPv4 range is needed here.".to_owned(),
        Err(problem) => problem,
    };
    Some(wrong(text, problem))
}

/// A range in the spelling that AWS answers: `::0/0` is `::/0`, `2001:DB8::/32` is `2001:db8::/32` (RFC 5952), `10.1.2.3/8` is
/// `10.0.0.0/8`. What is no range stays as it is.
pub(crate) fn canonical(text: &str) -> String {
    text.parse::<IpNet>().map_or_else(|_| text.to_owned(), |range| range.trunc().to_string())
}

fn wrong(text: &str, problem: String) -> Error {
    Error::new(format!("{text:?} is no address range that can be used")).detail(problem)
}

fn parse(text: &str) -> Result<IpNet, String> {
    let example = "Write it like 10.0.0.0/16.";
    let Some((address, mask)) = text.split_once('/') else { return Err(format!("The netmask is missing. {example}")) };
    let address: IpAddr = address.parse().map_err(|_| format!("{address:?} is no address. {example}"))?;
    let range = mask.parse().ok().and_then(|mask| IpNet::new(address, mask).ok()).ok_or_else(|| {
        let width = if address.is_ipv4() { 32 } else { 128 };
        format!("{mask:?} is no netmask: a number from 0 to {width} is needed.")
    })?;
    if range == range.trunc() {
        Ok(range)
    } else {
        Err(format!("Bits beyond the netmask are set: the range is {}.", range.trunc()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_range_is_refused_with_the_reason() {
        fn check(text: &str, expected: Option<&str>) {
            let found = super::check("cidr_block", &text.into(), VPC_MASKS);
            match (found, expected) {
                (None, None) => {}
                (Some(found), Some(expected)) => {
                    assert!(found.detail.contains(expected), "{text}: {found:?}");
                    assert_eq!(found.path, Some("cidr_block".into()));
                }
                (found, expected) => panic!("{text}: {found:?}, expected {expected:?}"),
            }
        }
        check("10.0.0.0/16", None);
        check("10.0.128.0/28", None);
        check("10.0.0.0", Some("netmask is missing"));
        check("10.0.0.0/8", Some("/16 to /28"));
        check("10.0.0.1/16", Some("the range is 10.0.0.0/16"));
        check("10.0.300.0/16", Some("no address"));
        check("10.0.0.0/33", Some("no netmask"));
        check("2001:db8::/32", Some("IPv6"));
        assert_eq!(super::check("cidr_block", &Attr::Unknown, VPC_MASKS), None);
    }

    #[test]
    fn a_range_has_one_canonical_spelling() {
        for (text, expected) in [
            ("::0/0", "::/0"),
            ("2001:DB8:0:0::/32", "2001:db8::/32"),
            ("10.0.0.0/16", "10.0.0.0/16"),
            ("10.1.2.3/8", "10.0.0.0/8"),
            ("2001:db8::1/32", "2001:db8::/32"),
            ("pl-1", "pl-1"),
        ] {
            assert_eq!(canonical(text), expected);
        }
    }

    #[test]
    fn the_whole_internet_is_a_range() {
        let path = || Path::attribute("x");
        assert_eq!(check_any("0.0.0.0/0", false, path()), None);
        assert_eq!(check_any("::/0", true, path()), None);
        assert!(check_any("::/0", false, path()).is_some());
    }
}
