//! The profiles that a shell offers.

use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use databricks::Environment;

/// Their names.
pub fn candidates() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let names = databricks::profiles(&Environment::process());
        names.iter().map(CompletionCandidate::new).collect::<Vec<_>>()
    })
}
