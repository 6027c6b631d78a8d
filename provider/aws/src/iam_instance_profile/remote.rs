//! An instance profile as AWS has it: how it is read, found by its mark, brought to what is planned, and deleted.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_iam::types::InstanceProfile;
use tfplugin::{Attr, Call, Marked, Marker, Result};

use super::IamInstanceProfile;
use crate::client::Aws;
use crate::create::{VISIBLE_WITHIN, retrying};
use crate::ec2::none_if_absent;
use crate::errors::{Explain, Fault, gone_is_fine};
use crate::marks::Bearer;
use crate::{iam, tags};

/// Whether the profile of this name was made by this create; `None`: no profile is seen, which a new one may not be for a while.
pub(super) async fn is_of_create(aws: &Aws, name: &str, marker: &Marker) -> Result<Option<bool>, Fault> {
    let profile = get(aws, name).await?;
    Ok(profile.map(|profile| iam::is_of_create(profile.tags(), &profile.create_date, marker)))
}

/// The mark of a profile.
pub(crate) async fn marked(aws: &Aws, name: &str) -> Result<Option<Marked>, Fault> {
    Ok(get(aws, name).await?.and_then(|profile| iam::marked(profile.tags(), name)))
}

async fn get(aws: &Aws, name: &str) -> Result<Option<InstanceProfile>, Fault> {
    let answer = aws.iam.get_instance_profile().instance_profile_name(name).send().await.fault();
    Ok(none_if_absent(answer)?.and_then(|answer| answer.instance_profile))
}

/// The profile as it is now; `None` if it is gone.
pub(super) async fn look(aws: &Aws, prior: &IamInstanceProfile) -> Result<Option<IamInstanceProfile>> {
    let Some(profile) = get(aws, prior.id.text()).await? else { return Ok(None) };
    let name = &profile.instance_profile_name;
    aws.marks.show(iam::pairs(profile.tags()), || Bearer::InstanceProfile(name.clone()));
    let remote = iam::pairs(profile.tags()).map(|(key, value)| (key.to_owned(), value.to_owned()));
    let (tags, tags_all) = tags::seen(&aws.default_tags, &prior.tags, remote);
    Ok(Some(IamInstanceProfile {
        id: name.clone().into(),
        name: name.clone().into(),
        name_prefix: prior.name_prefix.clone(),
        path: profile.path.clone().into(),
        // IAM keeps a list, and takes one.
        role: profile.roles.first().map(|role| role.role_name.clone()).into(),
        tags,
        tags_all,
        arn: profile.arn.clone().into(),
        unique_id: profile.instance_profile_id.clone().into(),
        create_date: iam::date(&profile.create_date),
    }))
}

/// What a profile is like that was just made from a plan.
pub(super) fn as_made(plan: &IamInstanceProfile, wanted: &BTreeMap<String, String>) -> IamInstanceProfile {
    IamInstanceProfile {
        role: Attr::Null,
        tags_all: Attr::Known(wanted.iter().map(|(key, value)| (key.clone(), value.as_str().into())).collect()),
        ..plan.clone()
    }
}

/// The first attribute in which a profile is not as it is wanted.
pub(super) fn differs(
    seen: &IamInstanceProfile,
    plan: &IamInstanceProfile,
    wanted: &BTreeMap<String, String>,
) -> Option<&'static str> {
    let tags = tags::change(&seen.tags_all, wanted);
    let checks =
        [("role", seen.role.text() != plan.role.text()), ("tags", !tags.remove.is_empty() || !tags.set.is_empty())];
    checks.iter().find(|(_, differs)| *differs).map(|(name, _)| *name)
}

