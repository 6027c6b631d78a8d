//! The modules' READMEs: inputs, outputs and the table of encryption are those of the module's files. `UPDATE_DOCS=1` writes them; what
//! stands above the mark is written by hand.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use hcl::{Body, Expression};

use crate::cloud::root;

pub const TESTS: &[(&str, fn())] = &[
    ("docs_of_the_modules_are_current", module_pages_are_current),
    ("every_choice_of_the_deployment_stands_in_its_tfvars", every_choice_stands_in_the_tfvars),
    ("a_module_page_has_what_its_files_say", a_page_has_what_its_files_say),
];

const MARK: &str = "<!-- From here on it is generated from the module's files: just docs. -->";

fn module_pages_are_current() {
    let update = std::env::var_os("UPDATE_DOCS").is_some();
    let mut stale = Vec::new();
    for module in modules() {
        let page = module.join("README.md");
        let text = std::fs::read_to_string(&page).unwrap_or_default();
        let by_hand = text.split(MARK).next().unwrap_or_default().trim_end();
        assert!(by_hand.starts_with("# "), "{} says first, by hand, what the module is for", page.display());
        let encryption = std::fs::read_to_string(module.join("encryption.json")).ok();
        let generated = generated(&texts(&module).concat(), encryption.as_deref());
        let current = format!("{by_hand}\n\n{MARK}\n\n{generated}");
        if text == current {
            continue;
        }
        if update {
            std::fs::write(&page, current).unwrap();
        } else {
            stale.push(page);
        }
    }
    assert!(stale.is_empty(), "not what the modules' files say (run: just docs): {stale:#?}");
}

fn every_choice_stands_in_the_tfvars() {
    let choices = std::fs::read_to_string(root().join("vars/databricks.tfvars")).unwrap();
    let names = choices.lines().filter_map(|line| line.trim_start_matches("# ").split(" = ").next().map(str::trim));
    let names: Vec<&str> = names.collect();
    let body = hcl::parse(&texts(&root()).concat()).unwrap();
    let missing: Vec<String> =
        of(&body, "variable").into_keys().filter(|name| !names.contains(&name.as_str())).collect();
    assert_eq!(missing, Vec::<String>::new(), "a choice without a line in vars/databricks.tfvars");
}

/// The modules' folders.
fn modules() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join("modules")).unwrap().flatten().map(|entry| entry.path());
    let mut modules: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    modules.sort();
    assert!(modules.len() >= 4, "{modules:?}");
    modules
}

/// The texts of a folder's configuration.
fn texts(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).unwrap().flatten().map(|file| file.path());
    let mut files: Vec<PathBuf> = files.filter(|file| file.extension().is_some_and(|kind| kind == "tf")).collect();
    files.sort();
    files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect()
}

/// The blocks of a kind, by their name.
fn of<'a>(body: &'a Body, kind: &str) -> BTreeMap<String, &'a Body> {
    let blocks = body.blocks().filter(|block| block.identifier() == kind);
    blocks.map(|block| (block.labels()[0].as_str().to_owned(), block.body())).collect()
}

fn attribute<'a>(body: &'a Body, name: &str) -> Option<&'a Expression> {
    body.attributes().find(|one| one.key() == name).map(hcl::Attribute::expr)
}

fn generated(text: &str, encryption: Option<&str>) -> String {
    let body = hcl::parse(text).unwrap();
    let mut page = encryption.map(encryption_table).unwrap_or_default();
    let (needed, chosen): (Vec<_>, Vec<_>) =
        of(&body, "variable").into_iter().partition(|(_, variable)| attribute(variable, "default").is_none());
    page.push_str("## Inputs\n\n| Name | Type | Default | What it is |\n|---|---|---|---|\n");
    for (name, variable) in needed.iter().chain(&chosen) {
        let kind = attribute(variable, "type").map_or_else(|| "any".to_owned(), code);
        let default =
            attribute(variable, "default").map_or_else(|| "required".to_owned(), |value| format!("`{}`", code(value)));
        writeln!(page, "| `{name}` | `{kind}` | {default} | {} |", said(name, variable)).unwrap();
    }
    page.push_str("\n## Outputs\n\n| Name | What it is |\n|---|---|\n");
    for (name, output) in of(&body, "output") {
        let secret = if attribute(output, "sensitive") == Some(&Expression::Bool(true)) { " Sensitive." } else { "" };
        writeln!(page, "| `{name}` | {}{secret} |", said(&name, output)).unwrap();
    }
    page
}

/// A description, which each variable and each output has.
fn said(name: &str, body: &Body) -> String {
    let Some(Expression::String(text)) = attribute(body, "description") else { panic!("{name} is not described") };
    assert!(text.ends_with('.'), "{name}: {text:?} is no sentence");
    cell(text)
}

/// An expression as it is written, on one line.
fn code(expression: &Expression) -> String {
    let text = hcl::format::to_string(expression).unwrap();
    cell(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

const COLUMNS: [(&str, &str); 5] = [
    ("place", "Place"),
    ("key", "Key"),
    ("users", "Who may use the key"),
    ("decided_by", "Decided by"),
    ("check", "What an auditor checks"),
];

fn encryption_table(text: &str) -> String {
    let rows: BTreeMap<String, BTreeMap<String, String>> = serde_json::from_str(text).unwrap();
    let heads: Vec<&str> = COLUMNS.iter().map(|(_, head)| *head).collect();
    let mut page =
        format!("## What is encrypted, and how\n\n| {} |\n|{}\n", heads.join(" | "), "---|".repeat(heads.len()));
    for (id, row) in rows {
        let names: Vec<&str> = row.keys().map(String::as_str).collect();
        let mut expected = COLUMNS.map(|(name, _)| name);
        expected.sort_unstable();
        assert_eq!(names, expected, "{id}");
        let cells: Vec<String> = COLUMNS.iter().map(|(name, _)| cell(&row[*name])).collect();
        writeln!(page, "| {} |", cells.join(" | ")).unwrap();
    }
    page.push('\n');
    page
}

fn a_page_has_what_its_files_say() {
    let text = r#"
variable "b" {
  description = "One or | two."
  type = map(object({
    x = optional(string, "y")
  }))
}
variable "a" {
  description = "A."
  type        = number
  default     = 3
}
output "o" {
  description = "Out."
  value       = 1
  sensitive   = true
}
"#;
    let page = generated(text, None);
    for line in [
        "| `b` | `map(object({ x = optional(string, \"y\") }))` | required | One or \\| two. |\n| `a` | `number` | `3` | A. |",
        "| `o` | Out. Sensitive. |",
    ] {
        assert!(page.contains(line), "{line} in {page}");
    }
    let refused = std::panic::catch_unwind(|| generated("output \"o\" {\n  value = 1\n}\n", None));
    assert!(refused.is_err(), "an output without a description");
}
