//! SCIM filters (RFC 7644 section 3.4.2.2), as far as lists of principals need them: comparisons joined by `and`.

use serde_json::Value;

/// Whether an object passes a filter.
///
/// # Errors
/// What is wrong with the filter.
pub(super) fn passes(filter: &str, object: &Value) -> Result<bool, String> {
    let mut passes = true;
    for comparison in split_and(filter) {
        passes &= compare(comparison.trim(), object)?;
    }
    Ok(passes)
}

fn compare(comparison: &str, object: &Value) -> Result<bool, String> {
    let bad = || format!("The filter {comparison:?} is not of the form: attribute eq \"value\"");
    let (attribute, rest) = comparison.split_once(' ').ok_or_else(bad)?;
    let (operator, value) = rest.trim_start().split_once(' ').ok_or_else(bad)?;
    let wanted: Value = serde_json::from_str(value.trim())
        .or_else(|_| serde_json::from_str(&format!("\"{}\"", value.trim().trim_matches('\''))))
        .map_err(|_| bad())?;
    let field = object.as_object().and_then(|fields| {
        fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(attribute)).map(|(_, value)| value)
    });
    let wanted = text(&wanted);
    let have = field.map(text).unwrap_or_default();
    match operator.to_ascii_lowercase().as_str() {
        "eq" => Ok(have == wanted),
        "ne" => Ok(have != wanted),
        "co" => Ok(have.contains(&wanted)),
        "sw" => Ok(have.starts_with(&wanted)),
        "ew" => Ok(have.ends_with(&wanted)),
        _ => Err(format!("The filter's operator {operator} is none of eq, ne, co, sw and ew")),
    }
}

/// The comparisons of a filter; an ` and ` within quotes joins nothing.
fn split_and(filter: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut quoted = false;
    for (at, character) in filter.char_indices() {
        if character == '"' {
            quoted = !quoted;
        }
        let here = filter.get(at..at + 5);
        if !quoted && at >= start && here.is_some_and(|here| here.eq_ignore_ascii_case(" and ")) {
            parts.extend(filter.get(start..at));
            start = at + 5;
        }
    }
    parts.extend(filter.get(start..));
    parts
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_lowercase(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn filters_select_by_their_comparisons() {
        let object = json!({"displayName": "Ada and Bob", "active": true, "applicationId": "7"});
        let check = |filter: &str, expected: Option<bool>| {
            assert_eq!(passes(filter, &object).ok(), expected, "{filter}");
        };
        check(r#"displayName eq "ada and bob""#, Some(true));
        check(r#"displayname eq "Ada""#, Some(false));
        check(r#"displayName sw "Ada" and active eq true"#, Some(true));
        check(r#"displayName co "and b" and applicationId ne "7""#, Some(false));
        check("applicationId eq '7'", Some(true));
        check(r#"other eq "x""#, Some(false));
        check("displayName", None);
        check(r#"displayName gt "x""#, None);
    }
}
