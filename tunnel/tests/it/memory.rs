//! Two ends of a session in memory: the server's own slots and lines, a client's line that dials them, and a network between
//! them that fails when and as a seed says. With tokio's time paused a run is the same every time.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex};
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tunnel::server::line::ServerLine;
use tunnel::server::slots::{Arrival, Entered, Slots};
use tunnel::session::negotiation::{Delivered, Dial, DialPurpose, GRACE, Resume};
use tunnel::session::{Broken, Due, Line};
use tunnel::websocket::frame::Role;
use tunnel::websocket::socket::{Incoming, Socket};

/// What a network does to its connections.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weather {
    /// Of a hundred connections, how many are cut at some byte.
    pub cuts: u32,
    /// Of a hundred connections, how many stop carrying anything at some byte, and say nothing.
    pub stalls: u32,
    /// Of a hundred dials, how many are not answered.
    pub outages: u32,
    /// The most bytes that a connection carries before it is cut or stalls.
    pub reach: usize,
    /// Bytes on the way at a time.
    pub capacity: usize,
    /// A connection that carries nothing for so long is cut.
    pub idle: Option<Duration>,
}

/// The network.
#[derive(Clone)]
pub struct Network {
    rng: Arc<Mutex<StdRng>>,
    weather: Weather,
    pub dials: Arc<Mutex<Vec<DialPurpose>>>,
}

impl Network {
    pub fn new(seed: u64, weather: Weather) -> Self {
        Self { rng: Arc::new(Mutex::new(StdRng::seed_from_u64(seed))), weather, dials: Arc::default() }
    }

    pub fn any(&self, range: std::ops::Range<usize>) -> usize {
        self.rng.lock().unwrap().random_range(range)
    }

    fn chance(&self, of_a_hundred: u32) -> bool {
        self.any(0..100) < of_a_hundred as usize
    }

    /// A connection: the client's end and the server's.
    fn connect(&self) -> (Socket, Socket) {
        let (near, far) = duplex(self.weather.capacity.max(64));
        let fate = Arc::new(Mutex::new(Fate::Fine));
        if self.chance(self.weather.cuts) {
            *fate.lock().unwrap() = Fate::Cut(self.any(0..self.weather.reach.max(1)));
        } else if self.chance(self.weather.stalls) {
            *fate.lock().unwrap() = Fate::Stall(self.any(0..self.weather.reach.max(1)));
        }
        let idle = self.weather.idle.map(|limit| Arc::new(Mutex::new((Instant::now(), limit))));
        let end = |inner, role| {
            let io = Weathered { inner, fate: fate.clone(), idle: idle.clone(), poll_again: None };
            Socket::new(Box::new(io), role, &[])
        };
        (end(near, Role::Client), end(far, Role::Server))
    }
}

/// What will become of a connection, counted in bytes of both directions.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Fine,
    Cut(usize),
    Stall(usize),
}

struct Weathered {
    inner: DuplexStream,
    fate: Arc<Mutex<Fate>>,
    /// When anything was last carried, and how long nothing may be.
    idle: Option<Arc<Mutex<(Instant, Duration)>>>,
    poll_again: Option<Pin<Box<Sleep>>>,
}

impl Weathered {
    /// How many of these bytes go through; `None` for an error.
    fn pass(&mut self, cx: &mut Context<'_>, wanted: usize) -> Poll<Option<usize>> {
        let mut fate = self.fate.lock().unwrap();
        if let Some(idle) = &self.idle {
            let (last, limit) = &mut *idle.lock().unwrap();
            if last.elapsed() >= *limit {
                *fate = Fate::Cut(0);
            }
            *last = Instant::now();
        }
        match &mut *fate {
            Fate::Fine => Poll::Ready(Some(wanted)),
            Fate::Cut(0) => Poll::Ready(None),
            Fate::Stall(0) => {
                // Whoever waits is woken now and then, and waits on.
                let sleep = self.poll_again.get_or_insert_with(|| Box::pin(sleep(Duration::from_secs(3600))));
                let _ = sleep.as_mut().poll(cx);
                Poll::Pending
            }
            Fate::Cut(left) | Fate::Stall(left) => {
                let passed = wanted.min(*left);
                *left -= passed;
                Poll::Ready(Some(passed))
            }
        }
    }
}

use std::future::Future;

fn reset() -> std::io::Error {
    std::io::ErrorKind::ConnectionReset.into()
}

