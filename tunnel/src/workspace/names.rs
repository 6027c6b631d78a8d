//! The clusters and warehouses that a shell offers: those of the workspace that the line names, or of the usual one.

use std::time::Duration;

use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use databricks::Client;
use databricks::api::clusters::{self, ListedCluster};
use databricks::api::warehouses::{self, Warehouse};

use super::selection::WorkspaceArgs;

/// How long a person waits for names.
const PATIENCE: Duration = Duration::from_secs(2);
/// Names that are offered.
const MOST: usize = 500;

/// Clusters by their names, with their states.
pub fn clusters() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        offered(async |client| {
            let mut found = Vec::new();
            let mut pages = clusters::pages::<ListedCluster>(&client);
            while found.len() < MOST
                && let Some(page) = pages.next().await?
            {
                found.extend(page.into_iter().map(|one| (one.cluster_name, one.state.to_string())));
            }
            Ok(found)
        })
    })
}

/// Warehouses by their names, with their states.
pub fn warehouses() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        offered(async |client| {
            let all: Vec<Warehouse> = warehouses::list(&client).await?;
            Ok(all.into_iter().map(|one| (one.name, one.state.to_string())).collect())
        })
    })
}

/// What could be had in time: a shell that waits for a person's key must not hang, and has no place for an error.
fn offered(
    ask: impl AsyncFnOnce(Client) -> Result<Vec<(String, String)>, databricks::Error>,
) -> Vec<CompletionCandidate> {
    let Ok(client) = workspace(std::env::args()).client() else { return Vec::new() };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return Vec::new() };
    let asked = runtime.block_on(async { tokio::time::timeout(PATIENCE, ask(client)).await });
    let found = asked.map_or_else(|_| Vec::new(), Result::unwrap_or_default);
    let candidate = |(name, state): (String, String)| CompletionCandidate::new(name).help(Some(state.into()));
    found.into_iter().take(MOST).map(candidate).collect()
}

/// Which workspace a line names that is not finished.
fn workspace(mut words: impl Iterator<Item = String>) -> WorkspaceArgs {
    let mut named = WorkspaceArgs::default();
    while let Some(word) = words.next() {
        let (flag, value) = match word.split_once('=') {
            Some((flag, value)) => (flag.to_owned(), Some(value.to_owned())),
            None => (word, None),
        };
        match flag.as_str() {
            "--profile" | "-p" => named.profile = value.or_else(|| words.next()).filter(|value| !value.is_empty()),
            "--host" => named.host = value.or_else(|| words.next()).filter(|value| !value.is_empty()),
            _ => {}
        }
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_which_workspace_is_meant() {
        let of = |line: &str| workspace(line.split(' ').map(str::to_owned));
        let named = |host: Option<&str>, profile: Option<&str>| WorkspaceArgs {
            host: host.map(str::to_owned),
            profile: profile.map(str::to_owned),
        };
        assert_eq!(of("tunnel -- tunnel cluster --profile staging get "), named(None, Some("staging")));
        assert_eq!(of("tunnel -- tunnel sql --host=https://a -p b --warehouse"), named(Some("https://a"), Some("b")));
        assert_eq!(of("tunnel -- tunnel sql --profile"), named(None, None));
    }
}
