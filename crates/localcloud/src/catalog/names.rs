//! Names of what is in a metastore.

use crate::answer::ApiError;

/// Names of catalogs, schemas and volumes: no dot, no blank, no slash, at most 255 characters.
/// <https://docs.databricks.com/sql/language-manual/sql-ref-names>
pub(crate) fn check_name(name: &str) -> Result<(), ApiError> {
    let good = (1..=255).contains(&name.chars().count())
        && !name.chars().any(|c| c.is_control() || matches!(c, '.' | ' ' | '/' | '\u{7f}'));
    if good { Ok(()) } else { Err(ApiError::invalid(format!("{name:?} is not a valid name."))) }
}
