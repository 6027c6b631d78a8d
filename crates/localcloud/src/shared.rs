//! One local cloud for all tests of a process: starting AWS takes seconds, and tests run side by side.

use std::path::Path;
use std::sync::OnceLock;

use crate::options::{Aws, Options};
use crate::running::Running;
use crate::server::Server;

static SHARED: OnceLock<Result<Running, String>> = OnceLock::new();

/// The local cloud that all callers in this process share, with AWS by moto from a virtual environment. The first caller starts it,
/// and the others wait for that. It needs no runtime, and ends with the process: nobody stops it.
///
/// Each test takes an account of its own, so that none sees another one's objects, faults and requests:
///
/// ```no_run
/// # fn test(venv: &std::path::Path) -> Result<(), String> {
/// let account = localcloud::shared(venv)?.aws_account().ok_or("no AWS")?;
/// // Clients: account.endpoint(), account.access_key_id(), account.secret_access_key(), any region.
/// account.fault(localcloud::Fault::lost_answer("ec2:CreateVpc"));
/// // … the code under test …
/// assert_eq!(account.asked("ec2:CreateVpc"), 2);
/// # Ok(()) }
/// ```
///
/// # Errors
/// Why it does not start, with the way out: a missing Python, a virtual environment that cannot be made.
pub fn shared(venv: &Path) -> Result<&'static Running, &'static str> {
    SHARED.get_or_init(|| start(venv)).as_ref().map_err(String::as_str)
}

fn start(venv: &Path) -> Result<Running, String> {
    let dir = tempfile::tempdir().map_err(|error| format!("there is no room for the local cloud's files: {error}"))?;
    let options =
        Options { aws: Aws::Moto { venv: venv.to_owned() }, ephemeral: true, ..Options::for_tests(dir.path()) };
    let (send, receive) = std::sync::mpsc::channel();
    let serve = move || {
        let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return drop(send.send(Err(error.to_string()))),
        };
        runtime.block_on(async {
            let started = Server::start(options).await.map_err(|error| error.to_string());
            let serves = started.is_ok();
            if send.send(started).is_ok() && serves {
                // The tasks of the local cloud are this runtime's.
                std::future::pending::<()>().await;
            }
        });
    };
    std::thread::Builder::new()
        .name("localcloud".to_owned())
        .spawn(serve)
        .map_err(|error| format!("the local cloud cannot have a thread: {error}"))?;
    let running = receive.recv().map_err(|_| "the local cloud ended while it started".to_owned())??;
    // From here on AWS's side removes it.
    let _ = dir.keep();
    Ok(running)
}
