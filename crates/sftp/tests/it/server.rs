//! Against the servers that are on the machine: OpenSSH's, over its pipes.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use sftp::client::{Mode, Sftp, Status};
use sftp::transfer::Lanes;
use sftp::wire::attributes::Attributes;

use crate::openssh::{data, openssh};

#[tokio::test]
async fn a_file_comes_back_as_it_went() {
    let folder = tempfile::tempdir().unwrap();
    let (sftp, _server) = openssh().await;
    assert!(sftp.features().posix_rename && sftp.features().fsync);
    assert_eq!(sftp.features().limits.read, 255 * 1024);
    let df = std::process::Command::new("df").arg("-Pk").arg(folder.path()).output().unwrap();
    let df = String::from_utf8(df.stdout).unwrap();
    let free: u64 = df.lines().last().unwrap().split_whitespace().nth(3).unwrap().parse().unwrap();
    // Others write to the same disk meanwhile.
    assert!(sftp.room(folder.path()).await.unwrap().abs_diff(free * 1024) < 1 << 30, "{df}");
    assert!(sftp.room(&folder.path().join("missing")).await.unwrap_err().is(Status::NoSuchFile));
    for length in [0, 1, 65_280, 3_000_000] {
        let bytes = data(length);
        let path = folder.path().join(OsStr::from_bytes(b"caf\xe9"));
        let handle = sftp.open(&path, Mode::Replace, &Attributes::default()).await.unwrap();
        let lanes = Lanes::new((sftp.clone(), handle.clone()), []);
        let mut told = 0;
        let end = lanes.upload(0, &mut bytes.as_slice(), |more| told += more).await.unwrap();
        assert_eq!((end, told), (bytes.len() as u64, bytes.len() as u64));
        sftp.fsync(&handle).await.unwrap();
        sftp.close(&handle).await.unwrap();
        assert!(std::fs::read(&path).unwrap() == bytes);

        let handle = sftp.open(&path, Mode::Read, &Attributes::default()).await.unwrap();
        let (other, _other_server) = openssh().await;
        let size = sftp.fstat(&handle).await.unwrap().size;
        assert_eq!(size, Some(bytes.len() as u64));
        let second = other.open(&path, Mode::Read, &Attributes::default()).await.unwrap();
        let lanes = Lanes::new((sftp.clone(), handle), [(other, second)]);
        for until in [size, None] {
            let mut back = Vec::new();
            let end = lanes.download((0, until), &mut back, |_| {}).await.unwrap();
            assert!(end == bytes.len() as u64 && back == bytes);
        }
    }
}

#[tokio::test]
async fn what_is_refused_is_said_and_the_channel_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (sftp, _server) = openssh().await;
    let missing = folder.path().join("missing");
    let error = sftp.stat(&missing).await.unwrap_err();
    assert!(error.is(Status::NoSuchFile), "{error}");
    assert_eq!(error.to_string(), "no such file or folder (No such file)");
    std::fs::write(&missing, "there").unwrap();
    assert!(sftp.open(&missing, Mode::CreateNew, &Attributes::default()).await.is_err());
    let other = folder.path().join("other");
    std::fs::write(&other, "new").unwrap();
    assert!(sftp.rename(&other, &missing).await.is_err());
    sftp.rename_over(&other, &missing).await.unwrap();
    assert_eq!(std::fs::read_to_string(&missing).unwrap(), "new");
    sftp.make_folder(&folder.path().join("sub"), &Attributes::default()).await.unwrap();
    let handle = sftp.open_folder(folder.path()).await.unwrap();
    let mut names: Vec<PathBuf> = Vec::new();
    while let Some(entries) = sftp.entries(&handle).await.unwrap() {
        names.extend(entries.into_iter().map(|entry| entry.name));
    }
    names.sort();
    assert_eq!(names, [Path::new("missing"), Path::new("sub")]);
    sftp.close(&handle).await.unwrap();
}

#[tokio::test]
async fn a_channel_that_ends_ends_who_waits() {
    let (server, ours) = tokio::io::duplex(1024);
    let (mut from_us, mut to_us) = tokio::io::split(server);
    let (reader, writer) = tokio::io::split(ours);
    let greeting = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        from_us.read_exact(&mut [0; 9]).await.unwrap();
        to_us.write_all(&[0, 0, 0, 5, 2, 0, 0, 0, 3]).await.unwrap();
        from_us.read_exact(&mut [0; 4]).await.unwrap();
    });
    let sftp = Sftp::start(reader, writer).await.unwrap();
    let asked = sftp.stat(Path::new("/")).await;
    greeting.await.unwrap();
    assert!(matches!(asked, Err(sftp::client::Error::Lost(_))), "{asked:?}");
    assert_eq!(sftp.stat(Path::new("/")).await, asked);
}

#[tokio::test]
async fn a_folder_has_no_names_that_lead_out_of_it() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    for (name, is_taken) in [("plain", true), ("../x", false), ("/etc/passwd", false), ("", false)] {
        let (server, ours) = tokio::io::duplex(1024);
        let (mut from_us, mut to_us) = tokio::io::split(server);
        let (reader, writer) = tokio::io::split(ours);
        let name = name.as_bytes();
        let answering = tokio::spawn(async move {
            let mut answer = async |answer: &[u8]| {
                let length = from_us.read_u32().await.unwrap();
                let mut packet = vec![0; length as usize];
                from_us.read_exact(&mut packet).await.unwrap();
                to_us.write_u32(answer.len() as u32).await.unwrap();
                to_us.write_all(answer).await.unwrap();
            };
            answer(&[2, 0, 0, 0, 3]).await;
            // A handle, and then one entry of it: its name, its line of a listing, no attributes.
            answer(&[102, 0, 0, 0, 1, 0, 0, 0, 1, b'h']).await;
            let entry = [&[104, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, name.len() as u8], name, &[0; 8]].concat();
            answer(&entry).await;
        });
        let sftp = Sftp::start(reader, writer).await.unwrap();
        let folder = sftp.open_folder(Path::new("/")).await.unwrap();
        let entries = sftp.entries(&folder).await;
        assert_eq!(entries.is_ok(), is_taken, "{entries:?}");
        answering.await.unwrap();
    }
}