/// Changes what differs between the profile and the plan, and nothing else.
pub(super) async fn converge(
    cx: &Call<Aws>,
    seen: &IamInstanceProfile,
    plan: &IamInstanceProfile,
    wanted: &BTreeMap<String, String>,
) -> Result<()> {
    let iam = &cx.client().iam;
    let name = seen.id.text();
    if seen.role.text() != plan.role.text() {
        if let Some(role) = seen.role.known() {
            remove_role(cx, name, role).await?;
        }
        if let Some(role) = plan.role.known() {
            add_role(cx, name, role).await?;
        }
    }
    let difference = tags::change(&seen.tags_all, wanted);
    if !difference.remove.is_empty() {
        change(cx, "tags", || async {
            let request = iam.untag_instance_profile().instance_profile_name(name);
            request.set_tag_keys(Some(difference.remove.clone())).send().await.fault()
        })
        .await?;
    }
    if !difference.set.is_empty() {
        let list = iam::tag_list(&difference.set)?;
        change(cx, "tags", || async {
            let request = iam.tag_instance_profile().instance_profile_name(name);
            request.set_tags(Some(list.clone())).send().await.fault()
        })
        .await?;
    }
    Ok(())
}

/// Puts a role into the profile. IAM calls a second one a quota (`LimitExceeded`), and says so too of one whose first call's answer was
/// lost, and while the last one is not out of the profile everywhere.
async fn add_role(cx: &Call<Aws>, name: &str, role: &str) -> Result<()> {
    let aws = cx.client();
    let request = || async {
        let request = aws.iam.add_role_to_instance_profile().instance_profile_name(name).role_name(role);
        let Err(fault) = request.send().await.fault() else { return Ok(None) };
        if !fault.is(&["LimitExceeded"]) {
            return Err(fault);
        }
        let roles = get(aws, name).await?.map(|profile| profile.roles).unwrap_or_default();
        match roles.first() {
            Some(seen) if seen.role_name == role => Ok(None),
            Some(other) => Ok(Some((fault, other.role_name.clone()))),
            None => Err(fault),
        }
    };
    let passing = |fault: &Fault| is_passing(fault) || fault.is(&["LimitExceeded"]);
    match retrying(cx, VISIBLE_WITHIN, request, passing).await {
        Ok(None) => Ok(()),
        Ok(Some((fault, other))) => {
            let words = format!("Meanwhile somebody put the role {other} into the profile. Apply again to replace it.");
            Err(fault.explained(words).at("role"))
        }
        Err(fault) => Err(fault.at("role")),
    }
}

/// IAM says the same whether the profile or its role is not there; either way there is nothing left to take away.
const GONE: &[&str] = &["NoSuchEntity"];

async fn remove_role(cx: &Call<Aws>, name: &str, role: &str) -> Result<()> {
    let request = cx.client().iam.remove_role_from_instance_profile().instance_profile_name(name).role_name(role);
    gone_is_fine(request.send().await.fault(), GONE).map_err(|fault| fault.at("role"))
}

/// One changing request, repeated while the profile or the role is not visible everywhere.
async fn change<T, F>(cx: &Call<Aws>, attribute: &str, request: impl FnMut() -> F) -> Result<()>
where
    F: Future<Output = Result<T, Fault>>,
{
    retrying(cx, VISIBLE_WITHIN, request, is_passing).await.map(drop).map_err(|fault| fault.at(attribute))
}

fn is_passing(fault: &Fault) -> bool {
    fault.is(&["NoSuchEntity", "ConcurrentModification"])
}

/// Takes the role out of the profile, whichever it is by now, and deletes the profile.
pub(super) async fn delete(cx: &Call<Aws>, state: &IamInstanceProfile) -> Result<()> {
    let aws = cx.client();
    let name = state.id.text();
    let Some(profile) = get(aws, name).await? else { return Ok(()) };
    for role in profile.roles {
        remove_role(cx, name, &role.role_name).await?;
    }
    let within = Duration::from_secs(60).min(cx.left());
    let request = || async { aws.iam.delete_instance_profile().instance_profile_name(name).send().await.fault() };
    let passing = |fault: &Fault| fault.is(&["DeleteConflict", "ConcurrentModification"]);
    Ok(gone_is_fine(retrying(cx, within, request, passing).await, GONE)?)
}
