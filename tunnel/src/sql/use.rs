//! `USE`, for who asks one statement after the other: to the service each is the first.
//! <https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-use-schema>

/// What names without a catalog or a schema are of from now on.
#[derive(Debug, PartialEq, Eq)]
pub enum Use {
    /// Another catalog, in its schema `default`.
    Catalog(String),
    /// Another schema.
    Schema(String),
    /// Both.
    Both(String, String),
}

impl Use {
    /// Changes them.
    pub fn apply(self, catalog: &mut String, schema: &mut String) {
        match self {
            Self::Catalog(name) => (*catalog, *schema) = (name, "default".to_owned()),
            Self::Schema(name) => *schema = name,
            Self::Both(of, name) => (*catalog, *schema) = (of, name),
        }
    }
}

/// What a statement says, if it is a USE.
pub fn of(statement: &str) -> Option<Use> {
    let (word, rest) = statement.trim().split_once(char::is_whitespace)?;
    let is = |word: &str, wanted: &str| word.eq_ignore_ascii_case(wanted);
    let is_set_catalog = is(word, "SET") && rest.trim_start().get(..7).is_some_and(|word| is(word, "CATALOG"));
    if !is(word, "USE") && !is_set_catalog {
        return None;
    }
    let rest = rest.trim();
    let (kind, name) = match rest.split_once(char::is_whitespace) {
        Some((kind, name)) if is(kind, "CATALOG") => ("CATALOG", name),
        Some((kind, name)) if is(kind, "SCHEMA") || is(kind, "DATABASE") => ("SCHEMA", name),
        _ => ("SCHEMA", rest),
    };
    let mut names = names(name.trim())?.into_iter();
    match (kind, names.next(), names.next(), names.next()) {
        ("CATALOG", Some(name), None, None) => Some(Use::Catalog(name)),
        ("SCHEMA", Some(name), None, None) => Some(Use::Schema(name)),
        ("SCHEMA", Some(catalog), Some(name), None) => Some(Use::Both(catalog, name)),
        _ => None,
    }
}

/// The names of `a.b`, `a` or `` `a-b`.c ``.
fn names(text: &str) -> Option<Vec<String>> {
    let mut names = vec![String::new()];
    let mut is_quoted = false;
    for c in text.chars() {
        let last = names.last_mut()?;
        match c {
            '`' => is_quoted = !is_quoted,
            '.' if !is_quoted => names.push(String::new()),
            c if is_quoted || c.is_alphanumeric() || c == '_' => last.push(c),
            _ => return None,
        }
    }
    names.iter().all(|name| !name.is_empty()).then_some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_use_changes_what_names_mean() {
        let both = |catalog: &str, name: &str| Some(Use::Both(catalog.to_owned(), name.to_owned()));
        assert_eq!(of("USE CATALOG main"), Some(Use::Catalog("main".to_owned())));
        assert_eq!(of("set catalog main"), Some(Use::Catalog("main".to_owned())));
        assert_eq!(of("use schema s"), Some(Use::Schema("s".to_owned())));
        assert_eq!(of(" USE DATABASE `a-b` "), Some(Use::Schema("a-b".to_owned())));
        assert_eq!(of("USE s"), Some(Use::Schema("s".to_owned())));
        assert_eq!(of("USE main.s"), both("main", "s"));
        assert_eq!(of("USE `a.b`.s"), both("a.b", "s"));
        for other in ["SELECT 1", "USED x", "SET x = 1", "USE", "USE a.b.c", "USE CATALOG a.b", "USE a b c"] {
            assert_eq!(of(other), None, "{other}");
        }
        let (mut catalog, mut schema) = ("a".to_owned(), "b".to_owned());
        Use::Catalog("c".to_owned()).apply(&mut catalog, &mut schema);
        assert_eq!((catalog.as_str(), schema.as_str()), ("c", "default"));
    }
}
