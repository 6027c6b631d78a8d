//! `tunnel cp`: files to and from the cluster, by OpenSSH's scp over SFTP. Names are bytes, as on the file systems of both sides.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

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
    pub paths: Vec<OsString>,
}

/// Copies, and answers scp's exit code.
///
/// # Errors
/// When the paths are all on one side, or as `connect`.
pub async fn run(args: CpArgs) -> Result<u8> {
    check(&args.paths)?;
    let ready = Ready::of(&args.selection.into(), &args.identity.into()).await?;
    let options = ssh::with_options(ready.options.iter().chain([&ssh::NO_LOCAL_COMMAND.to_owned()]));
    let mut arguments: Vec<OsString> = options.into_iter().map(Into::into).collect();
    for (flag, wanted) in [("-r", args.recursive), ("-p", args.preserve), ("-q", args.quiet)] {
        if wanted {
            arguments.push(flag.into());
        }
    }
    arguments.push("--".into());
    let alias = ready.endpoint.host_key_alias();
    arguments.extend(args.paths.iter().map(|path| operand(path, &alias)));
    Ok(exit_code(ssh::run("scp", arguments, &environment::path(), &ready.token).await?))
}

/// All sources are on one side and the target is on the other.
fn check(paths: &[OsString]) -> Result<()> {
    let there = |path: &OsString| path.as_bytes().starts_with(b":");
    let Some((target, sources)) = paths.split_last() else { return Ok(()) };
    if sources.iter().all(|source| there(source) != there(target)) {
        return Ok(());
    }
    Err(Error::new("one side is the cluster, and the other is this machine")
        .way_out("Put a colon in front of the paths on the cluster: tunnel cp model.bin :/tmp/"))
}

/// A path as scp reads it: what has no colon in front is here, whatever colons are in it.
fn operand(path: &OsStr, alias: &str) -> OsString {
    let bytes = match path.as_bytes() {
        // An empty path is the remote home, as with scp.
        [b':', path @ ..] => [alias.as_bytes(), b":", path].concat(),
        path @ [b'/' | b'.', ..] => path.to_vec(),
        path => [b"./", path].concat(),
    };
    OsString::from_vec(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colon_in_front_is_the_cluster_and_any_other_is_part_of_a_name() {
        let check = |path: &[u8], expected: &[u8]| {
            assert_eq!(operand(OsStr::from_bytes(path), "demo").as_bytes(), expected);
        };
        check(b":/tmp/a b", b"demo:/tmp/a b");
        check(b":", b"demo:");
        check(b"a:b", b"./a:b");
        check(b"-r", b"./-r");
        check(b"/a", b"/a");
        check(b"../a", b"../a");
        check(b":/tmp/caf\xe9", b"demo:/tmp/caf\xe9");
    }

    #[test]
    fn copies_go_from_one_side_to_the_other() {
        let ok = |paths: &[&str]| check(&paths.iter().map(OsString::from).collect::<Vec<_>>()).is_ok();
        assert!(ok(&["a", "b", ":c"]) && ok(&[":a", ":b", "c"]));
        assert!(!ok(&["a", "b"]) && !ok(&[":a", ":b"]) && !ok(&["a", ":b", ":c"]));
    }
}
