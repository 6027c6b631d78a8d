//! Every attribute of the official provider's resources and data sources that we serve: its name, type, nesting, mode,
//! sensitivity, replacement and default, the version of its state, and whether it can be imported.
//!
//! What differs on purpose stands in `differences.tsv` with its reason; a line there that is not needed is an error.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use terraform_provider_databricks::Databricks;
use tfplugin::Provider;
use tfplugin::types::Body;

use super::shape::{self, Row};
use super::{file, rows};

pub const TESTS: &[(&str, fn())] = &[("the_official_schemas_are_ours", the_official_schemas_are_ours)];

/// Kind (`resource` or `data`), name without `databricks_`, path, and what differs.
type Difference = (String, String, String, String);

fn the_official_schemas_are_ours() {
    let found = differences();
    let mut intended: BTreeMap<Difference, String> = BTreeMap::new();
    for row in rows("differences.tsv") {
        let [kind, name, paths, what, reason] = row.as_slice() else { panic!("differences.tsv: {row:?}") };
        assert!(!reason.is_empty(), "differences.tsv: no reason: {row:?}");
        for path in paths.split('|') {
            intended.insert((kind.clone(), name.clone(), path.to_owned(), what.clone()), reason.clone());
        }
    }
    if std::env::var_os("UPDATE_DIFFERENCES").is_some() {
        // Paths that differ in the same way for the same reason stand in one line.
        let mut lines: BTreeMap<(&str, &str, &str, &str), Vec<&str>> = BTreeMap::new();
        for difference in &found {
            let reason = intended.get(difference).map_or("TO MEND", String::as_str);
            let (kind, name, path, what) = difference;
            lines.entry((kind, name, what, reason)).or_default().push(path);
        }
        let mut text = String::from("kind\tname\tpaths\twhat\treason\n");
        for ((kind, name, what, reason), paths) in lines {
            writeln!(text, "{kind}\t{name}\t{}\t{what}\t{reason}", paths.join("|")).unwrap();
        }
        std::fs::write(file("differences.tsv"), text).unwrap();
        return;
    }
    let unexplained: Vec<_> = found.iter().filter(|one| !intended.contains_key(*one)).collect();
    let unneeded: Vec<_> = intended.keys().filter(|one| !found.contains(*one)).collect();
    assert!(
        unexplained.is_empty() && unneeded.is_empty(),
        "differences from the official schemas that differences.tsv does not explain: {}\nlines of differences.tsv without a \
         difference: {}",
        lines(&unexplained),
        lines(&unneeded)
    );
}

fn lines(differences: &[&Difference]) -> String {
    differences.iter().map(|(kind, name, path, what)| format!("\n  {kind} {name}\t{path}\t{what}")).collect()
}

fn differences() -> BTreeSet<Difference> {
    let registry = Databricks::registry();
    let mut official: BTreeMap<(String, String), Vec<Vec<String>>> = BTreeMap::new();
    for row in rows("schemas.tsv") {
        official.entry((row[0].clone(), row[1].clone())).or_default().push(row);
    }
    let of_state: BTreeMap<String, Vec<String>> =
        rows("resources.tsv").into_iter().map(|row| (row[1].clone(), row)).collect();
    let mut found = BTreeSet::new();
    let mut compared = 0;
    let short = |name: &'static str| name.strip_prefix("databricks_").unwrap_or(name).to_owned();
    for entry in registry.resources() {
        let name = short(entry.name);
        let Some(table) = official.get(&("resource".to_owned(), name.clone())) else { continue };
        compared += 1;
        let schema = (entry.schema)();
        compare("resource", &name, table, &schema.body, &mut found);
        let mut note = |path: &str, what: String| {
            found.insert(("resource".to_owned(), name.clone(), path.to_owned(), what));
        };
        let Some(row) = of_state.get(&name) else { continue };
        let version: i64 = row[4].parse().unwrap_or_default();
        if schema.version < version {
            note("(state)", format!("version {version}, ours {}", schema.version));
        }
        let importable = !row[9].is_empty() && !row[9].starts_with("none") && !row[9].contains("unsupported");
        if importable && entry.import_id.is_none() {
            note("(import)", format!("imported by {}", row[9]));
        }
    }
    for entry in registry.data_sources() {
        let name = short(entry.name);
        let Some(table) = official.get(&("data".to_owned(), name.clone())) else { continue };
        compared += 1;
        compare("data", &name, table, &(entry.schema)().body, &mut found);
    }
    assert!(compared >= 12, "the names of the table and of the registry fit: {compared}");
    found
}

