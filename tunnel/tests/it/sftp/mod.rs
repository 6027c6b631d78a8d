//! `tunnel sftp` with OpenSSH's server as anyone else's, and with an endpoint over the tunnel's own stream.

mod flags;
mod stopping;
mod volumes;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use russh::keys::HashAlg;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::bench::{text, tunnel_program};
use crate::cloud::Cloud;
use crate::schema::fits;
use crate::sshd::{Sshd, keygen, user};

/// A server, and this machine's side: a home without anything of the person's.
struct There {
    sshd: Sshd,
    home: tempfile::TempDir,
}

impl There {
    async fn start() -> Self {
        Self { sshd: Sshd::start("").await, home: tempfile::tempdir().unwrap() }
    }

    fn here(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// A path in the server's folder, and its address.
    fn there(&self, name: &str) -> (PathBuf, String) {
        let path = self.sshd.folder.path().join(name);
        let address = format!("sftp://{}@127.0.0.1:{}{}", user(), self.sshd.server.port, path.display());
        (path, address)
    }

    fn fingerprint(&self) -> String {
        self.sshd.public("host").fingerprint(HashAlg::Sha256).to_string()
    }

    fn bare(&self, words: &[&str]) -> Command {
        let mut tunnel = Command::new(tunnel_program());
        tunnel.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", self.home.path());
        tunnel.arg("sftp").args(words).current_dir(self.home.path()).stdin(Stdio::null()).kill_on_drop(true);
        tunnel
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut tunnel = self.bare(words);
        tunnel.args(["--fingerprint", &self.fingerprint(), "-i"]).arg(self.sshd.folder.path().join("ecdsa"));
        tunnel
    }

    async fn run(&self, words: &[&str]) -> (i32, String, String) {
        text(&self.command(words).output().await.unwrap())
    }

    /// What a command that succeeds prints.
    async fn out(&self, words: &[&str]) -> String {
        let (code, out, said) = self.run(words).await;
        assert_eq!(code, 0, "{words:?}: {said}");
        out
    }
}

fn put(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn files_folders_and_streams_go_there_and_come_back() {
    let there = There::start().await;
    put(&there.here("tree/a.csv"), b"a");
    put(&there.here("tree/in/b.csv"), &[7; 600_000]);
    let (path, address) = there.there("files");
    let refused = there.run(&["put", "tree", &address]).await;
    assert!(
        refused.0 == 1 && refused.2.contains("is a folder\nCopy it with all that is in it: --recursive"),
        "{refused:?}"
    );
    let report = there.out(&["put", "-r", "tree", &address, "--json", "--checksum"]).await;
    assert_eq!(fs::read(path.join("in/b.csv")).unwrap(), [7; 600_000]);
    let listed = there.out(&["ls", &format!("{address}/**/*.csv"), "--json"]).await;
    let rows: Vec<Value> = serde_json::from_str(&listed).unwrap();
    assert_eq!((rows.len(), &rows[0]["size"], &rows[0]["kind"]), (2, &1.into(), &"file".into()));
    let stat = there.out(&["stat", &format!("{address}/in"), "--json"]).await;
    let got = there.out(&["get", &format!("{address}/*.csv"), &format!("{address}/in/*"), ".", "--json"]).await;
    assert_eq!(
        (fs::read(there.here("a.csv")).unwrap(), fs::read(there.here("b.csv")).unwrap().len()),
        (b"a".to_vec(), 600_000)
    );
    fits(&[("sftp put", &report), ("sftp ls", &listed), ("sftp stat", &stat), ("sftp get", &got)]);

    let piped = format!("{address}/piped");
    let mut child = there.command(&["put", "-", &piped]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"from a pipe").await.unwrap();
    assert!(child.wait_with_output().await.unwrap().status.success());
    assert_eq!(there.out(&["get", &piped, "-"]).await, "from a pipe");
    there.out(&["mv", &piped, &format!("{address}/a.csv")]).await;
    assert_eq!(fs::read(path.join("a.csv")).unwrap(), b"from a pipe");
    there.out(&["mkdir", "--parents", &format!("{address}/x/y")]).await;
    assert_eq!(there.run(&["rm", &format!("{address}/x")]).await.0, 1);
    there.out(&["rm", "-r", &format!("{address}/x"), &format!("{address}/a.csv")]).await;
    assert!(!path.join("x").exists() && !path.join("a.csv").exists());
    // A link that a pattern means is removed, and what it points to is not.
    std::os::unix::fs::symlink(path.join("in"), path.join("link")).unwrap();
    there.out(&["rm", "-r", &format!("{address}/li*")]).await;
    assert!(path.join("in/b.csv").exists() && !path.join("link").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_says_what_it_would_do_and_then_does_it() {
    let there = There::start().await;
    let (path, address) = there.there("files");
    put(&there.here("site/index"), b"new");
    put(&path.join("old"), b"old");
    there.out(&["sync", "site", &address]).await;
    assert!(path.join("old").exists(), "nothing is removed unless that is asked for");
    fs::remove_file(path.join("index")).unwrap();
    let sync = ["sync", "--delete", "site", &address];
    let dry = there.out(&[&sync[..], &["--dry-run"]].concat()).await;
    assert_eq!(dry, "copy    index\nremove  old\n");
    assert!(path.join("old").exists() && !path.join("index").exists());
    let report = there.out(&[&sync[..], &["--json"]].concat()).await;
    fits(&[("sftp sync", &report)]);
    assert_eq!((fs::read(path.join("index")).unwrap(), path.join("old").exists()), (b"new".to_vec(), false));
    let again: Value = serde_json::from_str(&there.out(&[&sync[..], &["--json"]].concat()).await).unwrap();
    assert_eq!((&again["files"], &again["same"]), (&0.into(), &1.into()));
    // And the other way.
    there.out(&["sync", &address, "back"]).await;
    assert_eq!(fs::read(there.here("back/index")).unwrap(), b"new");
    let missing = there.run(&["sync", "--delete", "nowhere", &address]).await;
    assert!(missing.0 == 3 && path.join("index").exists(), "{missing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_goes_the_way_step_by_step_and_names_the_step_that_fails() {
    let there = There::start().await;
    let (_, address) = there.there("");
    let steps = |out: &str| -> Vec<(String, bool)> {
        let tested: Value = serde_json::from_str(out).unwrap();
        let steps = tested["steps"].as_array().unwrap().iter();
        steps.map(|step| (step["step"].as_str().unwrap().to_owned(), step["ok"].as_bool().unwrap())).collect()
    };
    let ok = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), true)).collect::<Vec<_>>();
    let whole = there.out(&["test", &address, "--json"]).await;
    fits(&[("sftp test", &whole)]);
    assert_eq!(steps(&whole), ok(&["resolve", "connect", "host key", "log in", "sftp", "list"]));
    assert!(whole.contains(&there.fingerprint()));

    let check = async |mut command: Command, before: &[&str], step: &str, code: i32, said: &str| {
        let (found, out, words) = text(&command.output().await.unwrap());
        assert_eq!((found, steps(&out)), (code, [ok(before), vec![(step.to_owned(), false)]].concat()), "{words}");
        assert!(words.contains(said), "{words}");
    };
    check(there.bare(&["test", "--json", &address]), &["resolve", "connect"], "host key", 1, &there.fingerprint())
        .await;
    let wrong = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let other = there.bare(&["test", "--json", &address, "--fingerprint", wrong]);
    check(other, &["resolve", "connect"], "host key", 1, "another one than is known").await;
    let no = keygen(there.home.path(), "no", &["-t", "ed25519", "-N", ""]);
    let mut stranger = there.bare(&["test", "--json", &address, "--fingerprint", &there.fingerprint(), "-i"]);
    stranger.arg(no);
    check(stranger, &["resolve", "connect", "host key"], "log in", 4, "the server takes publickey").await;
    let locked = |words: &[&str]| {
        let mut command = there.bare(&["test", "--json", &address, "--fingerprint", &there.fingerprint()]);
        command.args(words).arg("-i").arg(there.sshd.folder.path().join("locked"));
        command
    };
    check(locked(&[]), &["resolve", "connect", "host key"], "log in", 4, "--passphrase-file").await;
    put(&there.here("phrase"), b"a phrase\n");
    assert_eq!(locked(&["--passphrase-file", "phrase"]).output().await.unwrap().status.code(), Some(0));
    assert_eq!(locked(&[]).env("TUNNEL_SFTP_PASSPHRASE", "a phrase").output().await.unwrap().status.code(), Some(0));
    let nowhere = there.command(&["test", "--json", &format!("{address}/nowhere")]);
    check(nowhere, &["resolve", "connect", "host key", "log in", "sftp"], "list", 3, "no such file").await;
    let named = there.bare(&["test", "--json", "sftp://me@no.such.host.invalid/"]);
    check(named, &[], "resolve", 1, "has no address").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_said_before_anything_is_done() {
    let there = There::start().await;
    let (path, address) = there.there("files");
    let check = async |words: &[&str], code: i32, said: &str| {
        let (found, _, told) = there.run(words).await;
        assert!(found == code && told.contains(said), "{words:?}: {found} {told}");
    };
    check(&["ls", "sftp://me:hush@host/"], 1, "a password does not belong into a command line").await;
    assert!(!there.run(&["ls", "sftp://me:hush@host/"]).await.2.contains("hush"));
    check(&["put", "nowhere", &address], 3, "nowhere: no such file or folder").await;
    check(&["get", &address, "."], 3, "no such file or folder").await;
    check(&["get", &format!("{address}*.csv"), "."], 3, "nothing on the server is meant by").await;
    check(&["put", "x", "y"], 1, "the last place is where to").await;
    put(&path.join("kept"), b"k");
    let root = address.replace(&path.display().to_string(), "/");
    check(&["rm", "-r", &format!("{address}/kept"), &root], 1, "a root or a home").await;
    assert!(path.join("kept").exists(), "nothing is removed before all of it may be");
    fs::remove_dir_all(&path).unwrap();
    check(&["put", &format!("{address}/a"), &format!("{address}/b")], 1, "straight to another").await;
    check(&["get", "here", &address], 1, "tunnel sftp put").await;
    put(&there.here("one"), b"1");
    put(&there.here("two"), b"2");
    check(&["put", "one", "two", &address], 1, "several files cannot all become").await;
    check(&["put", "one", &format!("{address}/in/")], 3, "is no folder of the server").await;
    assert!(!path.exists());
    check(&["put", "one", &address, "--limit", "fast"], 2, "is no number of bytes").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_reached_without_a_program_of_others() {
    let cloud = Cloud::start().await;
    let folder = tempfile::tempdir().unwrap();
    let local = folder.path().join("local");
    fs::write(&local, vec![9; 3_000_000]).unwrap();
    let there = folder.path().join("there");
    let place = format!("demo:{}", there.display());
    let run = async |words: &[&str]| {
        let mut tunnel = cloud.tunnel("ada");
        // No ssh is to be found.
        tunnel.arg("sftp").args(words).arg("--outputs").arg(cloud.outputs()).env("PATH", folder.path());
        text(&tunnel.output().await.unwrap())
    };
    let (code, _, said) = run(&["put", local.to_str().unwrap(), &place]).await;
    assert_eq!(code, 0, "{said}");
    assert!(fs::read(&there).unwrap() == fs::read(&local).unwrap());
    let (code, out, said) = run(&["test", &format!("demo:{}", folder.path().display()), "--json"]).await;
    assert_eq!(code, 0, "{said}");
    assert!(out.contains("the endpoint demo is reached"), "{out}");
}
