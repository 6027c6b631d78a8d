//! All endpoints of the two hosts: the kinds' (see [`crate::kinds`]) and those that are served by hand.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use http::Method;

use crate::kinds::KINDS;
use crate::route::{Route, Served, matches, of_kind};
use crate::store::kind::Level;
use crate::{account, oidc, workspace};

static ACCOUNT: LazyLock<Vec<Route>> = LazyLock::new(|| of_kinds(Level::Account));
static WORKSPACE: LazyLock<Vec<Route>> = LazyLock::new(|| of_kinds(Level::Workspace));

/// An endpoint that was found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) served: Served,
    /// The values of the pattern's names.
    pub(crate) params: BTreeMap<String, String>,
    /// Whether it serves callers whom nobody knows.
    pub(crate) open: bool,
}

/// What serves a call.
pub(crate) fn find(level: Level, method: &Method, path: &str) -> Option<Found> {
    let open = match level {
        Level::Account => oidc::ACCOUNT,
        Level::Workspace => oidc::WORKSPACE,
    };
    let of = |routes: &mut dyn Iterator<Item = &'static Route>, open: bool| {
        routes.filter(|route| route.method == *method).find_map(|route| {
            let params = matches(&route.pattern, path)?;
            let good_version =
                params.get("version").is_none_or(|version| ["2.0", "2.1", "2.2"].contains(&version.as_str()));
            good_version.then_some(Found { served: route.served, params, open })
        })
    };
    of(&mut open.iter(), true).or_else(|| of(&mut all(level), false))
}

/// The endpoints of a host that want to know their caller.
fn all(level: Level) -> impl Iterator<Item = &'static Route> {
    let (by_hand, by_kind) = match level {
        Level::Account => (account::ROUTES, &ACCOUNT),
        Level::Workspace => (workspace::ROUTES, &WORKSPACE),
    };
    by_hand.iter().flat_map(|table| table.iter()).chain(by_kind.iter())
}

fn of_kinds(level: Level) -> Vec<Route> {
    KINDS.iter().filter(|kind| kind.level == level).flat_map(|kind| of_kind(kind)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::overlap;

    #[test]
    fn no_two_routes_serve_the_same_call() {
        for level in [Level::Account, Level::Workspace] {
            let all: Vec<&Route> = all(level).collect();
            for (at, one) in all.iter().enumerate() {
                for other in all.iter().skip(at + 1) {
                    assert!(
                        one.method != other.method || !overlap(&one.pattern, &other.pattern),
                        "{} {} and {} serve the same call",
                        one.method,
                        one.pattern,
                        other.pattern
                    );
                }
            }
        }
    }
}
