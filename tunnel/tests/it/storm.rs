//! Real programs over real sockets through a relay that fails at random: it resets, cuts, stalls and delays connections at any
//! byte, drops them inside a handover, answers 503, and closes websockets with codes of its own. What goes through is the same
//! bytes all the same.
//!
//! `STORM_RUNS` sets how many runs there are of each kind; the seed of a run that failed is in its message, and `STORM_SEED` runs
//! it alone.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::bench::{Bench, Options, program};

/// After so many faults the weather is good, so that every run ends.
const MOST_FAULTS: usize = 8;
const LIMIT: Duration = Duration::from_secs(120);

fn runs(default: u64) -> Vec<u64> {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse().unwrap());
    match number("STORM_SEED") {
        Some(seed) => vec![seed],
        None => (0..number("STORM_RUNS").unwrap_or(default)).collect(),
    }
}

/// What happens to one connection.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// Ended without a word: RST, or FIN.
    Cut { after: u64, reset: bool },
    /// Nothing moves for a while, then it goes on.
    Stall { after: u64, milliseconds: u64 },
    /// Everything is late.
    Delay { milliseconds: u64 },
    /// A websocket close that neither end sent.
    ForeignClose { after: u64, code: u16 },
    /// Answered like a control plane that is away.
    Unavailable,
    /// Accepted and ended at once.
    Refused,
}

fn fault(random: &mut StdRng) -> Fault {
    // Often within the first bytes, where handshakes and first messages are.
    let largest = if random.random_bool(0.4) { 600 } else { 400_000 };
    let after = random.random_range(0..largest);
    match random.random_range(0..10) {
        0..=3 => Fault::Cut { after, reset: random.random() },
        4 => Fault::Stall { after, milliseconds: random.random_range(20..600) },
        5 => Fault::Delay { milliseconds: random.random_range(1..8) },
        6 | 7 => {
            Fault::ForeignClose { after, code: [1000, 1001, 1006, 1011, 1012, 1013, 4000][random.random_range(0..7)] }
        }
        8 => Fault::Unavailable,
        _ => Fault::Refused,
    }
}

/// A relay in front of a port.
struct Storm {
    port: u16,
    faults: Arc<AtomicUsize>,
}

impl Storm {
    async fn start(seed: u64, target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let faults = Arc::new(AtomicUsize::new(0));
        let count = faults.clone();
        tokio::spawn(async move {
            let mut random = StdRng::seed_from_u64(seed);
            let mut in_a_row = 0;
            while let Ok((client, _)) = listener.accept().await {
                client.set_nodelay(true).unwrap();
                let stormy = count.load(Ordering::Relaxed) < MOST_FAULTS && in_a_row < 2 && random.random_bool(0.7);
                in_a_row = if stormy { in_a_row + 1 } else { 0 };
                let fault = stormy.then(|| fault(&mut random));
                count.fetch_add(usize::from(stormy), Ordering::Relaxed);
                tokio::spawn(connection(client, target, fault));
            }
        });
        Self { port, faults }
    }
}

async fn connection(mut client: TcpStream, target: u16, fault: Option<Fault>) {
    match fault {
        Some(Fault::Refused) => return reset(&client),
        Some(Fault::Unavailable) => {
            let _ = timeout(Duration::from_secs(1), client.read(&mut [0; 4096])).await;
            let answer = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\nConnection: close\r\n\r\naway";
            let _ = client.write_all(answer.as_bytes()).await;
            return;
        }
        _ => {}
    }
    let Ok(server) = TcpStream::connect(("127.0.0.1", target)).await else { return };
    server.set_nodelay(true).unwrap();
    let (client_read, client_write) = client.into_split();
    let (server_read, server_write) = server.into_split();
    let (end, ends) = watch::channel(false);
    let end = Arc::new(end);
    let up = carry(
        client_read,
        server_write,
        fault.filter(|fault| !matches!(fault, Fault::ForeignClose { .. })),
        ends.clone(),
    );
    let down = carry(server_read, client_write, fault, ends);
    let ended = |reset: bool| {
        if reset {
            let _ = end.send(true);
        }
    };
    let (up, down) = tokio::join!(
        async {
            let half = up.await;
            ended(half.1);
            half
        },
        async {
            let half = down.await;
            ended(half.1);
            half
        }
    );
    if matches!(fault, Some(Fault::Cut { reset: true, .. })) && (up.1 || down.1) {
        for half in [up.0, down.0] {
            reset(half.as_ref());
        }
    }
}

