//! Starts an editor on a cluster, by its remote extension for SSH.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use tokio::process::Command;

use crate::error::{Context, Error, Result};

/// An editor that is a relative of Visual Studio Code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Editor {
    /// Its program.
    pub program: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its extension for SSH, and the version that is needed: the official tool's requirement.
    pub extension: (&'static str, [u32; 3]),
    /// Arguments before all others.
    arguments: &'static [&'static str],
}

/// Visual Studio Code.
pub const CODE: Editor = Editor {
    program: "code",
    name: "Visual Studio Code",
    extension: ("ms-vscode-remote.remote-ssh", [0, 120, 0]),
    arguments: &[],
};

/// Cursor, whose window for agents cannot open remote folders.
pub const CURSOR: Editor = Editor {
    program: "cursor",
    name: "Cursor",
    extension: ("anysphere.remote-ssh", [1, 0, 32]),
    arguments: &["--classic"],
};

impl Editor {
    /// The program's file.
    ///
    /// # Errors
    /// When it is not on the path.
    pub fn find(&self, path: &[PathBuf]) -> Result<PathBuf> {
        path.iter().map(|folder| folder.join(self.program)).find(|file| file.is_file()).ok_or_else(|| {
            Error::new(format!("there is no {} on the PATH", self.program)).way_out(format!(
                "In {}, run \"Shell Command: Install '{}' command in PATH\".",
                self.name, self.program
            ))
        })
    }

    /// Whether the extension for SSH is there, in a version that will do.
    ///
    /// # Errors
    /// When the editor cannot be asked.
    pub async fn has_extension(&self, program: &Path) -> Result<bool> {
        let output = Command::new(program)
            .args(["--list-extensions", "--show-versions"])
            .stdin(Stdio::null())
            .output()
            .await
            .context(|| format!("cannot run {}", program.display()))?;
        Ok(has(&String::from_utf8_lossy(&output.stdout), self.extension))
    }

    /// Installs the extension.
    ///
    /// # Errors
    /// When the editor cannot install it.
    pub async fn install_extension(&self, program: &Path) -> Result<()> {
        let arguments = ["--install-extension", self.extension.0, "--force"];
        let status = Command::new(program).args(arguments).stdin(Stdio::null()).status().await;
        match status.context(|| format!("cannot run {}", program.display()))? {
            status if status.success() => Ok(()),
            _ => Err(Error::new(format!("{} could not install {}", self.name, self.extension.0))
                .way_out("Install the extension in the editor itself.")),
        }
    }

    /// Opens a folder on an ssh host. The editor goes on when this returns.
    ///
    /// # Errors
    /// When the editor cannot be started.
    pub async fn open(&self, program: &Path, host: &str, folder: &str) -> Result<ExitStatus> {
        let remote = format!("ssh-remote+{host}");
        let mut command = Command::new(program);
        command.args(self.arguments).args(["--remote", &remote, folder]).stdin(Stdio::null());
        command.status().await.context(|| format!("cannot run {}", program.display()))
    }
}

/// Whether a list of `name@version` lines has an extension in this version or a newer one.
fn has(list: &str, (name, wanted): (&str, [u32; 3])) -> bool {
    list.lines().any(|line| {
        let Some((found, version)) = line.trim().split_once('@') else { return false };
        let mut numbers = version.split(['.', '-']).map(|number| number.parse().unwrap_or_default());
        let version = [numbers.next(), numbers.next(), numbers.next()].map(Option::unwrap_or_default);
        found.eq_ignore_ascii_case(name) && version >= wanted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_counts_from_its_version_on() {
        let check = |list: &str, expected: bool| assert_eq!(has(list, CODE.extension), expected, "{list}");
        check("ms-python.python@2026.1.0\nms-vscode-remote.remote-ssh@0.120.0\n", true);
        check("MS-vscode-remote.remote-ssh@1.0.0", true);
        check("ms-vscode-remote.remote-ssh@0.119.9", false);
        check("ms-vscode-remote.remote-ssh@0.120", true);
        check("ms-vscode-remote.remote-ssh-edit@0.120.0", false);
        check("", false);
    }
}
