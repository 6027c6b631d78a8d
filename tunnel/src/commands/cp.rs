//! `tunnel cp`: files to and from the cluster, by OpenSSH's scp over SFTP.

use clap::Args;

use crate::commands::connect::exit_code;
use crate::commands::ready::Ready;
use crate::commands::selection::{EndpointArgs, IdentityArgs};
use crate::error::{Error, Result};
use crate::{environment, ssh};

/// What to copy.
#[derive(Debug, Args)]
#[command(after_help = "A path that begins with a colon is on the cluster.

Examples:
  tunnel cp model.bin :/tmp/
  tunnel cp -r :/databricks/driver/logs ./logs")]
pub struct CpArgs {
    /// Which endpoint.
    #[command(flatten)]
    pub selection: EndpointArgs,
    /// With which key.
    #[command(flatten)]
    pub identity: IdentityArgs,
    /// Copy folders with all that is in them.
    #[arg(short, long)]
    pub recursive: bool,
    /// Keep times and modes.
    #[arg(short, long)]
    pub preserve: bool,
    /// Show nothing.
    #[arg(short, long)]
    pub quiet: bool,
    /// What to copy, and at last where to.
    #[arg(required = true, num_args = 2.., value_name = "PATH")]
    pub paths: Vec<String>,
}

/// Copies, and answers scp's exit code.
///
/// # Errors
/// When the paths are all on one side, or as `connect`.
pub async fn run(args: CpArgs) -> Result<u8> {
    check(&args.paths)?;
    let ready = Ready::of(&args.selection.into(), &args.identity.into()).await?;
    let mut arguments = ssh::with_options(ready.options.iter().chain([&ssh::NO_LOCAL_COMMAND.to_owned()]));
    for (flag, wanted) in [("-r", args.recursive), ("-p", args.preserve), ("-q", args.quiet)] {
        if wanted {
            arguments.push(flag.to_owned());
        }
    }
    arguments.push("--".to_owned());
    let alias = ready.endpoint.host_key_alias();
    arguments.extend(args.paths.iter().map(|path| operand(path, &alias)));
    Ok(exit_code(ssh::run("scp", arguments, &environment::path(), &ready.token).await?))
}

/// All sources are on one side and the target is on the other.
fn check(paths: &[String]) -> Result<()> {
    let there = |path: &String| path.starts_with(':');
    let Some((target, sources)) = paths.split_last() else { return Ok(()) };
    if sources.iter().all(|source| there(source) != there(target)) {
        return Ok(());
    }
    Err(Error::new("one side is the cluster, and the other is this machine")
        .way_out("Put a colon in front of the paths on the cluster: tunnel cp model.bin :/tmp/"))
}

/// A path as scp reads it: what has no colon in front is here, whatever colons are in it.
fn operand(path: &str, alias: &str) -> String {
    match path.strip_prefix(':') {
        // An empty path is the remote home, as with scp.
        Some(path) => format!("{alias}:{path}"),
        None if path.starts_with(['/', '.']) => path.to_owned(),
        None => format!("./{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colon_in_front_is_the_cluster_and_any_other_is_part_of_a_name() {
        let check = |path: &str, expected: &str| assert_eq!(operand(path, "demo"), expected);
        check(":/tmp/a b", "demo:/tmp/a b");
        check(":", "demo:");
        check("a:b", "./a:b");
        check("-r", "./-r");
        check("/a", "/a");
        check("../a", "../a");
    }

    #[test]
    fn copies_go_from_one_side_to_the_other() {
        let ok = |paths: &[&str]| check(&paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>()).is_ok();
        assert!(ok(&["a", "b", ":c"]) && ok(&[":a", ":b", "c"]));
        assert!(!ok(&["a", "b"]) && !ok(&[":a", ":b"]) && !ok(&["a", ":b", ":c"]));
    }
}
