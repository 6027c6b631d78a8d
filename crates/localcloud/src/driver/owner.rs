//! How a program is started on a cluster's driver: with the driver's environment and nothing of this machine's person.

use std::path::Path;

use tokio::process::Command;

use super::process::{MARK, mark_of};
use crate::call::Settings;
use crate::workspace::files;

/// Whose program it is.
pub(super) struct Owner<'a> {
    pub(super) workspace: i64,
    pub(super) cluster: &'a str,
    /// The run or the context.
    pub(super) id: &'a str,
    /// The workspace's address, and a token for it.
    pub(super) host: &'a str,
    pub(super) token: &'a str,
}

impl Owner<'_> {
    /// The driver's home.
    pub(super) fn home(&self, settings: &Settings) -> std::path::PathBuf {
        settings.dir.join("drivers").join(self.cluster)
    }

    /// What its processes are known by.
    pub(super) fn mark(&self, settings: &Settings) -> String {
        format!("{}{}|{}|{}", mark_of(&settings.dir), self.workspace, self.cluster, self.id)
    }

    /// The command of a program of Python.
    pub(super) fn python(&self, settings: &Settings, program: &Path) -> Command {
        let mut command = self.command(settings, &settings.python);
        command.arg("-u").arg(program);
        command
    }

    /// A command, in a process group of its own that ends with its handle.
    pub(super) fn command(&self, settings: &Settings, program: &Path) -> Command {
        let home = self.home(settings);
        let mut command = Command::new(program);
        let passed = ["PATH", "LANG", "LC_ALL", "TZ", "USER", "LOGNAME", "SHELL", "TERM"];
        command
            .env_clear()
            .envs(passed.iter().filter_map(|name| Some((*name, std::env::var_os(name)?))))
            .env("HOME", &home)
            // sshd goes by the person's home on this machine, but a job is the driver's.
            .env("TUNNEL_JOBS", home.join(".tunnel/jobs"))
            .env("DATABRICKS_HOST", self.host)
            .env("DATABRICKS_TOKEN", self.token)
            .env("DATABRICKS_CLUSTER_ID", self.cluster)
            .env("DATABRICKS_WORKSPACE_ROOT", files::root(settings, self.workspace))
            .env("DATABRICKS_RUNTIME_VERSION", "localcloud")
            .env(MARK, self.mark(settings).trim_start_matches(&format!("{MARK}=")))
            .current_dir(&home)
            .process_group(0)
            .kill_on_drop(true);
        command
    }
}
