//! Both ends of a session in memory: ends, handovers, and peers that misbehave.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};
use tunnel::session::{Broken, End, Replacement, Socket, Timers, run, websocket_config};

/// Two ends of one connection that holds only a little.
async fn pair() -> (Socket, Socket) {
    let (a, b) = duplex(8 * 1024);
    let socket = |io, role| WebSocketStream::from_raw_socket(Box::new(io) as Box<_>, role, Some(websocket_config()));
    (socket(a, Role::Client).await, socket(b, Role::Server).await)
}

struct Never;

impl Replacement for Never {
    const CLOSES_FIRST: bool = false;
    async fn due(&mut self) {
        std::future::pending().await
    }
    async fn socket(&mut self) -> Option<Socket> {
        None
    }
}

#[tokio::test]
async fn all_that_the_source_had_arrives_before_the_close() {
    let (client, server) = pair().await;
    let data: Vec<u8> = (0..1_000_000_u32).map(|number| (number % 253) as u8).collect();
    let expected = data.clone();
    let sending = tokio::spawn(async move {
        run(server, &mut data.as_slice(), &mut tokio::io::sink(), &mut Never, Timers::default()).await.unwrap()
    });
    let (mut open, mut source) = duplex(16);
    let mut arrived = Vec::new();
    let end = run(client, &mut source, &mut arrived, &mut Never, Timers::default()).await.unwrap();
    assert_eq!((end, sending.await.unwrap()), (End::PeerClosed, End::SourceEnded));
    assert!(arrived == expected);
    open.shutdown().await.unwrap();
}

#[tokio::test]
async fn output_arrives_although_nobody_takes_the_input_any_more() {
    // As with a command that ends while a file is piped into it: sshd has gone, its last words have not.
    let (mut client, server) = pair().await;
    struct Closed;
    impl tokio::io::AsyncWrite for Closed {
        fn poll_write(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            _: &[u8],
        ) -> std::task::Poll<std::io::Result<usize>> {
            std::task::Poll::Ready(Err(std::io::ErrorKind::BrokenPipe.into()))
        }
        fn poll_flush(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<std::io::Result<()>> {
            std::task::Poll::Ready(Ok(()))
        }
        fn poll_shutdown(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<std::io::Result<()>> {
            std::task::Poll::Ready(Ok(()))
        }
    }
    let (mut sshd, mut source) = duplex(64 * 1024);
    let session =
        tokio::spawn(async move { run(server, &mut source, &mut Closed, &mut Never, Timers::default()).await });
    client.send(Message::Binary(vec![1; 100].into())).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    sshd.write_all(b"last words").await.unwrap();
    drop(sshd);
    let Some(Ok(Message::Binary(words))) = client.next().await else { panic!("nothing") };
    assert_eq!(&words[..], b"last words");
    assert!(matches!(client.next().await, Some(Ok(Message::Close(_)))));
    client.flush().await.unwrap();
    assert_eq!(session.await.unwrap().unwrap(), End::SourceEnded);
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_and_an_idle_line_are_noticed_and_kept_awake() {
    let (client, mut server) = pair().await;
    let (_open, mut source) = duplex(16);
    let timers = Timers { ping: Some(Duration::from_secs(20)), first_byte: Some(Duration::from_secs(30)) };
    let session =
        tokio::spawn(async move { run(client, &mut source, &mut tokio::io::sink(), &mut Never, timers).await });
    assert!(matches!(server.next().await, Some(Ok(Message::Ping(_)))));
    let ended = session.await.unwrap();
    assert!(matches!(ended, Err(Broken::Silent(_))), "{ended:?}");
}

#[tokio::test]
async fn peers_that_do_not_speak_the_protocol_end_the_session() {
    let check = async |message: Option<Message>, expected: &str| {
        let (client, mut server) = pair().await;
        let (_open, mut source) = duplex(16);
        if let Some(message) = message {
            server.send(message).await.unwrap();
        }
        let mut arrived = Vec::new();
        let kept = tokio::spawn(async move { while server.next().await.is_some_and(|message| message.is_ok()) {} });
        if expected.contains("lost") {
            kept.abort();
        }
        let ended = run(client, &mut source, &mut arrived, &mut Never, Timers::default()).await;
        let words = ended.unwrap_err().to_string();
        assert!(words.contains(expected), "{words}");
    };
    check(Some(Message::text("hello")), "text message").await;
    let close = |code: u16, reason: &str| {
        Message::Close(Some(CloseFrame { code: CloseCode::from(code), reason: reason.to_owned().into() }))
    };
    check(Some(close(4000, "stream closed")), "code 4000: stream closed").await;
    check(None, "lost").await;
}

/// Sockets for both ends, one pair after the other.
struct Dialler {
    every: Duration,
    to_server: tokio::sync::mpsc::Sender<Socket>,
    dials: usize,
    fail: bool,
}

impl Replacement for Dialler {
    const CLOSES_FIRST: bool = false;
    async fn due(&mut self) {
        tokio::time::sleep(self.every).await;
    }
    async fn socket(&mut self) -> Option<Socket> {
        self.dials += 1;
        if self.fail && self.dials.is_multiple_of(2) {
            return None;
        }
        let (client, server) = pair().await;
        self.to_server.send(server).await.ok()?;
        Some(client)
    }
}

struct Arriving {
    next: Option<Socket>,
    from_client: tokio::sync::mpsc::Receiver<Socket>,
}

impl Replacement for Arriving {
    const CLOSES_FIRST: bool = true;
    async fn due(&mut self) {
        match self.from_client.recv().await {
            Some(socket) => self.next = Some(socket),
            None => std::future::pending().await,
        }
    }
    async fn socket(&mut self) -> Option<Socket> {
        self.next.take()
    }
}

#[tokio::test]
async fn handovers_lose_and_double_nothing() {
    let (client, server) = pair().await;
    let (to_server, from_client) = tokio::sync::mpsc::channel(1);
    let data: Vec<u8> = (0..60_000_000_u32).map(|number| (number % 249) as u8).collect();
    let (mut echo_in, mut echo_out) = {
        let (near, far) = duplex(32 * 1024);
        let (read, write) = tokio::io::split(near);
        tokio::spawn(async move {
            let (mut read, mut write) = tokio::io::split(far);
            tokio::io::copy(&mut read, &mut write).await.unwrap();
        });
        (read, write)
    };
    let serving = tokio::spawn(async move {
        let mut replacement = Arriving { next: None, from_client };
        run(server, &mut echo_in, &mut echo_out, &mut replacement, Timers::default()).await
    });
    let (mut writer, mut source) = duplex(32 * 1024);
    let (mut destination, mut reader) = duplex(32 * 1024);
    let expected = data.clone();
    let writing = tokio::spawn(async move {
        for chunk in data.chunks(10_000) {
            writer.write_all(chunk).await.unwrap();
            tokio::task::yield_now().await;
        }
        writer
    });
    let client = tokio::spawn(async move {
        let mut replacement = Dialler { every: Duration::from_millis(3), to_server, dials: 0, fail: true };
        let ended = run(client, &mut source, &mut destination, &mut replacement, Timers::default()).await;
        (ended, replacement.dials)
    });
    let mut arrived = vec![0; expected.len()];
    reader.read_exact(&mut arrived).await.unwrap();
    assert!(arrived == expected);
    drop(writing.await.unwrap());
    let (ended, dials) = client.await.unwrap();
    assert_eq!(ended.unwrap(), End::SourceEnded);
    assert_eq!(serving.await.unwrap().unwrap(), End::PeerClosed);
    assert!(dials > 3, "{dials}");
}
