//! Update masks: which fields of an object a request changes, as `google.protobuf.FieldMask` does it.

use serde_json::{Map, Value};

/// Takes from `from` what `mask` names: a field that `from` does not have is removed, and a path of several fields (`a.b`) changes
/// nothing beside what it names. `*` is all that `from` has.
pub(crate) fn apply(mask: &str, from: &Map<String, Value>, to: &mut Map<String, Value>) {
    for path in paths(mask) {
        if path == "*" {
            to.extend(from.clone());
            continue;
        }
        let parts: Vec<&str> = path.split('.').collect();
        take(&parts, Some(from), to);
    }
}

/// The paths of a mask.
pub(crate) fn paths(mask: &str) -> impl Iterator<Item = &str> {
    mask.split(',').map(str::trim).filter(|path| !path.is_empty())
}

/// The fields of the object itself that a mask touches.
pub(crate) fn heads(mask: &str) -> impl Iterator<Item = &str> {
    paths(mask).map(|path| path.split_once('.').map_or(path, |(head, _)| head))
}

fn take(parts: &[&str], from: Option<&Map<String, Value>>, to: &mut Map<String, Value>) {
    match parts {
        [] => {}
        [last] => {
            match from.and_then(|from| from.get(*last)) {
                Some(value) if !value.is_null() => to.insert((*last).to_owned(), value.clone()),
                _ => to.remove(*last),
            };
        }
        [head, rest @ ..] => {
            let below = from.and_then(|from| from.get(*head)).and_then(Value::as_object);
            if let Value::Object(inner) = to.entry(*head).or_insert_with(|| Value::Object(Map::new())) {
                take(rest, below, inner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_mask_changes_what_it_names_and_nothing_beside() {
        let check = |mask: &str, expected: Value| {
            let from = json!({"aws": {"zone": "c"}, "conf": {"b": "2"}, "name": "new"});
            let mut to = json!({"aws": {"zone": "b", "spot": true}, "conf": {"a": "1"}, "size": 1});
            apply(mask, from.as_object().unwrap(), to.as_object_mut().unwrap());
            assert_eq!(to, expected, "{mask}");
        };
        check("", json!({"aws": {"zone": "b", "spot": true}, "conf": {"a": "1"}, "size": 1}));
        check("aws.zone", json!({"aws": {"zone": "c", "spot": true}, "conf": {"a": "1"}, "size": 1}));
        check("aws", json!({"aws": {"zone": "c"}, "conf": {"a": "1"}, "size": 1}));
        check("conf.a, name", json!({"aws": {"zone": "b", "spot": true}, "conf": {}, "size": 1, "name": "new"}));
        check("conf.b,size", json!({"aws": {"zone": "b", "spot": true}, "conf": {"a": "1", "b": "2"}}));
        check("new.x", json!({"aws": {"zone": "b", "spot": true}, "conf": {"a": "1"}, "size": 1, "new": {}}));
        check("*", json!({"aws": {"zone": "c"}, "conf": {"b": "2"}, "size": 1, "name": "new"}));
        assert_eq!(heads("a.b, c").collect::<Vec<_>>(), ["a", "c"]);
    }
}
