//! What a person sees while a cluster and a server start: on a terminal one moving line with the stage and the time it takes,
//! elsewhere one line per stage. Always on stderr, since stdout may be the SSH stream.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A line on stderr, as `eprintln!`; but when nobody reads it any more, that is no reason to end without tidying up.
#[macro_export]
macro_rules! say {
    ($($words:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr().lock(), $($words)*);
    }};
}

/// Shows stages. Nothing is shown before the first, and nothing stays on a terminal after the last.
#[derive(Debug, Default)]
pub struct Progress {
    shown: Mutex<Shown>,
}

#[derive(Debug, Default)]
struct Shown {
    stage: String,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Begins a stage, or changes its words.
    pub fn stage(&self, stage: impl Into<String>) {
        let stage = stage.into();
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.stage == stage {
            return;
        }
        tracing::info!("{stage}");
        if tracing::enabled!(tracing::Level::INFO) {
            // It stands there already, and a moving line would run into others.
        } else if std::io::stderr().is_terminal() {
            let bar = shown.bar.get_or_insert_with(spinner);
            bar.set_message(stage.clone());
        } else {
            crate::say!("tunnel: {stage}");
        }
        shown.stage = stage;
    }

    /// The same, but elsewhere than on a terminal nothing is said: for stages whose end is said anyway.
    pub fn stage_on_terminal(&self, stage: impl Into<String>) {
        if std::io::stderr().is_terminal() {
            self.stage(stage);
        }
    }

    /// Takes the line away.
    pub fn done(&self) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = shown.bar.take() {
            bar.finish_and_clear();
        }
        shown.stage.clear();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.done();
    }
}

fn spinner() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}
