//! A role as AWS has it: how it is read, found by its mark, brought to what is planned, and deleted.

use std::collections::BTreeMap;

use aws_sdk_iam::types::Role;
use percent_encoding::percent_decode_str;
use tfplugin::{Attr, Call, Marked, Marker, Result, Set};

use super::{IamRole, InlinePolicy, inline as own};
use crate::client::Aws;
use crate::create::{VISIBLE_WITHIN, retrying};
use crate::ec2::none_if_absent;
use crate::errors::{Explain, Fault, gone_is_fine, set_and_destroy};
use crate::marks::Bearer;
use crate::{iam, policy, tags};

/// Which attribute a refusal accuses.
pub(super) const ACCUSED: &[(&str, &str)] = &[
    ("MalformedPolicyDocument", "assume_role_policy"),
    ("InvalidInput", "name"),
    ("NoSuchEntity", "permissions_boundary"),
];

/// How long a session may last.
pub(super) fn duration(role: &IamRole) -> Option<i32> {
    role.max_session_duration.known().and_then(|seconds| i32::try_from(*seconds).ok())
}

/// Whether the role of this name was made by this create; `None`: no role is seen, which a new one may not be for a while.
pub(super) async fn is_of_create(aws: &Aws, name: &str, marker: &Marker) -> Result<Option<bool>, Fault> {
    let role = get(aws, name).await?;
    Ok(role.map(|role| iam::is_of_create(role.tags(), &role.create_date, marker)))
}

/// The mark of a role.
pub(crate) async fn marked(aws: &Aws, name: &str) -> Result<Option<Marked>, Fault> {
    Ok(get(aws, name).await?.and_then(|role| iam::marked(role.tags(), name)))
}

async fn get(aws: &Aws, name: &str) -> Result<Option<Role>, Fault> {
    Ok(none_if_absent(aws.iam.get_role().role_name(name).send().await.fault())?.and_then(|answer| answer.role))
}

/// The role as it is now; `None` if it is gone.
pub(super) async fn look(aws: &Aws, prior: &IamRole) -> Result<Option<IamRole>> {
    let name = prior.id.text();
    let get = async { aws.iam.get_role().role_name(name).send().await.fault() };
    let (answer, inline, attached) = match tokio::try_join!(get, inline(aws, name), attached(aws, name)) {
        Ok(answers) => answers,
        Err(fault) if fault.is_not_found() => return Ok(None),
        Err(fault) => return Err(fault.into()),
    };
    let Some(role) = answer.role else { return Ok(None) };
    let inline = inline.into_iter().map(|(name, document)| {
        let known = own(prior).find(|inline| inline.name.text() == name);
        let policy = policy::keep(known.map_or(&Attr::Null, |inline| &inline.policy), &document);
        InlinePolicy { name: name.into(), policy }
    });
    let remote = role.tags().iter().map(|tag| (tag.key.clone(), tag.value.clone()));
    aws.marks.show(role.tags().iter().map(|tag| (tag.key(), tag.value())), || Bearer::Role(name.to_owned()));
    let (tags, tags_all) = tags::seen(&aws.default_tags, &prior.tags, remote);
    let trust = decoded(role.assume_role_policy_document().unwrap_or_default());
    let boundary = role.permissions_boundary().and_then(|boundary| boundary.permissions_boundary_arn.clone());
    let forced = prior.force_detach_policies.known().copied().unwrap_or_default();
    Ok(Some(IamRole {
        id: role.role_name.clone().into(),
        name: role.role_name.clone().into(),
        name_prefix: prior.name_prefix.clone(),
        path: role.path.clone().into(),
        assume_role_policy: policy::keep(&prior.assume_role_policy, &trust),
        description: role.description().unwrap_or_default().into(),
        max_session_duration: i64::from(role.max_session_duration.unwrap_or(3600)).into(),
        permissions_boundary: boundary.into(),
        // Nothing attached, and nothing said of it, stays null.
        managed_policy_arns: match attached.is_empty() && !prior.managed_policy_arns.is_known() {
            true => Attr::Null,
            false => Attr::Known(attached.into_iter().map(Attr::Known).collect()),
        },
        force_detach_policies: forced.into(),
        inline_policy: Attr::Known(inline.collect()),
        tags,
        tags_all,
        arn: role.arn.clone().into(),
        unique_id: role.role_id.clone().into(),
        create_date: iam::date(&role.create_date),
    }))
}

/// Names and documents of the role's own policies.
async fn inline(aws: &Aws, role: &str) -> Result<BTreeMap<String, String>, Fault> {
    let mut policies = BTreeMap::new();
    let mut pages = aws.iam.list_role_policies().role_name(role).into_paginator().items().send();
    while let Some(name) = pages.next().await {
        let name = name.fault()?;
        match aws.iam.get_role_policy().role_name(role).policy_name(&name).send().await.fault() {
            Ok(answer) => policies.insert(name, decoded(&answer.policy_document)),
            // Removed meanwhile, or listed already and not visible yet.
            Err(fault) if fault.is_not_found() => None,
            Err(fault) => return Err(fault),
        };
    }
    Ok(policies)
}

