//! What the API says of wide objects (a cluster, a workspace), which fill in what nobody asked for. Pure.
//!
//! What is sent of them is `tfplugin::reconcile`'s to say, as of every other object. Its `seen` is not for them: of an import it leaves
//! out what the service decides, and these take all of it.

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
