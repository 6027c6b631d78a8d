//! The scripts as they go over the line: for the job's machine to read whole before it runs any of it. Pure.

use super::id::JobId;
use super::payload::Part;
use super::spec::{GRACE, NewJob};
use crate::quote;

const COMMON: &str = include_str!("remote/common.sh");
const SUBMIT: &str = include_str!("remote/submit.sh");
const SUPERVISE: &str = include_str!("remote/supervise.sh");
const REPORT: &str = include_str!("remote/report.sh");
const LOOK: &str = include_str!("remote/look.sh");
const LOGS: &str = include_str!("remote/logs.sh");
const CANCEL: &str = include_str!("remote/cancel.sh");
const CLEAN: &str = include_str!("remote/clean.sh");

/// A script, and the word that its answer begins with.
#[derive(Debug, Clone)]
pub struct Script {
    /// The line that the answer begins behind: what comes before is a login shell's greeting, which need not end with a line.
    pub marker: String,
    /// The text.
    pub text: String,
}

impl Script {
    fn new(assignments: &[(&str, String)], texts: &[&str]) -> Self {
        let marker = format!("tunnel-job-{}", JobId::random());
        // A function, called by the last line: what was cut off on the way does nothing.
        let mut text = "tunnel_job() {\n".to_owned();
        text.push_str(&assigned(assignments));
        for part in texts {
            text.push_str(part);
        }
        text.push_str("}\ntunnel_job\n");
        Self { marker, text }
    }

    /// The command line for ssh: one that every login shell reads alike. It says the marker, and then reads the script from stdin,
    /// so that neither its length nor what is in it matters; `exactly` leaves what comes behind it.
    pub fn command(&self, exactly: bool) -> String {
        let read = if exactly { format!("dd bs=1 count={} 2>/dev/null", self.text.len()) } else { "cat".to_owned() };
        format!("exec sh -c 'echo {}; eval \"$({read})\"'", self.marker)
    }

    /// The same for the jobs in another folder, an absolute path there.
    pub fn in_folder(&self, folder: &str) -> Self {
        let text = format!("TUNNEL_JOBS={}\nexport TUNNEL_JOBS\n{}", quote::word(folder), self.text);
        Self { marker: self.marker.clone(), text }
    }

    /// Submits a job; its files follow.
    pub fn submit(id: &JobId, wanted: &NewJob, digest: &str, parts: &[Part]) -> Self {
        let total: u64 = parts.iter().map(|part| part.size).sum();
        let mut take = String::from("parts() {\n");
        if wanted.has_files {
            take.push_str("mkdir \"$stage/files\" || give_up 'no folder could be made'\n");
        }
        for part in parts {
            take.push_str(&format!("part {} {} {}\n", quote::word(&part.name), part.size, part.mode));
        }
        take.push_str(":\n}\n");
        let supervise = assigned(&[
            ("id", id.to_string()),
            ("digest", digest.to_owned()),
            ("timeout", wanted.timeout_seconds().to_string()),
            ("grace", GRACE.as_secs().to_string()),
        ]) + COMMON
            + SUPERVISE;
        let assignments = [
            ("id", id.to_string()),
            ("nonce", JobId::random().to_string()),
            ("digest", digest.to_owned()),
            ("total", total.to_string()),
            ("spec", serde_json::to_string(&wanted.spec()).unwrap_or_default()),
            ("run", wanted.run()),
            ("supervise", supervise),
        ];
        Self::new(&assignments, &[COMMON, &take, SUBMIT])
    }

    /// Says what is known of these jobs, or of all.
    pub fn report(ids: Option<&[JobId]>) -> Self {
        Self::new(&[("ids", words(ids))], &[COMMON, REPORT, LOOK])
    }

    /// Sends what is in the logs from these offsets on; of a log without one, nothing.
    pub fn logs(id: &JobId, stdout: Option<u64>, stderr: Option<u64>) -> Self {
        let offset = |offset: Option<u64>| offset.map_or_else(|| "-".to_owned(), |offset| offset.to_string());
        let assignments = [("id", id.to_string()), ("out", offset(stdout)), ("err", offset(stderr))];
        Self::new(&assignments, &[COMMON, REPORT, LOGS])
    }

    /// Ends a job, with this many seconds between TERM and KILL.
    pub fn cancel(id: &JobId, grace: u64) -> Self {
        let assignments = [("id", id.to_string()), ("grace", grace.to_string())];
        Self::new(&assignments, &[COMMON, REPORT, CANCEL])
    }

    /// Removes the files of jobs that ended this many seconds ago.
    pub fn clean(ids: Option<&[JobId]>, age: u64) -> Self {
        Self::new(&[("ids", words(ids)), ("age", age.to_string())], &[COMMON, CLEAN])
    }
}

fn words(ids: Option<&[JobId]>) -> String {
    ids.map_or_else(|| "all".to_owned(), |ids| ids.iter().map(JobId::as_str).collect::<Vec<_>>().join(" "))
}

fn assigned(assignments: &[(&str, String)]) -> String {
    assignments.iter().map(|(name, value)| format!("{name}={}\n", quote::word(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Script> {
        let id = JobId::of_key("a");
        let wanted = NewJob { command: vec!["it's".to_owned(), "a\nb".to_owned()], ..NewJob::default() };
        vec![
            Script::submit(&id, &wanted, "00", &[]),
            Script::report(None),
            Script::report(Some(std::slice::from_ref(&id))),
            Script::logs(&id, Some(1), None),
            Script::cancel(&id, 3),
            Script::clean(None, 4),
            Script::report(None).in_folder("/it's here"),
        ]
    }

    fn sh(arguments: &[&str], text: &str) -> std::process::Output {
        let folder = tempfile::tempdir().unwrap();
        std::process::Command::new("sh")
            .args(arguments)
            .arg(text)
            .env("TUNNEL_JOBS", folder.path())
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap()
    }

    #[test]
    fn a_shell_can_read_every_script() {
        for script in all() {
            let output = sh(&["-n", "-c"], &script.text);
            assert!(output.status.success(), "{}\n{}", String::from_utf8_lossy(&output.stderr), script.text);
        }
    }

    #[test]
    fn a_script_that_was_cut_off_does_nothing() {
        for script in all() {
            let end = script.text.len() - "tunnel_job\n".len();
            for cut in (0..end).step_by(97).chain([end]) {
                let Some((start, _)) = script.text.split_at_checked(cut) else { continue };
                let output = sh(&["-c"], start);
                assert!(output.stdout.is_empty(), "cut at {cut}: {}", String::from_utf8_lossy(&output.stdout));
            }
        }
    }
}
