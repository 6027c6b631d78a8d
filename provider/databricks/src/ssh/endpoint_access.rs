//! Who may use an endpoint: what is wrong with the lists, and whom the service does not know.

use ssh_endpoint::SshEndpoint;
use ssh_endpoint::access::{self, Access, is_application_id};
use tfplugin::{Call, Error, Result};

use crate::clients::Workspace;

/// Gives the use of a published endpoint to these, and to nobody else.
pub(super) async fn give(cx: &Call<Workspace>, endpoint: &SshEndpoint, wanted: &Access) -> Result<()> {
    access::give(cx.client(), endpoint, wanted).await.map_err(|error| {
        let unknown = unknown(wanted, &error).map(|(list, name)| (list, name.to_owned()));
        let mut error = Error::from(error);
        if let Some((list, name)) = unknown {
            error = error
                .detail(format!(
                    "The workspace does not know {name:?}, or does not have it as a member. users are the mail addresses of users and the \
                     application ids of service principals, groups the names of groups."
                ))
                .at(list);
        }
        error
    })
}

/// The list and the name that a refusal is about. The service has nothing but the text to tell it by: `Principal: UserName(ada) does not
/// exist` of the permissions API, other words of the secrets API.
fn unknown<'a>(wanted: &'a Access, error: &databricks::Error) -> Option<(&'static str, &'a str)> {
    if !matches!(error.status(), Some(400 | 404)) {
        return None;
    }
    let message = error.message();
    let named =
        |names: &'a std::collections::BTreeSet<String>| names.iter().find(|name| message.contains(name.as_str()));
    let user = named(&wanted.users).map(|name| ("users", name.as_str()));
    user.or_else(|| named(&wanted.groups).map(|name| ("groups", name.as_str())))
}

/// What is wrong with the lists themselves.
pub(super) fn problem(wanted: &Access, is_serverless: bool) -> Option<Error> {
    let no_user = wanted.users.iter().find(|name| !name.contains('@') && !is_application_id(name));
    if let Some(name) = no_user {
        return Some(
            Error::new(format!("{name:?} is no user"))
                .detail("users are mail addresses of users, and application ids of service principals. Names of groups stand in groups.")
                .at("users"),
        );
    }
    let list = if wanted.users.len() > 1 { "users" } else { "groups" };
    let is_shared = wanted.users.len() > 1 || !wanted.groups.is_empty();
    (is_serverless && is_shared).then(|| {
        Error::new("Serverless compute serves who started it, and nobody else")
            .detail("Give it to one user, or make an endpoint for each. A cluster that is dedicated to a group serves all its members.")
            .at(list)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_users_and_serverless_compute_has_one() {
        let check = |users: &[&str], groups: &[&str], serverless: bool, expected: Option<&str>| {
            let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            let found = problem(&Access { users: set(users), groups: set(groups) }, serverless);
            let at = found.map(|error| error.diagnostic().path.clone().unwrap());
            assert_eq!(at, expected.map(Into::into), "{users:?} {groups:?} {serverless}");
        };
        check(&["ada@example.com", "7d0f2a9e-0000-4000-8000-000000000001"], &["engineers"], false, None);
        check(&["ada"], &[], false, Some("users"));
        check(&["ada@example.com"], &[], true, None);
        check(&["ada@example.com", "b@example.com"], &[], true, Some("users"));
        check(&[], &["engineers"], true, Some("groups"));
    }
}
