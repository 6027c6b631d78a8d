//! The official tunnel's two protocols as the facts tell them, written anew for the tests with another websocket library, one
//! message for each 4 KiB, and none of our code: a server that real ssh reaches through `tunnel proxy`, and a client that
//! talks to `tunnel server`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, interval, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

use crate::bench::{Bench, Options, noise, sha256};

type Ws = WebSocketStream<TcpStream>;

/// The first CLI's replay buffer: a sender that fills it must wait.
const REPLAY: usize = 1024 * 1024;

/// One end's book of a session.
#[derive(Default)]
struct Book {
    /// Sent and not acknowledged.
    replay: Vec<u8>,
    /// Offset of its first byte.
    acked: usize,
    delivered: usize,
    told: usize,
    source_ended: bool,
}

enum Leg {
    Ended,
    Dropped,
    Arrived(Box<Arrival>),
    Due,
}

fn close(reason: &'static str) -> Message {
    Message::Close(Some(CloseFrame { code: CloseCode::Normal, reason: reason.into() }))
}

fn text(delivered: usize) -> Message {
    Message::text(format!("{{\"delivered\":{delivered}}}"))
}

fn count(text: &str) -> usize {
    text.strip_prefix("{\"delivered\":").unwrap().strip_suffix('}').unwrap().trim().parse().unwrap()
}

