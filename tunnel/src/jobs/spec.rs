//! What is submitted, as the files of the job's folder `input`. Pure: the texts are for a POSIX shell, which reads every word
//! of the person's back as it was.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use ssh_endpoint::sha256_hex;

use super::id::JobId;
use crate::quote;

/// How much of a command is shown.
const SHOWN: usize = 4096;
/// How long a job that is told to end at its time-out has for it.
pub const GRACE: Duration = Duration::from_secs(10);

/// A job to be.
#[derive(Debug, Clone, Default)]
pub struct NewJob {
    /// Name for people.
    pub name: Option<String>,
    /// Who submits twice with one key gets one job.
    pub key: Option<String>,
    /// A program and its arguments.
    pub command: Vec<String>,
    /// Variables.
    pub environment: Vec<(String, String)>,
    /// Folder to run in.
    pub folder: Option<String>,
    /// When it is ended.
    pub timeout: Option<Duration>,
    /// Whether it has files of its own, in whose folder it runs where no other is named.
    pub has_files: bool,
}

/// What the job's machine keeps for `status`: one line of JSON.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// Name for people.
    #[serde(default)]
    pub name: Option<String>,
    /// The key that it was submitted with.
    #[serde(default)]
    pub key: Option<String>,
    /// What runs.
    #[serde(default)]
    pub command: Vec<String>,
    /// Seconds after which it is ended; 0 is never.
    #[serde(default)]
    pub timeout_seconds: u64,
}

impl NewJob {
    /// The id: the key's, or one of its own.
    pub fn id(&self) -> JobId {
        self.key.as_deref().map_or_else(JobId::random, JobId::of_key)
    }

    /// Seconds until it is ended, at least one; 0 is never.
    pub fn timeout_seconds(&self) -> u64 {
        self.timeout.map_or(0, |timeout| timeout.as_secs_f64().ceil().max(1.0) as u64)
    }

    /// What is shown of it.
    pub fn spec(&self) -> Spec {
        let mut room = SHOWN;
        let shown = self.command.iter().map(|word| {
            let cut = word.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= room).last();
            let (kept, _) = word.split_at_checked(cut.unwrap_or_default()).unwrap_or_default();
            room -= kept.len();
            if kept.len() == word.len() { word.clone() } else { format!("{kept}…") }
        });
        Spec {
            name: self.name.clone(),
            key: self.key.clone(),
            command: shown.collect(),
            timeout_seconds: self.timeout_seconds(),
        }
    }

    /// The script that becomes the job. Its arguments are the umask and the login's folder; it stands in the job's folder, and
    /// `PID_FILE` is set.
    pub fn run(&self) -> String {
        // The file has all that is secret, and is needed no more once a shell has it open.
        let mut text = String::from(
            "printf '%s\\n' \"$$\" >\"$PID_FILE\"\nrm -f \"${PID_FILE%/pid}/input/run\"\numask \"$1\"\nunset CDPATH\n",
        );
        match &self.folder {
            Some(folder) => {
                text.push_str("cd -- \"$2\" || exit 126\n");
                text.push_str(&format!("cd -- {} || exit 126\n", quote::word(folder)));
            }
            None if self.has_files => text.push_str("cd -- \"${PID_FILE%/pid}/input/files\" || exit 126\n"),
            None => text.push_str("cd -- \"$2\" || exit 126\n"),
        }
        for (name, value) in &self.environment {
            text.push_str(&format!("export {name}={}\n", quote::word(value)));
        }
        text.push_str(&format!("exec {}\n", quote::line(&self.command)));
        text
    }

    /// The digest of all that makes it this job and no other: what runs, and the files that go with it.
    pub fn digest<'a>(&self, files: impl IntoIterator<Item = &'a str>) -> String {
        let mut text = format!("{}\0{}", self.run(), self.timeout_seconds());
        for file in files {
            text.push_str(&format!("\0{file}"));
        }
        sha256_hex(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(command: &[&str]) -> NewJob {
        NewJob { command: command.iter().map(|word| (*word).to_owned()).collect(), ..NewJob::default() }
    }

    #[test]
    fn a_long_command_is_shown_in_part_and_run_whole() {
        let long = "ä".repeat(3000);
        let wanted = wanted(&["echo", &long, "more"]);
        let spec = wanted.spec();
        assert_eq!(spec.command.len(), 3);
        assert!(serde_json::to_string(&spec).unwrap().len() < 2 * SHOWN);
        assert!(wanted.run().contains(&long));
        assert_eq!(super::NewJob::spec(&self::wanted(&["a", "b"])).command, ["a", "b"]);
    }

    #[test]
    fn what_is_another_job_has_another_digest() {
        let one = wanted(&["a", "b c"]);
        let others = [
            (wanted(&["a b", "c"]), vec![]),
            (NewJob { folder: Some("/".to_owned()), ..one.clone() }, vec![]),
            (NewJob { timeout: Some(Duration::from_millis(1)), ..one.clone() }, vec![]),
            (NewJob { environment: vec![("A".to_owned(), String::new())], ..one.clone() }, vec![]),
            (one.clone(), vec!["stdin 00"]),
        ];
        for (other, files) in others {
            assert_ne!(one.digest([]), other.digest(files), "{other:?}");
        }
        // Its name is for people.
        assert_eq!(one.digest([]), NewJob { name: Some("x".to_owned()), ..one.clone() }.digest([]));
    }
}
