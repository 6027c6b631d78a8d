//! What a person sees while files are copied: on a terminal a moving line with bytes and their rate, elsewhere nothing.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// The line.
pub(super) struct Meter(ProgressBar);

impl Meter {
    /// Begins one. `total` is the number of bytes, where it is known.
    pub(super) fn begin(total: Option<u64>, quiet: bool) -> Self {
        if quiet || !std::io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let (bar, form) = match total {
            Some(total) => (
                ProgressBar::new(total),
                "{wide_bar} {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec} {eta}",
            ),
            None => (ProgressBar::no_length(), "{spinner} {decimal_bytes} {decimal_bytes_per_sec} {msg}"),
        };
        if let Ok(style) = ProgressStyle::with_template(form) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar)
    }

    /// So many bytes more have arrived.
    pub(super) fn carried(&self, more: u64) {
        self.0.inc(more);
    }

    /// A file is done.
    pub(super) fn file(&self) {
        if !self.0.is_hidden() {
            let files: u64 = self.0.message().split(' ').next().and_then(|count| count.parse().ok()).unwrap_or(0);
            self.0.set_message(format!("{} files", files + 1));
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
