//! What could stand where a person wants a name completed.

use super::names::{Names, quoted};

/// Words of SQL that are offered.
const WORDS: &[&str] = &[
    "ALTER",
    "AND",
    "AS",
    "BETWEEN",
    "BY",
    "CASE",
    "CAST",
    "CATALOG",
    "CATALOGS",
    "COUNT",
    "CREATE",
    "CROSS",
    "DELETE",
    "DESCRIBE",
    "DISTINCT",
    "DROP",
    "ELSE",
    "END",
    "EXCEPT",
    "EXISTS",
    "EXPLAIN",
    "FROM",
    "FULL",
    "GRANT",
    "GROUP",
    "HAVING",
    "IN",
    "INNER",
    "INSERT",
    "INTERSECT",
    "INTO",
    "IS",
    "JOIN",
    "LEFT",
    "LIKE",
    "LIMIT",
    "MERGE",
    "NOT",
    "NULL",
    "OFFSET",
    "ON",
    "OR",
    "ORDER",
    "OVER",
    "PARTITION",
    "REVOKE",
    "RIGHT",
    "SCHEMA",
    "SCHEMAS",
    "SELECT",
    "SET",
    "SHOW",
    "TABLE",
    "TABLES",
    "THEN",
    "UNION",
    "UPDATE",
    "USE",
    "USING",
    "VALUES",
    "VIEW",
    "VIEWS",
    "VOLUMES",
    "WHEN",
    "WHERE",
    "WITH",
];

/// A table that a statement names.
#[derive(Debug, PartialEq, Eq)]
struct Table {
    path: Vec<String>,
    alias: Option<String>,
}

/// What is to be completed.
#[derive(Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// Where in the line its last name begins.
    pub start: usize,
    /// The names before it, with dots between.
    before: Vec<String>,
    /// What of it stands there.
    typed: String,
    tables: Vec<Table>,
}

impl Unfinished {
    /// What stands before this place in a line.
    pub fn of(line: &str, place: usize) -> Self {
        let before = line.get(..place).unwrap_or(line);
        let mut names = vec![String::new()];
        let mut is_quoted = false;
        for c in before.chars() {
            is_quoted ^= c == '`';
            match names.last_mut() {
                Some(last) if is_quoted || c == '`' || c.is_alphanumeric() || c == '_' => last.push(c),
                _ if c == '.' => names.push(String::new()),
                // Whatever came before is another word.
                _ => names = vec![String::new()],
            }
        }
        let last = names.pop().unwrap_or_default();
        Self {
            start: before.len() - last.len(),
            before: names.iter().map(|name| bare(name)).collect(),
            typed: last.trim_start_matches('`').to_owned(),
            tables: tables(line),
        }
    }

    /// What it could be, in the order of their names; names without a catalog or a schema are of these.
    pub async fn candidates(&self, names: &Names, catalog: &str, schema: &str) -> Vec<String> {
        let mut all = Vec::new();
        let before: Vec<&str> = self.before.iter().map(String::as_str).collect();
        match before.as_slice() {
            [] => {
                all.extend(names.catalogs().await);
                all.extend(names.schemas(or(catalog, "main")).await);
                if !schema.is_empty() {
                    all.extend(names.tables(catalog, schema).await);
                }
                for table in &self.tables {
                    all.extend(columns(names, &table.path, catalog, schema).await);
                }
            }
            [one] => {
                if let Some(table) = self.tables.iter().find(|table| table.is_called(one)) {
                    all.extend(columns(names, &table.path, catalog, schema).await);
                }
                all.extend(names.schemas(one).await);
                all.extend(names.tables(catalog, one).await);
            }
            [catalog, schema] => all.extend(names.tables(catalog, schema).await),
            path => all.extend(names.columns(path).await),
        }
        let mut found: Vec<String> =
            all.iter().filter(|name| begins(name, &self.typed)).map(|name| quoted(name)).collect();
        if before.is_empty() && !self.typed.is_empty() {
            found.extend(WORDS.iter().filter(|word| begins(word, &self.typed)).map(|word| (*word).to_owned()));
        }
        found.sort();
        found.dedup();
        found
    }
}

