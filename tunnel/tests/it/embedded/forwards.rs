//! `ssh -L`, `-R`, `-D` and `-A`.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::process::Child;

use super::{client, file, start};
use crate::bench::{Bench, program};
use crate::bench::{noise, text};
use crate::cloud::until;

/// Answers each connection with what it read until the end, and a mark.
async fn echo(mut stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin) {
    let mut data = Vec::new();
    stream.read_to_end(&mut data).await.unwrap();
    data.extend_from_slice(b" echoed");
    stream.write_all(&data).await.unwrap();
    stream.shutdown().await.unwrap();
}

async fn echo_server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(echo(stream));
        }
    });
    port
}

async fn ask(mut stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin, question: &[u8]) -> Vec<u8> {
    let mut answer = Vec::new();
    let (mut source, mut sink) = tokio::io::split(&mut stream);
    let asking = async {
        sink.write_all(question).await.unwrap();
        sink.shutdown().await.unwrap();
    };
    let (_, read) = tokio::join!(asking, source.read_to_end(&mut answer));
    read.unwrap();
    answer
}

async fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

/// An ssh with this forward, once it is there.
async fn forwarding(bench: &Bench, arguments: &[&str]) -> (Child, String) {
    let arguments = [&["-v", "-o", "ExitOnForwardFailure=yes"], arguments, &["demo", "echo up; cat"]].concat();
    let mut ssh = client(bench, "ssh", &arguments).stdin(Stdio::piped()).spawn().unwrap();
    let mut words = BufReader::new(ssh.stderr.take().unwrap()).lines();
    let (sender, receiver) = tokio::sync::watch::channel(String::new());
    tokio::spawn(async move {
        while let Ok(Some(line)) = words.next_line().await {
            sender.send_modify(|text| text.push_str(&(line + "\n")));
        }
    });
    let mut lines = BufReader::new(ssh.stdout.take().unwrap()).lines();
    let first = lines.next_line().await.unwrap();
    assert_eq!(first.as_deref(), Some("up"), "{}", receiver.borrow().as_str());
    let words = receiver.borrow().clone();
    (ssh, words)
}

