//! `tunnel sftp` with Unity Catalog volumes: on this machine's other side, and on a server's.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use nix::sys::signal::Signal;
use serde_json::json;

use super::stopping::{begun, parts, stopped};
use super::*;

/// Bytes of a file that is no small one.
const LARGE: usize = 3_000_000;

/// A workspace with two volumes, and this machine's side.
struct Volumes {
    cloud: Cloud,
    home: tempfile::TempDir,
}

impl Volumes {
    async fn start() -> Self {
        let cloud = Cloud::start().await;
        cloud.post("/api/2.1/unity-catalog/catalogs", json!({"name": "main"})).await;
        cloud.post("/api/2.1/unity-catalog/schemas", json!({"name": "sales", "catalog_name": "main"})).await;
        for name in ["in", "out"] {
            let volume =
                json!({"name": name, "catalog_name": "main", "schema_name": "sales", "volume_type": "MANAGED"});
            cloud.post("/api/2.1/unity-catalog/volumes", volume).await;
        }
        Self { cloud, home: tempfile::tempdir().unwrap() }
    }

    fn here(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut tunnel = self.cloud.tunnel("ada");
        tunnel.arg("sftp").args(words).args(["--host", &self.cloud.endpoint.host]).current_dir(self.home.path());
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

    /// What is refused, and how.
    async fn check(&self, words: &[&str], code: i32, said: &str) {
        let (found, _, told) = self.run(words).await;
        assert!(found == code && told.contains(said), "{words:?}: {found} {told}");
    }

    /// The calls of this kind misbehave.
    fn fault(&self, call: &str, how: Value) {
        let mut fault = json!({"match": call, "times": 1000});
        fault.as_object_mut().unwrap().extend(how.as_object().unwrap().clone());
        self.cloud.cloud.clear_faults();
        self.cloud.cloud.fault(serde_json::from_value(fault).unwrap());
    }

    /// The names in this machine's folder.
    fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.here(folder)).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

fn counts(report: &str, names: [&str; 2]) -> [u64; 2] {
    let report: Value = serde_json::from_str(report).unwrap();
    names.map(|name| report[name].as_u64().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_goes_up_is_looked_at_and_comes_down_again() {
    let volumes = Volumes::start().await;
    let large: Vec<u8> = (0..LARGE).map(|at| (at % 251) as u8).collect();
    put(&volumes.here("tree/a.csv"), b"a");
    put(&volumes.here("tree/.hidden"), b"h");
    put(&volumes.here("tree/deep/b.bin"), &large);
    put(&volumes.here("tree/deep/none.csv"), b"");
    volumes.check(&["put", "tree", "/Volumes/main/sales/in"], 1, "--recursive").await;
    let report = volumes.out(&["put", "-r", "tree", "/Volumes/main/sales/in", "--json"]).await;
    assert_eq!(counts(&report, ["files", "bytes"]), [4, LARGE as u64 + 2]);

    let listed = volumes.out(&["ls", "/Volumes/main/sales/in/tree", "--json"]).await;
    let rows: Vec<Value> = serde_json::from_str(&listed).unwrap();
    let named: Vec<(&str, &str)> =
        rows.iter().map(|row| (row["name"].as_str().unwrap(), row["kind"].as_str().unwrap())).collect();
    assert_eq!(named, [("a.csv", "file"), ("deep", "folder")]);
    assert!(rows[0]["mode"].is_null() && rows[0]["modified"].is_string() && rows[0]["size"] == 1, "{rows:?}");
    let matched = volumes.out(&["ls", "/Volumes/main/sales/in/**/*.csv", "--json"]).await;
    assert!(matched.contains("in/tree/a.csv") && matched.contains("in/tree/deep/none.csv"), "{matched}");
    let stat = volumes.out(&["stat", "/Volumes/main/sales/in/tree/deep/b.bin", "--json"]).await;
    let row: Value = serde_json::from_str(&stat).unwrap();
    assert_eq!((&row["size"], &row["kind"]), (&LARGE.into(), &"file".into()));
    assert!(row["modified"].is_string(), "{row}");
    let folder = volumes.out(&["stat", "/Volumes/main/sales/in", "--json"]).await;
    assert!(folder.contains("\"folder\""), "{folder}");

    let got = volumes.out(&["get", "-r", "/Volumes/main/sales/in/tree", "back", "--json"]).await;
    assert_eq!(fs::read(volumes.here("back/deep/b.bin")).unwrap(), large);
    assert_eq!(volumes.names("back"), [".hidden", "a.csv", "deep"]);
    assert_eq!(volumes.names("back/deep"), ["b.bin", "none.csv"]);
    volumes.out(&["get", "/Volumes/main/sales/in/tree/**/*.csv", "/Volumes/main/sales/in/tree/deep/b.bin"]).await;
    assert_eq!(volumes.names("."), ["a.csv", "b.bin", "back", "none.csv", "tree"]);
    assert_eq!(volumes.out(&["get", "/Volumes/main/sales/in/tree/a.csv", "-"]).await, "a");

    let across = volumes.out(&["put", "-r", "/Volumes/main/sales/in/tree", "/Volumes/main/sales/out/", "--json"]).await;
    assert_eq!(counts(&across, ["files", "bytes"]), [4, LARGE as u64 + 2]);
    volumes.out(&["get", "/Volumes/main/sales/out/tree/deep/b.bin", "across"]).await;
    assert_eq!(fs::read(volumes.here("across")).unwrap(), large);
    fits(&[
        ("sftp put", &report),
        ("sftp ls", &listed),
        ("sftp stat", &stat),
        ("sftp stat", &folder),
        ("sftp get", &got),
    ]);
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_are_made_and_removed_and_the_volume_stays() {
    let volumes = Volumes::start().await;
    let ls = async |place: &str| volumes.run(&["ls", place]).await.0;
    volumes.check(&["mkdir", "/Volumes/main/sales/in/x/y"], 3, "--parents").await;
    volumes.out(&["mkdir", "--parents", "/Volumes/main/sales/in/x/y"]).await;
    volumes.check(&["mkdir", "/Volumes/main/sales/in/x"], 1, "is there already").await;
    volumes.out(&["mkdir", "/Volumes/main/sales/in/x/z"]).await;
    put(&volumes.here("one.csv"), b"1");
    put(&volumes.here("two.csv"), b"2");
    volumes.out(&["put", "one.csv", "two.csv", "/Volumes/main/sales/in/x"]).await;
    volumes.check(&["put", "one.csv", "two.csv", "/Volumes/main/sales/in/new"], 1, "several files").await;

    volumes.check(&["rm", "/Volumes/main/sales/in/x"], 1, "--recursive").await;
    let dry = volumes.out(&["rm", "-r", "--dry-run", "/Volumes/main/sales/in/x"]).await;
    assert_eq!(dry.lines().count(), 5, "{dry}");
    volumes.out(&["rm", "/Volumes/main/sales/in/x/one*"]).await;
    assert_eq!((ls("/Volumes/main/sales/in/x/one.csv").await, ls("/Volumes/main/sales/in/x/two.csv").await), (3, 0));
    for (place, said) in [
        ("/Volumes/main/sales/in", "it is a volume"),
        ("/Volumes/main/sales/in/x/../", "no .."),
        ("/Volumes/main/sales", "named in full"),
        ("/Volumes/main/sales/*", "named in full"),
    ] {
        volumes.check(&["rm", "-r", "/Volumes/main/sales/in/x", place], 1, said).await;
    }
    assert_eq!(ls("/Volumes/main/sales/in/x/two.csv").await, 0, "nothing is removed before all of it may be");
    volumes.check(&["mv", "/Volumes/main/sales/in/x", "/Volumes/main/sales/in/y"], 1, "renames nothing\nCopy it").await;
    volumes.out(&["rm", "-r", "/Volumes/main/sales/in/*"]).await;
    assert_eq!(volumes.out(&["ls", "/Volumes/main/sales/in", "--json"]).await.trim(), "[]");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_copies_what_differs_between_this_machine_and_volumes() {
    let volumes = Volumes::start().await;
    put(&volumes.here("site/index"), b"new");
    put(&volumes.here("site/deep/page"), b"page");
    put(&volumes.here("old"), b"old");
    volumes.out(&["put", "old", "/Volumes/main/sales/in/site/old"]).await;
    let sync = ["sync", "--delete", "site", "/Volumes/main/sales/in/site"];
    let dry = volumes.out(&[&sync[..], &["--dry-run"]].concat()).await;
    let mut lines: Vec<&str> = dry.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["copy    deep/page", "copy    index", "make    deep", "remove  old"]);
    let report = volumes.out(&[&sync[..], &["--json"]].concat()).await;
    assert_eq!(counts(&report, ["files", "removed"]), [2, 1]);
    assert_eq!(counts(&volumes.out(&[&sync[..], &["--json"]].concat()).await, ["files", "same"]), [0, 2]);
    volumes.out(&["sync", "/Volumes/main/sales/in/site", "/Volumes/main/sales/out/site"]).await;
    let down = ["sync", "/Volumes/main/sales/out/site", "down", "--json"];
    assert_eq!(counts(&volumes.out(&down).await, ["files", "same"]), [2, 0]);
    assert_eq!(fs::read(volumes.here("down/deep/page")).unwrap(), b"page");
    assert_eq!(counts(&volumes.out(&down).await, ["files", "same"]), [0, 2]);
    for to in ["/Volumes/main/sales/in/site/copy", "/Volumes/main/sales/in", "/Volumes/main/sales/in/site"] {
        volumes.check(&["sync", "--delete", "/Volumes/main/sales/in/site", to], 1, "is in the other").await;
    }
    volumes.check(&["sync", "--delete", "nowhere", "/Volumes/main/sales/in/site"], 3, "nowhere").await;
    assert_eq!(volumes.out(&["get", "/Volumes/main/sales/in/site/index", "-"]).await, "new");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_not_there_or_cut_off_changes_nothing() {
    let volumes = Volumes::start().await;
    let file = "/Volumes/main/sales/in/large";
    put(&volumes.here("large"), &[7; LARGE]);
    volumes.out(&["put", "large", file]).await;
    put(&volumes.here("to/large"), b"what was here");
    volumes.fault("GET /api/2.0/fs/files/*", json!({"cut_after": 1_000_000}));
    volumes.check(&["get", file, "to"], 1, "/Volumes/main/sales/in/large: it was cut off").await;
    volumes.check(&["get", "-r", "/Volumes/main/sales/in", "to/tree"], 1, "it was cut off").await;
    volumes.check(&["put", file, "/Volumes/main/sales/out/"], 1, "/Volumes/main/sales/in/large: it was cut off").await;
    assert_eq!((volumes.names("to"), volumes.names("to/tree")), (vec!["large".into(), "tree".into()], vec![]));
    assert_eq!(fs::read(volumes.here("to/large")).unwrap(), b"what was here");
    volumes.check(&["ls", "/Volumes/main/sales/out/large"], 3, "no such file or folder").await;

    // A file of this machine that is written to on its way is none.
    volumes.fault("PUT /api/2.0/fs/files/*", json!({"delay_ms": 3000}));
    let changing = volumes.command(&["put", "large", "/Volumes/main/sales/in/changing"]).output();
    let change = async {
        tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
        fs::File::options()
            .write(true)
            .open(volumes.here("large"))
            .unwrap()
            .set_modified(std::time::UNIX_EPOCH)
            .unwrap();
    };
    let (changed, ()) = tokio::join!(changing, change);
    let (code, _, said) = text(&changed.unwrap());
    assert!(code == 1 && said.contains("large changed while it was read"), "{code} {said}");

    let denied = json!({"status": 403, "code": "PERMISSION_DENIED", "message": "no READ VOLUME on it"});
    volumes.fault("* /api/2.0/fs/*", denied);
    volumes.check(&["ls", "/Volumes/main/sales/in"], 4, "/Volumes/main/sales/in: ").await;
    volumes.check(&["put", "large", "/Volumes/main/sales/in/"], 4, "no READ VOLUME on it").await;
    volumes.check(&["rm", file], 4, file).await;
    volumes.cloud.cloud.clear_faults();

    for words in [
        &["ls", "/Volumes/main/sales/nowhere"][..],
        &["stat", "/Volumes/main/sales/in/nowhere"],
        &["get", "/Volumes/main/sales/in/nowhere", "."],
        &["get", "/Volumes/main/sales/in/nowhere*", "."],
        &["rm", "/Volumes/main/sales/in/nowhere"],
        &["put", "large", "/Volumes/main/sales/nowhere/"],
    ] {
        volumes.check(words, 3, "nowhere").await;
    }
    volumes.check(&["put", "-", "/Volumes/main/sales/in/x"], 1, "size before its first byte").await;
    volumes.check(&["get", file, "to", "--limit", "20M"], 1, "--limit").await;
    volumes.check(&["get", "-r", "/Volumes/main/sales/in", "-"], 1, "stdout takes files").await;
    for flag in ["--resume", "--checksum", "--preserve"] {
        volumes.check(&["put", flag, "large", file], 1, flag).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_no_utf8_is_said_and_the_others_are_copied() {
    let volumes = Volumes::start().await;
    let name = OsStr::from_bytes(b"caf\xe9");
    put(&volumes.here("tree/plain"), b"p");
    put(&volumes.here("tree").join(name), b"c");
    put(&volumes.here("tree").join(OsStr::from_bytes(b"fold\xe9r")).join("inner"), b"i");
    let (code, out, said) = volumes.run(&["put", "-r", "tree", "/Volumes/main/sales/in/", "--json"]).await;
    let report: Value = serde_json::from_str(&out).unwrap();
    let failures = report["failures"].as_array().unwrap();
    assert!(code == 1 && failures.len() == 2 && said.contains("no UTF-8"), "{code} {said} {out}");
    let listed = volumes.out(&["ls", "-a", "/Volumes/main/sales/in/tree", "--json"]).await;
    let rows: Vec<Value> = serde_json::from_str(&listed).unwrap();
    assert!(rows.len() == 1 && rows[0]["name"] == "plain", "{listed}");
    let mut command = volumes.command(&["rm"]);
    command.arg(OsStr::from_bytes(b"/Volumes/main/sales/in/caf\xe9"));
    let (code, _, said) = text(&command.output().await.unwrap());
    assert!(code == 1 && said.contains("no UTF-8"), "{code} {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_of_a_volume_says_who_one_is_and_what_can_be_seen() {
    let volumes = Volumes::start().await;
    let check = async |place: &str, code: i32, steps: &[(&str, bool)]| {
        let (found, out, said) = volumes.run(&["test", place, "--json"]).await;
        let tested: Value = serde_json::from_str(&out).unwrap();
        let went: Vec<(&str, bool)> = tested["steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| (step["step"].as_str().unwrap(), step["ok"].as_bool().unwrap()))
            .collect();
        assert_eq!((found, &*went), (code, steps), "{said}");
        out
    };
    let whole = check("/Volumes/main/sales/in", 0, &[("connect", true), ("log in", true), ("list", true)]).await;
    fits(&[("sftp test", &whole)]);
    check("/Volumes/main/sales/no", 3, &[("connect", true), ("log in", true), ("list", false)]).await;
    volumes.fault("GET /api/2.0/fs/directories/*", json!({"status": 403, "code": "PERMISSION_DENIED"}));
    check("/Volumes/main/sales/in", 4, &[("connect", true), ("log in", true), ("list", false)]).await;
    volumes.fault("GET /api/2.0/preview/scim/v2/Me", json!({"status": 403, "code": "PERMISSION_DENIED"}));
    check("/Volumes/main/sales/in", 4, &[("connect", true), ("log in", false)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_go_between_a_server_and_a_volume_without_a_file_of_this_machine() {
    let volumes = Volumes::start().await;
    let there = There::start().await;
    let (path, address) = there.there("files");
    put(&path.join("a.csv"), &[1; LARGE]);
    put(&path.join("deep/b.csv"), b"b");
    put(&path.join("none"), b"");
    let run = async |words: &[&str]| {
        let mut tunnel = volumes.command(words);
        tunnel.args(["--fingerprint", &there.fingerprint(), "-i"]).arg(there.sshd.folder.path().join("ecdsa"));
        text(&tunnel.output().await.unwrap())
    };
    let ok = async |words: &[&str]| {
        let (code, out, said) = run(words).await;
        assert_eq!(code, 0, "{words:?}: {said}");
        out
    };
    ok(&["sync", &address, "/Volumes/main/sales/in/landing"]).await;
    ok(&["get", &format!("{address}/*.csv"), "/Volumes/main/sales/in/"]).await;
    let (back, to) = there.there("back");
    let report = ok(&["put", "-r", "/Volumes/main/sales/in", &to, "--json"]).await;
    assert_eq!(counts(&report, ["files", "bytes"]), [4, 2 * LARGE as u64 + 1]);
    assert_eq!(fs::read(back.join("landing/a.csv")).unwrap(), [1; LARGE]);
    assert_eq!(fs::read(back.join("landing/deep/b.csv")).unwrap(), b"b");
    assert_eq!(fs::read(back.join("a.csv")).unwrap(), [1; LARGE]);
    assert!(back.join("landing/none").exists());
    // What is newer there is the same.
    let again = ok(&["sync", "--json", &address, "/Volumes/main/sales/in/landing"]).await;
    assert_eq!(counts(&again, ["files", "same"]), [0, 3]);
    let (code, _, said) = run(&["get", &format!("{address}/a.csv"), "/Volumes/main/sales/nowhere/a.csv"]).await;
    assert!(code == 3 && said.contains("nowhere"), "{code} {said}");
    for flag in ["--resume", "--checksum", "--preserve"] {
        let (code, _, said) = run(&["get", flag, &format!("{address}/a.csv"), "/Volumes/main/sales/in/"]).await;
        assert!(code == 1 && said.contains(flag), "{code} {said}");
    }
    // What is interrupted is at neither end.
    let mut command = volumes.command(&["put", "/Volumes/main/sales/in/a.csv", &to, "--limit", "200K"]);
    command.args(["--fingerprint", &there.fingerprint(), "-i"]).arg(there.sshd.folder.path().join("ecdsa"));
    fs::remove_dir_all(&back).unwrap();
    let folder = back.parent().unwrap();
    let (code, _, said) = stopped(begun(command, folder, 0).await, Signal::SIGINT).await;
    assert!(code == 130 && said.contains("stopped"), "{code} {said}");
    assert_eq!((parts(folder), back.exists()), (vec![], false));
    volumes.fault("GET /api/2.0/fs/files/*", json!({"cut_after": 1_000_000}));
    let (code, _, said) = run(&["put", "/Volumes/main/sales/in/a.csv", &to]).await;
    assert!(code == 1 && said.contains("/Volumes/main/sales/in/a.csv: it was cut off"), "{code} {said}");
    let left = fs::read_dir(back.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left.filter(|name| name.to_string_lossy().contains("back")).collect();
    assert!(left.is_empty(), "{left:?}");
}
