//! Silence in simulated time: hours of it cost nothing, and what is lost is noticed in seconds. The other end is spelled out by
//! hand, so that it does with questions and pings what real ones do.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tunnel::session::negotiation::{Delivered, DialPurpose};
use tunnel::session::{Broken, Due, End, Line, Settings, run};
use tunnel::websocket::frame::Role;
use tunnel::websocket::socket::{Incoming, Socket};

use crate::memory::{Dialler, Door, Network, Weather};

const HOUR: Duration = Duration::from_secs(3600);
/// What the driver proxy closes a connection after that carries nothing: about nine minutes.
const PROXY_IDLE: Duration = Duration::from_secs(9 * 60);

fn pair() -> (Socket, Socket) {
    let (near, far) = duplex(64 * 1024);
    (Socket::new(Box::new(near), Role::Client, &[]), Socket::new(Box::new(far), Role::Server, &[]))
}

/// A client's settings, as `tunnel proxy` has them for a server of ours or an official one.
fn client_settings(is_ours: bool) -> Settings {
    Settings {
        resume: true,
        ping: (!is_ours).then_some(Duration::from_secs(20)),
        asks: is_ours,
        unanswered: Some(Duration::from_secs(15)),
        ..Settings::default()
    }
}

fn server_settings() -> Settings {
    Settings { resume: true, unasked: Some(Duration::from_secs(90)), ..Settings::default() }
}

/// A line whose losses and handovers come from outside.
struct Given<const SERVER: bool> {
    handovers: Vec<(Instant, Option<Socket>)>,
    reattaches: Vec<Socket>,
}

impl<const SERVER: bool> Given<SERVER> {
    fn nothing() -> Self {
        Self { handovers: Vec::new(), reattaches: Vec::new() }
    }
}

impl<const SERVER: bool> Line for Given<SERVER> {
    const IS_SERVER: bool = SERVER;
    async fn due(&mut self) -> Due {
        match self.handovers.first() {
            Some((at, _)) => sleep_until(*at).await,
            None => std::future::pending().await,
        }
        Due::Handover
    }
    async fn given_up(&mut self) {
        std::future::pending().await
    }
    async fn replacement(&mut self, _: u64) -> Option<Socket> {
        let (_, socket) = self.handovers.remove(0);
        sleep(Duration::from_secs(1)).await;
        socket
    }
    async fn reattach(&mut self, _: u64, lost: Broken) -> Result<(Socket, u64), Broken> {
        self.reattaches.pop().map(|socket| (socket, 0)).ok_or(lost)
    }
}

/// A session, the pipe to its program, and how it ended and when.
type Session = (DuplexStream, JoinHandle<(Result<End, Broken>, Instant)>);

fn session<const SERVER: bool>(socket: Socket, settings: Settings, mut line: Given<SERVER>) -> Session {
    let (near, far) = duplex(64 * 1024);
    let running = tokio::spawn(async move {
        let (mut source, mut destination) = tokio::io::split(near);
        let ended = run(socket, &mut source, &mut destination, &mut line, settings).await;
        (ended, Instant::now())
    });
    (far, running)
}

/// What a server by hand does.
#[derive(Clone, Copy)]
struct Manners {
    /// Repeated counts are answered: a server of ours.
    answers: bool,
    /// Pings are answered after this time, if at all: the driver proxy swallows them, or answers itself.
    pongs: Option<Duration>,
    /// From then on nothing is read or said.
    dead_at: Option<Instant>,
    /// Payload that it sends every now and then.
    sends_every: Option<Duration>,
}

const OFFICIAL: Manners = Manners { answers: false, pongs: None, dead_at: None, sends_every: None };
const OURS: Manners = Manners { answers: true, ..OFFICIAL };

