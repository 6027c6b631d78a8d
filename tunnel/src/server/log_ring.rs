//! The server's last warnings, in memory, for `/logs`: what a client shows when a login fails.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::say;

/// Bytes that are kept, as in the official server.
const CAPACITY: usize = 16 * 1024;

/// A ring of lines. Cheap to clone: all clones are one ring.
#[derive(Debug, Clone, Default)]
pub struct LogRing {
    kept: Arc<Mutex<Lines>>,
    /// The session that this clone's lines are about.
    session: Option<Arc<str>>,
}

#[derive(Debug, Default)]
struct Lines {
    lines: VecDeque<(Option<Arc<str>>, String)>,
    bytes: usize,
}

impl LogRing {
    /// The same ring, for lines about one session.
    pub fn of_session(&self, id: &str) -> Self {
        Self { kept: self.kept.clone(), session: Some(id.into()) }
    }

    /// Adds a line, also to stderr (the run's output), and forgets the oldest when there are too many.
    pub fn warn(&self, line: impl Into<String>) {
        let line = line.into();
        say!("{line}");
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += line.len() + 1;
        kept.lines.push_back((self.session.clone(), line));
        while kept.bytes > CAPACITY {
            let Some((_, oldest)) = kept.lines.pop_front() else { break };
            kept.bytes = kept.bytes.saturating_sub(oldest.len() + 1);
        }
    }

    /// All kept lines, oldest first.
    pub fn text(&self) -> String {
        self.text_of(|_| true)
    }

    /// The kept lines about the sessions whose ids begin so, oldest first.
    pub fn text_of_session(&self, id: &str) -> String {
        self.text_of(|session| session.is_some_and(|session| session.starts_with(id)))
    }

    fn text_of(&self, is_wanted: impl Fn(Option<&str>) -> bool) -> String {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = kept.lines.iter().filter(|(session, _)| is_wanted(session.as_deref()));
        wanted.flat_map(|(_, line)| [line.as_str(), "\n"]).collect()
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

    #[test]
    fn a_sessions_lines_are_told_from_others() {
        let ring = LogRing::default();
        ring.warn("nobody's");
        ring.of_session("a-1").warn("one's");
        ring.of_session("b").warn("another's");
        ring.of_session("a-2").warn("one's again");
        assert_eq!(ring.text_of_session("a-"), "one's\none's again\n");
        assert_eq!(ring.text_of_session("c"), "");
        assert_eq!(ring.text(), "nobody's\none's\nanother's\none's again\n");
    }
}
