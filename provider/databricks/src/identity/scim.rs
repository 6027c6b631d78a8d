//! The SCIM calls of users, groups and service principals, and the marks of creates on them.
//! API: <https://docs.databricks.com/api/account/accountusers>, accountgroups and accountserviceprincipals, and the same below
//! `/api/2.0/preview/scim/v2` of a workspace.

use databricks::api::identity::{Patch, PatchOperation, Principal as Api, Principals};
use databricks::{Client, IfExists, Request};
use tfplugin::{Attr, Error, Marked, Marker, Result};

/// A kind of principal, in SCIM's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    User,
    Group,
    ServicePrincipal,
}

impl Kind {
    /// The collection's name in paths, and in the `$ref` of a group's member.
    pub(super) fn collection(self) -> &'static str {
        match self {
            Self::User => "Users",
            Self::Group => "Groups",
            Self::ServicePrincipal => "ServicePrincipals",
        }
    }

    /// What people call one.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::ServicePrincipal => "service principal",
        }
    }

    pub(super) fn schema(self) -> String {
        let name = match self {
            Self::User => "User",
            Self::Group => "Group",
            Self::ServicePrincipal => "ServicePrincipal",
        };
        format!("urn:ietf:params:scim:schemas:core:2.0:{name}")
    }

    /// The attribute of which no two have the same value.
    pub(super) fn login(self) -> &'static str {
        match self {
            Self::User => "userName",
            Self::Group => "displayName",
            Self::ServicePrincipal => "applicationId",
        }
    }

    /// The collection, or one member of it, at the client's level.
    pub(super) fn path(self, client: &Client, id: &str) -> Result<String, databricks::Error> {
        let below = if id.is_empty() { String::new() } else { format!("/{}", databricks::segment(id)) };
        let end = format!("scim/v2/{}{below}", self.collection());
        if client.is_account() {
            client.account_path(&format!("/{end}"))
        } else {
            Ok(format!("/api/2.0/preview/{end}"))
        }
    }

    /// The one of this id.
    pub(super) async fn get(self, client: &Client, id: &str) -> Result<Option<Api>> {
        Ok(client.send(Request::get(self.path(client, id)?)).await.if_exists()?)
    }

    /// The one of this id, with these attributes alone; equal questions at about the same time are one call.
    pub(super) async fn get_part(self, client: &Client, id: &str, attributes: &str) -> Result<Option<Api>> {
        let request = Request::get(self.path(client, id)?).query("attributes", attributes).shared();
        Ok(client.send(request).await.if_exists()?)
    }

    /// Sends the changes; false if it is gone.
    pub(super) async fn patch(self, client: &Client, id: &str, operations: Vec<PatchOperation>) -> Result<bool> {
        let request = Request::patch(self.path(client, id)?).scim(&Patch::new(operations))?;
        Ok(client.send::<()>(request).await.if_exists()?.is_some())
    }

    /// Those whose attribute has this value.
    pub(super) async fn having(self, client: &Client, has: &str, value: &str) -> Result<Vec<Api>> {
        let filter = format!("{has} \"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
        Ok(self.all(client, &filter).await?)
    }

    /// The only one whose attribute has this value.
    pub(super) async fn only(self, client: &Client, attribute: &str, value: &str) -> Result<Api> {
        let mut found = self.having(client, &format!("{attribute} eq"), value).await?;
        match (found.pop(), found.is_empty()) {
            (Some(only), true) => Ok(only),
            (None, _) => Err(Error::new(format!("There is no {} whose {attribute} is {value:?}", self.noun()))
                .detail("A workspace knows those of its account that are assigned to it, and an account none of a workspace's own.")),
            (Some(_), false) => Err(Error::new(format!("There are several of the kind {} whose {attribute} is {value:?}", self.noun()))
                .detail("Look the one that is meant up by its id.")),
        }
    }

    /// The one of this id, which somebody named.
    pub(super) async fn of_id(self, client: &Client, id: &str) -> Result<Api> {
        self.get(client, id).await?.ok_or_else(|| {
            Error::new(format!("There is no {} {id}", self.noun()))
                .detail("A workspace knows those of its account that are assigned to it, and an account none of a workspace's own.")
        })
    }

    /// All that pass a filter; an empty one lets all pass.
    pub(super) async fn all(self, client: &Client, filter: &str) -> Result<Vec<Api>, databricks::Error> {
        let mut all: Vec<Api> = Vec::new();
        for _ in 0..PAGES {
            let request = Request::get(self.path(client, "")?);
            let request = if filter.is_empty() { request } else { request.query("filter", filter) };
            let request = request.query("startIndex", all.len() + 1).query("count", PAGE);
            let page: Principals = client.send(request).await?;
            let is_last = page.resources.is_empty();
            all.extend(page.resources);
            if is_last || i64::try_from(all.len()).is_ok_and(|count| count >= page.total_results) {
                break;
            }
        }
        Ok(all)
    }

    /// All that bear a mark.
    pub(super) async fn with_mark(self, client: &Client) -> Result<Vec<Api>, databricks::Error> {
        self.all(client, &format!("externalId sw \"{MARK}:\"")).await
    }

    /// The name of the question after [`Self::with_mark`], which a client asks once.
    pub(super) fn look(self) -> &'static str {
        match self {
            Self::User => "users with a mark",
            Self::Group => "groups with a mark",
            Self::ServicePrincipal => "service principals with a mark",
        }
    }

    /// The marks of all of an account or a workspace, but for those that a destroy has deactivated, which an account keeps.
    pub(crate) async fn all_marked(self, client: &Client) -> Result<Vec<Marked>, databricks::Error> {
        let mut all = self.with_mark(client).await?;
        all.retain(|one| !client.is_account() || one.active != Some(false));
        Ok(all.iter().filter_map(marked).collect())
    }
}

/// A page: the most that the API answers at once.
const PAGE: usize = 100;
/// Pages that are read at most.
const PAGES: usize = 100;

/// What stands before the marker's id in the external id of a principal that has none of its own. The API has neither tags nor
/// a time of creation, and several service principals may have one name.
pub(super) const MARK: &str = Marker::TAG;

pub(super) fn mark(marker: &Marker) -> String {
    format!("{MARK}:{}", marker.text())
}

pub(super) fn mark_of(principal: &Api) -> Option<&str> {
    principal.external_id.strip_prefix(MARK)?.strip_prefix(':')
}

pub(super) fn marked(principal: &Api) -> Option<Marked> {
    Some(Marked { mark: mark_of(principal)?.to_owned(), id: principal.id.clone() })
}

/// The external id that an answer tells; the mark of a create is none.
pub(super) fn external_id(told: &str) -> Attr<String> {
    if told.is_empty() || told.starts_with(MARK) { Attr::Null } else { told.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_of_a_create_is_no_external_id() {
        let marker = Marker::new("0a1b", jiff::Timestamp::UNIX_EPOCH);
        assert_eq!(external_id(&mark(&marker)), Attr::Null);
        assert_eq!(external_id("entra-7"), "entra-7".into());
        assert_eq!(external_id(""), Attr::Null);
    }
}