impl Table {
    fn is_called(&self, name: &str) -> bool {
        let own = self.alias.as_ref().or(self.path.last());
        own.is_some_and(|own| own.eq_ignore_ascii_case(name))
    }
}

async fn columns(names: &Names, path: &[String], catalog: &str, schema: &str) -> Vec<String> {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match path.as_slice() {
        [table] => names.columns(&[catalog, schema, table]).await,
        [schema, table] => names.columns(&[catalog, schema, table]).await,
        path => names.columns(path).await,
    }
}

fn or<'a>(text: &'a str, other: &'a str) -> &'a str {
    if text.is_empty() { other } else { text }
}

fn begins(name: &str, typed: &str) -> bool {
    name.get(..typed.len()).is_some_and(|start| start.eq_ignore_ascii_case(typed))
}

/// A name without its backquotes.
fn bare(name: &str) -> String {
    let inner = name.strip_prefix('`').map(|rest| rest.strip_suffix('`').unwrap_or(rest));
    inner.map_or_else(|| name.to_owned(), |inner| inner.replace("``", "`"))
}

/// The tables behind FROM and JOIN, as far as a statement that is not finished tells.
fn tables(line: &str) -> Vec<Table> {
    let words: Vec<&str> = line
        .split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ';'))
        .filter(|word| !word.is_empty())
        .collect();
    let is = |word: Option<&&str>, wanted: &[&str]| {
        word.is_some_and(|word| wanted.iter().any(|one| word.eq_ignore_ascii_case(one)))
    };
    let mut tables = Vec::new();
    for (at, word) in words.iter().enumerate() {
        if !["FROM", "JOIN", "UPDATE", "INTO"].iter().any(|one| word.eq_ignore_ascii_case(one)) {
            continue;
        }
        let Some(path) = words.get(at + 1).map(|word| word.trim_end_matches(',')) else { continue };
        let next = at + if is(words.get(at + 2), &["AS"]) { 3 } else { 2 };
        let alias = words.get(next).map(|word| word.trim_end_matches(','));
        let alias = alias.filter(|alias| !WORDS.iter().any(|word| alias.eq_ignore_ascii_case(word)));
        tables.push(Table { path: path.split('.').map(bare).collect(), alias: alias.map(bare) });
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_told_from_the_names_before_it() {
        let check = |line: &str, start: usize, before: &[&str], typed: &str| {
            let unfinished = Unfinished::of(line, line.len());
            assert_eq!((unfinished.start, unfinished.typed.as_str()), (start, typed), "{line}");
            assert_eq!(unfinished.before, before, "{line}");
        };
        check("SEL", 0, &[], "SEL");
        check("SELECT a", 7, &[], "a");
        check("SELECT * FROM main.def", 19, &["main"], "def");
        check("SELECT * FROM main.`a-b`.", 25, &["main", "a-b"], "");
        check("SELECT count(x", 13, &[], "x");
        check("é SELECT é", 10, &[], "é");
        check("", 0, &[], "");
    }

    #[test]
    fn tables_are_known_by_their_names_and_by_others() {
        let table = |path: &[&str], alias: Option<&str>| Table {
            path: path.iter().map(|name| (*name).to_owned()).collect(),
            alias: alias.map(str::to_owned),
        };
        assert_eq!(
            tables("SELECT a. FROM main.s.t AS a JOIN `u-1` b ON a.x = b.x WHERE"),
            [table(&["main", "s", "t"], Some("a")), table(&["u-1"], Some("b"))]
        );
        assert_eq!(tables("select * from t where"), [table(&["t"], None)]);
        assert!(table(&["s", "t"], None).is_called("T") && table(&["t"], Some("a")).is_called("a"));
        assert_eq!(tables("SELECT 1 FROM"), []);
    }
}
