//! Who may import what: the lower floors know nothing of the upper ones, and no circle of files is larger than five.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A module's path from the crate's root.
type Module = Vec<String>;

/// A folder of `src`, and the modules that nothing in it may name.
const WALLS: [(&str, &[&str]); 7] = [
    ("endpoint", &["commands", "server"]),
    ("execution", &["commands", "server", "jobs", "endpoint", "session"]),
    ("jobs", &["commands"]),
    ("session", &["commands", "server"]),
    ("sql", &["commands", "server", "jobs", "endpoint", "session"]),
    ("websocket", &["commands", "server"]),
    ("workspace", &["commands", "server", "jobs", "endpoint", "session"]),
];
/// The same of the SFTP engine.
const SFTP_WALLS: [(&str, &[&str]); 6] = [
    ("wire", &["client", "transfer", "file", "tree", "ssh"]),
    ("client", &["transfer", "file", "tree", "ssh"]),
    ("transfer", &["file", "tree", "ssh"]),
    ("file", &["tree", "ssh"]),
    ("tree", &["ssh"]),
    ("ssh", &["transfer", "file", "tree"]),
];
const LARGEST_CIRCLE: usize = 5;

#[test]
fn the_lower_floors_name_nothing_of_the_upper_ones() {
    check_walls(files("src"), &WALLS);
    check_walls(files("../crates/sftp/src"), &SFTP_WALLS);
}

fn check_walls(files: BTreeMap<Module, String>, walls: &[(&str, &[&str])]) {
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for (module, text) in files {
        let Some((folder, forbidden)) =
            walls.iter().find(|(folder, _)| module.first().is_some_and(|top| top == folder))
        else {
            continue;
        };
        seen.insert(*folder);
        let named = paths(&text).into_iter().filter_map(|path| absolute(&module, &path));
        wrong.extend(
            named
                .filter(|path| path.first().is_some_and(|top| forbidden.contains(&top.as_str())))
                .map(|path| format!("{} names {}", module.join("::"), path.join("::"))),
        );
    }
    assert_eq!(seen.len(), walls.len(), "{seen:?}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_circle_of_files_is_larger_than_five() {
    let files = files("src");
    let names: BTreeMap<&Module, BTreeSet<&Module>> = files
        .iter()
        .map(|(module, text)| {
            // Unit tests name what they test.
            let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
            let paths = paths(code).into_iter().filter_map(|path| absolute(module, &path));
            let files = paths.filter_map(|path| {
                (1..=path.len()).rev().find_map(|length| files.get_key_value(&path[..length]).map(|(name, _)| name))
            });
            (module, files.filter(|other| *other != module).collect())
        })
        .collect();
    let reached = |from: &Module| {
        let mut reached = BTreeSet::new();
        let mut next: Vec<&Module> = names[from].iter().copied().collect();
        while let Some(module) = next.pop() {
            if reached.insert(module) {
                next.extend(&names[module]);
            }
        }
        reached
    };
    let all: BTreeMap<&Module, BTreeSet<&Module>> = names.keys().map(|module| (*module, reached(module))).collect();
    assert!(all.len() > 80, "{}", all.len());
    for (module, reached) in &all {
        let circle: Vec<String> =
            reached.iter().filter(|other| all[*other].contains(module)).map(|other| other.join("::")).collect();
        assert!(circle.len() <= LARGEST_CIRCLE, "{circle:#?}");
    }
}

/// The files of a `src` but for the crate's root, by their modules.
fn files(folder: &str) -> BTreeMap<Module, String> {
    fn collect(folder: &Path, module: &[String], found: &mut BTreeMap<Module, String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let inner = [module, std::slice::from_ref(&name)].concat();
            if path.is_dir() {
                collect(&path, &inner, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.insert(if name == "mod" { module.to_owned() } else { inner }, text);
            }
        }
    }
    let mut found = BTreeMap::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &[], &mut found);
    found.retain(|module, _| !["lib", "main"].contains(&module[0].as_str()));
    found
}

/// The paths that begin at the crate or above, in `use` lines and wherever else one stands; each of a group by itself.
fn paths(text: &str) -> Vec<Vec<String>> {
    let code = text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join(" ");
    let mut found = Vec::new();
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            let before = &code[..at];
            if !before.ends_with(|c: char| c.is_alphanumeric() || "_:".contains(c)) && !before.ends_with("(in ") {
                tree(&code[at..], &mut Vec::new(), &mut found);
            }
        }
    }
    found
}

/// Reads a path, or a group of them in braces, and answers what follows.
fn tree<'a>(text: &'a str, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) -> &'a str {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = tree(rest, &mut path.clone(), found).trim_start();
            // Another name for it.
            let end = rest.find([',', '}']).unwrap_or(rest.len());
            match rest[end..].strip_prefix(',') {
                Some(more) => rest = more,
                None => return rest.get(end + 1..).unwrap_or_default(),
            }
        }
    }
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    if end > 0 {
        path.push(text[..end].to_owned());
    }
    match text[end..].strip_prefix("::") {
        Some(rest) => tree(rest, path, found),
        None => {
            if end > 0 {
                found.push(path.clone());
            }
            &text[end..]
        }
    }
}

/// A path from the crate's root, as a file of this module means it.
fn absolute(module: &Module, path: &[String]) -> Option<Module> {
    let above = path.iter().take_while(|name| *name == "super").count();
    match path.first()?.as_str() {
        "crate" => Some(path[1..].to_vec()),
        _ => Some([&module[..module.len().checked_sub(above)?], &path[above..]].concat()),
    }
}

#[test]
fn a_path_is_seen_however_it_is_written() {
    let check = |text: &str, expected: &[&str]| {
        let module = ["a".to_owned(), "b".to_owned()].to_vec();
        let found: Vec<String> =
            paths(text).iter().filter_map(|path| absolute(&module, path)).map(|path| path.join("::")).collect();
        assert_eq!(found, expected, "{text}");
    };
    check("use crate::commands::ready;", &["commands::ready"]);
    check(
        "use crate::{\n    error::{Error, Result},\n    commands as upper,\n    say,\n};",
        &["error::Error", "error::Result", "commands", "say"],
    );
    check("if x == crate::server::FULL { y }", &["server::FULL"]);
    check("use super::c::{self, D};\nuse super::super::commands;", &["a::c::self", "a::c::D", "commands"]);
    check("// crate::commands\n//! [`crate::commands`]\nlet a = 1; // crate::commands", &[]);
    check("use std::io;\nuse databricks::commands::x;\npub(in super::super) const X: u8 = 1;", &[]);
}
