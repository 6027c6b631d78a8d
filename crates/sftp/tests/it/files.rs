//! Files that are there whole or not at all, through OpenSSH's server over its pipes.

use std::path::Path;
use std::time::{Duration, SystemTime};

use sftp::file::{self, Failed, Options, PART, Source, get, put};
use tempfile::TempDir;

use crate::openssh::{data, openssh};

fn parts(folder: &TempDir) -> usize {
    let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().ends_with(PART)).count()
}

#[tokio::test]
async fn a_file_is_put_and_got_with_its_time_and_mode() {
    use std::os::unix::fs::PermissionsExt;
    let (sftp, _server) = openssh().await;
    let folder = tempfile::tempdir().unwrap();
    let [local, there, back] = ["local", "there", "back"].map(|name| folder.path().join(name));
    let (other, _other_server) = openssh().await;
    let channels = [sftp, other];
    for bytes in [Vec::new(), data(1_500_000)] {
        std::fs::write(&local, &bytes).unwrap();
        std::fs::set_permissions(&local, std::fs::Permissions::from_mode(0o640)).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000);
        std::fs::File::options().write(true).open(&local).unwrap().set_modified(time).unwrap();
        let options = Options { preserve: true, checksum: true, ..Options::default() };
        let mut told = 0;
        let carried = put(&channels, Source::File(&local), &there, options, |more| told += more).await.unwrap();
        assert_eq!((carried.bytes, told, carried.was_absent), (bytes.len() as u64, bytes.len() as u64, false));
        get(&channels, &there, &back, options, |_| {}).await.unwrap();
        for file in [&there, &back] {
            assert!(std::fs::read(file).unwrap() == bytes);
            let metadata = std::fs::metadata(file).unwrap();
            assert_eq!((metadata.permissions().mode() & 0o777, metadata.modified().unwrap()), (0o640, time));
        }
        assert_eq!(parts(&folder), 0);
    }
    let mut stream = &b"from a pipe"[..];
    put(&channels, Source::Stream(&mut stream), &there, Options::default(), |_| {}).await.unwrap();
    assert_eq!(std::fs::read(&there).unwrap(), b"from a pipe");
}

#[tokio::test]
async fn what_is_cut_off_changes_nothing_and_goes_on_where_it_ended() {
    let folder = tempfile::tempdir().unwrap();
    let [local, there, back] = ["local", "there", "back"].map(|name| folder.path().join(name));
    let bytes = data(12_000_000);
    std::fs::write(&local, &bytes).unwrap();
    std::fs::write(&there, "old").unwrap();
    let options = Options { resume: true, ..Options::default() };
    let (sftp, mut server) = openssh().await;
    let id = i32::try_from(server.id().unwrap()).unwrap();
    let mut arrived = 0;
    let kill = |more: u64| {
        arrived += more;
        if arrived > 30_000_000 {
            let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), nix::sys::signal::Signal::SIGKILL);
        }
    };
    let cut = put(&[sftp], Source::File(&local), &there, options, kill).await.unwrap_err();
    assert!(matches!(cut, Failed::There { .. }), "{cut}");
    server.wait().await.unwrap();
    assert_eq!((std::fs::read(&there).unwrap().as_slice(), parts(&folder)), (&b"old"[..], 1));
    let (sftp, _server) = openssh().await;
    let checked = Options { checksum: true, ..options };
    let carried = put(std::slice::from_ref(&sftp), Source::File(&local), &there, checked, |_| {}).await.unwrap();
    assert!(carried.resumed > 10_000_000 && carried.bytes == bytes.len() as u64, "{carried:?}");
    assert!(std::fs::read(&there).unwrap() == bytes && parts(&folder) == 0);

    let (cut, mut server) = openssh().await;
    let id = i32::try_from(server.id().unwrap()).unwrap();
    let mut arrived = 0;
    let kill = |more: u64| {
        arrived += more;
        if arrived > 20_000_000 {
            let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), nix::sys::signal::Signal::SIGKILL);
        }
    };
    assert!(get(&[cut], &there, &back, options, kill).await.is_err());
    server.wait().await.unwrap();
    assert!(!back.exists() && parts(&folder) == 1);
    let carried = get(&[sftp], &there, &back, options, |_| {}).await.unwrap();
    assert!(carried.resumed > 20_000_000, "{carried:?}");
    assert!(std::fs::read(&back).unwrap() == bytes && parts(&folder) == 0);
}

