//! What a signal leaves of a copy: nothing that is unfinished, at either end.

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Child;
use tokio_util::sync::CancellationToken;

use super::*;

/// Bytes of a file that takes long at the rates below.
const LARGE: u64 = 100_000_000;

/// The hidden parts below a folder.
pub(super) fn parts(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(parts(&path));
        } else if path.extension().is_some_and(|end| end == "part") {
            found.push(path);
        }
    }
    found
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..3000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}

/// A copy under way: a part of it is in the folder, with so many bytes.
pub(super) async fn begun(mut command: Command, folder: &Path, bytes: u64) -> Child {
    let piped = || Stdio::piped();
    let child = command.stdin(piped()).stdout(piped()).stderr(piped()).spawn().unwrap();
    let has_begun = || parts(folder).iter().any(|part| fs::metadata(part).is_ok_and(|like| like.len() >= bytes));
    until("a part", has_begun).await;
    child
}

fn send(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()), signal).unwrap();
}

/// How it ends after a signal.
pub(super) async fn stopped(child: Child, signal: Signal) -> (i32, String, String) {
    send(&child, signal);
    ended(child).await
}

/// How it ends.
pub(super) async fn ended(mut child: Child) -> (i32, String, String) {
    // What it reads goes on to be held open: an end of it is no answer to a signal.
    let stdin = child.stdin.take();
    let ended = tokio::time::timeout(Duration::from_secs(9), child.wait_with_output()).await;
    drop(stdin);
    text(&ended.expect("it ends soon").unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_interrupted_leaves_what_was_there_and_no_part() {
    let there = There::start().await;
    let (path, address) = there.there("files");
    for file in [there.here("tree/large"), path.join("tree/large")] {
        put(&file, b"");
        fs::OpenOptions::new().write(true).open(file).unwrap().set_len(LARGE).unwrap();
    }
    put(&there.here("tree/a/small"), b"s");
    put(&there.here("down"), b"old here");
    put(&path.join("up"), b"old there");
    let up = format!("{address}/up");
    let new = format!("{address}/new");
    let tree = format!("{address}/tree");
    let large = format!("{address}/tree/large");
    let stopping = [
        (Signal::SIGINT, vec!["put", "tree/large", &up]),
        (Signal::SIGTERM, vec!["put", "-", &up]),
        (Signal::SIGHUP, vec!["put", "-r", "tree", &new]),
        (Signal::SIGTERM, vec!["sync", "--json", "tree", &new]),
        (Signal::SIGINT, vec!["get", "--checksum", &large, "down"]),
        (Signal::SIGTERM, vec!["get", "-r", &tree, "new"]),
    ];
    for (signal, words) in stopping {
        let folder = if words.contains(&"get") { there.home.path() } else { &path };
        let mut command = there.command(&words);
        command.args(["--limit", "4M"]);
        let (code, out, said) = stopped(begun(command, folder, 0).await, signal).await;
        assert_eq!(code, 130, "{words:?}: {said}");
        assert!(said.contains("stopped: of files that were not finished nothing is left"), "{words:?}: {said}");
        assert_eq!((parts(&path), parts(there.home.path())), (vec![], vec![]), "{words:?}");
        if words.contains(&"--json") {
            fits(&[("sftp sync", &out)]);
            assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["stopped"], true);
        }
    }
    assert_eq!(
        (fs::read(path.join("up")).unwrap(), fs::read(there.here("down")).unwrap().as_slice()),
        (b"old there".to_vec(), &b"old here"[..])
    );
    assert!(!path.join("new/large").exists() && !there.here("new/large").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn with_resume_what_has_arrived_stays_and_is_gone_on_with() {
    let there = There::start().await;
    let (path, address) = there.there("files");
    fs::create_dir_all(&path).unwrap();
    let bytes: Vec<u8> = (0..LARGE).map(|at| (at % 251) as u8).collect();
    put(&there.here("large"), &bytes);
    let up = format!("{address}/up");
    for (folder, words) in [(path.as_path(), ["put", "large", &up]), (there.home.path(), ["get", &up, "back"])] {
        let words = [&words[..], &["--resume", "--json"]].concat();
        let mut command = there.command(&words);
        command.args(["--limit", "40M"]);
        let (code, _, said) = stopped(begun(command, folder, 24_000_000).await, Signal::SIGINT).await;
        let left = parts(folder);
        let [part] = &*left else { panic!("{left:?}") };
        let name = part.file_name().unwrap().to_str().unwrap();
        assert!(code == 130 && said.contains("stays for --resume") && said.contains(name), "{code} {said}");
        let report: Value = serde_json::from_str(&there.out(&words).await).unwrap();
        assert!(report["resumed"].as_u64().unwrap() > 1_000_000, "{report}");
        assert_eq!((parts(folder), &report["stopped"]), (vec![], &false.into()));
    }
    assert!(fs::read(path.join("up")).unwrap() == bytes && fs::read(there.here("back")).unwrap() == bytes);
}

/// A way to a port that goes silent once it is cut. Answers its own port.
async fn cable(to: u16, cut: CancellationToken) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let cut = cut.clone();
            tokio::spawn(async move {
                let mut far = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                    () = cut.cancelled() => std::future::pending().await,
                }
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_at_once_what_cannot_tidy_up() {
    let there = There::start().await;
    let (path, address) = there.there("files");
    fs::create_dir_all(&path).unwrap();
    let cut = CancellationToken::new();
    let port = cable(there.sshd.server.port, cut.clone()).await;
    put(&there.here("large"), &[7; 40_000_000]);
    let address = address.replace(&there.sshd.server.port.to_string(), &port.to_string());
    let mut child = begun(there.command(&["put", "large", &format!("{address}/up"), "--limit", "4M"]), &path, 0).await;
    cut.cancel();
    send(&child, Signal::SIGINT);
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert!(child.try_wait().unwrap().is_none(), "it tidies up");
    let (code, _, said) = stopped(child, Signal::SIGINT).await;
    assert!(code == 130 && said.contains("hidden ones may be left"), "{code} {said}");
}
