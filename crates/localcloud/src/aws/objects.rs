//! NAT gateways and VPC endpoints that moto made, with what AWS lets depend on them.

use std::collections::BTreeSet;

/// From `pending` to `deleted`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Life {
    /// When `pending` ends.
    ready: i64,
    /// When `deleting` ends, once it is being deleted.
    gone: Option<i64>,
}

impl Life {
    /// A life that is `pending` until `ready`.
    pub(super) fn from(ready: i64) -> Self {
        Self { ready, gone: None }
    }

    /// Is being deleted from now until `gone`; a second deletion changes nothing.
    pub(super) fn end(&mut self, gone: i64) {
        self.gone.get_or_insert(gone);
    }

    pub(super) fn is_ending(&self) -> bool {
        self.gone.is_some()
    }

    /// The state, in AWS' word for it.
    pub(super) fn state(&self, now: i64) -> &'static str {
        match self.gone {
            Some(gone) if gone <= now => "deleted",
            Some(_) => "deleting",
            None if self.ready > now => "pending",
            None => "available",
        }
    }
}

/// A NAT gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Nat {
    pub(super) subnet: String,
    pub(super) vpc: String,
    pub(super) allocation: Option<String>,
    pub(super) association: Option<String>,
    pub(super) interface: Option<String>,
    pub(super) life: Life,
}

/// A VPC endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) vpc: String,
    pub(super) service: String,
    pub(super) private_dns: bool,
    pub(super) subnets: BTreeSet<String>,
    pub(super) groups: BTreeSet<String>,
    /// Route tables of a gateway endpoint.
    pub(super) tables: BTreeSet<String>,
    pub(super) life: Life,
}

/// How much stands of what costs by the hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) nat_gateways: usize,
    /// Interface endpoints, each as often as it has a subnet.
    pub(crate) endpoint_interfaces: usize,
}
