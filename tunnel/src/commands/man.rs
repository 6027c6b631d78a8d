//! `tunnel man`: the manual pages, of the same words as the help.

use std::path::PathBuf;

use clap::Args;
use clap_mangen::Man;

use crate::error::{Context, Result};
use crate::print;

/// Which pages, and where to.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tunnel man | man -l -
  tunnel man ~/.local/share/man/man1    # then: man tunnel, man tunnel-job-submit")]
pub struct ManArgs {
    /// Folder that the pages of all commands are written into; it is made where it is not there.
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
}

/// Prints the page of the whole, or writes all of them.
///
/// # Errors
/// When they cannot be written.
pub fn run(args: ManArgs, program: clap::Command) -> Result<u8> {
    let Some(folder) = args.folder else {
        let mut page = Vec::new();
        Man::new(program).render(&mut page).context(|| "cannot write the manual page".to_owned())?;
        print::bytes(&page)?;
        return Ok(0);
    };
    let what = || format!("cannot write manual pages into {}", folder.display());
    std::fs::create_dir_all(&folder).context(what)?;
    clap_mangen::generate_to(program, &folder).context(what)?;
    Ok(0)
}