fn compare(kind: &str, name: &str, table: &[Vec<String>], body: &Body, found: &mut BTreeSet<Difference>) {
    let ours = shape::rows(body);
    let mut note = |path: &str, what: String| {
        found.insert((kind.to_owned(), name.to_owned(), path.to_owned(), what));
    };
    let official: BTreeMap<&str, (Row, bool)> = table.iter().map(|row| (row[2].as_str(), of_table(row))).collect();
    for (path, (expected, only_json)) in &official {
        let Some(row) = ours.get(*path) else {
            // What it stands in is missing already.
            let above = path.rsplit_once('.').map(|(above, _)| above);
            if above.is_none_or(|above| ours.contains_key(above)) {
                note(path, "missing".into());
            }
            continue;
        };
        let mut differ = |what: &str, expected: &str, ours: &str| {
            if expected != ours {
                note(path, format!("{what} {expected:?}, ours {ours:?}"));
            }
        };
        differ("type", &expected.of, &row.of);
        differ("nesting", &expected.nesting, &row.nesting);
        differ("items", &format!("{:?}", expected.items), &format!("{:?}", row.items));
        // An `id` that may be configured is a relic of SDKv2, which gives every resource one.
        if *path != "id" {
            differ("mode", &expected.mode, &row.mode);
        }
        differ("sensitive", &expected.sensitive.to_string(), &row.sensitive.to_string());
        if !only_json {
            differ("default", &expected.default, &row.default);
            // A data source replaces nothing, whatever its table says.
            if kind == "resource" {
                differ("replaces", &expected.replaces.to_string(), &row.replaces.to_string());
            }
        }
    }
    for (path, row) in &ours {
        let known = official.contains_key(path.as_str());
        let inner = path.rsplit_once('.').is_some_and(|(above, _)| !official.contains_key(above));
        if !known && !inner && row.mode == "required" {
            note(path, "required, and unknown to the official provider".into());
        }
    }
}

/// A row of the table, and whether some of it is not known.
fn of_table(row: &[String]) -> (Row, bool) {
    let field = |at: usize| row.get(at).map_or("", String::as_str);
    let nesting = field(4);
    let of = match field(3) {
        "int" | "float" => "number".to_owned(),
        "map(int)" => "map(number)".to_owned(),
        "list(int)" => "list(number)".to_owned(),
        of if of.starts_with("string(") => "string".to_owned(),
        of => of.to_owned(),
    };
    let (of, nesting) = match nesting {
        "attribute list of object" => ("list".to_owned(), "nested attribute".to_owned()),
        "attribute set of object" => ("set".to_owned(), "nested attribute".to_owned()),
        nesting => (of, nesting.to_owned()),
    };
    let number = |at: usize| field(at).parse().unwrap_or_default();
    let default = match field(10) {
        // The table quotes a number's default where the official code does.
        quoted if of == "number" => quoted.trim_matches('"').to_owned(),
        default => default.to_owned(),
    };
    let default = if of == "string" && !default.is_empty() && !default.starts_with('"') {
        format!("{default:?}")
    } else if of == "bool" {
        default.trim_matches('"').to_owned()
    } else {
        default
    };
    let items = if nesting.starts_with("block") && nesting != "block single" { (number(5), number(6)) } else { (0, 0) };
    let row = Row {
        of,
        nesting,
        items,
        mode: field(7).to_owned(),
        replaces: field(8) == "new",
        sensitive: field(9) == "sensitive",
        default,
    };
    (row, field(12).contains("JSON only"))
}
