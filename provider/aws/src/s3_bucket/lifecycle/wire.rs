//! Rules as S3 has them, and back. What comes of both ways is the plain form, by which rules are compared: a filter that excludes nothing
//! is none, and neither is what is false or empty.

use std::collections::BTreeMap;

use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, ExpirationStatus, LifecycleExpiration,
    LifecycleRule as Rule, LifecycleRuleAndOperator, LifecycleRuleFilter, NoncurrentVersionExpiration,
    NoncurrentVersionTransition, Tag, Transition as Move, TransitionStorageClass,
};
use aws_smithy_types::DateTime;
use aws_smithy_types::error::operation::BuildError;
use jiff::Timestamp;
use tfplugin::{Attr, Set};

use super::{AbortUpload, Expiration, Filter, LifecycleRule, NoncurrentExpiration, NoncurrentTransition, Transition};

/// All rules, as they are sent.
pub(super) fn configuration(rules: &Set<LifecycleRule>) -> Result<BucketLifecycleConfiguration, BuildError> {
    let rules: Vec<Rule> = rules.iter().map(sent).collect::<Result<_, _>>()?;
    BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build()
}

/// A rule in its plain form.
pub(super) fn plain(rule: &LifecycleRule) -> LifecycleRule {
    sent(rule).map_or_else(|_| rule.clone(), seen)
}

fn sent(rule: &LifecycleRule) -> Result<Rule, BuildError> {
    let moves = rule.transition.known().into_iter().flatten().map(|transition| {
        let class = transition.storage_class.known().map(|class| TransitionStorageClass::from(class.as_str()));
        let moves = Move::builder().set_days(days(&transition.days)).set_date(date(&transition.date));
        moves.set_storage_class(class).build()
    });
    let old_moves = rule.noncurrent_version_transition.known().into_iter().flatten().map(|transition| {
        let class = transition.storage_class.known().map(|class| TransitionStorageClass::from(class.as_str()));
        NoncurrentVersionTransition::builder()
            .set_noncurrent_days(days(&transition.noncurrent_days))
            .set_newer_noncurrent_versions(days(&transition.newer_noncurrent_versions))
            .set_storage_class(class)
            .build()
    });
    let expiration = rule.expiration.known().map(|expiration| {
        let marker = expiration.expired_object_delete_marker.is_true().then_some(true);
        let sent = LifecycleExpiration::builder().set_days(days(&expiration.days)).set_date(date(&expiration.date));
        sent.set_expired_object_delete_marker(marker).build()
    });
    let old_expiration = rule.noncurrent_version_expiration.known().map(|expiration| {
        NoncurrentVersionExpiration::builder()
            .set_noncurrent_days(days(&expiration.noncurrent_days))
            .set_newer_noncurrent_versions(days(&expiration.newer_noncurrent_versions))
            .build()
    });
    let abort = rule.abort_incomplete_multipart_upload.known().map(|abort| {
        let days = days(&abort.days_after_initiation);
        AbortIncompleteMultipartUpload::builder().set_days_after_initiation(days).build()
    });
    Rule::builder()
        .id(rule.id.text())
        .status(ExpirationStatus::from(rule.status.text()))
        .filter(filter(&rule.filter.or_default())?)
        .set_expiration(expiration)
        .set_transitions(some(moves.collect()))
        .set_noncurrent_version_expiration(old_expiration)
        .set_noncurrent_version_transitions(some(old_moves.collect()))
        .set_abort_incomplete_multipart_upload(abort)
        .build()
}

/// S3 takes one condition as it is, several within `And`, and none as an empty prefix.
fn filter(filter: &Filter) -> Result<LifecycleRuleFilter, BuildError> {
    let tags = filter.tags.known().into_iter().flatten();
    let tags = tags.filter_map(|(key, value)| Some(Tag::builder().key(key).value(value.known()?).build()));
    let mut tags: Vec<Tag> = tags.collect::<Result<_, _>>()?;
    let prefix = filter.prefix.known().filter(|prefix| !prefix.is_empty()).cloned();
    let (more, less) = (filter.object_size_greater_than.known(), filter.object_size_less_than.known());
    let conditions =
        tags.len() + [prefix.is_some(), more.is_some(), less.is_some()].into_iter().filter(|set| *set).count();
    if conditions < 2 {
        let is_empty = conditions == 0;
        return Ok(LifecycleRuleFilter::builder()
            .set_prefix(prefix.or_else(|| is_empty.then(String::new)))
            .set_tag(tags.pop())
            .set_object_size_greater_than(more.copied())
            .set_object_size_less_than(less.copied())
            .build());
    }
    let and = LifecycleRuleAndOperator::builder()
        .set_prefix(prefix)
        .set_tags(some(tags))
        .set_object_size_greater_than(more.copied())
        .set_object_size_less_than(less.copied());
    Ok(LifecycleRuleFilter::builder().and(and.build()).build())
}