/// Carries one socket until it ends, breaks, another one arrives, or it is time for another.
async fn leg(
    ws: &mut Ws,
    input: &mut (impl AsyncRead + Unpin),
    output: &mut (impl AsyncWrite + Unpin),
    book: &mut Book,
    resume: bool,
    arrivals: &mut mpsc::Receiver<Arrival>,
    until: Instant,
) -> Leg {
    let mut block = [0; 4096];
    let mut ticks = interval(Duration::from_millis(100));
    loop {
        let settled = !resume || book.replay.is_empty();
        if book.source_ended && settled {
            // The end, once the other end has it all; its answer is waited for.
            if ws.send(close(if resume { "finished" } else { "" })).await.is_err() {
                return Leg::Dropped;
            }
            while let Ok(Some(Ok(_))) = timeout(Duration::from_secs(10), ws.next()).await {}
            return Leg::Ended;
        }
        tokio::select! {
            message = ws.next() => match message {
                Some(Ok(Message::Binary(bytes))) => {
                    if output.write_all(&bytes).await.is_ok() {
                        book.delivered += bytes.len();
                    }
                    if resume && book.delivered - book.told >= 64 * 1024 {
                        book.told = book.delivered;
                        let _ = ws.send(text(book.delivered)).await;
                    }
                }
                Some(Ok(Message::Text(words))) => {
                    assert!(resume, "a plain session has no text messages: {words}");
                    let told = count(&words);
                    if told > book.acked && told <= book.acked + book.replay.len() {
                        book.replay.drain(..told - book.acked);
                        book.acked = told;
                    }
                }
                Some(Ok(Message::Close(frame))) => {
                    let _ = ws.flush().await;
                    let frame = frame.unwrap();
                    let ends = u16::from(frame.code) == 1000 && (!resume || frame.reason == "finished");
                    return if ends { Leg::Ended } else { Leg::Dropped };
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Leg::Dropped,
            },
            read = input.read(&mut block), if !book.source_ended && book.replay.len() < REPLAY => match read {
                Ok(read @ 1..) => {
                    if resume {
                        book.replay.extend_from_slice(&block[..read]);
                    }
                    if ws.send(Message::binary(block[..read].to_vec())).await.is_err() {
                        return Leg::Dropped;
                    }
                }
                _ => book.source_ended = true,
            },
            _ = ticks.tick(), if resume && book.told != book.delivered => {
                book.told = book.delivered;
                let _ = ws.send(text(book.delivered)).await;
            }
            Some(arrival) = arrivals.recv() => return Leg::Arrived(Box::new(arrival)),
            () = sleep_until(until) => return Leg::Due,
        }
    }
}

/// Reads a socket to its close, and delivers what comes before it. Whether it came.
async fn drain(ws: &mut Ws, output: &mut (impl AsyncWrite + Unpin), book: &mut Book) -> bool {
    loop {
        match timeout(Duration::from_secs(25), ws.next()).await {
            Ok(Some(Ok(Message::Binary(bytes)))) => {
                let _ = output.write_all(&bytes).await;
                book.delivered += bytes.len();
            }
            Ok(Some(Ok(Message::Text(words)))) => {
                let told = count(&words);
                if told > book.acked {
                    book.replay.drain(..told - book.acked);
                    book.acked = told;
                }
            }
            Ok(Some(Ok(Message::Close(_)))) => {
                let _ = ws.flush().await;
                return true;
            }
            Ok(Some(Ok(_))) => {}
            _ => return false,
        }
    }
}

/// Everything that the other end has not, again; while it is read from, since its own may be as much.
async fn replay(ws: &mut Ws, from: usize, output: &mut (impl AsyncWrite + Unpin), book: &mut Book) -> bool {
    book.replay.drain(..from - book.acked);
    book.acked = from;
    let all = book.replay.clone();
    for part in all.chunks(4096) {
        // What has arrived meanwhile goes first.
        while let Ok(Some(message)) = timeout(Duration::ZERO, ws.next()).await {
            match message {
                Ok(Message::Binary(bytes)) => {
                    let _ = output.write_all(&bytes).await;
                    book.delivered += bytes.len();
                }
                Ok(Message::Text(words)) => {
                    let told = count(&words);
                    if told > book.acked {
                        book.replay.drain(..told - book.acked);
                        book.acked = told;
                    }
                }
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                _ => return false,
            }
        }
        if ws.send(Message::binary(part.to_vec())).await.is_err() {
            return false;
        }
    }
    true
}

struct Arrival {
    ws: Ws,
    reattach: Option<usize>,
}

/// The official server, in front of a real sshd.
struct OfficialServer {
    resume: bool,
    sessions: Mutex<HashMap<String, mpsc::Sender<Arrival>>>,
    sshd: tunnel::server::sshd::Sshd,
    keys: String,
    asked: Mutex<Vec<String>>,
}

impl OfficialServer {
    async fn start(bench: &Bench, host_key: &secret::Secret<String>, resume: bool) -> (u16, Arc<Self>) {
        let sshd = tunnel::server::sshd::Sshd::new(bench.folder.path(), &[], host_key, &[]).unwrap();
        let keys = bench.key.public_line.clone() + "\n";
        let server = Arc::new(Self { resume, sessions: Mutex::default(), sshd, keys, asked: Mutex::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().handle(stream));
            }
        });
        (port, server)
    }

    async fn handle(self: Arc<Self>, mut stream: TcpStream) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let Ok(byte) = stream.read_u8().await else { return };
            head.push(byte);
        }
        let head = String::from_utf8(head).unwrap();
        let target = head.split(' ').nth(1).unwrap().trim_start_matches('/').to_owned();
        self.asked.lock().unwrap().push(target.clone());
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let answer =
            |status: &str, body: &str| format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let parameter = |name: &str| {
            let found = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            found.map(str::to_owned)
        };
        let words = match path {
            "capabilities" if self.resume => answer("200 OK", "{\"resume_version\":2}"),
            "metadata" => answer("200 OK", "root"),
            "ssh" => {
                let id = parameter("id").unwrap();
                let resumable = self.resume && parameter("resume_version").as_deref() == Some("2");
                assert_eq!(resumable, self.resume, "{query}");
                let delivered = parameter("delivered").map(|text| text.parse().unwrap());
                assert_eq!(delivered.is_some(), resumable, "{query}");
                let reattach = delivered.filter(|_| parameter("reattach").as_deref() == Some("1"));
                let known = self.sessions.lock().unwrap().get(&id).cloned();
                if reattach.is_some() && known.is_none() {
                    let _ = stream.write_all(answer("410 Gone", "gone").as_bytes()).await;
                    return;
                }
                let key = head.lines().find_map(|line| {
                    let (name, value) = line.split_once(": ")?;
                    name.eq_ignore_ascii_case("sec-websocket-key").then(|| value.to_owned())
                });
                let accept = derive_accept_key(key.unwrap().as_bytes());
                let words = format!(
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                     Sec-WebSocket-Accept: {accept}\r\n\r\n"
                );
                stream.write_all(words.as_bytes()).await.unwrap();
                let ws = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
                match known {
                    Some(session) => {
                        let _ = session.send(Arrival { ws, reattach }).await;
                    }
                    None => {
                        let (sender, arrivals) = mpsc::channel(4);
                        self.sessions.lock().unwrap().insert(id.clone(), sender);
                        self.session(ws, arrivals).await;
                        self.sessions.lock().unwrap().remove(&id);
                    }
                }
                return;
            }
            _ => answer("404 Not Found", ""),
        };
        let _ = stream.write_all(words.as_bytes()).await;
    }

    async fn session(&self, mut ws: Ws, mut arrivals: mpsc::Receiver<Arrival>) {
        let log = tunnel::server::log_ring::LogRing::default();
        let (_running, stream) = self.sshd.start(&self.keys, &log).unwrap();
        let (mut input, mut output) = tokio::io::split(stream);
        let mut book = Book::default();
        loop {
            let until = Instant::now() + Duration::from_secs(3600);
            let ended = leg(&mut ws, &mut input, &mut output, &mut book, self.resume, &mut arrivals, until).await;
            let (mut new, from) = match ended {
                Leg::Ended => return,
                Leg::Arrived(arrival) => match arrival.reattach {
                    Some(from) => (Some(arrival.ws), from),
                    None => {
                        let closed = ws.send(close("handover")).await.is_ok();
                        if closed && drain(&mut ws, &mut output, &mut book).await {
                            ws = arrival.ws;
                            continue;
                        }
                        assert!(self.resume, "a plain session was lost in a handover");
                        (None, 0)
                    }
                },
                Leg::Dropped | Leg::Due if !self.resume => return,
                Leg::Dropped | Leg::Due => (None, 0),
            };
            let mut from = from;
            while new.is_none() {
                match timeout(Duration::from_secs(90), arrivals.recv()).await {
                    Ok(Some(Arrival { ws, reattach: Some(delivered) })) => {
                        new = Some(ws);
                        from = delivered;
                    }
                    Ok(Some(_)) => {}
                    _ => return,
                }
            }
            ws = new.unwrap();
            book.told = book.delivered;
            if ws.send(text(book.delivered)).await.is_ok() {
                replay(&mut ws, from, &mut output, &mut book).await;
            }
        }
    }
}

