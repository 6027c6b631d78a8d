//! SCIM filters (RFC 7644 section 3.4.2.2), as far as lists of principals need them: comparisons joined by `and` and `or`.

use serde_json::{Map, Value};

/// A filter: it passes what passes all comparisons of one of its parts.
#[derive(Debug)]
pub(super) struct Filter(Vec<Vec<Comparison>>);

#[derive(Debug)]
struct Comparison {
    attribute: String,
    operator: Operator,
    value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Contains,
    Starts,
    Ends,
    Present,
}

/// Reads a filter.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(text: &str) -> Result<Filter, String> {
    let words = words(text)?;
    let mut words = words.iter().map(String::as_str);
    let mut parts = vec![Vec::new()];
    loop {
        let (attribute, operator) = match (words.next(), words.next()) {
            (Some(attribute), Some(operator)) => (attribute, operator),
            _ => return Err(format!("The filter {text:?} is not of the form: attribute eq \"value\"")),
        };
        let operator = match operator.to_ascii_lowercase().as_str() {
            "eq" => Operator::Equal,
            "ne" => Operator::NotEqual,
            "co" => Operator::Contains,
            "sw" => Operator::Starts,
            "ew" => Operator::Ends,
            "pr" => Operator::Present,
            _ => return Err(format!("The filter's operator {operator} is none of eq, ne, co, sw, ew and pr")),
        };
        let value = match operator {
            Operator::Present => String::new(),
            _ => words.next().ok_or_else(|| format!("The filter {text:?} ends before a value"))?.to_lowercase(),
        };
        let comparison = Comparison { attribute: attribute.to_owned(), operator, value };
        if let Some(part) = parts.last_mut() {
            part.push(comparison);
        }
        match words.next().map(str::to_ascii_lowercase).as_deref() {
            None => return Ok(Filter(parts)),
            Some("and") => {}
            Some("or") => parts.push(Vec::new()),
            Some(other) => return Err(format!("In the filter {text:?} stands {other} where only and and or can")),
        }
    }
}

impl Filter {
    /// Whether an object passes.
    pub(super) fn passes(&self, object: &Map<String, Value>) -> bool {
        self.0.iter().any(|part| part.iter().all(|comparison| comparison.holds(object)))
    }
}

impl Comparison {
    fn holds(&self, object: &Map<String, Value>) -> bool {
        let mut have = Vec::new();
        let path: Vec<&str> = self.attribute.split('.').collect();
        for (name, value) in object {
            if path.first().is_some_and(|first| name.eq_ignore_ascii_case(first)) {
                collect(value, path.get(1).copied(), &mut have);
            }
        }
        let wanted = self.value.as_str();
        let any = |test: &dyn Fn(&str) -> bool| have.iter().any(|have| test(have));
        match self.operator {
            Operator::Equal => any(&|have| have == wanted),
            Operator::NotEqual => !any(&|have| have == wanted),
            Operator::Contains => any(&|have| have.contains(wanted)),
            Operator::Starts => any(&|have| have.starts_with(wanted)),
            Operator::Ends => any(&|have| have.ends_with(wanted)),
            Operator::Present => !have.is_empty(),
        }
    }
}

/// The texts of a value; of a list of complex values, their `value` unless another part is named.
fn collect(value: &Value, part: Option<&str>, into: &mut Vec<String>) {
    match value {
        Value::Array(all) => all.iter().for_each(|one| collect(one, part, into)),
        Value::Object(fields) => {
            if let Some(value) = fields.get(part.unwrap_or("value")) {
                collect(value, None, into);
            }
        }
        Value::String(text) => into.push(text.to_lowercase()),
        other => into.push(other.to_string()),
    }
}

/// The words of a filter; what stands in quotes is one word.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        match first {
            '(' | ')' | '[' | ']' => return Err(format!("The filter {text:?} has brackets, which are not served")),
            '"' | '\'' => {
                let inner = rest.strip_prefix(first).unwrap_or_default();
                let mut word = String::new();
                let mut escaped = false;
                let end = inner.char_indices().find(|(_, character)| {
                    let ends = *character == first && !escaped;
                    escaped = *character == '\\' && !escaped;
                    if !ends && !escaped {
                        word.push(*character);
                    }
                    ends
                });
                let (at, _) = end.ok_or_else(|| format!("A quote of the filter {text:?} is not closed"))?;
                words.push(word);
                rest = inner.get(at + 1..).unwrap_or_default();
            }
            _ => {
                let (word, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                words.push(word.to_owned());
                rest = after;
            }
        }
        rest = rest.trim_start();
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn filters_select_by_their_comparisons() {
        let object = json!({
            "displayName": "Ada and Bob", "active": true, "applicationId": "7",
            "emails": [{"value": "ada@x.org", "type": "work"}],
        });
        let object = object.as_object().unwrap();
        let check = |filter: &str, expected: Option<bool>| {
            assert_eq!(read(filter).ok().map(|filter| filter.passes(object)), expected, "{filter}");
        };
        check(r#"displayName eq "ada and bob""#, Some(true));
        check(r#"displayname eq "Ada""#, Some(false));
        check(r#"displayName sw "Ada" and active eq true"#, Some(true));
        check(r#"displayName co "and b" and applicationId ne "7""#, Some(false));
        check("applicationId eq '7'", Some(true));
        check(r#"other eq "x""#, Some(false));
        check("displayName eq a or active eq true", Some(true));
        check("displayName eq a or active eq false", Some(false));
        check(r#"displayName eq a or active eq true and applicationId eq "8""#, Some(false));
        check("emails.type eq work", Some(true));
        check("emails eq ADA@x.org", Some(true));
        check("externalId pr", Some(false));
        check("displayName", None);
        check(r#"displayName gt "x""#, None);
        check("displayName eq Ada and Bob", None);
        check(r#"displayName eq "Ada"#, None);
        check("(displayName eq a)", None);
    }

    #[test]
    fn quotes_hold_words_together() {
        assert_eq!(words(r#"a eq "b \"c\"  d" and"#).unwrap(), ["a", "eq", r#"b "c"  d"#, "and"]);
    }
}
