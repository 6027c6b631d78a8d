//! The file to source: with it the same configurations run against the local cloud, unchanged.

use std::path::Path;

/// What would lead the same programs elsewhere, or make them refuse two ways to log in.
const UNSET: &[&str] = &[
    "AWS_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "DATABRICKS_AUTH_TYPE",
    "DATABRICKS_CONFIG_PROFILE",
    "DATABRICKS_PASSWORD",
    "DATABRICKS_TOKEN",
    "DATABRICKS_USERNAME",
    "DATABRICKS_WORKSPACE_ID",
];

/// The file's text: `variables` as they are, `bin` before the PATH, and loopback kept from proxies.
pub fn text(variables: &[(&str, String)], bin: &Path) -> String {
    let mut text = String::from("# Written by localcloud: source it. It holds credentials of the local cloud.\n");
    for name in UNSET {
        text.push_str(&format!("unset {name}\n"));
    }
    // What was kept from a proxy before would be kept from this one.
    let proxied = variables.iter().any(|(name, _)| *name == "HTTP_PROXY");
    for (name, value) in variables {
        match name.to_ascii_uppercase().as_str() {
            "NO_PROXY" if !proxied => {
                text.push_str(&format!("export {name}={}\"${{{name}:+,${name}}}\"\n", quote(value)))
            }
            _ => text.push_str(&format!("export {name}={}\n", quote(value))),
        }
    }
    let bin = quote(&bin.display().to_string());
    // Sourcing it twice leaves one entry.
    text.push_str(&format!("case \":$PATH:\" in *:{bin}:*) ;; *) export PATH={bin}:\"$PATH\" ;; esac\n"));
    text
}

/// What undoes the file: it unsets every variable that the file sets, and no other. What they were before, nobody knows any more; the PATH
/// stays as it is.
pub fn undoing(variables: &[(&str, String)]) -> String {
    let names = variables.iter().map(|(name, _)| format!("unset {name}\n"));
    std::iter::once("# Written by localcloud: source it.\n".to_owned()).chain(names).collect()
}

/// A word for any POSIX shell.
fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_has_no_variable_of_it_left_once_it_is_undone() {
        let variables =
            [("A", "it's".to_owned()), ("NO_PROXY", "localhost".to_owned()), ("HTTP_PROXY", "x".to_owned())];
        let script = format!("{}\n{}\nenv", text(&variables, Path::new("/opt/a")), undoing(&variables));
        let mut sh = std::process::Command::new("sh");
        let output =
            sh.args(["-c", &script]).env_clear().envs([("PATH", "/usr/bin:/bin"), ("B", "1")]).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let mut left: Vec<&str> = said.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
        left.retain(|name| !["PWD", "SHLVL", "_", "OLDPWD"].contains(name));
        left.sort_unstable();
        assert_eq!(left, ["B", "PATH"], "{said}");
    }

    #[test]
    fn a_shell_reads_back_what_was_written() {
        let variables = [("A", "it's $HOME `x`".to_owned()), ("NO_PROXY", "localhost".to_owned())];
        let text = text(&variables, Path::new("/opt/a b"));
        let script = format!(
            "{text}\n{text}\nprintf '%s|%s|%s|%s' \"$A\" \"$NO_PROXY\" \"$PATH\" \"${{DATABRICKS_TOKEN-none}}\""
        );
        let output = std::process::Command::new("sh")
            .args(["-c", &script])
            .env_clear()
            .env("PATH", "/bin")
            .env("DATABRICKS_TOKEN", "old")
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(said, "it's $HOME `x`|localhost,localhost|/opt/a b:/bin|none");
    }
}