/// A rule as S3 has it, in its plain form.
pub(super) fn seen(rule: Rule) -> LifecycleRule {
    // Rules of long ago have their prefix beside the filter.
    #[expect(deprecated, reason = "S3 still tells it")]
    let old_prefix = rule.prefix;
    let old_expiration = rule.noncurrent_version_expiration.map(|one| NoncurrentExpiration {
        noncurrent_days: number(one.noncurrent_days),
        newer_noncurrent_versions: number(one.newer_noncurrent_versions),
    });
    let abort = rule.abort_incomplete_multipart_upload;
    let abort = abort.map(|one| AbortUpload { days_after_initiation: number(one.days_after_initiation) });
    LifecycleRule {
        id: rule.id.into(),
        status: rule.status.as_str().into(),
        filter: seen_filter(rule.filter, old_prefix),
        expiration: rule.expiration.map(seen_expiration).into(),
        transition: set(rule.transitions, |one| Transition {
            days: number(one.days),
            date: text_of(one.date),
            storage_class: one.storage_class.map(|class| class.as_str().to_owned()).into(),
        }),
        noncurrent_version_expiration: old_expiration.into(),
        noncurrent_version_transition: set(rule.noncurrent_version_transitions, |one| NoncurrentTransition {
            noncurrent_days: number(one.noncurrent_days),
            newer_noncurrent_versions: number(one.newer_noncurrent_versions),
            storage_class: one.storage_class.map(|class| class.as_str().to_owned()).into(),
        }),
        abort_incomplete_multipart_upload: abort.into(),
    }
}

fn seen_filter(filter: Option<LifecycleRuleFilter>, old_prefix: Option<String>) -> Attr<Filter> {
    let filter = filter.unwrap_or_else(|| LifecycleRuleFilter::builder().set_prefix(old_prefix).build());
    let (prefix, tags, more, less) = match filter.and {
        Some(and) => {
            (and.prefix, and.tags.unwrap_or_default(), and.object_size_greater_than, and.object_size_less_than)
        }
        None => {
            let tags = filter.tag.into_iter().collect();
            (filter.prefix, tags, filter.object_size_greater_than, filter.object_size_less_than)
        }
    };
    let tags: BTreeMap<String, Attr<String>> = tags.into_iter().map(|tag| (tag.key, tag.value.into())).collect();
    let seen = Filter {
        prefix: prefix.filter(|prefix| !prefix.is_empty()).into(),
        tags: Some(tags).filter(|tags| !tags.is_empty()).into(),
        object_size_greater_than: more.into(),
        object_size_less_than: less.into(),
    };
    Some(seen).filter(|seen| *seen != Filter::default()).into()
}

fn seen_expiration(expiration: LifecycleExpiration) -> Expiration {
    Expiration {
        days: number(expiration.days),
        date: text_of(expiration.date),
        expired_object_delete_marker: expiration.expired_object_delete_marker.filter(|marker| *marker).into(),
    }
}

/// A number that the schema keeps within 32 bits.
fn days(number: &Attr<i64>) -> Option<i32> {
    number.known().and_then(|number| i32::try_from(*number).ok())
}

fn number(number: Option<i32>) -> Attr<i64> {
    number.map(i64::from).into()
}

fn date(text: &Attr<String>) -> Option<DateTime> {
    let time: Timestamp = text.known()?.parse().ok()?;
    Some(DateTime::from_secs(time.as_second()))
}

fn text_of(date: Option<DateTime>) -> Attr<String> {
    let time = date.and_then(|date| Timestamp::from_second(date.secs()).ok());
    time.map(|time| time.to_string()).into()
}

/// What is empty is not sent.
fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    Some(list).filter(|list| !list.is_empty())
}

fn set<T, U>(list: Option<Vec<T>>, seen: impl Fn(T) -> U) -> Attr<Set<U>> {
    let list = list.and_then(some);
    list.map(|list| list.into_iter().map(seen).collect()).into()
}
