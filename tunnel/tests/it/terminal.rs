//! A terminal of tmux, as wide as it is told to be.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::process::Command;

use crate::bench::text;

/// A terminal, so many columns wide, with the environment of a command.
pub struct Terminal {
    folder: PathBuf,
    /// Each line has a server of its own: one that ends takes no other session.
    lines: Cell<usize>,
    envs: Vec<(String, String)>,
}

impl Terminal {
    pub fn new(folder: &Path, of: &Command) -> Self {
        let text = |text: &std::ffi::OsStr| text.to_str().unwrap().to_owned();
        let envs = of.as_std().get_envs().filter_map(|(name, value)| Some((text(name), text(value?)))).collect();
        Self { folder: folder.to_owned(), lines: Cell::new(0), envs }
    }

    pub fn tmux(&self) -> Command {
        let mut tmux = Command::new("tmux");
        tmux.env_clear().envs(self.envs.clone()).env("LANG", "C.UTF-8").arg("-S").arg(self.socket());
        tmux
    }

    fn socket(&self) -> PathBuf {
        self.folder.join(format!("tmux{}", self.lines.get()))
    }

    /// What stands there when a line of a shell has ended: lines as they were written, however they were broken.
    pub async fn shows(&self, columns: u16, line: &str) -> String {
        self.begin(columns, 300, line).await;
        let shown = self.waits_for("END").await;
        self.end().await;
        shown.trim_end().trim_end_matches("END").to_owned()
    }

    /// Begins a line of a shell.
    pub async fn begin(&self, columns: u16, rows: u16, line: &str) {
        let line = format!("{line}; echo END; sleep 60");
        let (columns, rows) = (columns.to_string(), rows.to_string());
        let mut tmux = self.tmux();
        tmux.args(["-f", "/dev/null", "new-session", "-d", "-x", &columns, "-y", &rows, &line]);
        let (code, _, words) = text(&tmux.output().await.unwrap());
        assert_eq!(code, 0, "{words}");
    }

    /// What somebody types: text, and keys as tmux calls them.
    pub async fn types(&self, keys: &[&str]) {
        for key in keys {
            let is_key = ["Enter", "Tab", "Up", "End"].contains(key) || key.starts_with("C-") || key.starts_with("M-");
            let mut tmux = self.tmux();
            tmux.arg("send-keys");
            if is_key {
                tmux.arg(key);
            } else {
                // A last semicolon would begin another command of tmux.
                let text = key.strip_suffix(';').map_or_else(|| (*key).to_owned(), |text| format!("{text}\\;"));
                tmux.args(["-l", "--"]).arg(text);
            }
            let (code, _, words) = text(&tmux.output().await.unwrap());
            assert_eq!(code, 0, "{words}");
        }
    }

    /// The screen, once its last line begins so.
    pub async fn waits_for(&self, last: &str) -> String {
        self.waits(last, |_, line| line.starts_with(last)).await
    }

    /// The screen, once these words are on it.
    pub async fn shows_words(&self, words: &str) -> String {
        self.waits(words, |screen, _| screen.contains(words)).await
    }

    /// The screen, once these words are on it and its last line is this prompt: what was typed before is done.
    pub async fn answers(&self, words: &str, prompt: &str) -> String {
        self.waits(words, |screen, line| line == prompt && screen.contains(words)).await
    }

    /// The screen, once it is as it is to be: its text and its last line, both without colours.
    async fn waits(&self, what: &str, is_so: impl Fn(&str, &str) -> bool) -> String {
        let started = Instant::now();
        loop {
            let (_, shown, _) = text(&self.tmux().args(["capture-pane", "-p", "-J", "-e"]).output().await.unwrap());
            let shown: String = shown.lines().map(|line| line.trim_end().to_owned() + "\n").collect();
            let screen: String = shown.lines().map(|line| plain(line) + "\n").collect();
            if is_so(&screen, screen.trim_end().lines().last().unwrap_or_default().trim_end()) {
                return shown;
            }
            assert!(started.elapsed() < Duration::from_secs(30), "{what:?}\n{shown}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub async fn end(&self) {
        self.tmux().arg("kill-server").output().await.unwrap();
        self.lines.set(self.lines.get() + 1);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = std::process::Command::new("tmux").arg("-S").arg(self.socket()).arg("kill-server").output();
    }
}

pub fn widest(shown: &str) -> usize {
    shown.lines().map(|line| plain(line).chars().count()).max().unwrap_or_default()
}

/// Without escape sequences of colours.
pub fn plain(line: &str) -> String {
    let mut parts = line.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or("", |(_, rest)| rest))
}
