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

/// What is to be put in front of a configuration so that it begins with the line, which is where it counts for every host. `None` when
/// it stands before all hosts already.
pub fn top(text: &str, line: &str) -> Option<String> {
    let begins_block = |line: &&str| {
        let word = line.trim_start().split(|c: char| c.is_whitespace() || c == '=').next().unwrap_or_default();
        word.eq_ignore_ascii_case("host") || word.eq_ignore_ascii_case("match")
    };
    if text.lines().take_while(|line| !begins_block(line)).any(|other| other.trim() == line) {
        return None;
    }
    let separator = if text.is_empty() { "" } else { "\n" };
    Some(format!("{line}\n{separator}"))
}

/// Whether a configuration has a Host of exactly this name.
pub fn has_host(text: &str, name: &str) -> bool {
    hosts(text).any(|host| host == name)
}

/// The hosts that a configuration names, without its patterns.
pub fn hosts(text: &str) -> impl Iterator<Item = String> + '_ {
    text.lines().flat_map(|line| {
        let line = line.trim().replace('=', " ");
        let mut words = line.split_whitespace().map(|word| word.trim_matches('"').to_owned());
        let is_host = words.next().is_some_and(|word| word.eq_ignore_ascii_case("host"));
        let names = words.filter(|name| !name.is_empty() && !name.contains(['*', '?', '!']));
        names.filter(|_| is_host).collect::<Vec<_>>()
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
    fn the_line_comes_first_and_once_and_before_every_host() {
        let line = include(Path::new("/home/a b/.databricks/tunnel/ssh_config.d"));
        let check = |before: &str| {
            let after = top(before, &line).unwrap() + before;
            assert!(after.starts_with("Include \"/home/a b/.databricks/tunnel/ssh_config.d/*\"\n"), "{after}");
            assert_eq!(top(&after, &line), None);
        };
        check("");
        check("Host *\n  User x");
        check("# mine\r\nHost a\r\n\tPort 22\r\n");
        // Below a host the line counts for that host alone.
        check(&format!("Host a\n  User x\n{line}\n"));
        check(&format!("match all\n{line}\n"));
        assert_eq!(top(&format!("# hosts\nHostKeyAlgorithms x\n  {line}\nHost a\n"), &line), None);
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
