//! One ssh connection for all calls that go to the same place as the same person (ssh_config(5), ControlMaster), and turns at it: an
//! sshd takes ten sessions of a connection (sshd_config(5), MaxSessions), and few connections that have not logged in yet (MaxStartups).
//! However many calls there are at once, one of them makes the connection, and a few at a time use it.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rand::RngExt;
use ssh_endpoint::sha256_hex;
use tokio::net::UnixStream;
use tokio::time::{Instant, sleep};

use crate::keys;

/// Calls at a time over one connection: less than MaxSessions, which a person's own sessions may share.
const PLACES: usize = 8;
/// How long a call waits for its turn: as long as a few hundred before it take on a slow machine. Then it goes all the same.
const PATIENCE: Duration = Duration::from_secs(300);
/// How long a file of a connection that nobody uses any more stays.
const STALE: Duration = Duration::from_secs(86_400);
/// The longest path of a socket, in bytes; ssh adds a word of 17 to it while it makes one.
const SOCKET: usize = 107;
const ADDED: usize = 17;

/// A connection that calls share.
#[derive(Debug, Clone)]
pub struct SharedConnection {
    socket: PathBuf,
    /// Seconds that it stays when none uses it.
    persist: u32,
}

impl SharedConnection {
    /// The one of all calls that agree on `whose`, which is all that decides where they go and as whom. `None` where the folder's name
    /// leaves no room for a socket's: then each call has a connection of its own.
    pub fn new(home: &Path, whose: &str, persist: u32) -> Option<Self> {
        let folder = home.join("mux");
        let name: String = sha256_hex(whose.as_bytes()).chars().take(20).collect();
        let fits = folder.as_os_str().len() + 1 + name.len() + ADDED < SOCKET;
        (fits && keys::create_home(&folder).is_ok()).then(|| Self { socket: folder.join(name), persist })
    }

    /// ssh's options for it.
    pub fn options(&self) -> [String; 3] {
        let path = self.socket.display().to_string().replace('%', "%%");
        ["ControlMaster=auto".to_owned(), format!("ControlPath=\"{path}\""), format!("ControlPersist={}", self.persist)]
    }

    /// Waits for a turn; `alone` is beside the connection. While there is no connection, whoever has this is to make it.
    pub async fn turn(&self, alone: bool) -> Turn {
        let give_up = Instant::now() + PATIENCE;
        let places = (0..PLACES).filter_map(|place| self.lock_file(&place.to_string()));
        let mut places: Vec<Option<File>> = places.map(Some).collect();
        let mut turn = Turn { _place: None, opening: None };
        while turn._place.is_none() && !places.is_empty() {
            let free = places.iter_mut().find(|place| place.as_ref().is_some_and(|file| file.try_lock().is_ok()));
            turn._place = free.and_then(Option::take);
            if turn._place.is_some() || Instant::now() >= give_up {
                break;
            }
            pause().await;
        }
        if alone {
            return turn;
        }
        let Some(opening) = self.lock_file("open") else { return turn };
        while !self.is_there().await {
            if opening.try_lock().is_ok() {
                if !self.is_there().await {
                    turn.opening = Some(opening);
                }
                break;
            }
            if Instant::now() >= give_up {
                break;
            }
            pause().await;
        }
        turn
    }

    async fn is_there(&self) -> bool {
        match UnixStream::connect(&self.socket).await {
            Ok(_) => true,
            // It has more to do than it can take.
            Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
        }
    }

    fn lock_file(&self, what: &str) -> Option<File> {
        let path = self.socket.with_extension(what);
        if !path.exists() {
            self.sweep();
        }
        OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(path).ok()
    }

    /// Removes the files of connections that were not used for a day.
    fn sweep(&self) {
        let is_stale = |path: &Path| {
            let changed = fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
            path.extension().is_some()
                && changed.and_then(|at| SystemTime::now().duration_since(at).ok()).is_some_and(|age| age > STALE)
        };
        let files = self.socket.parent().and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten().flatten();
        for path in files.map(|entry| entry.path()).filter(|path| is_stale(path)) {
            let _ = fs::remove_file(path);
        }
    }
}

/// A call's turn: others wait until it is dropped.
#[derive(Debug)]
pub struct Turn {
    _place: Option<File>,
    opening: Option<File>,
}

impl Turn {
    /// Nobody has to wait for the connection any more.
    pub fn connected(&mut self) {
        self.opening = None;
    }
}

async fn pause() {
    let milliseconds = rand::rng().random_range(30..120);
    sleep(Duration::from_millis(milliseconds)).await;
}

/// What tells a file from what it was before: for [`SharedConnection::new`]. Nothing of what is in it.
pub fn stamp(path: &Path) -> String {
    use std::os::unix::fs::MetadataExt;
    let Ok(found) = fs::metadata(path) else { return String::new() };
    format!("{} {} {} {}.{}", path.display(), found.ino(), found.size(), found.mtime(), found.mtime_nsec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_one_persons_and_a_deep_home_has_none() {
        let folder = tempfile::tempdir().unwrap();
        let shared = |whose: &str| SharedConnection::new(folder.path(), whose, 60).unwrap().options();
        assert_eq!(shared("a"), shared("a"));
        assert_ne!(shared("a"), shared("b"));
        let deep = folder.path().join("d".repeat(80));
        assert!(SharedConnection::new(&deep, "a", 60).is_none());
    }

    #[tokio::test]
    async fn one_makes_the_connection_and_eight_use_it() {
        let folder = tempfile::tempdir().unwrap();
        let shared = SharedConnection::new(folder.path(), "a", 60).unwrap();
        let mut first = shared.turn(false).await;
        assert!(first.opening.is_some());
        let soon = |shared: SharedConnection| async move {
            tokio::time::timeout(Duration::from_millis(500), async move { shared.turn(false).await }).await
        };
        assert!(soon(shared.clone()).await.is_err(), "the first makes it");
        let socket = tokio::net::UnixListener::bind(&shared.socket).unwrap();
        first.connected();
        let mut turns = vec![first];
        while turns.len() < PLACES {
            let turn = soon(shared.clone()).await.unwrap();
            assert!(turn._place.is_some() && turn.opening.is_none());
            turns.push(turn);
        }
        assert!(soon(shared.clone()).await.is_err(), "all places are taken");
        turns.pop();
        assert!(soon(shared.clone()).await.is_ok());
        drop(socket);
    }

    #[tokio::test]
    async fn files_of_old_connections_go() {
        let folder = tempfile::tempdir().unwrap();
        let shared = SharedConnection::new(folder.path(), "a", 60).unwrap();
        let (old, new) = (folder.path().join("mux/old.0"), folder.path().join("mux/new.0"));
        for file in [&old, &new] {
            fs::write(file, "").unwrap();
        }
        File::options().write(true).open(&old).unwrap().set_modified(SystemTime::now() - STALE * 2).unwrap();
        drop(shared.turn(true).await);
        assert!(!old.exists() && new.exists());
    }
}
