//! Which statements only read.
//!
//! It goes by the statement's words outside of strings, names in backquotes, comments and parentheses, as Databricks SQL reads them:
//! <https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax>. A function that a SELECT calls may still do what it likes.

/// Whether a statement is a SELECT, WITH … SELECT, SHOW, DESCRIBE or EXPLAIN.
pub fn is_read_only(statement: &str) -> bool {
    let mut words = outer_words(statement);
    while words.last().is_some_and(|word| word == ";") {
        words.pop();
    }
    let reads = |word: &String| matches!(word.as_str(), "SELECT" | "VALUES" | "TABLE");
    let writes = |word: &String| {
        matches!(
            word.as_str(),
            "INSERT"
                | "UPDATE"
                | "DELETE"
                | "MERGE"
                | "INTO"
                | "OVERWRITE"
                | "COPY"
                | "CREATE"
                | "REPLACE"
                | "DROP"
                | "TRUNCATE"
        )
    };
    match words.first().map(String::as_str) {
        // Nobody knows what comes after it.
        _ if words.iter().any(|word| word == ";") => false,
        Some("SHOW" | "DESCRIBE" | "DESC" | "EXPLAIN") => true,
        // `WITH a AS (…) INSERT …` writes.
        Some("SELECT" | "WITH") => words.iter().any(reads) && !words.iter().any(writes),
        _ => false,
    }
}

/// Whether a text has a statement's end outside of strings, names and comments, and nothing stands behind it.
pub fn is_complete(text: &str) -> bool {
    outer_words(text).last().is_some_and(|word| word == ";")
}

/// The words outside of parentheses, in capitals, and a semicolon where one stands.
fn outer_words(statement: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut depth = 0_usize;
    let mut word = String::new();
    let mut rest = statement;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        if c.is_alphanumeric() || c == '_' {
            word.push(c.to_ascii_uppercase());
            rest = after;
            // A raw string knows no escape.
            if word == "R" && after.starts_with(['\'', '"']) {
                word.clear();
                rest = behind_quote(after, false);
            }
            continue;
        }
        let ended = std::mem::take(&mut word);
        if depth == 0 && !ended.is_empty() {
            words.push(ended);
        }
        rest = match c {
            '\'' | '"' => behind_quote(rest, true),
            '`' => behind_quote(rest, false),
            '-' if after.starts_with('-') => after.split_once('\n').map_or("", |(_, next)| next),
            '/' if after.starts_with('*') => behind_comment(rest),
            '(' => {
                depth += 1;
                after
            }
            ')' => {
                depth = depth.saturating_sub(1);
                after
            }
            ';' => {
                words.push(";".to_owned());
                after
            }
            _ => after,
        };
    }
    if depth == 0 && !word.is_empty() {
        words.push(word);
    }
    words
}

/// What stands behind a quoted text; nothing if it does not end.
fn behind_quote(text: &str, has_escapes: bool) -> &str {
    let mut characters = text.char_indices();
    let Some((_, quote)) = characters.next() else { return "" };
    while let Some((at, c)) = characters.next() {
        if c == '\\' && has_escapes {
            characters.next();
        } else if c == quote {
            return text.get(at + c.len_utf8()..).unwrap_or_default();
        }
    }
    ""
}

/// What stands behind a comment. One may hold others.
fn behind_comment(text: &str) -> &str {
    let mut depth = 0_usize;
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix("/*") {
            depth += 1;
            rest = inner;
        } else if let Some(after) = rest.strip_prefix("*/") {
            depth = depth.saturating_sub(1);
            rest = after;
            if depth == 0 {
                return rest;
            }
        } else {
            let mut characters = rest.chars();
            characters.next();
            rest = characters.as_str();
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_reads_is_let_through_and_nothing_else() {
        for reads in [
            "SELECT 1",
            " select * from t where a = 'insert into'",
            "-- drop\nSELECT 1",
            "/* a /* nested */ b */ SELECT 1",
            "WITH a AS (SELECT 1), b AS (SELECT 2) SELECT * FROM a, b",
            "with a as (values (1)) select * from a",
            "SELECT `delete`, \"into\" FROM t",
            "SELECT r'\\', 'it''s', 'a\\'b'",
            "SELECT (SELECT max(a) FROM u) FROM t",
            "SELECT 1; ; -- that is all",
            "SHOW TABLES",
            "DESCRIBE TABLE t",
            "desc t",
            "EXPLAIN INSERT INTO t VALUES (1)",
        ] {
            assert!(is_read_only(reads), "{reads}");
        }
        for writes in [
            "",
            "INSERT INTO t SELECT 1",
            "WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a",
            "WITH a AS (SELECT r'\\') INSERT INTO t SELECT 'x'",
            "WITH a AS (SELECT 1) DELETE FROM t",
            "FROM a INSERT INTO t SELECT *",
            "SELECT 1; DROP TABLE t",
            "SHOW TABLES; DROP TABLE t",
            "/* SELECT */ DROP TABLE t",
            "-- SELECT 1",
            "DROP TABLE t",
            "CREATE TABLE t AS SELECT 1",
            "OPTIMIZE t",
            "USE CATALOG main",
            "SET a = 1",
            "GRANT SELECT ON t TO u",
            "SELECTED",
        ] {
            assert!(!is_read_only(writes), "{writes}");
        }
    }

    #[test]
    fn a_statement_ends_with_a_semicolon_outside_of_everything() {
        for complete in ["SELECT 1;", "SELECT 1 ; -- done", "SELECT ';' ;", "SELECT (1);\n"] {
            assert!(is_complete(complete), "{complete}");
        }
        for open in ["SELECT 1", "SELECT ';", "SELECT 1 -- ;", "/* ; */", "", "SELECT `;"] {
            assert!(!is_complete(open), "{open}");
        }
    }
}
