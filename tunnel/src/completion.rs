//! What a shell offers where a name is asked for: what is known on this machine, at once and without the network.

use std::collections::BTreeSet;
use std::ffi::OsStr;

use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};

use crate::endpoint::known;
use crate::home::home;
use crate::jobs::recent;
use crate::ssh_config;
use crate::ssh_config_file::SshConfigFile;

/// The variable by which a shell's script asks, and says which shell it is.
pub const VARIABLE: &str = "TUNNEL_COMPLETE";

/// Names of endpoints.
pub fn endpoints() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let all = home().map(|home| known::all(&home)).unwrap_or_default();
        let is_unique = |name: &str| all.iter().filter(|other| other.name == name).count() == 1;
        all.iter()
            .map(|endpoint| {
                let name = if is_unique(&endpoint.name) { endpoint.name.clone() } else { known::full_name(endpoint) };
                with_help(&name, &endpoint.host)
            })
            .collect::<Vec<_>>()
    })
}

/// Hosts of ssh's configuration.
pub fn hosts() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let file = SshConfigFile::open().map(|file| file.text()).unwrap_or_default();
        let hosts: BTreeSet<String> = ssh_config::hosts(&file).collect();
        hosts.iter().map(CompletionCandidate::new).collect::<Vec<_>>()
    })
}

/// Ids of the jobs that were seen last: of the destination that the line names, else of all endpoints.
pub fn jobs() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let words: Vec<_> = std::env::args_os().collect();
        let host = host_in(words.iter().map(|word| word.as_os_str()));
        let recent = home().map(|home| recent::read(&home)).unwrap_or_default();
        let of = |label: &str| match &host {
            Some(host) => label.strip_prefix(recent::OF_HOST) == Some(host),
            None => !label.starts_with(recent::OF_HOST),
        };
        let jobs = recent.into_iter().filter(|it| of(&it.label)).flat_map(|it| it.jobs);
        jobs.map(|job| with_help(job.id.as_str(), job.name.as_deref().unwrap_or_default())).collect::<Vec<_>>()
    })
}

/// The value of `--host` in a command line.
fn host_in<'a>(words: impl IntoIterator<Item = &'a OsStr>) -> Option<String> {
    let mut words = words.into_iter().filter_map(OsStr::to_str);
    words
        .find_map(|word| {
            word.strip_prefix("--host=").map(str::to_owned).or_else(|| (word == "--host").then(String::new))
        })
        .and_then(|host| if host.is_empty() { words.next().map(str::to_owned) } else { Some(host) })
}

fn with_help(value: &str, help: &str) -> CompletionCandidate {
    let help = crate::words::in_one_line(help);
    CompletionCandidate::new(value).help((!help.is_empty()).then(|| help.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_a_line_is_found() {
        let check = |line: &str, expected: Option<&str>| {
            let words: Vec<&OsStr> = line.split(' ').map(OsStr::new).collect();
            assert_eq!(host_in(words).as_deref(), expected, "{line}");
        };
        check("tunnel job --host ci status", Some("ci"));
        check("tunnel job status --host=ci a", Some("ci"));
        check("tunnel job status a", None);
        check("tunnel job status --host", None);
    }
}
