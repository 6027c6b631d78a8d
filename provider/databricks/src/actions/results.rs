//! What came of a command, for people.

use databricks::api::commands::{CommandResults, ResultType};
use serde_json::Value;
use tfplugin::{Error, Result};

/// What a command said.
///
/// # Errors
/// It has thrown an exception.
pub(super) fn told(results: &CommandResults) -> Result<String> {
    match &results.result_type {
        ResultType::Error => {
            let (summary, cause) = (plain(&results.summary), plain(&results.cause));
            let summary = if summary.trim().is_empty() { "it ended with an exception" } else { summary.trim() };
            Err(Error::new(format!("the command failed: {summary}")).detail(cause.trim()).at("command"))
        }
        ResultType::Table => {
            let rows = results.data.as_ref().and_then(Value::as_array).map_or(0, Vec::len);
            let more = if results.truncated == Some(true) { " or more" } else { "" };
            Ok(format!("The command has ended with a table of {rows}{more} rows"))
        }
        ResultType::Text => match &results.data {
            Some(Value::String(text)) => Ok(plain(text).trim().to_owned()),
            _ => Ok(String::new()),
        },
        _ => Ok(String::new()),
    }
}

/// Without colours: Python's traces have a terminal's, and the service turns those of a summary into `<span class="ansi-red-fg">`.
fn plain(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // A sequence ends with its first letter.
        let end = part.find(|letter: char| letter.is_ascii_alphabetic()).map_or(part.len(), |at| at + 1);
        plain.push_str(part.get(end..).unwrap_or_default());
    }
    let mut parts = plain.split("<span class=\"ansi-");
    let first = parts.next().unwrap_or_default().to_owned();
    let without = parts.fold(first, |text, part| text + part.split_once('>').map_or(part, |(_, rest)| rest));
    if without.len() == plain.len() { plain } else { without.replace("</span>", "") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_has_no_colours_and_all_its_words() {
        let check = |text: &str, expected: &str| assert_eq!(plain(text), expected);
        check("\u{1b}[0;31mZeroDivisionError\u{1b}[0m: division by zero", "ZeroDivisionError: division by zero");
        check("<span class=\"ansi-red-fg\">ZeroDivisionError</span>: by zero", "ZeroDivisionError: by zero");
        check("1 <span> 2 </span> [0m", "1 <span> 2 </span> [0m");
        check("\u{1b}[", "");
    }

    #[test]
    fn results_are_told_by_what_they_are() {
        let results = |result_type, data| CommandResults { result_type, data, ..Default::default() };
        let check = |results: CommandResults, expected: &str| assert_eq!(told(&results).unwrap(), expected);
        check(results(ResultType::Text, Some("a\nb\n".into())), "a\nb");
        check(results(ResultType::Image, None), "");
        let rows = CommandResults { truncated: Some(true), ..results(ResultType::Table, Some(vec![1, 2].into())) };
        check(rows, "The command has ended with a table of 2 or more rows");
        let failed = CommandResults { cause: "line 1".into(), ..results(ResultType::Error, None) };
        let error = told(&failed).unwrap_err();
        assert_eq!(error.diagnostic().summary, "the command failed: it ended with an exception");
        assert_eq!((error.diagnostic().detail.as_str(), &error.diagnostic().path), ("line 1", &Some("command".into())));
    }
}
