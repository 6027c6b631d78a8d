//! What IAM's objects have in common: names that a prefix begins, tags, dates, and whose create made them.

use std::collections::BTreeMap;

use aws_sdk_iam::types::Tag;
use aws_smithy_types::DateTime;
use tfplugin::{Attr, Diagnostic, Error, Failed, Marked, Marker, Result};

use super::errors::{Fault, Kind};
use super::tags;

/// The configured name, or one that the create's mark makes unique: an interrupted create has the same name again.
pub(crate) fn name_of(name: &Attr<String>, prefix: &Attr<String>, marker: &Marker) -> String {
    if let Some(name) = name.known() {
        return name.clone();
    }
    let unique: String = marker.id.chars().filter(char::is_ascii_alphanumeric).take(26).collect();
    format!("{}{unique}", prefix.known().map_or("terraform-", String::as_str))
}

/// Two names at once.
pub(crate) fn check_names(name: &Attr<String>, prefix: &Attr<String>) -> Option<Diagnostic> {
    if !name.is_known() || !prefix.is_known() {
        return None;
    }
    let error = Error::new("name and name_prefix exclude each other").detail("Remove one of them.");
    Some(error.at("name_prefix").into())
}

/// Tags as IAM wants them.
pub(crate) fn tag_list(tags: &BTreeMap<String, String>) -> Result<Vec<Tag>, Fault> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build().map_err(Fault::ours)).collect()
}

/// Tags as pairs.
pub(crate) fn pairs(tags: &[Tag]) -> impl Iterator<Item = (&str, &str)> {
    tags.iter().map(|tag| (tag.key(), tag.value()))
}

/// Whether an object was made by this create: it bears the mark, or (where its tags left no room for one) it is as young as the create.
pub(crate) fn is_of_create(tags: &[Tag], created: &DateTime, marker: &Marker) -> bool {
    let tags: BTreeMap<String, String> = pairs(tags).map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    match tags.get(Marker::TAG) {
        Some(mark) => marker.is_on(mark),
        None => tags::leaves_no_room(&tags) && created.secs() >= marker.since.as_second(),
    }
}

/// What becomes of a create whose name is taken: the request was repeated after an answer that was lost, or another apply made the
/// object. `is_of_create` says which by the mark; `noun` is what it is, with its article.
pub(crate) fn taken<T>(
    fault: Fault,
    noun: &str,
    made: T,
    name: &str,
    is_of_create: Option<bool>,
) -> Result<T, Failed<T>> {
    match is_of_create {
        Some(true) => Ok(made),
        Some(false) => {
            let words = format!(
                "There is {noun} {name:?} already, and no state of this configuration has it. Give this one another name, or take \
                 the other one over."
            );
            Err(fault.explained(words).at("name").exists(name).into())
        }
        None => Err(Fault { kind: Kind::Uncertain, ..fault }.at("name").into()),
    }
}

/// The mark among an object's tags.
pub(crate) fn marked(tags: &[Tag], id: &str) -> Option<Marked> {
    let (_, mark) = pairs(tags).find(|(key, _)| *key == Marker::TAG)?;
    Some(Marked { mark: mark.to_owned(), id: id.to_owned() })
}

/// A date as the state has it (RFC 3339).
pub(crate) fn date(date: &DateTime) -> Attr<String> {
    jiff::Timestamp::from_second(date.secs()).map(|time| time.to_string()).ok().into()
}
