//! Shows what is longer than the terminal through the person's pager.

use std::process::Stdio;

use tokio::process::{Child, Command};

use crate::environment;

/// A pager that runs.
#[derive(Debug)]
pub struct Pager(Child);

impl Pager {
    /// Starts PAGER, or less; `None` where there is none, or none is wanted. less ends by itself where all fits the screen, and leaves
    /// lines where they are.
    pub fn start() -> Option<Self> {
        let program = environment::value("PAGER").unwrap_or_else(|| "less".to_owned());
        let mut words = program.split_whitespace();
        let name = words.next().filter(|name| *name != "cat")?;
        let mut command = Command::new(name);
        command.args(words).stdin(Stdio::piped()).kill_on_drop(true);
        if environment::value("LESS").is_none() {
            command.env("LESS", "FRX");
        }
        command.spawn().ok().map(Self)
    }

    /// Where its text goes.
    pub fn input(&mut self) -> Option<tokio::process::ChildStdin> {
        self.0.stdin.take()
    }

    /// Waits until the person has read.
    pub async fn end(mut self) {
        let _ = self.0.wait().await;
    }
}
