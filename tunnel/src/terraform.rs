//! Asks Terraform or OpenTofu for the outputs of the configuration in a folder.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::{Context, Error, Result};

/// Whether a folder has a configuration of Terraform's or OpenTofu's.
pub fn is_configuration(folder: &Path) -> bool {
    let is_file = |name: &str| [".tf", ".tofu", ".tf.json", ".tofu.json"].iter().any(|end| name.ends_with(end));
    let names = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    names.into_iter().any(|name| {
        name.to_str().is_some_and(|name| is_file(name) || name == "terraform.tfstate" || name == ".terraform")
    })
}

/// What `terraform output -json` prints in this folder.
///
/// # Errors
/// When neither program is on the path, or it fails: then with its own words.
pub fn outputs(folder: &Path, path: &[PathBuf]) -> Result<String> {
    let program = program(folder, path).ok_or_else(|| {
        Error::new("neither terraform nor tofu is on the PATH").way_out(
            "Install one of them, or give the outputs with --outputs FILE (what `terraform output -json` prints).",
        )
    })?;
    let output = Command::new(&program)
        .args(["output", "-json", "-no-color"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .context(|| format!("cannot run {}", program.display()))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let words = words.lines().map(|line| line.trim_matches(['│', '╷', '╵', ' '])).filter(|line| !line.is_empty());
    Err(Error::new(format!("{} output failed: {}", program.display(), words.collect::<Vec<_>>().join(" "))).way_out(
        "Run tunnel in the folder of a configuration that was applied, or give its outputs with --outputs FILE.",
    ))
}

/// The program that the folder was initialised with, as far as its lock file says; else the first that there is.
fn program(folder: &Path, path: &[PathBuf]) -> Option<PathBuf> {
    let lock = std::fs::read_to_string(folder.join(".terraform.lock.hcl")).unwrap_or_default();
    let of_tofu = lock.contains("\"registry.opentofu.org/");
    let names = if of_tofu { ["tofu", "terraform"] } else { ["terraform", "tofu"] };
    names.iter().find_map(|name| path.iter().map(|folder| folder.join(name)).find(|file| file.is_file()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn fake(folder: &Path, name: &str, script: &str) {
        let file = folder.join(name);
        std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn the_program_that_initialised_the_folder_is_asked() {
        let folder = tempfile::tempdir().unwrap();
        let path = [folder.path().to_owned()];
        let error = outputs(folder.path(), &path).unwrap_err().to_string();
        assert!(error.contains("neither terraform nor tofu"), "{error}");
        fake(folder.path(), "tofu", "echo \"tofu $*\"");
        assert_eq!(outputs(folder.path(), &path).unwrap(), "tofu output -json -no-color\n");
        fake(folder.path(), "terraform", "echo terraform");
        assert_eq!(outputs(folder.path(), &path).unwrap(), "terraform\n");
        std::fs::write(folder.path().join(".terraform.lock.hcl"), "provider \"registry.opentofu.org/a/b\" {}").unwrap();
        assert!(outputs(folder.path(), &path).unwrap().starts_with("tofu"));
    }

    #[test]
    fn its_own_words_are_passed_on() {
        let folder = tempfile::tempdir().unwrap();
        fake(folder.path(), "terraform", "printf '╷\\n│ Error: no state\\n╵\\n' >&2; exit 1");
        let error = outputs(folder.path(), &[folder.path().to_owned()]).unwrap_err().to_string();
        assert!(error.contains("output failed: Error: no state\n"), "{error}");
    }
}