fn reset(stream: &TcpStream) {
    let _ = stream.set_zero_linger();
}

/// Carries one direction until its end, or until a fault ends the connection: then the answer says so.
async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    fault: Option<Fault>,
    mut ends: watch::Receiver<bool>,
) -> (OwnedWriteHalf, bool) {
    let mut buffer = vec![0; 16 * 1024];
    let mut carried = 0_u64;
    let mut frames = Frames::default();
    loop {
        let read = tokio::select! {
            read = from.read(&mut buffer) => read.unwrap_or(0),
            _ = ends.changed() => return (to, false),
        };
        if read == 0 {
            let _ = to.shutdown().await;
            return (to, false);
        }
        let mut bytes = &buffer[..read];
        let reached = |after: u64| after < carried + bytes.len() as u64;
        match fault {
            Some(Fault::Cut { after, .. }) if reached(after) => {
                bytes = &bytes[..usize::try_from(after.saturating_sub(carried)).unwrap()];
                let _ = to.write_all(bytes).await;
                return (to, true);
            }
            Some(Fault::Stall { after, milliseconds }) if carried <= after && reached(after) => {
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            }
            Some(Fault::Delay { milliseconds }) => tokio::time::sleep(Duration::from_millis(milliseconds)).await,
            Some(Fault::ForeignClose { after, code }) => {
                if let Some(boundary) = frames.boundary(bytes, after.saturating_sub(carried)) {
                    let mut last = bytes[..boundary].to_vec();
                    last.extend([0x88, 2]);
                    last.extend(code.to_be_bytes());
                    let _ = to.write_all(&last).await;
                    let _ = to.shutdown().await;
                    return (to, true);
                }
            }
            _ => {}
        }
        carried += bytes.len() as u64;
        if to.write_all(bytes).await.is_err() {
            return (to, true);
        }
    }
}

/// Where the frames of a server's websocket begin: RFC 6455, section 5.2, without masks.
#[derive(Default)]
struct Frames {
    head: Vec<u8>,
    upgraded: bool,
    /// Bytes of the running frame that are still to come.
    rest: u64,
}

impl Frames {
    /// The first place in `bytes` at or behind `after` where a frame begins. Only called until there is one.
    fn boundary(&mut self, bytes: &[u8], after: u64) -> Option<usize> {
        for (at, byte) in bytes.iter().enumerate() {
            if self.upgraded && self.rest == 0 && self.head.is_empty() && at as u64 >= after {
                return Some(at);
            }
            if self.rest > 0 {
                self.rest -= 1;
                continue;
            }
            self.head.push(*byte);
            if !self.upgraded {
                if self.head.ends_with(b"\r\n\r\n") {
                    self.upgraded = true;
                    self.head.clear();
                }
                continue;
            }
            let length = match (self.head.get(1).map(|byte| byte & 0x7f), self.head.len()) {
                (Some(126), 4) => Some(u64::from(u16::from_be_bytes([self.head[2], self.head[3]]))),
                (Some(127), 10) => Some(u64::from_be_bytes(self.head[2..10].try_into().unwrap())),
                (Some(length @ 0..=125), 2) => Some(u64::from(length)),
                _ => None,
            };
            if let Some(length) = length {
                self.rest = length;
                self.head.clear();
            }
        }
        None
    }
}

fn data(random: &mut StdRng, largest: usize) -> Vec<u8> {
    let mut data = vec![0; random.random_range(1..largest)];
    random.fill(data.as_mut_slice());
    data
}

/// A bench whose clients speak the resumable protocol, and renew their connections all the time.
async fn bench(sshd: Option<&str>) -> Bench {
    let options = Options { max_clients: 1000, sshd: sshd.map(str::to_owned), ..Options::default() };
    let mut bench = Bench::start(options).await;
    let arguments = ["--renew-every=150ms", "--instance-id=instance", "--resume-version=2"];
    bench.proxy_arguments.extend(arguments.map(str::to_owned));
    bench
}

