//! ssh through proxy, relay, server and sshd.

use std::process::Stdio;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::bench::{Bench, Options, another_host_key, noise, program, sha256, text, tunnel_program};

#[track_caller]
#[tokio::test(flavor = "multi_thread")]
async fn a_commands_output_and_exit_code_arrive() {
    let bench = Bench::start(Options::default()).await;
    let output = bench.ssh(&["sh", "-c", "echo out; echo err >&2; exit 7"]).output().await.unwrap();
    assert_eq!(text(&output), (7, "out\n".to_owned(), "err\n".to_owned()), "{}", bench.log.text());
    let output = bench.ssh(&["printf", "%s|", "a b", "$HOME", "it's", ""]).output().await.unwrap();
    assert_eq!(text(&output), (0, "a b|$HOME|it's||".to_owned(), String::new()));
    let output = bench.ssh(&["printenv", "GREETING"]).output().await.unwrap();
    assert_eq!(text(&output), (0, "hello \"you\"\n".to_owned(), String::new()));
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn output_of_commands_that_end_at_once_is_never_lost() {
    let bench = Bench::start(Options::default()).await;
    for _ in 0..10 {
        let runs = (0..5).map(|number| {
            let word = number.to_string();
            let mut ssh = bench.ssh(&["echo", &word]);
            async move { (text(&ssh.output().await.unwrap()), word) }
        });
        for (output, word) in futures_util::future::join_all(runs).await {
            // What the login shell of this machine's user has to say on stderr is not the tunnel's.
            assert_eq!((output.0, output.1), (0, format!("{word}\n")));
        }
    }
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_mebibytes_arrive_unchanged_in_both_directions() {
    let bench = Bench::start(Options::default()).await;
    let size = 100 * 1024 * 1024;
    let data = noise(1, size);
    let expected = sha256(&data);
    let file = bench.folder.path().join("data");

    let mut up = bench.ssh(&["sh", "-c", "tee \"$0\" | sha256sum", file.to_str().unwrap()]);
    let mut up = up.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = up.stdin.take().unwrap();
    let sending = tokio::spawn(async move {
        stdin.write_all(&data).await.unwrap();
        drop(stdin);
    });
    let output = up.wait_with_output().await.unwrap();
    sending.await.unwrap();
    assert_eq!(text(&output), (0, format!("{expected}  -\n"), String::new()));

    let output = bench.ssh(&["cat", file.to_str().unwrap()]).output().await.unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), size));
    assert_eq!(sha256(&output.stdout), expected);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_host_key_stops_the_connection() {
    let mut bench = Bench::start(Options::default()).await;
    bench.endpoint.server_host_key = another_host_key();
    let output = bench.ssh(&["touch", bench.folder.path().join("ran").to_str().unwrap()]).output().await.unwrap();
    let (code, _, words) = text(&output);
    assert_eq!(code, 255);
    assert!(words.contains("REMOTE HOST IDENTIFICATION HAS CHANGED"), "{words}");
    assert!(!bench.folder.path().join("ran").exists());
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_not_registered_is_refused_and_the_log_says_so() {
    let bench = Bench::start(Options { known: false, ..Options::default() }).await;
    let output = bench.ssh(&["true"]).output().await.unwrap();
    let (code, _, words) = text(&output);
    assert_eq!(code, 255);
    assert!(words.contains("Permission denied (publickey)"), "{words}");
    // sshd says it before it ends, and another task reads it.
    crate::cloud::until("the log says why", async || bench.log.text().contains("preauth")).await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_goes_well_leaves_no_warning() {
    let bench = Bench::start(Options::default()).await;
    let output = bench.ssh(&["true"]).output().await.unwrap();
    assert_eq!(text(&output).0, 0);
    let log = bench.log.clone();
    bench.end().await;
    assert_eq!(log.text(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_cut_again_and_again_is_taken_up_where_it_was() {
    let bench = Bench::start(Options::default()).await;
    let mut ssh = bench.ssh(&["sh", "-c", "head -c 50000000 /dev/zero | tr '\\0' x; sha256sum; exit 7"]);
    let mut ssh = ssh.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = ssh.stdin.take().unwrap();
    let sending = tokio::spawn(async move {
        for _ in 0..60 {
            stdin.write_all(&[7; 500_000]).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let output = tokio::spawn(ssh.wait_with_output());
    let mut cuts = 0;
    while !output.is_finished() {
        bench.relay.cut();
        cuts += 1;
        tokio::time::sleep(Duration::from_millis(70)).await;
    }
    sending.await.unwrap();
    let output = output.await.unwrap().unwrap();
    let (code, out, words) = text(&output);
    assert_eq!((code, words.as_str()), (7, ""));
    let expected = "x".repeat(50_000_000) + &format!("{}  -\n", sha256(&vec![7; 30_000_000]));
    assert!(out == expected, "{} bytes", out.len());
    assert!(cuts > 5, "{cuts} cuts");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_flaps_is_made_less_and_less_often() {
    let bench = Bench::start(Options::default()).await;
    let mut ssh = bench.ssh(&["sh", "-c", "echo started; read x; exit 7"]).stdin(Stdio::piped()).spawn().unwrap();
    ssh.stdout.as_mut().unwrap().read_exact(&mut [0; 8]).await.unwrap();
    let before = bench.relay.connections.load(Ordering::Relaxed);
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(4) {
        bench.relay.cut();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let dials = bench.relay.connections.load(Ordering::Relaxed) - before;
    assert!((3..=12).contains(&dials), "{dials} dials in four seconds");
    drop(ssh.stdin.take());
    assert_eq!(ssh.wait().await.unwrap().code(), Some(7));
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_connection_ends_both_sides_where_it_cannot_be_resumed() {
    let mut bench = Bench::start(Options::default()).await;
    bench.proxy_arguments.extend(["--instance-id=instance".to_owned(), "--resume-version=0".to_owned()]);
    let pid_file = bench.folder.path().join("pid");
    let script = format!("echo $PPID > {}; echo started; read x", pid_file.display());
    let mut ssh = bench.ssh(&["sh", "-c", &script]).stdin(Stdio::piped()).spawn().unwrap();
    let mut line = [0; 8];
    ssh.stdout.as_mut().unwrap().read_exact(&mut line).await.unwrap();
    assert_eq!(&line, b"started\n");
    let sshd: u32 = std::fs::read_to_string(&pid_file).unwrap().trim().parse().unwrap();
    assert!(std::path::Path::new(&format!("/proc/{sshd}")).exists());
    // What waits for ssh closes its stdin, and the script would end in good order if that came before the cut.
    let _stdin = ssh.stdin.take();
    bench.relay.cut();
    let started = Instant::now();
    let output = ssh.wait_with_output().await.unwrap();
    assert_eq!(output.status.code(), Some(255));
    assert!(text(&output).2.contains("the connection was lost"), "{:?}", text(&output));
    while std::path::Path::new(&format!("/proc/{sshd}")).exists() {
        // A new connection is waited for, and sshd has ten seconds to end by itself.
        assert!(started.elapsed() < Duration::from_secs(40), "sshd stays behind");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_whose_ssh_has_gone_does_not_wait_for_a_lost_connection() {
    let mut bench = Bench::start(Options::default()).await;
    bench.proxy_arguments.extend(["--instance-id=instance".to_owned(), "--resume-version=2".to_owned()]);
    let mut words = bench.proxy();
    let mut proxy = program(&words.remove(0), bench.folder.path());
    let mut proxy = proxy.args(words).stdin(Stdio::piped()).spawn().unwrap();
    let mut banner = [0; 4];
    proxy.stdout.as_mut().unwrap().read_exact(&mut banner).await.unwrap();
    assert_eq!(&banner, b"SSH-");
    // The server goes without a word, and nothing takes its place.
    bench.relay.refuse();
    let started = Instant::now();
    drop(proxy.stdin.take());
    proxy.wait().await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_servers_end_ends_its_sessions() {
    let bench = Bench::start(Options::default()).await;
    let mut ssh = bench.ssh(&["sh", "-c", "echo started; read x"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut line = [0; 8];
    ssh.stdout.as_mut().unwrap().read_exact(&mut line).await.unwrap();
    bench.end().await;
    assert_eq!(ssh.wait().await.unwrap().code(), Some(255));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_go_over_sftp() {
    let bench = Bench::start(Options::default()).await;
    let (from, to) = (bench.folder.path().join("from"), bench.folder.path().join("to"));
    let data: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 251) as u8).collect();
    std::fs::write(&from, &data).unwrap();
    let ssh = bench.ssh(&[]);
    let all: Vec<_> = ssh.as_std().get_args().map(|word| word.to_str().unwrap().to_owned()).collect();
    let (host, options) = all.split_last().unwrap();
    let batch = bench.folder.path().join("batch");
    std::fs::write(&batch, format!("put {} {}\n", from.display(), to.display())).unwrap();
    let mut sftp = program("sftp", bench.folder.path());
    sftp.arg("-b").arg(&batch).args(options).arg(host);
    let output = sftp.output().await.unwrap();
    assert_eq!(text(&output).0, 0, "{:?}", text(&output));
    assert_eq!(std::fs::read(&to).unwrap(), data);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_renewed_without_a_gap() {
    let mut bench = Bench::start(Options::default()).await;
    bench.proxy_arguments.push("--renew-every=50ms".to_owned());
    let script = "for i in $(seq 40); do echo $i; sleep 0.05; done; head -c 30000000 /dev/zero | sha256sum; sha256sum";
    let mut ssh = bench.ssh(&["sh", "-c", script]);
    let mut ssh = ssh.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = ssh.stdin.take().unwrap();
    let sending = tokio::spawn(async move {
        for _ in 0..60 {
            stdin.write_all(&[7; 500_000]).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let (code, out, words) = text(&ssh.wait_with_output().await.unwrap());
    sending.await.unwrap();
    let mut expected: String = (1..=40).map(|number| format!("{number}\n")).collect();
    expected += &format!("{}  -\n", sha256(&vec![0; 30_000_000]));
    expected += &format!("{}  -\n", sha256(&vec![7; 30_000_000]));
    assert_eq!((code, out, words), (0, expected, String::new()));
    let connections = bench.relay.connections.load(Ordering::Relaxed);
    assert!(connections > 10, "{connections} connections");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_client_too_many_is_told_so() {
    let bench = Bench::start(Options { max_clients: 1, ..Options::default() }).await;
    let mut first = bench.ssh(&["sh", "-c", "echo started; read x"]);
    let mut first = first.stdin(Stdio::piped()).spawn().unwrap();
    let mut line = [0; 8];
    first.stdout.as_mut().unwrap().read_exact(&mut line).await.unwrap();
    let (code, _, words) = text(&bench.ssh(&["true"]).output().await.unwrap());
    assert_eq!(code, 255);
    assert!(words.contains("Maximum clients reached") && words.contains("max_clients"), "{words}");
    drop(first.stdin.take());
    first.wait().await.unwrap();
    let started = Instant::now();
    while text(&bench.ssh(&["true"]).output().await.unwrap()).0 != 0 {
        assert!(started.elapsed() < Duration::from_secs(10), "the place is not given back");
    }
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_server_ends() {
    let bench = Bench::start(Options { shutdown_delay: Duration::from_millis(300), ..Options::default() }).await;
    let output = bench.ssh(&["sleep", "1"]).output().await.unwrap();
    assert_eq!(text(&output).0, 0, "a session keeps it");
    tokio::time::timeout(Duration::from_secs(5), bench.serving).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proxys_stdout_is_the_stream_and_nothing_else() {
    let bench = Bench::start(Options::default()).await;
    let run = async |arguments: &[String]| {
        let mut proxy = program(tunnel_program().to_str().unwrap(), bench.folder.path());
        let mut proxy = proxy.args(&arguments[1..]).stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = proxy.stdin.take().unwrap();
        // A proxy that has ended already takes nothing.
        let _ = stdin.write_all(b"SSH-2.0-test\r\n").await;
        let mut out = vec![0; 4096];
        let read = proxy.stdout.as_mut().unwrap().read(&mut out).await.unwrap();
        drop(stdin);
        out.truncate(read);
        let output = proxy.wait_with_output().await.unwrap();
        (output.status.code(), out, text(&output).2)
    };
    let (code, out, words) = run(&bench.proxy()).await;
    assert!(out.starts_with(b"SSH-2.0-OpenSSH"), "{:?}", String::from_utf8_lossy(&out));
    assert_eq!((code, words.as_str()), (Some(0), ""));

    let mut wrong = bench.proxy();
    wrong[2] = "--endpoint-file=/nowhere".to_owned();
    let (code, out, words) = run(&wrong).await;
    assert_eq!((code, out.as_slice()), (Some(1), b"".as_slice()));
    assert!(words.contains("/nowhere"), "{words}");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_routes_answer() {
    let bench = Bench::start(Options::default()).await;
    let get = async |path: &str| {
        let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", bench.port)).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let status = answer.split(' ').nth(1).unwrap().to_owned();
        (status, answer.rsplit("\r\n\r\n").next().unwrap().to_owned())
    };
    let user = crate::bench::user();
    for path in ["/metadata", "//metadata", "/driver-proxy-http/metadata", "/metadata?instance=instance"] {
        assert_eq!(get(path).await, ("200".to_owned(), user.clone()), "{path}");
    }
    assert_eq!(get("/metadata?instance=another").await.0, "410");
    assert_eq!(get("/logs").await.0, "200");
    assert_eq!(get("/ssh").await.0, "400", "no id");
    assert_eq!(get("/ssh?id=x").await.0, "400", "no websocket");
    assert_eq!(get("/capabilities").await, ("200".to_owned(), r#"{"resume_version":2}"#.to_owned()));
    assert_eq!(get("/ssh?id=x&reattach=1").await.0, "400", "no count");
    bench.end().await;
}
