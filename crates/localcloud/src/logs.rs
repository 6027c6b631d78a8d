//! `localcloud logs`: the log, and what is written to it meanwhile.

use std::io::ErrorKind;
use std::process::ExitCode;
use std::time::Duration;

use localcloud::instance::folder::Folder;
use localcloud::instance::tail::Tail;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::Logs;
use crate::{Outcome, stdout};

/// How often is looked for what was written.
const PAUSE: Duration = Duration::from_millis(100);

/// Prints the log of a folder's local cloud. A reader that leaves, Ctrl-C and the end of the local cloud are no errors.
pub(crate) async fn print(folder: &Folder, wanted: &Logs) -> Outcome {
    let path = folder.path(if wanted.requests { "requests.log" } else { "localcloud.log" });
    let mut tail = Tail::open(&path, wanted.lines).map_err(|error| match error.kind() {
        ErrorKind::NotFound => format!(
            "there is no {}: one that was started without --detach logs to its terminal, and none was started otherwise",
            path.display()
        ),
        _ => format!("{}: {error}", path.display()),
    })?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut reader_left = std::pin::pin!(stdout::reader_left());
    loop {
        // Asked first: what it wrote until then is there.
        let is_up = folder.is_locked();
        if !stdout::write(&tail.more()?)? || !wanted.follow || !is_up {
            return Ok(ExitCode::SUCCESS);
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            _ = interrupt.recv() => return Ok(ExitCode::SUCCESS),
            () = &mut reader_left => return Ok(ExitCode::SUCCESS),
        }
    }
}