/// Serves by hand; answers the longest time that nothing came for.
async fn serve(mut socket: Socket, manners: Manners) -> Duration {
    let (mut delivered, mut theirs, mut last, mut longest) = (0_u64, 0, Instant::now(), Duration::ZERO);
    let mut send_at = manners.sends_every.map(|every| Instant::now() + every);
    let dead_at = manners.dead_at.unwrap_or_else(|| Instant::now() + 1000 * HOUR);
    loop {
        let send = async {
            match send_at {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        let incoming = tokio::select! {
            incoming = socket.reader.next() => incoming,
            () = send => {
                let _ = socket.writer.data(b"payload").await;
                send_at = manners.sends_every.map(|every| Instant::now() + every);
                continue;
            }
            () = sleep_until(dead_at) => {
                // The connection stays, as with packets that are dropped.
                sleep(9 * HOUR).await;
                return longest;
            }
        };
        longest = longest.max(last.elapsed());
        last = Instant::now();
        match incoming {
            Ok(Incoming::Data(piece)) => {
                delivered += piece.len() as u64;
                let _ = socket.writer.text(&Delivered { delivered }.to_text()).await;
            }
            Ok(Incoming::Text(text)) => {
                let told = Delivered::from_text(&text).unwrap().delivered;
                if std::mem::replace(&mut theirs, told) == told && manners.answers {
                    let _ = socket.writer.text(&Delivered { delivered }.to_text()).await;
                }
            }
            Ok(Incoming::Ping(payload)) => {
                if let Some(delay) = manners.pongs {
                    sleep(delay).await;
                    let _ = socket.writer.pong(&payload).await;
                }
            }
            Ok(_) => {}
            Err(_) => return longest,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn eight_idle_hours_lose_no_connection_whatever_becomes_of_pings_and_questions() {
    let check = async |what: &str, is_ours: bool, manners: Manners, keepalive: Option<Duration>| {
        let (client, server) = pair();
        let serving = tokio::spawn(serve(server, manners));
        let (mut ssh, running) = session(client, client_settings(is_ours), Given::<false>::nothing());
        let until = Instant::now() + 8 * HOUR;
        while Instant::now() < until {
            match keepalive {
                Some(every) => {
                    sleep(every).await;
                    let _ = ssh.write_all(b"are you there").await;
                }
                None => sleep(HOUR).await,
            }
            assert!(!running.is_finished(), "{what}: {:?}", running.await);
        }
        running.abort();
        let longest = serving.await.unwrap();
        assert!(longest < PROXY_IDLE, "{what}: the proxy closes a connection that is silent for {longest:?}");
    };
    let delayed = Some(Duration::from_secs(40));
    for keepalive in [None, Some(Duration::from_secs(30)), Some(Duration::from_secs(601))] {
        check("official, pings swallowed", false, OFFICIAL, keepalive).await;
        check("official, pings answered", false, Manners { pongs: Some(Duration::ZERO), ..OFFICIAL }, keepalive).await;
        check("ours", true, OURS, keepalive).await;
    }
    check("official, pings delayed", false, Manners { pongs: delayed, ..OFFICIAL }, None).await;
}

#[tokio::test(start_paused = true)]
async fn a_server_of_ours_that_answers_no_questions_yet_is_given_up_three_times_and_then_kept_while_ssh_hears_of_it() {
    let (client, server) = pair();
    let mut serving = vec![tokio::spawn(serve(server, OFFICIAL))];
    let mut line = Given::<false>::nothing();
    for _ in 0..3 {
        let (client, server) = pair();
        line.reattaches.push(client);
        serving.push(tokio::spawn(serve(server, OFFICIAL)));
    }
    let (mut ssh, running) = session(client, client_settings(true), line);
    for _ in 0..8 * 120 {
        sleep(Duration::from_secs(30)).await;
        ssh.write_all(b"are you there?").await.unwrap();
    }
    assert!(!running.is_finished(), "{:?}", running.await);
    assert_eq!(serving.iter().filter(|serving| serving.is_finished()).count(), 3);
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn two_ends_of_ours_need_one_socket_per_renewal_in_eight_idle_hours() {
    for keepalive in [None, Some(Duration::from_secs(30))] {
        let network = Network::new(1, Weather { capacity: 9_000, idle: Some(PROXY_IDLE), ..Weather::default() });
        let (door, mut sessions) = Door::new();
        tokio::spawn(async move {
            let (socket, mut line, _) = sessions.recv().await.unwrap();
            let (near, mut far) = duplex(1024);
            let (mut source, mut destination) = tokio::io::split(near);
            // sshd answers what it is asked.
            tokio::spawn(async move {
                let mut asked = [0; 52];
                while far.read_exact(&mut asked).await.is_ok() {
                    let _ = far.write_all(&[1; 28]).await;
                }
            });
            run(socket, &mut source, &mut destination, &mut line, server_settings()).await
        });
        let mut line = Dialler::new(network.clone(), door, true, HOUR / 2);
        let socket = line.first().await;
        let (near, mut far) = duplex(1024);
        let running = tokio::spawn(async move {
            let (mut source, mut destination) = tokio::io::split(near);
            run(socket, &mut source, &mut destination, &mut line, client_settings(true)).await
        });
        let until = Instant::now() + 8 * HOUR;
        while Instant::now() < until {
            match keepalive {
                Some(every) => {
                    sleep(every).await;
                    far.write_all(&[1; 52]).await.unwrap();
                    far.read_exact(&mut [0; 28]).await.unwrap();
                }
                None => sleep(HOUR).await,
            }
        }
        assert!(!running.is_finished(), "{:?}", running.await);
        let dials = network.dials.lock().unwrap().clone();
        assert!(dials.iter().all(|purpose| *purpose == DialPurpose::Attach), "{dials:?}");
        assert!((15..=16).contains(&dials.len()), "{} dials", dials.len());
        running.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_network_is_noticed_in_fifteen_seconds_and_an_idle_one_in_thirty() {
    let check = async |what: &str, is_ours: bool, manners: Manners, writes: bool, alive: u64, within: f64| {
        let (client, server) = pair();
        let start = Instant::now();
        let dead_at = start + Duration::from_secs(alive);
        let serving = tokio::spawn(serve(server, Manners { dead_at: Some(dead_at), ..manners }));
        let (mut ssh, running) = session(client, client_settings(is_ours), Given::<false>::nothing());
        while writes && Instant::now() < dead_at + Duration::from_secs(2) {
            sleep(Duration::from_secs(1)).await;
            ssh.write_all(b"x").await.unwrap();
        }
        let (ended, at) = timeout(2 * HOUR, running).await.unwrap_or_else(|_| panic!("{what}: not noticed")).unwrap();
        assert!(matches!(&ended, Err(Broken::Connection(reason)) if reason.contains("silent")), "{what}: {ended:?}");
        let took = (at - dead_at).as_secs_f64();
        assert!(took <= within, "{what}: {took} s");
        serving.abort();
    };
    check("official, uploading", false, OFFICIAL, true, 60, 16.1).await;
    check("ours, uploading", true, OURS, true, 60, 16.1).await;
    check("ours, downloading", true, Manners { sends_every: Some(Duration::from_secs(1)), ..OURS }, false, 60, 15.1)
        .await;
    check("ours, idle", true, OURS, false, 3590, 30.1).await;
}

#[tokio::test(start_paused = true)]
async fn a_server_judges_only_clients_that_ask_and_only_on_this_socket() {
    let check = async |questions: u32, expected: Option<u64>| {
        let (mut client, server) = pair();
        let (_sshd, running) = session(server, server_settings(), Given::<true>::nothing());
        for _ in 0..questions {
            sleep(Duration::from_secs(20)).await;
            client.writer.text(r#"{"delivered":0}"#).await.unwrap();
            let Ok(Incoming::Text(answer)) = client.reader.next().await else { panic!("no answer") };
            assert_eq!(answer, r#"{"delivered":0}"#);
        }
        let asked = Instant::now();
        match (timeout(8 * HOUR, running).await, expected) {
            (Ok(ended), Some(seconds)) => {
                let (ended, at) = ended.unwrap();
                assert!(ended.is_err_and(|error| error.to_string().contains("silent")));
                assert_eq!((at - asked).as_secs(), seconds, "{questions} questions");
            }
            (found, expected) => assert_eq!(found.is_ok(), expected.is_some(), "{questions} questions"),
        }
    };
    check(0, None).await;
    check(1, Some(90)).await;
    check(9, Some(90)).await;
}

#[tokio::test(start_paused = true)]
async fn who_cannot_take_what_comes_says_so_and_judges_nobody() {
    // ssh was stopped with ^Z: the proxy reads nothing, and cannot know what the server says.
    let (client, server) = pair();
    let serving = tokio::spawn(serve(server, Manners { sends_every: Some(Duration::from_millis(1)), ..OURS }));
    let (mut ssh, running) = session(client, client_settings(true), Given::<false>::nothing());
    ssh.write_all(b"x").await.unwrap();
    sleep(Duration::from_secs(300)).await;
    assert!(!running.is_finished(), "{:?}", running.await);
    serving.abort();

    // The program takes nothing: the server says that it is there, so that its client does not doubt it.
    let (mut client, server) = pair();
    let (_program, running) = session(server, server_settings(), Given::<true>::nothing());
    client.writer.data(&[0; 60_000]).await.unwrap();
    client.writer.data(&[0; 60_000]).await.unwrap();
    let mut said = Vec::new();
    while said.len() < 20 {
        let Ok(Incoming::Text(_)) = client.reader.next().await else { panic!("no count") };
        said.push(Instant::now());
    }
    let gaps = said.windows(2).skip(1).map(|pair| (pair[1] - pair[0]).as_secs());
    assert!(gaps.clone().all(|gap| gap <= 5), "{:?}", gaps.collect::<Vec<_>>());
    assert!(!running.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_handover_is_one_also_when_a_hop_takes_the_reason_away() {
    let check = async |resume: bool, reason: &str, is_dialled: bool| -> bool {
        let (client, mut server) = pair();
        let (next, mut next_server) = pair();
        let handover = (Instant::now() + Duration::from_secs(5), is_dialled.then_some(next));
        let settings = Settings { resume, ..Settings::default() };
        let (mut ssh, running) =
            session(client, settings, Given::<false> { handovers: vec![handover], reattaches: Vec::new() });
        sleep(Duration::from_millis(5500)).await;
        server.writer.data(b"old ").await.unwrap();
        server.writer.close(1000, reason).await.unwrap();
        if is_dialled {
            next_server.writer.data(b"new").await.unwrap();
        }
        let mut all = [0; 7];
        let went_over = matches!(timeout(HOUR, ssh.read_exact(&mut all)).await, Ok(Ok(_))) && &all == b"old new";
        let ended = running.is_finished().then_some(running);
        match (is_dialled, resume, ended) {
            (true, ..) | (_, true, None) => {}
            // Without another socket it is what it would have been before.
            (false, false, Some(running)) => assert_eq!(running.await.unwrap().0.is_ok(), reason.is_empty()),
            (false, true, Some(running)) => assert!(running.await.unwrap().0.is_err()),
            (false, false, None) => panic!("it goes on without a socket"),
        }
        went_over
    };
    for resume in [false, true] {
        for reason in ["handover", ""] {
            assert!(check(resume, reason, true).await, "{resume} {reason:?}");
            assert!(!check(resume, reason, false).await, "{resume} {reason:?}");
        }
        assert!(!check(resume, "something else", true).await, "{resume}");
    }
}