/// Runs at a time: as many as keep two cores busy while others wait for their faults.
const AT_ONCE: usize = 8;

async fn all(runs: Vec<u64>, run: impl AsyncFn(u64) -> usize) {
    use futures_util::StreamExt;
    let faults: Vec<usize> =
        futures_util::stream::iter(runs.iter().map(|seed| run(*seed))).buffer_unordered(AT_ONCE).collect().await;
    let faults: usize = faults.iter().sum();
    eprintln!("{} runs, {faults} faults", runs.len());
    assert!(faults >= runs.len(), "there was no storm: {faults} faults in {} runs", runs.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_are_the_same_bytes_whatever_happens_to_their_connections() {
    let bench = bench(Some("exec cat")).await;
    all(runs(200), async |seed| {
        let storm = Storm::start(seed, bench.relay.port).await;
        let arguments = bench.proxy_through(storm.port);
        let mut proxy = program(&arguments[0], bench.folder.path());
        proxy.args(&arguments[1..]);
        let sent = data(&mut StdRng::seed_from_u64(!seed), 1_000_000);
        let mut child = proxy.stdin(Stdio::piped()).spawn().unwrap();
        let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut back = vec![0; sent.len()];
        let talk = async { tokio::join!(stdin.write_all(&sent), stdout.read_exact(&mut back)) };
        let talked = timeout(LIMIT, talk).await;
        // Sessions end in the storm too. One that is left would wait for a login that `cat` never sees, and a hundred of them make
        // room for each other.
        drop(stdin);
        let ended = timeout(LIMIT, child.wait()).await;
        if !matches!((&talked, &ended), (Ok((Ok(()), Ok(_))), Ok(Ok(status))) if status.success()) {
            child.start_kill().unwrap();
            let words = String::from_utf8(child.wait_with_output().await.unwrap().stderr).unwrap();
            panic!("STORM_SEED={seed}: {talked:?}, {ended:?}: {words}\n{}", bench.log.text());
        }
        assert!(back == sent, "STORM_SEED={seed}: other bytes came back");
        storm.faults.load(Ordering::Relaxed)
    })
    .await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ssh_scp_sftp_and_rsync_do_not_notice_a_storm() {
    let bench = bench(None).await;
    all(runs(40), async |seed| {
        let mut random = StdRng::seed_from_u64(!seed);
        let sent = data(&mut random, 2_000_000);
        let folder = bench.folder.path().join(format!("run-{seed}"));
        std::fs::create_dir(&folder).unwrap();
        let path = |name: &str| folder.join(name).display().to_string();
        std::fs::write(path("sent"), &sent).unwrap();
        let storm = Storm::start(seed, bench.relay.port).await;
        let config = bench.ssh_config(storm.port).display().to_string();
        let (from, to) = (path("sent"), path("back"));
        let kind = seed % 4;
        let (name, arguments) = match kind {
            0 => ("ssh", ["-F".to_owned(), config, "demo".to_owned(), format!("cat >{to}; exit 9")]),
            1 => ("scp", ["-F".to_owned(), config, from, format!("demo:{to}")]),
            2 => ("sftp", ["-F".to_owned(), config, format!("demo:{from}"), to]),
            _ => ("rsync", ["-e".to_owned(), format!("ssh -F {config}"), from, format!("demo:{to}")]),
        };
        let mut command = program(name, bench.folder.path());
        command.args(arguments);
        if kind == 0 {
            command.stdin(std::fs::File::open(path("sent")).unwrap());
        }
        let Ok(output) = timeout(LIMIT, command.output()).await else { panic!("STORM_SEED={seed}: it took too long") };
        let output = output.unwrap();
        let expected = if kind == 0 { 9 } else { 0 };
        let words = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(expected), "STORM_SEED={seed}: {words}\n{}", bench.log.text());
        assert!(std::fs::read(path("back")).unwrap() == sent, "STORM_SEED={seed}: other bytes arrived");
        std::fs::remove_dir_all(&folder).unwrap();
        storm.faults.load(Ordering::Relaxed)
    })
    .await;
    bench.end().await;
}
