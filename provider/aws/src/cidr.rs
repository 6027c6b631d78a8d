//! Address ranges in CIDR notation, checked before AWS sees them.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use tfplugin::{Attr, Diagnostic, Error, Path};

/// Netmasks of a VPC and of a subnet: <https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html>.
pub(crate) const VPC_MASKS: RangeInclusive<u8> = 16..=28;

/// What is wrong with an IPv4 range whose netmask must lie in `masks`.
pub(crate) fn check(attribute: &str, value: &Attr<String>, masks: RangeInclusive<u8>) -> Option<Diagnostic> {
    let text = value.known()?;
    let problem = match parse(text) {
        Ok((IpAddr::V4(_), mask)) if masks.contains(&mask) => return None,
        Ok((IpAddr::V4(_), mask)) => {
            format!("Its netmask is /{mask}; AWS takes /{} to /{} here.", masks.start(), masks.end())
        }
        Ok((IpAddr::V6(_), _)) => "It is an IPv6 range; an IPv4 range is needed here.".to_owned(),
        Err(problem) => problem,
    };
    Some(wrong(text, problem, Path::attribute(attribute)))
}

/// What is wrong with a range of any size, of IPv4 or IPv6, at `path`.
pub(crate) fn check_any(text: &str, v6: bool, path: Path) -> Option<Diagnostic> {
    let problem = match parse(text) {
        Ok((address, _)) if address.is_ipv6() == v6 => return None,
        Ok(_) if v6 => "It is an IPv4 range; an IPv6 range is needed here.".to_owned(),
        Ok(_) => "It is an IPv6 range; an IPv4 range is needed here.".to_owned(),
        Err(problem) => problem,
    };
    Some(wrong(text, problem, path))
}

/// A range in the spelling that AWS answers: `::0/0` is `::/0`, `2001:DB8::/32` is `2001:db8::/32` (RFC 5952). What is no range
/// stays as it is.
pub(crate) fn canonical(text: &str) -> String {
    parse(text).map_or_else(|_| text.to_owned(), |(address, mask)| format!("{address}/{mask}"))
}

fn wrong(text: &str, problem: String, path: Path) -> Diagnostic {
    Error::new(format!("{text:?} is no address range that can be used")).detail(problem).at(path).into()
}

fn parse(text: &str) -> Result<(IpAddr, u8), String> {
    let example = "Write it like 10.0.0.0/16.";
    let Some((address, mask)) = text.split_once('/') else { return Err(format!("The netmask is missing. {example}")) };
    let address: IpAddr = address.parse().map_err(|_| format!("{address:?} is no address. {example}"))?;
    let (bits, width) = match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    };
    let mask: u8 = mask
        .parse()
        .ok()
        .filter(|mask| *mask <= width)
        .ok_or_else(|| format!("{mask:?} is no netmask: a number from 0 to {width} is needed."))?;
    let host = u32::from(width - mask);
    let network = bits.checked_shr(host).and_then(|bits| bits.checked_shl(host)).unwrap_or(0);
    if network == bits {
        return Ok((address, mask));
    }
    let network = match address {
        IpAddr::V4(_) => IpAddr::from(u32::try_from(network).unwrap_or_default().to_be_bytes()),
        IpAddr::V6(_) => IpAddr::from(network.to_be_bytes()),
    };
    Err(format!("Bits beyond the netmask are set: the range is {network}/{mask}."))
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
