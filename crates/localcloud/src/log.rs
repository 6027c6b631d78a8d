//! The log of requests: method, host, path, status and time of each; never a body, a query or a token.

use std::collections::VecDeque;
use std::io::Write as _;
use std::path::Path;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

/// Requests that are kept in memory.
const KEPT: usize = 10_000;

/// One request that was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was answered, in milliseconds since 1970.
    pub at: i64,
    /// The HTTP method.
    pub method: String,
    /// The host that was addressed, without its port; `aws` behind the AWS endpoint.
    pub host: String,
    /// The path without its query; for AWS the action, such as `ec2:CreateVpc`.
    pub path: String,
    /// The HTTP status; 0 when the connection was dropped instead.
    pub status: u16,
    /// Milliseconds until the answer.
    pub ms: u64,
    /// The AWS account that signed the request, where it is one of [`crate::AwsAccount`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// The log.
#[derive(Debug)]
pub(crate) struct Log {
    ring: Mutex<VecDeque<Entry>>,
    file: Mutex<std::fs::File>,
}

impl Log {
    /// Begins a log file.
    pub(crate) fn open(path: &Path) -> std::io::Result<Self> {
        // Written at its end, wherever that is: somebody may empty it meanwhile.
        std::fs::File::create(path)?;
        let file = std::fs::File::options().append(true).open(path)?;
        Ok(Self { ring: Mutex::default(), file: Mutex::new(file) })
    }

    pub(crate) fn add(&self, entry: Entry) {
        if let Ok(mut line) = serde_json::to_vec(&entry) {
            line.push(b'\n');
            let mut file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            // A full disk must not stop the service whose log it is.
            let _ = file.write_all(&line);
        }
        let mut ring = self.ring.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if ring.len() == KEPT {
            ring.pop_front();
        }
        ring.push_back(entry);
    }

    pub(crate) fn list(&self) -> Vec<Entry> {
        self.ring.lock().unwrap_or_else(std::sync::PoisonError::into_inner).iter().cloned().collect()
    }

    /// How many requests are kept, and the last ones that are `wanted`, the newest first.
    pub(crate) fn latest(&self, count: usize, wanted: impl Fn(&Entry) -> bool) -> (usize, Vec<Entry>) {
        let ring = self.ring.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        (ring.len(), ring.iter().rev().filter(|entry| wanted(entry)).take(count).cloned().collect())
    }

    pub(crate) fn clear(&self) {
        self.ring.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clear();
    }
}