#[tokio::test(flavor = "multi_thread")]
async fn local_ports_lead_to_the_servers_side() {
    let bench = start().await;
    let (here, there) = (free_port().await, echo_server().await);
    let (_ssh, _) = forwarding(&bench, &["-L", &format!("127.0.0.1:{here}:localhost:{there}")]).await;
    let runs = (0..20).map(|number: i32| async move {
        let stream = TcpStream::connect(("127.0.0.1", here)).await.unwrap();
        assert_eq!(ask(stream, number.to_string().as_bytes()).await, format!("{number} echoed").as_bytes());
    });
    futures_util::future::join_all(runs).await;
    let much = noise(1, 5_000_000);
    let answer = ask(TcpStream::connect(("127.0.0.1", here)).await.unwrap(), &much).await;
    assert_eq!(answer.strip_suffix(b" echoed"), Some(much.as_slice()));
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_port_to_nowhere_is_closed_and_the_connection_goes_on() {
    let bench = start().await;
    let (here, nowhere, there) = (free_port().await, free_port().await, echo_server().await);
    let other = free_port().await;
    let forwards = [format!("127.0.0.1:{here}:127.0.0.1:{nowhere}"), format!("127.0.0.1:{other}:127.0.0.1:{there}")];
    let (_ssh, _) = forwarding(&bench, &["-L", &forwards[0], "-L", &forwards[1]]).await;
    let mut stream = TcpStream::connect(("127.0.0.1", here)).await.unwrap();
    assert!(stream.read_u8().await.is_err());
    assert_eq!(ask(TcpStream::connect(("127.0.0.1", other)).await.unwrap(), b"x").await, b"x echoed");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn remote_ports_lead_to_the_clients_side_until_the_connection_ends() {
    let bench = start().await;
    let there = echo_server().await;
    let (mut ssh, words) = forwarding(&bench, &["-R", &format!("0:127.0.0.1:{there}")]).await;
    let port = words.lines().find_map(|line| line.strip_prefix("Allocated port ")).unwrap_or_else(|| panic!("{words}"));
    let port: u16 = port.split(' ').next().unwrap().parse().unwrap();
    for number in 0..5 {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        assert_eq!(ask(stream, number.to_string().as_bytes()).await, format!("{number} echoed").as_bytes());
    }
    // The port is taken now, and a client is told so.
    let taken = format!("{port}:127.0.0.1:{there}");
    let output = client(&bench, "ssh", &["-o", "ExitOnForwardFailure=yes", "-R", &taken, "demo", "true"]).output();
    let (code, _, words) = text(&output.await.unwrap());
    assert_eq!(code, 255);
    assert!(words.contains("remote port forwarding failed"), "{words}");
    ssh.start_kill().unwrap();
    until("the port is free", async || TcpStream::connect(("127.0.0.1", port)).await.is_err()).await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socks_proxy_leads_anywhere() {
    let bench = start().await;
    let (here, there) = (free_port().await, echo_server().await);
    let (_ssh, _) = forwarding(&bench, &["-D", &format!("127.0.0.1:{here}")]).await;
    let mut stream = TcpStream::connect(("127.0.0.1", here)).await.unwrap();
    // RFC 1928: no authentication, then CONNECT to a host by its name.
    stream.write_all(&[5, 1, 0]).await.unwrap();
    let mut chosen = [0; 2];
    stream.read_exact(&mut chosen).await.unwrap();
    assert_eq!(chosen, [5, 0]);
    let mut request = vec![5, 1, 0, 3, 9];
    request.extend_from_slice(b"localhost");
    request.extend_from_slice(&there.to_be_bytes());
    stream.write_all(&request).await.unwrap();
    let mut reply = [0; 10];
    stream.read_exact(&mut reply).await.unwrap();
    assert_eq!(reply[1], 0);
    assert_eq!(ask(stream, b"through socks").await, b"through socks echoed");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_are_forwarded_in_both_directions() {
    let bench = start().await;
    let path = |name: &str| file(&bench, name).display().to_string();
    let listener = UnixListener::bind(path("target")).unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(echo(stream));
        }
    });
    let forwards = [format!("{}:{}", path("local"), path("target")), format!("{}:{}", path("remote"), path("target"))];
    let (mut ssh, _) = forwarding(&bench, &["-L", &forwards[0], "-R", &forwards[1]]).await;
    for name in ["local", "remote"] {
        assert_eq!(ask(UnixStream::connect(path(name)).await.unwrap(), b"x").await, b"x echoed", "{name}");
    }
    let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(path("remote")).unwrap());
    assert_eq!(mode & 0o777, 0o600);
    ssh.start_kill().unwrap();
    until("the socket is gone", async || !file(&bench, "remote").exists()).await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clients_agent_can_be_used_on_the_server() {
    let bench = start().await;
    let socket = file(&bench, "agent");
    let mut agent = program("ssh-agent", bench.folder.path());
    let mut agent = agent.arg("-D").arg("-a").arg(&socket).spawn().unwrap();
    until("the agent listens", async || UnixStream::connect(&socket).await.is_ok()).await;
    let mut add = program("ssh-add", bench.folder.path());
    let added = add.env("SSH_AUTH_SOCK", &socket).arg(&bench.key.private).output().await.unwrap();
    assert!(added.status.success(), "{added:?}");
    let mut ssh = client(&bench, "ssh", &["-A", "demo", "ssh-add -l"]);
    let (code, out, words) = text(&ssh.env("SSH_AUTH_SOCK", &socket).output().await.unwrap());
    assert_eq!(code, 0, "{words}");
    assert!(out.contains("ED25519"), "{out}");
    agent.kill().await.unwrap();
    bench.end().await;
}
