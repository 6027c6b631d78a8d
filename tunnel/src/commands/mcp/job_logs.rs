//! The logs of a job, as `tunnel job logs` of this program tells them.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

use crate::error::{Context, Error, Result};
use crate::jobs::reference::JobReference;

/// What of a log's end is told where no number is asked for, in bytes.
const USUAL: u32 = 16 * 1024;
/// The most of it.
const MOST: u32 = 256 * 1024;

/// The end of a job's logs.
pub(super) async fn tail(job: &str, max_bytes: Option<u32>) -> Result<Value> {
    // It becomes an argument: what is none of a job's names is refused here, whatever it begins with.
    job.parse::<JobReference>().map_err(|error| Error::new(format!("{job:?} is no job: {error}")))?;
    let most = usize::try_from(max_bytes.unwrap_or(USUAL).clamp(1, MOST)).unwrap_or_default();
    let program = std::env::current_exe().context(|| "cannot find this program".to_owned())?;
    let mut child = Command::new(program)
        .args(["job", "logs", "--", job])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context(|| "cannot ask for the logs".to_owned())?;
    let (stdout, stderr) = tokio::join!(end_of(child.stdout.take(), most), end_of(child.stderr.take(), most));
    let (stdout, stderr) = (stdout?, stderr?);
    let status = child.wait().await.context(|| "cannot ask for the logs".to_owned())?;
    if !status.success() {
        return Err(Error::new(format!("the job's logs are not to be had: {}", stderr.trim())));
    }
    Ok(json!({"stdout": stdout, "stderr": stderr}))
}

/// The last bytes of a stream.
async fn end_of(stream: Option<impl AsyncRead + Unpin>, most: usize) -> Result<String> {
    let Some(mut stream) = stream else { return Ok(String::new()) };
    let mut kept: Vec<u8> = Vec::new();
    let mut piece = vec![0; 16 * 1024];
    loop {
        let length = stream.read(&mut piece).await.context(|| "cannot read the logs".to_owned())?;
        let Some(read) = piece.get(..length).filter(|read| !read.is_empty()) else { break };
        kept.extend_from_slice(read);
        let excess = kept.len().saturating_sub(most);
        kept.drain(..excess);
    }
    Ok(String::from_utf8_lossy(&kept).into_owned())
}
