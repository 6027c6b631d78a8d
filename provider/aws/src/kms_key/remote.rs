//! A key as AWS has it: how it is read, found by its mark, brought to what is planned, and scheduled for deletion.

use std::collections::BTreeMap;

use aws_sdk_kms::types::{KeyMetadata, KeySpec, KeyUsageType, Tag};
use futures_util::{StreamExt, TryStreamExt};
use tfplugin::{Attr, Call, Marked, Marker, Result};

use super::KmsKey;
use crate::client::Aws;
use crate::create::retrying;
use crate::errors::{Explain, Fault};
use crate::marks::Bearer;
use crate::{policy, tags};

/// The one policy that a key has.
const POLICY: &str = "default";
const PENDING: &str = "PendingDeletion";

async fn describe(aws: &Aws, id: &str) -> Result<Option<KeyMetadata>, Fault> {
    match aws.kms.describe_key().key_id(id).send().await.fault() {
        Ok(answer) => Ok(answer.key_metadata),
        Err(fault) if fault.is_not_found() => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// The tags of a key, its mark included; `None` if there is no such key.
async fn tags_of(aws: &Aws, id: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
    let mut tags = BTreeMap::new();
    let mut pages = aws.kms.list_resource_tags().key_id(id).into_paginator().items().send();
    while let Some(tag) = pages.next().await {
        match tag.fault() {
            Ok(tag) => tags.insert(tag.tag_key, tag.tag_value),
            Err(fault) if fault.is_not_found() => return Ok(None),
            Err(fault) => return Err(fault),
        };
    }
    Ok(Some(tags))
}

/// The key as it is now; `None` if it is gone. What AWS does not show stays as in `prior`.
pub(super) async fn look(aws: &Aws, prior: &KmsKey) -> Result<Option<KmsKey>> {
    let id = prior.id.text();
    let Some(key) = describe(aws, id).await? else { return Ok(None) };
    let spec = key.key_spec().map_or("SYMMETRIC_DEFAULT", KeySpec::as_str).to_owned();
    let rotation = async {
        // Other kinds of keys, and keys whose material is not AWS's, cannot rotate.
        if spec != "SYMMETRIC_DEFAULT" || key.origin().is_some_and(|origin| origin.as_str() != "AWS_KMS") {
            return Ok((false, None));
        }
        match aws.kms.get_key_rotation_status().key_id(id).send().await.fault() {
            Ok(answer) => Ok((answer.key_rotation_enabled, answer.rotation_period_in_days)),
            // Some states of a key do not tell; what was configured still stands.
            Err(fault) if fault.is(&["KMSInvalidStateException", "UnsupportedOperationException"]) => {
                Ok((prior.enable_key_rotation.is_true(), None))
            }
            Err(fault) => Err(fault),
        }
    };
    let document = async { aws.kms.get_key_policy().key_id(id).policy_name(POLICY).send().await.fault() };
    let (document, (rotates, period), remote) = match tokio::try_join!(document, rotation, tags_of(aws, id)) {
        Ok((document, rotation, Some(tags))) => (document, rotation, tags),
        Ok((_, _, None)) => return Ok(None),
        Err(fault) if fault.is_not_found() => return Ok(None),
        Err(fault) => return Err(fault.into()),
    };
    aws.marks.show(remote.iter().map(|(key, value)| (&**key, &**value)), || Bearer::Key(id.to_owned()));
    let (tags, tags_all) = tags::seen(&aws.default_tags, &prior.tags, remote);
    let imported = prior.arn.is_null();
    Ok(Some(KmsKey {
        id: key.key_id.clone().into(),
        key_id: key.key_id.clone().into(),
        arn: key.arn.clone().into(),
        description: key.description().unwrap_or_default().into(),
        key_usage: key.key_usage().map_or("ENCRYPT_DECRYPT", KeyUsageType::as_str).into(),
        customer_master_key_spec: spec.into(),
        policy: policy::keep(&prior.policy, document.policy().unwrap_or_default()),
        bypass_policy_lockout_safety_check: or(&prior.bypass_policy_lockout_safety_check, imported, false),
        deletion_window_in_days: or(&prior.deletion_window_in_days, imported, 30),
        is_enabled: key.enabled.into(),
        enable_key_rotation: rotates.into(),
        rotation_period_in_days: match (rotates, period) {
            (false, _) => Attr::Null,
            (true, Some(days)) => Attr::Known(i64::from(days)),
            // An endpoint that does not tell the period: what was configured, or AWS's default.
            (true, None) => Attr::Known(prior.rotation_period_in_days.known().copied().unwrap_or(365)),
        },
        multi_region: key.multi_region.unwrap_or_default().into(),
        tags,
        tags_all,
        key_state: key.key_state().map(|state| state.as_str().to_owned()).into(),
    }))
}

fn or<T: Clone>(prior: &Attr<T>, imported: bool, default: T) -> Attr<T> {
    if imported && !prior.is_known() { Attr::Known(default) } else { prior.clone() }
}

/// The id of the key that bears a create's mark. KMS cannot search by tag: the keys are asked one after another, those
/// that are older than the create left out.
pub(super) async fn id_of(aws: &Aws, marker: &Marker) -> Result<Option<String>, Fault> {
    let mut ids = Vec::new();
    let mut pages = aws.kms.list_keys().into_paginator().items().send();
    while let Some(key) = pages.next().await {
        ids.extend(key.fault()?.key_id);
    }
    let bears = |id: String| async move {
        let Some(key) = describe(aws, &id).await? else { return Ok(None) };
        // The clocks of the two sides may differ.
        let old = key.creation_date().is_some_and(|date| date.secs() < marker.since.as_second() - 300);
        if old || key.key_manager().is_some_and(|manager| manager.as_str() == "AWS") {
            return Ok(None);
        }
        match tags_of(aws, &id).await {
            Ok(Some(tags)) if tags.get(Marker::TAG).is_some_and(|mark| marker.is_on(mark)) => Ok(Some(id)),
            // A key whose tags are not for us to read is none of ours.
            Err(fault) if !fault.is(&["AccessDeniedException"]) => Err(fault),
            _ => Ok(None),
        }
    };
    let mut answers = futures_util::stream::iter(ids).map(bears).buffer_unordered(8);
    while let Some(answer) = answers.next().await {
        if let Some(id) = answer? {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// Keys of which the tags are looked at, for a run without a journal.
const KEYS: usize = 300;

/// The keys that bear a mark: asked once, and of an account's first keys only.
pub(super) async fn marked(aws: &Aws) -> Result<Vec<Marked>, Fault> {
    let look = || async {
        let mut ids = Vec::new();
        let mut pages = aws.kms.list_keys().into_paginator().items().send();
        while let Some(key) = pages.next().await
            && ids.len() < KEYS
        {
            ids.extend(key.fault()?.key_id);
        }
        let mark = |id: String| async move {
            match standing_mark(aws, &id).await {
                Ok(mark) => Ok(mark.map(|mark| Marked { mark, id })),
                // A key whose tags are not for us to read is none of ours.
                Err(fault) if fault.is(&["AccessDeniedException"]) => Ok(None),
                Err(fault) => Err(fault),
            }
        };
        let marked = futures_util::stream::iter(ids).map(mark).buffer_unordered(8);
        marked.try_filter_map(|marked| async { Ok(marked) }).try_collect().await
    };
    Ok(aws.marks.keys.get_or_try_init(look).await?.clone())
}

/// The mark of a key.
async fn mark_of(aws: &Aws, id: &str) -> Result<Option<String>, Fault> {
    Ok(tags_of(aws, id).await?.and_then(|mut tags| tags.remove(Marker::TAG)))
}

/// The mark of a key that is not deleted: KMS keeps a deleted one, with its tags, for days.
pub(crate) async fn standing_mark(aws: &Aws, id: &str) -> Result<Option<String>, Fault> {
    let Some(mark) = mark_of(aws, id).await? else { return Ok(None) };
    let key = describe(aws, id).await?;
    let stands = key.is_some_and(|key| key.key_state().is_none_or(|state| state.as_str() != PENDING));
    Ok(stands.then_some(mark))
}

/// The first attribute in which a key is not as it is wanted.
pub(super) fn differs(seen: &KmsKey, plan: &KmsKey, wanted: &BTreeMap<String, String>) -> Option<&'static str> {
    let tags = tags::change(&seen.tags_all, wanted);
    let checks = [
        ("is_enabled", plan.is_enabled != seen.is_enabled),
        ("description", plan.description != seen.description),
        ("policy", plan.policy.known().is_some_and(|document| !policy::same(document, seen.policy.text()))),
        ("enable_key_rotation", plan.enable_key_rotation != seen.enable_key_rotation),
        ("rotation_period_in_days", period_differs(seen, plan)),
        ("tags", !tags.remove.is_empty() || !tags.set.is_empty()),
    ];
    checks.iter().find(|(_, differs)| *differs).map(|(name, _)| *name)
}

fn period_differs(seen: &KmsKey, plan: &KmsKey) -> bool {
    plan.enable_key_rotation.is_true()
        && plan.rotation_period_in_days.is_known()
        && plan.rotation_period_in_days != seen.rotation_period_in_days
}

/// What a key is like that was just made from a plan. Its policy is the plan's, or AWS's own.
pub(super) fn as_made(plan: &KmsKey, wanted: &BTreeMap<String, String>) -> KmsKey {
    KmsKey {
        is_enabled: true.into(),
        enable_key_rotation: false.into(),
        rotation_period_in_days: Attr::Null,
        key_state: super::state_of(true).into(),
        tags_all: Attr::Known(wanted.iter().map(|(key, value)| (key.clone(), value.as_str().into())).collect()),
        ..plan.clone()
    }
}

/// Changes what differs between the key and the plan, and nothing else.
pub(super) async fn converge(
    cx: &Call<Aws>,
    seen: &KmsKey,
    plan: &KmsKey,
    wanted: &BTreeMap<String, String>,
) -> Result<()> {
    let aws = cx.client();
    let id = seen.id.text();
    let kms = &aws.kms;
    if seen.key_state.text() == PENDING {
        change(cx, || async { kms.cancel_key_deletion().key_id(id).send().await.fault() }).await?;
    }
    // A disabled key takes no change of its rotation, so it is enabled first and disabled last.
    let (on, rests) = (seen.is_enabled.is_true(), !plan.is_enabled.is_true());
    let changes_rotation = plan.enable_key_rotation != seen.enable_key_rotation || period_differs(seen, plan);
    if !on && (!rests || changes_rotation) {
        change(cx, || async { kms.enable_key().key_id(id).send().await.fault() }).await?;
    }
    if plan.description != seen.description {
        let text = plan.description.text();
        change(cx, || async { kms.update_key_description().key_id(id).description(text).send().await.fault() }).await?;
    }
    if let Some(document) = plan.policy.known()
        && !policy::same(document, seen.policy.text())
    {
        let bypass = plan.bypass_policy_lockout_safety_check.is_true();
        change(cx, || async {
            let request = kms.put_key_policy().key_id(id).policy_name(POLICY).policy(document);
            request.bypass_policy_lockout_safety_check(bypass).send().await.fault()
        })
        .await?;
    }
    if changes_rotation && plan.enable_key_rotation.is_true() {
        let days = plan.rotation_period_in_days.known().and_then(|days| i32::try_from(*days).ok());
        change(cx, || async {
            kms.enable_key_rotation().key_id(id).set_rotation_period_in_days(days).send().await.fault()
        })
        .await?;
    } else if changes_rotation {
        change(cx, || async { kms.disable_key_rotation().key_id(id).send().await.fault() }).await?;
    }
    if rests && (on || changes_rotation) {
        change(cx, || async { kms.disable_key().key_id(id).send().await.fault() }).await?;
    }
    retag(cx, id, &seen.tags_all, wanted).await
}

async fn retag(cx: &Call<Aws>, id: &str, old: &Attr<tags::Tags>, wanted: &BTreeMap<String, String>) -> Result<()> {
    let difference = tags::change(old, wanted);
    let kms = &cx.client().kms;
    if !difference.remove.is_empty() {
        change(cx, || async {
            let request = kms.untag_resource().key_id(id).set_tag_keys(Some(difference.remove.clone()));
            request.send().await.fault()
        })
        .await?;
    }
    if !difference.set.is_empty() {
        let tags: Result<Vec<Tag>, _> =
            difference.set.iter().map(|(key, value)| Tag::builder().tag_key(key).tag_value(value).build()).collect();
        let tags = tags.map_err(Fault::ours)?;
        change(cx, || async { kms.tag_resource().key_id(id).set_tags(Some(tags.clone())).send().await.fault() })
            .await?;
    }
    Ok(())
}

/// One changing request, repeated while the key or a principal of its policy is not visible everywhere.
async fn change<T, F>(cx: &Call<Aws>, request: impl FnMut() -> F) -> Result<()>
where
    F: Future<Output = Result<T, Fault>>,
{
    let passing = |fault: &Fault| fault.is_not_found() || policy::is_principal_unknown(fault);
    let answer = retrying(cx, policy::PRINCIPAL_WITHIN, request, passing).await;
    answer.map(drop).map_err(|fault| fault.accusing(super::ACCUSED))
}

/// Schedules the deletion. A key that is gone, or that already waits for it, is a success.
pub(super) async fn schedule_deletion(cx: &Call<Aws>, state: &KmsKey) -> Result<()> {
    let id = state.id.text();
    let kms = &cx.client().kms;
    let days = state.deletion_window_in_days.known().and_then(|days| i32::try_from(*days).ok());
    match kms.schedule_key_deletion().key_id(id).set_pending_window_in_days(days).send().await.fault() {
        Ok(_) => Ok(()),
        Err(fault) if fault.is_not_found() => Ok(()),
        Err(fault) if fault.is(&["KMSInvalidStateException"]) => match describe(cx.client(), id).await {
            Ok(Some(key)) if key.key_state().is_none_or(|state| state.as_str() != PENDING) => Err(fault.into()),
            Ok(_) => Ok(()),
            Err(other) => Err(other.into()),
        },
        Err(fault) => Err(fault.into()),
    }
}