#[tokio::test]
async fn what_fails_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (sftp, _server) = openssh().await;
    let channels = [sftp];
    let local = folder.path().join("local");
    std::fs::write(&local, "some").unwrap();
    let nowhere = folder.path().join("no/where");
    let failed = put(&channels, Source::File(&local), &nowhere, Options::default(), |_| {}).await.unwrap_err();
    assert!(failed.to_string().contains("no such file or folder"), "{failed}");
    let failed = put(&channels, Source::File(folder.path()), &local, Options::default(), |_| {}).await.unwrap_err();
    assert!(matches!(failed, Failed::Here { .. }), "{failed}");
    let failed = get(&channels, &nowhere, &local, Options::default(), |_| {}).await.unwrap_err();
    assert!(matches!(failed, Failed::There { .. }), "{failed}");
    assert_eq!((std::fs::read(&local).unwrap().as_slice(), parts(&folder)), (&b"some"[..], 0));
    // A folder of the name is not replaced.
    let folder_there = folder.path().join("folder");
    std::fs::create_dir(&folder_there).unwrap();
    assert!(put(&channels, Source::File(&local), &folder_there, Options::default(), |_| {}).await.is_err());
    assert!(folder_there.is_dir() && parts(&folder) == 0);
    assert!(file::part(Path::new("a"), "x").to_string_lossy().ends_with(PART));
}

/// Does something once so many bytes have been told.
fn after(bytes: u64, what: impl FnOnce()) -> impl FnMut(u64) {
    let (mut told, mut what) = (0, Some(what));
    move |more| {
        told += more;
        if told >= bytes
            && let Some(what) = what.take()
        {
            what();
        }
    }
}

fn append(path: &Path) {
    std::io::Write::write_all(&mut std::fs::File::options().append(true).open(path).unwrap(), b"more").unwrap();
}

#[tokio::test]
async fn what_changes_while_it_is_read_is_not_taken_for_whole() {
    let folder = tempfile::tempdir().unwrap();
    let [local, there, back] = ["local", "there", "back"].map(|name| folder.path().join(name));
    let (sftp, _server) = openssh().await;
    let channels = [sftp];
    std::fs::write(&local, data(3_000_000)).unwrap();
    std::fs::write(&there, data(3_000_000)).unwrap();
    for resume in [false, true] {
        let options = Options { resume, ..Options::default() };
        let put = put(&channels, Source::File(&local), &there, options, after(1_000_000, || append(&local))).await;
        assert!(matches!(put, Err(Failed::Changed { .. })), "{put:?}");
        let got = get(&channels, &there, &back, options, after(1_000_000, || append(&there))).await;
        assert!(matches!(got, Err(Failed::Changed { .. })), "{got:?}");
        assert_eq!((parts(&folder), back.exists()), (0, false));
    }
}

#[tokio::test]
async fn what_is_read_back_as_something_else_gets_no_name() {
    use std::os::unix::fs::FileExt;
    let folder = tempfile::tempdir().unwrap();
    let [local, there, back] = ["local", "there", "back"].map(|name| folder.path().join(name));
    let (sftp, _server) = openssh().await;
    let channels = [sftp];
    std::fs::write(&local, data(700_000)).unwrap();
    // All bytes have come; then a disk has others.
    let spoil = || {
        let part = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let part = part.into_iter().find(|path| path.to_string_lossy().ends_with(PART)).unwrap();
        std::fs::File::options().write(true).open(part).unwrap().write_all_at(b"x", 7).unwrap();
    };
    for resume in [false, true] {
        let options = Options { checksum: true, resume, ..Options::default() };
        let put = put(&channels, Source::File(&local), &there, options, after(2_800_000, spoil)).await;
        assert!(matches!(put, Err(Failed::Differs { .. })), "{put:?}");
        let got = get(&channels, &local, &back, options, after(2_800_000, spoil)).await;
        assert!(matches!(got, Err(Failed::Differs { .. })), "{got:?}");
        assert_eq!((parts(&folder), there.exists(), back.exists()), (0, false, false));
    }
}

#[tokio::test]
async fn a_small_file_that_gets_no_name_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (sftp, _server) = openssh().await;
    let [local, there] = ["local", "there"].map(|name| folder.path().join(name));
    std::fs::write(&local, "some").unwrap();
    std::fs::create_dir(&there).unwrap();
    assert!(file::put_small(&sftp, &local, &there, Options::default()).await.is_err());
    assert!(file::get_small(&sftp, (&local, 4), &there, Options::default()).await.is_err());
    assert!(there.is_dir() && parts(&folder) == 0);
}

#[tokio::test]
async fn a_copy_may_be_a_task_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("there");
    let (sftp, _server) = openssh().await;
    let task = tokio::spawn(async move {
        let channels = [sftp];
        put(&channels, Source::Stream(&mut &b"some"[..]), &path, Options::default(), |_| {}).await.unwrap();
        let mut bytes = Vec::new();
        let lanes = file::reader(&channels, &path).await.unwrap();
        lanes.download((0, None), &mut bytes, |_| {}).await.unwrap();
        bytes
    });
    assert_eq!(task.await.unwrap(), b"some");
}