impl AsyncRead for Weathered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let is_over = matches!(*self.fate.lock().unwrap(), Fate::Cut(0) | Fate::Stall(0));
        if is_over {
            return match std::task::ready!(self.pass(cx, 0)) {
                None => Poll::Ready(Err(reset())),
                Some(_) => Poll::Pending,
            };
        }
        // A cut that comes while this waits is seen by the end that writes, and closes the pipe.
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Weathered {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        let passed = match std::task::ready!(self.pass(cx, bytes.len())) {
            None => return Poll::Ready(Err(reset())),
            Some(passed) => passed,
        };
        match Pin::new(&mut self.inner).poll_write(cx, bytes.get(..passed).unwrap()) {
            Poll::Ready(Ok(written)) => {
                give_back(&self.fate, passed - written);
                Poll::Ready(Ok(written))
            }
            Poll::Pending => {
                give_back(&self.fate, passed);
                Poll::Pending
            }
            failed => failed,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

fn give_back(fate: &Mutex<Fate>, bytes: usize) {
    if let Fate::Cut(left) | Fate::Stall(left) = &mut *fate.lock().unwrap() {
        *left += bytes;
    }
}

/// A server's door.
#[derive(Clone)]
pub struct Door {
    slots: Arc<Slots>,
    new: mpsc::Sender<(Socket, ServerLine, bool)>,
}

impl Door {
    /// A server, and its new sessions: the first socket, the line, and whether it can be resumed.
    pub fn new() -> (Self, mpsc::Receiver<(Socket, ServerLine, bool)>) {
        let (new, sessions) = mpsc::channel(1);
        (Self { slots: Arc::new(Slots::new(8)), new }, sessions)
    }

    pub fn sessions(&self) -> usize {
        let count = self.slots.count();
        count.attached + count.starting + count.detached
    }

    async fn knock(&self, dial: &Dial, socket: Socket) -> Result<(), u16> {
        match self.slots.enter(dial, Instant::now()) {
            Entered::New(slot, _, arrivals) => {
                let line = ServerLine::new(
                    slot,
                    arrivals,
                    dial.resume.map_or(GRACE, |resume| resume.grace),
                    CancellationToken::new(),
                );
                let _ = self.new.send((socket, line, dial.resume.is_some())).await;
                Ok(())
            }
            Entered::Again(arrivals) => {
                let arrival = match dial.resume {
                    Some(Resume { purpose: DialPurpose::Reattach, delivered, .. }) => {
                        Arrival::Reattach(socket, delivered)
                    }
                    _ => Arrival::Handover(socket),
                };
                // As the real server, which answers before the session has taken it.
                tokio::spawn(async move { arrivals.send(arrival).await });
                Ok(())
            }
            Entered::Gone => Err(410),
            Entered::OtherProtocol => Err(409),
            Entered::Full | Entered::Wait(_) | Entered::Closed => Err(503),
        }
    }
}

/// A client's line to a door.
pub struct Dialler {
    pub network: Network,
    pub door: Door,
    pub resume: bool,
    /// Time between handovers.
    pub renew_every: Duration,
    renew_at: Instant,
}

impl Dialler {
    pub fn new(network: Network, door: Door, resume: bool, renew_every: Duration) -> Self {
        Self { network, door, resume, renew_every, renew_at: Instant::now() + renew_every }
    }

    async fn dial(&mut self, delivered: u64, purpose: DialPurpose) -> Result<Socket, u16> {
        self.network.dials.lock().unwrap().push(purpose);
        sleep(Duration::from_millis(self.network.any(0..30) as u64)).await;
        if self.network.chance(self.network.weather.outages) {
            return Err(502);
        }
        let (near, far) = self.network.connect();
        let resume = self.resume.then_some(Resume { delivered, purpose, grace: GRACE });
        self.door.knock(&Dial { id: "session".to_owned(), resume, is_for_jobs: false }, far).await?;
        Ok(near)
    }

    /// The first socket; the weather is good until it is there.
    pub async fn first(&mut self) -> Socket {
        let (near, far) = self.network.connect();
        let resume = self.resume.then_some(Resume { delivered: 0, purpose: DialPurpose::Attach, grace: GRACE });
        self.door.knock(&Dial { id: "session".to_owned(), resume, is_for_jobs: false }, far).await.unwrap();
        near
    }
}

impl Line for Dialler {
    const IS_SERVER: bool = false;

    async fn due(&mut self) -> Due {
        sleep_until(self.renew_at).await;
        self.renew_at = Instant::now() + self.renew_every;
        Due::Handover
    }

    async fn given_up(&mut self) {
        std::future::pending().await
    }

    async fn replacement(&mut self, delivered: u64) -> Option<Socket> {
        self.dial(delivered, DialPurpose::Attach).await.ok()
    }

    async fn reattach(&mut self, delivered: u64, lost: Broken) -> Result<(Socket, u64), Broken> {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            match self.dial(delivered, DialPurpose::Reattach).await {
                Ok(mut socket) => match timeout(Duration::from_secs(10), socket.reader.next()).await {
                    Ok(Ok(Incoming::Text(text))) => {
                        let told = Delivered::from_text(&text).expect("the first message is a count");
                        self.renew_at = Instant::now() + self.renew_every;
                        return Ok((socket, told.delivered));
                    }
                    Ok(Ok(other)) => panic!("the first message is {other:?}"),
                    Ok(Err(_)) | Err(_) => {}
                },
                Err(status) if (400..500).contains(&status) => {
                    return Err(Broken::Gone { lost: lost.to_string(), answer: status.to_string() });
                }
                Err(_) => {}
            }
            if Instant::now() > until {
                return Err(lost);
            }
            sleep(Duration::from_secs(2)).await;
        }
    }
}
