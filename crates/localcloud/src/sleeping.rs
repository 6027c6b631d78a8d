//! What putting the network to sleep saves (`scripts/sleep_network_infrastructure.sh`): what it removes costs by the hour, whether it is used
//! or not. Prices: <https://aws.amazon.com/vpc/pricing/>, <https://aws.amazon.com/privatelink/pricing/>

use serde::{Deserialize, Serialize};

use crate::aws::Standing;

/// Where the prices are from, as people are told.
pub(crate) const SOURCE: &str = "AWS's list prices in us-east-1, in 2026, without traffic and taxes; other regions cost somewhat more: \
                                 aws.amazon.com/vpc/pricing, aws.amazon.com/privatelink/pricing";

/// Thousandths of a US dollar for an hour of a NAT gateway.
const NAT_GATEWAY: u64 = 45;
/// The same of an interface endpoint in one availability zone.
const ENDPOINT_INTERFACE: u64 = 10;
/// The same of a public IPv4 address.
const ADDRESS: u64 = 5;

/// What stands that sleeping removes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sleeping {
    pub(crate) lines: Vec<Line>,
    /// Thousandths of a US dollar by the hour, of all of it.
    pub(crate) total: u64,
}

/// What stands of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) what: String,
    pub(crate) count: u64,
    /// Thousandths of a US dollar by the hour, of one.
    pub(crate) each: u64,
}

impl Sleeping {
    /// What there is to save of what stands.
    pub(crate) fn of(standing: &Standing, addresses: usize) -> Self {
        let line = |what: &str, count: usize, each| Line { what: what.to_owned(), count: count as u64, each };
        let mut lines = vec![
            line("NAT gateways", standing.nat_gateways, NAT_GATEWAY),
            line("Interface endpoints, by availability zone", standing.endpoint_interfaces, ENDPOINT_INTERFACE),
            line("Public IPv4 addresses", addresses, ADDRESS),
        ];
        lines.retain(|line| line.count > 0);
        let total = lines.iter().map(Line::total).sum();
        Self { lines, total }
    }
}

impl Line {
    /// Thousandths of a US dollar by the hour, of all of them.
    pub(crate) fn total(&self) -> u64 {
        self.count.saturating_mul(self.each)
    }
}

/// Thousandths of a US dollar, as people read them: `$0.045`.
pub(crate) fn dollars(mills: u64) -> String {
    format!("${}.{:03}", mills / 1000, mills % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_costs_by_the_hour() {
        let check = |nat_gateways, endpoint_interfaces, addresses, lines: usize, expected: &str| {
            let sleeping = Sleeping::of(&Standing { nat_gateways, endpoint_interfaces }, addresses);
            assert_eq!((sleeping.lines.len(), dollars(sleeping.total).as_str()), (lines, expected));
        };
        check(0, 0, 0, 0, "$0.000");
        check(1, 4, 1, 3, "$0.090");
        check(30, 0, 0, 1, "$1.350");
    }
}
