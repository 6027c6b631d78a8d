//! Whole trees, patterns, and what is done to have two trees be the same.

use std::ffi::OsStr;
use std::fs;
use std::num::NonZeroU64;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use sftp::client::Limit;
use sftp::file::{self, PART};
use sftp::tree::{self, Done, Down, Here, Options, Step, There, Up, matching, remove_all, sync};
use sftp::wire::attributes::Attributes;
use tempfile::TempDir;

use crate::openssh::{data, openssh};

const FILE: file::Options = file::Options { resume: false, preserve: true, checksum: false, unsynced: true };

/// What is below a folder: paths with what is in the files, in order.
fn below(folder: &Path) -> Vec<(PathBuf, Option<Vec<u8>>)> {
    let mut found = Vec::new();
    let mut stack = vec![folder.to_owned()];
    while let Some(inner) = stack.pop() {
        for entry in fs::read_dir(&inner).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().to_owned();
            if path.is_dir() {
                stack.push(path);
                found.push((name, None));
            } else {
                found.push((name, Some(fs::read(path).unwrap())));
            }
        }
    }
    found.sort();
    found
}

fn put(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// A tree with names of all kinds, files of all sizes, folders of some depth and one without a file.
fn planted() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..300_u32 {
        put(
            &folder.path().join(format!("many/{}/{number}", number % 7)),
            &number.to_le_bytes().repeat(number as usize),
        );
    }
    put(&folder.path().join("large/one"), &data(700_000));
    put(&folder.path().join("large/none"), b"");
    put(&folder.path().join(OsStr::from_bytes(b"names/caf\xe9")), b"latin");
    put(&folder.path().join("names/two\nlines"), b"lines");
    put(&folder.path().join("names/ [x]* "), b"letters");
    fs::create_dir(folder.path().join("empty")).unwrap();
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_500_000_000);
    fs::File::open(folder.path().join("names")).unwrap().set_modified(old).unwrap();
    fs::set_permissions(folder.path().join("names/two\nlines"), fs::Permissions::from_mode(0o600)).unwrap();
    folder
}

async fn up(from: &Path, to: &Path, options: Options) -> (Done, Vec<String>) {
    let ((one, _server), (other, _other)) = (openssh().await, openssh().await);
    let (here, there) = (Here::new(from), There::new(vec![one, other], to).unwrap());
    let told = AtomicU64::new(0);
    let count = |more| {
        told.fetch_add(more, Ordering::Relaxed);
    };
    let copy = Up { here: &here, there: &there, options: FILE, carried: Mutex::new(count) };
    let mut steps = Vec::new();
    let done = sync(&here, &there, &copy, options, |step| steps.push(words(&step))).await.unwrap();
    assert_eq!(told.load(Ordering::Relaxed), if options.dry_run { 0 } else { done.bytes });
    steps.sort();
    (done, steps)
}

fn words(step: &Step<'_>) -> String {
    match step {
        Step::Made(path) => format!("made {}", path.display()),
        Step::Carried(path, ..) => format!("carried {}", path.display()),
        Step::Removed(path) => format!("removed {}", path.display()),
        Step::LeftOut(path) => format!("left out {}", path.display()),
        Step::Failed(failed) => format!("failed {failed}"),
    }
}

#[tokio::test]
async fn a_tree_goes_up_and_comes_down_as_it_is() {
    let planted = planted();
    let folder = tempfile::tempdir().unwrap();
    let [there, back] = ["there", "back"].map(|name| folder.path().join(name));
    let options = Options { preserve: true, ..Options::default() };
    let (done, _) = up(planted.path(), &there, options).await;
    assert_eq!((done.files, done.failed, done.left_out), (305, 0, 0));
    assert!(below(&there) == below(planted.path()));

    let (sftp, _server) = openssh().await;
    let (here, remote) = (Here::new(&back), There::new(vec![sftp], &there).unwrap());
    let copy = Down { there: &remote, here: &here, options: FILE, carried: Mutex::new(|_| {}) };
    let done = sync(&remote, &here, &copy, options, |_| {}).await.unwrap();
    assert_eq!((done.files, done.failed), (305, 0));
    assert!(below(&back) == below(planted.path()));
    for path in ["names", "names/two\nlines", "large/one"] {
        let like = |root: &Path| {
            let like = fs::metadata(root.join(path)).unwrap();
            let age = like.modified().unwrap().duration_since(SystemTime::UNIX_EPOCH).unwrap();
            (like.permissions().mode(), age.as_secs())
        };
        assert_eq!(like(&back), like(planted.path()), "{path:?}");
    }
}

