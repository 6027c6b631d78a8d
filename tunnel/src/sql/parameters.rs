//! Named parameters as people write them: `name=value`, `name=value:TYPE`, `name` for NULL.

use databricks::api::statements::StatementParameter;

/// Types of parameters. <https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-datatypes>
const TYPES: &[&str] = &[
    "BIGINT",
    "BINARY",
    "BOOLEAN",
    "BYTE",
    "DATE",
    "DEC",
    "DECIMAL",
    "DOUBLE",
    "FLOAT",
    "INT",
    "INTEGER",
    "INTERVAL",
    "LONG",
    "NUMERIC",
    "REAL",
    "SHORT",
    "SMALLINT",
    "STRING",
    "TIMESTAMP",
    "TIMESTAMP_NTZ",
    "TINYINT",
    "VOID",
];

/// Reads one. A `:` in a value is a part of it, unless a type follows.
///
/// # Errors
/// When it has no name.
pub fn parse(text: &str) -> Result<StatementParameter, String> {
    let (name, rest) = text.split_once('=').map_or((text, None), |(name, rest)| (name, Some(rest)));
    let (name, kind) = match (rest, name.rsplit_once(':')) {
        (None, Some((name, kind))) if is_type(kind) => (name, kind),
        _ => (name, ""),
    };
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(is_name) {
        return Err(format!("{name:?} is no name of a parameter: write name=value, or name=value:TYPE"));
    }
    let (value, kind) = match rest.map(|rest| (rest, rest.rsplit_once(':'))) {
        None => (None, kind),
        Some((_, Some((value, kind)))) if is_type(kind) => (Some(value), kind),
        Some((value, _)) => (Some(value), ""),
    };
    Ok(StatementParameter { name: name.to_owned(), value: value.map(str::to_owned), kind: kind.to_uppercase() })
}

/// `INT`, `decimal(10, 2)`, `INTERVAL DAY TO SECOND`.
fn is_type(text: &str) -> bool {
    let name = text.split(['(', ' ']).next().unwrap_or_default();
    let is_closed = text.contains('(') == text.ends_with(')');
    is_closed && TYPES.iter().any(|known| known.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_keeps_its_colons_and_equals_signs() {
        let check = |text: &str, name: &str, value: Option<&str>, kind: &str| {
            let read = parse(text).unwrap();
            assert_eq!((read.name.as_str(), read.value.as_deref(), read.kind.as_str()), (name, value, kind), "{text}");
        };
        check("a=1", "a", Some("1"), "");
        check("a=1:INT", "a", Some("1"), "INT");
        check("a=1:int", "a", Some("1"), "INT");
        check("at=2026-01-01 10:20:30", "at", Some("2026-01-01 10:20:30"), "");
        check("at=2026-01-01 10:20:30:TIMESTAMP", "at", Some("2026-01-01 10:20:30"), "TIMESTAMP");
        check("p=1.50:DECIMAL(10, 2)", "p", Some("1.50"), "DECIMAL(10, 2)");
        check("p=1.50:DECIMAL(10", "p", Some("1.50:DECIMAL(10"), "");
        check("url=https://a?b=c", "url", Some("https://a?b=c"), "");
        check("empty=", "empty", Some(""), "");
        check("empty=:STRING", "empty", Some(""), "STRING");
        check("nothing", "nothing", None, "");
        check("nothing:DATE", "nothing", None, "DATE");
        for bad in ["", "=1", ":x=1", "a b=1", "a:nothing"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
