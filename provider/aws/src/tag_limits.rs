//! What AWS takes as tags, told before anything is made.
//! <https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html#id_tags_naming_best_practices>

use tfplugin::{Attr, Diagnostic, Error, Path, Step};

use super::tags::{MOST, Tags};

/// Characters of a key and of a value.
const KEY: usize = 128;
const VALUE: usize = 256;
/// Tags that begin so are AWS's.
const KEPT: &str = "aws:";

/// What is wrong with the tags of a resource, as far as they are known.
pub(crate) fn check(tags: &Attr<Tags>) -> Vec<Diagnostic> {
    check_at("tags", tags)
}

/// What is wrong with tags at a path.
pub fn check_at(path: &str, tags: &Attr<Tags>) -> Vec<Diagnostic> {
    let Some(tags) = tags.known() else { return Vec::new() };
    let mut found: Vec<Diagnostic> = Vec::new();
    for (key, value) in tags.iter().filter(|(_, value)| !value.is_null()) {
        let place = || Path::attribute(path).then(Step::Key(key.clone()));
        let mut refuse =
            |summary: String, detail: &str| found.push(Error::new(summary).detail(detail).at(place()).into());
        if key.starts_with(KEPT) {
            refuse(format!("The tag {key:?} cannot be set"), "AWS keeps keys with aws: for itself. Name it otherwise.");
        }
        if key.is_empty() {
            refuse("A tag has no key".to_owned(), "A key has 1 to 128 characters.");
        }
        let length = key.chars().count();
        if length > KEY {
            let short: String = key.chars().take(20).collect();
            refuse(format!("The key of the tag {short}… has {length} characters"), "A key has 1 to 128 characters.");
        }
        let length = value.text().chars().count();
        if length > VALUE {
            refuse(
                format!("The value of the tag {key:?} has {length} characters"),
                "A value has 256 characters at most.",
            );
        }
    }
    let count = tags.values().filter(|value| !value.is_null()).count();
    if count > MOST {
        let error = Error::new(format!("There are {count} tags")).detail(format!("AWS takes {MOST} at most."));
        found.push(error.at(path).into());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_that_aws_does_not_take_are_named_all_at_once() {
        let check = |tags: &[(&str, Attr<String>)], expected: &[&str]| {
            let tags = Attr::Known(tags.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect());
            let found: Vec<String> = check(&tags).into_iter().map(|one| one.summary).collect();
            assert_eq!(found, expected);
        };
        let (long_key, long) = ("k".repeat(129), "v".repeat(257));
        check(&[("Name", "ü".repeat(256).into()), (&"ü".repeat(128), "".into()), ("AWS", Attr::Unknown)], &[]);
        check(&[("aws:foo", Attr::Null)], &[]);
        check(
            &[("aws:foo", "x".into()), ("b", long.as_str().into()), (&long_key, "".into()), ("", "x".into())],
            &[
                "A tag has no key",
                "The tag \"aws:foo\" cannot be set",
                "The value of the tag \"b\" has 257 characters",
                "The key of the tag kkkkkkkkkkkkkkkkkkkk… has 129 characters",
            ],
        );
        let keys: Vec<String> = (0..51).map(|at| format!("k{at}")).collect();
        let tags: Vec<(&str, Attr<String>)> = keys.iter().map(|key| (key.as_str(), "".into())).collect();
        check(&tags, &["There are 51 tags"]);
        assert_eq!(super::check(&Attr::Unknown), []);
    }

    #[test]
    fn the_tag_is_where_the_message_points() {
        let found = check(&Attr::Known([("aws:foo".to_owned(), "x".into())].into()));
        assert_eq!(found[0].path.as_ref().map(ToString::to_string), Some("tags[\"aws:foo\"]".to_owned()));
    }
}
