//! Limits that several files here keep.

use std::time::Duration;

/// How long programs may take to end after their connection did.
pub(super) const GRACE: Duration = Duration::from_secs(10);
/// Bytes that a client may send on a channel before it is told that they arrived.
pub(super) const WINDOW: u32 = 2 * 1024 * 1024;