#[tokio::test]
async fn what_is_the_same_is_left_alone_and_what_is_too_much_is_removed_where_that_is_asked_for() {
    let planted = planted();
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path().join("there");
    let options = Options { skip_same: true, preserve: true, ..Options::default() };
    up(planted.path(), &there, options).await;
    let (done, steps) = up(planted.path(), &there, options).await;
    assert_eq!((done.files, done.same, steps.len()), (0, 305, 0), "{steps:?}");

    put(&planted.path().join("large/none"), b"some");
    put(&there.join("more/inner/file"), b"");
    put(&there.join("names/also"), b"");
    std::os::unix::fs::symlink("/etc/passwd", planted.path().join("link")).unwrap();
    let expected = [
        "carried large/none",
        "left out link",
        "removed more",
        "removed more/inner",
        "removed more/inner/file",
        "removed names/also",
    ];
    let before = below(&there);
    let deleting = Options { delete: true, ..options };
    let (_, steps) = up(planted.path(), &there, Options { dry_run: true, ..deleting }).await;
    assert_eq!(steps, expected);
    assert!(below(&there) == before, "nothing is done");
    let (done, steps) = up(planted.path(), &there, deleting).await;
    assert_eq!(steps, expected);
    assert_eq!((done.files, done.removed, done.left_out), (1, 4, 1));
    fs::remove_file(planted.path().join("link")).unwrap();
    assert!(below(&there) == below(planted.path()));
}

#[tokio::test]
async fn one_that_fails_is_told_and_the_rest_goes_on() {
    let planted = planted();
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path().join("there");
    put(&there.join("empty"), b"a file");
    fs::create_dir_all(there.join("large/one")).unwrap();
    let (done, steps) = up(planted.path(), &there, Options::default()).await;
    assert_eq!((done.files, done.failed), (304, 2));
    let failed: Vec<&String> = steps.iter().filter(|step| step.starts_with("failed")).collect();
    assert_eq!(failed.len(), 2, "{failed:?}");
    assert!(failed[0].starts_with("failed empty: it is a file on one side"), "{failed:?}");
    assert_eq!(fs::read(there.join("empty")).unwrap(), b"a file");
    assert!(below(&there).iter().all(|(path, _)| !path.to_string_lossy().ends_with(PART)));
    let nothing = Here::new(folder.path().join("nothing"));
    let (sftp, _server) = openssh().await;
    let remote = There::new(vec![sftp], &there).unwrap();
    let copy = Up { here: &nothing, there: &remote, options: FILE, carried: Mutex::new(|_| {}) };
    assert!(sync(&nothing, &remote, &copy, Options { delete: true, ..Options::default() }, |_| {}).await.is_err());
    assert!(there.join("empty").exists(), "a tree that is not there empties none");
}

#[tokio::test]
async fn a_connection_that_ends_ends_the_copy() {
    let planted = planted();
    let folder = tempfile::tempdir().unwrap();
    let (sftp, mut server) = openssh().await;
    let (here, there) = (Here::new(planted.path()), There::new(vec![sftp], folder.path().join("there")).unwrap());
    let copy = Up { here: &here, there: &there, options: FILE, carried: Mutex::new(|_| {}) };
    let mut carried = 0;
    let done = sync(&here, &there, &copy, Options::default(), |step| {
        if matches!(step, Step::Carried(..)) {
            carried += 1;
            if carried == 20 {
                server.start_kill().unwrap();
            }
        }
    });
    let done = done.await.unwrap();
    assert!(done.failed > 0 && done.files < 305, "{done:?}");
}

