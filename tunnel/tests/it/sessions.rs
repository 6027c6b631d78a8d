//! Ends of a session in memory: ends, and peers that misbehave or speak through another library.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex, empty, sink};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role as TheirRole};
use tunnel::session::{Broken, Due, End, Line, Settings, run};
use tunnel::websocket::frame::Role;
use tunnel::websocket::socket::Socket;

fn ours(io: DuplexStream, role: Role) -> Socket {
    Socket::new(Box::new(io), role, &[])
}

/// Two ends of one connection that holds only a little.
fn pair() -> (Socket, Socket) {
    let (a, b) = duplex(8 * 1024);
    (ours(a, Role::Client), ours(b, Role::Server))
}

/// Our client, and a server of another library.
async fn with_foreign_server() -> (Socket, WebSocketStream<DuplexStream>) {
    let (a, b) = duplex(8 * 1024);
    (ours(a, Role::Client), WebSocketStream::from_raw_socket(b, TheirRole::Server, None).await)
}

/// A client of another library, and our server.
async fn with_foreign_client() -> (WebSocketStream<DuplexStream>, Socket) {
    let (a, b) = duplex(8 * 1024);
    (WebSocketStream::from_raw_socket(a, TheirRole::Client, None).await, ours(b, Role::Server))
}

/// A line that has only the one socket.
struct Only<const SERVER: bool>;

impl<const SERVER: bool> Line for Only<SERVER> {
    const IS_SERVER: bool = SERVER;
    async fn due(&mut self) -> Due {
        std::future::pending().await
    }
    async fn given_up(&mut self) {
        std::future::pending().await
    }
    async fn replacement(&mut self, _: u64) -> Option<Socket> {
        None
    }
    async fn reattach(&mut self, _: u64, lost: Broken) -> Result<(Socket, u64), Broken> {
        Err(lost)
    }
}

#[tokio::test]
async fn all_that_the_source_had_arrives_before_the_close() {
    let (client, server) = pair();
    let data: Vec<u8> = (0..1_000_000_u32).map(|number| (number % 253) as u8).collect();
    let expected = data.clone();
    let sending = tokio::spawn(async move {
        run(server, &mut data.as_slice(), &mut sink(), &mut Only::<false>, Settings::default()).await.unwrap()
    });
    let (mut open, mut source) = duplex(16);
    let mut arrived = Vec::new();
    let end = run(client, &mut source, &mut arrived, &mut Only::<false>, Settings::default()).await.unwrap();
    assert_eq!((end, sending.await.unwrap()), (End::PeerClosed, End::SourceEnded));
    assert!(arrived == expected);
    open.shutdown().await.unwrap();
}

#[tokio::test]
async fn two_ends_that_end_at_once_hear_each_others_word() {
    // As when somebody logs out: ssh and sshd end together. The client's word is the longer one, and is still on its way when the
    // server's is there.
    for _ in 0..50 {
        let (a, b) = duplex(4);
        let (client, server) = (ours(a, Role::Client), ours(b, Role::Server));
        let settings = || Settings { resume: true, ..Settings::default() };
        // Each end's socket goes as soon as its session has ended.
        let (client, server) = tokio::join!(
            async { run(client, &mut empty(), &mut sink(), &mut Only::<false>, settings()).await },
            async { run(server, &mut empty(), &mut sink(), &mut Only::<true>, settings()).await },
        );
        assert!(client.is_ok() && server.is_ok(), "{client:?} {server:?}");
    }
}

#[tokio::test]
async fn a_word_that_came_counts_although_the_answer_finds_nobody() {
    for _ in 0..50 {
        let (mut gone, io) = duplex(1024);
        // "finished" with code 1000, masked with zeros: RFC 6455, section 5.2.
        let word = [&[0x88, 0x8a, 0, 0, 0, 0, 0x03, 0xe8][..], b"finished"].concat();
        gone.write_all(&word).await.unwrap();
        drop(gone);
        let settings = Settings { resume: true, ..Settings::default() };
        let ended = run(ours(io, Role::Server), &mut empty(), &mut sink(), &mut Only::<true>, settings).await;
        assert!(ended.is_ok(), "{ended:?}");
    }
}