/// Real ssh through our proxy to the official server; what happens meanwhile is the caller's.
async fn ssh_to_the_official_server(resume: bool, renew_every: &str, cut_every: Option<Duration>) -> Vec<String> {
    let mut bench = Bench::start(Options::default()).await;
    let (port, server) = OfficialServer::start(&bench, &bench.host_key, resume).await;
    bench.port = port;
    bench.proxy_arguments.push(format!("--renew-every={renew_every}"));
    let data = noise(1, 10_000_000);
    let file = bench.folder.path().join("data");
    std::fs::write(&file, &data).unwrap();
    let script = format!("cat {}; sha256sum; exit 7", file.display());
    let mut ssh = bench.ssh(&["sh", "-c", &script]).stdin(std::process::Stdio::piped()).spawn().unwrap();
    let mut stdin = ssh.stdin.take().unwrap();
    let sent = data.clone();
    let sending = tokio::spawn(async move {
        for part in sent.chunks(200_000) {
            stdin.write_all(part).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let output = tokio::spawn(ssh.wait_with_output());
    while let Some(every) = cut_every.filter(|_| !output.is_finished()) {
        tokio::time::sleep(every).await;
        bench.relay.cut();
    }
    sending.await.unwrap();
    let output = output.await.unwrap().unwrap();
    assert_eq!(output.status.code(), Some(7), "{}", String::from_utf8_lossy(&output.stderr));
    let expected = [data.clone(), format!("{}  -\n", sha256(&data)).into_bytes()].concat();
    assert!(output.stdout == expected, "{} bytes", output.stdout.len());
    bench.end().await;
    let asked = server.asked.lock().unwrap();
    asked.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_official_server_without_resume_serves_our_client_with_handovers() {
    let asked = ssh_to_the_official_server(false, "50ms", None).await;
    assert_eq!(asked.iter().filter(|target| *target == "capabilities").count(), 1, "{asked:?}");
    assert!(asked.iter().filter(|target| target.starts_with("ssh?id=")).count() > 5, "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_official_server_with_resume_serves_our_client_through_cuts_and_handovers() {
    let asked = ssh_to_the_official_server(true, "90ms", Some(Duration::from_millis(150))).await;
    assert!(asked.iter().filter(|target| target.contains("&reattach=1&resume_version=2")).count() > 2, "{asked:?}");
    assert!(asked.iter().all(|target| !target.contains("grace")), "{asked:?}");
}

/// The official client's dial of our server.
async fn dial(port: u16, parameters: &str) -> Result<Ws, String> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.map_err(|error| error.to_string())?;
    let address = format!("ws://127.0.0.1:{port}/ssh?{parameters}");
    match tokio_tungstenite::client_async(address, stream).await {
        Ok((ws, _)) => Ok(ws),
        Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => Err(answer.status().as_u16().to_string()),
        Err(error) => Err(error.to_string()),
    }
}

/// The official client sends data to our server, whose sshd is an echo, and reads it back, while connections are handed over
/// or lost.
async fn the_official_client_and_our_server(resume: bool, handover: bool) {
    let bench = Bench::start(Options { sshd: Some("exec cat".to_owned()), ..Options::default() }).await;
    let data = noise(1, 6_000_000);
    let (mut person, mut near) = tokio::io::duplex(64 * 1024);
    let (mut answers, mut far) = tokio::io::duplex(64 * 1024);
    let sent = data.clone();
    let writing = tokio::spawn(async move {
        for part in sent.chunks(100_000) {
            person.write_all(part).await.unwrap();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        person
    });
    let reading = tokio::spawn(async move {
        let mut all = vec![0; 6_000_000];
        answers.read_exact(&mut all).await.unwrap();
        all
    });
    let parameters = |delivered: usize, more: &str| {
        if resume { format!("delivered={delivered}&id=x{more}&resume_version=2") } else { "id=x".to_owned() }
    };
    let mut book = Book::default();
    let mut ws = dial(bench.port, &parameters(0, "")).await.unwrap();
    let (_keep, mut nobody) = mpsc::channel(1);
    let mut changes = 0;
    while !reading.is_finished() {
        // Every now and then another socket: in good order, or because the old one is cut.
        let until = Instant::now() + Duration::from_millis(60);
        match leg(&mut ws, &mut near, &mut far, &mut book, resume, &mut nobody, until).await {
            Leg::Due => {}
            Leg::Dropped | Leg::Ended | Leg::Arrived(_) => panic!("the server ended it"),
        }
        changes += 1;
        if handover {
            let new = dial(bench.port, &parameters(book.delivered, "")).await.unwrap();
            assert!(drain(&mut ws, &mut far, &mut book).await, "no close of the old socket");
            ws = new;
        } else {
            drop(ws);
            ws = dial(bench.port, &parameters(book.delivered, "&reattach=1")).await.unwrap();
            book.told = book.delivered;
            let Some(Ok(Message::Text(first))) = ws.next().await else { panic!("the first message is no count") };
            let from = count(&first);
            assert!(replay(&mut ws, from, &mut far, &mut book).await);
        }
    }
    assert!(reading.await.unwrap() == data);
    assert!(changes > 5, "{changes}");
    // The client's end: once everything is acknowledged, and the server answers.
    drop(writing.await.unwrap());
    let until = Instant::now() + Duration::from_secs(60);
    let ended = leg(&mut ws, &mut near, &mut far, &mut book, resume, &mut nobody, until).await;
    assert!(matches!(ended, Leg::Ended));
    if resume {
        let again = parameters(book.delivered, "&reattach=1");
        let is_gone = async || dial(bench.port, &again).await.err().as_deref() == Some("410");
        crate::cloud::until("the session is gone", is_gone).await;
    }
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_official_client_without_resume_is_handed_over_by_our_server() {
    the_official_client_and_our_server(false, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_official_client_with_resume_is_handed_over_by_our_server() {
    the_official_client_and_our_server(true, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_official_client_with_resume_comes_back_to_our_server() {
    the_official_client_and_our_server(true, false).await;
}
