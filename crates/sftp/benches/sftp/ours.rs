//! The engine as a program of its own: `connect|put|get|put-tree|get-tree FROM TO PORT KEY HOST_KEY`.

use std::path::Path;
use std::sync::{Arc, Mutex};

use secret::Secret;
use sftp::file::{Options, Source, get, put};
use sftp::ssh::login::{self, Login};
use sftp::ssh::trust::Trust;
use sftp::ssh::{Connection, Server};
use sftp::tree::{self, Down, Here, Step, There, Up};

/// As many as `tunnel sftp` opens.
const CHANNELS: usize = 8;

pub fn run(words: &[&str]) {
    let [what, from, to, port, key, host_key] = words else { panic!("{words:?}") };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(copy(what, Path::new(from), Path::new(to), port.parse().unwrap(), key, host_key));
    runtime.shutdown_background();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    println!("{}", most.trim().trim_end_matches(" kB"));
}

async fn copy(what: &str, from: &Path, to: &Path, port: u16, key: &str, host_key: &str) {
    let pin = std::fs::read_to_string(host_key).unwrap().parse().unwrap();
    let trust = Trust { pins: vec![pin], files: Vec::new() };
    let mut connection = Connection::open(&Server { host: "127.0.0.1".to_owned(), port }, &trust).await.unwrap();
    let key = login::key(&Secret::new(std::fs::read_to_string(key).unwrap()), None).unwrap();
    let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).unwrap().unwrap().name;
    let mut login = Login { user, keys: vec![Arc::new(key)], agent: None, password: None, ask: None };
    connection.log_in(&mut login).await.unwrap();
    let channels = connection.channels(CHANNELS).await.unwrap();
    // As the peers do: none of them waits for a disk.
    let options = Options { unsynced: true, ..Options::default() };
    match what {
        "connect" => drop(channels.first().unwrap().stat(from).await.unwrap()),
        "put" => drop(put(&channels, Source::File(from), to, options, |_| {}).await.unwrap()),
        "get" => drop(get(&channels, from, to, options, |_| {}).await.unwrap()),
        "put-tree" => {
            let (here, there) = (Here::new(from), There::new(channels, to).unwrap());
            let copy = Up { here: &here, there: &there, options, carried: Mutex::new(|_| {}) };
            let done = tree::sync(&here, &there, &copy, tree::Options::default(), told).await.unwrap();
            assert_eq!(done.failed, 0);
        }
        "get-tree" => {
            let (there, here) = (There::new(channels, from).unwrap(), Here::new(to));
            let copy = Down { there: &there, here: &here, options, carried: Mutex::new(|_| {}) };
            let done = tree::sync(&there, &here, &copy, tree::Options::default(), told).await.unwrap();
            assert_eq!(done.failed, 0);
        }
        other => panic!("{other}"),
    }
    connection.close().await;
}

/// Nothing is to fail, and what does is said.
fn told(step: Step<'_>) {
    if let Step::Failed(failed) = step {
        eprintln!("{failed}");
    }
}
