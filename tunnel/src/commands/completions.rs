//! `tunnel completions`: what a shell is to be told so that it completes.

use clap::Args;
use clap_complete::env::Shells;

use crate::completion::VARIABLE;
use crate::error::{Context, Error, Result};
use crate::print;

/// For whom.
#[derive(Debug, Args)]
#[command(
    after_help = "The shell asks this program each time, so names that are learnt later are completed too. scripts/install.sh puts it \
where shells look.

Examples:
  source <(tunnel completions bash)                                     # in ~/.bashrc
  tunnel completions zsh >~/.zfunc/_tunnel                              # a folder of fpath
  tunnel completions fish >~/.config/fish/completions/tunnel.fish"
)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_parser = ["bash", "zsh", "fish", "elvish", "powershell"])]
    pub shell: String,
}

/// Prints it.
///
/// # Errors
/// When stdout cannot be written.
pub fn run(args: &CompletionsArgs) -> Result<u8> {
    let shells = Shells::builtins();
    let shell = shells.completer(&args.shell).ok_or_else(|| Error::new("there is no such shell"))?;
    let mut text = Vec::new();
    let written = shell.write_registration(VARIABLE, "tunnel", "tunnel", "tunnel", &mut text);
    written.context(|| "cannot write completions".to_owned())?;
    print::bytes(&text)?;
    Ok(0)
}
