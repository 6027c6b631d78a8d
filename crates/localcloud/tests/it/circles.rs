//! No circle of files that import each other is larger than five: whoever reads one of them has not to read all.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const LARGEST: usize = 5;

/// The modules of the crate, each with what its `use` lines name of the crate.
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    let name = |path: &Path| {
        let below = path.strip_prefix(&root).unwrap().with_extension("");
        let name = below.to_str().unwrap().replace('/', "::");
        name.strip_suffix("::mod").map(str::to_owned).unwrap_or(name)
    };
    let names: BTreeSet<String> = files.iter().map(|path| name(path)).collect();
    let mut imports = BTreeMap::new();
    for path in &files {
        let (me, text) = (name(path), std::fs::read_to_string(path).unwrap());
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        let folder = if path.ends_with("mod.rs") { me.clone() } else { parent(&me) };
        let mut of = BTreeSet::new();
        for line in uses(code) {
            for used in expand(&line) {
                let full = absolute(&used, &me, &folder);
                // The longest name of a file that the path begins with.
                let mut found = full.as_str();
                while !found.is_empty() && !names.contains(found) {
                    found = found.rsplit_once("::").map_or("", |(rest, _)| rest);
                }
                if !found.is_empty() && found != me {
                    of.insert(found.to_owned());
                }
            }
        }
        imports.insert(me, of);
    }
    imports
}

fn parent(name: &str) -> String {
    name.rsplit_once("::").map_or("", |(parent, _)| parent).to_owned()
}

/// The `use` declarations of a file, each on one line.
fn uses(code: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut rest = code;
    while let Some(at) = rest.find("use ") {
        let begins = at == 0
            || rest[..at].ends_with('\n')
            || rest[..at].ends_with("pub(crate) ")
            || rest[..at].ends_with("pub ");
        let end = rest[at..].find(';').map_or(rest.len(), |end| at + end);
        if begins {
            all.push(rest[at + 4..end].split_whitespace().collect::<Vec<_>>().join(" "));
        }
        rest = &rest[end.min(rest.len() - 1) + 1..];
    }
    all
}

/// The paths of `a::{b, c::{d, e}}`.
fn expand(text: &str) -> Vec<String> {
    let Some((head, rest)) = text.split_once('{') else {
        return vec![text.split(" as ").next().unwrap().trim().to_owned()];
    };
    let inner = rest.rsplit_once('}').map_or(rest, |(inner, _)| inner);
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, character) in inner.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inner[start..]);
    let parts = parts.into_iter().map(str::trim).filter(|part| !part.is_empty());
    parts.flat_map(|part| expand(part).into_iter().map(|path| format!("{head}{path}")).collect::<Vec<_>>()).collect()
}

fn absolute(path: &str, me: &str, folder: &str) -> String {
    let (mut path, mut base) = (path.trim_end_matches("::self"), None::<String>);
    if let Some(rest) = path.strip_prefix("crate::") {
        return rest.to_owned();
    }
    if let Some(rest) = path.strip_prefix("self::") {
        (path, base) = (rest, Some(me.to_owned()));
    }
    while let Some(rest) = path.strip_prefix("super::") {
        base =
            Some(base.map_or_else(|| if me == folder { parent(me) } else { folder.to_owned() }, |base| parent(&base)));
        path = rest;
    }
    match base {
        Some(base) if base.is_empty() => path.to_owned(),
        Some(base) => format!("{base}::{path}"),
        None => String::new(),
    }
}

/// The files that reach each other.
fn circles(imports: &BTreeMap<String, BTreeSet<String>>) -> Vec<BTreeSet<String>> {
    let reach = |from: &String| {
        let (mut seen, mut todo) = (BTreeSet::new(), vec![from.clone()]);
        while let Some(name) = todo.pop() {
            for next in imports.get(&name).into_iter().flatten() {
                if seen.insert(next.clone()) {
                    todo.push(next.clone());
                }
            }
        }
        seen
    };
    let reached: BTreeMap<&String, BTreeSet<String>> = imports.keys().map(|name| (name, reach(name))).collect();
    let mut found: Vec<BTreeSet<String>> = Vec::new();
    for (name, of) in &reached {
        if of.contains(*name) && !found.iter().any(|circle| circle.contains(*name)) {
            let others = of.iter().filter(|other| reached[other].contains(*name)).cloned();
            found.push(others.collect());
        }
    }
    found
}

#[test]
fn no_circle_of_files_is_larger_than_five() {
    let imports = imports();
    assert!(imports.len() > 50 && imports["gate"].contains("routes"), "{imports:?}");
    for circle in circles(&imports) {
        assert!(circle.len() <= LARGEST, "{} files import each other: {circle:#?}", circle.len());
    }
}

#[test]
fn imports_are_read_as_rust_reads_them() {
    assert_eq!(expand("crate::a::{self, b::{C, d as e}}"), ["crate::a::self", "crate::a::b::C", "crate::a::b::d"]);
    assert_eq!(absolute("crate::a::self", "x::y", "x"), "a");
    assert_eq!(absolute("super::b::C", "x::y", "x"), "x::b::C");
    assert_eq!(absolute("super::b", "x", "x"), "b");
    assert_eq!(absolute("self::run::Run", "w::runs", "w::runs"), "w::runs::run::Run");
    assert_eq!(absolute("std::fmt", "x", ""), "");
    assert_eq!(uses("use a::b;\npub(crate) use c::{\n    d,\n    e,\n};\n// use f;\n"), ["a::b", "c::{ d, e, }"]);
    let graph = [("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")];
    let graph = graph.map(|(from, to)| (from.to_owned(), BTreeSet::from([to.to_owned()]))).into();
    assert_eq!(circles(&graph), [BTreeSet::from(["a", "b", "c"].map(str::to_owned))]);
}