/// ARNs of the policies that are attached.
async fn attached(aws: &Aws, role: &str) -> Result<Vec<String>, Fault> {
    let mut arns = Vec::new();
    let mut pages = aws.iam.list_attached_role_policies().role_name(role).into_paginator().items().send();
    while let Some(policy) = pages.next().await {
        arns.extend(policy.fault()?.policy_arn);
    }
    Ok(arns)
}

/// IAM answers documents with percent encoding (RFC 3986).
fn decoded(document: &str) -> String {
    percent_decode_str(document).decode_utf8_lossy().into_owned()
}

fn arns(role: &IamRole) -> Vec<&str> {
    role.managed_policy_arns.known().into_iter().flatten().filter_map(|arn| arn.known().map(String::as_str)).collect()
}

fn document<'a>(role: &'a IamRole, name: &str) -> Option<&'a str> {
    own(role).find(|inline| inline.name.text() == name).map(|inline| inline.policy.text())
}

/// Inline policies that are to be written, with their documents.
fn to_write<'a>(seen: &IamRole, plan: &'a IamRole) -> Vec<(&'a str, &'a str)> {
    let wanted = own(plan).map(|inline| (inline.name.text(), inline.policy.text()));
    let differs = |(name, text): &(&str, &str)| document(seen, name).is_none_or(|remote| !policy::same(remote, text));
    wanted.filter(differs).collect()
}

/// Inline policies that are to be removed: where the plan has some, all others.
fn to_remove<'a>(seen: &'a IamRole, plan: &IamRole) -> Vec<&'a str> {
    if own(plan).next().is_none() {
        return Vec::new();
    }
    let names = own(seen).map(|inline| inline.name.text());
    names.filter(|name| document(plan, name).is_none()).collect()
}

/// The first attribute in which a role is not as it is wanted.
pub(super) fn differs(seen: &IamRole, plan: &IamRole, wanted: &BTreeMap<String, String>) -> Option<&'static str> {
    let tags = tags::change(&seen.tags_all, wanted);
    let (mut left, mut right) = (arns(seen), arns(plan));
    left.sort_unstable();
    right.sort_unstable();
    let trust = (seen.assume_role_policy.text(), plan.assume_role_policy.text());
    let checks = [
        ("assume_role_policy", !policy::same(trust.0, trust.1)),
        ("description", seen.description != plan.description),
        ("max_session_duration", seen.max_session_duration != plan.max_session_duration),
        ("permissions_boundary", seen.permissions_boundary.text() != plan.permissions_boundary.text()),
        ("managed_policy_arns", !right.is_empty() && left != right),
        ("inline_policy", !to_write(seen, plan).is_empty() || !to_remove(seen, plan).is_empty()),
        ("tags", !tags.remove.is_empty() || !tags.set.is_empty()),
    ];
    checks.iter().find(|(_, differs)| *differs).map(|(name, _)| *name)
}

/// One changing request, repeated while the role or a principal is not visible everywhere.
async fn change<T, F>(cx: &Call<Aws>, attribute: &str, request: impl FnMut() -> F) -> Result<()>
where
    F: Future<Output = Result<T, Fault>>,
{
    let passing =
        |fault: &Fault| fault.is(&["NoSuchEntity", "ConcurrentModification"]) || policy::is_principal_unknown(fault);
    retrying(cx, VISIBLE_WITHIN, request, passing).await.map(drop).map_err(|fault| fault.at(attribute))
}

/// Changes what differs between the role and the plan, and nothing else.
pub(super) async fn converge(
    cx: &Call<Aws>,
    seen: &IamRole,
    plan: &IamRole,
    wanted: &BTreeMap<String, String>,
) -> Result<()> {
    let iam = &cx.client().iam;
    let name = seen.id.text();
    let trust = plan.assume_role_policy.text();
    if !policy::same(seen.assume_role_policy.text(), trust) {
        change(cx, "assume_role_policy", || async {
            iam.update_assume_role_policy().role_name(name).policy_document(trust).send().await.fault()
        })
        .await?;
    }
    if seen.description != plan.description || seen.max_session_duration != plan.max_session_duration {
        change(cx, "description", || async {
            let request = iam.update_role().role_name(name).description(plan.description.text());
            request.set_max_session_duration(duration(plan)).send().await.fault()
        })
        .await?;
    }
    match plan.permissions_boundary.known() {
        boundary if boundary == seen.permissions_boundary.known() => {}
        Some(boundary) => {
            change(cx, "permissions_boundary", || async {
                let request = iam.put_role_permissions_boundary().role_name(name).permissions_boundary(boundary);
                request.send().await.fault()
            })
            .await?;
        }
        None => {
            change(cx, "permissions_boundary", || async {
                iam.delete_role_permissions_boundary().role_name(name).send().await.fault()
            })
            .await?;
        }
    }
    // What the role must not do any more goes first.
    for policy in to_remove(seen, plan) {
        remove_inline(cx, name, policy).await?;
    }
    if !arns(plan).is_empty() || plan.managed_policy_arns.known().is_some_and(Set::is_empty) {
        for arn in arns(seen).into_iter().filter(|arn| !arns(plan).contains(arn)) {
            detach(cx, name, arn).await?;
        }
    }
    for (policy, document) in to_write(seen, plan) {
        change(cx, "inline_policy", || async {
            let request = iam.put_role_policy().role_name(name).policy_name(policy);
            request.policy_document(document).send().await.fault()
        })
        .await?;
    }
    for arn in arns(plan).into_iter().filter(|arn| !arns(seen).contains(arn)) {
        change(cx, "managed_policy_arns", || async {
            iam.attach_role_policy().role_name(name).policy_arn(arn).send().await.fault()
        })
        .await?;
    }
    let difference = tags::change(&seen.tags_all, wanted);
    if !difference.remove.is_empty() {
        change(cx, "tags", || async {
            let request = iam.untag_role().role_name(name).set_tag_keys(Some(difference.remove.clone()));
            request.send().await.fault()
        })
        .await?;
    }
    if !difference.set.is_empty() {
        let list = iam::tag_list(&difference.set)?;
        change(cx, "tags", || async {
            iam.tag_role().role_name(name).set_tags(Some(list.clone())).send().await.fault()
        })
        .await?;
    }
    Ok(())
}

