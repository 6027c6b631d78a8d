//! Staying with a job over connections that come and go. Whoever waits or follows asks now and then, and holds no session between:
//! an sshd has ten for each connection, and an endpoint a few for everybody.

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;
use tokio::time::{Instant, sleep};

use super::channel::{Channel, Trouble};
use super::destination::{Destination, Route, Start};
use super::payload::Payload;
use super::report::{Reader, Report};
use super::script::Script;
use crate::error::{Error, Result};
use crate::progress::Progress;

/// How long a lost connection is tried for, as sessions of the tunnel do.
const LIMIT: Duration = Duration::from_secs(600);
/// How long one is tried for that has too many others.
const BUSY: Duration = Duration::from_secs(75);
/// How often one is tried that is not there.
const FIRST_TRIES: u32 = 3;

/// Decides whether, and when, to try again.
#[derive(Debug, Default)]
pub struct Retries {
    was_there: bool,
    lost_at: Option<Instant>,
    tries: u32,
    unreached: u32,
}

impl Retries {
    /// The other side answered.
    pub fn contact(&mut self) {
        *self = Self { was_there: true, ..Self::default() };
    }

    /// Waits before the next try.
    ///
    /// # Errors
    /// The trouble itself, when there is nothing to try again.
    pub async fn pause(&mut self, trouble: Trouble, progress: &Progress) -> Result<()> {
        let lost_at = *self.lost_at.get_or_insert_with(Instant::now);
        self.tries += 1;
        self.unreached += u32::from(matches!(trouble, Trouble::Unreached(_)));
        let is_over = match &trouble {
            Trouble::Refused(_) => true,
            _ if self.was_there => lost_at.elapsed() > LIMIT,
            Trouble::Busy(_) => lost_at.elapsed() > BUSY,
            Trouble::Unreached(_) => self.unreached >= FIRST_TRIES,
            Trouble::Cut(_) => true,
        };
        if is_over {
            return Err(trouble.into());
        }
        let part = rand::rng().random_range(0.5..1.0);
        let wait = match &trouble {
            _ if self.was_there => {
                progress.stage("the connection was lost: trying again");
                delay(self.tries, part)
            }
            // Many are turned away at once, and should not come back at once.
            Trouble::Busy(_) => {
                progress.stage("the other side takes no more connections just now: trying again for a minute");
                delay(self.tries + 2, 2.0 * part - 0.9).min(Duration::from_secs(6))
            }
            _ => delay(self.tries, part),
        };
        sleep(wait).await;
        Ok(())
    }
}

/// 0.4 s, doubled up to 10 s, a part of it.
fn delay(tries: u32, part: f64) -> Duration {
    Duration::from_millis(400)
        .saturating_mul(1 << tries.min(6).saturating_sub(1))
        .min(Duration::from_secs(10))
        .mul_f64(part)
}

/// When whoever waits for a job asks again: soon while it is young, and later where an answer takes long.
#[derive(Debug)]
pub struct Pace {
    begun: Instant,
    asked: Instant,
}

impl Pace {
    /// The first question is asked now.
    pub fn begin() -> Self {
        Self { begun: Instant::now(), asked: Instant::now() }
    }

    /// Waits until it is time for the next question.
    pub async fn pause(&mut self) {
        let part = rand::rng().random_range(0.8..1.0);
        sleep(interval(self.begun.elapsed(), self.asked.elapsed()).mul_f64(part)).await;
        self.asked = Instant::now();
    }
}

/// Between an answer and the next question, after so long, where the answer took this long.
fn interval(age: Duration, took: Duration) -> Duration {
    let by_age = (age / 20).clamp(Duration::from_millis(300), Duration::from_millis(1500));
    by_age.max((took * 2).min(Duration::from_secs(4)))
}

/// A script, and what is made of its answer. After a connection was lost it is asked again.
pub trait Question {
    /// What is learned.
    type Reply;

    /// The script for what is not known yet.
    fn script(&self) -> Script;

    /// What goes with it.
    fn payload(&self) -> Option<Arc<Payload>> {
        None
    }

    /// Reads an answer to its end.
    ///
    /// # Errors
    /// When it ends before.
    fn read(&mut self, channel: &mut Channel) -> impl Future<Output = Result<Self::Reply, Trouble>>;
}

/// Questions to one place, over as many connections as it takes.
pub struct Conversation<'a, D> {
    destination: &'a D,
    start: Start,
    progress: &'a Progress,
    retries: Retries,
    /// Found for the first question, and again where it leads nowhere.
    route: Option<Route>,
    /// Whether the shared connection may be one that leads nowhere any more.
    alone: bool,
}

impl<'a, D: Destination> Conversation<'a, D> {
    /// Nothing is asked yet.
    pub fn new(destination: &'a D, start: Start, progress: &'a Progress) -> Self {
        Self { destination, start, progress, retries: Retries::default(), route: None, alone: false }
    }

    /// What people call who answered last.
    pub fn name(&self) -> &str {
        self.route.as_ref().map_or("", |route| &route.name)
    }

    /// Asks until one answer is complete. `None` where an endpoint's server does not run and nothing is started.
    ///
    /// # Errors
    /// When the other side cannot be reached, or refuses.
    pub async fn ask<Q: Question>(&mut self, question: &mut Q) -> Result<Option<Q::Reply>> {
        loop {
            let trouble = match self.try_to_ask(question).await {
                Ok(reply) => return Ok(reply),
                Err(trouble) => trouble,
            };
            self.route = None;
            self.alone = self.retries.was_there && matches!(trouble, Trouble::Cut(_));
            self.retries.pause(trouble, self.progress).await?;
        }
    }

