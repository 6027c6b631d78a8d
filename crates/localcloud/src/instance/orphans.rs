//! What drivers leave behind, when this process is the local cloud and nothing else: it adopts orphans, so that they end with it.

use crate::driver::process;

/// Makes this process the parent of orphaned descendants, and takes those that ended out of the process table. It needs a Tokio
/// runtime. Not for a process that has children of its own which it does not wait for at once.
///
/// # Errors
/// The system's, when it cannot adopt.
pub fn adopt() -> std::io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        nix::sys::prctl::set_child_subreaper(true)?;
        tokio::spawn(process::reap_orphans());
    }
    Ok(())
}

/// Ends every process that descends from this one.
pub async fn end() {
    process::end_descendants().await;
}
