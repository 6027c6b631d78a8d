//! Objects of a Databricks account: what the account console calls cloud resources and workspaces.
//! API: <https://docs.databricks.com/api/account/introduction>

pub mod current_config;
pub mod mws_credentials;
pub mod mws_customer_managed_keys;
pub mod mws_ncc_binding;
pub mod mws_ncc_private_endpoint_rule;
pub mod mws_network_connectivity_config;
pub mod mws_networks;
pub mod mws_permission_assignment;
pub mod mws_private_access_settings;
pub mod mws_storage_configurations;
pub mod mws_vpc_endpoint;
pub mod mws_workspaces;
#[cfg(test)]
mod tests;

use std::time::Duration;

use databricks::Request;
use jiff::Timestamp;
use serde_json::Value;
use tfplugin::{Attr, Call, Error, Marker, Probe, Result};
use tokio::time::Instant;

use crate::answer::{Answer, refusal};
use crate::clients::Account;

/// Clocks of this machine and of the control plane may differ by this much.
const CLOCK_SKEW_SECONDS: i64 = 60;

/// The id under which Terraform knows an account's object, and which an import is given: `account_id/object_id`.
pub(crate) fn terraform_id(account_id: &str, object_id: &str) -> Attr<String> {
    Attr::Known(format!("{account_id}/{object_id}"))
}

/// The object's own id out of [`terraform_id`].
///
/// # Errors
/// The text is no such id, or is one of another account than the provider's.
pub(crate) fn object_id<'a>(resource: &str, id: &'a str, account_id: &str) -> Result<&'a str> {
    let Some((account, object)) = id.split_once('/').filter(|(_, object)| !object.is_empty()) else {
        return Err(
            Error::new(format!("{id:?} is no id of a {resource}")).detail("It is written account_id/object_id.")
        );
    };
    if account != account_id {
        return Err(Error::new(format!("The {resource} {object} belongs to account {account}")).detail(format!(
            "The provider is configured for account {account_id}: set account_id, or DATABRICKS_ACCOUNT_ID, to {account}."
        )));
    }
    Ok(object)
}

/// Refuses a configured account that is not the provider's.
///
/// # Errors
/// The two differ.
pub(crate) fn same_account(configured: &Attr<String>, account_id: &str) -> Result<()> {
    match configured.known() {
        Some(configured) if configured != account_id => Err(Error::new("account_id differs from the provider's")
            .detail(format!("The provider is configured for account {account_id}: remove the attribute."))
            .at("account_id")),
        _ => Ok(()),
    }
}

/// Whether an object, created at `creation_time` (milliseconds since 1970), can be of a create that `marker` began.
pub(crate) fn is_of(marker: &Marker, creation_time: Option<i64>) -> bool {
    creation_time
        .and_then(|time| Timestamp::from_millisecond(time).ok())
        .is_some_and(|created| created.as_second() >= marker.since.as_second() - CLOCK_SKEW_SECONDS)
}

/// How long an object that is still in use is asked to go: what used it is on its way out as well, or never will be.
const IN_USE: Duration = Duration::from_secs(5 * 60);

/// Whether a delete was refused because something that is being deleted too still holds the object: `INVALID_STATE`, or a
/// 409 whose body may be empty (issue 777 of the Go SDK).
fn is_in_use(error: &databricks::Error) -> bool {
    error.is_invalid_state() || error.status().is_some_and(|status| status == 409)
}

/// How long a workspace takes to go at the least: it is not asked for sooner.
const GOING: Duration = Duration::from_secs(1);

/// Deletes an object of `collection` (`/networks`). One that something still uses is refused, and asked again; a deleted one is not looked for
/// afterwards: of these kinds nothing but a network's own successor could mind, and the API refuses that in words.
pub(crate) async fn delete(cx: &Call<Account>, collection: &str, noun: &str, id: &str) -> Result<()> {
    let id = object_id(noun, id, cx.client().account_id()?)?;
    let path = format!("{collection}/{id}");
    let action = || format!("delete the {noun} {id}");
    let end = Instant::now() + IN_USE;
    let (start, most) = (Duration::from_millis(200), Duration::from_secs(5));
    cx.poll(&format!("the {noun} {id} to be unused"), start, most, async || {
        match cx.client().send::<()>(Request::delete_account(&path)).await {
            Ok(()) => Ok(Probe::Done(())),
            Err(error) if error.is_not_found() => Ok(Probe::Done(())),
            Err(error) if is_in_use(&error) && Instant::now() < end => Ok(Probe::Waiting(error.to_string())),
            Err(error) => Err(refusal(&action(), error)),
        }
    })
    .await
}

/// Deletes an object as [`delete`] does, and waits until the account has forgotten it: a workspace goes after the answer.
pub(crate) async fn delete_and_wait(cx: &Call<Account>, collection: &str, noun: &str, id: &str) -> Result<()> {
    delete(cx, collection, noun, id).await?;
    let id = object_id(noun, id, cx.client().account_id()?)?;
    let path = format!("{collection}/{id}");
    cx.sleep(GOING).await?;
    cx.poll(&format!("the {noun} {id} to be gone"), Duration::from_millis(500), Duration::from_secs(5), async || {
        match cx
            .client()
            .send::<Value>(Request::get_account(&path))
            .await
            .if_exists(|| format!("delete the {noun} {id}"))?
        {
            None => Ok(Probe::Done(())),
            Some(_) => Ok(Probe::Waiting("still there".into())),
        }
    })
    .await
}

#[cfg(test)]
mod ids {
    use super::*;

    #[test]
    fn an_id_is_split_at_the_account() {
        assert_eq!(object_id("network", "a/n-1", "a").unwrap(), "n-1");
        for (id, reason) in
            [("n-1", "account_id/object_id"), ("a/", "account_id/object_id"), ("b/n-1", "belongs to account b")]
        {
            assert!(object_id("network", id, "a").unwrap_err().to_string().contains(reason), "{id}");
        }
    }

    #[test]
    fn an_object_from_before_the_create_is_not_of_it() {
        let marker = Marker { id: "m".into(), since: Timestamp::from_second(1_000).unwrap() };
        for (creation_time, expected) in
            [(1_000_000, true), (1_001_000, true), (941_000, true), (939_000, false), (0, false)]
        {
            assert_eq!(is_of(&marker, Some(creation_time)), expected, "{creation_time}");
        }
    }
}
