//! What came of a command, for people.

use databricks::api::commands::{CommandResults, ResultType, without_colours};
use serde_json::Value;
use tfplugin::{Error, Result};

/// What a command said.
///
/// # Errors
/// It has thrown an exception.
pub(super) fn told(results: &CommandResults) -> Result<String> {
    match &results.result_type {
        ResultType::Error => {
            let (summary, cause) = (without_colours(&results.summary), without_colours(&results.cause));
            let summary = if summary.trim().is_empty() { "it ended with an exception" } else { summary.trim() };
            Err(Error::new(format!("the command failed: {summary}")).detail(cause.trim()).at("command"))
        }
        ResultType::Table => {
            let rows = results.data.as_ref().and_then(Value::as_array).map_or(0, Vec::len);
            let more = if results.truncated == Some(true) { " or more" } else { "" };
            Ok(format!("The command has ended with a table of {rows}{more} rows"))
        }
        ResultType::Text => match &results.data {
            Some(Value::String(text)) => Ok(without_colours(text).trim().to_owned()),
            _ => Ok(String::new()),
        },
        _ => Ok(String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
