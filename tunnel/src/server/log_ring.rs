//! The server's last warnings, in memory, for `/logs`: what a client shows when a login fails.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::say;

/// Bytes that are kept, as in the official server.
const CAPACITY: usize = 16 * 1024;

/// A ring of lines. Cheap to clone: all clones are one ring.
#[derive(Debug, Clone, Default)]
pub struct LogRing(Arc<Mutex<Lines>>);

#[derive(Debug, Default)]
struct Lines {
    lines: VecDeque<String>,
    bytes: usize,
}

impl LogRing {
    /// Adds a line, also to stderr (the run's output), and forgets the oldest when there are too many.
    pub fn warn(&self, line: impl Into<String>) {
        let line = line.into();
        say!("{line}");
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += line.len() + 1;
        kept.lines.push_back(line);
        while kept.bytes > CAPACITY {
            let Some(oldest) = kept.lines.pop_front() else { break };
            kept.bytes = kept.bytes.saturating_sub(oldest.len() + 1);
        }
    }

    /// All kept lines, oldest first.
    pub fn text(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_lines_are_kept() {
        let ring = LogRing::default();
        for number in 0..2000 {
            ring.warn(format!("line {number:04}"));
        }
        let text = ring.text();
        assert!(text.len() <= CAPACITY, "{}", text.len());
        assert!(text.ends_with("line 1999\n"));
        assert!(text.starts_with("line "));
    }
}
