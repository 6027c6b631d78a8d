//! sftp, scp and rsync.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Output;

use super::{client, configuration, file, start};
use crate::bench::{Bench, installed, program};
use crate::bench::{noise, text};

/// Runs lines of sftp, whose first failure ends it.
async fn sftp(bench: &Bench, lines: &str) -> Output {
    let batch = file(bench, "batch");
    fs::write(&batch, lines).unwrap();
    client(bench, "sftp", &["-b", &batch.display().to_string(), "demo"]).output().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn sftp_does_everything_that_it_can() {
    let bench = start().await;
    let data = noise(1, 3_000_000);
    fs::write(file(&bench, "here"), &data).unwrap();
    fs::write(file(&bench, "half"), &data[..1_500_000]).unwrap();
    fs::set_permissions(file(&bench, "here"), fs::Permissions::from_mode(0o640)).unwrap();
    let base = bench.folder.path().display().to_string();
    let there = format!("{base}/there");
    let lines = format!(
        "mkdir {there}\ncd {there}\npwd\nput -p {base}/here a\nls -l\nget a {base}/back\nrename a b\n\
         symlink b link\nln b hard\nchmod 600 hard\ncp b copy\nput {base}/here b\nmkdir sub\nrmdir sub\n\
         ls -la\ndf\nrm copy\nput {base}/half part\nreput {base}/here part\nget -af b {base}/back\nput -f {base}/here synced\n-rm missing\nbye\n"
    );
    let output = sftp(&bench, &lines).await;
    let (code, out, words) = text(&output);
    assert_eq!(code, 0, "{out}\n{words}");
    assert!(out.contains(&format!("Remote working directory: {there}")), "{out}");
    assert!(out.contains("-rw-r-----"), "{out}");
    assert!(out.contains("3000000"), "{out}");
    assert!(out.contains("%Capacity"), "{out}");
    assert!(words.contains("No such file"), "{words}");
    let there = file(&bench, "there");
    for name in ["b", "hard", "link", "part", "synced"] {
        assert_eq!(fs::read(there.join(name)).unwrap(), data, "{name}");
    }
    assert_eq!(fs::read(file(&bench, "back")).unwrap(), data);
    assert_eq!(fs::read_link(there.join("link")).unwrap(), OsStr::new("b"));
    let (b, hard) = (fs::metadata(there.join("b")).unwrap(), fs::metadata(there.join("hard")).unwrap());
    assert_eq!((b.ino(), hard.mode() & 0o777), (hard.ino(), 0o600));
    assert!(!there.join("copy").exists() && !there.join("sub").exists() && !there.join("a").exists());
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn times_permissions_and_replacements_are_kept() {
    let bench = start().await;
    let base = bench.folder.path().display().to_string();
    fs::write(file(&bench, "old"), "old").unwrap();
    fs::write(file(&bench, "new"), "new").unwrap();
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    fs::File::open(file(&bench, "new")).unwrap().set_modified(time).unwrap();
    // OpenSSH renames with its extension, which replaces.
    let output = sftp(&bench, &format!("put -p {base}/new {base}/up\nrename {base}/up {base}/old\n")).await;
    assert_eq!(text(&output).0, 0, "{}", text(&output).2);
    assert_eq!(fs::read(file(&bench, "old")).unwrap(), b"new");
    assert_eq!(fs::metadata(file(&bench, "old")).unwrap().modified().unwrap(), time);
    // Without the extension a rename never replaces.
    let output = sftp(&bench, &format!("put {base}/new {base}/up\nrename -l {base}/up {base}/old\n")).await;
    assert_eq!(text(&output).0, 1);
    assert!(file(&bench, "up").exists());
    let output = sftp(&bench, &format!("rename -l {base}/up {base}/free\nrename -l {base}/free {base}/freed\n")).await;
    assert_eq!(text(&output).0, 0, "{}", text(&output).2);
    assert_eq!(fs::read(file(&bench, "freed")).unwrap(), b"new");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_no_text_and_folders_with_many_files_arrive() {
    let bench = start().await;
    let folder = file(&bench, "many");
    fs::create_dir_all(folder.join("deep/er")).unwrap();
    for number in 0..350 {
        fs::write(folder.join(format!("file {number} with \"quotes\" and *")), number.to_string()).unwrap();
    }
    let strange = OsStr::from_bytes(b"caf\xe9 \xff");
    fs::write(folder.join(strange), "latin").unwrap();
    fs::write(folder.join("deep/er/empty"), "").unwrap();
    let (from, to) = (format!("demo:{}", folder.display()), file(&bench, "copy").display().to_string());
    for protocol in ["-s", "-O"] {
        let output = client(&bench, "scp", &[protocol, "-rpq", &from, &to]).output().await.unwrap();
        assert_eq!(text(&output).0, 0, "{protocol} {}", text(&output).2);
        let same = std::process::Command::new("diff").arg("-r").arg(&folder).arg(&to).output().unwrap();
        assert!(same.status.success(), "{protocol} {same:?}");
        fs::remove_dir_all(&to).unwrap();
    }
    let back = file(&bench, "uploaded").display().to_string();
    let output = client(&bench, "scp", &["-rpq", &folder.display().to_string(), &format!("demo:{back}")]).output();
    let output = output.await.unwrap();
    assert_eq!(text(&output).0, 0, "{}", text(&output).2);
    let same = std::process::Command::new("diff").arg("-r").arg(&folder).arg(&back).output().unwrap();
    assert!(same.status.success(), "{same:?}");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_say_what_is_wrong() {
    let bench = start().await;
    let base = bench.folder.path().display().to_string();
    let check = async |line: String, expected: &str| {
        let (code, _, words) = text(&sftp(&bench, &line).await);
        assert_eq!(code, 1, "{line}");
        assert!(words.contains(expected), "{line}: {words}");
    };
    check(format!("get {base}/missing"), "not found").await;
    check(format!("mkdir {base}"), "Failure").await;
    check(format!("rmdir {base}"), "Failure").await;
    check(format!("rm {base}/missing"), "No such file").await;
    check("cd /proc/version".to_owned(), "not a directory").await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rsync_copies_what_has_changed() {
    installed("rsync");
    let bench = start().await;
    let folder = file(&bench, "tree");
    fs::create_dir_all(folder.join("sub")).unwrap();
    fs::write(folder.join("sub/data"), noise(1, 2_000_000)).unwrap();
    fs::write(folder.join("other"), "other").unwrap();
    let copy = file(&bench, "copy");
    let [option, value] = configuration(&bench);
    let shell = format!("ssh {option} {value}");
    let remote = format!("demo:{}/", copy.display());
    for changed in ["first", "second"] {
        fs::write(folder.join("other"), changed).unwrap();
        let mut rsync = program("rsync", bench.folder.path());
        rsync.args(["-a", "--delete", "--checksum", "-e", &shell, &format!("{}/", folder.display()), &remote]);
        let output = rsync.output().await.unwrap();
        assert_eq!(text(&output).0, 0, "{}", text(&output).2);
        let same = std::process::Command::new("diff").arg("-r").arg(&folder).arg(&copy).output().unwrap();
        assert!(same.status.success(), "{same:?}");
        fs::remove_file(folder.join("sub/data")).unwrap_or_default();
    }
    bench.end().await;
}
