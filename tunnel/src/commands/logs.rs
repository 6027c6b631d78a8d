//! `tunnel logs`: the server's last warnings, which say why a login failed.

use std::time::Duration;

use clap::Args;
use tokio::time::sleep;

use crate::commands::existing::Existing;
use crate::commands::selection::NamedEndpointArgs;
use crate::error::Result;
use crate::{print, words};

const INTERVAL: Duration = Duration::from_secs(1);

/// Whose log to show.
#[derive(Debug, Args)]
#[command(after_help = "The server keeps its last 16 KiB of warnings; everything is in the output of its run.

Examples:
  tunnel logs
  tunnel logs -f --endpoint demo")]
pub struct LogsArgs {
    /// Which endpoint.
    #[command(flatten)]
    pub selection: NamedEndpointArgs,
    /// Go on with what comes, until the server ends.
    #[arg(short, long)]
    pub follow: bool,
}

/// Prints the log.
///
/// # Errors
/// When no server runs, or it does not answer.
pub async fn run(args: LogsArgs) -> Result<u8> {
    let existing = Existing::of(&args.selection.into()).await?;
    let server = existing.running()?;
    let mut last = existing.get(server, "logs").await?;
    print::bytes(&fit(&last))?;
    if !args.follow {
        return Ok(0);
    }
    loop {
        sleep(INTERVAL).await;
        // The server's end is the log's end.
        let Ok(now) = existing.get(server, "logs").await else { return Ok(0) };
        print::bytes(&fit(fresh(&last, &now)))?;
        last = now;
    }
}

/// A log, without what speaks to the terminal.
fn fit(log: &[u8]) -> Vec<u8> {
    words::printable(&String::from_utf8_lossy(log)).into_bytes()
}

/// What `now` has behind the end of `before`, when lines left at the beginning in the meantime.
fn fresh<'a>(before: &[u8], now: &'a [u8]) -> &'a [u8] {
    let starts =
        std::iter::once(0).chain(before.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at + 1));
    let kept = starts.filter_map(|start| before.get(start..)).find(|kept| now.starts_with(kept));
    kept.and_then(|kept| now.get(kept.len()..)).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_new_lines_are_fresh_also_when_old_ones_have_left() {
        let check = |before: &str, now: &str, expected: &str| {
            assert_eq!(fresh(before.as_bytes(), now.as_bytes()), expected.as_bytes(), "{before:?} {now:?}");
        };
        check("", "a\n", "a\n");
        check("a\n", "a\n", "");
        check("a\n", "a\nb\n", "b\n");
        check("a\nb\nc\n", "b\nc\nd\n", "d\n");
        check("a\nb\n", "c\nd\n", "c\nd\n");
        check("a\na\n", "a\na\na\n", "a\n");
        check("aa\n", "a\n", "a\n");
    }
}
