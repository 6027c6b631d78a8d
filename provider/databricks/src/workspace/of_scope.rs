//! Ids of what is in a secret scope: `scope|||name`, as the official provider writes them.

use tfplugin::{Error, Result};

const SEPARATOR: &str = "|||";

/// The id of what has this name in a scope.
pub(super) fn id(scope: &str, name: &str) -> String {
    format!("{scope}{SEPARATOR}{name}")
}

/// The scope and the name in it. `form` is what an import is told that an id looks like.
pub(super) fn parts(noun: &str, form: Option<&str>, id: &str) -> Result<(String, String)> {
    match id.split_once(SEPARATOR) {
        Some((scope, name)) if !scope.is_empty() && !name.is_empty() => Ok((scope.to_owned(), name.to_owned())),
        _ => Err(Error::new(format!("{id:?} is no id of a {noun}"))
            .detail(format!("It is written {}.", form.unwrap_or_default()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_taken_apart_at_its_first_separator() {
        let check = |id: &str, expected: Option<(&str, &str)>| {
            let found = parts("secret", Some("scope|||key"), id).ok();
            let found = found.as_ref().map(|(scope, name)| (scope.as_str(), name.as_str()));
            assert_eq!(found, expected, "{id}");
        };
        check("app|||key", Some(("app", "key")));
        check("a/b@c|||users", Some(("a/b@c", "users")));
        check("app||key", None);
        check("|||key", None);
        check("app|||", None);
        assert_eq!(id("app", "key"), "app|||key");
    }
}
