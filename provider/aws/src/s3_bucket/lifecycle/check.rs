//! What S3 does not take as a rule, told before anything is made.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html>

use jiff::Timestamp;
use tfplugin::{Attr, Diagnostic, Error, Set, one_of};

use super::super::S3Bucket;
use super::LifecycleRule;

/// What is wrong with a bucket's rules.
pub(in super::super) fn check(config: &S3Bucket) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    for rule in config.lifecycle_rule.known().into_iter().flatten() {
        if let Some(id) = rule.id.known() {
            if names.contains(&id.as_str()) {
                found.push(refuse(rule, "there is another one of this name: give each a name of its own"));
            }
            names.push(id);
        }
        found.extend(problems(rule).iter().map(|reason| refuse(rule, reason)));
    }
    found
}

fn refuse(rule: &LifecycleRule, reason: &str) -> Diagnostic {
    let error = Error::new(format!("The lifecycle rule {:?} cannot be", rule.id.text()));
    error.detail(format!("{}.", capital(reason))).at("lifecycle_rule").into()
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn problems(rule: &LifecycleRule) -> Vec<String> {
    let mut found = Vec::new();
    let mut refuse = |reason: &str| found.push(reason.to_owned());
    let expiration = rule.expiration.known();
    let actions = [
        rule.expiration.is_set(),
        filled(&rule.transition),
        rule.noncurrent_version_expiration.is_set(),
        filled(&rule.noncurrent_version_transition),
        rule.abort_incomplete_multipart_upload.is_set(),
    ];
    if actions.iter().all(|action| *action == Some(false)) {
        refuse("it does nothing: say what becomes of the objects, with expiration or transition for example");
    }
    if let Some(expiration) = expiration {
        let marker = match expiration.expired_object_delete_marker {
            Attr::Known(false) => Some(false),
            ref marker => marker.is_set(),
        };
        if one_of([expiration.days.is_set(), expiration.date.is_set(), marker]).is_err() {
            refuse("expiration has one of days, date and expired_object_delete_marker = true");
        }
    }
    let transitions = || rule.transition.known().into_iter().flatten();
    if transitions().any(|one| one_of([one.days.is_set(), one.date.is_set()]).is_err()) {
        refuse("a transition has one of days and date");
    }
    let dates = transitions().map(|one| &one.date).chain(expiration.map(|expiration| &expiration.date));
    for date in dates.filter_map(Attr::known).filter(|date| !is_midnight(date)) {
        refuse(&format!("{date:?} is no midnight of UTC, which is written 2027-01-01T00:00:00Z"));
    }
    if let Some(filter) = rule.filter.known() {
        let marker = expiration.is_some_and(|expiration| expiration.expired_object_delete_marker.is_true());
        let has_tags = filter.tags.known().is_some_and(|tags| !tags.is_empty());
        if has_tags && (marker || rule.abort_incomplete_multipart_upload.is_known()) {
            refuse(
                "delete markers and uploads that were never completed bear no tags: put them into a rule without a filter by tags",
            );
        }
        if let (Some(more), Some(less)) =
            (filter.object_size_greater_than.known(), filter.object_size_less_than.known())
            && more.checked_add(1).is_none_or(|least| least >= *less)
        {
            refuse(&format!("no object has more than {more} and fewer than {less} bytes"));
        }
    }
    found
}

/// Whether a set of blocks has some; `None` while that is unknown.
fn filled<T>(blocks: &Attr<Set<T>>) -> Option<bool> {
    match blocks {
        Attr::Known(blocks) => Some(!blocks.is_empty()),
        Attr::Null => Some(false),
        Attr::Unknown => None,
    }
}

fn is_midnight(date: &str) -> bool {
    date.parse::<Timestamp>().is_ok_and(|time| time.as_second() % 86400 == 0 && time.subsec_nanosecond() == 0)
}
