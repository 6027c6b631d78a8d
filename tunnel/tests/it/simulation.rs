//! Whole sessions in a network that fails: byte-exact, for many seeds, in simulated time.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::{sleep, timeout};
use tunnel::session::negotiation::DialPurpose;
use tunnel::session::{End, Settings, run};

use crate::bench::noise;
use crate::memory::{Dialler, Door, Network, Weather};

/// What a run did.
#[derive(Debug, Default)]
struct Did {
    handovers: usize,
    reattaches: usize,
}

/// A session that carries `up` and `down` bytes, and is then ended by one end. All of it must arrive.
async fn session(seed: u64, weather: Weather, resume: bool) -> Did {
    let network = Network::new(seed, weather);
    let (up, down) = (network.any(0..400_000), network.any(0..400_000));
    let server_ends = network.any(0..2) == 0;
    let renew_every =
        Duration::from_millis(if network.any(0..3) == 0 { 1_000_000 } else { network.any(5..3_000) as u64 });
    let (door, mut sessions) = Door::new();
    let settings = Settings { resume, asks: true, unanswered: Some(Duration::from_secs(15)), ..Settings::default() };
    // A small window, so that it is full most of the time.
    settings.window.share(1_000_000);

    let server_settings =
        Settings { asks: false, unanswered: None, unasked: Some(Duration::from_secs(90)), ..settings.clone() };
    let server = tokio::spawn(async move {
        let (socket, mut line, resumable) = sessions.recv().await.unwrap();
        assert_eq!(resumable, resume);
        let (near, far) = duplex(20_000);
        let (mut source, mut destination) = tokio::io::split(near);
        // The program at the far end: it takes everything, gives everything, and ends or is ended.
        let program = tokio::spawn(async move {
            let (mut input, mut output) = tokio::io::split(far);
            let reading = async {
                let mut taken = vec![0; up];
                input.read_exact(&mut taken).await.unwrap();
                taken
            };
            let writing = async {
                output.write_all(&noise(seed + 1, down)).await.unwrap();
            };
            let (taken, ()) = tokio::join!(reading, writing);
            if !server_ends {
                // It waits for the client's end.
                let mut rest = Vec::new();
                let _ = input.read_to_end(&mut rest).await;
                assert!(rest.is_empty(), "{} bytes too many", rest.len());
            }
            taken
        });
        let ended = run(socket, &mut source, &mut destination, &mut line, server_settings).await;
        drop((source, destination));
        let taken =
            program.await.unwrap_or_else(|error| panic!("seed {seed}: the session ended with {ended:?}: {error}"));
        (ended, taken)
    });

    let mut line = Dialler::new(network.clone(), door.clone(), resume, renew_every);
    let socket = line.first().await;
    let (near, far) = duplex(20_000);
    let (mut source, mut destination) = tokio::io::split(near);
    let pace = network.any(0..500) as u64;
    let person = tokio::spawn(async move {
        let (mut input, mut output) = tokio::io::split(far);
        let reading = async {
            let mut taken = vec![0; down];
            input.read_exact(&mut taken).await.unwrap();
            taken
        };
        let writing = async {
            for piece in noise(seed, up).chunks(30_000) {
                output.write_all(piece).await.unwrap();
                sleep(Duration::from_millis(pace)).await;
            }
        };
        let (taken, ()) = tokio::join!(reading, writing);
        if server_ends {
            let mut rest = Vec::new();
            let _ = input.read_to_end(&mut rest).await;
            assert!(rest.is_empty(), "{} bytes too many", rest.len());
        }
        taken
    });
    let ended = run(socket, &mut source, &mut destination, &mut line, settings).await;
    drop((source, destination));
    let arrived = match person.await {
        Ok(arrived) => arrived,
        Err(error) => {
            panic!("seed {seed}: the client ended with {ended:?} ({error}), the server with {:?}", server.await)
        }
    };
    let (server_ended, taken) = server.await.unwrap();
    assert!(arrived == noise(seed + 1, down), "seed {seed}: what the client got is not what was sent");
    assert!(taken == noise(seed, up), "seed {seed}: what the server got is not what was sent");
    let expected = if server_ends { (End::PeerClosed, End::SourceEnded) } else { (End::SourceEnded, End::PeerClosed) };
    match (ended, server_ended) {
        (Ok(client), Ok(server)) => assert_eq!((client, server), expected, "seed {seed}"),
        // All has arrived, and only the farewell was lost: the end that heard nothing gives up by itself.
        (Ok(_), Err(error)) if resume && !server_ends => tracing::debug!("seed {seed}: the server gave up: {error}"),
        (client, server) => panic!("seed {seed}: client {client:?}, server {server:?}"),
    }
    assert_eq!(door.sessions(), 0, "seed {seed}: a place was not given back");
    let dials = network.dials.lock().unwrap();
    let reattaches = dials.iter().filter(|purpose| **purpose == DialPurpose::Reattach).count();
    Did { handovers: dials.len() - reattaches, reattaches }
}

/// Runs many seeds, each in a time of its own.
fn seeds(range: std::ops::Range<u64>, weather: Weather, resume: bool) -> Did {
    let mut all = Did::default();
    for seed in range {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let did = runtime.block_on(async {
            let run = timeout(Duration::from_secs(24 * 3600), session(seed, weather, resume));
            run.await.unwrap_or_else(|_| panic!("seed {seed} hangs"))
        });
        all.handovers += did.handovers;
        all.reattaches += did.reattaches;
    }
    all
}

const CALM: Weather = Weather { cuts: 0, stalls: 0, outages: 0, reach: 0, capacity: 9_000, idle: None };

#[test]
fn a_thousand_stormy_sessions_lose_double_and_reorder_nothing() {
    let weather = Weather { cuts: 60, stalls: 15, outages: 20, reach: 150_000, ..CALM };
    let did = seeds(0..1_000, weather, true);
    assert!(did.handovers > 1_000 && did.reattaches > 1_000, "{did:?}");
}

#[test]
fn cuts_within_the_first_bytes_of_a_connection_cost_nothing() {
    let weather = Weather { cuts: 70, reach: 400, ..CALM };
    let did = seeds(0..200, weather, true);
    assert!(did.reattaches > 200, "{did:?}");
}

#[test]
fn plain_sessions_are_handed_over_without_a_gap() {
    for outages in [0, 40] {
        let did = seeds(0..150, Weather { outages, ..CALM }, false);
        assert!(did.handovers > 150 && did.reattaches == 0, "{did:?}");
    }
}