#[tokio::test]
async fn a_pattern_means_what_it_means_in_a_shell() {
    let folder = tempfile::tempdir().unwrap();
    for path in ["a.csv", "b.csv", "b.txt", ".hidden.csv", "in/c.csv", "in/deep/d.csv", "in/deep/[x].csv"] {
        put(&folder.path().join(path), b"");
    }
    put(&folder.path().join(OsStr::from_bytes(b"caf\xe9.csv")), b"");
    let (sftp, _server) = openssh().await;
    let there = There::new(vec![sftp], folder.path()).unwrap();
    let check = async |pattern: &str, expected: &[&str]| {
        let found = matching(&there, Path::new(pattern)).await.unwrap().unwrap();
        let found: Vec<String> = found.iter().map(|(path, _)| path.to_string_lossy().into_owned()).collect();
        assert_eq!(found, expected, "{pattern}");
    };
    check("*.csv", &["a.csv", "b.csv", "caf\u{fffd}.csv"]).await;
    check("b.*", &["b.csv", "b.txt"]).await;
    check("?.csv", &["a.csv", "b.csv"]).await;
    check("[!a].csv", &["b.csv"]).await;
    check("{a,b}.csv", &["a.csv", "b.csv"]).await;
    check(".*.csv", &[".hidden.csv"]).await;
    check("in/*.csv", &["in/c.csv"]).await;
    check("**/*.csv", &["a.csv", "b.csv", "caf\u{fffd}.csv", "in/c.csv", "in/deep/[x].csv", "in/deep/d.csv"]).await;
    check("*/deep/d*", &["in/deep/d.csv"]).await;
    check("in/deep/\\[x\\].csv", &["in/deep/[x].csv"]).await;
    check("no/*", &[]).await;
    assert!(matching(&there, Path::new("a[")).await.is_err());
    assert!(!tree::is_pattern(Path::new("plain.csv")) && tree::is_pattern(Path::new("x/*/y")));
}

#[tokio::test]
async fn a_folder_is_removed_with_all_that_is_in_it_and_links_are_not_followed() {
    let planted = planted();
    let kept = tempfile::tempdir().unwrap();
    put(&kept.path().join("kept"), b"");
    std::os::unix::fs::symlink(kept.path(), planted.path().join("names/link")).unwrap();
    let (sftp, _server) = openssh().await;
    let there = There::new(vec![sftp], planted.path()).unwrap();
    let folder = Attributes { permissions: Some(0o040_755), ..Attributes::default() };
    let (count, failed) = remove_all(&there, Path::new("names"), &folder, false, |_| {}).await;
    assert_eq!((count, failed.len()), (5, 0));
    assert!(!planted.path().join("names").exists() && kept.path().join("kept").exists());
}

#[tokio::test]
async fn small_files_keep_to_a_limit_and_each_has_its_own_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let [from, to, back] = ["from", "to", "back"].map(|name| folder.path().join(name));
    for number in 0..100_u32 {
        put(&from.join(number.to_string()), &number.to_le_bytes().repeat(1250));
    }
    let (sftp, _server) = openssh().await;
    let there = There::new(vec![sftp.limited(Limit::new(NonZeroU64::new(1_000_000).unwrap()))], &to).unwrap();
    let (here, again) = (Here::new(&from), Here::new(&back));
    // Half a second each way; at most, each file is as much as one packet, and that would be half a minute.
    let took = 400..8000;
    let began = Instant::now();
    let up = Up { here: &here, there: &there, options: FILE, carried: Mutex::new(|_| {}) };
    let done = sync(&here, &there, &up, Options::default(), |_| {}).await.unwrap();
    assert_eq!((done.files, done.failed), (100, 0));
    assert!(took.contains(&began.elapsed().as_millis()) && below(&to) == below(&from), "{:?}", began.elapsed());
    let began = Instant::now();
    let down = Down { there: &there, here: &again, options: FILE, carried: Mutex::new(|_| {}) };
    let done = sync(&there, &again, &down, Options::default(), |_| {}).await.unwrap();
    assert_eq!((done.files, done.failed), (100, 0));
    assert!(took.contains(&began.elapsed().as_millis()) && below(&back) == below(&from), "{:?}", began.elapsed());
}
