//! `tunnel code` and `tunnel cursor`: the editor, on the cluster.

use std::io::{BufRead, IsTerminal};

use clap::Args;

use crate::commands::connect::exit_code;
use crate::commands::ready::Ready;
use crate::commands::selection::{EndpointArgs, IdentityArgs};
use crate::commands::setup;
use crate::editor::Editor;
use crate::endpoint::identity::Identity;
use crate::endpoint::selection::Selection;
use crate::error::{Context, Error, Result};
use crate::{environment, say};

/// What to open.
#[derive(Debug, Args)]
#[command(after_help = "The endpoint's Host is written as by `tunnel setup`, so the editor finds it again by itself.

Examples:
  tunnel code
  tunnel cursor /Workspace/Users/ada@example.com/project")]
pub struct CodeArgs {
    /// Which endpoint.
    #[command(flatten)]
    pub selection: EndpointArgs,
    /// With which key.
    #[command(flatten)]
    pub identity: IdentityArgs,
    /// Install the editor's extension for SSH without asking.
    #[arg(long)]
    pub auto_approve: bool,
    /// Folder on the cluster.
    #[arg(default_value = "/Workspace")]
    pub folder: String,
}

/// Opens the editor, and answers its exit code.
///
/// # Errors
/// When there is no such editor or extension, or as `connect` and `setup`.
pub async fn run(editor: Editor, args: CodeArgs) -> Result<u8> {
    let program = editor.find(&environment::path())?;
    if !editor.has_extension(&program).await? {
        if !args.auto_approve && !agreed(&editor)? {
            return Err(Error::new(format!("{} lacks the extension {}", editor.name, editor.extension.0))
                .way_out("Install it there, or let this do it with --auto-approve."));
        }
        editor.install_extension(&program).await?;
    }
    // The editor's own patience is short: the cluster and the server are up before it tries.
    let (selection, identity) = (Selection::from(args.selection), Identity::from(args.identity));
    let ready = Ready::of(&selection, &identity).await?;
    setup::one(&ready, &identity, selection.workspace.profile.as_deref()).await?;
    Ok(exit_code(editor.open(&program, &ready.endpoint.name, &args.folder).await?))
}

fn agreed(editor: &Editor) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    say!("tunnel: {} needs its extension {}. Install it? [y/N]", editor.name, editor.extension.0);
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).context(|| "cannot read the answer".to_owned())?;
    Ok(["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str()))
}
