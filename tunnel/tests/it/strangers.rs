//! Who is not logged in, and who is not even asked who he is.

use std::process::Stdio;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use http::Method;
use secret::Secret;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tunnel::server::ssh_server::Choice;
use tunnel::websocket::proof::proof;

use crate::bench::{Bench, Options, SECRET, text};
use crate::cloud::{Cloud, until};

/// A websocket of a session that says nothing.
async fn silent(port: u16, id: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let request = format!(
        "GET /ssh?id={id} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_that_say_nothing_keep_nobody_out() {
    for ssh_server in [Choice::Openssh, Choice::Embedded] {
        let bench = Bench::start(Options { max_clients: 10, ssh_server, ..Options::default() }).await;
        let mut strangers = Vec::new();
        for number in 0..30 {
            strangers.push(silent(bench.port, &number.to_string()).await);
        }
        let mut answered = [0; 12];
        strangers[0].read_exact(&mut answered).await.unwrap();
        assert_eq!(&answered, b"HTTP/1.1 101");
        let output = text(&bench.ssh(&["echo", "in"]).output().await.unwrap());
        assert_eq!((output.0, output.1.as_str()), (0, "in\n"), "{} {}", output.2, bench.log.text());
        drop(strangers);
        bench.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_is_asked_needs_a_proof_but_for_what_the_official_client_asks() {
    for is_official in [false, true] {
        let bench = Bench::start(Options { is_official, ..Options::default() }).await;
        let ask = async |method: Method, route: &str, proof: &str| {
            let mut stream = TcpStream::connect(("127.0.0.1", bench.port)).await.unwrap();
            let query = if proof.is_empty() { String::new() } else { format!("&proof={proof}") };
            let request = format!(
                "{method} /{route}?instance=instance{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            );
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer.split(' ').nth(1).unwrap().to_owned()
        };
        let secret = Secret::from(SECRET);
        let right = |method: &Method, route: &str| proof(&secret, method, route);
        for route in ["metadata", "logs", "status"] {
            let expected = if is_official && route != "status" { "200" } else { "403" };
            assert_eq!(ask(Method::GET, route, "").await, expected, "{route}");
            assert_eq!(ask(Method::GET, route, &proof(&Secret::from("x"), &Method::GET, route)).await, expected);
            assert_eq!(ask(Method::GET, route, &right(&Method::GET, route)).await, "200", "{route}");
        }
        assert_eq!(ask(Method::GET, "capabilities", "").await, "200");
        assert_eq!(ask(Method::POST, "stop", "").await, "403");
        assert_eq!(ask(Method::POST, "stop", &right(&Method::GET, "status")).await, "403");
        assert!(!bench.serving.is_finished());
        assert_eq!(ask(Method::POST, "stop", &right(&Method::POST, "stop")).await, "200");
        tokio::time::timeout(Duration::from_secs(20), bench.serving).await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_told_to_end_does_not_wait_for_who_is_away() {
    let mut bench = Bench::start(Options::default()).await;
    bench.proxy_arguments.extend(["--instance-id=instance".to_owned(), "--resume-version=2".to_owned()]);
    let mut ssh = bench.ssh(&["sh", "-c", "echo started; read x"]).stdin(Stdio::piped()).spawn().unwrap();
    ssh.stdout.as_mut().unwrap().read_exact(&mut [0; 8]).await.unwrap();
    bench.relay.refuse();
    ssh.kill().await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let started = Instant::now();
    bench.end().await;
    assert!(started.elapsed() < Duration::from_millis(2500), "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_fails_is_said_at_once_and_the_session_outlives_it() {
    let mut bench = Bench::start(Options::default()).await;
    bench.proxy_arguments.extend(["--instance-id=instance".to_owned(), "--resume-version=2".to_owned()]);
    let mut ssh = bench.ssh(&["sh", "-c", "echo started; read x; echo $x; exit 7"]);
    let mut ssh = ssh.stdin(Stdio::piped()).spawn().unwrap();
    ssh.stdout.as_mut().unwrap().read_exact(&mut [0; 8]).await.unwrap();
    let mut words = BufReader::new(ssh.stderr.take().unwrap()).lines();
    bench.relay.unauthorized.store(true, Ordering::Relaxed);
    bench.relay.cut();
    let line =
        tokio::time::timeout(Duration::from_secs(10), words.next_line()).await.expect("nothing is said").unwrap();
    let line = line.unwrap();
    assert!(line.contains("signing in again fails") && line.contains("401"), "{line}");
    // Two more tries fail, in silence.
    tokio::time::sleep(Duration::from_secs(11)).await;
    bench.relay.unauthorized.store(false, Ordering::Relaxed);
    ssh.stdin.take().unwrap().write_all(b"still here\n").await.unwrap();
    let output = ssh.wait_with_output().await.unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stdout).as_ref()), (Some(7), "still here\n"));
    let mut rest = Vec::new();
    while let Ok(Some(line)) = words.next_line().await {
        rest.push(line);
    }
    assert!(rest.len() == 1 && rest[0].contains("connected again after"), "{rest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failure_the_servers_words_are_about_this_session_alone() {
    let cloud = Cloud::start().await;
    let output = text(&cloud.connect("ada", &["true"]).output().await.unwrap());
    assert_eq!(output.0, 0, "{}", output.2);
    // Somebody else speaks no SSH.
    let file = cloud.folder.path().join("endpoint.json");
    std::fs::write(&file, serde_json::to_vec(&cloud.endpoint).unwrap()).unwrap();
    let mut proxy = cloud.tunnel("ada");
    let mut proxy = proxy.arg("proxy").arg("--endpoint-file").arg(&file).stdin(Stdio::piped()).spawn().unwrap();
    proxy.stdin.as_mut().unwrap().write_all(b"nonsense\r\n").await.unwrap();
    proxy.wait().await.unwrap();
    until("the log has their words", async || {
        let mut logs = cloud.tunnel("ada");
        let output = logs.arg("logs").arg("--outputs").arg(cloud.outputs()).output().await.unwrap();
        String::from_utf8_lossy(&output.stdout).contains("sshd:")
    })
    .await;
    let (code, _, words) = text(&cloud.connect("ada", &["sh", "-c", "exit 255"]).output().await.unwrap());
    assert_eq!(code, 255);
    assert!(!words.contains("last words"), "{words}");
    // One's own are shown.
    let mut connect = cloud.tunnel("ada");
    connect.arg("connect").arg("--outputs").arg(cloud.outputs()).args(["-o", "Ciphers=aes256-cbc", "--", "true"]);
    let (code, _, words) = text(&connect.output().await.unwrap());
    assert_eq!(code, 255);
    assert!(words.contains("last words") && words.contains("no matching cipher"), "{words}");
    assert!(!words.contains("banner"), "{words}");
    cloud.cloud.stop().await;
}
