//! FAILURE_MODES.md names a test for each way in which a connection can fail.

use std::path::Path;

#[test]
fn every_failure_mode_names_a_test_that_exists() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(folder.join("FAILURE_MODES.md")).unwrap();
    let rows: Vec<&str> =
        text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| what fails")).collect();
    assert!(rows.len() > 20, "{}", rows.len());
    for row in rows {
        let test = row.trim_end_matches(" |").rsplit(" | ").next().unwrap().trim_matches('`');
        let (module, name) = test.rsplit_once("::").unwrap_or_else(|| panic!("{row} names no test"));
        let module = module.replace("::", "/");
        let source = std::fs::read_to_string(folder.join(format!("tests/it/{module}.rs"))).unwrap();
        assert!(source.contains(&format!("fn {name}()")), "there is no test {test}");
    }
}
