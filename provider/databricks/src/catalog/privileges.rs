//! Who has which privileges on a securable, and how that is changed. API: <https://docs.databricks.com/api/workspace/grants>

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use databricks::{Client, IfExists, Request, segment};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tfplugin::{Call, Probe, Result};
use tokio::time::Instant;

use super::securable::Securable;

/// How long the service may tell what was before a change.
const SPREADING: Duration = Duration::from_secs(60);

/// Privileges by principal. Nobody stands in it without one.
pub(super) type Granted = BTreeMap<String, BTreeSet<String>>;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Page {
    privilege_assignments: Vec<Assignment>,
    next_page_token: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Assignment {
    principal: String,
    privileges: BTreeSet<String>,
}

/// What changes for one principal.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Change {
    principal: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    add: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remove: Vec<String>,
}

/// A privilege as the service spells it: `create table` is `CREATE_TABLE`.
pub(super) fn spelled(privilege: &str) -> String {
    privilege.trim().to_uppercase().replace(' ', "_")
}

fn path(of: &Securable) -> String {
    format!("/api/2.1/unity-catalog/permissions/{}/{}", of.word, segment(&of.name))
}

/// Who has which privileges, granted on this very securable; `None` where it is gone. `shared`: what was told a moment ago will do.
pub(super) async fn granted(client: &Client, of: &Securable, shared: bool) -> Result<Option<Granted>> {
    let request = Request::get(path(of));
    let request = if shared { request.shared() } else { request };
    let pages = client.pages(request, |page: Page| (page.privilege_assignments, page.next_page_token)).await;
    let Some(all) = pages.if_exists()? else { return Ok(None) };
    let mut granted = Granted::new();
    for one in all.into_iter().filter(|one| !one.privileges.is_empty()) {
        granted.entry(one.principal).or_default().extend(one.privileges.iter().map(|name| spelled(name)));
    }
    Ok(Some(granted))
}

/// What makes `after` of `before`.
fn changes(before: &Granted, after: &Granted) -> Vec<Change> {
    let none = BTreeSet::new();
    let principals: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let of = |principal: &String| {
        let (before, after) = (before.get(principal).unwrap_or(&none), after.get(principal).unwrap_or(&none));
        Change {
            principal: principal.clone(),
            add: after.difference(before).cloned().collect(),
            remove: before.difference(after).cloned().collect(),
        }
    };
    let all = principals.into_iter().map(of);
    all.filter(|change| !change.add.is_empty() || !change.remove.is_empty()).collect()
}

/// Grants and revokes what makes `after` of what is, for the principals that `concerns`, and for nobody else.
pub(super) async fn set(
    client: &Client,
    of: &Securable,
    after: &Granted,
    concerns: impl Fn(&str) -> bool,
) -> Result<()> {
    let mut before = granted(client, of, false).await?.unwrap_or_default();
    before.retain(|principal, _| concerns(principal));
    let changes = changes(&before, after);
    if changes.is_empty() {
        return Ok(());
    }
    let request = Request::patch(path(of)).json(&json!({ "changes": changes }))?;
    match client.send::<()>(request).await {
        // Privileges go with what they were granted on.
        Err(error) if error.is_not_found() && after.is_empty() => Ok(()),
        sent => Ok(sent?),
    }
}

/// Waits until the service tells `wanted` of the principals that `concerns`, and answers what it tells in the end.
pub(super) async fn settled<C: Send + Sync>(
    cx: &Call<C>,
    client: &Client,
    of: &Securable,
    wanted: &Granted,
    concerns: impl Fn(&str) -> bool,
) -> Result<Granted> {
    let end = Instant::now() + SPREADING;
    let (start, most) = (Duration::from_millis(200), Duration::from_secs(5));
    cx.poll("the privileges to be told", start, most, async || {
        let mut found = granted(client, of, false).await?.unwrap_or_default();
        found.retain(|principal, _| concerns(principal));
        Ok(match found == *wanted || Instant::now() >= end {
            true => Probe::Done(found),
            false => Probe::Waiting("what was before".into()),
        })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(of: &[(&str, &[&str])]) -> Granted {
        let set = |names: &[&str]| names.iter().map(|name| spelled(name)).collect();
        of.iter().map(|(principal, names)| ((*principal).to_owned(), set(names))).collect()
    }

    #[test]
    fn a_privilege_has_one_spelling() {
        for name in ["create table", "CREATE_TABLE", "Create Table", " CREATE TABLE "] {
            assert_eq!(spelled(name), "CREATE_TABLE");
        }
    }

    #[test]
    fn only_what_differs_is_changed() {
        let check = |before: &[(&str, &[&str])], after: &[(&str, &[&str])], expected: &[(&str, &[&str], &[&str])]| {
            let text = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            let of = |(principal, add, remove): &(&str, &[&str], &[&str])| Change {
                principal: (*principal).to_owned(),
                add: text(add),
                remove: text(remove),
            };
            let expected: Vec<Change> = expected.iter().map(of).collect();
            assert_eq!(changes(&granted(before), &granted(after)), expected, "{before:?} {after:?}");
        };
        check(&[], &[], &[]);
        check(&[("a", &["use catalog"])], &[("a", &["USE_CATALOG"])], &[]);
        check(&[], &[("a", &["SELECT", "MODIFY"])], &[("a", &["MODIFY", "SELECT"], &[])]);
        check(
            &[("a", &["SELECT"]), ("b", &["MODIFY"])],
            &[("b", &["SELECT"])],
            &[("a", &[], &["SELECT"]), ("b", &["SELECT"], &["MODIFY"])],
        );
    }
}
