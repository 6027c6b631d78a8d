//! Where a secret that the local cloud issued must not be: state, plan, trace log, argument lists.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::bench::Bench;

/// How the local cloud's secrets begin: personal access tokens, OAuth secrets, access tokens.
const PREFIXES: &[&str] = &["dapi", "dose", "localcloud-oauth-"];
/// Hexadecimal digits that follow.
const DIGITS: usize = 32;

/// The beginning of the line with a secret in a text, if there is one.
pub fn within(text: &str) -> Option<String> {
    let is_secret = |at: usize| {
        text.get(at..).is_some_and(|rest| rest.chars().take_while(char::is_ascii_hexdigit).count() >= DIGITS)
    };
    let mut places =
        PREFIXES.iter().flat_map(|prefix| text.match_indices(prefix).map(|(at, _)| (at, at + prefix.len())));
    let (at, _) = places.find(|(_, end)| is_secret(*end))?;
    let line = text.get(..at).and_then(|before| before.lines().last()).unwrap_or_default();
    Some(line.to_owned())
}

/// Writes Terraform's and the provider's trace, and looks at the argument lists of all that runs in a bench's folder.
pub struct Watch {
    trace: PathBuf,
    is_over: Arc<AtomicBool>,
    watcher: JoinHandle<BTreeSet<String>>,
}

impl Watch {
    pub fn begin(bench: &mut Bench) -> Self {
        let trace = bench.dir.path().join("trace.log");
        bench.set("TF_LOG", Some("TRACE"));
        bench.set("TF_LOG_PATH", trace.to_str());
        let (folder, is_over) = (bench.dir.path().to_owned(), Arc::new(AtomicBool::new(false)));
        let ends = Arc::clone(&is_over);
        let watcher = std::thread::spawn(move || {
            let mut seen = BTreeSet::new();
            while !ends.load(Ordering::Relaxed) {
                seen.extend(arguments_in(&folder));
                std::thread::sleep(Duration::from_millis(20));
            }
            seen
        });
        Self { trace, is_over, watcher }
    }

    /// Ends the watch: nothing of what was seen has a secret.
    pub fn end(self) {
        self.is_over.store(true, Ordering::Relaxed);
        let seen = self.watcher.join().unwrap();
        for program in ["terraform-provider-databricks", "apply", "reset_tokens.sh"] {
            assert!(seen.iter().any(|arguments| arguments.contains(program)), "{program} was not watched: {seen:?}");
        }
        for arguments in seen {
            assert_eq!(within(&arguments), None, "an argument list has a secret");
        }
        let trace = std::fs::read_to_string(&self.trace).unwrap();
        for part in ["[TRACE]", "terraform-provider-databricks", "databricks_token.management"] {
            assert!(trace.contains(part), "the trace shows no {part}, so that it proves nothing");
        }
        assert_eq!(within(&trace), None, "the trace has a secret");
    }
}

/// The argument lists of the processes that work in a folder.
fn arguments_in(folder: &Path) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten().map(|process| process.path());
    let here =
        processes.filter(|process| std::fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder)));
    let arguments = here.filter_map(|process| std::fs::read(process.join("cmdline")).ok());
    arguments.map(|arguments| String::from_utf8_lossy(&arguments).replace('\0', " ")).collect()
}