    async fn try_to_ask<Q: Question>(&mut self, question: &mut Q) -> Result<Option<Q::Reply>, Trouble> {
        let route = match self.route.take() {
            Some(route) => route,
            None => match self.destination.route(self.start).await {
                Ok(Some(route)) => route,
                Ok(None) => return Ok(None),
                // It was found before: a workspace that is away for a while is a lost connection, too.
                Err(error) if self.retries.was_there => return Err(Trouble::Cut(error)),
                Err(error) => return Err(Trouble::Refused(error)),
            },
        };
        let route = self.route.insert(route);
        let mut channel = Channel::open(route, self.alone, &question.script(), question.payload()).await?;
        if self.retries.lost_at.is_some() {
            self.progress.done();
        }
        self.retries.contact();
        self.alone = false;
        question.read(&mut channel).await.map(Some)
    }
}

/// Asks one question; with the answer comes the name of who answered.
///
/// # Errors
/// As [`Conversation::ask`].
pub async fn ask<Q: Question>(
    destination: &impl Destination,
    start: Start,
    progress: &Progress,
    question: &mut Q,
) -> Result<Option<(Q::Reply, String)>> {
    let mut conversation = Conversation::new(destination, start, progress);
    let reply = conversation.ask(question).await?;
    progress.done();
    Ok(reply.map(|reply| (reply, conversation.name().to_owned())))
}

/// What is known of jobs, once.
pub struct Look(pub Script);

impl Question for Look {
    type Reply = Report;

    fn script(&self) -> Script {
        self.0.clone()
    }

    async fn read(&mut self, channel: &mut Channel) -> Result<Report, Trouble> {
        read_report(channel).await
    }
}

/// Sends a script that reports once.
///
/// # Errors
/// As [`ask`].
pub async fn report(destination: &impl Destination, script: Script, progress: &Progress) -> Result<Option<Report>> {
    Ok(ask(destination, Start::No, progress, &mut Look(script)).await?.map(|(report, _)| report))
}

/// Reads one report of an answer.
///
/// # Errors
/// When the answer ends before.
pub async fn read_report(channel: &mut Channel) -> Result<Report, Trouble> {
    let mut reader = Reader::default();
    while let Some(line) = channel.line().await? {
        if let Some(report) = reader.line(&line) {
            return Ok(report);
        }
    }
    Err(channel.cut())
}

/// What helps who asks for a job that is not there.
pub const WHERE_JOBS_ARE: &str = "tunnel job list shows the jobs of a host. Finished ones stay until tunnel job clean.";

/// An error for ids that are not there.
pub fn missing(report: &Report) -> Option<Error> {
    let ids: Vec<&str> = report.missing.iter().map(super::id::JobId::as_str).collect();
    (!ids.is_empty()).then(|| Error::new(format!("there is no job {} there", ids.join(", "))).way_out(WHERE_JOBS_ARE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_ten_seconds() {
        let delays: Vec<u128> = (1..=8).map(|tries| delay(tries, 1.0).as_millis()).collect();
        assert_eq!(delays, [400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000]);
    }

    fn unreached() -> Trouble {
        Trouble::Unreached(Error::new("no"))
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_never_there_is_given_up_soon_and_what_was_is_not() {
        let progress = Progress::default();
        let mut retries = Retries::default();
        assert!(retries.pause(unreached(), &progress).await.is_ok());
        assert!(retries.pause(unreached(), &progress).await.is_ok());
        assert!(retries.pause(unreached(), &progress).await.is_err());
        assert!(Retries::default().pause(Trouble::Cut(Error::new("silent")), &progress).await.is_err());
        retries.contact();
        for _ in 0..20 {
            assert!(retries.pause(unreached(), &progress).await.is_ok());
        }
        assert!(retries.pause(Trouble::Refused(Error::new("no")), &progress).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_busy_is_asked_for_a_minute_and_is_then_given_up() {
        let (progress, started) = (Progress::default(), Instant::now());
        let mut retries = Retries::default();
        let mut tries = 0;
        while retries.pause(Trouble::Busy(Error::new("full")), &progress).await.is_ok() {
            tries += 1;
            assert!(tries < 200);
        }
        assert!(started.elapsed() >= Duration::from_secs(60) && started.elapsed() < Duration::from_secs(90));
        assert!(tries > 10, "{tries}");
        // One that turns out to be away is given up as any other.
        let mut retries = Retries::default();
        assert!(retries.pause(Trouble::Busy(Error::new("full")), &progress).await.is_ok());
        assert!(retries.pause(unreached(), &progress).await.is_ok());
        assert!(retries.pause(unreached(), &progress).await.is_ok());
        assert!(retries.pause(unreached(), &progress).await.is_err());
    }

    #[test]
    fn whoever_waits_hears_of_an_end_within_two_seconds_unless_answers_are_slow() {
        let check = |age: u64, took: u64, expected: u64| {
            let found = interval(Duration::from_millis(age), Duration::from_millis(took));
            assert_eq!(found, Duration::from_millis(expected), "{age} {took}");
        };
        check(0, 30, 300);
        check(10_000, 30, 500);
        check(36_000_000, 30, 1500);
        check(36_000_000, 2000, 4000);
        check(0, 60_000, 4000);
    }
}
