//! What came of a command, for people.

use databricks::api::commands::{CommandResults, ResultType, without_colours};
use serde_json::Value;

/// What a command said.
pub(super) fn told(results: &CommandResults) -> String {
    match (&results.result_type, &results.data) {
        (ResultType::Table, data) => {
            let rows = data.as_ref().and_then(Value::as_array).map_or(0, Vec::len);
            let more = if results.truncated == Some(true) { " or more" } else { "" };
            format!("The command has ended with a table of {rows}{more} rows")
        }
        (ResultType::Text, Some(Value::String(text))) => without_colours(text).trim().to_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_told_by_what_they_are() {
        let results = |result_type, data| CommandResults { result_type, data, ..Default::default() };
        assert_eq!(told(&results(ResultType::Text, Some("a\nb\n".into()))), "a\nb");
        assert_eq!(told(&results(ResultType::Image, None)), "");
        let rows = CommandResults { truncated: Some(true), ..results(ResultType::Table, Some(vec![1, 2].into())) };
        assert_eq!(told(&rows), "The command has ended with a table of 2 or more rows");
    }
}
