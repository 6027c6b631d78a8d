//! No path of the REST API is written in two places: each API has one home, which all products use.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Who speaks to Databricks.
const CLIENTS: &[&str] = &["crates/databricks", "crates/ssh-endpoint", "provider", "provider/databricks", "tunnel"];
/// Who answers: the other side of the wire, with paths of its own.
const SERVERS: &[&str] = &["crates/localcloud"];
/// What stands before a path below the account's.
const OF_ACCOUNT: &[&str] =
    &["_account(", "account_path(", "Api::collection(", "Api::rpc(", ".read_in_list(", "const PATH: &str ="];

#[test]
fn no_client_writes_a_path_twice() {
    let paths = paths_of(CLIENTS);
    assert!(paths.len() > 30, "{}", paths.len());
    let wrong = twice(&paths);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A path stands in the table of one file there, once for each of its methods.
#[test]
fn no_two_files_of_the_local_cloud_serve_one_path() {
    let mut files: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, file) in paths_of(SERVERS) {
        files.entry(path).or_default().insert(file);
    }
    assert!(files.len() > 100, "{}", files.len());
    files.retain(|_, files| files.len() > 1);
    assert!(files.is_empty(), "{files:#?}");
}

/// Paths, each with the file where it stands, that one request may have both.
fn twice(paths: &[(String, String)]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (at, (path, file)) in paths.iter().enumerate() {
        for (other, other_file) in &paths[at + 1..] {
            // In one file `token/{id}` may stand beside `token/list`.
            if path == other || (file != other_file && meet(path, other)) {
                wrong.push(format!("{path} in {file}, and {other} in {other_file}"));
            }
        }
    }
    wrong
}

/// Whether two paths are of one request: `{…}` stands for any segment, and below a path stand its objects or commands.
fn meet(one: &str, other: &str) -> bool {
    const ANY: &str = "";
    // `secrets{below}` is `secrets`, `{verb}` anything.
    fn segments(path: &str) -> Vec<&str> {
        path.split('/').skip(1).map(|one| one.split('{').next().unwrap_or(ANY)).collect()
    }
    let (one, other) = (segments(one), segments(other));
    let (mut short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
    if long.len() == short.len() + 1 && short.last() != Some(&ANY) {
        short.push(ANY);
    }
    short.len() == long.len()
        && short.iter().zip(&long).all(|(one, other)| one == other || [*one, *other].contains(&ANY))
}

/// The paths in the code of these crates, each with its file.
fn paths_of(crates: &[&str]) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = BTreeMap::new();
    for one in crates {
        read(&root.join(one).join("src"), &mut files);
    }
    assert!(files.len() > 50, "{}", files.len());
    let of_account: BTreeSet<String> = files
        .values()
        .flat_map(|code| texts(code))
        .filter(|(before, _)| OF_ACCOUNT.iter().any(|call| before.ends_with(call)))
        .filter_map(|(_, text)| collection(text))
        .collect();
    let mut paths = Vec::new();
    for (file, code) in &files {
        for (_, text) in texts(code) {
            if text.starts_with("/api/") && text.len() > "/api/2.0/".len() {
                paths.push((text.to_owned(), file.clone()));
            } else if collection(text).is_some_and(|name| of_account.contains(&name)) {
                paths.push((format!("/api/2.0/accounts/{{}}{text}"), file.clone()));
            }
        }
    }
    paths
}

/// The first name of a path below the account's: `networks`.
fn collection(text: &str) -> Option<String> {
    let name = text.strip_prefix('/')?.split(['/', '{', '?']).next()?;
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    (is_name && !name.is_empty() && name != "api").then(|| name.to_owned())
}

/// The code of the sources in a folder, without unit tests and comments, by their paths.
fn read(folder: &Path, files: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            read(&path, files);
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") && name != "testing.rs" {
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.lines().take_while(|line| *line != "#[cfg(test)]");
            let code = code.filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
            files.insert(path.to_str().unwrap().to_owned(), code);
        }
    }
}

/// The texts between quotes in code, each with what stands before it.
fn texts(code: &str) -> impl Iterator<Item = (&str, &str)> {
    code.match_indices('"').filter_map(|(at, _)| {
        let before = code[..at].trim_end().trim_end_matches("format!(").trim_end_matches('&');
        Some((before, code[at + 1..].split('"').next()?))
    })
}

#[test]
fn paths_of_one_request_meet() {
    for (one, other, expected) in [
        ("/api/2.1/clusters/start", "/api/2.1/clusters/{verb}", true),
        ("/api/2.1/clusters/start", "/api/2.1/clusters", true),
        ("/api/2.1/clusters/start", "/api/2.1/clusters/get", false),
        ("/api/2.0/accounts/{}/networks/{network_id}", "/api/2.0/accounts/{}/networks", true),
        ("/api/2.0/accounts/{}/workspaces/{id}", "/api/2.0/accounts/{}/workspaces/{id}/permissionassignments", false),
        ("/api/2.0/preview/scim/v2/Me", "/api/2.0/preview/scim/v2/ServicePrincipals{below}", false),
        ("/api/2.0/accounts/{}/workspaces", "/api/2.0/accounts/{}/workspaces/{id}/permissionassignments", false),
    ] {
        assert_eq!((meet(one, other), meet(other, one)), (expected, expected), "{one} {other}");
    }
    let read = |code| texts(code).map(|(_, text)| text).filter_map(collection).collect::<Vec<_>>();
    assert_eq!(read(r#"Request::get_account(format!("/networks/{id}"))"#), ["networks"]);
    assert_eq!(read(r#"Request::get("/api/2.0/x")"#), [] as [&str; 0]);
}