#[tokio::test]
async fn output_arrives_although_nobody_takes_the_input_any_more() {
    // As with a command that ends while a file is piped into it: sshd has gone, its last words have not.
    let (mut client, server) = with_foreign_client().await;
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
        tokio::spawn(
            async move { run(server, &mut source, &mut Closed, &mut Only::<false>, Settings::default()).await },
        );
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
    let (client, mut server) = with_foreign_server().await;
    let (_open, mut source) = duplex(16);
    let timers = Settings {
        ping: Some(Duration::from_secs(20)),
        first_byte: Some(Duration::from_secs(30)),
        ..Settings::default()
    };
    let session = tokio::spawn(async move { run(client, &mut source, &mut sink(), &mut Only::<false>, timers).await });
    assert!(matches!(server.next().await, Some(Ok(Message::Ping(_)))));
    let ended = session.await.unwrap();
    assert!(matches!(ended, Err(Broken::Silent(_))), "{ended:?}");
}

#[tokio::test]
async fn peers_that_do_not_speak_the_protocol_end_the_session() {
    let check = async |message: Option<Message>, expected: &str| {
        let (client, mut server) = with_foreign_server().await;
        let (_open, mut source) = duplex(16);
        if let Some(message) = message {
            server.send(message).await.unwrap();
        }
        let mut arrived = Vec::new();
        let kept = tokio::spawn(async move { while server.next().await.is_some_and(|message| message.is_ok()) {} });
        if expected.contains("lost") {
            kept.abort();
        }
        let ended = run(client, &mut source, &mut arrived, &mut Only::<false>, Settings::default()).await;
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

/// A foreign end of a resumable session: takes what it is told to, and answers by hand.
#[tokio::test(start_paused = true)]
async fn a_resumable_session_keeps_to_the_letter_of_the_protocol() {
    let (client, mut server) = with_foreign_server().await;
    let (mut open, mut source) = duplex(1024);
    let (mut destination, mut taken) = duplex(1024 * 1024);
    let settings = Settings { resume: true, ..Settings::default() };
    let session =
        tokio::spawn(async move { run(client, &mut source, &mut destination, &mut Only::<false>, settings).await });

    open.write_all(b"up").await.unwrap();
    assert_eq!(server.next().await.unwrap().unwrap(), Message::binary("up"));

    // Little progress is told within a tenth of a second, much at once.
    let before = tokio::time::Instant::now();
    server.send(Message::binary("down")).await.unwrap();
    assert_eq!(server.next().await.unwrap().unwrap(), Message::text(r#"{"delivered":4}"#));
    assert_eq!(before.elapsed(), Duration::from_millis(100));
    let before = tokio::time::Instant::now();
    server.send(Message::binary(vec![0; 64 * 1024])).await.unwrap();
    assert_eq!(server.next().await.unwrap().unwrap(), Message::text(r#"{"delivered":65540}"#));
    assert_eq!(before.elapsed(), Duration::ZERO);
    let mut all = vec![0; 65540];
    taken.read_exact(&mut all).await.unwrap();

    // What makes no sense is passed over.
    for count in [0, 7, i64::MAX] {
        server.send(Message::text(format!(r#"{{"delivered":{count}}}"#))).await.unwrap();
    }
    // The end waits until everything was acknowledged, and has its own reason.
    drop(open);
    assert!(tokio::time::timeout(Duration::from_secs(30), server.next()).await.is_err(), "it does not wait");
    server.send(Message::text(r#"{"delivered":2}"#)).await.unwrap();
    let Some(Ok(Message::Close(Some(frame)))) = server.next().await else { panic!("no close") };
    assert_eq!((frame.code, frame.reason.as_str()), (CloseCode::Normal, "finished"));
    server.flush().await.unwrap();
    assert_eq!(session.await.unwrap().unwrap(), End::SourceEnded);
}

#[tokio::test(start_paused = true)]
async fn on_a_resumable_session_any_other_close_is_a_lost_connection() {
    for (code, reason) in [(1000, ""), (1000, "handover"), (1001, ""), (4000, "stream closed")] {
        let (client, mut server) = with_foreign_server().await;
        let (_open, mut source) = duplex(16);
        let settings = Settings { resume: true, ..Settings::default() };
        let close = CloseFrame { code: CloseCode::from(code), reason: reason.into() };
        server.send(Message::Close(Some(close))).await.unwrap();
        tokio::spawn(async move { while server.next().await.is_some_and(|message| message.is_ok()) {} });
        let ended = run(client, &mut source, &mut sink(), &mut Only::<false>, settings).await;
        assert!(matches!(&ended, Err(Broken::Closed { code: found, .. }) if *found == code), "{code} {ended:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_window_slows_the_sender_and_never_fails() {
    let (client, mut server) = with_foreign_server().await;
    let (mut open, mut source) = duplex(1024);
    let settings = Settings { resume: true, ..Settings::default() };
    settings.window.share(1_000_000);
    let session =
        tokio::spawn(async move { run(client, &mut source, &mut sink(), &mut Only::<false>, settings).await });
    let writing = tokio::spawn(async move {
        open.write_all(&vec![7; 1024 * 1024]).await.unwrap();
        open
    });
    let mut taken = 0;
    // Without acknowledgements it stops: the window, and at most one block more.
    while let Ok(Some(Ok(message))) = tokio::time::timeout(Duration::from_secs(60), server.next()).await {
        taken += message.len();
    }
    assert!((256 * 1024..=384 * 1024).contains(&taken), "{taken}");
    assert!(!writing.is_finished());
    while taken < 1024 * 1024 {
        server.send(Message::text(format!(r#"{{"delivered":{taken}}}"#))).await.unwrap();
        while let Ok(Some(Ok(message))) = tokio::time::timeout(Duration::from_secs(1), server.next()).await {
            taken += message.len();
        }
    }
    drop(writing.await.unwrap());
    server.send(Message::text(format!(r#"{{"delivered":{taken}}}"#))).await.unwrap();
    assert!(matches!(server.next().await, Some(Ok(Message::Close(_)))));
    server.flush().await.unwrap();
    assert_eq!(session.await.unwrap().unwrap(), End::SourceEnded);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_owes_an_answer_and_says_nothing_counts_as_lost() {
    let (client, _server) = with_foreign_server().await;
    let (mut open, mut source) = duplex(1024);
    let settings = Settings { resume: true, unanswered: Some(Duration::from_secs(15)), ..Settings::default() };
    let started = tokio::time::Instant::now();
    let session =
        tokio::spawn(async move { run(client, &mut source, &mut sink(), &mut Only::<false>, settings).await });
    // An idle connection is quiet for as long as it likes.
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert!(!session.is_finished());
    open.write_all(b"hello").await.unwrap();
    let ended = session.await.unwrap();
    assert!(matches!(&ended, Err(Broken::Connection(reason)) if reason.contains("silent")), "{ended:?}");
    assert!(started.elapsed() < Duration::from_secs(3600 + 21), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_idle_after_an_answer_is_not_lost() {
    let (client, mut server) = with_foreign_server().await;
    let (mut open, mut source) = duplex(1024);
    let settings = Settings { resume: true, unanswered: Some(Duration::from_secs(15)), ..Settings::default() };
    let session =
        tokio::spawn(async move { run(client, &mut source, &mut sink(), &mut Only::<false>, settings).await });
    for delivered in [5, 10] {
        open.write_all(b"hello").await.unwrap();
        assert_eq!(server.next().await.unwrap().unwrap(), Message::binary("hello"));
        server.send(Message::text(format!("{{\"delivered\":{delivered}}}"))).await.unwrap();
        // Everything is acknowledged: nothing is owed.
        tokio::time::sleep(Duration::from_secs(3600)).await;
        assert!(!session.is_finished(), "after {delivered} bytes");
    }
}

#[tokio::test]
async fn every_ping_is_answered_and_pieces_of_messages_are_one_stream() {
    let (mut client, server) = with_foreign_client().await;
    let (_open, mut source) = duplex(16);
    let (mut destination, mut taken) = duplex(1024);
    let session = tokio::spawn(async move {
        run(server, &mut source, &mut destination, &mut Only::<true>, Settings::default()).await
    });
    client.send(Message::Ping("x".into())).await.unwrap();
    assert_eq!(client.next().await.unwrap().unwrap(), Message::Pong("x".into()));
    use tokio_tungstenite::tungstenite::protocol::frame::Frame;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
    client.send(Message::Frame(Frame::message("ab", OpCode::Data(Data::Binary), false))).await.unwrap();
    client.send(Message::Ping("in between".into())).await.unwrap();
    client.send(Message::Frame(Frame::message("c", OpCode::Data(Data::Continue), true))).await.unwrap();
    client.send(Message::binary("")).await.unwrap();
    client.send(Message::binary("def")).await.unwrap();
    let mut all = [0; 6];
    taken.read_exact(&mut all).await.unwrap();
    assert_eq!(&all, b"abcdef");
    client.close(None).await.unwrap();
    assert_eq!(session.await.unwrap().unwrap(), End::PeerClosed);
}
