//! What is put over an object as the API has it, and what differs between two descriptions of it. Pure.
//!
//! Wide objects (a cluster, a workspace) have members that no schema of ours models, today or tomorrow. So an update never
//! sends a whole object that was made from the schema: it sends the members that differ, each put over the one that stands.

use serde_json::{Map, Value as Json};

/// The members of a JSON object.
pub(crate) type Members = Map<String, Json>;

/// `value` without what means nothing: null, `""`, `[]` and `{}`. The members of `maps` (tags, say) are a user's own keys, whose empty
/// texts stay.
pub(crate) fn present(value: Json, maps: &[&str]) -> Json {
    match value {
        Json::Object(members) => {
            let members = members.into_iter().map(|(name, member)| match member {
                Json::Object(mut entries) if maps.contains(&name.as_str()) => {
                    entries.retain(|_, entry| !entry.is_null());
                    (name, Json::Object(entries))
                }
                member => (name, present(member, maps)),
            });
            Json::Object(members.filter(|(_, member)| !is_nothing(member)).collect())
        }
        Json::Array(elements) => {
            let elements = elements.into_iter().map(|element| present(element, maps));
            Json::Array(elements.filter(|element| !element.is_null()).collect())
        }
        other => other,
    }
}

/// The members of an object; none of anything else.
pub(crate) fn members(value: Json) -> Members {
    match value {
        Json::Object(members) => members,
        _ => Members::new(),
    }
}

fn is_nothing(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.is_empty(),
        Json::Array(elements) => elements.is_empty(),
        Json::Object(members) => members.is_empty(),
        Json::Bool(_) | Json::Number(_) => false,
    }
}

/// Whether a value is absent, or what an absent one is taken for: `false` or 0.
pub(crate) fn is_zero(value: Option<&Json>) -> bool {
    match value {
        None => true,
        Some(Json::Bool(value)) => !value,
        Some(Json::Number(value)) => value.as_f64() == Some(0.0),
        Some(value) => is_nothing(value),
    }
}

/// The members that differ, in the order of their names. Of `zeros` a zero is the same as none.
pub(crate) fn changed<'a>(before: &'a Members, after: &'a Members, zeros: &[&str]) -> Vec<&'a str> {
    let mut names: Vec<&str> = before.keys().chain(after.keys()).map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| {
        let (before, after) = (before.get(*name), after.get(*name));
        before != after && !(zeros.contains(name) && is_zero(before) && is_zero(after))
    });
    names
}

/// `after`, put over what stands: members that neither `before` nor `after` knows stay as they are. `None`: it is taken away.
pub(crate) fn over(found: Option<&Json>, before: Option<&Json>, after: Option<&Json>) -> Option<Json> {
    let after = after?;
    let (Some(Json::Object(found)), Json::Object(wanted)) = (found, after) else { return Some(after.clone()) };
    let none = Members::new();
    let before = before.and_then(Json::as_object).unwrap_or(&none);
    let mut merged = found.clone();
    merged.retain(|name, _| wanted.contains_key(name) || !before.contains_key(name));
    for (name, value) in wanted {
        if let Some(value) = over(found.get(name), before.get(name), Some(value)) {
            merged.insert(name.clone(), value);
        }
    }
    Some(Json::Object(merged))
}

/// `found`, with zeros and absences as `known` has them: a service that says `false` where nobody said anything, or nothing where
/// somebody said `false`, has not changed anything. The members named in `told` are taken as they are found.
pub(crate) fn settle(known: &Members, found: &mut Members, told: &[&str]) {
    found.retain(|name, value| {
        told.contains(&name.as_str()) || !is_zero(Some(value)) || known.get(name).is_some_and(|known| !known.is_null())
    });
    for (name, known) in known {
        match (known, found.get_mut(name)) {
            (Json::Bool(false), None) => {
                found.insert(name.clone(), false.into());
            }
            (Json::Number(number), None) if number.as_f64() == Some(0.0) => {
                found.insert(name.clone(), known.clone());
            }
            (Json::Object(known), Some(Json::Object(found))) => settle(known, found, &[]),
            (Json::Array(knowns), Some(Json::Array(founds))) => {
                for (known, found) in knowns.iter().zip(founds) {
                    if let (Json::Object(known), Json::Object(found)) = (known, found) {
                        settle(known, found, &[]);
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_means_nothing_is_left_out() {
        for (value, expected) in [
            (json!({"a": null, "b": "", "c": [], "d": {}, "e": 0, "f": false}), json!({"e": 0, "f": false})),
            (json!({"a": {"b": {"c": ""}}, "d": [{"e": null, "f": 1}]}), json!({"d": [{"f": 1}]})),
            (json!({"tags": {"a": "", "b": null}}), json!({"tags": {"a": ""}})),
            (json!({"tags": {}}), json!({})),
        ] {
            assert_eq!(present(value.clone(), &["tags"]), expected, "{value}");
        }
    }

    #[test]
    fn a_zero_of_some_members_is_no_change() {
        for (before, after, expected) in [
            (json!({"a": 1}), json!({"a": 1}), vec![]),
            (json!({"a": 1, "b": 1}), json!({"b": 2, "c": 1}), vec!["a", "b", "c"]),
            (json!({"switch": false}), json!({}), vec![]),
            (json!({}), json!({"switch": false}), vec![]),
            (json!({}), json!({"switch": true}), vec!["switch"]),
            (json!({"count": 0}), json!({}), vec!["count"]),
        ] {
            let (before, after) = (members(before), members(after));
            assert_eq!(changed(&before, &after, &["switch"]), expected, "{before:?} {after:?}");
        }
    }

    #[test]
    fn what_is_not_modelled_stays_under_what_is_put_over_it() {
        for (found, before, after, expected) in [
            (json!({"a": 1, "x": 9}), json!({"a": 1}), json!({"a": 2}), json!({"a": 2, "x": 9})),
            (json!({"a": 1, "x": 9}), json!({"a": 1}), json!({"b": 2}), json!({"b": 2, "x": 9})),
            (json!({"a": {"x": 9}}), json!({}), json!({"a": {"b": 1}}), json!({"a": {"b": 1, "x": 9}})),
            (json!([1, 2]), json!([1, 2]), json!([3]), json!([3])),
            (json!(null), json!(null), json!({"a": 1}), json!({"a": 1})),
        ] {
            assert_eq!(over(Some(&found), Some(&before), Some(&after)), Some(expected), "{found} {before} {after}");
        }
        assert_eq!(over(Some(&json!({"a": 1})), Some(&json!({"a": 1})), None), None);
    }

    #[test]
    fn zeros_are_as_they_are_known() {
        for (known, found, expected) in [
            (json!({}), json!({"a": false, "b": 0, "c": true}), json!({"c": true})),
            (json!({"a": false, "b": 0}), json!({}), json!({"a": false, "b": 0})),
            (json!({"a": null}), json!({"a": false}), json!({})),
            (json!({"a": true}), json!({"a": false}), json!({"a": false})),
            (json!({"a": {"b": true}}), json!({"a": {"b": true, "c": 0}}), json!({"a": {"b": true}})),
            (json!({"a": [{"b": false}]}), json!({"a": [{"c": 1}]}), json!({"a": [{"b": false, "c": 1}]})),
            (json!({}), json!({"told": false}), json!({"told": false})),
        ] {
            let mut settled = members(found.clone());
            settle(&members(known.clone()), &mut settled, &["told"]);
            assert_eq!(Json::Object(settled), expected, "{known} {found}");
        }
    }
}
