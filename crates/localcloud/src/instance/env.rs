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

/// A word for any POSIX shell.
fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

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
