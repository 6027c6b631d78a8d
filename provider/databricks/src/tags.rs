//! Tags that Databricks puts on AWS objects: what AWS takes of them.

use std::collections::BTreeMap;

use tfplugin::{Attr, Diagnostic, Error, Path, Step};

/// How long keys and values may be.
pub(crate) struct Limits {
    pub(crate) key: usize,
    pub(crate) value: usize,
    /// How many tags there may be.
    pub(crate) count: usize,
}

/// What is wrong with the tags of the attribute `at`.
pub(crate) fn problems(at: &str, tags: &Attr<BTreeMap<String, String>>, limits: &Limits) -> Vec<Diagnostic> {
    let Some(tags) = tags.known() else { return Vec::new() };
    let mut found: Vec<Diagnostic> = Vec::new();
    let mut refuse = |path: Path, summary: String, detail: String| {
        found.push(Error::new(summary).detail(detail).at(path).into());
    };
    if tags.len() > limits.count {
        let count = tags.len();
        refuse(
            at.into(),
            format!("{at} has {count} tags"),
            format!("There are {} at most: take some away.", limits.count),
        );
    }
    for (key, value) in tags {
        let path = || Path::from(at).then(Step::Key(key.clone()));
        let long = |what: &str, most: usize| format!("A tag's {what} has {most} characters at most: shorten it.");
        if key.is_empty() {
            refuse(at.into(), format!("{at} has a tag without a key"), "Give the tag a key, or take it away.".into());
        } else if key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
            refuse(
                path(),
                format!("{key:?} is no key for a tag"),
                "AWS keeps keys that begin with aws: for itself.".into(),
            );
        } else if key.chars().count() > limits.key {
            refuse(path(), format!("The key {key:?} is too long"), long("key", limits.key));
        }
        if value.chars().count() > limits.value {
            refuse(path(), format!("The value of the tag {key:?} is too long"), long("value", limits.value));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_aws_refuses_is_refused_at_its_key() {
        let limits = Limits { key: 10, value: 5, count: 2 };
        let check = |tags: &[(&str, &str)], expected: &[&str]| {
            let tags: BTreeMap<String, String> = tags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            let found = problems("custom_tags", &tags.into(), &limits);
            let places: Vec<String> = found.into_iter().map(|one| one.path.unwrap_or_default().to_string()).collect();
            assert_eq!(places, expected);
        };
        check(&[("team", "data"), ("empty", "")], &[]);
        check(&[("aws:foo", "x"), ("AWS:bar", "x")], &["custom_tags[\"AWS:bar\"]", "custom_tags[\"aws:foo\"]"]);
        check(&[("", "x")], &["custom_tags"]);
        check(&[("elevenchars", "x"), ("long", "123456")], &["custom_tags[\"elevenchars\"]", "custom_tags[\"long\"]"]);
        check(&[("a", ""), ("b", ""), ("c", "")], &["custom_tags"]);
        assert!(problems("custom_tags", &Attr::Unknown, &limits).is_empty());
    }
}
