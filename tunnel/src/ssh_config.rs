//! Text of ssh_config(5): a Host of ours, and the line that includes our folder. Pure.

use std::path::Path;

/// The text of one Host.
pub fn host(name: &str, options: &[(&'static str, String)]) -> String {
    let mut text = format!("# Written by `tunnel setup`, and written anew by the next one.\nHost {name}\n");
    for (option, value) in options {
        text.push_str(&format!("    {option} {value}\n"));
    }
    text
}

/// The line that makes ssh read all Hosts in a folder.
pub fn include(folder: &Path) -> String {
    format!("Include \"{}/*\"", folder.display())
}

/// A configuration that begins with the line, which is where it counts for every host. `None` when it has the line already.
pub fn with_include(text: &str, line: &str) -> Option<String> {
    if text.lines().any(|other| other.trim() == line) {
        return None;
    }
    let separator = if text.is_empty() { "" } else { "\n" };
    Some(format!("{line}\n{separator}{text}"))
}

/// Whether a configuration has a Host of exactly this name.
pub fn has_host(text: &str, name: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim().replace('=', " ");
        let mut words = line.split_whitespace();
        words.next().is_some_and(|word| word.eq_ignore_ascii_case("host"))
            && words.any(|word| word.trim_matches('"') == name)
    })
}

/// The value of an option in a text that [`host`] wrote.
pub fn option<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_comes_first_and_once_and_the_rest_stays_byte_for_byte() {
        let line = include(Path::new("/home/a b/.databricks/tunnel/ssh_config.d"));
        let check = |before: &str| {
            let after = with_include(before, &line).unwrap();
            assert!(after.starts_with("Include \"/home/a b/.databricks/tunnel/ssh_config.d/*\"\n"), "{after}");
            assert!(after.ends_with(before), "{after}");
            assert_eq!(with_include(&after, &line), None);
        };
        check("");
        check("Host *\n  User x");
        check("# mine\r\nHost a\r\n\tPort 22\r\n");
    }

    #[test]
    fn what_was_written_is_read() {
        let text = host("demo", &[("User", "root".to_owned()), ("HostKeyAlias", "demo.7.ssh-tunnel".to_owned())]);
        assert_eq!(option(&text, "HostKeyAlias"), Some("demo.7.ssh-tunnel"));
        assert_eq!(option(&text, "HostKey"), None);
    }

    #[test]
    fn hosts_are_found_by_their_exact_names() {
        let text = "Host other demo\n  User x\nhost=\"quoted\"\n# Host comment\nHostName hidden\nHost de*\n";
        let check = |name: &str, expected: bool| assert_eq!(has_host(text, name), expected, "{name}");
        check("demo", true);
        check("other", true);
        check("quoted", true);
        check("comment", false);
        check("hidden", false);
        check("dem", false);
    }
}
