//! What each flag of `tunnel sftp` changes, seen at the server.

use std::os::unix::fs::{FileExt, PermissionsExt};
use std::time::{Duration, SystemTime};

use super::stopping::{begun, ended, parts};
use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn preserve_keeps_times_and_modes_and_without_it_files_are_new() {
    let there = There::start().await;
    let (path, address) = there.there("file");
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_500_000_000);
    put(&there.here("local"), b"some");
    fs::set_permissions(there.here("local"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::File::options().write(true).open(there.here("local")).unwrap().set_modified(old).unwrap();
    let like = |path: &Path| {
        let like = fs::metadata(path).unwrap();
        (like.permissions().mode() & 0o777 == 0o600, like.modified().unwrap() == old)
    };
    there.out(&["put", "local", &address]).await;
    assert!(!like(&path).1);
    there.out(&["put", "--preserve", "local", &address]).await;
    there.out(&["get", "--preserve", &address, "back"]).await;
    assert_eq!((like(&path), like(&there.here("back"))), ((true, true), (true, true)));
    there.out(&["get", &address, "new"]).await;
    assert!(!like(&there.here("new")).1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_is_kept_to_and_a_checksum_finds_what_became_another_file() {
    let there = There::start().await;
    let (path, address) = there.there("files");
    fs::create_dir_all(&path).unwrap();
    put(&there.here("local"), &[7; 3_000_000]);
    let place = format!("{address}/file");
    for words in [["put", "local", &place], ["get", &place, "back"]] {
        let report = there.out(&[&words[..], &["--limit", "2M", "--json"]].concat()).await;
        let seconds = serde_json::from_str::<Value>(&report).unwrap()["seconds"].as_f64().unwrap();
        assert!(seconds > 1.0, "{report}");
    }
    let words = ["put", "local", &place, "--limit", "2M", "--checksum"];
    let spoiled = begun(there.command(&words), &path, 1_000_000).await;
    let part = parts(&path).pop().unwrap();
    fs::File::options().write(true).open(part).unwrap().write_all_at(b"x", 0).unwrap();
    let (code, _, said) = ended(spoiled).await;
    assert!(code == 1 && said.contains("has other bytes than were sent"), "{code} {said}");
    assert!(fs::read(path.join("file")).unwrap() == [7; 3_000_000] && parts(&path).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_write_hears_it_and_exits_with_4() {
    let sshd = Sshd::start("ForceCommand internal-sftp -R").await;
    let there = There { sshd, home: tempfile::tempdir().unwrap() };
    let (path, address) = there.there("files");
    put(&path.join("kept"), b"k");
    put(&there.here("tree/local"), b"l");
    let kept = format!("{address}/kept");
    for words in [
        &["put", "tree/local", &kept][..],
        &["put", "-r", "tree", &address],
        &["mkdir", &format!("{address}/new")],
        &["rm", &kept],
        &["mv", &kept, &format!("{address}/other")],
    ] {
        let (code, _, said) = there.run(words).await;
        assert!(code == 4 && said.contains("permission denied"), "{words:?}: {code} {said}");
    }
    assert_eq!(there.out(&["get", &kept, "-"]).await, "k");
}

#[tokio::test(flavor = "multi_thread")]
async fn known_hosts_vouch_for_a_server_by_its_key() {
    let there = There::start().await;
    let (_, address) = there.there("");
    let line = |name: &str| {
        let key = there.sshd.public(name).to_openssh().unwrap();
        format!("[127.0.0.1]:{} {key}\n", there.sshd.server.port)
    };
    let run = async |words: &[&str]| {
        let mut command = there.bare(&[&["ls", &address][..], words].concat());
        command.arg("-i").arg(there.sshd.folder.path().join("ecdsa"));
        text(&command.output().await.unwrap())
    };
    let unknown = run(&[]).await;
    assert!(unknown.0 == 1 && unknown.2.contains(&there.fingerprint()), "{unknown:?}");
    put(&there.here("mine"), line("host").as_bytes());
    // Another key of the same kind.
    put(&there.here("wrong"), line("locked").as_bytes());
    assert_eq!(run(&["--known-hosts", "mine"]).await.0, 0);
    let wrong = run(&["--known-hosts", "wrong"]).await;
    assert!(wrong.0 == 1 && wrong.2.contains("another one than is known"), "{wrong:?}");
    put(&there.here(".ssh/known_hosts"), line("host").as_bytes());
    assert_eq!(run(&[]).await.0, 0);
    assert_eq!(run(&["--known-hosts", "wrong"]).await.0, 1, "the named file stands in place of one's own");
}

/// A server that notes down each start, and with `mute` keeps its limits to itself.
const SERVER: &str = "#!/usr/bin/env python3
import os, subprocess, sys
log, mute = sys.argv[1:]
with open(log, 'a') as file: file.write('x')
places = ['/usr/lib/openssh/sftp-server', '/usr/libexec/openssh/sftp-server', '/usr/libexec/sftp-server']
server = subprocess.Popen([next(filter(os.path.exists, places))], stdin=0, stdout=subprocess.PIPE)
greeting = os.read(server.stdout.fileno(), 65536)
os.write(1, greeting.replace(b'limits@', b'limitz@') if mute == 'mute' else greeting)
while piece := os.read(server.stdout.fileno(), 65536):
    while piece: piece = piece[os.write(1, piece):]
";

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_asked_for_as_many_channels_as_it_is_known_to_take() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("server");
    put(&script, SERVER.as_bytes());
    let check = async |mute: &str, more: &[&str], expected: usize| {
        let log = folder.path().join(format!("log-{mute}-{}", more.concat()));
        let sshd = Sshd::start(&format!("ForceCommand python3 {} {} {mute}", script.display(), log.display())).await;
        let there = There { sshd, home: tempfile::tempdir().unwrap() };
        let (path, address) = there.there("file");
        put(&there.here("local"), &[5; 3_000_000]);
        there.out(&[&["put", "local", &address][..], more].concat()).await;
        assert!(fs::read(path).unwrap() == [5; 3_000_000]);
        assert_eq!(fs::read(&log).unwrap().len(), expected, "{mute} {more:?}");
    };
    check("mute", &[], 1).await;
    check("tell", &[], 8).await;
    check("mute", &["--parallel", "3"], 3).await;
}
