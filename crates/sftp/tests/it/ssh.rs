//! Connections to a real sshd, which a listener of this test hands its connections.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use russh::keys::{HashAlg, PrivateKey, PublicKey};
use secret::Secret;
use sftp::client::Mode;
use sftp::ssh::login::{self, Login, NoKey};
use sftp::ssh::trust::{Distrust, Trust};
use sftp::ssh::{Connection, Error, Server};
use sftp::transfer::Lanes;
use sftp::wire::attributes::Attributes;

use crate::sshd::{Sshd, keygen, user};

#[tokio::test]
async fn a_file_goes_up_and_comes_down_over_several_channels() {
    let sshd = Sshd::start("").await;
    let connection = sshd.connected().await;
    let channels = connection.channels(4).await.unwrap();
    assert_eq!(channels.len(), 4);
    let bytes: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let path = sshd.folder.path().join("file");
    let open = async |mode: Mode, first: Mode| {
        let mut lanes = Vec::new();
        for (number, channel) in channels.iter().enumerate() {
            let mode = if number == 0 { first } else { mode };
            lanes.push((channel.clone(), channel.open(&path, mode, &Attributes::default()).await.unwrap()));
        }
        let first = lanes.remove(0);
        Lanes::new(first, lanes)
    };
    let up = open(Mode::Update, Mode::CreateNew).await;
    up.upload(0, &mut &*bytes, |_| {}).await.unwrap();
    assert!(std::fs::read(&path).unwrap() == bytes);
    let down = open(Mode::Read, Mode::Read).await;
    let mut back = Vec::new();
    down.download((5, Some(bytes.len() as u64)), &mut back, |_| {}).await.unwrap();
    assert!(back == bytes[5..]);
    connection.close().await;
}

#[tokio::test]
async fn only_a_known_server_is_talked_to() {
    let sshd = Sshd::start("").await;
    let known = sshd.folder.path().join("known_hosts");
    let trust = Trust { files: vec![known.clone()], ..Trust::default() };
    let fingerprint = sshd.public("host").fingerprint(HashAlg::Sha256).to_string();
    match Connection::open(&sshd.server, &trust).await.err() {
        Some(Error::Distrust(Distrust::Unknown { fingerprint: shown, host, .. })) => {
            assert_eq!((shown, host), (fingerprint, format!("[127.0.0.1]:{}", sshd.server.port)));
        }
        other => panic!("{other:?}"),
    }
    let line = |key: &PublicKey| format!("[127.0.0.1]:{} {}\n", sshd.server.port, key.to_openssh().unwrap());
    let other = keygen(sshd.folder.path(), "other", &["-t", "ed25519", "-N", ""]);
    let other = PublicKey::from_openssh(&std::fs::read_to_string(other.with_extension("pub")).unwrap()).unwrap();
    std::fs::write(&known, line(&other)).unwrap();
    let changed = Connection::open(&sshd.server, &trust).await.err();
    assert!(matches!(changed, Some(Error::Distrust(Distrust::Changed { .. }))), "{changed:?}");
    std::fs::write(&known, line(&sshd.public("host"))).unwrap();
    let connection = Connection::open(&sshd.server, &trust).await.unwrap();
    assert_eq!(connection.server_key().key_data(), sshd.public("host").key_data());
}

#[tokio::test]
async fn each_kind_of_key_logs_in_and_a_stranger_hears_what_was_tried() {
    let sshd = Sshd::start("").await;
    for name in ["rsa", "ecdsa"] {
        let mut connection = Connection::open(&sshd.server, &sshd.pinned()).await.unwrap();
        connection.log_in(&mut sshd.login(name)).await.unwrap();
        connection.sftp().await.unwrap().real_path(Path::new(".")).await.unwrap();
    }
    let phrase = Secret::from("a phrase");
    assert!(login::key(&sshd.private("locked"), Some(&phrase)).is_ok());
    for wrong in [None, Some(Secret::from("another"))] {
        assert_eq!(login::key(&sshd.private("locked"), wrong.as_ref()).unwrap_err(), NoKey::Passphrase);
    }
    assert_eq!(login::key(&"nonsense".into(), None).unwrap_err(), NoKey::Form);

    let file = keygen(sshd.folder.path(), "no", &["-t", "ed25519", "-N", ""]);
    let stranger = Arc::new(PrivateKey::from_openssh(std::fs::read(file).unwrap()).unwrap());
    let shown = stranger.fingerprint(HashAlg::Sha256).to_string();
    let mut login = Login { keys: vec![stranger], ..sshd.login("rsa") };
    let mut connection = Connection::open(&sshd.server, &sshd.pinned()).await.unwrap();
    let refused = connection.log_in(&mut login).await.unwrap_err().to_string();
    assert_eq!(refused, format!("{} is not let in: shown were the key {shown}; the server takes publickey", user()));
}

#[tokio::test]
async fn an_agent_and_a_jump_host_lead_there_too() {
    let inner = Sshd::start("AllowTcpForwarding no").await;
    let outer = Sshd::start("").await;
    let via = outer.connected().await;
    let mut connection = Connection::through(via, &inner.server, &inner.pinned()).await.unwrap();
    let socket = inner.folder.path().join("agent");
    let mut agent = Command::new("ssh-agent").args(["-D", "-a"]).arg(&socket).stdout(Stdio::null()).spawn().unwrap();
    while !socket.exists() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let added =
        Command::new("ssh-add").arg("-q").arg(inner.folder.path().join("ecdsa")).env("SSH_AUTH_SOCK", &socket).output();
    assert!(added.unwrap().status.success());
    let mut login = Login { keys: Vec::new(), agent: Some(socket), ..inner.login("rsa") };
    connection.log_in(&mut login).await.unwrap();
    connection.sftp().await.unwrap().stat(Path::new("/")).await.unwrap();
    agent.kill().unwrap();
    agent.wait().unwrap();
    // The inner one lets nobody through.
    let refused = Connection::through(connection, &outer.server, &outer.pinned()).await.err();
    assert!(matches!(&refused, Some(Error::Connect { reason, .. }) if reason.contains("jump host")), "{refused:?}");
}

#[tokio::test]
async fn each_step_that_fails_is_told_from_the_others() {
    let trust = Trust::default();
    let at = |host: &str, port: u16| Server { host: host.to_owned(), port };
    let nobody = Connection::open(&at("no.such.host.invalid", 22), &trust).await.err();
    assert!(matches!(nobody, Some(Error::Resolve { .. })), "{nobody:?}");
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let closed = Connection::open(&at("127.0.0.1", port), &trust).await.err();
    assert!(matches!(closed, Some(Error::Connect { .. })), "{closed:?}");
    let web = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = web.local_addr().unwrap().port();
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        let (mut stream, _) = web.accept().await.unwrap();
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    });
    let other = Connection::open(&at("127.0.0.1", port), &trust).await.err();
    assert!(matches!(other, Some(Error::Greet { .. })), "{other:?}");
    let sshd = Sshd::start("Match all\nForceCommand /bin/echo hello\n#").await;
    let mut connection = Connection::open(&sshd.server, &sshd.pinned()).await.unwrap();
    connection.log_in(&mut sshd.login("rsa")).await.unwrap();
    let greeted = connection.sftp().await.err();
    assert!(matches!(greeted, Some(Error::Sftp(_))), "{greeted:?}");
}