/// What a role is like that was just made from a plan.
pub(super) fn as_made(plan: &IamRole, wanted: &BTreeMap<String, String>) -> IamRole {
    IamRole {
        inline_policy: Attr::Null,
        managed_policy_arns: Attr::Known(Set(Vec::new())),
        tags_all: Attr::Known(wanted.iter().map(|(key, value)| (key.clone(), value.as_str().into())).collect()),
        ..plan.clone()
    }
}

/// IAM says the same whether the role or its policy is not there; either way there is nothing left to take away.
const GONE: &[&str] = &["NoSuchEntity"];

async fn remove_inline(cx: &Call<Aws>, role: &str, policy: &str) -> Result<()> {
    let answer = cx.client().iam.delete_role_policy().role_name(role).policy_name(policy).send().await.fault();
    gone_is_fine(answer, GONE).map_err(|fault| fault.at("inline_policy"))
}

async fn detach(cx: &Call<Aws>, role: &str, arn: &str) -> Result<()> {
    let answer = cx.client().iam.detach_role_policy().role_name(role).policy_arn(arn).send().await.fault();
    gone_is_fine(answer, GONE).map_err(|fault| fault.at("managed_policy_arns"))
}

/// Deletes the role with its own policies. Attached ones that the state knows are detached; others, and instance profiles,
/// only when it is forced.
pub(super) async fn delete(cx: &Call<Aws>, state: &IamRole) -> Result<()> {
    let aws = cx.client();
    let role = state.id.text();
    let forced = state.force_detach_policies.is_true();
    for policy in none_if_absent(inline(aws, role).await)?.unwrap_or_default().keys() {
        remove_inline(cx, role, policy).await?;
    }
    let known = arns(state);
    for arn in none_if_absent(attached(aws, role).await)?.unwrap_or_default() {
        if forced || known.contains(&arn.as_str()) {
            detach(cx, role, &arn).await?;
        }
    }
    if forced {
        for profile in profiles(aws, role).await? {
            let request = aws.iam.remove_role_from_instance_profile().role_name(role).instance_profile_name(&profile);
            gone_is_fine(request.send().await.fault(), GONE)?;
        }
    }
    let within = std::time::Duration::from_secs(60).min(cx.left());
    let request = || async { aws.iam.delete_role().role_name(role).send().await.fault() };
    let passing = |fault: &Fault| fault.is(&["DeleteConflict", "ConcurrentModification"]);
    match gone_is_fine(retrying(cx, within, request, passing).await, GONE) {
        Err(fault) if fault.is(&["DeleteConflict"]) => {
            let mut users: Vec<String> = attached(aws, role).await.unwrap_or_default();
            let profiles = profiles(aws, role).await.unwrap_or_default();
            users.extend(profiles.into_iter().map(|profile| format!("instance profile {profile}")));
            Err(fault.explained(format!(
                "Still attached: {}. Detach it, or {}",
                users.join(", "),
                set_and_destroy("force_detach_policies = true")
            )))
        }
        answer => Ok(answer?),
    }
}

/// Instance profiles that the role is in.
async fn profiles(aws: &Aws, role: &str) -> Result<Vec<String>, Fault> {
    let mut names = Vec::new();
    let mut pages = aws.iam.list_instance_profiles_for_role().role_name(role).into_paginator().items().send();
    while let Some(profile) = pages.next().await {
        match profile.fault() {
            Ok(profile) => names.push(profile.instance_profile_name),
            Err(fault) if fault.is_not_found() => return Ok(Vec::new()),
            Err(fault) => return Err(fault),
        }
    }
    Ok(names)
}
